"""Commands of `corpusscan redteam`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corpusscan.errors import UsageError

if TYPE_CHECKING:
    from corpusscan.power import Done


@click.group()
def redteam() -> None:
    """Plant published attacks into a copy of a corpus, and measure what a scan finds of them."""


@redteam.command("list")
def list_attacks() -> None:
    """Print the attacks there are, with their parameters and papers."""
    import dataclasses

    from corpusscan.redteam.attacks import find, names

    for name in names():
        kind = find(name)
        click.echo(f"{name:26} {kind.attack:22} {(kind.__doc__ or '').splitlines()[0]}")
        fields = dataclasses.fields(kind)  # type: ignore[arg-type]  # attacks are dataclasses
        settings = [f"{field.name}={field.default!r}" for field in fields]
        click.echo(f"{'':26} {' '.join([*settings, kind.paper])}")


@redteam.command("plant", epilog="Example:  corpusscan redteam plant corpus -o planted --attack denial-of-service=250")
@click.argument("source", metavar="INPUT")
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="An empty or new folder."
)
@click.option(
    "--attack", "orders", multiple=True, required=True, metavar="NAME=COUNT[,PARAMETER=VALUE...]",
    help="A campaign (repeatable; each is one of its own, also of the same attack).",
)  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed plants the same poison.")
def plant_attacks(source: str, out: Path, orders: tuple[str, ...], seed: int) -> None:
    """Write a poisoned copy of INPUT to DIR/corpus and what was planted to DIR/truth.parquet.

    INPUT is never changed.  Then: corpusscan scan DIR/corpus -o OUT, and
    corpusscan redteam evaluate OUT --truth DIR/truth.parquet.
    """
    from corpusscan.redteam.plant import parse, plant
    from corpusscan.report.visible import visible

    campaigns = plant(source, out, [parse(order) for order in orders], seed)
    for name, facts in campaigns.items():
        trigger = f"  {visible(facts['trigger'])}" if facts["trigger"] else ""
        click.echo(f"{name}: {facts['documents']} documents{trigger}", err=True)


@redteam.command("evaluate")
@click.argument("out", type=click.Path(path_type=Path), metavar="OUT")
@click.option("--truth", required=True, type=click.Path(path_type=Path), metavar="FILE", help="DIR/truth.parquet.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate_scan(out: Path, truth: Path, as_json: bool) -> None:
    """Score the report in OUT: recall per campaign with its interval, groups, names, spans, clean documents flagged."""
    import msgspec

    from corpusscan.redteam.evaluate import evaluate
    from corpusscan.redteam.table import render

    evaluation = evaluate(out, truth)
    click.echo(msgspec.json.encode(evaluation).decode() if as_json else render(evaluation))


@redteam.command("power")
@click.argument("source", metavar="INPUT")
@click.option(
    "-o", "--out", default="corpusscan-power", show_default=True, type=click.Path(path_type=Path), metavar="DIR",
    help="Folder for what is measured; a run that was stopped goes on there.",
)  # fmt: skip
@click.option(
    "--attack", "attacks", multiple=True, metavar="NAME[,PARAMETER=VALUE...]",
    help="A family to plant (repeatable).  [default: nine of them]",
)  # fmt: skip
@click.option(
    "--sizes", default="3,6,12,25,50,100", show_default=True, metavar="N,...", help="Documents of a campaign."
)
@click.option("--campaigns", type=int, default=20, show_default=True, metavar="N", help="Of each family and size.")
@click.option(
    "--documents", type=int, default=50_000, show_default=True, metavar="N", help="Of the corpus, drawn at random."
)
@click.option("--detectors", metavar="A,B", help="Scan with these only; default: all.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed plants the same poison.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def measure_power(
    source: str,
    out: Path,
    attacks: tuple[str, ...],
    sizes: str,
    campaigns: int,
    documents: int,
    detectors: str | None,
    seed: int,
    as_json: bool,
) -> None:
    """State the smallest campaigns that a scan of INPUT would have found with 95 % probability.

    Campaigns are planted into a random sample of INPUT, below 1 % of its documents, and scanned.  With
    the defaults that takes some 70 scans of the sample; choose fewer families or sizes for less.
    """
    import orjson

    from corpusscan import audit, config
    from corpusscan.power import of_corpus
    from corpusscan.report.power import table

    chosen = [one.strip() for one in (detectors or "").split(",") if one.strip()] or None
    scan = audit.again(config.build({"detectors": chosen, "seed": seed}, "flags"))
    settings, counts = [chosen, seed], (_sizes(sizes), campaigns, documents)
    measured = of_corpus(source, out, scan, attacks, *counts, seed, settings, _progress())
    click.echo(orjson.dumps(measured, option=orjson.OPT_INDENT_2).decode() if as_json else table(measured))


def _sizes(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() and int(part) >= 1 for part in parts):
        raise UsageError(f"--sizes {text}: write numbers of documents, as in 12,25,50")
    return sorted(set(map(int, parts)))


def _progress() -> Callable[[Done], None]:
    """Tells every planting that is done, and how long the others will take."""
    import time

    from corpusscan.report.words import plural

    last = [time.monotonic()]

    def show(done: Done) -> None:
        took, last[0] = time.monotonic() - last[0], time.monotonic()
        minutes = took * (done.of - done.plantings) / 60
        left = f"about {minutes:.0f} min left" if minutes >= 1 else "less than a minute left"
        click.echo(f"{done.plantings} of {plural(done.of, 'planting')} done · {left}", err=True)

    return show
