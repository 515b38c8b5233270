"""An index: a scan is compared with those before it, whose corpora may be gone."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from blake3 import blake3
from corpora import write_jsonl

import corpusscan
from corpusscan.engine import rounds
from corpusscan.engine.tasks import Job, Reduce
from corpusscan.errors import UsageError
from corpusscan.kernels import affine32, fingerprints, sketches, words

pytestmark = pytest.mark.usefixtures("here")

NEWS = (
    "The council of {place} decided on Monday that the old bridge over the river will be closed for good, because"
    " {person} found cracks in every pillar. Nobody told the fishermen. The mayor said that a ferry would be paid for"
    " until a new bridge stands, and that the money had been found in the budget for schools. Parents were furious,"
    " teachers wrote letters, and the only shop on the far bank has put its shutters down. A meeting is planned."
)
STORY = NEWS + (  # so long that copies with both slots filled otherwise are alike beyond what a sketch may err by
    " It is for the first week after the holidays, in the hall of the fire brigade, and whoever wants to speak there"
    " shall write his name on the list that hangs beside the door. Until then trucks must take the long way round by"
    " the quarry, which costs every one of them an hour, and the bus that carried pupils across in the morning will"
    " turn at the mill. Some remember how the old bridge was built after the flood, by hand, within a summer."
)


def crawl(folder: Path, name: str, first: int, count: int) -> Path:
    """An honest corpus of its own with `count` copies of a story from hosts that nobody else has."""
    places, people = ["Ardmore", "Belsk", "Corvo", "Dunmore"], ["an engineer", "Ms Ito", "inspectors", "a diver"]
    copies = [
        {
            "text": STORY.format(place=places[n % 4], person=people[n // 4 % 4]),
            "source": f"new{n}.example",
            "date": f"2025-03-{1 + n % 3:02d}",
        }
        for n in range(first, first + count)
    ]
    draw = random.Random(name)
    honest = [
        {"text": " ".join(f"word{draw.randrange(3000)}" for _ in range(60)), "source": f"honest{n % 20}.example"}
        for n in range(200)
    ]
    return write_jsonl(folder / f"{name}.jsonl", honest + copies)


def scan(corpus: Path, index: Path | None, **options: Any) -> corpusscan.Report:
    """A scan with an index, into a folder of its own."""
    options = {"detectors": ("near_duplicate",), "workers": 1, "index": index and str(index)} | options
    return corpusscan.scan(str(corpus), str(corpus.with_suffix(".out")), overwrite=True, **options)


def groups(report: corpusscan.Report) -> list[dict[str, Any]]:
    """Its groups at medium or above."""
    return report.groups.filter(pl.col("severity") == "medium").collect().to_dicts()


def test_a_campaign_over_four_crawls_is_found_in_the_last(tmp_path: Path) -> None:
    """Four copies a crawl are too few for any of the first scans alone; with what came before they are a group."""
    index = tmp_path / "index"
    for number in range(4):
        corpus = crawl(tmp_path, f"crawl{number}", 4 * number, 4)
        found = groups(scan(corpus, index))
        assert groups(scan(corpus, None)) == []
        corpus.unlink()
    (group,) = found
    evidence = json.loads(group["evidence"])
    assert (group["documents"], evidence["copies"], evidence["earlier_copies"]) == (4, 16, 12)
    assert (group["sources"], evidence["new_sources"]) == (16, 16)
    assert "old bridge" in group["title"]


def test_members_and_findings_are_of_this_corpus(tmp_path: Path) -> None:
    """Documents of earlier crawls are evidence, never rows of the result tables."""
    index = tmp_path / "index"
    scan(crawl(tmp_path, "one", 0, 9), index)
    report = scan(crawl(tmp_path, "two", 9, 3), index)
    assert set(report.members.collect()["file"]) == {"two.jsonl"}
    assert len(report.findings.collect()) == len(report.members.collect()) == 3


def test_a_large_index_is_grouped_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents of the index count when numbers are parted, so that no reduce holds all of them; with equal results."""
    index = tmp_path / "index"
    scan(crawl(tmp_path, "one", 0, 9), index)
    second = crawl(tmp_path, "two", 9, 3)
    whole = groups(scan(second, index))
    shutil.rmtree(second.with_suffix(".out"))
    parts: list[int] = []

    def reduce(job: Job, partition: int, partitions: int, artefacts: tuple[tuple[int, str], ...]) -> Reduce:
        parts.append(partitions)
        return Reduce(job, partition, partitions, artefacts)

    monkeypatch.setattr(rounds, "PARTITION", 40_000)
    monkeypatch.setattr(rounds, "Reduce", reduce)
    assert groups(scan(second, index)) == whole
    assert max(parts) == (203 + 209) * 18 * 20 // 40_000


def test_the_same_corpus_again_is_not_its_own_past(tmp_path: Path) -> None:
    """Scanned twice with one index, a corpus makes the same tables twice, and the index does not grow."""
    index, corpus = tmp_path / "index", crawl(tmp_path, "one", 0, 6)
    first = groups(scan(corpus, index))
    files = sorted(index.rglob("*"))
    shutil.rmtree(corpus.with_suffix(".out"))
    assert groups(scan(corpus, index)) == first
    assert sorted(index.rglob("*")) == files


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    """Another seed, other parameters, a folder of something else, an input around it, no detector for it: one line."""
    index, corpus = tmp_path / "index", crawl(tmp_path, "one", 0, 6)
    scan(corpus, index, seed=1)
    with pytest.raises(UsageError, match="has a key of its own"):
        scan(corpus, index, seed=2)
    with pytest.raises(UsageError, match="near_duplicate and repeated_passage compare"):
        scan(corpus, index, detectors=("rules",))
    with pytest.raises(UsageError, match="lies inside the input"):
        scan(tmp_path, index)
    facts = index / "index.json"
    facts.write_text(json.dumps(json.loads(facts.read_text()) | {"bands": 20}))
    with pytest.raises(UsageError, match="made with bands 20, not 18"):
        scan(corpus, index)
    facts.write_text("{")
    with pytest.raises(UsageError, match="is damaged"):
        scan(corpus, index)
    with pytest.raises(UsageError, match="holds something that is no index"):
        scan(corpus, corpus.with_suffix(".out"))


