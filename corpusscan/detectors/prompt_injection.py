"""Sentences that give orders to whatever machine reads them: an assistant, a summariser, a judge, an agent.

Rules know phrasings; this detector reads every sentence with a small linear classifier (`kernels.classifier`; its card
lies beside the weights in `weights/`), and holds it against its document, for an order among orders is a manual.  An
order to a person is none of these.  What security writing quotes or tells is lowered, and so is what stands where
orders to a model belong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from blake3 import blake3

from corpusscan import filters, schema
from corpusscan.detector import Batch, Detector
from corpusscan.kernels import structure
from corpusscan.kernels.caps import capped
from corpusscan.kernels.classifier import Model
from corpusscan.kernels.excerpts import Place, escaped, excerpt
from corpusscan.kernels.folding import code_points

NAME = "prompt_injection"
SHIPPED = Path(__file__).parents[1] / "weights" / f"{NAME}.safetensors"
FLAGGED, TOLD = "injected-instruction", "instruction-like"
TITLES = {FLAGGED: "A sentence gives orders to a model that reads it", TOLD: "A sentence may give orders to a model"}
# What is found of orders that are worded otherwise than those it learned from is too little to flag: docs/detection.md.
SEVERITIES = {FLAGGED: "low", TOLD: "info"}
ROLES = frozenset(("system", "developer"))  # whose messages are orders to a model
FIELDS = frozenset(("system", "system_prompt", "instruction", "instructions", "prompt"))  # that hold nothing else
_SPACE = b" \t\n\r\f\v"


class _Found(NamedTuple):
    at: Place
    score: float
    logit: float
    text: int  # in the batch
    place: int  # of the start in that text


@dataclass(frozen=True)
class PromptInjection(Detector):
    """Finds sentences that give orders to a model that reads them, however they are worded."""

    name: ClassVar[str] = NAME

    weights: str | None = None
    """A file of weights that `corpusscan train prompt_injection` made; default: those that come with the package."""
    matches_per_document: int = 20
    """At most so many sentences of one document; the gravest are kept."""

    def flag(self, batch: Batch) -> pa.Table:
        """Sentences of this batch that read as orders to a model, by row, as `schema.HITS`."""
        found: dict[Place, _Found] = {}
        base = 0
        for chunk in batch.texts["text"].chunks:
            for hit in _hits(self._model, chunk, batch.texts, base):
                found.setdefault(hit.at, hit)
            base += len(chunk)
        hits = sorted(found.values(), key=lambda hit: (hit.at.row, hit.text, hit.at.start, hit.at.end))
        most = self.matches_per_document
        ranked = [(hit.at.row, hit.at.rule, 2 * (hit.at.rule == FLAGGED)) for hit in hits]
        kept = [(hits[i], most if over or full else None) for i, over, full in capped(ranked, most, most)]
        return pa.Table.from_pylist([self._hit(hit, batch, limit) for hit, limit in kept], schema.HITS)

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return TITLES[rule]

    def digest(self) -> str:
        """BLAKE3 (hex) of the weights: others make other results.  Raises `InputError` for a file that holds none."""
        return self._loaded[1]

    @property
    def _model(self) -> Model:
        return self._loaded[0]

    @property
    def _loaded(self) -> tuple[Model, str]:
        path = Path(self.weights) if self.weights else SHIPPED
        stat = path.stat() if path.is_file() else None
        return _load(path, stat and (stat.st_mtime_ns, stat.st_size))

    def _hit(self, hit: _Found, batch: Batch, limit: int | None) -> dict[str, Any]:
        text, role = batch.texts["text"][hit.text].as_py(), batch.texts["role"][hit.text].as_py()
        end = hit.place + hit.at.end - hit.at.start
        said = text[hit.place : end]
        shown, *mark = excerpt(text, hit.place, end)
        evidence: dict[str, Any] = {
            "matched": escaped(said), "mark": mark, "logit": round(hit.logit, 2),
            "telling": [escaped(word, 40) for word in self._model.telling(said)],
        }  # fmt: skip
        if limit is not None:
            evidence["capped"] = limit
        severity = SEVERITIES[hit.at.rule]
        if hit.at.rule == FLAGGED and (reason := _forgiven(text, hit, end, role)):
            evidence |= {"forgiven": [reason], "severity_before": severity}
            severity = SEVERITIES[TOLD]
        return hit.at._asdict() | {
            "excerpt": shown, "attack": NAME, "severity": severity, "score": hit.score,
            "evidence": msgspec.json.encode(evidence).decode(),
        }  # fmt: skip


def _forgiven(text: str, hit: _Found, end: int, role: str | None) -> str | None:
    """Why a sentence that reads as an order to a model is no attack."""
    if role in ROLES or hit.at.field in FIELDS:
        return "where_orders_belong"
    return filters.quotation(text, hit.place, end, NAME)


def _hits(model: Model, texts: pa.LargeStringArray, table: pa.Table, base: int) -> Iterator[_Found]:
    """The sentences of some texts of a batch that the model tells."""
    windows = model.windows(texts)
    logits = structure.contrast(windows.text, windows.logit)
    scores = model.probability(logits)
    points, opened = np.zeros(0, np.int32), -1
    for i in np.flatnonzero(logits >= model.levels[0]).tolist():
        if windows.text[i] != opened:
            opened = int(windows.text[i])
            data = texts[opened].as_py().encode()
            points = np.append(code_points(data), len(data) and code_points(data)[-1] + 1)
            one = {key: table[key][base + opened].as_py() for key in ("row", "field", "start")}
        begin, end = int(windows.begin[i]), int(windows.end[i])
        while begin < end and data[begin] in _SPACE:
            begin += 1
        while begin < end and data[end - 1] in _SPACE:
            end -= 1
        place, stop = int(points[begin]), int(points[end])
        rule = FLAGGED if logits[i] >= model.levels[1] else TOLD
        at = Place(one["row"], one["field"], one["start"] + place, one["start"] + stop, rule)
        yield _Found(at, float(scores[i]), float(logits[i]), base + opened, place)


@lru_cache(maxsize=4)
def _load(path: Path, stamp: object) -> tuple[Model, str]:
    """The model of a file, and the digest of its bytes; `stamp` tells that it was written anew."""
    return Model.load(path), blake3(path.read_bytes()).hexdigest()
