"""Text that a reader does not see, or sees otherwise than a machine reads it.

A pass over the bytes marks the few texts where something may be hidden (`kernels.invisible`, and
`kernels.encodings` for runs that decode to text); only those are looked at character by character.  What
scripts, emoji, mathematics and typesetting do with invisible characters is none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, ClassVar, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from corpusscan import filters, schema
from corpusscan.detector import Batch, Detector
from corpusscan.kernels import encodings
from corpusscan.kernels.caps import capped
from corpusscan.kernels.characters import Hidden, Text
from corpusscan.kernels.directives import reads_as
from corpusscan.kernels.encodings import Encoded
from corpusscan.kernels.excerpts import Place, escaped, excerpt
from corpusscan.kernels.invisible import Mark, marks
from corpusscan.kernels.irregular import controls, floods, strangers
from corpusscan.kernels.lookalikes import forms, mixed_words, styled_words
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
    "compatibility-letters": "Compatibility characters in the place of plain letters",
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
    (Mark.MIXED, forms),
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
_QUOTABLE = ("encoded-commands", "encoded-instructions")  # what security writing shows to make a point
_USUAL = ("percent", "unicode_escape", "entities")  # how letters beyond ASCII are written by custom
MOST = 1_000  # places of one kind that are looked at in one text: of a text full of them, some are enough


@dataclass(frozen=True)
class HiddenText(Detector):
    """Hidden text: invisible, look-alike, reordered, deleted or encoded characters."""

    name: ClassVar[str] = "hidden_text"
    markup: ClassVar[bool] = True

    matches_per_rule: int = 20
    """At most so many hits of one rule in one document; the gravest are kept."""
    matches_per_document: int = 200
    """At most so many hits in one document; the gravest are kept."""
    decode_levels: int = 1
    """How often what is encoded is decoded: 2 finds base64 of base64, too."""

    def flag(self, batch: Batch) -> pa.Table:
        """Spans of this batch where something is hidden, by row, as `schema.HITS`."""
        texts, base = batch.texts, 0
        found: dict[Place, _Found] = {}
        for chunk in texts["text"].chunks:
            marked, speaking = marks(chunk), encodings.payloads(chunk)
            for place in np.flatnonzero(marked.astype(np.bool_) | speaking).tolist():
                text = chunk[place].as_py()
                one = {key: texts[key][base + place].as_py() for key in ("row", "field", "start")}
                for hidden in _look(text, Mark(int(marked[place])), bool(speaking[place]), self.decode_levels):
                    start, end = one["start"] + hidden.start, one["start"] + hidden.end
                    at = Place(one["row"], one["field"], start, end, hidden.kind)
                    shown = excerpt(text, hidden.start, hidden.end)
                    found.setdefault(at, _Found(at, hidden, *shown, base + place))
            base += len(chunk)
        kept = self._capped(sorted(found.values(), key=lambda hit: hit.at))
        return pa.Table.from_pylist([_hit(hit, texts["text"], n) for hit, n in kept], schema.HITS)

    def title(self, rule: str) -> str:
        """What is hidden, and how."""
        return TITLES[rule]

    def _capped(self, hits: list[_Found]) -> list[tuple[_Found, int | None]]:
        """The hits that are kept, each with the limit that cut its document or its rule short."""
        ranked = [(hit.at.row, hit.at.rule, schema.SEVERITIES.index(hit.hidden.severity)) for hit in hits]
        return [
            (hits[i], self.matches_per_rule if rule_over else self.matches_per_document if row_over else None)
            for i, rule_over, row_over in capped(ranked, self.matches_per_rule, self.matches_per_document)
        ]


class _Found(NamedTuple):
    at: Place
    hidden: Hidden
    shown: str
    begin: int  # of the span in what is shown
    stop: int
    text: int  # in the batch


def _hit(hit: _Found, texts: pa.ChunkedArray, limit: int | None) -> dict[str, Any]:
    hidden = hit.hidden
    evidence: dict[str, Any] = {"mark": [hit.begin, hit.stop], "matched": escaped(hit.shown[hit.begin : hit.stop])}
    if hidden.decoded:
        evidence["decoded"] = escaped(hidden.decoded, 240)
    if hidden.note:
        evidence["note"] = hidden.note
    if limit is not None:
        evidence["capped"] = limit
    severity = hidden.severity
    if hit.at.rule in _QUOTABLE and severity != "low":
        reason = filters.quotation(texts[hit.text].as_py(), hidden.start, hidden.end, "hidden_text")
        if reason:
            evidence |= {"forgiven": [reason], "severity_before": severity}
            severity = "low"
    return hit.at._asdict() | {
        "excerpt": hit.shown,
        "attack": "hidden_text",
        "severity": severity,
        "score": SCORES[severity],
        "evidence": msgspec.json.encode(evidence).decode(),
    }


def _look(text: str, mark: Mark, speaking: bool, levels: int) -> Iterator[Hidden]:
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
            inner = encodings.nested(encoded) if levels > 1 else ()
            if hidden := _gravest(_judged(text, one) for one in chain((encoded,), inner)):
                yield hidden


def _gravest(readings: Iterable[Hidden | None]) -> Hidden | None:
    """The first of the gravest; what is read behind one at `high` can be no graver."""
    best = None
    for one in readings:
        if one and (best is None or SCORES[one.severity] > SCORES[best.severity]):
            best = one
        if best and best.severity == "high":
            break
    return best


def _judged(text: str, encoded: Encoded) -> Hidden | None:
    """What an encoded stretch hides: orders and commands; language at `low`, where it is not spelt so by custom."""
    reading = reads_as(encoded.says)
    scheme = encoded.scheme.rpartition(" of ")[2]  # the innermost
    if reading is None:
        return None
    if scheme in _USUAL and reading != "override":
        needless = sum(char.isascii() and char.isalnum() for char in encoded.says) * 2 > len(encoded.says)
        if not needless:
            return None
    if reading == "text" and scheme not in ("base64", "hex"):
        return None
    rule, severity = _READINGS[reading]
    note = filters.mail_part(text[: encoded.start]) or ""
    note = f"{encoded.scheme}, {note}" if note else encoded.scheme
    severity = "low" if note != encoded.scheme else severity
    return Hidden(rule, encoded.start, encoded.end, severity, encoded.says, note)
