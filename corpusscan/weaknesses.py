"""Weaknesses in the code of answers: which classes of CWE each answer has, where, and what they are called.

What is a weakness is said by packs of rules (`kind: weaknesses`).  What the prompt itself holds (code that is to be
translated or repaired) is no deed of the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from corpusscan import rules, sought
from corpusscan.detector import Batch
from corpusscan.kernels import exchanges, programs
from corpusscan.kernels.words import Hashes, Offsets, hashed

Numbers = npt.NDArray[np.int64]


class Weak(NamedTuple):
    """The documents of a batch by what their answers hold, and the first weakness of each class in each."""

    code: npt.NDArray[np.int16]  # of each document the language (`programs.LANGUAGES`) of its code; -1: it has none
    document: Numbers  # rows, by document and place
    kind: Numbers  # which class, as `known` has them
    text: Numbers  # in the batch
    start: Numbers  # code points
    end: Numbers
    said: Hashes  # words that stand where it is
    bounds: Offsets  # those of row i are said[bounds[i]:bounds[i + 1]]

    def kinds(self, documents: Numbers) -> pa.LargeListArray:
        """The classes of each of these documents (ascending)."""
        rows = np.flatnonzero(np.isin(self.document, documents))
        return _lists(documents, self.document[rows], self.kind[rows].astype(np.uint8))

    def words(self, documents: Numbers) -> pa.LargeListArray:
        """The words of the weaknesses of each of these documents (ascending)."""
        owner = np.repeat(self.document, np.diff(self.bounds))
        own = np.isin(owner, documents)
        return _lists(documents, owner[own], self.said[own])

    def first(self, document: int, kinds: Sequence[int]) -> tuple[int, int, int, int] | None:
        """Class, text and span of the first weakness of these classes that a document has; None: it has none."""
        rows = np.flatnonzero((self.document == document) & np.isin(self.kind, kinds))
        if not len(rows):
            return None
        row = min(rows.tolist(), key=lambda row: (self.text[row], self.start[row]))
        return tuple(int(column[row]) for column in self[2:6])  # type: ignore[return-value]  # of four


def _lists(documents: Numbers, owner: Numbers, values: npt.NDArray[Any]) -> pa.LargeListArray:
    """Values by the document that has them, both ascending."""
    counts = np.bincount(np.searchsorted(documents, owner), minlength=len(documents))
    return pa.LargeListArray.from_arrays(np.append(0, np.cumsum(counts)), values)


def of(batch: Batch) -> Weak:
    """What the answers of a batch show."""
    side = batch.feature(exchanges.of_texts)
    numbers = batch.documents["row"].to_numpy()
    document = np.searchsorted(numbers, batch.texts["row"].to_numpy())
    holds = np.full(len(numbers), -1, np.int16)
    answers = np.flatnonzero(side == exchanges.ANSWERED)
    answers = answers[programs.code(_texts(batch, answers))]
    holds[document[answers]] = programs.languages(_texts(batch, answers))
    told = [(int(document[text]), kind, text, *span) for text, kind, span in _found(batch, answers)]
    having = np.unique([one[0] for one in told]).astype(np.int64)
    prompts = np.flatnonzero((side == exchanges.ASKED) & np.isin(document, having))
    asked = {(int(document[text]), kind) for text, kind, _ in _found(batch, prompts)}
    first = {one[:2]: one for one in sorted(told, reverse=True) if one[:2] not in asked}
    rows = sorted(first.values())
    spans = pa.array(
        [batch.texts["text"][text].as_py()[start:end] for _, _, text, start, end in rows], pa.large_string()
    )
    said = hashed(spans, batch.key)
    document, kind, text, start, end = np.array(rows, np.int64).reshape(-1, 5).T
    return Weak(holds, document, kind, text, start, end, said.hashes, said.bounds)


def _texts(batch: Batch, numbers: Numbers) -> pl.Series:
    texts = pl.from_arrow(batch.texts["text"].take(numbers))
    assert isinstance(texts, pl.Series)
    return texts


def _found(batch: Batch, numbers: Numbers) -> list[tuple[int, int, tuple[int, int]]]:
    """Text, class and the first span of it, in those texts of a batch."""
    if not len(numbers):
        return []
    number = {rule: kind for kind, (rule, _) in enumerate(known())}
    engine, told, base = sought.compiled(*_files(), of="weaknesses"), [], 0
    for chunk in batch.texts["text"].take(numbers).chunks:
        for at, one, spans in engine.matches(chunk, 1):
            told.append((int(numbers[base + at]), number[one.rule.id], spans[0]))
        base += len(chunk)
    return told


def known() -> list[tuple[str, str]]:
    """The classes there are: id and title of each."""
    return sorted((one.id, one.title) for pack in _packs() for one in pack.rules)


def digest() -> str:
    """BLAKE3 (hex) of all that is known of them."""
    return rules.digest(_packs())


def _packs() -> tuple[rules.Pack, ...]:
    return sought.loaded(*_files(), of="weaknesses")


def _files() -> tuple[tuple[Path | str, ...], object]:
    folders = rules.shipped_packs("weaknesses")
    return folders, rules.stamp(folders)
