"""Texts laid over one another at an anchor: how far they agree to its left and to its right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

AGREE = 0.9  # of the texts
_PART = re.compile(r"(?<=\W)\w+$")


def agreed(texts: Sequence[str], anchors: Sequence[int]) -> str:
    """What most texts share round their anchors, as most spell it, without the space at its ends; case parts none."""
    right = _shared([text[anchor:] for text, anchor in zip(texts, anchors, strict=True)])
    left = _shared([text[:anchor][::-1] for text, anchor in zip(texts, anchors, strict=True)])
    return (left[::-1] + right).strip()


def _shared(texts: Sequence[str]) -> str:
    """The longest beginning that most texts share, character by character; the others are let go as they part.

    No part of a word is behind whole ones: where words part that begin with the same letter.
    """
    shared: list[str] = []
    held, least = list(texts), AGREE * len(texts)
    for at in range(max(map(len, texts), default=0)):
        letters = Counter(text[at].lower() for text in held if len(text) > at)
        letter, count = max(letters.items(), key=lambda item: (item[1], item[0]), default=("", 0))
        if count < least:
            break
        held = [text for text in held if len(text) > at and text[at].lower() == letter]
        spelled = Counter(text[at] for text in held)
        shared.append(max(spelled, key=lambda one: (spelled[one], one)))
    found = "".join(shared)
    whole = not any(text[len(found) : len(found) + 1].isalnum() for text in held)
    return found if whole else _PART.sub("", found)
