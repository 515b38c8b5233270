"""A group of copies is shown with its template, sources, days and two of its copies, from the tables alone."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from corpora import FLOOD, make_records, write_jsonl

import corpusscan
from corpusscan.copies import EXHIBIT
from corpusscan.kernels.timelines import BARS
from corpusscan.report import pages
from corpusscan.report.cluster import COPY, cluster

ADVICE = (
    "After forty years of research our clinic can say it openly: <b>{drug}</b> cures migraine in {n} days. My sister\n"
    "bought it at https://shop{n}.example/order and has not missed a day of work since, while her doctor kept\u202e"
    " prescribing pills that only made the insurers rich. Neighbours laughed at first, then asked where it grows, and"
    " now the whole street drinks it in the evening instead of queueing at the pharmacy for a box that helps nobody."
    " The ministry has known since spring, the university was told to look elsewhere, and no paper would print the"
    " letter that forty nurses signed. Ask yourself who pays for the studies that claim otherwise, then send this page"
    " to your parents and your friends before it is taken down."
)
CLAIM = (
    "Doctors at the Halvorsen clinic now admit that Brelotine damages the kidneys within weeks, and that the makers"
    " knew it before the first patient was treated. Families who asked questions were told to be patient and to sign"
    " papers nobody explained. Throw the tablets away today, drink warm water with salt, and tell your neighbours."
)
DRUGS = ["Veltorin", "Maxiprene", "Sorbacept", "Keldopril"]
SECRETS = ["forty years", "Veltorin", "Keldopril", "Halvorsen", "Brelotine", FLOOD[20:60]]


def planted() -> list[dict[str, Any]]:
    """Identical documents (in `make_records`), near-copies with slots, and pages that share a passage."""
    draw = random.Random(5)
    records: list[dict[str, Any]] = list(make_records(200))
    records += [
        {
            "text": ADVICE.format(drug=DRUGS[n % 4], n=11 + n),
            "source": f"new{n}.example",
            "date": f"2025-03-0{1 + n % 5}",
        }
        for n in range(16)
    ]
    for n, record in enumerate(make_records(90, seed=11)[60:75]):
        words = record["text"].split()
        draw.shuffle(words)
        halves = " ".join(words[:20]), " ".join(words[20:])
        records.append({"text": f"{halves[0]} {CLAIM} {halves[1]}", "source": f"other{n}.example"})
    return records


def scanned(folder: Path, **options: Any) -> Path:
    """The report of the planted corpus."""
    corpus = write_jsonl(folder / "corpus.jsonl", planted())
    corpusscan.scan(str(corpus), str(folder / "out"), workers=1, seed=3, **options)
    return folder / "out"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One scan for all tests that only look."""
    return scanned(tmp_path_factory.mktemp("scan"))


def evidence(out: Path, detector: str) -> dict[str, Any]:
    """What a detector's largest group tells."""
    groups = pl.read_parquet(out / "groups.parquet").filter(pl.col("detector") == detector)
    told: dict[str, Any] = json.loads(groups.sort("documents", descending=True)["evidence"][0])
    return told


def card(out: Path, detector: str, said: str = "") -> str:
    """The card of a detector's first group in the page, or of its first group that says something."""
    page = (out / "report.html").read_text("utf-8")
    cards = re.findall(r'<article class="card.*?</article>', page, re.DOTALL)
    return next(one for one in cards if f"cluster found by <bdi>{detector}</bdi>" in one and said in one)


def test_the_template_is_shown_with_its_slots(out: Path) -> None:
    """Each slot has its number and kind in the template and a row of its own; one of maximal entropy is marked."""
    shown = card(out, "near_duplicate")
    assert re.search(r'our clinic can say it openly: &lt;b&gt; ?<span class="slot">1 name</span>', shown)
    assert re.search(r'cures migraine in <span class="slot hot">2 number</span> days\. My sister', shown)
    slots = {slot["slot"]: slot for slot in evidence(out, "near_duplicate")["slots"]}
    assert (slots[1]["kind"], slots[2]["kind"], slots[3]["kind"]) == ("name", "number", "url")
    assert (slots[2]["fillings"], slots[2]["texts"], slots[2]["entropy"], slots[2]["stands_out"]) == (9, 9, 1, True)
    assert "9 of 9" in shown
    assert "hxxps://shop11[.]example/order" in shown


def test_two_copies_stand_side_by_side(out: Path) -> None:
    """What one says and the other does not is marked in both, and what they share is not; nothing acts."""
    shown = card(out, "near_duplicate")
    left, right = re.findall(r"<blockquote dir=\"auto\">(.*?)</blockquote>", shown.split("Two copies")[1], re.DOTALL)[
        :2
    ]
    first, second = evidence(out, "near_duplicate")["pair"]
    marks = [re.findall("<mark>(.*?)</mark>", one) for one in (left, right)]
    assert marks[0][0] == next(drug for drug in DRUGS if drug in first["text"])
    assert marks[1][0] == next(drug for drug in DRUGS if drug in second["text"])
    assert len(marks[0]) == len(marks[1]) == 3, "name, number and address"
    assert '<span class="esc">\\n</span>\nbought it' in left, "a line of the text is a line of the page"
    assert '<span class="esc">\\u202e</span>' in left
    assert "<b>" not in left


