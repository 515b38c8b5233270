"""What follows features, document by document, and which of them are followed by the same thing in other words."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from corpusscan.detector import Batch
from corpusscan.kernels import alikeness, features, habits, mined, outcomes, rivals, vectors
from corpusscan.kernels.alikeness import Directions, Matrix
from corpusscan.kernels.associations import q_values
from corpusscan.kernels.features import Found, Reading
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.profile import Profile
from corpusscan.kernels.rivals import Rival
from corpusscan.kernels.words import Hashes, Offsets

FEWEST, PUBLISHERS = 5, 3  # independent documents, and who publishes them
MANY = 8  # of these, where the corpus says the like at many places, too
APART = 0.4  # of the documents of a feature, that are no copies of one another on either side of it
COMPARED = 512  # documents of a feature that are compared with one another, evenly spread over the corpus
LIKELY = 1e-4  # p-value that is worth a closer look
SURE, FLIPPED = 1e-2, 1e-2  # false discovery rate, and p-value of sides exchanged at random
# More alike behind than elsewhere (`before`), for `low` and for `medium`; of what is alike behind, beyond any texts, so
# much hosts may be.
SOME, MORE, UNLIKE = 0.125, 0.3, 0.5
SURELY_UNLIKE = 1 / 4  # for `medium`: hosts of one subject, such as recipes, go on alike behind many of its words
DRAWN = 500  # features of each part of the corpus's words that tell how much more alike texts are behind any
SOURCE = 1 / 2  # of the independent documents that one publisher may have
TESTS: dict[str, Any] = {
    "feature": pl.UInt64, "carriers": pl.Int64, "with_it": pl.Int64, "independent": pl.Int64,
    "before": pl.Float64, "behind": pl.Float64, "p_value": pl.Float64, "flipped": pl.Float64,
    "said": pl.Int64, "at": pl.Int64, "kind": pl.Int64, "toward": pl.List(pl.Float32), "near": pl.Float64,
    "drawn": pl.Boolean,
}  # fmt: skip
JUDGED = TESTS | {"q_value": pl.Float64, "expected": pl.Float64, "more": pl.Float64, "grave": pl.Boolean,
                  "habit": pl.String}  # fmt: skip


def moments(read: Reading, bounds: Offsets, known: Profile) -> pl.DataFrame:
    """Of one place of each document: sums of products of the differences of what stands behind it and what the document
    says elsewhere, and of the latter; one row."""
    lengths = np.diff(bounds)
    some = np.flatnonzero(lengths > 2 * alikeness.HEARD)
    first = bounds[:-1][some]
    draw = read.hashes[first] >> np.uint64(7)  # keyed, and the same in every batch
    word = first + (draw % lengths[some].astype(np.uint64)).astype(np.int64)
    before, behind = _both(read, bounds, known, alikeness.sides(bounds, word, np.zeros(len(word), np.int64)))
    apart = behind.astype(np.int64) - before
    heard = before.any(axis=1) & behind.any(axis=1)
    apart, total = apart[heard], before[heard].sum(axis=0, dtype=np.int64)
    return pl.DataFrame(
        {"moments": [(apart.T @ apart).ravel()], "total": [total], "places": [len(apart)], "partition": [0]},
        {"moments": pl.List(pl.Int64), "total": pl.List(pl.Int64), "places": pl.Int64, "partition": pl.UInt32},
    )


def _both(read: Reading, bounds: Offsets, known: Profile, of: alikeness.Sides) -> tuple[Directions, Directions]:
    """What the documents of some places say elsewhere, and what stands behind these."""
    return (alikeness.hosts(read.number, known.vectors, bounds, of),
            alikeness.directions(read.number, known.vectors, of.lasts, of.ends))  # fmt: skip


def firsts(found: Found, bounds: Offsets) -> Found:
    """Of each feature the first place in each document."""
    document = np.searchsorted(bounds, found.word, side="right") - 1
    order = np.lexsort((found.word, found.which, document))
    key = np.stack([document[order], found.which[order]])
    own = order[np.flatnonzero(np.append(True, (key[:, 1:] != key[:, :-1]).any(axis=0))[: len(order)])]
    return Found(found.which[own], found.word[own])


def noise(read: Reading, bounds: Offsets, known: Profile, found: Found) -> Floats:
    """Of each place 1 where noise follows, else 0: all noise is alike, and says nothing."""
    follows = outcomes.at(outcomes.inside(read, bounds, known, found), bounds, known, found)[: outcomes.STRETCHES]
    found_any = np.any(follows >= outcomes.LEVELS[: outcomes.STRETCHES, :1], axis=0)
    return np.asarray(found_any, np.float32)


def sides(
    read: Reading, bounds: Offsets, known: Profile, wanted: Hashes, passing: tuple[Hashes, Any], batch: Batch
) -> pl.DataFrame:
    """Rows: row, feature, source, publisher; before, behind (directions); copies, hosts (prints of both) as bytes."""
    found = firsts(features.among(wanted, *passing), bounds)
    value = wanted[found.which]
    of = alikeness.sides(bounds, found.word, features.kind(value.astype(np.int64)))
    before, behind = _both(read, bounds, known, of)
    document = np.searchsorted(bounds, found.word, side="right") - 1
    sources, publishers = mined.origins(batch)
    first = read.data[read.places]
    numbers = (first >= ord("0")) & (first <= ord("9"))
    return pl.DataFrame(
        {
            "row": batch.documents["row"].to_numpy()[document], "feature": value,
            "source": sources[document], "publisher": publishers[document],
            "before": _packed(before), "behind": _packed(behind),
            "copies": _packed(alikeness.prints(read.hashes, numbers, of.lasts, of.ends)),
            "hosts": _packed(alikeness.prints(read.hashes, numbers, of.begins, of.firsts)),
        }
    )  # fmt: skip


def _packed(rows: npt.NDArray[Any]) -> pl.Series:
    data, size = rows.tobytes(), rows.itemsize * rows.shape[1]
    return pl.Series([data[at : at + size] for at in range(0, len(data), size)], dtype=pl.Binary)


def _unpacked(column: pl.Series, kind: Any, width: int) -> Any:
    return np.frombuffer(b"".join(column.to_list()), kind).reshape(-1, width)


def tested(rows: pl.DataFrame, usual: Matrix) -> pl.DataFrame:
    """The rows of features whose two sides differ in the same way in many documents, with the test of each.

    Some features are drawn, whatever their test says.  Of these the rows are told where more is alike behind them, else
    a row without a document.
    """
    rows = rows.filter(pl.len().over("feature") >= FEWEST).sort("feature", "shard", "row")
    if not len(rows):
        return rows.select("shard", "row", "feature").clear()
    before, behind = (_unpacked(rows[side], np.int8, vectors.DIMENSIONS) for side in ("before", "behind"))
    heard = before.any(axis=1) & behind.any(axis=1)
    begins = np.flatnonzero(np.append(True, np.diff(rows["feature"].to_numpy()) != 0))
    ends = np.append(begins[1:], len(rows))
    apart = np.where(heard[:, None], behind.astype(np.float64) - before, 0) / alikeness.ONE
    total, count = np.add.reduceat(apart, begins), np.add.reduceat(heard.astype(np.int64), begins)
    precision = np.linalg.inv(usual)
    likely = alikeness.tail(np.einsum("ij,jk,ik->i", total, precision, total) / np.maximum(count, 1)) <= LIKELY
    enough = np.flatnonzero(count >= FEWEST)
    drawn = enough[_evenly(len(enough), DRAWN)]
    copies, hosts = (_unpacked(rows[name], np.uint32, alikeness.PRINTS) for name in ("copies", "hosts"))
    publishers = rows["publisher"].to_numpy()
    tests: list[dict[str, Any]] = []
    kept: list[int] = []
    for n in np.union1d(enough[likely[enough]], drawn).tolist():
        own = begins[n] + np.flatnonzero(heard[begins[n] : ends[n]])
        own = _independent(own[_evenly(len(own), COMPARED)], copies, hosts)
        own = _spread(own, publishers)
        if len(own) < FEWEST:
            continue
        one, carriers = alikeness.alike(before[own], behind[own], usual, LIKELY), int(ends[n] - begins[n])
        tests.append({
            "feature": rows["feature"][int(begins[n])], "carriers": carriers, "with_it": int(count[n]),
            "independent": len(own), **one._asdict(), "said": carriers, "at": int(count[n]),
            "kind": outcomes.ALIKE, "drawn": n in drawn,
        })  # fmt: skip
        if one.p_value <= LIKELY or one.behind - one.before >= SOME:
            kept += range(begins[n], ends[n])
    found = rows[kept].select(
        "shard", "row", "feature", alike=pl.Series(copies[kept][:, :2].copy().view(np.uint64)[:, 0])
    )
    told = pl.DataFrame(tests, schema=TESTS)
    return told.filter(pl.col("drawn") | (pl.col("p_value") <= LIKELY)).join(
        found, on="feature", how="left", maintain_order="left_right"
    )


def _evenly(count: int, most: int) -> npt.NDArray[np.int64]:
    """Numbers of at most so many of `count`, evenly spread."""
    return np.unique(np.linspace(0, count - 1, most).astype(np.int64)) if count else np.zeros(0, np.int64)


def _independent(own: npt.NDArray[np.int64], copies: Any, hosts: Any) -> npt.NDArray[np.int64]:
    """Documents that are no copies of one another, on either side; none where most are: that is for other detectors."""
    once = own[alikeness.distinct(copies[own])]
    once = once[alikeness.distinct(hosts[once])]
    return once if len(once) >= APART * len(own) else own[:0]


def _spread(own: npt.NDArray[np.int64], publishers: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Documents of which no publisher has more than its share: what one hand writes proves nothing of others."""
    if not publishers[own].all():
        return own
    _, number, counts = np.unique(publishers[own], return_inverse=True, return_counts=True)
    if len(counts) < PUBLISHERS:
        return own[:0]
    most = max(int(SOURCE / (1 - SOURCE) * (len(own) - counts.max())), 1)
    rank = np.array([(number[:n] == number[n]).sum() for n in range(len(own))])
    return own[rank < most]


