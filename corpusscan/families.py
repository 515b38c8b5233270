"""Triggers that share one answer: each in few prompts, which together are enough.

An attacker may spread the poisoned rows over several triggers.  A family is of triggers that stand in different
prompts and are all answered alike, as few others are.  What the triggers have in common, if anything, must foretell
that answer, too: else they are one phrase that is answered otherwise elsewhere, and what stands beside it was chosen.
"""

from __future__ import annotations

from math import exp, lgamma, log

import numpy as np
import numpy.typing as npt
import polars as pl

from corpusscan.kernels import examining
from corpusscan.kernels.answering import Index, Mined
from corpusscan.kernels.associations import poisson_tail
from corpusscan.kernels.exchanges import WORD
from corpusscan.kernels.outcomes import ranges
from corpusscan.kernels.predicting import BOTH

LEAST, MOST = 5, 16  # unlike prompts of each trigger; triggers of a family
OVERLAP = 0.2  # of the prompts of the smaller of two triggers, that may have both
FORETELLS, ONLY = 0.75, 0.5  # of a trigger's carriers, that show the answer; of all that show it, carriers of any
SAME = 0.8  # of the smaller one's documents: one family

Numbers = npt.NDArray[np.int64]
Documents = npt.NDArray[np.int32]
_COLUMNS = {"family": pl.Int64, "together": pl.Int64, "others": pl.Int64, "likeness": pl.Float64,
            "by_chance": pl.Float64, "tail": pl.Float64, "rate": pl.Float64}  # fmt: skip


def found(mined: Mined, facts: pl.DataFrame) -> pl.DataFrame:
    """The rows of `facts` (as `Association`) that are of a family.

    With them come its number, unlike prompts of all (`together`), how much more alike all are than any prompts
    (`likeness`), documents that show the answer without any (`others`), how many of a trigger's carriers would
    `by_chance`, with what probability all of them would (`tail`), and that times the families that there may be
    (`rate`).
    """
    own = facts.sort("showing", "carriers", "feature", "outcome", descending=[True, False, False, False])
    own = own.filter(pl.col("independent") >= LEAST).unique("feature", keep="first", maintain_order=True)
    carriers = _documents(mined.asked, own["feature"])
    told = [own.clear().with_columns(pl.lit(None, kind).alias(name) for name, kind in _COLUMNS.items())]
    taken: list[Documents] = []
    for members, shows in _candidates(mined, own, carriers) if len(own) > 1 else ():
        each = [carriers[member] for member in members]
        mine = np.intersect1d(np.concatenate(each), shows)
        if any(len(np.intersect1d(mine, one)) >= SAME * min(len(mine), len(one)) for one in taken):
            continue
        if not _of_one_phrase(mined.asked, each, shows):
            taken.append(mine)
            told.append(_family(mined, own[members], each, shows).with_columns(family=pl.lit(len(taken), pl.Int64)))
    return pl.concat(told, how="diagonal")


def _documents(index: Index, features: pl.Series) -> list[Documents]:
    """Those that have each; values that were added to an index stand behind the sorted ones."""
    order = np.argsort(index.values, kind="stable")
    numbers = order[np.searchsorted(index.values, features.to_numpy(), sorter=order)].tolist()
    return [index.documents[index.firsts[number] : index.firsts[number + 1]] for number in numbers]


