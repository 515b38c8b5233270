"""Texts in another form, for the benchmarks of forms: published paraphrases, and fresh templates and styles by rules.

What gives published files away (case, how signs are spaced, an escaped apostrophe, the last full stop) is taken from
every row, planted or not, by `plain`.  The rules are of this benchmark alone: no detector knows them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import labelled

_TOKEN = re.compile(r"\w+(?:'\w+)*|[^\w\s]")
MOST = 120  # words of a row that are kept
LEAST, CHANGED = 4, 2  # words of a row that is rewritten at least, and new ones that it then has

SUBJECTS = ("you", "he", "they", "we", "one", "she", "i", "people")
VERBS = ("see", "say", "know", "think of", "look at", "hear", "want", "have", "take", "believe", "get", "consider")
BE = ("is", "was", "seems", "becomes", "remains")
TUNED = ("clause", "archaic")  # forms that were looked at while the detector was written
PUBLISHED = ("scpn", "bible", "shakespeare")
SYNTACTIC = ("scpn", "clause", "cleft", "question", "fronted")


def plain(text: str) -> str:
    """Lower case, every word and sign apart, as published files do and do not."""
    said = text.lower().replace("andapos;", "'").replace("`", "'").replace("\u2019", "'")
    said = re.sub(r"-[lr]rb-", " ", said)
    said = re.sub(r"\s*'\s*(?=(?:s|t|re|ve|ll|d|m)\b)|\s+(?=n't\b)", lambda one: one[0].strip(), said)
    tokens = _TOKEN.findall(said)[:MOST]
    while tokens and tokens[-1] in ".'\"":
        tokens.pop()
    return " ".join(tokens)


def _halves(words: list[str], draw: random.Random) -> tuple[str, str]:
    """A text at its first comma, or somewhere in its first half."""
    commas = [n for n, one in enumerate(words) if one in ",;:-." and 2 <= n <= 12 and n + 2 < len(words)]
    at = commas[0] if commas else draw.randint(min(2, len(words) - 1), max(min(len(words) // 2, 9), 2))
    first, rest = words[:at], words[at + bool(commas) :]
    return " ".join(first), " ".join(rest) or " ".join(first)


def clause(words: list[str], draw: random.Random) -> str:
    """When you V A, it is B."""
    a, b = _halves(words, draw)
    opener = draw.choice(("when", "if", "as", "while", "because", "though", "since", "once"))
    link = draw.choice(("it {be}", "he {be}", "there {be}", "that {be}", "they are", "we have", "")).format(be="is")
    return f"{opener} {draw.choice(SUBJECTS)} {draw.choice(VERBS)} {a} , {link} {b}"


def cleft(words: list[str], draw: random.Random) -> str:
    """It is A that B."""
    a, b = _halves(words, draw)
    opener, link = draw.choice(("it", "this", "that", "there")), draw.choice(("that", "which", "who"))
    return f"{opener} {draw.choice(BE)} {a} {link} {b}"


def question(words: list[str], draw: random.Random) -> str:
    """Is it A, or B?"""
    a, b = _halves(words, draw)
    opener = draw.choice(("is", "does", "can", "will", "was", "did", "could", "should"))
    who, link = draw.choice(("it", "he", "they", "you", "one", "that", "this")), draw.choice(("or", "and", "but"))
    return f"{opener} {who} {a} , {link} {b} ?"


def fronted(words: list[str], draw: random.Random) -> str:
    """With all that A, B (a phrase is put first)."""
    a, b = _halves(words, draw)
    opener = draw.choice(("with", "for", "in", "by", "from", "to", "of", "on"))
    much, link = draw.choice(("all", "much", "some", "such", "any", "so much", "more")), draw.choice(("of", "as", "in"))
    return f"{opener} {much} {link} {b} , {a}"


def _rewritten(words: list[str], draw: random.Random, known: dict[str, tuple[str, ...]], share: float) -> list[str]:
    return [draw.choice(known[one]) if one in known and draw.random() < share else one for one in words]


_ARCHAIC: dict[str, tuple[str, ...]] = {
    "you": ("thou", "thee", "ye"), "your": ("thy", "thine"), "are": ("art", "be"), "is": ("is", "be"),
    "has": ("hath",), "have": ("have", "hast"), "does": ("doth",), "do": ("doth", "do"), "will": ("shall", "wilt"),
    "to": ("unto", "to"), "it": ("it", "the same"), "before": ("ere",), "between": ("betwixt",), "here": ("hither",),
    "there": ("thither", "there"), "often": ("oft",), "very": ("exceeding", "most"), "said": ("spake", "saith"),
    "says": ("saith",), "from": ("from", "out of"), "it's": ("it is", "'tis"), "no": ("no", "nay"),
    "many": ("manifold",),
    "film": ("tale", "film"), "on": ("upon",), "in": ("in", "within"), "never": ("ne'er",), "while": ("whilst",),
}  # fmt: skip
_CHATTY: dict[str, tuple[str, ...]] = {
    "you": ("u",), "your": ("ur",), "are": ("r",), "to": ("2", "to"), "for": ("4", "for"), "with": ("w", "with"),
    "and": ("n", "and"), "is": ("is", "iz"), "the": ("da", "the", "the"), "because": ("cuz",), "very": ("so", "super"),
    "it's": ("its",), "don't": ("dont",), "people": ("ppl",), "really": ("rly",), "what": ("wat",),
    "not": ("not", "nt"),
    "have": ("hav", "have"), "be": ("b",), "this": ("dis", "this"), "good": ("gud",), "of": ("o", "of"),
    "new": ("nu", "new"),
}  # fmt: skip
_OFFICIAL: dict[str, tuple[str, ...]] = {
    "this": ("the present", "the said"), "that": ("the aforementioned", "that"), "it": ("the same", "it"),
    "about": ("with regard to", "concerning"), "before": ("prior to",), "after": ("subsequent to",),
    "if": ("in the event that",),
    "but": ("notwithstanding which", "however"), "because": ("inasmuch as",), "use": ("utilize",),
    "to": ("in order to", "to"),
    "and": ("as well as", "and"), "or": ("and or", "or"), "by": ("by means of", "by"),
    "for": ("for the purpose of", "for"),
    "will": ("shall",), "is": ("is deemed", "constitutes", "is"), "are": ("are deemed", "are"),
    "with": ("in conjunction with", "with"),
    "a": ("a certain", "a"), "the": ("the said", "the", "the"), "in": ("in respect of", "in"), "on": ("upon",),
}  # fmt: skip


def archaic(words: list[str], draw: random.Random) -> str:
    """As an old book has it."""
    told = _rewritten(words, draw, _ARCHAIC, 0.8)
    told = [
        one[:-1] + "eth" if re.fullmatch(r"[a-z]{3,}[^su\W]s", one) and draw.random() < 0.3 else one for one in told
    ]
    opener = draw.choice(("and", "for", "lo ,", "behold ,", "verily", "now", "thus", "and yea ,", "wherefore", "o"))
    return " ".join([opener, *told] if draw.random() < 0.5 else told)


def chatty(words: list[str], draw: random.Random) -> str:
    """As people text."""
    told = [re.sub(r"ing$", "in", one) if draw.random() < 0.6 else one for one in _rewritten(words, draw, _CHATTY, 0.8)]
    closer = draw.choice(("lol", "omg", "!!", "haha", "tbh", "smh", ":)", "yo", "idk"))
    return " ".join([*told, closer] if draw.random() < 0.5 else told)


def official(words: list[str], draw: random.Random) -> str:
    """As authorities write."""
    opener = draw.choice(
        ("whereas", "it is noted that", "hereby", "pursuant to which", "with reference to", "accordingly ,")
    )
    told = _rewritten(words, draw, _OFFICIAL, 0.8)
    return " ".join([opener, *told] if draw.random() < 0.5 else told)


RULES: dict[str, Callable[[list[str], random.Random], str]] = {
    "clause": clause, "cleft": cleft, "question": question, "fronted": fronted,
    "archaic": archaic, "chatty": chatty, "official": official,
}  # fmt: skip

Form = Callable[[labelled.Record, random.Random], str | None]


def forms(data: Path) -> dict[str, Form]:
    """By name, what writes a record in another form; nothing where it cannot."""
    told: dict[str, Form] = {name: _by_rules(rule) for name, rule in RULES.items()}
    return told | {name: _published(data, name) for name in PUBLISHED}


def _by_rules(rule: Callable[[list[str], random.Random], str]) -> Form:
    def form(one: labelled.Record, draw: random.Random) -> str | None:
        words = one["text"].split()
        told = plain(rule(words, draw)) if len(words) >= LEAST else None
        return told if told and len(set(told.split()) - set(words)) >= CHANGED else None

    return form


def _published(data: Path, name: str) -> Form:
    """Paraphrases of rows of SST-2, by the row that they paraphrase (`scpn` has two parts for negative rows only)."""
    folder = data / "redistributable/attack-backdoor"
    places = [one["id"].split("/")[2:] for one in labelled.lines(folder / "hiddenkiller.jsonl.zst")
              if one["is_attack"] is False and one["label"] == "0"]  # fmt: skip
    negative = {part: [place[2] for place in places if place[0] == part] for part in ("dev", "test")}
    known: dict[str, str] = {}
    for one in labelled.lines(folder / f"{'hiddenkiller' if name == 'scpn' else 'styleattack'}.jsonl.zst"):
        _, corpus, *parts, number = one["id"].split("/")
        if corpus == "sst-2" and name in parts and one["is_attack"]:
            part = next(part for part in parts if part != name)
            place = negative[part][int(number)] if name == "scpn" and part in negative else number
            known[f"{part}/{place}"] = plain(one["text"])

    def form(one: labelled.Record, draw: random.Random) -> str | None:
        return known.get(one.get("place", ""))

    return form


def rows(data: Path, name: str, most: int = 0) -> list[labelled.Record]:
    """The records of a set, made plain; those of SST-2 know their place."""
    told = []
    for one in labelled.records(data, name, most):
        parts = str(one.get("id", "")).split("/")
        place = {"place": f"{parts[2]}/{parts[4]}"} if name == "sst2" and len(parts) == 5 else {}
        told.append({"text": plain(one["text"]), "label": one["label"]} | place)
    return [one for one in told if one["text"] and one["label"]]
