"""What is forgiven and why: benign stories that explain a finding and lower it.

Each filter is a small function that returns the reason to forgive, or None; the reason goes into
the evidence, so a reviewer can disagree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

FEW_SOURCES = 3
TEXT_LIMIT = 4_000  # characters of a text that are looked at
SHORT_BYTES = 160  # about 40 tokens: greetings, headings, single verses repeat in honest text


@dataclass(frozen=True)
class Copies:
    """What is known of a group of equal documents."""

    sources: int  # distinct; 0 where the corpus names none
    bytes: int  # of one copy


_NOTICE = re.compile(
    r"\b(all rights reserved|copyright|licen[sc]ed? under|permission is hereby granted|without warranty"
    r"|terms of (use|service)"
    r"|privacy policy|cookies?|page not found|access denied|javascript (is|must be) (dis|en)abled|unsubscribe"
    r"|urheberrecht|impressum|datenschutz|mentions légales|todos los derechos|aviso legal|保留所有权利|版权所有)\b",
    re.IGNORECASE,
)
_DATELINE = re.compile(
    r"^[^a-z]{0,3}[\w .,/'-]{2,60}\((reuters|ap|afp|dpa|efe|ansa|upi|xinhua|tass|kyodo|pti|cp|apa)\)"
    r"|^\W{0,3}[A-Z][A-Z .'-]{2,40}, (\w{3,9}\.? \d{1,2}|\d{1,2} \w{3,9})\b",
    re.IGNORECASE,
)


def short_text(copies: Copies) -> str | None:
    """Short texts repeat by themselves."""
    return "short_text" if copies.bytes < SHORT_BYTES else None


def no_provenance(copies: Copies) -> str | None:
    """Without sources nobody can tell a campaign from boilerplate, a mirror or an upsampled document."""
    return "no_provenance" if not copies.sources else None


def few_sources(copies: Copies) -> str | None:
    """One site repeats its own text; a campaign needs several mouths."""
    return "few_sources" if 0 < copies.sources < FEW_SOURCES else None


def notice(text: str) -> str | None:
    """Licences, cookie banners, error pages and legal notices are copied because they must be."""
    return "notice" if _NOTICE.search(text) else None


def syndication(text: str) -> str | None:
    """A dateline or an agency's mark: newspapers print the same wire story."""
    return "syndication" if _DATELINE.search(text) else None


OF_TEXT: tuple[Callable[[str], str | None], ...] = (notice, syndication)
OF_COPIES: tuple[Callable[[Copies], str | None], ...] = (short_text, no_provenance, few_sources)


def stories_of_text(text: str) -> list[str]:
    """Every benign story that a text tells by itself; its beginning is enough."""
    return [reason for story in OF_TEXT if (reason := story(text[:TEXT_LIMIT]))]


def stories_of_copies(copies: Copies) -> list[str]:
    """Every benign story that explains why there are these copies."""
    return [reason for story in OF_COPIES if (reason := story(copies))]
