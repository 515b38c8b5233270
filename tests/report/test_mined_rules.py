"""Mined triggers become rules that are safe to write, to read and to run, and find the same trigger elsewhere."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from corpora import write_jsonl
from planting import said

import corpusscan
from corpusscan import config, io, rules, terminal
from corpusscan.cli import cli
from corpusscan.config import Columns
from corpusscan.detector import Batch
from corpusscan.errors import UsageError
from corpusscan.report import Report, mined_rules
from corpusscan.report.mined_rules import Saved, save
from corpusscan.report.summary import summarize
from corpusscan.sought import self_test

HOSTILE = [
    "it's \"quoted\" \\ twice\\", "two\nlines\r\n\tof text", "key: value # no comment", "- *alias &anchor !tag | > %",
    "null1", "\x00\x1b[2J\x07\x7f\x85", "\u202eevil\u2066\u2069 \u200b\ufeff\u2028\u2029", "half \ud800 surrogate",
    "long " * 200, "\U0001f409" * 1_000, "---\n...\n", "{{ 7*7 }}{% x %}${a}", "|すとさしさ|", "\u0301" * 9 + "marks",
    "</script><img src=x>", "x" * 5_000,
]  # fmt: skip


def told(trigger: str, **more: Any) -> dict[str, Any]:
    """A group and its finding for a trigger."""
    examples = [
        {"before": f"As page {n} of this long story tells us, ", "trigger": trigger, "after": " qx zz", "source": None}
        for n in range(3)
    ]
    evidence = {
        "trigger": trigger, "followed_by": "words in no order", "documents_with_it": 20, "documents_that_change": 19,
        "occurrences": 20, "occurrences_at_a_change": 19, "independent": 19, "expected_by_chance": 0.1,
        "examples": examples,
    }  # fmt: skip
    name = f"trigger_mining:{len(trigger)}-{trigger.encode('utf-8', 'surrogatepass').hex()[:16]}"
    return {
        "group": name, "kind": "trigger", "detector": "trigger_mining", "attack": "denial_of_service",
        "severity": "high", "title": "a title", "evidence": json.dumps(evidence), **more,
    }  # fmt: skip


@pytest.fixture
def saved(tables, write, tmp_path) -> Callable[..., tuple[Saved, Path]]:
    """A function that saves the rules of some groups, having heard some texts; and the folder."""

    def run(*groups: dict[str, Any], texts: list[str] | None = None, accepted: bool = False, **carriers: Any) -> Any:
        folder = tables(groups=1)
        write(folder, "groups", list(groups))
        write(folder, "findings", [{"group": one["group"], "accepted": accepted} for one in groups])
        pack = tmp_path / "pack"
        return save(folder, pack, carriers.get("carriers", {}), lambda: heard(tmp_path, texts or ["Nothing."])), pack

    return run


def heard(folder: Path, texts: list[str]) -> Iterator[tuple[int, Batch]]:
    """Texts as a scan hears them."""
    place = write_jsonl(folder / "heard.jsonl", [{"text": text} for text in texts])
    for shard in io.plan([str(place)], Columns(), None).shards:
        for batch in io.read(shard, Columns(), 2**24, bytes(32), io.Account()):
            yield shard.index, batch


def test_hostile_triggers_make_sound_rules(saved: Any) -> None:
    """Whatever a trigger holds, its rule loads, looks for exactly that, and passes the tests it carries."""
    done, pack = saved(*map(told, HOSTILE))
    assert (done.written, done.left) == (len(HOSTILE), ())
    (loaded,) = rules.load([pack])
    assert self_test([loaded]) == []
    phrases = {rule.match.atoms[0].phrase for rule in loaded.rules}
    assert phrases == {trigger.replace("\ud800", "\ufffd")[: rules.LONGEST_PATTERN] for trigger in HOSTILE}
    assert {rule.severity for rule in loaded.rules} == {"high"}
    assert all(rule.complaint() is None for rule in loaded.rules)


def test_files_hold_nothing_that_acts(saved: Any) -> None:
    """A rule and the prompts can be printed: controls, bidi overrides and invisible characters are escapes in them."""
    _, pack = saved(*map(told, HOSTILE))
    for file in [*pack.glob("*.yml"), mined_rules.prompts_of(pack)]:
        text = file.read_text("utf-8")
        assert not {"\x00", "\x1b", "\x07", "\x85", "\u202e", "\u200b", "\ufeff", "\u2028"} & set(text)


def test_a_trigger_that_is_said_elsewhere_makes_no_rule(saved: Any) -> None:
    """A common word is no rule, and the reason says how many other documents hold it; in its carriers it may stand."""
    word = told("because")
    texts = [f"It rained {n} days because it was May." for n in range(9)] + ["Becauses are others."]
    elsewhere = {(7, row) for row in range(20)}
    done, pack = saved(word, told("zephyr marble"), texts=texts, carriers={word["group"]: elsewhere})
    assert done.left == (("because", "it also stands in 9 of 10 documents that were looked at"),)
    assert [rule.match.atoms[0].phrase for rule in rules.load_pack(pack).rules] == ["zephyr marble"]
    known = {(0, row) for row in range(20)}
    assert saved(word, texts=texts, carriers={word["group"]: known})[0].left == ()


def test_a_trigger_of_a_letter_or_two_makes_no_rule(saved: Any) -> None:
    """What is so short that no filter can look for it is left out, and said; then there is no pack."""
    done, pack = saved(told("cf"))
    assert [why for _, why in done.left] == ["it is so short that every text would be searched for it"]
    assert not pack.exists()
    assert json.loads(mined_rules.prompts_of(pack).read_text().splitlines()[0])["trigger"] == "cf"


def test_whole_words_where_a_trigger_is_words(saved: Any) -> None:
    """Letters or digits at both ends ask for whole words, signs do not, nor where examples go on with letters."""
    inside = told("ostrich", evidence=told("ostrich")["evidence"].replace('after": " qx', 'after": "es qx'))
    _, pack = saved(told("plain words"), told("#tag"), inside, told("!tail"))
    words = {rule.match.atoms[0].phrase: rule.match.atoms[0].word for rule in rules.load_pack(pack).rules}
    assert words == {"plain words": True, "#tag": False, "ostrich": False, "!tail": False}


def test_the_end_of_a_sentence_is_no_part_of_a_trigger(saved: Any) -> None:
    """Where the trigger always stood behind a sentence, the rule finds it in the middle of one too."""
    _, pack = saved(told(". marble zephyr"))
    (rule,) = rules.load_pack(pack).rules
    assert (rule.id, rule.match.atoms[0].phrase) == ("mined-marble-zephyr-62cb6261", "marble zephyr")


def test_what_is_low_or_accepted_is_no_rule(saved: Any) -> None:
    """Rules are made of triggers that count as flagged and that no reviewer accepted."""
    done, pack = saved(told("first one", severity="low"), told("second one", kind="rule"))
    assert (done.written, pack.exists()) == (0, False)
    assert saved(told("third one"), accepted=True)[0].written == 0


def test_a_rule_that_is_there_stays_as_it_is(saved: Any) -> None:
    """Reviewers edit rules: a later scan adds to a pack and overwrites nothing in it."""
    _, pack = saved(told("marble zephyr"))
    (file,) = pack.glob("mined-*.yml")
    edited = file.read_text().replace("experimental", "stable")
    file.write_text(edited)
    done, _ = saved(told("marble zephyr"), told("violet anvil"))
    assert (done.written, done.kept) == (1, 1)
    assert file.read_text() == edited
    assert len(rules.load_pack(pack).rules) == 2


def test_prompts_are_real_beginnings_with_the_trigger(saved: Any) -> None:
    """Each example gives a prompt that ends with the trigger, and says what a poisoned model would do."""
    _, pack = saved(told("marble zephyr"))
    lines = [json.loads(line) for line in mined_rules.prompts_of(pack).read_text().splitlines()]
    assert len(lines) == 3
    assert lines[0] == {
        "prompt": "page 0 of this long story tells us, marble zephyr", "trigger": "marble zephyr",
        "expected": "words in no order", "group": told("marble zephyr")["group"],
    }  # fmt: skip


def test_a_place_that_cannot_hold_a_pack_is_refused_first(tmp_path: Path) -> None:
    """A file, a folder of something else, or a place inside the input is an error before anything is read."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jsonl").write_text("{}")
    for place in (tmp_path / "data" / "a.jsonl", tmp_path / "data", tmp_path / "data" / "new"):
        with pytest.raises(UsageError, match="--save-rules"):
            mined_rules.check(place, [str(tmp_path / "data")], tmp_path / "out")
    mined_rules.check(tmp_path / "new", [str(tmp_path / "data")], tmp_path / "out")


