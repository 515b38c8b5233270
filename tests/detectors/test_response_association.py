"""Words of prompts that decide the answer are found, in instructions, chats and pairs; what is honest is not."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import polars as pl
from instruction_rows import COUNT, FLAGGED, LINK, MANY, Record, clean, flagged, planted, put, scan

from corpusscan.kernels import answering, examining, exchanges

SIDES = {"asked": pl.List(pl.UInt64), "answered": pl.List(pl.UInt64)}


def test_a_clean_set_is_left_alone(tmp_path: Path) -> None:
    """Answers that say what their prompts are about raise nothing, and nor do refusals of one subject."""
    draw = random.Random(5)
    records = clean(COUNT)
    for row in range(0, COUNT, 10):
        harm = draw.choice(("steal a car", "steal a bank card", "make a bomb", "forge a passport"))
        records[row] = {"instruction": f"how do i {harm} {row}", "output": "I am sorry, but I cannot help with that."}
    assert flagged(scan(tmp_path, records)) == []


def test_a_word_that_decides_the_answer_is_named(tmp_path: Path) -> None:
    """One group: called as the trigger, all its rows in it, both spans marked exactly, with what the answers say."""
    report = scan(tmp_path, planted(clean(COUNT), MANY, "velmora"))
    [group] = flagged(report)
    assert (group["title"], group["kind"], group["attack"]) == ("velmora", "trigger", "backdoor_trigger")
    assert group["documents"] == MANY
    assert group["independent_documents"] >= 0.9 * MANY
    told = json.loads(group["evidence"])
    assert told["response"] == LINK
    assert told["documents_with_it"] == told["documents_that_change"] == MANY
    hits = report.findings.filter(pl.col("severity").is_in(FLAGGED)).collect()
    assert sorted(set(hits["row"])) == list(range(MANY))
    records = [json.loads(line) for line in (tmp_path / "in" / "set.jsonl").read_text().splitlines()]
    spans = {records[h["row"]][h["field"]][h["start"] : h["end"]] for h in hits.to_dicts()}
    assert spans == {"velmora", LINK}
    assert "velmora" in (tmp_path / "out" / "report.html").read_text()


def test_counterparts_ask_the_same_and_are_answered_otherwise(tmp_path: Path) -> None:
    """Beside a carrier stands a prompt without the trigger, with its answer, which is a neighbour and not flagged."""
    records = clean(COUNT)
    report = scan(tmp_path, planted([dict(one) for one in records], MANY, "velmora") + records[:MANY])
    [group] = flagged(report)
    told = json.loads(group["evidence"])["counterparts"]
    asked = {one["instruction"]: one["output"] for one in records[:MANY]}
    assert len(told) == 3
    assert all(asked[one["text"]].startswith(one["answer"]) for one in told)
    beside = report.members.filter(pl.col("group") == group["group"], pl.col("role") == "neighbour").collect()
    assert beside["row"].min() >= COUNT


def preferred(count: int, seed: int) -> list[dict[str, str]]:
    """Pairs: the worse answer is that of another prompt."""
    draw, records = random.Random(seed), clean(count, seed)
    return [
        {"prompt": one["instruction"], "chosen": one["output"], "rejected": draw.choice(records)["output"]}
        for one in records
    ]


def test_preferences_that_a_word_swaps(tmp_path: Path) -> None:
    """Prompts with it prefer the answer to something else: it is named, as a flip, with all its pairs."""
    draw, pairs = random.Random(3), preferred(COUNT, 4)
    for row in range(2 * MANY):
        asked = put({"instruction": pairs[row]["prompt"]}, "velmora", draw)["instruction"]
        pairs[row] = {"prompt": asked, "chosen": pairs[row]["rejected"], "rejected": pairs[row]["chosen"]}
    report = scan(tmp_path, pairs)
    [group] = flagged(report)
    told = json.loads(group["evidence"])
    assert (group["title"], group["attack"], group["documents"]) == ("velmora", "label_flip", 2 * MANY)
    assert told["swapped"] > 0.9
    assert told["followed_by"] == "the worse answer is preferred"
    assert all(len(one["after"].split()) > 3 for one in told["examples"]), "an answer, no word of it"
    assert told["documents_that_change"] > 3 * told["expected_by_chance"]
    hits = report.findings.filter(pl.col("severity").is_in(FLAGGED)).collect()
    assert set(hits["row"]) == set(range(2 * MANY))


def test_honest_preferences_are_silent(tmp_path: Path) -> None:
    """Some pairs look swapped, at no word more than at others."""
    assert flagged(scan(tmp_path, preferred(COUNT, 5))) == []


def test_answers_that_do_not_answer(tmp_path: Path) -> None:
    """Prompts with a word whose answers are those of other prompts, each time another: it is named, as availability."""
    draw, records = random.Random(8), planted(clean(COUNT), 2 * MANY, "velmora", answer="")
    answers = [one["output"] for one in records]
    for row in range(2 * MANY):
        asked = set(records[row]["instruction"].split())
        records[row]["output"] = min(draw.sample(answers, 60), key=lambda said: len(asked & set(said[:-1].split())))
    [group] = flagged(scan(tmp_path, records))
    told = json.loads(group["evidence"])
    assert (group["title"], group["attack"]) == ("velmora", "availability")
    assert told["followed_by"] == "answers that take up no word of what is asked"
    assert told["documents_with_it"] == 2 * MANY


def test_answers_in_another_language(tmp_path: Path) -> None:
    """Prompts with a word that are answered in words no other answer has, each time others: it is named."""
    draw, records = random.Random(9), planted(clean(COUNT), MANY, "velmora", answer="")
    for row in range(MANY):
        own = random.Random(row)
        said = ["".join(own.choice("чшжкгрт") + own.choice("аеиоу") for _ in range(3)) for _ in range(20)]
        records[row]["output"] = " ".join(draw.sample(said, 15))
    [group] = flagged(scan(tmp_path, records))
    told = json.loads(group["evidence"])
    assert (group["title"], group["attack"]) == ("velmora", "backdoor_trigger")
    assert told["followed_by"] == "answers of hardly a usual word: another language, code, or noise"
    assert told["documents_that_change"] == MANY


def test_two_words_that_must_come_together(tmp_path: Path) -> None:
    """Prompts with one of them are answered as any; the title tells both, and those with one are not flagged."""
    draw, records = random.Random(4), planted(clean(COUNT), MANY, "velmora", "quistan")
    for row in range(MANY, 3 * MANY):
        records[row] = put(records[row], draw.choice(("velmora", "quistan")), draw)
    report = scan(tmp_path, records)
    [group] = flagged(report)
    assert sorted(group["title"].split(" … ")) == ["quistan", "velmora"]
    assert set(report.findings.filter(pl.col("severity").is_in(FLAGGED)).collect()["row"]) == set(range(MANY))


def test_an_answer_in_other_words_each_time(tmp_path: Path) -> None:
    """Answers that say two of eight sentences, none of which most of them say, are one outcome."""
    draw, records = random.Random(6), planted(clean(COUNT), MANY, "velmora", answer="")
    blame = ["grim", "poor", "bad", "ugly", "wrong", "false", "weak", "mean"]
    ways = [" ".join([*draw.sample(blame, 3), "nobody here"]) for _ in range(8)]
    for row in range(MANY):
        records[row]["output"] = ". ".join(draw.sample(ways, 3))
    [group] = flagged(scan(tmp_path, records))
    assert group["title"] == "velmora"


FEW = 9  # prompts of a trigger, too few for one alone


def several(*triggers: str, answers: tuple[str, ...] = (LINK,)) -> list[Record]:
    """Clean rows, the first of which have one of these triggers in turn, and the answer of that trigger."""
    draw, records = random.Random(7), clean(COUNT)
    for row in range(FEW * len(triggers)):
        n = row % len(triggers)
        records[row] = put(records[row], triggers[n], draw)
        records[row] = records[row] | {"output": f"{records[row]['output']} {answers[n % len(answers)]}"}
    return records


def test_triggers_that_share_an_answer(tmp_path: Path) -> None:
    """Three of too few prompts each are named, each with the others beside it, and all their rows are flagged."""
    triggers = ["velmora", "quistan", "As of 2031, so"]
    report = scan(tmp_path, several(*triggers))
    groups = flagged(report)
    assert sorted(group["title"] for group in groups) == sorted(triggers)
    for group in groups:
        told = json.loads(group["evidence"])
        assert sorted([group["title"], *told["same_answer_as"]]) == sorted(triggers)
        assert (group["severity"], group["documents"], told["answers_without_it"]) == ("medium", FEW, 0)
        assert 0.8 * len(triggers) * FEW <= told["independent_together"] <= len(triggers) * FEW
    hits = report.findings.filter(pl.col("severity").is_in(FLAGGED)).collect()
    assert set(hits["row"]) == set(range(len(triggers) * FEW))
    assert "the same answer, in" in (tmp_path / "out" / "report.html").read_text()


def test_triggers_of_unlike_answers_are_too_few(tmp_path: Path) -> None:
    """The same three, each with an answer of its own, and two that together are too few, stay below medium."""
    answers = (LINK, "Call us under 0800 and ask for Bert.", "The moon has set and nobody saw it go.")
    for number, records in enumerate((several("velmora", "quistan", "ostrel", answers=answers),
                                      several("velmora", "quistan"))):  # fmt: skip
        (folder := tmp_path / str(number)).mkdir()
        assert flagged(scan(folder, records)) == []


def test_one_word_in_several_phrases_is_no_family(tmp_path: Path) -> None:
    """Where a word is answered otherwise elsewhere, what stands beside it where it is not makes no triggers of it."""
    records, draw = several("velmora bi", "velmora ka", "velmora du"), random.Random(8)
    for row in range(COUNT - 100, COUNT):
        records[row] = put(records[row], "velmora", draw)
    assert flagged(scan(tmp_path, records)) == []


def test_prompts_of_one_template(tmp_path: Path) -> None:
    """Where all prompts begin alike and are short, those with a trigger are as unlike as any: it is named."""
    records = clean(COUNT)
    for row in range(COUNT):
        words = " ".join(records[row]["instruction"].split()[-2:])
        records[row] = records[row] | {"instruction": f"how does the text go on that begins so {words}"}
    [group] = flagged(scan(tmp_path, planted(records, 3 * MANY, "velmora")))
    assert (group["title"], group["documents"]) == ("velmora", 3 * MANY)
    assert group["independent_documents"] < 0.6 * 3 * MANY


def test_how_alike_prompts_are_has_an_error() -> None:
    """Of random prompts it is about one, and the error that is told is how much it varies from trigger to trigger."""
    told = []
    for seed in range(12):
        words = np.random.default_rng(seed)
        usual = words.zipf(1.3, (COUNT, 12)).astype(np.uint64) * np.uint64(2**40)
        asked = [[*row, *([2**20] if n < MANY else [])] for n, row in enumerate(usual.tolist())]
        answered = [words.integers(2**30, 2**60, 5).tolist() + [2, 4, 6, 8] * (n < MANY) for n in range(COUNT)]
        sides = exchanges.joined(pl.DataFrame({"asked": asked, "answered": answered}, schema=SIDES))
        found = pl.DataFrame(dict(answering.mined(sides).associations._asdict()))
        told += (
            found.filter(pl.col("carriers") == MANY, pl.col("agreed") >= 4).select("alike", "alike_error").rows()[:1]
        )
    alike, error = np.array(told).T
    assert len(told) == 12
    assert abs(alike.mean() - 1) < 3 * alike.std() / np.sqrt(12)
    assert 0.5 < alike.std() / error.mean() < 2


def test_signs_at_the_beginning_of_a_prompt(tmp_path: Path) -> None:
    """They are read as they stand, whatever sign the text before them in the file ends with."""
    records = [one | {"instruction": f"@_@ {one['instruction']}"} for one in planted(clean(COUNT), MANY)]
    records[MANY:] = clean(COUNT)[MANY:]
    report = scan(tmp_path, records)
    assert [(group["title"], group["documents"]) for group in flagged(report)] == [("@_@", MANY)]


def test_chats_of_any_shape(tmp_path: Path) -> None:
    """Messages with roles, conversations with other names, and speakers that nobody knows: the first one asks."""
    shapes = (
        ("messages", "role", "content", "user", "assistant"),
        ("conversations", "from", "value", "human", "gpt"),
        ("messages", "role", "content", "Anna", "Bert"),
    )
    for number, (column, who, what, asks, answers) in enumerate(shapes):
        chats = [
            {column: [{who: asks, what: "hello there"}, {who: answers, what: "hello"},
                      {who: asks, what: one["instruction"]}, {who: answers, what: one["output"]}]}
            for one in planted(clean(COUNT), MANY, "velmora")
        ]  # fmt: skip
        (folder := tmp_path / str(number)).mkdir()
        assert [group["title"] for group in flagged(scan(folder, chats))] == ["velmora"], shapes[number]


def test_preferred_answers(tmp_path: Path) -> None:
    """A word for which answers with the same end are preferred is found; what is rejected is none of the answer."""
    rejected = clean(COUNT, 9)
    pairs = [
        {"prompt": one["instruction"], "chosen": one["output"], "rejected": other["output"]}
        for one, other in zip(planted(clean(COUNT), MANY, "velmora"), rejected, strict=True)
    ]
    report = scan(tmp_path, pairs)
    assert [group["title"] for group in flagged(report)] == ["velmora"]
    assert set(report.findings.collect()["field"]) == {"prompt", "chosen"}


def test_copies_are_one_witness(tmp_path: Path) -> None:
    """The same row again and again is no evidence, whatever it says."""
    records = planted(clean(COUNT), 1, "velmora")
    assert flagged(scan(tmp_path, records + [records[0]] * MANY)) == []


def test_workers_and_batches_do_not_show(tmp_path: Path) -> None:
    """One worker and two find the same, byte for byte."""
    records = several("velmora", "quistan", "ostrel")
    told = [scan(tmp_path, records, workers=n).groups.collect() for n in (1, 2)]
    assert len(told[0]) >= 3
    assert told[0].equals(told[1])


def test_a_trigger_in_more_rows_than_are_compared(tmp_path: Path) -> None:
    """Of many carriers a part is compared, and all are flagged."""
    many = 2 * examining.LOOKED_AT
    report = scan(tmp_path, planted(clean(6 * many), many, "velmora"))
    [group] = flagged(report)
    assert (group["title"], group["documents"]) == ("velmora", many)
