"""Rule packs: folders of YAML, one rule a file; loaded strictly, with errors that teach.

A pack is data: nothing in it is executed, and a file that is not understood wholly is refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import blake3
import msgspec
import re2
from msgspec import Meta, field

from corpusscan import schema, strictyaml
from corpusscan.errors import RuleError

LONGEST_PATTERN = 1 << 10  # bytes; RE2's memory grows with it

_ASCII_CLASSES = frozenset((r"\b", r"\B", r"\d", r"\D", r"\w", r"\W"))
_FOREIGN_ESCAPE = re.compile(r"\\x(?:\{0*[1-9a-fA-F][0-9a-fA-F]{2,}\}|\{0*[89a-fA-F][0-9a-fA-F]\}|[89a-fA-F])")
_FOREIGN_CLASS = re.compile(r"\[(?:\\.|[^\]\\])*[^\x00-\x7f](?:\\.|[^\]\\])*\]")

Text = Annotated[str, Meta(min_length=1, max_length=4000)]
Phrase = Annotated[str, Meta(min_length=1, max_length=LONGEST_PATTERN)]
Link = Annotated[str, Meta(pattern="^https?://")]
Severity = Annotated[str, Meta(extra_json_schema={"enum": list(schema.SEVERITIES)})]
Attack = Annotated[str, Meta(extra_json_schema={"enum": list(schema.ATTACKS)})]
Status = Literal["experimental", "test", "stable"]
View = Literal["raw", "folded"]
Kind = Literal["rules", "claims", "weaknesses"]


class Atom(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing that occurs in a text or not: a phrase or an RE2 pattern."""

    phrase: Phrase | None = None
    regex: Phrase | None = None
    word: bool = False

    def __post_init__(self) -> None:
        if (self.phrase is None) == (self.regex is None):
            raise ValueError("an atom is either `phrase: ...` or `regex: ...`")
        if self.word and self.phrase is None:
            raise ValueError("`word` goes with a phrase; in a regex write the edges out")


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An atom, or a choice of atoms."""

    phrase: Phrase | None = None
    regex: Phrase | None = None
    word: bool = False
    any_of: Annotated[tuple[Atom, ...], Meta(min_length=1)] | None = field(default=None, name="any")

    def __post_init__(self) -> None:
        if self.any_of is None:
            Atom(self.phrase, self.regex, self.word)
        elif self.phrase is not None or self.regex is not None or self.word:
            raise ValueError("an item is a phrase, a regex or `any: [...]`, one of them")

    @property
    def atoms(self) -> tuple[Atom, ...]:
        """What may stand for the item."""
        return self.any_of or (Atom(self.phrase, self.regex, self.word),)


class Near(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Items that all lie in one window of `within` code points, from the first's start to the last's end."""

    within: Annotated[int, Meta(ge=1, le=100_000)]
    of: Annotated[tuple[Item, ...], Meta(min_length=2, max_length=16)]


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a text must contain; several keys hold together."""

    any_of: Annotated[tuple[Atom, ...], Meta(min_length=1)] | None = field(default=None, name="any")
    all_of: Annotated[tuple[Item, ...], Meta(min_length=1)] | None = field(default=None, name="all")
    none_of: Annotated[tuple[Atom, ...], Meta(min_length=1)] | None = field(default=None, name="not")
    near: Near | None = None

    def __post_init__(self) -> None:
        if self.any_of is None and self.all_of is None and self.near is None:
            raise ValueError("match needs `any`, `all` or `near`: `not` alone fires on nearly every text")

    @property
    def clauses(self) -> tuple[tuple[Atom, ...], ...]:
        """Of each of these choices something must occur: any, then the items of all, then those of near."""
        items = [*(self.all_of or ()), *(self.near.of if self.near else ())]
        return (*((self.any_of,) if self.any_of else ()), *(item.atoms for item in items))

    @property
    def atoms(self) -> tuple[Atom, ...]:
        """All atoms, in the order of the clauses, then those that must not occur."""
        return (*(atom for clause in self.clauses for atom in clause), *(self.none_of or ()))


class Tests(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Texts that the rule must match, and harmless ones that look alike."""

    match: Annotated[tuple[Text, ...], Meta(min_length=2)]
    no_match: Annotated[tuple[Text, ...], Meta(min_length=2)]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule as its file states it."""

    id: Annotated[str, Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
    title: Annotated[str, Meta(min_length=1, max_length=120)]
    severity: Severity
    attack: Attack
    status: Status
    references: Annotated[tuple[Link, ...], Meta(min_length=1)]
    false_positives: Annotated[tuple[Text, ...], Meta(min_length=1)]
    match: Match
    tests: Tests
    view: View = "raw"

    def __post_init__(self) -> None:
        _known("severity", self.severity, schema.SEVERITIES)
        _known("attack", self.attack, schema.ATTACKS)

    def complaint(self) -> str | None:
        """What is wrong with one of its patterns; None where nothing is.  Compiles them all, which takes time."""
        for atom in self.match.atoms:
            if atom.regex is not None and (complaint := lint(atom.regex, self.view)):
                return f"regex {atom.regex[:60]!r}: {complaint}"
        return None


class Pack(msgspec.Struct, frozen=True):
    """A folder of rules, sorted by id."""

    name: str
    title: str
    description: str
    rules: tuple[Rule, ...]


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `pack.yml` states."""

    title: Text
    description: Text = ""
    kind: Kind = "rules"


