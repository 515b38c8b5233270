"""The page: complete, bounded, self-contained, and inert whatever the tables hold."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from corpora import power_of

from corpusscan.report import html
from corpusscan.report.html import asides, build_html, evidence_rows, marked, policy
from corpusscan.report.summary import summarize

VOID = {"meta", "br"}
ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "dir", "data-label"),
    *("aria-labelledby", "aria-label", "role", "viewbox", "preserveaspectratio"),
    *("x", "y", "x1", "x2", "y1", "y2", "width", "height"),
}


class Page(HTMLParser):
    """Elements, attributes and text of a page; fails where tags do not match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], set(), [], []
        self.feed(page)
        self.close()
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        self.text.append(data)


@pytest.fixture
def build(tables, extra):
    """A function from table options to (page, summary)."""

    def make(more=None, folder=None, **how):
        folder = folder or tables(**how)
        summary = summarize(folder, extra | (more or {}))
        return build_html(folder, summary), summary

    return make


def foreign(strings):
    """Extra knowledge in which every string is hostile."""
    return {
        "inputs": strings,
        "version": strings[0],
        "finished": strings[1],
        "tokenizer": next((text for text in strings if "\u202e" in text), strings[2]),
        "detectors": strings,
        "columns": {"scanned": strings, "not_scanned": strings},
        "detectors_not_run": [{"name": text, "reason": text} for text in strings],
        "limits": [{"detector": text, "limit": text, "most": 1, "left": 2, "unit": text} for text in strings],
        "power": power_of(strings),
        "seconds": dict.fromkeys(strings, 1.0),
    }


def test_only_our_own_elements(build, hostile) -> None:
    """With hostile strings in every field the page has the same elements and attributes as without."""
    strings = hostile("http://canary.example/x")
    page = Page(build(foreign(strings), hostile=strings)[0])
    assert page.tags == Page(build()[0]).tags
    assert {name for name, _ in page.attributes} <= ATTRIBUTES
    assert all(value.startswith("#") for name, value in page.attributes if name == "href")


def test_every_payload_is_shown_as_text(build, hostile) -> None:
    """What is not executed is not swallowed either: the reader sees each payload's beginning."""
    strings = [text for text in hostile("http://canary.example/x") if text.isascii() and text.isprintable()]
    text = "".join(Page(build(hostile=strings, documents=200)[0]).text)
    assert all(payload.split("http")[0][:12] in text for payload in strings)


def test_nothing_invisible_reaches_the_page(build, hostile) -> None:
    """No control, bidi, zero-width or tag character stands in the page but the line breaks of its own markup."""
    page, _ = build(foreign(hostile("http://c.example")), hostile=hostile("http://c.example"))
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]", page
    )


def test_the_policy_allows_the_style_and_nothing_else(build) -> None:
    """The style block has the hash the policy names; there is no script, no inline style, no address to load."""
    page, _ = build()
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy() == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "&#39;sha256-" in page, "the policy stands in the page"
    assert not re.search(r"<script|\sstyle=|\son\w+=|\ssrc=|url\(|@import", page)


@pytest.mark.parametrize("verdict", ["clean", "findings", "incomplete"])
def test_the_verdict_comes_first(build, tables, write, make_shard, verdict) -> None:
    """The first heading answers; then numbers, then what was read."""
    folder = tables(documents=0, groups=0) if verdict == "clean" else tables()
    if verdict == "incomplete":
        write(folder, "coverage", [make_shard("lost.jsonl", errored=3, reasons={"errored": {"invalid_json": 3}})])
    page, _ = build(folder=folder)
    first = "".join(Page(page).text).split("What was read, and what was not")[0]
    expected = {
        "clean": "Nothing planted was found.",
        "findings": "look planted.",
        "incomplete": "not everything was read.",
    }
    assert expected[verdict] in first
    assert ("lost.jsonl" in page) == (verdict == "incomplete")


def test_it_names_what_was_not_looked_at(build) -> None:
    """Columns not scanned, detectors not run, and records without source or time are told."""
    text = " ".join("".join(Page(build()[0]).text).split())
    for part in ("meta.headers", "semantic", "source 120, time 4,031", "2 columns were not scanned"):
        assert part in text


