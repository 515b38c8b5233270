"""The card of a dataset (README.md of the hub): which files its front matter has loaded, and from where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import re2

from corpusscan import strictyaml

_FRONT = re.compile(rb"\A(?:\xef\xbb\xbf)?---[ \t]*\r?\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)
_PATTERNS = 1_000  # of a card that are followed


class Card(NamedTuple):
    """What a card says of files; nothing, where it says nothing."""

    named: tuple[Any, ...]  # compiled patterns of paths; empty: all files are taken
    elsewhere: tuple[str, ...]  # addresses and paths that leave the repository
    fault: str  # why it cannot be read

    @classmethod
    def of(cls, data: bytes) -> Card:
        """The card in the bytes of a README.md (https://huggingface.co/docs/hub/datasets-manual-configuration)."""
        front = _FRONT.match(data)
        try:
            told = strictyaml.plain(front[1].decode("utf-8", "replace")) if front else {}
        except ValueError as error:
            return cls((), (), str(error)[:200])
        configs = told.get("configs") if isinstance(told, dict) else None
        listed = [one for one in configs if isinstance(one, dict)] if isinstance(configs, list) else []
        patterns = [pattern for one in listed for pattern in _patterns(one)][:_PATTERNS]
        some = all("data_files" in one or "data_dir" in one for one in listed)
        elsewhere = tuple(dict.fromkeys(pattern for pattern in patterns if _leaves(pattern)))
        inside = [compiled for pattern in patterns if not _leaves(pattern) and (compiled := _compiled(pattern))]
        return cls(tuple(inside) if some else (), elsewhere, "")

    def mentions(self, path: str) -> bool:
        """Whether a file of the repository is one that the card has loaded; all are, where it names none."""
        return not self.named or any(pattern.fullmatch(path) for pattern in self.named)


def _patterns(config: dict[str, Any]) -> Iterator[str]:
    folder = config.get("data_dir")
    if isinstance(folder, str) and "data_files" not in config:
        yield f"{folder.strip('/')}/**"
    for pattern in _strings(config.get("data_files")):
        yield f"{folder.strip('/')}/{pattern}" if isinstance(folder, str) and not _leaves(pattern) else pattern


def _strings(files: Any, depth: int = 4) -> Iterator[str]:
    """Patterns as they may be written: one, a list, `{split: ..., path: ...}`, or by split."""
    if isinstance(files, str):
        yield files
    elif isinstance(files, list) and depth:
        for one in files:
            yield from _strings(one, depth - 1)
    elif isinstance(files, dict) and depth:
        for one in [files["path"]] if "path" in files else files.values():
            yield from _strings(one, depth - 1)


def _leaves(pattern: str) -> bool:
    return "://" in pattern or pattern.startswith("/") or ".." in pattern.split("/")


def _compiled(pattern: str) -> Any:
    """A pattern of paths, in which `*` stays in a folder and `**` does not; None for one that is none."""
    parts = re.split(r"(\*\*/?|\*|\?|\[[^\]]*\])", pattern.removeprefix("./"))
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    wild = (
        known.get(part) or (f"[{part[1:-1].replace('!', '^', 1)}]" if part[:1] == "[" else "") for part in parts[1::2]
    )
    try:
        plain = iter(parts[::2])
        regex = re.escape(next(plain)) + "".join(one + re.escape(rest) for one, rest in zip(wild, plain, strict=True))
        return re2.compile(f"(?s){regex}(?:/.*)?" if not parts[1::2] else f"(?s){regex}")
    except (re2.error, ValueError):
        return None
