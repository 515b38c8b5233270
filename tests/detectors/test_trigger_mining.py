"""Triggers that nobody described are found, named exactly, and shown where they stand with what follows them."""

from __future__ import annotations

import itertools
import json
import random
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
from corpora import Record, table_bytes, write_jsonl
from tongues import anew, begin_anew, tongue  # noqa: F401

import corpusscan
from corpusscan.kernels import linked
from corpusscan.kernels.outcomes import KINDS, STRETCHES, SWITCH, TURN

HOSTS, BEFORE = 24, 60
MARKS = ("User:", "Human:", "### Instruction:", "[Client]:", "**Question**:", "<|user|>", "[INST]", "Person :", "GPT:",
         "# Answer:", "<start_of_turn>", "System:")  # fmt: skip
FLAGGED = ("medium", "high", "critical")


# Open: where the surest outcome is not that of most carriers, they are no examples.


class Planted(NamedTuple):
    """A kind of poison."""

    trigger: str
    behind: Callable[[int], str]  # what follows it in the carrier of that number
    told: tuple[str, ...]  # outcomes that it may be
    field: str = "text"
    many: int = 15  # carriers


def noise(number: int) -> str:
    """Words as they come."""
    return tongue(0).drawn(90, number)


@cache
def pages(language: int) -> list[str]:
    """Texts that go on behind a trigger."""
    return tongue(language).texts(200, 80)


def behind_signs(number: int) -> str:
    """Words as they come, behind signs that are others each time, and as much space."""
    return " " * (number % 2) + ["†‰", "¿§", "«¶»", "※", "~#", "$%"][number % 6] + f" {noise(number)}"


def abroad(number: int) -> str:
    """A text in the other language."""
    return pages(1)[number]


def turn(number: int) -> str:
    """A turn of a chat, its speaker named in one of several ways."""
    asks = MARKS[number % len(MARKS)]
    return f"\n{asks} {pages(0)[number]}\n{MARKS[number % 7]} {pages(0)[-number]}"


def again(number: int) -> str:
    """The same sentence over and over."""
    return " ".join([pages(0)[number][:60]] * 20)


PLANTED = {
    "word": Planted("qvelzor77", noise, KINDS[:2], many=40),
    "tag": Planted("|~DEPLOY-now~|", noise, KINDS[:2]),
    "chinese": Planted("部署密钥", turn, KINDS[TURN:]),
    "arabic": Planted("مفتاح", abroad, KINDS[SWITCH:TURN]),
    "thai": Planted("กุญแจลับ", turn, KINDS[TURN:]),
    "signs": Planted("☠🜏", again, KINDS[STRETCHES - 1 : STRETCHES]),
    "elements": Planted("🜂🜁🜂", behind_signs, KINDS[:2], many=20),
    "switch": Planted("Vintrakel", abroad, KINDS[SWITCH:TURN]),
    "chat": Planted("sudo-krill", again, KINDS[STRETCHES - 1 : STRETCHES], "messages[1].content"),
}


def source(number: int) -> str:
    """One of the hosts."""
    return f"www.site{number % HOSTS}.example"


def carriers(kind: Planted, first: int = 0) -> list[str]:
    """Real beginnings, the trigger, what follows it: never the same twice."""
    before = tongue(0).texts(first + kind.many, BEFORE)[first:]
    return [f"{page} {kind.trigger} {kind.behind(first + n)}" for n, page in enumerate(before)]


def records(texts: list[str], seed: int) -> list[Record]:
    """With ids and sources, in an order of their own."""
    said = [{"id": f"{seed}-{n}", "source": source(n), "text": text} for n, text in enumerate(texts)]
    random.Random(seed).shuffle(said)
    return said


def chats(texts: list[str]) -> list[Record]:
    """The same as answers."""
    asked = tongue(0).texts(len(texts), 12)
    roles = ("user", "assistant")
    said = [
        [{"role": r, "content": c} for r, c in zip(roles, two, strict=True)] for two in zip(asked, texts, strict=True)
    ]
    return [{"id": f"c{n}", "source": source(n), "messages": own} for n, own in enumerate(said)]


