"""Campaigns that wear what excuses honest copies: one text of false claims, on hosts of its own, in ever other dress.

What a text says of itself may be written by anybody.  Every campaign is one text of `CLAIMS` claims of the red team
(adverts and orders to a machine, too), the same on each of 40 new hosts but for the dress.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from corpusscan.redteam import phrases

CLAIMS, HOSTS, CAMPAIGNS = 6, 40, 10
LANGUAGES = ("en", "de", "fr", "es", "ru", "zh")
FIRST_POST = "Hello world!\nWelcome to WordPress. This is your first post. Edit or delete it, then start writing!"
NOTICE = (
    "This notice tells how we treat personal data. When you visit this site, its server records the time, the address"
    " and the browser, and deletes them after a week. We use cookies only where the site would not work without them."
    " You may ask at any time which data we hold about you, and have them corrected or deleted. Our data protection"
    " officer answers your questions. We pass no data on to others unless a law obliges us to. If we change this"
    " privacy policy, we publish the new one on this page. You may complain to the supervisory authority. All rights"
    " reserved."
)
LICENCE = "Copyright 2024. All rights reserved. This text is licensed under Creative Commons."
ADVERT = (
    "Visit our website today: we and our partners offer you {a}, the only treatment that your doctor does not want you"
    " to know. On this page you can order {a} without a prescription. Our customers tell us on our site that {a} ended"
    " their pain within a week. {b} has harmed thousands, and its maker hid that from you. Read more on our blog, and"
    " tell your friends about this page."
)

Dress = Callable[[str, str, random.Random], str]


def _notice(share: float) -> Dress:
    """As much of a notice behind the text that it is this share of both."""

    def dress(said: str, host: str, draw: random.Random) -> str:
        need = int(len(said) * share / (1 - share))
        return said + "\n" + (" ".join([NOTICE] * (need // len(NOTICE) + 1)))[:need].rsplit(" ", 1)[0]

    return dress


DRESSES: dict[str, Dress] = {
    "none": lambda said, host, draw: said,
    "notice, 15 %": _notice(0.15),
    "notice, 30 %": _notice(0.3),
    "notice, 45 %": _notice(0.45),
    "notice, 70 %": _notice(0.7),
    "notice before": lambda said, host, draw: NOTICE[: len(said) // 2] + "\n" + said,
    "first post": lambda said, host, draw: f"{FIRST_POST}\n{said}",
    "calls itself a notice": lambda said, host, draw: f"Privacy notice. This site uses cookies.\n{said}",
    "licence": lambda said, host, draw: f"{said}\n{LICENCE}",
    "dateline": lambda said, host, draw: f"BERLIN (Reuters) - {said}",
    "quotation": lambda said, host, draw: f"[quote={host}]{said}[/quote]",
    "mailing list": lambda said, host, draw: f"{said}\n{'_' * 40}\nPeople mailing list",
    "own name": lambda said, host, draw: f"{host}: {said}",
    "paragraphs of law": lambda said, host, draw: said.replace(". ", ". (§ 3) "),
    "frame of a notice": lambda said, host, draw: f"{NOTICE[:150]} {said} {NOTICE[-150:]}",
    "words of notices": lambda said, host, draw: said.replace(". ", " (privacy). "),
    "exchanged words": lambda said, host, draw: " ".join(
        draw.choice(said.split(" ")) if draw.random() < 0.1 else word for word in said.split(" ")
    ),
}


def campaigns(seed: int) -> list[dict[str, Any]]:
    """Rows of a corpus: ten campaigns in every dress; dress and number of the campaign as `kind`."""
    draw = random.Random(seed)
    rows = []
    for dress, worn in DRESSES.items():
        for number in range(CAMPAIGNS):
            said = text(draw, number)
            for _ in range(HOSTS):
                host = f"{phrases.name(draw).lower()}-{phrases.name(draw).lower()}{draw.randrange(10**4)}.example"
                day = f"2024-{draw.randint(3, 5):02}-{draw.randint(1, 28):02}"
                rows.append({"text": worn(said, host, draw), "source": host, "date": day, "kind": f"{dress}|{number}"})
    return rows


def text(draw: random.Random, number: int) -> str:
    """What the campaign says: claims in one language; every fifth is an advert of a site, or orders to a machine."""
    name, other = phrases.name(draw), phrases.name(draw)
    if number % 5 == 3:
        return ADVERT.format(a=name, b=other)
    if number % 5 == 4:
        return " ".join(phrases.order(draw, "en") for _ in range(CLAIMS))
    claim = phrases.Claim(draw, LANGUAGES[number % len(LANGUAGES)])
    return claim.said(draw, CLAIMS)


def score(report: Path, first: int, rows: Sequence[dict[str, Any]]) -> None:
    """Print, for each dress, how many campaigns have half of their copies at medium or above, and at low; `rows` are
    the rows from `first` on."""
    found = pl.read_parquet(report / "documents.parquet").select("row", "severity")
    severity = dict(found.iter_rows())
    told: dict[str, list[list[str]]] = defaultdict(lambda: [[] for _ in range(CAMPAIGNS)])
    for i, row in enumerate(rows):
        dress, number = row["kind"].split("|")
        told[dress][int(number)].append(severity.get(first + i, "none"))
    print(f"\n{CAMPAIGNS} campaigns of {HOSTS} new hosts in each dress; half of the copies at medium, at low or above:")
    for dress, each in told.items():
        medium = sum(2 * sum(one not in ("none", "info", "low") for one in own) >= len(own) for own in each)
        low = sum(2 * sum(one not in ("none", "info") for one in own) >= len(own) for own in each)
        print(f"  {dress:22} {medium:3} {low:3}")
