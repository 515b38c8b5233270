"""Plants campaigns into a copy of a corpus, and writes down what was planted where.

The source is read twice: once to count and to draw real records, once to copy.  `truth.parquet` has one
row per planted span, `campaigns.json` what each campaign was.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.errors import InputError, UsageError, WorkspaceError
from corpusscan.io.rows.columns import ADDRESSES, host
from corpusscan.redteam import rawfiles, shapes
from corpusscan.redteam.attack import Attack, Host, Poison
from corpusscan.redteam.attacks import create
from corpusscan.redteam.world import World

CORPUS, TRUTH, CAMPAIGNS = "corpus", "truth.parquet", "campaigns.json"
SPARE = 2_000
_SHORTEST, _LONGEST = 80, 100_000  # characters of a real text that is drawn
SCHEMA = pa.schema(
    [
        ("file", pa.large_string()), ("row", pa.uint64()), ("doc_id", pa.large_string()),
        ("attack", pa.large_string()), ("campaign", pa.large_string()), ("field", pa.large_string()),
        ("start", pa.int64()), ("end", pa.int64()),
    ]
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Order:
    """What the user asked for: an attack, with its parameters, so many documents."""

    name: str
    attack: Attack
    count: int


class _Placed(NamedTuple):
    campaign: str
    attack: str
    poison: Poison
    record: dict[str, Any] | None
    spans: list[shapes.Span]


def parse(text: str) -> Order:
    """An order as `NAME=COUNT[,PARAMETER=VALUE...]`.  Raises `UsageError`."""
    (name, _, count), *rest = [part.partition("=") for part in text.split(",")]
    if not count.isdigit() or int(count) < 1 or not all(sign for _, sign, _ in rest):
        raise UsageError(f"--attack {text}: write NAME=COUNT or NAME=COUNT,PARAMETER=VALUE, as in hidden-dom=50")
    return Order(name, create(name, {key: value for key, _, value in rest}), int(count))


def plant(source: str, out: Path, orders: Sequence[Order], seed: int, spare: int = SPARE) -> dict[str, Any]:
    """Write `out/corpus`, `out/truth.parquet`, `out/campaigns.json`; returns what the latter holds.

    `spare`: so many real records are drawn beyond those that may be changed.

    Raises `InputError` for a corpus that cannot be read whole, `UsageError` for more than it can carry,
    `WorkspaceError` when `out` holds something.
    """
    _require_room(source, out)
    plan = io.plan([source], Columns(), out)
    if plan.skipped:
        raise InputError(f"{source}: {plan.skipped[0][0]} cannot be read ({plan.skipped[0][3]}); leave it out first")
    files = {shard.file: shard for shard in reversed(plan.shards)}
    files = {name: rawfiles.whole(files[name]) for name in sorted(files)}
    wanted = sum(order.count for order in orders)
    draw = random.Random(f"plant {seed}")  # noqa: S311
    counts, hosts = _drawn(files, 2 * wanted + spare, draw)
    if wanted > sum(counts.values()):
        raise UsageError(f"{wanted} documents to plant, but {source} has {sum(counts.values())} records; plant fewer")
    if not hosts:
        raise InputError(f"{source}: no record with a text of {_SHORTEST} characters or more to build on")
    placed, campaigns = _poison(orders, hosts, draw, seed)
    truth = list(_copy(files, counts, placed, out, draw))
    pq.write_table(pa.Table.from_pylist(truth, SCHEMA), out / TRUTH, compression="zstd")
    (out / CAMPAIGNS).write_bytes(orjson.dumps(campaigns, option=orjson.OPT_INDENT_2))
    return campaigns


def _require_room(source: str, out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise WorkspaceError(f"{out}: holds something already; choose another folder with -o")
    if Path(source).is_dir() and out.resolve().is_relative_to(Path(source).resolve()):
        raise WorkspaceError(f"{out}: lies inside the corpus, which would then hold its own poison; choose another -o")


def _drawn(files: dict[str, io.Shard], most: int, draw: random.Random) -> tuple[dict[str, int], list[Host]]:
    """Records of each file, and a sample of those with a text (Vitter's algorithm R), sorted."""
    counts: dict[str, int] = {}
    hosts: list[Host] = []
    seen = 0
    for name, shard in files.items():
        row = -1
        for row, record in enumerate(rawfiles.records(shard)):
            if record is None:
                continue
            field, text = shapes.main_text(record)
            if not _SHORTEST <= len(text) <= _LONGEST:
                continue
            seen += 1
            place = len(hosts) if len(hosts) < most else draw.randrange(seen)
            if place < most:
                label = shapes.label_field(record)
                hosts[place : place + 1] = [Host(name, row, record, field, text, record[label] if label else None)]
        counts[name] = row + 1
    return counts, sorted(hosts, key=lambda one: (one.file, one.row))


def _poison(
    orders: Sequence[Order], hosts: list[Host], draw: random.Random, seed: int
) -> tuple[list[_Placed], dict[str, Any]]:
    """The poison of every order, each a campaign of its own, and what the campaigns are."""
    free, placed, campaigns = list(hosts), [], {}
    sources = sorted({source for one in hosts if (source := _source(one.record))})
    for number, order in enumerate(orders, 1):
        name, attack, count = order.name, order.attack, order.count
        campaign = f"{name}-{number}"
        world = World(hosts, free, sources, f"{seed} {number} {name}")
        made = 0
        for poison in _made(name, attack.campaign(count, world)):
            model = poison.host or draw.choice(hosts)
            record, spans = shapes.dressed(poison, model.record, draw)
            placed.append(_Placed(campaign, attack.attack, poison, None if poison.removed else record, spans))
            made += 1
        if made != count:
            raise RuntimeError(f"{name} made {made} documents of {count}")
        campaigns[campaign] = {
            "attack": name, "kind": attack.attack, "documents": count, "trigger": world.trigger or None,
            "parameters": dataclasses.asdict(attack),  # type: ignore[call-overload]  # attacks are dataclasses
            "paper": attack.paper,
        }  # fmt: skip
    return placed, campaigns


def _made(name: str, campaign: Iterator[Poison]) -> Iterator[Poison]:
    try:
        yield from campaign
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None


def _source(record: dict[str, Any]) -> str:
    for name in shapes.layout_of(record).source:
        if record[name]:
            return host(str(record[name])) if name in ADDRESSES else str(record[name])
    return ""


def _copy(
    files: dict[str, io.Shard], counts: dict[str, int], placed: list[_Placed], out: Path, draw: random.Random
) -> Iterator[dict[str, Any]]:
    """Write every file; yields the truth with rows as they are in the copy."""
    names = list(files)
    new: dict[str, dict[int, list[_Placed]]] = {name: {} for name in names}
    old: dict[str, dict[int, _Placed]] = {name: {} for name in names}
    for one in placed:
        if one.poison.host is not None:
            old[one.poison.host.file][one.poison.host.row] = one
        else:  # a new record goes anywhere, in proportion to the size of the files
            (name,) = draw.choices(names, [counts[name] for name in names])
            new[name].setdefault(draw.randrange(counts[name] + 1), []).append(one)
    for name, shard in files.items():
        edits = {row: one.record for row, one in old[name].items()}
        inserts = {row: [one.record for one in some if one.record is not None] for row, some in new[name].items()}
        rawfiles.copy(shard, out / CORPUS / name, edits, inserts)
        yield from _truth(name, new[name], old[name])


def _truth(name: str, new: dict[int, list[_Placed]], old: dict[int, _Placed]) -> Iterator[dict[str, Any]]:
    moved = 0  # how far rows of the copy are ahead of those of the source
    for row in sorted({*new, *old}):
        for one in new.get(row, ()):
            yield from _rows(name, row + moved, one)
            moved += 1
        if row in old:
            yield from _rows(name, None if old[row].record is None else row + moved, old[row])
            moved -= old[row].record is None


def _rows(name: str, row: int | None, one: _Placed) -> Iterator[dict[str, Any]]:
    record = one.record or (one.poison.host.record if one.poison.host else {})
    ids = shapes.layout_of(record).id
    named = next((str(record[column]) for column in ids if record[column]), f"{name}#{row}")
    for span in one.spans:
        yield {
            "file": name, "row": row, "doc_id": named, "attack": one.attack, "campaign": one.campaign,
            "field": span.field, "start": span.start, "end": span.end,
        }  # fmt: skip
