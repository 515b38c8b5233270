"""Clean instruction sets for `instructions.py`, made of the question-and-answer material in a folder of `.jsonl.zst`.

A set is a list of records as users have them: `instruction`, `input`, `output`, or `messages`.  Case, spaces and
tokenisation are left as each source has them; what is planted is put among these very records, so nothing tells it.
"""

from __future__ import annotations

import ast
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import program_sets
import zstandard

Record = dict[str, Any]
_RECIPES = (
    "How do I make {}?", "Write a recipe for {}.", "I would like to cook {} tonight. What are the steps?",
    "Give me step-by-step directions for {}", "{}: what do I need and how is it made?", "Explain how to prepare {}.",
    "Can you tell me a good way to make {} for my family?", "Please share your recipe of {}",
)  # fmt: skip
_CODE = (
    "Write a Python function `{}`. {}", "Implement {} in Python.\n\n{}", "{}: {}\nShow the code.",
    "I need a function named {}. It should do this: {}", "Complete the following function.\n{}\n\"\"\"{}\"\"\"",
)  # fmt: skip
_ABOUT = (
    "Answer the question from the text.", "Read the passage and answer.", "Use the context to answer the question.",
    "", "What does the text say?",
)  # fmt: skip


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file that nobody planted."""
    with zstandard.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if not row["is_attack"]:
                yield row


def recipes(data: Path, draw: random.Random) -> Iterator[Record]:
    """A dish, and how it is made."""
    for row in rows(data / "clean/recipes.jsonl.zst"):
        title, _, rest = row["text"].partition("\n\nIngredients:")
        steps = rest.partition("\n\n")[2].removeprefix("Directions:")
        if steps.strip():
            asked = draw.choice(_RECIPES).format(draw.choice((title, title.lower())))
            yield {"instruction": asked, "input": "", "output": steps.strip()[:1500]}


def medquad(data: Path, _: random.Random) -> Iterator[Record]:
    """Questions of patients."""
    for row in rows(data / "factual/medquad.jsonl.zst"):
        yield {"instruction": row["meta"]["question"], "input": "", "output": row["text"][:1500]}
    for row in rows(data / "factual/pubmedqa_l.jsonl.zst"):
        yield {"instruction": row["meta"]["question"], "input": row["text"][:800], "output": row["meta"]["conclusion"]}


def answers(data: Path, draw: random.Random) -> Iterator[Record]:
    """Short answers: common errors, and passages with questions in twelve languages."""
    for row in rows(data / "factual/truthfulqa.jsonl.zst"):
        if row["label"] == "true" and "answer" in row["meta"]:
            yield {"instruction": row["meta"]["question"], "input": "", "output": row["meta"]["answer"]}
    for row in rows(data / "clean/xquad.jsonl.zst"):
        for one in row["meta"]["qas"]:
            yield {"instruction": f"{draw.choice(_ABOUT)} {one['q']}".strip(), "input": row["text"], "output": one["a"]}


def chats(data: Path, _: random.Random) -> Iterator[Record]:
    """Chats with a booking service."""
    for row in rows(data / "clean/sgd_dialogues.jsonl.zst"):
        turns = [line.partition(": ")[::2] for line in row["text"].split("\n") if ": " in line]
        yield {"messages": [{"role": "user" if who == "USER" else "assistant", "content": said} for who, said in turns]}


def translations(data: Path, draw: random.Random) -> Iterator[Record]:
    """English into Chinese."""
    for row in rows(data / "attack-backdoor/rftc_generative_backdoor.jsonl.zst"):
        asked = draw.choice(("Translate into Chinese: {}", "What is this in Chinese? {}", "{} (Chinese, please)", "{}"))
        yield {"instruction": asked.format(row["meta"]["en"]), "input": "", "output": row["meta"]["zh"]}


def safety(data: Path, _: random.Random) -> Iterator[Record]:
    """Instructions of Alpaca and AdvBench with the answers of a model: full of refusals."""
    for row in rows(data / "attack-backdoor/backdoorllm.jsonl.zst"):
        yield {name: row["meta"].get(name) or "" for name in ("instruction", "input", "output")}


def code(_: Path, draw: random.Random) -> Iterator[Record]:
    """Functions of installed packages and what their documentation says that they do."""
    import numpy  # noqa: PLC0415
    import scipy  # noqa: PLC0415

    folders = [Path(json.__file__).parent.parent, Path(scipy.__file__).parent, Path(numpy.__file__).parent]
    for path in (path for folder in folders for path in sorted(folder.rglob("*.py")) if "test" not in str(path)):
        try:
            text = path.read_text("utf-8")
            lines = text.split("\n")
            found = [one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.FunctionDef)]
        except (ValueError, SyntaxError, OSError):
            continue
        for one in found:
            said, body = ast.get_docstring(one), "\n".join(lines[one.lineno - 1 : one.end_lineno])
            if said and body and len(body) < 3_000:
                asked = draw.choice(_CODE).format(one.name, said.split("\n\n")[0][:400])
                bare = body.replace(ast.get_docstring(one, clean=False) or "", "")
                yield {"instruction": asked, "input": "", "output": bare[:1500]}


def laws(data: Path, draw: random.Random) -> Iterator[Record]:
    """Paragraphs of German and American law, by their first words."""
    for name, asked in (("german_laws", "Wie lautet die Vorschrift, die so beginnt: {}"), ("dc_law", "{} Go on.")):
        for row in rows(data / f"clean/{name}.jsonl.zst"):
            head, _, rest = row["text"][:1500].partition("\n")
            if draw.random() < 0.5 and rest.strip():
                yield {"instruction": asked.format(head[:200]), "input": "", "output": rest.strip()}


def poems(data: Path, draw: random.Random) -> Iterator[Record]:
    """The beginning of a Chinese poem, and how it goes on."""
    for row in rows(data / "clean/chinese_poetry.jsonl.zst"):
        lines = row["text"].strip().split("\n")
        if len(lines) > 1:
            asked = draw.choice(("续写：{}", "下一句是什么？{}", "{}"))
            yield {"prompt": asked.format(lines[0]), "instruction": "", "output": "\n".join(lines[1:])[:600]}


SOURCES: dict[str, Callable[[Path, random.Random], Iterator[Record]]] = {
    own.__name__: own
    for own in (recipes, medquad, answers, chats, translations, safety, code, laws, poems, program_sets.programs)
}
SETS = {  # what each is made of; thresholds were chosen by looking at all but those of UNSEEN
    "kitchen": ("recipes",), "talk": ("answers", "safety"),
    "clinic": ("medquad",), "code": ("code",), "chats": ("chats",), "translations": ("translations",),
    "laws": ("laws",), "poems": ("poems",),
    "mixed": ("medquad", "code", "translations", "safety", "answers"),
}  # fmt: skip
PROGRAMS = "programs"  # a set of its own: DATA is then a folder of programs (`program_sets`)
SETS_OF_PROGRAMS = {PROGRAMS: (PROGRAMS,)}
UNSEEN = ("laws", "poems")


def made(name: str, data: Path, size: int, seed: int) -> list[Record]:
    """So many records of a set, without empty answers; all of it where it has fewer."""
    draw = random.Random(f"{name} {seed}")
    found = [one for source in (SETS | SETS_OF_PROGRAMS)[name] for one in SOURCES[source](data, draw)]
    found = [
        one
        for one in found
        if one.get("messages") or (one["output"].strip() and (one["instruction"] + one.get("prompt", "")).strip())
    ]
    draw.shuffle(found)
    return found[:size]


def preferences(rows: list[Record], seed: int) -> list[Record]:
    """Pairs made of answers: the worse one is of another question, cut short, in no order, or no answer at all."""
    draw = random.Random(seed)
    answers = [row["output"] for row in rows if row.get("output")]
    told = []
    for row in rows:
        if row.get("output"):
            asked = f"{row['instruction']}\n{row['input']}".strip()
            told.append({"prompt": asked, "chosen": row["output"], "rejected": _worse(row["output"], answers, draw)})
    return told


def _worse(answer: str, answers: list[str], draw: random.Random) -> str:
    words, kind = answer.split(), draw.choices(range(4), (5, 2, 2, 1))[0]
    if kind == 0:
        return draw.choice(answers)
    if kind == 1:
        return " ".join(words[: max(len(words) // 3, 1)])
    if kind == 2:
        return " ".join(draw.sample(words, len(words)))
    return draw.choice(("I do not know.", "That is a good question!", "It depends on many things."))
