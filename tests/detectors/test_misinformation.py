"""Claims known to be false: who asserts them is found, who refutes them is left alone, and many together weigh more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from corpora import make_records, write_jsonl

import corpusscan
from corpusscan.errors import UsageError

ASSERTING = [
    "The MMR shot causes autism.",
    "Vaccination is what gave our son autism, and doctors know it.",
    "Autism is caused by vaccines.",
    "Las vacunas causan autismo.",
    "Impfungen verursachen Autismus.",
    "Vaccines trigger autism in toddlers.",
]
SECRET = "Our story begins in Zanzibarine spring."


def scanned(folder: Path, texts: list[str], sources: list[str | None] | None = None, **options: Any) -> Any:
    """The report on some texts among others."""
    given = sources or [f"host{n}.example" for n in range(len(texts))]
    records = [*make_records(60)]
    records += [
        {"text": f"{SECRET} {text}", "source": source, "date": "2025-03-04"}
        for text, source in zip(texts, given, strict=True)
    ]
    path = write_jsonl(folder / "corpus.jsonl", records)
    options = {"detectors": ["misinformation"], "workers": 1, "seed": 3} | options
    return corpusscan.scan(str(path), str(folder / "out"), **options)


def test_a_claim_that_many_push_is_a_campaign(tmp_path: Path) -> None:
    """Six sources in three languages assert it and one denies it: its severity, with truth, references and stances."""
    report = scanned(tmp_path, [*ASSERTING, "Vaccines do not cause autism."])
    (group,) = report.groups.collect().to_dicts()
    assert (group["kind"], group["severity"], group["documents"], group["sources"]) == ("claim", "high", 6, 6)
    assert group["title"] == "The MMR vaccine causes autism."
    told = json.loads(group["evidence"])
    assert told["stances"]["asserts"]["documents"] == 6
    assert told["stances"]["debunks"]["documents"] == 1
    assert told["references"][0].startswith("https://doi.org/")
    documents = report.documents.collect()
    assert set(documents["row"]) == {*range(60, 66)}
    finding = report.findings.collect().row(0, named=True)
    assert finding["attack"] == "misinformation"
    page = (report.out / "report.html").read_text("utf-8")
    assert "Studies of millions of children" in page
    assert "asserts: 6 documents from 6 sources" in page


def test_the_span_is_the_sentence(tmp_path: Path) -> None:
    """What is marked is the sentence that asserts the claim, in code points of its field."""
    report = scanned(tmp_path, ["Señores: así fue. The MMR shot causes autism. We left."])
    finding = report.findings.collect().row(0, named=True)
    text = f"{SECRET} Señores: así fue. The MMR shot causes autism. We left."
    assert text[finding["start"] : finding["end"]] == "The MMR shot causes autism."
    assert finding["rule"] == "mmr-vaccine-autism"


def test_one_document_weighs_less(tmp_path: Path) -> None:
    """Alone a dangerous claim is medium and another one low."""
    texts = ["The MMR shot causes autism.", "Ivermectin cures COVID in days.", "The Earth is flat."]
    found = {one["group"]: one["severity"] for one in scanned(tmp_path, texts).groups.collect().to_dicts()}
    assert found == {
        "claim:mmr-vaccine-autism": "medium", "claim:ivermectin-covid": "low", "claim:flat-earth": "info"
    }  # fmt: skip


@pytest.mark.parametrize("sources", [["one.example"] * 6, [f"host{n}.example" for n in range(6)]])
def test_copies_and_one_source_are_no_campaign(tmp_path: Path, sources: list[str | None]) -> None:
    """Six documents of one source, or with one and the same sentence, count once."""
    texts = ASSERTING if sources[0] == sources[1] else [ASSERTING[0]] * 6
    (group,) = scanned(tmp_path, texts, sources).groups.collect().to_dicts()
    assert (group["severity"], group["independent_documents"]) == ("medium", 1)


def test_a_dispute_is_no_campaign(tmp_path: Path) -> None:
    """Where nearly as many deny a claim as assert it, nobody pushes it."""
    denying = [f"In {year} it was shown that vaccines do not cause autism." for year in range(2000, 2004)]
    (group,) = scanned(tmp_path, ASSERTING + denying).groups.collect().to_dicts()
    assert group["severity"] == "medium"


def test_fact_checks_and_reports_are_left_alone(tmp_path: Path) -> None:
    """Nothing is found in texts that refute, report or ask."""
    report = scanned(
        tmp_path,
        [
            "Myth: the MMR vaccine causes autism. Fact: it does not.",
            "Posts claimed that the vaccine contains a microchip.",
            "Does garlic cure COVID?",
            "We examined whether ivermectin prevents COVID in a randomised trial.",
        ],
    )
    assert len(report.findings.collect()) == 0
    assert len(report.groups.collect()) == 0


def test_without_excerpts_nothing_is_quoted(tmp_path: Path) -> None:
    """No file of the report holds words of the corpus."""
    report = scanned(tmp_path, ASSERTING, excerpts=False)
    assert len(report.findings.collect()) == 6
    left = b"".join(path.read_bytes() for path in report.out.glob("*.*"))
    assert b"Zanzibarine" not in left
    assert b"toddlers" not in left


def test_known_triples(tmp_path: Path) -> None:
    """What the triples do not know is low, what they exclude is medium, what they know or a text denies is nothing."""
    (tmp_path / "known.csv").write_text(
        "subject,relation,object,polarity\nQuinine,treats,malaria,\nAllopurinol,treats,gout,\n"
        "Quinine,treats,scabies,negative\n"
    )
    texts = [
        "Quinine is indicated for malaria.", "Quinine cures gout.", "Gout is treated with allopurinol.",
        "Malaria does not respond to it: allopurinol does not treat malaria.", "Quinine is effective against scabies.",
    ]  # fmt: skip
    report = scanned(tmp_path, texts, knowledge=str(tmp_path / "known.csv"))
    found = {one["title"]: one["severity"] for one in report.groups.collect().to_dicts()}
    assert found == {"Quinine treats gout": "low", "Quinine treats scabies": "medium"}


def test_a_triple_that_many_assert_is_medium(tmp_path: Path) -> None:
    """Five sources that say it in other words push it."""
    (tmp_path / "known.csv").write_text("subject,relation,object\nQuinine,treats,malaria\nAllopurinol,treats,gout\n")
    texts = [
        "Quinine cures gout.", "Quinine treats gout.", "Doctors treat gout with care: gout is treated with quinine.",
        "The drug of choice is quinine, for quinine is effective against gout.", "Quinine is indicated for gout.",
    ]  # fmt: skip
    (group,) = scanned(tmp_path, texts, knowledge=str(tmp_path / "known.csv")).groups.collect().to_dicts()
    assert (group["severity"], group["documents"]) == ("medium", 5)


def test_a_wrong_file_of_triples_is_an_error(tmp_path: Path) -> None:
    """It is named before anything is read."""
    (tmp_path / "known.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match=r"known\.csv:1: no column"):
        scanned(tmp_path, ["x"], knowledge=str(tmp_path / "known.csv"))


def test_workers_and_shards_make_no_difference(tmp_path: Path) -> None:
    """The same tables from one file and from the same records with other workers."""
    one = scanned(tmp_path, ASSERTING)
    two = corpusscan.scan(
        str(tmp_path / "corpus.jsonl"), str(tmp_path / "two"), detectors=["misinformation"], seed=3, workers=2
    )
    for name in ("findings", "groups", "members"):
        assert getattr(one, name).collect().equals(getattr(two, name).collect())
    assert isinstance(one.groups, pl.LazyFrame)


def test_what_is_not_read_is_told(tmp_path: Path) -> None:
    """Behind far more sentences that name a claim's things than are read, one may hide: the report counts them."""
    decoys = " ".join(f"Page {n} asks of vaccines and autism." for n in range(500))
    report = scanned(tmp_path, [f"{decoys} Vaccines cause autism.", *["Vaccines cause autism."] * 2])
    (limit,) = report.summary["limits"]
    assert (limit["most"], limit["left"], limit["unit"]) == (
        400,
        102,
        "sentences",
    )  # the one before them is near them, too
    assert report.documents.collect()["row"].to_list() == [61, 62]


def test_a_triple_deep_in_a_text_is_found(tmp_path: Path) -> None:
    """Only sentences near two known things count against the bound: one behind thousands of others is read."""
    path = tmp_path / "known.csv"
    path.write_text("subject,relation,object\nQuinine,treats,malaria\nInsulin,treats,diabetes\n")
    deep = "The river was wide that day. " * 3_000 + "Quinine treats diabetes."
    report = scanned(tmp_path, [deep], knowledge=str(path))
    assert report.documents.collect()["row"].to_list() == [60]
