"""Makes one background corpus of labelled JSON Lines: id, text, source, lang, in a few Parquet files.

usage: python benchmarks/backgrounds.py FOLDER ... -o OUT [--code N] [--shards mixed|by-source] [--seed N]

Of each `*.jsonl.zst` in the folders it takes the documents with `is_attack` false, and of those with null the ones
whose label says that they are true.  `source` is the finest origin that the record tells.  What is longer than two
pages is cut at the borders of paragraphs, sources kept.  `--code`: so many files of source code of this Python and
the packages installed beside it.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import zstandard

from corpusscan.io.rows.columns import host

LEAST = 80  # letters of a document
ENOUGH, PAGE = 1_200, 1_600  # characters of a page that ends with a paragraph, that ends with a line
SHARD = 60_000_000  # characters of text in a file
DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # a letter of these says what three of others do
TRUE = ("true", "real", "t", "non-rumor")  # what sets of misinformation call what is none; nothing in between
ORIGINS = ("author", "sender", "speaker", "article")  # keys of `meta` that name who wrote it
ADDRESSES = ("url", "link")
ONE_ORIGIN = ("german_laws", "healthver", "sts_paraphrase", "truthfulqa")  # ids have folders that are no origins


class Document(NamedTuple):
    """A row of the corpus."""

    id: str
    text: str
    source: str
    lang: str


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file."""
    with zstandard.open(path, "rb") as raw:
        yield from map(json.loads, TextIOWrapper(BufferedReader(raw), "utf-8"))


def honest(record: dict[str, Any]) -> bool:
    """Whether a record is known to be no attack, and true where somebody judged that."""
    return record["is_attack"] is False or (record["is_attack"] is None and str(record["label"]).casefold() in TRUE)


def origin(record: dict[str, Any]) -> str:
    """The finest origin that a record tells: its site, who wrote it, its topic in a newswire, the folder of its id."""
    name, meta = record["id"].split("/")[0], record["meta"] or {}
    for site in (host(str(meta[key])) for key in ADDRESSES if meta.get(key)):
        if site:
            return site
    for key in ORIGINS:
        if meta.get(key):
            return f"{name}/{meta[key]}"
    if name == "reuters21578":
        return f"{name}/{(record['label'] or '').split('|')[0]}"
    return str(name if name in ONE_ORIGIN else record["id"].rpartition("/")[0])


def language(record: dict[str, Any]) -> str:
    """The language as the record calls it; two sets have other names for English."""
    english = record["lang"] == "eng" or (record["lang"] == "multi" and record["id"].startswith("nltk"))
    return "en" if english else str(record["lang"])


def code(count: int, draw: random.Random) -> Iterator[Document]:
    """Files of the standard library and of all installed packages."""
    roots = dict.fromkeys(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    files = {path: path.relative_to(root) for root in roots for path in sorted(root.rglob("*.py"))}
    for path, name in sorted(files.items()):  # a package below the standard library is named by its own root
        if "site-packages" in name.parts:
            del files[path]
    for path in draw.sample(sorted(files), min(count, len(files))):
        content = path.read_text("utf-8", errors="replace")
        yield Document(f"code/{files[path]}", content, f"code/{files[path].parts[0].removesuffix('.py')}", "code")


def pages(text: str) -> Iterator[str]:
    """A text; what is longer than two pages is cut between paragraphs, between lines where one is long."""
    if len(text) <= 2 * PAGE:
        yield text
        return
    page = ""
    for line in re.split(r"(?<=\n)", text):
        full = len(page) >= ENOUGH and not page.splitlines()[-1].strip()  # a blank line ends a paragraph
        if page and (full or len(page) + len(line) > PAGE):
            yield page
            page = ""
        page += line
    yield page


def long_enough(text: str) -> bool:
    """Whether a text has enough letters."""
    return len(text) >= LEAST or len(text) + 2 * len(DENSE.findall(text)) >= LEAST


def documents(folders: list[Path], files: int, draw: random.Random) -> Iterator[Document]:
    """All rows, file after file."""
    for path in sorted({path for folder in folders for path in folder.rglob("*.jsonl.zst")}):
        for record in filter(honest, read(path)):
            yield from cut(Document(record["id"], record["text"], origin(record), language(record)))
    for one in code(files, draw):
        yield from cut(one)


def cut(whole: Document) -> Iterator[Document]:
    """A document's pages that are long enough."""
    kept = [page for page in pages(whole.text) if long_enough(page)]
    for number, page in enumerate(kept):
        yield whole._replace(id=whole.id if len(kept) == 1 else f"{whole.id}#{number}", text=page)


def written(rows: list[Document], out: Path) -> int:
    """Write the rows into files of about the same size; returns how many."""
    out.mkdir(parents=True)
    frame = pl.DataFrame(rows, schema=list(Document._fields), orient="row")
    files = 1 + sum(len(one.text) for one in rows) // SHARD
    step = -(-len(frame) // files)
    for number in range(files):
        part = frame[number * step : (number + 1) * step]
        part.write_parquet(out / f"part-{number:03}.parquet", row_group_size=20_000)
    return files


def main() -> None:
    """Read, shuffle, write, count."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folders", nargs="+", type=Path)
    options.add_argument("-o", "--out", type=Path, required=True)
    options.add_argument("--code", type=int, default=0, metavar="N", help="files of source code")
    options.add_argument("--shards", choices=("mixed", "by-source"), default="mixed")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    draw = random.Random(f"background {chosen.seed}")
    rows = list(documents(chosen.folders, chosen.code, draw))
    draw.shuffle(rows)
    if chosen.shards == "by-source":
        rows.sort(key=lambda one: one.source)
    files = written(rows, chosen.out)
    languages, sources = Counter(one.lang for one in rows), Counter(one.source for one in rows)
    print(f"{len(rows):,} documents in {files} files, {len(sources):,} sources, {len(languages):,} languages")
    print("largest sources:", *(f"{name} {number:,}" for name, number in sources.most_common(12)), sep="\n  ")
    print("languages:", ", ".join(f"{name} {number:,}" for name, number in languages.most_common(20)))
    of_set = Counter(one.id.split("/")[0] for one in rows)
    print("sets:", ", ".join(f"{name} {number:,}" for name, number in of_set.most_common()))


if __name__ == "__main__":
    main()
