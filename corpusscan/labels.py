"""What labels a corpus has, and what a model learns of them from a secret sample.

Shared by what judges labels.  A label that is no class is left alone: one of its own for every record (an id), a score,
the same everywhere, or one that the text does not foretell.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from blake3 import blake3

from corpusscan import gathering
from corpusscan.detector import Batch, Context, Limit, Round, State, limits
from corpusscan.gathering import ANNOTATOR, KINDS, MONTH, SOURCE
from corpusscan.kernels import confusions, contradictions, hashing, outoffold, signs, sketches
from corpusscan.kernels.contradictions import Foreseen, Null
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.outcomes import ranges
from corpusscan.kernels.outoffold import Model, Numbers
from corpusscan.kernels.words import Hashes, Offsets

WORDS = 1_000  # of a document, its first ones, that are read
SAMPLED = 32_000_000  # words of all of them
WORK = 120_000_000  # features of documents x folds x classes that a model is fitted to
CLASSES, ROWS = 200, 20  # classes at most, and rows of each at least
LABELLED = 300  # rows with a class: from fewer nothing is learned
CLASSED = 0.5  # of the labelled rows, that have a class; else labels are something else
FORETOLD = 0.25  # of what there is to know of labels beyond their shares, that the text tells
_LEARNED = pa.schema(
    [
        ("row", pa.uint64()), ("partition", pa.uint32()), ("words", pa.list_(pa.uint64())),
        ("label", pa.large_string()), ("source", pa.uint64()), ("annotator", pa.uint64()), ("month", pa.uint64()),
    ]
)  # fmt: skip


class Labelled(NamedTuple):
    """The documents of a batch that have a label."""

    document: Numbers
    hashes: Hashes  # of their words
    bounds: Offsets
    places: Numbers  # of each word among those of the batch


def labelled(batch: Batch) -> Labelled:
    """The words of labelled documents, of each the first `WORDS`."""
    return _first(batch, *sketches.document_words(batch))


def spoken(batch: Batch) -> Labelled:
    """The same, with signs that no sentence needs among the words; places are those of `signs.odd`."""
    found = batch.feature(signs.odd)
    return _first(batch, found.hashes, found.bounds[sketches.texts_of(batch)])


def _first(batch: Batch, hashes: Hashes, bounds: Offsets) -> Labelled:
    document = np.flatnonzero(batch.documents["label"].is_valid().to_numpy())
    first = bounds[:-1][document]
    taken = np.minimum(bounds[1:][document] - first, WORDS)
    own = np.append(0, np.cumsum(taken))
    places = ranges(first, taken)
    return Labelled(document, hashes[places], own, places)


def put(batch: Batch, most: int) -> tuple[Numbers, Hashes, Offsets]:
    """The labelled documents of a batch; of each the first words and signs, so many, and the bounds of these."""
    document = np.flatnonzero(batch.documents["label"].is_valid().to_numpy())
    hashes, bounds = batch.feature(signs.document_tokens)
    length = np.minimum(np.diff(bounds)[document], most)
    return document, hashes[ranges(bounds[:-1][document], length)], np.append(0, np.cumsum(length))


def marks(batch: Batch) -> dict[int, Hashes]:
    """By kind, a keyed hash of who or what each document of a batch has; 0: nothing."""
    moments = batch.documents["time"]
    months = pc.add(pc.multiply(pc.year(moments), 12), pc.month(moments)).fill_null(0).to_numpy().astype(np.uint64)
    return {SOURCE: hashing.source_hashes(batch), ANNOTATOR: _annotators(batch), MONTH: months}


def _annotators(batch: Batch) -> Hashes:
    known: dict[str | None, int] = {None: 0}
    for name in batch.documents["annotator"].unique().drop_null().to_pylist():
        known[name] = int.from_bytes(blake3(name.encode("utf-8", "surrogatepass"), key=batch.key).digest(8)) or 1
    return np.array([known[name] for name in batch.documents["annotator"].to_pylist()], np.uint64)


def month(number: int) -> str:
    """What a month is called."""
    return f"{(number - 1) // 12:04}-{(number - 1) % 12 + 1:02}"


class Classes(NamedTuple):
    """Which labels are classes, or why there are none."""

    names: list[str]
    limits: list[Limit]


def classes(label: pa.ChunkedArray) -> Classes:
    """The commonest labels, sorted by name; none where labels are no classes."""
    counted = sorted(((one["counts"], one["values"]) for one in label.value_counts().to_pylist()), key=_order)
    common = [(count, name) for count, name in counted if count >= ROWS]
    kept, total = common[:CLASSES], len(label)
    if sum(count for count, _ in common) < CLASSED * total:
        return Classes([], [Limit("labels that are classes, of rows enough each", ROWS, total, "labelled rows")])
    if len(kept) > 20 and all(map(_score, (name for _, name in kept))):
        return Classes([], [Limit("labels that are classes, and no scores", CLASSES, total, "labelled rows")])
    if len(kept) < 2:
        return Classes([], [Limit("labels that differ", 1, total, "labelled rows")])
    if sum(count for count, _ in kept) < LABELLED:
        return Classes([], [Limit("labelled rows that are enough to learn from", LABELLED, total, "rows, too few")])
    told = [
        Limit("rows of a class that are enough to learn it", ROWS, sum(n for n, _ in counted if n < ROWS), "rows"),
        Limit("classes that are told apart", CLASSES, sum(n for n, _ in common[CLASSES:]), "rows of other classes"),
    ]
    return Classes(sorted(name for _, name in kept), told)


def numbers(given: pa.Array | pa.ChunkedArray, names: list[str]) -> Numbers:
    """The number of each label among the classes; -1 where it is none of them."""
    told: Numbers = pc.index_in(given, value_set=pa.array(names, pa.large_string())).fill_null(-1).to_numpy()
    return told.astype(np.int64)


def _order(one: tuple[int, str]) -> tuple[int, str]:
    return -one[0], one[1]


def _score(name: str) -> bool:
    """Whether a label is a number with a fraction."""
    try:
        return not float(name).is_integer()
    except (ValueError, OverflowError):
        return False


@dataclass(frozen=True)
class Learn(Round):
    """The classes of a secret part of the corpus, a model of them, and the features at which labels contradict it."""

    over: ClassVar[Any] = "sample"
    words: int = SAMPLED

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row for each labelled document, as `_LEARNED`."""
        if batch.documents["label"].null_count == len(batch.documents):
            return _LEARNED.empty_table()
        own = labelled(batch)
        told = {KINDS[kind]: values[own.document] for kind, values in marks(batch).items()}
        some = batch.documents.take(pa.array(own.document))
        words = pa.ListArray.from_arrays(pa.array(own.bounds, pa.int32()), pa.array(own.hashes))
        columns = {
            "row": some["row"], "partition": np.zeros(len(own.document), np.uint32), "words": words,
            "label": some["label"], **told,
        }  # fmt: skip
        return pa.table(columns, schema=_LEARNED)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """One row: the model, `facts`, and what is left aside; no row where nothing is labelled."""
        if not rows.num_rows:
            return pa.table({})
        known = classes(rows["label"])
        facts: dict[str, Any] = {"classes": known.names, "limits": known.limits, "suspects": []}
        empty: dict[str, Any] = {}
        if known.names:
            empty = _learned(rows.select(_LEARNED.names[2:]), known.names, facts, self.words)
        return pa.table({**empty, "facts": [json.dumps(facts, ensure_ascii=True)]})

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`model` and `facts`, each of one row: none where there is nothing to judge labels by; `limits`."""
        if not reduced.num_rows:
            return {"model": pa.table({}), "facts": pa.table({})}
        facts = json.loads(reduced["facts"][0].as_py())
        told = limits(*(Limit(*one) for one in facts["limits"]))
        if not facts["classes"]:
            return {"model": pa.table({}), "facts": pa.table({}), "limits": told}
        return {"model": reduced.drop_columns("facts"), "facts": reduced.select(["facts"]), "limits": told}


def sampled(rows: pa.Table, names: list[str]) -> tuple[pa.Table, Numbers, Hashes, Offsets]:
    """Of rows with `label` and `words` those with one of these labels; its number, words of all, bounds of these."""
    label = numbers(rows["label"], names)
    rows, label = rows.filter(pa.array(label >= 0)), label[label >= 0]
    column = rows["words"].combine_chunks()
    bounds = column.offsets.to_numpy().astype(np.int64)
    return rows, label, column.values.to_numpy()[bounds[0] : bounds[-1]], bounds - bounds[0]


def _learned(rows: pa.Table, names: list[str], facts: dict[str, Any], most: int) -> dict[str, Any]:
    """The columns of a model, and `facts`; none where the text does not foretell labels."""
    rows, label, hashes, bounds = sampled(rows, names)
    count = max(int(np.searchsorted(bounds, most, side="right")) - 1, 1)
    hashes, bounds = hashes[: bounds[count]], bounds[: count + 1]
    label, rows = label[:count], rows.slice(0, count)
    model, fold = fitted(hashes, bounds, label, len(names))
    found, chance = _judged(hashes, bounds, model, fold, label, len(names))
    usual = float(chance.prior.max())
    known = (float((found.top == label).mean()) - usual) / max(1 - usual, 1e-6)
    if known < FORETOLD:
        facts["classes"] = []
        facts["limits"].append(Limit("labels that their texts foretell", 1, count, "labelled rows"))
        return {}
    facts["foretold"] = known
    facts["thresholds"] = [float(found.given[label == n].mean()) for n in range(len(names))]
    facts["surest"] = confusions.surest(found, label, outoffold.contents(hashes, bounds), len(names))
    named = {kind: rows[KINDS[kind]].to_numpy() for kind in (SOURCE, ANNOTATOR, MONTH)}
    facts["suspects"] = gathering.suspects(hashes, bounds, model, fold, label, found, chance, named)
    told = {name: pa.array([part.tobytes()], pa.large_binary()) for name, part in chance._asdict().items()}
    table = outoffold.table(model)
    return dict(zip(table.column_names, table.columns, strict=True)) | told


def fitted(hashes: Hashes, bounds: Offsets, label: Numbers, count: int, least: int = 3) -> tuple[Model, Numbers]:
    """A model of so many classes, by what stands in `least` documents, from as many as there is time for; all folds."""
    fold = outoffold.folds(hashes, bounds)
    known = outoffold.vocabulary(hashes, bounds, least, outoffold.room(count))
    seen = outoffold.read(hashes, bounds, known)
    columns = outoffold.FOLDS * (count if count > 2 else 1)
    share = min(WORK / (max(len(seen.feature), 1) * columns), 1)
    if share < 1:  # some, by their words, so that copies go together
        drawn = outoffold.contents(hashes, bounds) << np.uint64(32) >> np.uint64(32)
        kept = np.flatnonzero(drawn <= np.uint64(share * (2**32 - 1)))
        seen = outoffold.some(seen, kept)
        return outoffold.fitted(seen, known, fold[kept], label[kept], count), fold
    return outoffold.fitted(seen, known, fold, label, count), fold


def _judged(
    hashes: Hashes, bounds: Offsets, model: Model, fold: Numbers, label: Numbers, count: int
) -> tuple[Foreseen, Null]:
    seen = outoffold.read(hashes, bounds, (model.features, model.rarity))
    prior = (np.bincount(label, minlength=count) / len(label)).astype(np.float32)
    found = contradictions.foreseen(outoffold.logits(model, seen, fold), label, outoffold.wide(model.bias[fold]))
    return found, contradictions.null(found, label, prior)


def null_of(model: pa.Table) -> Null:
    """How often labels contradict texts, as the state of `Learn` has it."""
    prior, *parts = (np.frombuffer(model[name][0].as_buffer(), np.float32) for name in Null._fields)
    return Null(prior, *(one.reshape(-1, len(prior)) for one in parts))


def state_of(state: State) -> tuple[Model, Null, dict[str, Any]] | None:
    """What `Learn` concluded; nothing where there is nothing to judge labels by."""
    if not state or not state["model"].num_rows:
        return None
    return outoffold.of_table(state["model"]), null_of(state["model"]), json.loads(state["facts"]["facts"][0].as_py())


def shown(found: Floats) -> list[float]:
    """Numbers as evidence has them."""
    return [round(float(one), 4) for one in found]
