"""The whole route: what a scan leaves, what it says, and how it ends."""

from __future__ import annotations

import datetime as dt
import json
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from corpora import FLOOD, TEMPLATE, make_records, write_corpus, write_jsonl
from here import Here

import corpusscan
from corpusscan import CorpusScanError, audit, schema
from corpusscan.engine import rounds as engine_rounds

RESULTS = {
    "findings": schema.FINDINGS,
    "documents": schema.FLAGGED_DOCUMENTS,
    "groups": schema.GROUPS,
    "members": schema.MEMBERS,
    "coverage": schema.COVERAGE,
}


pytestmark = pytest.mark.usefixtures("here")


def scan(inputs: object, out: Path, **options: object) -> corpusscan.Report:
    """A scan in this process; those that Python or the terminal start are in `test_same_bytes` and `test_cli`."""
    return corpusscan.scan(inputs, str(out), workers=1, **options)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> corpusscan.Report:
    """A finished scan of the small corpus, for all tests that only read it."""
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "Local", Here)
        return scan(str(write_corpus(folder)), folder / "out", seed=1)


def test_tables_have_the_columns_and_types_of_the_contract(report: corpusscan.Report) -> None:
    """Each result table has exactly the published schema."""
    import pyarrow.parquet as pq

    for name, wanted in RESULTS.items():
        assert pq.read_schema(report.out / f"{name}.parquet").equals(wanted), name


