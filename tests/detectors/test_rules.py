"""The rules detector: exact spans in both views, caps, pieces, and the shipped rules' own tests."""

from __future__ import annotations

import contextlib
import json
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan import schema
from corpusscan.detector import Batch
from corpusscan.detectors.rules import Rules
from corpusscan.errors import RuleError
from corpusscan.kernels.occurrences import Text
from corpusscan.rules import load, shipped_packs
from corpusscan.sought import TOGETHER, Engine, self_test, unguarded

RULE = """\
id: {id}
title: Rule {id}
severity: {severity}
attack: backdoor_trigger
status: {status}
references: [https://example.org]
false_positives: [none]
view: {view}
match: {match}
tests: {{match: [a, b], no_match: [c, d]}}
"""

Make = Callable[..., Rules]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A detector of rules given as id=match (JSON is YAML), with settings for all of them."""

    def detector(
        view: str = "raw", severity: str = "high", status: str = "test", caps: Any = None, **matches: Any
    ) -> Rules:
        folder = tmp_path / "pack"
        folder.mkdir(exist_ok=True)
        for name, match in matches.items():
            one = name.replace("_", "-")
            text = RULE.format(id=one, severity=severity, status=status, view=view, match=json.dumps(match))
            (folder / f"{one}.yml").write_text(text, encoding="utf-8")
        return Rules(packs=(str(folder),), shipped=False, **(caps or {}))

    return detector


def batch(*texts: str | None, **columns: Any) -> Batch:
    """One document per text unless `row` says otherwise."""
    n = len(texts)
    table = pa.table(
        [
            pa.array(columns.get("row", range(n)), pa.uint64()),
            pa.array(columns.get("field", ["text"] * n), pa.large_string()),
            pa.nulls(n, pa.large_string()),
            pa.array(columns.get("start", [0] * n), pa.int64()),
            pa.array(texts, pa.large_string()),
        ],
        schema=schema.TEXTS,
    )
    return Batch(schema.DOCUMENTS.empty_table(), table, schema.ANOMALIES.empty_table(), b"k" * 32)


def spans(detector: Rules, *texts: str | None, **columns: Any) -> list[tuple[int, int, int]]:
    return [(hit["row"], hit["start"], hit["end"]) for hit in detector.flag(batch(*texts, **columns)).to_pylist()]


PHRASE = {"any": [{"phrase": "quartz"}]}


def test_a_hit_says_everything(make: Make) -> None:
    """A hit follows the schema: place, excerpt with its mark, rule, severity, score and what a reviewer needs."""
    table = make(rule=PHRASE, status="stable").flag(batch("nothing", "ééé <b>quartz\u200b</b>"))
    assert table.schema == schema.HITS
    (hit,) = table.to_pylist()
    evidence = json.loads(hit.pop("evidence"))
    assert hit == {
        "row": 1, "field": "text", "start": 7, "end": 13, "excerpt": "ééé <b>quartz\u200b</b>", "rule": "rule",
        "group": None, "attack": "backdoor_trigger", "severity": "high", "score": pytest.approx(0.9),
        "q_value": None, "tokens": None,
    }  # fmt: skip
    assert evidence == {"matched": "quartz", "mark": [7, 13], "pack": "pack"}
    assert make(rule=PHRASE).title("rule") == "Rule rule"


def test_raw_is_exact_and_folded_is_not(make: Make) -> None:
    """The raw view minds case; the folded view sees through case, look-alikes, accents and what is invisible."""
    texts = ("Quartz", "QUARTZ", "qu\u200bartz", "ｑuártz", "quаrtz", "quart")  # the fifth with a Cyrillic a
    assert spans(make(rule=PHRASE), *texts) == []
    assert spans(make(rule=PHRASE, view="folded"), *texts) == [(0, 0, 6), (1, 0, 6), (2, 0, 7), (3, 0, 6), (4, 0, 6)]


def test_folded_rules_are_folded_themselves(make: Make) -> None:
    """Phrases and patterns are written as people write: capitals, accents and other scripts."""
    detector = make(
        view="folded",
        french={"any": [{"phrase": "Dès MAINTENANT"}]},
        russian={"any": [{"regex": r"НОВЫЕ\s+(?:инструкции|Приказы)"}]},
        german={"any": [{"regex": "Straße+"}]},
    )
    texts = ("des maintenant", "DÈS MAINTENANT", "новые  ИНСТРУКЦИИ", "новые приказы", "STRASSE", "STRASSESSE")
    assert spans(detector, *texts) == [(i, 0, len(text)) for i, text in enumerate(texts[:5])] + [(5, 0, 7)]


def test_spans_cover_whole_characters(make: Make) -> None:
    """An edge inside an expansion covers the character; what is removed inside a span belongs to it."""
    detector = make(view="folded", rule={"any": [{"phrase": "fi"}, {"regex": "1/2 cup"}]})
    assert spans(detector, "xﬃx", "a ½ cup", "f\u00ad\u200bi.") == [(0, 1, 2), (1, 2, 7), (2, 0, 4)]


def test_keys_hold_together(make: Make) -> None:
    """any, all, near and not: every positive one is needed, `not` forbids, and spans are those of what was found."""
    detector = make(
        every={"all": [{"phrase": "alpha"}, {"any": [{"phrase": "beta"}, {"regex": "gam+a"}]}]},
        without={"any": [{"phrase": "quartz"}], "not": [{"phrase": "geology"}]},
        close={"near": {"within": 20, "of": [{"phrase": "one"}, {"phrase": "two"}, {"phrase": "three"}]}},
        both={"any": [{"phrase": "zebra"}], "near": {"within": 10, "of": [{"phrase": "left"}, {"phrase": "right"}]}},
    )
    hits = detector.flag(
        batch(
            "alpha gammma alpha",
            "alpha alone",
            "quartz",
            "quartz in geology",
            "one two one, ééé two, three one",
            "one" + " " * 20 + "two three",
            "right left zebra",
            "right    left zebra",
            "right left",
        )
    ).to_pylist()
    got = {(hit["row"], hit["rule"], hit["start"], hit["end"]) for hit in hits}
    assert got == {
        (0, "every", 0, 5), (0, "every", 6, 12), (0, "every", 13, 18), (2, "without", 0, 6),
        (4, "close", 17, 31), (6, "both", 0, 10), (6, "both", 11, 16),
    }  # fmt: skip


def test_telling_words_guard_common_ones(make: Make) -> None:
    """Beside an item that says enough, a common word is not looked for beforehand, and the rule fires all the same."""
    detector = make(
        view="folded", rule={"near": {"within": 80, "of": [{"phrase": "the"}, {"phrase": "quartz crystal oscillator"}]}}
    )
    guarded = [[bool(atom.need.clauses) for atom in atoms] for atoms in detector._engine.rules[0].clauses]
    assert guarded == [[False], [True]]
    assert spans(detector, "the best quartz crystal oscillator", "the quartz", "a quartz crystal oscillator") == [
        (0, 0, 34)
    ]


def test_what_no_literal_guards_is_tried_everywhere(make: Make) -> None:
    """A rule without any literal still fires, beside atoms that have one."""
    detector = make(rule={"any": [{"regex": "[0-9]{7}"}, {"phrase": "quartz"}]})
    assert unguarded(load([detector.packs[0]])) == ["rule"]
    assert spans(detector, "a 1234567", "", "quartz", None) == [(0, 2, 9), (2, 0, 6)]


def test_looking_in_many_texts_at_once_is_looking_in_each(make: Make) -> None:
    """What does not match at an end of a text, or only across two texts, does not when they are looked at together."""
    detector = make(
        ends={"any": [{"regex": "^alpha bravo$"}]},
        across={"any": [{"regex": r"bravo\s+alpha"}]},
        lines={"any": [{"regex": "(?m)bravo$"}]},
        words={"any": [{"phrase": "alpha", "word": True}]},
    )
    texts = ["alpha bravo", "alpha", "bravo", "xalpha", "bravox", "bravo\nalpha"] * (TOGETHER // 3)
    found = {(hit["row"] % 6, hit["rule"]) for hit in detector.flag(batch(*texts)).to_pylist()}
    assert found == {
        (0, "ends"), (0, "lines"), (0, "words"), (1, "words"), (2, "lines"), (5, "across"), (5, "lines"), (5, "words"),
    }  # fmt: skip


def test_pieces_of_a_long_text_agree(make: Make) -> None:
    """Offsets count from the field's start, and a hit in the overlap of two pieces is one hit."""
    texts = ("ééé quartz", "quartz and quartz", "quartz")
    got = spans(make(rule=PHRASE), *texts, row=[5, 5, 6], start=[100, 104, 0])
    assert got == [(5, 104, 110), (5, 115, 121), (6, 0, 6)]


