"""What the page shows of labels that their texts contradict."""

from __future__ import annotations

import json

import pytest

from corpusscan.report.mislabelled import CELLS, EXAMPLES, disputed, mislabelled, unlike


def test_confusion_and_rows_are_taken_from_the_evidence() -> None:
    """What there is, and no more than the page shows."""
    told = mislabelled(json.dumps({"confusion": [["a", "b", 3]] * 50, "examples": [["a", "b", "said"]] * 50}))
    assert told is not None
    assert told.confusion == [("a", "b", 3)] * CELLS
    assert told.examples == [("a", "b", "said")] * EXAMPLES
    assert told.counterparts == []
    assert told.verdict == ""


def test_how_wrong_labels_are_spread_is_taken_from_the_evidence() -> None:
    """The verdict as it stands; one that is no text makes the whole no evidence."""
    told = mislabelled(json.dumps({"confusion": [["a", "b", 3]], "verdict": "Anywhere.", "turned": [["a", "b", 9]]}))
    assert told is not None
    assert told.verdict == "Anywhere."
    assert mislabelled(json.dumps({"confusion": [["a", "b", 3]], "verdict": 3})) is None


@pytest.mark.parametrize(
    "evidence", [None, "", "[1]", "{", '{"confusion": 3}', '{"confusion": [["a", "b", -1]]}', "{}"]
)
def test_what_is_no_evidence_of_labels_is_nothing(evidence: str | None) -> None:
    """Tables may come from anywhere."""
    assert mislabelled(evidence) is None


def test_pairs_of_rows_are_taken_from_the_evidence() -> None:
    """Texts with two labels are drawn beside one another, and are no labels that texts contradict."""
    text = json.dumps({"examples": [["a", "b", "said", "said again"]] * 50, "texts": 50})
    assert mislabelled(text) is None
    told = disputed(text)
    assert told is not None
    assert told.examples == [("a", "b", "said", "said again")] * EXAMPLES


@pytest.mark.parametrize(
    "evidence", [None, "", "[1]", "{", '{"examples": 3}', '{"examples": [["a", "b", 1, 2]]}', "{}"]
)
def test_what_is_no_evidence_of_two_labels_is_nothing(evidence: str | None) -> None:
    """Tables may come from anywhere."""
    assert disputed(evidence) is None


def test_rows_beside_are_taken_from_the_evidence() -> None:
    """A verdict, and rows beside the odd ones; evidence without a verdict is of another kind."""
    told = unlike(json.dumps({"verdict": "Unlike.", "beside": [["a", "said", 0.5]] * 50, "rows_of_it": 3}))
    assert told is not None
    assert (told.verdict, told.beside) == ("Unlike.", [("a", "said", 0.5)] * EXAMPLES)
    assert unlike(json.dumps({"beside": [["a", "said", 0.5]]})) is None


@pytest.mark.parametrize(
    "evidence", [None, "", "[1]", "{", '{"verdict": 3}', '{"verdict": "x", "beside": [["a", "b", "c"]]}']
)
def test_what_is_no_evidence_of_odd_rows_is_nothing(evidence: str | None) -> None:
    """Tables may come from anywhere."""
    assert unlike(evidence) is None