def shipped_packs(of: Kind = "rules") -> tuple[Path, ...]:
    """The folders of the packs of one kind that come with the package, sorted by name."""
    return tuple(path for path in shipped_folders() if kind(path) == of)


def shipped_folders() -> tuple[Path, ...]:
    """The folders of all packs that come with the package, sorted by name."""
    return tuple(sorted(path for path in _home().glob("*") if any(_rule_files(path)))) if _home().is_dir() else ()


def about(folder: Path) -> About:
    """What a pack says of itself.  Raises `RuleError`."""
    file = folder / "pack.yml"
    return strictyaml.read(file, About) if file.is_file() else About(folder.name)


def kind(folder: Path) -> str:
    """What a pack holds: rules, weaknesses (rules that are no finding, `corpusscan.weaknesses`), or claims."""
    return about(folder).kind


def _home() -> Path:
    here = Path(__file__).parent
    return here / "_packs" if (here / "_packs").is_dir() else here.parent / "rules"


def load(folders: Sequence[Path | str], of: str = "rules") -> tuple[Pack, ...]:
    """The packs of one kind in these folders, each a pack or a folder of packs.  Raises `RuleError`."""
    packs = [load_pack(path) for folder in folders for path in pack_folders(Path(folder), of)]
    seen: dict[str, str] = {}
    for pack in packs:
        for rule in pack.rules:
            if rule.id in seen:
                raise RuleError(
                    f"rule {rule.id!r} is in pack {seen[rule.id]!r} and in {pack.name!r}: rename one of them"
                )
            seen[rule.id] = pack.name
    return tuple(packs)


def load_pack(folder: Path | str) -> Pack:
    """One pack: `pack.yml` (optional) and a rule in every other .yml file.  Raises `RuleError`."""
    folder = Path(folder)
    head = about(folder)
    rules = tuple(_load_rule(path) for path in _rule_files(folder))
    if not rules:
        raise RuleError(f"{folder}: no rule in it; a pack is a folder of files named <rule-id>.yml")
    return Pack(folder.resolve().name, head.title, head.description, rules)


def digest(packs: Sequence[Pack]) -> str:
    """BLAKE3 (hex) of everything the packs say: another digest, another verdict."""
    return blake3.blake3(msgspec.json.encode(sorted(packs, key=lambda pack: pack.name))).hexdigest()


