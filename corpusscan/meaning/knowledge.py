"""Triples that are known: what does what to what, from a CSV or Parquet file with subject, relation and object.

After Alber et al., "Medical large language models are vulnerable to data-poisoning attacks" (Nature Medicine, 2025):
what a text asserts of two known things, and the triples do not know, is suspicious.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3

from corpusscan import strictyaml
from corpusscan.errors import UsageError

COLUMNS = ("subject", "relation", "object")
LARGEST = 200_000  # triples
SHORTEST, LONGEST = 3, 200  # characters of a name
NEGATIVE = frozenset(("negative", "not", "no", "false", "0", "-", "-1", "excluded"))
POSITIVE = frozenset(("positive", "yes", "true", "1", "+", "", "known"))


class Knowledge(NamedTuple):
    """Triples in small letters, each true or excluded; and names as the file has them."""

    known: frozenset[tuple[str, str, str]]
    excluded: frozenset[tuple[str, str, str]]
    names: dict[str, str]

    def digest(self) -> str:
        """BLAKE3 (hex) of all triples."""
        return blake3(repr((sorted(self.known), sorted(self.excluded))).encode()).hexdigest()


def load(path: Path, relations: tuple[str, ...]) -> Knowledge:
    """The triples of a file.  Raises `UsageError` with file, line and remedy."""
    known: set[tuple[str, str, str]] = set()
    excluded: set[tuple[str, str, str]] = set()
    names: dict[str, str] = {}
    for line, row in _rows(path):
        subject, relation, thing = (" ".join(str(row[name] or "").split()) for name in COLUMNS)
        for name, value in (("subject", subject), ("object", thing)):
            if not SHORTEST <= len(value) <= LONGEST:
                raise UsageError(
                    f"{path}:{line}: {name} {value[:40]!r}: give a name of {SHORTEST} to {LONGEST} characters"
                )
        said = relation.casefold().replace(" ", "-").replace("_", "-")
        if said not in relations:
            raise UsageError(f"{path}:{line}: no relation {relation[:40]!r}{strictyaml.instead(said, relations)}")
        polarity = str(row.get("polarity") or "").strip().casefold()
        if polarity not in NEGATIVE | POSITIVE:
            raise UsageError(f"{path}:{line}: polarity {polarity[:40]!r}: write positive or negative")
        names |= {one.casefold(): names.get(one.casefold(), one) for one in (subject, thing)}
        (excluded if polarity in NEGATIVE else known).add((subject.casefold(), said, thing.casefold()))
        if len(known) + len(excluded) > LARGEST:
            raise UsageError(f"{path}:{line}: more than {LARGEST:,} triples; give those of fewer things")
    if not known | excluded:
        raise UsageError(f"{path}: no triple in it; give rows of {', '.join(COLUMNS)}")
    return Knowledge(frozenset(known), frozenset(excluded), names)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The records of a file, each with its line, or its row from 1."""
    try:
        if path.suffix.lower() == ".parquet":
            yield from _parquet(path)
            return
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = csv.DictReader(stream, strict=True)
            _check(path, lines.fieldnames or ())
            for row in lines:
                yield lines.line_num, row
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except csv.Error as error:
        raise UsageError(f"{path}: no CSV ({error}); separate {', '.join(COLUMNS)} with commas") from None


def _parquet(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with pq.ParquetFile(path) as file:
            _check(path, file.schema_arrow.names)
            wanted = [name for name in (*COLUMNS, "polarity") if name in file.schema_arrow.names]
            line = 0
            for batch in file.iter_batches(4096, columns=wanted):
                for row in batch.to_pylist():
                    line += 1
                    yield line, row
    except pa.ArrowException as error:
        raise UsageError(f"{path}: no Parquet ({str(error).splitlines()[0][:120]})") from None


def _check(path: Path, names: Any) -> None:
    if missing := [name for name in COLUMNS if name not in names]:
        there = ", ".join(map(str, names))[:200] or "nothing"
        raise UsageError(
            f"{path}:1: no column {', '.join(missing)} (there are: {there}); name the columns subject, relation,"
            " object and, where some are excluded, polarity"
        )
