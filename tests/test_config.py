"""Settings mean the same on every system."""

from __future__ import annotations

import os

import pytest

from corpusscan.config import ScanConfig


def test_the_number_of_workers_is_the_users_on_every_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """`workers` counts also where the system cannot say which cores a process may use."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert ScanConfig(workers=3).worker_count == 3
    assert ScanConfig().worker_count == os.cpu_count()
