"""The kernel's view of a block against plain Python: lines, keys, repetitions, likeness."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpusscan.kernels.framing import Frame
from corpusscan.kernels.framing import frame as framed_words

KEYS = st.sampled_from(
    ["a", "b", "text", "longer than eight bytes", "longer than eight bytez", "é", 'q"', "\\", "", ":", "{"]
)
SMALL = st.none() | st.integers() | st.text(st.sampled_from('ab":\\{}[],é\u2028 '), max_size=12)
VALUES = st.recursive(
    SMALL,
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(KEYS, inner), max_size=4).map(tuple),
    max_leaves=8,
)
OBJECTS = st.lists(st.tuples(KEYS, VALUES), max_size=5).map(tuple)


def frame(data: bytes) -> Frame:
    """`data` framed, with noise where only whole words are read."""
    words = np.full(len(data) // 8 + 2, ~np.uint64(0) // 255 * ord('"'))
    words.view(np.uint8)[: len(data)] = np.frombuffer(data, np.uint8)
    return framed_words(words, len(data))


def spell(value: Any, ascii_only: bool) -> str:
    """JSON of a value whose objects are tuples of pairs, so that keys may repeat."""
    if isinstance(value, tuple):
        pairs = (f"{json.dumps(key, ensure_ascii=ascii_only)}: {spell(item, ascii_only)}" for key, item in value)
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(spell(item, ascii_only) for item in value) + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


def count(value: Any) -> int:
    """Keys at any depth, repeated ones too."""
    if isinstance(value, tuple):
        return len(value) + sum(count(item) for _, item in value)
    return sum(map(count, value)) if isinstance(value, list) else 0


def repeats(value: Any) -> bool:
    """Whether an object holds two equal keys."""
    if isinstance(value, tuple):
        return len(dict(value)) < len(value) or any(repeats(item) for _, item in value)
    return any(map(repeats, value)) if isinstance(value, list) else False


@settings(deadline=None)  # the first call compiles the kernel
@given(st.lists(OBJECTS, min_size=1, max_size=6), st.booleans(), st.booleans())
def test_keys_repetitions_and_likeness_are_those_of_the_objects(
    objects: list[Any], ascii_only: bool, final: bool
) -> None:
    """Counts are exact; a repetition is always doubted; alike lines have the same top-level keys in the same order."""
    lines = [spell(value, ascii_only).encode() for value in objects]
    framed = frame(b"\n".join(lines) + b"\n" * final)
    assert framed.keys.tolist() == list(map(count, objects))
    for value, doubt in zip(objects, framed.doubtful.tolist(), strict=True):
        assert doubt or not repeats(value)
    for before, value, alike in zip([None, *objects], objects, framed.alike.tolist(), strict=False):
        assert not alike or [key for key, _ in before or ()] == [key for key, _ in value]


@settings(deadline=None)
@given(st.binary(max_size=200))
@example(b"")
@example(b"\n")
@example(b'"\\\n"\n')
@example(b'{"a\\')
@example(b'"' + b"x" * 7 + b"\n" + b'"' * 9)
def test_lines_are_what_splitting_on_line_feeds_gives(data: bytes) -> None:
    """Whatever the bytes, and however strings and escapes stand in them."""
    framed = frame(data)
    lines = [data[start:stop] for start, stop in zip(framed.starts.tolist(), framed.stops.tolist(), strict=True)]
    wanted = data.split(b"\n")
    assert lines == (wanted[:-1] if data.endswith(b"\n") else wanted)
    assert framed.blank.tolist() == [not line.strip(b" \t\r") for line in lines]


def test_strings_of_every_length_at_every_alignment() -> None:
    """Eight bytes are looked at together: quotes, escapes and line feeds are found wherever they fall."""
    for length in range(40):
        for shift in range(9):
            for ending in ('"', '\\"x"', '\\\\"', '": {"b":1}"'):
                line = '{"' + "p" * shift + '":"' + "s" * length + ending + "}"
                framed = frame(f"{line}\n{line}".encode())
                assert framed.starts.tolist() == [0, len(line) + 1]
                assert framed.keys.tolist() == [1 + ending.count(":")] * 2


def test_ordinary_records_are_alike_and_not_doubted() -> None:
    """What datasets are made of takes the fast way: no doubt, and each like the one before."""
    random.seed(5)
    lines = [
        json.dumps(
            {"id": str(i), "text": 'say "hi":\n' * random.randint(0, 20), "meta": {"id": i, "tags": [{"id": 1}]}}
        )
        for i in range(99)
    ]
    framed = frame("\n".join(lines).encode())
    assert not framed.doubtful.any()
    assert framed.alike[1:].all()
    assert not framed.alike[0]


def test_an_empty_object_is_like_no_blank_line() -> None:
    """Likeness is with the object on the line right before, and with nothing else."""
    block = b'{"a": 1}\n\n{}\n{}\n \n{}\n[]\n{}\n{"a": 1}\n{"a": 2}\n{"a": 3, "a": 4}\n{"a": 1}'
    assert np.flatnonzero(frame(block).alike).tolist() == [3, 9]


def test_more_than_can_be_told_apart_is_doubted() -> None:
    """Hundreds of keys, or objects nested beyond what is kept: doubt, never a wrong promise."""
    many = {f"k{i}": i for i in range(300)}
    deep: Any = 1
    for _ in range(70):
        deep = {"a": deep}
    framed = frame(b"\n".join(json.dumps(value).encode() for value in (many, deep, {"a": 1})))
    assert framed.doubtful.tolist() == [True, True, False]
    assert framed.keys.tolist() == [300, 70, 1]
