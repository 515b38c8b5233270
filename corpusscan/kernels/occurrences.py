"""Where phrases and patterns stand in one text, exactly; spans are bytes of a view of it until they are led back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, ClassVar, Protocol

import numpy as np
import re2

from corpusscan.kernels.folding import Places, code_points, fold_bytes, folded_code_points

# Scripts that write no spaces between words: an edge beside one of their letters is a word's edge.
_UNSPACED = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\x{30FC}\x{FF70}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
    r"\p{Javanese}\p{Balinese}\p{Tai_Le}\p{New_Tai_Lue}\p{Tai_Tham}\p{Tai_Viet}\p{Yi}]"
)

Span = tuple[int, int]


class Seeker(Protocol):
    """Something that occurs in texts."""

    @property
    def joinable(self) -> bool:
        """Whether an end of the text is no more to it than the end of a line."""

    def spans(self, text: bytes) -> Iterator[Span]:
        """Every occurrence, half-open, by ascending start, none of them empty."""

    def occurs(self, text: bytes) -> bool:
        """Whether there is one, or perhaps an empty one."""


@dataclass(frozen=True)
class Phrase:
    """Exactly these bytes; with `word` neither preceded nor followed by a letter, digit or mark of any script."""

    data: bytes
    word: bool = False
    joinable: ClassVar[bool] = True

    def spans(self, text: bytes) -> Iterator[Span]:
        """Occurrences that do not overlap."""
        begin = text.find(self.data)
        while begin >= 0:
            end = begin + len(self.data)
            if not self.word or _is_word(text, begin, end):
                yield begin, end
                begin = text.find(self.data, end)
            else:
                begin = text.find(self.data, begin + 1)

    def occurs(self, text: bytes) -> bool:
        """Whether there is one."""
        return any(True for _ in self.spans(text))


@dataclass(frozen=True)
class Pattern:
    """An RE2 pattern; compiled when first needed, because most never are."""

    source: str
    joinable: bool = False

    @cached_property
    def _compiled(self) -> Any:
        options = re2.Options()
        options.log_errors = False
        return re2.compile(self.source.encode(), options)

    def spans(self, text: bytes) -> Iterator[Span]:
        """RE2's leftmost-first matches, one after another."""
        return (found.span() for found in self._compiled.finditer(text) if found.end() > found.start())

    def occurs(self, text: bytes) -> bool:
        """Whether RE2 finds anything, be it empty."""
        return self._compiled.search(text) is not None


def seen(data: bytes, folded: bool) -> bytes:
    """A view of some text, whole characters."""
    return data if not folded else data.lower() if data.isascii() else fold_bytes(data)


class Text:
    """One text in both views, each made when first asked for."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.ascii = data.isascii()

    def view(self, folded: bool) -> bytes:
        """The bytes to look in."""
        return self._folded if folded else self.data

    def code_points(self, spans: Sequence[Span], folded: bool) -> list[Span]:
        """Spans of bytes of a view as spans of code points of the text, whole characters."""
        if self.ascii:
            return list(spans)
        places = self._folded_places if folded else self._places
        return [(int(places[begin]), int(places[end - 1]) + 1) for begin, end in spans]

    @cached_property
    def _folded(self) -> bytes:
        return seen(self.data, folded=True)

    @cached_property
    def _folded_places(self) -> Places:
        return folded_code_points(self.data)

    @cached_property
    def _places(self) -> Places:
        return code_points(self.data)


def tightest(items: Sequence[Sequence[Span]], within: int) -> Span | None:
    """The shortest span of at most `within` that holds a span of every item; the first of equals.

    For each possible start, every item takes the span that begins no earlier and ends first.
    """
    begins = np.unique(np.concatenate([np.array(spans, np.int64).reshape(-1, 2)[:, 0] for spans in items]))
    ends = np.zeros(len(begins), np.int64)
    never = np.iinfo(np.int64).max
    for spans in items:
        ordered = np.array(sorted(spans), np.int64).reshape(-1, 2)
        earliest = np.append(np.minimum.accumulate(ordered[::-1, 1])[::-1], never)
        ends = np.maximum(ends, earliest[np.searchsorted(ordered[:, 0], begins)])
    lengths = np.where(ends == never, never, ends - begins)
    best = int(np.argmin(lengths)) if len(lengths) else 0
    return (int(begins[best]), int(ends[best])) if len(lengths) and lengths[best] <= within else None


def _is_word(text: bytes, begin: int, end: int) -> bool:
    before, after = text[max(begin - 4, 0) : begin], text[end : end + 4]
    return _edge(_last(before), _first(text[begin:end])) and _edge(_first(after), _last(text[begin:end]))


def _first(data: bytes) -> str:
    return data[:4].decode("utf-8", "ignore")[:1]


def _last(data: bytes) -> str:
    return data[-4:].decode("utf-8", "ignore")[-1:]


@lru_cache(maxsize=4096)
def _edge(outside: str, inside: str) -> bool:
    """Whether a word ends between two neighbouring characters; RE2 knows their kinds."""
    if not outside or not re2.search(r"[\pL\pN\pM]", outside):
        return True
    return bool(re2.search(_UNSPACED, outside) or re2.search(_UNSPACED, inside))
