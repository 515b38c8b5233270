"""Makes `confusables.txt` and `folding.npz` beside this file; run by hand, never by the package.

Needs PyICU over ICU 72 (Unicode 15.0): `pip install PyICU` where Debian's libicu-dev is installed,
then `python build.py`.  Everything comes from ICU, so the Unicode data of the Python that runs it
plays no part.  Confusables are the skeletons of UTS #39, taken code point by code point.
"""

from __future__ import annotations

from pathlib import Path

import icu  # type: ignore[import-not-found]
import numpy as np

HERE = Path(__file__).parent
PAGE = 128
NFKD = icu.Normalizer2.getNFKDInstance()
CHECKER = icu.SpoofChecker()
LETTERS = "LM"  # general categories, first letter
HEADER = f"""\
# Non-ASCII code points that look like ASCII, beyond what compatibility decomposition shows.
# One line each: code point, what folded text says instead.
# Derived by build.py from the confusables of Unicode {icu.UNICODE_VERSION} (UTS #39) that ICU {icu.ICU_VERSION} holds:
# skeletons without combining marks; a lower-case letter takes its capital's likeness where it has none of
# its own, so that folding does not depend on case; letters become letters or digits only.
# Copyright (c) 1991-2023 Unicode, Inc.  Unicode License v3, https://www.unicode.org/license.txt:
# data files may be used, changed and passed on freely as long as this notice stays with them.
"""


def ignorable(char: str) -> bool:
    """Whether a folded text leaves this code point out."""
    code = ord(char)
    return 0x300 <= code <= 0x36F or icu.Char.hasBinaryProperty(code, icu.UProperty.DEFAULT_IGNORABLE_CODE_POINT)


def plain(char: str) -> str:
    """Decomposed, case folded, without what is ignored, until nothing changes."""
    text, before = char, ""
    while text != before:
        before = text
        text = NFKD.normalize(str(icu.UnicodeString(NFKD.normalize(text)).foldCase()))
    return "".join(c for c in text if not ignorable(c))


def category(char: str) -> str:
    """The first letter of the general category, in the order in which ICU numbers the categories."""
    return "CLLLLLMMMNNNZZZCCCCPPPPPSSSSPP"[icu.Char.charType(ord(char))]


def skeleton(char: str) -> str | None:
    """The ASCII a code point looks like, or None."""
    text = "".join(c for c in CHECKER.getSkeleton(0, char) if not ignorable(c))
    if not text or not text.isascii() or text == char:
        return None
    text = {"''": '"', "rn": "m", "l": "|" if category(char) in "PS" else "l"}.get(text, text).lower()
    if len(text) > 1 and not (category(char) == "L" and icu.Script.getScript(char).getShortName() == "Latn"):
        return None
    return None if category(char) in LETTERS and not text.isalnum() else text


def likeness(char: str) -> str | None:
    """The skeleton of a code point of folded text, or of its capital."""
    if char.isascii() or category(char) == "C":
        return None
    capital = chr(icu.Char.toupper(ord(char)))
    return skeleton(char) or (skeleton(capital) if capital != char else None)


def fold(char: str) -> str:
    """What stands for one code point in folded text."""
    return "".join(likeness(c) or c for c in plain(char))


def build() -> tuple[dict[str, str], dict[int, str]]:
    """Confusables by character, and what each code point that changes becomes."""
    codes = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    folded = {c: text for c in codes if (text := fold(chr(c))) != chr(c)}
    confusable = {chr(c): like for c in codes if plain(chr(c)) == chr(c) and (like := likeness(chr(c)))}
    for code, text in folded.items():
        assert "".join(folded.get(ord(c), c) for c in text) == text, f"{code:X} folds twice"
        capital = icu.Char.toupper(code)
        assert folded.get(capital, chr(capital)) == text or plain(chr(capital)) != plain(chr(code)), f"{code:X}"
    return confusable, folded


def tables(folded: dict[int, str]) -> dict[str, np.ndarray]:
    """Two-stage lookup: page[code >> 7] * 128 + low bits -> entry; entry 0 leaves the code point as it is."""
    texts = sorted(set(folded.values()))
    number = {text: i + 1 for i, text in enumerate(texts)}
    entry = np.zeros(0x110000, np.uint16)
    for code, text in folded.items():
        entry[code] = number[text]
    pages, page = np.unique(entry.reshape(-1, PAGE), axis=0, return_inverse=True)
    parts = [b"", *(text.encode() for text in texts)]
    start = np.cumsum([0, *map(len, parts)])
    return {
        "page": page.astype(np.uint16).ravel(),
        "entry": pages.astype(np.uint16).ravel(),
        "start": start.astype(np.uint32),
        "pool": np.frombuffer(b"".join(parts), np.uint8),
    }


if __name__ == "__main__":
    confusables, mapping = build()
    lines = [f"{ord(char):04X} {like}\n" for char, like in sorted(confusables.items())]
    (HERE / "confusables.txt").write_text(HEADER + "".join(lines), encoding="utf-8")
    np.savez_compressed(HERE / "folding.npz", **tables(mapping))  # type: ignore[arg-type]
