"""Where literals stand in the texts of a column: one pass over its bytes.

A window of four bytes of every literal, blind to ASCII case, is hashed into a bitmap that stays in
cache; the few places that hit are compared with the literals behind them.  The idea is that of
Hyperscan's FDR (Wang et al., NSDI 2019), reduced to one bitmap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels.folding import Bytes, entry_at, is_space
from corpusscan.kernels.literals import Literal
from corpusscan.kernels.registers import eight
from corpusscan.kernels.uncounted import uncounted
from corpusscan.kernels.windows import ANY_SPACE, SOME_SPACE, Window, window

BITS = 20  # of the hash: the bitmap takes 128 KiB and stays in the nearest caches
BUCKETS = 1 << 16
BLOCK = 4096  # bytes whose marked places are collected before any is looked at
_SPACES = b"\t\n\v\f\r "
_BLANKS = (*_SPACES, SOME_SPACE, ANY_SPACE)
_SPACE = (0xF0, 0x20)
_CASE = np.uint32(0x20202020)
_ONES, _HIGH = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_MULTIPLIER = np.uint32(0x9E3779B1)  # Fibonacci hashing (Knuth, TAOCP 6.4)

REACH = 7  # bytes beside one that a window over it may take, with what is known beside the window

Ids = npt.NDArray[np.int32]


class Sieve(NamedTuple):
    """Hashed windows and the literals they belong to."""

    bitmap: npt.NDArray[np.uint32]
    bucket: Ids  # entries of bucket b are those from bucket[b] to bucket[b + 1]
    window: npt.NDArray[np.uint32]  # of each entry
    mask: npt.NDArray[np.uint64]  # of the eight bytes beside it, which are known,
    beside: npt.NDArray[np.uint64]  # and what they are, blind to case
    # What stands in the windows up to here, what they are for from here on.
    owner: Ids  # literals of entry k are those from literal[owner[k]] to literal[owner[k + 1]]
    literal: Ids
    pool: Bytes
    start: Ids  # of each literal in the pool, and the end of the last
    anchor: Ids  # in the pool, the second byte of its window, which is no white space: the comparison starts there
    blind: npt.NDArray[np.bool_]  # whether case is open
    folded: npt.NDArray[np.bool_]  # whether it is looked for in folded text


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
    entries: dict[tuple[int, int, int], dict[int, None]] = {}
    for i, (data, _) in enumerate(literals):
        sides = [*_beside(data, windows[i])]
        for said in _ways(windows[i].data):
            for beside in sides:
                entries.setdefault((said, *beside), {})[i] = None
    columns = np.array([*entries], np.uint64).reshape(-1, 3)
    bitmap, bucket, order = _hashed(columns[:, 0].astype(np.uint32))
    columns, owners = columns[order], [entries[key] for key in map(tuple, columns[order].tolist())]
    return Sieve(
        bitmap,
        bucket,
        window=columns[:, 0].astype(np.uint32),
        mask=np.ascontiguousarray(columns[:, 1]),
        beside=np.ascontiguousarray(columns[:, 2]),
        owner=ids(np.cumsum([0, *map(len, owners)])),
        literal=ids([i for own in owners for i in own]),
        pool=np.frombuffer(b"".join(data.lower() if blind else data for data, blind in literals), np.uint8),
        start=ids(start),
        anchor=ids([start[i] + found.place + 1 for i, found in enumerate(windows)]),
        blind=np.array([blind for _, blind in literals], np.bool_),
        folded=np.array([folded for _, folded in sought], np.bool_),
    )


@lru_cache(maxsize=1 << 14)
def _ways(part: bytes) -> list[int]:
    """What may stand in the four places of a window, blind to case."""
    choices = [*(_SPACES if byte == SOME_SPACE else (byte,) for byte in part), *[range(256)] * (4 - len(part))]
    return [*{int.from_bytes(bytes(way), "little") | int(_CASE) for way in product(*choices)}]


def _beside(data: bytes, found: Window) -> Iterator[tuple[int, int]]:
    """Masks and bytes of what may stand beside a window, four bytes ahead and four behind, blind to case."""
    end = found.place + len(found.data)
    ahead = _outwards(data[max(found.place - 4, 0) : found.place][::-1], found.data[0] in _BLANKS)
    behind = _outwards(data[end : end + 4], found.data[-1] in _BLANKS) if len(found.data) == 4 else [()]
    for before, after in product(ahead, behind):
        pad = ((0, 0),)
        both = (*pad * (4 - len(before)), *before[::-1], *after, *pad * (4 - len(after)))
        mask, value = (int.from_bytes(bytes(part), "little") for part in zip(*both, strict=True))
        yield mask, value


@lru_cache(maxsize=1 << 14)
def _outwards(run: bytes, spaced: bool) -> list[tuple[tuple[int, int], ...]]:
    """(mask, byte) for each of the next bytes, in each way to read them; white space in a row counts as one byte.

    Of white space only the high bits are known, which with 0x20 are those of punctuation.
    """
    if not run:
        return [()]
    byte, blank = run[0], run[0] in _BLANKS
    ways = []
    if not (blank and spaced):
        known = _SPACE if blank else (0xFF, byte | 0x20)
        ways = [(known, *rest) for rest in _outwards(run[1:], blank)]
    if byte == ANY_SPACE or (blank and spaced):
        ways += _outwards(run[1:], spaced)
    return list(dict.fromkeys(ways))


def _hashed(said: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.uint32], Ids, npt.NDArray[np.intp]]:
    """Bitmap and buckets over the hashes of windows, and the order in which the buckets hold them."""
    hashes = said * _MULTIPLIER >> np.uint32(32 - BITS)
    bitmap = np.zeros(1 << BITS >> 5, np.uint32)
    np.bitwise_or.at(bitmap, hashes >> 5, np.uint32(1) << (hashes & np.uint32(31)))
    slots = hashes & np.uint32(BUCKETS - 1)
    order = np.argsort(slots, kind="stable")
    return bitmap, ids(np.searchsorted(slots[order], np.arange(BUCKETS + 1))), order


@njit(cache=True, nogil=True, inline="always")
def _load(data, i):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The four bytes at i, blind to case."""
    return np.uint32(
        np.uint32(data[i])
        | np.uint32(data[i + 1]) << np.uint32(8)
        | np.uint32(data[i + 2]) << np.uint32(16)
        | np.uint32(data[i + 3]) << np.uint32(24)
        | _CASE
    )


