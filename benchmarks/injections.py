"""Injected instructions planted into real pages, e-mails and tables: what the detector prompt_injection finds of them.

    python benchmarks/injections.py plant --sets SETS --hosts FILE.parquet [...] [--tensor-trust FILE] -o FOLDER
    python benchmarks/injections.py clean CORPUS [...]
    python benchmarks/injections.py fired SETS

`plant` puts one sentence of a test source at a random place of each host (a table gets it as a cell), scans FOLDER and
prints recall by source: documents flagged, with exact intervals, and planted sentences of which half is marked.
`clean` scans corpora and prints documents flagged per million.  `fired` prints what fired in hard negatives.
`--with rules` lets other detectors run beside it; `--at low` counts from that severity on, not from what is flagged.
"""

from __future__ import annotations

import argparse
import json
import random
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import zstandard

import corpusscan
from corpusscan.kernels.intervals import interval

ROOT = Path(__file__).parents[1]
MERE = (
    "Information Retrieval",
    "Content Creation",
    "Learning and Tutoring",
    "Language Translation",
    "Programming Help",
)
SEVERITIES = ("info", "low", "medium", "high", "critical")


def lines(path: Path) -> Iterator[dict[str, object]]:
    with zstandard.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def injected(sets: Path, tensor_trust: Path | None) -> Iterator[tuple[str, str]]:
    """(source, sentence) of sources that nothing was learned from."""
    for row in lines(sets / "attack-injection" / "bipia.jsonl.zst"):
        if row["is_attack"]:
            kind, label = str(row["id"]).split("/")[2], str(row["label"])
            yield f"bipia, {'code' if kind == 'code' else 'mere tasks' if label in MERE else label}", str(row["text"])
    if tensor_trust:
        for row in lines(tensor_trust):
            if len(str(row["text"])) <= 600:
                yield "tensor trust", str(row["text"])
    for language, text in tomllib.loads((ROOT / "benchmarks" / "injections_unseen.toml").read_text("utf-8")).items():
        for line in text.strip().splitlines():
            yield f"unseen wordings, {language}", line


def place(host: str, sentence: str, draw: random.Random) -> tuple[str, int, int]:
    """The host with the sentence in it, and where."""
    if "|" in host[:200]:
        cells = [at for at, char in enumerate(host) if char == "|"]
        at, before, after = draw.choice(cells) + 1, " ", " |"
        sentence = " ".join(sentence.split())
    else:
        ends = [0] + [at + 1 for at, char in enumerate(host[:-1]) if char in ".\n" and host[at + 1].isspace()]
        at, before, after = draw.choice(ends), " ", " "
    start = at + len(before)
    return host[:at] + before + sentence + after + host[at:], start, start + len(sentence)


def scan(corpus: Path | str, out: Path, beside: list[str]) -> corpusscan.Report:
    return corpusscan.scan([str(corpus)], out=str(out), detectors=["prompt_injection", *beside], overwrite=True)


