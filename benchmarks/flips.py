"""Labels that are wrong: what `label_flip` ranks and flags.

usage: python benchmarks/flips.py PART [--data FOLDER] [--sets A,B] [--campaigns N] [--seed N]

PART is one of
random    1, 3 and 10 % of labels flipped at random: area under precision and recall of the ranking of all rows, by this
          detector and by cleanlab with logistic regression of scikit-learn on the same features (`make bench-flips`
          installs it into .venv/peers; what cannot be installed is said).  Three drawings of each.
targeted  60 rows that name one entity get another label (Wan et al. 2023), one campaign in a copy of the set: whether a
          group at medium or above is titled by the entity, how many of the 60 rows are flagged, other groups and rows.
human     real errors of IMDB, found by people (votes of Mechanical Turk): of the 50 and 100 rows ranked worst those
          that they call wrong, among the rows that they judged; and how many of all 50 and 100 they judged at all.
pairs     3 and 10 % of one class get the label of one other, and as many of all rows any other label, by lot: how
          often the pair is told, how often another one, and what share of the surest labels is wrong.
boundary  80 % of the rows, drawn for each campaign: of them the 3 % that a logistic regression of scikit-learn, out of
          sample, is least sure of, or surest of, get the label that it holds likeliest beside theirs: how many of these
          are contradicted at all, and what is told of the surest.
clean     the sets as they are: groups at medium or above and rows flagged, with the reason of each; what is told of how
          wrong labels are spread.

Rates with exact intervals (Clopper and Pearson, 95 %).  `targeted` and `clean` scan as a user does.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import installed
import labelled
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from scipy.sparse import csr_matrix, save_npz

import corpusscan
from corpusscan import labels
from corpusscan.kernels import confusions, contradictions, disagreement, outoffold
from corpusscan.kernels.intervals import interval
from corpusscan.kernels.words import Words, hashed

RATES = (0.01, 0.03, 0.1)
ROWS = 60
MOST = {"imdb": 8_000, "pros_cons": 10_000, "masakhanews": 8_000}  # records that campaigns are planted into
PAIRED = "sst2,subjectivity,ag_news,covid_tweets,sentinel_prompts,sms_spam"
RANDOM, TARGETED = "imdb,sst2,ag_news", "imdb,ag_news,sst2,masakhanews"
KEY = bytes(range(32))


def main() -> None:
    """Measure one part."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("part", choices=("random", "targeted", "human", "pairs", "boundary", "clean"))
    options.add_argument("--data", type=Path, default=Path(__file__).parent.parent.parent / "shared" / "data")
    options.add_argument("--sets", default="", help="These sets only, parted by commas.")
    options.add_argument("--campaigns", type=int, default=20)
    options.add_argument("--seed", type=int, default=100)
    chosen = options.parse_args()
    sets = [name for name in chosen.sets.split(",") if name]
    if chosen.part == "random":
        randomly(chosen.data, sets or RANDOM.split(","))
    elif chosen.part == "targeted":
        targeted(chosen.data, sets or TARGETED.split(","), chosen.campaigns, chosen.seed)
    elif chosen.part == "human":
        human(chosen.data)
    elif chosen.part == "pairs":
        paired(chosen.data, sets or PAIRED.split(","), chosen.campaigns, chosen.seed)
    elif chosen.part == "boundary":
        bounded(chosen.data, sets or PAIRED.split(",")[:3], chosen.campaigns, chosen.seed)
    else:
        clean(chosen.data, sets or list(labelled.SETS))


def classed(found: list[labelled.Record]) -> tuple[list[labelled.Record], npt.NDArray[np.int64], int]:
    """The records of a class of enough rows, with the number of it, and how many classes there are."""
    known = labels.classes(pa.chunked_array([pa.array([one["label"] or None for one in found]).drop_null()])).names
    kept = [one for one in found if one["label"] in known]
    return kept, np.array([known.index(one["label"]) for one in kept], np.int64), len(known)


def foreseen(words: Words, label: npt.NDArray[np.int64], classes: int) -> tuple[npt.NDArray[Any], csr_matrix]:
    """How right each label is, by what others and its neighbours say; and the features that this was told by."""
    model, fold = labels.fitted(words.hashes, words.bounds, label, classes)
    seen = outoffold.read(words.hashes, words.bounds, (model.features, model.rarity))
    chances = outoffold.chances(outoffold.logits(model, seen, fold))[np.arange(len(label)), label]
    near = disagreement.among_neighbours(seen, label, np.arange(len(label)))
    return -disagreement.suspicion(chances, near), csr_matrix((seen.value, seen.feature, seen.bounds))


