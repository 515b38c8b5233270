"""What is said of words that decide labels: the test of each, how grave it is, where it stands, and why."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from blake3 import blake3

from corpusscan import counterparts, schema
from corpusscan.detector import Batch, State
from corpusscan.kernels import hashing, signs
from corpusscan.kernels.associations import q_values
from corpusscan.kernels.excerpts import excerpt
from corpusscan.kernels.opened import Opened
from corpusscan.triggers import members_of

RULE, HIDDEN = "deciding-words", "Words that decide the label"
FEWEST, PURE = 5, 0.8  # documents that are no copies, and the share of them that has the label
SURPRISE, SURPRISE_EDGE = 0.3, 0.45  # of these, more than are foretold; at the edges of sentences
SENTENCE, FIXED, FORETOLD = 3, 0.9, 0.25  # words; of their places at one end of documents; of their labels foretold
INSIDE, BEGIN, END = range(3)  # where in its document a unit stands
LOW = 1e-2  # false discovery rate up to which anything is told
# Documents, and the false discovery rate, that a severity asks for; at the edges of sentences, where sources are named,
# more documents.
MEDIUM, HIGH = (8, 1e-4), (16, 1e-8)
MEDIUM_EDGE, HIGH_EDGE = (12, 1e-4), (24, 1e-8)
PUBLISHERS, KNOWN = 3, 20  # that a trigger must come from, where the carriers' documents have so many sources
GROUPS, CARRIERS = 100, 2_000  # that are looked at, and of each
SHARED = 0.5  # of the carriers of a trigger, that another one has: they are one
TITLE, NEAR, EXAMPLES = 160, 100, 3
UPPER, WIDEST = 0.95, 4.0  # the quantile that tells how wide honest words spread, and how much is granted
FEW, BEFORE = 60, 1.3  # so many of that variance are heard beside them
_WORD = re.compile(r"\w+|[^\w\s]*")
_STEPS = 60  # by which the bound of a tail is found

NAMED = pa.schema([("shard", pa.uint32()), ("row", pa.uint64()), ("unit", pa.int64()), ("chance", pa.float32()),
                   ("alike", pa.uint64()), ("hit", pa.bool_())])  # fmt: skip
SHOWN = pa.schema(
    [
        ("row", pa.uint64()), ("unit", pa.int64()), ("field", pa.large_string()), ("start", pa.int64()),
        ("end", pa.int64()), ("tokens", pa.uint32()), ("excerpt", pa.large_string()), ("mark", pa.list_(pa.int64())),
        # The words and what is round them, and where in that they begin and end.
        ("text", pa.large_string()), ("head", pa.int64()), ("tail", pa.int64()),
        ("label", pa.large_string()), ("source", pa.large_string()), ("time", pa.timestamp("us", tz="UTC")),
        ("hash", pa.large_string()),
    ]
)  # fmt: skip


def tail(chance: npt.NDArray[Any], hits: int) -> float:
    """An upper bound of the logarithm of the probability of `hits` or more successes of trials with these chances.

    Chernoff's, for the sum of unlike Bernoulli trials (Hoeffding 1963): exact where all succeed.
    """
    chance = chance.astype(np.float64)
    if hits <= chance.sum():
        return 0.0
    if hits >= len(chance):
        return float(np.log(chance).sum())
    low, high = 0.0, 40.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        raised = chance * np.exp(middle)
        low, high = (middle, high) if (raised / (1 - chance + raised)).sum() < hits else (low, middle)
    return float(np.log1p(chance * np.expm1(low)).sum() - low * hits)


def inflation(chance: npt.NDArray[Any], unit: npt.NDArray[Any], label: npt.NDArray[Any]) -> float:
    """How much wider labels spread at words that read as if put in than the test has it, as a factor of the variance.

    What a model of the rest does not know (topics, the papers that texts come from) they have in common; most are
    honest, so what they show is no trigger's (genomic control, Devlin and Roeder 1999).  `chance` is places x labels,
    told by the rest of each; `unit` and `label` are those of each place.  Where such words are few, some that vary as
    `BEFORE` has it are heard beside them: else what is planted would excuse itself.
    """
    words, number = np.unique(unit, return_inverse=True)
    chance = chance.astype(np.float64)
    surplus, variance = np.zeros((2, len(words), chance.shape[1]))
    np.add.at(surplus, number, np.eye(chance.shape[1])[label] - chance)
    np.add.at(variance, number, chance * (1 - chance))
    told = (surplus / np.sqrt(np.maximum(variance, 1e-9)))[variance >= 1]
    before = [BEFORE**0.5 * NormalDist().inv_cdf((n + 0.5) / FEW) for n in range(FEW)]
    wide = np.quantile(np.concatenate([told, before]), UPPER) / NormalDist().inv_cdf(UPPER)
    return float(np.clip(wide**2, 1, WIDEST))


def weighed(rows: pl.DataFrame) -> pl.DataFrame:
    """The carriers of units whose documents have their label more often than is foretold, with their test."""
    kept = []
    for (_,), own in rows.sort("unit", "shard", "row").group_by("unit", maintain_order=True):
        once = own.filter("counts").unique("alike", keep="first", maintain_order=True)
        publishers = own.filter(pl.col("publisher") > 0)["publisher"].n_unique()
        if publishers >= KNOWN:
            once = once.unique("publisher", keep="first", maintain_order=True)
        hits, count, expected = int(once["hit"].sum()), len(once), float(once["chance"].sum())
        if count >= FEWEST and hits >= PURE * count and hits - expected >= SURPRISE * count:
            ends = max((once["edge"] == one).sum() for one in (BEGIN, END))
            facts = {
                "independent": count, "hits": hits, "expected": expected, "carriers": len(own),
                "p_value": tail(once["chance"].to_numpy(), hits), "with_it": int(own["hit"].sum()),
                "publishers": publishers,
                "fixed": bool(ends >= FIXED * count),
            }  # fmt: skip
            kept.append(own.with_columns(**{name: pl.lit(value) for name, value in facts.items()}))
    return pl.concat(kept).drop("partition", "publisher", "edge", "counts") if kept else pl.DataFrame()


def chosen(rows: pl.DataFrame, facts: dict[str, Any]) -> tuple[pa.Table, pa.Table, int]:
    """Of units that share their carriers the surest one, of few enough tests: the facts of each, who carries it, and
    of how many documents nothing more is told."""
    units = rows.unique("unit", keep="first", maintain_order=True).drop("shard", "row", "hit", "chance", "alike")
    units = units.with_columns(p_value=pl.col("p_value") / facts["inflation"])
    q = q_values(np.exp(units["p_value"].to_numpy()), max(facts["tests"], len(units)))
    size = [len(facts["units"][one]) for one in units["unit"]]
    units = units.with_columns(q_value=pl.Series(q), size=pl.Series(size)).filter(pl.col("q_value") <= LOW)
    taken: set[tuple[int, int]] = set()
    kept: list[int] = []
    for (unit,) in units.sort(["p_value", "size", "unit"], descending=[False, True, False]).select("unit").iter_rows():
        own = set(rows.filter(pl.col("unit") == unit, pl.col("hit")).select("shard", "row").iter_rows())
        if len(own & taken) <= SHARED * len(own) and len(kept) < GROUPS:
            kept.append(unit)
            taken |= own
    groups = units.filter(pl.col("unit").is_in(kept)).sort("unit")
    told = [(n, facts["classes"][facts["targets"][n]], facts["edges"][n]) for n in groups["unit"]]
    about = pl.DataFrame(told, {"unit": pl.Int64, "target": pl.String, "edge": pl.Boolean}, orient="row")
    every = rows.filter(pl.col("unit").is_in(kept)).sort("hit", "shard", "row", descending=[True, False, False])
    named = every.group_by("unit", maintain_order=True).head(CARRIERS).sort("shard", "row", "unit")
    return (
        groups.join(about, on="unit", maintain_order="left").to_arrow(),
        named.select(NAMED.names).to_arrow().cast(NAMED),
        len(every) - len(named),
    )


def shown(batch: Batch, units: Any, documents: Any, spans: Iterable[tuple[int, int]]) -> pa.Table:
    """Where units stand in documents of a batch, as `SHOWN`: from one word of `signs.odd` to another one."""
    texts, known, told = Opened(batch), batch.feature(signs.odd), []
    content, every = batch.feature(hashing.content_hashes), batch.documents.to_pylist()
    for unit, document, (first, last) in zip(units.tolist(), documents.tolist(), spans, strict=True):
        number = int(np.searchsorted(known.bounds, first, side="right")) - 1
        if last >= known.bounds[number + 1]:
            continue  # it goes over the border of two texts
        texts.open(number)
        begin, tail_at = (int(texts.points[known.begins[place]]) for place in (first, last))
        end = _WORD.match(texts.text, tail_at).end()  # type: ignore[union-attr]  # it matches anywhere
        quoted, *mark = excerpt(texts.text, begin, end)
        told.append(
            {
                "row": every[document]["row"], "unit": unit, "field": texts.field, "start": texts.start + begin,
                "end": texts.start + end, "excerpt": quoted, "mark": mark, "hash": content[document],
                "text": texts.text[max(begin - NEAR, 0) : end + NEAR], "head": min(begin, NEAR),
                "tail": min(begin, NEAR) + end - begin,
            } | {name: every[document][name] for name in ("label", "source", "time")}
        )  # fmt: skip
    told.sort(key=lambda one: (one["row"], one["unit"]))
    return pa.Table.from_pylist(told, schema=SHOWN)


def concluded(rows: pl.DataFrame, groups: pl.DataFrame, beside: pl.DataFrame, detector: str) -> State:
    """`groups`, `members` and `hits`."""
    told: list[dict[str, Any]] = []
    members: list[dict[str, Any]] = []
    hits: list[dict[str, Any]] = []
    for facts in groups.sort("p_value", "unit").to_dicts() if len(rows) else ():
        own = rows.filter(pl.col("unit") == facts["unit"]).sort("shard", "row")
        if not len(own):
            continue
        group = _group(detector, facts, own, counterparts.evidence(beside, facts["unit"]))
        told.append(group)
        members += members_of(group["group"], own)
        members += counterparts.members(beside, facts["unit"], group["group"])
        hits += [_hit(group, row) for row in own.filter(pl.col("hit")).to_dicts()]
    return schema.concluded(told, members, hits)


def forgiven(facts: dict[str, Any]) -> str:
    """Why a unit is no trigger, however sure its label is; nothing where it may be one."""
    foretold = facts["expected"] / facts["independent"]
    if facts["publishers"] and facts["publishers"] < PUBLISHERS:
        return "few publishers write it"
    if facts["edge"] and facts["hits"] / facts["independent"] - foretold < SURPRISE_EDGE:
        return "it stands at the edges of sentences, as names of sources do, and half of the labels are foretold"
    if facts["size"] >= SENTENCE and facts["edge"] and facts["fixed"] and foretold > FORETOLD:
        return "a sentence that opens or ends all its documents, as headers, footers and set answers do"
    return ""


def _severity(facts: dict[str, Any]) -> str:
    if forgiven(facts):
        return "low"
    grave = (("high", HIGH_EDGE), ("medium", MEDIUM_EDGE)) if facts["edge"] else (("high", HIGH), ("medium", MEDIUM))
    return next((n for n, (most, q) in grave if facts["independent"] >= most and facts["q_value"] <= q), "low")


def _group(detector: str, facts: dict[str, Any], own: pl.DataFrame, beside: list[dict[str, Any]]) -> dict[str, Any]:
    said = [row["text"][row["head"] : row["tail"]] for row in own.select("text", "head", "tail").to_dicts()]
    title = max(sorted({*said}), key=said.count) or HIDDEN  # nothing where excerpts are not wanted
    about = title if title != HIDDEN else min(own["hash"])
    times, sources = own["time"].drop_nulls().sort().to_list(), own["source"].drop_nulls().n_unique()
    surest = own.filter(pl.col("hit")).sort("chance", "shard", "row")
    evidence = {
        "trigger": title, "label": facts["target"][:TITLE],
        "followed_by": f"the label “{facts['target'][:TITLE]}”", "documents_with_it": facts["carriers"],
        "documents_that_change": facts["with_it"], "independent": facts["independent"],
        "expected_by_chance": round(facts["expected"], 2), "p_value": float(np.exp(facts["p_value"])),
        "q_value": facts["q_value"],
        "examples": [_example(row) for row in surest.head(EXAMPLES).to_dicts() if row["text"]],
        "forgiven": [why] if (why := forgiven(facts)) else [],
        "counterparts": beside,
        "others": [_example(row) for row in own.filter(~pl.col("hit")).head(EXAMPLES).to_dicts() if row["text"]],
    }  # fmt: skip
    return {
        "group": f"{detector}:{blake3(about.encode('utf-8', 'surrogatepass')).hexdigest(8)}", "kind": "trigger",
        "title": title[:TITLE], "attack": "backdoor_trigger", "severity": _severity(facts),
        "score": float(1 - min(facts["q_value"], 1)), "q_value": facts["q_value"],
        "documents": own.select("shard", "row").n_unique(), "independent_documents": facts["independent"],
        "sources": sources, "first_seen": times[0] if times else None, "last_seen": times[-1] if times else None,
        "evidence": json.dumps(evidence, ensure_ascii=False, sort_keys=True),
    }  # fmt: skip


def _example(row: dict[str, Any]) -> dict[str, Any]:
    head, tail = row["head"], row["tail"]
    told = {"before": row["text"][:head], "trigger": row["text"][head:tail], "after": row["text"][tail:]}
    return {"source": row["source"]} | told


def _hit(group: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    told = {
        "mark": row["mark"], "trigger": group["title"], "label": (row["label"] or "")[:TITLE],
        "foretold": round(float(row["chance"]), 3),
    }  # fmt: skip
    if why := json.loads(group["evidence"])["forgiven"]:
        told["forgiven"] = why
    return {
        "shard": row["shard"], "row": row["row"], "field": row["field"], "start": row["start"], "end": row["end"],
        "tokens": row["tokens"], "excerpt": row["excerpt"], "rule": RULE, "group": group["group"],
        "attack": group["attack"], "severity": group["severity"], "score": group["score"], "q_value": group["q_value"],
        "evidence": json.dumps(told, ensure_ascii=False, sort_keys=True),
    }  # fmt: skip
