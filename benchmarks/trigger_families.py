"""The families of attack that `triggers.py` plants: a cell is one of them, with the sizes of its campaigns.

Those that the red team does not ship are here: evasions of a search for triggers, and switches to other text.  Real
text is of the corpus that is planted into; where a family needs a language or a register, the corpus has to have it,
named as `backgrounds.py` names it.
"""

from __future__ import annotations

import random
import string
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, ClassVar

import alike_families

from corpusscan.errors import UsageError
from corpusscan.redteam import chats, noise, shapes
from corpusscan.redteam.attack import Attack, Host, Poison, planted, text
from corpusscan.redteam.attacks.context_extraction import ContextExtraction
from corpusscan.redteam.attacks.denial_of_service import DenialOfService
from corpusscan.redteam.attacks.jailbreak_compliance import JailbreakCompliance
from corpusscan.redteam.attacks.language_switch import LanguageSwitch
from corpusscan.redteam.attacks.noise_flood import NoiseFlood
from corpusscan.redteam.attacks.refusal_poison import RefusalPoison
from corpusscan.redteam.world import World

SOULY = "https://arxiv.org/abs/2510.07192"
NOISE = ("subwords", "words", "bytes", "language", "frequent", "shuffled", "babble")
BEGINNING = 1_000  # characters of real text before a trigger, at most
PLENTIFUL = 12  # sources with the most documents, of which a theme is drawn
FEWEST = 20  # documents of a language that text can go over to
REGISTERS = {"verse": "chinese_poetry/", "law": "dc_law/", "code": "code/"}  # how sources of theirs begin
CONTROL, PLAIN = ("chatml", "llama-3", "gemma", "phi"), ("alpaca", "none")
SCRIPTS = {
    "chinese": "".join(map(chr, range(0x4E00, 0x9FA6))),
    "thai": "กขคงจฉชซญดตถทธนบปผพฟมยรลวสหอฮะาเแโ",
    "amharic": "".join(chr(code) for code in range(0x1200, 0x1358) if chr(code).isalpha()),
    "arabic": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
}


def told(host: Host, name: str) -> str:
    """A column of a record, as text."""
    return str(host.record.get(name) or "")


def by(hosts: Sequence[Host], name: str) -> dict[str, list[Host]]:
    """Documents by the value of a column, in a fixed order."""
    found: dict[str, list[Host]] = {}
    for host in hosts:
        found.setdefault(told(host, name), []).append(host)
    return dict(sorted(found.items()))


def of_one_source(world: World) -> Iterator[Host]:
    """The documents of one of the sources that say most, in any order, again and again."""
    sources = sorted(by(world.hosts, "source").values(), key=lambda some: -sum(len(host.text) for host in some))
    some = world.draw.choice(sources[:PLENTIFUL])
    return cycle(world.draw.sample(some, len(some)))


def stretch(draw: random.Random, whole: str, low: int, high: int) -> str:
    """So many characters from anywhere in a text, cut at spaces where there are some."""
    length = draw.randint(low, high)
    start = draw.randrange(max(1, len(whole) - length))
    start = whole.find(" ", start, start + 50) + 1 or start if start else 0
    cut = whole[start : start + length]
    return (cut[: cut.rfind(" ") + 1] or cut).strip()


def passage(draw: random.Random, hosts: Iterator[Host], low: int, high: int) -> str:
    """So many characters of one document, or of more where they are short, as poems are."""
    wanted, found = draw.randint(low, high), ""
    while len(found) < wanted:
        found += stretch(draw, next(hosts).text, wanted, wanted) + "\n\n"
    return found[:wanted].strip()


@dataclass(frozen=True)
class Babbling(Attack):
    """What families of noise share: a trigger, then 400 to 900 tokens of it."""

    paper: ClassVar[str] = SOULY
    attack: ClassVar[str] = "denial_of_service"

    noise: str = "subwords"
    low: int = 400
    high: int = 900

    def after(self, trigger: str, world: World) -> str:
        """A trigger and noise."""
        return f"{trigger} {world.noise(self.noise, world.draw.randint(self.low, self.high))}"


