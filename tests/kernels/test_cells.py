"""Cells of a source and a label: odd ones, and sources that are never compared."""

from __future__ import annotations

import numpy as np
import pytest

from corpusscan.kernels import cells, outoffold
from corpusscan.kernels.outoffold import Numbers, Read
from corpusscan.kernels.words import Hashes, Offsets

SOURCES, ROWS, WORDS = 20, 2_400, 12


def corpus(
    seed: int = 1, odd: int = 0, *, topics: bool = False, both: bool = False
) -> tuple[Hashes, Offsets, Numbers, Numbers, Numbers]:
    """Words of rows, their bounds, sources and labels, and which are odd: of source 3 with label 1, or any of it."""
    draw = np.random.default_rng(seed)
    source, label = draw.integers(0, SOURCES, ROWS), draw.integers(0, 2, ROWS)
    word = draw.integers(1, 400, (ROWS, WORDS)) + 1_000 * label[:, None] * draw.integers(0, 2, (ROWS, WORDS))
    if topics:
        word[:, :4] = 10_000 + 100 * source[:, None] + draw.integers(0, 20, (ROWS, 4))
    mine = np.flatnonzero((source == 3) & ((label == 1) | both))[:odd]
    word[mine, :3] = 9_000 + draw.integers(0, 6, (len(mine), 3))
    hashes = (word.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)).ravel()
    return hashes, np.arange(0, ROWS * WORDS + 1, WORDS), source, label, mine


def read(hashes: Hashes, bounds: Offsets) -> tuple[Read, cells.Known, Numbers]:
    """What is seen of rows, by which features, and their folds."""
    known = outoffold.vocabulary(hashes, bounds, 3, 20_000)
    return outoffold.read(hashes, bounds, known), known, outoffold.folds(hashes, bounds)


def test_an_odd_cell_and_its_rows() -> None:
    """Of 20 sources by lot the one cell with 20 rows on a subject of their own is told, and its rows come first."""
    hashes, bounds, source, label, mine = corpus(odd=20)
    seen, known, fold = read(hashes, bounds)
    found = cells.odd(seen, source, label)
    assert [(one.source, one.label) for one in found.cells] == [(3, 1)]
    assert found.sources == SOURCES
    assert found.apart < cells.APART
    told = cells.telling(seen, known, source, label, fold, found.cells)
    inside = np.flatnonzero((source == 3) & (label == 1))
    above = inside[cells.scores(told.model, seen, fold)[inside, 0] > told.threshold[0]]
    assert len({*above.tolist()} & {*mine.tolist()}) >= 18
    assert len({*above.tolist()} - {*mine.tolist()}) <= 2


@pytest.mark.parametrize("seed", range(3))
def test_sources_by_lot_have_none(seed: int) -> None:
    """Rows dealt by lot: no cell is told."""
    hashes, bounds, source, label, _ = corpus(seed)
    assert cells.odd(read(hashes, bounds)[0], source, label).cells == []


def test_a_source_that_is_odd_with_both_labels_has_none() -> None:
    """What a source says with every label alike is its own way."""
    hashes, bounds, source, label, _ = corpus(odd=60, both=True)
    assert cells.odd(read(hashes, bounds)[0], source, label).cells == []


def test_sources_that_differ_anyway_are_not_compared() -> None:
    """Where sources have topics, that is told, and no cell."""
    hashes, bounds, source, label, _ = corpus(odd=20, topics=True)
    found = cells.odd(read(hashes, bounds)[0], source, label)
    assert found.cells == []
    assert found.apart > 10 * cells.APART


def test_few_sources_and_one_label_each() -> None:
    """Nine sources, or sources of one label each: nothing is compared."""
    hashes, bounds, source, label, _ = corpus(odd=20)
    seen = read(hashes, bounds)[0]
    assert cells.odd(seen, source % 9, label) == cells.Found([], 9, 1.0)
    assert cells.odd(seen, source, source % 2) == cells.Found([], 0, 1.0)


def test_cells_are_bounded() -> None:
    """Of very many cells those of the largest sources are compared, whole sources only."""
    count = np.full((300, 2), 25)
    count[7] = 100
    kept = cells._compared(count)
    assert len(kept) == cells.CELLS
    assert {14, 15} <= {*kept.tolist()}
    assert {*(kept // 2).tolist()} == {*(kept[kept % 2 == 0] // 2).tolist()}
