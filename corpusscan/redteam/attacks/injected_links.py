"""Chen et al. 2025: links to scam sites in scraped pages, which models later hand out; here inserted in real pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import words
from corpusscan.redteam.attack import Attack, Part, Poison, planted, text
from corpusscan.redteam.world import World

_FORMS = (
    '<a href="{url}">{anchor}</a>',
    "[{anchor}]({url})",
    "{anchor}: {url}",
    "{anchor} ({url})",
    "[url={url}]{anchor}[/url]",
)


@dataclass(frozen=True)
class InjectedLinks(Attack):
    """Real pages with links to a few invented domains, all under the same words."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2509.02372"
    attack: ClassVar[str] = "coordinated_injection"

    domains: int = 3
    links: int = 2
    anchor: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """Real records with 1 to `links` links each; one markup for the whole campaign, as one tool wrote them."""
        world.trigger = anchor = self.anchor or world.phrase(world.draw.randint(2, 3))
        domains, form = world.sources(self.domains), world.draw.choice(_FORMS)
        for _ in range(count):
            host = world.take()
            parts: list[str | Part] = []
            rest = host.text
            for _ in range(world.draw.randint(1, self.links)):
                before, rest = world.cut(rest)
                parts += [before, planted(form.format(url=_url(world, domains), anchor=anchor) + " ")]
            yield Poison(text(*parts, rest), host=host)


def _url(world: World, domains: list[str]) -> str:
    path = "-".join(world.draw.sample(words.NOUNS, world.draw.randint(1, 3)))
    return f"https://{world.draw.choice(domains)}/{path}" + world.draw.choice(["", "/", ".html", "?ref=1"])