@njit(cache=True, nogil=True)
def _marked(data, begin, end, bitmap, places):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes the places in [begin, end) whose next four bytes are in the bitmap; the count. No branches."""
    block = data[begin : end + 3]
    size = np.uint64(0)
    for i in range(end - begin):
        w = _load(block, i)
        h = np.uint32(w * _MULTIPLIER) >> np.uint32(32 - BITS)
        places[size] = begin + i
        size += np.uint64((bitmap[h >> np.uint32(5)] >> (h & np.uint32(31))) & np.uint32(1))
    return np.int64(size)


@uncounted
def _window(data, i):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The four bytes at i, spaces beyond the data, blind to case."""
    w = np.uint32(0)
    for j in range(4):
        if 0 <= i + j < len(data):
            w |= np.uint32(data[i + j]) << np.uint32(8 * j)
    return np.uint32(w | _CASE)


@njit(cache=True, nogil=True, inline="always")
def _gap(word):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether two of eight bytes in a row are white space, or other controls."""
    blank = (word - _ONES * np.uint64(0x21)) & ~word & _HIGH
    return blank & (blank >> np.uint64(8)) != 0


@uncounted
def _narrowed(data, i):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The four bytes before the window at i and the four behind it, blind to case, white space in a row as one."""
    here = np.uint64(0)
    for side in range(2):
        step, edge = 2 * side - 1, i + 3 * side
        spaced = 0 <= edge < len(data) and is_space(data[edge])
        j, shift = edge + step, 24 + 8 * side
        for _ in range(4):
            while spaced and 0 <= j < len(data) and is_space(data[j]):
                j += step
            if not 0 <= j < len(data):
                break
            spaced = is_space(data[j])
            here |= np.uint64(np.uint8(32) if spaced else data[j] | np.uint8(32)) << np.uint64(shift)
            j, shift = j + step, shift + 8 * step
    return here


