"""Folding: the shipped table, the kernel over columns, and offsets back into the original."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpusscan.kernels.folding import (
    BLOCK,
    changed,
    code_points,
    fold,
    fold_bytes,
    folded_code_points,
    origins,
    table,
)
from corpusscan.kernels.occurrences import Text

HARD = "ﷺﷺ ﬃ½ß İıſK Å Ａ\u200b\u0301a\u0308 \u00ad\ufe0f\U000e0041 𝐈𝒢𝓃 ΑΒΝν НнКк “”‘’—–…\u2028\u3000가힣 🏳️‍🌈 ا ١ æøł"
LONG = "x" * (BLOCK - 1) + "é" + "X" * (2 * BLOCK - 3) + "Aﬃ中é" + "b" * BLOCK  # characters across blocks
TEXTS = st.text(st.one_of(st.sampled_from(HARD), st.characters(exclude_categories=("Cs",)), st.sampled_from("aZ .é")))
untimed = settings(deadline=None)  # the first call compiles


def mapping(code: int) -> str:
    """What the table says of one code point, read in plain Python."""
    data = table()
    entry = int(data.entry[int(data.page[code >> 7]) * 128 + (code & 127)])
    if entry:
        return bytes(data.pool[int(data.start[entry]) : int(data.start[entry + 1])]).decode()
    return chr(code)


def reference(text: str) -> tuple[str, list[int]]:
    """Folded text and, for each of its UTF-8 bytes, the code point it comes from."""
    parts = [mapping(ord(char)) for char in text]
    return "".join(parts), [i for i, part in enumerate(parts) for _ in part.encode()]


@untimed
@given(TEXTS)
@example(HARD)
@example("")
@example("\u0301")
@example("ﷺ" * 3000)
@example(LONG)
def test_kernel_equals_plain_python(text: str) -> None:
    """Folded bytes and offsets are those of a code point by code point reference."""
    data = text.encode()
    assert (fold_bytes(data).decode(), folded_code_points(data).tolist()) == reference(text)


@untimed
@given(TEXTS, TEXTS)
def test_folding_commutes_with_joining(left: str, right: str) -> None:
    """Texts may be cut anywhere: each code point folds alone."""
    assert fold(left + right) == fold(left) + fold(right)


@untimed
@given(TEXTS)
def test_folding_twice_changes_nothing(text: str) -> None:
    """Folded text is folded."""
    assert fold(fold(text)) == fold(text)


@untimed
@given(TEXTS)
def test_case_makes_no_difference(text: str) -> None:
    """Capitals fold as their small letters do."""
    for char in text:
        if len(char.upper()) == len(char.lower()) == 1 and char.upper().lower() == char.lower():
            assert fold(char.upper()) == fold(char.lower()), char


@untimed
@given(TEXTS)
def test_code_points_of_bytes(text: str) -> None:
    """Each byte knows its code point."""
    assert code_points(text.encode()).tolist() == [i for i, char in enumerate(text) for _ in char.encode()]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("IGNORE", "ignore"),
        ("іgnоrе", "ignore"),  # Cyrillic
        ("ign\u200bo\u00adre", "ignore"),
        ("𝐈𝐠𝐧𝐨𝐫𝐞", "ignore"),
        ("ｉｇｎｏｒｅ", "ignore"),
        ("i\u0301gn\u0308ore", "ignore"),
        ("“ignore’", "\"ignore'"),
        ("Straße", "strasse"),
        ("½ﬃ", "1/2ffi"),
        ("a\U000e0041\U000e007fb", "ab"),
        ("a\u3000b\u2028c\u00a0d", "a b c d"),
        ("ｱ", "ア"),
        ("中文", "中文"),
        ("\x1b[0m\x00", "\x1b[0m\x00"),
    ],
)
def test_what_folding_is_for(text: str, folded: str) -> None:
    """Case, width, style, accents, invisible and look-alike characters are set aside; nothing else is."""
    assert fold(text) == folded


def test_table_is_decomposition_and_case_folding() -> None:
    """Where no likeness is involved, the table agrees with Python on every code point that both know."""
    likely = set("abcdefghijklmnopqrstuvwxyz0123456789")
    wrong = []
    for code in range(0x110000):
        char = chr(code)
        if unicodedata.category(char) in ("Cn", "Cs", "Co") or (not char.isascii() and mapping(code).isascii()):
            continue
        plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
        plain = unicodedata.normalize("NFKD", plain.casefold())
        said = "".join(mapping(ord(c)) for c in plain)
        if mapping(code) != said and not (set(mapping(code)) & likely):
            wrong.append(char)
    assert wrong == []


NOISE = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


@settings(deadline=None, max_examples=100)
@given(NOISE, st.sampled_from(["ﬃ", "½", "ﷺ", "é", "e\u0301", "\u200b", "𝐀", "İ", "ß", "a"]), NOISE)
def test_offsets_lead_back(before: str, middle: str, after: str) -> None:
    """A span of a view, taken from the original, folds to a text that holds what was found in the view."""
    text = Text((before + middle + after).encode())
    view = text.view(folded=True)
    assert view == fold_bytes((before + middle + after).encode())
    for begin in range(0, len(view), 3):
        for end in range(begin + 1, min(begin + 7, len(view) + 1)):
            ((start, stop),) = text.code_points([(begin, end)], folded=True)
            assert view[begin:end] in fold_bytes((before + middle + after)[start:stop].encode())


@untimed
@given(TEXTS, st.integers(0, 8))
@example(HARD, 3)
@example(LONG, 7)
@example("ﷺ" * 3000, 7)
def test_what_lies_beside_changed_characters(text: str, reach: int) -> None:
    """Each changed character is there, folded, with all bytes within reach of it; every byte knows where it is from."""
    data = text.encode()
    begins = np.cumsum([0, *(len(char.encode()) for char in text)]).tolist()
    changes = [not char.isascii() and mapping(ord(char)) != char for char in text]
    near = {
        i for n, at in enumerate(changes) if at for i in range(begins[n] - reach, begins[n + 1] + reach)
    }  # fmt: skip
    wanted: list[tuple[int, int]] = []
    for n, char in enumerate(text):
        said = mapping(ord(char)).encode() if changes[n] else data[begins[n] : begins[n + 1]]
        origin = [begins[n]] * len(said) if changes[n] else range(begins[n], begins[n + 1])
        wanted += [(byte, i) for byte, i in zip(said, origin, strict=True) if changes[n] or i in near]
    out, source = changed(np.frombuffer(data, np.uint8), 0, reach)
    assert [*zip(out.tolist(), source.tolist(), strict=True)] == wanted
    at, inside = origins(source, np.arange(len(source)))
    assert at.tolist() == source.tolist()
    first = {i: n for n, i in reversed([*enumerate(source.tolist())])}
    assert inside.tolist() == [n - first[i] for n, i in enumerate(source.tolist())]