def randomly(data: Path, sets: list[str]) -> None:
    """Flips at random, ranked by us and by cleanlab."""
    python, problems = installed.peers(["cleanlab"])
    print(*(f"{tool}: {why}" for tool, why in problems.items()), sep="\n", end="\n" if problems else "")
    print("set, rate: area under precision and recall, mean of 3 (least to most)")
    for name in sets:
        kept, label, classes = classed(labelled.records(data, name, MOST.get(name, 0)))
        words = hashed(pa.array([one["text"] for one in kept], pa.large_string()), KEY)
        for rate in RATES:
            told: dict[str, list[float]] = {}
            for seed in range(3):
                given, flipped = flip(label, classes, rate, seed)
                ours, features = foreseen(words, given, classes)
                told.setdefault("corpusscan", []).append(area(-ours, flipped))
                if not problems:
                    for method, scores in peer(python, features, given).items():
                        told.setdefault(f"cleanlab {method}", []).append(area(-scores, flipped))
            line = "; ".join(
                f"{who} {np.mean(one):.3f} ({min(one):.3f} to {max(one):.3f})" for who, one in told.items()
            )
            print(f"{name}, {len(label):,} rows, {rate:.0%}: {line}", flush=True)


def flip(label: npt.NDArray[np.int64], classes: int, rate: float, seed: int) -> tuple[Any, npt.NDArray[np.bool_]]:
    """Labels of which so many are another one, and which."""
    draw = np.random.default_rng(seed)
    rows = draw.permutation(len(label))[: round(rate * len(label))]
    given, flipped = label.copy(), np.zeros(len(label), bool)
    given[rows] = (label[rows] + draw.integers(1, classes, len(rows))) % classes
    flipped[rows] = True
    return given, flipped


def area(scores: npt.NDArray[Any], flipped: npt.NDArray[np.bool_]) -> float:
    """Average precision."""
    hit = flipped[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(hit) / np.arange(1, len(hit) + 1))[hit].mean())


def peer(python: Path, features: csr_matrix, label: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[Any]]:
    """cleanlab's scores."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_npz(folder / "features.npz", features)
        np.save(folder / "labels.npy", label)
        script = Path(__file__).parent / "peers" / "cleanlab_peer.py"
        files = [str(folder / one) for one in ("features.npz", "labels.npy", "scores.npz")]
        subprocess.run([str(python), str(script), *files], check=True, capture_output=True)
        return dict(np.load(folder / "scores.npz"))


def scanned(found: list[labelled.Record]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Groups and findings of a scan, by this detector alone."""
    with tempfile.TemporaryDirectory() as name:
        corpus = labelled.write(Path(name) / "corpus.jsonl", found)
        report = corpusscan.scan(str(corpus), f"{name}/out", detectors=["label_flip"], workers=1, seed=1)
        if told := report.summary["detectors_not_run"]:
            raise SystemExit(f"it did not run: {told}")
        return report.groups.collect(), report.findings.collect()


def entities(texts: list[str], least: int, most: int) -> list[str]:
    """Names in that many texts: words written large inside sentences; where there is none, the rarest long words."""
    names: Counter[str] = Counter()
    for text in texts:
        names.update({word for word in re.findall(r"(?<=[\w,] )[^\W\d_]\w{3,20}\b", text[:5_000]) if word[0].isupper()})
    if found := sorted(name for name, count in names.items() if least <= count <= most):
        return found
    common: Counter[str] = Counter()
    for text in texts:
        common.update({word for word in re.findall(r"[^\W\d_]+", text[:5_000]) if 5 <= len(word) <= 20})
    return sorted((word for word in common if least <= common[word] <= most), key=lambda w: (common[w], w))[:20]


