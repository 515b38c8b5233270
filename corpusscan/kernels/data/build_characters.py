"""Makes `characters.npz` beside this file; run by hand, never by the package: needs what `build.py` needs.

Says of every code point what kind of character it is and what habits its script has
(`kernels/characters.py` names the numbers), as Unicode 15.0 has it in ICU 72.
"""

from __future__ import annotations

from pathlib import Path

import icu  # type: ignore[import-not-found]
import numpy as np

from corpusscan.kernels.characters import Kind, Script

HERE = Path(__file__).parent
PAGE = 128
RTL = {"Arab", "Syrc", "Thaa", "Nkoo", "Mand", "Adlm", "Rohg", "Mani", "Phlp", "Sogd", "Sogo", "Ougr", "Chrs", "Samr"}
EAST_ASIAN = {"Hani", "Hira", "Kana", "Bopo", "Yiii", "Tang", "Nshu", "Kits"}
ALPHABETS = {  # their words are written without joiners; whatever is not named here or above may use them
    "Armn", "Geor", "Cher", "Copt", "Lisu", "Dsrt", "Osge", "Goth", "Ital", "Cans", "Ethi", "Glag", "Tfng", "Vaii",
    "Runr", "Ogam", "Shaw", "Dupl", "Elba", "Aghb", "Perm", "Wara", "Medf", "Bamu", "Olck", "Lina", "Linb", "Cari",
    "Lyci", "Lydi", "Hung", "Orkh", "Cprt", "Phnx", "Vith", "Toto", "Mroo", "Hluw", "Egyp", "Xsux", "Plrd", "Bass",
}  # fmt: skip
NAMED = {"Latn": Script.LATIN, "Cyrl": Script.CYRILLIC, "Grek": Script.GREEK, "Hebr": Script.HEBREW,
         "Hang": Script.HANGUL, "Zyyy": Script.COMMON, "Zinh": Script.COMMON, "Zzzz": Script.COMMON}  # fmt: skip
FILLERS = {0x115F, 0x1160, 0x3164, 0xFFA0}
CATEGORIES = (  # as ICU numbers them
    *("Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cs"),
    *("Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi", "Pf"),
)
LAYOUT = set(range(0x09, 0x0E)) | {0x85}  # controls that part lines and pages


def has(code: int, prop: int) -> bool:
    """Whether a code point has a binary property."""
    return bool(icu.Char.hasBinaryProperty(code, prop))


def script(code: int) -> Script:
    """What habits the script of a code point has."""
    name = icu.Script.getScript(chr(code)).getShortName()
    if name in NAMED:
        return NAMED[name]
    groups = ((RTL, Script.ARABIC), (EAST_ASIAN, Script.EAST_ASIAN), (ALPHABETS, Script.ALPHABET))
    return next((group for names, group in groups if name in names), Script.INDIC)


def kind(code: int) -> Kind:  # noqa: PLR0911
    """What kind of character a code point is; what cannot be seen comes first."""
    prop = icu.UProperty
    category = CATEGORIES[icu.Char.charType(code)]
    if 0xE0000 <= code < 0xE0080:
        return Kind.TAG
    if has(code, prop.VARIATION_SELECTOR):
        return Kind.SELECTOR
    if code in (0x200E, 0x200F, 0x61C):
        return Kind.DIRECTION_MARK
    if has(code, prop.BIDI_CONTROL):
        return Kind.BIDI
    if category == "Cc":
        return Kind.SPACE if code in LAYOUT else Kind.CONTROL
    if has(code, prop.DEFAULT_IGNORABLE_CODE_POINT) or code in FILLERS or 0xFFF9 <= code <= 0xFFFB:
        return Kind.INVISIBLE
    by_category = {"L": Kind.LETTER, "Z": Kind.SPACE}
    exact = {"Mn": Kind.MARK, "Me": Kind.MARK, "Mc": Kind.LETTER, "Nd": Kind.DIGIT, "Co": Kind.PRIVATE,
             "Cn": Kind.UNASSIGNED}  # fmt: skip
    return exact.get(category) or by_category.get(category[0], Kind.OTHER)


def tables() -> dict[str, np.ndarray]:
    """Two-stage lookup: page[code >> 7] * 128 + low bits -> kind in the low four bits, script in the high four."""
    entry = np.zeros(0x110000, np.uint8)
    for code in range(0x110000):
        if not 0xD800 <= code < 0xE000:
            entry[code] = kind(code) | script(code) << 4
    pages, page = np.unique(entry.reshape(-1, PAGE), axis=0, return_inverse=True)
    return {"page": page.astype(np.uint16).ravel(), "entry": pages.ravel()}


if __name__ == "__main__":
    np.savez_compressed(HERE / "characters.npz", **tables())  # type: ignore[arg-type]