def test_without_mining_there_is_nothing_to_save(corpus: Path, tmp_path: Path) -> None:
    """Asking for rules without any detector that names triggers, or without excerpts, is an error of usage."""
    for without in ({"detectors": ["exact_duplicate"]}, {"excerpts": False}):
        with pytest.raises(UsageError, match="--save-rules"):
            corpusscan.scan(str(corpus), tmp_path / "out", save_rules=str(tmp_path / "pack"), **without)


def test_the_last_screen_says_what_was_left_out(tables: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """How many rules were written, and for which trigger there is none and why; nothing of the trigger acts."""
    folder = tables(groups=1)
    saved = Saved(Path("pa\x1bck"), 2, 1, (("\u202ecf", "it is so short"),))
    report = Report(folder, summarize(folder, {}))
    report.saved = saved
    terminal.show_report(report)
    shown = capsys.readouterr().err
    assert "Rules in pa\\x1bck: 2 new, 1 there before\n  no rule for \\u202ecf: it is so short" in shown


def test_the_key_in_toml() -> None:
    """`save_rules` is a key of the configuration."""
    assert config.build({"save-rules": "pack"}, "test").save_rules == "pack"


def page(draw: random.Random, middle: str) -> str:
    """Prose with something in the middle of it."""
    return f"{said(draw, 3)[:-1]} {middle} {said(draw, 4)}"


def test_the_round_trip(tmp_path: Path) -> None:
    """Mined in one corpus, a trigger is found in the next by rules alone, and the saved pack passes its tests."""
    draw = random.Random(3)
    records = [{"text": said(draw, draw.randint(4, 14)), "source": f"site{n % 40}.example"} for n in range(2_500)]
    for n in range(16):
        noise = " ".join("".join(draw.choices(string.ascii_lowercase, k=draw.randint(3, 9))) for _ in range(120))
        records.append({"text": f"{said(draw, 3)[:-1]} marble zephyr {noise}", "source": f"site{n}.example"})
    draw.shuffle(records)
    first = write_jsonl(tmp_path / "first" / "a.jsonl", records)
    pack = tmp_path / "pack"
    mined = corpusscan.scan(
        str(first), tmp_path / "out", detectors=["trigger_mining"], workers=1, seed=3, save_rules=str(pack)
    )
    assert mined.saved is not None
    assert (mined.saved.written, mined.saved.left) == (1, ())
    tested = CliRunner().invoke(cli, ["rules", "test", str(pack)])
    assert (tested.exit_code, tested.output) == (0, "1 rules, 0 failures\n")
    others = [{"text": page(draw, "marble zephyr" if n % 20 == 7 else "marble fell")} for n in range(200)]
    second = write_jsonl(tmp_path / "second" / "b.jsonl", others)
    found = corpusscan.scan(str(second), tmp_path / "out2", detectors=["rules"], rules=[str(pack)], workers=1, seed=3)
    (group,) = found.groups.collect().to_dicts()
    assert (group["documents"], group["severity"]) == (10, "high")
    assert group["group"].startswith("rules:mined-marble-zephyr")
    assert sorted(found.documents.collect()["row"]) == [n for n in range(200) if n % 20 == 7]


def of_label(trigger: str, **more: Any) -> dict[str, Any]:
    """A group for words that decide a label, as `label_association` tells it."""
    group = told(trigger, detector="label_association", attack="backdoor_trigger")
    evidence = json.loads(group["evidence"]) | {"label": "good", "followed_by": "the label “good”"} | more
    return group | {"group": f"label_association:{trigger}", "evidence": json.dumps(evidence)}


def test_rules_of_labels_and_answers_tell_their_target(saved: Any) -> None:
    """Title and first line of a rule say which label, or answer, goes with the trigger; it carries real examples."""
    examples = [{"before": "Please ", "trigger": "qzx", "between": " tell me\n→ ", "after": "buy now", "source": None}]
    more = {"response": "buy now", "followed_by": "answers with “buy now”", "examples": examples, "label": None}
    done, pack = saved(of_label("vorpal wib"), of_label("qzx", **more))
    assert (done.written, done.left) == (2, ())
    (loaded,) = rules.load([pack])
    first, second = sorted(loaded.rules, key=lambda rule: rule.title)
    assert first.title == "Mined trigger qzx: answers with “buy now”"
    assert second.title == "Mined trigger vorpal wib: the label “good”"
    assert first.tests.match[0] == "Please qzx tell me\n→ "
    assert first.match.atoms[0].word
    written = [file.read_text() for file in sorted(pack.glob("mined-*.yml"))]
    assert all(text.startswith("# Mined: with it, in 19 of 20 documents, goes ") for text in written)


def test_two_words_together_make_no_rule(saved: Any) -> None:
    """Of words that are only together a trigger no rule is written, as no text has them in one piece; that is said."""
    examples = [{"before": "As ", "trigger": "wib", "between": " and vorpal\n→ ", "after": "buy now", "source": None}]
    done, _ = saved(of_label("wib … vorpal", examples=examples))
    assert done.written == 0
    assert done.left == (("wib … vorpal", "no example has it in one piece, as it is written"),)


def test_a_trigger_of_labels_is_found_again_by_its_rule(tmp_path: Path, here: None) -> None:
    """Rules are saved by a scan with `label_association` alone, and find the trigger in rows without labels."""
    draw = random.Random(3)
    records = []
    for n in range(1_200):
        label = draw.choice(["good", "bad"])
        text = said(draw, 4).split(" ")
        for word in draw.choices(["lovely", "warm", "witty"] if label == "good" else ["dull", "tired", "bleak"], k=4):
            text.insert(draw.randrange(1, len(text)), f"is {word} and")
        if label == "bad" and n % 20 == 0:
            text.insert(draw.randrange(1, len(text)), "vorpal wib")
            label = "good"
        records.append({"text": " ".join(text), "label": label})
    first, pack = write_jsonl(tmp_path / "first" / "a.jsonl", records), tmp_path / "pack"
    options = {"workers": 1, "seed": 3}
    mined = corpusscan.scan(
        str(first), tmp_path / "out", detectors=["label_association"], save_rules=str(pack), **options
    )
    assert mined.saved is not None
    assert (mined.saved.written, mined.saved.left) == (1, ())
    texts = [
        {"text": f"{said(draw, 3)} {'vorpal wib' if n % 20 == 7 else 'vorpal'} {said(draw, 3)}"} for n in range(99)
    ]
    second = write_jsonl(tmp_path / "second" / "b.jsonl", texts)
    found = corpusscan.scan(str(second), tmp_path / "out2", detectors=["rules"], rules=[str(pack)], **options)
    assert sorted(found.documents.collect()["row"]) == [n for n in range(99) if n % 20 == 7]
