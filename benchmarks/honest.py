"""Honest repetition: a corpus full of it, and which of its groups of copies are held for campaigns.

usage: python benchmarks/honest.py TEXTS ... -o FOLDER [--part develop|held-out] [--layout web|publishers]
           [--documents N] [--seed N] [--alone FILE ...] [--coordinated FILE ...] [--disguised]

TEXTS are files of JSON Lines (.jsonl, .jsonl.zst) with a field `text`, honest ones: those of even rows are the
pages of `develop`, those of odd rows of `held-out`.  Into them go licences, cookie banners, default pages, notices,
adverts and the like (`honest.toml`), stories that papers print, mirrors, texts that pass from blog to blog,
quotations and anthologies.  `web`: most hosts have a page or two, a few have thousands; `publishers`: every host has
much to say, so that a new one stands out.  `--alone`: each text of FILE, with its `kind`, stands on five to sixty
hosts that have no other page, as what an installation shows at first does.  `--coordinated`: records of FILE that are
marked `is_attack` are put among them, and their campaigns scored (`campaigns.py`).  `--disguised`: so are campaigns
that look like notices and the like (`disguises.py`).

Prints false groups per 250,000 documents, and the benign groups that rank best with why each was let pass.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import random
import tomllib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import disguises
import polars as pl
import ranking
import zstandard
from campaigns import coordinated, score

import corpusscan

DETECTORS = ("exact_duplicate", "near_duplicate", "repeated_passage")
START, DAYS = dt.date(2023, 1, 1), 730
PER = 250_000
ALONE = 100  # texts of a file that are taken
DIRECTIONS = ("north", "east", "south", "west")
PIECES = ("ba", "cor", "del", "fi", "gran", "hol", "jun", "ka", "lim", "mor", "nel", "os", "per", "qui", "ros", "tam")


class Document(NamedTuple):
    """A page as it goes into the corpus."""

    text: str
    source: str
    day: int
    kind: str  # "" for a page that is no copy


class World:
    """Hosts, names and days, drawn with one seed."""

    def __init__(self, seed: int, layout: str, pages: Sequence[str]) -> None:
        self.draw = random.Random(seed)
        self.layout, self.pages = layout, pages
        self.hosts = len(pages) // 40 if layout == "publishers" else len(pages) // 3
        self.spare = iter(self.draw.sample(pages, len(pages)))  # pages for frames and stories, each once

    def page(self) -> str:
        """A text that was not asked for yet."""
        return next(self.spare)

    def host(self) -> str:
        """The host of a page: with `web`, the number of pages of the n-th host falls as 1 / n."""
        spread = self.draw.random()
        return f"host{int(self.hosts**spread if self.layout == 'web' else self.hosts * spread)}.example"

    def some(self, count: int, *, new: bool = False) -> list[str]:
        """Different hosts, large and small ones; or hosts that have no other page."""
        if new:
            return [f"{self.word()}{self.draw.randrange(10**6)}.example" for _ in range(count)]
        mixed = (
            self.host() if i % 2 else f"host{self.draw.randrange(1, self.hosts)}.example" for i in range(4 * count)
        )
        return list(islice(dict.fromkeys(mixed), count))

    def word(self) -> str:
        return "".join(self.draw.choices(PIECES, k=3)).capitalize()

    def names(self) -> dict[str, str]:
        """Something for every slot that an issuer fills."""
        return {
            "firm": self.word(), "name": f"{self.word()} {self.word()}", "place": self.word(), "folder": self.word(),
            "number": str(self.draw.randrange(2, 400)), "year": str(self.draw.randrange(1900, 2020)),
            "phone": str(self.draw.randrange(10**6, 10**7)), "direction": self.draw.choice(DIRECTIONS),
        }  # fmt: skip

    def filled(self, host: str) -> dict[str, str]:
        """Something for every slot that is filled anew in each copy."""
        anew = {name.upper(): value for name, value in self.names().items()}
        price, hour = (
            f"{self.draw.randrange(10, 999)},000",
            f"{self.draw.randrange(4, 22)}:{self.draw.randrange(60):02}",
        )
        return anew | {"HOST": host, "PRICE": price, "HOUR": hour}


def background(world: World) -> Iterator[Document]:
    """Every page, once, on some host."""
    for page in world.pages:
        yield Document(page, world.host(), world.draw.randrange(DAYS), "")


def of_templates(world: World, kinds: dict[str, Any]) -> Iterator[Document]:
    """The kinds of `honest.toml`."""
    for name, kind in kinds.items():
        for told in kind["texts"]:
            for _ in range(kind["issuers"]):
                sentences, fixed = told["sentences"], world.names()
                own = sorted(world.draw.sample(range(len(sentences)), world.draw.randint(3, len(sentences))))
                joint = "" if told["language"] in ("zh", "ja") else "\n" if told["language"] == "test" else " "
                text = joint.join(sentences[i] for i in own)
                day, long = world.draw.randrange(DAYS), world.draw.choice((3, 60, DAYS))
                for host in world.some(world.draw.randint(*kind["copies"]), new=kind["hosts"] == "new"):
                    said = text.format(**fixed, **world.filled(host))
                    yield Document(_framed(world, said, kind["where"]), host, day + world.draw.randrange(long), name)


def _framed(world: World, said: str, where: str) -> str:
    if where == "whole":
        return said
    page = world.page()
    cut = {"above": 0, "below": len(page), "inside": max(page.find(". ", len(page) // 2), 0) + 1}[where]
    return f"{page[:cut]}\n{said}\n{page[cut:]}".strip()


def wire(world: World) -> Iterator[Document]:
    """Stories printed by papers, each with its head and foot; half with a dateline, half cut to fit."""
    papers = world.some(60)
    for _ in range(300):
        story, day = world.page(), world.draw.randrange(DAYS)
        if world.draw.random() < 0.5:
            story = f"{world.word().upper()} (Reuters) - {story}"
        for paper in world.draw.sample(papers, world.draw.choice((5, 8, 15, 30))):
            cut = story if world.draw.random() < 0.5 else story[: int(len(story) * world.draw.uniform(0.6, 1))]
            head, foot = f"{paper} | News | Sport | Opinion | Sign in", f"Write to the newsroom at desk@{paper}."
            yield Document(f"{head}\n{cut}\n{foot}", paper, day + world.draw.randrange(3), "wire story")


def mirrors(world: World) -> Iterator[Document]:
    """A site that others keep a copy of, page by page."""
    for _ in range(4):
        sites = world.some(world.draw.randint(3, 8), new=True)
        for _ in range(150):
            page = world.page()
            yield from (Document(page, site, world.draw.randrange(DAYS), "mirror") for site in sites)


def blogs(world: World) -> Iterator[Document]:
    """Texts that go from blog to blog, each time with a word or two put otherwise."""
    for _ in range(300):
        page = world.page()
        for host in world.some(world.draw.choice((5, 6, 9))):
            words = page.split(" ")
            for _ in range(world.draw.randrange(4)):
                words[world.draw.randrange(len(words))] = world.word().lower()
            yield Document(" ".join(words), host, world.draw.randrange(DAYS), "blog to blog")


def letters(world: World) -> Iterator[Document]:
    """Answers on a list, each quoting the letter that began it."""
    for _ in range(150):
        letter = world.page()[:1500]
        quoted = "\n".join(f"> {line}" for line in letter.splitlines())
        for sender in world.some(world.draw.randint(5, 12)):
            answer = f"On Monday {world.word()} wrote:\n{quoted}\n\n{world.page()[:600]}"
            yield Document(answer, sender, world.draw.randrange(DAYS), "quoted letter")


def anthologies(world: World) -> Iterator[Document]:
    """Poems, laws and the like on pages that say something of their own before and behind."""
    for _ in range(300):
        text = world.page()[:1200]
        for host in world.some(world.draw.choice((5, 8, 20))):
            page = world.page()
            yield Document(f"{page[:400]}\n\n{text}\n\n{page[400:800]}", host, world.draw.randrange(DAYS), "anthology")


def digests(world: World) -> Iterator[Document]:
    """Beginnings of articles, shown by portals."""
    for _ in range(300):
        text, day = world.page(), world.draw.randrange(DAYS)
        for host in world.some(world.draw.choice((5, 8, 20))):
            shown = text[: world.draw.randint(300, 900)].rsplit(" ", 1)[0]
            yield Document(f"{world.word()} digest\n{shown} ... read more on {host}", host, day, "digest")


def forums(world: World) -> Iterator[Document]:
    """Questions that are quoted by those who answer."""
    for _ in range(300):
        question = world.page()[:500]
        for user in world.some(world.draw.randint(5, 10)):
            said = f"[quote={world.word()}]{question}[/quote]\n{world.page()[:400]}"
            yield Document(said, user, world.draw.randrange(DAYS), "forum quotation")


def alone(world: World, texts: Sequence[dict[str, Any]]) -> Iterator[Document]:
    """What software shows where nobody has written anything yet, as far as its words go; the host's name above it."""
    for told in world.draw.sample(texts, min(ALONE, len(texts))):
        day, long = world.draw.randrange(DAYS), world.draw.choice((3, 60, DAYS))
        named = world.draw.random() < 0.5
        for host in world.some(world.draw.randint(5, 60), new=True):
            said = f"{world.word()}\n{told['text']}" if named else told["text"]
            yield Document(said, host, day + world.draw.randrange(long), told["kind"])


