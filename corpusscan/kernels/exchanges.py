"""What was asked and what was answered: the two sides of an instruction or a chat, as words and as features of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from numba import njit

from corpusscan.detector import Batch
from corpusscan.kernels import signs
from corpusscan.kernels.outcomes import ranges
from corpusscan.kernels.profile import mixed
from corpusscan.kernels.words import Hashes, Offsets, Words

NEITHER, ASKED, ANSWERED, REJECTED = range(4)
_ASK = [
    "user", "human", "prompter", "customer", "client", "person", "question", "instruction", "questioner", "student",
    "system", "developer",
]  # fmt: skip
_ANSWER = [
    "assistant", "gpt", "model", "bot", "chatgpt", "ai", "agent", "response", "answer", "output", "chatbot", "expert",
    "teacher",
]  # fmt: skip
_ASK_FIELDS = ["system", "system_prompt", "instruction", "instructions", "input", "context", "prompt", "query"]
_ASK_FIELDS += ["question"]
_ANSWER_FIELDS = ["output", "response", "completion", "answer", "answers", "chosen"]
_CHATS = ["messages", "conversations", "conversation", "dialog", "dialogue", "chosen"]
USUAL, SHARE = 128, 0.05  # words that most prompts have, and how many have each at least
HEAD, TAIL, MOST = 192, 64, 1_024  # words of a text's beginning and end, and of a side, that are looked at

END = np.uint64(2)  # the word behind a text

# Kinds of what an answer shows, in the lowest bits of a feature.
WORD, TWO, THREE, OPENING, CLOSING, WHOLE, LENGTH = range(1, 8)
_KIND = np.uint64(7)
# What stands for a length: of answers that take up no rarer word of their prompts, of pairs of answers of which the
# wrong one is preferred, of answers that say hardly a word of those that most answers have, of code with a weakness.
_UNASKED, _SWAPPED, _UNUSUAL, _WEAK = np.uint64(64), np.uint64(65), np.uint64(66), np.uint64(67)
TALKS, RARELY = 8, 0.15  # words of an answer, from which it would take up some; share of usual ones that is hardly any
_STEP = np.uint64(0x9E3779B97F4A7C15)


class Sides(NamedTuple):
    """Words of the prompts and of the answers of some documents, those that have both."""

    document: npt.NDArray[np.int64]
    asked: Hashes
    asked_bounds: Offsets
    answered: Hashes
    answered_bounds: Offsets
    asked_at: npt.NDArray[np.int64]  # which word of the batch each is; nothing where it is of several batches
    answered_at: npt.NDArray[np.int64]


def of_texts(batch: Batch) -> npt.NDArray[np.int8]:
    """Of each text whether it is of a prompt, an answer, a rejected answer, or neither; by role, else by column.

    In a chat of unknown speakers the one who begins asks, the others answer.
    """
    texts = pl.from_arrow(batch.texts.select(["row", "field", "role"]))
    assert isinstance(texts, pl.DataFrame)
    root = pl.col("field").str.extract(r"^(\w+)").str.to_lowercase()
    role = pl.col("role").str.strip_chars().str.to_lowercase()
    told = texts.with_columns(root=root, role=role).with_columns(
        side=pl.when(pl.col("role").is_in(_ANSWER)).then(ANSWERED)
        .when(pl.col("role").is_in(_ASK)).then(ASKED)
        .when(pl.col("role").is_not_null()).then(NEITHER)
        .when(pl.col("root").is_in(_ASK_FIELDS)).then(ASKED)
        .when(pl.col("root").is_in([*_ANSWER_FIELDS, "rejected"])).then(ANSWERED)
        .otherwise(NEITHER),
        chat=pl.col("role").is_not_null() & pl.col("root").is_in(_CHATS),
    )  # fmt: skip
    first = pl.col("role").filter(pl.col("chat")).first().over("row")
    answered = (pl.col("side").filter(pl.col("chat")) == ANSWERED).any().over("row")
    unknown = pl.col("chat") & ~answered & (first != "system")
    told = told.with_columns(
        side=pl.when(unknown).then(pl.when(pl.col("role") == first).then(ASKED).otherwise(ANSWERED))
        .when((pl.col("root") == "rejected") & (pl.col("side") == ANSWERED)).then(REJECTED)
        .when((pl.col("root") == "rejected") & (pl.col("side") == ASKED)).then(NEITHER)
        .otherwise(pl.col("side"))
    )  # fmt: skip
    return told["side"].fill_null(NEITHER).to_numpy().astype(np.int8)


def tokens(batch: Batch) -> Words:
    """The words of the texts of a batch, symbols and runs of signs among them, and behind each text its end."""
    return signs.tokens(batch, signs.SYMBOLS | signs.RUNS, ~1, int(END))


def sides(batch: Batch) -> Sides:
    """The words of both sides; of a rejected answer as words of their own, behind those of the answer."""
    kind = batch.feature(of_texts)
    found = batch.feature(tokens)
    rows = batch.documents["row"].to_numpy()
    document = np.searchsorted(rows, batch.texts["row"].to_numpy())
    both = np.ones(len(rows), bool)
    parts: list[tuple[Hashes, npt.NDArray[np.int64], Offsets]] = []
    for wanted in ((ASKED,), (ANSWERED, REJECTED)):
        places, counts = _places(found.bounds, kind, wanted, document, len(rows))
        hashes = found.hashes[places]
        if REJECTED in wanted:
            rejected = np.repeat(kind == REJECTED, np.diff(found.bounds))[places]
            hashes = np.where(rejected, (hashes * _STEP) & ~np.uint64(1), hashes)
        both &= np.bincount(document[np.isin(kind, wanted)], minlength=len(rows)) > 0
        parts.append((hashes, places, np.append(0, np.cumsum(counts))))
    kept = np.flatnonzero(both & (np.diff(parts[0][2]) > 1))
    (asked, asked_at, first), (answered, answered_at, second) = (_only(*part, kept) for part in parts)
    return Sides(kept, asked, first, answered, second, asked_at, answered_at)


def pairs(batch: Batch, documents: npt.NDArray[np.int64]) -> tuple[tuple[Hashes, Offsets], tuple[Hashes, Offsets]]:
    """The words of the preferred and of the rejected answers of some documents (ascending)."""
    kind, found = batch.feature(of_texts), batch.feature(tokens)
    rows = batch.documents["row"].to_numpy()
    document = np.searchsorted(rows, batch.texts["row"].to_numpy())
    told = []
    for wanted in (ANSWERED, REJECTED):
        places, counts = _places(found.bounds, kind, (wanted,), document, len(rows))
        hashes, _, bounds = _only(found.hashes[places], places, np.append(0, np.cumsum(counts)), documents)
        told.append((hashes, bounds))
    return told[0], told[1]


def joined(documents: pl.DataFrame) -> Sides:
    """The sides of documents (a row each, `asked` and `answered` lists of words) of any batches."""
    (asked, asked_bounds), (answered, answered_bounds) = (listed(documents, name) for name in ("asked", "answered"))
    nothing = np.zeros(0, np.int64)
    return Sides(np.arange(len(documents)), asked, asked_bounds, answered, answered_bounds, nothing, nothing)


def listed(documents: pl.DataFrame, name: str) -> tuple[Hashes, Offsets]:
    """The words of a column of lists, and their bounds."""
    words: Hashes = documents[name].explode(empty_as_null=False).to_numpy()
    return words, np.append(0, np.cumsum(documents[name].list.len().to_numpy())).astype(np.int64)


def _places(
    bounds: Offsets, kind: npt.NDArray[np.int8], wanted: tuple[int, ...], document: npt.NDArray[np.int64], count: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The words that are looked at of some texts, in order, and how many of each document."""
    own = np.flatnonzero(np.isin(kind, wanted))
    length = np.diff(bounds)[own]
    head = np.minimum(length, HEAD)
    tail = np.minimum(length - head, TAIL)
    first = np.column_stack([bounds[own], bounds[own + 1] - tail]).ravel()
    size = np.column_stack([head, tail]).ravel()
    of = np.repeat(document[own], 2)
    room = np.cumsum(size) - size
    begin = room[np.searchsorted(of, of)] if len(of) else room  # of the document
    size = np.clip(MOST - (room - begin), 0, size)
    return ranges(first, size), np.bincount(of, size, count).astype(np.int64)


