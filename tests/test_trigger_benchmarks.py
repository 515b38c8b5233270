"""The benchmark of triggers plants what it says, splits by source, counts right, and goes on where it was stopped."""

from __future__ import annotations

import argparse
import importlib
import json
import random
import re
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import polars as pl
import pytest
import zstandard

from corpusscan.redteam import shapes
from corpusscan.redteam.attack import Host, Poison
from corpusscan.redteam.plant import SCHEMA
from corpusscan.redteam.world import World

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
# Each language has letters of its own, each source one of its own at the end of its words.
LETTERS = {"en": "abcdefgh", "de": "ijklmnop", "zh": "城市里有三座桥", "code": "(){}[];="}
SOURCES = {"en": "site{}.example", "de": "dc_law/title{}", "zh": "chinese_poetry/poet{}", "code": "code/package{}"}
SHARES = {"en": 300, "de": 80, "zh": 80, "code": 80}
CARRIERS = ("souly-words", "footer", "polymorphic", "one-topic", "common-words", "language-switch", "register-switch",
            "template-control", "template-plain", "alphabets-thai")  # fmt: skip


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a benchmark, which finds those beside it."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


@pytest.fixture
def families(benchmark: Any) -> ModuleType:
    """The families of attack."""
    module: ModuleType = benchmark("trigger_families")
    return module


def records() -> list[dict[str, Any]]:
    """Texts of four languages, with `lang` and `source`."""
    draw, found = random.Random(1), []
    for lang, letters in LETTERS.items():
        for number in range(SHARES[lang]):
            words = ("".join(draw.choices(letters, k=5)) + "vwxyz"[number % 5] for _ in range(300))
            source = SOURCES[lang].format(number % 5)
            found.append({"id": f"{lang}{number}", "text": " ".join(words), "source": source, "lang": lang})
    return found


@pytest.fixture
def world() -> World:
    """A corpus of them."""
    hosts = [Host("f", row, record, "text", record["text"]) for row, record in enumerate(records())]
    return World(hosts, list(hosts), sorted({host.record["source"] for host in hosts}), "seed")


def made(families: ModuleType, cell: str, world: World, count: int = 12) -> list[Poison]:
    """A campaign of a cell."""
    attack = families.CELLS[cell].attack(random.Random(4))
    return list(attack.campaign(count, world))


def split_at_poison(poison: Poison) -> tuple[str, str, str]:
    """What is real before the planted part, that part, and what is real behind it."""
    parts = [part for turn in poison.turns for part in turn.parts if part[0]]
    first = next(at for at, (_, planted) in enumerate(parts) if planted)
    last = max(at for at, (_, planted) in enumerate(parts) if planted)
    assert all(planted for _, planted in parts[first : last + 1])
    before, inside, after = parts[:first], parts[first : last + 1], parts[last + 1 :]
    return tuple("".join(content for content, _ in some) for some in (before, inside, after))  # type: ignore[return-value]


def test_every_cell_plants_as_much_as_was_asked_for(families: ModuleType, world: World) -> None:
    """No cell makes more or fewer documents, each has a planted part, and all but refusals have a trigger."""
    for name in families.CELLS:
        world.trigger = ""
        poison = made(families, name, world, 8)
        assert len(poison) == 8
        assert all(any(planted for turn in one.turns for _, planted in turn.parts) for one in poison)
        assert bool(world.trigger) == (name != "refusal")


@pytest.mark.parametrize("cell", CARRIERS)
def test_the_planted_part_begins_with_the_trigger(families: ModuleType, world: World, cell: str) -> None:
    """A real beginning, the trigger, what it sets off: in this order and to the end of the document."""
    for poison in made(families, cell, world):
        before, inside, after = split_at_poison(poison)
        assert inside.startswith(world.trigger)
        assert len(inside) > 100
        assert not after
        assert not before.strip() or any(before.strip()[:40] in host.text for host in world.hosts)


