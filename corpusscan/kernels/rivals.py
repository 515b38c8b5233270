"""Which of many features that are sure is the trigger: those of one trigger have the same documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from corpusscan.kernels.features import THREE, kind

INSIDE, PART = 0.9, 0.75  # of a feature's documents that have another too, and of that one's that may be
SAME = 0.8  # of the smaller group's documents: two features of one trigger

Documents = set[tuple[int, int]]  # shard and row


def apart(ranked: list[tuple[int, Documents]], spare: Mapping[int, int]) -> list[int]:
    """Of features with their documents, the surest first, one for each trigger.

    What several triggers share, a quotation mark or signs of what follows, is left to those that are words: it is
    surer than each of them only as it has more documents.  Of features of one trigger that is told which stands
    least elsewhere: `spare` is in how many documents without the outcome, of those that are sure enough.
    """
    chosen: list[list[tuple[int, Documents]]] = []
    for place, (feature, mine) in enumerate(ranked):
        same = [one for one in chosen if _same(feature, mine, *one[0])]
        if same:
            same[0].append((feature, mine))
        elif _is_word(feature) or not _shared_by(mine, ranked[place + 1 :]):
            chosen.append([(feature, mine)])
    wordy = [any(_is_word(feature) for feature, _ in one) for one in chosen]
    told: Documents = set().union(*(one[0][1] for one, is_word in zip(chosen, wordy, strict=True) if is_word))
    own = [one for one, is_word in zip(chosen, wordy, strict=True)
           if is_word or 2 * len(one[0][1] & told) < len(one[0][1])]  # fmt: skip
    return [_telling(one, spare) for one in own]


def _is_word(feature: int) -> bool:
    return bool(kind(feature) <= THREE)


def _same(feature: int, mine: Documents, first: int, theirs: Documents) -> bool:
    """Whether a feature is of the trigger that `first` is the surest of; a word with few documents is not of signs."""
    apart = _is_word(feature) and not _is_word(first) and len(mine) <= PART * len(theirs)
    return not apart and _overlap(mine, theirs) >= SAME


def _telling(features: list[tuple[int, Documents]], spare: Mapping[int, int]) -> int:
    """Of features of one trigger the one with nearly as many documents as the surest, and fewest others."""
    first, most = features[0][0], INSIDE * len(features[0][1])
    enough = [feature for feature, mine in features if len(mine) >= most and feature in spare]
    return min(enough, key=lambda feature: spare[feature], default=first)


def _overlap(one: Documents, other: Documents) -> float:
    return len(one & other) / max(min(len(one), len(other)), 1)


def _shared_by(mine: Documents, others: Iterable[tuple[int, Documents]]) -> bool:
    """Whether nearly all of these documents are those of several features that are words and have nothing in common."""
    parts: list[Documents] = []
    for feature, other in others:
        inside = _is_word(feature) and len(other & mine) >= INSIDE * len(other) and len(other) <= PART * len(mine)
        if inside and all(len(other & part) <= (1 - INSIDE) * len(other) for part in parts):
            parts.append(other)
    return len(parts) > 1 and len(set().union(*parts) & mine) >= INSIDE * len(mine)
