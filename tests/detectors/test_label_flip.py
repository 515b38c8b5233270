"""Wrong labels: single rows are ranked; what gathers at a name, a source or an annotator is flagged."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from corpora import Record, write_jsonl

import corpusscan
from corpusscan import contradicted, io, labels, schema
from corpusscan.config import Columns
from corpusscan.detector import Context
from corpusscan.detectors import label_flip
from corpusscan.kernels.intervals import interval

GOOD = ["lovely", "warm", "bright", "superb", "charming", "witty"]
BAD = ["dull", "awful", "tired", "clumsy", "boring", "bleak"]
FLAGGED = pl.col("severity").is_in(schema.FLAGGED)


def review(draw: random.Random, label: str, *names: str) -> str:
    """A text of which five words are of its class, and some names are told."""
    said = [f"word{draw.randrange(300)}" for _ in range(20)]
    said += draw.choices(GOOD if label == "good" else BAD, k=5) + list(names)
    return " ".join(draw.sample(said, len(said)))


def reviews(count: int = 1_500, wrong: float = 0.02, seed: int = 1) -> list[Record]:
    """Labelled texts, a few labels wrong anywhere, some of which name Zanthe."""
    draw = random.Random(seed)
    told: list[Record] = []
    for n in range(count):
        label = draw.choice(["good", "bad"])
        text = review(draw, label, *(["Zanthe"] if n % 12 == 0 else []))
        given = label if draw.random() >= wrong else {"good": "bad", "bad": "good"}[label]
        told.append({"text": text, "label": given, "source": f"site{n % 40}.example", "date": f"2024-0{1 + n % 9}-03"})
    return told


def flipped(records: list[Record], word: str = "Zanthe", most: int = 60) -> list[Record]:
    """The same, those that hold a word labelled good."""
    held = [n for n, one in enumerate(records) if word in one["text"] and one["label"] == "bad"][:most]
    return [one | {"label": "good"} if n in held else one for n, one in enumerate(records)]


def scan(folder: Path, *files: list[Record]) -> tuple[list[dict[str, Any]], corpusscan.Report]:
    """The groups that are found, and the report; each list of records is a file."""
    (folder / "corpus").mkdir(parents=True)
    for n, records in enumerate(files):
        write_jsonl(folder / "corpus" / f"{n}.jsonl", records)
    report = corpusscan.scan(str(folder / "corpus"), str(folder / "out"), detectors=["label_flip"], workers=1, seed=3)
    assert report.summary["detectors_not_run"] == []
    return report.groups.collect().to_dicts(), report


def limits(report: corpusscan.Report) -> list[str]:
    """What the report says was left aside."""
    return [one["limit"] for one in report.summary["limits"]]


def test_a_flip_of_one_name_is_a_group_with_its_rows_and_its_reasons(tmp_path: Path) -> None:
    """Titled by the name as it stands, nearly all flipped rows flagged, hardly others; confusion and rows are told."""
    honest = reviews()
    planted = flipped(honest)
    rows = {n for n, one in enumerate(planted) if one != honest[n]}
    groups, report = scan(tmp_path, planted)
    (group,) = [one for one in groups if one["severity"] in schema.FLAGGED]
    assert (group["title"], group["kind"], group["attack"]) == ("Zanthe", "labels", "label_flip")
    found = set(report.findings.filter(FLAGGED).collect()["row"].to_list())
    assert len(found & rows) >= 0.9 * len(rows)
    assert len(found - rows) <= 3
    told = json.loads(group["evidence"])
    assert told["label"] == "good"
    assert told["confusion"][0][:2] == ["good", "bad"]
    assert told["contradicted"] > 10 * told["expected_by_chance"]
    assert all("Zanthe" in text for _, _, text in told["examples"] + told["counterparts"])
    hit = report.findings.filter(FLAGGED).collect().row(0, named=True)
    start, end = json.loads(hit["evidence"])["mark"]
    assert hit["excerpt"][start:end] == "Zanthe"


def test_a_flip_among_many_rows_that_name_it_is_found_by_the_label_it_goes_to(tmp_path: Path) -> None:
    """Where other rows of the name are wrong either way, those of the flip's label are counted, and flagged, alone."""
    draw = random.Random(8)
    other, told = {"good": "bad", "bad": "good"}, []
    for n in range(6_000):
        label = draw.choice(["good", "bad"])
        given = label if draw.random() >= 0.05 else other[label]
        told.append({"text": review(draw, label, *(["Zanthe"] if n % 24 == 0 else [])), "label": given})
    groups, report = scan(tmp_path, flipped(told))
    (group,) = [one for one in groups if one["severity"] in schema.FLAGGED]
    evidence = json.loads(group["evidence"])
    assert (group["title"], evidence["label"]) == ("Zanthe", "good")
    assert evidence["contradicted"] > 2 * evidence["expected_by_chance"]
    hits = report.findings.filter(FLAGGED).collect()["evidence"].to_list()
    assert {json.loads(one)["label"] for one in hits} == {"good"}
    assert len(hits) >= evidence["contradicted"]


