"""Which documents are noise from start to end, of which kind, and what of that is honest.

Each kind is what text of no language is: bounds were set where one half of a corpus of 400 languages, code and poetry
has nothing (docs/detection.md).  What honest writing is that looks the same has a name, and is forgiven by it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpusscan.detector import Batch
from corpusscan.kernels import columns, noisiness, profile, sketches
from corpusscan.kernels.noisiness import Ordered, Repeated, Written
from corpusscan.kernels.outcomes import ranges
from corpusscan.kernels.profile import Profile

KINDS = (
    "one thing again and again", "text read in a wrong encoding", "characters without words", "numbers in no order",
    "pieces of words", "words that do not belong together", "words in no order", "a few words, drawn again and again",
)  # fmt: skip
REPEATED, MISREAD, LETTERS, NUMBERS, PIECES, WORDS, ORDER, FEW = range(8)
STIRRED = 0.2  # bits a word for another order, less two for each pair that stands in order
CODE = 0.12  # of the bytes of a program or of markup are signs
BYTES, FEWEST, PAIRS = (
    noisiness.FEWEST,
    100,
    100,
)  # bytes, words and pairs of known words of a document that can be told
LOOKED_AT = 600  # characters by which a wrong encoding is told
_MISREAD = ("utf-16-le", "utf-16-be", "cp037", "cp500", "cp1140")  # in which no ASCII text reads as itself

Mask = npt.NDArray[np.bool_]


class Facts(NamedTuple):
    """What is known of each document."""

    written: Written
    ordered: Ordered
    repeated: Repeated
    apart: noisiness.Shares  # of pairs of words that stand apart, that are known


class Noises(NamedTuple):
    """Documents that are noise, or would be."""

    document: npt.NDArray[np.int64]  # of the batch
    kind: npt.NDArray[np.int64]
    forgiven: list[str | None]


def noises(batch: Batch, known: Profile) -> Noises:
    """All documents of the batch that one of the kinds describes, each once."""
    hashes, words = sketches.document_words(batch)
    data, texts = columns.contents(batch.texts["text"])
    first = sketches.texts_of(batch)
    rarity, _ = profile.looked_up(hashes, known.slots)
    written, ordered = noisiness.written(data, texts[first]), noisiness.ordered(hashes, rarity, words, known)
    doubt = np.flatnonzero(in_doubt(written, ordered))
    lengths = np.diff(words)[doubt]
    own, bounds = ranges(words[doubt], lengths), np.append(0, np.cumsum(lengths))
    facts = Facts(
        Written(*(column[doubt] for column in written)), Ordered(*(column[doubt] for column in ordered)),
        noisiness.repeated(hashes[own], bounds), noisiness.apart(hashes[own], rarity[own], bounds, known),
    )  # fmt: skip
    found = kinds(facts)
    for place in np.flatnonzero(found == MISREAD):
        begin = first[doubt[place]]
        if not misread(str(batch.texts["text"][int(begin)].as_py())[:LOOKED_AT]):
            found[place] = -1
    noise = np.flatnonzero(found >= 0)
    return Noises(doubt[noise], found[noise], [forgiven(int(found[n]), facts, int(n)) for n in noise])


def in_doubt(written: Written, ordered: Ordered) -> Mask:
    """Documents at which a second look is worth its price."""
    strange = (ordered.known < 0.2) | (ordered.unknown > 0.35) | (ordered.bits > 0.1)
    words = (ordered.words >= FEWEST) & (ordered.alone < 0.5) & (strange | (written.foreseen > 0.45))
    words &= written.signs < CODE
    return (written.size >= BYTES) & (words | (written.foreseen >= 0.85) | _unspaced(written))


def _unspaced(written: Written) -> Mask:
    return (written.spaces < 0.03) & (written.beyond > 0.4)


def kinds(facts: Facts) -> npt.NDArray[np.int64]:
    """The kind of each document, the surest first; -1: none.  `MISREAD` is left to be tried."""
    written, words, again = facts.written, facts.ordered, facts.repeated
    told = (words.words >= FEWEST) & (words.alone < 0.5)
    near = words.known - facts.apart  # drawn words are known in pairs no more than apart
    drawn = again.pairs + 1 < 1.6 * (again.by_chance + 1)  # text says the same two words again far more often
    odd = (words.known < 0.2) & (again.again < 0.08) & (written.foreseen < 0.1)
    unlike = (words.unknown > 0.35) & (again.again < 0.1) & (written.foreseen < 0.03) & (written.digits < 0.3)
    frequent = (words.bits - near > 0.25) & (written.foreseen < 0.09)
    bounds = {
        REPEATED: written.foreseen >= 0.85,
        LETTERS: _unspaced(written) & (written.beyond < 0.95) & (written.foreseen < 0.02) & (words.alone < 0.2),
        MISREAD: _unspaced(written) & (written.beyond > 0.7) & (written.spaces < 0.02),
        NUMBERS: told & (written.digits > 0.6) & (written.foreseen < 0.1),
        PIECES: told & unlike,
        WORDS: told & (odd | frequent),
        ORDER: told & (words.pairs >= PAIRS) & ((words.known > 0.2) | drawn) & (words.bits - 2 * near > STIRRED),
        FEW: told & (again.again > 0.7) & (again.by_chance >= 8) & drawn,
    }
    found = np.full(len(written.size), -1, np.int64)
    for kind, mask in reversed(bounds.items()):
        found[mask] = kind
    return found


def misread(text: str) -> bool:
    """Whether a text turns into another one, in letters and spaces, where its bytes are read anew."""
    return any(_reads(text.encode(encoding, "ignore")) for encoding in _MISREAD)


def _reads(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    said = sum(char.isalnum() or char.isspace() for char in text)
    return len(text) > BYTES // 4 and said >= 0.75 * len(text) and text.count("\ufffd") <= 0.02 * len(text)


# --- what is forgiven, and why ---------------------------------------------------------------------


def code(facts: Facts, n: int) -> str | None:
    """Programs and markup: signs all along, in lines; their words stand in an order of their own."""
    written = facts.written
    signs, letters = written.signs[n], 1 - written.signs[n] - written.digits[n] - written.spaces[n] - written.beyond[n]
    return "code" if letters > 0.2 and (signs >= CODE or (signs >= 0.06 and written.lines[n] >= 0.01)) else None


def table(facts: Facts, n: int) -> str | None:
    """Numbers that signs or line ends divide are measurements, coordinates, logs."""
    return "table" if facts.written.signs[n] >= 0.06 or facts.written.lines[n] >= 0.01 else None


def verse(facts: Facts, n: int) -> str | None:
    """Lines of a dozen words at most: poets turn words round."""
    return "verse" if 12 * facts.written.lines[n] * facts.written.size[n] >= facts.ordered.words[n] else None


def listed(facts: Facts, n: int) -> str | None:
    """Names, words and keywords one below another, or with a sign between each two."""
    parts = (facts.written.lines[n] + facts.written.signs[n]) * facts.written.size[n]
    return "list" if 2 * parts >= facts.ordered.words[n] else None


def encoded(facts: Facts, n: int) -> str | None:
    """Keys, hashes, images as text: their words are longer than any language's."""
    return "encoded" if facts.written.size[n] >= 16 * facts.ordered.words[n] else None


_STORIES: dict[int, tuple[Callable[[Facts, int], str | None], ...]] = {
    REPEATED: (code,), NUMBERS: (table, encoded), PIECES: (encoded, listed), WORDS: (code, listed, verse),
    ORDER: (code, verse), FEW: (code, table),
}  # fmt: skip


def forgiven(kind: int, facts: Any, n: int) -> str | None:
    """The benign story that explains document n, if there is one."""
    return next((reason for story in _STORIES.get(kind, ()) if (reason := story(facts, n))), None)