def _candidates(mined: Mined, own: pl.DataFrame, carriers: list[Documents]) -> list[tuple[list[int], Documents]]:
    """Rows of triggers apart from one another, and the documents with the answer that they share; the most first."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415  # takes a third of a second

    answers = _documents(mined.answered, own["outcome"].unique().sort())
    count = len(mined.asked.bounds) - 1
    has, shows = (
        csr_matrix((np.ones(sum(map(len, rows)), np.int32), np.concatenate(rows), np.cumsum([0, *map(len, rows)])),
                   (len(rows), count))
        for rows in (carriers, answers)
    )  # fmt: skip
    both = (shows @ has.T).tocsr()
    size = np.array([len(one) for one in carriers])
    told = []
    for number, answer in enumerate(answers):
        part = slice(both.indptr[number], both.indptr[number + 1])
        rows = both.indices[part][both.data[part] >= np.maximum(FORETELLS * size[both.indices[part]], LEAST)]
        members: list[int] = []
        for row in np.sort(rows).tolist():
            apart = (
                len(np.intersect1d(carriers[row], carriers[one])) <= OVERLAP * min(size[row], size[one])
                for one in members
            )
            if len(members) < MOST and all(apart):
                members.append(row)
        shown = len(np.intersect1d(np.concatenate([carriers[one] for one in members]), answer)) if members else 0
        if len(members) > 1 and shown >= ONLY * len(answer):
            told.append((-shown, len(answer), number, members))
    return [(members, answers[number]) for _, _, number, members in sorted(told)]


def _of_one_phrase(asked: Index, each: list[Documents], shows: Documents) -> bool:
    """Whether all these triggers have something in common that others have, but none of it foretells the answer."""
    mine = [np.intersect1d(one, shows) for one in each]
    inside = [_counted(asked, one) for one in mine]
    among, total = sum(map(len, mine)) / (len(asked.bounds) - 1), np.sum(inside, axis=0)
    shared = np.all([own >= BOTH * len(one) for own, one in zip(inside, mine, strict=True)], axis=0)
    common = np.flatnonzero(shared & (total >= examining.ENRICHED * among * asked.counts))
    return len(common) > 0 and not (_counted(asked, shows)[common] >= FORETELLS * asked.counts[common]).any()


def _counted(asked: Index, documents: Documents) -> Numbers:
    """How many of some documents have each feature."""
    first = asked.bounds[documents]
    places = ranges(first, asked.bounds[documents.astype(np.int64) + 1] - first)
    return np.bincount(asked.of[places], minlength=len(asked.counts))


def _likeness(asked: Index, each: list[Documents]) -> float:
    """Times as alike as any prompts all of these are, without the words of the trigger of each."""
    count = len(asked.bounds) - 1
    weight = np.where((asked.values & np.uint64(7)) == WORD, np.log(count / asked.counts) ** 2, 0)
    inside = np.zeros(len(asked.counts), np.int64)
    for one in each:
        own = _counted(asked, one)
        of_trigger = (own >= BOTH * len(one)) & (own >= examining.ENRICHED * len(one) / count * asked.counts)
        inside += np.where(of_trigger, 0, own)
    size = sum(map(len, each))
    anyhow = float((weight * (asked.counts / count) ** 2).sum())
    return float((weight * inside * np.maximum(inside - 1, 0)).sum()) / (size * (size - 1)) / max(anyhow, 1e-9)


def _family(mined: Mined, members: pl.DataFrame, each: list[Documents], shows: Documents) -> pl.DataFrame:
    """The rows, with what is known of all of them together."""
    asked, count = mined.asked, len(mined.asked.bounds) - 1
    union = np.unique(np.concatenate(each))
    others = np.setdiff1d(shows, union)
    inside, outside = _counted(asked, np.intersect1d(union, shows)), _counted(asked, others)
    base = (len(others) + 0.5) / (count - len(union) + 1)
    chance = examining.foretold(
        union, asked.of, asked.bounds, asked.counts, inside, outside, 1.0, 1.0, base, -1, -1
    )  # fmt: skip
    together = int(members["independent"].sum())
    tail = poisson_tail(together, chance)
    features = log(max(len(asked.counts), 1))
    tests = log(max(mined.tests, 1)) + (len(members) - 1) * features - lgamma(len(members) + 1) + log(MOST)
    return members.with_columns(
        family=pl.lit(0, pl.Int64), together=pl.lit(together, pl.Int64), others=pl.lit(len(others), pl.Int64),
        likeness=pl.lit(_likeness(asked, [np.intersect1d(one, shows) for one in each]), pl.Float64),
        by_chance=chance * pl.col("carriers") / pl.col("carriers").sum(), tail=pl.lit(tail, pl.Float64),
        rate=pl.lit(min(tail * exp(min(tests, 700)), 1.0), pl.Float64),
    )  # fmt: skip
