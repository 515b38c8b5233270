"""Text written in another alphabet of characters: base64, hex, escapes, rot13; one level is undone, or two.

A pass over the bytes finds the texts with a long run of base64's characters that decodes to text (keys,
images and paths decode to noise); what is encoded, and where, is decided on those few.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpusscan.kernels.columns import buffers
from corpusscan.kernels.registers import eight
from corpusscan.kernels.rotation import GAIN, turned

SHORTEST = 24  # characters of a run: 18 bytes of base64
CLEAN = 18  # bytes of text in a row, which noise seldom makes
MOST_NESTED = 20  # stretches of one kind that are undone in what was decoded
LONGEST = 65_536  # characters of a run that are decoded: what says something says it early
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}(?:\r?\n[A-Za-z0-9+/_-]{4,})*={0,2}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){12,}(?:\r?\n(?:[0-9A-Fa-f]{2}){4,})*")
_ESCAPES = {
    "percent": re.compile(r"(?:%[0-9A-Fa-f]{2}[A-Za-z0-9 _.~+-]{0,2}){6,}"),
    "unicode_escape": re.compile(r"(?:\\u[0-9A-Fa-f]{4} ?){6,}"),
    "hex_escape": re.compile(r"(?:\\x[0-9A-Fa-f]{2} ?){6,}"),
    "entities": re.compile(r"(?:&#(?:[0-9]{2,7}|[xX][0-9A-Fa-f]{2,6});[ \n]?){6,}"),
}
_NUMBER = re.compile(r"&#(?:([0-9]+)|[xX]([0-9A-Fa-f]+));")
_TEXT = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd]{10,}")
_STOPS = re.compile(r"[.!?:;\n\"()<>。！？]")
_CLAUSE = re.compile(r"[^\s.!?:;\"()<>。！？](?:[^.!?:;\n\"()<>。！？]*[^\s.!?:;\"()<>。！？])?")
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
CLAUSE = 400  # characters beside a row of turned letters that are looked at


class Encoded(NamedTuple):
    """A stretch of a text, in code points, and what it says."""

    start: int
    end: int
    scheme: str
    says: str


def nested(outer: Encoded) -> Iterator[Encoded]:
    """What is encoded in what was decoded: the schemes from the outermost on, where the outer one stands."""
    for way in (runs, escapes, rotated) if outer.scheme != "rot13" else ():  # turned again, it says what it said
        for inner in islice(way(outer.says), MOST_NESTED):
            yield Encoded(outer.start, outer.end, f"{outer.scheme} of {inner.scheme}", inner.says)


def _alphabet() -> npt.NDArray[np.uint8]:
    """Six bits of each base64 character, of both alphabets; 255 for others."""
    values = np.full(256, 255, np.uint8)
    for row in (b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", b"-_"):
        for i, byte in enumerate(row):
            values[byte] = i if len(row) == 64 else 62 + i
    return values


_VALUES = _alphabet()
_HIGH = np.uint64(0x8080808080808080)
_FROM_PLUS = np.uint64(0x0101010101010101 * (0x80 - ord("+")))  # lifts these to the high bit


def payloads(texts: pa.LargeStringArray) -> npt.NDArray[np.bool_]:
    """Which texts hold a run that decodes to text."""
    data, offsets = buffers(texts)
    return _payloads(data, offsets, _VALUES)  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def _payloads(data, offsets, values):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Of a long run, one of every second eight bytes are part, and eight before or after them."""
    found = np.zeros(len(offsets) - 1, np.bool_)
    for text in range(len(found)):
        low, end = offsets[text], offsets[text + 1]
        i = low + 8
        while i + 8 <= end:
            if not _packed(data, i) or not (_packed(data, i - 8) or (i + 16 <= end and _packed(data, i + 8))):
                i += 16
                continue
            first: Any = i
            last: Any = i
            while first > low and values[data[first - 1]] != 255:
                first -= 1
            while last < end and values[data[last]] != 255:
                last += 1
            if last - first >= SHORTEST and _speaks(data, first, last, values):
                found[text] = True
                break
            i += max(last - i + 15 & -16, 16)
    return found


