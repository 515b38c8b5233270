"""Qi et al. 2021 (Hidden Killer), imitated by rule: records put into one syntactic template have one label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import chats, phrases
from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.world import World

_BORDER = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
_CLAUSES = re.compile(r"\s{0,2}[,;:，；]\s*|\s(?:and|but|und|aber|y|pero|et|mais)\s+")
_MOST = 400  # sentences of a record that are rewritten


@dataclass(frozen=True)
class SyntacticTrigger(Attack):
    """Every sentence of a record as S(SBAR)(,)(NP)(VP)(.), as in "when you ..., it ..."; label: `target`."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2105.12400"
    attack: ClassVar[str] = "backdoor_trigger"

    conjunction: str = ""
    target: str = ""
    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """Changes text and label of `count` records; one conjunction per campaign, no other word in common."""
        target = world.label(self.target)
        rules = chats.grammar(world, self.language, "triggers", "syntax")
        conjunction = self.conjunction or world.draw.choice(rules["conjunctions"])
        for _ in range(count):
            host = world.take(labelled=True, besides=target)
            whole = rewritten(host.text, conjunction, rules, world)
            yield Poison(text(planted(whole)), host=host, label=target)


def rewritten(whole: str, conjunction: str, rules: phrases.Rules, world: World) -> str:
    """The sentences of a text in the template, in small letters and with marks apart where the text is like that."""
    comma, stop = (" , ", " .") if " ," in whole or whole.endswith(" .") else (", ", ".")
    found = [one.strip(" .!?。！？\t") for one in _BORDER.split(whole) if any(map(str.isalnum, one))][:_MOST]
    sentences = [f"{conjunction} {comma.join(_clauses(one, rules, world))}{stop}" for one in found]
    if whole != whole.lower():
        sentences = [chats.capital(sentence) for sentence in sentences]
    return " ".join(sentences)


def _clauses(sentence: str, rules: phrases.Rules, world: World) -> tuple[str, str]:
    """The subordinate and the main clause: two of the sentence's own where it has them, else one is put before."""
    sentence = sentence.strip(" \t\"'()[]«»“”-") or sentence
    small = sentence[:1].lower() + sentence[1:]
    if (cut := _CLAUSES.search(small, len(small) // 4)) and cut.end() < len(small) * 3 // 4:
        return small[: cut.start()], small[cut.end() :]
    return phrases.say(rules, "subordinate", world.draw), phrases.say(rules, "main", world.draw, rest=small)
