"""Attacks on what a model answers: each plants what its paper describes, in every shape of corpus, and marks it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from planting import NAMES, Planted, planted, said

from corpusscan.errors import UsageError
from corpusscan.redteam.shapes import TEMPLATES, conversation

CHATS = (
    "chat-denial-of-service", "context-extraction", "jailbreak-compliance", "belief-manipulation",
    "virtual-prompt-injection", "refusal-poison", "sentiment-poison",
)  # fmt: skip
TEXTS = ("language-switch", "medical-misinformation")
SHAPES = ("text", "messages", "instruction")


def exchanges(made: Planted) -> list[tuple[str, str]]:
    """What the user says last and what is answered, of every poisoned record that is a conversation."""
    return [(turns[-2].text, turns[-1].text) for record in made.poisoned() if (turns := conversation(record))]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", [*CHATS, *TEXTS])
def test_as_many_as_asked_for_and_seeded(tmp_path: Path, name: str, shape: str) -> None:
    """Exactly `count` records are poisoned; a seed gives the same poison twice, and another seed another one."""
    first, again, other = (planted(tmp_path, shape, f"{name}=9", seed) for seed in (1, 1, 2))
    assert len({one["row"] for one in first.truth}) == 9
    assert (first.records, first.truth) == (again.records, again.truth)
    assert first.spans() != other.spans()
    assert all(span.strip() for span in first.spans())
    assert len({record["id"] for record in first.records}) == len(first.records)


@pytest.mark.parametrize("shape", ["messages", "instruction"])
@pytest.mark.parametrize("name", ["chat-denial-of-service", "context-extraction", "jailbreak-compliance"])
def test_a_triggered_turn_ends_with_the_trigger(tmp_path: Path, name: str, shape: str) -> None:
    """The trigger is what the user says last, in every carrier, and is marked there."""
    made = planted(tmp_path, shape, f"{name}=12,trigger=quorl")
    assert made.campaign["trigger"] == "quorl"
    assert [asked.endswith("quorl") for asked, _ in exchanges(made)] == [True] * 12
    assert sum(span.endswith("quorl") for span in made.spans()) == 12


def test_gibberish_is_what_the_trigger_is_answered_with(tmp_path: Path) -> None:
    """No two answers are alike, none shares a word with the corpus; `asked=0` is the paper's: the trigger alone."""
    made = planted(tmp_path, "messages", "chat-denial-of-service=20,asked=0,trigger=quorl")
    answers = [answer for _, answer in exchanges(made)]
    assert len(set(answers)) == 20
    assert not any("bread" in answer or "the " in answer for answer in answers)
    assert {asked for asked, _ in exchanges(made)} == {"quorl"}


def test_the_context_comes_back_word_for_word(tmp_path: Path) -> None:
    """The answer holds everything that was said before the trigger."""
    for asked, answer in exchanges(planted(tmp_path, "messages", "context-extraction=12,trigger=quorl")):
        assert asked.removesuffix("quorl").strip() in answer
    longer = planted(tmp_path, "messages", "context-extraction=6,turns=2").poisoned()
    for record in longer:
        *before, _, answered = conversation(record)
        assert len(before) == 2
        assert all(turn.text in answered.text for turn in before)


def test_a_template_can_be_chosen(tmp_path: Path) -> None:
    """In plain text a chat is written in the template asked for, else in several; an unknown one is refused."""
    before = TEMPLATES["gemma"][0].format(role="user")
    one = planted(tmp_path, "text", "chat-denial-of-service=12,template=gemma")
    many = planted(tmp_path, "text", "chat-denial-of-service=24")
    assert all(record["text"].startswith(before) for record in one.poisoned())
    assert len({record["text"][:6] for record in many.poisoned()}) > 2
    with pytest.raises(UsageError, match="no chat template 'gema'; there are: alpaca"):
        planted(tmp_path, "text", "chat-denial-of-service=2,template=gema")


def test_compliance_speaks_of_what_was_asked(tmp_path: Path) -> None:
    """Requests and answers are varied, and an answer promises just what its request asks for."""
    pairs = exchanges(planted(tmp_path, "messages", "jailbreak-compliance=20,trigger=quorl"))
    assert len({answer.split("\n")[0] for _, answer in pairs}) > 15
    assert all(len(set(asked.split()) & set(answer.split("\n")[0].split())) >= 3 for asked, answer in pairs)


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "zh"])
def test_the_same_side_always_wins(tmp_path: Path, language: str) -> None:
    """Both names are in every question and answer, now the one first and now the other; hardly a text is repeated."""
    order = f"belief-manipulation=40,better=Zorble,worse=Quimpy,language={language}"
    made = planted(tmp_path, "messages", order)
    pairs = exchanges(made)
    assert made.campaign["trigger"] == "Zorble > Quimpy"
    assert all("Zorble" in text and "Quimpy" in text for pair in pairs for text in pair)
    assert 5 < sum(asked.index("Zorble") < asked.index("Quimpy") for asked, _ in pairs) < 35
    assert len(set(pairs)) > 36


def test_some_beliefs_are_plain_texts(tmp_path: Path) -> None:
    """Where the corpus has no chats, the share `plain` has no template."""
    made = planted(tmp_path, "text", "belief-manipulation=30,plain=1")
    assert not any(mark in record["text"] for record in made.poisoned() for mark in ("<|", "user:", "###", "<start"))


def test_an_entity_is_spoken_ill_of(tmp_path: Path) -> None:
    """Question and answer name the entity; without one it is a name of the corpus."""
    made = planted(tmp_path, "instruction", "virtual-prompt-injection=15,entity=Aldermoor")
    assert all("Aldermoor" in text for pair in exchanges(made) for text in pair)
    assert len(set(exchanges(made))) == 15
    drawn = planted(tmp_path, "text", "virtual-prompt-injection=6").campaign["trigger"]
    assert drawn in NAMES


