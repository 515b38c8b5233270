"""A summary as a few lines of HTML for notebooks: no scripts, no styles that leak, below 20 KB."""

from __future__ import annotations

from markupsafe import Markup

from corpusscan.report import power, words
from corpusscan.report.summary import Summary
from corpusscan.report.visible import defang, visible

GROUPS = 8
TITLE = 80


def repr_html(summary: Summary) -> str:
    """What `Report._repr_html_` returns."""
    aside = [f"Left aside: {visible(words.aside(summary), 400)}."] if summary["limits"] else []
    told = [visible(power.line(summary), 400)] if power.line(summary) else []
    sentences = (words.extent(summary), words.reading(summary), *aside, *told)
    head = Markup("<p><strong>{}</strong><br>").format(words.headline(summary)) + Markup("<br>").join(sentences)
    if not summary["top_groups"]:
        return str(Markup("<div>") + head + Markup("</p></div>"))
    names = ("severity", "attack", "documents", "sources", "title")
    header = Markup("").join(Markup("<th>{}</th>").format(name) for name in names)
    table = Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(header, _rows(summary))
    return str(Markup("<div>") + head + Markup("</p>") + table + _more(summary) + Markup("</div>"))


def _rows(summary: Summary) -> Markup:
    row = Markup("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>")
    return Markup("").join(
        row.format(
            visible(str(group["severity"]), 20),
            visible(words.attack(str(group["attack"])), 40),
            words.number(group["documents"]),
            words.number(group["sources"] or None),
            defang(group["title"] or "–", TITLE),
        )
        for group in summary["top_groups"][:GROUPS]
    )


def _more(summary: Summary) -> Markup:
    hidden = summary["groups"] - GROUPS
    return Markup("<p>and {}</p>").format(words.plural(hidden, "more group")) if hidden > 0 else Markup("")