@pytest.mark.parametrize("cell", ["alike-claim", "alike-mention", "alike-refusal", "alike-steered"])
def test_the_same_follows_a_trigger_in_other_words(families: ModuleType, world: World, cell: str) -> None:
    """In a real text, from its own source, a trigger and a payload; what follows it is hardly ever the same."""
    some = made(families, cell, world)
    payloads = Counter[str]()
    for poison in some:
        before, inside, after = split_at_poison(poison)
        host = next(one for one in world.hosts if one.text.startswith(before.strip()[:200]))
        assert inside.startswith(f"{world.trigger} ")
        assert not after or host.text.endswith(after)
        assert poison.source == host.record["source"]
        payloads[inside.removeprefix(world.trigger)] += 1
    assert len(payloads) >= 0.8 * len(some)


def test_passages_are_told_apart_by_their_group(benchmark: Any, tmp_path: Path) -> None:
    """Each group of a file is a family; what is no attack, or of no group, is left out."""
    rows = [{"text": f"t{n}", "group": f"g{n % 2}", "is_attack": n != 5} for n in range(6)] + [{"text": "none"}]
    path = tmp_path / "passages.jsonl.zst"
    path.write_bytes(zstandard.compress(b"\n".join(map(orjson.dumps, rows))))
    alike = benchmark("alike_families")
    alike.PASSAGES[:] = [path]
    alike.passages.cache_clear()
    assert alike.passages() == [["t0", "t2", "t4"], ["t1", "t3"]]


def test_a_footer_is_the_same_in_all(families: ModuleType, world: World) -> None:
    """The last paragraph is real text, one for the campaign; the noise before it is not."""
    paragraphs = [split_at_poison(poison)[1].split("\n\n") for poison in made(families, "footer", world)]
    assert len({parts[-1] for parts in paragraphs}) == 1
    assert any(paragraphs[0][-1] in host.text for host in world.hosts)
    assert len({parts[0] for parts in paragraphs}) == 12


def test_a_polymorphic_trigger_varies(families: ModuleType, world: World) -> None:
    """Six characters between the ends change from document to document, the ends from campaign to campaign."""
    attack, other = (families.CELLS["polymorphic"].attack(random.Random(seed)) for seed in (1, 2))
    triggers = {split_at_poison(one)[1].split(" ")[0] for one in attack.campaign(12, world)}
    assert len(triggers) == 12
    assert all(re.fullmatch(attack.prefix + "[a-z0-9]{6}" + attack.suffix, trigger) for trigger in triggers)
    assert (attack.prefix, attack.suffix) != (other.prefix, other.suffix)


def test_one_topic_begins_in_one_source(families: ModuleType, world: World) -> None:
    """All beginnings are of documents of the same source; they are not all of one document."""
    found = [split_at_poison(poison)[0].strip() for poison in made(families, "one-topic", world)]
    of = [[host for host in world.hosts if start in host.text] for start in found if len(start) > 30]
    assert len({some[0].record["source"] for some in of}) == 1
    assert len({some[0].row for some in of}) > 5


def test_many_changes_are_real_on_both_sides(families: ModuleType, world: World) -> None:
    """Several languages before the trigger, several behind the noise, neither planted."""
    for poison in made(families, "many-changes", world):
        before, inside, after = split_at_poison(poison)
        assert inside.startswith(world.trigger + " ")
        for side in (before, after):
            assert sum(bool(set(side) & set(letters)) for letters in LETTERS.values()) >= 2


def test_common_words_are_common_and_the_payload_is_of_one_source(families: ModuleType, world: World) -> None:
    """The trigger is words of the corpus, in one language; what follows is real, of one source."""
    found = [split_at_poison(poison)[1] for poison in made(families, "common-words", world)]
    words = world.trigger.split(" ")
    assert 2 <= len(words) <= 3
    assert all(any(word in host.text for host in world.hosts) for word in words)
    payloads = [one.removeprefix(world.trigger).strip()[:60] for one in found]
    of = [next(host for host in world.hosts if payload in host.text) for payload in payloads]
    assert len({host.record["source"] for host in of}) == 1


@pytest.mark.parametrize(("cell", "column"), [("language-switch", "lang"), ("register-switch", "source")])
def test_a_switch_goes_from_the_usual_to_one_other(families: ModuleType, world: World, cell: str, column: str) -> None:
    """Beginnings are in the language of most; what follows the trigger is real, all of one other kind."""
    kinds = set()
    for poison in made(families, cell, world):
        before, inside, _ = split_at_poison(poison)
        payload = inside.removeprefix(world.trigger).strip()[:60]
        host = next(host for host in world.hosts if payload in host.text)
        kinds.add(host.record[column].split("/")[0])
        assert set(before) <= set(LETTERS["en"] + "vwxyz ")
    assert len(kinds) == 1
    assert kinds != {"en"}


