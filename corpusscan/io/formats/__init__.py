"""Which formats there are, and which of them a file is in: by its name, by its first bytes where the user named it."""

from __future__ import annotations

from types import ModuleType

from corpusscan.errors import UnreadableError
from corpusscan.io.formats import csv, html, ipc, json, jsonl, parquet, text, textlines, tokenised, tsv, warc, wrapped
from corpusscan.io.layout import compression, footer, messages
from corpusscan.io.places.place import Place
from corpusscan.io.shard import Shard

FORMATS: dict[str, ModuleType] = {
    "jsonl": jsonl, "json": json, "wrapped": wrapped, "parquet": parquet, "arrow": ipc, "csv": csv, "tsv": tsv,
    "text": text, "html": html, "lines": textlines, "tokens": tokenised, "warc": warc,
}  # fmt: skip
_TARS = (".tar", ".tgz", ".tbz2", ".txz", *(".tar" + suffix for suffix in compression.SUFFIXES))
ARCHIVES = {  # by names and first bytes; members are files of their own, with names that nobody checked
    "zip_archive": ((".zip",), b"PK\x03\x04"),
    "tar_archive": (_TARS, b"no magic at its beginning"),
    "7z_archive": ((".7z",), b"7z\xbc\xaf\x27\x1c"),
    "rar_archive": ((".rar",), b"Rar!\x1a\x07"),
}


_REFUSED = {".wat": "wat_metadata", ".arc": "arc_file"}  # links and headers of pages; what came before WARC

_MAGIC: dict[str, bytes | tuple[bytes, ...]] = {
    "parquet": footer.MAGIC,
    "arrow": (messages.MAGIC, messages.FEATHER_1),
    "warc": b"WARC/",
}


def is_table(shard: Shard) -> bool:
    """Whether its records are rows of tables."""
    return hasattr(FORMATS[shard.format], "tables")


def of(place: Place, head: bytes, lines: bool) -> str:
    """The name of the format of a file that begins with `head`; plain text may be a document to a line.

    Raises `UnreadableError` where none is known, and for an empty file that should hold records.
    """
    name = _named(place, head)
    if not place.size and not hasattr(FORMATS[name], "FILES"):
        raise UnreadableError("empty_file")
    return "lines" if name == "text" and lines else name


def _named(place: Place, head: bytes) -> str:
    stem = place.path.name.lower()
    _refuse_archives(stem, b"")
    for suffix in compression.SUFFIXES:
        stem = stem.removesuffix(suffix)
    _refuse_others(stem)
    for name, module in FORMATS.items():
        if stem.endswith(module.SUFFIXES):
            return _of_json(place, head) if stem.endswith(".json") else name
    if place.named and (found := next((name for name, magic in _MAGIC.items() if head.startswith(magic)), None)):
        return found
    if place.named and head.lstrip()[:1] in (b"{", b"["):
        return _of_json(place, head)
    _refuse_archives("", head)
    if not place.size:
        raise UnreadableError("empty_file")
    raise UnreadableError("unknown_format", f"known: {', '.join(suffixes())}")


def _of_json(place: Place, head: bytes) -> str:
    """Which kind of JSON a file is."""
    packed = compression.kind_of(head, place.path.name.lower())
    if json.begins(place.path, packed):
        return "json"
    return "wrapped" if wrapped.begins(place.path, packed) else "jsonl"


def _refuse_archives(name: str, head: bytes) -> None:
    for reason, (suffixes, magic) in ARCHIVES.items():
        if name.endswith(suffixes) or head.startswith(magic):
            raise UnreadableError(reason, "an archive of files")


def _refuse_others(stem: str) -> None:
    for suffix, reason in _REFUSED.items():
        if stem.endswith(suffix):
            raise UnreadableError(reason)


def suffixes() -> list[str]:
    """How names of files end that are read."""
    plain = [suffix for module in FORMATS.values() for suffix in module.SUFFIXES]
    return [*plain, *(".jsonl" + suffix for suffix in compression.SUFFIXES)]
