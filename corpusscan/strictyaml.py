"""YAML without its surprises, read into structs: no duplicate keys, anchors, aliases or tags.

Errors name the file, the place in it and what to do.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from corpusscan.errors import RuleError

LARGEST_FILE = 256 << 10  # bytes
DEEPEST = 16  # nested lists and mappings

T = TypeVar("T")
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """Refuses a mapping that says two things under one key."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A dict of the node's pairs; raises where a key is no string or comes twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                raise _Refused(key.start_mark, f"the key {key.value!r} is no string; put it in quotes")
            if key.value in seen:
                raise _Refused(key.start_mark, f"the key {key.value!r} comes twice; keep one")
            seen.add(key.value)
        pairs: dict[Any, Any] = super().construct_mapping(node, deep)
        return pairs


class _Refused(yaml.MarkedYAMLError):
    def __init__(self, mark: Any, problem: str) -> None:
        super().__init__(problem=problem, problem_mark=mark)


def read(path: Path, kind: type[T]) -> T:
    """The struct that a YAML file states.  Raises `RuleError`."""
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise RuleError(f"{path}: larger than {LARGEST_FILE >> 10} KiB; split it")
        text = data.decode()
        _check(text)
        value = yaml.load(text, _Loader)  # noqa: S506 - a subclass of the safe loader
    except UnicodeDecodeError as error:
        raise RuleError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise RuleError(f"{path}:{mark.line + 1 if mark else 1}: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise RuleError(f"{path}: {' '.join(str(error).split())}") from None
    except OSError as error:
        raise RuleError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise RuleError(f"{path}: {_explained(str(error), kind)}") from None


def plain(text: str) -> Any:
    """What YAML of a corpus says: no aliases, no tags, no depth.  Raises `ValueError` with what is wrong."""
    if len(text) > LARGEST_FILE:
        raise ValueError(f"larger than {LARGEST_FILE >> 10} KiB")
    try:
        _check(text)
        return yaml.load(text, _Base)  # noqa: S506 - the safe loader
    except (yaml.YAMLError, RecursionError) as error:
        told = error.problem if isinstance(error, yaml.MarkedYAMLError) else str(error)
        raise ValueError(" ".join(str(told).split())) from None


def _check(text: str) -> None:
    """Goes over the events before anything is built from them."""
    depth = 0
    for event in yaml.parse(text, _Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(event.start_mark, "anchors and aliases (& and *) are not allowed; write it out or quote it")
        if tag := getattr(event, "tag", None):
            raise _Refused(event.start_mark, f"the tag {tag} is not allowed; quote text that begins with '!'")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise _Refused(event.start_mark, f"nested more than {DEEPEST} deep")


def instead(word: str, names: tuple[str, ...]) -> str:
    """The nearest of the names that are known, or all of them."""
    near = difflib.get_close_matches(word, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(names)}"


def _explained(message: str, kind: type) -> str:
    """msgspec's sentence with its place as a key, and a remedy where there is one."""
    problem, _, place = message.partition(" - at `$")
    place = place.rstrip("`").lstrip(".")
    remedy = ""
    if unknown := re.match(r"Object contains unknown field `(.*)`", problem):
        remedy = instead(unknown.group(1), _keys(kind, re.findall(r"[\w-]+", re.sub(r"\[[^\]]*\]", "", place))))
    elif problem.startswith("Expected `str`, got"):
        remedy = "; put it in quotes"
    return f"{place or 'top level'}: {problem}{remedy}"


def _keys(kind: Any, path: list[str]) -> tuple[str, ...]:
    """The keys of the struct that a path of keys leads to."""
    schema = msgspec.json.schema(kind)
    definitions, node = schema.get("$defs", {}), schema
    for key in [None, *path]:
        node = node.get("properties", {}).get(key, {}) if key else node
        while "properties" not in node:
            if "$ref" in node:
                node = definitions[node["$ref"].rsplit("/", 1)[1]]
            elif "items" in node:
                node = node["items"]
            elif "anyOf" in node:
                node = next((option for option in node["anyOf"] if option.get("type") != "null"), {})
            else:
                return ()
    return tuple(node["properties"])
