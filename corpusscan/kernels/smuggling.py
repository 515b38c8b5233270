"""Text carried by characters that nobody sees: tags, variation selectors, zero-width characters.

Butler (2025), "Smuggling arbitrary data through an emoji"; Boucher et al. (2022), "Bad Characters:
Imperceptible NLP Attacks"; Unicode TR51 (flags of tag characters), UAX 44 and the Core Specification,
chapter 23 (joiners, selectors).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from corpusscan.kernels.characters import Codes, Hidden, Kind, Script, Text, runs

BLACK_FLAG, CANCEL_TAG = 0x1F3F4, 0xE007F
SUPPLEMENT = 0xE0100  # the first of the selectors VS17 to VS256
SOFT_HYPHEN, ZERO_WIDTH_SPACE, NON_JOINER, CARET = 0xAD, 0x200B, 0x200C, 0xFEFF
SEVERAL, SHARE = 3, 0.25  # places that are no slip of a typesetter, and of all places where words are parted
WORDS = 8  # of which one at least is parted where all long words are
LEAST_TAGS, LEAST_SELECTORS, LEAST_BITS = 3, 4, 8  # characters that carry something
Places = npt.NDArray[np.int64]  # begin and end of each, as rows
MOST_CARRIED = 4_096  # characters that are decoded of one payload; evidence shows far fewer
_PLAIN = frozenset(" .,:;/!?'\"-_@=()\n")
_JOINERS = (0x34F, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF)
_USED = {
    Script.ARABIC: _JOINERS,
    Script.INDIC: (*_JOINERS, 0x17B4, 0x17B5, 0x180E),  # with vowels of Khmer and Mongolian that are not written
    Script.HEBREW: (0x200C, 0x200D, 0x34F),
    Script.EAST_ASIAN: (0x200B, 0x2060, 0xFEFF),  # where lines may and may not break
    Script.HANGUL: (0x200B, 0x115F, 0x1160),
}
# A row of consonants that no syllable is: r and l may stand for a vowel, w and y may be one.
_BARREN = "bcdfghjkmnpqstvxzбвгджзйкмнпстфхцчшщ"
_LETTERS = "A-Za-zÀ-ÖØ-öø-ɏͰ-ϿЀ-ԯḀ-\u1fff"
_NO_SYLLABLE = re.compile(
    rf"(?<![{_LETTERS}])[{_BARREN}]+(?=\xad+[{_LETTERS}])|(?<=[{_LETTERS}]\xad)[{_BARREN}]+(?![{_LETTERS}])",
    re.IGNORECASE,
)
_OPERATORS = (0x2061, 0x2062, 0x2063, 0x2064)  # of mathematics: between names of functions and of variables


def tags(text: Text) -> Iterator[Hidden]:
    """Tag characters that are no flag of a country's part; they copy ASCII at U+E0000."""
    found = [(a, b) for a, b in runs(text.kinds == Kind.TAG).tolist() if not _flag(text.codes, a, b)]
    total = sum(b - a for a, b in found)
    for a, b in found:
        carried = text.codes[a:b] - 0xE0000
        severity = "high" if total >= LEAST_TAGS else "low"
        yield Hidden("tag-characters", a, b, severity, "".join(map(chr, carried[(carried > 31) & (carried < 127)])))


def _flag(codes: Codes, begin: int, end: int) -> bool:
    """Whether tags are the region of a flag: 🏴 with three to six letters or digits, closed."""
    if begin == 0 or codes[begin - 1] != BLACK_FLAG or codes[end - 1] != CANCEL_TAG or not 4 <= end - begin <= 7:
        return False
    region = codes[begin : end - 1] - 0xE0000
    return bool(np.all(((region >= 97) & (region <= 122)) | ((region >= 48) & (region <= 57))))


