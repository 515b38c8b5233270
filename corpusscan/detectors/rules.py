"""Texts that say what a rule names: known triggers, control tokens, injected instructions, payloads.

Rules are read from packs (`corpusscan.rules`); where they match is said by `corpusscan.sought`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import msgspec
import pyarrow as pa

from corpusscan import filters, schema
from corpusscan.detector import Batch, Detector
from corpusscan.kernels.caps import capped
from corpusscan.kernels.excerpts import escaped, excerpt
from corpusscan.rules import Pack, digest, shipped_packs, stamp
from corpusscan.sought import Compiled, Engine, compiled, loaded

SCORES = {"stable": 0.9, "test": 0.7, "experimental": 0.5}


@dataclass(frozen=True)
class Rules(Detector):
    """Rules: phrases and patterns of known attacks, each with its exact span."""

    name: ClassVar[str] = "rules"
    markup: ClassVar[bool] = True

    packs: tuple[str, ...] = ()
    """Further folders of rules, or of packs."""
    shipped: bool = True
    """Whether the packs that come with the package are used."""
    matches_per_rule: int = 20
    """At most so many hits of one rule in one document."""
    matches_per_document: int = 200
    """At most so many hits in one document; the gravest are kept."""

    def flag(self, batch: Batch) -> pa.Table:
        """Spans of this batch that a rule matches, by row, as `schema.HITS`."""
        texts, engine = batch.texts, self._engine
        found: dict[tuple[int, str, int, int, str], _Found] = {}
        base = 0
        for chunk in texts["text"].chunks:
            for place, rule, spans in engine.matches(chunk, self.matches_per_rule + 1):
                one = {key: texts[key][base + place].as_py() for key in ("row", "field", "start")}
                for start, end in spans:
                    key = (one["row"], one["field"], one["start"] + start, one["start"] + end, rule.rule.id)
                    found.setdefault(key, _Found(*key, rule, base + place, start))
            base += len(chunk)
        kept = self._capped(sorted(found.values(), key=lambda hit: (hit.row, hit.text, hit.start, hit.end, hit.id)))
        return pa.Table.from_pylist([_hit(hit, texts["text"][hit.text].as_py(), n) for hit, n in kept], schema.HITS)

    def title(self, rule: str) -> str:
        """The title of the rule of that id."""
        return next((one.title for pack in self._packs for one in pack.rules if one.id == rule), rule)

    def digest(self) -> str:
        """BLAKE3 (hex) of all rules: a rule that says something else makes other results."""
        return digest(self._packs)

    @property
    def _packs(self) -> tuple[Pack, ...]:
        return loaded(*self._files)

    @property
    def _engine(self) -> Engine:
        return compiled(*self._files)

    @cached_property
    def _files(self) -> tuple[tuple[Path | str, ...], object]:
        """The folders of rules, and what their files were when this detector was first used."""
        folders: tuple[Path | str, ...] = (*(shipped_packs() if self.shipped else ()), *self.packs)
        return folders, stamp(folders)

    def _capped(self, hits: Sequence[_Found]) -> list[tuple[_Found, int | None]]:
        """The hits that are kept, each with the limit that cut its document or its rule short."""
        ranked = [(hit.row, hit.id, schema.SEVERITIES.index(hit.rule.rule.severity)) for hit in hits]
        return [
            (hits[i], self.matches_per_document if row_over else self.matches_per_rule if rule_over else None)
            for i, rule_over, row_over in capped(ranked, self.matches_per_rule, self.matches_per_document)
        ]


class _Found(NamedTuple):
    row: int
    field: str
    start: int  # code points in the field
    end: int
    id: str
    rule: Compiled
    text: int  # in the batch
    place: int  # of the start in that text


def _hit(hit: _Found, text: str, capped: int | None) -> dict[str, Any]:
    rule = hit.rule.rule
    end = hit.place + hit.end - hit.start
    shown, *mark = excerpt(text, hit.place, end)
    evidence: dict[str, Any] = {"matched": escaped(text[hit.place : end]), "mark": mark, "pack": hit.rule.pack}
    if rule.view == "folded":
        evidence["view"] = "folded"
    if capped is not None:
        evidence["capped"] = capped
    severity = rule.severity
    if severity in schema.FLAGGED and (reason := filters.quotation(text, hit.place, end, rule.attack)):
        evidence |= {"forgiven": [reason], "severity_before": severity}
        severity = "low"
    return {
        "row": hit.row,
        "field": hit.field,
        "start": hit.start,
        "end": hit.end,
        "excerpt": shown,
        "rule": rule.id,
        "attack": rule.attack,
        "severity": severity,
        "score": SCORES[rule.status],
        "evidence": msgspec.json.encode(evidence).decode(),
    }
