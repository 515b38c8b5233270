"""Tokenised shards: what a trainer reads, behind every filter of text; decoded with `--tokenizer`.

Three layouts: tokens and nothing else (`.bin`, and the `.npy` of OLMo), NumPy arrays (`.npy`), and Megatron's `.bin`
with an `.idx` beside it.  Without an index a document ends where the tokenizer's token for that stands.
(NumPy Enhancement Proposal 1; Megatron-LM, `core/datasets/indexed_dataset.py`.)
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io.layout import compression
from corpusscan.io.places import storage
from corpusscan.io.places.storage import Location
from corpusscan.io.rows.builder import Builder
from corpusscan.io.shard import Shard
from corpusscan.kernels import tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNIT = "byte"
SUFFIXES = (".npy", ".bin")
TOKENS = True  # cut and read with a tokenizer
MAX_TOKENS = 2**20  # of a record: what has no end is cut
ENDS = ("<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<|eot_id|>", "<|im_end|>", "<｜end▁of▁sentence｜>",
        "[EOS]", "<|eos|>", "[SEP]")  # fmt: skip
BEGINS = ("<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>", "[CLS]", "[BOS]")
_HEAD = 2**22  # bytes by which the token that ends documents is told
_SOME = 2**16  # tokens that are decoded together
_MEGATRON = b"MMIDIDX\x00\x00"
_DTYPES = {1: "u1", 2: "i1", 3: "i2", 4: "i4", 5: "i8", 8: "u2"}  # of Megatron's codes, those of whole numbers
_NUMPY = b"\x93NUMPY"

Tokens = npt.NDArray[np.int64]


class _Layout(NamedTuple):
    """Tokens of a type from byte `begin` to `end` of a file, and where among them documents begin, if that is known."""

    dtype: np.dtype[np.generic]
    begin: int
    end: int
    starts: npt.NDArray[np.int64] | None  # bytes


def split(path: Location, target: int, tokenizer: str) -> list[tuple[int, int, int]]:
    """Ranges (start, stop, bytes) of about `target` bytes that begin where documents do.  Raises `UnreadableError`."""
    layout, size = _layout(path, tokenizer), storage.size(path)
    cuts = [0]
    while cuts[-1] + target < layout.end and (cut := _next(path, layout, cuts[-1] + target, tokenizer)) < layout.end:
        cuts.append(cut)
    return [(start, stop, stop - start) for start, stop in zip(cuts, [*cuts[1:], size], strict=True)]


def _next(path: Location, layout: _Layout, near: int, tokenizer: str) -> int:
    """The first place at or after `near` where a document begins; the end of the tokens, where none does."""
    near = max(near, layout.begin)
    if layout.starts is not None:
        later = layout.starts[np.searchsorted(layout.starts, near) :]
        return int(later[0]) if len(later) else layout.end
    width = layout.dtype.itemsize
    near += -(near - layout.begin) % width
    end = _end(path, layout, tokenizer)
    if end is None:  # records of equal length
        return near + -(near - layout.begin) % (width * MAX_TOKENS)
    for place in range(near - width, layout.end, width * 2**20):
        found = np.flatnonzero(_read(path, layout, place, min(place + width * 2**20, layout.end)) == end)
        if len(found):
            return place + width * (int(found[0]) + 1)
    return layout.end


def beside(shard: Shard) -> list[Location]:
    """The index and the tokenizer, where these are files: by these the bytes are read."""
    folder = Path(shard.tokenizer)
    tokenizer = folder / "tokenizer.json" if folder.is_dir() else folder
    index = storage.beside(storage.of(shard), ".idx")
    return [*([index] if index else []), *([tokenizer] if tokenizer.is_file() else [])]


def names(_: Shard) -> Iterator[str]:
    """The one field there is."""
    yield "text"


def count(shard: Shard) -> int:
    """Documents of the shard.  Raises `UnreadableError`."""
    return sum(1 for _ in _records(shard))


def read(shard: Shard, builder: Builder) -> Iterator[Batch]:
    """Batches of the shard's documents, as the tokenizer spells them.

    Raises `UnreadableError` where the rest of the shard cannot be read.
    """
    tokenizer = tokens.load(shard.tokenizer)
    known = tokenizer.get_vocab_size()
    first_and_last = _numbers(BEGINS, tokenizer), _numbers(ENDS, tokenizer)
    layout, held, size = builder.layout(("text",)), list[Tokens](), 0

    def add() -> None:
        first = builder.row
        places = builder.wants(len(held)).tolist()
        texts = tokenizer.decode_batch([held[place].tolist() for place in places], skip_special_tokens=False)
        for place, text in zip(places, texts, strict=True):
            builder.row = first + place
            if int(held[place].max(initial=0)) >= known or int(held[place].min(initial=0)) < 0:
                builder.account.note("unknown_token")
            builder.extend({"text": [text]}, layout, 1, len(text))
        builder.row = first + len(held)

    for record in _records(shard):
        held.append(_bare(record, *first_and_last))
        size += len(record)
        if size >= _SOME or len(held) >= _SOME // 64:
            add()
            held, size = [], 0
            if builder.full and (batch := builder.take()):
                yield batch
    add()


def _numbers(names: tuple[str, ...], tokenizer: Tokenizer) -> set[int]:
    return {number for name in names if (number := tokenizer.token_to_id(name)) is not None}


def _bare(record: Tokens, begins: set[int], ends: set[int]) -> Tokens:
    """A document without the tokens by which a trainer tells it from its neighbours: these are no text of its own."""
    start = int(len(record) > 0 and int(record[0]) in begins | ends)
    return record[start : len(record) - (len(record) > start and int(record[-1]) in ends)]


def _records(shard: Shard) -> Iterator[Tokens]:
    """The documents of the shard as tokens, the one at their end included."""
    path = storage.of(shard)
    layout = _layout(path, shard.tokenizer)
    begin, stop = max(shard.start, layout.begin), min(shard.stop, layout.end)
    bounds: Iterable[tuple[int, int]]
    if layout.starts is not None:
        inside = layout.starts[(layout.starts >= begin) & (layout.starts < stop)].tolist()
        bounds = zip(inside, [*inside[1:], stop], strict=True)
    else:
        bounds = _bounds(path, layout, begin, stop, shard.tokenizer)
    width = layout.dtype.itemsize
    for start, end in bounds:
        for place in range(start, end, width * MAX_TOKENS):
            yield _read(path, layout, place, min(place + width * MAX_TOKENS, end))
    if shard.stop > layout.end and (shard.stop - layout.end) % width:
        raise UnreadableError("truncated_file", "it ends inside a token")


def _bounds(path: Location, layout: _Layout, begin: int, stop: int, tokenizer: str) -> Iterator[tuple[int, int]]:
    """Where documents without an index begin and end, in bytes."""
    end, width, start = _end(path, layout, tokenizer), layout.dtype.itemsize, begin
    for place in range(begin, stop, width * MAX_TOKENS) if end is not None else ():
        part = _read(path, layout, place, min(place + width * MAX_TOKENS, stop))
        for found in np.flatnonzero(part == end).tolist():
            yield start, place + width * (found + 1)
            start = place + width * (found + 1)
    if start < stop:
        yield start, stop


def _end(path: Location, layout: _Layout, tokenizer: str) -> int | None:
    """The token that ends documents: of those that may, the one that is most frequent at the beginning of the file."""
    loaded = tokens.load(tokenizer)
    head = Counter(_read(path, layout, layout.begin, min(layout.begin + _HEAD, layout.end)).tolist())
    known = [number for name in ENDS if (number := loaded.token_to_id(name)) is not None and head[number]]
    return max(known, key=lambda number: head[number], default=None)


def _read(path: Location, layout: _Layout, start: int, stop: int) -> Tokens:
    width = layout.dtype.itemsize
    with path.open("rb") as file:
        file.seek(start)
        data = file.read((stop - start) // width * width)
    if len(data) < (stop - start) // width * width:
        raise UnreadableError("truncated_file", "the file is shorter than when the scan was planned")
    return np.frombuffer(data, layout.dtype).astype(np.int64)


def _layout(path: Location, tokenizer: str) -> _Layout:
    """Raises `UnreadableError` for what holds no tokens, or cannot be told."""
    size = storage.size(path)
    with path.open("rb") as file:
        head = file.read(128)
    if head.startswith((b"\x80", b"PK", b"GGUF", b"\x7fELF")) or compression.kind_of(head):
        raise UnreadableError("unknown_format", "no tokens: weights, a program, or a packed file")
    if not tokenizer:
        raise UnreadableError("no_tokenizer", "tokens; name their tokenizer with --tokenizer")
    if head.startswith(_NUMPY):
        return _of_numpy(path, size)
    if path.name.endswith(".bin") and (index := storage.beside(path, ".idx")):
        return _of_megatron(index, size)
    width = 2 if tokens.load(tokenizer).get_vocab_size() <= 2**16 else 4
    return _Layout(np.dtype(f"<u{width}"), 0, size - size % width, None)


def _of_numpy(path: Location, size: int) -> _Layout:
    with path.open("rb") as file:
        try:
            version = np.lib.format.read_magic(file)
            reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, in_columns, dtype = reader(file)
        except Exception as error:  # noqa: BLE001  # it parses a Python literal: whatever that raises
            raise UnreadableError("corrupt_npy", str(error)) from None
        begin = file.tell()
    if dtype.kind not in "iu" or in_columns or not 1 <= len(shape) <= 2:
        raise UnreadableError("unknown_format", f"no tokens: an array of {dtype}")
    said = int(np.prod([int(one) for one in shape], dtype=object)) * dtype.itemsize
    if said > size - begin:
        raise UnreadableError("truncated_file", "it is shorter than its header says")
    rows = None
    if len(shape) == 2:  # a row is a sequence
        rows = begin + np.arange(shape[0], dtype=np.int64) * (shape[1] * dtype.itemsize)
    return _Layout(dtype, begin, begin + said, rows)


def _of_megatron(index: Location, size: int) -> _Layout:
    with index.open("rb") as file:
        head = file.read(len(_MEGATRON) + 25)
        if len(head) < len(_MEGATRON) + 25 or not head.startswith(_MEGATRON):
            raise UnreadableError("corrupt_index", f"{index.name} is no index of tokens")
        _, code, sequences, documents = struct.unpack("<QBQQ", head[len(_MEGATRON) :])
        if code not in _DTYPES or len(head) + 12 * sequences + 8 * documents > storage.size(index):
            raise UnreadableError("corrupt_index", f"{index.name} is shorter than it says, or holds no whole numbers")
        sizes = np.frombuffer(file.read(4 * sequences), "<i4")
        starts = np.frombuffer(file.read(8 * sequences), "<i8")
        first = np.frombuffer(file.read(8 * documents), "<i8")
    first = first[(first >= 0) & (first < sequences)]
    places = np.unique(np.append(starts[first], 0))
    dtype = np.dtype(f"<{_DTYPES[code]}")
    if len(places) and (places[0] < 0 or places[-1] > size or np.any(places % dtype.itemsize)):
        raise UnreadableError("corrupt_index", f"{index.name} points outside of its tokens")
    if np.any(starts > size - sizes.astype(np.int64) * dtype.itemsize):
        raise UnreadableError("truncated_file", f"it is shorter than {index.name} says")
    return _Layout(dtype, 0, size - size % dtype.itemsize, places[places < size])