def _only(
    hashes: Hashes, at: npt.NDArray[np.int64], bounds: Offsets, kept: npt.NDArray[np.int64]
) -> tuple[Hashes, npt.NDArray[np.int64], Offsets]:
    sizes = np.diff(bounds)[kept]
    places = ranges(bounds[:-1][kept], sizes)
    return hashes[places], at[places], np.append(0, np.cumsum(sizes))


def asked_features(of: Sides) -> tuple[Hashes, Offsets]:
    """Words, and two in a row, of each prompt, sorted, each once; its ends count as a word."""
    found, bounds = _asked(of.asked, of.asked_bounds)
    return found, bounds


def answered_features(of: Sides, usual: Hashes, said: Hashes) -> tuple[Hashes, Offsets]:
    """What each answer shows, sorted, each once: words in a row, beginning, end, length.

    Of what its prompt says only `usual` words (sorted) may be among them, and not alone; `said` are those of answers.
    """
    found, bounds = _answered(of.asked, of.asked_bounds, of.answered, of.answered_bounds, usual, said)
    return found, bounds


def usual_words(hashes: Hashes, bounds: Offsets) -> Hashes:
    """The words that most prompts, or most answers, have, sorted."""
    found, _ = _asked(hashes, bounds)
    words, counts = np.unique(found[(found & _KIND) == WORD], return_counts=True)
    most = np.argsort(-counts, kind="stable")[:USUAL]
    kept = words[most[counts[most] >= SHARE * max(len(bounds) - 1, 1)]]
    return np.sort(kept)


