"""Commands of `corpusscan train`."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path

import click


@click.group()
def train() -> None:
    """Make the shipped classifiers again, or others, from named data: weights and a model card."""


def _data(command: Callable[..., None]) -> Callable[..., None]:
    """Options that say what is learned from, and where the result goes."""
    options = [
        click.option(
            "--data", "paths", multiple=True, required=True, metavar="FILE",
            help="JSON Lines or Parquet with a text, a label (1: what is looked for, or 0) and a source (repeatable).",
        ),
        click.option("-o", "--out", required=True, type=click.Path(path_type=Path), metavar="DIR",
                     help="A new or empty folder."),
        *(
            click.option(f"--{name}-column", default=name, show_default=True, metavar="C", help=f"The column {what}.")
            for name, what in (("text", "with the text"), ("label", "with the label"), ("source", "to hold apart by"))
        ),
        click.option("--about", type=click.Path(path_type=Path), metavar="FILE",
                     help="TOML: what the card says of each source."),
    ]  # fmt: skip
    return reduce(lambda command, option: option(command), reversed(options), command)


@train.command("prompt_injection", epilog="Example:  corpusscan train prompt_injection --data rows.jsonl -o model")
@_data
@click.option(
    "--hard", multiple=True, metavar="SOURCE", help="An honest source that must set no threshold (repeatable)."
)
@click.option("--folds", type=int, default=6, show_default=True, help="Parts of the sources that are held out in turn.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same weights.")
def prompt_injection(
    paths: tuple[str, ...], out: Path, text_column: str, label_column: str, source_column: str, about: Path | None,
    hard: tuple[str, ...], folds: int, seed: int,
) -> None:  # fmt: skip
    """Fit the classifier of the detector prompt_injection and write its weights and card to DIR.

    Thresholds, calibration and all figures of the card are of sources that were held out.  To scan with other weights
    than those that are shipped: put `weights = "DIR/prompt_injection.safetensors"` where the detector's settings are.
    """
    from corpusscan.config import Columns
    from corpusscan.training import card, examples
    from corpusscan.training.prompt_injection import Settings
    from corpusscan.training.prompt_injection import train as fit

    card.prepared(out)
    columns = Columns(text=(text_column,), label=label_column, source=source_column)
    rows = examples.read(paths, columns)
    trained = fit(rows, Settings(seed=seed, folds=folds), lambda line: click.echo(line, err=True), frozenset(hard))
    written = card.write(out, "prompt_injection", trained.model, trained.report, paths, about, card.of_sentences)
    click.echo("\n".join(str(path) for path in written))


@train.command("misinformation", epilog="Example:  corpusscan train misinformation --data rows.jsonl -o model")
@_data
def misinformation(
    paths: tuple[str, ...], out: Path, text_column: str, label_column: str, source_column: str, about: Path | None
) -> None:
    """Fit the classifier of texts that read like misinformation and write its weights and card to DIR.

    Each source with labels of both kinds is held out in turn: all figures of the card, and the calibration, are of
    models that had not seen it.  Nothing is drawn: the same data makes the same weights.
    """
    from corpusscan.config import Columns
    from corpusscan.training import card, examples
    from corpusscan.training import misinformation as training

    card.prepared(out)
    columns = Columns(text=(text_column,), label=label_column, source=source_column)
    rows = examples.read(paths, columns)
    trained = training.train(rows, training.Settings(), lambda line: click.echo(line, err=True))
    written = card.write(out, training.NAME, trained.model, trained.report, paths, about, training.figures)
    click.echo("\n".join(str(path) for path in written))
