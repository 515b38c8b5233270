"""Words that mix letters with others that look alike: of another alphabet, style, form, or a dictionary's radicals.

What looks like what is the folding table's (confusables of UTS #39, Unicode 15.0).  Scripts mix honestly in
units, formulas, sciences and orthographies, so only letters that those do not borrow count, and what a
document says in the other script decides how grave a word is: who writes in two scripts forgets to switch the
keyboard now and then.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from corpusscan.kernels.characters import Hidden, Kind, Script, Text, runs
from corpusscan.kernels.folding import fold

LEAST_LETTERS = 3
SEVERAL = 3  # different words
STYLES = 4  # of mathematical letters inside words: a formula has one or two of them beside its words
SHAPES, AGAIN = 4, 0.75  # different shapes of Arabic letters in plain words, and how many of those in a row are new
# Plain numbers: looking a member of an enumeration up takes longer than the comparison.
_LETTER, _COMMON, _LATIN, _GREEK = int(Kind.LETTER), int(Script.COMMON), int(Script.LATIN), int(Script.GREEK)
_OTHERS = range(Script.CYRILLIC, Script.ALPHABET + 1)
# Greek that science, phonetics, African and Kurdish writing put into Latin words, and sharp s in scanned German.
_BORROWED_GREEK = frozenset("βγεθχυιληδξπφψςζμ")
_SCIENTIFIC_GREEK = frozenset("ακνρστω")  # PGC1α, NFκB: at the end of a word, or among capitals
# Latin that passes for Cyrillic or Greek; i, j, h, q, w and palochka's l and I are borrowed by orthographies.
_COUNTERFEIT: dict[int, frozenset[str]] = {
    Script.CYRILLIC: frozenset("aceopxyABCEHKMOPTX"),
    Script.GREEK: frozenset("ovABEZHIKMNOPTXY"),
    Script.ALPHABET: frozenset(),
}


def mixed_words(text: Text) -> Iterator[Hidden]:
    """Each word that holds counterfeit letters."""
    scripts = text.scripts
    lettered = text.kinds == _LETTER
    latin = lettered & (scripts == _LATIN)
    other = lettered & (scripts >= _OTHERS[0]) & (scripts <= _OTHERS[-1])
    words = runs(lettered | (text.kinds == Kind.MARK))
    latins, others = _count(latin, words), _count(other, words)
    pure = (
        int(np.count_nonzero((latins >= LEAST_LETTERS) & (others == 0))),
        int(np.count_nonzero((others >= LEAST_LETTERS) & (latins == 0))),
    )
    found = [
        (begin, end, plain)
        for begin, end in words[(latins > 0) & (others > 0)].tolist()
        if (plain := _unmasked(text.text[begin:end], scripts[begin:end].tolist(), pure[1] > 0)) is not None
    ]
    if not found:
        return
    several = len({plain for _, _, plain in found}) >= SEVERAL
    for begin, end, plain in found:
        foreign = plain == text.text[begin:end]
        rare = not (several and len(found) * 50 >= sum(pure))
        note = ("keyboard_slip" if foreign else "two_script_text" if pure[1] * 10 > pure[0] else "") if rare else ""
        note = note or ("damaged_text" if text.text.count("\ufffd") * 50 > len(text.text) else "")
        yield Hidden("mixed-script-word", begin, end, "low" if note else "medium", plain, note)


def styled_words(text: Text) -> Iterator[Hidden]:
    """Words and numbers in which plain letters or digits stand beside mathematical or full-width ones.

    Formulas and headings are written in one style; what stands between plain letters keeps a word from being found.
    """
    codes = text.codes
    letters = ((codes >= 0x1D400) & (codes <= 0x1D6A3)) | ((codes >= 0xFF21) & (codes <= 0xFF5A))  # Greek ones follow
    numerals = (codes >= 0x1D7CE) & (codes <= 0x1D7FF)
    if not (letters.any() or numerals.any()):
        return
    within, edges = _beside(runs(letters), (codes < 0x80) & (text.kinds == _LETTER))
    digits, last = _beside(runs(numerals), (codes >= 0x30) & (codes <= 0x39))
    inside = _around(text, within) | _around(text, digits)
    # Beside such words the first and last letters of others count too: alone they are a variable and what follows it.
    found = [*within, *edges, *digits, *last]
    motley = len(_styles(text, found)) >= max(STYLES, len(found) / 2)
    if not inside and not motley:
        return
    several = (len(inside) > 1 or motley) and len(_around(text, found)) >= SEVERAL
    for begin, end in sorted(found):
        plainly = "".join(map(fold, text.text[begin:end]))
        yield Hidden("styled-letters-in-word", begin, end, "medium" if several else "low", plainly)


def _beside(places: np.ndarray, plain: np.ndarray) -> tuple[list[list[int]], list[list[int]]]:
    """The places between two plain characters, and those beside one."""
    plain = np.append(plain, np.False_)  # the last stands for both ends
    left, right = plain[places[:, 0] - 1], plain[places[:, 1]]
    return places[left & right].tolist(), places[left ^ right].tolist()


def _styles(text: Text, places: list[list[int]]) -> set[int]:
    """The styles of mathematical letters, of 52 each, and digits, of ten; full width is one, too."""
    codes = [code for begin, end in places for code in text.codes[begin:end].tolist()]
    return {(code - 0x1D7CE) // 10 + 13 if code >= 0x1D7CE else max((code - 0x1D400) // 52, -1) for code in codes}


def _around(text: Text, places: list[list[int]]) -> set[str]:
    return {text.text[max(begin - 1, 0) : end + 1] for begin, end in places}


def _count(mask: np.ndarray, words: np.ndarray) -> np.ndarray:
    sums = np.zeros(len(mask) + 1, np.int32)
    np.cumsum(mask, out=sums[1:])
    return np.asarray(np.diff(sums[words])[:, 0])


def _unmasked(word: str, scripts: list[int], bilingual: bool) -> str | None:
    """The Latin word that is meant; the word itself where it is another script's; None where it can be honest."""
    letters = [(char, script) for char, script in zip(word, scripts, strict=True) if script != _COMMON]
    foreign = {script for _, script in letters if script in _OTHERS}
    if len(letters) < LEAST_LETTERS or len(foreign) != 1 or any(s != _LATIN and s not in _OTHERS for _, s in letters):
        return None
    other = foreign.pop()
    plain = _as_latin(letters, other)
    if 2 * sum(script == other for _, script in letters) <= len(letters) or (
        plain and plain.isascii() and not bilingual
    ):
        return plain
    false = {char for char, script in letters if script == _LATIN}
    return word if false <= _COUNTERFEIT[other] else None