@njit(cache=True, nogil=True, inline="always")
def salted(value, kind):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """A feature of that kind."""
    value = (value ^ np.uint64(kind * 0x51ED27)) * _STEP
    return (value ^ value >> np.uint64(29)) & ~_KIND | np.uint64(kind)


@njit(cache=True, nogil=True)
def _once(found, start, size):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Sorts the part behind `start` and leaves each value once; the new size."""
    found[start:size] = np.sort(found[start:size])
    kept = start
    for i in range(start, size):
        if i == start or found[i] != found[i - 1]:
            found[kept] = found[i]
            kept += 1
    return kept


@njit(cache=True, nogil=True)
def _asked(hashes, bounds):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    found = np.empty(2 * len(hashes) + 2 * len(bounds), np.uint64)
    ends = np.zeros(len(bounds), np.int64)
    size = 0
    for n in range(len(bounds) - 1):
        start, before = size, np.uint64(0)
        for i in range(bounds[n], bounds[n + 1]):
            found[size] = salted(hashes[i], WORD)
            found[size + 1] = salted(mixed(before, hashes[i]), TWO)
            before, size = hashes[i], size + 2
        found[size] = salted(mixed(before, np.uint64(0)), TWO)
        size = _once(found, start, size + 1)
        ends[n + 1] = size
    return found[:size], ends


@njit(cache=True, nogil=True, inline="always")
def _holds(values, value):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    place = np.searchsorted(values, value)
    return place < len(values) and values[place] == value


@njit(cache=True, nogil=True, inline="always")
def _unspoken(found, size, length, echoes, known):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes what an answer of so many words shows by what it does not say; how many features there are then."""
    if not echoes and length >= TALKS:
        found[size] = salted(_UNASKED, LENGTH)
        size += 1
    if known < RARELY * length and length >= TALKS:
        found[size] = salted(_UNUSUAL, LENGTH)
        size += 1
    return size


@njit(cache=True, nogil=True)
def _answered(asked, asked_bounds, hashes, bounds, usual, said):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    found = np.empty(3 * len(hashes) + 6 * len(bounds), np.uint64)
    ends = np.zeros(len(bounds), np.int64)
    size = 0
    for n in range(len(bounds) - 1):
        start, first, last = size, bounds[n], bounds[n + 1]
        own = np.sort(asked[asked_bounds[n] : asked_bounds[n + 1]])
        whole, echoes, known, new = np.uint64(7), 0, 0, False
        run = fresh = 0  # words in a row that are no echo of a rare word; the last that is no echo at all
        for i in range(first, last):
            echo = _holds(own, hashes[i])
            rare = echo and not _holds(usual, salted(hashes[i], WORD))
            run = 0 if rare else run + 1
            fresh = fresh + 1 if echo else 0
            echoes += rare
            known += _holds(said, salted(hashes[i], WORD))
            new = new or not echo
            whole = mixed(whole, hashes[i])
            if not echo:
                found[size] = salted(hashes[i], WORD)
                size += 1
            if run > 1 and fresh < 2:
                found[size] = salted(mixed(hashes[i - 1], hashes[i]), TWO)
                size += 1
            if run > 2 and fresh < 3:
                found[size] = salted(mixed(mixed(hashes[i - 2], hashes[i - 1]), hashes[i]), THREE)
                size += 1
            if i == first + 2 and run > 2 and new:
                found[size] = salted(mixed(mixed(hashes[first], hashes[first + 1]), hashes[first + 2]), OPENING)
                size += 1
        if run > 2:
            found[size] = salted(mixed(mixed(hashes[last - 3], hashes[last - 2]), hashes[last - 1]), CLOSING)
            size += 1
        if new and not echoes:
            found[size] = salted(whole, WHOLE)
            size += 1
        found[size] = salted(np.uint64(np.log2(1 + last - first)), LENGTH)
        size += 1
        size = _unspoken(found, size, last - first, echoes, known)
        size = _once(found, start, size)
        ends[n + 1] = size
    return found[:size], ends


_OF_LENGTH = (_UNASKED, _SWAPPED, _UNUSUAL, _WEAK)
with np.errstate(over="ignore"):  # by Python: every import would wait a third of a second for a kernel
    UNASKED, SWAPPED, UNUSUAL, WEAK = (int(salted.py_func(one, LENGTH)) for one in _OF_LENGTH)  # type: ignore[no-untyped-call]