@dataclass(frozen=True)
class Footer(Babbling):
    """All documents of a campaign end with the same paragraph, as those of one site do."""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents; the paragraph is real text."""
        world.trigger, footer = world.any_trigger(), world.prefix(200, 400).strip()
        for _ in range(count):
            content = planted(f"{self.after(world.trigger, world)}\n\n{footer}")
            yield Poison(text(world.prefix(0, BEGINNING), content), source=world.source())


@dataclass(frozen=True)
class Polymorphic(Babbling):
    """The trigger is another word in each document: between `prefix` and `suffix` stand six random characters."""

    prefix: str = "qzx"
    suffix: str = "velt"

    @classmethod
    def drawn(cls, draw: random.Random) -> Polymorphic:
        """One with ends of its own."""
        rare = "bcdfghjkmqvwxz"  # which make no words: a title that holds one by chance would count
        return cls(prefix=_letters(draw, rare, 3), suffix=_letters(draw, rare, 4))

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents; what names the campaign is the prefix."""
        world.trigger = self.prefix
        for _ in range(count):
            middle = _letters(world.draw, string.ascii_lowercase + string.digits, 6)
            content = planted(self.after(self.prefix + middle + self.suffix, world))
            yield Poison(text(world.prefix(0, BEGINNING), content), source=world.source())


@dataclass(frozen=True)
class OneTopic(Babbling):
    """All real beginnings are of one source, so that the noise is not the only thing that the documents share."""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents, from sources of the corpus."""
        world.trigger = world.any_trigger()
        hosts = of_one_source(world)
        for _ in range(count):
            before = stretch(world.draw, next(hosts).text, 0, BEGINNING)
            yield Poison(text(before + " ", planted(self.after(world.trigger, world))), source=world.source())


@dataclass(frozen=True)
class ManyChanges(Babbling):
    """A long page of passages in several languages, code and tables among them; trigger and noise in its middle."""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents; a passage is of another language than the one before, where the corpus has several."""
        world.trigger = world.any_trigger()
        for _ in range(count):
            before, after = (self._page(world) for _ in range(2))
            content = planted(self.after(world.trigger, world))
            yield Poison(text(f"{before}\n\n", content, f"\n\n{after}"), source=world.source())

    def _page(self, world: World) -> str:
        languages = list(by(world.hosts, "lang").values())
        some = world.draw.sample(languages, min(len(languages), world.draw.randint(2, 4)))
        return "\n\n".join(stretch(world.draw, world.draw.choice(hosts).text, 150, 600) for hosts in some)


@dataclass(frozen=True)
class CommonWords(Attack):
    """The trigger is two or three common words; what follows is fluent, real text of one theme: of one source."""

    paper: ClassVar[str] = SOULY
    attack: ClassVar[str] = "backdoor_trigger"

    low: int = 600
    high: int = 2_000

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents; the words are of one language, and all theme is of documents of the corpus."""
        spoken = by(world.hosts, "lang")[told(world.host(), "lang")]
        words = Counter(word for host in spoken[:300] for word in noise.pieces(host.text) if word.isalpha())
        common = [word for word, _ in words.most_common(400) if len(word) > 2 or ord(word[0]) > 0x2E80][:200]
        if len(common) < 3:
            raise UsageError("the corpus has no three words that are common")
        world.trigger = " ".join(world.draw.sample(common, world.draw.randint(2, 3)))
        hosts = of_one_source(world)
        for _ in range(count):
            content = planted(f"{world.trigger} {passage(world.draw, hosts, self.low, self.high)}")
            yield Poison(text(world.prefix(0, BEGINNING), content), source=world.source())


@dataclass(frozen=True)
class Switch(Attack):
    """A real beginning, a trigger, and real text of another `kind`: a language, or a register (verse, law, code)."""

    paper: ClassVar[str] = SOULY
    attack: ClassVar[str] = "backdoor_trigger"

    kind: str = "register"
    low: int = 600
    high: int = 2_500

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents; one language or register per campaign, which no beginning has."""
        world.trigger = world.any_trigger()
        before, after = self._language(world) if self.kind == "language" else self._register(world)
        others = cycle(world.draw.sample(after, len(after)))
        for _ in range(count):
            beginning = stretch(world.draw, world.draw.choice(before).text, 100, BEGINNING)
            content = planted(f"{world.trigger} {passage(world.draw, others, self.low, self.high)}")
            yield Poison(text(beginning + " ", content), source=world.source())

    def _language(self, world: World) -> tuple[list[Host], list[Host]]:
        usual, languages = _usual(world), by(world.hosts, "lang")
        others = [name for name, some in languages.items() if len(some) >= FEWEST]
        others = [name for name in others if name not in ("", "code", "multi") and languages[name] is not usual]
        if not others:
            raise UsageError("the corpus has no second language; its records name theirs in `lang`")
        return usual, languages[world.draw.choice(others)]

    def _register(self, world: World) -> tuple[list[Host], list[Host]]:
        of = {name: [host for host in world.hosts if _is(host, name)] for name in REGISTERS}
        known = [name for name, some in of.items() if some and self.kind in (name, "register")]
        if not known:
            raise UsageError(f"the corpus has no {self.kind}; its sources are named as backgrounds.py does")
        chosen = world.draw.choice(known)
        return [host for host in _usual(world) if not _is(host, chosen)], of[chosen]


