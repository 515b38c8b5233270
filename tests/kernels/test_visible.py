"""What a reader sees of a page, and where it stands there."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels import visible

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def seen(page):
    """The view of a page given as a string."""
    return visible.seen(np.frombuffer(page.encode(), np.uint8))


def text(page):
    """What is seen of a page."""
    return seen(page).text.tobytes().decode()


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("<p>One <b>tw</b>o</p><p>three", "One two\nthree"),
        ("a<br>b<br/>c<hr>d", "a\nb\nc\nd"),
        ("  a \n\t b\u3000 c ", "a b\u3000 c"),
        ("<pre>a  b\n  c</pre>", "a b\nc"),
        ("<td>a</td><td>b</td><tr><td>c", "a b\nc"),
        ("a<script>b</script>c<STYLE>d</style >e<style>f</styles>g</style/>h", "aceh"),
        ("a<!-- b --><!-->c<!--->d<!-- e --!>f<!-- g", "acdf"),
        ("a<!doctype x>b<?php c ?>d</ e>f<!g>h</>i", "abdfhi"),
        ("a < b <3 <- &c && 1<", "a < b <3 <- &c && 1<"),
        ("&lt;b&gt; &amp;amp; &#65;&#x42;&#67 &notit; &hellip; &bogus; &nbsp;x", "<b> &amp; ABC ¬it; … &bogus; \xa0x"),
        ("&#0;&#xD800;&#x110000;&#99999999999999999999;&#150;&#; &#x;", "\ufffd\ufffd\ufffd\ufffd–&#; &#x;"),
        ("&nGt;&CounterClockwiseContourIntegral;&zwnj;", "≫⃒∳\u200c"),
        ("a&#32;&Tab;b", "a b"),
        ("Ig\0no<b>re</b>", "Ignore"),
        ("<a title='>' href=x>y</a z='>'>w", "yw"),
        ('<a href="x>y</a>z', ""),
        ("<title>T &amp; <b></title><textarea>x\n<i></textarea>", "T & <b>\nx\n<i>"),
        ("<xmp>a &amp; <b></xmp>c<plaintext>d</plaintext>e", "a &amp; <b>\nc\nd</plaintext>e"),
        ("a<template>b<p>c</template>d<noscript><p>e</noscript>f<iframe>g</iframe>h", "adfh"),
        ("a<div hidden>b<p>c<div>d</div></div>e", "ae"),
        ("<p hidden>a<p>b", "b"),
        ("<ul><li hidden>a<li>b</ul>", "b"),
        ("<dl><dt hidden>a<dd>b", "b"),
        ("<table><tr hidden><td>a<tr><td>b</table>", "b"),
        ("<div><span hidden>a</div>b", "b"),
        ("<span style='color:red; DISPLAY : None !important'>a</span>b", "b"),
        ("<span style=display:none>a</span>b", "b"),
        ("<span style='display:none;display:block'>a</span>b", "ab"),
        ("<span hidden style='display:block'>a</span>b", "ab"),
        ("<span style='visibility:hidden'>a<b style='visibility:visible'>c</b></span>b", "cb"),
        ("<span style='x' style='display:none'>a</span>b", "ab"),
        ("<span data-hidden style='display:nonesuch'>a</span>b", "ab"),
        ("<body style='display:none'>a", "a"),
        ("<div style='display:none'>all of it</div>", "all of it"),
        ("<img hidden>a<br hidden>b", "ab"),
        ("Ig<span hidden><div>x</div></span>nore", "Ignore"),
        ("<div>a<span hidden>b</div>c", "a\nc"),
        ("<svg><style><p>a</p></style></svg>b", "a\nb"),
        ("<svg><path hidden/></svg><p>b", "b"),
        ("", ""),
        ("<", "<"),
        ("<!", ""),
        ("&", "&"),
    ],
)
def test_what_is_seen(page, shown):
    """Text as a browser shows it; where nobody can be sure that something is hidden, it counts as seen."""
    assert text(page) == shown


def test_where_it_stands():
    """Every visible character is placed on that which it comes from, references and white space as a whole."""
    page = "<h1>Häd&amp;y</h1> \n<p>On<b>e</b>   tw&ouml;"
    view = seen(page)
    assert text(page) == "Häd&y\nOne twö"
    places = [page[slice(*view.placed(n, n + 1))] for n in range(view.points)]
    assert places == ["H", "ä", "d", "&amp;", "y", "</h1> \n<p>", "O", "n", "e", "   ", "t", "w", "&ouml;"]
    assert page[slice(*view.placed(6, 9))] == "On<b>e"
    assert view.placed(0, view.points, whole=True) == (0, len(page))
    assert view.placed(3, 3)[0] == view.placed(3, 3)[1]


_PARTS = [
    "<p>", "</p>", "<div hidden>", "</div>", "<b>", "</b>", "<!--", "-->", "<script>", "</script>", "&amp;", "&#x41;",
    "&", "<", ">", "'", '"', " ", "\n", "ä", "語", "😀", "word", "<li>", "<td>", "<svg>", "</svg>", "<a x='", "\0",
    "<title>", "</title>", "<pre>", "</pre>", "<br>", "<span style='display:none'>", "</span>",
]  # fmt: skip


@given(st.lists(st.sampled_from(_PARTS), max_size=60).map("".join))
def test_any_page(page):
    """Whatever a page is: valid text, places in order and within the page, plain letters on themselves."""
    view, shown = seen(page), text(page)
    assert len(shown) == view.points
    assert len(page) == view.raw
    last = 0
    for n, letter in enumerate(shown):
        start, end = view.placed(n, n + 1)
        assert last <= start < end <= len(page)
        last = end
        assert page[start:end] == letter or letter in " \n<>&A"
    for place in range(len(page) + 1):
        behind = view.behind(place)
        assert 0 <= behind <= view.points


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 200_000 + "x", "<b>" * 100_000 + "</i>" * 100_000, "<span>" * 100_000 + "<li></li>" * 50_000,
        "<a x='" * 100_000, "<!--" * 200_000, "<script>" * 100_000, "</script" * 100_000, "&" * 500_000, "&#" * 300_000,
        "&#1" + "1" * 500_000, "<" * 500_000, "</" * 300_000, "<a " + "x=" * 200_000, "<p style='" + ";:" * 200_000,
        "<p>" * 200_000 + "x", " " * 500_000, "a " * 250_000, "<svg>" * 50_000 + "<p>" * 50_000, "<title>" * 100_000,
        "<table><tr><td>" * 50_000, "&CounterClockwiseContourIntegra" * 20_000, "x&lt;" * 100_000,
    ],
)  # fmt: skip
def test_hostile_pages(page):
    """Deep nests, open quotes, and tags by the hundred thousand are read in one pass."""
    assert seen(page).raw == len(page)


def test_a_real_looking_page_cut_anywhere():
    """A page that ends anywhere gives the same text up to near there."""
    chance = random.Random(3)
    words = ["river", "stone", "lantern", "öl", "harbour"]
    page = "<!doctype html><html><body>" + "".join(
        f"<p class='a b'>{chance.choice(words)} &amp; <i>{chance.choice(words)}</i></p>\n" for _ in range(40)
    )
    whole = text(page)
    for stop in range(0, len(page), 7):
        part = text(page[:stop])
        assert whole.startswith(part[:-6])