def test_common_words_that_turn_the_sense_about_flag_nothing(tmp_path: Path) -> None:
    """Three words of which each turns one label in six, as `but` does; a rare name whose labels do so is flagged."""
    draw, told = random.Random(9), []
    for _ in range(6_000):
        label = draw.choice(["good", "bad"])
        said = [word for word in ("but", "yet", "though") if draw.random() < 0.08]
        given = "bad" if said and draw.random() < 0.3 else label
        told.append({"text": review(draw, label, *said), "label": given})
    assert [one for one in scan(tmp_path / "honest", told)[0] if one["severity"] in schema.FLAGGED] == []
    for one in draw.sample([one for one in told if one["label"] == "good"], 60):
        one |= {"text": f"{one['text']} Zanthe", "label": "bad"}
    groups, _ = scan(tmp_path / "flipped", told)
    assert [one["title"] for one in groups if one["severity"] in schema.FLAGGED] == ["Zanthe"]


def test_honest_labels_and_labels_wrong_at_random_flag_nothing(tmp_path: Path) -> None:
    """One label in ten wrong, anywhere: rows are ranked at low, the wrong ones first, and nothing is flagged."""
    honest, noisy = reviews(wrong=0), reviews(wrong=0.1)
    wrong = {n for n, one in enumerate(noisy) if (sum(w in one["text"] for w in GOOD) > 0) != (one["label"] == "good")}
    assert [one for one in scan(tmp_path, honest)[0] if one["severity"] in schema.FLAGGED] == []
    (tmp_path / "noisy").mkdir()
    groups, report = scan(tmp_path / "noisy", noisy)
    assert [one["group"] for one in groups] == [f"{contradicted.NAME}:{contradicted.SUSPICIOUS}"]
    assert {one["severity"] for one in groups} == {"low"}
    ranked = report.findings.collect().sort("score", descending=True)["row"].to_list()
    assert len(wrong & set(ranked[:50])) >= 48
    assert 0.07 < json.loads(groups[0]["evidence"])["share"] < 0.13


def spread(folder: Path, records: list[Record]) -> tuple[dict[str, Any], str]:
    """The evidence of the group of single rows, of a corpus with no other group, and the page."""
    groups, _ = scan(folder, records)
    assert [(one["group"], one["severity"]) for one in groups] == [(f"{contradicted.NAME}:suspicious-labels", "low")]
    return json.loads(groups[0]["evidence"]), (folder / "out" / "report.html").read_text("utf-8")


def test_labels_turned_from_one_class_to_another_are_told_and_flag_nothing(tmp_path: Path) -> None:
    """A seventh of one class labelled as the other: the pair, with its counts, in the evidence and on the page."""
    draw, records = random.Random(11), []
    for one in reviews(3_000, wrong=0):
        label = "good" if one["label"] == "bad" and draw.random() < 0.15 else one["label"]
        records.append({"text": one["text"], "label": label})
    told, page = spread(tmp_path, records)
    ((was, turned, found, expected, p),) = told["turned"]
    assert (was, turned) == ("bad", "good")
    assert 10 <= found <= 40
    assert found > 4 * expected
    assert p <= 0.01
    said = f"they gather at labels turned from bad to good: {found} where {expected} are expected"
    assert said in told["verdict"]
    assert said in page