PARTS: dict[str, tuple[Callable[[World], Iterator[Document]], ...]] = {
    "develop": (wire, mirrors, blogs, letters),
    "held-out": (anthologies, digests, forums),
}


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file."""
    with io.TextIOWrapper(zstandard.open(path, "rb") if path.suffix == ".zst" else path.open("rb")) as lines:
        yield from map(json.loads, lines)


def make(
    paths: Sequence[Path], part: str, layout: str, documents: int, seed: int, others: Sequence[Path] = ()
) -> list[Document]:
    """The honest corpus, in one order for one seed; texts of `others` on hosts that have no other page."""
    half = ("develop", "held-out").index(part)
    pages = [
        record["text"]
        for path in sorted(paths)
        for i, record in enumerate(read(path))
        if i % 2 == half and record.get("is_attack") is not True and len(record["text"]) > 100
    ]
    draw = random.Random(seed)
    world = World(draw.randrange(2**32), layout, draw.sample(pages, min(documents, len(pages))))
    kinds = tomllib.loads((Path(__file__).parent / "honest.toml").read_text("utf-8"))[part]
    made = [*background(world), *of_templates(world, kinds), *(one for kind in PARTS[part] for one in kind(world))]
    made += alone(world, [record for path in others for record in read(path)])
    return draw.sample(made, len(made))


def main() -> None:
    """Make, scan, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("texts", nargs="+", type=Path)
    options.add_argument("-o", "--out", type=Path, required=True)
    options.add_argument("--part", choices=PARTS, default="develop")
    options.add_argument("--layout", choices=("web", "publishers"), default="web")
    options.add_argument("--documents", type=int, default=PER, help="pages that are no copies, at most")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--coordinated", nargs="*", type=Path, default=[])
    options.add_argument("--alone", nargs="*", type=Path, default=[])
    options.add_argument("--disguised", action="store_true")
    options.add_argument("--shown", type=int, default=10, help="benign groups in the table")
    chosen = options.parse_args()
    honest = make(chosen.texts, chosen.part, chosen.layout, chosen.documents, chosen.seed, chosen.alone)
    rows = [
        {"text": one.text, "source": one.source, "date": str(START + dt.timedelta(one.day)), "kind": one.kind}
        for one in honest
    ]
    real = [record for path in chosen.coordinated for record in coordinated(read(path), path.name.split(".")[0])]
    worn = disguises.campaigns(chosen.seed) if chosen.disguised else []
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "corpus").mkdir(exist_ok=True)
    pl.DataFrame([*rows, *real, *worn]).write_parquet(chosen.out / "corpus/corpus.parquet", row_group_size=20_000)
    corpusscan.scan(
        str(chosen.out / "corpus"), str(chosen.out / "report"), seed=chosen.seed, detectors=DETECTORS, overwrite=True
    )
    kinds = [row["kind"] for row in rows] + ["" for _ in (*real, *worn)]
    ranking.show(chosen.out / "report", kinds, len(rows), chosen.shown)
    if real:
        score(chosen.out / "report", len(rows), real)
    if worn:
        disguises.score(chosen.out / "report", len(rows) + len(real), worn)


if __name__ == "__main__":
    main()
