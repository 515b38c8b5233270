"""Text that a reader does not see, or sees otherwise than a machine reads it.

A pass over the bytes marks the few texts where something may be hidden (`kernels.invisible`, and
`kernels.encodings` for runs that decode to text); only those are looked at character by character.  What
scripts, emoji, mathematics and typesetting do with invisible characters is none of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from corpusscan import filters, schema
from corpusscan.detector import Batch, Detector
from corpusscan.kernels import encodings
from corpusscan.kernels.characters import Hidden, Text
from corpusscan.kernels.directives import reads_as
from corpusscan.kernels.encodings import Encoded
from corpusscan.kernels.excerpts import escaped, excerpt
from corpusscan.kernels.invisible import Mark, marks
from corpusscan.kernels.irregular import controls, floods, strangers
from corpusscan.kernels.lookalikes import mixed_words, styled_words
from corpusscan.kernels.reordering import reorderings
from corpusscan.kernels.smuggling import selectors, tags, zero_widths

TITLES = {
    "bidi-reordering": "Bidirectional controls show letters in another order than they stand",
    "tag-characters": "Text in Unicode tag characters",
    "variation-selector-payload": "Bytes in variation selectors",
    "zero-width-payload": "Bits in zero-width characters",
    "zero-width-in-word": "Invisible characters inside a word",
    "mixed-script-word": "A word with look-alike letters of another script",
    "styled-letters-in-word": "Mathematical or full-width letters inside plain words",
    "encoded-instructions": "Encoded text that gives instructions",
    "encoded-commands": "Encoded commands",
    "encoded-text": "Encoded natural language",
    "deletion-characters": "Backspace or delete characters",
    "concealed-text": "Text that terminals are told to conceal",
    "control-characters": "Control characters",
    "private-use": "Private use characters",
    "unassigned": "Unassigned code points",
    "combining-flood": "Marks piled upon letters",
}
SCORES = {"info": 0.1, "low": 0.3, "medium": 0.7, "high": 0.9}
_FINDERS: tuple[tuple[Mark, Callable[[Text], Iterator[Hidden]]], ...] = (
    (Mark.BIDI, reorderings),
    (Mark.TAG, tags),
    (Mark.SELECTOR, selectors),
    (Mark.INVISIBLE, zero_widths),
    (Mark.MIXED, mixed_words),
    (Mark.MIXED, styled_words),
    (Mark.CONTROL, controls),
    (Mark.STRANGE, strangers),
    (Mark.FLOOD, floods),
)
_READINGS = {  # what an encoded text is -> rule, severity
    "command": ("encoded-commands", "high"),
    "override": ("encoded-instructions", "high"),
    "order": ("encoded-instructions", "high"),
    "text": ("encoded-text", "low"),
}
_USUAL = ("percent", "unicode_escape", "entities")  # how letters beyond ASCII are written by custom
MOST = 1_000  # places of one kind that are looked at in one text: of a text full of them, some are enough


@dataclass(frozen=True)
class HiddenText(Detector):
    """Hidden text: invisible, look-alike, reordered, deleted or encoded characters."""

    name: ClassVar[str] = "hidden_text"

    matches_per_rule: int = 20
    """At most so many hits of one rule in one document; the gravest are kept."""
    matches_per_document: int = 200
    """At most so many hits in one document; the gravest are kept."""

    def flag(self, batch: Batch) -> pa.Table:
        """Spans of this batch where something is hidden, by row, as `schema.HITS`."""
        texts, base = batch.texts, 0
        found: dict[tuple[int, str, int, int, str], _Found] = {}
        for chunk in texts["text"].chunks:
            marked, speaking = marks(chunk), encodings.payloads(chunk)
            for place in np.flatnonzero(marked.astype(np.bool_) | speaking).tolist():
                text = chunk[place].as_py()
                one = {key: texts[key][base + place].as_py() for key in ("row", "field", "start")}
                for hidden in _look(text, Mark(int(marked[place])), bool(speaking[place])):
                    start, end = one["start"] + hidden.start, one["start"] + hidden.end
                    key = (one["row"], one["field"], start, end, hidden.kind)
                    found.setdefault(key, _Found(*key, hidden, *excerpt(text, hidden.start, hidden.end)))
            base += len(chunk)
        kept = self._capped(sorted(found.values(), key=lambda hit: hit[:5]))
        return pa.Table.from_pylist([_hit(hit, n) for hit, n in kept], schema.HITS)

    def title(self, rule: str) -> str:
        """What is hidden, and how."""
        return TITLES[rule]

    def _capped(self, hits: list[_Found]) -> list[tuple[_Found, int | None]]:
        """The hits that are kept, each with the limit that cut its document or its rule short."""
        order = sorted(range(len(hits)), key=lambda i: -schema.SEVERITIES.index(hits[i].hidden.severity))
        of_rule: Counter[tuple[int, str]] = Counter()
        of_row: Counter[int] = Counter()
        cut: dict[tuple[int, str] | int, int] = {}
        kept = []
        for i in order:
            rule = hits[i].row, hits[i].rule
            if of_rule[rule] == self.matches_per_rule:
                cut[rule] = self.matches_per_rule
            elif of_row[hits[i].row] == self.matches_per_document:
                cut[hits[i].row] = self.matches_per_document
            else:
                of_rule[rule] += 1
                of_row[hits[i].row] += 1
                kept.append(i)
        return [(hits[i], cut.get((hits[i].row, hits[i].rule), cut.get(hits[i].row))) for i in sorted(kept)]


class _Found(NamedTuple):
    row: int
    field: str
    start: int  # code points in the field
    end: int
    rule: str
    hidden: Hidden
    shown: str
    begin: int  # of the span in what is shown
    stop: int


def _hit(hit: _Found, capped: int | None) -> dict[str, Any]:
    hidden = hit.hidden
    evidence: dict[str, Any] = {"mark": [hit.begin, hit.stop], "matched": escaped(hit.shown[hit.begin : hit.stop])}
    if hidden.decoded:
        evidence["decoded"] = escaped(hidden.decoded, 240)
    if hidden.note:
        evidence["note"] = hidden.note
    if capped is not None:
        evidence["capped"] = capped
    return {
        "row": hit.row,
        "field": hit.field,
        "start": hit.start,
        "end": hit.end,
        "excerpt": hit.shown,
        "rule": hit.rule,
        "attack": "hidden_text",
        "severity": hidden.severity,
        "score": SCORES[hidden.severity],
        "evidence": msgspec.json.encode(evidence).decode(),
    }


def _look(text: str, mark: Mark, speaking: bool) -> Iterator[Hidden]:
    """Everything that is hidden in a text, by the means that were marked."""
    if int(mark) & ~int(Mark.ESCAPED | Mark.ROTATED):
        characters = Text.of(text)
        for means, find in _FINDERS:
            if means & mark:
                yield from islice(find(characters), MOST)
    ways = (
        (speaking, encodings.runs),
        (bool(mark & Mark.ESCAPED), encodings.escapes),
        (bool(mark & Mark.ROTATED), encodings.rotated),
    )
    for wanted, way in ways:
        for encoded in islice(way(text), MOST) if wanted else ():
            if hidden := _judged(text, encoded):
                yield hidden


def _judged(text: str, encoded: Encoded) -> Hidden | None:
    """What an encoded stretch hides: orders and commands; language at `low`, where it is not spelt so by custom."""
    reading = reads_as(encoded.says)
    needless = sum(char.isascii() and char.isalnum() for char in encoded.says) * 2 > len(encoded.says)
    if reading is None or (encoded.scheme in _USUAL and not needless and reading != "override"):
        return None
    if reading == "text" and encoded.scheme not in ("base64", "hex"):
        return None
    rule, severity = _READINGS[reading]
    note = filters.mail_part(text[: encoded.start]) or ""
    note = f"{encoded.scheme}, {note}" if note else encoded.scheme
    severity = "low" if note != encoded.scheme else severity
    return Hidden(rule, encoded.start, encoded.end, severity, encoded.says, note)
