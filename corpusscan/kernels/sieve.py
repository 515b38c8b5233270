"""Where literals stand in the texts of a column: one pass over its bytes.

A window of four bytes of every literal, blind to ASCII case, is hashed into a bitmap that stays in
cache; the few places that hit are compared with the literals behind them.  The idea is that of
Hyperscan's FDR (Wang et al., NSDI 2019), reduced to one bitmap.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels.folding import Bytes
from corpusscan.kernels.literals import Literal
from corpusscan.kernels.windows import ANY_SPACE, SOME_SPACE, window

BITS = 19  # of the hash: the bitmap takes 64 KiB and stays in the nearest caches
CHAINS = 1 << 17
BLOCK = 4096  # bytes whose marked places are collected before any is looked at
_SPACES = b"\t\n\v\f\r "
_CASE = np.uint32(0x20202020)
_MULTIPLIER = np.uint32(0x9E3779B1)  # Fibonacci hashing (Knuth, TAOCP 6.4)

Ids = npt.NDArray[np.int32]


class Sieve(NamedTuple):
    """Hashed windows and the literals they belong to."""

    bitmap: npt.NDArray[np.uint32]
    chain: Ids  # first window of each chain, or -1
    window: npt.NDArray[np.uint32]
    following: Ids  # the next window of the chain, or -1
    literal: Ids  # of each window
    pool: Bytes
    start: Ids  # of each literal in the pool, and the end of the last
    anchor: Ids  # in the pool: where the comparison starts, both ways
    lead: Ids  # bytes of the window before it
    blind: npt.NDArray[np.bool_]  # whether case is open


def ids(values: object) -> Ids:
    """Numbers of things as an array."""
    return np.array(values, np.int32)


def sieve(sought: Sequence[tuple[Literal, bool]]) -> Sieve:
    """The tables for these literals, each with whether it is looked for in folded text.

    Folded literals are blind to case, so that they are found in ASCII text as it stands.
    """
    literals = [(one.data, one.blind or folded) for one, folded in sought]
    windows = [found for data, _ in literals if (found := window(data))]
    assert len(windows) == len(literals), "a required literal is one that has a window"
    start = np.cumsum([0, *(len(data) for data, _ in literals)])
    lead = [int(found.data[0] == SOME_SPACE) for found in windows]
    return Sieve(
        *_hashed([found.data for found in windows]),
        pool=np.frombuffer(b"".join(data.lower() if blind else data for data, blind in literals), np.uint8),
        start=ids(start),
        anchor=ids([start[i] + found.place + lead[i] for i, found in enumerate(windows)]),
        lead=ids(lead),
        blind=np.array([blind for _, blind in literals], np.bool_),
    )


def _hashed(windows: Sequence[bytes]) -> tuple[npt.NDArray[np.uint32], Ids, npt.NDArray[np.uint32], Ids, Ids]:
    """Bitmap and chains over the hashes of all that the windows stand for, blind to case."""
    choices = [
        [_SPACES if byte == SOME_SPACE else (byte,) for byte in one] + [range(256)] * (4 - len(one)) for one in windows
    ]
    pairs = sorted(
        {
            (int.from_bytes(bytes(byte | 0x20 for byte in said), "little"), i)
            for i, choice in enumerate(choices)
            for said in product(*choice)
        }
    )
    said = np.array([w for w, _ in pairs], np.uint32)
    hashes = said * _MULTIPLIER >> np.uint32(32 - BITS)
    bitmap = np.zeros(1 << BITS >> 5, np.uint32)
    np.bitwise_or.at(bitmap, hashes >> 5, np.uint32(1) << (hashes & np.uint32(31)))
    chain, following = np.full(CHAINS, -1, np.int32), np.full(len(pairs), -1, np.int32)
    for i in reversed(range(len(pairs))):
        slot = int(hashes[i]) & (CHAINS - 1)
        following[i], chain[slot] = chain[slot], i
    return bitmap, chain, said, following, ids([i for _, i in pairs])


@njit(cache=True, nogil=True, inline="always")
def _space(byte):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    return byte == 32 or (9 <= byte <= 13)


@njit(cache=True, nogil=True)
def _stands(data, at, begin, end, pool, first, anchor, stop, blind):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether a literal stands in data[begin:end] with its anchor at `at`; compared forwards, then backwards."""
    for step in (1, -1):
        i, j = (at, anchor) if step == 1 else (at - 1, anchor - 1)
        while first <= j < stop:
            wanted = pool[j]
            if wanted >= ANY_SPACE:
                before = i
                while begin <= i < end and _space(data[i]):
                    i += step
                if wanted == SOME_SPACE and i == before:
                    return False
            else:
                if not begin <= i < end:
                    return False
                byte = data[i]
                if byte != wanted and not (blind and 65 <= byte <= 90 and byte + 32 == wanted):
                    return False
                i += step
            j += step
    return True


