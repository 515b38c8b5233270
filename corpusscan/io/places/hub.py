"""Datasets of the Hugging Face hub: `hf://datasets/OWNER/NAME[@REVISION][/PATH]`, at one commit.

The revision is resolved once; after that nothing but that commit is asked for.  `huggingface_hub` lists the files;
they are read like any file behind https, so scripts are never run and nothing is unpickled.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from corpusscan.errors import InputError, UnreadableError
from corpusscan.io.places.answers import Facts
from corpusscan.io.places.storage import patiently
from corpusscan.io.places.web import TIMEOUT, Web

LISTING = 3600.0  # seconds that a listing may take
_NAME = r"[A-Za-z0-9][\w.-]*"
_ADDRESS = re.compile(
    rf"hf://datasets/(?P<repo>{_NAME}/{_NAME})(@(?P<revision>refs/(convert|pr)/[^/@]+|[^/@]+))?(/(?P<path>.*))?"
)
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_REMEDIES = {
    "GatedRepoError": "it is gated: ask for access on its page, and set HF_TOKEN",
    "RepositoryNotFoundError": "no such dataset, or a private one: check the name, or set HF_TOKEN",
    "RevisionNotFoundError": "no such revision: name a branch, a tag or a commit of it",
    "OfflineModeIsEnabled": "HF_HUB_OFFLINE is set; unset it, or copy the files here first",
}


class Entry(NamedTuple):
    """A file of a dataset: its path there, and what the hub says of it."""

    path: str
    facts: Facts


class Dataset(NamedTuple):
    """A dataset at one commit: `address` pins it, `named` says whether the user had done so."""

    address: str
    named: bool
    entries: list[Entry]
    only: bool  # the user wrote the path of this one file


def find(given: str) -> Dataset:
    """The files that an address names, sorted by path.  Raises `InputError`, and `UnreadableError` without answers."""
    found = _ADDRESS.fullmatch(given)
    if not found:
        raise InputError(f"{given}: write hf://datasets/OWNER/NAME, with @REVISION and /PATH or /*.parquet as you like")
    repo, revision = found["repo"], unquote(found["revision"] or "") or None
    api = _api(given)
    try:
        info = patiently(lambda: _final(lambda: api.dataset_info(repo, revision=revision, timeout=TIMEOUT)), given)
        commit = str(info.sha)
        if not _COMMIT.fullmatch(commit):
            raise InputError(f"{given}: the hub names no commit; check HF_ENDPOINT")
        tree = patiently(lambda: _final(lambda: _files(api, repo, commit)), given, LISTING)
    except _FinalError as error:
        raise InputError(f"{given}: {error}") from None
    wanted = (found["path"] or "").strip("/")
    entries = sorted(entry for entry in tree if _below(entry.path, wanted))
    if wanted and not entries:
        raise InputError(f"{given}: no such file or folder in the dataset at commit {commit}")
    only = [entry.path for entry in entries] == [wanted]
    return Dataset(f"hf://datasets/{repo}@{commit}", revision == commit, entries, only)


def inside(given: str) -> str:
    """The part of an address that says which files of a dataset."""
    found = _ADDRESS.fullmatch(given)
    return f"/{found['path'].strip('/')}" if found and (found["path"] or "").strip("/") else ""


def driver(store: str) -> Web:
    """The client for a dataset at a commit, as `find` names it."""
    _, _, repo = store.partition("hf://datasets/")
    name, _, commit = repo.rpartition("@")
    headers = {"Authorization": f"Bearer {token}"} if (token := _token()) else {}
    return Web(f"{_endpoint()}/datasets/{quote(name)}/resolve/{commit}/", headers, pinned=True)


def _endpoint() -> str:
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def _token() -> str:
    """From the environment alone: what a machine keeps for its user is not taken along unasked."""
    return os.environ.get("HF_TOKEN", "").strip()


def _api(given: str) -> Any:
    try:
        from huggingface_hub import HfApi  # noqa: PLC0415  # of the extra hf
    except ImportError:
        raise InputError(f"{given}: needs the hub's client; pip install 'corpusscan[hf]'") from None
    return HfApi(endpoint=_endpoint(), token=_token() or False)


class _FinalError(UnreadableError):
    """The hub's last word."""

    def __str__(self) -> str:
        return self.reason


def _final(ask: Any) -> Any:
    try:
        return ask()
    except Exception as error:
        if remedy := _REMEDIES.get(type(error).__name__):
            raise _FinalError(remedy) from None
        raise


def _files(api: Any, repo: str, commit: str) -> list[Entry]:
    listed = api.list_repo_tree(repo, recursive=True, revision=commit, repo_type="dataset")
    return [Entry(one.path, _facts(one)) for one in listed if hasattr(one, "size")]


def _facts(file: Any) -> Facts:
    """A large file has a SHA-256 of its content.  What git names by SHA-1 is small: it is read, as that can collide."""
    checksum = getattr(file.lfs, "sha256", None)
    if checksum:
        return Facts(file.size, f"sha256={checksum} size={file.size}", sealed=True)
    return Facts(file.size, f"blob={file.blob_id} size={file.size}", sealed=False)


def _below(path: str, wanted: str) -> bool:
    if not wanted or path == wanted or path.startswith(f"{wanted}/"):
        return True
    return glob.has_magic(wanted) and fnmatch.fnmatchcase(path, wanted)
