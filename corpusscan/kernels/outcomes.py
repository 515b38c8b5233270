"""What may follow a trigger, and how surely: one number for each kind of outcome at each word.

A kind is a row.  0 is nothing; from the first of its `LEVELS` on it is an outcome, and the higher the rarer.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from corpusscan.kernels import changes, switches, turns, vectors
from corpusscan.kernels.features import Found, Reading
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.profile import Profile
from corpusscan.kernels.words import Offsets

KINDS = (
    "words that do not belong together", "words in no order", "scraps of other texts", "what was said before",
    "another language or subject", "a turn of a chat",
)  # fmt: skip
# One more that is no change of a text: seen only in what follows in many (`alikeness`).
ALIKE = len(KINDS)
NAMES = (*KINDS, "the same thing in other words")
STRETCHES = 4  # kinds that are stretches come first
AGAIN, SWITCH, TURN = 3, 4, 5
ATTACKS = (*["denial_of_service"] * 3, *["backdoor_trigger"] * 3)
_NEVER = np.inf
LEVELS = np.array(
    [
        (60, 120, 240, 480),  # bits
        (60, 120, 240, 480),
        (20, 30, 45, 90),
        (16, 32, 64, 128),  # words, less those in between that are new
        (0.6, 0.7, 0.8, 0.9),  # one less the cosine of both sides
        (1, _NEVER, _NEVER, _NEVER),
    ],
    np.float32,
)
# In what share of its documents each must follow a trigger, at least: of what is said in chats a turn follows much.
_SHARES = (0, 0, 0, 0, 0, 0.8)
_STEPS = (1, 1, 1, 1, vectors.BLOCK, 1)  # words from one that is looked at to the next

Numbers = npt.NDArray[np.int64]


class Changes(NamedTuple):
    """Places at which documents change."""

    document: Numbers
    kind: Numbers
    begin: Numbers  # word, counted from the first of the batch
    score: Floats


def everywhere(read: Reading, bounds: Offsets, known: Profile) -> Floats:
    """The outcome at every word: kinds x words.  `STEPS` says at which words each kind is looked at."""
    of = vectors.blocks(read.number, bounds, known.vectors)
    stretches = changes.following(changes.bits(read.hashes, read.rarity, of, bounds, known), bounds)
    return np.vstack([stretches, switches.everywhere(of, bounds), turns.everywhere(read)])


class Inside(NamedTuple):
    """Some documents of a batch, as if there were no others."""

    documents: Numbers
    words: Numbers  # of theirs, in the batch
    bounds: Numbers  # words of document i of these are those from bounds[i] to bounds[i + 1]
    vector: npt.NDArray[np.int32]
    follows: Floats  # the outcome at every word of theirs


def inside(read: Reading, bounds: Offsets, known: Profile, found: Found) -> Inside:
    """The documents in which something was found."""
    documents = np.unique(np.searchsorted(bounds, found.word, side="right") - 1)
    lengths = np.diff(bounds)[documents]
    held = ranges(bounds[:-1][documents], lengths)
    rarity, vector, own = read.rarity[held], read.number[held], np.append(0, np.cumsum(lengths))
    of = vectors.blocks(vector, own, known.vectors)
    stretches = changes.following(changes.bits(read.hashes[held], rarity, of, own, known), own)
    follows = np.vstack([stretches, switches.everywhere(of, own), turns.everywhere(read)[held]])
    return Inside(documents, held, own, vector, follows)


def at(some: Inside, bounds: Offsets, known: Profile, found: Found) -> Floats:
    """The outcome behind each place where something was found: kinds x places."""
    number = np.searchsorted(some.documents, np.searchsorted(bounds, found.word, side="right") - 1)
    place = found.word - bounds[:-1][some.documents][number] + some.bounds[number] + 1
    behind = place < some.bounds[number + 1]
    place = np.where(behind, place, 0)
    if not len(some.words):
        return np.zeros((len(KINDS), 0), np.float32)
    follows = some.follows[:, place]
    words, back = np.unique(place, return_inverse=True)
    follows[SWITCH] = switches.at(some.vector, some.bounds, known.vectors, words)[back]
    return np.where(behind, follows, 0)


def ranges(first: Numbers, lengths: Numbers) -> Numbers:
    """All places of some stretches, one stretch behind another."""
    starts = np.cumsum(lengths) - lengths
    places: Numbers = np.arange(int(lengths.sum())) + np.repeat(first - starts, lengths)
    return places


def runs(follows: Floats, bounds: Offsets) -> Changes:
    """Of each run of places with an outcome the place with most of it."""
    found = []
    for kind in range(len(KINDS)):
        places = np.flatnonzero(follows[kind] >= LEVELS[kind, 0])
        document = np.searchsorted(bounds, places, side="right") - 1
        apart = (np.diff(places) > _STEPS[kind]) | (np.diff(document) > 0)
        run = np.cumsum(np.append(False, apart)[: len(places)])
        last = -places if kind == TURN else places  # a turn begins behind the last place that sees it
        order = np.lexsort((last, -follows[kind, places], run))
        best = order[np.flatnonzero(np.append(True, np.diff(run[order]) > 0)[: len(order)])]
        score = follows[kind, places[best]]
        found.append((document[best], np.full(len(best), kind), places[best], score))
    document, kinds, begin, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Changes(document, kinds, begin, scores.astype(np.float32))


def strongest(found: Changes, most: int) -> Changes:
    """Of each document and kind at most so many changes, those of the highest score, in order."""
    order = np.lexsort((found.begin, -found.score, found.kind, found.document))
    key = (found.document * len(KINDS) + found.kind)[order]
    kept = order[np.arange(len(order)) - np.searchsorted(key, key) < most]
    kept = kept[np.lexsort((found.kind[kept], found.begin[kept]))]
    return Changes(found.document[kept], found.kind[kept], found.begin[kept], found.score[kept])


def levels(kind: int, scores: Floats) -> Numbers:
    """The highest level that each score reaches; -1: none."""
    return np.searchsorted(LEVELS[kind], scores, side="right") - 1


def reached(follows: Floats) -> npt.NDArray[np.bool_]:
    """Whether any outcome follows, of kinds x places."""
    return np.any(follows >= LEVELS[:, :1], axis=0)  # type: ignore[no-any-return]


def least_share(kind: int, share: float) -> float:
    """In what share of its documents an outcome must follow a trigger, where `share` is asked for."""
    return max(share, _SHARES[kind])


def weight(kind: int) -> int:
    """How many words one that is looked at stands for."""
    return _STEPS[kind]
