"""Texts as vectors of a sentence model, whichever `sentence-transformers` loads: transformers, static tables of words.

Such libraries cut what is longer than the model reads, and say nothing (Reimers and Gurevych 2019 describe the models).
Here a text is parted into windows that the model reads whole, and its vector is the mean of theirs, by their tokens.
Only safetensors are read, and no code that comes with a model is run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from corpusscan.kernels.latent import Floats

SIZES = {"cpu": 32, "cuda": 256}  # windows that are embedded together, at first
LEAST = 16  # tokens of a window, whatever a model says of itself
_SPARE = 2  # tokens that a window may have more where it is read by itself
_CHUNK = 512  # texts that are parted together
EXACT = 0.999  # cosine of vectors of 16 bits with those of 32 from which on they will do
_PROBE = (
    "Water boils at a hundred degrees.", "The council meets on Monday to vote on the new bridge.",
    "def add(a, b):\n    return a + b", "Das Buch liegt auf dem Tisch.", "1. 2. 3.", "Her first novel sold well.",
    "Take two tablets a day, and see a doctor if the pain stays.", "Prices rose by 3.4 % in the year to June.",
)  # fmt: skip


class Sentences:
    """A sentence model on a device.

    `folder` holds what `SentenceTransformer.save` writes and was looked through before (`models.checked`); `device` is
    `cpu` or `cuda`.  Raises what the libraries raise where the folder holds something else.
    """

    def __init__(self, folder: str, device: str) -> None:
        self.folder, self.device = folder, device
        self.size = SIZES.get(device, SIZES["cpu"])
        self.model, self.precision = self._loaded(), "float32"
        if device != "cpu" or self._fast():
            self._halve()
        self.tokenizer = _tokenizer(self.model)
        prompts, used = (getattr(self.model, name, None) for name in ("prompts", "default_prompt_name"))
        prompt = (prompts or {}).get(used or "")
        taken = len(self.tokenizer.encode(prompt or "").ids) + _SPARE  # the special tokens of every text among them
        most = getattr(self.model, "max_seq_length", None)
        self.window = max(int(most) - taken, LEAST) if most and most < 1 << 20 else 0  # tokens; 0: it reads all

    def _loaded(self) -> Any:
        from sentence_transformers import SentenceTransformer  # takes seconds, and needs torch

        _quiet()
        # The library would take the precision that a model is stored in, and slow kernels with it.
        return SentenceTransformer(
            self.folder, device=self.device, trust_remote_code=False, local_files_only=True,
            model_kwargs={"use_safetensors": True, "dtype": "float32"},
        )  # fmt: skip

    def _fast(self) -> bool:
        """Whether this processor multiplies numbers of 16 bits faster, and the model is one that multiplies many."""
        import torch  # as above

        known = getattr(getattr(torch, "cpu", None), "get_capabilities", None)  # of torch 2.10 and later
        able = known() if known else {}
        if not any(able.get(one) for one in ("avx512_bf16", "amx_bf16")):
            return False
        return any(type(module).__name__ == "Transformer" for module in self.model)

    def _halve(self) -> None:
        """Half as many bits, if the vectors of some sentences stay what they were."""
        import torch  # as above

        exact = self._encode(list(_PROBE))
        self.model.to(torch.bfloat16)
        if np.sum(exact * self._encode(list(_PROBE)), axis=1).min() >= EXACT:
            self.precision = "bfloat16"
        else:
            self.model = self._loaded()

    def embedded(self, texts: Sequence[str]) -> Floats:
        """A vector of length 1 for each text (texts x dimensions), 0 where it holds no token."""
        windows, owner, tokens = self.windows(texts)
        vectors = self._read(windows, tokens)
        total = np.zeros((len(texts), vectors.shape[1]), np.float32)
        np.add.at(total, owner, vectors * tokens[:, None].astype(np.float32))
        total /= np.maximum(np.linalg.norm(total, axis=1, keepdims=True), np.float32(1e-12))
        return total

    def windows(self, texts: Sequence[str]) -> tuple[list[str], Any, Any]:
        """Parts of texts, which of them each is of, and its tokens; they begin with words where words are so short."""
        parts: list[str] = []
        owner: list[int] = []
        tokens: list[int] = []
        for first in range(0, len(texts), _CHUNK):
            some = list(texts[first : first + _CHUNK])
            for number, coded in enumerate(self.tokenizer.encode_batch(some, add_special_tokens=False), first):
                for start, end in _cuts(coded.word_ids, self.window):
                    begin = coded.offsets[start][0] if start else 0
                    stop = coded.offsets[end][0] if end < len(coded.ids) else len(texts[number])
                    parts.append(texts[number][begin:stop])
                    owner.append(number)
                    tokens.append(end - start)
        return parts, np.array(owner, np.int64), np.array(tokens, np.int64)

    def _read(self, windows: Sequence[str], tokens: Any) -> Floats:
        """The vectors of windows, the longest first, as many at a time as there is memory for."""
        order = np.argsort(-tokens, kind="stable")
        found: list[Floats] = []
        at = 0
        while at < len(order):
            some = [windows[place] for place in order[at : at + self.size]]
            try:
                found.append(self._encode(some))
            except Exception as error:
                if self.size == 1 or not _out_of_memory(error):
                    raise
                self.size = max(self.size // 2, 1)
                self._let_go()
                continue
            at += len(some)
        vectors = np.zeros((len(order), found[0].shape[1] if found else 1), np.float32)
        if found:
            vectors[order] = np.concatenate(found)
        return vectors

    def _encode(self, windows: Sequence[str]) -> Floats:
        told = self.model.encode(
            list(windows), batch_size=len(windows), normalize_embeddings=True, convert_to_numpy=True,
            show_progress_bar=False,
        )  # fmt: skip
        return np.asarray(told, np.float32)

    def _let_go(self) -> None:
        if self.device != "cpu":
            import torch  # as above

            torch.cuda.empty_cache()


@lru_cache(maxsize=1)
def load(folder: str, device: str) -> Sentences:
    """The model of a folder; the last one stays in memory."""
    return Sentences(folder, device)


def codes(vectors: Floats) -> Any:
    """Vectors as whole numbers from -127 to 127, as `embedding.Codes` are; the error of a cosine is below 0.002."""
    most = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-12)
    return np.rint(vectors / most * 127).astype(np.int8)


def _cuts(words: Sequence[int | None], most: int) -> list[tuple[int, int]]:
    """From which token to which windows of at most so many go; all in one where `most` is 0."""
    count, cuts, start = len(words), [], 0
    while start < count:
        end = min(start + most, count) if most else count
        if end < count:
            back = end
            while back > start + most // 2 and words[back] is not None and words[back] == words[back - 1]:
                back -= 1
            end = back if back > start + most // 2 else end
        cuts.append((start, end))
        start = end
    return cuts


def _tokenizer(model: Any) -> Any:
    """The model's tokenizer, by itself, so that it cuts and fills up nothing."""
    from tokenizers import Tokenizer  # noqa: PLC0415  # costs 50 ms

    known = getattr(model, "tokenizer", None)
    known = getattr(known, "backend_tokenizer", known)
    if not isinstance(known, Tokenizer):
        raise TypeError("its tokenizer cannot say where in a text its tokens stand; no window can be cut")
    alone = Tokenizer.from_str(known.to_str())
    alone.no_truncation()
    alone.no_padding()
    return alone


def _out_of_memory(error: Exception) -> bool:
    said = str(error)
    return type(error).__name__ == "OutOfMemoryError" or "not enough memory" in said or "out of memory" in said


def _quiet() -> None:
    """No bars: the progress that is shown is the scan's."""
    with contextlib.suppress(ImportError, AttributeError):
        from transformers.utils import logging  # as above

        logging.disable_progress_bar()
        logging.set_verbosity_error()
