"""What of a document is noise is measured right, and each kind of noise is told from what is honest."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from toy_language import PHRASES, VOCABULARY, page, shuffled

from corpusscan import schema
from corpusscan.detector import Batch
from corpusscan.kernels import noises, noisiness, profile, words
from corpusscan.kernels.columns import contents
from corpusscan.kernels.noises import FEW, LETTERS, MISREAD, NUMBERS, ORDER, PIECES, REPEATED, WORDS

KEY = b"k" * 32


def batch(texts: Sequence[str | None]) -> Batch:
    """One document for each text."""
    rows = range(len(texts))
    documents = pa.table(
        {"row": rows, **dict.fromkeys(("id", "source", "time", "label", "annotator"), [None] * len(texts))}
    )
    listed = pa.table(
        {
            "row": rows,
            "field": ["text"] * len(texts),
            "role": [None] * len(texts),
            "start": [0] * len(texts),
            "text": texts,
        }
    )
    return Batch(documents.cast(schema.DOCUMENTS), listed.cast(schema.TEXTS), schema.ANOMALIES.empty_table(), KEY)


@pytest.fixture(scope="module")
def known() -> profile.Profile:
    """The profile of 600 texts."""
    draw = random.Random(1)
    found = words.words(batch([page(draw) for _ in range(600)]))
    return profile.profile(found.hashes.copy(), found.bounds)


def told(texts: Sequence[str | None], known: profile.Profile) -> dict[int, tuple[int, str | None]]:
    """The kind of each text that is noise, and why it is forgiven."""
    found = noises.noises(batch(texts), known)
    triples = zip(found.document.tolist(), found.kind.tolist(), found.forgiven, strict=True)
    return {document: (kind, why) for document, kind, why in triples}


def written(*texts: str) -> noisiness.Written:
    """What the bytes of some texts are."""
    return noisiness.written(*contents(pa.chunked_array([pa.array(texts, pa.large_string())])))


def test_bytes_are_counted_by_what_they_are() -> None:
    """Shares are of the bytes of the document; letters are the rest; runs of spaces say nothing."""
    found = written("ab12-\n é", "", "x")
    assert found.size.tolist() == [9, 0, 1]
    of_first = [float(column[0]) * 9 for column in found[2:]]
    assert of_first == pytest.approx([2, 1, 2, 1, 2])  # digits, signs, spaces, lines, beyond
    assert all(column[1] == 0 for column in found)


def test_what_comes_again_can_be_foreseen() -> None:
    """A unit again and again: all of it; bytes at random: none; a blank page: nothing."""
    draw = random.Random(2)
    noise = "".join(chr(draw.randrange(33, 127)) for _ in range(3_000))
    found = written("abc def " * 300, noise, " \n" * 2_000, page(draw))
    again, none, blank, usual = found.foreseen.tolist()
    assert again > 0.99
    assert none < 0.01
    assert blank < 0.1
    assert 0.02 < usual < 0.85


def test_documents_do_not_know_one_another() -> None:
    """What a text says is not foreseen from another one, nor do its words recur in it."""
    one = page(random.Random(3))
    both = written(one, one)
    assert both.foreseen[0] == pytest.approx(both.foreseen[1], abs=1e-3)
    found = words.words(batch([one, one]))
    recur = noisiness.repeated(found.hashes, found.bounds)
    assert all(column[0] == column[1] for column in recur)


def test_order_shows_in_pairs(known: profile.Profile) -> None:
    """Text has bits against noise, and more known pairs side by side than apart; the same words shuffled do not."""
    draw = random.Random(4)
    straight = page(draw).replace(".", "").split(" ")
    found = words.words(batch([" ".join(straight), " ".join(draw.sample(straight, len(straight)))]))
    rarity, _ = profile.looked_up(found.hashes, known.slots)
    ordered = noisiness.ordered(found.hashes, rarity, found.bounds, known)
    apart = noisiness.apart(found.hashes, rarity, found.bounds, known)
    assert ordered.bits[0] < 0 < ordered.bits[1]
    assert ordered.known[0] - apart[0] > 0.3
    assert abs(ordered.known[1] - apart[1]) < 0.1
    assert ordered.unknown.tolist() == pytest.approx([0, 0], abs=0.02)


def test_drawn_words_recur_in_pairs_by_chance() -> None:
    """As often as their own frequencies say; text far more often."""
    draw = random.Random(6)
    drawn = " ".join(draw.choices(VOCABULARY[:40], k=800))
    few = ". ".join(draw.choices(PHRASES[:20], k=160))
    found = words.words(batch([drawn, few]))
    recur = noisiness.repeated(found.hashes, found.bounds)
    assert recur.pairs[0] == pytest.approx(recur.by_chance[0], rel=0.3)
    assert recur.pairs[1] > 5 * recur.by_chance[1]
    assert recur.again.min() > 0.8


def pieces(draw: random.Random) -> str:
    """Parts of words, with and without spaces before them."""
    return "".join(
        draw.choice(["", "", " "]) + "".join(draw.choices("abcdefghijklmnopqrstuvwyz", k=4)) for _ in range(900)
    )


def letters(draw: random.Random) -> str:
    """Characters without any words."""
    return "".join(chr(draw.randrange(0x21, 0x17F)) for _ in range(1_500))


NOISE = {
    "repeated": (REPEATED, lambda draw: draw.choice([" ", "\n", ""]).join([draw.choice(VOCABULARY)] * 300)),
    "signs": (REPEATED, lambda draw: draw.choice("ab.-=_#*0") * 300),
    "utf-16": (MISREAD, lambda draw: page(draw).encode().decode("utf-16-le", "replace")),
    "ebcdic": (MISREAD, lambda draw: page(draw).encode().decode("cp037", "replace")),
    "letters": (LETTERS, letters),
    "numbers": (NUMBERS, lambda draw: " ".join(str(draw.getrandbits(draw.randint(1, 40))) for _ in range(300))),
    "pieces": (PIECES, pieces),
    "words": (WORDS, lambda draw: " ".join(draw.sample(VOCABULARY, 500))),
    "order": (ORDER, shuffled),
    "few": (FEW, lambda draw: " ".join(draw.choices([word + "qu" for word in VOCABULARY[:50]], k=700))),
}  # fmt: skip


@pytest.mark.parametrize("name", NOISE)
def test_noise_is_told_by_its_kind(name: str, known: profile.Profile) -> None:
    """Nearly every document, and none of it is forgiven."""
    kind, make = NOISE[name]
    draw = random.Random(7)
    found = told([make(draw) for _ in range(20)], known)
    assert sum(one == (kind, None) for one in found.values()) >= 18


def honest() -> dict[str, list[str]]:
    """What is no noise, or forgiven, however strange it looks."""
    draw = random.Random(8)
    lines = [
        f"    if {draw.choice(VOCABULARY)}_{n}(x[{n}]) != 0: return {{'{draw.choice(VOCABULARY)}': {n}}}"
        for n in range(80)
    ]
    table = "\n".join("; ".join(f"{draw.random() * 100:.3f}" for _ in range(5)) for _ in range(60))
    ideographs = [chr(draw.randrange(0x4E00, 0x9F00)) for _ in range(500)]
    unknown = [" ".join(draw.choices([word + "x" for word in VOCABULARY], k=4)) for _ in range(40)]
    return {
        "text": [page(draw) for _ in range(100)],
        "code": ["\n".join(lines)],
        "table": [table],
        "list": ["\n".join(draw.sample(VOCABULARY, 300)), ", ".join(draw.sample(VOCABULARY, 300))],
        "hashes": [" ".join("".join(draw.choices("0123456789abcdef", k=64)) for _ in range(120))],
        "chinese": ["".join(draw.choices(ideographs, k=500)) for _ in range(20)],
        "unknown language": [". ".join(draw.choices(unknown, k=90)) for _ in range(20)],
    }


@pytest.mark.parametrize("name", honest())
def test_what_is_honest_is_no_noise_or_has_a_name(name: str, known: profile.Profile) -> None:
    """Text never is; programs, tables, lists, keys and languages that nobody knows are not, or are forgiven by name."""
    found = told(honest()[name], known)
    assert [one for one in found.values() if one[1] is None] == []
    assert name != "text" or not found


def test_wrong_encodings_are_told_from_other_scripts() -> None:
    """Text that was read wrongly turns into text; Chinese, Korean, French and accents do not."""
    sentence = "The old clock near the harbour had stopped before anybody in the town could say why it did. " * 3
    russian = "Старые часы у гавани остановились прежде, чем кто-нибудь в городе понял почему. " * 4
    for encoding in ("utf-16-le", "utf-16-be", "cp037", "cp500"):
        assert noises.misread(sentence.encode().decode(encoding, "replace"))
    assert noises.misread(russian.encode().decode("utf-16-le", "replace"))
    draw = random.Random(9)
    for first, last in ((0x4E00, 0x9F00), (0xAC00, 0xD7A0), (0x3041, 0x30FF), (0xC0, 0x17F), (0x20, 0x7F)):
        assert not noises.misread("".join(chr(draw.randrange(first, last)) for _ in range(600)))
    assert not noises.misread("")


def test_nothing_is_too_short_too_long_or_too_empty(known: profile.Profile) -> None:
    """Empty and null texts, one character, a giant document of noise beside a short one: told or left alone."""
    draw = random.Random(10)
    giant = " ".join(draw.choices(VOCABULARY, k=200_000))
    found = told(["", None, "x", giant, "a b c", page(draw)], known)
    assert set(found) <= {3}
    assert told([], known) == {}
    assert len(noisiness.repeated(np.zeros(0, np.uint64), np.zeros(1, np.int64)).again) == 0
