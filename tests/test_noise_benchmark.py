"""The benchmark of noise plants every kind, counts right, and cuts a corpus in two."""

from __future__ import annotations

import importlib
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from toy_language import page

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The benchmark, which finds those beside it."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("noise")


def corpus(count: int) -> pl.DataFrame:
    """Pages of a language that nobody speaks, from ten sources."""
    draw = random.Random(3)
    return pl.DataFrame({"text": [page(draw) for _ in range(count)], "source": [f"s{n % 10}" for n in range(count)]})


def test_halves_share_no_text(benchmark: Any) -> None:
    """Each document is in one of two halves, the same text always in the same."""
    frame = corpus(200)
    halves = [set(benchmark.half(frame, number)["text"]) for number in (0, 1)]
    assert not halves[0] & halves[1]
    assert sum(map(len, halves)) == 200
    assert min(map(len, halves)) > 60


def test_every_kind_is_planted(benchmark: Any) -> None:
    """All that noise-flood has, and what other attacks have besides."""
    names = {order.name for order in benchmark.orders(7)}
    assert names == {*benchmark.KINDS, "frequent", "babble"}
    assert {order.count for order in benchmark.orders(7)} == {7}


def test_campaigns_and_clean_documents_are_counted(benchmark: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """Found is what a group holds half of, if half of that was planted; flagged and not planted is false."""
    monkeypatch.setattr(benchmark, "KINDS", ("words", "digits"))
    monkeypatch.setattr(benchmark, "MORE", ())

    def scan(place: Path, *_: Any) -> Any:
        truth = pl.read_parquet(place.parent / "truth.parquet")
        mine = {name: set(rows["row"]) for (name,), rows in truth.group_by("campaign")}
        words = next(rows for name, rows in mine.items() if str(name).startswith("words"))
        digits = next(rows for name, rows in mine.items() if str(name).startswith("digits"))
        clean = set(range(650)) - words - digits
        members = {"a": {*sorted(words)[:6], *sorted(clean)[:2]}, "b": {*sorted(digits)[:3]}, "c": clean}
        groups = pl.DataFrame({"group": ["a", "b", "c"], "severity": ["medium", "medium", "low"]})
        return 1.0, groups, members, members["a"] | members["b"]

    monkeypatch.setattr(benchmark, "scan", scan)
    told, false = benchmark.scored(corpus(630), tmp_path, 10, 1)
    assert told == {"words": (True, 6), "digits": (False, 3)}
    assert len(false) == 2


def test_a_table_adds_plantings_up(benchmark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Rates with their intervals, a line each."""
    results = [({"words": (True, 5), "digits": (False, 0)}, {1, 2}), ({"words": (True, 4), "digits": (True, 5)}, set())]
    benchmark.show(results, 5, 1_000)
    out = capsys.readouterr().out
    assert "2/2    100.0% [15.8%, 100.0%]" in out
    assert "9/10    90.0%" in out
    assert "1/2     50.0%" in out
    assert "2 of 2,000" in out


def test_a_scan_is_run_and_read(benchmark: Any, tmp_path: Path) -> None:
    """A planted flood of words is found by the real detector, in the smallest corpus that it learns from."""
    benchmark.KINDS, kinds = ("words",), benchmark.KINDS
    try:
        benchmark.MORE, more = (), benchmark.MORE
        told, false = benchmark.scored(corpus(600), tmp_path, 20, 1)
    finally:
        benchmark.KINDS, benchmark.MORE = kinds, more
    assert told["words"][0]
    assert told["words"][1] >= 15
    assert false == set()
