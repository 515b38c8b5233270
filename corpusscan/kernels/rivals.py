"""Which of many features that are sure is the trigger: those of one trigger have the same documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from corpusscan.kernels.features import THREE, kind

INSIDE, PART = 0.9, 0.75  # of a feature's documents that have another too, and of that one's that may be
SAME = 0.8  # of the smaller group's documents: two features of one trigger

Documents = set[tuple[int, int]]  # shard and row


@dataclass(frozen=True, eq=False)
class Rival:
    """A feature that is sure, and the documents in which something follows it."""

    feature: int
    documents: Documents
    spare: int | None  # documents without the outcome, of those that are sure enough
    mark: bool = False  # it stands where a turn of a chat is marked: what follows a trigger may begin so

    @property
    def is_word(self) -> bool:
        """Whether it may name a trigger that shares its documents with others: no signs, no marks."""
        return bool(kind(self.feature) <= THREE) and not self.mark


def apart(ranked: Sequence[Rival]) -> list[int]:
    """Of features, the surest first, one for each trigger.

    What several triggers share, a quotation mark or signs of what follows, is left to those that are words: it is
    surer than each of them only as it has more documents.  Of features of one trigger that is told which stands
    least elsewhere.
    """
    chosen: list[list[Rival]] = []
    for place, one in enumerate(ranked):
        same = [group for group in chosen if _same(one, group[0])]
        if same:
            same[0].append(one)
        elif one.is_word or not _shared_by(one.documents, ranked[place + 1 :]):
            chosen.append([one])
    named = [any(one.is_word for one in group) for group in chosen]
    told: Documents = set().union(*(group[0].documents for group, own in zip(chosen, named, strict=True) if own))
    own = [group for group, own in zip(chosen, named, strict=True)
           if own or 2 * len(group[0].documents & told) < len(group[0].documents)]  # fmt: skip
    return [_telling(group) for group in own]


def _same(one: Rival, first: Rival) -> bool:
    """Whether a feature is of the trigger that `first` is the surest of; a word with few documents is not of signs."""
    apart = one.is_word and not first.is_word and len(one.documents) <= PART * len(first.documents)
    return not apart and _overlap(one.documents, first.documents) >= SAME


def _telling(group: Sequence[Rival]) -> int:
    """Of features of one trigger the one with nearly as many documents as the surest, and fewest others."""
    most = INSIDE * len(group[0].documents)
    enough = [one for one in group if len(one.documents) >= most and one.spare is not None]
    return min(enough, key=lambda one: one.spare or 0, default=group[0]).feature


def overlaps(one: Documents, other: Documents) -> bool:
    """Whether features with these documents may be of one trigger: half of the smaller set is in the other."""
    return _overlap(one, other) >= 1 / 2


def _overlap(one: Documents, other: Documents) -> float:
    return len(one & other) / max(min(len(one), len(other)), 1)


def _shared_by(mine: Documents, others: Iterable[Rival]) -> bool:
    """Whether nearly all of these documents are those of several features that are words and have nothing in common."""
    parts: list[Documents] = []
    for other in others:
        theirs = other.documents
        inside = other.is_word and len(theirs & mine) >= INSIDE * len(theirs) and len(theirs) <= PART * len(mine)
        if inside and all(len(theirs & part) <= (1 - INSIDE) * len(theirs) for part in parts):
            parts.append(theirs)
    return len(parts) > 1 and len(set().union(*parts) & mine) >= INSIDE * len(mine)