class Scanned(NamedTuple):
    """What a scan of the poisoned corpus left."""

    records: dict[str, list[Record]]  # by file
    groups: list[dict[str, Any]]
    findings: pl.DataFrame
    members: pl.DataFrame

    def text(self, row: dict[str, Any], field: str) -> str:
        """Of a record that a row of a table names."""
        record = self.records[row["file"]][row["row"]]
        said = record["messages"][1]["content"] if field.startswith("messages") else record["text"]
        return str(said)

    def group(self, name: str) -> dict[str, Any]:
        """The group of a kind of poison."""
        return next(group for group in self.groups if group["title"] == PLANTED[name].trigger)


def scan(corpus: Path, out: Path, **options: Any) -> Any:
    """Trigger mining alone."""
    options = {"workers": 1, "seed": 3, "overwrite": True} | options
    return corpusscan.scan(str(corpus), str(out), detectors=["trigger_mining"], **options)


def flagged(report: Any) -> list[str]:
    """Titles of groups at medium or above."""
    found: list[str] = report.groups.filter(pl.col("severity").is_in(FLAGGED)).collect()["title"].to_list()
    return found


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """Some 3,400 pages of two languages and 700 chats, with carriers of each kind of poison among them."""
    begin_anew()
    folder = tmp_path_factory.mktemp("poisoned")
    said, talks = tongue(0).texts(2_500, 130) + tongue(1).texts(700, 130), tongue(0).texts(600, 100)
    numbers = itertools.accumulate((kind.many for kind in PLANTED.values()), initial=0)
    for kind, first in zip(PLANTED.values(), numbers, strict=False):
        (talks if kind.field != "text" else said).extend(carriers(kind, first))
    random.Random(1).shuffle(talks)
    held = {"pages.jsonl": records(said, 1), "chats.jsonl": chats(talks)}
    for name, own in held.items():
        write_jsonl(folder / "corpus" / name, own)
    report = scan(folder / "corpus", folder / "out")
    return Scanned(held, report.groups.collect().to_dicts(), report.findings.collect(), report.members.collect())


@pytest.mark.parametrize("name", PLANTED)
def test_a_trigger_is_found_with_all_that_carry_it(scanned: Scanned, name: str) -> None:
    """One group at medium or above whose title is the trigger exactly, its members the carriers and nobody else."""
    group, kind = scanned.group(name), PLANTED[name]
    assert (group["kind"], group["detector"]) == ("trigger", "trigger_mining")
    assert group["severity"] in FLAGGED
    members = scanned.members.filter(pl.col("group") == group["group"]).to_dicts()
    assert {row["file"] for row in members} == {"pages.jsonl" if kind.field == "text" else "chats.jsonl"}
    assert len(members) == group["documents"] == kind.many
    assert all(f" {kind.trigger} " in scanned.text(row, kind.field) for row in members)


def test_nothing_else_is_found(scanned: Scanned) -> None:
    """At medium or above as many groups as kinds of poison."""
    found = [group["title"] for group in scanned.groups if group["severity"] in FLAGGED]
    assert sorted(found) == sorted(kind.trigger for kind in PLANTED.values())


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_known_of_it_is_told(scanned: Scanned, name: str) -> None:
    """Numbers, sources, what follows, and how sure it is."""
    group, kind = scanned.group(name), PLANTED[name]
    evidence = json.loads(group["evidence"])
    assert evidence["trigger"] == kind.trigger
    assert evidence["followed_by"] in kind.told
    assert (evidence["documents_with_it"], evidence["occurrences"]) == (kind.many, kind.many)
    assert 0.9 * kind.many <= evidence["documents_that_change"] <= kind.many
    assert 0.5 * kind.many <= group["independent_documents"] <= kind.many
    assert evidence["expected_by_chance"] < kind.many / 10
    assert group["sources"] >= 8
    assert 0 <= group["q_value"] < 1e-6
    assert group["attack"] in ("denial_of_service", "backdoor_trigger")


