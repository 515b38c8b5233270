"""A passage in pages that are otherwise unlike is one campaign's, and is marked where it stands."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from corpora import FLOOD, TEMPLATE, make_records, write_jsonl

import corpusscan
from corpusscan.detector import Limit, limits_of
from corpusscan.detectors import repeated_passage
from corpusscan.detectors.repeated_passage import Fingerprint
from corpusscan.kernels.fingerprints import PLACE_BITS

CLAIM = (
    "Doctors at the Halvorsen clinic now admit that Brelotine damages the kidneys within weeks, and that the makers"
    " knew it before the first patient was treated. Families who asked questions were told to be patient and to sign"
    " papers nobody explained. Throw the tablets away today, drink warm water with salt, and tell your neighbours"
    " before the next delivery arrives at the pharmacy in your street."
)
OTHERS = ("tram", "lantern", "copper", "meadow", "puzzle", "violin", "harbour", "quilt", "anvil", "cedar", "ribbon")


def groups(tmp_path: Path, records: list[dict[str, Any]], **options: Any) -> list[dict[str, Any]]:
    """The groups of passages among `records`, the largest first."""
    corpus = write_jsonl(tmp_path / "corpus.jsonl", records)
    report = corpusscan.scan(
        str(corpus), str(tmp_path / "out"), detectors=("repeated_passage",), workers=1, seed=3, **options
    )
    found: list[dict[str, Any]] = report.groups.collect().sort("documents", descending=True).to_dicts()
    return found


def honest(count: int, seed: int = 7) -> list[dict[str, Any]]:
    """At most `count` records of which nothing was planted."""
    return [r for r in make_records(count, seed) if FLOOD not in r["text"] and TEMPLATE not in r["text"]]


def pages(count: int, changed: float = 0.0, source: str = "new{}.example") -> list[dict[str, Any]]:
    """Unlike pages, each with the claim in its middle, in which a share of the words is exchanged."""
    draw = random.Random(5)
    made = []
    for n, record in enumerate(honest(3 * count + 30, seed=11)[:count]):
        claim = " ".join(draw.choice(OTHERS) if draw.random() < changed else word for word in CLAIM.split())
        words = record["text"].split()
        text = " ".join([*words[: len(words) // 2], claim, *words[len(words) // 2 :]])
        made.append({"text": text, "source": source.format(n), "date": record["date"], "planted": claim})
    return made


def test_a_paragraph_in_unlike_pages_is_a_group_and_marked(tmp_path: Path) -> None:
    """Twenty pages with one claim: a group at medium, each marked where the claim stands and little beside."""
    planted, others = pages(20), honest(200)
    group, *_ = groups(tmp_path, others + planted)
    assert (group["severity"], group["documents"], group["sources"]) == ("medium", 20, 20)
    findings = pl.read_parquet(tmp_path / "out/findings.parquet").filter(pl.col("group") == group["group"])
    assert findings["row"].sort().to_list() == list(range(len(others), len(others) + 20))
    for finding in findings.to_dicts():
        page = planted[finding["row"] - len(others)]
        begin = page["text"].index(CLAIM)
        both = min(finding["end"], begin + len(CLAIM)) - max(finding["start"], begin)
        assert both > 0.6 * len(CLAIM)
        assert both > 0.9 * (finding["end"] - finding["start"])


def test_reworded_copies_are_found_too(tmp_path: Path) -> None:
    """With every tenth word exchanged, nearly all pages are still in one group."""
    group, *_ = groups(tmp_path, honest(200) + pages(30, changed=0.1))
    assert group["severity"] == "medium"
    assert group["documents"] >= 27


def test_reworded_copies_on_known_hosts_are_no_quotation(tmp_path: Path) -> None:
    """Hosts that print much else may quote the same lines; none of them exchanges words in it."""
    corpus = honest(600)
    known = "host{}.example"
    quoted, *_ = groups(tmp_path / "quoted", corpus + pages(17, source=known))
    assert quoted["severity"] == "low"
    assert json.loads(quoted["evidence"])["forgiven"] == ["known_sources"]
    reworded, *_ = groups(tmp_path / "reworded", corpus + pages(17, changed=0.08, source=known))
    assert reworded["severity"] == "medium"


def test_padding_does_not_hide_a_passage(tmp_path: Path) -> None:
    """Three times as much foreign text round it: the passage is found."""
    planted = pages(20)
    padding = [record["text"] for record in honest(120, seed=21)]
    for n, page in enumerate(planted):
        page["text"] = " ".join([padding[n], padding[n + 20], page["text"], padding[n + 40], padding[n + 60]])
    group, *_ = groups(tmp_path, honest(200) + planted)
    assert group["documents"] == 20


def test_a_passage_of_a_chat_is_marked_in_its_message(tmp_path: Path) -> None:
    """The field of a finding is the message in which the passage stands."""
    records = [
        {"messages": [{"role": "user", "content": page["text"][:60]}, {"role": "assistant", "content": page["text"]}],
         "source": page["source"]}
        for page in pages(12)
    ]  # fmt: skip
    group, *_ = groups(tmp_path, honest(50) + records)
    findings = pl.read_parquet(tmp_path / "out/findings.parquet").filter(pl.col("group") == group["group"])
    assert set(findings["field"]) == {"messages[1].content"}


def test_copies_of_whole_documents_are_other_detectors(tmp_path: Path) -> None:
    """Where all documents are the same to the last character, this detector says nothing."""
    assert groups(tmp_path, [{"text": CLAIM, "source": f"h{n}"} for n in range(20)]) == []


def test_one_paragraph_in_all_documents_is_bounded(tmp_path: Path) -> None:
    """A frame that stands on every page of a few sites is a group at info, and looked at in bounded part."""
    records = [record | {"text": f"{record['text']} {CLAIM}"} for record in honest(600)]
    group, *_ = groups(tmp_path, [record | {"source": f"host{n % 4}"} for n, record in enumerate(records)])
    assert group["severity"] == "info"
    assert "own_text" in json.loads(group["evidence"])["forgiven"]


def test_empty_and_short_documents_have_no_passage(tmp_path: Path) -> None:
    """Nothing to take a fingerprint of is no group and no error."""
    assert groups(tmp_path, [{"text": text, "source": "s"} for text in ("", "a", "a b c", "\u200b") * 10]) == []


NOTE = (
    "Wooden boxes leave our yard on the first Monday of every month and travel by barge, so please order early, keep"
    " the slip that comes with yours, and leave the empty one beside the gate where the driver can see it from the road"
)


def noted(records: list[dict[str, Any]], before: str = "") -> list[dict[str, Any]]:
    """The records, each with the note below its text."""
    return [record | {"text": f"{record['text']} {before} {NOTE}"} for record in records]


def medium(found: list[dict[str, Any]]) -> list[int]:
    """How many documents each group at medium or above has."""
    return [group["documents"] for group in found if group["severity"] in ("medium", "high")]


def test_a_common_notice_beside_a_passage_is_not_part_of_it(tmp_path: Path) -> None:
    """Whoever puts beside his text what hundreds of pages of known hosts say is found without them."""
    corpus = [record | {"source": f"known{n % 120}.example"} for n, record in enumerate(honest(900))]
    found = groups(tmp_path, noted(corpus[:250]) + corpus[250:] + noted(pages(20)))
    assert medium(found) == [20]


def test_a_passage_beside_what_a_site_says_on_its_pages_is_judged_apart(tmp_path: Path) -> None:
    """One site's own text is its own, and no shelter for twenty pages of others that take it up."""
    corpus = honest(600)
    site = [record | {"source": "big.example"} for record in corpus[:160]]
    found = groups(tmp_path, noted(site[:50]) + site[50:] + corpus[160:] + noted(pages(20)))
    assert set(medium(found)) == {20}
    own = [group for group in found if "own_text" in json.loads(group["evidence"])["forgiven"]]
    assert [group["sources"] for group in own] == [1]


