"""Text of the corpus as markup: what a screen would obey is spelled out, links are dead, spans are marked."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from corpusscan.report.visible import spell

Span = tuple[int, int]


def mark_up(text: str, spans: Iterable[Span], *, breaks: bool = False) -> Markup:
    """`text` with its `spans` (code points, ascending, apart) marked, and escapes set apart from text.

    With `breaks` a line of the text ends a line of the page too, however many of them follow one another.
    """
    shown = spell(text, harmless_links=True)
    out, done = Markup(), 0
    for start, end in spans:
        said = Markup("<mark>{}</mark>").format(_runs(text[start:end], shown[start:end], breaks=breaks))
        out, done = out + _runs(text[done:start], shown[done:start], breaks=breaks) + said, end
    return out + _runs(text[done:], shown[done:], breaks=breaks)


def _runs(text: str, shown: list[str], *, breaks: bool) -> Markup:
    """Spelled code points as markup: runs of escapes in a span, so that a written backslash is told from a real one."""
    parts, escapes = [], ""

    def escaped() -> Markup:
        line_ends = "\n" if breaks and "\\n" in escapes else ""
        return Markup('<span class="esc">{}</span>').format(escapes) + line_ends if escapes else Markup()

    for char, spelled in zip(text, shown, strict=True):
        if spelled[0] == "\\" and char != "\\":
            escapes += spelled
            continue
        parts += [escaped(), Markup.escape(spelled)]
        escapes = ""
    return Markup().join([*parts, escaped()])
