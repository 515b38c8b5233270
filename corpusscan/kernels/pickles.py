"""What a pickle would import if somebody loaded it, read from its opcodes; nothing is ever loaded.

A pickle is a program for a small machine: GLOBAL, INST and STACK_GLOBAL import any name of any module, REDUCE and its
kin call it (Python's `pickletools` documents each opcode).  Strings are followed through the memo, as a name that comes
from there is imported all the same.  What runs before a pickle breaks has run: so what was seen before that counts.
"""

from __future__ import annotations

import io
import pickletools
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

OPCODES = 3_000_000  # that are looked at
IMPORTS = 1_000  # that are told
UNKNOWN = "?"  # a name that is no string when it is imported
MAGIC = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))

_STRINGS = {
    "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "STRING", "BINSTRING", "SHORT_BINSTRING",
}  # fmt: skip
_PUT, _GET = {"PUT", "BINPUT", "LONG_BINPUT"}, {"GET", "BINGET", "LONG_BINGET"}
_CALLS = {"REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD"}
_SILENT = {"PROTO", "FRAME", "MARK"}  # they leave the top of the stack as it is, or above what we follow

_ANYWHERE = {"os", "posix", "nt", "sys", "subprocess", "builtins", "importlib", "ctypes", "eval", "exec", "system"}
_BUILTINS = {"builtins", "__builtin__", "__builtins__"}


@cache
def _known(section: str) -> frozenset[str]:
    """The names in a section of the list: `dangerous`, `harmless` or `builtins`."""
    text = (Path(__file__).parent / "data" / "pickles.txt").read_text("utf-8")
    inside = re.split(r"^\[(\w+)\].*$", text, flags=re.MULTILINE)
    return frozenset(inside[inside.index(section) + 1].split())


class Found(NamedTuple):
    """What the opcodes say; `names` are those imported, MODULE.NAME, each once in their order."""

    names: tuple[str, ...]
    whole: bool  # every pickle in the bytes was read to its STOP
    calls: bool  # something that was imported is called

    @property
    def dangerous(self) -> tuple[str, ...]:
        """Those that run what the pickle says."""
        return tuple(name for name in self.names if is_dangerous(name))

    @property
    def unknown(self) -> tuple[str, ...]:
        """Those that are neither known to be harmless nor to be dangerous."""
        return tuple(name for name in self.names if not is_dangerous(name) and not is_harmless(name))


def is_dangerous(name: str) -> bool:
    """Whether a call of what is imported runs what its caller likes; a name that nobody can know is."""
    if is_harmless(name):
        return False
    parts = name.split(".")
    if UNKNOWN in parts or parts[0] in _BUILTINS or _ANYWHERE.intersection(parts):
        return True
    # `collections.OrderedDict.__init__.__globals__` leads everywhere.
    leads_on = any(part.startswith("__") and part.endswith("__") and part != "__main__" for part in parts)
    return leads_on or any(".".join(parts[:count]) in _known("dangerous") for count in range(1, len(parts) + 1))


def is_harmless(name: str) -> bool:
    """Whether it is one of those that data are made of."""
    module, _, last = name.partition(".")
    return name in _known("harmless") or (module in _BUILTINS and last in _known("builtins"))


def imports(data: bytes) -> Found:
    """What the pickles in `data`, one after another, import."""
    stream = io.BytesIO(data)
    names: dict[str, None] = {}
    left, whole, calls = OPCODES, True, False
    while whole and left > 0 and stream.tell() < len(data):
        machine = _Machine(names)
        whole = False
        try:
            for opcode, argument, _ in pickletools.genops(stream):
                machine.step(opcode.name, argument)
                left -= 1
                whole = opcode.name == "STOP"
                if left <= 0 or len(names) >= IMPORTS:
                    whole = False
                    break
        except Exception:  # noqa: BLE001, S110  # whatever its decoders raise: there it ends for us
            pass
        calls |= machine.calls
        if not machine.steps:
            break
    return Found(tuple(names), whole, calls)


class _Machine:
    """As much of the pickle machine as says which strings an import takes."""

    def __init__(self, names: dict[str, None]) -> None:
        self.names, self.steps, self.calls = names, 0, False
        self._top: list[str | None] = [None, None]
        self._memo: dict[int, str | None] = {}

    def step(self, opcode: str, argument: object) -> None:
        """One opcode."""
        if opcode in _SILENT:
            return
        self.steps += 1
        self.calls |= opcode in _CALLS and bool(self.names)
        if opcode in ("GLOBAL", "INST"):
            module, _, name = str(argument).partition(" ")
            self._import(module, name)
        elif opcode == "STACK_GLOBAL":
            self._import(self._top[-2], self._top[-1])
        elif opcode.startswith("EXT"):
            self._import(None, None)
        elif opcode == "MEMOIZE":
            self._memo[len(self._memo)] = self._top[-1]
        elif opcode in _PUT:
            self._memo[int(str(argument))] = self._top[-1]
        else:
            known = str(argument) if opcode in _STRINGS else None
            if opcode in _GET:
                known = self._memo.get(int(str(argument)))
            self._push(known)

    def _push(self, value: str | None) -> None:
        self._top = [self._top[-1], value]

    def _import(self, module: str | None, name: str | None) -> None:
        self.names[f"{module or UNKNOWN}.{name or UNKNOWN}"[:300]] = None
        self._push(None)