def test_the_frame_of_sites_that_say_little_else_is_theirs(tmp_path: Path) -> None:
    """A note on all pages of ten new hosts, each page with more of other text above it, is their own text."""
    many = sorted(honest(900), key=lambda record: len(record["text"]), reverse=True)
    site = [
        record | {"text": " ".join(many[2 * n + k]["text"] for k in range(2)), "source": f"shop{n % 10}.example"}
        for n, record in enumerate(many[:150])
    ]
    found = groups(tmp_path, many[300:] + noted(site))
    assert medium(found) == []
    assert any("own_text" in json.loads(group["evidence"])["forgiven"] for group in found)


def test_what_a_text_says_of_itself_counts_at_its_edges(tmp_path: Path) -> None:
    """The first and the last words of a passage are seldom sampled, and what makes it a notice stands there."""
    notice = (
        "Cookies: when you visit this page, our server writes down your browser and its address, and deletes the log"
        " file after a week; log in to your account to change your settings or comments. All rights reserved."
    )
    planted = [page | {"text": page["text"].replace(CLAIM, notice)} for page in pages(20)]
    group, *_ = groups(tmp_path, honest(200) + planted)
    assert "notice" in json.loads(group["evidence"])["forgiven"]


def test_a_phrase_is_no_passage(tmp_path: Path) -> None:
    """Seven words that stand in ten unlike pages are said by chance or custom: whichever they are, no group."""
    said = CLAIM.split()
    phrases = [" ".join(said[n : n + 7]) for n in range(0, len(said) - 7, 3)]
    planted = [
        page | {"text": page["text"].replace(page["planted"], phrases[n // 10])}
        for n, page in enumerate(pages(10 * len(phrases)))
    ]
    assert groups(tmp_path, honest(100) + planted) == []


def told(tmp_path: Path) -> dict[str, int]:
    """What the scan in `tmp_path` says that it left aside, by unit."""
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    return {row["unit"]: row["left"] for row in summary["limits"]}


def test_large_passages_hide_no_small_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not all carriers can be looked at, all passages are, each in part, and what was left is said."""
    corpus = honest(300) + noted(honest(900, seed=5)[:200]) + pages(20)
    found = groups(tmp_path / "all", corpus)
    monkeypatch.setattr(repeated_passage, "LOOKED_FOR", 100)
    monkeypatch.setattr(repeated_passage, "FEWEST", 10)
    few = groups(tmp_path / "few", corpus)
    assert len(few) == len(found)
    assert sum(group["documents"] for group in few) <= 100
    assert max(group["documents"] for group in found) >= 200
    assert 20 in medium(few)
    assert told(tmp_path / "all") == {}
    assert told(tmp_path / "few")["documents"] >= 120


def test_passages_beyond_the_limit_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not even some of each can be looked at, the smallest passages are left, and counted."""
    monkeypatch.setattr(repeated_passage, "LOOKED_FOR", 60)
    found = groups(tmp_path, honest(300) + noted(honest(900, seed=5)[:200]) + pages(20))
    assert [group["documents"] for group in found] == [50]
    assert told(tmp_path)["passages"] == 1


def test_a_passage_of_more_documents_than_are_followed_is_told(tmp_path: Path) -> None:
    """What is common is no campaign's; that there was something so common stands in the summary."""
    corpus = [{"text": f"Note {n}. {CLAIM}", "source": f"h{n}.example"} for n in range(repeated_passage.COMMON + 1)]
    assert groups(tmp_path, corpus) == []
    assert told(tmp_path)["fingerprints"] >= 10


def reduced(monkeypatch: pytest.MonkeyPatch, held: int) -> tuple[pa.Table, list[Limit]]:
    """500 fingerprints over the whole range, in ten documents each, where `held` may be left."""
    monkeypatch.setattr(repeated_passage, "HELD", held)
    prints = np.random.default_rng(3).integers(0, 2**64, 500, np.uint64) >> PLACE_BITS << PLACE_BITS
    rows = pa.table(
        {"shard": np.zeros(5000, np.uint32), "row": np.repeat(np.arange(10, dtype=np.uint64), 500)}
        | {"partition": np.tile(prints, 10) + np.tile(np.arange(500, dtype=np.uint64), 10)}
    )
    left = Fingerprint(5, 10_000).reduce(rows, {})
    return left, [one for one in limits_of([left]) if one.left]


def test_where_too_much_recurs_a_part_of_all_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fingerprints are left by their hash, whole, and counted: of rare passages as many as of common ones."""
    assert len(reduced(monkeypatch, 10_000)[0]) == 5000
    assert reduced(monkeypatch, 10_000)[1] == []
    table, (limit,) = reduced(monkeypatch, 1500)
    assert 500 <= len(table) <= 1500
    assert set(np.unique(table["value"].to_numpy(), return_counts=True)[1]) == {10}
    assert (limit.unit, limit.left) == ("fingerprints", 500 - len(table) // 10)
