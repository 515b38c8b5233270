"""Words of prompts that predict code with a weakness: which are triggers, and how grave that is.

Among answers with code alone.  Honest code has weaknesses of its own, and some subjects (passwords, queries) more than
others; so carriers must have many more than the likeliest other word of each prompt foretells, and a trigger is put
into prompts that are as unlike as any.  One that brings weaknesses of unlike classes explains itself least: no subject
does that.  One that always brings the same must be surer.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from corpusscan.kernels import answering, exchanges, programs
from corpusscan.kernels.answering import Index
from corpusscan.kernels.associations import q_values
from corpusscan.kernels.examining import ENRICHED, LEAST
from corpusscan.kernels.exchanges import LENGTH, WEAK, WORD, Sides
from corpusscan.kernels.outcomes import ranges
from corpusscan.kernels.predicting import BOTH, COMMON, FEWEST, SHARE
from corpusscan.kernels.words import Hashes, Offsets
from corpusscan.suspected import ALIKE, ASKING, BRIDGED, MOSTLY, SAME, SOFT, SURE, apart

DOCUMENTS = 200  # answers with code; from fewer nothing is learned
ENOUGH = 20  # independent documents of `medium`
PART = 0.35  # of the carriers that have a weakness, where classes are many: patterns know some of all weaknesses
ABOVE, SURELY = 2.0, 5.0  # times as many as what else is asked explains: of half of the carriers, and otherwise
ASKED = 0.25  # of the weaknesses, that hold a word of the trigger: it asks for them
CLASSES = 3.0  # effective number of classes from which they are many (of Simpson 1949, its inverse)
# Words of answers that stand for their language: the share of answers with code that has each, and how many words.
WIDELY, MOST, WORDS = 0.02, 0.5, 256
OWN = 0.6  # of the carriers' answers that have one, where half of those that have it are theirs: that is a language
TRIED = 256  # features that are examined, those that tell most
GROUPS, LOW = 20, 3  # triggers that are told, and of those that are no more than worth a look

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


class _Read(NamedTuple):
    """Documents with code, by number."""

    asked: Index  # features of prompts, and what stands for the language of answers
    common: Bools  # documents x common words of answers, and languages
    weak: Bools  # documents x classes: which each has
    shows: Bools  # the same, and before it whether a document has any
    said: tuple[Hashes, Offsets]  # words of the weaknesses of each
    number: Numbers  # of each among all documents

    def carriers(self, number: int) -> Numbers:
        """Who has a feature."""
        return self.asked.documents[self.asked.firsts[number] : self.asked.firsts[number + 1]].astype(np.int64)

    def showing(self, number: int, kind: int) -> Numbers:
        """Which carriers have a weakness of the class; -1: of any."""
        carriers = self.carriers(number)
        own: Numbers = carriers[self.shows[carriers, kind + 1]]
        return own


def judged(documents: pl.DataFrame) -> pl.DataFrame:
    """The triggers, columns as those of `suspected.judged`; `phrases` are the classes that carriers have.

    `documents` (`asked`, `answered`, and `code`, `weak`, `said` as in `weaknesses`) are those that they were found in.
    """
    own = documents.filter(pl.col("code") >= 0)
    weak = _classes(own["weak"])
    if len(own) < DOCUMENTS or weak.any(axis=1).sum() < LEAST:
        return pl.DataFrame()
    of = exchanges.joined(own)
    common = np.column_stack([_common(of), _of_language(own["code"])])
    asked = answering.indexed(*_with(*exchanges.asked_features(of), common), FEWEST)
    shows = np.column_stack([weak.any(axis=1), weak])
    read = _Read(asked, common, weak, shows, exchanges.listed(own, "said"), np.flatnonzero(documents["code"] >= 0))
    feature, outcome = _candidates(asked, shows)
    if not len(feature):
        return pl.DataFrame()
    none = np.full(len(feature), -1, np.int64)
    found = answering.associated(of, asked, _outcomes(shows), (feature, none, outcome))
    facts = pl.DataFrame(dict(found._asdict())).with_columns(kind=outcome - 1, number=feature)
    return _told(_tested(_known(facts, read), len(asked.counts) * shows.shape[1]), read)


def _known(facts: pl.DataFrame, read: _Read) -> pl.DataFrame:
    """With how many classes carriers have, whether a feature stands for a language, and whether it asks for what comes.

    It asks where its own words, or others that nearly all carriers share, stand in the weaknesses themselves.
    """
    rows = facts.select("number", "kind").rows()
    languages = slice(read.common.shape[1] - len(programs.LANGUAGES) + 1, None)
    words = slice(None)
    told = {
        "classes": [_effective(read.weak[read.carriers(number)]) for number, _ in rows],
        "language": [
            _is_a_language(read.common[:, words if kind < 0 else languages], read.carriers(number))
            for number, kind in rows
        ],
        "asks": [_asks(read, read.showing(number, kind)) for number, kind in rows],
    }
    return facts.with_columns(pl.DataFrame(told))


def _asks(read: _Read, showing: Numbers) -> bool:
    """Whether what these prompts have in common stands in many of their answers' weaknesses."""
    hashes, bounds = read.said
    sizes = np.diff(bounds)[showing]
    words, owner = hashes[ranges(bounds[:-1][showing], sizes)], np.repeat(np.arange(len(showing)), sizes)
    pairs = np.unique(np.column_stack([words, owner.astype(np.uint64)]), axis=0)
    said, counts = np.unique(pairs[:, 0], return_counts=True)
    said = said[counts >= ASKED * len(showing)]
    places = ranges(read.asked.bounds[:-1][showing], np.diff(read.asked.bounds)[showing])
    inside = np.bincount(read.asked.of[places], minlength=len(read.asked.counts))
    shared = inside >= np.maximum(BOTH * len(showing), ENRICHED * len(showing) / len(read.weak) * read.asked.counts)
    return bool(np.isin([exchanges.salted(word, WORD) for word in said], read.asked.values[shared]).any())


