"""Stand-ins for torch and sentence-transformers, so that what is built on them is tested where they are not."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

TORCH = """
class cuda:
    @staticmethod
    def is_available():
        return False
"""
SENTENCES = '''
import os, zlib
import numpy as np
from tokenizers import Tokenizer

class SentenceTransformer:
    """Two words mean the same if they have the same letters; those with a capital count ten times."""

    prompts, default_prompt_name, max_seq_length = {"query": "query: "}, None, 40

    def __init__(self, folder, device=None, trust_remote_code=True, local_files_only=False, model_kwargs=None):
        assert not trust_remote_code and local_files_only and model_kwargs["use_safetensors"]
        self.tokenizer = Tokenizer.from_file(folder + "/tokenizer.json")
        self.tokenizer.enable_truncation(self.max_seq_length)

    def encode(self, texts, batch_size, **options):
        assert all(len(self.tokenizer.encode(text).overflowing) == 0 for text in texts)
        with open(os.environ["FAKE_LOG"], "a") as log:
            log.write("".join(f"{text!r}\\n" for text in texts))
        if len(texts) > int(os.environ.get("FAKE_MEMORY", "1000")):
            raise RuntimeError("CUDA error: out of memory")
        found = np.zeros((len(texts), 256), np.float32)
        for row, text in zip(found, texts):
            for word in text.replace(".", " ").split():
                letters = "".join(sorted(word.lower())).encode()
                row[zlib.crc32(letters) % 256] += 10 if word[0].isupper() else 1
        return found / np.linalg.norm(found, axis=1, keepdims=True)
'''


def saved(folder: Path, module: str = "sentence_transformers.models.Transformer") -> Path:
    """A folder as such libraries write them, with a tokenizer by spaces and no weights worth the name."""
    folder.mkdir(parents=True)
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": module}]))
    (folder / "config.json").write_text(json.dumps({"architectures": ["BertModel"]}))
    (folder / "model.safetensors").write_bytes(b"\0" * 8)
    return folder


@contextmanager
def installed(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The stand-ins, for this process and for those that it starts; yields the log of all that is embedded."""
    kept = {name: sys.modules.pop(name) for name in ("torch", "sentence_transformers") if name in sys.modules}
    for name, text in (("torch", TORCH), ("sentence_transformers", SENTENCES)):
        (folder / "stand_ins" / name).mkdir(parents=True)
        (folder / "stand_ins" / name / "__init__.py").write_text(text)
    log = folder / "log"
    log.write_text("")
    patch.setenv("FAKE_LOG", str(log))
    patch.setenv("PYTHONPATH", str(folder / "stand_ins"), prepend=":")
    patch.syspath_prepend(folder / "stand_ins")
    try:
        yield log
    finally:
        for name in ("torch", "sentence_transformers"):
            sys.modules.pop(name, None)
        sys.modules.update(kept)
