"""Poison in the shape of a corpus: one text, an instruction and its answer, or a chat; with the planted spans."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from corpusscan.config import Columns
from corpusscan.io.rows.columns import ADDRESSES, LABEL, Layout
from corpusscan.redteam.attack import KEEP, Poison, Turn

_ASKED = ("instruction", "prompt", "question", "query", "input")
_ANSWERED = ("output", "response", "completion", "answer", "chosen")
_ROLES = {"role": "content", "from": "value"}  # of a chat message: who speaks, what is said
_SPEAKERS = {"human": "user", "gpt": "assistant"}
TEMPLATES: Mapping[str, tuple[str, str]] = {  # before and after a turn; {role} is user or assistant
    "chatml": ("<|im_start|>{role}\n", "<|im_end|>\n"),
    "llama-3": ("<|start_header_id|>{role}<|end_header_id|>\n\n", "<|eot_id|>"),
    "gemma": ("<start_of_turn>{role}\n", "<end_of_turn>\n"),
    "phi": ("<|{role}|>\n", "<|end|>\n"),
    "alpaca": ("### {role}:\n", "\n\n"),
    "none": ("{role}: ", "\n"),
}


class Span(NamedTuple):
    """A planted part of a field in code points; None where all of it was planted."""

    field: str
    start: int | None
    end: int | None


def dressed(poison: Poison, model: Mapping[str, Any], draw: random.Random) -> tuple[dict[str, Any], list[Span]]:
    """A record like `model` that holds the poison, and where it was planted."""
    record = copy.deepcopy(dict(model))
    layout = layout_of(record)
    if poison.label is not KEEP and layout.label:
        record[layout.label[0]] = _as(record[layout.label[0]], poison.label)
    if poison.host is None:
        _rename(record, layout, poison, draw)
    if not poison.turns:
        spans = [Span(label_field(record) or "", None, None)]
    elif poison.host and poison.turns[0].role is None:  # a real text that was changed stays where it stood
        spans = _in_place(record, poison.host.field, poison.turns[0].parts)
    else:
        spans = _write(record, layout, poison, draw)
    return record, spans


def layout_of(record: Mapping[str, Any]) -> Layout:
    """What the columns of a record are, by their usual names."""
    return _layout(tuple(record))


@lru_cache(maxsize=256)  # nearly all records of a corpus have the same columns; the bound is for one where none do
def _layout(names: tuple[str, ...]) -> Layout:
    return Layout.of(names, Columns())


def label_field(record: Mapping[str, Any]) -> str | None:
    """The column with the label, where there is one."""
    return next((name for name in LABEL if name in record), None)


def main_text(record: Mapping[str, Any]) -> tuple[str, str]:
    """The longest text of a record that stands in a column of its own or in a chat message, and its field."""
    found = [("", "")]
    for name in layout_of(record).text:
        value = record[name]
        if isinstance(value, str):
            found.append((name, value))
        elif keys := _chat_keys(value):
            found += [(f"{name}[{i}].{keys[1]}", str(message.get(keys[1]) or "")) for i, message in enumerate(value)]
    return max(found, key=lambda pair: len(pair[1]))


def conversation(record: Mapping[str, Any]) -> tuple[Turn, ...]:
    """The turns of a real record, user and assistant by these names; none where it is no conversation."""
    layout = layout_of(record)
    for name in layout.text:
        if keys := _chat_keys(record[name]):
            turns = ((str(message.get(keys[1]) or ""), str(message.get(keys[0]))) for message in record[name])
            return tuple(Turn(((said, False),), _SPEAKERS.get(role, role)) for said, role in turns)
    asked, answered = _asked_answered(layout)
    if asked and answered:
        said = {"user": record[asked], "assistant": record[answered]}
        return tuple(Turn(((str(text or ""), False),), role) for role, text in said.items())
    return ()


def _asked_answered(layout: Layout) -> tuple[str | None, str | None]:
    asked = next((name for name in _ASKED if name in layout.text), None)
    return asked, next((name for name in _ANSWERED if name in layout.text), None)


def _chat_keys(value: Any) -> tuple[str, str] | None:
    if isinstance(value, list) and value and all(isinstance(message, dict) for message in value):
        known = ((role, said) for role, said in _ROLES.items() if role in value[0] and said in value[0])
        return next((keys for keys in known if all(isinstance(message.get(keys[1]), str) for message in value)), None)
    return None


def _as(old: Any, new: Any) -> Any:
    """`new` in the type of the value it takes the place of."""
    return type(old)(new) if isinstance(old, str | int | float) and not isinstance(new, type(old)) else new


def _rename(record: dict[str, Any], layout: Layout, poison: Poison, draw: random.Random) -> None:
    """A new record has an id of its own, and the source that the poison asks for."""
    for name in layout.id:
        number = draw.getrandbits(48)
        if name not in ADDRESSES:
            record[name] = number if isinstance(record[name], int) else f"{number:012x}"
    for name in layout.source:
        if name in ADDRESSES:
            host = poison.source or str(record[name]).split("://", 1)[-1].split("/", 1)[0]
            record[name] = f"https://{host}/{draw.getrandbits(48):012x}"
        elif poison.source:
            record[name] = poison.source


def _write(record: dict[str, Any], layout: Layout, poison: Poison, draw: random.Random) -> list[Span]:
    """A conversation, or a new text, into the fields that a record of this shape has for it."""
    for name in layout.text:
        if keys := _chat_keys(record[name]):
            return _chat(record, name, keys, poison.turns)
    asked, answered = _asked_answered(layout)
    if asked and answered:
        if poison.host is None:  # what belongs to the question of the record that was the model
            record.update({name: "" for name in ("input", "context") if name != asked and name in layout.text})
        by_role = {asked: poison.turns[:-1], answered: poison.turns[-1:]}
        spans = []
        for name, turns in by_role.items():
            if turns:
                spans += _fill(record, name, [part for turn in turns for part in turn.parts])
        return spans
    name = main_text(record)[0] or layout.text[0]
    return _fill(record, name, _rendered(poison, draw))


def _in_place(record: dict[str, Any], field: str, parts: Sequence[tuple[str, bool]]) -> list[Span]:
    """Into the very field that the text was taken from; nothing else of the record changes."""
    name, _, message = field.partition("[")
    if field in record or not message:
        return _fill(record, field, parts)
    index, _, said = message.partition("].")
    return [span._replace(field=field) for span in _fill(record[name][int(index)], said, parts)]


def _chat(record: dict[str, Any], name: str, keys: tuple[str, str], turns: Sequence[Turn]) -> list[Span]:
    role, said = keys
    if all(turn.role is None for turn in turns):  # a text: what the assistant says last
        turns = [*(Turn(((str(message.get(said) or ""), False),), message.get(role)) for message in record[name][:-1]),
                 Turn(turns[0].parts, record[name][-1].get(role))]  # fmt: skip
    spoken = {str(message.get(role)) for message in record[name]}
    names = {"user": "human", "assistant": "gpt"} if spoken & {"human", "gpt"} else {}
    record[name] = [{role: names.get(turn.role or "", turn.role), said: turn.text} for turn in turns]
    return [
        span._replace(field=f"{name}[{index}].{said}")
        for index, turn in enumerate(turns)
        for span in _spans(turn.parts, "")
    ]


def _rendered(poison: Poison, draw: random.Random) -> list[tuple[str, bool]]:
    """Turns as one text, in a chat template; what the template adds belongs to the poison."""
    if all(turn.role is None for turn in poison.turns):
        return [part for turn in poison.turns for part in turn.parts]
    before, after = TEMPLATES[poison.template or draw.choice(sorted(TEMPLATES))]
    parts = []
    for turn in poison.turns:
        parts += [(before.format(role=turn.role), True), *((text, True) for text, _ in turn.parts), (after, True)]
    return parts


def _fill(record: dict[str, Any], name: str, parts: Sequence[tuple[str, bool]]) -> list[Span]:
    record[name] = "".join(text for text, _ in parts)
    return _spans(parts, name)


def _spans(parts: Sequence[tuple[str, bool]], field: str) -> list[Span]:
    """The planted stretches; one without ends where there is nothing else."""
    parts = [part for part in parts if part[0]]
    if parts and all(is_planted for _, is_planted in parts):
        return [Span(field, None, None)]
    spans: list[Span] = []
    place = 0
    for content, is_planted in parts:
        if is_planted:
            if spans and spans[-1].end == place:
                spans[-1] = Span(field, spans[-1].start, place + len(content))
            else:
                spans.append(Span(field, place, place + len(content)))
        place += len(content)
    return spans
