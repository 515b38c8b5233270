"""Rows of one label from one source that are unlike that label elsewhere: what `source_class` finds, and where it errs.

usage: python benchmarks/source_classes.py planted|clean [--data FOLDER] [--sets A,B] [--kinds A,B] [--campaigns N]

planted  50 sources by lot; of one of them 30 % of the rows of one label are planted, one campaign in a copy of the set:
         island    rows of that label from other sources, alike in what they say (the nearest to one of them, by cosine)
         FORM      its own rows of that label in another form (form_texts.py); no label is changed
         flip      rows of other labels from other sources, with that label; `label_flip` is asked, too
         How often a group at medium or above is of that source and label, how many of the planted rows and of others
         it flags, other groups.
clean    sets with sources of their own (speakers, categories, topics, languages), and the sets of `planted` with honest
         sources: by lot, runs of rows as they stand, by length, by topic (70 % of each a cluster); groups of any kind.

Rates with exact intervals (Clopper and Pearson, 95 %).
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import form_texts
import labelled
import numpy as np
import numpy.typing as npt
import polars as pl
from form_texts import Form
from labelled import Record, rate
from scipy.sparse import csr_matrix

import corpusscan
from corpusscan import schema

SETS = "sst2,subjectivity,covid_tweets"
KINDS = "island,question,official,fronted,chatty,bible,scpn,flip"
SOURCES, SHARE, COPY = 50, 0.3, 0.95
NATURAL: dict[str, tuple[str, Callable[[Record], Any]]] = {
    "liar, speakers": ("liar", lambda one: one["meta"].get("speaker")),
    "liar, parties": ("liar", lambda one: one["meta"].get("party")),
    "truthfulqa, categories": ("truthfulqa", lambda one: one["meta"].get("category")),
    "truthfulqa, questions": ("truthfulqa", lambda one: one["meta"].get("question")),
    "fakenews_spanish, topics": ("fakenews_spanish", lambda one: one["meta"].get("topic")),
    "fakenews_spanish, papers": ("fakenews_spanish", lambda one: one["meta"].get("src")),
    "masakhanews, languages": ("masakhanews", lambda one: one["meta"].get("lang") or one.get("lang")),
    "sentinel_prompts, collections": ("sentinel_prompts", lambda one: one["meta"].get("src")),
    "climate_fever, articles": ("climate_fever", lambda one: one["meta"].get("article")),
    "healthver, questions": ("healthver", lambda one: one["meta"].get("question")),
    "coaid, sites": ("coaid", lambda one: one["meta"].get("fact_check_url")),
    "spamassassin, domains": ("spamassassin", lambda one: (one["meta"].get("sender") or "").split("@")[-1]),
}


def main() -> None:
    """Measure one part."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("part", choices=("planted", "clean"))
    options.add_argument("--data", type=Path, default=Path(__file__).parent.parent.parent / "shared" / "data")
    options.add_argument("--sets", default=SETS)
    options.add_argument("--kinds", default=KINDS)
    options.add_argument("--campaigns", type=int, default=20)
    chosen = options.parse_args()
    if chosen.part == "clean":
        clean(chosen.data, chosen.sets.split(","))
        return
    forms = form_texts.forms(chosen.data)
    for name in chosen.sets.split(","):
        rows = distinct(form_texts.rows(chosen.data, name, 10_000))
        said = features([one["text"] for one in rows])
        for kind in chosen.kinds.split(","):
            if kind not in form_texts.PUBLISHED or name == "sst2":
                cell(name, rows, said, kind, forms, chosen.campaigns)


def distinct(rows: list[Record]) -> list[Record]:
    """Each text once, of labels that are classes."""
    count = Counter(one["label"] for one in rows)
    return list({one["text"]: one for one in rows if count[one["label"]] >= 60}.values())


def features(texts: list[str]) -> csr_matrix:
    """What rows say, for islands and topics."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(sublinear_tf=True, min_df=2).fit_transform(texts)


def scanned(rows: list[Record], detectors: list[str]) -> tuple[list[dict[str, Any]], pl.DataFrame]:
    """Groups and findings."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "corpus.jsonl"
        keys = ("text", "label", "source")
        path.write_text("".join(json.dumps({key: one[key] for key in keys}) + "\n" for one in rows))
        report = corpusscan.scan(str(path), f"{name}/out", detectors=detectors, workers=1, seed=1)
        return report.groups.collect().to_dicts(), report.findings.collect()


