"""Figures as inline SVG: numbers in, markup out, colours and fonts by class from the page's own style.

No figure contains a string from data except through `visible`, and none needs a script: each bar
carries its value as a tooltip, and the page puts a table under each figure.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from corpusscan.report.visible import visible
from corpusscan.report.words import number

WIDTH = 640
LABEL = 170  # room for the names at the left of horizontal bars
ROW = 26
HEIGHT = 150
LETTER = 9.5  # width of a character of a label, about
FEW = 9  # upright bars up to which each one is named and numbered
DOT = 5.5  # radius of a point of a map

Bars = Sequence[tuple[str, int]]
Points = Sequence[tuple[float, float, str, str]]  # x and y between 0 and 1, class name, what it is


def shares(parts: Sequence[tuple[str, int]], title: str) -> Markup:
    """One bar cut into parts (class name, count); a part that is there is never too thin to see."""
    total = sum(count for _, count in parts)
    widths = [max(4.0, WIDTH * count / total) if count else 0.0 for _, count in parts] if total else [0.0] * len(parts)
    scale = WIDTH / sum(widths) if total else 0
    body, left = [], 0.0
    for (name, count), width in zip(parts, widths, strict=True):
        if width:
            body.append(_rect(f"part {name}", left, 0, width * scale, 14, tip=f"{name}: {number(count)}"))
        left += width * scale
    return _figure(body, 14, title, stretch=True)


def bars(rows: Bars, title: str, classes: Sequence[str] = ()) -> Markup:
    """Horizontal bars, one per (label, count), lengths in proportion."""
    most = max((count for _, count in rows), default=0) or 1
    room = WIDTH - LABEL - 70
    body = []
    for place, (label, count) in enumerate(rows):
        top, length = place * ROW, max(2.0, room * count / most) if count else 0.0
        kind = classes[place] if classes else "plain"
        body += [
            _text("label end", LABEL - 10, top + 17, visible(label, 26)),
            _rect(f"bar {kind}", LABEL, top + 5, length, 16, tip=f"{visible(label, 80)}: {number(count)}"),
            _text("value", LABEL + length + 7, top + 17, number(count)),
        ]
    return _figure(body, max(1, len(rows)) * ROW, title)


def columns(rows: Bars, title: str, labels: int = 6) -> Markup:
    """Upright bars over an axis; where they are many, about `labels` of them are named."""
    most = max((count for _, count in rows), default=0) or 1
    pitch = WIDTH / max(1, len(rows))
    every, few = -(-len(rows) // labels), len(rows) <= FEW
    body = [_line(0, HEIGHT, WIDTH, HEIGHT)]
    for place, (label, count) in enumerate(rows):
        left, tall = place * pitch, max(2.0, (HEIGHT - 22) * count / most) if count else 0.0
        width = min(pitch - min(3, pitch / 4), 60)
        middle = left + pitch / 2
        tip = f"{visible(label, 80)}: {number(count)}"
        body.append(_rect("bar plain", middle - width / 2, HEIGHT - tall, width, tall, tip=tip))
        if count and few:
            body.append(_text("value middle", middle, HEIGHT - tall - 6, number(count)))
        if few:
            body.append(_text("label middle", middle, HEIGHT + 18, visible(label, 20)))
        elif place % every == 0 and left + LETTER * len(label) <= WIDTH:
            body.append(_text("label", left, HEIGHT + 18, visible(label, 20)))
    if not few:
        body.append(_text("value end", WIDTH, 11, f"tallest bar: {number(most)}"))
    return _figure(body, HEIGHT + 26, title)


def points(rows: Points, title: str) -> Markup:
    """A map: one dot per row, as high as the lowest and the highest of them need."""
    room = WIDTH - 4 * DOT
    low = min((y for _, y, _, _ in rows), default=0.0)
    tall = max((y for _, y, _, _ in rows), default=0.0) - low
    body = [_dot(kind, 2 * DOT + room * x, 2 * DOT + room * (low + tall - y), tip=tip) for x, y, kind, tip in rows]
    return _figure(body, round(4 * DOT + room * tall), title)


def _figure(body: Sequence[Markup], height: int, title: str, *, stretch: bool = False) -> Markup:
    ratio = Markup(' preserveAspectRatio="none"') if stretch else ""
    start = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}"{}>').format(WIDTH, height, title, ratio)
    return start + Markup("").join(body) + Markup("</svg>")


def _rect(kind: str, x: float, y: float, width: float, height: float, *, tip: str) -> Markup:
    shape = Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>')
    return shape.format(kind, _short(x), _short(y), _short(width), _short(height), escape(tip))


def _dot(kind: str, x: float, y: float, *, tip: str) -> Markup:
    shape = Markup('<circle class="dot {}" cx="{}" cy="{}" r="{}"><title>{}</title></circle>')
    return shape.format(kind, _short(x), _short(y), DOT, visible(tip, 80))


def _text(kind: str, x: float, y: float, text: str) -> Markup:
    return Markup('<text class="{}" x="{}" y="{}">{}</text>').format(kind, _short(x), _short(y), text)


def _line(x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup('<line class="axis" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(*map(_short, (x1, y1, x2, y2)))


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