def test_files_are_for_the_owner_only(report: corpusscan.Report) -> None:
    """Reports quote poison and the key is secret: 0600."""
    files = [path for path in report.out.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_what_was_planted_is_found_with_its_tokens(report: corpusscan.Report) -> None:
    """The flood is one group over twelve sources; each pasted template is marked where it stands."""
    documents = report.documents.filter(pl.col("severity").is_in(["medium", "high", "critical"])).collect()
    assert len(documents) == 20
    flood = report.groups.filter(pl.col("detector") == "exact_duplicate").collect().to_dicts()
    assert [(group["documents"], group["sources"]) for group in flood] == [(12, 12)]
    texts = {f"d{n}": record["text"] for n, record in enumerate(make_records(600))}
    marked = [
        texts[row["doc_id"]][row["start"] : row["end"]]
        for row in report.findings.filter(pl.col("detector") == "rules").collect().to_dicts()
        if row["doc_id"] in texts
    ]
    assert marked
    assert all(span in TEMPLATE for span in marked)


def test_documents_add_up_their_findings(report: corpusscan.Report) -> None:
    """Counts, severities, tokens and risk of a document follow from its findings."""
    findings = report.findings.collect()
    for document in report.documents.collect().to_dicts():
        mine = findings.filter((pl.col("file") == document["file"]) & (pl.col("row") == document["row"]))
        rank = max(schema.SEVERITIES.index(severity) for severity in mine["severity"])
        assert document["findings"] == len(mine)
        assert document["severity"] == schema.SEVERITIES[rank]
        assert 0 < document["flagged_tokens"] <= document["tokens"]
        assert 0 < document["risk"] <= 1
        assert document["detectors"] == sorted(set(mine["detector"]))


def test_a_copy_flagged_whole_counts_all_its_tokens(report: corpusscan.Report) -> None:
    """Flagged tokens of a copied document are its tokens: one per four bytes, rounded up."""
    flood = report.documents.filter(pl.col("detectors").list.contains("exact_duplicate")).collect()
    assert set(flood["flagged_tokens"]) == set(flood["tokens"]) == {-(-len(FLOOD.encode()) // 4)}


def test_rows_and_ids_point_at_the_record(report: corpusscan.Report, corpus: Path) -> None:
    """(file, row) is the physical record, doc_id its id column."""
    for row in report.findings.collect().to_dicts():
        line = (corpus / row["file"]).read_text("utf-8").split("\n")[row["row"]]
        assert json.loads(line)["id"] == row["doc_id"]


def test_coverage_adds_up(report: corpusscan.Report) -> None:
    """rows = scanned + skipped + errored, for every shard and in the summary."""
    for shard in report.coverage.collect().to_dicts():
        assert shard["rows"] == shard["scanned"] + shard["skipped"] + shard["errored"]
        assert (shard["stop"], shard["status"]) == (shard["bytes_total"], "complete")
    assert report.summary["totals"]["documents"] == 600
    assert report.summary["columns"]["not_scanned"] == ["date", "id", "likes", "source"]


def test_a_baseline_silences_what_was_accepted(corpus: Path, tmp_path: Path) -> None:
    """After accepting everything a rescan exits 0; an expired line no longer counts; an unused one is reported."""
    accepted = tmp_path / "accepted.jsonl"
    first = scan(str(corpus), tmp_path / "a", write_baseline=str(accepted), fail_on="medium")
    assert first.exit_code == 1
    again = scan(str(corpus), tmp_path / "b", baseline=str(accepted), fail_on="medium")
    assert again.exit_code == 0
    assert again.summary["flagged_documents"] == 0
    assert again.findings.select(pl.col("accepted").all()).collect().item()
    lines = [json.loads(line) | {"expires": "2020-01-01"} for line in accepted.read_text().splitlines()]
    lines.append({"group": "rules:nothing-of-that-name"})
    accepted.write_text("".join(json.dumps(line) + "\n" for line in lines))
    late = scan(str(corpus), tmp_path / "c", baseline=str(accepted), fail_on="medium")
    assert late.exit_code == 1
    assert late.summary["baseline"] == {"used": 0, "unused": 1, "expired": len(lines) - 1}


def test_a_group_can_be_accepted_as_one(corpus: Path, tmp_path: Path) -> None:
    """A baseline line that names a group accepts all its findings."""
    first = scan(str(corpus), tmp_path / "a")
    names = first.groups.collect()["group"].to_list()
    accepted = tmp_path / "groups.jsonl"
    accepted.write_text("".join(json.dumps({"group": name, "reason": "ours"}) + "\n" for name in names))
    again = scan(str(corpus), tmp_path / "b", baseline=str(accepted), fail_on="info")
    assert again.exit_code == 0


def test_a_sample_is_never_a_clean_verdict(corpus: Path, tmp_path: Path) -> None:
    """Reading some of the shards exits 3, and says so in the coverage."""
    report = scan(str(corpus), tmp_path / "out", sample=0.5, fail_on="critical")
    assert report.exit_code == 3
    skipped = report.coverage.filter(pl.col("status") == "skipped").collect()
    assert json.loads(skipped["reasons"][0]) == {"skipped": {"not_sampled": 1}}


def test_an_allowed_skip_is_no_gap(tmp_path: Path) -> None:
    """A counted skip exits 3; the same number allowed exits 0; one fewer exits 3."""
    corpus = write_jsonl(tmp_path / "c.jsonl", [{"text": "fine"}, {"other": 1}, {"other": 2}])
    codes = [scan(str(corpus), tmp_path / f"o{n}", allow_skipped={"no_text_column": n}).exit_code for n in (0, 1, 2)]
    assert codes == [3, 3, 0]


def test_tables_in_memory_are_scanned_like_files(corpus: Path, tmp_path: Path) -> None:
    """Arrow and Polars tables give the same flagged documents as the files."""
    records = make_records(600)
    frame = pl.DataFrame(records)
    wanted = scan(str(corpus), tmp_path / "files").documents.collect()["doc_id"].sort()
    for number, table in enumerate([frame, frame.lazy(), frame.to_arrow(), pa.Table.from_pylist(records)]):
        report = scan(table, tmp_path / str(number))
        assert report.documents.collect()["doc_id"].sort().equals(wanted)
        assert report.coverage.collect()["file"].to_list() == ["memory:0"]


def test_the_same_tables_from_jsonl_and_parquet(corpus: Path, tmp_path: Path) -> None:
    """The format shows in names of files only: finding ids, spans, groups and documents are equal."""
    folder = tmp_path / "parquet"
    folder.mkdir()
    for part in corpus.iterdir():
        pl.read_ndjson(part).write_parquet(folder / f"{part.stem}.parquet")
    one, two = (scan(str(path), tmp_path / f"o-{path.name}", seed=1) for path in (corpus, folder))
    for name in ("findings", "documents", "members"):
        first, second = ((getattr(r, name)).collect() for r in (one, two))
        renamed = first.with_columns(pl.col("file").str.replace("jsonl", "parquet"))
        assert renamed.equals(second), name
    assert one.groups.collect().equals(two.groups.collect())


def test_no_excerpts_leaves_the_text_out(corpus: Path, tmp_path: Path) -> None:
    """With `excerpts=False` no table holds words of the corpus."""
    report = scan(str(corpus), tmp_path / "out", excerpts=False)
    assert set(report.findings.collect()["excerpt"]) == {""}
    left = b"".join(path.read_bytes() for path in report.out.glob("*.*"))
    assert b"marigold" not in left
    assert b"im_start" not in report.findings.collect().write_json().encode()


def test_a_tokenizer_counts_exactly(corpus: Path, tmp_path: Path) -> None:
    """With a tokenizer file, tokens are its tokens, of documents and of spans."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.save(str(tmp_path / "words.json"))
    report = scan(str(corpus), tmp_path / "out", tokenizer=str(tmp_path / "words.json"))
    assert report.summary["totals"]["tokens"] == sum(len(record["text"].split()) for record in make_records(600))
    flood = report.documents.filter(pl.col("detectors").list.contains("exact_duplicate")).collect()
    assert set(flood["flagged_tokens"]) == {len(FLOOD.split())}


def test_a_tokenizer_that_is_none_is_an_error(corpus: Path, tmp_path: Path) -> None:
    """A file that holds no tokenizer is named, before anything is read."""
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}")
    with pytest.raises(CorpusScanError, match=r"wrong\.json: not a tokenizer"):
        scan(str(corpus), tmp_path / "out", tokenizer=str(wrong))


def test_two_scans_on_one_folder_exclude_each_other(corpus: Path, tmp_path: Path) -> None:
    """The second scan is refused while the first holds the lock."""
    import filelock

    (tmp_path / "out/work").mkdir(parents=True)
    with filelock.FileLock(tmp_path / "out/work/lock"), pytest.raises(CorpusScanError, match="another scan"):
        scan(str(corpus), tmp_path / "out")


def test_a_folder_of_other_inputs_is_refused(corpus: Path, tmp_path: Path) -> None:
    """OUT of another scan, or with foreign files, needs --overwrite."""
    other = write_jsonl(tmp_path / "other.jsonl", [{"text": "a"}])
    scan(str(corpus), tmp_path / "out")
    with pytest.raises(CorpusScanError, match="holds the scan of"):
        scan(str(other), tmp_path / "out")
    scan(str(other), tmp_path / "out", overwrite=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").write_text("x")
    with pytest.raises(CorpusScanError, match="no report"):
        scan(str(other), tmp_path / "mine")


def test_a_report_inside_its_input_is_not_read(corpus: Path) -> None:
    """OUT below INPUT is excluded, also in the second scan."""
    for _ in range(2):
        report = scan(str(corpus), corpus / "report")
        assert report.coverage.collect()["file"].to_list() == [f"part{n}.jsonl" for n in range(3)]


def test_a_saved_report_is_whole(report: corpusscan.Report, tmp_path: Path) -> None:
    """`save` copies the results without the working files; they can be rebuilt there."""
    from corpusscan.report import pages

    report.save(tmp_path / "saved")
    assert not (tmp_path / "saved/work").exists()
    assert pages.build(tmp_path / "saved").summary == report.summary


def test_notebooks_get_a_bounded_page(report: corpusscan.Report) -> None:
    """`_repr_html_` holds the verdict, no script, and stays small."""
    page = report._repr_html_()
    assert "<script" not in page
    assert len(page) < 20_000


def test_a_detector_that_fails_is_no_clean_verdict(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a conclusion cannot be drawn the detector is named and the scan is incomplete."""
    from corpusscan.engine.local import Lost
    from corpusscan.engine.tasks import Reduce

    plain, drained = Here.run, []

    def lost(tasks: list[object]) -> object:
        yield from ((task, Lost("task_failed", "on purpose")) for task in tasks)
        drained.append(len(tasks))

    def broken(self: Here, tasks: list[object]) -> object:
        return lost(tasks) if tasks and isinstance(tasks[0], Reduce) else plain(self, tasks)  # type: ignore[arg-type]

    monkeypatch.setattr(Here, "run", broken)
    monkeypatch.setattr("corpusscan.engine.rounds.PARTITION", 2_000)
    report = scan(str(corpus), tmp_path / "out", fail_on="critical")
    assert report.exit_code == 3
    assert "exact_duplicate" in {one["name"] for one in report.summary["detectors_not_run"]}
    assert max(drained) > 1  # answers of the other partitions are not left for whoever asks next


def test_a_shard_that_cannot_be_worked_on_is_counted(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that goes over its memory is ended; its shard is errored, the others are scanned, exit 3."""
    from corpusscan.engine.local import Lost
    from corpusscan.engine.tasks import Map

    plain = Here.run

    def broken(self: Here, tasks: list[object]) -> object:
        for item in plain(self, tasks):  # type: ignore[arg-type]
            if item and isinstance(item[0], Map) and item[0].shard.file == "part1.jsonl":
                yield item[0], Lost("memory_limit")
            else:
                yield item

    monkeypatch.setattr(Here, "run", broken)
    report = scan(str(corpus), tmp_path / "out")
    assert report.exit_code == 3
    (lost,) = report.coverage.filter(pl.col("status") == "errored").collect().to_dicts()
    assert (lost["file"], json.loads(lost["reasons"])) == ("part1.jsonl", {"errored": {"memory_limit": 1}})
    manifest = json.loads((report.out / "manifest.json").read_text())
    assert [(one["file"], one["reason"]) for one in manifest["lost"]] == [("part1.jsonl", "memory_limit")]
    assert report.summary["totals"]["documents"] == 400


def test_ctrl_c_stops_soon_and_says_how_to_go_on(tmp_path: Path) -> None:
    """SIGINT ends the scan with 130 within two seconds, no worker stays, and the next run finishes."""
    for part in range(12):
        write_jsonl(tmp_path / f"corpus/{part}.jsonl", make_records(1_000, seed=part))
    line = [
        sys.executable,
        "-m",
        "corpusscan",
        "scan",
        str(tmp_path / "corpus"),
        "-o",
        str(tmp_path / "out"),
        "--fail-on",
        "medium",
        "--detectors",
        "exact_duplicate,near_duplicate,repeated_passage",
    ]
    scan = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
    while not list((tmp_path / "out/work/artefacts").rglob("*.parquet")) and scan.poll() is None:
        time.sleep(0.02)
    scan.send_signal(signal.SIGINT)
    pressed = time.monotonic()
    _, told = scan.communicate(timeout=20)
    assert scan.returncode == 130
    assert time.monotonic() - pressed < 2  # the promise itself
    assert "corpusscan scan" in told.splitlines()[-1]
    kept = len(list((tmp_path / "out/work/artefacts").rglob("*.parquet")))
    assert kept
    assert subprocess.run([*line, "--quiet"], check=False).returncode == 1


def test_progress_tells_rows_bytes_and_time_left() -> None:
    """The progress line has share, bytes, rates, hits and time left."""
    from corpusscan.terminal import _line

    state = engine_rounds.Progress("scan", total=2**30, done=2**28, rows=1000, hits=3, started=time.monotonic() - 10)
    line = _line(state)
    for part in ("25%", "rows/s", "/s", "3 hits", "left"):
        assert part in line


def test_times_are_not_in_the_tables(corpus: Path, tmp_path: Path) -> None:
    """Only summary and manifest know when the scan ran."""
    report = scan(str(corpus), tmp_path / "out")
    today = dt.datetime.now(dt.UTC).date()
    seen = report.groups.select(pl.col("first_seen", "last_seen").dt.date()).collect()
    assert today not in set(seen["first_seen"]) | set(seen["last_seen"])
    assert (report.out / "manifest.json").exists()
