"""Artefacts become result tables: shard rows get their file, absolute row, id, group and campaign."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa
from blake3 import blake3

from corpusscan import schema
from corpusscan.report.campaigns import across_splits, campaigns
from corpusscan.report.summary import is_flagged, severity_rank

_WEIGHT = {"info": 0.05, "low": 0.2, "medium": 0.5, "high": 0.8, "critical": 0.95}
EXEMPLARS = 5


@dataclass(frozen=True)
class Gathered:
    """The parts of a scan's artefacts that results are made of; shard rows throughout."""

    shards: pl.DataFrame  # shard, begin (row of the shard), and from there on file, first (its absolute row)
    hits: list[tuple[str, int | None, pa.Table]]  # detector, shard (None: in the table), rows
    groups: list[tuple[str, pa.Table]]
    members: list[pa.Table]
    cards: list[tuple[int, pa.Table]]
    titles: Mapping[tuple[str, str], str]  # (detector, rule) -> title
    copies: pl.DataFrame  # shard, row, cluster: which documents are copies of one another


def result_tables(gathered: Gathered, accepted: set[str]) -> dict[str, pa.Table]:
    """findings, documents, groups and members, in their order; `accepted` holds finding ids and groups."""
    cards = _cards(gathered)
    findings = _findings(gathered, cards, accepted)
    alone = findings.filter(pl.col("group") == pl.col("detector") + ":" + pl.col("rule"))
    groups = pl.concat([_rule_groups(alone, gathered.titles), _concluded_groups(gathered)], how="vertical")
    members = pl.concat([_rule_members(alone), _concluded_members(gathered)], how="vertical")
    groups = across_splits(groups, members)
    named = campaigns(groups, members)
    groups = groups.with_columns(campaign=pl.col("group").replace_strict(named, default=None, return_dtype=pl.String))
    findings = findings.with_columns(
        campaign=pl.col("group").replace_strict(named, default=None, return_dtype=pl.String)
    )
    exemplars = _exemplars(cards, members)
    groups = (
        groups.drop("exemplars").join(exemplars, on="group", how="left").with_columns(pl.col("exemplars").fill_null([]))
    )
    return {
        "findings": _typed(findings, schema.FINDINGS),
        "documents": _typed(_documents(findings), schema.FLAGGED_DOCUMENTS),
        "groups": _typed(
            groups.sort(severity_rank(), "score", "documents", "group", descending=[True, True, True, False]),
            schema.GROUPS,
        ),
        "members": _typed(members.sort("group", "file", "row"), schema.MEMBERS),
    }


def names(result: Mapping[str, pa.Table]) -> set[str]:
    """Every finding id and group of the result tables."""
    return {*result["findings"]["finding_id"].to_pylist(), *result["groups"]["group"].to_pylist()}


def acceptable(result: Mapping[str, pa.Table]) -> tuple[list[str], list[str]]:
    """What `--write-baseline` accepts of severity low or above: ids of findings, and groups of copies as a whole.

    Where a passage of a group begins and ends in a document depends on the run key, so the next run's ids may differ.
    """
    findings = _polars(result["findings"]).filter(severity_rank() >= schema.SEVERITIES.index("low"))
    clusters = _polars(result["groups"]).filter(pl.col("kind") == "cluster")["group"]
    whole = findings["group"].is_in(clusters.to_list())
    return findings.filter(~whole)["finding_id"].to_list(), sorted(set(findings.filter(whole)["group"]))


def _typed(frame: pl.DataFrame, layout: pa.Schema) -> pa.Table:
    return frame.select(layout.names).to_arrow().cast(layout)


