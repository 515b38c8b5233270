"""Fingerprints of letters against plain Python, and what copies that were typed over still share."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels import folding
from corpusscan.kernels.columns import content
from corpusscan.kernels.letters import (
    BLOCK,
    DENSEST,
    DENSITY,
    IDEOGRAPHS,
    PLACE_BITS,
    PLACES,
    RUN,
    SHORTEST,
    USUAL,
    hashed,
    origins,
)

KEY = bytes(range(100, 132))
FACTOR = int.from_bytes(KEY[8:16], "little") | 1
WORD = (1 << 64) - 1
untimed = settings(deadline=None)  # the first call compiles
CHARACTERS = st.sampled_from(
    [*"aAbz09 .-\n", "ß", "é", "\u200b", "а", "Щ", "ﷺ", "ق", "๕", "中", "国", "한", "㍿", "😀", "\x00"]
)


def mixed(value: int) -> int:
    """The finaliser of MurmurHash3."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        value = (value ^ value >> 33) * factor & WORD
    return value ^ value >> 33


def spelled(text: str) -> bytes:
    """The letters of a text: of an alphabet one byte each, ideographs three, gaps none."""
    out = bytearray()
    for char in folding.fold(text):
        if char.isascii():
            out += char.lower().encode() if char.isalnum() else b""
            continue
        value = mixed(ord(char))
        out.append(value & 255 | 128)
        out += bytes([value >> 8 & 255, value >> 16 & 255]) if ord(char) >= IDEOGRAPHS else b""
    return bytes(out)


def reference(text: str) -> list[int]:
    """The fingerprints of one document."""
    found: list[int] = []
    said, size = spelled(text), len(text.encode())
    if size < SHORTEST:
        return found
    chosen = (1 << 64) // DENSITY * max(min(USUAL // size, DENSITY // DENSEST), 1)
    for place in range(len(said) - RUN + 1):
        one = int.from_bytes(said[place : place + 8], "little")
        other = int.from_bytes(said[place + RUN - 8 : place + RUN], "little")
        value = (one ^ (int.from_bytes(KEY[:8], "little") | 1)) * FACTOR & WORD
        value = (value ^ value >> 32 ^ other) * FACTOR & WORD
        if value < chosen and len(found) < 2 * size // DENSEST:
            found.append(mixed(value) >> PLACE_BITS << PLACE_BITS | min(place, (1 << PLACE_BITS) - 1))
    return found


def prints(*texts: str) -> list[list[int]]:
    """The fingerprints of some documents, each of one text."""
    values, bounds = hashed(*content(pa.array(texts, pa.large_string())), KEY)
    return [values[a:b].tolist() for a, b in pairwise(bounds)]


@untimed
@given(st.lists(st.text(CHARACTERS, max_size=30).map(lambda text: text * 9), max_size=5))
def test_fingerprints_equal_plain_python(texts: list[str]) -> None:
    """Of all scripts, with what folding takes away and adds, and of empty texts."""
    assert prints(*texts) == [*map(reference, texts)]


def test_long_texts_equal_plain_python() -> None:
    """Where a text is read block by block, no run is lost between two, in a character neither."""
    draw = random.Random(1)
    texts = ["".join(draw.choices("abcdefgh 中ﷺé", k=size)) for size in (BLOCK - 1, BLOCK, BLOCK + 1, 4 * BLOCK)]
    assert prints(*texts) == [*map(reference, texts)]


@untimed
@given(st.text(CHARACTERS, max_size=400), st.integers(0, 500))
def test_letters_are_found_again_in_their_text(text: str, beyond: int) -> None:
    """Each letter comes from the byte at which its character begins; one beyond the last from the end."""
    own, place = [], 0
    for char in text:
        own += [place] * len(spelled(char))
        place += len(char.encode())
    wanted = np.arange(len(own) + beyond)
    assert origins(np.frombuffer(text.encode(), np.uint8), wanted).tolist() == own + [place] * beyond


def test_disguises_change_nothing() -> None:
    """Case, accents, look-alike letters, invisible characters, spaces and signs are set aside."""
    text = " ".join(f"{word:x}" for word in np.random.default_rng(3).integers(0, 2**32, 400))
    (plain,) = prints(text)
    assert len(plain) > 100
    for other in (text.upper(), text.replace(" ", ", "), text.replace("a", "\u0430"), text.replace("b", "b\u00ad")):
        assert prints(other) == [plain]


@pytest.mark.parametrize(
    "alphabet",
    ["abcdefghijklmnopqrstuvwxyz", *("".join(map(chr, range(first, first + 46))) for first in (0xE01, 0x4E00))],
)
def test_copies_with_every_tenth_letter_changed_share_some(alphabet: str) -> None:
    """Of two texts that were altered apart, at the same places: a run of twelve outlives it in 8 of 100 pairs."""
    draw = random.Random(2)
    text = "".join(draw.choices(alphabet, k=3_000))
    one, other = (["".join(draw.choice(alphabet) if draw.random() < 0.1 else c for c in text)] for _ in range(2))
    left, right = prints(*one, *other)
    places = {value >> PLACE_BITS: value & int(PLACES) for value in left}
    shared = [(places[v >> PLACE_BITS], v & int(PLACES)) for v in right if v >> PLACE_BITS in places]
    assert len({here for here, there in shared if here == there}) >= 4


def test_no_text_has_more_than_its_share() -> None:
    """One letter again and again is one run, chosen nowhere or everywhere, and then as often as there is room."""
    for letter in "abcdefghijklmnopqrstuvwxyz":
        (found,) = prints(letter * 5_000)
        assert len(found) <= 5_000 * 2 // DENSEST
