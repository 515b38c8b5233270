"""Places that are alike: every word is of one stratum; what is by chance is counted without carriers."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from tongues import anew, known, read, tongue  # noqa: F401

from corpusscan.kernels import strata
from corpusscan.kernels.outcomes import LEVELS

untimed = settings(deadline=None, max_examples=60)
PIECES = st.lists(st.sampled_from(["ab", " ", "\n", " cd ", ". ", "e\n\nf", "中"]), max_size=30).map("".join)


@untimed
@given(PIECES)
def test_lines_that_begin_equal_plain_python(text: str) -> None:
    """A line, or the text, begins within so many words before or behind."""
    told, bounds = read([text])
    count = len(told.hashes)
    breaks = [at for at, byte in enumerate(text.encode()) if byte == 10]
    begins = {0, *(int((told.places < at).sum()) for at in breaks)}
    wanted = [
        any(at in begins for at in range(i - strata.BEFORE, i + strata.BEHIND) if at < count) for i in range(count)
    ]
    assert (strata.beginnings(told, bounds) == strata.LINE).tolist() == wanted


def test_the_text_behind_a_text_is_no_line_of_it() -> None:
    """Which documents share a batch does not show."""
    texts = tongue().texts(3, 30)
    alone = [near for text in texts for near in strata.beginnings(*read([text])).tolist()]
    assert strata.beginnings(*read(texts)).tolist() == alone


def test_the_beginning_of_another_text_of_a_document_is_a_place_of_its_own() -> None:
    """The words round it, as many as its document has; the beginning of the next document is none."""
    texts = tongue().texts(4, 60)
    told, bounds = read([*texts[:3], "a b", texts[3]])
    near = strata.beginnings(told, bounds[[0, 2, 5]])  # of two documents: two texts, and three
    wanted = {
        place for text in (1, 3, 4) for place in range(bounds[text] - strata.BORDER, bounds[text] + strata.BORDER)
    }
    assert set(np.flatnonzero(near == strata.ANOTHER).tolist()) == wanted


def test_every_word_is_of_one_stratum() -> None:
    """Words of strata are counted as those of single words are."""
    texts = [*tongue().texts(20), "", "a", *tongue(1).texts(5, 400), "\n".join(tongue().texts(8, 20))]
    told, bounds = read(texts)
    own = strata.strata(told, bounds, known())
    counted = own.words()
    assert counted["words"].sum() == len(told.hashes)
    assert counted["words"].min() >= 0  # type: ignore[operator]
    short = np.arange(len(told.hashes)) - np.repeat(bounds[:-1], np.diff(bounds)) < 16  # too few for a topic
    single = pl.DataFrame({"stratum": own.of(np.flatnonzero(short))}).group_by("stratum").len()
    joined = single.join(counted, on="stratum", how="left")
    assert joined["len"].sum() == short.sum()
    assert (joined["words"] >= joined["len"]).all()


def test_rates_are_of_a_level_or_a_surer_one() -> None:
    """Of all words of a stratum those at which an outcome of at least that level follows."""
    words = pl.DataFrame({"stratum": [3, 3, 7], "words": [600, 399, 9]})
    hits = pl.DataFrame({"stratum": [3, 3, 7], "kind": [0, 0, 1], "level": [0, 2, 1], "words": [10, 5, 90]})
    told = {(row["stratum"], row["kind"], row["level"]): row for row in strata.rates(words, hits).to_dicts()}
    assert len(told) == 2 * LEVELS.size
    assert [told[3, 0, level]["hits"] for level in range(4)] == [15, 5, 5, 0]
    assert {row["words"] for (stratum, *_), row in told.items() if stratum == 3} == {999}
    assert [told[7, kind, 1]["hits"] for kind in range(3)] == [0, 90, 0]


def test_carriers_are_no_evidence_of_what_chance_does() -> None:
    """Without the words of the only documents in which an outcome follows it follows nearly never."""
    words = pl.DataFrame({"stratum": [2], "words": [10_000]})
    hits = pl.DataFrame({"stratum": [2, 2], "kind": [0, 0], "level": [0, 1], "words": [150, 150]})
    told = strata.Rates(strata.rates(words, hits), 4)
    own = np.full(10, 2), np.full(10, 30)
    assert told.without(0, 0, *own)[2] < 1e-4
    assert 0.029 < told.without(0, 0, np.full(10, 3), own[1])[2] < 0.031
    assert 0.014 < told.without(0, 0, np.full(5, 2), own[1][:5])[2] < 0.016
    assert told.without(0, 1, *own)[2] < 1e-4


def test_what_is_taken_out_counts_no_more() -> None:
    """Documents that are of something else leave the rates for all others as they are without them."""
    words = pl.DataFrame({"stratum": [2, 3], "words": [10_000, 10_000]})
    hits = pl.DataFrame({"stratum": [2, 3], "kind": [0, 0], "level": [0, 0], "words": [300, 300]})
    told, none = strata.Rates(strata.rates(words, hits), 4), np.zeros(0, np.int64)
    said = {strata.words_column(*cell): np.full(5, 0 if any(cell) else 40) for cell in np.ndindex(LEVELS.shape)}
    told.take(pl.DataFrame({"stratum": [2] * 5, **said}))
    rates = told.without(0, 0, none, none)
    assert 0.0095 < rates[2] < 0.0105
    assert 0.0295 < rates[3] < 0.0305
