"""A linear classifier of short texts: hashed n-grams, and the sorts of cue words that meet in a text.

Logistic regression over hashed features (Weinberger et al. 2009), as fastText has them (Joulin et al. 2017): words,
pairs and triples of words, runs of three to five letters, signs.  Beside them a text has a mask of up to 16 sorts of
cue words (of many languages, by beginnings of words); every sort, pair and triple of sorts is a feature, so what was
learned of one language holds for another.  Everything is folded first.  The hash is public and part of the weights'
meaning: a model judges single texts, nothing is grouped by it.  Weights are a safetensors file, checked before
anything is believed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpusscan.errors import InputError
from corpusscan.kernels import grams
from corpusscan.kernels.cues import Masks, Table, table
from corpusscan.kernels.folding import Bytes
from corpusscan.kernels.grams import SORTS
from corpusscan.kernels.matching import buffers
from corpusscan.kernels.sentences import sentences

Floats = npt.NDArray[np.float32]
MOST_BYTES = 8 << 20  # of a file of weights
_FORMAT = "corpusscan-classifier-1"
_BITS = (10, 20)  # logarithm of the number of buckets: least and most


class Windows(NamedTuple):
    """Parts of texts, with what the classifier says of each."""

    text: npt.NDArray[np.int64]
    begin: npt.NDArray[np.int64]  # bytes of the text, half-open
    end: npt.NDArray[np.int64]
    logit: Floats
    first: npt.NDArray[np.int64]  # the sentences it consists of, numbered over all texts
    last: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Model:
    """Weights, and the numbers that make scores of them.

    `levels` are logits: what a detector reports from the first on, and flags from the second on.
    `calibration` is slope and intercept: a score is the logistic function of slope * logit + intercept (Platt 1999).
    """

    weights: npt.NDArray[np.float16]  # of 2**bits buckets
    bias: float
    cues: npt.NDArray[np.uint64]  # hashes of cue words (`cues.cue`)
    sorts: npt.NDArray[np.uint16]  # the sorts of each, as bits
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
        return self.probability(self._logits(*self._sums(data, offsets[:-1], offsets[1:])))

    def probability(self, logits: Floats) -> Floats:
        """Scores of logits."""
        slope, intercept = self.calibration
        found: Floats = (1 / (1 + np.exp(-np.clip(slope * logits + intercept, -60, 60)))).astype(np.float32)
        return found

    def windows(self, texts: pa.LargeStringArray) -> Windows:
        """Every sentence of some texts, and every pair of neighbouring ones."""
        data, offsets = buffers(texts)
        text, begin, end = sentences(data, offsets)
        sums, counts, masks = self._sums(data, begin, end)
        pair = np.flatnonzero(text[1:] == text[:-1]) if len(text) else np.zeros(0, np.int64)
        logit = np.concatenate([
            self._logits(sums, counts, masks),
            self._logits(sums[pair] + sums[pair + 1], counts[pair] + counts[pair + 1], masks[pair] | masks[pair + 1]),
        ])  # fmt: skip
        text, begin, end = (
            np.concatenate([text, text[pair]]), np.concatenate([begin, begin[pair]]),
            np.concatenate([end, end[pair + 1]]),
        )  # fmt: skip
        numbers = np.arange(len(sums))
        first, last = np.concatenate([numbers, pair]), np.concatenate([numbers, pair + 1])
        return Windows(text, begin - offsets[text], end - offsets[text], logit, first, last)

    def telling(self, text: str, most: int = 5) -> list[str]:
        """The words of a short text that speak most for it, as they stand there."""
        data = np.frombuffer(text.encode(), np.uint8)
        begin, end, value = grams.words(data, self._wide, self._table)
        best = [i for i in np.argsort(-value, kind="stable")[:most].tolist() if value[i] > 0]
        return [data[begin[i] : end[i]].tobytes().decode("utf-8", "replace") for i in best]

    def _sums(self, data: Bytes, begin: grams.Places, end: grams.Places) -> tuple[Floats, Floats, Masks]:
        return grams.sums(data, begin, end, self._wide, self._table)

    def _logits(self, sums: Floats, counts: Floats, masks: Masks) -> Floats:
        return (self.bias + sums / np.sqrt(np.maximum(counts, 1)) + self._of_mask[masks]).astype(np.float32)

    @cached_property
    def _wide(self) -> Floats:
        return self.weights.astype(np.float32)

    @cached_property
    def _table(self) -> Table:
        return table(self.cues, self.sorts)

    @cached_property
    def _of_mask(self) -> Floats:
        return grams.of_masks(self._wide)


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
assert SORTS <= 16 and math.comb(SORTS, 3) < grams.ROOM  # noqa: PT018
