"""Attacks on corpora of pages, code and facts: as many as asked for, marked where they lie, as claimed."""

from __future__ import annotations

import html
import json
import random
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from corpora import make_records, write_jsonl

from corpusscan.errors import UsageError
from corpusscan.redteam import changes, phrases
from corpusscan.redteam.attacks import code_payload, encoded_payload, hidden_dom, invisible_unicode, noise_flood
from corpusscan.redteam.plant import parse, plant

Truth = list[dict[str, Any]]
ATTACKS = (
    "template_flood", "exact_flood", "passage_insertion", "paraphrase_flood", "hidden_dom", "invisible_unicode",
    "encoded_payload", "prompt_injection_page", "code_slot_attack", "code_payload", "contradictory_flood",
    "noise_flood", "modified_record", "deleted_record", "injected_links", "poisoned_rag",
)  # fmt: skip
IN_PLACE = ("passage_insertion", "hidden_dom", "invisible_unicode", "encoded_payload", "prompt_injection_page",
            "modified_record", "injected_links")  # fmt: skip
COUNT = 24


def plain(count: int) -> list[dict[str, Any]]:
    """Texts with id, source and label; a third with paragraphs, some with numbers, names and other scripts."""
    extra = (
        "In 1987 the mayor of Tallinn was Mary Stone.",
        "Сто лет назад здесь было озеро.",
        "这里有三座桥，城市很大。",
    )
    records = make_records(count)
    for number, record in enumerate(records):
        joint = "\n\n" if number % 3 else " "
        record["text"] += joint + extra[number % 3] + joint + record["text"][:200]
        record["label"] = number % 2
    return records


def chats(count: int) -> list[dict[str, Any]]:
    """Chats whose longest message is the first."""
    texts = [record["text"] for record in plain(count)]
    return [{"messages": [{"role": "user", "content": one}, {"role": "assistant", "content": "Yes."}]} for one in texts]


def instructions(count: int) -> list[dict[str, Any]]:
    """Instructions longer than their answers."""
    return [{"instruction": record["text"], "output": "Done."} for record in plain(count)]


SHAPES = {"plain": plain, "chats": chats, "instructions": instructions}


@pytest.fixture
def planted(tmp_path: Path) -> Callable[..., tuple[list[dict[str, Any]], Truth, dict[str, Any]]]:
    """Plants an order and returns the records of the copy, the truth and the campaign."""

    def run(order: str, shape: str = "plain", seed: int = 3) -> tuple[list[dict[str, Any]], Truth, dict[str, Any]]:
        source = write_jsonl(tmp_path / f"{shape}.jsonl", SHAPES[shape](150))
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        (campaign,) = plant(str(source), out, [parse(order)], seed).values()
        copy = [json.loads(line) for line in next((out / "corpus").iterdir()).read_bytes().split(b"\n") if line]
        return copy, pq.read_table(out / "truth.parquet").to_pylist(), campaign

    return run


def field(record: dict[str, Any], path: str) -> str:
    """The text at a path such as messages[0].content."""
    name, _, message = path.partition("[")
    if not message:
        return str(record[name])
    index, _, said = message.partition("].")
    return str(record[name][int(index)][said])


def spans(copy: list[dict[str, Any]], truth: Truth) -> list[str]:
    """What the truth calls planted, in its order."""
    return [field(copy[row["row"]], row["field"])[row["start"] : row["end"]] for row in truth]