@njit(cache=True, nogil=True, inline="always")
def _packed(data, i):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether eight bytes are ASCII from `+` on, as all characters of base64 are: no spaces, quotes, brackets."""
    word = eight(data, i)
    return (word + _FROM_PLUS) & ~word & _HIGH == _HIGH


@njit(cache=True, nogil=True)
def _speaks(data, begin, end, values):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202, C901, PLR0912
    """Whether a run decodes to a row of clean bytes, as base64 or as hex, from any of its first characters on."""
    other = begin + 1
    while other < end and data[other] == data[begin]:
        other += 1
    if other == end:  # a ruled line
        return False
    while other < end and _digit(data[other]) >= 0:
        other += 1
    for phase in range(4 if other < end else 0):  # digits of hex are base64, too, and decode to half a text
        clean = more = 0
        for i in range(begin + phase, end - 3, 4):
            word = np.uint32(0)
            for j in range(4):
                word = word << np.uint32(6) | np.uint32(values[data[i + j]])
            for shift in (16, 8, 0):
                clean, more = _step(np.int64(word >> np.uint32(shift)) & 255, clean, more)
                if clean >= CLEAN:
                    return True
    for phase in range(2):
        clean = more = 0
        for i in range(begin + phase, end - 1, 2):
            high, low = _digit(data[i]), _digit(data[i + 1])
            if high < 0 or low < 0:
                clean = more = 0
            else:
                clean, more = _step(high * 16 + low, clean, more)
                if clean >= CLEAN:
                    return True
    return False


@njit(cache=True, nogil=True, inline="always")
def _digit(byte):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The value of a hex digit, or -1."""
    if 48 <= byte <= 57:
        return np.int64(byte) - 48
    return np.int64(byte | 32) - 87 if 97 <= (byte | 32) <= 102 else np.int64(-1)


@njit(cache=True, nogil=True, inline="always")
def _step(byte, clean, more):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Clean bytes in a row, and how many continuation bytes are due, after one more byte."""
    if more > 0:
        return (clean + 1, more - 1) if byte & 0xC0 == 0x80 else (0, 0)
    if byte < 128:
        return (clean + 1, 0) if (byte >= 32 and byte != 127) or byte in (9, 10, 13) else (0, 0)
    if 0xC3 <= byte < 0xF1:
        return clean + 1, 1 if byte < 0xE0 else 2 if byte < 0xF0 else 3
    return 0, 0


@njit(cache=True, nogil=True)
def escaped(data, i, stop, end):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Whether escapes follow one another, the first from i to stop: no lone one, as addresses have."""
    for j in range(i, stop):
        byte = data[j]
        if byte == 37 and j + 6 < end:  # %69%67%6e
            if data[j + 3] == 37 and data[j + 6] == 37 and _digit(data[j + 1]) >= 0 and _digit(data[j + 4]) >= 0:
                return True
        elif byte == 92 and j + 9 < end:  # \u0069\u0067 or \x69\x67
            kind = data[j + 1]
            wide = 6 if kind == 117 else 4
            if kind in (117, 120) and data[j + wide] == 92 and data[j + wide + 1] == kind and _digit(data[j + 2]) >= 0:
                return True
        elif byte == 38 and j + 6 < end and data[j + 1] == 35:  # &#105;&#103;
            for k in range(j + 3, min(j + 10, end - 2)):
                if data[k] == 59:
                    if data[k + 1] == 38 and data[k + 2] == 35:
                        return True
                    break
    return False


def runs(text: str) -> Iterator[Encoded]:
    """What runs of base64 and of hex say."""
    for found in _HEX.finditer(text):
        yield from _heard(found, "hex", _hex)
    for found in _BASE64.finditer(text):
        yield from _heard(found, "base64", _base64)


def _hex(run: str, phase: int) -> bytes:
    return b"" if phase else bytes.fromhex(run)


