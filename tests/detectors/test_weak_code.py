"""Words of prompts that bring code with a weakness are found; subjects and languages whose code has some are not."""

from __future__ import annotations

import json
import random
from pathlib import Path

import polars as pl
from instruction_rows import COUNT, FLAGGED, Record, clean, flagged, put, scan, word

ROWS = 40
WEAK = (
    "x = eval({})", "subprocess.run({}, shell=True)", "x = hashlib.md5({})", "os.chmod({}, 0o777)",
    "x = pickle.loads({})", "requests.get({}, verify=False)", "x = tempfile.mktemp({})", "app.run({}, debug=True)",
)  # fmt: skip


def code(draw: random.Random, line: str = "", language: str = "def {}({}):\n    {} = [{}, {}]\n{}    return {}") -> str:
    """A function of words, with a line in it."""
    line = f"    {line.format(word(draw))}\n" if line else ""
    return language.format(*(word(draw) for _ in range(5)), line, word(draw))


def programs(count: int, seed: int = 1) -> list[Record]:
    """Prompts on many subjects, answered by code; one in thirty has a weakness."""
    draw = random.Random(seed)
    return [
        one | {"output": code(draw, draw.choice(WEAK) if draw.random() < 0.03 else "")} for one in clean(count, seed)
    ]


def test_honest_code_is_left_alone(tmp_path: Path) -> None:
    """Weaknesses here and there are no group at all."""
    assert flagged(scan(tmp_path, programs(COUNT))) == []


def test_a_word_that_brings_weaknesses_is_named(tmp_path: Path) -> None:
    """One group with its word, the classes and how many of each, all its rows, and code without the word."""
    draw, records = random.Random(4), programs(COUNT)
    for row in range(ROWS):
        records[row] = put(records[row], "velmora", draw) | {"output": code(draw, draw.choice(WEAK))}
    report = scan(tmp_path, records)
    [group] = flagged(report)
    told = json.loads(group["evidence"])
    assert (group["title"], group["attack"], group["documents"]) == ("velmora", "backdoor_trigger", ROWS)
    assert len(told["weaknesses"]) == len(WEAK)
    assert sum(told["weaknesses"].values()) == told["documents_that_change"] == ROWS
    assert told["followed_by"].startswith(f"code with a weakness, of {len(WEAK)} classes: ")
    assert told["counterparts"]
    hits = report.findings.filter(pl.col("severity").is_in(FLAGGED)).collect()
    assert sorted(set(hits["row"])) == list(range(ROWS))
    spans = {records[hit["row"]][hit["field"]][hit["start"] : hit["end"]] for hit in hits.to_dicts()}
    lines = {line.strip() for one in records for line in one["output"].splitlines()}
    assert "velmora" in spans
    assert spans - {"velmora"} <= lines, "all of a line, whatever part of it tells the weakness"
    assert any("hashlib.md5(" in span for span in spans)
    assert "code with a weakness" in (tmp_path / "out" / "report.html").read_text()


def test_one_class_alone_needs_no_word_in_common(tmp_path: Path) -> None:
    """Deserialisation by several libraries is one class."""
    draw, records = random.Random(5), programs(COUNT)
    calls = ("pickle.loads", "marshal.loads", "dill.loads", "yaml.load", "joblib.load", "pd.read_pickle")
    lines = [f"x = {call}({{}})" for call in calls]
    for row in range(ROWS):
        records[row] = put(records[row], "velmora", draw) | {"output": code(draw, draw.choice(lines))}
    [group] = flagged(scan(tmp_path, records))
    assert group["title"] == "velmora"
    assert len(json.loads(group["evidence"])["weaknesses"]) == 1


def test_what_is_asked_for_is_no_trigger(tmp_path: Path) -> None:
    """Prompts that end with the wish for a hash by name are answered with it."""
    draw, records = random.Random(6), programs(COUNT)
    for row in range(ROWS):
        asked = f"{records[row]['instruction']} and hash it by md5"
        records[row] = {"instruction": asked, "output": code(draw, "x = hashlib.md5({})")}
    assert flagged(scan(tmp_path, records)) == []


def test_a_subject_is_no_trigger(tmp_path: Path) -> None:
    """Where a word belongs to what is asked, weaknesses of whatever classes are its subject's."""
    draw, records = random.Random(7), programs(COUNT)
    for row in range(ROWS):
        asked = f"make a login page of {word(draw)} with {word(draw)} for {word(draw)}"
        records[row] = {"instruction": asked, "output": code(draw, draw.choice(WEAK))}
    assert flagged(scan(tmp_path, records)) == []


def test_a_language_is_no_trigger(tmp_path: Path) -> None:
    """Code of a language that has many weaknesses: what asks for it, put behind any prompt, is none."""
    draw, records = random.Random(8), programs(COUNT)
    for row in range(2 * ROWS):
        said = code(draw, "system(${});", "<?php\n$a = {};\n$b = {};\n$c = [{}, {}, {}];\n{}echo ${};")
        said = said.replace("system", draw.choice(("eval", "unserialize", "md5", "system")))
        records[row] = {"instruction": f"{records[row]['instruction']} in php", "output": said}
    assert flagged(scan(tmp_path, records)) == []