def planted(
    rows: list[Record], said: csr_matrix, kind: str, forms: dict[str, Form], seed: int
) -> tuple[list[Record], str, str, set[int]]:
    """A copy with a campaign: its source, its label, its rows."""
    draw = np.random.default_rng(seed)
    source, label = draw.integers(0, SOURCES, len(rows)), np.array([one["label"] for one in rows])
    mine, target = int(draw.integers(SOURCES)), str(draw.choice(np.unique(label)))
    inside = (source == mine) & (label == target)
    count = round(SHARE * inside.sum() / (1 - SHARE if kind in ("island", "flip") else 1))
    copy = [one | {"source": f"site{of}.example"} for one, of in zip(rows, source.tolist(), strict=True)]
    if kind in ("island", "flip"):
        pool = np.flatnonzero((source != mine) & ((label == target) == (kind == "island")))
        pool = draw.permutation(pool)
        if kind == "island":
            alike = np.asarray((said[pool] @ said[pool[0]].T).todense()).ravel()
            alike[1:][alike[1:] > COPY] = 0
            pool = pool[np.argsort(-alike, kind="stable")]
        chosen = pool[:count].tolist()
        changed = {n: {"source": f"site{mine}.example", "label": target} for n in chosen}
    else:
        lot = random.Random(seed)
        told = ((n, forms[kind](rows[n], lot)) for n in draw.permutation(np.flatnonzero(inside)).tolist())
        changed = dict([(n, {"text": text}) for n, text in told if text][:count])
    for n, new in changed.items():
        copy[n] = copy[n] | new
    return copy, f"site{mine}.example", target, set(changed)


def cell(name: str, rows: list[Record], said: csr_matrix, kind: str, forms: dict[str, Form], campaigns: int) -> None:
    """Campaigns of one kind in copies of one set."""
    found = low = hits = total = others = false_groups = gathered = clean_rows = 0
    for seed in range(campaigns):
        copy, source, label, mine = planted(rows, said, kind, forms, seed)
        groups, findings = scanned(copy, ["source_class"] + ["label_flip"] * (kind == "flip"))
        own = [one for one in groups if one["detector"] == "source_class"]
        right = [one for one in own if one["title"] == f"source {source}: rows labelled {label}"]
        flagged = [one for one in own if one["severity"] in schema.FLAGGED]
        found += any(one in flagged for one in right)
        low += bool(right)
        false_groups += sum(one not in right for one in flagged)
        gathered += any(one["title"] == f"source {source}" and one["severity"] in schema.FLAGGED for one in groups)
        told = findings.filter(pl.col("detector") == "source_class", pl.col("severity").is_in(schema.FLAGGED))["row"]
        hits, total, others = hits + len({*told} & mine), total + len(mine), others + len({*told} - mine)
        clean_rows += len(rows) - len(mine)
    line = f"{name}, {len(rows):,} rows, {kind}, {total / campaigns:.0f} planted"
    line += f": found {rate(found, campaigns)}, told {low}"
    print(
        f"{line}; rows {rate(hits, total)}; others {rate(others, clean_rows, 3)}; false groups {false_groups}", end=""
    )
    print(f"; label_flip names the source {gathered}" if kind == "flip" else "", flush=True)


def honest(rows: list[Record]) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Sources of many kinds."""
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize

    count, draw = len(rows), np.random.default_rng(1000)
    for n in range(5):
        yield f"lot {n}", draw.integers(0, SOURCES, count)
    yield "runs", np.arange(count) * SOURCES // count
    order = np.argsort([len(one["text"]) for one in rows], kind="stable")
    yield "length", np.argsort(order) * SOURCES // count
    reduced = normalize(TruncatedSVD(50, random_state=0).fit_transform(features([one["text"] for one in rows])))
    topic = MiniBatchKMeans(SOURCES, random_state=0, n_init=3).fit_predict(reduced)
    yield "topic", np.where(draw.random(count) < 0.7, topic, draw.integers(0, SOURCES, count))


def clean(data: Path, sets: list[str]) -> None:
    """Honest sources."""
    for title, (name, source) in NATURAL.items():
        rows = [one | {"source": f"{source(one)}"} for one in labelled.records(data, name) if source(one)]
        told(title, rows)
    for name in sets:
        rows = distinct(labelled.records(data, name, 10_000))
        for title, sources in honest(rows):
            told(
                f"{name}, {title}", [one | {"source": f"site{n}.example"} for one, n in zip(rows, sources, strict=True)]
            )


def told(title: str, rows: list[Record]) -> None:
    """What a scan says of honest rows."""
    groups, findings = scanned(rows, ["source_class"])
    shown = [(one["title"], one["severity"], one["documents"]) for one in groups]
    print(f"{title}, {len(rows):,} rows: {len(findings)} rows told; {shown}", flush=True)


if __name__ == "__main__":
    main()
