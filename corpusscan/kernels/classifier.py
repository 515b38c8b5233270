"""A linear classifier of short texts: hashed n-grams, and the sorts of cue words that meet in a text.

Logistic regression over hashed features (Weinberger et al. 2009), as fastText has them (Joulin et al. 2017): words,
pairs and triples of words, runs of three to five letters, signs.  Beside them stand cue words of many languages, by
beginnings of words, each of some sort: what counts is how sorts meet (`structure`), so what was learned of one
language holds for another.  Everything is folded first.  The hash is public and part of the weights'
meaning: a model judges single texts, nothing is grouped by it.  Weights are a safetensors file, checked before
anything is believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpusscan.errors import InputError
from corpusscan.kernels import grams, structure
from corpusscan.kernels.columns import buffers
from corpusscan.kernels.cues import Table, table
from corpusscan.kernels.folding import Bytes
from corpusscan.kernels.sentences import sentences

Floats = npt.NDArray[np.float32]
MOST_BYTES = 8 << 20  # of a file of weights
_FORMAT = "corpusscan-classifier-1"
_BITS = (10, 20)  # logarithm of the number of buckets: least and most


class Windows(NamedTuple):
    """Sentences of texts, with what the classifier says of each."""

    text: npt.NDArray[np.int64]
    begin: npt.NDArray[np.int64]  # bytes of the text, half-open
    end: npt.NDArray[np.int64]
    logit: Floats


@dataclass(frozen=True, eq=False)
class Model:
    """Weights, and the numbers that make scores of them.

    `levels` are logits: what a detector reports from the first on, and flags from the second on.
    `calibration` is slope and intercept: a score is the logistic function of slope * logit + intercept (Platt 1999).
    """

    weights: npt.NDArray[np.float16]  # of 2**bits buckets
    bias: float
    cues: npt.NDArray[np.uint64]  # hashes of cue words (`cues.cue`)
    sorts: npt.NDArray[np.uint16]  # the sort of each, a number below `structure.SORTS`
    calibration: tuple[float, float] = (1.0, 0.0)
    levels: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def load(cls, path: Path | str) -> Model:
        """The model in a file.  Raises `InputError`, naming the file, for anything that is not one."""
        from safetensors import SafetensorError, safe_open  # noqa: PLC0415  # few commands need it

        try:
            size = Path(path).stat().st_size
            if size > MOST_BYTES:
                raise _bad(path, f"it has {size:,} bytes, at most {MOST_BYTES:,} are a model")
            with safe_open(path, framework="numpy") as file:
                if (told := (file.metadata() or {}).get("format")) != _FORMAT:
                    raise _bad(path, f"its format is {told!r}, not {_FORMAT!r}")
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            raise _bad(path, str(error)) from None
        return cls._of(path, tensors)

    @classmethod
    def _of(cls, path: Path | str, tensors: dict[str, npt.NDArray[Any]]) -> Model:
        if missing := sorted(_SHAPES.keys() ^ tensors.keys()):
            raise _bad(path, f"it lacks or should not have {', '.join(missing)}")
        for name, (kind, sizes) in _SHAPES.items():
            one = tensors[name]
            if one.dtype != kind or one.ndim != 1 or not sizes[0] <= len(one) <= sizes[1]:
                raise _bad(path, f"{name} is {one.dtype} of shape {one.shape}")
            if one.dtype.kind == "f" and not np.isfinite(one).all():
                raise _bad(path, f"{name} holds what is no number")
        weights, words, sorts = tensors["weights"], tensors["cues"], tensors["sorts"]
        if len(weights) & (len(weights) - 1):
            raise _bad(path, f"weights are {len(weights)}, no power of two")
        if len(words) != len(sorts):
            raise _bad(path, f"{len(words)} cues have {len(sorts)} sorts")
        if len(sorts) and sorts.max() >= structure.SORTS:
            raise _bad(path, f"a cue is of sort {sorts.max()}, of {structure.SORTS}")
        slope, intercept, low, flagged = (float(one) for name in ("calibration", "levels") for one in tensors[name])
        bias = float(tensors["bias"][0])
        return cls(weights, bias, words, sorts, (slope, intercept), (low, flagged))

    def save(self, path: Path | str) -> None:
        """Write the weights; the same model is the same bytes."""
        from safetensors.numpy import save_file  # noqa: PLC0415

        save_file(
            {
                "weights": self.weights, "bias": np.array([self.bias], np.float32), "cues": self.cues,
                "sorts": self.sorts, "calibration": np.array(self.calibration, np.float32),
                "levels": np.array(self.levels, np.float32),
            },
            path, metadata={"format": _FORMAT},
        )  # fmt: skip

    def scores(self, texts: Sequence[str]) -> Floats:
        """Of each text, judged as a whole, the probability in [0, 1]."""
        data, offsets = buffers(pa.array(texts, pa.large_string()))
        return self.probability(self._logits(data, offsets[:-1], offsets[1:]))

    def probability(self, logits: Floats) -> Floats:
        """Scores of logits."""
        slope, intercept = self.calibration
        found: Floats = (1 / (1 + np.exp(-np.clip(slope * logits + intercept, -60, 60)))).astype(np.float32)
        return found

    def windows(self, texts: pa.LargeStringArray) -> Windows:
        """Every sentence of some texts."""
        data, offsets = buffers(texts)
        text, begin, end = sentences(data, offsets)
        return Windows(text, begin - offsets[text], end - offsets[text], self._logits(data, begin, end))

    def telling(self, text: str, most: int = 5) -> list[str]:
        """The words of a short text that speak most for it, as they stand there."""
        data = np.frombuffer(text.encode(), np.uint8)
        begin, end, value = grams.words(data, self._wide, self._table)
        best = [i for i in np.argsort(-value, kind="stable")[:most].tolist() if value[i] > 0]
        return [data[begin[i] : end[i]].tobytes().decode("utf-8", "replace") for i in best]

    def _logits(self, data: Bytes, begin: grams.Places, end: grams.Places) -> Floats:
        totals, cued = grams.sums(data, begin, end, self._wide, self._table)
        logits: Floats = (self.bias + totals).astype(np.float32)
        if len(self.cues):  # what has none of them was not learned from
            logits = np.where(cued, np.maximum(logits, structure.NONE + 1), structure.NONE).astype(np.float32)
        return logits

    @cached_property
    def _wide(self) -> Floats:
        return self.weights.astype(np.float32)

    @cached_property
    def _table(self) -> Table:
        return table(self.cues, self.sorts)


def features(texts: Iterable[str], bits: int, known: Table) -> tuple[npt.NDArray[np.int32], Floats, grams.Places]:
    """What is known of each text, judged as a whole: buckets, values and where those of each text begin (as CSR)."""
    data, offsets = buffers(pa.array(list(texts), pa.large_string()))
    return grams.rows(data, offsets[:-1], offsets[1:], bits, known)


def _bad(path: Path | str, why: str) -> InputError:
    return InputError(f"{path}: no weights of a classifier: {why}; make them with `corpusscan train`")


_SHAPES = {
    "weights": (np.dtype(np.float16), (1 << _BITS[0], 1 << _BITS[1])),
    "bias": (np.dtype(np.float32), (1, 1)),
    "cues": (np.dtype(np.uint64), (0, 1 << 16)),
    "sorts": (np.dtype(np.uint16), (0, 1 << 16)),
    "calibration": (np.dtype(np.float32), (2, 2)),
    "levels": (np.dtype(np.float32), (2, 2)),
}
