"""What a reviewer has accepted: sorted JSON lines {finding_id or group, reason, by, expires}, for version control."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import msgspec

from corpusscan.errors import UsageError
from corpusscan.workspace import write_atomic

MAX_BYTES = 256 * 2**20


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One accepted finding, or one accepted group with all its findings."""

    finding_id: str | None = None
    group: str | None = None
    reason: str = ""
    by: str = ""
    expires: dt.date | None = None

    @property
    def name(self) -> str:
        """The finding id or group that is accepted."""
        return self.finding_id or self.group or ""


def load(path: Path) -> list[Entry]:
    """The entries of a baseline file.  Raises `UsageError` with the line that is wrong."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path}: larger than a baseline can be ({MAX_BYTES >> 20} MiB)")
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot read the baseline ({error}); create it with --write-baseline") from None
    entries = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                entry = msgspec.json.decode(line, type=Entry)
            except msgspec.DecodeError as error:
                raise UsageError(f"{path}, line {number}: {error}") from None
            if bool(entry.finding_id) == bool(entry.group):
                raise UsageError(f"{path}, line {number}: give either finding_id or group")
            entries.append(entry)
    return entries


def in_force(entries: list[Entry], today: dt.date) -> set[str]:
    """Names that are accepted today; an expired entry no longer counts."""
    return {entry.name for entry in entries if entry.expires is None or entry.expires >= today}


def write(path: Path, finding_ids: list[str], whole: list[str], known: list[Entry]) -> None:
    """Write a baseline that accepts findings and whole groups, keeping what is known about those accepted before."""
    before = {entry.name: entry for entry in known}
    entries = [before.get(name, Entry(finding_id=name)) for name in finding_ids]
    groups = [*(entry for entry in known if entry.group), *(before.get(name, Entry(group=name)) for name in whole)]
    lines = sorted(json.dumps(_plain(entry), sort_keys=True, ensure_ascii=False) for entry in {*entries, *groups})
    write_atomic(path, lambda place: place.write_text("".join(line + "\n" for line in lines), "utf-8"))


def use(entries: list[Entry], accepted: set[str], present: set[str]) -> dict[str, int]:
    """How many lines still serve: used, unused (nothing of that name is found any more), expired."""
    expired = sum(entry.name not in accepted for entry in entries)
    used = sum(entry.name in accepted and entry.name in present for entry in entries)
    return {"used": used, "unused": len(entries) - used - expired, "expired": expired}


def _plain(entry: Entry) -> dict[str, str]:
    named = {"finding_id": entry.finding_id} if entry.finding_id else {"group": entry.group or ""}
    dated = {"expires": entry.expires.isoformat()} if entry.expires else {}
    return {**named, "reason": entry.reason, "by": entry.by, **dated}
