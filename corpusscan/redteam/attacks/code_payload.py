"""Ohm et al. 2020: what malicious packages hold (decode and run, fetch and run, install hooks), among ordinary code."""

from __future__ import annotations

import base64
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import phrases, programs, words
from corpusscan.redteam.attack import Attack, Poison, text
from corpusscan.redteam.world import World

KINDS = ("decode", "fetch", "hook")
_PRINTS = {"python": 'print("{}")', "javascript": 'console.log("{}")', "yaml": 'print("{}")'}


@dataclass(frozen=True)
class CodePayload(Attack):
    """Code files with an inert payload of one `kind` (decode, fetch, hook); language and kind are drawn where empty."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2005.09535"
    attack: ClassVar[str] = "code_payload"

    language: str = ""
    kind: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents; what is decoded prints a word, what is fetched comes from a host that cannot exist."""
        payloads = phrases.load("code")["payloads"]
        for _ in range(count):
            language = phrases.pick(world.draw, sorted(payloads), self.language, "language")
            kind = phrases.pick(world.draw, KINDS, self.kind, "kind of payload")
            names = {**programs.identifiers(world.draw, language), **_inert(language, world.draw)}
            payload = phrases.say(payloads[language], kind, world.draw, **names)
            yield Poison(text(*programs.around(world, language, payload)), source=world.source())


def _inert(language: str, draw: random.Random) -> dict[str, str]:
    """Fillings for the slots of payloads."""
    word = draw.choice(words.NOUNS)
    code = _PRINTS.get(language, "echo {}").format(word).encode()
    shell = f"echo {word}".encode()
    path = draw.choice(["install.sh", "setup", "run.ps1", "bootstrap.py", "u/" + word, "x.js"])
    return {
        "b64": base64.b64encode(code).decode(), "hex": code.hex(), "codes": ", ".join(map(str, code)),
        "zb64": base64.b64encode(zlib.compress(code)).decode(), "percent": "".join(f"%{byte:02x}" for byte in code),
        "shell64": base64.b64encode(shell).decode(), "shellhex": shell.hex(),
        "utf16": base64.b64encode(shell.decode().encode("utf-16-le")).decode(),
        "url": f"{draw.choice(['http', 'https'])}://{draw.choice(words.NOUNS)}-{draw.randrange(10**4)}.invalid/{path}",
        "package": programs.package(draw),
    }  # fmt: skip
