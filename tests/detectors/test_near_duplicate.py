"""Copies with small changes are one group; repetition alone is no guilt."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from corpora import make_records, write_jsonl

import corpusscan

STORY = (
    "The council of {place} decided on Monday that the old bridge over the river will be closed for good, because"
    " {person} found cracks in every pillar. Nobody told the fishermen. The mayor said that a ferry would be paid for"
    " until a new bridge stands, and that the money had been found in the budget for schools. Parents were furious,"
    " teachers wrote letters, and the only shop on the far bank has put its shutters down. A meeting is planned."
)


def groups(tmp_path: Path, records: list[dict[str, Any]], **options: Any) -> list[dict[str, Any]]:
    """The groups of near-copies among `records`, the largest first."""
    corpus = write_jsonl(tmp_path / "corpus.jsonl", records)
    report = corpusscan.scan(str(corpus), str(tmp_path / "out"), detectors=("near_duplicate",), workers=1, **options)
    found: list[dict[str, Any]] = report.groups.collect().sort("documents", descending=True).to_dicts()
    return found


def flood(count: int, sources: int = 1000) -> list[dict[str, Any]]:
    """Copies of one story in which a place and a name vary."""
    places, people = ["Ardmore", "Belsk", "Corvo", "Dunmore"], ["an engineer", "Ms Ito", "inspectors", "a diver"]
    return [
        {
            "text": STORY.format(place=places[n % 4], person=people[n // 4 % 4]),
            "source": f"new{n % sources}.example",
            "date": f"2025-03-{1 + n % 3:02d}",
        }
        for n in range(count)
    ]


def test_copies_with_slots_are_one_group_with_its_template(tmp_path: Path) -> None:
    """Sixteen versions from sixteen new hosts in an honest corpus: one group at medium, its template and slots told."""
    (group, *others) = groups(tmp_path, make_records(200) + flood(16))
    assert others == [], "the exact copies in the corpus are another detector's"
    evidence = json.loads(group["evidence"])
    assert (group["severity"], group["documents"], group["sources"]) == ("medium", 16, 16)
    assert (evidence["new_sources"], evidence["days"], evidence["forgiven"]) == (16, 3, [])
    assert evidence["similarity"] > 0.73
    assert evidence["template"].startswith("The council of ⟨…⟩ decided on Monday that the old bridge")
    assert max(slot["fillings"] for slot in evidence["slots"]) == 4
    assert "Ardmore" in evidence["slots"][0]["such_as"] + evidence["slots"][1]["such_as"]


def test_every_copy_is_a_member_with_one_finding(tmp_path: Path) -> None:
    """Members and findings name the sixteen, and no other document."""
    groups(tmp_path, make_records(100) + flood(16))
    assert pl.read_parquet(tmp_path / "out/members.parquet")["row"].to_list() == list(range(100, 116))
    findings = pl.read_parquet(tmp_path / "out/findings.parquet")
    assert findings["row"].sort().to_list() == list(range(100, 116))
    assert findings["rule"].unique().to_list() == ["near-copy"]


DISGUISES = {
    "homoglyphs": lambda text: text.replace("e", "\u0435").replace("o", "\u043e"),
    "zero width": lambda text: text.replace("i", "i\u200b"),
    "soft hyphens": lambda text: text.replace("t", "t\u00ad"),
    "case": str.upper,
    "accents": lambda text: text.replace("a", "\u00e1"),
    "full width": lambda text: text.replace("m", "\uff4d"),
    "white space": lambda text: text.replace(" ", "  \n"),
    "punctuation": lambda text: text.replace(",", " -").replace(".", "!"),
}


def test_disguises_do_not_separate_copies(tmp_path: Path) -> None:
    """Look-alikes, invisible characters, case, accents, spacing and punctuation: the copies are one group."""
    records = [
        {"text": change(STORY.format(place="Belsk", person="Ms Ito")), "source": f"new{n}.example"}
        for n, change in enumerate(DISGUISES.values())
    ]
    (group,) = groups(tmp_path, make_records(50) + records)
    assert group["documents"] == len(DISGUISES)
    assert json.loads(group["evidence"])["similarity"] == 1


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        (flood(16, sources=2), "few_sources"),
        ([record | {"source": None} for record in flood(16)], "no_provenance"),
        ([record | {"source": f"h{n % 6}.example"} for n, record in enumerate(flood(192))], "own_text"),
    ],
)
def test_a_benign_story_lowers_a_group_and_is_told(tmp_path: Path, records: list[dict[str, Any]], reason: str) -> None:
    """Honest repetition is lowered, with the story; no document is flagged for it."""
    group, *_ = groups(tmp_path, records)
    assert group["severity"] in ("info", "low")
    assert reason in json.loads(group["evidence"])["forgiven"]


def test_papers_that_print_much_else_may_print_the_same_story(tmp_path: Path) -> None:
    """The hosts of an honest corpus share a story: that is known of them, and lowered; new hosts are not."""
    honest = make_records(400)
    story = [record | {"source": f"host{n}.example"} for n, record in enumerate(flood(16))]
    (group,) = groups(tmp_path / "known", honest + story)
    assert group["severity"] == "low"
    assert json.loads(group["evidence"])["forgiven"] == ["known_sources"]
    (group,) = groups(tmp_path / "new", honest + flood(16))
    assert group["severity"] == "medium"


def test_in_a_corpus_of_single_pages_a_single_page_is_no_sign(tmp_path: Path) -> None:
    """Where every host has one page, hosts that have one page are no campaign's."""
    honest = [record | {"source": f"page{n}.example"} for n, record in enumerate(make_records(300))]
    (group,) = groups(tmp_path, honest + flood(8))
    assert group["severity"] == "low"
    assert json.loads(group["evidence"])["odds"] > 0.1


