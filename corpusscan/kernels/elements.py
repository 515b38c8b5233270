"""What the elements of HTML do to a page: which end lines, hold no text, or end others that were left open."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

BLOCK, VOID, RAW, TITLE, PLAIN, NONE, ENDS_P, BREAKS_OUT, CELL = (1 << n for n in range(9))
UNKNOWN = 256  # ids of names that are none of HTML begin here
IDS = UNKNOWN + 1024
_SEED, _PRIME, _MASK = 0x811C9DC5, 0x01000193, 0xFFFFFFFF  # FNV-1a


def _words(text: str) -> list[str]:
    return text.split()


_BLOCKS = _words("""address article aside blockquote center details dialog dir div dl fieldset figcaption figure
footer form h1 h2 h3 h4 h5 h6 header hgroup hr main menu nav ol p pre search section summary
table ul""")
_KINDS = {
    BLOCK: [*_BLOCKS, *_words("""html head body title li dd dt tr tbody thead tfoot caption option optgroup select
textarea xmp listing legend br plaintext""")],
    VOID: _words("area base br col embed hr img input link meta param source track wbr basefont bgsound frame keygen"),
    RAW: _words("script style iframe noembed noframes noscript"),
    TITLE: ["title", "textarea"],  # tags in it are text, character references are decoded
    PLAIN: ["xmp", "plaintext"],  # and not even these
    NONE: ["template", "datalist", "script", "style", "rp"],
    ENDS_P: [*_BLOCKS, "li", "dd", "dt", "xmp", "plaintext", "listing"],
    BREAKS_OUT: [*_BLOCKS, *_words("""b big body br code dd dt em embed head i img li meta nobr ruby s small span strong
strike sub sup tt u var""")],  # of SVG and MathML
    CELL: ["td", "th"],
}  # fmt: skip
# Elements that end an open one of their own kind, and what keeps them from looking further.
_GROUPS = [
    (["li"], ["ul", "ol", "menu"]), (["dd", "dt"], ["dl"]), (["td", "th"], ["table"]), (["tr"], ["table"]),
    (["tbody", "thead", "tfoot"], ["table"]), (["option", "optgroup"], ["select"]),
]  # fmt: skip
_NAMES = sorted({name for names in _KINDS.values() for name in names} | {"svg", "math", "html", "body", "a"}
                | {name for group in _GROUPS for names in group for name in names})  # fmt: skip


def _hash(name: str) -> int:
    value = _SEED
    for letter in name.encode():
        value = (value ^ letter) * _PRIME & _MASK
    return value


_NAMES.sort(key=_hash)
_HASHES = np.array([_hash(name) for name in _NAMES], np.uint64)
OF = {name: number for number, name in enumerate(_NAMES)}
KIND, GROUP, STOPS = np.zeros(IDS, np.uint16), np.zeros(IDS, np.uint8), np.zeros(IDS, np.uint8)
for _bit, _names in _KINDS.items():
    KIND[[OF[_name] for _name in _names]] |= np.uint16(_bit)
for _number, (_own, _stops) in enumerate(_GROUPS):
    GROUP[[OF[_name] for _name in _own]] = 1 << _number
    STOPS[[OF[_name] for _name in _stops]] |= np.uint8(1 << _number)
P, PRE, TEXTAREA, SVG, MATH, HTML, BODY, PLAINTEXT = (
    OF[_name] for _name in ("p", "pre", "textarea", "svg", "math", "html", "body", "plaintext")
)


@njit(cache=True, nogil=True)
def element(data: Any, begin: int, end: int) -> int:
    """The number of the element whose name stands there, in whatever case."""
    value = np.uint64(_SEED)
    for i in range(begin, end):
        c = np.uint64(data[i])
        if np.uint64(0x41) <= c <= np.uint64(0x5A):
            c += np.uint64(0x20)
        value = ((value ^ c) * np.uint64(_PRIME)) & np.uint64(_MASK)
    place = np.searchsorted(_HASHES, value)
    if place < len(_HASHES) and _HASHES[place] == value:
        return int(place)
    return int(UNKNOWN + np.int64(value & np.uint64(1023)))
