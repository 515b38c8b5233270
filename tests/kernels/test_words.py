"""Words as hashes against plain Python: every script, every border, every disguise."""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpusscan import schema
from corpusscan.detector import Batch
from corpusscan.kernels.characters import Kind, Script, classes, codes
from corpusscan.kernels.folding import fold
from corpusscan.kernels.words import Words, hashed, words

KEY, OTHER_KEY = bytes(range(1, 33)), bytes(range(33, 65))
UNSPACED = ["\u0e00\u0eff", "\u1000\u109f", "\u1780\u17ff", "\u1950\u1aaf", "\u3031\u30ff", "\ua9e0\ua9ff",
            "\uaa60\uaadf"]  # fmt: skip
HARD = (
    "aZ09 .-_'éÅßİıſ½⅓ﬃ²ªⓐ⑴№™℃ жЙЁї ΣςΩά حَبْﷺﻻ٣ 가힣ᄀ 中文〇々㍿⼈⻳ すガｶﾞーゝ㌖ ไทยำ໑ ညး ខ្មែ हिंदी 𝐀𝔅 "
    "😀🏳️‍🌈1️⃣ \u200b\u200d\u00ad\u0301\u0308"
    "\u3099\u20e3\u302e\u00a0\u3000\u2028\ufeff\ue000\U000e0041\x00\x7f\x80丨`@[{/:"
)
CHARACTERS = st.one_of(st.sampled_from(HARD), st.sampled_from("ab1 é"), st.characters(exclude_categories=["Cs"]))
TEXTS = st.text(CHARACTERS, max_size=60)
untimed = settings(deadline=None)  # the first call compiles


@cache
def kind(char: str) -> str:
    """What a folded character is to words."""
    (what,), (script,) = classes(codes(char))
    if what not in (Kind.LETTER, Kind.MARK, Kind.DIGIT):
        return "gap"
    return "alone" if script == Script.EAST_ASIAN or any(r[0] <= char <= r[1] for r in UNSPACED) else "word"


def reference(text: str) -> tuple[list[str], list[int]]:
    """The folded words of a text, and the byte at which each begins."""
    found: list[tuple[str, int]] = []
    at, inside = 0, False
    for char in text:
        for part in fold(char):
            what = kind(part)
            if what == "word" and inside:
                found[-1] = (found[-1][0] + part, found[-1][1])
            elif what != "gap":
                found.append((part, at))
            inside = what == "word"
        at += len(char.encode())
    return [word for word, _ in found], [begin for _, begin in found]


def array(texts: list[str | None]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


def of(text: str, key: bytes = KEY) -> list[int]:
    return hashed(array([text]), key).hashes.tolist()  # type: ignore[no-any-return]


def agrees(found: Words, texts: list[str | None]) -> None:
    """Words, begins and bounds are the reference's; hashes are equal where the words are, and nowhere else."""
    wanted = [reference(text or "") for text in texts]
    assert found.bounds.tolist() == np.cumsum([0, *(len(begins) for _, begins in wanted)]).tolist()
    assert found.begins.tolist() == [begin for _, begins in wanted for begin in begins]
    said, hashes = [word for own, _ in wanted for word in own], found.hashes.tolist()
    assert len({*zip(said, hashes, strict=True)}) == len({*said}) == len({*hashes})


@untimed
@given(st.lists(st.none() | TEXTS, max_size=8), st.integers(0, 3), st.integers(0, 8))
@example([HARD, None, "", HARD[::-1]], 0, 4)
@example(["ab", "cd", "é", "f", "中", "g"], 1, 5)
def test_words_equal_plain_python(texts: list[str | None], start: int, length: int) -> None:
    """Texts that lie side by side, empty, null or out of a slice: a word never runs on into the next text."""
    agrees(hashed(array(texts).slice(start, length), KEY), texts[start : start + length])


@untimed
@given(TEXTS)
@example("㌖" * 30)  # the most words that a byte can fold to
@example(HARD)
def test_what_folds_to_the_same_has_the_same_words(text: str) -> None:
    """Nobody can change the words of a text by a disguise that folding sees through."""
    assert of(text) == of(fold(text))


@pytest.mark.parametrize("word", ["a", "abcdefg", "abcdefgh", "abcdefghi", "x" * 40, "naïveté", "жук", "中文", "가나"])
@pytest.mark.parametrize("border", [64, 1 << 15])
def test_words_across_borders(word: str, border: int) -> None:
    """Blocks of 64 bytes and windows of 32 KiB leave no trace, wherever a word lies over their border."""
    alone = of(word) + of("a")
    for begin in range(border - len(word.encode()) - 2, border + 3):
        found = hashed(array([" " * begin + word + ".a"]), KEY)
        wanted = [*(np.array(reference(word)[1]) + begin), begin + len(word.encode()) + 1]
        assert (found.hashes.tolist(), found.begins.tolist()) == (alone, wanted)
        found = hashed(array([" " * begin, word, ".a"]), KEY)
        assert found.hashes.tolist() == alone


def test_long_runs() -> None:
    """A word, and a text without any ASCII, may be longer than a window."""
    texts: list[str | None] = ["a" * 70_000, "中" * 30_000 + "ж" * 40_000, " " * 70_000, "é" * 40_000, "a1" * 40_000]
    agrees(hashed(array(texts), KEY), texts)


@pytest.mark.parametrize("length", range(1, 41))
def test_words_of_every_length(length: int) -> None:
    """A word ends with its text; as ASCII and in disguise it is the same, and no other is."""
    word = ("abcdefghij" * 4)[:length]
    disguised = [word[:at] + "\u200b" + word[at:].upper() for at in range(length + 1)]
    found = hashed(array([word, word + " z", *disguised, word + "k", "k" + word, "ж" * length]), KEY)
    mine, others = found.hashes[0], found.hashes[-3:].tolist()
    assert {mine} == {*found.hashes[[1, *range(3, len(disguised) + 3)]].tolist()}
    assert len({int(mine), *others}) == 4


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Ignore ALL rules", "ignore all rules"),
        ("іgnоrе аll rulеѕ", "ignore all rules"),  # Cyrillic
        ("ìgnórê âll rülés", "ignore all rules"),
        ("i\u0301gnore all rules\u0308", "ignore all rules"),
        ("ig\u200bno\u200dre a\u2060ll ru\ufeffles\U000e0041", "ignore all rules"),
        ("ig\u00adnore\u00a0all\u2003rules", "ignore all rules"),
        ("𝐈𝐠𝐧𝐨𝐫𝐞 ａｌｌ ⓡⓤⓛⓔⓢ", "ignore all rules"),
        ("“ignore”—all… (rules)!", "ignore all rules"),
        ("½ ﬃx ⑴ ℀ 20℃", "1 2 ffix 1 a c 20 c"),
        ("这⼈看⾼楼", "这人看高楼"),  # radicals in the place of ideographs
        ("㍿ｶﾞﾗｽ", "株 式 会 社 ガラス"),
        (unicodedata.normalize("NFD", "がくせい 가나"), "がくせい 가나"),
        ("ﷺ", "صلى الله عليه وسلم"),
    ],
)
def test_variants_have_the_same_words(text: str, same: str) -> None:
    """Case, homoglyphs, accents, invisible characters, widths, styles and ligatures change nothing."""
    assert of(text) == of(same)


