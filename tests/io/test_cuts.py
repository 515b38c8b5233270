"""A small file of each plain format, cut at every byte: what is there is scanned, and what is known to be lost is told.

Of packed files, Parquet, Arrow, WARC and tokens the tests of these formats say the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from corpusscan.config import Columns

Read = Callable[..., Any]
TEXTS = ["one \u00e9", "two", "three"]
WHOLE = {
    "jsonl": b"".join(b'{"id": 1, "text": "%s"}\n' % text.encode() for text in TEXTS),
    "csv": "id,text\n1,one \u00e9\n2,two\n3,three\n".encode(),
    "tsv": "id\ttext\n1\tone \u00e9\n2\ttwo\n3\tthree\n".encode(),
    "lines.txt": "".join(text + "\n" for text in TEXTS).encode(),
    "txt": "".join(TEXTS).encode(),
    "html": f"<html><body><p>{''.join(TEXTS)}</p></body></html>".encode(),
}


@pytest.mark.parametrize("suffix", WHOLE)
def test_what_stands_before_the_cut_is_scanned(read: Read, suffix: str) -> None:
    """All texts that are whole, then at most a part of one; a character that was cut is told, and JSON that was."""
    whole = WHOLE[suffix]
    columns = Columns(lines=suffix == "lines.txt")
    expected = read({f"a.{suffix}": whole}, columns=columns).contents
    for cut in range(1, len(whole)):
        result = read({f"a.{suffix}": whole[:cut], "b.jsonl": b'{"text": "good"}'}, columns=columns)
        texts = [text["text"] for text in result.texts if text["file"] != "b.jsonl"]
        assert "good" in result.contents
        told = result.reasons("scanned").get("invalid_utf8", 0)
        for text, full in zip(texts, expected, strict=False):
            assert text == full or full.startswith(text.rstrip("\ufffd")), cut
        assert texts[:-1] == expected[: len(texts[:-1])]
        assert any("\ufffd" in text for text in texts) <= bool(told)
        if suffix == "jsonl":
            assert bool(result.reasons("errored")) != whole[:cut].strip().endswith(b"}"), cut
            assert set(result.reasons("errored")) <= {"invalid_json", "invalid_utf8"}
