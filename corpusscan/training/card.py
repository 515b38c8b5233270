"""A model card beside weights: what they were made from, how, and what they are worth on sources held out."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from corpusscan.errors import InputError, UsageError
from corpusscan.kernels.classifier import Model
from corpusscan.kernels.intervals import interval
from corpusscan.version import __version__

TAIL = 0.025  # of an interval of 95 %, at each end
_CURVE = "calibration_curve"
_KINDS = ("injected", "flagged, 95 %", "low", "honest", "flagged", "low")


def prepared(out: Path) -> None:
    """Make the folder.  Raises `UsageError` where it holds something."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out}: not an empty folder; name another one with -o")
    out.mkdir(parents=True, exist_ok=True)


def write(
    out: Path, name: str, model: Model, report: dict[str, Any], data: Sequence[str], about: Path | None,
    figures: Callable[[dict[str, Any]], list[str]],
) -> tuple[Path, Path, Path]:  # fmt: skip
    """The weights, the card as JSON and the card to read, whose last paragraphs are `figures` of the card."""
    told = _about(about)
    weights, facts, page = (out / f"{name}.{suffix}" for suffix in ("safetensors", "json", "md"))
    model.save(weights)
    for entry in report["sources"]:
        entry["about"] = told.get(entry["source"].split("/")[0], told.get(entry["source"], "not told"))
    card = {
        "name": name, "made_with": f"corpusscan {__version__}", "sha256": _sha256(weights),
        "bytes": weights.stat().st_size, "data": {Path(path).name: _sha256(Path(path)) for path in data},
        "calibration": model.calibration, **report,
    }  # fmt: skip
    facts.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8")
    page.write_text(_page(card, told.get("card", ""), figures(card)), "utf-8")
    return weights, facts, page


def _about(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f'{path}: {error}; write a line SOURCE = "licence, address" for each source') from None
    return {str(name): str(value) for name, value in told.items()}


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _page(card: dict[str, Any], intended: str, figures: list[str]) -> str:
    """The card in Markdown."""
    settings = ", ".join(f"{name} {value}" for name, value in card["settings"].items())
    data = ", ".join(f"`{name}`, sha256 `{digest}`" for name, digest in card["data"].items())
    lines = [
        f"# {card['name']}",
        intended.strip(),
        f"Made by `corpusscan train {card['name']}` ({card['made_with']}): {settings}.",
        f"Weights: `{card['name']}.safetensors`, {card['bytes']:,} bytes, sha256 `{card['sha256']}`.",
        f"Data: {data}.",
        *figures,
    ]
    return "\n\n".join(line for line in lines if line) + "\n"


def of_sentences(card: dict[str, Any]) -> list[str]:
    """What a classifier of sentences is worth on sources that were held out."""
    levels, aside = card["levels"], ", ".join(card["no_fair_sample"]) or "none"
    return [
        "## On sources that were held out",
        (
            "Each row is of a model that was made without this source and others: sources are held out by turns.\n"
            "*Flagged*: a sentence, held against its document, at or above logit "
            f"{levels['flagged']:.2f}; *low*: {levels['low']:.2f};\nset by {card['fair_documents']:,} honest documents "
            f"of sources held out, but for these, which no corpus is like: {aside}."
        ),
        "\n".join([_cells("source", "part", *_KINDS, "licence"), "|---" * 9 + "|", *map(_row, card["sources"])]),
        "## Calibration",
        "Scores of these models beside the share of injected texts, sources weighed by the root of their size.",
        "\n".join(
            ["| score | injected | texts |", "|---|---|---|"]
            + [_cells(f"{one['score']:.2f}", f"{one['injected']:.2f}", f"{one['texts']:,}") for one in card[_CURVE]]
        ),
    ]


def table(*rows: Sequence[str]) -> str:
    """A table in Markdown, the first row its head."""
    head, *others = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([head, "|" + "---|" * len(rows[0]), *others])


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _row(entry: dict[str, Any]) -> str:
    cells = [entry["source"], str(entry["fold"])]
    for kind in ("injected", "honest"):
        if one := entry.get(kind):
            share = f"{one['flagged']:,}"
            if kind == "injected":
                low, high = interval(one["flagged"], one["texts"], TAIL)
                share = f"{one['flagged'] / one['texts']:.0%} [{low:.0%}, {high:.0%}]"
            cells += [f"{one['texts']:,}", share, f"{one['told']:,}"]
        else:
            cells += ["", "", ""]
    return _cells(*cells, entry["about"])
