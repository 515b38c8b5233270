"""Scores: what is found, as a group, under its name, with the right tokens; against numbers worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpora import Run

from corpusscan import schema
from corpusscan.errors import InputError
from corpusscan.redteam.evaluate import evaluate, rate
from corpusscan.redteam.plant import SCHEMA


def write(path: Path, rows: list[dict[str, Any]], layout: pa.Schema) -> None:
    """A table whose other columns are null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, layout), path)


def report(
    out: Path, documents: dict[int, str], findings: list[tuple[int, str, int, int]], groups: dict[str, Any]
) -> None:
    """A report on 1,000 rows of one file: severities by row, marked spans, and groups as (severity, title, rows)."""
    where = {"file": "a.jsonl"}
    write(
        out / "documents.parquet",
        [{**where, "row": row, "severity": s} for row, s in documents.items()],
        schema.FLAGGED_DOCUMENTS,
    )
    spans = [
        {
            **where,
            "row": row,
            "field": "text",
            "group": group,
            "start": start,
            "end": end,
            "severity": "high",
            "accepted": False,
        }
        for row, group, start, end in findings
    ]
    write(out / "findings.parquet", spans, schema.FINDINGS)
    rows = [
        {"group": name, "severity": severity, "title": title, "score": 0.5, "documents": len(members)}
        for name, (severity, title, members) in groups.items()
    ]
    write(out / "groups.parquet", rows, schema.GROUPS)
    members = [{**where, "group": name, "row": row} for name, (_, _, some) in groups.items() for row in some]
    write(out / "members.parquet", members, schema.MEMBERS)
    write(out / "coverage.parquet", [{**where, "rows": 1_000, "scanned": 1_000}], schema.COVERAGE)


def truth(path: Path, rows: list[tuple[str, int | None, int | None, int | None]], trigger: str | None = None) -> Path:
    """A truth file of (campaign, row, start, end), with its campaigns."""
    table = [
        {"file": "a.jsonl", "row": row, "doc_id": f"d{number}", "attack": "denial_of_service", "campaign": campaign,
         "field": "text", "start": start, "end": end}
        for number, (campaign, row, start, end) in enumerate(rows)
    ]  # fmt: skip
    write(path / "truth.parquet", table, SCHEMA)
    if trigger:
        (path / "campaigns.json").write_bytes(orjson.dumps({rows[0][0]: {"trigger": trigger}}))
    return path / "truth.parquet"


def test_found_is_flagged_and_clean_is_everything_else(tmp_path: Path) -> None:
    """Medium and above counts; low does not; flagged documents that nobody planted are the false ones."""
    report(tmp_path / "out", {1: "high", 2: "medium", 3: "low", 50: "high", 51: "low"}, [(50, "rules:x", 0, 5)], {})
    result = evaluate(tmp_path / "out", truth(tmp_path, [("c", row, None, None) for row in (1, 2, 3, 4)]))
    (score,) = result.campaigns
    assert (score.planted, score.found.hits, score.found.trials, score.found_low) == (4, 2, 4, 3)
    assert (result.clean.hits, result.clean.trials) == (1, 996)
    assert result.clean_by_rule == {"rules:x": 1}


def test_a_group_is_half_the_campaign_and_half_campaign(tmp_path: Path) -> None:
    """Its rank is among all that a reviewer would look at, most severe first."""
    groups = {
        "big": ("critical", "Everything", list(range(200))),
        "half": ("high", "The river stone", [1, 2, 3, 500]),
        "few": ("medium", "few", [1, 4]),
        "unseen": ("info", "unseen", [1, 2, 3, 4, 5]),
    }
    report(tmp_path / "out", {}, [], groups)
    (score,) = evaluate(
        tmp_path / "out", truth(tmp_path, [("c", row, None, None) for row in range(1, 6)], "river")
    ).campaigns
    assert (score.grouped, score.rank, score.named, score.name_rank) == (1, 2, 1, 2)
    (score,) = evaluate(
        tmp_path / "out", truth(tmp_path, [("c", row, None, None) for row in range(1, 9)], "sea")
    ).campaigns
    assert (score.grouped, score.rank, score.named, score.name_rank) == (0, None, 0, None)