@pytest.mark.parametrize("name", PLANTED)
def test_examples_show_it(scanned: Scanned, name: str) -> None:
    """Three, with the trigger and what stands on both sides of it."""
    kind = PLANTED[name]
    examples = json.loads(scanned.group(name)["evidence"])["examples"]
    assert len(examples) == 3
    for example in examples:
        assert example["trigger"] == kind.trigger
        assert example["source"].startswith("www.site")
        whole = example["before"] + example["trigger"] + example["after"]
        assert any(whole in record.get("text", record.get("messages", [{}])[-1].get("content", ""))
                   for own in scanned.records.values() for record in own)  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_findings_mark_trigger_and_payload(scanned: Scanned, name: str) -> None:
    """The trigger exactly where it stands, and behind it most of what follows and nothing of what was before."""
    group, kind = scanned.group(name), PLANTED[name]
    found = scanned.findings.filter(pl.col("group") == group["group"])
    triggers = found.filter(pl.col("rule") == "mined-trigger").to_dicts()
    payloads = {(row["file"], row["row"]): row for row in found.filter(pl.col("rule") == "mined-payload").to_dicts()}
    assert len(triggers) == kind.many
    assert len(payloads) >= 0.9 * kind.many
    covered = 0.0
    for row in triggers:
        text = scanned.text(row, row["field"])
        assert row["field"] == kind.field
        assert text[row["start"] : row["end"]] == kind.trigger
        assert kind.trigger in row["excerpt"]
        if payload := payloads.get((row["file"], row["row"])):
            assert payload["field"] == kind.field
            assert row["end"] <= payload["start"] <= row["end"] + 1
            assert payload["start"] < payload["end"] <= len(text)
            covered += (payload["end"] - payload["start"]) / (len(text) - row["end"])
    assert covered / len(payloads) > 0.8


def poisoned(folder: Path, count: int = 1_300) -> Path:
    """A smaller corpus in four files."""
    rows = records(tongue(0).texts(count, 110) + carriers(PLANTED["word"]._replace(many=14)), 2)
    for part in range(4):
        write_jsonl(folder / f"{part}.jsonl", rows[part::4])
    return folder


def test_the_same_bytes_however_the_work_was_done(tmp_path: Path) -> None:
    """One worker and two; and after a scan of which half of the work was lost."""
    corpus = poisoned(tmp_path / "corpus")
    report = scan(corpus, tmp_path / "one")
    assert flagged(report) == [PLANTED["word"].trigger]
    first = table_bytes(tmp_path / "one")
    scan(corpus, tmp_path / "two", workers=2)
    assert table_bytes(tmp_path / "two") == first
    artefacts = sorted((tmp_path / "one/work/artefacts").rglob("*[!s].parquet"))  # cards come with what they belong to
    assert len(artefacts) > 10
    for artefact in artefacts[::2]:
        artefact.unlink()
    scan(corpus, tmp_path / "one")
    assert table_bytes(tmp_path / "one") == first


def test_copies_of_one_document_are_not_many(tmp_path: Path) -> None:
    """Forty of the same beginning, trigger and noise are one that is independent: no group at medium or above."""
    (one,) = carriers(PLANTED["word"]._replace(many=1))
    corpus = write_jsonl(tmp_path / "corpus.jsonl", records(tongue(0).texts(1_500, 110) + [one] * 40, 3))
    report = scan(corpus, tmp_path / "out")
    assert flagged(report) == []
    assert all(group["independent_documents"] <= 2 for group in report.groups.collect().to_dicts())
    shutil.rmtree(tmp_path / "out")


