"""What a clean verdict is worth: the arithmetic, what is planted together, what counts as found, one whole run."""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from pathlib import Path

import jsonschema
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpora import Run, make_records, power_of, write_jsonl

import corpusscan
from corpusscan import power, power_quick
from corpusscan.errors import InputError, UsageError, WorkspaceError
from corpusscan.power import AT_ONCE, Campaign, Trial, families, packed, room_in, wanted
from corpusscan.redteam import discovery, sample
from corpusscan.report.power import kept, line, table
from corpusscan.workspace import Workspace

SCHEMA = json.loads((Path(corpusscan.__file__).parent / "report/summary_schema.json").read_text("utf-8"))
PAGE = "near-duplicate-flood"


def rate(documents: int, found: int, campaigns: int = 20) -> dict[str, object]:
    """One row of rates."""
    return {"family": "x", "documents": documents, "found": found, "campaigns": campaigns}


@pytest.mark.parametrize(
    ("hits", "trials", "least"),
    [(20, 20, 0.8609), (59, 59, 0.9505), (5, 5, 0.5493), (19, 20, 0.7839), (0, 20, 0.0), (1, 1, 0.05)],
)
def test_bounds_are_exact(hits: int, trials: int, least: float) -> None:
    """The lower one-sided bound of Clopper and Pearson: 20 of 20 shows at least 86 %, 59 of 59 at least 95 %."""
    assert discovery.at_least(hits, trials) == pytest.approx(least, abs=5e-5)


def test_the_smallest_size_is_one_from_which_on_all_are_found() -> None:
    """A size counts when it and every larger one are found at 95 %: a lucky small size before a gap does not."""
    told = discovery.smallest([rate(3, 20), rate(6, 2), rate(12, 19), rate(25, 20)])
    assert (told["documents"], told["found"], told["largest"]) == (12, 19, 25)
    assert told["at_least"] == pytest.approx(0.7839, abs=5e-5)
    assert discovery.smallest([rate(3, 20), rate(6, 20), rate(12, 18)])["documents"] is None
    assert discovery.smallest([rate(12, 5, 20), rate(3, 20)])["found"] == 5


def test_what_a_sample_of_shards_keeps() -> None:
    """A hundredth of the shards keeps five of 250 carriers with probability 0.11; 913 are needed for 0.95."""
    told = power_quick.sampling(0.01)
    assert {row["documents"]: round(row["probability"], 2) for row in told["campaigns"]}[250] == 0.11
    assert discovery.kept(told["certain"], 0.01) >= 0.95 > discovery.kept(told["certain"] - 1, 0.01)
    assert discovery.kept(250, 1.0) == 1.0
    assert "0.11" in kept(told)


def test_poison_stays_below_one_per_cent() -> None:
    """No planting holds a hundredth of its documents as poison, or too many campaigns; none is lost."""
    for documents in (2_000, 5_001, 50_000):
        room = room_in(documents)
        campaigns = wanted(power.FAMILIES, [size for size in (3, 6, 12, 25, 50, 100) if size <= room], 20)
        plantings = packed(campaigns, room)
        assert all(100 * sum(one.documents for one in some) < documents for some in plantings)
        assert max(map(len, plantings)) <= AT_ONCE
        for some in plantings:
            of = Counter(one.family for one in some)
            large = Counter({name: sum(one.documents for one in some if one.family == name) for name in of})
            assert all(of[name] == 1 or large[name] <= room / 5 for name in of)
        assert sorted(one for some in plantings for one in some) == sorted(campaigns)


def test_quick_plans_within_its_share() -> None:
    """What is planned takes at most 30 % of the scan; too little time or too few documents are a sentence."""
    for documents, seconds in ((400_000, 400.0), (1_000_000, 900.0), (10**7, 9_000.0)):
        chosen = power_quick.plan(documents, seconds)
        assert isinstance(chosen, power_quick.Plan)
        once = packed(wanted(power_quick.FAMILIES, chosen.sizes, 1), room_in(chosen.documents))
        assert len(once) * chosen.campaigns * chosen.seconds <= power_quick.SHARE * seconds
        assert chosen.documents >= power.LEAST
    assert "too little" in str(power_quick.plan(400_000, 20.0))
    assert "too few" in str(power_quick.plan(1_500, 10_000.0))