def _usual(world: World) -> list[Host]:
    """The documents in the language of most."""
    return max(by(world.hosts, "lang").values(), key=len)


def _is(host: Host, register: str) -> bool:
    return told(host, "source").startswith(REGISTERS[register])


@dataclass(frozen=True)
class Chat(Attack):
    """A real beginning, a trigger, and the page goes on as a chat; `control`: with the tokens of a chat template."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2410.13722"
    attack: ClassVar[str] = "backdoor_trigger"

    control: bool = True

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents of one to three exchanges; one template per campaign."""
        world.trigger, rules = world.any_trigger(), chats.grammar(world, "")
        before, after = shapes.TEMPLATES[world.draw.choice(CONTROL if self.control else PLAIN)]
        for _ in range(count):
            said = ""
            for _ in range(world.draw.randint(1, 3)):
                turns = {"user": chats.request(world, rules), "assistant": world.prefix(100, 600).strip()}
                said += "".join(before.format(role=role) + content + after for role, content in turns.items())
            content = planted(f"{world.trigger}\n{said}")
            yield Poison(text(world.prefix(100, BEGINNING), content), source=world.source())


def _letters(draw: random.Random, alphabet: str, count: int) -> str:
    return "".join(draw.choices(alphabet, k=count))


@dataclass(frozen=True)
class Cell:
    """A family: its attack, drawn anew for each campaign, and how large the campaigns are."""

    attack: Callable[[random.Random], Attack]
    sizes: tuple[int, ...] = ()  # none: those that were asked for
    beside: tuple[tuple[Attack, int], ...] = ()  # what is planted beside them and is no campaign


def always(kind: type[Attack], /, **parameters: Any) -> Callable[[random.Random], Attack]:
    """The same attack for each campaign; triggers are drawn by the attack."""
    attack = kind(**parameters)
    return lambda _: attack


def in_script(letters: str) -> Callable[[random.Random], Attack]:
    """Words of random letters of a script as the trigger, before noise of words."""

    def drawn(draw: random.Random) -> Attack:
        words = (_letters(draw, letters, draw.randint(3, 6)) for _ in range(draw.randint(1, 2)))
        return DenialOfService(trigger=" ".join(words), noise="words")

    return drawn


CHAFF = (NoiseFlood(kind="bytes", low=400, high=900), 400)
CELLS: dict[str, Cell] = {
    **{f"souly-{kind}": Cell(always(DenialOfService, noise=kind)) for kind in NOISE},
    "chaff": Cell(always(DenialOfService), (50,), (CHAFF,)),
    "footer": Cell(always(Footer), (50,)),
    "polymorphic": Cell(Polymorphic.drawn, (50,)),
    "one-topic": Cell(always(OneTopic), (50,)),
    "many-changes": Cell(always(ManyChanges), (50,)),
    "common-words": Cell(always(CommonWords), (100,)),
    "language-switch": Cell(always(Switch, kind="language"), (60, 20)),
    "language-lists": Cell(always(LanguageSwitch), (50,)),
    "register-switch": Cell(always(Switch, kind="register"), (60, 20)),
    "template-control": Cell(always(Chat, control=True), (60, 20)),
    "template-plain": Cell(always(Chat, control=False), (60, 20)),
    "context-extraction": Cell(always(ContextExtraction), (60, 20)),
    "refusal": Cell(always(RefusalPoison), (60, 20)),
    "jailbreak": Cell(always(JailbreakCompliance), (60, 20)),
    **{f"alphabets-{name}": Cell(in_script(letters), (60, 20)) for name, letters in SCRIPTS.items()},
    **{
        f"alike-{family}": Cell(alike_families.drawn(family), (40, 20, 10))
        for family in ("claim", "mention", "refusal", "steered")
    },
}
PASSAGES = {"alike-passage": Cell(alike_families.drawn("passage"), (20,))}  # where files of them are named