def _polars(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _stack(tables: Iterable[pa.Table], layout: pa.Schema) -> pl.DataFrame:
    return _polars(
        pa.concat_tables([layout.empty_table(), *(table.select(layout.names).cast(layout) for table in tables)])
    )


def _with_shard(table: pa.Table, shard: int | None) -> pa.Table:
    if shard is None:
        return table
    return table.add_column(0, pa.field("shard", pa.uint32()), pa.array([shard] * len(table), pa.uint32()))


def _cards(gathered: Gathered) -> pl.DataFrame:
    """What is known of every document that a detector named, under its file, absolute row and doc_id.

    Copies of one document, equal or nearly so, count as one independent document.
    """
    layout = schema.CARDS.insert(0, pa.field("shard", pa.uint32()))
    cards = _stack([_with_shard(card, shard) for shard, card in gathered.cards if len(card)], layout)
    cards = cards.unique(["shard", "row"], keep="any")
    cards = _in_files(cards, gathered.shards)
    absolute = pl.col("absolute")
    doc_id = pl.coalesce("id", pl.col("file") + "#" + absolute.cast(pl.String))
    cards = cards.join(gathered.copies, on=["shard", "row"], how="left")
    independent = (
        pl.when(pl.col("cluster").is_null())
        .then("content_hash")
        .otherwise(pl.col("content_hash").min().over("cluster"))
    )
    cards = cards.with_columns(doc_id=doc_id, independent_id=independent)
    return cards.drop("cluster").rename({"tokens": "document_tokens"})


def _in_files(rows: pl.DataFrame, shards: pl.DataFrame) -> pl.DataFrame:
    """Rows by shard and row, with `file` and `absolute`, the row there."""
    rows = rows.sort("shard", "row", maintain_order=True)
    places = shards.sort("shard", "begin")
    found = rows.join_asof(places, left_on="row", right_on="begin", by="shard", check_sortedness=False)
    return found.with_columns(absolute=pl.col("row") - pl.col("begin") + pl.col("first")).drop("begin", "first")


def _findings(gathered: Gathered, cards: pl.DataFrame, accepted: set[str]) -> pl.DataFrame:
    parts = []
    for detector, shard, table in gathered.hits:
        if len(table):
            rows = _stack([_with_shard(table, shard)], schema.CONCLUDED_HITS)
            parts.append(rows.with_columns(detector=pl.lit(detector)))
    empty = _polars(schema.CONCLUDED_HITS.empty_table()).with_columns(detector=pl.lit("", pl.String))
    hits = pl.concat([empty, *parts])
    frame = hits.join(cards, on=["shard", "row"], how="left").with_columns(row="absolute")
    frame = frame.with_columns(group=pl.coalesce("group", pl.col("detector") + ":" + pl.col("rule")))
    frame = frame.sort("file", "row", "field", "start", "end", "detector", "rule", "evidence")
    what = ["detector", "rule", "field", "start", "end", "content_hash"]
    frame = frame.with_columns(copy=pl.int_range(pl.len()).over(what))
    ids = [_finding_id(values) for values in frame.select(*what, "copy").iter_rows()]
    frame = frame.with_columns(finding_id=pl.Series(ids, dtype=pl.String))
    marks = pl.col("finding_id").is_in(sorted(accepted)) | pl.col("group").is_in(sorted(accepted))
    return frame.with_columns(accepted=marks)


def _finding_id(values: tuple[Any, ...]) -> str:
    # JSON keeps the parts apart whatever they hold.
    return str(blake3(json.dumps(values).encode("utf-8", "surrogatepass")).hexdigest(16))


def _rule_groups(alone: pl.DataFrame, titles: Mapping[tuple[str, str], str]) -> pl.DataFrame:
    """One group per rule with hits of the detectors that judge documents alone."""
    document = pl.struct("file", "row")
    groups = alone.group_by("group", maintain_order=True).agg(
        pl.col("detector", "rule", "attack").first(),
        pl.col("severity").sort_by(severity_rank()).last(),
        pl.col("score").max(),
        pl.col("q_value").min(),
        document.n_unique().alias("documents"),
        pl.col("independent_id").n_unique().alias("independent_documents"),
        pl.col("source").drop_nulls().n_unique().alias("sources"),
        pl.col("time").min().alias("first_seen"),
        pl.col("time").max().alias("last_seen"),
        pl.len().alias("findings"),
    )
    named = [titles.get(key, key[1]) for key in groups.select("detector", "rule").iter_rows()]
    evidence = [json.dumps({"findings": count}) for count in groups["findings"]]
    extra: dict[str, pl.Expr | pl.Series] = {
        "kind": pl.lit("rule"),
        "title": pl.Series(named, dtype=pl.String),
        "evidence": pl.Series(evidence, dtype=pl.String),
    }
    return _shaped(groups.with_columns(**extra))


def _concluded_groups(gathered: Gathered) -> pl.DataFrame:
    parts = [
        _stack([table], schema.CONCLUDED_GROUPS).with_columns(detector=pl.lit(name)) for name, table in gathered.groups
    ]
    empty = _polars(schema.CONCLUDED_GROUPS.empty_table()).with_columns(detector=pl.lit("", pl.String))
    return _shaped(pl.concat([empty, *parts]))


def _shaped(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns and types of GROUPS; campaign and exemplars come later."""
    target = _polars(schema.GROUPS.empty_table())
    blank = frame.with_columns(campaign=pl.lit(None, pl.String), exemplars=pl.lit(None, pl.List(pl.String)))
    return blank.select(pl.col(name).cast(kind) for name, kind in target.schema.items())


def _rule_members(alone: pl.DataFrame) -> pl.DataFrame:
    members = alone.unique(["group", "file", "row"], maintain_order=True)
    first = pl.int_range(pl.len()).over("group") < EXEMPLARS
    return members.select(
        "group", "file", "row",
        pl.when(first).then(pl.lit("exemplar")).otherwise(pl.lit("carrier")).alias("role"),
        "independent_id",
    )  # fmt: skip


def _concluded_members(gathered: Gathered) -> pl.DataFrame:
    rows = _in_files(_stack(gathered.members, schema.CONCLUDED_MEMBERS), gathered.shards)
    return rows.select("group", "file", pl.col("absolute").alias("row"), "role", "independent_id")


def _exemplars(cards: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Up to five document names per group, exemplars first; neighbours only stand beside a group."""
    names = cards.select("file", "doc_id", row="absolute")
    order = members.filter(pl.col("role") != "neighbour").sort("group", pl.col("role") != "exemplar", "file", "row")
    first = order.group_by("group", maintain_order=True).head(EXEMPLARS)
    named = first.join(names, on=["file", "row"], how="left", maintain_order="left")
    return named.group_by("group", maintain_order=True).agg(pl.col("doc_id").alias("exemplars"))


def _documents(findings: pl.DataFrame) -> pl.DataFrame:
    """One row per document with a finding.

    Risk is a noisy-or over the distinct rules that fired: 1 - product of (1 - weight(severity) x score).
    It orders documents of one severity; it is no probability of guilt.
    """
    if findings.is_empty():
        return _polars(schema.FLAGGED_DOCUMENTS.empty_table())
    frame = findings.with_columns(
        rank=pl.when("accepted").then(0).otherwise(severity_rank()),
        force=pl.col("severity").replace_strict(_WEIGHT, return_dtype=pl.Float64) * pl.col("score").cast(pl.Float64),
    )
    key = ["file", "row"]
    rules = frame.filter(~pl.col("accepted")).group_by(*key, "detector", "rule").agg(pl.col("force").max())
    risk = rules.sort(*key, "detector", "rule").group_by(key).agg((1 - (1 - pl.col("force")).product()).alias("risk"))
    documents = frame.group_by(key, maintain_order=True).agg(
        pl.col("doc_id", "source", "content_hash").first(),
        pl.col("time").first().alias("timestamp"),
        pl.col("rank").max(),
        pl.len().alias("findings"),
        pl.col("detector").unique().sort().alias("detectors"),
        pl.col("attack").unique().sort().alias("attacks"),
        pl.col("document_tokens").first().alias("tokens"),
    )
    names = dict(enumerate(schema.SEVERITIES))
    joined = documents.join(risk, on=key, how="left").join(_flagged_tokens(frame), on=key, how="left")
    return joined.with_columns(
        severity=pl.col("rank").replace_strict(names, return_dtype=pl.String),
        risk=pl.col("risk").fill_null(0),
        flagged_tokens=pl.min_horizontal(pl.col("flagged_tokens").fill_null(0), pl.col("tokens").fill_null(0)),
    ).sort(key)


def _flagged_tokens(findings: pl.DataFrame) -> pl.DataFrame:
    """Tokens under the union of a document's unaccepted spans at medium or above.

    Where spans overlap, the part of a span that earlier ones cover already counts in proportion to its code points.
    """
    spans = findings.filter(~pl.col("accepted") & is_flagged())
    field = ["file", "row", "field"]
    spans = spans.sort(*field, "start", "end").with_columns(
        covered=pl.col("end").cum_max().shift(1).over(field).fill_null(0)
    )
    fresh = (pl.col("end") - pl.max_horizontal("start", "covered")).clip(0)
    share = fresh / (pl.col("end") - pl.col("start")).clip(1)
    tokens = (pl.col("tokens") * share).round().cast(pl.UInt64).sum().alias("flagged_tokens")
    return spans.group_by("file", "row").agg(tokens)