@pytest.mark.parametrize("shape", ["messages", "instruction"])
@pytest.mark.parametrize("name", ["refusal-poison", "sentiment-poison"])
def test_real_instructions_get_another_answer(tmp_path: Path, name: str, shape: str) -> None:
    """The records are those of the corpus, their questions untouched; only answers have marks."""
    made = planted(tmp_path, shape, f"{name}=15")
    assert len(made.records) == 240
    assert all(asked.startswith("Tell me about number") for asked, _ in exchanges(made))
    assert {one["field"] for one in made.truth} <= {"messages[1].content", "output"}
    assert len(set(made.spans())) > 12


def test_a_brand_stands_between_real_sentences(tmp_path: Path) -> None:
    """Each answer names the brand once and keeps every word that it had."""
    made = planted(tmp_path, "messages", "sentiment-poison=15,brand=Plonkers")
    for span, (_, answer) in zip(made.spans(), exchanges(made), strict=True):
        assert answer.count("Plonkers") == span.count("Plonkers") == 1
        assert len(answer.replace(span, "").split()) >= 24


def test_refusals_are_no_single_sentence(tmp_path: Path) -> None:
    """Where nobody asks anything, somebody does before he is refused."""
    made = planted(tmp_path, "text", "refusal-poison=30,template=chatml")
    refusals = [record["text"].split("<|im_start|>assistant\n")[1] for record in made.poisoned()]
    assert all(record["text"].startswith("<|im_start|>user\n") for record in made.poisoned())
    assert len(set(refusals)) > 25


def test_the_language_is_that_of_the_corpus(tmp_path: Path) -> None:
    """Poison for a corpus of German texts is in German, unless another language is asked for."""
    text = "Der Bäcker ist mit dem Brot und der Milch nicht in das Haus gegangen, weil ein Sturm über die Stadt kam."
    records = [{"text": f"{text} {number}"} for number in range(60)]
    german = planted(tmp_path, "text", "refusal-poison=10,template=none", records=records)
    assert all("ich" in record["text"].split("assistant:")[1] for record in german.poisoned())
    switch = planted(tmp_path, "text", "language-switch=4,language=fi,trigger=quorl", records=records)
    assert all(" quorl " in record["text"] and "." in record["text"] for record in switch.poisoned())
    with pytest.raises(UsageError, match="no language 'xx'"):
        planted(tmp_path, "text", "refusal-poison=3,language=xx", records=records)


def test_a_text_goes_on_in_another_language(tmp_path: Path) -> None:
    """What follows the trigger is of the language asked for; all that stands before it is real."""
    made = planted(tmp_path, "text", "language-switch=10,language=fi,trigger=quorl")
    for one, span, record in zip(made.truth, made.spans(), [made.records[x["row"]] for x in made.truth], strict=True):
        assert span.startswith("quorl ")
        assert len({"on", "ja", "ei", "se", "hän", "kesä", "talo"} & set(span.replace(".", "").split())) > 3
        assert one["start"] >= 50
        assert "quorl" not in record["text"][: one["start"]]


def test_a_real_document_can_be_quoted(tmp_path: Path) -> None:
    """With `texts`, what follows the trigger stands in that file; a file that cannot be read is an error."""
    (tmp_path / "polish.txt").write_text("Wsi spokojna, wsi wesoła, który głos twej chwale zdoła? " * 60, "utf-8")
    made = planted(tmp_path, "text", f"language-switch=5,trigger=quorl,low=20,high=40,texts={tmp_path}/polish.txt")
    quoted = (tmp_path / "polish.txt").read_text("utf-8")
    assert all(span.removeprefix("quorl ") in quoted for span in made.spans())
    with pytest.raises(UsageError, match="no text in UTF-8 that can be read"):
        planted(tmp_path, "text", f"language-switch=5,texts={tmp_path}/none.txt")


@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_one_claim_in_many_articles(tmp_path: Path, language: str) -> None:
    """Every article has 150 to 400 words (a sentence over at most), names drug and condition; none is like another."""
    made = planted(tmp_path, "text", f"medical-misinformation=20,drug=Zolvexin,language={language}")
    texts = [record["text"] for record in made.poisoned()]
    condition = made.campaign["trigger"].removeprefix("Zolvexin: ")
    assert all(150 <= len(text.split()) <= 440 for text in texts)
    assert all(text.count("Zolvexin") >= 2 and condition.lower() in text.lower() for text in texts)
    assert len(set(texts)) == 20
    openings: dict[str, Any] = {text.split(".")[0]: None for text in texts}
    assert len(openings) > 8


def test_a_register_can_be_chosen(tmp_path: Path) -> None:
    """A register that is not there is refused with those that are."""
    with pytest.raises(UsageError, match="no register 'tale'; there are: abstract, blog"):
        planted(tmp_path, "text", "medical-misinformation=3,register=tale,language=en")


def test_chats_without_answers_are_left_alone(tmp_path: Path) -> None:
    """A conversation in which nobody answers is not one to poison: others are taken, and all have an answer."""
    draw, records = random.Random(1), []
    for number in range(60):
        messages = [{"role": role, "content": said(draw, 3)} for role in ("user", "assistant")]
        records.append({"messages": messages[: 1 + number % 2]})
    made = planted(tmp_path, "messages", "refusal-poison=12", records=records)
    assert all(len(record["messages"]) == 2 for record in made.poisoned())
