"""Numbers and sentences say neither more nor less than the counts."""

import pytest

from corpusscan.report import words
from corpusscan.report.summary import summarize


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 10, "0 %"),
        (1, 10**9, "< 0.0001 %"),
        (1, 3, "33 %"),
        (999_999, 10**6, "99.99 %"),
        (5, 5, "100 %"),
        (1, 0, "–"),
    ],
)
def test_shares(part, whole, text) -> None:
    """Something is never shown as nothing, and nearly all never as all."""
    assert words.share(part, whole) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (999_999, "1 MB"),
        (4_200_000_000_000, "4.2 TB"),
        (10**18, "1e+03 PB"),
    ],
)
def test_amounts(size, text) -> None:
    """Decimal units with three digits."""
    assert words.amount(size) == text


@pytest.mark.parametrize(
    ("severity", "lost", "sentence"),
    [
        ("high", 0, "60 documents look planted."),
        ("medium", 0, "60 documents look planted, none at or above high."),
        ("high", 2, "60 documents look planted, and not everything was read."),
        ("low", 0, "Nothing planted was found."),
        ("low", 2, "No verdict: not everything was read."),
    ],
)
def test_headlines(tables, extra, write, make_shard, severity, lost, sentence) -> None:
    """The verdict never calls an incomplete scan clean, nor hides flagged documents below the threshold."""
    import polars as pl

    folder = tables()
    for table in ("findings", "documents"):
        rows = pl.read_parquet(folder / f"{table}.parquet").to_dicts()
        write(folder, table, [row | {"severity": severity} for row in rows])
    write(folder, "coverage", [make_shard("a", errored=lost, reasons={"errored": {"bad": lost}} if lost else {})])
    assert words.headline(summarize(folder, extra)) == sentence


def test_one_document_looks(tables, extra) -> None:
    """Singular where there is one."""
    assert words.headline(summarize(tables(documents=1, groups=1), extra)) == "1 document looks planted."


def test_what_was_left_aside_is_said_where_nothing_was_found(tables, extra, left_aside) -> None:
    """A corpus of which something was left aside is not called clean without a word; detectors tell theirs together."""
    folder = tables(documents=0, groups=0)
    told = summarize(folder, extra | {"limits": [left_aside, left_aside | {"left": 1, "unit": "groups"}]})
    assert words.headline(told) == "Nothing planted was found, within limits."
    assert words.aside(told) == "near_duplicate 7,001 documents, 1 groups"
    assert words.aside(summarize(folder, extra)) == ""
