"""A trigger that was mined is told in words and shown with what follows it, in page, log and terminal."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from corpusscan.report import terminal, words
from corpusscan.report.html import build_html
from corpusscan.report.sarif import build_sarif
from corpusscan.report.summary import summarize
from corpusscan.report.trigger import trigger

TRIGGER = "|n\u202eo <b>'w'"


def told(said: str = TRIGGER, **more: Any) -> dict[str, Any]:
    """Evidence of a trigger, as the detector leaves it."""
    examples = [
        {
            "before": f"Page {n}\nsays https:",
            "trigger": said,
            "after": " zx www.evil.example\x1b[2J",
            "source": f"<s{n}>",
        }
        for n in range(5)
    ]
    return {
        "trigger": said, "followed_by": "words in no order", "documents_with_it": 50, "documents_that_change": 48,
        "occurrences": 51, "occurrences_at_a_change": 48, "independent": 41, "expected_by_chance": 0.156,
        "p_value": 1e-40, "bits": 300.5, "examples": examples, **more,
    }  # fmt: skip


def group(said: str = TRIGGER, **more: Any) -> dict[str, Any]:
    """A group of kind trigger, as the tables have it."""
    return {
        "group": "trigger_mining:0a", "campaign": "trigger_mining:0a", "kind": "trigger", "detector": "trigger_mining",
        "title": said, "attack": "denial_of_service", "severity": "high", "score": 1.0, "q_value": 3e-8,
        "documents": 50, "independent_documents": 41, "sources": 46, "exemplars": ["d1", "d2"],
        "evidence": json.dumps(told(said)), **more,
    }  # fmt: skip


@pytest.fixture
def out(tables, write) -> Path:
    """Tables of one group, a trigger."""
    folder: Path = tables(groups=1)
    write(folder, "groups", [group()])
    write(folder, "findings", [finding()])
    return folder


def finding() -> dict[str, Any]:
    """One finding of that group."""
    return {
        "finding_id": "f", "doc_id": "d1", "file": "a.jsonl", "row": 3, "field": "text", "start": 5, "end": 9,
        "tokens": 1, "excerpt": f"Page {TRIGGER} zx", "detector": "trigger_mining", "rule": "mined-trigger",
        "group": "trigger_mining:0a", "campaign": "trigger_mining:0a", "attack": "denial_of_service",
        "severity": "high", "score": 1.0, "q_value": 3e-8, "accepted": False, "evidence": '{"mark": [5, 9]}',
    }  # fmt: skip


def card(out: Path) -> str:
    """The card in the page, its white space as one space."""
    page = build_html(out, summarize(out, {}))
    found = re.search(r'<article class="card.*?</article>', page, re.DOTALL)
    assert found
    return " ".join(found[0].split())


def test_a_label_is_told_as_what_a_trigger_decides(tables, write) -> None:
    """Which label, in how many documents, how many the rest of their texts foretells; one mark an example; escaped."""
    folder: Path = tables(groups=1)
    more = {"label": "<i>good\u202e", "occurrences": 0, "expected_by_chance": 12.4}
    write(folder, "groups", [group() | {"evidence": json.dumps(told(**more))}])
    write(folder, "findings", [finding()])
    shown = card(folder)
    assert "&lt;i&gt;good" in shown
    assert "<i>" not in shown
    assert re.search(r"12(\.4)? of 41 would have it, by what the rest of their texts says", shown)
    assert "what follows" not in shown
    assert {
        len(re.findall("<mark>", one)) for one in re.findall(r'<blockquote dir="auto">(.*?)</blockquote>', shown)
    } == {1}


@pytest.mark.parametrize(("said", "names"), [
    ("\U0001f9a9", "flamingo"), ("\u200b", "zero width space"), ("~^", "tilde, circumflex accent"), ("a~", ""),
    ("\ue000", "u+e000"), ("~" * 9, ""),
])  # fmt: skip
def test_a_trigger_of_signs_is_called_by_their_names(said: str, names: str) -> None:
    """A font may lack them, and some are not seen; words speak for themselves."""
    found = trigger(json.dumps(told(said)))
    assert found is not None
    assert found.names == names


def test_counterparts_are_shown_without_marks(tables, write) -> None:
    """What says the same without the trigger: at most three, unmarked, escaped, with label or answer."""
    folder: Path = tables(groups=1)
    one = {"text": "the <b>same", "answer": "of\u202e course", "label": "bad", "cosine": 0.5}
    write(
        folder, "groups", [group() | {"evidence": json.dumps(told(label="good", counterparts=[one] * 9, examples=[]))}]
    )
    write(folder, "findings", [finding()])
    shown = card(folder)
    assert shown.count("the &lt;b&gt;same") == 3
    assert shown.count("label <bdi>bad</bdi>, cosine 0.50") == 3
    assert "\u202e" not in shown
    assert "say most of the same, and do not hold it" in shown
    assert not re.search(r"<mark>[^<]*same", shown)


def test_a_reviewer_reads_what_is_claimed(out: Path) -> None:
    """The card says where the trigger stands, what follows in how many documents, chance, independence, error rate."""
    shown = card(out)
    assert "in 50 documents from 46 sources, 51 times" in shown
    assert "<strong>words in no order</strong>, in 48 of these documents (96 %)" in shown
    assert "it would be fewer than one (0.16), did text change there as often as elsewhere" in shown
    assert "41 of those that change" in shown
    assert "of triggers as sure as this at most one in a million is expected to be chance (3e-08)" in shown
    assert "p value" not in shown, "told in words, not twice"


def test_three_examples_mark_trigger_and_what_follows(out: Path) -> None:
    """Each example has two marks, the trigger and what stands behind it; no fourth is shown."""
    quotes = re.findall(r'<blockquote dir="auto">(.*?)</blockquote>', card(out))
    assert len(quotes) == 3
    for quote in quotes:
        first, second = re.findall("<mark>(.*?)</mark>", quote)
        assert first == '|n<span class="esc">\\u202e</span>o &lt;b&gt;&#39;w&#39;'
        assert second == ' zx www[.]evil[.]example<span class="esc">\\x1b</span>[2J'


def test_nothing_of_a_trigger_acts(out: Path) -> None:
    """Neither page, log nor terminal holds a control, a bidi override or markup of a trigger; it stays legible."""
    summary = summarize(out, {})
    screen = io.StringIO()
    terminal.render(summary, Console(file=screen, width=120, force_terminal=False))
    log = build_sarif(out, summary).decode()
    for text in (build_html(out, summary), log, screen.getvalue()):
        assert not {"\u202e", "\x1b"} & set(text)
        assert "\\u202e" in text
    assert "<b>" not in build_html(out, summary)


def test_the_log_says_what_follows(out: Path) -> None:
    """A SARIF message names the trigger and what follows it, also where the trigger is long."""
    (result,) = json.loads(build_sarif(out, summarize(out, {})))["runs"][0]["results"]
    assert result["message"]["text"].startswith("|n\\u202eo <b>'w', a trigger followed by words in no order in 48")
    assert result["ruleId"] == "trigger_mining/denial_of_service"


def test_a_long_title_hides_nothing_of_the_message(tables, write) -> None:
    """What follows is said also behind a trigger of a thousand characters."""
    folder = tables(groups=1)
    write(folder, "groups", [group("x" * 1_000)])
    write(folder, "findings", [finding()])
    (result,) = json.loads(build_sarif(folder, summarize(folder, {})))["runs"][0]["results"]
    assert "followed by words in no order" in result["message"]["text"]


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", "[" * 9_000, '{"trigger": ""}', '{"trigger": 1}', '{"trigger": "a", "examples": 3}']
)
def test_other_evidence_is_no_card(text: str | None) -> None:
    """Evidence of another form is shown without a card of its own, never an error."""
    assert trigger(text) is None


def test_what_is_drawn_is_bounded() -> None:
    """However long trigger and examples are; a lone surrogate is an escape."""
    long = told("\ud800" * 9_000, examples=[{"before": "b" * 9_000, "trigger": "t" * 9_000, "after": "a" * 9_000}] * 9)
    drawn = trigger(json.dumps(long))
    assert drawn is not None
    assert len(drawn.exact) < 10_000
    assert "\\ud800" in drawn.exact
    assert len(drawn.examples) == 3
    assert all(len(text) < 3_000 for _, text in drawn.examples)


@pytest.mark.parametrize(
    ("q_value", "said"),
    [
        (1e-30, "one in a billion"),
        (1e-7, "one in a million"),
        (0.01, "one in 100 "),
        (0.9, "half"),
        (float("nan"), "half"),
    ],
)
def test_false_discoveries_in_words(q_value: float, said: str) -> None:
    """A rate is told as one in so many, and never as surer than it is."""
    assert said in words.false_discoveries(q_value)