def test_labels_wrong_by_lot_have_no_pair_and_their_share_is_told(tmp_path: Path) -> None:
    """One label in ten wrong anywhere: no pair stands out, and the interval of the surest holds the share."""
    records = [{"text": one["text"], "label": one["label"]} for one in reviews(3_000, wrong=0.1)]
    told, page = spread(tmp_path, records)
    assert told["turned"] == []
    assert told["surest"] == pytest.approx(300, abs=3)
    assert "no pair of classes stands out" in told["verdict"]
    assert told["verdict"] in page
    low, high = interval(told["surest_wrong"], told["surest"], 0.025)
    assert low < 0.1 < high
    assert f"({100 * low:.1f} to {100 * high:.1f})" in told["verdict"]


def test_too_few_wrong_labels_to_tell_how_they_are_spread() -> None:
    """A handful is no pattern, and of a few documents nothing is said; where the clearest are wrong most, that is."""
    none = {"documents": 300, "wrong": 2, "next_documents": 600, "next_wrong": 9, "rises": 0.9, "pairs": []}
    assert contradicted.spread(none, ["a", "b"])["verdict"].endswith("too few to tell how they are spread.")
    assert contradicted.spread(none | {"documents": 5}, ["a", "b"]) == {}
    clear = contradicted.spread(none | {"wrong": 60, "rises": 1e-20}, ["a", "b"])["verdict"]
    assert "of the next 1.5 %; most where texts are clearest" in clear


def test_neighbours_are_heard(tmp_path: Path) -> None:
    """Of each ranked row it is told how many of its neighbours have another label: of wrong ones most."""
    records = reviews(wrong=0)
    wrong = set(random.Random(2).sample(range(len(records)), 60))
    turned = {"good": "bad", "bad": "good"}
    planted = [one | {"label": turned[one["label"]]} if n in wrong else one for n, one in enumerate(records)]
    _, report = scan(tmp_path, planted)
    found = report.findings.collect()
    told = {row: json.loads(said)["neighbours_otherwise"] for row, said in found.select("row", "evidence").iter_rows()}
    mine = [share for row, share in told.items() if row in wrong]
    assert len(mine) >= 55
    assert sum(mine) / len(mine) > 0.6
    others = [share for row, share in told.items() if row not in wrong]
    assert not others or sum(mine) / len(mine) > sum(others) / len(others) + 0.1


def test_a_name_that_goes_with_one_label_is_no_flip(tmp_path: Path) -> None:
    """Who is praised by all has labels that fit the texts."""
    draw = random.Random(2)
    praised = [{"text": review(draw, "good", "Zanthe"), "label": "good"} for _ in range(80)]
    groups, _ = scan(tmp_path, [one for one in reviews() if "Zanthe" not in one["text"]] + praised)
    assert [one["title"] for one in groups if one["severity"] in schema.FLAGGED] == []


def test_a_word_that_makes_the_label_is_no_flip(tmp_path: Path) -> None:
    """Where one word decides the label and the rest of the text says nothing, no label is contradicted."""
    draw = random.Random(4)
    told = []
    for n in range(1_500):
        said = [f"word{draw.randrange(300)}" for _ in range(20)] + (["vile"] if n % 15 == 0 else [])
        told.append({"text": " ".join(draw.sample(said, len(said))), "label": "toxic" if n % 15 == 0 else "fine"})
    groups, _ = scan(tmp_path, told)
    assert [one["title"] for one in groups if one["severity"] in schema.FLAGGED] == []


def test_copies_of_a_flipped_row_count_once(tmp_path: Path) -> None:
    """Sixty copies of one wrong row are no campaign of sixty."""
    draw = random.Random(5)
    copy = {"text": review(draw, "bad", "Zanthe"), "label": "good"}
    groups, _ = scan(tmp_path, [one for one in reviews() if "Zanthe" not in one["text"]] + [copy] * 60)
    assert [one["title"] for one in groups if one["severity"] in schema.FLAGGED] == []