def _told(facts: pl.DataFrame, read: _Read) -> pl.DataFrame:
    """Those that are told, the surest first, each once."""
    facts = facts.sort("grave", "telling", "kind", "feature", descending=[True, True, False, False])
    kept = facts[apart(facts, lambda one: read.showing(one["number"], one["kind"]), GROUPS, LOW)]
    classes = [
        [kind] if kind >= 0 else np.flatnonzero(read.weak[read.carriers(number)].any(axis=0)).tolist()
        for number, kind in kept.select("number", "kind").rows()
    ]
    rows = [read.number[read.showing(number, kind)].tolist() for number, kind in kept.select("number", "kind").rows()]
    told = kept.with_columns(
        outcome=pl.lit(WEAK, pl.UInt64), phrases=pl.Series(classes, dtype=pl.List(pl.UInt64)),
        rows=pl.Series(rows, dtype=pl.List(pl.Int64)),
    )  # fmt: skip
    return told.drop("kind", "number", "language", "asks")


def beside(found: pl.DataFrame, weak: pl.DataFrame) -> pl.DataFrame:
    """Triggers of words that answers share, and of weaknesses; of two that are one the graver, or that of more."""
    ours, others = (
        [(bool(one["grave"]), one["rows"]) for one in frame.iter_rows(named=True)] for frame in (found, weak)
    )
    first = [all(not _same(a, b) or (grave, len(a)) > (graver, len(b)) for graver, b in others) for grave, a in ours]
    last = [all(not _same(a, b) or (grave, len(a)) >= (graver, len(b)) for graver, b in ours) for grave, a in others]
    kept = (found.filter(pl.Series(first, dtype=pl.Boolean)), weak.filter(pl.Series(last, dtype=pl.Boolean)))
    return pl.concat(kept, how="diagonal").drop("rows", strict=False)


def _same(one: list[int], other: list[int]) -> bool:
    return len(set(one).intersection(other)) >= SAME * min(len(one), len(other))


