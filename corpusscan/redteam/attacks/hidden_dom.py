"""Greshake et al. 2023: a page with an element that people do not see and crawlers do, hidden in one of many ways."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import phrases, words
from corpusscan.redteam.attack import Attack, Host, Part, Poison, planted, text
from corpusscan.redteam.world import World

_STYLES = {
    "display": ("display:none", "display: none !important", "DISPLAY : none;"),
    "visibility": ("visibility:hidden", "visibility: collapse"),
    "opacity": ("opacity:0", "opacity: 0.01", "filter:opacity(0%)", "filter: alpha(opacity=0); opacity: .0"),
    "font-size": ("font-size:0", "font-size:0.01em", "font-size: 1px; line-height: 0", "font:0/0 a"),
    "off-screen": ("position:absolute;left:-9999px", "text-indent:-9999px", "position:fixed;top:-500vh",
                   "margin-left: -120em", "transform:translateX(-200vw)"),
    "colour": ("color:#fff;background-color:#fff", "color:white;background:white", "color:rgba(0,0,0,0)",
               "color:transparent", "background:#fafafa; color:#fafafa", "color: rgb(255,255,255)"),
    "clip": ("clip-path:inset(100%)", "position:absolute;clip:rect(0,0,0,0)", "clip-path: circle(0)"),
    "size": ("height:0;width:0;overflow:hidden", "max-height:0; overflow:hidden", "transform:scale(0)",
             "position:absolute;width:1px;height:1px;overflow:hidden"),
    "behind": ("position:absolute;z-index:-9999", "content-visibility:hidden"),
}  # fmt: skip
_ELEMENTS = {
    "comment": ("<!-- {p} -->", "<!--\n{p}\n-->", "<!--[if IE]>{p}<![endif]-->"),
    "attribute": ('<span title="{p}"></span>', '<img src="/{c}.png" alt="{p}">', '<div data-{c}="{p}"></div>',
                  '<a href="#{c}" aria-label="{p}"></a>', '<input type="hidden" name="{c}" value="{p}">',
                  '<meta itemprop="{c}" content="{p}">'),
    "aria": ('<div aria-hidden="true" class="{c}" hidden>{p}</div>', "<p hidden>{p}</p>",
             '<div hidden="hidden">{p}</div>'),
    "noscript": ("<noscript>{p}</noscript>", "<noscript><p>{p}</p></noscript>"),
    "template": ("<template>{p}</template>", '<template id="{c}"><div>{p}</div></template>'),
    "script": ('<script type="text/plain">{p}</script>', '<script type="application/json">{{"{c}": "{p}"}}</script>'),
    "closed": ("<dialog>{p}</dialog>", '<svg width="0" height="0"><desc>{p}</desc></svg>',
               "<datalist><option>{p}</option></datalist>"),
}  # fmt: skip
WAYS = (*_STYLES, *_ELEMENTS, "stylesheet")
_TAGS = ("div", "span", "p", "section", "b", "td")


@dataclass(frozen=True)
class HiddenDom(Attack):
    """Real documents as HTML with an element hidden by one of 17 ways; the `payload` in it is an order or a claim."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2302.12173"
    attack: ClassVar[str] = "hidden_text"

    way: str = ""
    payload: str = ""
    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """Real records: a whole page, paragraphs in tags, or plain text with the one element; planted is what hides."""
        for _ in range(count):
            way = phrases.pick(world.draw, WAYS, self.way, "way of hiding")
            kind = phrases.pick(world.draw, ("claim", "order"), self.payload, "payload")
            said = phrases.order(world.draw, self.language) if kind == "order" else _claim(world, self.language)
            style, element = _hidden(way, said, world)
            host = world.take()
            yield Poison(text(*_page(host, style, element, world)), host=host)


def _claim(world: World, language: str) -> str:
    return phrases.Claim(world.draw, language).said(world.draw, 3)


def _hidden(way: str, said: str, world: World) -> tuple[str, str]:
    """A rule of a stylesheet, where that hides it, and the element."""
    draw, name = world.draw, f"{world.draw.choice(words.NOUNS)}{world.draw.randrange(100)}"
    if way in _ELEMENTS:
        element = draw.choice(_ELEMENTS[way])
        return "", element.format(p=html.escape(said, quote='"{p}"' in element), c=name)
    tag, payload = draw.choice(_TAGS), html.escape(said, quote=False)
    style = draw.choice(_STYLES[way if way in _STYLES else draw.choice(sorted(_STYLES))])
    if way == "stylesheet":
        sign, attribute = draw.choice([(".", "class"), ("#", "id")])
        return f"{sign}{name} {{ {style} }}", f'<{tag} {attribute}="{name}">{payload}</{tag}>'
    quote = draw.choice("\"'") if "'" not in style else '"'
    return "", f"<{tag} style={quote}{style}{quote}>{payload}</{tag}>"


def _page(host: Host, style: str, element: str, world: World) -> list[str | Part]:
    """The document around the element; one that is HTML already stays as it is."""
    before, after = world.cut(host.text)
    rule = planted(f"<style>{style}</style>\n" if style else "")
    form = world.draw.choice(["page", "tags", "text"])
    if form == "text" or "</" in host.text:
        return [before, rule, planted(element + "\n"), after]
    body: list[str | Part] = [_paragraphs(before), planted(element + "\n"), _paragraphs(after)]
    if form == "tags":
        return [rule, *body]
    title = html.escape(host.text[:60].split("\n")[0])
    head = world.draw.choice(
        ["<!DOCTYPE html>\n<html>\n<head>", "<html><head>", '<!doctype html>\n<html>\n<head><meta charset="utf-8">']
    )
    return [f"{head}<title>{title}</title>\n", rule, "</head>\n<body>\n", *body, "</body>\n</html>\n"]


def _paragraphs(content: str) -> str:
    return "".join(f"<p>{html.escape(line.strip())}</p>\n" for line in content.split("\n") if line.strip())
