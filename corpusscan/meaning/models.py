"""Sentence models that users name: found, looked through, and refused before any work where they are not safe to load.

Nothing of a model is run but arithmetic: no pickles, no classes of its own, no second model that it would fetch.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from blake3 import blake3

from corpusscan.errors import UsageError

LIBRARIES = ("torch", "transformers", "sentence-transformers")
SENTENCES = "SentenceTransformer"  # the kind of a model that turns a text into one vector
INSTALL = "pip install 'corpusscan[neural]'"
MODULES = frozenset(("Transformer", "Pooling", "Normalize", "Dense", "LayerNorm", "StaticEmbedding"))
WEIGHTED = frozenset(("Transformer", "Dense", "LayerNorm", "StaticEmbedding"))
PICKLES = frozenset((".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib"))
FILES = ("*.json", "*.safetensors", "*.txt", "*.model")  # that are read
_HUB = re.compile(r"(?P<name>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>[^@/]*))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SETTINGS = 16 * 2**20  # bytes of a file of settings, at most


class Found(NamedTuple):
    """A model that can be used."""

    folder: str
    device: str  # cpu or cuda
    told: str  # what is to be said of it


def found(name: str, device: str) -> Found:
    """The model of that name or folder, on that device (`auto`: a GPU where there is one), loaded once to see it work.

    Raises `UsageError` with what is wrong and what to do.
    """
    folder = Path(name) if Path(name).exists() or not _HUB.fullmatch(name) else None
    if folder:
        checked(folder, name)
    _installed(name)
    if not folder:
        folder = _fetched(name)
        checked(folder, name)
    place = _device(device)
    tried = _tried(str(folder), name, place)
    label = name if "@" in name else f"{folder.name} (blake3 {digest(str(folder))[:12]})"
    told = f"{label} on {place} in {tried.precision}; neural, so another machine may differ in the last digits"
    return Found(str(folder), place, told)


def checked(folder: Path, name: str) -> None:
    """Raise `UsageError` unless the folder holds a sentence model in safetensors that needs no code of its own."""
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "is no folder, and no NAME@REVISION"
        raise UsageError(f"--model {name}: {what}; give the folder of a sentence-transformers model")
    settings = _settings(folder / "config.json", name) or {}
    for file in ("config.json", "tokenizer_config.json"):
        if (_settings(folder / file, name) or {}).get("auto_map"):
            raise UsageError(f"--model {name}: {file} has auto_map, code that comes with the model; it is never run")
    if (folder / "adapter_config.json").exists():
        raise UsageError(f"--model {name}: an adapter, which needs another model; merge them and save the whole")
    modules = _settings(folder / "modules.json", name)
    kind = (_settings(folder / "config_sentence_transformers.json", name) or {}).get("model_type", SENTENCES)
    if not isinstance(modules, list) or not modules or kind != SENTENCES:
        is_one = kind if kind != SENTENCES else " ".join(settings.get("architectures") or ["folder"])
        raise UsageError(
            f"--model {name}: a {is_one}, not a sentence model (modules.json of sentence-transformers); choose one that"
            " turns texts into vectors"
        )
    for module in modules:
        _check_module(folder, module, name)


def _check_module(folder: Path, module: Any, name: str) -> None:
    kind, path = (str(module.get(key, "")) if isinstance(module, dict) else "" for key in ("type", "path"))
    if not kind.startswith("sentence_transformers.") or kind.rpartition(".")[2] not in MODULES:
        raise UsageError(f"--model {name}: modules.json asks for {kind[:80] or 'nothing'}; no such code is run")
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise UsageError(f"--model {name}: modules.json points out of the folder ({path[:80]})")
    own = folder / path
    if kind.rpartition(".")[2] in WEIGHTED and not any(own.glob("*.safetensors")):
        pickles = sorted(file.name for file in own.glob("*") if file.suffix in PICKLES)
        holds = f"holds pickles ({pickles[0]}), which run code when they are read" if pickles else "has no weights"
        raise UsageError(f"--model {name}: {path or 'the folder'} {holds}; save the model as safetensors")


def _settings(file: Path, name: str) -> Any:
    """What a JSON file of a model says; None where there is none."""
    if not file.is_file():
        return None
    try:
        if file.stat().st_size > _SETTINGS:
            raise ValueError("too long")
        told = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"--model {name}: {file.name} cannot be read ({str(error)[:80]})") from None
    if isinstance(told, dict) or (isinstance(told, list) and file.name == "modules.json"):
        return told
    raise UsageError(f"--model {name}: {file.name} holds no settings")


def versions() -> dict[str, str | None]:
    """The libraries that a sentence model needs, with their versions; None where one is missing."""
    told: dict[str, str | None] = {}
    for library in LIBRARIES:
        try:
            told[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            told[library] = None
    return told


def state() -> str:
    """Whether sentence models can run here."""
    told = versions()
    missing = [library for library, version in told.items() if version is None]
    if missing:
        return f"not here ({', '.join(missing)}): {INSTALL}"
    return "by " + ", ".join(f"{library} {version}" for library, version in told.items())


def _installed(name: str) -> None:
    if missing := [one for one in ("torch", "sentence_transformers") if importlib.util.find_spec(one) is None]:
        raise UsageError(f"--model {name}: {' and '.join(missing)} not installed; {INSTALL}")
    version = versions()["sentence-transformers"] or "6"
    if int(version.partition(".")[0]) < 6:
        raise UsageError(f"--model {name}: sentence-transformers {version} may run code of a model; {INSTALL}")


def _fetched(name: str) -> Path:
    """The folder of a model of the hub, at one commit: what a name alone means changes."""
    told = _HUB.fullmatch(name)
    assert told
    if not _COMMIT.fullmatch(told["revision"] or ""):
        raise UsageError(
            f"--model {name}: no such folder; from the hub write NAME@REVISION with the 40 digits of a commit, so that"
            " it stays the same model"
        )
    from huggingface_hub import snapshot_download  # noqa: PLC0415  # heavy, and only here

    repository = told["name"] if "/" in told["name"] else f"sentence-transformers/{told['name']}"
    options: dict[str, Any] = {"revision": told["revision"], "allow_patterns": list(FILES)}
    for offline in (True, False):  # what is there already needs no network
        try:
            folder = Path(snapshot_download(repository, local_files_only=offline, **options))
        except Exception as error:  # noqa: BLE001  # of many kinds, by version of the library
            why = str(error).strip().partition("\n")[0][:120]
            continue
        if (folder / "modules.json").exists() or not offline:
            return folder
    raise UsageError(f"--model {name}: cannot be fetched ({why}); fetch it elsewhere and give its folder")


def _device(wanted: str) -> str:
    if wanted == "cpu":
        return wanted
    import torch  # takes seconds

    there = bool(torch.cuda.is_available())
    if wanted == "cuda" and not there:
        raise UsageError("--device cuda: torch sees no GPU; --device cpu, or install torch with CUDA")
    return "cuda" if there else "cpu"


def _tried(folder: str, name: str, device: str) -> Any:
    from corpusscan.kernels import transformer  # noqa: PLC0415  # below it lies numpy only, but few scans need it

    try:
        model = transformer.Sentences(folder, device)
        if not model.embedded(["A sentence."]).any():
            raise ValueError("a sentence has no vector")
    except Exception as error:  # noqa: BLE001  # a broken model breaks the libraries in many ways
        why = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:160]}"
        raise UsageError(f"--model {name}: cannot be loaded ({why}); save it with sentence-transformers") from None
    return model


@lru_cache(maxsize=4)
def digest(folder: str) -> str:
    """BLAKE3 of all files of a model that are read."""
    root, told = Path(folder), blake3()
    for file in sorted({file for pattern in FILES for file in root.rglob(pattern) if file.is_file()}):
        told.update(f"{file.relative_to(root).as_posix()}\0{file.stat().st_size}\0".encode())
        told.update_mmap(file)
    return str(told.hexdigest())
