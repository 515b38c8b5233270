"""What copies have in common, and the slots in which they differ."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from itertools import islice, pairwise
from typing import NamedTuple

MOST_WORDS = 200  # of a text that are aligned: its beginning tells the template
SHARE = 0.5  # of the texts that must have a word in its place for it to be fixed
EXCHANGED, EXCHANGED_SHARE = 6, 0.03  # words that few texts lack, and their share of all, which show rewording
ALIKE = 0.6  # of the words between the first and the last that two copies share, which they share
MAXIMAL = 0.9  # of the greatest entropy: nine texts of which two have the same filling still count
EQUAL = 0.8  # of the words of a text that are fixed: what is in no slot, is equal
COMPARED = 300  # words of each of two texts that are compared: the price is their cube where both repeat themselves
FEW = 4  # texts with a slot, below which fillings that all differ say nothing
SLOT, _NO_SLOT = "⟨…⟩", "⟨...⟩"
_ADDRESS = r"(?:https?|ftp)://[^\s<>\"'`]*[\w/]|[A-Za-z0-9_.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"
# Addresses and numbers are one word; characters of scripts without spaces stand alone, signs too.
_WORD = re.compile(
    _ADDRESS + r"|\d+(?:[.,:]\d+)*(?!\w)"
    r"|[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\w+|[^\w\s]"
)
_URL = re.compile(rf"(?:{_ADDRESS}|(?:[\w-]+\.)+[a-z]{{2,}}(?:/\S*)?)", re.IGNORECASE)
_AROUND_NUMBERS = frozenset(" .,:;/%+-–−'()#$€£¥₹°")


class Template(NamedTuple):
    """The text that copies share, as the first of them has it, with `SLOT` where they differ."""

    text: str
    slots: list[list[str]]  # what stands in each slot, text by text, the first text first
    reworded: bool  # whether single words are exchanged here and there, in each text others
    fixed: float  # the share of the words of the first text that are in no slot
    shared: list[float]  # by text, the share of its words and of the first one's that both have in their place


def template(texts: Sequence[str]) -> Template:
    """The template of at least one text, aligned to the first (Ratcliff and Obershelp, as in difflib)."""
    first, *others = [[*_WORD.finditer(text)][:MOST_WORDS] for text in texts]
    said = [match[0].casefold() for match in first]
    places = [_aligned(said, [match[0].casefold() for match in other]) for other in others]
    fixed = [i for i in range(len(said)) if sum(i in own for own in places) >= SHARE * len(places)]
    parts, slots, before = [""], [], -1
    for i in [*fixed, len(said)]:
        gap = [_between(texts[0], first, before, i)]
        gap += [
            _between(text, words, own.get(before, -1) if before >= 0 else -1, own.get(i, len(words)))
            for text, words, own in zip(texts[1:], others, places, strict=True)
            if (before < 0 or before in own) and (i == len(said) or i in own)
        ]
        if any(gap):
            slots.append(gap)
            parts.append("")
        elif before >= 0 and i < len(said):
            parts[-1] += texts[0][first[before].end() : first[i].start()]
        if i < len(said):
            parts[-1] += first[i][0]
        before = i
    # A text that has our own sign makes no slot of it.
    shown = f" {SLOT} ".join(part.replace(SLOT, _NO_SLOT) for part in parts)
    shared = [1.0] + [2 * len(own) / max(len(said) + len(words), 1) for words, own in zip(others, places, strict=True)]
    fixed_share = len(fixed) / max(len(said), 1)
    return Template(" ".join(shown.split()), slots, _reworded(said, places), fixed_share, shared)


def entropy(fillings: Sequence[str]) -> tuple[float, float]:
    """Shannon's entropy of what stands in a slot, in bits, and as a share of the greatest that so many texts can have.

    -sum(p log2 p) over the different fillings, p the share of the texts with that filling; it is greatest,
    log2 of the number of texts, where all differ.  One text, or none, has entropy 0 and the share 0.
    """
    texts = len(fillings)
    if texts < 2:
        return 0.0, 0.0
    bits = sum(n / texts * math.log2(texts / n) for n in Counter(fillings).values())
    return bits, min(bits / math.log2(texts), 1.0)


def stands_out(found: Template, fillings: Sequence[str]) -> bool:
    """Whether a slot has nearly the greatest entropy in otherwise equal texts: what a slot attack looks like."""
    return found.fixed >= EQUAL and len(fillings) >= FEW and entropy(fillings)[1] >= MAXIMAL


def kind(fillings: Sequence[str]) -> str:
    """What stands in a slot: `number`, `url` (a mail address too), `name` (capitalised words), or `text`."""
    said = [one for one in fillings if one]
    for name, is_one in (("number", _is_number), ("url", _URL.fullmatch), ("name", _is_name)):
        if said and all(map(is_one, said)):
            return name
    return "text"


def _is_number(text: str) -> bool:
    return any(map(str.isnumeric, text)) and all(char.isnumeric() or char in _AROUND_NUMBERS for char in text)


def _is_name(text: str) -> bool:
    words = text.split()
    return len(words) <= 4 and all(word[0].isupper() for word in words)


def differences(one: str, other: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Where each of two texts says what the other does not, as code points of it; in their first `COMPARED` words."""
    left, right = ([*islice(_WORD.finditer(text), COMPARED)] for text in (one, other))
    matcher = SequenceMatcher(None, [word[0] for word in left], [word[0] for word in right], autojunk=False)
    spans: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    for tag, *ends in matcher.get_opcodes():
        for own, words, (first, last) in zip(spans, (left, right), (ends[:2], ends[2:]), strict=True):
            if tag != "equal" and first < last:
                own.append((words[first].start(), words[last - 1].end()))
    return spans


def part(one: str, other: str) -> int:
    """Code points that two texts begin with alike."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def cut(text: str, words: int, characters: int) -> str:
    """The beginning of a text: at most so many words, and so many characters."""
    ends = [match.end() for match in islice(_WORD.finditer(text[:characters]), words + 1)]
    return text[: ends[-2]] if len(ends) > words else text[:characters]


def _reworded(said: Sequence[str], places: Sequence[Mapping[int, int]]) -> bool:
    """Whether copies lack single words of the first that nearly all others have.

    What stands in a slot of a template is lacked by all, what one of two variants says by many, what was cut
    or put in is long, numbers vary in honest forms, and texts that have little in common are no copies.
    """
    copies = [kept for own in places if (kept := sorted(own)) and len(kept) >= ALIKE * (kept[-1] - kept[0] + 1)]
    pairs = [pair for kept in copies for pair in pairwise(kept)]
    lacking = Counter(i for one, other in pairs if other - one in (2, 3) for i in range(one + 1, other))
    few = max(len(copies) // 4, 1)
    scattered = sum(count for i, count in lacking.items() if count <= few and said[i].isalpha())
    return 2 * len(copies) > len(places) and scattered >= max(EXCHANGED, EXCHANGED_SHARE * len(pairs))


def _aligned(first: list[str], other: list[str]) -> dict[int, int]:
    """Where the words of the first text stand in the other."""
    blocks = SequenceMatcher(None, first, other, autojunk=False).get_matching_blocks()
    return {block.a + i: block.b + i for block in blocks for i in range(block.size)}


def _between(text: str, words: list[re.Match[str]], before: int, after: int) -> str:
    """What stands between two words, where there are words between them."""
    if after - before < 2:
        return ""
    return text[words[before + 1].start() : words[after - 1].end()]