def test_unlike_documents_are_no_group(tmp_path: Path) -> None:
    """Documents that share words, but no phrases, stay apart; empty and short ones too."""
    draw = random.Random(1)
    words = STORY.split()
    records = [{"text": " ".join(draw.sample(words, len(words))), "source": f"h{n}"} for n in range(30)]
    records += [{"text": text, "source": f"s{n}"} for n, text in enumerate(["", " ", "a b c d", "\u200b"] * 5)]
    assert groups(tmp_path, records) == []


def test_a_name_outlives_the_key(tmp_path: Path) -> None:
    """The group is named by content: the same under another key."""
    (one,) = groups(tmp_path / "a", flood(16), seed=1)
    (other,) = groups(tmp_path / "b", flood(16), seed=2)
    assert one["group"] == other["group"]


def test_no_excerpts_means_no_template(tmp_path: Path) -> None:
    """Where no text may leave the corpus, none is told in title, template or slots."""
    (group,) = groups(tmp_path, flood(16), excerpts=False)
    assert "bridge" not in json.dumps(group, default=str)


def test_a_million_ways_to_share_a_band_stay_linear() -> None:
    """A bucket of any size makes at most two pairs a member."""
    import numpy as np

    from corpusscan.kernels.components import bucket_pairs

    left, right = bucket_pairs(np.zeros(50_000, np.uint64))
    assert len(left) == len(right) <= 100_000


def test_too_many_pairs_leave_bands_aside_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more pairs come from bands than are held, whole bands are left by their hash, and counted."""
    import numpy as np
    import pyarrow as pa

    from corpusscan.detector import limits_of
    from corpusscan.detectors import near_duplicate

    bands = np.repeat(np.random.default_rng(2).integers(0, 2**64, 400, np.uint64), 10)
    rows = pa.table({"shard": np.zeros(4000, np.uint32), "row": np.arange(4000, dtype=np.uint64), "partition": bands})
    sketch = near_duplicate.NearDuplicate().rounds[0]
    assert [one for one in limits_of([sketch.reduce(rows, {})]) if one.left] == []
    monkeypatch.setattr(near_duplicate, "HELD", 3000)
    pairs = sketch.reduce(rows, {})
    (limit,) = limits_of([pairs])
    kept = np.unique(pairs["left"].to_numpy() // 10)
    assert 0 < len(kept) <= 150
    assert (limit.left, len(pairs)) == (4000 - 10 * len(kept), 17 * len(kept))
