"""Figures are well-formed, to scale, readable without eyes, and inert."""

from xml.etree import ElementTree

import pytest

from corpusscan.report import charts

DRAW = {"bars": charts.bars, "columns": charts.columns, "shares": charts.shares}


def rectangles(svg):
    """(width, height) of every rectangle; parses strictly."""
    return [(float(r.get("width")), float(r.get("height"))) for r in ElementTree.fromstring(svg).iter("rect")]


@pytest.mark.parametrize("name", DRAW)
@pytest.mark.parametrize(
    "rows", [[], [("a", 0)], [("a", 1)], [(f"{n}", n) for n in range(48)], [("big", 10**18), ("one", 1)]]
)
def test_any_counts_give_a_figure(name, rows) -> None:
    """Empty, zero and enormous counts give well-formed markup inside its box, with a title for who cannot see it."""
    svg = DRAW[name](rows, "What it shows")
    root = ElementTree.fromstring(svg)
    assert root.get("aria-label") == "What it shows"
    assert all(0 <= width <= charts.WIDTH + 0.1 and height >= 0 for width, height in rectangles(svg))


@pytest.mark.parametrize("name", DRAW)
def test_labels_are_text(name, hostile) -> None:
    """A label cannot add an element."""
    rows = [(text, n + 1) for n, text in enumerate(hostile("http://c.example")[:9])]
    tags = {element.tag for element in ElementTree.fromstring(DRAW[name](rows, "<script>")).iter()}
    assert tags <= {"svg", "rect", "text", "line", "title"}


def test_bars_are_to_scale() -> None:
    """Twice the count is twice the length."""
    (wide, _), (narrow, _) = rectangles(charts.bars([("a", 100), ("b", 50)], "t"))
    assert wide == pytest.approx(2 * narrow, abs=0.2)


def test_a_small_loss_is_seen() -> None:
    """One lost record among a billion still shows in the coverage bar, and the bar stays full."""
    widths = [
        width for width, _ in rectangles(charts.shares([("scanned", 10**9), ("skipped", 0), ("errored", 1)], "t"))
    ]
    assert len(widths) == 2
    assert widths[1] >= 3
    assert sum(widths) == pytest.approx(charts.WIDTH, abs=0.2)


def test_a_map_is_in_proportion_and_inside_its_box() -> None:
    """Points keep their distances, up is up, and the box is as high as they need; what they are is text."""
    svg = charts.points([(0, 0.5, "member", "</title><script>"), (1, 0.5, "near", "b"), (0.5, 0.75, "near", "c")], "t")
    root = ElementTree.fromstring(svg)
    _, _, width, height = map(float, root.get("viewBox").split())
    first, second, third = ((float(dot.get("cx")), float(dot.get("cy"))) for dot in root.iter("circle"))
    assert all(0 < x < width and 0 < y < height for x, y in (first, second, third))
    assert first[1] == second[1]
    assert first[1] - third[1] == pytest.approx((second[0] - first[0]) / 4, abs=0.2)
    assert height < width / 2
    assert {element.tag for element in root.iter()} == {"svg", "circle", "title"}
    assert ElementTree.fromstring(charts.points([], "t")).get("aria-label") == "t"
