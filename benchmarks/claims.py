"""Claim packs on texts whose truth others judged, and on clean texts.

python benchmarks/claims.py judged FILE ...    FILE: JSON lines (.zst) with `text` and `label`: fake or real
python benchmarks/claims.py clean FILE ... [--most N]    FILE: JSON lines (.zst) or Parquet with `text`, nothing false

`judged` prints for each file how many of the false texts are found to assert a claim and how many of the others are;
precision, recall and F1 over the texts that name all that some claim names, whatever they say of it (`named`), and
over those that are found to assert or to deny one (`judged`).  `clean` prints assertions
per million documents, by severity of a lone document, with exact intervals, and the claims that were found.
"""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import orjson
import polars as pl
import pyarrow as pa
import zstandard

from corpusscan import schema
from corpusscan.kernels.intervals import interval
from corpusscan.meaning import claims
from corpusscan.meaning.asserting import Engine
from corpusscan.meaning.concentration import alone

FALSE = ("fake", "F", "REFUTES", "Refutes", "false")
TRUE = ("real", "T", "SUPPORTS", "Supports", "true")
AT_ONCE = 2_000


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The records of a file."""
    if path.suffix == ".parquet":
        yield from pl.read_parquet(path, columns=["text"]).iter_rows(named=True)
        return
    raw = zstandard.open(path, "rb") if path.suffix == ".zst" else path.open("rb")
    with io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as lines:
        for line in lines:
            yield orjson.loads(line)


def judged(engine: Engine, path: Path) -> None:
    some = [row for row in rows(path) if row.get("label") in (*FALSE, *TRUE) and "/ev/" not in row["id"]]
    texts = pa.array([row["text"] for row in some], pa.large_string())
    told = {place: {one.stance for one in found} for place, found, _ in engine.judged(texts)}
    named = engine.covered(texts)
    for what, covered in (
        ("named", named),
        ("judged", {p for p, found in told.items() if found & {"asserts", "debunks"}}),
    ):
        counts: Counter[tuple[bool, bool]] = Counter()
        for place in covered:
            counts[some[place]["label"] in FALSE, "asserts" in told.get(place, ())] += 1
        found, missed, wrong = counts[True, True], counts[True, False], counts[False, True]
        precision, recall = found / max(found + wrong, 1), found / max(found + missed, 1)
        print(
            f"{path.name.split('.')[0]:18} {len(some):6} texts; {what} {len(covered):4}, {found + missed:3} false:"
            f" found {found}, true ones {wrong}; precision {precision:.2f} recall {recall:.2f}"
            f" F1 {2 * precision * recall / max(precision + recall, 1e-9):.2f}"
        )


def clean(engine: Engine, path: Path, most: int) -> None:
    severities: Counter[str] = Counter()
    by_claim: Counter[str] = Counter()
    count, every = 0, islice(rows(path), most)
    while part := [row["text"] or "" for row in islice(every, AT_ONCE)]:
        count += len(part)
        for _, found, _ in engine.judged(pa.array(part, pa.large_string())):
            said = [engine.claims[one.claim].claim for one in found if one.stance == "asserts"]
            if said:
                severities[max((alone(one) for one in said), key=schema.SEVERITIES.index)] += 1
                by_claim.update({one.id for one in said})
    flagged = sum(severities[one] for one in schema.FLAGGED)
    low, high = interval(flagged, count, 0.025)
    print(
        f"{path.name}: {count:,} documents; asserting {dict(severities)}; flagged"
        f" {flagged / count * 1e6:.0f} per million ({low * 1e6:.0f} to {high * 1e6:.0f}); {by_claim.most_common(12)}"
    )


def main(kind: str, *names: str) -> None:
    engine, most = Engine(claims.load(claims.shipped())), 1 << 40
    if "--most" in names:
        most, names = int(names[names.index("--most") + 1]), names[: names.index("--most")]
    for name in names:
        judged(engine, Path(name)) if kind == "judged" else clean(engine, Path(name), most)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("judged", "clean"):
        sys.exit(__doc__)
    main(*sys.argv[1:])