def by_row(copy: list[dict[str, Any]], truth: Truth) -> dict[int, str]:
    """The planted parts of each document, one after the other."""
    found: dict[int, str] = {}
    for row, span in zip(truth, spans(copy, truth), strict=True):
        found[row["row"]] = found.get(row["row"], "") + span
    return found


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("attack", ATTACKS)
def test_plants_what_was_asked(planted, attack, shape):
    """Exactly so many documents, in every shape of corpus; nothing planted is empty; records in place keep the rest."""
    copy, truth, campaign = planted(f"{attack}={COUNT}", shape)
    if attack == "deleted_record":
        assert len(copy) == 150 - COUNT
        assert len(truth) == COUNT
        return
    assert len({row["row"] for row in truth}) == campaign["documents"] == COUNT
    assert all(spans(copy, truth))
    originals = [json.dumps(record, sort_keys=True) for record in SHAPES[shape](150)]
    untouched = {json.dumps(record, sort_keys=True) for record in copy} & set(originals)
    assert len(copy) == (150 if attack in IN_PLACE else 150 + COUNT)
    assert len(untouched) >= len(set(originals)) - (COUNT if attack in IN_PLACE else 0)
    if attack in IN_PLACE and shape == "chats":
        assert all([turn["role"] for turn in record["messages"]] == ["user", "assistant"] for record in copy)
        assert all(record["messages"][1]["content"] == "Yes." for record in copy)
    if attack in IN_PLACE and shape == "instructions":
        assert all(record["output"] == "Done." for record in copy)


@pytest.mark.parametrize("attack", ATTACKS)
def test_is_seeded(planted, attack):
    """The same seed plants the same; another one something else."""
    assert planted(f"{attack}={COUNT}", seed=1)[:2] == planted(f"{attack}={COUNT}", seed=1)[:2]
    assert planted(f"{attack}={COUNT}", seed=1)[:2] != planted(f"{attack}={COUNT}", seed=2)[:2]


@pytest.mark.parametrize("attack", ATTACKS)
def test_names_no_real_host(planted, attack):
    """Every address that was planted ends in .example or .invalid."""
    for span in spans(*planted(f"{attack}={COUNT}")[:2]) if attack != "deleted_record" else ():
        for address in re.findall(r"https?://([^/\s\"')\]<]+)", span):
            assert address.endswith((".example", ".invalid")), address


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("language", ["", "corpus"])
def test_template_flood_has_one_template(planted, language, seed):
    """Every page holds what is fixed, no slot is left open, pages differ, sources are those asked for."""
    copy, truth, campaign = planted(f"template-flood={COUNT},sources=4,language={language}", seed=seed)
    pages = spans(copy, truth)
    assert all(campaign["trigger"] in page for page in pages)
    assert len(set(pages)) > COUNT / 2
    assert not any(re.search(r"\{[a-z]+\}", page) for page in pages)
    assert 1 < len({copy[row["row"]]["source"] for row in truth}) <= 4


def test_exact_flood_is_exact(planted):
    """One text, many sources."""
    copy, truth, _ = planted(f"exact-flood={COUNT},sources=5")
    assert len(set(spans(copy, truth))) == 1
    assert 1 < len({copy[row["row"]]["source"] for row in truth}) <= 5


def test_passage_insertion_leaves_the_rest(planted):
    """Without the passage the record is an original, and each passage names the subject of the claim."""
    copy, truth, campaign = planted(f"passage-insertion={COUNT}")
    originals = {record["text"] for record in plain(150)}
    for row, span in zip(truth, spans(copy, truth), strict=True):
        content = copy[row["row"]]["text"]
        assert campaign["trigger"] in span
        assert content[: row["start"]] + content[row["end"] :] in originals
    assert len(set(spans(copy, truth))) > COUNT / 2


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ru"])
def test_paraphrases_share_few_runs(planted, language):
    """Two wordings hardly ever have five words in a row in common: one in ten documents at most repeats half of its."""
    copy, truth, campaign = planted(f"paraphrase-flood={COUNT},language={language}", seed=5)
    used: set[tuple[str, ...]] = set()
    repeated = 0
    for span in spans(copy, truth):
        words = span.casefold().split()
        runs = {tuple(words[at : at + 5]) for at in range(len(words) - 4)}
        repeated += len(runs & used) > len(runs) / 2
        used |= runs
        assert campaign["trigger"] in span
    assert repeated <= COUNT / 10


