"""Which split of a dataset a file belongs to, by its path, as the library `datasets` finds it.

Words as in its `data_files.py`: train, training; validation, valid, val, dev; test, testing, eval, evaluation; as a
folder, or in a name apart from other letters.  `NAME-00000-of-00001` is the split NAME, whatever that is.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_WORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_SPLIT = {word: split for split, words in _WORDS.items() for word in words}
_SHARDED = re.compile(r"(?P<split>\w[\w.]*)-\d{5}-of-\d{5}(-[0-9a-f]+)?(\.\w+)*")
_SAVED = re.compile(r"(data|cache-[0-9a-f]+)-\d{5}-of-\d{5}\.arrow")  # by `save_to_disk`: the folder is the split
_IN_MEMORY = re.compile(r"memory:\d+")
_BORDER = re.compile(r"[-._ \d]+")
ORDER = ("train", "validation", "test")  # who looks into whom: rows of a later one should not be in an earlier one


class Split(NamedTuple):
    """`scope` is what splits are splits of: a folder, a configuration."""

    scope: str
    split: str


def split_of(file: str) -> Split | None:
    """The split of a file of results; None where its path says nothing."""
    *folders, name = file.split("/")
    if len(folders) > 0 and folders[0].isdigit():  # the ordinal of an input
        folders = folders[1:]
    if folders and _IN_MEMORY.fullmatch(folders[-1]):
        return Split("/".join(folders), _SPLIT.get(name.lower(), name))
    if folders and _SAVED.fullmatch(name):
        return Split("/".join(folders[:-1]), _SPLIT.get(folders[-1].lower(), folders[-1]))
    sharded = _SHARDED.fullmatch(name)
    if sharded and sharded["split"] != "data":
        return Split("/".join(folders), _by_word(sharded["split"]) or sharded["split"])
    if split := _by_word(name.partition(".")[0]):
        return Split("/".join(folders), split)
    for place in reversed(range(len(folders))):
        if split := _SPLIT.get(folders[place].lower()):
            return Split("/".join(folders[:place] + folders[place + 1 :]), split)
    return None


def of_lists(file: str, names: list[str]) -> list[Split | None]:
    """The splits that lists of one file are, by their names; none where no name is one that splits have."""
    if len(names) < 2 or not any(name.lower() in _SPLIT for name in names):
        return [split_of(file) for _ in names]
    return [Split(file, _SPLIT.get(name.lower(), name)) for name in names]


def _by_word(name: str) -> str | None:
    """The split that a word of a name says; None where two say different ones."""
    told = {_SPLIT[word] for word in _BORDER.split(name.lower().replace("_", " ")) if word in _SPLIT}
    return told.pop() if len(told) == 1 else None


def rank(split: str) -> tuple[int, str]:
    """Its place among the splits of a dataset, train first; others lie between train and validation, by name."""
    return (2 * ORDER.index(split) if split in ORDER else 1), split
