"""`findings.sarif`: SARIF 2.1.0 for code scanning pages and editors, one result per group that has findings.

Made from the tables alone; the same tables give the same bytes.  Every string from data is spelled
by `defang` or `visible`, or percent-encoded: viewers turn messages into links and paths into files.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from blake3 import blake3

from corpusscan import schema
from corpusscan.report import references, shortlist, trigger, words
from corpusscan.report.addresses import Addresses, addresses
from corpusscan.report.summary import Summary
from corpusscan.report.visible import defang, visible

MAX_BYTES = 10_000_000  # GitHub takes as much gzipped; counted before that, as data decides how well it packs
SPARE = 200_000  # of these for notifications and properties
NOTIFICATIONS = 40
TITLE, EXCERPT, NAME = 200, 240, 120  # characters

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://github.com/corpusscan/corpusscan"
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
_SECURITY = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}  # GitHub's classes begin at 9, 7, 4
_KINDS = {
    "cluster": "Documents that say the same",
    "trigger": "A phrase after which the text changes",
    "noise": "Documents that are noise from start to end",
    "labels": "Labels that their texts contradict",
    "template": "One template with changing slots",
    "claim": "One claim that many documents make",
}
_LINK, _PLACEHOLDER = re.compile(r"\]\("), re.compile(r"\{(\d+)\}")

Object = dict[str, Any]


def build_sarif(out_tables: Path, summary: Summary) -> bytes:
    """The log of a scan as JSON: one result per group, gravest first, in at most `MAX_BYTES`."""
    groups, total = shortlist.groups(out_tables)
    rules, results = _within(MAX_BYTES - SPARE, groups, out_tables, summary)
    cut = total - len(results)
    run = {
        "tool": {
            "driver": {"name": "corpusscan", "version": summary["version"], "informationUri": _HOME, "rules": rules}
        },
        "invocations": [_invocation(summary, total, cut)],
        "results": results,
        "properties": {
            "verdict": summary["exit"]["verdict"],
            "failOn": summary["exit"]["fail_on"],
            "documents": summary["totals"]["documents"],
            "flaggedDocuments": summary["flagged_documents"],
            "groups": total,
            "resultsCut": cut,
        },
    }
    return _dump({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}) + b"\n"


def _within(
    room: int, groups: list[Object], out_tables: Path, summary: Summary
) -> tuple[list[Object], list[orjson.Fragment]]:
    """Rules and results, until `room` bytes are full; no result takes more than its share by its many locations."""
    places = shortlist.places(out_tables, groups)
    where = addresses(out_tables, summary["inputs"], {place["file"] for some in places.values() for place in some})
    share = room // max(1, len(groups))
    rules: list[Object] = []
    results: list[orjson.Fragment] = []
    numbers: dict[str, int] = {}  # rule -> its index
    for group in groups:
        rule = _rule(group)
        new = [rule] if rule["id"] not in numbers else []
        index = numbers.setdefault(rule["id"], len(rules))
        text = _dump(_result(group, rule["id"], index, places.get(group["group"], []), where, share))
        room -= len(text) + 1 + sum(len(_dump(rule)) + 1 for rule in new)
        if room < 0:
            break
        rules += new
        results.append(orjson.Fragment(text))
    return rules, results


def _dump(value: Object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _result(group: Object, rule: str, index: int, places: list[Object], where: Addresses, share: int) -> Object:
    # Code scanning shows the first location alone: let it be one with a line.
    places = sorted(places, key=lambda place: where.line(place["file"], place["row"]) is None)
    score = group["score"]
    result = {
        "ruleId": rule,
        "ruleIndex": index,
        "level": _LEVELS[_severity(group)],
        "message": {"text": _message(group, places)},
        "partialFingerprints": _fingerprints(group["group"]),
        "properties": {
            "group": visible(group["group"], NAME),
            "severity": _severity(group),
            "attack": visible(group["attack"] or "", NAME),
            "documents": group["documents"],
            "independentDocuments": group["independent_documents"],
            "sources": group["sources"],
            "findings": group["findings"],
            "acceptedFindings": group["accepted"],
        },
    }
    if score is not None and math.isfinite(score):
        result["rank"] = round(100 * min(1.0, max(0.0, score)), 1)
    if group["closed"]:
        told = "Accepted by a reviewer: the reason stands in the baseline that the scan was given."
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": told}]
    result["locations"] = _locations(places, where, share - len(_dump(result)))
    return result


def _message(group: Object, places: list[Object]) -> str:
    extent = words.plural(group["documents"] or 0, "document")
    if group["sources"]:
        extent += f" from {words.plural(group['sources'], 'source')}"
    title = group["title"] or "Finding"
    excerpt = (places[0]["excerpt"] if places else None) or ""
    new = excerpt and not excerpt.startswith(title[:60])  # a cluster is called what it says
    shown = f" One of them: {_said(excerpt, EXCERPT)}" if new else ""
    return f"{_said(title, TITLE)}{_followed(group)}. {extent}.{shown}"


def _followed(group: Object) -> str:
    """Behind the title of a trigger: what follows it."""
    told = trigger.evidence(group["evidence"]) if group["kind"] == "trigger" else None
    if told is None:
        return ""
    some = words.plural(told.documents_that_change, "document")
    return f", a trigger followed by {_said(told.followed_by, NAME)} in {some}"


def _said(text: str, limit: int) -> str:
    """Text for a message, where `[text](target)` is a link and `{0}` an argument unless escaped."""
    return _PLACEHOLDER.sub(r"{{\1}}", _LINK.sub(r"\](", defang(text, limit)))


def _fingerprints(group: str) -> dict[str, str]:
    """The same for a group in every scan that finds it.

    A group is named by its detector and rule, or by its detector and a hash of what its documents
    say; no file, row, order or run key is in it.  GitHub reads the second name alone, which would
    otherwise be made from the line of the first location, and that moves when files are reordered.
    """
    name = blake3(f"corpusscan group {group}".encode("utf-8", "surrogatepass")).hexdigest(16)
    return {"corpusscanGroup/v1": name, "primaryLocationLineHash": f"{name}:1"}


def _locations(places: list[Object], where: Addresses, room: int) -> list[Object]:
    """At least one, as code scanning refuses a log with a result that has none; then as many as `room` bytes hold."""
    located: list[Object] = []
    for place in places:
        one = _location(place, where)
        room -= len(_dump(one)) + 1
        if located and room < 0:
            break
        located.append(one)
    return located or [{"physicalLocation": {"artifactLocation": {"uri": "."}}}]


def _location(place: Object, where: Addresses) -> Object:
    file, row, field = place["file"], place["row"], place["field"]
    physical: Object = {"artifactLocation": {"uri": where.uri(file)}}
    line = where.line(file, row)
    if line is not None:
        physical["region"] = {"startLine": line}
    record = f"{visible(file, TITLE)}#{row}"
    name = visible(field, NAME) if field else None
    logical = {"fullyQualifiedName": f"{record}/{name}" if name else record, "kind": "property" if name else "object"}
    return {"physicalLocation": physical, "logicalLocations": [logical | ({"name": name} if name else {})]}


def _severity(group: Object) -> str:
    return schema.SEVERITIES[group["rank"]] if group["rank"] >= 0 else "info"


def _rule_id(group: Object) -> str:
    detector = visible(group["detector"] or "unknown", NAME)
    if group["kind"] == "rule":  # the group is `rules:chatml-turn`
        return f"{detector}/{visible(group['group'].partition(':')[2] or group['group'], NAME)}"
    return f"{detector}/{visible(group['attack'] or 'group', NAME)}"


def _rule(group: Object) -> Object:
    name, attack = _rule_id(group), group["attack"] or ""
    detector, single = visible(group["detector"] or "unknown", NAME), group["kind"] == "rule"
    title = _said(group["title"] or name, TITLE) if single else _KINDS.get(group["kind"], f"Finding of {detector}")
    atlas, owasp = references.atlas(attack), references.owasp(attack)
    told = (
        f"{title}. Found by the detector {detector} of corpusscan; the attack is {visible(words.attack(attack), NAME)}."
    )
    elsewhere = [f"MITRE ATLAS {', '.join(atlas)}"] * bool(atlas) + [f"OWASP {', '.join(owasp)}"] * bool(owasp)
    properties: Object = {"tags": ["security", visible(attack, NAME), *atlas, *owasp] if attack else ["security"]}
    rule: Object = {
        "id": name,
        "name": name.rpartition("/")[2],
        "shortDescription": {"text": title},
        "fullDescription": {"text": told},
        "help": {"text": " ".join([told, f"See {'; '.join(elsewhere)}." if elsewhere else ""]).strip()},
        "properties": properties,
    }
    # A rule has one severity.  Clusters have one each, so there the level of the result speaks.
    if single and group["severity"] in _SECURITY:
        properties["security-severity"] = _SECURITY[group["severity"]]
        rule["defaultConfiguration"] = {"level": _LEVELS[group["severity"]]}
    return rule


def _invocation(summary: Summary, total: int, cut: int) -> Object:
    ended = summary["exit"]
    told = [{"level": level, "message": {"text": text}} for level, text in _notes(summary, total, cut)]
    return {
        "executionSuccessful": not ended["incomplete"] and ended["code"] in (0, 1),
        "exitCode": ended["code"],
        "exitCodeDescription": words.EXIT_CODES.get(ended["code"], "see the documentation"),
        "toolExecutionNotifications": told[:NOTIFICATIONS],
    }


def _notes(summary: Summary, total: int, cut: int) -> Iterator[tuple[str, str]]:
    """(level, sentence): what this log does not speak of."""
    if cut:
        left = f"{words.plural(cut, 'group')} of {words.number(total)} left out, the least grave"
        yield "warning", f"{left}; all stand in groups.parquet."
    level = "error" if summary["exit"]["incomplete"] else "warning"
    counts = summary["coverage"]
    if summary["exit"]["incomplete"] or counts["skipped"] or counts["errored"] or counts["files_incomplete"]:
        yield level, words.reading(summary)
    if summary["limits"]:
        yield "warning", f"Left aside: {_said(words.aside(summary), EXCERPT)}."
    for row in summary["detectors_not_run"]:
        yield level, f"The detector {visible(row['name'], NAME)} did not run: {_said(row['reason'], TITLE)}"
    for fate in ("errored", "skipped"):
        for reason, count in counts["reasons"][fate].items():
            yield level, f"{fate}, {_said(reason, NAME)}: {words.number(count)}"