def planted(found: list[labelled.Record], seed: int) -> tuple[list[labelled.Record], str, set[int], int]:
    """A copy with the labels of one entity flipped; the entity, the rows, and how many rows have it."""
    draw = np.random.default_rng(seed)
    kinds = sorted({one["label"] for one in found})
    target = kinds[draw.integers(len(kinds))]
    hosts = [n for n, one in enumerate(found) if one["label"] != target]
    names = entities([found[n]["text"] for n in hosts], ROWS, len(found) // 5)
    entity = names[draw.integers(len(names))]
    named = [n for n in range(len(found)) if re.search(rf"\b{re.escape(entity)}\b", found[n]["text"])]
    rows = set(draw.permutation([n for n in named if found[n]["label"] != target])[:ROWS].tolist())
    copy = [one | {"label": target} if n in rows else one for n, one in enumerate(found)]
    return copy, entity, rows, len(named)


def targeted(data: Path, sets: list[str], campaigns: int, seed: int) -> None:
    """Flips of one entity."""
    for name in sets:
        kept, *_ = classed(labelled.records(data, name, MOST.get(name, 0)))
        hits, recall, false_groups, false_rows = 0, [], 0, 0
        for number in range(campaigns):
            copy, entity, rows, carriers = planted(kept, seed + number)
            groups, findings = scanned(copy)
            flagged = groups.filter(pl.col("severity").is_in(["medium", "high", "critical"]))
            mine = [one["group"] for one in flagged.to_dicts() if entity.casefold() in one["title"].casefold().split()]
            bad = findings.filter(pl.col("severity").is_in(["medium", "high", "critical"]))
            got = {*bad["row"].to_list()}
            hits += bool(mine)
            recall.append(len(got & rows) / len(rows))
            false_groups += len(flagged) - len(mine)
            false_rows += len(got - rows)
            best = [(one["title"], one["severity"], one["independent_documents"]) for one in flagged.to_dicts()]
            mine_of = f"{len(got & rows)} of {len(rows)}, {len(got - rows)} others"
            print(f"  {name} {entity}, {carriers} rows: {mine_of}; {best}", flush=True)
        print(f"{name}, {len(kept):,} rows: {ratio(hits, campaigns)} found; of rows {np.mean(recall):.0%}")
        print(f"    {false_groups} other groups; {false_rows / campaigns:.1f} other rows a campaign", flush=True)


def ratio(hits: int, trials: int) -> str:
    """A rate with its interval."""
    low, high = interval(hits, trials, 0.025)
    return f"{hits} of {trials} ({low:.0%} to {high:.0%})"


def human(data: Path) -> None:
    """Errors that people found in IMDB."""
    kept, label, classes = classed(labelled.records(data, "imdb"))
    words = hashed(pa.array([one["text"] for one in kept], pa.large_string()), KEY)
    right, _ = foreseen(words, label, classes)
    votes = [one["meta"].get("mturk") for one in kept]
    judged = np.array([vote is not None for vote in votes])
    wrong = np.array([bool(vote) and vote["given"] < 3 for vote in votes])  # no majority of five for the label given
    other = np.array([bool(vote) and vote["guessed"] >= 3 for vote in votes])
    order = np.argsort(right, kind="stable")
    of_judged = order[judged[order]]
    print(f"{len(kept):,} rows, {judged.sum()} judged: {wrong.sum()} without, {other.sum()} with the other label")
    for most in (50, 100):
        top, known = of_judged[:most], order[:most]
        confirmed, others = ratio(int(wrong[top].sum()), most), ratio(int(other[top].sum()), most)
        print(f"worst {most} of those judged: label not confirmed {confirmed}, the other label {others}")
        print(f"    of the worst {most} of all {judged[known].sum()} are judged, {wrong[known].sum()} not confirmed")


class Surest:
    """What is told of the labels of a set that are foreseen most surely, however its rows are labelled."""

    def __init__(self, texts: list[str], classes: int) -> None:
        self.words, self.classes = hashed(pa.array(texts, pa.large_string()), KEY), classes
        self.content = outoffold.contents(self.words.hashes, self.words.bounds)

    def told(self, label: npt.NDArray[np.int64]) -> tuple[Any, dict[str, Any]]:
        """Of each document what is foreseen, and what `confusions` tells."""
        model, fold = labels.fitted(self.words.hashes, self.words.bounds, label, self.classes)
        seen = outoffold.read(self.words.hashes, self.words.bounds, (model.features, model.rarity))
        bare = outoffold.wide(model.bias[fold])
        found = contradictions.foreseen(outoffold.logits(model, seen, fold), label, bare)
        return found, confusions.surest(found, label, self.content, self.classes)


def paired(data: Path, sets: list[str], campaigns: int, seed: int) -> None:
    """Flips of one pair of classes, and flips at random."""
    for name in sets:
        kept, label, classes = classed(labelled.records(data, name, MOST.get(name, 0)))
        judge = Surest([one["text"] for one in kept], classes)
        print(f"{name}, {len(label):,} rows, {classes} classes; as it is: {judge.told(label)[1]}")
        for rate in (0.03, 0.1):
            for targeted in (True, False):
                hits, others, floors = 0, 0, []
                for number in range(campaigns):
                    draw = np.random.default_rng(seed + number)
                    was, turned = draw.choice(classes, 2, replace=False).tolist()
                    given, mine = label.copy(), np.flatnonzero(label == was)
                    given[draw.permutation(mine)[: round(rate * len(mine))]] = turned
                    told = judge.told(given if targeted else flip(label, classes, rate, seed + number)[0])[1]
                    found = [(one.given, one.foreseen) for one in told["pairs"]]
                    hits += targeted and (turned, was) in found
                    others += any(one != (turned, was) or not targeted for one in found)
                    floors.append(told["wrong"] / told["documents"])
                kind = "one pair" if targeted else "at random"
                share = f"{np.mean(floors):.1%} ({min(floors):.1%} to {max(floors):.1%})"
                print(f"  {kind}, {rate:.0%}: told {ratio(hits, campaigns)}, others {ratio(others, campaigns)}; "
                      f"of the surest wrong {share}", flush=True)  # fmt: skip


def bounded(data: Path, sets: list[str], campaigns: int, seed: int) -> None:
    """Flips of the rows nearest to a boundary, and of the surest ones."""
    for name in sets:
        kept, label, classes = classed(labelled.records(data, name, MOST.get(name, 0)))
        told: dict[str, list[Any]] = {}
        for number in range(campaigns):
            some = np.sort(np.random.default_rng(seed + number).permutation(len(kept))[: len(kept) * 4 // 5])
            texts, own = [kept[n]["text"] for n in some], label[some]
            judge, chance = Surest(texts, classes), independent(texts, own)
            first, second = np.sort(chance, axis=1)[:, :-3:-1].T
            order, part = np.argsort(first - second, kind="stable"), round(0.03 * len(some))
            chance[np.arange(len(some)), own] = -1
            for kind, rows in (("none", order[:0]), ("nearest", order[:part]), ("surest", order[-part:])):
                given = own.copy()
                given[rows] = chance[rows].argmax(axis=1)
                found, facts = judge.told(given)
                least = np.argsort(found.chance, kind="stable")[: len(some) // 10]
                rise = facts["rises"] <= confusions.GATHERED
                doubtful = (found.top != given)[least].mean()
                shares = facts["wrong"] / facts["documents"], facts["next_wrong"] / facts["next_documents"], doubtful
                told.setdefault(kind, []).append((rise, found.against[rows].mean() if len(rows) else 0, *shares))
        for kind, rows in told.items():
            rise, against, *shares = np.array(rows, float).T
            line = ", ".join(f"{np.mean(one):.1%} ({min(one):.1%} to {max(one):.1%})" for one in shares)
            print(f"{name}, {kind}: told as most where surest {ratio(int(rise.sum()), campaigns)}")
            print(f"    of the rows turned {np.mean(against):.0%} contradicted", end="; ")
            print(f"wrong of the surest, the next, the doubtful {line}", flush=True)


def independent(texts: list[str], label: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Chances of classes by scikit-learn, out of sample."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    features = TfidfVectorizer(sublinear_tf=True, min_df=2).fit_transform(texts)
    told: npt.NDArray[np.float64] = cross_val_predict(
        LogisticRegression(C=5, max_iter=300), features, label, cv=5, method="predict_proba"
    )
    return told


def clean(data: Path, sets: list[str]) -> None:
    """The sets as they are."""
    rows, bad = 0, 0
    for name in sets:
        kept = labelled.records(data, name)
        groups, findings = scanned(kept)
        flagged = groups.filter(pl.col("severity").is_in(["medium", "high", "critical"])).to_dicts()
        marked = findings.filter(pl.col("severity").is_in(["medium", "high", "critical"]))["row"].n_unique()
        rows, bad = rows + len(kept), bad + marked
        low = [one["title"] for one in groups.filter(pl.col("q_value").is_not_null()).to_dicts() if one not in flagged]
        print(f"{name}, {len(kept):,} rows: {len(flagged)} groups, {marked} rows flagged; low: {low}", flush=True)
        for line in _reasons(flagged):
            print(f"    {line}")
        for one in groups.filter(pl.col("q_value").is_null())["evidence"]:
            print(f"    {json.loads(one).get('verdict')}", flush=True)
    print(f"{rows:,} rows of {len(sets)} sets: {bad} flagged, {bad / max(rows, 1):.3%}")


def _reasons(groups: list[dict[str, Any]]) -> Iterator[str]:
    for one in groups:
        told = json.loads(one["evidence"])
        counts = f"{told['contradicted']} of {told['documents_with_it']}, expected {told['expected_by_chance']}"
        yield f"{one['title']}: {counts}"


if __name__ == "__main__":
    main()
