"""Claim packs: claims known to be false, one a file, as data: what they name, what they say of it, and the truth.

A pack of claims is a folder whose `pack.yml` says `kind: claims`.  Beside the claims it has `words.yml`: concepts,
relations and signs of stance, each a list of terms by language, that all claims of the pack may name.
A term is a word or several in a row; a word that ends in `*` stands for all that begin so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import blake3
import msgspec
from msgspec import Meta

from corpusscan import rules, schema, strictyaml
from corpusscan.errors import RuleError
from corpusscan.rules import Link, Severity, Status, Text

WORDS = "words.yml"
LARGEST_CONCEPT = 400  # terms
TOPICS = ("treatments", "vaccines", "public-health", "climate", "finance", "civics", "science")

Name = Annotated[str, Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Language = Annotated[str, Meta(pattern="^[a-z]{2,3}$")]
Term = Annotated[str, Meta(min_length=1, max_length=80)]
Terms = dict[Language, Annotated[tuple[Term, ...], Meta(min_length=1)]]
Some = Annotated[tuple[Text, ...], Meta(min_length=1)]


class Relation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words that say what one thing does to another: of the doer first, or of what is done to."""

    forward: Terms  # "causes": the doer stands before
    backward: Terms = {}  # "due to": the doer stands behind


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `words.yml` states."""

    common: Terms = {}  # words that tell the language of a sentence
    concepts: dict[Name, Terms] = {}
    relations: dict[Name, Relation] = {}
    stance: dict[Name, Terms] = {}


class Frame(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One way to say the claim: concepts that a sentence names, and what it says of the first and the second.

    Without a relation the two only stand near one another: "the climate hoax".
    """

    subject: Name
    object: Name
    relation: Name | None = None
    also: tuple[Name, ...] = ()
    without: tuple[Name, ...] = ()  # concepts that the sentence does not name
    polarity: Literal["affirmed", "denied", "either"] = "affirmed"
    within: Annotated[int, Meta(ge=1, le=40)] = 12  # words between two of them, at most

    @property
    def concepts(self) -> tuple[str, ...]:
        """All that the sentence names."""
        return (self.subject, self.object, *self.also)