def stamp(folders: Sequence[Path | str]) -> tuple[tuple[str, int, int], ...]:
    """What tells that a rule file was edited since it was read: a process may outlive an edit."""
    files = [path for folder in folders for path in sorted(Path(folder).rglob("*.yml"))]
    return tuple((str(path), stat.st_mtime_ns, stat.st_size) for path in files for stat in [path.stat()])


def content(folders: Sequence[Path | str]) -> str:
    """BLAKE3 (hex) of all that the files of some packs hold, and of where they are."""
    told = blake3.blake3()
    for folder in folders:
        for path in filter(Path.is_file, sorted(Path(folder).resolve().rglob("*.yml"))):
            name, data = os.fsencode(path), path.read_bytes()
            told.update(b"%d %d " % (len(name), len(data)) + name + data)
    return str(told.hexdigest())


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a rule file."""
    return msgspec.json.schema(Rule)


def lint(pattern: str, view: str) -> str | None:
    """What is wrong with a pattern, with a remedy; None where nothing is."""
    if len(pattern.encode()) > LONGEST_PATTERN:
        return f"longer than {LONGEST_PATTERN} bytes; split it into several atoms"
    try:
        compiled = compile_pattern(pattern)
    except re2.error as error:
        return _explained(error)
    foreign = not pattern.isascii() or _FOREIGN_ESCAPE.search(pattern)
    if foreign and _ASCII_CLASSES.intersection(re.findall(r"\\.", pattern)):
        return r"\b, \d and \w know ASCII only; beside other letters use `word: true`, \pL or \p{Nd}"
    if view == "folded" and (_FOREIGN_ESCAPE.search(pattern) or _FOREIGN_CLASS.search(pattern)):
        return "a folded rule cannot hold \\x{...} or a non-ASCII class: folding changes them; list alternatives (a|b)"
    return "matches the empty text, so it matches everywhere; require something" if compiled.search(b"") else None


def compile_pattern(pattern: str) -> Any:
    """A pattern for bytes of UTF-8.  Raises `re2.error`, without RE2's own message on stderr."""
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern.encode(), options)


def _explained(error: Exception) -> str:
    """RE2's complaint, with the rewrite where the pattern was written for another engine."""
    cause = error.args[0] if error.args else b""
    message = cause.decode("utf-8", "replace") if isinstance(cause, bytes) else str(cause)
    if re.search(r"\(\?<?[=!]|\(\?<$", message):
        return (
            f"RE2 has no lookaround ({message}): for edges use a phrase with `word: true`, for what must be"
            " absent `not`, for what stands beside it `near`, or let the pattern match it too"
        )
    if re.search(r"\\[1-9]|\(\?P=", message):
        return f"RE2 has no back-references ({message}): write the alternatives out"
    return f"RE2 refuses it: {message}"


def _known(key: str, value: str, names: tuple[str, ...]) -> None:
    if value not in names:
        raise ValueError(f"unknown {key} {value!r}{strictyaml.instead(value, names)}")


def pack_folders(folder: Path, of: str) -> list[Path]:
    """The packs of one kind in a folder that is a pack or has some in it.  Raises `RuleError` where there is none."""
    if not folder.is_dir():
        raise RuleError(f"{folder}: no such folder; --rules takes a folder of rules or of packs")
    packs = (
        [folder] if any(_rule_files(folder)) else sorted(path for path in folder.iterdir() if any(_rule_files(path)))
    )
    if not packs:
        raise RuleError(f"{folder}: no rule in it; a pack is a folder of files named <rule-id>.yml")
    return [path for path in packs if kind(path) == of]


def _rule_files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.glob("*.yml")) if path.name != "pack.yml") if folder.is_dir() else iter(())


def _load_rule(path: Path) -> Rule:
    rule = strictyaml.read(path, Rule)
    if path.parent.parent != _home() and (complaint := rule.complaint()):  # those that are shipped were tested
        raise RuleError(f"{path}: {complaint}")
    if rule.id != path.stem:
        raise RuleError(f"{path}: id is {rule.id!r}: rename the file to {rule.id}.yml or the rule to {path.stem!r}")
    return rule
