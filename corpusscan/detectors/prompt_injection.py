"""Sentences that give orders to whatever machine reads them: an assistant, a summariser, a judge, an agent.

Rules know phrasings; this detector reads every sentence, and every two neighbouring ones, with a small linear
classifier (`kernels.classifier`; its card lies beside the weights in `weights/`).  An order to a person is none of
these.  What security writing quotes or tells is lowered, and so is what stands where orders to a model belong.
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
from corpusscan.kernels.caps import capped
from corpusscan.kernels.classifier import Model, Windows
from corpusscan.kernels.excerpts import escaped, excerpt
from corpusscan.kernels.folding import code_points

NAME = "prompt_injection"
SHIPPED = Path(__file__).parents[1] / "weights" / f"{NAME}.safetensors"
FLAGGED, TOLD = "injected-instruction", "instruction-like"
TITLES = {FLAGGED: "A sentence gives orders to a model that reads it", TOLD: "A sentence may give orders to a model"}
# On text of a kind that was not looked at it finds too much to flag anything: docs/detection.md.
SEVERITIES = {FLAGGED: "low", TOLD: "info"}
ROLES = frozenset(("system", "developer"))  # whose messages are orders to a model
FIELDS = frozenset(("system", "system_prompt", "instruction", "instructions", "prompt"))  # that hold nothing else
_SPACE = b" \t\n\r\f\v"


class _Found(NamedTuple):
    row: int
    field: str
    start: int  # code points in the field
    end: int
    rule: str
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
        found: dict[tuple[int, str, int, int], _Found] = {}
        base = 0
        for chunk in batch.texts["text"].chunks:
            for hit in _hits(self._model, chunk, batch.texts, base):
                found.setdefault((hit.row, hit.field, hit.start, hit.end), hit)
            base += len(chunk)
        hits = sorted(found.values(), key=lambda hit: (hit.row, hit.text, hit.start, hit.end))
        most = self.matches_per_document
        ranked = [(hit.row, hit.rule, 2 * (hit.rule == FLAGGED)) for hit in hits]
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
        end = hit.place + hit.end - hit.start
        said = text[hit.place : end]
        shown, *mark = excerpt(text, hit.place, end)
        evidence: dict[str, Any] = {
            "matched": escaped(said), "mark": mark, "logit": round(hit.logit, 2),
            "telling": [escaped(word, 40) for word in self._model.telling(said)],
        }  # fmt: skip
        if limit is not None:
            evidence["capped"] = limit
        severity = SEVERITIES[hit.rule]
        if hit.rule == FLAGGED and (reason := _forgiven(text, hit, end, role)):
            evidence |= {"forgiven": [reason], "severity_before": severity}
            severity = SEVERITIES[TOLD]
        return {
            "row": hit.row, "field": hit.field, "start": hit.start, "end": hit.end, "excerpt": shown,
            "rule": hit.rule, "attack": NAME, "severity": severity, "score": hit.score,
            "evidence": msgspec.json.encode(evidence).decode(),
        }  # fmt: skip


def _forgiven(text: str, hit: _Found, end: int, role: str | None) -> str | None:
    """Why a sentence that reads as an order to a model is no attack."""
    if role in ROLES or hit.field in FIELDS:
        return "where_orders_belong"
    return filters.quotation(text, hit.place, end, NAME)


def _hits(model: Model, texts: pa.LargeStringArray, table: pa.Table, base: int) -> Iterator[_Found]:
    """The sentences of some texts of a batch that the model tells, none twice."""
    windows = model.windows(texts)
    scores = model.probability(windows.logit)
    points, opened = np.zeros(0, np.int32), -1
    for i in _apart(windows, model.levels):
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
        yield _Found(
            one["row"], one["field"], one["start"] + place, one["start"] + stop,
            FLAGGED if windows.logit[i] >= model.levels[1] else TOLD, float(scores[i]), float(windows.logit[i]),
            base + opened, place,
        )  # fmt: skip


def _apart(windows: Windows, levels: tuple[float, float]) -> list[int]:
    """Windows above a level that share no sentence, by text: of two the graver, else the shorter, else the surer."""
    above = np.flatnonzero(windows.logit >= levels[0])
    grave, size = windows.logit[above] >= levels[1], windows.last[above] - windows.first[above]
    taken: set[int] = set()
    kept = []
    for i in above[np.lexsort((-windows.logit[above], size, ~grave))].tolist():
        own = range(int(windows.first[i]), int(windows.last[i]) + 1)
        if not taken.intersection(own):
            taken.update(own)
            kept.append(i)
    return sorted(kept, key=lambda i: int(windows.first[i]))


@lru_cache(maxsize=4)
def _load(path: Path, stamp: object) -> tuple[Model, str]:
    """The model of a file, and the digest of its bytes; `stamp` tells that it was written anew."""
    return Model.load(path), blake3(path.read_bytes()).hexdigest()
