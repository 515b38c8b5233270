"""What a clean verdict is worth: which planted campaigns the same scan finds in a sample of the same corpus.

Campaigns of each family and size are planted side by side, poison below 1 % of the documents, and every planting is
scanned with the same settings; no setting of a detector depends on what was planted.  That campaigns share a scan is
allowed for in what counts as found (`redteam.discovery`).  In a larger corpus more features are tested and more of them
are there by chance, so what is measured on a sample is said together with the sample.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pyarrow as pa

from corpusscan.errors import InputError, UsageError, WorkspaceError
from corpusscan.program import digest, versions
from corpusscan.redteam import discovery, kept, words
from corpusscan.redteam.attack import Attack
from corpusscan.redteam.attacks import create
from corpusscan.redteam.evaluate import rate
from corpusscan.redteam.plant import CORPUS, TRUTH, Order, plant
from corpusscan.redteam.sample import Sample, draw
from corpusscan.report.pages import MANIFEST
from corpusscan.workspace import opened

FAMILIES = (
    "denial-of-service,noise=subwords", "denial-of-service,noise=words", "denial-of-service,noise=shuffled",
    "language-switch", "jailbreak-compliance", "near-duplicate-flood", "passage-insertion", "prompt-injection-page",
    "hidden-dom",
)  # fmt: skip
LEAST = 2_000  # documents of a sample: in fewer, campaigns below 1 % are too small to say anything
PART = 100  # one document in so many may be poison
AT_ONCE, PART_OF_ONE = 24, 0.2  # campaigns of one planting; of its documents those of one family
_TRIES = 5  # to plant campaigns whose triggers have nothing in common
_MARKS = "«|:"  # around made-up words, and rare in text; that others are shared, as < is, tells nothing
KEPT = "plantings.jsonl"
_FULL = "cannot be written ({}); make room and give the same command again to go on"

Scan = Callable[[Path, Path], object]
"""Audits a folder and leaves its report in another, always with the same settings."""


class Campaign(NamedTuple):
    """One of those that are planted."""

    family: str
    documents: int


class Done(NamedTuple):
    """Plantings that are scored."""

    plantings: int
    of: int


@dataclass
class Trial:
    """What plantings are made of; `settings` are those of the scan, as far as results depend on them."""

    sample: Sample
    families: Mapping[str, Attack]
    scan: Scan
    out: Path  # where results are kept
    place: Path  # for what is planted
    seed: int = 1
    settings: object = None
    show: Callable[[Done], None] = lambda _: None
    enough: Callable[[], bool] = lambda: False  # asked before each planting that is not done yet
    left_out: dict[str, str] = field(default_factory=dict)  # what was not planted, and why


def families(given: Iterable[str]) -> dict[str, Attack]:
    """The attacks written as `NAME[,PARAMETER=VALUE...]`, by what was written.  Raises `UsageError`."""
    found: dict[str, Attack] = {}
    for text in given:
        name, *rest = text.split(",")
        parameters = [part.partition("=") for part in rest]
        if not all(sign for _, sign, _ in parameters):
            raise UsageError(
                f"--attack {text}: write NAME or NAME,PARAMETER=VALUE, as in denial-of-service,noise=words"
            )
        found[text] = create(name, {key: value for key, _, value in parameters})
    return found


def of_corpus(
    source: str,
    out: Path,
    scan: Scan,
    attacks: Sequence[str],
    sizes: Sequence[int],
    campaigns: int,
    documents: int,
    seed: int,
    settings: object,
    show: Callable[[Done], None],
) -> dict[str, Any]:
    """Draw a sample of so many documents of `source`, and `measure`.  The folder `out` keeps what a next run needs.

    Raises `UsageError` for what cannot be meant, `InputError` for a corpus that cannot be sampled or planted into,
    `WorkspaceError` for a folder that holds something else.
    """
    named, least = families(attacks or FAMILIES), max(LEAST, PART * min(sizes) + 1)
    if campaigns < 1 or documents < least:
        raise UsageError(f"--campaigns {campaigns} --documents {documents}: give at least 1, and at least {least}")
    with opened(out, [source], overwrite=False) as workspace:
        place = workspace.scratch / "planting"
        shutil.rmtree(place, ignore_errors=True)  # of a run that was stopped
        try:
            drawn = draw([source], place / "sample", documents, seed, out)
            if drawn.documents < least:
                raise InputError(f"{source}: {too_few(drawn.documents, min(sizes))}")
            return measure(Trial(drawn, named, scan, workspace.scratch, place, seed, settings, show), sizes, campaigns)
        finally:
            shutil.rmtree(place, ignore_errors=True)


def measure(trial: Trial, sizes: Sequence[int], campaigns: int) -> dict[str, Any]:
    """Plant, scan and score; `power.measured` of a summary.  What an earlier run left in `out` is not done again.

    Raises `UsageError` for a sample that is too small.
    """
    room = room_in(trial.sample.documents)
    fitting = [size for size in sizes if size <= room]
    if not fitting:
        raise UsageError(too_few(trial.sample.documents, min(sizes)))
    trial.left_out |= {
        f"{size} documents": f"more than 1 % of {trial.sample.documents:,}" for size in sizes if size > room
    }
    plantings = packed(wanted(trial.families, fitting, campaigns), room)
    results = list(_results(trial, plantings))
    tally: dict[Campaign, list[bool]] = {}
    for row in results:
        for family, documents, hit in row["campaigns"]:
            tally.setdefault(Campaign(family, documents), []).append(hit)
    rates = [_rated(one, tally[one]) for one in wanted(trial.families, fitting, 1) if one in tally]
    return {
        "sample": {"documents": trial.sample.documents, "of": trial.sample.of, "counted": trial.sample.counted},
        "plantings": len(results),
        "rates": rates,
        "smallest": [
            discovery.smallest(own)
            for name in trial.families
            if (own := [one for one in rates if one["family"] == name])
        ],
        "left_out": [{"what": what, "reason": why} for what, why in trial.left_out.items()],
    }


def room_in(documents: int) -> int:
    """How much poison stays below one document in `PART`."""
    return max(documents - 1, 0) // PART


def too_few(documents: int, size: int) -> str:
    """Why nothing can be measured on so few documents."""
    least = max(LEAST, PART * size + 1)
    return f"{documents:,} documents are too few to plant campaigns below 1 % of them; {least:,} are enough"


def wanted(names: Iterable[str], sizes: Sequence[int], campaigns: int) -> list[Campaign]:
    """Every family in every size, so many times over; a run that ends early has about as many of each."""
    return [Campaign(name, size) for _ in range(campaigns) for name in names for size in sizes]


def packed(campaigns: Iterable[Campaign], room: int) -> list[list[Campaign]]:
    """Plantings of at most `room` documents and `AT_ONCE` campaigns, each campaign in the first that has place.

    Of one family there is a `PART_OF_ONE` of that, or one campaign: more of the same would hide one another.
    """
    plantings: list[list[Campaign]] = []
    for one in campaigns:
        at = next((at for at, own in enumerate(plantings) if _has_place(own, one, room)), len(plantings))
        if at == len(plantings):
            plantings.append([])
        plantings[at].append(one)
    return plantings


def _has_place(planting: list[Campaign], one: Campaign, room: int) -> bool:
    same = sum(other.documents for other in planting if other.family == one.family)
    fits = sum(other.documents for other in planting) + one.documents <= room and len(planting) < AT_ONCE
    return fits and (not same or same + one.documents <= PART_OF_ONE * room)


def _rated(campaign: Campaign, hits: list[bool]) -> dict[str, Any]:
    told = rate(sum(hits), len(hits))
    return {
        **campaign._asdict(), "found": told.hits, "campaigns": told.trials, "low": told.low, "high": told.high,
    }  # fmt: skip


def _results(trial: Trial, plantings: Sequence[Sequence[Campaign]]) -> Iterator[dict[str, Any]]:
    """What became of each planting; kept in `out`, so that a stopped run goes on."""
    known = kept.read(trial.out / KEPT)
    for number, planting in enumerate(plantings):
        key = digest(trial.sample.digest, trial.seed, number, planting, trial.settings, versions())
        if (row := known.get(key)) is None:
            if trial.enough():
                break
            row = {"key": key, **_planted(trial, planting, 1_000 * trial.seed + number)}
            _keep(trial.out / KEPT, row)
        trial.left_out |= row["left_out"]
        trial.show(Done(number + 1, len(plantings)))
        yield row


def _planted(trial: Trial, planting: Sequence[Campaign], seed: int) -> dict[str, Any]:
    """Plant, scan, score, and take away what was planted."""
    place = trial.place / "planted"
    left_out: dict[str, str] = {}
    try:
        while own := [one for one in planting if one.family not in {**trial.left_out, **left_out}]:
            try:
                facts = _apart(trial, own, place, seed)
            except UsageError as error:  # of an attack that this corpus cannot carry
                name, _, why = str(error).partition(": ")
                if name not in trial.families:
                    raise
                left_out[name] = why
                continue
            trial.scan(place / CORPUS, place / "report")
            _require_whole(place / "report")
            hits = discovery.found(place / "report", place / TRUTH)
            told = [[*one, hits.get(name, False)] for name, one in zip(facts, own, strict=True)]
            return {"campaigns": told, "left_out": left_out}
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return {"campaigns": [], "left_out": left_out}


def _require_whole(report: Path) -> None:
    """What was not looked at was not missed: raises `WorkspaceError` where a detector or a worker gave up."""
    manifest = orjson.loads((report / MANIFEST).read_bytes())
    broken = [f"{row['name']}: {row['reason']}" for row in manifest["run"]["detectors_not_run"]]
    if broken := broken or [row["reason"] for row in manifest["lost"]]:
        told = broken[0].splitlines()[0]
        raise WorkspaceError(f"a planting was not scanned whole ({told}); give the same command again to go on")


def _apart(trial: Trial, planting: Sequence[Campaign], place: Path, seed: int) -> dict[str, Any]:
    """Plant so that no two triggers share a part, where a few tries give that: else the campaigns would be one."""
    orders = [Order(family, trial.families[family], documents) for family, documents in planting]
    for other in range(seed, sys.maxsize, 1_000_000):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True, mode=0o700)
        facts = _planting(trial.sample.path, place, orders, other)
        if other >= seed + 1_000_000 * (_TRIES - 1) or _unlike([fact["trigger"] for fact in facts.values()]):
            break
    return facts


def _planting(sample: Path, place: Path, orders: Sequence[Order], seed: int) -> dict[str, Any]:
    """`plant`, with errors that speak of the corpus where they speak of its sample."""
    try:
        return plant(str(sample), place, orders, seed)
    except InputError as error:
        raise InputError(str(error).removeprefix(f"{sample}: ")) from None
    except pa.ArrowException as error:
        raise InputError(f"the columns of the corpus cannot hold what is planted ({error})") from None
    except (IndexError, ValueError):  # of a draw from nothing
        raise InputError("the corpus has too few words of its own to make poison of") from None
    except OSError as error:
        raise WorkspaceError(f"{place}: {_FULL.format(error.strerror or error)}") from None


def _unlike(triggers: Sequence[str | None]) -> bool:
    """Whether no two triggers share a word that phrases are made of, or a rare mark."""
    listed = [
        part for one in triggers if one for part in ({*one.split()} & {*words.NOUNS}) | ({*_MARKS} & {*one})
    ]  # fmt: skip
    return len(listed) == len(set(listed))


def _keep(path: Path, row: dict[str, Any]) -> None:
    try:
        kept.add(path, row)
    except OSError as error:
        raise WorkspaceError(f"{path}: {_FULL.format(error.strerror or error)}") from None