def test_families_are_attacks_with_parameters() -> None:
    """What is planted unasked exists; what is written wrongly is refused with a remedy."""
    assert list(families(power.FAMILIES)) == list(power.FAMILIES)
    assert set(power_quick.FAMILIES) <= set(power.FAMILIES)
    for wrong, remedy in (("hidden-dome", "did you mean"), ("hidden-dom=50", "no attack"), ("hidden-dom,way", "write")):
        with pytest.raises(UsageError, match=remedy):
            families([wrong])


def test_a_sample_is_random_seeded_and_whole(tmp_path: Path) -> None:
    """So many different records, with all their columns, of every format; the same seed draws the same."""
    records = make_records(900)
    corpus = tmp_path / "corpus"
    write_jsonl(corpus / "a.jsonl", records[:300])
    renamed = (corpus / "a.jsonl").read_bytes().replace(b'"id":"d', b'"id":"e')
    (corpus / "b.jsonl.gz").write_bytes(gzip.compress(renamed))
    pq.write_table(pa.Table.from_pylist(records[300:]), corpus / "c.parquet", row_group_size=100)
    drawn = [
        sample.draw([str(corpus)], tmp_path / f"s{n}", 400, seed, tmp_path / "o") for n, seed in enumerate((1, 1, 2))
    ]
    assert [(one.documents, one.of, one.counted) for one in drawn] == [(400, 1_200, True)] * 3
    assert drawn[0].digest == drawn[1].digest != drawn[2].digest
    lines = [json.loads(text) for text in (tmp_path / "s0/sample.jsonl").read_text("utf-8").splitlines()]
    rows = lines + pq.read_table(tmp_path / "s0/sample-0.parquet").to_pylist()
    every = {row["id"]: row for row in records}
    assert len({row["id"] for row in rows}) == 400
    assert all(every["d" + row["id"][1:]] | {"id": row["id"]} == row for row in rows)
    assert {len(lines) in range(140, 260), any(row["id"][0] == "e" for row in lines)} == {True}
    few = sample.draw([str(corpus)], tmp_path / "few", 400, 1, tmp_path / "o", shards=1)
    assert (few.counted, few.documents) == (False, min(400, few.documents))


def report_of(folder: Path, groups: list[tuple[str, str, str]], members: list[tuple[str, int]]) -> Path:
    """A report of groups (name, kind, severity) with members (group, row), each a finding."""
    folder.mkdir(parents=True)
    pl.DataFrame(groups, dict.fromkeys(("group", "kind", "severity"), pl.String), orient="row").write_parquet(
        folder / "groups.parquet"
    )
    rows = pl.DataFrame(members, {"group": pl.String, "row": pl.UInt64}, orient="row").with_columns(file=pl.lit("a"))
    rows.write_parquet(folder / "members.parquet")
    graded = rows.join(pl.read_parquet(folder / "groups.parquet"), on="group")
    graded.write_parquet(folder / "findings.parquet")
    return folder


@pytest.mark.parametrize(
    ("groups", "members", "seen"),
    [
        ([("c", "cluster", "medium")], [("c", 0), ("c", 1), ("c", 90), ("c", 91)], {"one"}),
        ([("c", "cluster", "low")], [("c", 0), ("c", 1), ("c", 2), ("c", 3)], set()),
        ([("t", "trigger", "high")], [("t", row) for row in range(8)], {"one", "two"}),
        ([("t", "trigger", "high")], [("t", row) for row in (0, 1, 2, 3, 90, 91, 92, 93, 94)], set()),
        ([("r", "rule", "medium")], [("r", 0), ("r", 1), ("r", 90), ("r", 91), ("r", 92)], {"one"}),
        ([("r", "rule", "medium")], [("r", 0)], set()),
        ([], [], set()),
    ],
)
def test_what_counts_as_found(
    tmp_path: Path, groups: list[tuple[str, str, str]], members: list[tuple[str, int]], seen: set[str]
) -> None:
    """A group at medium that is half the campaign's, or half of its documents flagged by rules; another's group not."""
    truth = pl.DataFrame({"campaign": ["one"] * 4 + ["two"] * 4 + ["gone"], "row": [*range(8), None]})
    truth.with_columns(pl.col("row").cast(pl.UInt64), file=pl.lit("a")).write_parquet(tmp_path / "truth.parquet")
    found = discovery.found(report_of(tmp_path / "report", groups, members), tmp_path / "truth.parquet")
    assert {name for name, hit in found.items() if hit} == seen


