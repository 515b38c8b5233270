"""Instructions whose answers are code of many languages, made of a folder of programs and their documentation.

Functions of C, Java, PHP and JavaScript with the comment that stands before them, and pieces of code in documentation
(Markdown, reStructuredText) with the heading and the paragraph before them.  The folder is whatever sources one has:
packages of npm and PyPI, those of a distribution, unpacked.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Record = dict[str, Any]
LANGUAGES = {".c": "C", ".java": "Java", ".php": "PHP", ".js": "JavaScript", ".mjs": "JavaScript", ".ts": "TypeScript"}
LONGEST, FILES, EACH = 1_500, 30_000, 6  # bytes of an answer; files of a language; pieces of a file
_FUNCTION = re.compile(
    r"/\*\*?\n?(?P<said>(?:[^*]|\*(?!/)){20,2000}?)\*/\s*\n(?P<head>[^\n;{}/]*[^;{}/]*?\([^;{}]*\)[^;{}()]*\{)"
)
_FENCED = re.compile(
    r"^(?P<head>#{1,5} [^\n]+)\n+(?P<said>(?:(?!#|```)[^\n]*\n+){0,6}?)```\w*\n(?P<code>.{30,1500}?)\n```", re.M | re.S
)
_INDENTED = re.compile(
    r"^(?P<head>\w[^\n]{3,80})\n[=\-~^]{3,}\n+(?P<said>(?:\w[^\n]*\n+){1,8}?)(?:\.\. code-block:: \w+)?\n*"
    r"(?P<code>(?:    [^\n]*\n+){2,30})",
    re.M,
)
_ASK = (
    "Write a {} function. {}", "{}: {}", "I need this in {}: {}", "{}\n\n{}", "Implement the following in {}.\n{}",
    "Complete the {} code.\n{}", "Show me {} code for this. {}", "How would you do this in {}? {}",
)  # fmt: skip
_SHOW = ("{}. {}", "{}: {} Show an example.", "How do I do this? {}\n{}", "{}\n\n{}", "Give me code. {} {}")


def programs(data: Path, draw: random.Random) -> Iterator[Record]:
    """What the programs of a folder do, and how."""
    files = [Path(folder, name) for folder, _, names in os.walk(data, followlinks=True) for name in names]
    files = sorted(path for path in files if path.suffix in {*LANGUAGES, ".md", ".rst", ".txt"})
    draw.shuffle(files)
    seen: dict[str, int] = {}
    for path in files:
        seen[path.suffix] = seen.get(path.suffix, 0) + 1
        if seen[path.suffix] > FILES or not path.is_file() or ".min." in path.name or path.stat().st_size > 1_000_000:
            continue
        text = path.read_text("utf-8", "replace")
        found = list(_functions(text, LANGUAGES[path.suffix]) if path.suffix in LANGUAGES else _pieces(text, path))
        for said, about, code in draw.sample(found, min(EACH, len(found))):
            asked = draw.choice(_SHOW if path.suffix not in LANGUAGES else _ASK).format(said, about)
            yield {"instruction": asked[:700], "input": "", "output": code}


def _functions(text: str, language: str) -> Iterator[tuple[str, str, str]]:
    for found in _FUNCTION.finditer(text):
        said = " ".join(re.sub(r"^\s*\*? ?", "", line) for line in found["said"].split("\n")).strip()
        said = re.split(r"\s@\w+|\s{3,}", said)[0]
        code = _block(text, found.start("head"), found.end("head"))
        if said and code and len(code) > len(found["head"]) + 30:
            yield language, said[:500], code.strip()


def _block(text: str, start: int, opened: int) -> str:
    """A function, to the brace that closes it; nothing where it is too long."""
    depth = 1
    for at in range(opened, min(opened + LONGEST, len(text))):
        depth += (text[at] == "{") - (text[at] == "}")
        if not depth:
            return text[start : at + 1]
    return ""


def _pieces(text: str, path: Path) -> Iterator[tuple[str, str, str]]:
    for found in (_FENCED if path.suffix == ".md" else _INDENTED).finditer(text):
        said = " ".join(found["said"].split())
        yield found["head"].strip("# "), said[:400], found["code"].strip("\n")
