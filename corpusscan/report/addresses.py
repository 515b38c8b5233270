"""Where a record lies, for programs that open files: a relative URI, and a line where that is certain."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import polars as pl

from corpusscan.report.summary import scan

MAX_URI = 600  # characters; a longer path is given by a folder above it
_ESCAPED = re.compile(rb"\\(?:\\|x([0-9a-f]{2}))")  # how `file` spells a backslash, and bytes that are no UTF-8


@dataclass(frozen=True)
class Addresses:
    """The inputs of one scan, and the files whose rows are known to be lines."""

    roots: tuple[PurePosixPath | None, ...]
    """By input, the folder that `file` is relative to, seen from where the scan was started; None: unknown."""
    lines: frozenset[str]

    def uri(self, file: str) -> str:
        """A relative URI without `..`, at most `MAX_URI` long, whatever `file` holds."""
        root, rest = self._rooted(file)
        path = _ESCAPED.sub(_byte, rest.encode("utf-8", "surrogatepass"))
        # Nothing is safe to `quote` here: a colon would make a scheme, and "%" is an ordinary character of a name.
        names = [quote(name, safe="") for name in root.parts if name != "/"] if root else []
        names += [quote(name, safe="") for name in path.split(b"/") if name not in (b"", b".", b"..")]
        whole = "/".join(names)
        while names and len("/".join(names)) >= MAX_URI:
            names.pop()
        short = "/".join(names)
        return whole if short == whole and whole else f"{short}/" if short else "."

    def line(self, file: str, row: int) -> int | None:
        """The line of a record, from 1; None where rows are not known to be lines of the file."""
        return row + 1 if file in self.lines else None

    def _rooted(self, file: str) -> tuple[PurePosixPath | None, str]:
        if len(self.roots) == 1:
            return self.roots[0], file
        ordinal, _, rest = file.partition("/")
        known = ordinal.isascii() and ordinal.isdigit() and len(ordinal) < 9 and int(ordinal) < len(self.roots)
        root = self.roots[int(ordinal)] if known else None
        return (root, rest) if root is not None else (None, file)


def addresses(out_tables: Path, inputs: Sequence[str], files: Iterable[str]) -> Addresses:
    """For the `files` of a scan of `inputs`, from its coverage table."""
    return Addresses(tuple(_roots(out_tables, inputs)), _line_files(out_tables, list(files)))


def _byte(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode()) if found[1] else b"\\"


def _roots(out_tables: Path, inputs: Sequence[str]) -> list[PurePosixPath | None]:
    """An input that is one file has that file's name as its only `file`; a pattern ends where its magic begins."""
    several = len(inputs) > 1
    ordinal = pl.col("file").str.split("/").list.first() if several else pl.lit("0")
    per_input = (
        scan(out_tables, "coverage")
        .group_by(ordinal=ordinal)
        .agg(pl.col("file").n_unique().alias("n"), pl.col("file").min())
    )
    only = {key: file for key, n, file in per_input.collect(engine="streaming").iter_rows() if n == 1}
    return [
        _root(given, only.get(str(n), "").removeprefix(f"{n}/" if several else "")) for n, given in enumerate(inputs)
    ]


def _root(given: str, only: str) -> PurePosixPath | None:
    path = PurePosixPath(given)
    outside = path.is_absolute() or ".." in path.parts or given.startswith("~") or "\\" in given or "://" in given
    if outside or path.name.startswith("memory:"):  # a table in memory lay in a file that is gone
        return None
    if only and path.name == only:
        return path.parent
    magic = next((n for n, part in enumerate(path.parts) if glob.has_magic(part)), len(path.parts))
    return PurePosixPath(*path.parts[:magic])


def _line_files(out_tables: Path, files: list[str]) -> frozenset[str]:
    """Files of which every line is a record: blank lines are none, and nobody notes where they stand."""
    shards = scan(out_tables, "coverage")
    if not files or "lines" not in shards.collect_schema():  # tables of an older version
        return frozenset()
    certain = (pl.col("lines") == pl.col("rows")).fill_null(value=False).all()
    asked = shards.join(pl.LazyFrame({"file": files}), on="file", how="semi").group_by("file").agg(certain=certain)
    return frozenset(asked.filter("certain").collect(engine="streaming")["file"])