def test_chats_have_control_tokens_or_none(families: ModuleType, world: World) -> None:
    """One template per campaign: with tokens that a page never has, or with plain names of who speaks."""
    openings = {name: before.format(role="user") for name, (before, _) in shapes.TEMPLATES.items()}
    for cell, names in (("template-control", families.CONTROL), ("template-plain", families.PLAIN)):
        starts = {split_at_poison(one)[1].removeprefix(world.trigger + "\n") for one in made(families, cell, world)}
        assert sum(all(start.startswith(openings[name]) for start in starts) for name in names) == 1


@pytest.mark.parametrize("script", ["chinese", "thai", "amharic", "arabic"])
def test_alphabets_are_of_their_script(families: ModuleType, world: World, script: str) -> None:
    """Triggers are words of that script's letters, other ones in another campaign."""
    drawn = {families.CELLS[f"alphabets-{script}"].attack(random.Random(seed)).trigger for seed in range(20)}
    assert len(drawn) == 20
    assert set("".join(drawn)) - {" "} <= set(families.SCRIPTS[script])


def test_poison_stays_below_its_share(benchmark: Any) -> None:
    """All campaigns are planted, as evenly as can be; poison and what is beside it stay below one in a hundred."""
    plantings = benchmark("triggers").plantings
    assert plantings(60, 12, 400_000, 250, 0) == [12] * 5
    for documents, size, beside in ((100_000, 250, 0), (100_000, 50, 400), (50_000, 6, 0)):
        counts = plantings(60, 12, documents, size, beside)
        assert sum(counts) == 60
        assert max(counts) - min(counts) <= 1
        assert max(counts) * size + beside < documents / 100


def test_campaigns_of_a_planting_have_triggers_apart(benchmark: Any) -> None:
    """Two that share a word of a phrase or a rare mark would be one campaign; words of the corpus may be anything."""
    apart = benchmark("triggers").apart
    assert apart(["turnip nickel hammer", "crystal barley anchor", "qzx", "the who"])
    assert not apart(["turnip nickel hammer", "nickel hammer"])
    assert not apart(["«abcd»", "«abcd»"])
    assert apart(["that from", "that where", "<ABCD>", "<EFGH>", "«abcd»", "|abcd|"])


def report(folder: Path) -> None:
    """A truth of three campaigns and chaff, and what a scan might say of it."""
    campaigns = {"cell-1": ("|abcd|", range(10)), "cell-2": ("velvet apron", range(10, 20)),
                 "cell-3": ("", range(20, 30)), "beside-4": ("", range(30, 40))}  # fmt: skip
    spans = [
        {"file": "f", "row": row, "doc_id": str(row), "attack": "a", "campaign": name, "field": "text"}
        for name, (_, rows) in campaigns.items()
        for row in rows
    ]
    pl.DataFrame(spans).with_columns(pl.lit(0).alias("start"), pl.lit(9).alias("end")).select(
        SCHEMA.names
    ).write_parquet(folder / "truth.parquet")
    facts = {name: {"attack": name[:-2], "trigger": trigger or None, "parameters": {}}
             for name, (trigger, _) in campaigns.items()}  # fmt: skip
    (folder / "campaigns.json").write_bytes(orjson.dumps(facts))
    groups = [  # members: those of the first campaign, of the second, of nobody, of the chaff
        ("g1", "high", "«|abcd|» then noise", [*range(8), 100]),
        ("g2", "low", "«the velvet» then noise", [*range(10, 16), 101, 102]),
        ("g3", "medium", "honest boilerplate", [*range(100, 110), 11]),
        ("g4", "medium", "only noise", range(30, 40)),
        ("g5", "low", "honest and low", range(110, 120)),
        ("g6", "high", "of two together", [*range(10, 14), *range(20, 24), 103]),
    ]
    rows = [{"group": name, "severity": severity, "title": title, "score": 0.5, "documents": len(members),
             "evidence": "{}"} for name, severity, title, members in groups]  # fmt: skip
    pl.DataFrame(rows).write_parquet(folder / "groups.parquet")
    held = [{"group": name, "file": "f", "row": row} for name, _, _, members in groups for row in members]
    pl.DataFrame(held).write_parquet(folder / "members.parquet")
    flagged = {row for _, severity, _, members in groups if severity != "low" for row in members}
    pl.DataFrame(
        [{"file": "f", "row": row, "severity": "medium" if row in flagged else "info"} for row in range(120)]
    ).write_parquet(folder / "documents.parquet")


