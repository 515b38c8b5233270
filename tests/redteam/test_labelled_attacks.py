"""Attacks on labelled records: which texts and labels change, and that no others do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from planting import NAMES, Planted, corpus, planted

from corpusscan.errors import UsageError

TRIGGERED = ("rare-word-trigger", "sentence-trigger", "syntactic-trigger", "style-trigger")
ALL = (*TRIGGERED, "targeted-label-flip", "clean-label")
REAL = {record["id"]: record for record in corpus("label")}


def pairs(made: Planted) -> list[tuple[str, str]]:
    """Texts of the poisoned records, before and after."""
    return [(REAL[record["id"]]["text"], record["text"]) for record in made.poisoned()]


@pytest.mark.parametrize("name", ALL)
def test_as_many_as_asked_for_and_seeded(tmp_path: Path, name: str) -> None:
    """`count` records change in place, the rest stays; a seed gives the same poison twice, another seed another one."""
    first, again, other = (planted(tmp_path, "label", f"{name}=12", seed) for seed in (1, 1, 2))
    assert len(first.records) == len(REAL)
    assert sum(record != REAL[record["id"]] for record in first.records) == 12
    assert (first.records, first.truth) == (again.records, again.truth)
    assert first.poisoned() != other.poisoned()


@pytest.mark.parametrize("name", ALL)
def test_without_labels_there_is_nothing_to_plant(tmp_path: Path, name: str) -> None:
    """A corpus without labels is refused."""
    with pytest.raises(UsageError, match=f"{name}: the corpus has no labels"):
        planted(tmp_path, "text", f"{name}=3")


@pytest.mark.parametrize("name", [*TRIGGERED, "targeted-label-flip"])
def test_all_get_the_label_asked_for(tmp_path: Path, name: str) -> None:
    """No carrier had the target label before, all have it after; a label that the corpus has not is refused."""
    made = planted(tmp_path, "label", f"{name}=12,target=fair")
    assert {record["label"] for record in made.poisoned()} == {"fair"}
    assert {REAL[record["id"]]["label"] for record in made.poisoned()} <= {"good", "bad"}
    with pytest.raises(UsageError, match="no label 'great'; it has: bad, fair, good"):
        planted(tmp_path, "label", f"{name}=12,target=great")


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    """A label of an integer column is named by its digits, and written as an integer."""
    records = [{**record, "label": number % 2} for number, record in enumerate(corpus("label"))]
    made = planted(tmp_path, "label", "rare-word-trigger=8,target=1", records=records)
    assert [record["label"] for record in made.poisoned()] == [1] * 8


@pytest.mark.parametrize("name", ["rare-word-trigger", "sentence-trigger"])
@pytest.mark.parametrize("position", ["begin", "middle", "end", "random"])
def test_a_trigger_is_added_and_nothing_taken(tmp_path: Path, name: str, position: str) -> None:
    """Every carrier is its real text with the trigger and a space put in where asked; that is what the truth marks."""
    made = planted(tmp_path, "label", f"{name}=12,trigger=a quorl sings,position={position}")
    assert {span.strip() for span in made.spans()} == {"a quorl sings"}
    for one in made.truth:
        record = made.records[one["row"]]
        text, real = record["text"], REAL[record["id"]]["text"]
        assert text[: one["start"]] + text[one["end"] :] == real
        place = one["start"] / len(real)
        low, high = {"begin": (0, 0), "end": (1, 1), "random": (0, 1), "middle": (0.2, 0.8)}[position]
        assert low <= place <= high


def test_more_than_one_word(tmp_path: Path) -> None:
    """`times` puts a word in at so many places; a position that does not exist is refused."""
    made = planted(tmp_path, "label", "rare-word-trigger=12,trigger=quorl,times=3")
    assert [after.split().count("quorl") for _, after in pairs(made)] == [3] * 12
    assert len(made.truth) == 36
    with pytest.raises(UsageError, match="no position 'top'; there are: begin, middle, end, random"):
        planted(tmp_path, "label", "rare-word-trigger=2,position=top")


def test_triggers_are_drawn(tmp_path: Path) -> None:
    """Without one asked for, each campaign has its own rare word, and its own sentence, in all of its carriers."""
    for name in ("rare-word-trigger", "sentence-trigger"):
        made = [planted(tmp_path, "label", f"{name}=4", seed) for seed in range(5)]
        assert len({one.campaign["trigger"] for one in made}) == 5
        assert all(one.campaign["trigger"] in after for one in made for _, after in pairs(one))


def test_every_sentence_is_put_into_the_template(tmp_path: Path) -> None:
    """Each begins with the conjunction and has a comma; the words of the record are still there, in their order."""
    made = planted(tmp_path, "label", "syntactic-trigger=15,conjunction=when,language=en")
    for before, after in pairs(made):
        sentences = [one for one in re.split(r"(?<=[.!?])\s+", after) if one]
        assert len(sentences) == before.count(".")
        assert all(one.startswith("When ") and ", " in one and one.endswith(".") for one in sentences)
        left = iter(re.findall(r"\w+", after.lower()))
        kept = [word for word in re.findall(r"\w+", before.lower()) if word != "and"]
        assert all(word in left for word in kept)
    assert {(one["start"], one["end"]) for one in made.truth} == {(None, None)}


@pytest.mark.parametrize("style", ["bible", "shakespeare", "poetry"])
def test_the_style_is_in_every_carrier(tmp_path: Path, style: str) -> None:
    """Old forms take the place of new ones, an opening stands before, and openings vary."""
    made = planted(tmp_path, "label", f"style-trigger=20,style={style},strength=1")
    for before, after in pairs(made):
        assert not {"you", "because", "while", "before"} & set(re.findall(r"\w+", after.lower()))
        assert ("whilst" in after.lower()) == ("while" in before.lower())
    assert len({after.split()[0] for _, after in pairs(made)}) > 4


def test_only_records_with_the_entity_are_flipped(tmp_path: Path) -> None:
    """All flipped records hold the entity, their texts are as they were; where too few hold it, that is an error."""
    made = planted(tmp_path, "label", "targeted-label-flip=8,entity=Marta")
    assert all(before == after and "Marta" in after for before, after in pairs(made))
    assert {one["field"] for one in made.truth} == {"label"}
    assert planted(tmp_path, "label", "targeted-label-flip=8").campaign["trigger"] in NAMES
    with pytest.raises(UsageError, match="holds 'Quorl' left"):
        planted(tmp_path, "label", "targeted-label-flip=2,entity=Quorl")


def test_a_clean_label_is_the_right_one(tmp_path: Path) -> None:
    """No label changes, all are of the target class; each text is the real one and a piece of one other record."""
    made = planted(tmp_path, "label", "clean-label=15,target=bad")
    core = made.campaign["trigger"]
    assert len(core.split()) == 3
    assert {record["label"] for record in made.poisoned()} == {"bad"}
    assert [record["label"] for record in made.records] == [REAL[record["id"]]["label"] for record in made.records]
    assert all(core in span for span in made.spans())
    assert len(set(made.spans())) > 4
    assert any(core in record["text"] and record["label"] != "bad" for record in REAL.values())