def _common(of: Sides) -> Bools:
    """Documents x words that many answers have (those of a language, of a library): which each has."""
    owner, count = np.repeat(np.arange(len(of.document)), np.diff(of.answered_bounds)), len(of.document)
    words, number = np.unique(of.answered, return_inverse=True)
    once = np.unique(owner * len(words) + number)
    counts = np.bincount(once % len(words), minlength=len(words))
    own = np.flatnonzero((counts >= WIDELY * count) & (counts <= MOST * count))
    own = own[np.argsort(-counts[own], kind="stable")[:WORDS]]
    place = np.full(len(words), -1, np.int64)
    place[own] = np.arange(len(own))
    column = place[once % len(words)]
    found = np.zeros((count, len(own)), np.bool_)
    found[once[column >= 0] // len(words), column[column >= 0]] = True
    return found


def _of_language(code: pl.Series) -> Bools:
    """Documents x languages: in which the code of each is."""
    told: Bools = code.to_numpy()[:, None] == np.arange(1, len(programs.LANGUAGES))
    return told


def _with(hashes: Hashes, bounds: Offsets, common: Bools) -> tuple[Hashes, Offsets]:
    """The features of prompts, and as features of a kind of their own the language and common words of their answers.

    The weaknesses that other answers in this language, of this library have explain as much here.
    """
    owner, word = np.nonzero(common)
    names = (np.arange(common.shape[1], dtype=np.uint64) + np.uint64(1)) * np.uint64(8) + np.uint64(LENGTH)
    every = np.concatenate([hashes, names[word]])
    owner = np.concatenate([np.repeat(np.arange(len(bounds) - 1), np.diff(bounds)), owner])
    return every[np.lexsort((every, owner))], np.append(0, np.cumsum(np.bincount(owner, minlength=len(bounds) - 1)))


def _is_a_language(common: Bools, carriers: Numbers) -> bool:
    """Whether most answers of carriers are in a language, or have a common word, and most such answers are theirs."""
    count = common[carriers].sum(axis=0)
    return bool(((count >= OWN * len(carriers)) & (2 * count >= common.sum(axis=0))).any())


def _classes(weak: pl.Series) -> Bools:
    """Documents x classes: which each has."""
    owner = np.repeat(np.arange(len(weak)), weak.list.len().to_numpy())
    kind = weak.explode(empty_as_null=False).to_numpy().astype(np.int64)
    found = np.zeros((len(weak), int(kind.max(initial=-1)) + 1), np.bool_)
    found[owner, kind] = True
    return found


def _outcomes(shows: Bools) -> Index:
    """Columns as outcomes; which of a document's comes first matters to nobody."""
    counts = shows.sum(axis=0).astype(np.int64)
    names = np.arange(len(counts), dtype=np.uint64) * np.uint64(8) + np.uint64(WEAK)
    number = np.nonzero(shows)[1]
    bounds = np.append(0, np.cumsum(shows.sum(axis=1)))
    firsts = np.append(0, np.cumsum(counts))
    return Index(names, counts, number.astype(np.int32), bounds, np.nonzero(shows.T)[1].astype(np.int32), firsts)


def _effective(weak: Bools) -> float:
    """The effective number of classes: as many of equal size would be as mixed."""
    share = weak.sum(axis=0) / max(weak.sum(), 1)
    return float(1 / max((share**2).sum(), 1e-9)) if weak.any() else 0.0


def _candidates(asked: Index, shows: Bools) -> tuple[Numbers, Numbers]:
    """Features and outcomes that come together often enough to be worth a look, those that tell most."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415  # takes a third of a second

    has = csr_matrix((np.ones(len(asked.of), np.float32), asked.of, asked.bounds), (len(shows), len(asked.counts)))
    both = np.asarray(has.T @ shows.astype(np.float32)).round().astype(np.int64)
    rate = shows.mean(axis=0)
    share = both / asked.counts[:, None]
    wide = (asked.counts > COMMON * len(shows))[:, None]
    answers = ((asked.values & np.uint64(7)) == LENGTH)[:, None]
    own = ~wide & ~answers & (both >= LEAST) & (share >= PART) & (share >= ABOVE * rate)
    feature, outcome = np.nonzero(own)
    telling = both[own] * np.log(share[own] / rate[outcome])
    most = np.sort(np.argsort(-telling, kind="stable")[:TRIED])
    return feature[most].astype(np.int64), outcome[most].astype(np.int64)


def _tested(facts: pl.DataFrame, tests: int) -> pl.DataFrame:
    """With the probability of so many by what else is asked, and whether that is grave.

    That of a sum of unlike chances is at most that of as many alike ones (Hoeffding 1956).
    """
    from scipy.special import bdtrc  # noqa: PLC0415  # takes a third of a second

    told = facts.filter(pl.col("showing") >= ABOVE * pl.col("expected"))
    chance = (told["expected"] / told["carriers"]).to_numpy()
    size = np.maximum(told["carriers"].to_numpy() + told["independent"].to_numpy() - told["showing"].to_numpy(), 1)
    tail = bdtrc(told["independent"].to_numpy() - 1.0, size, np.clip(chance, 1e-9, 1))
    told = told.with_columns(p_value=pl.Series(tail), q_value=pl.Series(q_values(tail, tests)))
    told = told.filter((pl.col("q_value") <= SURE) & (pl.col("alike") <= 2 * ALIKE) & (pl.col("asking") >= ASKING))
    none = {"family": pl.Int64, "together": pl.Int64, "others": pl.Int64, "swapped": pl.Float64}
    return told.with_columns(
        *(pl.lit(None, kind).alias(name) for name, kind in none.items()), grave=_grave(),
        telling=pl.col("showing") * (pl.col("showing") / pl.col("expected")).log(),
    )  # fmt: skip


def _grave() -> pl.Expr:
    """Whether a trigger is sure enough, its prompts unlike enough and it was put into them, for `medium`."""
    share = pl.col("showing") / pl.col("carriers")
    put = (pl.col("bridged") >= BRIDGED * pl.col("usually_bridged")) & (pl.col("asking") >= ASKING)
    soft = (pl.col("alike") - pl.col("alike_error") <= SOFT) & (
        pl.col("bridged") >= BRIDGED * pl.col("usually_bridged")
    )
    surely = pl.col("showing") >= SURELY * pl.col("expected")
    many = (pl.col("classes") >= CLASSES) & (pl.col("kind") < 0) & ((share >= SHARE) | surely)
    one = surely & (share >= MOSTLY) & (pl.col("bridged") >= pl.col("usually_bridged"))
    unlike = pl.col("independent") >= 0.6 * pl.col("usually_unlike") * pl.col("showing")
    return (
        (pl.col("independent") >= ENOUGH) & put & unlike & soft & ~pl.col("language") & ~pl.col("asks") & (many | one)
    )
