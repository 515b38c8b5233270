"""corpusscan beside the deduplicators, in one run on the same file: `make bench-dedup`.

usage: python benchmarks/dedup.py [DOCUMENTS ...] [--corpus FILE] [--only 'NAME;NAME'] [--limit SECONDS] [--json FILE]

Each tool deduplicates the corpus in a fresh process, by one script in `peers/`; `watch` measures the
process with all its descendants.  The peers live in an environment of their own.  What is found is
judged by planted families (`families`: recall) and by brute force (`truth`: precision).  A tool that
would exceed the time limit is not run: its time is that of the last smaller corpus, scaled, with a `~`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import families
import installed
import polars as pl
import pyarrow.parquet as pq
import truth
import watch
from corpus import DATA, make

PEERS = Path(__file__).parent / "peers"
OURS = {"corpusscan": "near_duplicate", "corpusscan, passages": "near_duplicate,repeated_passage"}
BARE = "bare decode"


@dataclass
class Row:
    """One tool on one corpus."""

    tool: str
    documents: int
    wall: float | None = None  # seconds
    cpu: float | None = None  # seconds
    memory: int | None = None  # bytes
    scaled: bool = False  # not run: computed from a smaller corpus
    problem: str = ""
    grouped: int | None = None  # documents said to have a near-copy
    largest: int | None = None  # documents of the largest group; none where a tool names no groups
    recall: float | None = None  # of the pairs of J >= 0.8 in families of eight
    recall_pairs: float | None = None  # the same of families of two
    precision: float | None = None


def main() -> None:
    """Measure, print and write the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("documents", type=int, nargs="*", help="Sizes of the corpora to make (200000 1000000).")
    options.add_argument("--corpus", type=Path, help="Take this Parquet file (with a column text) instead.")
    options.add_argument("--only", default="", help="These tools only, parted by semicolons.")
    options.add_argument("--limit", type=float, default=1800, help="Seconds a tool may take.")
    options.add_argument("--json", type=Path, default=DATA / "dedup.json", help="Where the figures go.")
    chosen = options.parse_args()
    only = [name.strip() for name in chosen.only.split(";") if name.strip()]
    python, problems = installed.peers(only)
    installed.warm()
    rows: list[Row] = []
    for source in [chosen.corpus] if chosen.corpus else corpora(chosen.documents or [200_000, 1_000_000]):
        rows += compared(source, python, problems, only, chosen.limit, rows)
        chosen.json.parent.mkdir(exist_ok=True)
        chosen.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))
    print(f"\nAll figures: {chosen.json}")


def corpora(sizes: list[int]) -> list[Path]:
    """The benchmark corpora of these sizes."""
    return [make(documents)[1] for documents in sizes]


def compared(
    source: Path, python: Path, problems: dict[str, str], only: list[str], limit: float, before: list[Row]
) -> list[Row]:
    """All tools on one corpus, into which families are planted."""
    with tempfile.TemporaryDirectory(dir=source.parent) as name:
        folder = Path(name)
        corpus = folder / "corpus.parquet"
        planted = pl.read_parquet(families.plant(source, corpus))
        documents = pq.ParquetFile(corpus).metadata.num_rows
        print(f"\n=== {documents:,} documents, {len(planted):,} pairs planted", flush=True)
        rows, found = [], {}
        for tool, command in commands(python).items():
            if only and tool not in only:
                continue
            row = Row(tool, documents, problem=problems.get(tool, ""))
            if not row.problem and not scaled(row, before, limit):
                found[tool] = measured(row, command, corpus, folder / tool.replace(" ", "_"), limit)
            rows.append(row)
            print(as_line(row, rows), flush=True)
        judge(rows, {tool: groups for tool, groups in found.items() if groups is not None}, planted, corpus)
    print_table(rows)
    return rows


def commands(python: Path) -> dict[str, list[str]]:
    """How each tool is started, before the arguments all scripts share, and what follows these."""
    own = {BARE: [sys.executable, "bare.py"]}
    own |= {tool: [sys.executable, "corpusscan_peer.py", detectors] for tool, detectors in OURS.items()}
    return own | {
        tool: [str(python), f"{tool.replace('-', '_').replace(' ', '_')}_peer.py"] for tool in installed.PEERS
    }