def selectors(text: Text) -> Iterator[Hidden]:
    """Variation selectors in numbers or in places where they select nothing."""
    codes, kinds, scripts = text.codes, text.kinds, text.scripts
    places = runs(kinds == Kind.SELECTOR)
    begins, base = places[:, 0], np.maximum(places[:, 0] - 1, 0)
    han = (scripts[base] == Script.EAST_ASIAN) & (begins > 0)
    lettered = (kinds[base] == Kind.LETTER) & (scripts[base] >= Script.LATIN) & (scripts[base] <= Script.HEBREW)
    wrong = (places[:, 1] - begins > 1) | ((codes[begins] >= SUPPLEMENT) & ~han) | (lettered & (begins > 0))
    found = places[wrong]
    row = _gathered(codes, found)
    if not len(row) or (row.min() == row.max() and row[0] < SUPPLEMENT):
        return  # the same emoji style again and again says nothing
    decoded = _selected(row[:MOST_CARRIED])
    for a, b in found.tolist():
        own = _selected(codes[a : min(b, a + MOST_CARRIED)]) if b - a >= LEAST_SELECTORS else decoded
        yield Hidden("variation-selector-payload", a, b, "high" if len(row) >= LEAST_SELECTORS else "low", own)


def _gathered(codes: Codes, places: Places) -> Codes:
    """The characters of all places, one after another."""
    inside = np.zeros(len(codes) + 1, np.int8)
    np.add.at(inside, places[:, 0], 1)
    np.add.at(inside, places[:, 1], -1)
    return codes[np.cumsum(inside[:-1]) > 0]


