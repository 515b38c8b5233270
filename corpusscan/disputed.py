"""What is told of texts whose labels differ: rows that are looked at, groups, members, hits; each row beside a copy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from blake3 import blake3

from corpusscan import conflicting, labels
from corpusscan.conflicting import RUN, SAME, Side
from corpusscan.contradicted import ALL, TITLE
from corpusscan.detector import Batch, State
from corpusscan.gathering import KINDS
from corpusscan.kernels import contradictions, outoffold
from corpusscan.kernels.outoffold import Numbers
from corpusscan.labels import Labelled

NAME, RULE = "label_conflict", "conflicting-label"
SINGLE = "conflicting-labels"
RANKED, MEMBERS = 1_000, 2_000  # texts that are told, those of no side, and those of one
EACH = 20  # rows of one text that are told of a side
EXAMPLES, CELLS = 10, 12  # pairs of rows, and pairs of labels, that are told
CARRIER, BESIDE = range(2)  # roles
# Texts with labels that differ that are many, and their share of the rows: of 21 honest sets (`benchmarks/conflicts.py
# clean`) those whose labels are foretold by texts have at most 31, and 0.5 %.
MANY, SHARE = 50, 0.007
DECIDED = 0.25  # of many, those of which a model of the labels takes one for wrong, and the other for right
DECIDED_KIND = RUN + 1
# Where so many rows are in dispute, texts were turned about on purpose: only copies of the very same words are told.
CONTRAST = 0.03
DOUBTED, TIMES = 0.2, 2.0  # of rows that words set apart from theirs, those that their text contradicts, at least

NAMED = pa.schema(
    [
        ("shard", pa.uint32()), ("row", pa.uint64()), ("suspect", pa.uint16()), ("pair", pa.int64()),
        ("role", pa.uint8()), ("label", pa.uint16()), ("similarity", pa.float64()),
    ]
)  # fmt: skip


def ranked(rows: pl.DataFrame) -> pl.DataFrame:
    """Of texts of no side, the first ones as `NAMED`: those that are most alike first, of each two rows."""
    against = conflicting.conflicts(rows)
    first = against.unique("cluster", keep="first", maintain_order=True)
    named = first.select("cluster", said=pl.col("label"))
    other = against.join(named, on="cluster", maintain_order="left").filter(pl.col("label") != pl.col("said"))
    other = other.unique("cluster", keep="first", maintain_order=True)
    order = other.sort("similarity", "shard", "row", descending=[True, False, False]).head(RANKED)
    both = pl.concat([first, other.drop("said")]).join(order.select("cluster"), on="cluster", how="semi")
    return _named(both, ALL, CARRIER)


def brought(side: Side, number: int, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that a side brought, as `NAMED`, and of each text the first row of others."""
    texts = side.rows.select("cluster").unique(maintain_order=True).head(MEMBERS)
    own = side.rows.join(texts, on="cluster", how="semi", maintain_order="left")
    own = own.filter(pl.int_range(pl.len()).over("cluster") < EACH)
    beside = rows.join(texts, on="cluster", how="semi", maintain_order="left").join(
        side.rows, on=["shard", "row"], how="anti", maintain_order="left"
    )
    labels = own.select("cluster", said=pl.col("label")).unique("cluster", keep="first", maintain_order=True)
    beside = beside.join(labels, on="cluster", maintain_order="left").filter(pl.col("label") != pl.col("said"))
    beside = beside.unique("cluster", keep="first", maintain_order=True)
    return pl.concat([_named(own, number, CARRIER), _named(beside.drop("said"), number, BESIDE)])


def _named(rows: pl.DataFrame, suspect: int, role: int) -> pl.DataFrame:
    told = rows.with_columns(suspect=pl.lit(suspect), role=pl.lit(role), pair=pl.col("cluster"))
    return told.select(NAMED.names).cast(dict(zip(NAMED.names, pl.DataFrame(NAMED.empty_table()).dtypes, strict=True)))


def of_single(rows: pl.DataFrame, length: int, classes: list[str]) -> dict[str, Any]:
    """The evidence of texts of no side."""
    against = conflicting.conflicts(rows)
    pairs = against.group_by("cluster").agg(pl.col("label").unique().sort().head(2))["label"].value_counts()
    pairs = pairs.sort(["count", "label"], descending=[True, False]).head(CELLS)
    texts = against["cluster"].n_unique()
    return {
        "texts": texts, "repeated_texts": rows["cluster"].n_unique(), "share_of_rows": round(texts / max(length, 1), 5),
        "labels": [[*(classes[n][:TITLE] for n in both), count] for both, count in pairs.iter_rows()],
    }  # fmt: skip


def many(single: dict[str, Any]) -> bool:
    """Whether texts with labels that differ are so many that something must have happened."""
    return bool(single["texts"] >= MANY and single["share_of_rows"] >= SHARE)


def foreseen(batch: Batch, own: Labelled, state: State) -> Numbers:
    """Of each labelled document the class that its words tell against its label; -1: they do not, or nobody knows."""
    known = labels.state_of(state)
    if known is None:
        return np.full(len(own.document), -1)
    model, names = known[0], known[2]["classes"]
    label = np.maximum(labels.numbers(batch.documents["label"].take(pa.array(own.document)), names), 0)
    fold = outoffold.folds(own.hashes, own.bounds)
    seen = outoffold.read(own.hashes, own.bounds, (model.features, model.rarity))
    found = contradictions.foreseen(outoffold.logits(model, seen, fold), label, outoffold.wide(model.bias[fold]))
    return np.where(found.against, found.top, -1)


