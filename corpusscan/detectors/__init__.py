"""One file, one suspicion; the directory is the registry.

A module here defines one subclass of `Detector`; its `name` is the name of the module.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from typing import Any

from corpusscan.detector import Detector
from corpusscan.errors import UsageError


def names() -> list[str]:
    """The detectors there are, sorted; none is imported."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def find(name: str) -> type[Detector]:
    """The detector class of that name.  Raises `UsageError` with the nearest known name."""
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1)
        raise UsageError(
            f"no detector {name!r}; {f'did you mean {near[0]!r}?' if near else 'there are: ' + ', '.join(names())}"
        )
    module = importlib.import_module(f"{__name__}.{name}")
    return next(
        value for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Detector) and value.__module__ == module.__name__
    )  # fmt: skip


def create(
    chosen: Sequence[str] | None, without: Sequence[str], settings: Mapping[str, Mapping[str, Any]]
) -> list[Detector]:
    """The chosen detectors (None: all) except `without`, with their settings, by name."""
    wanted = set(names() if chosen is None else [find(name).name for name in chosen]) - {
        find(name).name for name in without
    }
    if not wanted:
        raise UsageError(f"no detector left to run; there are: {', '.join(names())}")
    return [find(name)(**settings.get(name, {})) for name in sorted(wanted)]
