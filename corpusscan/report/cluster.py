"""What the page shows of a group of copies: template with slots, sources, timeline, and two copies side by side.

Everything comes from the group's evidence (`corpusscan.copies`), so that it can be shown again from the tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import polars as pl
from markupsafe import Markup

from corpusscan.kernels.templates import SLOT, differences
from corpusscan.kernels.timelines import BARS
from corpusscan.report import charts, words
from corpusscan.report.marking import mark_up
from corpusscan.report.summary import scan
from corpusscan.report.visible import visible

SLOTS, SOURCES, TEMPLATE, COPY = 8, 10, 2_000, 1_500  # whatever the evidence holds, no more is shown
EXAMPLES, EXAMPLES_WORDS, DOTS = 3, 12, 300
_WORD = re.compile(r"\w+")

Count = Annotated[int, msgspec.Meta(ge=0)]


class Slot(msgspec.Struct, frozen=True):
    """A place in which copies differ."""

    slot: Count = 0  # which one of the template, from 1
    kind: str = "text"
    texts: Count = 0
    fillings: Count = 0
    bits: float | None = None
    entropy: float | None = None  # a share of the greatest
    stands_out: bool = False
    such_as: list[str] = []


class Timeline(msgspec.Struct, frozen=True):
    """Copies by day, week or longer."""

    step: str = ""
    bars: list[tuple[str, Count]] = []
    undated: Count = 0


class Copy(msgspec.Struct, frozen=True):
    """One of the two copies that are compared."""

    text: str
    source: str | None = None
    day: str | None = None
    before: Count = 0  # characters that both have and that are left out
    after: Count = 0


class Stance(msgspec.Struct, frozen=True):
    """Who says so of a claim."""

    documents: Count = 0
    independent: Count = 0
    sources: Count = 0


class Evidence(msgspec.Struct, frozen=True):
    """The part of a group's evidence that is drawn."""

    template: str = ""
    aligned: Count = 0
    slots: list[Slot] = []
    pair: list[Copy] = []
    top_sources: list[tuple[str, Count, Count]] = []  # name, copies, documents of the corpus
    timeline: Timeline | None = None
    shared_words: list[str] = []
    examples: list[tuple[str, str]] = []  # source, and the sentence that names most of them
    similarity: float | None = None  # cosine at which they hold together
    next_similarity: float | None = None  # and of what is nearest to them
    beside: list[tuple[str, str]] = []  # source and sentence of that
    map: list[tuple[float, float, bool, str]] = []  # x and y in [0, 1], whether it is a member, source
    truth: str = ""  # of a claim known to be false
    references: list[str] = []
    stances: dict[str, Stance] = {}


@dataclass(frozen=True)
class Cluster:
    """What the page needs of a group of copies."""

    told: Evidence
    template: Markup
    examples: list[tuple[str, Markup]]
    beside: list[tuple[str, Markup]]  # what is nearest to them without being of them
    map: Markup  # empty where they have no vectors
    slots: list[Slot]
    pair: list[tuple[Copy, Markup]]
    bars: charts.Bars
    timeline: Markup  # empty where no copy has a date
    dates: str

    @property
    def sources(self) -> list[tuple[str, int, int]]:
        """The sources with most copies."""
        return self.told.top_sources[:SOURCES]


def evidence(out_tables: Path, groups: list[str]) -> dict[str, str]:
    """The whole evidence of some groups, as their table has it."""
    asked = scan(out_tables, "groups").filter(pl.col("group").is_in(groups)).select("group", "evidence")
    return dict(asked.drop_nulls().collect(engine="streaming").iter_rows())


def cluster(text: str | None) -> Cluster | None:
    """The exhibit for a group's evidence; none where it tells nothing of the kind."""
    try:
        told = msgspec.json.decode(text or "{}", type=Evidence)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not (told.template or told.top_sources or told.timeline or told.truth):
        return None
    bars = told.timeline.bars[:BARS] if told.timeline else []
    drawn = charts.columns(bars, "Copies over time") if bars else Markup()
    dates, pair = _dates(told.timeline), _pair(told.pair)
    said, beside = _examples(told, told.examples[:EXAMPLES]), _examples(told, told.beside[:1])
    return Cluster(told, _template(told), said, beside, _map(told), told.slots[:SLOTS], pair, bars, drawn, dates)


def _template(told: Evidence) -> Markup:
    """The fixed text, and each slot as a label with its number and kind where it is told."""
    known = {slot.slot: slot for slot in told.slots[:SLOTS]}
    first, *others = told.template[:TEMPLATE].split(SLOT)
    shown = mark_up(first, [])
    for number, part in enumerate(others, 1):
        slot = known.get(number)
        label = f"{number} {visible(slot.kind, 20)}" if slot else "…"
        hot = " hot" if slot and slot.stands_out else ""
        shown += Markup('<span class="slot{}">{}</span>').format(hot, label) + mark_up(part, [])
    return shown


def _examples(told: Evidence, examples: list[tuple[str, str]]) -> list[tuple[str, Markup]]:
    """Sentences, with the words that most members share marked."""
    shared = {*told.shared_words[:EXAMPLES_WORDS]}
    shown = []
    for source, sentence in examples:
        said = sentence[:COPY]
        spans = [match.span() for match in _WORD.finditer(said) if match[0].casefold() in shared]
        shown.append((source, mark_up(said, spans)))
    return shown


def _map(told: Evidence) -> Markup:
    """Members and what is nearest to them, each a dot: what is drawn last is on top."""
    dots = [
        (min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0), "member" if member else "beside", source or "no source")
        for x, y, member, source in sorted(told.map[:DOTS], key=lambda dot: dot[2])
    ]
    return charts.points(dots, "Members of the group, and what is nearest to them") if dots else Markup()


def _pair(copies: list[Copy]) -> list[tuple[Copy, Markup]]:
    """Two copies with what the other does not say marked."""
    if len(copies) != 2:
        return []
    texts = [copy.text[:COPY] for copy in copies]
    spans = differences(texts[0], texts[1])
    return [(copy, mark_up(text, own, breaks=True)) for copy, text, own in zip(copies, texts, spans, strict=True)]


def _dates(timeline: Timeline | None) -> str:
    if timeline is None or not timeline.bars:
        return "No copy has a date."
    first, most = max(timeline.bars, key=lambda bar: bar[1])
    busiest = f"{'on' if timeline.step == '1d' else 'from'} {visible(first, 20)}"
    of_all = f"{words.number(most)} of {words.number(sum(count for _, count in timeline.bars))}"
    undated = f" {words.plural(timeline.undated, 'copy has', 'copies have')} no date." if timeline.undated else ""
    return f"Per {words.step(timeline.step)}; most, {of_all}, {busiest}.{undated}"