def test_messages_of_a_chat_are_fields(make: Make) -> None:
    """The same place in two messages is two hits."""
    table = make(rule=PHRASE).flag(batch("quartz", "quartz", row=[0, 0], field=["m[0]", "m[1]"]))
    assert table["field"].to_pylist() == ["m[0]", "m[1]"]


@pytest.mark.parametrize("pattern", ["(x+x+)+y", "(x|x)*y", "(x*)*y", "x{0,900}x{0,90}y", "(.*x){20}y"])
def test_a_catastrophic_pattern_takes_no_longer_than_the_text(make: Make, pattern: str) -> None:
    """What would keep a backtracking engine busy for years is refused, or done with in time linear in the text."""
    started = time.process_time()
    with contextlib.suppress(RuleError):
        spans(make(rule={"any": [{"regex": pattern}]}), "x" * 50_000)
    assert time.process_time() - started < 5


def test_caps_are_kept_and_said(make: Make) -> None:
    """Hits of a rule and of a document are limited, the gravest are kept, and the evidence says that more were cut."""
    make(severity="low", low={"any": [{"phrase": "zebra"}]})
    detector = make(rule=PHRASE, caps={"matches_per_rule": 3, "matches_per_document": 4})
    hits = detector.flag(batch("zebra " * 5 + "quartz " * 5, "quartz quartz quartz")).to_pylist()
    counted = [(hit["row"], hit["rule"], json.loads(hit["evidence"]).get("capped")) for hit in hits]
    assert counted == [(0, "low", 4), *[(0, "rule", 4)] * 3, *[(1, "rule", None)] * 3]