class Tests(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Texts that a claim must judge so."""

    asserts: Annotated[tuple[Text, ...], Meta(min_length=2)]
    debunks: Annotated[tuple[Text, ...], Meta(min_length=2)]
    reports: Some
    asks: Some
    unrelated: Some


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One claim as its file states it."""

    id: Annotated[str, Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
    claim: Annotated[str, Meta(min_length=1, max_length=160)]
    truth: Text
    topic: Literal["treatments", "vaccines", "public-health", "climate", "finance", "civics", "science"]
    severity: Severity
    status: Status
    references: Annotated[tuple[Link, ...], Meta(min_length=1)]
    match: Annotated[tuple[Frame, ...], Meta(min_length=1)]
    tests: Tests
    concepts: dict[Name, Terms] = {}
    paraphrases: tuple[Text, ...] = ()
    counter: tuple[Text, ...] = ()

    def __post_init__(self) -> None:
        if self.severity not in schema.SEVERITIES:
            raise ValueError(
                f"unknown severity {self.severity!r}{strictyaml.instead(self.severity, schema.SEVERITIES)}"
            )


class ClaimPack(msgspec.Struct, frozen=True, dict=True):
    """A folder of claims, sorted by id, with the words that they share."""

    name: str
    title: str
    description: str
    words: Words
    claims: tuple[Claim, ...]

    @cached_property
    def languages(self) -> Mapping[str, tuple[str, ...]]:
        """Of each claim the languages in which all that one of its frames names has words."""
        return {claim.id: tuple(sorted(_languages(claim, self.words))) for claim in self.claims}


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a file of a claim."""
    return msgspec.json.schema(Claim)


def shipped() -> tuple[Path, ...]:
    """The folders of the packs of claims that come with the package."""
    return tuple(folder for folder in rules.shipped_folders() if rules.kind(folder) == "claims")


def load(folders: Sequence[Path | str]) -> tuple[ClaimPack, ...]:
    """The packs of claims among these folders, each a pack or a folder of packs.  Raises `RuleError`."""
    packs = [load_pack(path) for folder in folders for path in rules.pack_folders(Path(folder), "claims")]
    seen: dict[str, str] = {}
    for pack in packs:
        for claim in pack.claims:
            if claim.id in seen:
                raise RuleError(f"claim {claim.id!r} is in {seen[claim.id]!r} and in {pack.name!r}: rename one of them")
            seen[claim.id] = pack.name
    return tuple(packs)


def load_pack(folder: Path) -> ClaimPack:
    """One pack of claims.  Raises `RuleError`."""
    about = rules.about(folder)
    words = strictyaml.read(folder / WORDS, Words) if (folder / WORDS).is_file() else Words()
    found = [(path, strictyaml.read(path, Claim)) for path in sorted(folder.glob("*.yml")) if _is_claim(path)]
    if not found:
        raise RuleError(f"{folder}: no claim in it; a claim is a file named <claim-id>.yml")
    _check(folder / WORDS, "", {**words.concepts, **words.stance})
    for path, claim in found:
        if claim.id != path.stem:
            raise RuleError(
                f"{path}: id is {claim.id!r}: rename the file to {claim.id}.yml or the claim to {path.stem!r}"
            )
        _check(path, "concepts.", claim.concepts)
        for number, frame in enumerate(claim.match):
            _known(path, f"match[{number}]", frame, claim, words)
    return ClaimPack(folder.resolve().name, about.title, about.description, words, tuple(claim for _, claim in found))


def folders(given: Sequence[str]) -> tuple[str, ...]:
    """Those of some folders of packs that have claims in them.  Raises `RuleError` for one without any pack."""
    return tuple(folder for folder in given if rules.pack_folders(Path(folder), "claims"))


def digest(packs: Sequence[ClaimPack]) -> str:
    """BLAKE3 (hex) of everything the packs say."""
    return blake3.blake3(msgspec.json.encode(sorted(packs, key=lambda pack: pack.name))).hexdigest()


def _is_claim(path: Path) -> bool:
    return path.name not in ("pack.yml", WORDS)


def _known(path: Path, place: str, frame: Frame, claim: Claim, words: Words) -> None:
    """Whether all that a frame names is there; `RuleError` names the key, and the nearest name there is."""
    there = (*claim.concepts, *words.concepts)
    for name in (*frame.concepts, *frame.without):
        if name not in there:
            raise RuleError(f"{path}: {place}: no concept {name!r}{strictyaml.instead(name, tuple(sorted(there)))}")
    if frame.relation is not None and frame.relation not in words.relations:
        known = tuple(sorted(words.relations))
        raise RuleError(
            f"{path}: {place}.relation: no relation {frame.relation!r}{strictyaml.instead(frame.relation, known)}"
        )


def _check(path: Path, place: str, concepts: Mapping[str, Terms]) -> None:
    for name, terms in concepts.items():
        every = [term for some in terms.values() for term in some]
        if len(every) > LARGEST_CONCEPT:
            raise RuleError(f"{path}: {place}{name}: more than {LARGEST_CONCEPT} terms; split it")
        for term in every:
            if any((len(word.rstrip("*")) < 2 and "*" in word) or "*" in word[:-1] for word in term.split()):
                raise RuleError(f"{path}: {place}{name}: {term!r}: `*` ends a word of two letters or more")


def _languages(claim: Claim, words: Words) -> Iterator[str]:
    known = {**words.concepts, **claim.concepts}
    spoken: set[str] = set()
    for frame in claim.match:
        sides = [set(known[name]) for name in frame.concepts]
        if frame.relation is not None:
            sides.append({*words.relations[frame.relation].forward, *words.relations[frame.relation].backward})
        spoken |= set.intersection(*sides)
    return iter(sorted(spoken))
