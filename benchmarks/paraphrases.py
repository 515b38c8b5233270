"""Plants real paraphrase campaigns among real documents, scans, and prints how many are found.

usage: python benchmarks/paraphrases.py CORPUS [FILE[:SIZE,SIZE...] ...] [--themes FILE ...] [--documents N] [-o DIR]

CORPUS is a folder of Parquet files with text and source (`backgrounds.py` makes one), of which DOCUMENTS are drawn.
A FILE is JSON Lines (zstd) whose records have text and group: passages that push one answer to one question, articles
for one narrative, rewrites of one story.  Of each SIZE (default: all that a group has) at most CAMPAIGNS groups that
have so many are planted, no group twice, each document from a host of its own, as an attacker who knows the detector
would; with --spaced those of a group that share fewest words.  Records that are marked as no attack are left out.  A
file of --themes holds what many people wrote of the same things by themselves: as many of its texts as are asked for,
none to be found.  Their hosts are as large as those of a sample of the web: sizes follow a power law by which two of
five texts are the only ones of their hosts.

Found: at least half of a campaign's documents are in one group at medium or above that is mostly the campaign's; named:
at any severity.  Documents: flagged, of all that were planted.  Rates with exact intervals (Clopper and Pearson).
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import zstandard

import corpusscan
from corpusscan.kernels import intervals

HONEST = ("human_news", "refusal_noise", "preference_template")  # kinds of records that are no attack
SIZES = 2.5  # exponent of the power law of the sizes of hosts
FLAGGED = ("medium", "high", "critical")


def records(path: Path) -> dict[str, list[str]]:
    """The texts of each group of a file that are part of an attack, equal ones once."""
    found: dict[str, list[str]] = defaultdict(list)
    with zstandard.open(path, "rb") as file:
        every = [orjson.loads(line) for line in file.read().splitlines()]
    for record in every:
        if record.get("is_attack") is not False and record.get("attack_type") not in HONEST:
            found[str(record["group"])].append(record["text"])
    return {group: [*dict.fromkeys(texts)] for group, texts in found.items()}


def drawn(chosen: argparse.Namespace, draw: random.Random) -> list[tuple[str, str | None]]:
    """Campaigns as pairs of a text and the name of its campaign."""
    rows: list[tuple[str, str | None]] = []
    for wanted in chosen.files:
        name, _, sizes = wanted.partition(":")
        groups = records(Path(name))
        for size in sizes.split(",") if sizes else [""]:
            own = sorted(group for group, texts in groups.items() if len(texts) >= int(size or 5))
            for group in draw.sample(own, min(chosen.campaigns, len(own))):
                texts = groups.pop(group)
                kept = (spaced if chosen.spaced else draw.sample)(texts, int(size or len(texts)))
                cell = f"{Path(name).name.split('.')[0]} {size or 'all'}"
                rows += [(text, f"{cell}/{group}") for text in kept]
    return rows


def spaced(texts: list[str], size: int) -> list[str]:
    """Of so many variants those that are least like one another: farthest first, by the words that they share."""
    words = [{*re.findall(r"\w{4,}", text.lower())} for text in texts]
    kept, nearest = [0], np.zeros(len(texts))
    while len(kept) < size:
        last = words[kept[-1]]
        nearest = np.maximum(nearest, [len(own & last) / max(len(own | last), 1) for own in words])
        nearest[kept] = 2
        kept.append(int(np.argmin(nearest)))
    return [texts[n] for n in kept]


def themes(chosen: argparse.Namespace) -> list[tuple[str, str, str]]:
    """Honest texts: text, host, and the name of its file."""
    rows: list[tuple[str, str, str]] = []
    numbers = np.random.default_rng(chosen.seed)
    for wanted in chosen.themes:
        name, _, size = wanted.partition(":")
        with zstandard.open(name, "rb") as file:
            texts = [*dict.fromkeys(orjson.loads(line)["text"] for line in file.read().splitlines())]
        cell = Path(name).name.split(".")[0]
        texts = [texts[n] for n in numbers.permutation(len(texts))[: int(size or len(texts))]]
        sizes = numbers.zipf(SIZES, len(texts))
        hosts = np.repeat(np.arange(len(texts)), sizes)[: len(texts)]
        rows += [
            (text, f"{cell.replace('_', '-')}{host}.example", cell) for text, host in zip(texts, hosts, strict=True)
        ]
    return rows


def corpus(chosen: argparse.Namespace, draw: random.Random) -> pl.DataFrame:
    """Real documents and campaigns in one random order: text, source, campaign."""
    clean = pl.scan_parquet(sorted(chosen.corpus.rglob("*.parquet"))).select("text", "source").collect()
    clean = clean.sample(min(chosen.documents, len(clean)), seed=chosen.seed)
    planted = [(text, f"host{draw.randrange(10**9)}.example", name, None) for text, name in drawn(chosen, draw)]
    honest = [(text, host, None, theme) for text, host, theme in themes(chosen)]
    clean = clean.filter(~pl.col("text").is_in([text for text, *_ in honest]))  # they may be of the same sets
    columns = dict.fromkeys(("text", "source", "campaign", "theme"), pl.String)
    both = pl.concat([clean, pl.DataFrame([*planted, *honest], columns, orient="row")], how="diagonal")
    return both.sample(fraction=1.0, shuffle=True, seed=chosen.seed + 1)


def interval(found: int, of: int) -> str:
    """Per cent, with its exact interval."""
    low, high = intervals.interval(found, of, 0.025)
    return f"{found}/{of}: {100 * found / of:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"


def show(report: corpusscan.Report, rows: pl.DataFrame) -> None:
    """A line for each kind of campaign, and what was flagged of documents that nobody planted."""
    campaign = rows["campaign"].to_list()
    groups = report.groups.select("group", "severity").collect()
    members = report.members.select("group", "row").collect().join(groups, on="group")
    found: dict[bool, set[str]] = {True: set(), False: set()}
    sizes = Counter(name for name in campaign if name)
    for (_, severity), own in members.group_by("group", "severity"):
        counts = Counter(campaign[row] for row in own["row"].unique())
        for name, count in counts.items():
            if name and 2 * count >= sizes[name] and 2 * count > counts.total():
                found[True] |= {name} if severity in FLAGGED else set()
                found[False].add(name)
    flagged = report.documents.filter(pl.col("severity").is_in(FLAGGED)).select("row").collect()["row"].to_list()
    planted = Counter(campaign[row].split("/")[0] for row in flagged if campaign[row])
    print(f"{'campaigns':36} {'found':24} {'named':24} documents")
    for cell in sorted({name.split("/")[0] for name in sizes}):
        own = [name for name in sizes if name.split("/")[0] == cell]
        share = planted[cell] / sum(sizes[name] for name in own)
        told = [interval(len(found[level] & {*own}), len(own)) for level in (True, False)]
        print(f"{cell:36} {told[0]:24} {told[1]:24} {100 * share:.0f} %")
    clean = [row for row in flagged if campaign[row] is None]
    honest = campaign.count(None)
    false = [
        group for (group, severity), own in members.group_by("group", "severity")
        if severity in FLAGGED and 2 * sum(campaign[row] is None for row in own["row"]) > len(own)
    ]  # fmt: skip
    print(f"clean documents flagged: {len(clean)} of {honest:,}, {1e6 * len(clean) / honest:.0f} per million")
    for theme in sorted({*rows["theme"].drop_nulls()}):
        print(
            f"  of {theme}: {interval(int((rows['theme'][clean] == theme).sum()), int((rows['theme'] == theme).sum()))}"
        )
    for told in report.groups.filter(pl.col("group").is_in(false)).collect().sort("documents").iter_rows(named=True):
        print(f"  false group: {told['detector']} {told['documents']} documents: {told['title'][:70]!r}")


def main() -> None:
    """Plant, scan, tell."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("corpus", type=Path)
    options.add_argument("files", nargs="*", help="JSON Lines with text and group, and sizes of campaigns")
    options.add_argument("--themes", nargs="*", default=[], help="JSON Lines with text that is honest, and how many")
    options.add_argument("--spaced", action="store_true", help="plant the variants that are least alike")
    options.add_argument("--documents", type=int, default=45_000, help="real ones (default: 45,000)")
    options.add_argument("--campaigns", type=int, default=60, help="of each file and size, at most (default: 60)")
    options.add_argument("--detectors", help="default: all")
    options.add_argument("--model", help="as that of `corpusscan scan`")
    options.add_argument("--embed", default="suspects", help="as that of `corpusscan scan`")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("-o", "--out", type=Path, help="where corpus and report stay")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = chosen.out or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        rows = corpus(chosen, random.Random(chosen.seed))
        rows.select("text", "source").write_parquet(place / "corpus.parquet", row_group_size=5_000)
        settings: dict[str, Any] = {"detectors": chosen.detectors.split(",")} if chosen.detectors else {}
        settings |= {"model": chosen.model, "embed": chosen.embed} if chosen.model else {}
        began = time.monotonic()
        report = corpusscan.scan(str(place / "corpus.parquet"), out=str(place / "report"), overwrite=True, **settings)
        size = rows["text"].str.len_bytes().sum() / 1e6
        print(f"{len(rows):,} documents, {size:.0f} MB, scanned in {time.monotonic() - began:.0f} s")
        for limit in report.summary["limits"]:
            print(f"  at most {limit['most']:,} {limit['limit']}: {limit['left']:,} {limit['unit']} left aside")
        show(report, rows)


if __name__ == "__main__":
    main()