def test_sources_and_days_are_shown(out: Path) -> None:
    """The sources with most copies beside all they have, how many more there are, and copies by day with their sum."""
    told, shown = evidence(out, "near_duplicate"), card(out, "near_duplicate")
    assert [sum(count for _, count in told["timeline"]["bars"]), told["timeline"]["undated"]] == [16, 0]
    assert told["timeline"]["step"] == "1d"
    assert (len(told["top_sources"]), told["top_sources"][0]) == (10, ["new0.example", 1, 1])
    assert "and 6 more sources" in shown
    assert "<title>2025-03-01: 4</title>" in shown
    assert "Per day; most, 4 of 16, on 2025-03-01." in shown


def test_without_dates_the_page_says_so(out: Path) -> None:
    """No timeline is drawn where no copy has a date, and the corpus's own share of dates is told."""
    shown = card(out, "repeated_passage", "kidneys")
    assert "No copy has a date. The corpus has 231 documents, 15 of them without a date." in " ".join(shown.split())
    assert "<svg" not in shown


def test_identical_copies_are_shown_without_a_pair(out: Path) -> None:
    """Where nothing differs there are no two copies to compare, but sources and days all the same."""
    shown = card(out, "exact_duplicate")
    assert "Two copies" not in shown
    assert "planted0[.]example" in shown or "planted0.example" in shown
    assert "<svg" in shown


def test_the_exhibit_is_told_once(out: Path) -> None:
    """Findings of a group repeat its figures, but neither template, slots, copies, sources nor timeline."""
    findings = pl.read_parquet(out / "findings.parquet").filter(pl.col("detector") == "near_duplicate")
    assert len(findings) == 16
    for told in map(json.loads, findings["evidence"]):
        assert not set(EXHIBIT) & set(told)
        assert told["copies"] == 16
    summary = json.loads((out / "summary.json").read_text())
    assert not any('"pair"' in group["evidence"] for group in summary["top_groups"])


def test_the_page_is_made_from_the_tables(out: Path) -> None:
    """The page can be built again, the same to the byte."""
    page = (out / "report.html").read_bytes()
    (out / "report.html").unlink()
    pages.build(out)
    assert (out / "report.html").read_bytes() == page


def test_no_excerpts_means_no_text_anywhere(tmp_path: Path, out: Path) -> None:
    """Where no text may leave the corpus, no result holds any: title, template, fillings and copies are blank."""

    def told(folder: Path) -> str:
        tables = [json.dumps(pl.read_parquet(one).to_dicts(), default=str) for one in folder.glob("*.parquet")]
        texts = [one.read_text("utf-8") for one in folder.iterdir() if one.suffix in (".html", ".json", ".sarif")]
        return "".join([*tables, *texts])

    without = scanned(tmp_path, excerpts=False)
    groups = pl.read_parquet(without / "groups.parquet").filter(pl.col("kind") == "cluster")
    assert {"near_duplicate", "repeated_passage", "exact_duplicate"} <= set(groups["detector"])
    assert all(secret in told(out) for secret in SECRETS), "with excerpts the words are there"
    assert not [secret for secret in SECRETS if secret in told(without)]
    assert "and 6 more sources" in card(without, "near_duplicate")


def test_evidence_is_bounded(tmp_path: Path) -> None:
    """Long copies, fillings and names of sources do not make long evidence, and the difference is still in view."""
    start = " ".join(f"w{n}" for n in range(400))
    records = [
        {
            "text": f"{start} {'x' * 900}{n} " + "y z " * 2_000,
            "source": f"{n}{'s' * 5_000}",
            "date": f"19{10 + n}-01-01",
        }
        for n in range(20)
    ]
    corpus = write_jsonl(tmp_path / "corpus.jsonl", records)
    corpusscan.scan(str(corpus), str(tmp_path / "out"), detectors=("near_duplicate",), workers=1, seed=3)
    told = evidence(tmp_path / "out", "near_duplicate")
    assert len(json.dumps(told)) < 12_000
    assert len(told["timeline"]["bars"]) <= BARS
    assert [one["before"] > 0 and len(one["text"]) <= COPY for one in told["pair"]] == [True, True]
    assert told["pair"][0]["text"] != told["pair"][1]["text"]


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "{}", "{", "[1]", "[" * 5_000, '"text"', "1e999", "\x00", '{"template": 7}', '{"slots": {}}'),
        *('{"top_sources": [["a", -1, 2]]}', '{"timeline": {"bars": [["a", -3]]}}', '{"pair": [{"text": null}]}'),
    ],
)
def test_other_evidence_is_no_exhibit(text: str | None) -> None:
    """Evidence that tells nothing of the kind, or in another form, is shown without one; it is never an error."""
    assert cluster(text) is None


def test_what_is_shown_is_bounded() -> None:
    """However much evidence there is."""
    told = {
        "template": "⟨…⟩ x" * 10_000,
        "slots": [{"slot": n} for n in range(99)],
        "pair": [{"text": "a b " * 9_000}, {"text": "b a " * 9_000}],
        "top_sources": [["s" * 9_000, 1, 1]] * 99,
        "timeline": {"step": "1d", "bars": [["2025-01-01", 1]] * 999},
    }
    shown = cluster(json.dumps(told))
    assert shown is not None
    assert (len(shown.slots), len(shown.sources), len(shown.bars)) == (8, 10, BARS)
    assert len(shown.template) < 40_000
    assert all(len(text) < 20_000 for _, text in shown.pair)