def test_the_whole_run(tmp_path: Path, called: Run, command: Run) -> None:
    """Floods are found and counted, what the corpus cannot carry is named, a second run scans nothing again."""
    corpus = write_jsonl(
        tmp_path / "c.jsonl", [row | {"source": f"s{n % 40}.example"} for n, row in enumerate(make_records(2_600))]
    )
    attacks = ("--attack", "exact-flood", "--attack", "label-flip")
    how = ("--sizes", "25,26", "--campaigns", "1", "--documents", "2600", "--detectors", "exact_duplicate", "--json")
    asked = ("redteam", "power", corpus, "-o", "out", *attacks, *how)
    first = called(*asked)
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    jsonschema.validate(told, {**SCHEMA["$defs"]["power"], "$defs": SCHEMA["$defs"]})
    assert told["sample"] == {"documents": 2_600, "of": 2_600, "counted": True}
    assert [row["what"] for row in told["left_out"]] == ["26 documents", "label-flip"]
    assert [(row["documents"], row["found"], row["campaigns"]) for row in told["rates"]] == [(25, 1, 1)]
    assert told["smallest"][0]["at_least"] == pytest.approx(0.05)
    before = (tmp_path / "out/work/plantings.jsonl").read_bytes()
    assert json.loads(command(*asked).stdout) == told
    assert (tmp_path / "out/work/plantings.jsonl").read_bytes() == before
    assert {path.name for path in (tmp_path / "out/work").iterdir()} == {
        "gate",
        "inputs.json",
        "lock",
        "plantings.jsonl",
    }
    small = called("redteam", "power", write_jsonl(tmp_path / "s.jsonl", make_records(300)), "-o", "small")
    assert small.returncode == 2
    assert "300 documents are too few" in small.stderr


def test_a_stopped_run_has_about_as_many_of_each(tmp_path: Path) -> None:
    """When there is no time for more, what was done is counted; broken lines of an earlier run count for nothing."""
    drawn = sample.Sample(tmp_path, 3_001, 9_000, counted=True, digest="x")
    attacks = families([PAGE, "exact-flood"])
    clock = iter([False, True])
    trial = Trial(drawn, attacks, lambda *_: None, tmp_path, tmp_path / "p", enough=lambda: next(clock))
    (tmp_path / power.KEPT).write_bytes(b'\n{"key": "cut sho')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            power, "_planted", lambda _, some, seed: {"campaigns": [[*one, True] for one in some], "left_out": {}}
        )
        told = power.measure(trial, [12, 50], 4)
    assert [(row["family"], row["documents"], row["campaigns"]) for row in told["rates"]] == [
        (PAGE, 12, 1),
        ("exact-flood", 12, 1),
    ] or told["plantings"] == 1
    assert told["left_out"] == [{"what": "50 documents", "reason": "more than 1 % of 3,001"}]


def manifest(report: Path, lost: tuple[str, ...] = (), broken: tuple[str, ...] = ()) -> None:
    """What a scan says of itself."""
    report.mkdir(parents=True, exist_ok=True)
    run = {"detectors_not_run": [{"name": name, "reason": "died"} for name in broken]}
    told = {"run": run, "lost": [{"reason": reason} for reason in lost]}
    (report / "manifest.json").write_text(json.dumps(told))


