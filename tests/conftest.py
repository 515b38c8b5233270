"""Fixtures that every floor uses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from corpora import Run, write_corpus
from here import pool

from corpusscan import audit


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with 600 records in three files."""
    return write_corpus(tmp_path)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scans with one worker (`workers=1`) start no process."""
    monkeypatch.setattr(audit, "Local", pool)


@pytest.fixture
def command(tmp_path: Path) -> Run:
    """Runs `corpusscan ARGUMENTS` in a folder of its own and returns what it printed."""

    def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "corpusscan", *map(str, arguments)],
            capture_output=True, text=True, cwd=tmp_path, env={**os.environ, **environment}, check=False, timeout=120,
        )  # fmt: skip

    return run
