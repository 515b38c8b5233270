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
        (floods, "e" + "\u0301" * 5 + "a\u0300\u0301\u0302 o\u0303\u0304\u0305\u0306 a\u0307", [
            ("combining-flood", 1, 6, "low", ""),
        ]),
        (floods, "e\u0301\u0302\u0303\u0304\u0305 a\u0306\u0307\u0308 o\u0309\u030a\u030b a\u0307", [
            ("combining-flood", 1, 6, "medium", ""), ("combining-flood", 8, 11, "medium", ""),
            ("combining-flood", 13, 16, "medium", ""),
        ]),
        (floods, "ས" + "\u0f99" * 11, []),
    ],
)  # fmt: skip
def test_what_is_found(
    find: Callable[[Text], Iterator[Hidden]], text: str, expected: list[tuple[str, int, int, str, str]]
) -> None:
    """Kind, span, weight, and what was hidden."""
    assert [one[:5] for one in find(Text.of(text))] == expected


@pytest.mark.parametrize("page", ["mac_roman", "mac_latin2", "cp437", "cp852", "utf-8", "cp1252"])
def test_letters_of_another_code_page_are_damage(page: str) -> None:
    """Accented letters that were decoded as Latin-1 become C1 controls inside words; no number of them is an attack."""
    honest = "índole, año, útil, más, ilusión, leña, vergüenza, corazón, português, ação, lições, pôde, você, país"
    damaged = honest.encode(page, "ignore").decode("latin-1")
    assert {one.severity for one in controls(Text.of(damaged))} <= {"info"}


def test_one_lower_control_tells_strewn_ones_from_damage() -> None:
    """C1 controls inside words are an attack where one of the others stands among them, and each is another."""
    words = "mayor\x87ity, ot\x8eher, pe\x92ople, gr\x97eat, ha\x9cnd, wo\x96man, "
    assert {one.severity for one in controls(Text.of(words))} == {"info"}
    assert {one.severity for one in controls(Text.of(words + "chi\x05ld"))} == {"medium"}