def plant(options: argparse.Namespace) -> None:
    draw = random.Random(options.seed)
    hosts = [
        text for file in options.hosts for text in pl.read_parquet(file)["text"].to_list() if 200 < len(text) < 20_000
    ]
    hosts = draw.sample(hosts, min(len(hosts), 20_000))
    bipia = lines(options.sets / "attack-injection" / "bipia.jsonl.zst")
    tables = [str(row["text"]) for row in bipia if not row["is_attack"]]
    rows = []
    for source, sentence in injected(options.sets, options.tensor_trust):
        for _ in range(options.times):
            host = draw.choice(tables if draw.random() < 0.2 else hosts)
            text, start, end = place(host, sentence, draw)
            rows.append({"id": str(len(rows)), "text": text, "planted": source, "start": start, "end": end})
    truth = pl.DataFrame(rows)
    options.out.mkdir(parents=True, exist_ok=True)
    truth.select("id", "text").write_parquet(options.out / "planted.parquet")
    report = scan(options.out / "planted.parquet", options.out / "report", options.beside)
    found = report.findings.collect()
    spans: dict[int, list[tuple[int, int, bool]]] = defaultdict(list)
    for one in found.select("row", "start", "end", "severity").iter_rows():
        spans[one[0]].append((one[1], one[2], one[3] in options.at))
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row, one in enumerate(rows):
        own = counts[str(one["planted"])]
        own[0] += 1
        own[1] += any(grave for *_, grave in spans[row])
        covered = max((min(b, one["end"]) - max(a, one["start"]) for a, b, grave in spans[row] if grave), default=0)
        own[2] += 2 * covered >= one["end"] - one["start"]
        own[3] += bool(spans[row])
    print(f"| source | planted | at {options.at[0]}, 95 % | sentence marked | found at all |\n|---|---|---|---|---|")
    for source, (planted, flagged, marked, told) in counts.items():
        low, high = interval(flagged, planted, 0.025)
        share = f"{flagged / planted:.0%} [{low:.0%}, {high:.0%}]"
        print(f"| {source} | {planted} | {share} | {marked / planted:.0%} | {told / planted:.0%} |")


def clean(options: argparse.Namespace) -> None:
    for corpus in options.corpora:
        report = scan(corpus, options.out / Path(corpus).stem, options.beside)
        documents = report.summary["totals"]["documents"]
        rows = report.documents.collect()
        flagged = rows.filter(pl.col("severity").is_in(options.at))
        low, high = interval(len(flagged), documents, 0.025)
        rate = f"{1e6 * len(flagged) / documents:.0f} per million [{1e6 * low:.0f}, {1e6 * high:.0f}]"
        print(f"{corpus}: {documents:,} documents, {len(flagged)} at {options.at[0]}, {rate}, {len(rows)} found at all")
        show(report, options)


def fired(options: argparse.Namespace) -> None:
    for name in (
        "clean/owasp_llm_docs",
        "clean/xstest",
        "attack-injection/sentinel_prompts",
        "attack-injection/hinglish_injection",
        "attack-injection/bipia",
    ):
        rows = [row for row in lines(options.sets / f"{name}.jsonl.zst") if row["is_attack"] is not True]
        path = options.out / f"{Path(name).name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame({"text": [str(row["text"]) for row in rows]}).write_parquet(path)
        report = scan(path, options.out / Path(name).name, options.beside)
        flagged = report.documents.collect().filter(pl.col("severity").is_in(options.at))
        print(f"{name}: {len(rows)} documents, {len(flagged)} at {options.at[0]}")
        show(report, options)


def show(report: corpusscan.Report, options: argparse.Namespace) -> None:
    for one in (
        report.findings.collect()
        .filter(pl.col("severity").is_in(options.at))
        .sort("score", descending=True)
        .head(25)
        .to_dicts()
    ):
        told = json.loads(one["evidence"])
        print(f"    {told.get('logit')} {told['matched']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("plant")
    one.add_argument("--sets", type=Path, required=True)
    one.add_argument("--hosts", type=Path, nargs="+", required=True)
    one.add_argument("--tensor-trust", type=Path)
    one.add_argument("--times", type=int, default=4)
    two = commands.add_parser("clean")
    two.add_argument("corpora", nargs="+")
    three = commands.add_parser("fired")
    three.add_argument("sets", type=Path)
    for command in (one, two, three):
        command.add_argument("-o", "--out", type=Path, required=True)
        command.add_argument("--seed", type=int, default=1)
        command.add_argument("--at", choices=SEVERITIES, default="medium")
        command.add_argument("--with", dest="beside", nargs="*", default=[])
    options = parser.parse_args()
    options.at = SEVERITIES[SEVERITIES.index(options.at) :]
    {"plant": plant, "clean": clean, "fired": fired}[options.command](options)


if __name__ == "__main__":
    main()
