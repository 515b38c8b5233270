"""What a notebook shows is small and inert."""

import re

from corpusscan.report.notebook import repr_html
from corpusscan.report.summary import summarize


def test_small_and_inert(tables, extra, hostile) -> None:
    """Below 20 KB, only elements of our own, no attribute at all, whatever the tables hold."""
    long = [text * 30 for text in hostile("http://c.example")] + ["\U000e0041&" * 3000]
    html = repr_html(summarize(tables(hostile=long, groups=60, documents=300), extra))
    assert len(html.encode()) < 20_000
    tags = set(re.findall(r"<(/?[^>]*)>", html))
    assert {tag.strip("/") for tag in tags} <= {"div", "p", "strong", "br", "table", "thead", "tbody", "tr", "th", "td"}
    assert "http://" not in html


def test_the_verdict_and_the_gravest_group(tables, extra) -> None:
    """The sentence of the page and its first group are there; a clean scan has no table."""
    html = repr_html(summarize(tables(), extra))
    assert "look planted" in html
    assert "critical" in html
    assert "<table" not in repr_html(summarize(tables(documents=0, groups=0), extra))


def test_what_was_left_aside(tables, extra, left_aside) -> None:
    """The sentence is there where something was, and escaped."""
    html = repr_html(summarize(tables(), extra | {"limits": [left_aside | {"unit": "<b>"}]}))
    assert "Left aside: near_duplicate 7,001 &lt;b&gt;." in html
