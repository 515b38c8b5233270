"""Fixtures that every floor uses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from corpora import Run, make_records, write_jsonl


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with 600 records in three files."""
    records = make_records(600)
    for part in range(3):
        write_jsonl(tmp_path / "corpus" / f"part{part}.jsonl", records[part * 200 : (part + 1) * 200])
    return tmp_path / "corpus"


@pytest.fixture
def command(tmp_path: Path) -> Run:
    """Runs `corpusscan ARGUMENTS` in a folder of its own and returns what it printed."""

    def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "corpusscan", *map(str, arguments)],
            capture_output=True, text=True, cwd=tmp_path, env={**os.environ, **environment}, check=False, timeout=120,
        )  # fmt: skip

    return run
