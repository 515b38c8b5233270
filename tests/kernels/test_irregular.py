"""Controls, deletions, private and unassigned characters, floods of marks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from corpusscan.kernels.characters import Hidden, Text
from corpusscan.kernels.irregular import controls, floods, strangers

SPELT = "".join(chr(0x100000 + ord(char)) for char in "obey me now")


@pytest.mark.parametrize(
    ("find", "text", "expected"),
    [
        (controls, "igx\bnore", [("deletion-characters", 3, 4, "medium", "ignore")]),
        (controls, "N\bNA\bA _\bx", []),
        (controls, "end\b.", [("deletion-characters", 3, 4, "low", "en.")]),
        (controls, "a\x93b", [("control-characters", 1, 2, "info", "")]),
        (controls, "\x1b[31;8mdrop it\x1b[0m", [
            ("control-characters", 0, 1, "info", ""), ("control-characters", 14, 15, "info", ""),
            ("concealed-text", 7, 14, "medium", "drop it"),
        ]),
        (strangers, "\uf0b7 item", [("private-use", 0, 1, "info", "")]),
        (strangers, SPELT, [("private-use", 0, 11, "medium", "obey me now")]),
        (strangers, "ab\ufdd0cd", [("unassigned", 2, 3, "low", "")]),
        (floods, "e\u0301\u0302\u0303\u0304", []),
        (floods, "e" + "\u0301" * 5, [("combining-flood", 1, 6, "low", "")]),
        (floods, "e" + "\u0301" * 24, [("combining-flood", 1, 25, "medium", "")]),
        (floods, "ས" + "\u0f99" * 11, []),
    ],
)  # fmt: skip
def test_what_is_found(
    find: Callable[[Text], Iterator[Hidden]], text: str, expected: list[tuple[str, int, int, str, str]]
) -> None:
    """Kind, span, weight, and what was hidden."""
    assert [one[:5] for one in find(Text.of(text))] == expected
