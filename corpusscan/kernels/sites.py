"""How much of a text is what software and notices say of the site they stand on: page, server, cookies, log in, ...

`data/sites.txt` holds words, each with how much more often messages of such software say it than other texts do
(`data/build_sites.py` counted them).  The mean weight of the words of a text is its log-likelihood ratio per
word (naive Bayes; unknown words say nothing), so a sentence of such words beside others moves it little.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import repeat
from pathlib import Path
from unicodedata import category

MOST = 3.0  # weight of a word
ORDINARY = 20  # words without weight that are added, so that few words have to say much
WINDOW = 600  # characters, of which each must speak so: a notice before or behind something else is not all of it
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_MARKS = "".join(filter(lambda mark: category(mark) in ("Mn", "Mc"), map(chr, range(0x300, 0xE00))))
_ASCII = re.compile("[a-z]+")  # of an ASCII text in lower case, what `_RUN` finds
_RUN = re.compile(rf"[{_UNSPACED}]+|(?:[^\W\d_{_UNSPACED}]|[{_MARKS}])+")


def tokens(text: str) -> list[str]:
    """Words in lower case; of scripts without spaces, pairs of characters."""
    text, found = text.casefold(), []
    if text.isascii():
        return _ASCII.findall(text)
    for run in _RUN.findall(text):
        if run[0] in _SPACED or not _is_unspaced(run[0]):
            found.append(run)
        else:
            found += [run[i : i + 2] for i in range(len(run) - 1)] or [run]
    return found


_SPACED = frozenset("abcdefghijklmnopqrstuvwxyz")
_is_unspaced = re.compile(rf"[{_UNSPACED}]").match


@cache
def _weights() -> dict[str, int]:
    weights: dict[str, int] = {}
    for line in (Path(__file__).parent / "data" / "sites.txt").read_text("utf-8").splitlines():
        _, weight, *words = line.split(" ")
        weights |= dict.fromkeys(words, int(weight))
    return weights


def speaks_of_site(text: str, least: float) -> float:
    """The mean weight of its words and `ORDINARY` others, up to `MOST`; 0 if a window has less than half of `least`."""
    total = count = 0
    for begin in range(0, max(len(text) - WINDOW // 2, 1), WINDOW):
        last = begin + WINDOW + WINDOW // 2 >= len(text)  # a short rest counts with the window before it
        words = tokens(text[begin : None if last else begin + WINDOW])
        weight = sum(map(_weights().get, words, repeat(0)))
        if 2 * weight < least * len(words):
            return 0.0
        total, count = total + weight, count + len(words)
    return total / (count + ORDINARY)