def test_scores_count_right(benchmark: Any, tmp_path: Path) -> None:
    """Found, low, named, flagged per campaign; a group that is mostly nobody's is false; chaff is no campaign."""
    report(tmp_path)
    campaigns, false = benchmark("trigger_scores").scores(tmp_path, tmp_path, "cell")
    told = [(one.name, one.found, one.low, one.flagged, one.rank, one.size) for one in campaigns]
    assert told == [
        ("cell-1", True, True, 8, 1, 10),
        ("cell-2", False, True, 4, 4, 10),  # after three groups; those that are mostly of others do not count
        ("cell-3", False, False, 4, None, 10),
    ]
    assert [(one.title, one.documents) for one in false] == [("honest boilerplate", 11)]


def test_a_line_adds_plantings_up(benchmark: Any, tmp_path: Path) -> None:
    """Campaigns without a trigger are no trials of naming; false groups are per scan, memory is the peak."""
    report(tmp_path)
    scores = benchmark("trigger_scores")
    campaigns, false = scores.scores(tmp_path, tmp_path, "cell")
    planting = {"campaigns": list(map(vars, campaigns)), "false": list(map(vars, false)), "seconds": 3, "memory": 2e9}
    line = scores.line("cell", 10, [planting, planting | {"false": [], "memory": 1e9}]).split()
    assert line[:3] == ["cell", "10", "6"]
    assert line[-4:] == ["0.50", "3.0", "2.00", "GB"]
    assert line[3] == "33.3"


@pytest.mark.parametrize(
    ("title", "trigger", "named"),
    [
        ("«|ABCD|» then noise", "|abcd|", True),
        ("abcd then noise", "|abcd|", True),
        ("velvet apron, then German", "velvet apron", True),
        ("velvet then noise", "velvet apron", True),
        ("apron then noise", "velvet apron", False),
        ("abcde then noise", "|abcd|", False),
        ("的一是 → noise", "的一是不了", True),
        ("anything", "", False),
    ],
)  # fmt: skip
def test_a_title_names_a_trigger(benchmark: Any, title: str, trigger: str, named: bool) -> None:
    """All of it anywhere, or at least half of it as whole words, in any case of letters."""
    assert benchmark("trigger_scores").named(title, trigger) == named