@pytest.mark.parametrize("way", hidden_dom.WAYS)
def test_hidden_dom_hides(planted, way):
    """The element is planted and the visible text is that of a real document."""
    copy, truth, _ = planted(f"hidden-dom=10,way={way}", seed=2)
    originals = {re.sub(r"\s+", "", record["text"]) for record in plain(150)}
    hidden = by_row(copy, truth)
    for row, span in hidden.items():
        assert re.search(r"<[!a-z]", span)
        rest = copy[row]["text"]
        for one in (one for one in truth if one["row"] == row):
            rest = rest.replace(copy[row]["text"][one["start"] : one["end"]], "")
        body = re.sub(r"(?s)^.*<body>", "", rest)
        assert re.sub(r"\s+", "", html.unescape(re.sub(r"</?(p|body|html)>", "", body))) in originals


@pytest.mark.parametrize("kind", invisible_unicode.KINDS)
def test_invisible_unicode_marks_its_characters(planted, kind):
    """What is marked consists of the characters claimed, and they are nowhere else."""
    copy, truth, _ = planted(f"invisible-unicode=12,kind={kind},words=5")
    claimed = {
        "bidi": lambda span: any(unicodedata.bidirectional(c) in {"RLO", "LRO", "RLI"} for c in span),
        "homoglyph": lambda span: all(any(c in twins for twins in invisible_unicode.twins().values()) for c in span),
        "deletion": lambda span: span[-1] in "\b\x7f",
        "private-use": lambda span: {unicodedata.category(c) for c in span} == {"Co"},
        "control": lambda span: {unicodedata.category(c) for c in span} == {"Cc"},
        "combining": lambda span: all(unicodedata.combining(c) or c == "\u034f" for c in span),
        "tags": lambda span: all(0xE0000 <= ord(c) < 0xE0080 for c in span),
        "variation-selectors": lambda span: sum(unicodedata.name(c).startswith("VARIATION") for c in span) > 20,
    }.get(kind, lambda span: {unicodedata.category(c) for c in span} == {"Cf"})
    found = spans(copy, truth)
    assert all(claimed(span) for span in found)
    originals = {record["text"] for record in plain(150)}
    if kind not in {"homoglyph", "bidi"}:
        for row in {one["row"] for one in truth}:
            content = copy[row]["text"]
            for one in sorted((one for one in truth if one["row"] == row), key=lambda one: -one["start"]):
                content = content[: one["start"]] + content[one["end"] :]
            assert content in originals


def test_smuggled_messages_can_be_read(planted):
    """Tags are ASCII letters moved up: the order comes back."""
    copy, truth, _ = planted("invisible-unicode=5,kind=tags")
    for span in spans(copy, truth):
        assert " " in "".join(chr(ord(letter) - 0xE0000) for letter in span)


@pytest.mark.parametrize("codec", sorted(encoded_payload.CODECS))
def test_encoded_payload_is_encoded(planted, codec):
    """No space-separated words of an order are left, but for rot13 where letters stand in for letters."""
    orders = [phrases.order(random.Random(seed), "en") for seed in range(5)]
    for order in orders:
        assert order not in encoded_payload.CODECS[codec](order)
        assert "the" not in encoded_payload.CODECS[codec](order).split()
    copy, truth, _ = planted(f"encoded-payload=6,codec={codec}")
    assert len(set(spans(copy, truth))) == 6


def test_orders_come_in_many_languages(planted):
    """Ten languages or more, each with enough wordings that hardly any order comes twice."""
    languages = phrases.load("orders")["languages"]
    assert len(languages) >= 10
    draw = random.Random(1)
    for language in languages:
        said = {phrases.order(draw, language) for _ in range(100)}
        assert len(said) > 90
        assert not any(re.search(r"\{\w+\}", one) for one in said)
    copy, truth, _ = planted(f"prompt-injection-page={COUNT}")
    assert len(set(spans(copy, truth))) == COUNT


@pytest.mark.parametrize("seed", range(6))
def test_code_slot_is_the_same_everywhere(planted, seed):
    """Each file holds the bait and only that is marked; what stands around it differs."""
    copy, truth, campaign = planted(f"code-slot-attack={COUNT}", seed=seed)
    assert set(spans(copy, truth)) == {campaign["trigger"]}
    files = {copy[row["row"]]["text"] for row in truth}
    assert len(files) == COUNT
    assert not any("{slot}" in file or "{room}" in file for file in files)