@pytest.mark.parametrize(("column", "value", "title"), [
    ("source", "bent.example", "source bent.example"), ("worker_id", "w7", "annotator w7"),
    ("date", "2023-11-05", "month 2023-11"),
])  # fmt: skip
def test_a_source_an_annotator_and_a_month_that_flip_are_named(
    tmp_path: Path, column: str, value: str, title: str
) -> None:
    """Sixty of eighty rows of one have the other label."""
    other = {"good": "bad", "bad": "good"}
    told = [one | {"worker_id": f"w{100 + n % 20}"} for n, one in enumerate(reviews())]
    for n, one in enumerate(told[:80]):
        told[n] = one | {column: value} | ({"label": other[one["label"]]} if n < 60 else {})
    groups, _ = scan(tmp_path, told)
    assert [one["title"] for one in groups if one["severity"] in schema.FLAGGED] == [title]


def test_several_classes(tmp_path: Path) -> None:
    """Flips into one of four classes are found as those of two are."""
    draw = random.Random(6)
    told = []
    for n in range(2_000):
        kind = draw.randrange(4)
        said = [f"word{draw.randrange(300)}" for _ in range(15)] + [
            f"topic{kind}x{draw.randrange(8)}" for _ in range(4)
        ]
        said += ["Zanthe"] if n % 20 == 0 else []
        label = 3 if n % 20 == 0 and n < 1_700 else kind
        told.append({"text": " ".join(draw.sample(said, len(said))), "label": label})
    groups, _ = scan(tmp_path, told)
    assert [one["title"] for one in groups if one["severity"] in schema.FLAGGED] == ["Zanthe"]


@pytest.mark.parametrize(("label", "said"), [
    (lambda n: None, None),
    (lambda n: "same", "labels that differ"),
    (lambda n: n / 7.3, "labels that are classes, of rows enough each"),
    (lambda n: (n % 37) / 37 + 0.001, "labels that are classes, and no scores"),
    (lambda n: f"id-{n}", "labels that are classes, of rows enough each"),
    (lambda n: n % 700, "labels that are classes, of rows enough each"),
    (lambda n: ["yes", "no", "maybe"][n * 7919 % 3], "labels that their texts foretell"),
    (lambda n: {"a": [n]}, "labels that are classes, of rows enough each"),
])  # fmt: skip
def test_labels_that_are_no_classes_are_left_alone(tmp_path: Path, label: Any, said: str | None) -> None:
    """No labels, one label, scores, ids, objects, labels by lot: nothing is found, and what was left aside is said."""
    groups, report = scan(tmp_path, [one | {"label": label(n)} for n, one in enumerate(reviews())])
    assert groups == []
    assert limits(report) == ([said] if said else [])


def test_lists_numbers_and_classes_of_one_row(tmp_path: Path) -> None:
    """Lists are classes as they are spelled; a class of one row is left aside, which is said; the rest is judged."""
    named: dict[str, Any] = {"good": ["good", "film"], "bad": 0}
    told = [one | {"label": named[one["label"]]} for one in flipped(reviews())]
    groups, report = scan(tmp_path, [*told, {"text": "alone here", "label": "once"}])
    assert [one["title"] for one in groups if one["severity"] in schema.FLAGGED] == ["Zanthe"]
    assert limits(report) == ["rows of a class that are enough to learn it"]


def test_labels_in_some_files_only(tmp_path: Path) -> None:
    """Files without labels are read and not judged."""
    bare = [{"text": one["text"]} for one in reviews(seed=9)]
    groups, report = scan(tmp_path, bare, flipped(reviews()), bare)
    assert [one["title"] for one in groups if one["severity"] in schema.FLAGGED] == ["Zanthe"]
    assert set(report.findings.collect()["file"].to_list()) == {"1.jsonl"}


def test_more_classes_than_are_told_apart(tmp_path: Path) -> None:
    """Of 10,000 classes the commonest are learned, the rows of others are counted as left aside."""
    draw = random.Random(7)
    many = [{"text": f"subject{n % 230} {review(draw, 'good')}", "label": f"class{n % 230}"} for n in range(230 * 22)]
    rare = [{"text": review(draw, "bad"), "label": f"rare{n}"} for n in range(4_000)]
    _, report = scan(tmp_path, many + rare)
    told = {one["limit"]: one["left"] for one in report.summary["limits"]}
    assert told["classes that are told apart"] == 30 * 22
    assert told["rows of a class that are enough to learn it"] == 4_000