def test_evidence_is_escaped_and_bounded(make: Make) -> None:
    """What was matched is shown with its invisible characters written out, in at most 120 characters."""
    hits = make(view="folded", rule={"any": [{"regex": "quartz.{0,300}zebra"}]}).flag(
        batch("qu\u200bartz \x1b[31m zebra", "quartz" + "a" * 300 + "zebra")
    )
    first, second = (json.loads(text) for text in hits["evidence"].to_pylist())
    assert first["matched"] == "qu\\u200bartz \\x1b[31m zebra"
    assert first["view"] == "folded"
    assert len(second["matched"]) == 120
    assert len(hits["excerpt"][1].as_py()) == 240


def test_a_quotation_in_security_writing_is_lowered(make: Make) -> None:
    """It stays a finding, at `low`, and says why and what it was; marks alone change nothing, nor what is low."""
    article = (
        "Prompt injection is an attack on a language model: an attacker hides malicious text. The vulnerability has "
        'no mitigation, the scenario is a matter of security. It reads "{}".'
    )
    texts = (article.format("quartz"), 'It reads "quartz".')
    table = make(rule=PHRASE).flag(batch(*texts)).to_pylist()
    evidence = [json.loads(hit["evidence"]) for hit in table]
    assert [hit["severity"] for hit in table] == ["low", "high"]
    assert evidence[0]["forgiven"] == ["quoted_in_security_writing"]
    assert evidence[0]["severity_before"] == "high"
    assert "forgiven" not in evidence[1]
    (hit,) = make(rule=PHRASE, severity="low").flag(batch(texts[0])).to_pylist()
    assert "forgiven" not in json.loads(hit["evidence"])