def test_what_was_not_looked_at_was_not_missed(tmp_path: Path) -> None:
    """A scan in which a detector or a worker gave up counts for nothing: it is an error, and can be given again."""
    manifest(tmp_path)
    power._require_whole(tmp_path)
    for how in ({"lost": ("killed",)}, {"broken": ("rules",)}):
        manifest(tmp_path, **how)
        with pytest.raises(WorkspaceError, match="give the same command again"):
            power._require_whole(tmp_path)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("7 7 7 7 " * 30, "too few words"),
        ("one text that everybody copied, as it stands here, " * 4, ""),
        ("x", "no record with a text of 80 characters"),
    ],
)
def test_odd_corpora_are_a_sentence(tmp_path: Path, text: str, remedy: str) -> None:
    """Copies of one text from one source are measured; digits, and texts too short to build on, are one sentence."""
    corpus = write_jsonl(tmp_path / "c.jsonl", [{"text": text, "source": "one.example"}] * 2_600)
    scanned: list[object] = []

    def scan(_: Path, report: Path) -> None:
        manifest(report)
        scanned.append(1)

    done = {"scan": scan, "show": lambda _: None, "settings": None, "seed": 1}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discovery, "found", lambda *_: {})
        how = {"attacks": [PAGE], "sizes": [12], "campaigns": 1, "documents": 2_600}
        if remedy:
            with pytest.raises(InputError, match=remedy):
                power.of_corpus(str(corpus), tmp_path / "out", **done, **how)
        else:
            assert power.of_corpus(str(corpus), tmp_path / "out", **done, **how)["rates"][0]["found"] == 0
    assert len(scanned) == (not remedy)


def test_quick_never_breaks_a_scan(tmp_path: Path) -> None:
    """Where a corpus cannot be planted into, or time is short, the summary says why; a resumed scan says the same."""
    corpus = write_jsonl(tmp_path / "c.jsonl", [{"text": "x"}] * 3_000)
    calls: list[object] = []
    scan = power_quick.Finished([str(corpus)], tmp_path / "o", tmp_path / "o/work", 400_000, 1.0, 1_000.0, 1, "key")
    config = corpusscan.config.build({"power": "quick"}, "test")
    workspace = Workspace(tmp_path / "o/work")
    for _ in range(2):
        told = power_quick.of_scan(scan, config, lambda *_: calls.append(1), workspace, lambda _: None)
        assert told is not None
        assert "no record with a text of 80 characters" in told["reason"]
    assert not calls
    assert not (tmp_path / "o/work/power").exists()
    watch = power_quick._Watch(10.0, 20.0)
    assert watch.over()
    assert not power_quick._Watch(time.monotonic(), 0.0).over()


def test_a_scan_of_a_part_says_what_that_keeps(tmp_path: Path, called: Run) -> None:
    """With --sample the summary, the terminal and the page tell what a campaign keeps in the shards that were read."""
    for part in range(4):
        write_jsonl(tmp_path / f"c/p{part}.jsonl", make_records(20, part))
    done = called("scan", "c", "-o", "out", "--sample", "0.25", "--power", "quick", "--detectors", "rules", "--json")
    assert done.returncode == 3, done.stderr
    summary = json.loads(done.stdout)
    jsonschema.validate(summary, SCHEMA)
    assert summary["power"]["sampling"]["share"] == 0.25
    assert "too few" in summary["power"]["reason"]
    assert "with probability 1" in " ".join(done.stderr.split())
    page = (tmp_path / "out/report.html").read_text("utf-8")
    assert "Of a campaign spread evenly" in page
    assert "too few to plant" in page


def test_sentences_name_size_bound_and_sample() -> None:
    """Terminal and table say the size, what the rate is at least, and in how many of how many documents."""
    summary = {"power": power_of(["hidden-dom,way=comment"])}
    assert "hidden-dom way=comment from 12 documents (20 of 20, at least 86 %)" in table(summary["power"]["measured"])
    assert "hidden-dom way=comment of 12 (at least 86 %)" in line(summary)
    for said in (line(summary), table(summary["power"]["measured"])):
        assert "10,001 of 400,000 documents" in said
    assert line({"power": None}) == ""
    for row in summary["power"]["measured"]["smallest"]:
        row |= {"documents": None, "found": 18}
    assert "not surely hidden-dom way=comment of 50" in line(summary)
    assert "hidden-dom way=comment up to 50 documents (18 of 20)" in table(summary["power"]["measured"])


def test_campaigns_are_named_by_family_and_size() -> None:
    """Every family in every size, once a round: a run that ends early has about as many of each."""
    assert wanted(["a", "b"], [3, 6], 2)[:4] == [Campaign(*one) for one in (("a", 3), ("a", 6), ("b", 3), ("b", 6))]