def _as_latin(letters: list[tuple[str, int]], other: int) -> str | None:
    """The word in Latin letters, if each of the other script passes for one."""
    plain = []
    for i, (char, script) in enumerate(letters):
        like = fold(char) if script == other else char
        if script == other and not (len(like) == 1 and like.isascii() and like.isalpha()):
            return None
        if other == _GREEK and script == other and not _counterfeit_greek(letters, i):
            return None
        plain.append(like)
    return "".join(plain)


def _counterfeit_greek(letters: list[tuple[str, int]], i: int) -> bool:
    """Whether a Greek letter of a Latin word is none that sciences and orthographies put there."""
    char = letters[i][0]
    if char in _BORROWED_GREEK:
        return False
    if char not in _SCIENTIFIC_GREEK:
        return True
    beside = [letters[j][0] for j in (i - 1, i + 1) if 0 <= j < len(letters) and letters[j][1] == _LATIN]
    return len(beside) == 2 and all("a" <= one <= "z" for one in beside)


def forms(text: Text) -> Iterator[Hidden]:
    """Letters that were exchanged for compatibility characters of the same look."""
    yield from _shapes(text)
    yield from _radicals(text)


def _shapes(text: Text) -> Iterator[Hidden]:
    """Shapes of Arabic letters (U+FB50, U+FE80) in words of plain ones, nearly each another.

    Old files are written in shapes throughout, and converters leave the same few again and again.
    """
    codes, arabic = text.codes, (text.kinds == _LETTER) & (text.scripts == Script.ARABIC)
    shaped = arabic & (((codes >= 0xFB50) & (codes <= 0xFBB1)) | ((codes >= 0xFE80) & (codes <= 0xFEF4)))
    if not shaped.any():
        return
    words = runs(arabic | (text.kinds == Kind.MARK))
    some, every = _count(shaped, words), _count(arabic, words)
    mixed = words[(some > 0) & (2 * some <= every)].tolist()
    places = [begin + int(at) for begin, end in mixed for at in np.flatnonzero(shaped[begin:end])]
    if len(np.unique(codes[places])) >= max(SHAPES, AGAIN * len(places)):
        for at in places:
            yield Hidden("compatibility-letters", at, at + 1, "medium", "")


def _radicals(text: Text) -> Iterator[Hidden]:
    """Radicals of dictionaries (U+2F00) between ideographs, in the place of those that look alike.

    Where a font's glyphs were named wrongly all of them are exchanged; who hides something leaves most.
    """
    false = np.flatnonzero((text.codes >= 0x2F00) & (text.codes <= 0x2FD5))
    if not len(false):
        return
    han = np.append((text.kinds == _LETTER) & (text.scripts == Script.EAST_ASIAN), np.False_)  # last: both ends
    false = false[han[false - 1] | han[false + 1]]
    inside = false[han[false - 1] & han[false + 1]]
    if not len(inside):
        return
    left = sum(char in _ideographs() for char in text.text)
    several = len(np.unique(text.codes[false])) >= SEVERAL and len(false) <= left
    for at in false.tolist():
        yield Hidden("compatibility-letters", at, at + 1, "medium" if several else "low", fold(text.text[at]))


@cache
def _ideographs() -> frozenset[str]:
    """Those that a radical looks like."""
    return frozenset(fold(chr(code)) for code in range(0x2F00, 0x2FD6))
