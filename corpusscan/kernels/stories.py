"""The benign stories that a text tells of itself: which of them, and over how much of it.

Whoever plants a text may write the same words.  So a story has to be told over most of the text: a notice beside
something else, a placeholder's first line or the name of the host excuse nothing that does not speak of the site.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from corpusscan.kernels import claims, sites

SITE = 0.27  # mean weight of words of a text that speaks of the site it stands on; of ordinary texts few reach it
ALSO = 0.2  # the same, where a phrase says it too
SOME = 0.15  # the same, of a notice
REACH = 100  # characters round words of a notice that they speak for
COVERED = 0.6  # of a text, that they speak for where it is a notice
DENSE = 0.25  # of a text, that the words themselves are where there is little else
STATUTE_EVERY = 150  # characters: how often a law cites laws
PLACEHOLDER = 1_500  # characters: a page in the place of another is short
DATELINE_WITHIN = 1_000  # characters from the beginning: papers put their own head before it
TEXT_LIMIT, PIECES = 4_000, 4  # characters of a longer text that are looked at, in so many pieces
LONGEST = 4 * TEXT_LIMIT  # characters of a text about its site, all of which are looked at
NAME = 4  # characters: shorter names of hosts stand in many words


def speaks_of_site(text: str, least: float = SITE) -> bool:
    """Whether a text is, in all its parts, what software and notices say of a site."""
    return len(text) <= LONGEST and sites.speaks_of_site(text, least) >= least


def site_talk(text: str) -> str | None:
    """Default pages, first posts, banners and notices speak of page, server, cookies and account, whoever has them."""
    return "site_talk" if speaks_of_site(text) else None


def notice(text: str) -> str | None:
    """Licences, banners and legal notices are copied because they must be; a notice beside something else is none."""
    return "notice" if _mostly(claims.NOTICE, looked_at(text), REACH, SOME) else None


def _mostly(claim: claims.Claim, text: str, reach: int, least: float) -> bool:
    """Whether a text makes a claim and little else, or again and again while it speaks of a site."""
    own = claim.covered(text, 0)
    if own >= DENSE or not own:
        return own > 0
    return claim.covered(text, reach) >= COVERED and sites.speaks_of_site(text, least) >= least


def statute(text: str) -> str | None:
    """Laws cite and repeat one another, word for word but for numbers and names."""
    shown = looked_at(text)
    return "statute" if STATUTE_EVERY * claims.STATUTE.count(shown) >= len(shown) else None


def placeholder(text: str) -> str | None:
    """Pages that stand on a host until there is something: defaults of servers and programs, parked domains."""
    short = len(text) <= PLACEHOLDER and _mostly(claims.PLACEHOLDER, text, 2 * REACH, ALSO)
    return "placeholder" if short else None


def syndication(text: str) -> str | None:
    """A dateline or an agency's mark near the beginning: newspapers print the same wire story."""
    return "syndication" if claims.DATELINE.search(text, 0, DATELINE_WITHIN) else None


def mail(text: str) -> str | None:
    """Answers quote what they answer, and lists put their address below every letter."""
    return "mail" if claims.MAIL.occurs(text[:TEXT_LIMIT]) else None


def list_footer(text: str) -> str | None:
    """What a mailing list puts below every letter, and nothing else."""
    shown = looked_at(text)
    return "list_footer" if claims.LIST.covered(shown, REACH) >= COVERED else None


OF_TEXT: tuple[Callable[[str], str | None], ...] = (
    site_talk, notice, statute, placeholder, syndication, mail, list_footer,
)  # fmt: skip


def names_itself(text: str, source: str | None) -> str | None:
    """Imprints, privacy notices, default pages and parked domains name the site they stand on, each its own.

    `names_host` where the rest does not speak of a site: a portal's "read more", or a campaign that took care.
    """
    name = (source or "").casefold().removeprefix("www.")
    if len(name) <= NAME or len(text) > PLACEHOLDER or name not in text.casefold():
        return None
    return "names_itself" if speaks_of_site(text, ALSO) else "names_host"


def stories_of_text(text: str, source: str | None = None) -> list[str]:
    """Every benign story that a text tells by itself, on the site it stands on."""
    return [reason for reason in (*_told(text), names_itself(text, source)) if reason]


@lru_cache(maxsize=4)  # the same text comes again and again where copies are many
def _told(text: str) -> tuple[str | None, ...]:
    return tuple(story(text) for story in OF_TEXT)


def looked_at(text: str) -> str:
    """A text of at most `TEXT_LIMIT` characters, or as many of a longer one in pieces from its beginning to its end."""
    if len(text) <= TEXT_LIMIT:
        return text
    size, step = TEXT_LIMIT // PIECES, (len(text) - TEXT_LIMIT // PIECES) // (PIECES - 1)
    return "\n".join(text[begin : begin + size] for begin in range(0, step * PIECES, step))