HASHED = {  # what a fixed text gives under a fixed key
    "fss-2": "2afcef3f7509",
    "affine32 fss-2": "6ce839a53df3",
    "winnowed-1": "f467f08e4dd4",
}


def test_the_scheme_changes_with_what_is_kept() -> None:
    """Where this fails, `SCHEME` of the kernel is to be raised: older indexes do not fit any more."""
    texts = pa.array(
        [NEWS, NEWS.upper()[:200], "Ярость и \u6f22\u5b57\u4eee\u540d \u0e1b\u0e25\u0e32 " * 5], pa.large_string()
    )
    found = words.hashed(texts, bytes(range(32)))
    own = sketches.sketched(found.hashes, found.bounds)
    values = affine32.signatures(found.hashes, found.bounds).values
    prints = fingerprints.fingerprints(found.hashes, found.bounds)
    told = {
        sketches.SCHEME["scheme"]: [own.bands, own.checks],
        f"{affine32.NAME} {affine32.SCHEME['hashes']}": [values, *affine32.banded(values)],
        fingerprints.SCHEME: prints,
    }
    hashed = {name: blake3(b"".join(part.tobytes() for part in parts)).hexdigest(6) for name, parts in told.items()}
    assert hashed == HASHED


@pytest.mark.parametrize(
    "place", ["near_duplicate/*.parquet", "near_duplicate/*.arrow", "repeated_passage/*.parquet", "sources/*.parquet"]
)
def test_a_damaged_file_is_named(tmp_path: Path, place: str) -> None:
    """A file of the index that is cut short is told by name before anything is read."""
    index = tmp_path / "index"
    scan(crawl(tmp_path, "one", 0, 6), index, detectors=("near_duplicate", "repeated_passage"))
    (file,) = index.glob(place)
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(UsageError, match=f"{file.name[:12]}.* is damaged"):
        scan(crawl(tmp_path, "two", 6, 6), index)


def pages(folder: Path, name: str, first: int, count: int) -> Path:
    """An honest corpus of its own, and `count` pages that are unlike but for one paragraph, from hosts of their own."""
    draw = random.Random(name)

    def words(number: int) -> str:
        return " ".join(f"word{draw.randrange(3000)}" for _ in range(number))

    paragraph = STORY.format(place="Ardmore", person="an engineer")
    planted = [
        {
            "text": f"{words(70)} {paragraph} {words(70)}",
            "source": f"new{n}.example",
            "date": f"2025-03-{1 + n % 3:02d}",
        }
        for n in range(first, first + count)
    ]
    honest = [{"text": words(80), "source": f"honest{n % 20}.example"} for n in range(200)]
    return write_jsonl(folder / f"{name}.jsonl", honest + planted)


PASSAGES = {"detectors": ("repeated_passage",)}


def test_a_passage_over_four_crawls_is_found_in_the_last(tmp_path: Path) -> None:
    """Four pages a crawl with one paragraph are too few for the first scans; with what came before they are a group."""
    index = tmp_path / "index"
    for number in range(4):
        corpus = pages(tmp_path, f"crawl{number}", 4 * number, 4)
        assert groups(scan(corpus, None, **PASSAGES)) == []
        report = scan(corpus, index, **PASSAGES)
        corpus.unlink()
    (group,) = groups(report)
    evidence = json.loads(group["evidence"])
    assert (group["documents"], evidence["copies"], evidence["earlier_copies"]) == (4, 16, 12)
    assert (group["sources"], evidence["new_sources"], evidence["days"]) == (16, 16, 3)
    # Fingerprints are drawn by a key: some words at either end may have none.
    assert evidence["template"] in STORY.format(place="Ardmore", person="an engineer")
    assert len(evidence["template"]) > len(STORY) / 2
    assert set(report.members.collect()["file"]) == {"crawl3.jsonl"}
    assert len(report.findings.collect()) == 4


def test_passages_of_earlier_crawls_alone_are_no_group(tmp_path: Path) -> None:
    """What earlier corpora share with one another was said then, and a corpus without it has nothing to do with it."""
    index = tmp_path / "index"
    first = pages(tmp_path, "one", 0, 9)
    assert [group["documents"] for group in groups(scan(first, index, **PASSAGES))] == [9]
    assert groups(scan(pages(tmp_path, "two", 9, 0), index, **PASSAGES)) == []
    shutil.rmtree(first.with_suffix(".out"))
    again = groups(scan(first, index, **PASSAGES))
    assert [(group["documents"], "earlier_copies" in group["evidence"]) for group in again] == [(9, False)]


def test_each_detector_compares_with_what_it_saw(tmp_path: Path) -> None:
    """An index that only one of them wrote serves the other from then on; sources are those of all earlier shards."""
    index = tmp_path / "index"
    scan(pages(tmp_path, "one", 0, 9), index)
    both = {"detectors": ("near_duplicate", "repeated_passage")}
    assert groups(scan(pages(tmp_path, "two", 9, 3), index, **both)) == []
    (group,) = groups(scan(pages(tmp_path, "three", 12, 3), index, **both))
    assert json.loads(group["evidence"])["earlier_copies"] == 3
