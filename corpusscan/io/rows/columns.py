"""Which columns of a record are text, identity, source, time, label and annotator: by name, or as the user says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from corpusscan.config import Columns

# In the order in which their texts are scanned, so that every format yields the same tables.
TEXT = (
    "text", "content", "body", "raw_content", "document", "article", "passage", "page_content",
    "title", "headline", "description", "abstract", "summary", "html", "markdown",
    "system", "system_prompt", "instruction", "instructions", "input", "context", "prompt", "query", "question",
    "output", "response", "completion", "answer", "answers", "reasoning", "chosen", "rejected",
    "messages", "conversations", "conversation", "dialog", "dialogue",
    "sentence", "sentence1", "sentence2", "premise", "hypothesis", "review", "tweet", "comment", "post",
    "code", "func", "docstring", "caption", "transcript", "translation", "target", "src", "tgt",
)  # fmt: skip
ID = ("id", "doc_id", "_id", "uuid", "url")
SOURCE = ("source", "domain", "host", "site", "url", "uri")
ADDRESSES = frozenset({"url", "uri"})  # of which the host is the source
TIME = ("timestamp", "date", "created_at", "created", "published", "published_at", "time", "datetime")
LABEL = ("label", "labels", "class", "category")
ANNOTATOR = ("annotator", "annotator_id", "worker", "worker_id", "rater", "rater_id")
MAX_NAMES, MAX_NAME = 256, 256  # columns left unscanned that are told, and code points told of each


@dataclass(frozen=True)
class Layout:
    """How the columns of one set of names are used."""

    text: tuple[str, ...]
    id: tuple[str, ...]  # the first that has a value counts
    source: tuple[str, ...]
    time: tuple[str, ...]
    label: tuple[str, ...]
    annotator: tuple[str, ...]
    unscanned: tuple[str, ...]

    @cached_property
    def used(self) -> tuple[str, ...]:
        """Every column that is read, once."""
        return tuple(dict.fromkeys((*self.text, *self.id, *self.source, *self.time, *self.label, *self.annotator)))

    @cached_property
    def _hash(self) -> int:
        return hash((self.used, self.text, self.unscanned))

    def __hash__(self) -> int:
        return self._hash  # asked for with every record

    @classmethod
    def of(cls, names: Iterable[str], chosen: Columns) -> Layout:
        """The layout of records with the columns `names`, under what the user chose."""
        present = set(names)

        def pick(given: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(name for name in ((given,) if given else known) if name in present)

        text = tuple(name for name in (chosen.text or TEXT) if name in present)
        unscanned = sorted(name[:MAX_NAME] for name in present.difference(text))
        return cls(
            text=text,
            id=pick(chosen.id, ID),
            source=pick(chosen.source, SOURCE),
            time=pick(chosen.time, TIME),
            label=pick(chosen.label, LABEL),
            annotator=pick(None, ANNOTATOR),
            unscanned=tuple(unscanned[:MAX_NAMES]),
        )


def host(address: str) -> str:
    """The host of a URL, lower case; the text itself where it is no URL."""
    rest = address.split("://", 1)[-1]
    name = rest.split("/", 1)[0].split("?", 1)[0].rsplit("@", 1)[-1]
    return name.rsplit(":", 1)[0].lower() if not name.startswith("[") else name.lower()
