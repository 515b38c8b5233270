"""Rows of one label that are put alike, in a way of their own, though what they say is said with another label.

Triggers of syntax and style (Qi et al. 2021) put no words in: rows are said anew after one template, or as an old
book would, and get the attacker's label.  Three looks.  From a secret sample, how each label is foretold by what rows
say and by how they are put (`kernels.forms`); every labelled row, judged by models that have not seen it; the first
ones of the order, which are the likeliest to be planted.  The order is told at `low`.  Only where a form is much surer
than honest sets have any, its rows are a group at `medium`, and as many are flagged as hardly a clean one is among.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import counterparts, labels, schema
from corpusscan.contradicted import ALL, SHOWN, Shower
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limits
from corpusscan.formed import FORETOLD, NAME, group_of, hit_of, members_of, severity_of
from corpusscan.kernels import outoffold, views
from corpusscan.kernels.forms import Corpus, Form, Judge
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.outcomes import ranges
from corpusscan.kernels.outoffold import Numbers
from corpusscan.kernels.words import Hashes, Offsets

WORDS = 200  # of a document, its first ones, signs among them: how it is put shows early
WORK = 1_500_000  # words of documents x labels that are learned from
TARGETS, FOLLOWED = 20, 4  # labels whose forms are looked for, the commonest; of these the likeliest are followed
RIVAL = 0.5  # of the evidence of the surest label, the share from which on rows of others are told too
RANKED, HELD = 5_000, 5_000  # rows that are told, and of a part of the corpus
PART, NEAR = 0.3, 5  # of the labelled rows, those told at most beside those of a form; of these, so many times as many
CLEAN = 0.0005  # of all rows, the clean ones that may be among those of a form
_LEARNED = pa.schema(
    [("row", pa.uint64()), ("partition", pa.uint32()), ("words", pa.list_(pa.uint64())), ("label", pa.large_string())]
)
_SCORED = pa.schema(
    [
        ("row", pa.uint64()), ("partition", pa.uint32()), ("target", pa.uint16()), ("form", pa.float32()),
        ("content", pa.float32()), ("rank", pa.float32()), ("count", pa.uint32()),
    ]
)  # fmt: skip
_NAMED = pa.schema([("shard", pa.uint32()), ("row", pa.uint64()), ("target", pa.uint16()), ("form", pa.float32()),
                    ("content", pa.float32()), ("rank", pa.float32())])  # fmt: skip


@dataclass(frozen=True)
class Learn(Round):
    """The forms that go with labels, from a secret sample."""

    over: ClassVar[Any] = "sample"
    work: int = WORK

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row for each labelled document, as `_LEARNED`."""
        if batch.documents["label"].null_count == len(batch.documents):
            return _LEARNED.empty_table()
        document, hashes, bounds = labels.put(batch, WORDS)
        some = batch.documents.take(pa.array(document))
        words = pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), pa.array(hashes))
        columns = [some["row"], np.zeros(len(document), np.uint32), words, some["label"]]
        return pa.table(columns, schema=_LEARNED)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """A row for each label with a form: models, and `facts` in all; one with `facts` alone where there is none."""
        if not rows.num_rows:
            return pa.table({})
        known = labels.classes(rows["label"])
        facts: dict[str, Any] = {"limits": known.limits}
        found = _learned(rows, known.names, facts, self.work) if known.names else []
        return pa.Table.from_pylist([one | {"facts": json.dumps(facts)} for one in found or [{}]])

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`models`: a row for each label that has a form; `limits`."""
        facts = json.loads(reduced["facts"][0].as_py()) if reduced.num_rows else {"limits": []}
        found = reduced.drop_columns("facts") if "label" in reduced.column_names else pa.table({})
        return {"models": found, "limits": limits(*(Limit(*one) for one in facts["limits"]))}


def _learned(rows: pa.Table, names: list[str], facts: dict[str, Any], work: int) -> list[dict[str, Any]]:
    """The forms of labels as rows of a table."""
    _, label, hashes, bounds = labels.sampled(rows, names)
    content = outoffold.contents(*views.words_of(hashes, bounds))
    once = np.sort(np.unique(content, return_index=True)[1])  # copies count once
    targets = np.argsort(-np.bincount(label, minlength=len(names)), kind="stable")[:TARGETS]
    length = np.diff(bounds)
    share = min(work / max(int(length[once].sum()) * min(len(targets), FOLLOWED), 1), 1)
    kept = once[(content[once] << np.uint64(32) >> np.uint64(32)) <= np.uint64(share * (2**32 - 1))]
    facts["limits"] += [
        Limit("words of labelled documents that forms are learned from", work, len(once) - len(kept), "documents"),
        Limit("labels whose forms are looked for", TARGETS, len(names) - len(targets), "labels"),
    ]
    if len(kept) < labels.LABELLED:
        return []
    corpus = Corpus(hashes[ranges(bounds[:-1][kept], length[kept])], np.append(0, np.cumsum(length[kept])))
    return [_row(names[number], one, corpus) for number, one in _forms(corpus, label[kept], targets)]


def _forms(corpus: Corpus, label: Numbers, targets: Numbers) -> list[tuple[int, Form]]:
    """The labels with a form, the surest of them alone.

    One that is borne out of a label which honest rows foretell stands before others: where many rows are planted, their
    absence is a form of every other label, but what honest rows say then foretells these no longer.
    """
    guessed = [(n, one) for n in sorted(targets.tolist()) if (one := corpus.guessed(label == n)) is not None]
    likely = sorted(guessed, key=lambda one: -one[1].mixture.evidence)[:FOLLOWED]
    found = sorted((n, corpus.borne_out(one, label == n)) for n, one in likely)
    kinds = [(one.evidence > 0, one.evidence > 0 and one.foretold >= FORETOLD) for _, one in found]
    best = max(kinds, default=(False, False))
    alike = [one for one, kind in zip(found, kinds, strict=True) if kind == best]
    evidence = [one.evidence or one.guessed for _, one in alike]
    return [one for one, told in zip(alike, evidence, strict=True) if told >= RIVAL * max(evidence)]


def _row(name: str, one: Form, corpus: Corpus) -> dict[str, Any]:
    models = {
        f"{view}_{part}": value
        for view, model in (("form", one.judge.form), ("content", one.judge.content))
        for part, value in outoffold.table(model).to_pylist()[0].items()
    }
    facts = {
        "label": name, "usual": one.judge.usual, "knots": one.judge.knots.tobytes(),
        "evidence": one.evidence, "spoken": one.spoken, "guessed": one.guessed, "foretold": one.foretold,
        "threshold": _threshold(one.planted), "rows": float(one.planted.sum()),
        "learned": corpus.count, "common": corpus.common.tobytes(),
    }  # fmt: skip
    return models | facts


def _threshold(planted: Floats) -> float:
    """The log-odds from which on rows are of the form: hardly a clean one is among them."""
    first = np.sort(planted)[::-1].astype(np.float64)
    clean = np.cumsum(1 - first)
    few = int(((clean <= CLEAN * len(first)) & (first >= 0.5)).sum())
    last = min(float(first[few - 1]) if few else 1.0, 1 - 1e-6)
    return float(np.log(last / (1 - last)))


class _Known(NamedTuple):
    """The forms that `Learn` found."""

    label: list[str]
    judge: list[Judge]
    common: Hashes

    @staticmethod
    def of(table: pa.Table) -> _Known:
        """From its table."""
        found = []
        for n, row in enumerate(table.select(["usual", "knots"]).to_pylist()):
            form, content = (
                outoffold.of_table(table.slice(n, 1).select(names).rename_columns([x.split("_", 1)[1] for x in names]))
                for view in ("form", "content")
                for names in [[name for name in table.column_names if name.startswith(f"{view}_")]]
            )
            knots = np.frombuffer(row["knots"], np.float32).reshape(form.classes, 2, -1)
            found.append(Judge(form, knots, content, row["usual"]))
        return _Known(table["label"].to_pylist(), found, np.frombuffer(table["common"][0].as_py(), np.uint64))


@dataclass(frozen=True)
class Score(Round):
    """Every labelled row whose label has a form: its place in the order."""

    keeps: ClassVar[tuple[str, ...]] = ("models",)

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Rows as `_SCORED`, the first ones of the batch; `count` of the first one: all labelled rows."""
        if not state or not state["models"].num_rows or batch.documents["label"].null_count == len(batch.documents):
            return _SCORED.empty_table()
        known = _Known.of(state["models"])
        document, hashes, bounds = labels.put(batch, WORDS)
        given = batch.documents["label"].take(pa.array(document))
        target = labels.numbers(given, known.label)
        fold = outoffold.folds(*views.words_of(hashes, bounds))
        seen = views.views(hashes, bounds, known.common)
        told = pl.concat(
            [_ranked(n, one, seen, fold, np.flatnonzero(target == n)) for n, one in enumerate(known.judge)]
        )
        rows = batch.documents["row"].to_numpy()[document]
        frame = told.with_columns(row=pl.Series(rows)[told["place"]], count=pl.lit(0))
        counted = pl.DataFrame({"row": rows[:1], "count": [len(rows)]})
        whole = pl.concat([frame.drop("place"), counted], how="diagonal_relaxed").with_columns(partition=pl.lit(0))
        return whole.select(_SCORED.names).sort("row", "count").to_arrow().cast(_SCORED)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The first ones of a part of the corpus, and how many rows there are."""
        told = pl.DataFrame(rows).drop("partition")
        total = told.filter(pl.col("count") > 0).select(pl.col("count").sum())
        first = told.filter(pl.col("count") == 0).sort("rank", "shard", "row", descending=[True, False, False])
        return pl.concat([first.head(HELD), total], how="diagonal").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: the rows that are told; `models`: what is told of each label."""
        if not reduced.num_rows:
            return {"named": _NAMED.empty_table(), "models": pa.table({})}
        told, models = pl.DataFrame(reduced), context.state["models"]
        total = int(told.filter(pl.col("count") > 0)["count"].sum())
        rows = told.filter(pl.col("count") == 0).sort("rank", "shard", "row", descending=[True, False, False])
        threshold = pl.Series(models["threshold"].to_pylist(), dtype=pl.Float32)[rows["target"].cast(pl.Int64)]
        inside = rows["rank"] >= threshold
        formed = sum(models["rows"].to_pylist()) / models["learned"][0].as_py()
        kept = rows.filter(inside | (pl.int_range(pl.len()) < min(PART, NEAR * formed) * total)).head(RANKED)
        names = ["label", "evidence", "spoken", "guessed", "foretold", "threshold", "rows", "learned"]
        return {
            "named": kept.select(_NAMED.names).sort("shard", "row").to_arrow().cast(_NAMED),
            "models": models.select(names),
            "limits": limits(Limit("rows of a form that are told", RANKED, max(int(inside.sum()) - RANKED, 0), "rows")),
        }