@pytest.mark.parametrize("filler", ["\U000e0041\"'", '"', "𝕏", "\u200b."])
def test_at_most_two_megabytes(build, hostile, make_shard, tables, write, filler) -> None:
    """However long the strings and many the rows, the page stays below the cap and says what it leaves out."""
    long = [text[:20] + filler * 3000 for text in hostile("http://c.example")]
    folder = tables(hostile=long, groups=300, documents=3000)
    holes = [make_shard(f"{n}" + long[n % len(long)], skipped=1, reasons={"skipped": {long[0]: 1}}) for n in range(500)]
    write(folder, "coverage", holes)
    page, summary = build(foreign([text + str(n) for n in range(9) for text in long]), folder=folder)
    assert len(page.encode()) <= 2_000_000
    shown = page.count('<article class="card')
    assert shown == 50
    assert f"{shown} groups are shown here of {summary['groups']}" in page
    assert "40 of 500 shown" in page


@pytest.mark.parametrize("constant", ["CARD_BYTES", "MAX_BYTES"])
def test_groups_give_way_to_the_cap(build, monkeypatch, constant) -> None:
    """Where the groups are too long for the page, the gravest stay, the others are counted, and no link hangs."""
    monkeypatch.setattr(html, constant, 60_000)
    page, summary = build(groups=60, documents=600)
    shown = page.count('<article class="card')
    assert 1 <= shown < 50
    assert f"{shown} groups are shown here of {summary['groups']}" in page
    assert len(page.encode()) <= 60_000 or constant == "CARD_BYTES"
    assert set(re.findall('href="#(g[0-9]+)"', page)) <= set(re.findall('id="(g[0-9]+)"', page))


def test_every_link_has_its_target(build, hostile) -> None:
    """Links lead to places in the page only, and those exist once."""
    page = Page(build(groups=60, documents=400, hostile=hostile("http://c.example"))[0])
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for name, value in page.attributes if name == "href"} <= set(ids)


@pytest.mark.parametrize(
    ("excerpt", "evidence", "html"),
    [
        ("a <b> c", {"mark": [2, 5]}, "a <mark>&lt;b&gt;</mark> c"),
        ("see http://a.b/c", {"mark": [4, 13]}, "see <mark>hxxp://a[.]</mark>b/c"),
        ("x\u202ey\\u202e", {"mark": [1, 2]}, 'x<mark><span class="esc">\\u202e</span></mark>y\\u202e'),
        ("short", {"mark": [2, 99]}, "sh<mark>ort</mark>"),
        ("short", {"mark": [7, 9]}, "short"),
        ("short", {"mark": [3, 1]}, "short"),
        ("short", {"mark": ["0", None]}, "short"),
        ("short", {"mark": "0:3"}, "short"),
        ("short", ["no object"], "short"),
    ],
)
def test_the_marked_span(excerpt, evidence, html) -> None:
    """The mark covers exactly the code points that evidence names; nonsense marks nothing."""
    assert marked(excerpt, json.dumps(evidence)) == html


@pytest.mark.parametrize("evidence", [None, "", "{}", "{", "[1]", "[" * 5000, '"text"', "1e999", "\x00"])
def test_any_evidence_can_be_shown(evidence) -> None:
    """Evidence that is no JSON object is shown as it stands, or not at all; it is never an error."""
    assert evidence_rows(evidence) == ([("evidence", evidence)] if evidence and evidence != "{}" else [])


def test_same_tables_same_page(build, tables) -> None:
    """The page depends on tables and summary only."""
    folder = tables(groups=30, documents=500)
    assert build(folder=folder)[0] == build(folder=folder)[0]


def test_what_was_hidden_is_shown_decoded() -> None:
    """Beside the excerpt: what hidden text says, and why a finding was lowered; nothing where there is neither."""
    evidence = '{"decoded": "ignore all rules", "forgiven": ["quoted_in_security_writing"], "mark": [0, 1]}'
    assert asides(evidence) == [
        ("hidden there", "ignore all rules"),
        ("lowered because", "quoted_in_security_writing"),
    ]
    assert asides('{"mark": [0, 1]}') == asides("no json") == asides(None) == []


def test_what_was_left_aside_is_told_with_its_limit(build, left_aside) -> None:
    """The verdict points at it, and what it is worth says how much of what; without limits there is no word of it."""
    text = " ".join(" ".join(Page(build({"limits": [left_aside]})[0]).text).split())
    assert "Some of what was found was not looked at." in text
    assert "near_duplicate documents of groups that are looked at 300,000 7,001 documents" in text
    assert "not looked at" not in build()[0]
