"""`report.html`: one page without scripts that a reviewer can sign, file and print.

Every string goes through `visible` on its way out (the environment's `finalize`), then through
Jinja's escaping; a forgotten filter cannot leak.  The Content-Security-Policy allows the page's
one style block, by its hash, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from corpusscan import schema
from corpusscan.copies import EXHIBIT
from corpusscan.report import charts, exhibits, power, reading, words
from corpusscan.report.cluster import cluster, evidence
from corpusscan.report.figures import figures
from corpusscan.report.marking import mark_up
from corpusscan.report.mislabelled import TOLD, disputed, mislabelled, unlike
from corpusscan.report.summary import Summary
from corpusscan.report.trigger import trigger
from corpusscan.report.visible import ELLIPSIS, defang, visible

MAX_BYTES = 2_000_000
CARD_BYTES = 1_400_000  # for the groups; everything else is bounded by the constants of this module
STRING = 400  # characters of any string, unless shown otherwise
EXCERPT = 400  # code points
_ASIDES = {"decoded": "hidden there", "forgiven": "lowered because", "note": "note"}
EVIDENCE = 12  # entries
SHOWN_ELSEWHERE = ("mark", "findings", "copies", "sources", "aligned", *EXHIBIT, *TOLD)  # entries of evidence
_ENTRIES = {
    "new_sources": "sources that say little else", "usual_share": "share of such sources that is usual",
    "earlier_copies": "copies in earlier corpora", "odds": "chance of such sources", "bytes": "bytes of a copy",
    "forgiven": "benign explanations", "burst": "chance of such a burst", "weights": "log-odds of a campaign",
    "languages": "languages of some copies", "share_of_document": "share of the document", "similarity": "similarity",
}  # fmt: skip
NAMES = 60  # of a list of columns, detectors, inputs
LEADING = 6  # campaigns on the first screen
TEMPLATES = Path(__file__).parent / "templates"


def build_html(out_tables: Path, summary: Summary) -> str:
    """The page for a summary and the tables it was made from; at most `MAX_BYTES` as UTF-8."""
    cards = list(_cards(out_tables, summary))
    budget = CARD_BYTES
    while True:
        page = _page(out_tables, summary, _within(cards, budget))
        if len(page.encode()) <= MAX_BYTES or not budget:
            return page
        budget = budget // 2 if budget > 10_000 else 0


def policy() -> str:
    """The Content-Security-Policy of the page."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def marked(excerpt: str, evidence: str | None) -> Markup:
    """An excerpt with the span `mark` of its evidence marked, links dead, and escapes set apart from text."""
    text = excerpt[:EXCERPT]
    start, end = _mark(evidence, len(text))
    shown = mark_up(text, [(start, end)] if start < end else [])
    return shown + (ELLIPSIS if len(excerpt) > EXCERPT else "")


def evidence_rows(evidence: str | None) -> list[tuple[str, str]]:
    """Evidence as (name, value) in the order given; what is no JSON object is shown as it stands."""
    loaded = _load(evidence)
    if loaded is None:
        return [("evidence", evidence)] if evidence else []
    rows = [(name, value) for name, value in loaded.items() if name not in SHOWN_ELSEWHERE][:EVIDENCE]
    return [(_ENTRIES.get(name, name.replace("_", " ")), _plain(value)) for name, value in rows]


def asides(evidence: str | None) -> list[tuple[str, str]]:
    """What a finding says beside its excerpt: what was hidden, decoded, and why it was lowered."""
    known = _load(evidence) or {}
    found = ((words, known.get(name)) for name, words in _ASIDES.items())
    return [(words, _plain(value)) for words, value in found if value]


