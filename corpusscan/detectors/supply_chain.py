"""Files beside the rows that carry code: scripts, pickles and what they import, programs under other names, archives.

Files are judged before any row is read, as whoever loads a dataset may run them before that: `datasets` before 4.0 ran
the script of a repository, and a pickle runs what it imports (Python's documentation of `pickle`).  Nothing is
run, loaded or unpacked here: opcodes, names and first bytes say enough.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, ClassVar, NamedTuple

import pyarrow as pa
from blake3 import blake3

from corpusscan import schema
from corpusscan.datacard import Card
from corpusscan.detector import Batch, Detector, File, Member, Repository
from corpusscan.kernels import carriers, pickles

NAMED = 12  # imports or members that are told
MOST = 1_000  # findings of a rule in a repository


class _Rule(NamedTuple):
    severity: str
    score: float
    title: str
    remedy: str


_PICKLE = "never load it; ask for the data as Parquet, JSON Lines or safetensors"
_RULES = {
    "pickle-runs-code": _Rule("high", 0.95, "A pickle that runs code when it is loaded", _PICKLE),
    "yaml-runs-code": _Rule("medium", 0.7, "YAML that makes Python objects", "read it with a safe loader alone"),
    "loading-script": _Rule(
        "medium", 0.6, "A loading script: the library datasets before 4.0 runs it",
        "read it before anybody loads the dataset with trust_remote_code, or load the Parquet branch instead",
    ),
    "disguised-program": _Rule(
        "medium", 0.8, "A program under the name of something else", "find out who added it, and take it out"
    ),
    "hidden-pickle-imports": _Rule(
        "medium", 0.6, "A pickle under another name that imports what is not known to be harmless", _PICKLE
    ),
    "archive-leaves-folder": _Rule(
        "medium", 0.6, "An archive with members outside of its folder", "unpack it nowhere, or with a safe filter"
    ),
    "pickle-unknown-imports": _Rule("low", 0.4, "A pickle that imports what is not known to be harmless", _PICKLE),
    "hidden-pickle": _Rule("low", 0.4, "A pickle under the name of something else", _PICKLE),
    "program": _Rule("low", 0.2, "A program beside the data", "nothing needs to run it to read the data"),
    "remote-code": _Rule("low", 0.3, "A hint to run code that comes with the data", "load it without that"),
    "card-loads-elsewhere": _Rule("low", 0.4, "The card has data loaded from elsewhere", "scan that too"),
    "odd-archive": _Rule("low", 0.3, "An archive with members that cannot be looked at", "unpack it, scan the folder"),
    "archive-with-code": _Rule("low", 0.3, "An archive with programs in it", "unpack it elsewhere, and look at these"),
    "pickle": _Rule("info", 0.1, "A pickle that imports what data are made of", _PICKLE),
    "archive": _Rule("info", 0.05, "An archive, whose members are not scanned", "unpack it, and scan the folder"),
    "not-in-card": _Rule("info", 0.05, "A file with rows that the card does not mention", "ask what it is for"),
    "unreadable-card": _Rule("info", 0.1, "A card whose settings cannot be read", "mend its YAML"),
    "unpinned-revision": _Rule(
        "info", 0.05, "No commit was named: the same name may stand for other data tomorrow", "pin the commit"
    ),
}  # fmt: skip
_SCRIPT = re.compile(rb"GeneratorBasedBuilder|ArrowBasedBuilder|BeamBasedBuilder|BuilderConfig|_split_generators")
_REMOTE = re.compile(rb"trust_remote_code[\"']?\s*[=:]\s*true|[\"']auto_map[\"']\s*:", re.IGNORECASE)
_OBJECT = re.compile(rb"(^|[\s:\-\[{,])!!?python/|tag:yaml\.org,2002:python/", re.MULTILINE)
_OUTSIDE = re.compile(r"^(/|\\|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)")


@dataclass(frozen=True)
class SupplyChain(Detector):
    """Finds files beside the rows that carry code: pickles and what they import, scripts, disguised programs."""

    name: ClassVar[str] = "supply_chain"
    of_files: ClassVar[bool] = True

    def flag(self, batch: Batch) -> pa.Table:
        """Nothing: rows are what other detectors judge."""
        return schema.HITS.empty_table()

    def inspect(self, repository: Repository) -> pa.Table:
        """At most `MOST` findings of a rule, in the order of the files."""
        told: Counter[str] = Counter()
        hits = []
        for file, rule, said, evidence in _found(repository):
            told[rule] += 1
            if told[rule] <= MOST:
                hits.append(_hit(repository, file, rule, said, evidence))
        for hit in hits:
            if (more := told[hit["rule"]] - MOST) > 0:
                hit["evidence"] = json.dumps({**json.loads(hit["evidence"]), "and_as_many_more_files": more})
        return pa.Table.from_pylist(hits, schema=schema.FILE_HITS)

    def title(self, rule: str) -> str:
        """What such files are called."""
        return _RULES[rule].title


_Told = tuple[File, str, str, dict[str, Any]]  # the file, the rule, what was seen, and evidence beside


def _found(repository: Repository) -> Iterator[_Told]:
    data: list[File] = []
    card: Card | None = None
    for file in repository.files:
        if file.path.lower() == "readme.md" and file.data:
            card = Card.of(file.data)
            yield from _of_card(file, card)
        if file.fate == "data":
            data.append(file._replace(data=b"", members=()))  # many are held
        yield from _of_file(file, repository.name)
    yield from (
        (file, "not-in-card", "no data_files of the card name it", {})
        for file in data
        if card is not None and not card.mentions(file.path)
    )
    if repository.commit:
        root = File("", 0, "", repository.commit.encode(), whole=True, fate="")
        yield root, "unpinned-revision", f"read at commit {repository.commit}", {}


def _of_card(file: File, card: Card) -> Iterator[_Told]:
    if card.fault:
        yield file, "unreadable-card", card.fault, {}
    for address in card.elsewhere[:NAMED]:
        yield file, "card-loads-elsewhere", address, {}


def _of_file(file: File, name: str) -> Iterator[_Told]:
    """What is said of a file; a pickle is said of once, as the worst that it is."""
    if pickled(file):
        yield _of_pickle(file, [("", carriers.pickled(file.kind, file.data) or file.data)])
    elif file.kind in ("zip", "tar") or carriers.ends(file.path, carriers.ARCHIVES) or file.kind in ("7z", "rar"):
        yield from _of_archive(file)
    elif file.fate == "pickle":
        yield file, "pickle-unknown-imports", f"could not be looked at: {file.fault or 'not opened'}", {}
    elif file.kind in carriers.PROGRAM_KINDS and not _honest(file):
        yield file, "disguised-program", f"begins as {file.kind}", {"kind": file.kind}
    elif carriers.ends(file.path, carriers.PROGRAMS) or _is_program(file, carriers.TEXTS):
        yield _of_program(file, name)
    if carriers.ends(file.path, (".yaml", ".yml", ".md")) and (found := _OBJECT.search(file.data)):
        yield file, "yaml-runs-code", _around(file.data, found), {}
    if carriers.ends(file.path, (*carriers.SETTINGS, ".md")) and (found := _REMOTE.search(file.data)):
        yield file, "remote-code", _around(file.data, found), {}


def pickled(file: File) -> bool:
    """Whether it is a pickle, or an array of objects, which is one.

    Those of protocols 0 and 1 are lines of letters, as a list of words is: one under another name must do something.
    """
    if file.kind == "npy":
        return bool(carriers.pickled(file.kind, file.data))
    told = file.data.startswith(pickles.MAGIC) or file.fate == "pickle" or carriers.ends(file.path, carriers.PICKLES)
    if file.kind != "pickle" or told:
        return file.kind == "pickle"
    found = pickles.imports(file.data)
    return found.calls and bool(found.whole or found.dangerous)


def _honest(file: File) -> bool:
    """Whether a program is called what it is, or stands as text in a file of text."""
    name = PurePosixPath(file.path).name
    texts = file.kind == "script" and not carriers.ends(name, carriers.DATA)
    return texts or "." not in name or ".so." in name or carriers.ends(name, carriers.PROGRAMS)


def _around(data: bytes, found: re.Match[bytes]) -> str:
    return data[max(found.start() - 40, 0) : found.end() + 80].decode("utf-8", "replace").strip()


def _of_program(file: File, name: str) -> _Told:
    is_script = carriers.ends(file.path, (".py",)) and (
        _SCRIPT.search(file.data) or file.path.lower() == f"{name.lower()}.py"
    )
    if is_script:
        return file, "loading-script", "a builder of the library datasets, by its name or by what it defines", {}
    return file, "program", f"a program, by its {'name' if not file.kind else 'first bytes'}", {}


def _pickle_in(one: Member) -> bytes:
    """The pickle that a member is, by its first bytes or its name; arrays of numbers are none."""
    return carriers.pickled(one.kind, one.data) if one.kind == "npy" else one.data


def _of_pickle(file: File, parts: list[tuple[str, bytes]]) -> _Told:
    """The worst of the pickles in a file: of itself, or of members of it."""
    found = [(name, pickles.imports(data)) for name, data in parts]
    dangerous = _names(one.dangerous for _, one in found)
    unknown = _names(one.unknown for _, one in found)
    broken = [name for name, one in found if not one.whole]
    hidden = not carriers.ends(file.path, carriers.PICKLES) and not (file.kind == "npy" or file.members)
    shown = (dangerous or unknown or _names(one.names for _, one in found))[:NAMED]
    evidence: dict[str, Any] = {
        "imports": shown,
        **({"members": [name for name, _ in found if name][:NAMED]} if file.members else {}),
        **({"hidden_as": PurePosixPath(file.path).suffix or "no ending"} if hidden else {}),
        **({"not_read_to_its_end": True} if broken or not file.whole else {}),
    }
    names = ", ".join(shown)
    if dangerous:
        return file, "pickle-runs-code", f"loading it calls {names}", evidence
    said = f"loading it imports {names}" if names else "it imports nothing that was seen"
    odd = bool(unknown or broken or file.fault)
    if hidden:
        return file, "hidden-pickle-imports" if odd else "hidden-pickle", said, evidence
    return file, "pickle-unknown-imports" if odd else "pickle", said, evidence


def _names(some: Any) -> list[str]:
    return list(dict.fromkeys(name for names in some for name in names))


def _of_archive(file: File) -> Iterator[_Told]:
    inside = [(one.name, data) for one in file.members if (data := _pickle_in(one))]
    if inside:
        yield _of_pickle(file, inside)
    leaving = [one.name for one in file.members if _OUTSIDE.search(one.name) or one.odd in ("link", "device")]
    odd = [one.name for one in file.members if one.odd == "encrypted" or carriers.ends(one.name, carriers.ARCHIVES)]
    programs = [one.name for one in file.members if _is_program(one, ()) or carriers.ends(one.name, carriers.PROGRAMS)]
    for rule, names in (("archive-leaves-folder", leaving), ("odd-archive", odd), ("archive-with-code", programs)):
        if names:
            yield file, rule, ", ".join(names[:NAMED]), {"members": names[:NAMED], "count": len(names)}
    if file.fault:
        yield file, "odd-archive", f"could not be listed: {file.fault}", {}
    elif not (inside or leaving or odd or programs):
        yield file, "archive", f"{len(file.members)} members" if file.members else "not listed", {}


def _is_program(one: File | Member, shown_in: tuple[str, ...]) -> bool:
    """Whether it begins as a program, and is no text that shows one."""
    return one.kind in carriers.PROGRAM_KINDS and not (shown_in and carriers.ends(one[0], shown_in))


def _hit(repository: Repository, file: File, rule: str, said: str, evidence: dict[str, Any]) -> dict[str, Any]:
    known = _RULES[rule]
    content = blake3(file.data + b"".join(one.data for one in file.members)).hexdigest(16)
    told = {"reason": said[:400], "note": known.remedy, "bytes": file.size, **evidence}
    return {
        "file": (repository.root + file.path) if file.path else repository.root.rstrip("/"),
        "row": 0, "field": "", "start": 0, "end": 0, "tokens": 0, "excerpt": said[:240], "rule": rule, "group": None,
        "attack": "supply_chain", "severity": known.severity, "score": known.score, "q_value": None,
        "evidence": json.dumps(told, sort_keys=True), "content_hash": content,
    }  # fmt: skip
