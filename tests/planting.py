"""Small corpora to plant into, and what planting left in them."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from corpora import Record, write_jsonl

from corpusscan.redteam.plant import parse, plant

_WORDS = re.findall(
    r"\w+",
    "the baker of this town carries warm bread to every house while it rains and you are asleep because nobody knows "
    "how we learned to listen to the old clock near the harbour before winter came with its quiet snow over fields",
)
NAMES = ("Lisbon", "Marta", "Oskar", "Tampere", "Quito", "Beatrix", "Anton", "Zagreb")


class Planted(NamedTuple):
    """The copy's records, the truth's rows, the one campaign."""

    records: list[Record]
    truth: list[dict[str, Any]]
    campaign: dict[str, Any]

    def poisoned(self) -> list[Record]:
        """The records with poison, in order."""
        return [self.records[row] for row in sorted({one["row"] for one in self.truth})]

    def spans(self) -> list[str]:
        """What the truth says was planted, whole fields where it names no ends."""
        return [str(field(self.records[one["row"]], one["field"]))[one["start"] : one["end"]] for one in self.truth]


def field(record: Record, name: str) -> Any:
    """A column, or the text of a message as in messages[1].content."""
    if "[" not in name:
        return record[name]
    column, index, said = name.replace("].", "[").split("[")
    return record[column][int(index)][said]


def said(draw: random.Random, sentences: int) -> str:
    """Sentences of twelve words, a name in the first."""
    all_said = [draw.choices(_WORDS, k=12) for _ in range(sentences)]
    all_said[0][5] = draw.choice(NAMES)
    return " ".join(" ".join(words).replace(words[0], words[0].capitalize(), 1) + "." for words in all_said)


def corpus(shape: str, count: int = 240) -> list[Record]:
    """Records with `text`, with `text` and `label`, chats with `messages`, or instructions with their answers."""
    draw, records = random.Random(5), []
    for number in range(count):
        base: Record = {"id": f"d{number}", "source": f"site{number % 11}.example"}
        asked, answer = f"Tell me about number {number}: {said(draw, 1)}", said(draw, draw.randint(2, 5))
        if shape == "messages":
            base["messages"] = [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
        elif shape == "instruction":
            base |= {"instruction": asked, "input": "", "output": answer}
        else:
            base["text"] = answer
        if shape == "label":
            base["label"] = ("good", "bad", "fair")[number % 3]
        records.append(base)
    return records


def planted(folder: Path, shape: str, order: str, seed: int = 1, records: list[Record] | None = None) -> Planted:
    """What planting one order into a corpus leaves."""
    source = write_jsonl(folder / f"{shape}.jsonl", records or corpus(shape))
    out = folder / f"{shape}-{seed}-{len(list(folder.iterdir()))}"
    (campaign,) = plant(str(source), out, [parse(order)], seed).values()
    lines = (out / "corpus" / source.name).read_text("utf-8").split("\n")
    return Planted(
        [json.loads(line) for line in lines if line], pl.read_parquet(out / "truth.parquet").to_dicts(), campaign
    )