def scaled(row: Row, before: list[Row], limit: float) -> bool:
    """Whether the tool failed, or took so long, on a smaller corpus that it is not run; then its times are scaled."""
    smaller = [old for old in before if old.tool == row.tool and (old.wall or old.problem)]
    if not smaller:
        return False
    last = smaller[-1]
    row.problem, times = last.problem, row.documents / last.documents
    if not last.problem and last.wall * times > limit:
        row.wall, row.cpu, row.scaled = last.wall * times, last.cpu * times, True
    return row.scaled or bool(row.problem)


def measured(row: Row, command: list[str], corpus: Path, folder: Path, limit: float) -> pl.DataFrame | None:
    """Run a tool, fill in what it cost and return its groups."""
    folder.mkdir()
    result = folder / "groups.parquet"
    python, script, *last = command
    cost = watch.run([python, PEERS / script, corpus, result, folder, *last], folder / "log", limit)
    row.wall, row.cpu, row.memory = cost.wall, cost.cpu, cost.memory
    if cost.code != 0 or not result.exists():
        row.problem = f"ended with {cost.code}: {cost.error}" if cost.code is not None else f"stopped at {limit:.0f} s"
        return None
    return pl.read_parquet(result)


def judge(rows: list[Row], found: dict[str, pl.DataFrame], planted: pl.DataFrame, corpus: Path) -> None:
    """Recall and precision of all tools; the corpus is read once."""
    named = {tool: groups for tool, groups in found.items() if len(groups)}
    precision = truth.precisions(named, corpus)
    for row in rows:
        if row.tool in named:
            groups = named[row.tool]
            row.grouped = len(groups)
            flags = groups["group"].max() == -1
            row.largest = None if flags else groups.group_by("group").len()["len"].max()
            row.recall, row.recall_pairs = (truth.recall(groups, planted, size) for size in families.SIZES)
            row.precision = precision[row.tool]


def as_line(row: Row, rows: list[Row]) -> str:
    """A tool's line of the table, with its times as multiples of corpusscan's and its CPU time of the decoder's."""
    if row.wall is None or row.cpu is None:
        return f"{row.tool:21} {row.problem}"
    bases = {other.tool: other for other in rows if other.cpu and not other.problem}
    ours, bare = bases.get("corpusscan"), bases.get(BARE)
    cells = [
        cell(row.documents / row.wall, 9, 0),
        cell(row.wall, 8, 1),
        cell(row.cpu, 8, 1),
        cell(ours and row.wall / ours.wall, 7, 2),
        cell(ours and row.cpu / ours.cpu, 7, 2),
        cell(bare and row.cpu / bare.cpu, 7, 2),
        cell(row.memory and row.memory / 1e6, 8, 0),
        *(cell(share, 6, 3) for share in (row.recall, row.recall_pairs, row.precision)),
        *(cell(count, 9, 0) for count in (row.grouped, row.largest)),
    ]
    return f"{row.tool:21}{'~' if row.scaled else ' '}{' '.join(cells)} {row.problem}".rstrip()


def cell(value: float | None, width: int, places: int) -> str:
    """A number of the table, or a dash."""
    return "-".rjust(width) if value is None else f"{value:{width},.{places}f}"


def print_table(rows: list[Row]) -> None:
    """All tools with what was found."""
    print("\n" + " ".join([f"{'tool':21}", "   docs/s", "  wall s", "   CPU s", " x wall   x CPU  x bare", "  PSS MB",
                           "recall", " pairs", " prec.", "  grouped", "  largest"]))  # fmt: skip
    for row in rows:
        print(as_line(row, rows))
    print("recall, pairs: of planted pairs of J >= 0.8 in families of 8 and of 2; prec.: grouped documents with a"
          " J >= 0.7 in their group.\n~ not run: scaled from a smaller corpus.  corpusscan reports no group below 5"
          " documents.  rensa rho only flags.")  # fmt: skip


if __name__ == "__main__":
    main()