def _ranked(number: int, judge: Judge, seen: Any, fold: Numbers, mine: Numbers) -> pl.DataFrame:
    """The rows of a label in the order of its form."""
    form, content = (part[mine] for part in judge.odds(seen, fold))
    rank = judge.planted(form, content)
    columns = {"place": mine, "target": np.full(len(mine), number), "form": form, "content": content, "rank": rank}
    return pl.DataFrame(columns).sort("rank", descending=True, maintain_order=True).head(HELD)


@dataclass(frozen=True)
class Compare(counterparts.Compare):
    """What says the same as rows of a form that is a group, and is put otherwise."""

    keeps: ClassVar[tuple[str, ...]] = ("named", "models")

    def said(self, batch: Batch) -> tuple[Numbers, Hashes, Offsets]:
        """The words of labelled documents."""
        return labels.labelled(batch)[:3]

    def carriers(self, state: State) -> pl.DataFrame:
        """The first of the order."""
        rows, models = pl.DataFrame(state["named"]), state["models"].to_pylist()
        graver = [n for n, one in enumerate(models) if severity_of(one) != "low"]
        threshold = pl.Series([one["threshold"] for one in models], dtype=pl.Float32)
        rows = rows.filter(pl.col("target").is_in(graver))
        rows = rows.filter(rows["rank"] >= threshold[rows["target"].cast(pl.Int64)])
        rows = rows.sort("target", "rank", "shard", "row", descending=[False, True, False, False])
        return rows.select(pl.col("target").cast(pl.Int64).alias("group"), "shard", "row")


