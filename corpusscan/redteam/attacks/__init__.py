"""One file, one published attack: a frozen dataclass of its parameters that makes poison.

A module here defines one subclass of `Attack`; its docstring's first line is its help.  Nothing here
works or leads anywhere: hosts end in .example or .invalid (RFC 2606), payloads do nothing.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import pkgutil
from typing import Any

from corpusscan.errors import UsageError
from corpusscan.redteam.attack import Attack


def names() -> list[str]:
    """The attacks there are, sorted; none is imported."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def find(name: str) -> type[Attack]:
    """The attack class of that name.  Raises `UsageError` with those that exist."""
    name = name.replace("_", "-")
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1)
        raise UsageError(
            f"no attack {name!r}; {f'did you mean {near[0]}? ' if near else ''}there are: {', '.join(names())}"
        )
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    return next(
        value for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Attack) and value.__module__ == module.__name__
    )  # fmt: skip


def create(name: str, parameters: dict[str, str]) -> Attack:
    """The attack of that name with parameters as written on the command line.  Raises `UsageError`."""
    kind = find(name)
    known: dict[str, Any] = {
        field.name: type(field.default)
        for field in dataclasses.fields(kind)  # type: ignore[arg-type]  # attacks are dataclasses
    }
    values: dict[str, Any] = {}
    for key, text in parameters.items():
        if key not in known:
            raise UsageError(f"{name} has no parameter {key!r}; it has: {', '.join(known) or 'none'}")
        try:
            values[key] = known[key](text)
        except ValueError:
            raise UsageError(f"{name}: {key}={text} is no {known[key].__name__}") from None
    return kind(**values)
