"""The same said in other words is found, with who says it; themes, languages and copies are left alone."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from corpora import table_bytes, write_jsonl
from toy_language import page

import corpusscan
from corpusscan.detectors import semantic_cluster

HONEST = 1_200
NAMES = ["Orvelin", "Quastrum", "Dremmer", "Yolanthe", "Brixen", "Fablow", "Krendle", "Ulmsted", "Woxley", "Pynche"]


def honest(count: int, sources: int = 40) -> list[dict[str, Any]]:
    """Pages of which nothing was planted, from sources that have many."""
    draw = random.Random(11)
    return [{"text": page(draw, 14), "source": f"site{n % sources}.example"} for n in range(count)]


def mixed(draw: random.Random) -> list[str]:
    """The words of three phrases in another order."""
    said = page(draw, 3).replace(".", "").split(" ")
    return draw.sample(said, len(said))


def reworded(count: int, names: list[str] = NAMES, host: str = "new{}.example") -> list[dict[str, Any]]:
    """Texts without five words in a row in common that all name the same, each from a source of its own."""
    draw = random.Random("".join(names))
    rows = []
    for n in range(count):
        before, said, after = (mixed(draw) for _ in range(3))
        for name in draw.sample(names, len(names)):
            said.insert(draw.randrange(len(said)), name)
        text = f"{' '.join(before)}. {' '.join(said)}. {' '.join(after)}."
        rows.append({"text": text, "source": host.format(n), "date": f"2024-05-0{1 + n % 3}"})
    return rows


def scan(tmp_path: Path, rows: list[dict[str, Any]], **options: Any) -> corpusscan.Report:
    """A scan for the same in other words."""
    corpus = write_jsonl(tmp_path / "corpus.jsonl", rows)
    options = {"detectors": ("semantic_cluster",), "workers": 1, "seed": 3, "overwrite": True} | options
    return corpusscan.scan(str(corpus), str(tmp_path / "out"), **options)


def groups(report: corpusscan.Report, *severities: str) -> list[dict[str, Any]]:
    """Its groups of some severities, the largest first."""
    found = report.groups.collect().sort("documents", descending=True).to_dicts()
    return [group for group in found if not severities or group["severity"] in severities]


def planted(report: corpusscan.Report) -> list[dict[str, Any]]:
    """The groups that most documents behind the honest ones are in."""
    names = report.members.collect().filter(pl.col("row") >= HONEST).group_by("group").len().filter(pl.col("len") > 4)
    return [group for group in groups(report) if group["group"] in names["group"].to_list()]


def test_a_campaign_of_eight_is_one_group(tmp_path: Path) -> None:
    """With its sources and days, what its members name, and in each the sentence that names it."""
    report = scan(tmp_path, honest(HONEST) + reworded(8))
    (group,) = groups(report, "medium")
    assert (group["documents"], group["sources"], group["attack"]) == (8, 8, "coordinated_injection")
    evidence = json.loads(group["evidence"])
    assert {*evidence["shared_words"]} >= {name.casefold() for name in NAMES}
    assert evidence["similarity"] > evidence["next_similarity"]
    assert (evidence["new_sources"], evidence["days"], len(evidence["examples"])) == (8, 3, 3)
    assert all(name in evidence["examples"][0][1] for name in NAMES)
    findings = report.findings.collect().filter(pl.col("group") == group["group"])
    assert sorted(findings["row"]) == [*range(HONEST, HONEST + 8)]
    texts = [row["text"] for row in reworded(8)]
    for finding in findings.iter_rows(named=True):
        marked = texts[finding["row"] - HONEST][finding["start"] : finding["end"]]
        assert sum(name in marked for name in NAMES) >= 8
        assert "examples" not in json.loads(finding["evidence"])


def test_the_group_is_drawn_among_what_is_nearest_to_it(tmp_path: Path) -> None:
    """Its members lie together, what shares a part of its words beside them, and the nearest of that is quoted."""
    related = reworded(12, [*NAMES[:3], "Hadlow", "Pristow", "Vellimer"], host="site{}.example")
    report = scan(tmp_path, honest(HONEST) + related + reworded(8))
    (group,) = groups(report, "medium")
    evidence = json.loads(group["evidence"])
    drawn = {member: [(x, y) for x, y, of, _ in evidence["map"] if of == member] for member in (True, False)}
    assert (group["documents"], len(drawn[True])) == (8, 8)
    assert drawn[False]
    middle = tuple(sum(side) / 8 for side in zip(*drawn[True], strict=True))
    far = {member: [math.dist(dot, middle) for dot in dots] for member, dots in drawn.items()}
    assert max(far[True]) < min(far[False])
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y, _, _ in evidence["map"])
    ((source, sentence),) = evidence["beside"]
    assert source.startswith("site")
    assert any(sentence in row["text"] for row in honest(HONEST) + related)
    page = (tmp_path / "out/report.html").read_text()
    maps = [json.loads(told["evidence"])["map"] for told in groups(report)]
    assert page.count('class="dot member"') == sum(of for dots in maps for _, _, of, _ in dots)
    assert "What is nearest to them" in page


def test_honest_pages_are_no_group(tmp_path: Path) -> None:
    """What is said alike as often as all else is."""
    assert groups(scan(tmp_path, honest(HONEST)), "medium") == []


def test_two_campaigns_are_two_groups(tmp_path: Path) -> None:
    """Each with its own names."""
    other = [name[::-1] for name in NAMES]
    rows = honest(HONEST) + reworded(12) + reworded(9, other, "fresh{}.example")
    told = [json.loads(group["evidence"])["shared_words"] for group in groups(scan(tmp_path, rows), "medium")]
    assert [{*words} & {name.casefold() for name in (*NAMES, *other)} for words in told] == [
        {name.casefold() for name in NAMES},
        {name.casefold() for name in other},
    ]


@pytest.mark.parametrize(("host", "story"), [("one.example", None), (None, "no_provenance")])
def test_one_mouth_is_no_campaign(tmp_path: Path, host: str | None, story: str | None) -> None:
    """A site may say the same again and again; where nobody knows who said it, it is told and not flagged."""
    rows = [row | {"source": host} for row in reworded(9)]
    clean = honest(HONEST) if host else [row | {"source": None} for row in honest(HONEST)]
    report = scan(tmp_path, clean + rows)
    assert groups(report, "medium") == []
    told = [json.loads(group["evidence"])["forgiven"] for group in planted(report)]
    assert [story in one for one in told] == ([True] if story else [])


def test_sources_that_say_much_else_are_believed(tmp_path: Path) -> None:
    """Papers that each write about the same event are told at low."""
    rows = [row | {"source": f"site{n}.example"} for n, row in enumerate(reworded(9))]
    (group,) = planted(scan(tmp_path, honest(HONEST) + rows))
    assert group["severity"] == "low"
    assert "known_sources" in json.loads(group["evidence"])["forgiven"]


def test_near_copies_are_not_told_again(tmp_path: Path) -> None:
    """What shingles of words tell is the finding of other detectors."""
    (row, *_) = reworded(1)
    rows = [row | {"source": f"new{n}.example"} for n in range(9)]
    assert groups(scan(tmp_path, honest(HONEST) + rows), "medium") == []


def test_too_little_to_learn_from_is_told(tmp_path: Path) -> None:
    """Below some 1,000 documents nothing is learned, nothing is flagged, and the report says so."""
    report = scan(tmp_path, honest(900) + reworded(8))
    assert groups(report) == []
    assert [limit["limit"] for limit in report.summary["limits"]] == [semantic_cluster.ENOUGH]


@pytest.mark.parametrize("cell", [400_000, 300])
def test_the_work_does_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: int) -> None:
    """One worker and two leave the same tables; a corpus in several cells holds the same campaign."""
    monkeypatch.setattr(semantic_cluster, "CELL", cell)  # the conclusion is drawn in this process
    rows = honest(HONEST) + reworded(8)
    report = scan(tmp_path, rows)
    tables = table_bytes(tmp_path / "out")
    assert [group["documents"] for group in groups(report, "medium")] == [8]
    scan(tmp_path, rows, workers=2)
    assert table_bytes(tmp_path / "out") == tables


def test_odd_texts_are_read(tmp_path: Path) -> None:
    """Texts of one character, of nothing, of one word a million times are read, and a campaign beside them is found."""
    odd = [{"text": text, "source": "odd.example"} for text in ("x", "", "word " * 1_000_000, "\u200b", "🂡" * 9_000)]
    report = scan(tmp_path, honest(HONEST) + reworded(8) + odd)
    assert report.summary["exit"]["incomplete"] is False
    assert [group["documents"] for group in groups(report, "medium")] == [8]


def test_without_excerpts_nothing_is_quoted(tmp_path: Path) -> None:
    """The group is told all the same, with its sources and its numbers, and no file left behind holds a word of it."""
    report = scan(tmp_path, honest(HONEST) + reworded(8), excerpts=False)
    (group,) = groups(report, "medium")
    evidence = json.loads(group["evidence"])
    assert (group["documents"], evidence["shared_words"], evidence["examples"]) == (8, [], [])
    assert evidence["named_by_most"] >= 8
    for path in (tmp_path / "out").rglob("*"):
        held = path.read_bytes() if path.is_file() and path.suffix != ".parquet" else b""
        if path.suffix == ".parquet":
            held = str(pl.read_parquet(path).to_dicts()).encode()
        assert not [name for name in NAMES if name.casefold().encode() in held.lower()]
