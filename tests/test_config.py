"""Settings mean the same on every system."""

from __future__ import annotations

import os

import pytest

from corpusscan.config import ScanConfig, build
from corpusscan.errors import UsageError


def test_the_number_of_workers_is_the_users_on_every_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """`workers` counts also where the system cannot say which cores a process may use."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert ScanConfig(workers=3).worker_count == 3
    assert ScanConfig().worker_count == os.cpu_count()


def test_encodings_are_undone_once_or_twice() -> None:
    """`decode-levels` is 1 unless it is 2; another number is an error that says so."""
    assert (ScanConfig().decode_levels, build({"decode-levels": 2}, "flags").decode_levels) == (1, 2)
    with pytest.raises(UsageError, match="give 1 or 2"):
        build({"decode_levels": 3}, "flags")
