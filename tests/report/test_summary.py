"""`summary.json` says what the tables say, in the published shape."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from jsonschema import Draft202012Validator

import corpusscan.report.summary as module
from corpusscan import schema
from corpusscan.report.summary import summarize

SCHEMA = json.loads(Path(module.__file__).with_name("summary_schema.json").read_text(encoding="utf-8"))


def read(folder, table):
    """All rows of a result table."""
    return pl.read_parquet(folder / f"{table}.parquet", glob=False)


def change(folder, table, write, **columns):
    """Writes the table again with constant columns."""
    write(folder, table, [row | columns for row in read(folder, table).to_dicts()])


@pytest.mark.parametrize(
    "how", [{}, {"documents": 0, "groups": 0}, {"documents": 1, "groups": 1}, {"groups": 80, "documents": 300}]
)
def test_the_summary_is_valid(tables, extra, how) -> None:
    """Any tables give a summary that the published schema accepts, through JSON and back."""
    Draft202012Validator.check_schema(SCHEMA)
    summary = json.loads(json.dumps(summarize(tables(**how), extra)))
    Draft202012Validator(SCHEMA).validate(summary)
    assert set(SCHEMA["required"]) == set(summary)


def test_nothing_but_tables_is_needed(tables) -> None:
    """Without any extra knowledge the summary is valid all the same."""
    Draft202012Validator(SCHEMA).validate(summarize(tables(), {}))


def test_hostile_strings_are_carried_not_changed(tables, extra, hostile) -> None:
    """The JSON holds the strings as data, and stays valid; showing them is for others."""
    strings = hostile("http://canary.example")
    summary = summarize(tables(hostile=strings), extra)
    Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(summary)))
    assert summary["top_groups"][0]["title"] in strings


def test_counts_agree_with_an_independent_count(tables, extra) -> None:
    """Documents, tokens and findings equal what plain Python counts in the rows."""
    folder = tables(documents=500)
    summary = summarize(folder, extra)
    flagged = [row for row in read(folder, "documents").to_dicts() if row["severity"] in ("medium", "high", "critical")]
    findings = read(folder, "findings").to_dicts()
    assert summary["flagged_documents"] == len(flagged)
    assert summary["flagged_tokens"] == sum(row["flagged_tokens"] for row in flagged)
    assert summary["flagged_token_rate"] == summary["flagged_tokens"] / summary["totals"]["tokens"]
    assert (
        summary["findings"] == len(findings) == sum(row["findings"] for row in summary["counts"]["severity"].values())
    )
    injected = {(row["file"], row["row"]) for row in findings if row["attack"] == "prompt_injection"}
    assert summary["counts"]["attack"]["prompt_injection"]["documents"] == len(injected)
    assert sum(row["documents"] for row in summary["counts"]["source"]) == len(flagged)
    assert "tampering" not in summary["counts"]["attack"], "low severity is not flagged"


def test_gravest_groups_come_first(tables, extra) -> None:
    """Groups are ordered by severity, then by documents, and are at most fifty."""
    top = summarize(tables(groups=80, documents=400), extra)["top_groups"]
    keys = [(-schema.SEVERITIES.index(group["severity"]), -group["documents"]) for group in top]
    assert len(top) == 50
    assert keys == sorted(keys)


def test_groups_of_one_campaign_count_once(tables, extra) -> None:
    """Campaigns are counted by name; a group without one is its own."""
    summary = summarize(tables(groups=8, documents=200), extra)
    assert (summary["groups"], summary["campaigns"]) == (7, 6)


def test_accepted_findings_do_not_count(tables, extra, write) -> None:
    """What a baseline accepts neither fails a scan nor shows among the groups."""
    folder = tables()
    change(folder, "findings", write, accepted=True)
    change(folder, "documents", write, severity=None)
    summary = summarize(folder, extra)
    assert summary["exit"]["code"] == 0
    assert summary["accepted_findings"] == 60
    assert (summary["findings"], summary["groups"], summary["flagged_documents"]) == (0, 0, 0)
    assert all(group["findings"] == 0 for group in summary["top_groups"])


@pytest.mark.parametrize(
    ("fail_on", "severity", "lost", "code", "verdict"),
    [
        ("high", "high", 0, 1, "findings"),
        ("high", "critical", 0, 1, "findings"),
        ("high", "medium", 0, 0, "clean"),
        ("info", "info", 0, 1, "findings"),
        ("high", "high", 1, 3, "incomplete"),
        ("high", "low", 1, 3, "incomplete"),
    ],
)
def test_exit_codes(tables, extra, write, make_shard, fail_on, severity, lost, code, verdict) -> None:
    """Findings at the threshold give 1, a lost record gives 3 whatever was found, and both verdicts are told."""
    folder = tables()
    change(folder, "findings", write, severity=severity)
    write(folder, "coverage", [make_shard("a", skipped=lost, reasons={"skipped": {"too_large": lost}} if lost else {})])
    ended = summarize(folder, extra | {"fail_on": fail_on})["exit"]
    assert (ended["code"], ended["verdict"], ended["incomplete"]) == (code, verdict, bool(lost))
    assert ended["findings"] == (schema.SEVERITIES.index(severity) >= schema.SEVERITIES.index(fail_on))


def test_allowed_losses(tables, extra, write, make_shard) -> None:
    """`allow_skipped` forgives up to its number for its reason only, and the file still counts as incomplete."""
    folder = tables(documents=0, groups=0)
    write(folder, "coverage", [make_shard("a", skipped=2, reasons={"skipped": {"too_large": 2}})])
    codes = [
        summarize(folder, extra | {"allow_skipped": allowed})["exit"]["code"]
        for allowed in ({"too_large": 2}, {"too_large": 1}, {"other": 9})
    ]
    assert codes == [0, 3, 3]
    assert summarize(folder, extra)["coverage"]["files_incomplete"] == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"status": "errored"},
        {"status": "skipped", "rows": 0, "scanned": 0},
        {"rows": 101},
        {"rows": None},
        {"stop": 10},
        {"skipped": 1, "rows": 101},
        {"errored": 1, "rows": 101},
    ],
)
def test_accounts_that_do_not_add_up_are_incomplete(tables, extra, write, make_shard, broken) -> None:
    """A shard that ended badly, or whose sums or bytes leave a gap, is never clean, though no reason is counted."""
    folder = tables(documents=0, groups=0)
    write(folder, "coverage", [make_shard("good"), make_shard("bad") | broken])
    summary = summarize(folder, extra)
    assert summary["exit"]["code"] == 3
    assert summary["coverage"]["files_incomplete"] == 1


def test_a_lost_file_is_allowed_by_its_reason(tables, extra, write, make_shard) -> None:
    """A file skipped as a whole has no known records, only its reason: allowing that reason is enough."""
    folder = tables(documents=0, groups=0)
    lost = {"status": "skipped", "rows": None, "scanned": 0, "stop": 0, "reasons": '{"skipped":{"unknown_format":1}}'}
    write(folder, "coverage", [make_shard("good"), make_shard("x.doc") | lost])
    assert summarize(folder, extra)["exit"]["code"] == 3
    assert summarize(folder, extra | {"allow_skipped": {"unknown_format": 1}})["exit"]["code"] == 0


def test_one_shards_reason_does_not_excuse_another(tables, extra, write, make_shard) -> None:
    """A shard that fails without a reason is unexplained though a shard of the same file has an allowed one."""
    folder = tables(documents=0, groups=0)
    told = make_shard("f", skipped=1, reasons={"skipped": {"too_large": 1}})
    write(folder, "coverage", [told, make_shard("f", rows=101) | {"skipped": 0, "scanned": 100}])
    assert summarize(folder, extra | {"allow_skipped": {"too_large": 1}})["exit"]["code"] == 3


def test_shards_of_one_file_are_added_up(tables, extra, write, make_shard) -> None:
    """Two halves that cover a file make it whole; the same halves with a byte between them do not."""
    folder = tables(documents=0, groups=0)
    halves = [
        make_shard("f", start=0, stop=500, bytes_total=1000),
        make_shard("f", start=500, stop=1000, bytes_total=1000),
    ]
    write(folder, "coverage", halves)
    assert summarize(folder, extra)["coverage"]["files_incomplete"] == 0
    write(folder, "coverage", [halves[0], halves[1] | {"start": 501}])
    assert summarize(folder, extra)["coverage"]["files_incomplete"] == 1


def test_a_sample_is_incomplete(tables, extra) -> None:
    """`--sample` gives 3 though every record of the sample was read."""
    assert summarize(tables(), extra | {"sample": 0.1})["exit"]["code"] == 3


def test_reasons_are_merged(tables, extra, write, make_shard) -> None:
    """Equal reasons of many shards add up, most frequent first."""
    folder = tables(documents=0, groups=0)
    one = {"errored": {"invalid_json": 2, "null_byte": 1}, "scanned": {"nothing_to_scan": 5}}
    write(folder, "coverage", [make_shard(f"f{n}", errored=3, reasons=one) for n in range(4)])
    reasons = summarize(folder, extra)["coverage"]["reasons"]
    assert reasons == {
        "scanned": {"nothing_to_scan": 20},
        "skipped": {},
        "errored": {"invalid_json": 8, "null_byte": 4},
    }
    assert list(reasons["errored"]) == ["invalid_json", "null_byte"]


def test_absurd_times_are_dropped(tables, extra, write) -> None:
    """A time outside the years 1 to 9999 is data gone wild: it becomes no time, not a crash."""
    folder = tables(groups=1)
    wild = pl.Series([2**62], dtype=pl.Datetime("us", "UTC"))
    frame = read(folder, "groups").with_columns(first_seen=wild, last_seen=pl.lit(datetime(2024, 1, 2, tzinfo=UTC)))
    frame.write_parquet(folder / "groups.parquet")
    group = summarize(folder, extra)["top_groups"][0]
    assert (group["first_seen"], group["last_seen"]) == (None, "2024-01-02T00:00:00Z")


def test_a_folder_name_is_no_pattern(tables, extra, tmp_path) -> None:
    """Tables in a folder with glob characters or a key=value name are read as they are."""
    odd = tmp_path / "a[1]*?" / "year=2024"
    odd.parent.mkdir()
    tables().rename(odd)
    assert summarize(odd, extra)["flagged_documents"] > 0


def test_limits_are_told_and_are_no_gap_in_the_reading(tables, extra, left_aside) -> None:
    """What detectors left aside stands in the summary; all was read, so the scan is not incomplete."""
    summary = summarize(tables(documents=0, groups=0), extra | {"limits": [left_aside]})
    Draft202012Validator(SCHEMA).validate(summary)
    assert summary["limits"] == [left_aside]
    assert (summary["exit"]["code"], summary["exit"]["verdict"]) == (0, "clean")
