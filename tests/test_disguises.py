"""The campaigns in disguise wear what their name says, and differ in nothing else."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def disguises() -> Iterator[ModuleType]:
    """The module, which lies beside the scripts that use it."""
    folder = str(Path(__file__).parent.parent / "benchmarks")
    sys.path.insert(0, folder)
    import disguises

    yield disguises
    sys.path.remove(folder)


def test_every_dress_has_its_campaigns_on_hosts_of_their_own(disguises: ModuleType) -> None:
    """Ten campaigns of forty hosts in each dress, the same for the same seed."""
    rows = disguises.campaigns(3)
    hosts = defaultdict(set)
    for row in rows:
        hosts[row["kind"]].add(row["source"])
    assert {len(own) for own in hosts.values()} == {disguises.HOSTS}
    assert len(hosts) == len(disguises.DRESSES) * disguises.CAMPAIGNS
    assert rows == disguises.campaigns(3)


@pytest.mark.parametrize("share", [15, 30, 45, 70])
def test_a_notice_is_the_share_that_the_dress_says(disguises: ModuleType, share: int) -> None:
    """The text stands whole, and the notice behind it is that share of both, but for a word."""
    said = "Nobody who took the blue powder ever came back to the clinic. " * 8
    worn = disguises.DRESSES[f"notice, {share} %"](said, "a.example", None)
    assert worn.startswith(said)
    assert 1 - len(said) / len(worn) == pytest.approx(share / 100, abs=0.02)
