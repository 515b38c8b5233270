"""A sentence model is looked through before anything is loaded, and refused by name with what to do."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from corpora import Run, write_jsonl
from fake_models import installed, saved

from corpusscan.errors import UsageError
from corpusscan.meaning import models

COMMIT = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"


def without_weights(folder: Path) -> None:
    """Nothing to load."""
    (folder / "model.safetensors").unlink()


def as_pickle(folder: Path) -> None:
    """Weights that run code when they are read."""
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def written(file: str, told: Any) -> Any:
    """A change of one file of settings."""
    return lambda folder: (folder / file).write_text(told if isinstance(told, str) else json.dumps(told))


def module(**told: str) -> list[dict[str, str]]:
    """A list of modules of one."""
    return [{"type": "sentence_transformers.models.Transformer", "path": ""} | told]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_weights, "has no weights; save the model as safetensors"),
        (as_pickle, r"holds pickles \(pytorch_model.bin\), which run code"),
        (written("config.json", {"auto_map": {"AutoModel": "evil.Model"}}), "config.json has auto_map"),
        (written("tokenizer_config.json", {"auto_map": {"AutoTokenizer": "x"}}), "tokenizer_config.json has auto_map"),
        (written("modules.json", module(type="custom_code.Evil")), "asks for custom_code.Evil; no such code is run"),
        (written("modules.json", module(type="sentence_transformers.x.Router")), "asks for .*Router"),
        (written("modules.json", module(path="../elsewhere")), "points out of the folder"),
        (written("modules.json", module(path="/etc")), "points out of the folder"),
        (written("modules.json", {}), "a BertModel, not a sentence model"),
        (written("modules.json", "[" * 100_000), "modules.json cannot be read"),
        (written("modules.json", [7]), "asks for nothing"),
        (lambda folder: (folder / "modules.json").unlink(), "a BertModel, not a sentence model"),
        (written("config_sentence_transformers.json", {"model_type": "CrossEncoder"}), "a CrossEncoder, not a"),
        (written("adapter_config.json", {"base_model_name_or_path": "x/y"}), "an adapter, which needs another model"),
    ],
)
def test_a_model_that_is_not_safe_is_refused(tmp_path: Path, change: Any, said: str) -> None:
    """By its name, saying why, before a library has seen it."""
    folder = saved(tmp_path / "model")
    models.checked(folder, "mine")
    change(folder)
    with pytest.raises(UsageError, match=f"--model mine: .*{said}"):
        models.checked(folder, "mine")


def test_a_file_is_no_model(tmp_path: Path) -> None:
    """A single file, pickle or not, is never opened."""
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04")
    with pytest.raises(UsageError, match="is a file; give the folder"):
        models.found(str(tmp_path / "pytorch_model.bin"), "cpu")


def test_without_the_extra_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fetched, nothing breaks."""
    folder = saved(tmp_path / "model")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    for name in (str(folder), f"some/model@{COMMIT}"):
        with pytest.raises(UsageError, match=r"not installed; pip install 'corpusscan\[neural\]'"):
            models.found(name, "cpu")


@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2", "some/model", "some/model@main", f"some/model@{COMMIT[:7]}"])
def test_a_name_of_the_hub_needs_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What a name or a branch means changes."""
    with installed(tmp_path, monkeypatch), pytest.raises(UsageError, match=f"{name}: no such folder; from the hub"):
        models.found(name, "cpu")


def test_a_model_that_breaks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the library raises is one line with a remedy."""
    folder = saved(tmp_path / "model")
    (folder / "tokenizer.json").write_text("{}")
    with installed(tmp_path, monkeypatch), pytest.raises(UsageError, match=r"cannot be loaded \("):
        models.found(str(folder), "cpu")


def test_a_gpu_that_is_not_there_is_asked_for_in_vain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`cuda` is an error then, `auto` is the processor; what is told of a model names both."""
    folder = saved(tmp_path / "model")
    with installed(tmp_path, monkeypatch):
        with pytest.raises(UsageError, match="--device cuda: torch sees no GPU"):
            models.found(str(folder), "cuda")
        found = models.found(str(folder), "auto")
    assert found.device == "cpu"
    assert "on cpu in float32; neural" in found.told


def test_the_digest_is_of_what_is_read(tmp_path: Path) -> None:
    """Another weight is another model, under the same path too; what is not read is none of it."""
    folder = saved(tmp_path / "model")
    first = models.digest(str(folder))
    models.digest.cache_clear()
    (folder / "pytorch_model.bin").write_bytes(b"x")
    assert models.digest(str(folder)) == first
    models.digest.cache_clear()
    (folder / "model.safetensors").write_bytes(b"\1" * 8)
    assert models.digest(str(folder)) != first


def test_refusals_end_with_code_2(tmp_path: Path, command: Run) -> None:
    """From the command line, before any work; a model that no detector would read by is refused, too."""
    corpus = write_jsonl(tmp_path / "corpus.jsonl", [{"text": "x"}])
    folder = saved(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    done = command("scan", str(corpus), "-o", str(tmp_path / "out"), "--model", str(folder))
    assert done.returncode == 2
    assert "has no weights" in done.stderr
    assert not (tmp_path / "out").exists()
    for flag, given in (("--embed", "some"), ("--device", "tpu")):
        done = command("scan", str(corpus), "-o", str(tmp_path / "out"), flag, given)
        assert (done.returncode, f"give one of {'suspects' if flag == '--embed' else 'auto'}" in done.stderr) == (
            2,
            True,
        )