@njit(cache=True, nogil=True)
def _other(data, i, limit):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The first non-ASCII byte from i on, or the limit; blocks that have none are passed at once."""
    while i < limit:
        stop = min(i + 64, limit)
        some = np.uint8(0)
        for byte in data[i:stop]:
            some |= byte
        if some >= 128:
            while data[i] < 128:
                i += 1
            return i
        i = stop
    return limit


@njit(cache=True, nogil=True)
def _within(data, i, limit, reach, step):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """How far from i `reach` bytes lead towards the limit; a run of white space counts once."""
    while i != limit and reach > 0:
        gap = False
        while i != limit and _space(data[i] if step > 0 else data[i - 1]):
            i, gap = i + step, True
        if not gap:
            i += step
        reach -= 1
    return i


@njit(cache=True, nogil=True)
def near_others(data, offsets, reach):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Pieces (text, begin, end) of all that lies within reach of a non-ASCII byte of its text."""
    texts, begins, ends, size = np.empty(256, np.int64), np.empty(256, np.int64), np.empty(256, np.int64), 0
    for text in range(len(offsets) - 1):
        end = offsets[text]  # of the last piece; what comes before is in it, or near nothing
        opened = False
        i, limit = offsets[text], offsets[text + 1]
        while True:
            i = _other(data, i, limit)
            if i == limit:
                break
            if not opened or i > end:
                begin = _within(data, i, end, reach, -1)
                if not opened or begin > end:
                    if size == len(texts):
                        texts, begins, ends = np.append(texts, texts), np.append(begins, begins), np.append(ends, ends)
                    texts[size], begins[size] = text, begin
                    size, opened = size + 1, True
            i += 1
            while i < limit and data[i] >= 128:
                i += 1
            end = _within(data, i, limit, reach, 1)
            ends[size - 1] = end
    return texts[:size], begins[:size], ends[:size]


@njit(cache=True, nogil=True)
def _marked(data, begin, end, bitmap, places):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes the places in [begin, end) whose next four bytes are in the bitmap; the count. No branches."""
    block = data[begin : end + 3]
    size = np.uint64(0)
    for i in range(end - begin):
        w = (
            np.uint32(block[i])
            | np.uint32(block[i + 1]) << np.uint32(8)
            | np.uint32(block[i + 2]) << np.uint32(16)
            | np.uint32(block[i + 3]) << np.uint32(24)
        )
        h = np.uint32(np.uint32(np.uint32(w) | _CASE) * _MULTIPLIER) >> np.uint32(32 - BITS)
        places[size] = begin + i
        size += np.uint64((bitmap[h >> np.uint32(5)] >> (h & np.uint32(31))) & np.uint32(1))
    return np.int64(size)


@njit(cache=True, nogil=True)
def _window(data, i):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The four bytes at i, spaces beyond the data, blind to case."""
    w = np.uint32(0)
    for j in range(min(4, len(data) - i)):
        w |= np.uint32(data[i + j]) << np.uint32(8 * j)
    return np.uint32(w | _CASE)


@njit(cache=True, nogil=True)
def hits(  # type: ignore[no-untyped-def] # noqa: ANN201
    data, offsets, tried,  # noqa: ANN001
    bitmap, chain, window, following, literal_of, pool, start, anchor, lead, blind,  # noqa: ANN001
):  # fmt: skip
    """Pairs (text, literal) where it stands in the text, by ascending text, each once."""
    texts, found, size = np.empty(1024, np.int64), np.empty(1024, np.int32), 0
    seen = np.full(len(tried), -1, np.int64)  # the last text that each stood in
    places = np.empty(BLOCK + 1, np.int64)
    text, limit = 0, offsets[-1]
    data = data[:limit]
    for block in range(offsets[0], limit, BLOCK):
        last = min(block + BLOCK, limit - 3)
        marked = _marked(data, block, last, bitmap, places) if last > block else 0
        if block + BLOCK >= limit and limit - offsets[0] >= 3:
            places[marked] = limit - 3  # a window of three bytes may end the data
            marked += 1
        for i in places[:marked]:
            w = _window(data, i)
            k = chain[(np.uint32(w * _MULTIPLIER) >> np.uint32(32 - BITS)) & np.uint32(CHAINS - 1)]
            while offsets[text + 1] <= i:
                text += 1
            while k >= 0:
                one = literal_of[k]
                if (
                    window[k] == w
                    and seen[one] != text
                    and tried[one]
                    and _stands(
                        data, i + lead[one], offsets[text], offsets[text + 1],
                        pool, start[one], anchor[one], start[one + 1], blind[one],
                    )
                ):  # fmt: skip
                    seen[one] = text
                    if size == len(texts):
                        texts, found = np.append(texts, texts), np.append(found, found)
                    texts[size], found[size] = text, one
                    size += 1
                k = following[k]
    return texts[:size], found[:size]
