"""Strings taken out of JSON bytes against the parser's: every escape, every alphabet, every length."""

from __future__ import annotations

import json
import random

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels.framing import frame
from corpusscan.kernels.strings import unescaped

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def extracted(block: bytes) -> list[str | None]:
    """The top-level string values of all lines, in order; None for a value that is no string."""
    words = np.zeros(len(block) // 8 + 2, np.uint64)
    words.view(np.uint8)[: len(block)] = np.frombuffer(block, np.uint8)
    framed = frame(words, len(block))
    count = int(framed.values[-1]) + len(orjson.loads(block.split(b"\n")[-1]))
    spans = framed.strings[:count]
    texts = iter(unescaped(words, spans[spans[:, 0] >= 0]).to_pylist())
    return [next(texts) if first >= 0 else None for first in spans[:, 0].tolist()]


def spelled(text: str, draw: random.Random) -> str:
    """`text` as a JSON string, each character in one of the ways in which it may be written."""
    short = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    out = []
    for char in text:
        units = char.encode("utf-16-be").hex()
        ways = ["".join(f"\\u{draw.choice([units.lower, units.upper])()[i : i + 4]}" for i in range(0, len(units), 4))]
        ways += [short[char]] if char in short else []
        ways += [char] * 3 * (char >= " " and char not in '"\\')
        out.append(draw.choice(ways))
    return '"' + "".join(out) + '"'


@settings(deadline=None)  # the first call compiles the kernel
@given(st.lists(TEXTS, min_size=1, max_size=8), st.integers(0, 2**16))
def test_strings_are_those_of_the_parser(texts: list[str], seed: int) -> None:
    """However a character is spelled, the bytes hold the string that orjson and json make of it."""
    draw = random.Random(seed)
    lines = [
        f'{{"k":{spelled(text, draw)} ,"other": [{spelled(text, draw)}],"a" :\t{spelled(text, draw)}}}'
        for text in texts
    ]
    assert [orjson.loads(line)["a"] for line in lines] == [json.loads(line)["a"] for line in lines] == texts
    wanted = [value for text in texts for value in (text, None, text)]
    assert extracted("\n".join(lines).encode()) == wanted


@pytest.mark.parametrize("length", [0, 1, 7, 8, 15, 16, 17, 31, 32, 33, 1000])
def test_plain_stretches_of_every_length(length: int) -> None:
    """Short and long stretches between escapes are copied alike."""
    text = ("x" * length + "\n") * 3 + "é" * length
    assert extracted(json.dumps({"a": text}, ensure_ascii=False).encode()) == [text]


def test_only_top_level_values_are_told() -> None:
    """Keys, nested strings and elements of lists are no values of a column."""
    block = b'{"a": {"b": "no", "c": ["no"]}, "d": "yes", "e": ["no", "no"], "f": 1, "g": null, "h": "yes"}'
    assert extracted(block) == [None, "yes", None, None, None, "yes"]


def test_more_values_than_there_is_room_for_are_doubted() -> None:
    """Colons without keys and values, as dense as can be: doubt, and nothing is written beyond the room."""
    dense = b"\n".join(b"{" + b"".join(b'"%c":' % c for c in range(35, 92) if c != 92) for _ in range(50))
    for block in (dense, b"{:\n" * 500, b'{"":1}\n' * 500):
        words = np.zeros(len(block) // 8 + 2, np.uint64)
        words.view(np.uint8)[: len(block)] = np.frombuffer(block, np.uint8)
        framed = frame(words, len(block))
        told = framed.values[~framed.doubtful]
        assert (told <= len(framed.strings)).all()
