"""The tables every floor agrees on; nothing but names and types lives here.

Inside a scan a record is (shard, row): the shard's index in the plan and the row within that
shard.  In results it is (file, row): `report.tables` joins the one to the other.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

VERSION = 1  # of the result tables and summary.json

SEVERITIES = ("info", "low", "medium", "high", "critical")
FLAGGED_FROM = "medium"  # a document counts as flagged from this severity on
FLAGGED = SEVERITIES[SEVERITIES.index(FLAGGED_FROM) :]

ATTACKS = (
    "backdoor_trigger",
    "denial_of_service",
    "availability",
    "belief_manipulation",
    "misinformation",
    "coordinated_injection",
    "prompt_injection",
    "hidden_text",
    "label_flip",
    "clean_label",
    "code_payload",
    "tampering",
    "supply_chain",
)

_text = pa.large_string()
_time = pa.timestamp("us", tz="UTC")

LIMITS = pa.schema(  # what a detector left aside
    [
        ("limit", _text),  # in plain words: what it allows no more of than
        ("most", pa.int64()),
        ("left", pa.int64()),  # how many were left aside
        ("unit", _text),  # of these
    ]
)

SPLITS = pa.schema(  # from a row of a shard on, up to the next such row
    [
        ("shard", pa.uint32()),
        ("begin", pa.uint64()),
        ("scope", _text),  # what it is a split of: a folder, a configuration
        ("split", _text),  # null: none
        ("documents", pa.uint64()),  # scanned
    ]
)

# --- a batch, as readers make it -----------------------------------------------------------

DOCUMENTS = pa.schema(
    [
        ("row", pa.uint64()),  # within the shard, ascending
        ("id", _text),  # null where the record has none
        ("source", _text),
        ("time", _time),
        ("label", _text),
        ("annotator", _text),  # who gave the label
    ]
)

TEXTS = pa.schema(
    [
        ("row", pa.uint64()),  # the document it belongs to, ascending
        ("field", _text),  # column with path: messages[3].content
        ("role", _text),  # user, assistant, ...; null outside chats
        ("start", pa.int64()),  # code point of the field at which this text begins (long texts come in pieces)
        ("text", _text),
    ]
)

ANOMALIES = pa.schema(  # what the bytes of a record said that a parser would hide
    [
        ("row", pa.uint64()),
        ("field", _text),
        ("kind", _text),  # duplicate_key, lone_surrogate, invalid_utf8, control_character
        ("detail", _text),
    ]
)

# --- what detectors leave ------------------------------------------------------------------

HITS = pa.schema(  # one row per flagged span
    [
        ("row", pa.uint64()),
        ("field", _text),
        ("start", pa.int64()),  # code points in the field, half-open
        ("end", pa.int64()),
        ("tokens", pa.uint32()),  # null: the engine counts them
        ("excerpt", _text),  # at most 240 characters of context
        ("rule", _text),
        ("group", _text),  # null: the group is detector and rule
        ("attack", _text),
        ("severity", _text),
        ("score", pa.float32()),
        ("q_value", pa.float64()),
        ("evidence", _text),  # JSON object; "mark": [a, b] is the span inside the excerpt
    ]
)

FILE_HITS = HITS.insert(0, pa.field("file", _text)).append(pa.field("content_hash", _text))  # of files as a whole

CONCLUDED_HITS = HITS.insert(0, pa.field("shard", pa.uint32()))

CONCLUDED_GROUPS = pa.schema(
    [
        ("group", _text),
        ("kind", _text),  # rule, cluster, trigger, template, claim, noise, labels, leakage
        ("title", _text),
        ("attack", _text),
        ("severity", _text),
        ("score", pa.float32()),
        ("q_value", pa.float64()),
        ("documents", pa.uint64()),
        ("independent_documents", pa.uint64()),
        ("sources", pa.uint64()),
        ("first_seen", _time),
        ("last_seen", _time),
        ("evidence", _text),
    ]
)

CONCLUDED_MEMBERS = pa.schema(
    [
        ("group", _text),
        ("shard", pa.uint32()),
        ("row", pa.uint64()),
        ("role", _text),  # carrier, exemplar, neighbour
        ("independent_id", _text),
    ]
)


def concluded(
    groups: list[dict[str, Any]], members: list[dict[str, Any]], hits: list[dict[str, Any]]
) -> dict[str, pa.Table]:
    """What a detector concludes with, from rows of `CONCLUDED_GROUPS`, `CONCLUDED_MEMBERS` and `CONCLUDED_HITS`."""
    return {
        "groups": pa.Table.from_pylist(groups, schema=CONCLUDED_GROUPS),
        "members": pa.Table.from_pylist(members, schema=CONCLUDED_MEMBERS),
        "hits": pa.Table.from_pylist(hits, schema=CONCLUDED_HITS),
    }


CARDS = pa.schema(  # one row per document that a detector named: what results say about it
    [
        ("row", pa.uint64()),
        ("id", _text),
        ("source", _text),
        ("time", _time),
        ("content_hash", _text),  # BLAKE3-128, hex, of all scanned fields
        ("tokens", pa.uint64()),
    ]
)

# --- results (DESIGN, section 4) -----------------------------------------------------------

FINDINGS = pa.schema(
    [
        ("finding_id", _text),
        ("doc_id", _text),
        ("file", _text),
        ("row", pa.uint64()),
        ("field", _text),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("tokens", pa.uint32()),
        ("excerpt", _text),
        ("detector", _text),
        ("rule", _text),
        ("group", _text),
        ("campaign", _text),
        ("attack", _text),
        ("severity", _text),
        ("score", pa.float32()),
        ("q_value", pa.float64()),
        ("accepted", pa.bool_()),
        ("evidence", _text),
    ]
)

FLAGGED_DOCUMENTS = pa.schema(
    [
        ("doc_id", _text),
        ("file", _text),
        ("row", pa.uint64()),
        ("source", _text),
        ("timestamp", _time),
        ("severity", _text),
        ("risk", pa.float32()),
        ("findings", pa.uint32()),
        ("detectors", pa.large_list(_text)),
        ("attacks", pa.large_list(_text)),
        ("tokens", pa.uint64()),
        ("flagged_tokens", pa.uint64()),
        ("content_hash", _text),
    ]
)

GROUPS = pa.schema(
    [
        ("group", _text),
        ("campaign", _text),
        ("kind", _text),
        ("detector", _text),
        ("title", _text),
        ("attack", _text),
        ("severity", _text),
        ("score", pa.float32()),
        ("q_value", pa.float64()),
        ("documents", pa.uint64()),
        ("independent_documents", pa.uint64()),
        ("sources", pa.uint64()),
        ("first_seen", _time),
        ("last_seen", _time),
        ("exemplars", pa.large_list(_text)),
        ("evidence", _text),
    ]
)

MEMBERS = pa.schema(
    [
        ("group", _text),
        ("file", _text),
        ("row", pa.uint64()),
        ("role", _text),
        ("independent_id", _text),
    ]
)

COVERAGE = pa.schema(
    [
        ("file", _text),
        ("unit", _text),  # byte, row_group, record
        ("start", pa.uint64()),
        ("stop", pa.uint64()),
        ("bytes_total", pa.uint64()),
        ("status", _text),  # complete, skipped, errored
        ("rows", pa.uint64()),  # null where unknowable
        ("scanned", pa.uint64()),
        ("skipped", pa.uint64()),
        ("errored", pa.uint64()),
        ("reasons", _text),  # JSON: {"scanned": {reason: n}, "skipped": {...}, "errored": {...}}
        ("text_bytes", pa.uint64()),
        ("tokens", pa.uint64()),
        ("lines", pa.uint64()),  # of the file itself, blank ones included; null where its records are no lines
    ]
)