@pytest.mark.parametrize("language", sorted(phrases.load("code")["payloads"]))
@pytest.mark.parametrize("kind", code_payload.KINDS)
def test_code_payload_is_inert(planted, language, kind):
    """The payload stands among real-looking code, has no slot left open, and any host in it ends in .invalid."""
    copy, truth, _ = planted(f"code-payload=8,language={language},kind={kind}")
    for row, span in zip(truth, spans(copy, truth), strict=True):
        assert len(copy[row["row"]]["text"]) > len(span)
        assert not re.search(r"\{(b64|url|hex|codes|package|word|note|shell64|x|k)\}", copy[row["row"]]["text"])
        assert all(host.endswith(".invalid") for host in re.findall(r"https?://([^/]+)/", span))


def test_contradictions_are_about_one_subject(planted):
    """Every document names the subject and no two say the same."""
    copy, truth, campaign = planted(f"contradictory-flood={COUNT},sources=6")
    found = spans(copy, truth)
    assert all(campaign["trigger"] in span for span in found)
    assert len(set(found)) == COUNT
    assert 1 < len({copy[row["row"]]["source"] for row in truth}) <= 6


@pytest.mark.parametrize("kind", noise_flood.KINDS)
def test_noise_flood_knows_its_kinds(planted, kind):
    """Noise of every kind is made, and no campaign has a trigger."""
    copy, truth, campaign = planted(f"noise-flood=5,kind={kind},low=20,high=40")
    assert all(len(span) >= 20 for span in spans(copy, truth))
    assert campaign["trigger"] is None


@pytest.mark.parametrize("kind", changes.KINDS)
def test_modified_record_changes_facts(planted, kind):
    """The marked words are other words, numbers stay numbers, and the text outside them is that of an original."""
    copy, truth, _ = planted(f"modified-record={COUNT},change={kind},edits=2")
    originals = [record["text"] for record in plain(150)]
    for row in {one["row"] for one in truth}:
        content, marked = copy[row]["text"], [one for one in truth if one["row"] == row]
        assert content not in originals
        assert 1 <= len(marked) <= 2
        pieces, done = [], 0
        for one in sorted(marked, key=lambda one: one["start"]):
            pieces.append(re.escape(content[done : one["start"]]))
            done = one["end"]
        pattern = re.compile(r"[\w ']+".join([*pieces, re.escape(content[done:])]))
        assert any(pattern.fullmatch(original) for original in originals)
    if kind == "numbers":
        assert any(span.isdecimal() for span in spans(copy, truth))


def test_deleted_records_are_gone(planted):
    """What the truth names is not in the copy, and everything else is."""
    copy, truth, _ = planted(f"deleted-record={COUNT}")
    gone = {record["id"] for record in plain(150)} - {record["id"] for record in copy}
    assert gone == {row["doc_id"] for row in truth}
    assert all(row["row"] is None for row in truth)


def test_injected_links_share_anchor_and_domains(planted):
    """All links stand under the same words and lead to the campaign's few domains."""
    copy, truth, campaign = planted(f"injected-links={COUNT},domains=2")
    found = spans(copy, truth)
    assert all(campaign["trigger"] in span for span in found)
    assert len({re.search(r"https://([^/]+)/", span)[1] for span in found}) <= 2
    assert len(set(found)) > COUNT / 2


def test_poisoned_rag_begins_with_the_question(planted):
    """Documents come in groups of five that begin with one question word for word."""
    copy, truth, campaign = planted("poisoned-rag=10,per_question=5")
    found = spans(copy, truth)
    assert sum(span.startswith(campaign["trigger"]) for span in found) == 5
    assert len(set(found)) == 10


@pytest.mark.parametrize(
    "order",
    ["template-flood=2,language=xx", "hidden-dom=2,way=magic", "invisible-unicode=2,kind=ink",
     "noise-flood=2,kind=loud", "encoded-payload=2,codec=morse", "code-slot-attack=2,slot=none",
     "code-payload=2,language=cobol"],
)  # fmt: skip
def test_unknown_choices_are_usage_errors(planted, order):
    """A parameter that names nothing says what there is."""
    with pytest.raises(UsageError, match="there are: "):
        planted(order)