@uncounted
def _excused(data, i, wrong, page, entry):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether all that is wrong beside the window at i lies beyond a character that folding changes."""
    for j in range(i + 4, min(i + 8, len(data))):
        if entry_at(data, j, len(data), page, entry)[0]:
            break
        if wrong >> np.uint64(8 * (j - i)) & np.uint64(0xFF):
            return False
    lead = i
    for j in range(i - 1, max(i - 5, -1), -1):
        if lead > j:
            lead = j
            while lead > 0 and data[lead] & 0xC0 == 0x80:
                lead -= 1
        if entry_at(data, lead, len(data), page, entry)[0]:
            break
        if wrong >> np.uint64(8 * (j - i + 4)) & np.uint64(0xFF):
            return False
    return True


@njit(cache=True, nogil=True)
def noticed(  # type: ignore[no-untyped-def] # noqa: ANN201
    data, begin, limit, lenient,  # noqa: ANN001
    page, entry,  # noqa: ANN001
    bitmap, bucket, window, mask, beside,  # noqa: ANN001
):  # fmt: skip
    """(place, entry) by ascending place, one after the window's begin, where data[begin:limit] may hold a literal.

    The window is there and what is known beside it too; where `lenient`, with characters that will be folded set aside.
    """
    at, found, size = np.empty(1024, np.int64), np.empty(1024, np.int32), np.int64(0)
    places = np.empty(BLOCK + 1, np.int64)
    data = data[:limit]
    for block in range(begin, limit, BLOCK):
        end = min(block + BLOCK, limit - 3)
        marked = _marked(data, block, end, bitmap, places) if end > block else 0
        if block + BLOCK >= limit and limit - begin >= 3:
            places[marked] = limit - 3  # a window of three bytes may end the data
            marked += 1
        done = np.int64(0)
        while done < marked:
            done, size = _compared(data, places, done, marked, lenient, page, entry,
                                   bucket, window, mask, beside, at, found, size)  # fmt: skip
            if done < marked:
                at, found = np.append(at, at), np.append(found, found)
    return at[:size], found[:size]


@uncounted
def _compared(  # type: ignore[no-untyped-def] # noqa: ANN202
    data, places, done, marked, lenient,  # noqa: ANN001
    page, entry,  # noqa: ANN001
    bucket, window, mask, beside,  # noqa: ANN001
    at, found, size,  # noqa: ANN001
):  # fmt: skip
    """Writes what `noticed` tells of places[done:marked] while there is room; how many are done and written."""
    for n in range(done, marked):
        i = places[n]
        if 4 <= i < len(data) - 7:
            w = _load(data, i)
            here = (np.uint64(_load(data, i + 4)) << np.uint64(32)) | _load(data, i - 4)
            gaps = _gap(eight(data, i - 4)) | _gap(eight(data, i))
        else:
            w = _window(data, i)
            here = (np.uint64(_window(data, i + 4)) << np.uint64(32)) | _window(data, i - 4)
            gaps = True
        slot = (np.uint32(w * _MULTIPLIER) >> np.uint32(32 - BITS)) & np.uint32(BUCKETS - 1)
        first, last = np.uint64(bucket[slot]), np.uint64(bucket[slot + 1])
        if size + np.int64(last - first) > len(at):
            return n, size
        unsure = False
        if gaps:
            here = _narrowed(data, i)
            unsure = not lenient or here & _HIGH != 0
        folding = lenient and here & _HIGH != 0
        for k in range(first, last):  # no branches, but where characters are folded
            wrong = here & mask[k] ^ beside[k]
            same = window[k] == w
            if folding and same and wrong and not unsure and _excused(data, i, wrong, page, entry):
                wrong = np.uint64(0)
            at[np.uint64(size)], found[np.uint64(size)] = i + 1, k
            size += np.int64(same & (unsure | (wrong == 0)))
    return marked, size