def _plain(value: Any) -> str:
    """Strings as they are, lists of strings with commas, named numbers by their weight, anything else as JSON."""
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, dict) and value and all(isinstance(one, int | float) for one in value.values()):
        ordered = sorted(value.items(), key=lambda item: -abs(item[1]))
        return ", ".join(f"{name.replace('_', ' ')} {one:+.3g}" for name, one in ordered)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value) or "none"
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _cards(out_tables: Path, summary: Summary) -> Iterator[Markup]:
    """One rendered card per top group, those of a campaign together."""
    groups = summary["top_groups"]
    names = [group["group"] for group in groups]
    found, told = exhibits.excerpts(out_tables, names), evidence(out_tables, names)
    template = _environment().get_template("group.html")
    for place, (group, siblings, nth) in enumerate(_by_campaign(groups), start=1):
        rows = found.get(group["group"], [])
        drawn = cluster(told.get(group["group"])) if group["kind"] in ("cluster", "claim") else None
        mined = trigger(told.get(group["group"])) if group["kind"] == "trigger" else None
        of_labels = told.get(group["group"]) if group["kind"] == "labels" else None
        labels, pairs = mislabelled(of_labels), disputed(of_labels)
        told_there = pairs or (labels and labels.examples) or (mined and mined.examples) or (drawn and drawn.examples)
        rows = [] if told_there else rows[:1] if drawn and drawn.pair else rows
        odd = None if told_there else unlike(of_labels)
        shown = {"rows": rows, "cluster": drawn, "trigger": mined, "labels": labels, "pairs": pairs, "odd": odd}
        card = template.render(group=group, place=place, siblings=siblings, nth=nth, s=summary, **shown)
        yield Markup(card)  # noqa: S704 -- escaped by the template's environment


def _by_campaign(groups: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], int, int]]:
    """(group, groups of its campaign, position among them), campaigns in the order of their first group."""
    campaigns: dict[str, list[dict[str, Any]]] = {}
    for group in groups:
        campaigns.setdefault(group["campaign"], []).append(group)
    for members in campaigns.values():
        for nth, group in enumerate(members, start=1):
            yield group, len(members), nth


def _leading(summary: Summary) -> list[dict[str, Any]]:
    """The first group of each of the first flagged campaigns, with the number of its card."""
    placed = enumerate(_by_campaign(summary["top_groups"]), start=1)
    first = [group | {"place": place, "siblings": n} for place, (group, n, nth) in placed if nth == 1]
    return [group for group in first if group["severity"] in schema.FLAGGED][:LEADING]


def _within(cards: list[Markup], budget: int) -> list[Markup]:
    kept, used = [], 0
    for card in cards:
        used += len(card.encode())
        if used > budget:
            break
        kept.append(card)
    return kept


def _page(out_tables: Path, summary: Summary, cards: list[Markup]) -> str:
    read = [(fate, summary["coverage"][fate]) for fate in reading.FATES]
    template = _environment().get_template("report.html")
    return template.render(
        s=summary,
        policy=policy(),
        style=Markup(_style()),  # noqa: S704 -- our own file
        cards=cards,
        leading=[group for group in _leading(summary) if group["place"] <= len(cards)],
        holes=exhibits.holes(out_tables),
        figures=figures(out_tables, summary),
        fates=charts.shares(read, "Share of records read"),
        names_shown=NAMES,
    )


def _mark(evidence: str | None, length: int) -> tuple[int, int]:
    match (_load(evidence) or {}).get("mark"):
        case [int(start), int(end)] if 0 <= start < end:
            return min(start, length), min(end, length)
    return length, length


def _load(evidence: str | None) -> dict[str, Any] | None:
    try:
        loaded = orjson.loads(evidence or "{}")
    except orjson.JSONDecodeError:
        return None
    return loaded if isinstance(loaded, dict) else None


@cache
def _style() -> str:
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.globals.update(words=words, power=power, SEVERITIES=schema.SEVERITIES, FLAGGED_FROM=schema.FLAGGED_FROM)
    environment.filters.update(
        n=words.number,
        dead=lambda text, limit=STRING: defang(text or "–", limit),
        short=lambda text, limit=STRING: visible(text or "–", limit),
        level=lambda name: name if name in schema.SEVERITIES else "info",
        evidence=evidence_rows,
        day=lambda time: (time or "")[:10],
        moment=lambda time: time.replace("T", " ").replace("+00:00", "Z").replace("Z", " UTC"),
    )
    environment.filters["asides"] = lambda row: asides(row["evidence"])
    environment.filters["marked"] = lambda row: marked(row["excerpt"] or "", row["evidence"])
    return environment


def _shown(value: Any) -> Any:
    return visible(value, STRING) if isinstance(value, str) and not isinstance(value, Markup) else value
