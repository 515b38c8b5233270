"""What copies have in common, and the slots in which they differ."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import NamedTuple

MOST_WORDS = 200  # of a text that are aligned: its beginning tells the template
SHARE = 0.5  # of the texts that must have a word in its place for it to be fixed
EXCHANGED, EXCHANGED_SHARE = 6, 0.03  # words that few texts lack, and their share of all, which show rewording
ALIKE = 0.6  # of the words between the first and the last that two copies share, which they share
SLOT = "⟨…⟩"
# Characters of scripts without spaces stand alone, signs too.
_WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\w+|[^\w\s]")


class Template(NamedTuple):
    """The text that copies share, as the first of them has it, with `SLOT` where they differ."""

    text: str
    slots: list[list[str]]  # what stands in each slot, text by text, the first text first
    reworded: bool  # whether single words are exchanged here and there, in each text others


def template(texts: Sequence[str]) -> Template:
    """The template of at least one text, aligned to the first (Ratcliff and Obershelp, as in difflib)."""
    first, *others = [[*_WORD.finditer(text)][:MOST_WORDS] for text in texts]
    said = [match[0].casefold() for match in first]
    places = [_aligned(said, [match[0].casefold() for match in other]) for other in others]
    fixed = [i for i in range(len(said)) if sum(i in own for own in places) >= SHARE * len(places)]
    shown, slots, before = "", [], -1
    for i in [*fixed, len(said)]:
        gap = [_between(texts[0], first, before, i)]
        gap += [
            _between(text, words, own.get(before, -1) if before >= 0 else -1, own.get(i, len(words)))
            for text, words, own in zip(texts[1:], others, places, strict=True)
            if (before < 0 or before in own) and (i == len(said) or i in own)
        ]
        if any(gap):
            slots.append(gap)
            shown += f" {SLOT}"
        elif before >= 0 and i < len(said):
            shown += texts[0][first[before].end() : first[i].start()]
        if i < len(said):
            shown += (" " if any(gap) else "") + first[i][0]
        before = i
    return Template(" ".join(shown.split()), slots, _reworded(said, places))


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
