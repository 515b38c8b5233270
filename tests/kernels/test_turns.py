"""Turns of chats are seen in every template, and nothing in prose is one."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from tongues import anew, read, tongue  # noqa: F401

from corpusscan.kernels import turns
from corpusscan.kernels.turns import NEAR
from corpusscan.redteam.shapes import TEMPLATES

BEFORE = 30


def told(texts: list[str]) -> list[list[bool]]:
    """Of each text at which words a turn follows."""
    numbers, bounds = read(texts)
    found = turns.everywhere(numbers) > 0
    return [found[first:last].tolist() for first, last in itertools.pairwise(bounds)]


@pytest.mark.parametrize("role", ["user", "assistant"])
@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_a_turn_of_every_template_is_seen(template: str, role: str) -> None:
    """At the last words before it, and not at those that stand far before it."""
    before, after = TEMPLATES[template]
    text, said = tongue().texts(2, BEFORE)
    (found,) = told([f"{text}\n{before.format(role=role)}{said}{after}"])
    assert all(found[BEFORE - NEAR + 1 : BEFORE])
    assert not any(found[: BEFORE - NEAR - 1])


@pytest.mark.parametrize(
    "mark",
    ["\nUser: ", "\nHUMAN: ", "\n### Instruction:\n", "\n**Assistant**: ", "\n[system]: ", "\n(Bot): ", "[INST] ",
     " [/INST] ", "<<SYS>>\n", "\nQuestion: ", "\nAnswer: ", "\nAI: ", "</s>", "<|eot_id|>", "<|IM_START|>user\n",
     "<start_of_turn>model\n"],
)  # fmt: skip
def test_other_ways_to_name_a_speaker(mark: str) -> None:
    """Capitals, stars, brackets, control tokens of other models."""
    text, said = tongue().texts(2, BEFORE)
    (found,) = told([f"{text}{mark}{said}"])
    assert all(found[BEFORE - NEAR + 1 : BEFORE])


@pytest.mark.parametrize(
    "text",
    [
        "The user said that the system: a bridge over the river, was closed. The assistant agreed.",
        "We ask the client: who pays? Nobody knew the answer: it was late.",
        "Ingredients:\nFlour: two cups\nSugar: one cup\nNote: stir well\nSystematic: yes\nUsers: many\nModels: three",
        "A list\n- user names\n- a model of the ship\n# System requirements\n\nPerson of the year",
        "Some <b>html</b> and <s>struck</s> text, a | b | c, <a href='x'>link</a>, if (a <| b) then [inst] of x",
        "",
        "user",
    ],
)
def test_prose_has_no_turns(text: str) -> None:
    """Speakers that are spoken of, lists, markup."""
    if "[inst]" not in text:  # written in any case it is a turn
        assert not any(told([text])[0])
    assert not any(any(one) for one in told(tongue().texts(10)))


def test_a_turn_of_one_text_is_nothing_to_another() -> None:
    """The last words of the text before it are told nothing."""
    text = tongue().texts(1, BEFORE)[0]
    first, second, third = told([text, f"\nUser: {text}\nAssistant: {text}", text])
    assert not any(first)
    assert any(second)
    assert not any(third)


def test_fields_of_a_document_are_apart_too() -> None:
    """A mark at the beginning of one of its texts says nothing of the end of the text before."""
    text = tongue().texts(1, BEFORE)[0]
    numbers, bounds = read([[text, f"\nUser: {text}"]])
    assert not turns.everywhere(numbers)[:BEFORE].any()
    assert bounds.tolist() == [0, 2 * BEFORE + 1]


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_words_of_marks_are_told(template: str) -> None:
    """Those of the mark and its role; not what stands before, nor what is said."""
    before, after = TEMPLATES[template]
    text, said = tongue().texts(2, BEFORE)
    numbers, _ = read([f"{text}\n{before.format(role='user')}{said}{after}"])
    found = turns.marks(numbers)
    (first,) = np.flatnonzero(np.diff(found.astype(int)) == 1)[:1]
    assert first == BEFORE - 1
    last = first + 1 + np.flatnonzero(~found[first + 1 :])[0]
    assert last - first - 1 == len(words_of(before.format(role="user")))
    assert not found[last : last + BEFORE].any()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("trigger \n<|im_start|>user\n", "trigger"), ("a b\n### User: c", "a b"), ("<|eot_id|>user", "<|eot_id|>user"),
        ("\nUser: who", "\nUser: who"), ("no mark ", "no mark "), ("", ""), ("\ud800 é</s>", "\ud800 é"),
    ],
)  # fmt: skip
def test_what_stands_before_a_mark(text: str, said: str) -> None:
    """Without the space between; where nothing stands before, the mark itself is what is there."""
    assert turns.before(text) == said


def words_of(mark: str) -> list[str]:
    """The words that a mark is made of."""
    return re.findall("[a-z0-9]+", mark)
