"""Fixtures that every floor uses."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from corpora import Run, Script, write_corpus
from here import Here, pool

from corpusscan import audit, cli


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are no part of a test's name: what gzip packs has the time in it, and workers have to name tests alike."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with 600 records in three files."""
    return write_corpus(tmp_path)


@pytest.fixture(autouse=True, scope="module")
def _without_processes(request: pytest.FixtureRequest) -> Iterator[None]:
    """What reads, finds and tells is tested in this process: others are a matter of the engine and of commands."""
    with pytest.MonkeyPatch.context() as patch:
        if request.path.parent.name in {"detectors", "io", "redteam", "report"}:
            patch.setattr(audit, "Local", pool)
        yield


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


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Script:
    """Runs a program of Python in a folder of its own, without a process; what it printed."""
    monkeypatch.setattr(audit, "Local", Here)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def run(path: Path, *arguments: object) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            patch.setattr(sys, "argv", [str(path), *map(str, arguments)])
            runpy.run_path(str(path), run_name="__main__")
        return capsys.readouterr().out

    return run


@pytest.fixture
def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """As `command`, without a process: for what the command line says and does, not for how a process does it."""
    monkeypatch.setattr(audit, "Local", Here)

    def run(*arguments: str | Path, cwd: Path = tmp_path, **environment: str) -> subprocess.CompletedProcess[str]:
        line = ["corpusscan", *map(str, arguments)]
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(cwd)
            patch.setattr(sys, "argv", line)
            for name, value in environment.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                cli.main()
        return subprocess.CompletedProcess(line, int(ended.value.code or 0), *capsys.readouterr())

    return run