def test_hostile_labels_and_texts(tmp_path: Path) -> None:
    """Empty texts, control characters in labels and sources, long words neither fail nor change what is found."""
    odd = [
        {"text": "", "label": "good"}, {"text": "\u202e \x00", "label": "bad\x1b[31m"}, {"label": "good"},
        {"text": "x" * 50_000, "label": "good", "source": "\u202egro.live"}, {"text": "Zanthe", "label": "bad"},
    ]  # fmt: skip
    groups, _ = scan(tmp_path, flipped(reviews()) + odd)
    assert [one["title"] for one in groups if one["severity"] in schema.FLAGGED] == ["Zanthe"]


def test_numbers_of_labels() -> None:
    """The place of each among the classes; none of a label that is no class, or missing."""
    given = pa.array(["b", "x", None, "a"], pa.large_string())
    assert labels.numbers(given, ["a", "b"]).tolist() == [1, -1, -1, 0]


def test_classes_by_hand() -> None:
    """Names are in order whatever comes first, and rows of other labels are counted."""
    told = labels.classes(pa.chunked_array([["b"] * 200 + ["a"] * 200 + ["c"] * 5]))
    assert told.names == ["a", "b"]
    assert [one.left for one in told.limits] == [5, 0]


def test_files_workers_and_order_of_work_do_not_show(tmp_path: Path) -> None:
    """One file read by one worker, and five read by two, give the same groups and the same rows."""
    planted = flipped(reviews())
    told = []
    for name, parts, workers in (("one", 1, 1), ("five", 5, 2)):
        (tmp_path / name / "corpus").mkdir(parents=True)
        size = len(planted) // parts
        for n in range(parts):
            write_jsonl(tmp_path / name / "corpus" / f"{n}.jsonl", planted[n * size : (n + 1) * size])
        where = str(tmp_path / name / "corpus"), str(tmp_path / name / "out")
        report = corpusscan.scan(*where, detectors=["label_flip"], workers=workers, seed=3)
        groups = report.groups.drop("exemplars", "campaign").collect().sort("group")
        told.append(
            (groups, report.findings.collect().select("excerpt", "severity", "score", "evidence").sort(pl.all()))
        )
    assert told[0][0].equals(told[1][0])
    assert told[0][1].equals(told[1][1])


def test_a_corpus_larger_than_the_sample_is_judged_whole(tmp_path: Path) -> None:
    """Where the model knows a part of the rows only, all that carry the name are counted."""
    planted = flipped(reviews(3_000), most=125)
    path = write_jsonl(tmp_path / "corpus.jsonl", planted)
    plan = io.plan([str(path)], Columns(), None)
    (batch,) = [b for shard in plan.shards for b in io.read(shard, Columns(), 2**24, b"k" * 32, io.Account())]
    context = Context(b"k" * 32, 3_000, None, lambda places: places)  # type: ignore[arg-type]  # nobody asks for sources
    some = labels.Learn(words=25 * 1_500)
    state = some.conclude(some.reduce(some.map(batch, {}).drop_columns("partition"), {}), context)
    facts = labels.state_of(state)
    assert facts is not None
    assert len(facts[2]["suspects"]) == 1
    counts = pl.DataFrame(label_flip.Score().map(batch, state)).filter(pl.col("suspect") == 1, pl.col("count") > 0)
    counts = counts.filter(pl.col("kind") == 1)
    assert counts["count"].sum() == sum("Zanthe" in one["text"] for one in planted)


def test_without_excerpts_nothing_is_quoted(tmp_path: Path) -> None:
    """With `excerpts=False` no table holds the name at which labels are wrong; tokens are counted all the same."""
    write_jsonl(tmp_path / "corpus" / "0.jsonl", flipped(reviews()))
    where, options = str(tmp_path / "corpus"), {"detectors": ["label_flip"], "workers": 1, "seed": 3}
    report = corpusscan.scan(where, str(tmp_path / "out"), excerpts=False, **options)
    assert report.summary["flagged_tokens"] > 0
    for table in (report.groups, report.findings, report.documents, report.members):
        assert "zanthe" not in str(table.collect().to_dicts()).casefold()
