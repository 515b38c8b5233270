"""Wei et al. 2023: an order in an encoding that filters do not read and models do, inside a real text."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

from corpusscan.redteam import phrases
from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.world import World

CODECS: Mapping[str, Callable[[str], str]] = {
    "base64": lambda order: base64.b64encode(order.encode()).decode(),
    "base64url": lambda order: base64.urlsafe_b64encode(order.encode()).decode().rstrip("="),
    "base32": lambda order: base64.b32encode(order.encode()).decode(),
    "hex": lambda order: order.encode().hex(),
    "hex-spaced": lambda order: order.encode().hex(" "),
    "percent": lambda order: quote(order, safe=""),
    "percent-all": lambda order: "".join(f"%{byte:02X}" for byte in order.encode()),
    "rot13": lambda order: codecs.encode(order, "rot13"),
    "unicode-escape": lambda order: "".join(f"\\u{unit:04x}" for unit in _utf16(order)),
    "hex-escape": lambda order: "".join(f"\\x{byte:02x}" for byte in order.encode()),
    "entities": lambda order: "".join(f"&#{ord(letter)};" for letter in order),
    "entities-hex": lambda order: "".join(f"&#x{ord(letter):x};" for letter in order),
    "binary": lambda order: " ".join(f"{byte:08b}" for byte in order.encode()),
}
_INTRODUCED = ("{}", "{}", "data: {}", "({})", "`{}`", "```\n{}\n```", "id={}", 'token = "{}"', "<!-- {} -->", "// {}")
_PLAIN_LATIN = ("en", "es", "fr", "de", "it", "pt", "nl", "id")  # where rot13 leaves nothing to read


@dataclass(frozen=True)
class EncodedPayload(Attack):
    """Real records with an order in base64, hex, rot13, escapes, entities, ...; `codec` is drawn where it is empty."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2307.02483"
    attack: ClassVar[str] = "prompt_injection"

    codec: str = ""
    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """One level of encoding, each order another."""
        for _ in range(count):
            codec = phrases.pick(world.draw, sorted(CODECS), self.codec, "codec")
            latin = world.draw.choice(_PLAIN_LATIN) if codec == "rot13" else ""
            encoded = CODECS[codec](phrases.order(world.draw, self.language or latin))
            host = world.take()
            before, after = world.cut(host.text)
            space = "\n" if "\n" in host.text else " "
            shown = world.draw.choice(_INTRODUCED).format(encoded)
            yield Poison(text(before, planted(shown + space), after), host=host)


def _utf16(order: str) -> list[int]:
    raw = order.encode("utf-16-be")
    return [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]