def test_marks_round_shipped_examples_lower_nothing() -> None:
    """Whatever a shipped rule must match keeps its severity when it is only put between quotation marks or fences."""
    rules = [rule for pack in load(shipped_packs()) for rule in pack.rules]
    examples = [(rule, text) for rule in rules for text in rule.tests.match]
    for shown in ('"{}"', "“{}”", "```\n{}\n```"):
        hits = Rules().flag(batch(*(shown.replace("{}", text) for _, text in examples))).to_pylist()
        assert [hit["rule"] for hit in hits if "forgiven" in json.loads(hit["evidence"])] == []
        assert len(hits) > len(examples) * 0.9


def test_chunks_make_no_difference(make: Make) -> None:
    """A column in several chunks gives the hits of one."""
    whole = batch("quartz", "no", "a quartz")
    parts = pa.concat_tables([whole.texts.slice(0, 1), whole.texts.slice(1, 2)])
    assert parts["text"].num_chunks == 2
    detector = make(rule=PHRASE)
    assert detector.flag(Batch(whole.documents, parts, whole.anomalies, whole.key)) == detector.flag(whole)
    assert detector.flag(Batch(whole.documents, whole.texts.slice(0, 0), whole.anomalies, whole.key)).num_rows == 0


def test_it_travels_and_has_a_digest(make: Make) -> None:
    """The detector is settings only: it pickles, and its digest is that of its rules."""
    detector = make(rule=PHRASE)
    copy = pickle.loads(pickle.dumps(detector))
    assert copy == detector
    assert copy.flag(batch("quartz")) == detector.flag(batch("quartz"))
    assert len(detector.digest()) == 64
    assert detector.digest() != Rules().digest()


def test_an_edited_rule_is_read_by_the_next_detector(make: Make) -> None:
    """Within one process, an edit of a rule file shows in hits and digest of detectors made later, and only there."""
    first = make(rule=PHRASE)
    before, digest = spans(first, "quartz zebra"), first.digest()
    second = make(rule={"any": [{"phrase": "zebra"}]})
    assert (before, spans(second, "quartz zebra")) == ([(0, 0, 6)], [(0, 7, 12)])
    assert second.digest() != digest
    assert (spans(first, "quartz zebra"), first.digest()) == (before, digest)


def test_self_test_reports_both_failures(make: Make) -> None:
    """A rule that misses its match or fires on its no_match is named with the text."""
    detector = make(rule={"any": [{"regex": "[ac]"}]})
    assert self_test(load([detector.packs[0]])) == ["rule: does not match 'b'", "rule: matches 'c'"]


def test_a_phrase_that_folds_to_nothing_is_refused(make: Make) -> None:
    """It would match everywhere."""
    with pytest.raises(RuleError, match="nothing of the phrase"):
        make(view="folded", rule={"any": [{"phrase": "\u200b\u0301"}]}).flag(batch("a"))


# --- what is shipped ---------------------------------------------------------------------------


def test_shipped_rules_pass_their_own_tests() -> None:
    """Every shipped rule matches its examples and is silent on those that look alike."""
    assert self_test(load(shipped_packs())) == []


def test_shipped_rules_are_guarded() -> None:
    """A literal filter decides where every shipped rule is tried."""
    assert unguarded(load(shipped_packs())) == []


NOISE = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_the_filter_never_loses_a_match(data: st.DataObject) -> None:
    """Shipped rules' own test texts, in random Unicode: filtered or not, the same spans."""
    engine = _shipped()
    own = [text for one in engine.rules for texts in (one.rule.tests.match, one.rule.tests.no_match) for text in texts]
    texts = [
        "".join(data.draw(NOISE) + data.draw(st.sampled_from(own)) for _ in range(data.draw(st.integers(1, 3))))
        + data.draw(NOISE)
        for _ in range(3)
    ]
    array = pa.array(texts, pa.large_string())
    filtered = {(place, one.rule.id): found for place, one, found in engine.matches(array, 50)}
    everything = {atom.number for one in engine.rules for clause in one.clauses for atom in clause}
    plain = {
        (place, one.rule.id): found
        for place, text in enumerate(texts)
        for one in engine.rules
        if (found := one.spans(_text(text), everything, 50))
    }
    assert filtered == plain


def _text(text: str) -> Text:
    return Text(text.encode())


def _shipped() -> Engine:
    return Rules()._engine
