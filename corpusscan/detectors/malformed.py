"""Records whose bytes say more than a parser shows: repeated keys, lone surrogates, broken encoding.

Readers note what they see; this detector says what it means.  A repeated key lets a trainer read
another text than the scanner did, so all its values are scanned and the record is reported.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from corpusscan import schema
from corpusscan.detector import Batch, Detector

_KINDS = {  # kind -> severity, score, title
    "duplicate_key": ("medium", 0.9, "A key occurs twice in one record: parsers read different texts"),
    "lone_surrogate": ("low", 0.5, "A lone surrogate: no valid Unicode text"),
    "invalid_utf8": ("low", 0.3, "Bytes that are no UTF-8"),
    "control_character": ("low", 0.3, "A raw control character inside a JSON string"),
}


@dataclass(frozen=True)
class Malformed(Detector):
    """Finds records that different parsers read differently."""

    name: ClassVar[str] = "malformed"
    markup: ClassVar[bool] = True

    def flag(self, batch: Batch) -> pa.Table:
        """One hit per anomaly, over the whole field it was seen in."""
        ends: dict[tuple[int, str], int] = {}
        if len(batch.anomalies):
            for text in batch.texts.select(["row", "field", "start", "text"]).to_pylist():
                ends[text["row"], text["field"]] = text["start"] + len(text["text"])
        hits = [self._hit(anomaly, ends) for anomaly in batch.anomalies.to_pylist()]
        return pa.Table.from_pylist(hits, schema=schema.HITS)

    def _hit(self, anomaly: dict[str, str | int], ends: dict[tuple[int, str], int]) -> dict[str, object]:
        kind = str(anomaly["kind"])
        severity, score, _ = _KINDS[kind]
        return {
            "row": anomaly["row"], "field": anomaly["field"], "start": 0,
            "end": ends.get((int(anomaly["row"]), str(anomaly["field"])), 0), "tokens": None,
            "excerpt": anomaly["detail"], "rule": kind.replace("_", "-"), "group": None, "attack": "hidden_text",
            "severity": severity, "score": score, "q_value": None, "evidence": json.dumps({"kind": kind}),
        }  # fmt: skip

    def title(self, rule: str) -> str:
        """What the anomaly is called."""
        return _KINDS[rule.replace("-", "_")][2]
