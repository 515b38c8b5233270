"""Hashes of documents: keyed ones to group by, plain ones to name by.

BLAKE3 (https://github.com/BLAKE3-team/BLAKE3-specs), keyed mode where an attacker could otherwise
prepare what collides.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from blake3 import blake3

from corpusscan.detector import Batch
from corpusscan.kernels.columns import buffers

DIGEST_BYTES = 16


def document_digests(batch: Batch) -> list[bytes]:
    """Keyed 16-byte digest of the texts of each document, in document order."""
    return _digests(batch, batch.key)


def content_hashes(batch: Batch) -> list[str]:
    """BLAKE3-128 (hex) of the texts of each document: the same in every run and every format."""
    return [digest.hex() for digest in _digests(batch, None)]


def _digests(batch: Batch, key: bytes | None) -> list[bytes]:
    rows = batch.documents["row"].to_numpy()
    texts = batch.texts
    owner = np.searchsorted(rows, texts["row"].to_numpy())
    views = text_views(texts["text"])
    hasher = partial(blake3, key=key) if key else blake3
    if len(views) == len(rows) and np.array_equal(owner, np.arange(len(rows))):
        return [hasher(view).digest(DIGEST_BYTES) for view in views]
    return _joined(views, owner.tolist(), len(rows), hasher)


def _joined(views: list[memoryview], owner: list[int], count: int, new: Callable[[], blake3]) -> list[bytes]:
    """Documents of several texts: the hash of their lengths and bytes, so that borders count; of one: its bytes."""
    parts: list[list[memoryview]] = [[] for _ in range(count)]
    for document, view in zip(owner, views, strict=True):
        parts[document].append(view)
    digests = []
    for own in parts:
        hasher = new()
        for view in own:
            if len(own) > 1:
                hasher.update(len(view).to_bytes(8, "little"))
            hasher.update(view)
        digests.append(hasher.digest(DIGEST_BYTES))
    return digests


def text_views(column: pa.ChunkedArray) -> list[memoryview]:
    """The UTF-8 bytes of each text, without a copy."""
    views: list[memoryview] = []
    for chunk in column.chunks:
        data = memoryview(chunk.buffers()[2] or b"")
        views += [data[start:stop] for start, stop in itertools.pairwise(buffers(chunk)[1].tolist())]
    return views


def text_lengths(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """UTF-8 bytes of each text."""
    return np.concatenate([np.zeros(0, np.int64), *(np.diff(buffers(chunk)[1]) for chunk in column.chunks)])


def source_hashes(batch: Batch, kept: Callable[[str], str] = str) -> npt.NDArray[np.uint64]:
    """A keyed hash of the source of each document, or of what is `kept` of it; 0 where it has none."""
    known: dict[str | None, int] = {None: 0}
    for source in batch.documents["source"].unique().to_pylist():
        if source is not None:
            digest = blake3(kept(source).encode("utf-8", "surrogatepass"), key=batch.key).digest(8)
            known[source] = int.from_bytes(digest) or 1
    return np.array([known[source] for source in batch.documents["source"].to_pylist()], np.uint64)