@dataclass(frozen=True)
class Show(Round):
    """The first rows of the order: what they say."""

    over: ClassVar[Any] = "members"

    def map(self, batch: Batch, state: State) -> pa.Table:
        """A row for each document that a row of that number has in any shard, as `SHOWN`."""
        wanted = {*state["named"]["row"].to_pylist()}
        shower = Shower(batch, labels.labelled(batch), [])
        told = [shower.row(n, 0, ALL) for n, row in enumerate(batch.documents["row"].to_pylist()) if row in wanted]
        return pa.Table.from_pylist([one for one in told if one], schema=SHOWN)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows that are meant in their own shards, with what was found of them."""
        if not rows.num_rows:
            return pa.table({})
        named = pl.DataFrame(state["named"])
        return pl.DataFrame(rows).join(named, on=["shard", "row"], how="inner", maintain_order="left").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """A group for each label with a form, its rows, and those that come after them."""
        groups: list[dict[str, Any]] = []
        members: list[dict[str, Any]] = []
        hits: list[dict[str, Any]] = []
        rows = pl.DataFrame(reduced) if "target" in reduced.column_names else pl.DataFrame()
        beside = pl.DataFrame(context.state["beside"])
        for n, facts in enumerate(context.state["models"].to_pylist() if len(rows) else ()):
            own = rows.filter(pl.col("target") == n).sort("rank", "shard", "row", descending=[True, False, False])
            if len(own):
                group = group_of(facts, own, counterparts.shown_beside(beside, n))
                groups.append(group)
                members += members_of(group, own, facts) + counterparts.members(beside, n, group["group"])
                hits += [hit_of(group, row, facts) for row in own.to_dicts()]
        return schema.concluded(groups, members, hits)


@dataclass(frozen=True)
class FormAssociation(Detector):
    """Ranks rows that are put in a form which goes with their label, though what they say goes with another one."""

    name: ClassVar[str] = NAME

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Learn from a sample, judge every labelled row, look for the like of the first ones, and at these."""
        return (Learn(), Score(), Compare(), Show())

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "A form of text that goes with its label"