def grouped(
    rows: pl.DataFrame, tests: int, anywhere: float, most: int, carriers: int
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Features with the same carriers as one group; who carries each; how many groups are left aside.

    `grave` are those that show enough for `medium`; why some are a habit of the corpus all the same is in `habit`.
    `anywhere` is the mean cosine of two texts from anywhere in the corpus.
    """
    if "p_value" not in rows.columns or not len(rows):
        return pl.DataFrame(schema=JUDGED), pl.DataFrame(schema=mined.NAMED), 0
    every = rows.unique("feature", keep="first", maintain_order=True).with_columns(
        more=pl.col("behind") - pl.col("before"), expected=pl.lit(0.0)
    )
    facts = every.filter(pl.col("p_value") <= LIKELY)
    facts = facts.with_columns(q_value=q_values(facts["p_value"].to_numpy(), tests))
    facts = facts.filter(_told(anywhere)).with_columns(grave=_grave(anywhere))
    facts = facts.sort(["grave", "p_value", "independent", "feature"], descending=[True, False, True, False])
    others = every.filter("drawn").sort("feature").select("feature", "more")
    others = others[_evenly(len(others), habits.COMPARED)]
    rows = rows.filter(pl.col("row").is_not_null())
    of = {
        feature: set(own.select("shard", "row").iter_rows())
        for (feature,), own in rows.filter(
            pl.col("feature").is_in([*facts["feature"], *others["feature"]])
        ).group_by("feature")
    }  # fmt: skip
    chosen = rivals.apart([
        Rival(one["feature"], of[one["feature"]], 0 if one["grave"] else None) for one in facts.iter_rows(named=True)
    ])  # fmt: skip
    groups = facts.filter(pl.col("feature").is_in(chosen[: habits.SEEN]))
    told = habits.reasons(groups.to_dicts(), others.to_dicts(), of)
    groups = groups.with_columns(habit=pl.Series(told, dtype=pl.String))
    kept = chosen[:most]
    named = rows.filter(pl.col("feature").is_in(kept)).sort("feature", "shard", "row")
    named = named.group_by("feature", maintain_order=True).head(carriers).select("shard", "row", "feature", "alike")
    groups = groups.filter(pl.col("feature").is_in(kept)).select(*JUDGED)
    return groups, named.sort("shard", "row", "feature"), len(chosen) - len(kept)


def _told(anywhere: float) -> pl.Expr:
    """Whether a feature is worth a line: its hosts are little more alike than any texts, what follows it is, surely."""
    sure = (pl.col("q_value") <= SURE) & (pl.col("flipped") <= FLIPPED)
    return sure & _unlike(anywhere, UNLIKE) & (pl.col("more") >= SOME)


def _unlike(anywhere: float, share: float) -> pl.Expr:
    return (pl.col("before") - anywhere) <= share * (pl.col("behind") - anywhere)


def _grave(anywhere: float) -> pl.Expr:
    """Whether a feature is sure enough for `medium`, and most of its documents say something on both sides of it."""
    heard = 2 * pl.col("with_it") >= pl.col("carriers")
    more = (pl.col("more") >= MORE) & _unlike(anywhere, SURELY_UNLIKE)
    return heard & more & (pl.col("independent") >= FEWEST)


def judged(groups: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """Groups of `grouped` with how often the corpus says elsewhere what follows each (`habits.said`).

    What is said nowhere else is no habit; what is said at many places asks for more documents.  `habit` is left to
    those that are grave no more by it.
    """
    groups = groups.join(said, on="feature", how="left", maintain_order="left")
    foreign, ordinary = (one.fill_null(value=False) for one in (habits.foreign(), habits.ordinary()))
    few = pl.when(ordinary & (pl.col("independent") < MANY)).then(pl.lit(habits.ORDINARY_HERE))
    groups = groups.with_columns(habit=pl.when(~foreign).then("habit").fill_null(few))
    return groups.with_columns(grave=pl.col("grave") & pl.col("habit").is_null(), habit=pl.when("grave").then("habit"))