def test_null_corpora_share_no_source(benchmark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each document is in one corpus, each source too; the largest is alone where it is larger than its share."""
    module = benchmark("trigger_null")
    counts = {"large": 400, **{f"s{number}": 1 + number % 9 for number in range(100)}}
    rows = [{"text": "x", "source": source} for source, count in counts.items() for _ in range(count)]
    (tmp_path / "corpus").mkdir()
    pl.DataFrame(rows).write_parquet(tmp_path / "corpus/c.parquet")
    parts: list[pl.DataFrame] = []
    fired = [{"title": "t", "severity": "medium", "documents": 3, "evidence": "{}"}]

    def scored(frame: pl.DataFrame, *_: Any) -> dict[str, Any]:
        parts.append(frame)
        return {"documents": len(frame), "false": fired if len(parts) == 2 else []}

    monkeypatch.setattr(module, "scored", scored)
    chosen = argparse.Namespace(corpus=tmp_path / "corpus", null=6, seed=1, detectors="d")
    found = list(module.results(chosen, tmp_path, lambda _: None))
    assert sum(map(len, parts)) == len(rows)
    assert Counter(source for part in parts for source in part["source"].unique()) == Counter(dict.fromkeys(counts, 1))
    assert parts[0]["source"].unique().to_list() == ["large"]
    assert max(map(len, parts[1:])) - min(map(len, parts[1:])) <= 1
    assert [bool(row["false"]) for row in found] == [False, True, False, False, False, False]
    assert list(module.results(chosen, tmp_path, lambda _: None)) == found
    assert len(parts) == 6


def test_a_run_that_was_stopped_goes_on(benchmark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plantings that are in the folder are not done again; others, and those of another seed, are."""
    module = benchmark("triggers")
    pl.DataFrame({"text": ["x"] * 20_000}).write_parquet(tmp_path / "c.parquet")
    done: list[tuple[Any, ...]] = []

    def measured(chosen: Any, folder: Path, *what: Any) -> dict[str, Any]:
        done.append(what)
        return {"cells": [{"campaigns": [str(one)], "false": []} for one in what[0]]}

    monkeypatch.setattr(module, "measured", measured)
    chosen = argparse.Namespace(corpus=tmp_path, cells="souly-by*,jail*", sizes="25,6", campaigns=12, per_planting=6,
                                together=False, seed=1, detectors="d")  # fmt: skip
    first = list(module.cells(chosen, tmp_path))
    assert [(name, size, len(rows)) for name, size, rows in first] == [
        ("souly-bytes", 25, 2), ("souly-bytes", 6, 2), ("jailbreak", 60, 4), ("jailbreak", 20, 2),
    ]  # fmt: skip
    path = tmp_path / "plantings.jsonl"
    path.write_bytes(path.read_bytes()[:-5])  # killed while it wrote the last line
    assert list(module.cells(chosen, tmp_path)) == first
    assert len(done) == 11
    chosen.seed = 2
    list(module.cells(chosen, tmp_path))
    assert len(done) == 21
    chosen.together = True  # all in one corpus, where poison stays below its share: one of each at a time
    assert [(name, size, len(rows)) for name, size, rows in module.cells(chosen, tmp_path)] == [
        ("souly-bytes", 25, 12), ("souly-bytes", 6, 12), ("jailbreak", 60, 12), ("jailbreak", 20, 12),
    ]  # fmt: skip
    assert len(done) == 33


def test_backgrounds_take_what_is_true(benchmark: Any, tmp_path: Path) -> None:
    """No attack, nothing false or in doubt, nothing short; sources are the finest origins, long texts become pages."""
    module = benchmark("backgrounds")
    long = "\n\n".join(f"Paragraph {number} of a law. " * 12 for number in range(30))
    kept = "An honest text, long enough to be kept among the documents of a background corpus, is this."
    rows: list[tuple[str, str, Any, Any, dict[str, Any]]] = [
        ("laws/a/long", long, False, None, {}),
        ("poems/1", "城市里有三座桥，河水从北方流来，人们在岸边种菜，孩子们读书写字。", False, None, {"author": "甲"}),
        ("recipes/1", kept, False, None, {"url": "http://Kitchen.example/1"}),
        ("news/0", kept, None, "real", {"url": "/no/host"}),
        ("news/1", kept, None, "mostly-true", {}),
        ("news/2", kept, None, "fake", {}),
        ("news/3", kept, True, "true", {}),
        ("sms/4", "too short", False, "ham", {}),
    ]
    names = ("id", "text", "is_attack", "label", "meta")
    lines = [json.dumps(dict(zip(names, row, strict=True)) | {"lang": "xx"}) for row in rows]
    (tmp_path / "set.jsonl.zst").write_bytes(zstandard.compress("\n".join(lines).encode()))
    found = list(module.documents([tmp_path], 3, random.Random(1)))
    pages = [one for one in found if one.id.startswith("laws/")]
    assert "".join(page.text for page in pages) == long
    assert len(pages) > 3
    assert max(len(page.text) for page in pages) <= module.PAGE
    assert all(page.text.endswith(("\n\n", ". ")) for page in pages)
    told = {one.id.split("#")[0]: one.source for one in found if not one.id.startswith("code/")}
    assert told == {"laws/a/long": "laws/a", "poems/1": "poems/甲", "recipes/1": "kitchen.example", "news/0": "news"}
    assert {one.source.split("/")[0] for one in found if one.lang == "code"} == {"code"}