def test_campaigns_of_one_attack_are_added_up(tmp_path: Path) -> None:
    """Documents, groups and names over all its campaigns; each campaign is grouped by its own."""
    report(tmp_path / "out", {1: "high", 5: "high"}, [], {"g": ("high", "About the sea", [1, 2])})
    path = truth(tmp_path, [("c-1", 1, None, None), ("c-1", 2, None, None), ("c-2", 5, None, None)])
    facts = {"c-1": {"attack": "c", "trigger": "sea"}, "c-2": {"attack": "c", "trigger": "lake"}}
    (tmp_path / "campaigns.json").write_bytes(orjson.dumps(facts))
    result = evaluate(tmp_path / "out", path)
    assert [score.name for score in result.campaigns] == ["c-1", "c-2"]
    (score,) = result.attacks
    assert (score.name, score.campaigns, score.planted, score.found.hits) == ("c", 2, 3, 2)
    assert (score.grouped, score.named, score.triggers, score.rank) == (1, 1, 2, 1)


def test_spans_are_compared_in_code_points(tmp_path: Path) -> None:
    """Overlapping marks count once; marks in clean documents do not count; whole documents have precision alone."""
    marks = [(1, "g", 0, 10), (1, "g", 5, 20), (2, "g", 90, 110), (3, "g", 0, 7), (60, "g", 0, 999)]
    report(tmp_path / "out", {}, marks, {})
    spans = [("c", 1, 10, 30), ("c", 2, 100, 110), ("c", 2, 120, 130), ("c", 3, None, None)]
    (score,) = evaluate(tmp_path / "out", truth(tmp_path, spans)).campaigns  # type: ignore[arg-type]
    assert score.planted == 4
    assert score.span_precision == pytest.approx((10 + 10 + 7) / (20 + 20 + 7))
    assert score.span_recall == pytest.approx((10 + 10) / (20 + 10 + 10))


def test_removed_records_cannot_be_found(tmp_path: Path) -> None:
    """They are planted, and there is nothing to try."""
    report(tmp_path / "out", {1: "high"}, [], {})
    (score,) = evaluate(tmp_path / "out", truth(tmp_path, [("c", None, None, None), ("c", None, None, None)])).campaigns
    assert (score.planted, score.found.trials, score.found.rate) == (2, 0, None)


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(20, 20, 0.8316, 1.0), (0, 250_000, 0.0, 1.4755e-05), (5, 10, 0.1871, 0.8129), (0, 0, None, None)],
)
def test_intervals_are_those_of_clopper_and_pearson(hits: int, trials: int, low: float, high: float) -> None:
    """Against published values; nothing tried shows nothing."""
    found = rate(hits, trials)
    if not trials:
        assert (found.rate, found.low, found.high) == (None, None, None)
    else:
        assert found.low == pytest.approx(low, abs=1e-4)
        assert found.high == pytest.approx(high, rel=1e-3)


def test_a_truth_of_another_corpus_is_refused(tmp_path: Path, called: Run) -> None:
    """A file that was not read, a row beyond its end, no truth at all, no report: exit 2 and one line each."""
    report(tmp_path / "out", {}, [], {})
    truth(tmp_path, [("c", 1_000, None, None)])
    with pytest.raises(InputError, match="which has 1000"):
        evaluate(tmp_path / "out", tmp_path / "truth.parquet")
    other = pl.read_parquet(tmp_path / "truth.parquet").with_columns(file=pl.lit("b.jsonl"))
    other.write_parquet(tmp_path / "other.parquet")
    with pytest.raises(InputError, match="did not read"):
        evaluate(tmp_path / "out", tmp_path / "other.parquet")
    (tmp_path / "junk.parquet").write_bytes(b"junk")
    for out, path in (("out", "junk.parquet"), ("out", "nowhere.parquet"), ("nowhere", "truth.parquet")):
        done = called("redteam", "evaluate", tmp_path / out, "--truth", tmp_path / path)
        assert done.returncode == 2
        assert len(done.stderr.strip().splitlines()) == 1
