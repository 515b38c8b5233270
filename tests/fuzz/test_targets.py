"""What fuzzing found stays found: every target on its seed, on what once broke it, and on some changed bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz import seeds
from fuzz.targets import targets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FOUND = Path(__file__).parent / "found"
CHANGES = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small one."""
    return seeds.tokenizer(tmp_path_factory.mktemp("tokenizer") / "tokenizer.json")


@pytest.mark.parametrize("name", seeds.SEEDS)
@given(changes=CHANGES, cut=st.integers(0, 10_000) | st.none())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_changed_bytes_are_no_crash(tokenizer: str, name: str, changes: list[tuple[int, int]], cut: int | None) -> None:
    """Whole, with a few bytes changed, or cut: a result or an error of ours."""
    data = bytearray(seeds.SEEDS[name]())
    for place, value in changes:
        data[place % len(data)] = value
    targets(tokenizer)[name](bytes(data[:cut]))


@pytest.mark.parametrize("path", sorted(FOUND.glob("*.*")), ids=lambda path: path.name)
def test_what_was_found_is_no_crash(tokenizer: str, path: Path) -> None:
    """Files of `found`, each called by its target and a number."""
    targets(tokenizer)[path.name.split("-")[0]](path.read_bytes())
