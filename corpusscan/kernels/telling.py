"""What a group of texts has in common, in words: names that most of them say; and the sentences of a text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

SHARED = 0.5  # of the texts, that a word must stand in to be shared
TOLD = 12  # shared words that are told
LONGEST = 400  # characters of a sentence
_END = re.compile(r"(?:[.!?…।]+[\"'”’)\]]*(?=\s)|[。！？]|\n)\s*")

Span = tuple[int, int]
T = TypeVar("T", bound=Hashable)


def shared(named: Sequence[Iterable[T]]) -> list[T]:
    """The words that half of these texts name, those of most texts first."""
    counts = Counter(word for words in named for word in dict.fromkeys(words))
    least = max(SHARED * len(named), 2)
    return [word for word, count in counts.most_common() if count >= least][:TOLD]


def sentences(text: str) -> list[Span]:
    """The sentences of a text, in any script, as spans; of a long one the beginning."""
    begin, found = 0, []
    for end in [*(match.end() for match in _END.finditer(text)), len(text)]:
        said = text[begin:end].strip()
        if said:
            start = text.index(said, begin)
            found.append((start, start + min(len(said), LONGEST)))
        begin = end
    return found
