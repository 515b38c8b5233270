"""How many tokens a text is: by a Hugging Face tokenizer, else one per four UTF-8 bytes, rounded up."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpusscan.errors import UsageError
from corpusscan.kernels.hashing import text_lengths

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

BYTES_PER_TOKEN = 4


def approximate(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Tokens of texts of so many UTF-8 bytes: English byte-pair encodings average about four."""
    return -(-lengths // BYTES_PER_TOKEN)


def count(column: pa.ChunkedArray, tokenizer: str | None) -> npt.NDArray[np.int64]:
    """Tokens of each text.  Raises `UsageError` for a tokenizer that cannot be loaded."""
    if tokenizer is None:
        return approximate(text_lengths(column))
    return np.array([len(encoding.ids) for encoding in _encode(column.to_pylist(), tokenizer)], np.int64)


def count_texts(texts: Sequence[str], tokenizer: str | None) -> list[int]:
    """Tokens of a few texts, as `count`."""
    if tokenizer is None:
        return [-(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN) for text in texts]
    return [len(encoding.ids) for encoding in _encode(list(texts), tokenizer)]


def _encode(texts: list[str], tokenizer: str) -> list[Encoding]:
    return load(tokenizer).encode_batch_fast(texts, add_special_tokens=False)


@lru_cache(maxsize=1)
def load(name: str) -> Tokenizer:
    """The tokenizer of a `tokenizer.json`, of a folder that holds one, or of a model name on the hub.

    Raises `UsageError` when there is none.
    """
    from tokenizers import Tokenizer  # noqa: PLC0415  # costs 50 ms, and few scans need it

    path = Path(name)
    file = path / "tokenizer.json" if path.is_dir() else path
    if file.suffix == ".json" and not file.exists():
        raise UsageError(f"--tokenizer {name}: no such file ({file}); give a tokenizer.json, its folder, or a hub name")
    try:
        tokenizer = Tokenizer.from_file(str(file)) if file.exists() else Tokenizer.from_pretrained(name)
    except Exception as error:  # noqa: BLE001  # the library raises bare Exception
        raise UsageError(f"--tokenizer {name}: not a tokenizer file, nor a name the hub knows ({error})") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