def _selected(codes: Codes) -> str:
    """The bytes that selectors stand for, in the way that gives the most readable text."""
    low = codes < SUPPLEMENT
    values = np.where(low, codes & 15, codes - SUPPLEMENT + 16)
    ways = [values.astype(np.uint8).tobytes(), np.where(low, codes & 15, codes - SUPPLEMENT).astype(np.uint8).tobytes()]
    nibbles = values[values < 16].astype(np.uint8)
    if len(nibbles) == len(values):
        ways.append((nibbles[: len(nibbles) // 2 * 2].reshape(-1, 2) @ np.array([16, 1])).astype(np.uint8).tobytes())
    return max((way.decode("utf-8", "replace") for way in ways), key=readable)


def readable(text: str) -> float:
    """The share of letters, digits, spaces and plain punctuation, of ASCII or beyond it."""
    return sum(" " <= char <= "~" or (char > "\xa0" and char != "\ufffd") for char in text) / max(len(text), 1)


def zero_widths(text: Text) -> Iterator[Hidden]:
    """Invisible characters inside words whose script has none, and runs or rows of them that carry bits."""
    codes = text.codes
    places = runs((text.kinds == Kind.INVISIBLE) & (codes != SOFT_HYPHEN))
    if len(places):
        low, high = _reduced(np.minimum, codes, places), _reduced(np.maximum, codes, places)
        payload = (places[:, 1] - places[:, 0] >= LEAST_BITS) & (low != high)
        for a, b in places[payload].tolist():
            yield Hidden("zero-width-payload", a, b, "high", carried(codes[a : min(b, a + MOST_CARRIED)]))
        inside = places[~payload & _in_word(text, places)]
        yield from _scattered(codes, inside)
        guests = _guests(text)
        for a, b in inside.tolist():
            word = _word(text, a, b)
            notes = (_line_break(codes[a], word), _ligature(text, a, b), _caret(text, a, b),
                     guests if np.isin(codes[a:b], _JOINERS).all() else "")  # fmt: skip
            note = next(filter(None, notes), "")
            yield Hidden("zero-width-in-word", a, b, "low" if note else "medium", word, note)
    yield from _directions(text)
    yield from _soft_hyphens(text)


def _directions(text: Text) -> Iterator[Hidden]:
    """Marks of direction in a row: one orders what stands beside it, many can only carry something."""
    for a, b in runs(text.kinds == Kind.DIRECTION_MARK).tolist():
        row = text.codes[a:b]
        if b - a >= LEAST_BITS and row.min() != row.max():
            yield Hidden("zero-width-payload", a, b, "high", carried(row[:MOST_CARRIED]))


def _reduced(what: np.ufunc, values: Any, places: Places) -> Any:
    """A reduction over each place; between places lies at least one character."""
    edges = np.minimum(places.ravel(), len(values) - 1)
    last = places[-1, 1] == len(values)  # the end of the last place is no index
    return what.reduceat(values, edges[:-1] if last else edges)[::2]


def _in_word(text: Text, places: Places) -> Any:
    """Which places have a letter, digit or underscore on both sides, of scripts that use nothing of the kind."""
    codes, kinds, scripts = text.codes, text.kinds, text.scripts
    solid = np.flatnonzero((kinds != Kind.INVISIBLE) & (kinds != Kind.MARK))
    if not len(solid):
        return np.zeros(len(places), np.bool_)
    left, right = np.searchsorted(solid, places[:, 0]) - 1, np.searchsorted(solid, places[:, 1])
    both = (left >= 0) & (right < len(solid))
    left, right = solid[np.maximum(left, 0)], solid[np.minimum(right, len(solid) - 1)]
    worded = (kinds == Kind.LETTER) | (kinds == Kind.DIGIT) | (codes == 0x5F)
    own = (kinds == Kind.LETTER) & (scripts != Script.COMMON)
    users = _reduced(np.bitwise_and, _users(codes), places)
    used = users & ((1 << scripts[left].astype(np.uint16)) | (1 << scripts[right].astype(np.uint16)))
    operator = _reduced(np.maximum, np.isin(codes, _OPERATORS), places)
    lettered = np.append(kinds == Kind.LETTER, np.False_)
    short = ~lettered[left - 1] | ~lettered[right + 1]  # the last one stands for both ends
    return both & worded[left] & worded[right] & (own[left] | own[right]) & (used == 0) & ~(operator & short)


def _users(codes: Codes) -> npt.NDArray[np.uint16]:
    """One bit for each script whose words may hold an invisible character."""
    users = np.zeros(len(codes), np.uint16)
    for script, own in _USED.items():
        users |= np.isin(codes, own).astype(np.uint16) << np.uint16(script)
    return users


def _word(text: Text, begin: int, end: int, reach: int = 64) -> str:
    """What stands between two spaces round a place, without what is invisible."""
    low = max(begin - reach, 0)
    spaces = np.flatnonzero(text.kinds[low : end + reach] == Kind.SPACE) + low
    before, after = spaces[spaces < begin], spaces[spaces >= end]
    first, last = int(before[-1]) + 1 if len(before) else low, int(after[0]) if len(after) else end + reach
    kinds, unseen = text.kinds[first:last].tolist(), int(Kind.INVISIBLE)
    return "".join(c for c, kind in zip(text.text[first:last], kinds, strict=True) if kind != unseen)


def _line_break(code: int, word: str) -> str:
    """Places where long words and addresses may be broken are given with zero-width spaces."""
    long = len(word) >= 20 or any(mark in word for mark in ("/", "@", "www.", "://"))
    return "line_break" if code == ZERO_WIDTH_SPACE and long else ""


def _ligature(text: Text, begin: int, end: int) -> str:
    """German typesetting parts f from f, i and l between the parts of a word with a non-joiner."""
    alone = end - begin == 1 and text.codes[begin] == NON_JOINER
    return (
        "ligature" if alone and text.text[begin - 1 : begin] == "f" and text.text[end : end + 1] in "filtbhkj" else ""
    )


def _caret(text: Text, begin: int, end: int) -> str:
    """Web editors leave the mark that holds their caret behind the first letter of a word, where drop capitals go."""
    first = begin == 1 or (begin > 1 and text.kinds[begin - 2] not in (Kind.LETTER, Kind.DIGIT, Kind.MARK))
    alone = end - begin == 1 and text.codes[begin] == CARET
    return "editor_caret" if alone and first else ""


def _guests(text: Text) -> str:
    """In a text of a script that has joiners, a foreign word may have caught one."""
    letters = text.kinds == Kind.LETTER
    own = np.isin(text.scripts, (Script.ARABIC, Script.INDIC)) & letters
    return "joiner_script_text" if own.sum() * 5 > letters.sum() else ""


def _scattered(codes: Codes, inside: Places) -> Iterator[Hidden]:
    """One payload spread over many words."""
    row = _gathered(codes, inside)[:MOST_CARRIED]
    if len(row) >= 2 * LEAST_BITS and (message := _bits(row.tolist())):
        yield Hidden("zero-width-payload", int(inside[0, 0]), int(inside[-1, 1]), "high", message)


def _soft_hyphens(text: Text) -> Iterator[Hidden]:
    """Soft hyphens where no word is divided: one upon another, round single letters, beside what is no syllable.

    Who divides words does so by rule, throughout a text or at the ends of its lines; a few slips are forgiven.
    """
    letters = np.concatenate([text.kinds == Kind.LETTER, [False, False]])  # the last two stand beyond both ends
    places = np.flatnonzero(text.codes == SOFT_HYPHEN)
    gaps = np.diff(places)
    close = (gaps == 1) | ((gaps == 2) & letters[places[:-1] + 1])
    heaps = np.array([(places[a], places[b] + 1) for a, b in runs(close)], np.int64).reshape(-1, 2)
    parted = runs(text.codes == SOFT_HYPHEN)
    parted = parted[letters[parted[:, 0] - 1] & letters[parted[:, 1]]]
    begins, long = parted[:, 0], parted[:, 1] - parted[:, 0]
    heaped = np.isin(begins, heaps[:, 0]) | (
        np.searchsorted(heaps[:, 0], begins) > np.searchsorted(heaps[:, 1], begins)
    )
    alone = ~(letters[begins - 2] & letters[parted[:, 1] + 1])
    false = np.isin(begins, _no_syllables(text)) | (alone & ~heaped)
    throughout = len(parted) * WORDS >= (text.kinds == Kind.SPACE).sum()
    false |= long > (long.min(initial=len(text.codes)) if throughout else 1)  # who divides all words twice may do so
    several = int(false.sum()) >= max(SEVERAL, SHARE * len(parted))
    for begin, end in heaps.tolist():
        if begin and text.kinds[begin - 1] in (Kind.LETTER, Kind.DIGIT):
            many = int((text.codes[begin:end] == SOFT_HYPHEN).sum()) > max(2, SHARE * len(places))
            severity = "medium" if several or (many and letters[end]) else "low"
            yield Hidden("zero-width-in-word", begin, end, severity, _word(text, begin, end))
    for begin, end in parted[~heaped & (false | several)].tolist():
        yield Hidden("zero-width-in-word", begin, end, "medium" if several else "low", _word(text, begin, end))


def _no_syllables(text: Text) -> list[int]:
    """Where soft hyphens part a row of consonants from its word."""
    rows = _NO_SYLLABLE.finditer(text.text)
    return [row.end() if text.text[row.end() : row.end() + 1] == "\xad" else row.start() - 1 for row in rows]


def carried(codes: Codes) -> str:
    """What zero-width characters carry: text where it can be read, else which they are."""
    row = codes.tolist()
    message = _bits(row)
    if message:
        return message
    names = {code: str(i) for i, code in enumerate(sorted(set(row)))}
    return "".join(names[code] if len(names) <= 10 else f"<{code:x}>" for code in row)


def _bits(row: Sequence[int]) -> str:
    """The text that two symbols spell in bytes (a third may part them), or nothing."""
    common = [code for code, _ in sorted(Counter(row).items(), key=lambda item: (-item[1], item[0]))]
    best, share = "", 0.9
    pairs = [(a, b) for a in common[:3] for b in common[:3] if a != b]
    for width in (0, 8, 16, 7):  # 0: as a third symbol parts them
        for zero, one in pairs:
            digits = "".join("0" if c == zero else "1" if c == one else " " for c in row)
            text = "".join(map(_letter, _numbers(digits, width))).strip("\0")
            plain = sum(char.isascii() and (char.isalnum() or char in _PLAIN) for char in text)
            if len(text) >= 2 and plain > share * len(text):
                best, share = text, plain / len(text)
    return best


def _numbers(digits: str, width: int) -> list[int]:
    """Binary digits as numbers of a width, or as they are parted."""
    if width == 0:
        parts = digits.split()
        return [int(part[:21], 2) for part in parts] if len(parts) > 1 else []
    joined = digits.replace(" ", "")
    return [int(joined[i : i + width], 2) for i in range(0, len(joined) - width + 1, width)]


def _letter(value: int) -> str:
    return chr(value) if value < 0x2FF else "\ufffd"