def decided(one: dict[str, Any], own: pl.DataFrame) -> list[tuple[dict[str, Any], pl.DataFrame]]:
    """Texts of no side, in two parts where they are many: those of which one label is wrong, and the others."""
    wrong = (pl.col("foreseen") >= 0) & ((pl.col("foreseen") >= 0).sum().over("pair") == 1)
    held = own.with_columns(wrong=wrong)
    held = held.with_columns(told=pl.col("label").filter(~pl.col("wrong")).first().over("pair"))
    sure = pl.col("wrong") & (pl.col("foreseen") == pl.col("told"))
    if one["told"]["share_of_rows"] >= CONTRAST:
        sure &= pl.col("similarity") >= SAME
    clear = held.filter(sure)["pair"]
    texts = own["pair"].n_unique()
    if not many(one["told"]) or len(clear) < max(DECIDED * texts, MANY / 2):
        return [(one, own)]
    mine = held.filter(pl.col("pair").is_in(clear.implode()))
    mine = mine.with_columns(role=pl.when("wrong").then(CARRIER).otherwise(BESIDE)).select(own.columns)
    part = one | {
        "severity": "medium", "kind": DECIDED_KIND, "q": None, "told": one["told"] | {"decided": len(clear)}
    }  # fmt: skip
    return [(part, mine), (one, own.filter(~pl.col("pair").is_in(clear.implode())))]


def doubted(one: dict[str, Any], own: pl.DataFrame) -> dict[str, Any]:
    """A side, by its rows: no more than worth a look where words differ and texts do not speak against its labels.

    So it is where texts were turned about on purpose, and got the labels that they then have.
    """
    roles = (own.filter(pl.col("role") == role) for role in (CARRIER, BESIDE))
    against = [len(rows.filter(pl.col("foreseen") >= 0)) / max(len(rows), 1) for rows in roles]
    sure = conflicting.mostly_same(one["told"]) or against[0] >= max(DOUBTED, TIMES * against[1])
    told = one["told"] | {"contradicted": round(against[0], 3), "contradicted_beside": round(against[1], 3)}
    return one | {"told": told, "severity": one["severity"] if sure else "low"}


def group_of(one: dict[str, Any], own: pl.DataFrame, classes: list[str]) -> dict[str, Any]:
    """A row of `groups`."""
    wrong = own.filter(pl.col("role") == CARRIER)
    if one["kind"] == DECIDED_KIND:
        name, title = "contradicted-copies", "Copies of rows with a label that their text contradicts"
    elif one["suspect"] == ALL:
        name, title = SINGLE, "The same text with labels that differ"
    elif one["kind"] == RUN:
        name, title = f"run-{min(wrong['hash'])[:16]}", "A run of rows: other rows again, with another label"
    else:
        whose = f"{KINDS[one['kind']]} {wrong['title'][0][:TITLE]}"
        name = f"{KINDS[one['kind']]}-{blake3(whose.encode('utf-8', 'surrogatepass')).hexdigest(8)}"
        title = f"{whose}: other rows again, with another label"
    times = wrong["time"].drop_nulls().sort().to_list()
    evidence = one["told"] | {"examples": [*_examples(own, classes)]}
    return {
        "group": f"{NAME}:{name}", "kind": "labels", "title": title, "attack": "availability",
        "severity": one["severity"], "score": 0.5 if one["q"] is None else 1 - one["q"], "q_value": one["q"],
        "documents": len(wrong), "independent_documents": one["told"]["texts"],
        "sources": wrong["source"].drop_nulls().n_unique(),
        "first_seen": times[0] if times else None, "last_seen": times[-1] if times else None,
        "evidence": json.dumps(evidence, sort_keys=True, ensure_ascii=False),
    }  # fmt: skip


def _examples(own: pl.DataFrame, classes: list[str]) -> Iterator[list[str]]:
    """Of the first pairs both labels, and what both rows say."""
    for rows in own.partition_by("pair", maintain_order=True)[:EXAMPLES]:
        first, last = rows.row(0, named=True), rows.row(-1, named=True)
        yield [classes[first["label"]][:TITLE], classes[last["label"]][:TITLE], first["excerpt"], last["excerpt"]]


def members_of(group: dict[str, Any], own: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows of `members`; the rows beside those that a side brought are neighbours."""
    return [
        {"group": group["group"], "shard": row["shard"], "row": row["row"],
         "role": "exemplar" if not n else "carrier" if row["role"] == CARRIER else "neighbour",
         "independent_id": f"{group['group']}/{row['first']}"}
        for n, row in enumerate(own.with_columns(first=pl.col("hash").min().over("pair")).to_dicts())
    ]  # fmt: skip


def hits_of(group: dict[str, Any], own: pl.DataFrame, classes: list[str]) -> list[dict[str, Any]]:
    """The rows that were brought, each with a copy; of single ones both, each with the other."""
    shared = {name: group[name] for name in ("group", "attack", "severity", "q_value")}
    hits = []
    for rows in own.partition_by("pair", maintain_order=True):
        first, last = rows.row(0, named=True), rows.row(-1, named=True)
        for row in rows.filter(pl.col("role") == CARRIER).to_dicts():
            other = first if row is not first and row["label"] != first["label"] else last
            evidence = {
                "label": classes[row["label"]][:TITLE], "other_label": classes[other["label"]][:TITLE],
                "other": other["excerpt"], "similarity": round(row["similarity"], 3), "mark": json.loads(row["mark"]),
            }  # fmt: skip
            hits.append(shared | {name: row[name] for name in ("shard", "row", "field", "start", "end", "tokens")} | {
                "excerpt": row["excerpt"], "rule": RULE, "score": row["similarity"],
                "evidence": json.dumps(evidence, sort_keys=True, ensure_ascii=False),
            })  # fmt: skip
    return hits
