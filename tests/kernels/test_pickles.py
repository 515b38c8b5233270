"""What a pickle imports is read from its opcodes, without loading it, however the attacker writes them."""

from __future__ import annotations

import collections
import datetime
import os
import pickle
import random
from pathlib import Path

import numpy as np
import pytest

from corpusscan.kernels import pickles


class Calls:
    """Runs a command when it is unpickled."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.told = function, arguments

    def __reduce__(self) -> object:
        return self.told


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_call_is_seen_in_every_protocol(protocol: int) -> None:
    """GLOBAL of the old protocols, STACK_GLOBAL of the new ones; what data are made of is no danger."""
    found = pickles.imports(pickle.dumps([1, Calls(os.system, "exit 3")], protocol))
    assert found.dangerous == (f"{os.system.__module__}.system",)
    assert found.calls
    assert found.whole
    honest = {"a": [1.5, None], "d": datetime.date(2020, 1, 1), "o": collections.OrderedDict(a=1), "n": np.arange(3)}
    told = pickles.imports(pickle.dumps(honest, protocol))
    assert told.names
    assert told.dangerous == told.unknown == ()


def test_makers_of_honest_objects_are_no_danger() -> None:
    """NumPy's generators are made by functions with underscores in front; that leads nowhere."""
    found = pickles.imports(pickle.dumps(np.random.default_rng(1), 2))
    assert found.names
    assert found.dangerous == ()


def test_nothing_is_run(tmp_path: Path) -> None:
    """A pickle that would write a file does not."""
    place = tmp_path / "written"
    found = pickles.imports(pickle.dumps(Calls(os.system, f"touch {place}")))
    assert found.dangerous
    assert not place.exists()


@pytest.mark.parametrize(
    "data",
    [b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94h\x00h\x01\x93\x8c\x02id\x85R.",  # names from the memo
     b"\x80\x04\x8c\x02os\x8c\x06systemN0\x93\x8c\x02id\x85R.",  # a value is put between and taken away
     b"(S'id'\nios\nsystem\n.", b"cos\nsystem\n(S'id'\ntR.", b"\x80\x02\x82\x01.",
     b"\x80\x04\x8c\x08builtins\x8c\x0deval.__call__\x93.", b"\x80\x02cnumpy\nos.system\n.",
     b"\x80\x02ccollections\nOrderedDict.__init__.__globals__\n.", b"\x80\x02N.cos\nsystem\n(S'id'\ntR.",
     b"cos\nsystem\n(S'id'\ntR\xff\xff\xff"],
)  # fmt: skip
def test_tricks_of_attackers_are_seen(data: bytes) -> None:
    """Memo, INST, extension registry, dotted names, a second pickle, damage behind the payload."""
    assert pickles.imports(data).dangerous


def test_words_are_no_pickle() -> None:
    """Lists of words do nothing that is dangerous, and end as no pickle does; an empty file imports nothing."""
    for text in (b"cat\ndog\nbird\n", b"cos\nsin\ntan\n", b"hello world", b"", b'{"text": "x"}\n'):
        found = pickles.imports(text)
        assert not (found.calls and (found.whole or found.dangerous))


def test_damage_is_no_error() -> None:
    """Pickles cut short or changed at random give an answer; what was cut is not whole."""
    dice = random.Random(1)
    good = pickle.dumps({"a": list(range(50)), "b": Calls(os.system, "id")})
    assert not pickles.imports(good[:-3]).whole
    for _ in range(500):
        bad = bytearray(good)
        for _ in range(dice.randint(1, 6)):
            bad[dice.randrange(len(bad))] = dice.randrange(256)
        pickles.imports(bytes(bad))


def test_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of endless opcodes some are looked at, and the answer says that these are not all."""
    monkeypatch.setattr(pickles, "OPCODES", 1_000)
    assert not pickles.imports(b"\x80\x04" + b"N0" * 10_000 + b".").whole
