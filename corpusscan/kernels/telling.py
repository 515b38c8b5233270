"""What a group of texts has in common, in words: names that most of them say, and the sentence that says most of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

SHARED = 0.5  # of the texts, that a word must stand in to be shared
TOLD = 12  # shared words that are told
LONGEST = 400  # characters of a sentence
_END = re.compile(r"(?:[.!?…।]+[\"'”’)\]]*(?=\s)|[。！？]|\n)\s*")
_WORD = re.compile(r"\w+")


def shared(named: Sequence[Collection[str]]) -> list[str]:
    """The words that most of these texts name, those of most texts first."""
    counts = Counter(word for words in named for word in {*words})
    least = max(SHARED * len(named), 2)
    often = [(-count, word) for word, count in counts.items() if count >= least]
    return [word for _, word in sorted(often)][:TOLD]


def sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of a text, in any script, as spans; of a long one the beginning."""
    begin, found = 0, []
    for end in [*(match.end() for match in _END.finditer(text)), len(text)]:
        said = text[begin:end].strip()
        if said:
            start = text.index(said, begin)
            found.append((start, start + min(len(said), LONGEST)))
        begin = end
    return found


def telling(text: str, words: Collection[str]) -> tuple[int, int]:
    """The sentence that names most of these words, the first of such; a text without sentences is one itself."""
    wanted = {*words}
    spans = sentences(text) or [(0, len(text))]
    names = [len(wanted & {word.casefold() for word in _WORD.findall(text[begin:end])}) for begin, end in spans]
    return spans[names.index(max(names))]
