"""Which words, and signs among them, begin a sentence, or stand alone between signs: by the bytes before them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.detector import Batch
from corpusscan.kernels import columns, signs
from corpusscan.kernels.borders import ending


def starts(batch: Batch) -> npt.NDArray[np.bool_]:
    """For each word of a batch, as `signs.odd` has them, whether it is the first of its text, or a sentence ends before
    it."""
    found = batch.feature(signs.odd)
    data, bounds = columns.contents(batch.texts["text"])
    marks = np.zeros(len(found.hashes), np.bool_)
    _marked(data, bounds, found.begins, found.bounds, marks)
    return marks


@njit(cache=True, nogil=True)
def _marked(data, bounds, begins, texts, marks):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for text in range(len(texts) - 1):
        for i in range(texts[text], texts[text + 1]):
            if i == texts[text]:
                marks[i] = True
            else:
                at, before = bounds[text] + begins[i], bounds[text] + begins[i - 1] + 1
                marks[i] = ending(data, before, at) > 0
