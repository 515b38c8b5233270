"""What every process needs is made by one, and read by the others."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
import zstandard
from blake3 import blake3

from corpusscan import cached as module
from corpusscan import rules, sought
from corpusscan.cached import MOST, cached


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setattr(module, "slices", SimpleNamespace(stats=SimpleNamespace(cache_path=str(tmp_path))))
    return tmp_path


def _never() -> list[int]:
    raise AssertionError("it is in the cache")


def test_what_was_made_is_not_made_again() -> None:
    """Of the same it is read, of something else it is made anew."""
    assert cached("kind", lambda: "one", lambda: [1]) == [1]
    assert cached("kind", lambda: "one", _never) == [1]
    assert cached("kind", lambda: "other", lambda: [2]) == [2]
    assert cached("sort", lambda: "one", lambda: [3]) == [3]


def test_nothing_that_is_empty_is_made_again() -> None:
    """What is made may be nothing: that is read, too."""
    assert cached("kind", lambda: "one", lambda: None) is None
    assert cached("kind", lambda: "one", _never) is None


def _whole(data: bytes) -> bytes:
    return blake3(data).digest() + data


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:40],
        lambda data: data[:-1] + b"!",
        lambda data: _whole(b"not packed"),
        lambda data: _whole(zstandard.compress(b"no pickle")),
        lambda data: _whole(zstandard.compress(b"cno_such_module\nthing\n.")),
    ],
    ids=["empty", "cut", "changed", "not packed", "no pickle", "of what is gone"],
)
def test_a_damaged_file_is_as_none(place: Path, damage: object) -> None:
    """Whatever a file holds that cannot be read: it is made again, and the file is whole again."""
    cached("kind", lambda: "one", lambda: [1])
    (file,) = place.iterdir()
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]
    assert cached("kind", lambda: "one", lambda: [2]) == [2]
    assert cached("kind", lambda: "one", _never) == [2]


def test_what_changed_while_it_was_made_is_not_kept(place: Path) -> None:
    """A file that is edited meanwhile leaves nothing under the name of what it was."""
    told = iter(["before", "after"])
    assert cached("kind", lambda: next(told), lambda: [1]) == [1]
    assert not any(place.iterdir())


def test_a_place_that_is_not_there_costs_the_cache_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where nothing can be written, and where numba has no place, it is made every time."""
    for path in (str(tmp_path / "absent"), None):
        monkeypatch.setattr(module, "slices", SimpleNamespace(stats=SimpleNamespace(cache_path=path)))
        assert [cached("kind", lambda: "one", lambda n=n: n) for n in (1, 2)] == [1, 2]


def test_the_cache_is_bounded(place: Path) -> None:
    """Of a kind those are kept that were used last, whatever there is of other kinds, and no other file."""
    cached("other", lambda: "one", lambda: 1)
    cached("kind", lambda: "used", lambda: 0)
    for number in range(MOST + 3):
        cached("kind", lambda n=number: str(n), lambda n=number: n)
        assert cached("kind", lambda: "used", _never) == 0
    assert len([*place.glob("kind.*.cached")]) == MOST
    assert len([*place.iterdir()]) == MOST + 1
    assert cached("kind", lambda: str(MOST + 2), _never) == MOST + 2


def test_rules_from_the_cache_find_what_rules_find() -> None:
    """All that the tests of the shipped rules say is found alike, rule by rule and span by span."""
    folders = rules.shipped_packs()
    packs = rules.load(folders)
    said = [text for pack in packs for rule in pack.rules for text in (*rule.tests.match, *rule.tests.no_match)]
    texts = pa.array(said, pa.large_string())
    found = []
    for _ in range(2):  # the second time it is read
        sought.compiled.cache_clear()
        engine = sought.compiled(folders, rules.stamp(folders))
        found.append([(place, one.rule.id, spans) for place, one, spans in engine.matches(texts, 20)])
    fresh = [(place, one.rule.id, spans) for place, one, spans in sought.Engine(packs).matches(texts, 20)]
    assert len(fresh) > len(packs)
    assert found == [fresh, fresh]


def test_an_edited_rule_is_another(tmp_path: Path) -> None:
    """A pack that says something else is compiled anew, whatever its files are called."""
    pack = tmp_path / "mine"
    pack.mkdir()
    rule = (sorted(rules.shipped_packs()[0].glob("*.yml")))[0]
    for file in (rule, rule.parent / "pack.yml"):
        if file.is_file():
            (pack / file.name).write_bytes(file.read_bytes())
    before = rules.content([pack])
    assert rules.content([pack]) == before
    (pack / rule.name).write_bytes(rule.read_bytes() + b"# said\n")
    assert rules.content([pack]) != before