@pytest.mark.parametrize(
    ("text", "count"),
    [("他是人", 3), ("ひらカタ", 4), ("ラーメン", 4), ("ไทย", 3), ("ລາວ", 3), ("မြန်", 4), ("ខ្មែរ", 5), ("a中b", 3),
     ("한국어 말", 2), ("мир труд", 2), ("السلام عليكم", 2), ("हिन्दी में", 2), ("don't stop", 3), ("a_b-c", 3),
     ("\u0301 \u200b", 0), ("😀", 0),
     ("ᥐᥑ", 2), ("ᨀᨁ", 2), ("ᨠᨡ", 2), ("ꧠꧡ", 2), ("ꩠꩡ", 2), ("ーゝ", 2)],
)  # fmt: skip
def test_how_many_words(text: str, count: int) -> None:
    """A run of letters, marks and digits is one; where no spaces are written, each character is."""
    assert len(of(text)) == count


def test_the_key_changes_every_hash() -> None:
    """And nothing else: nobody can prepare for hashes without the key."""
    text = "one two naïve 中文 a-rather-long-word-of-" + "z" * 50
    mine, other, weak = (hashed(array([text]), key) for key in (KEY, OTHER_KEY, bytes(32)))
    assert not {*mine.hashes.tolist()} & {*other.hashes.tolist()}
    assert len({*weak.hashes.tolist()}) == len(weak.hashes)
    assert (mine.begins.tolist(), mine.bounds.tolist()) == (other.begins.tolist(), other.bounds.tolist())


def test_nobody_can_make_words_that_collide() -> None:
    """What differs in the highest bits of eight bytes cannot be set right in those of the next eight."""
    crafted = array(["aaaaaaa0bbbb" + middle + "bb" + last for middle in "prqs" for last in "0p"])
    crafted = pa.concat_arrays([crafted, array([word.replace("0b", "pb") for word in crafted.to_pylist()])])
    for seed in range(200):
        hashes = hashed(crafted, np.random.default_rng(seed).bytes(32)).hashes
        assert len(np.unique(hashes)) == len(crafted)


def test_bytes_behind_a_null_are_no_text() -> None:
    """Arrow allows them."""
    bounds, valid = np.array([0, 3, 8, 9], np.int64), np.array([0b101], np.uint8)
    buffers = [pa.py_buffer(valid), pa.py_buffer(bounds), pa.py_buffer(b"one two x")]
    agrees(hashed(pa.Array.from_buffers(pa.large_string(), 3, buffers), KEY), ["one", None, "x"])


@pytest.mark.parametrize("cuts", [[], [0, 4], [0, 1, 4], [0, 0, 2, 4, 4]])
def test_words_of_a_batch(cuts: list[int]) -> None:
    """Of a column in no chunk, one, or several, some of them empty."""
    texts: list[str | None] = ["one two", "", "", "zwei 三"][: cuts[-1] if cuts else 0]
    chunks = [array(texts[begin:end]) for begin, end in pairwise(cuts)]
    table = pa.table({"text": pa.chunked_array(chunks, pa.large_string())})
    batch = Batch(schema.DOCUMENTS.empty_table(), table, schema.ANOMALIES.empty_table(), KEY)
    agrees(batch.feature(words), texts)
    assert [values.dtype for values in words(batch)] == [np.uint64, np.int32, np.int64]