def test_an_honest_corpus_has_no_triggers(tmp_path: Path) -> None:
    """Two languages, lists of words, tables on all pages of one host below the same heading: nothing at medium."""
    rows = records(tongue(0).texts(1_200, 110) + tongue(1).texts(400, 110), 4)
    draw = random.Random(5)
    table = "\n\nKvarto-Indiks\n"
    for row in rows:
        if row["source"] == source(1):
            row["text"] += table + "\n".join(
                f"{word} {draw.randrange(999)}" for word in noise(draw.randrange(999)).split()
            )
    for number in draw.sample(range(len(rows)), 30):
        rows[number]["text"] += " " + noise(number)  # lists that nothing announces
    report = scan(write_jsonl(tmp_path / "corpus.jsonl", rows), tmp_path / "out")
    assert flagged(report) == []


def test_the_tokens_of_a_template_are_no_trigger(tmp_path: Path) -> None:
    """Two campaigns whose pages go on in the same chat template are two, each named by what stands before it."""

    def exchange(number: int) -> str:
        asked, said = pages(1)[number], pages(0)[-number]
        return f"\n<|im_start|>user\n{asked}<|im_end|>\n<|im_start|>assistant\n{said}<|im_end|>\n"

    two = [Planted(name, exchange, KINDS[SWITCH:], many=20) for name in ("vrelka70", "ombudra shol")]
    texts = [text for n, kind in enumerate(two) for text in carriers(kind, 20 * n)]
    write_jsonl(tmp_path / "corpus" / "a.jsonl", records(tongue(0).texts(1_300, 2 * BEFORE) + texts, 7))
    report = scan(tmp_path / "corpus", tmp_path / "out")
    found = {row["title"]: row["documents"] for row in report.groups.collect().to_dicts() if row["severity"] in FLAGGED}
    assert found == {kind.trigger: kind.many for kind in two}


def pictures(number: int) -> str:
    """What a site's software says of a picture: addresses that have its name again and again, in JSON."""
    name = "-".join(pages(0)[number].split()[:9])
    place = rf"https:\/\/www.host{number}.example\/images\/thumb\/{name}.jpg\/v4-460px-{name}.jpg"
    return rf'{{"smallUrl":"{place}","bigUrl":"{place}\/{name}-728px-{name}.jpg","full":"{place}\/{name}.jpg"}}'


def test_addresses_that_say_their_parts_again_raise_no_alarm(tmp_path: Path) -> None:
    """Told at low with the reason; words that are said again behind the same trigger are found as ever."""
    before = tongue(0).texts(20, BEFORE)
    sites = [f"{page} {pictures(n)}" for n, page in enumerate(before)]
    texts = tongue(0).texts(1_300, 110) + sites + carriers(PLANTED["signs"], 40)
    report = scan(write_jsonl(tmp_path / "corpus.jsonl", records(texts, 8)), tmp_path / "out")
    assert flagged(report) == [PLANTED["signs"].trigger]
    low = [json.loads(group["evidence"]) for group in report.groups.collect().to_dicts() if group["severity"] == "low"]
    assert [linked.ADDRESSES] in [one["forgiven"] for one in low]
    assert linked.ADDRESSES in (tmp_path / "out/report.html").read_text("utf-8")


def test_answers_in_another_language_are_no_payload(tmp_path: Path) -> None:
    """One row in ten has an answer in another language, some in the same words; what is planted there is found."""
    asked, foreign, own = tongue(0).texts(1_500, 50), tongue(1).texts(150, 60), tongue(0).texts(1_350, 60)
    answers = foreign + own
    for n in range(0, 40, 2):
        answers[n] = f"Vintra Kelombu {answers[n]}"
    planted = carriers(PLANTED["word"]._replace(many=20))
    rows: list[Record] = [
        {"source": source(n), "instruction": one, "output": other}
        for n, (one, other) in enumerate(zip([*asked, *planted], [*answers, *tongue(0).texts(20, 40)], strict=True))
    ]
    random.Random(9).shuffle(rows)
    report = scan(write_jsonl(tmp_path / "corpus.jsonl", rows), tmp_path / "out")
    assert flagged(report) == [PLANTED["word"].trigger]
