"""The commands of `corpusscan index`: signatures that datasketch reads, and those that it made."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
_FILE = click.argument("file", type=click.Path(path_type=Path), metavar="FILE")


@click.group("index")
def index() -> None:
    """Exchange the signatures of an index with datasketch (`scan --index DIR --sketch affine32`)."""


@index.command()
@_FOLDER
@click.option("--seed", type=int, help="Derive the secret key of the index from a number; default: drawn.")
def create(folder: Path, seed: int | None) -> None:
    """Make an empty index in DIR, for signatures to be imported before the first scan."""
    from corpusscan import interchange

    interchange.create(folder, seed)
    click.echo(f"{folder}: ready for scan --index and index import", err=True)


@index.command("export")
@_FOLDER
@_FILE
def export_signatures(folder: Path, file: Path) -> None:
    """Write the signatures of the index in DIR to FILE, as Parquet with LeanMinHash bytes."""
    from corpusscan import interchange

    click.echo(f"{file}: {interchange.export(folder, file):,} signatures", err=True)


@index.command("import")
@_FOLDER
@_FILE
def import_signatures(folder: Path, file: Path) -> None:
    """Put the signatures in FILE into the index in DIR: later scans are compared with their documents, too.

    Refused where they were made with another key, scheme or parameters; see docs/index.md.
    """
    from corpusscan import interchange

    came, known = interchange.bring(folder, file)
    click.echo(f"{folder}: {came:,} signatures imported, {known:,} were of shards that it knew", err=True)
