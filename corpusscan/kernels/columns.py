"""The bytes of texts in Arrow, as the kernels read them: never copied, never written to.

Arrow memory that came from a file and Arrow memory that was computed differ to NumPy in whether they may be written;
numba compiles a kernel for each kind that it meets, so both are told as what they are to us: to be read.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpusscan.kernels.folding import Bytes, Offsets


def buffers(texts: pa.LargeStringArray) -> tuple[Bytes, Offsets]:
    """The UTF-8 bytes of an Arrow array and its len + 1 offsets into them; behind a null there may be bytes."""
    _, offsets, data = texts.buffers()
    if len(texts) == 0 or offsets is None:
        return read_only(b""), np.zeros(1, np.int64)
    places = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return read_only(data or b""), places


def content(texts: pa.LargeStringArray) -> tuple[Bytes, Offsets]:
    """The same, a null as a text without any bytes."""
    return buffers(texts.fill_null("") if texts.null_count else texts)


def contents(texts: pa.ChunkedArray) -> tuple[Bytes, Offsets]:
    """The bytes of some texts, one behind another, and the bounds of each."""
    parts = [content(chunk) for chunk in texts.chunks]
    data = [part[bounds[0] : bounds[-1]] for part, bounds in parts]
    sizes = np.concatenate([np.zeros(1, np.int64), *(np.diff(bounds) for _, bounds in parts)])
    return data[0] if len(data) == 1 else read_only(np.concatenate([np.zeros(0, np.uint8), *data])), np.cumsum(sizes)


def read_only(data: bytes | pa.Buffer | npt.NDArray[np.uint8]) -> Bytes:
    """Some bytes as an array that must not be written to."""
    octets = np.frombuffer(data, np.uint8)
    octets.flags.writeable = False
    return octets