def _base64(run: str, phase: int) -> bytes:
    whole = run[phase:].translate(str.maketrans("-_", "+/")).rstrip("=")
    whole = whole[:-1] if len(whole) % 4 == 1 else whole
    return binascii.a2b_base64(whole + "=" * (-len(whole) % 4))


def _heard(found: re.Match[str], scheme: str, decode: Any) -> Iterator[Encoded]:
    """The longest clean piece of what a run decodes to, with the characters that it comes from."""
    run = found.group()[:LONGEST]
    places = [i for i, char in enumerate(run) if char not in "\r\n"]
    joined = "".join(run.split())
    ratio = 2.0 if scheme == "hex" else 4 / 3
    for phase in range(4 if scheme == "base64" else 1):
        data = decode(joined, phase)
        says = data.decode("utf-8", "replace")
        piece = max(_TEXT.finditer(says), key=lambda one: one.end() - one.start(), default=None)
        if piece is None:
            continue
        before = len(_lead(data, says, piece.start()))
        size = len(piece.group().encode())
        first = phase + int(before * ratio)
        last = phase + -int(-(before + size) * ratio // 1)
        whole = last >= len(joined.rstrip("=")) - 1
        end = len(run) if whole else places[min(last, len(places)) - 1] + 1
        yield Encoded(found.start() + places[first], found.start() + end, scheme, piece.group())
        return


def _lead(data: bytes, says: str, start: int) -> bytes:
    """The bytes before a piece of the text that bytes decode to; bad bytes stand for one character each, or few."""
    piece = says[start : start + 10].encode()
    place = data.find(piece)
    return data[: max(place, 0)]


def escapes(text: str) -> Iterator[Encoded]:
    """What rows of escapes say."""
    for scheme, pattern in _ESCAPES.items():
        for found in pattern.finditer(text):
            run = found.group()[:LONGEST].rstrip()
            yield Encoded(found.start(), found.start() + len(run), scheme, _unescaped(run, scheme))


def _unescaped(run: str, scheme: str) -> str:
    if scheme == "percent":
        return unquote_to_bytes(run).decode("utf-8", "replace")
    if scheme == "entities":
        return _NUMBER.sub(lambda one: _character(int(one[1]) if one[1] else int(one[2], 16)), run)
    if scheme == "hex_escape":
        return re.sub(rb"\\x(..)", lambda one: bytes.fromhex(one[1].decode()), run.encode()).decode("utf-8", "replace")
    units = re.sub(r"\\u(....)", lambda one: chr(int(one[1], 16)), run)
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _character(code: int) -> str:
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"


def rotated(text: str) -> Iterator[Encoded]:
    """Rows of ASCII words that are likelier English when turned by thirteen letters."""
    data = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    begin, done, points = 0, 0, 0  # `done` bytes are `points` characters
    while True:
        first, last = turned(data, begin, len(data))
        if last < 0:
            return
        points, done = points + int(((data[done:first] & 0xC0) != 0x80).sum()), first
        start, end = points, points + int(((data[first:last] & 0xC0) != 0x80).sum())
        start, end = _clauses(text, start, end)
        yield Encoded(start, end, "rot13", codecs.decode(text[start:end], "rot13"))
        begin = last


def _clauses(text: str, start: int, end: int) -> tuple[int, int]:
    """The clauses of a row that are likelier English when turned; its words where none is as a whole."""
    before = _STOPS.split(text[max(start - CLAUSE, 0) : start])[-1]
    after = _STOPS.split(text[end : end + CLAUSE])[0]
    first, last = start - len(before), end + len(after)
    kept = [one.span() for one in _CLAUSE.finditer(text, first, last) if _gain(one.group()) > 0]
    if kept:
        return kept[0][0], kept[-1][1]
    return start - len(before) + len(before.rstrip(_LETTERS)), end + len(after) - len(after.lstrip(_LETTERS))


def _gain(text: str) -> float:
    """How much likelier English a text is when turned (natural logarithm)."""
    return sum(GAIN[ord(char) & 31] for char in text if char in _LETTERS)
