"""Rules in MB/s per core: the detector, its filter, with hidden_text, `re2.Set` and Python's `re` on the same atoms.

python benchmarks/rules.py FILE [COUNT]      FILE: JSON lines with `text`, plain or .zst; COUNT: documents (4000)

One process, one thread.  `re2.Set` and `re` only say which atoms occur in which text (no spans, no `not`,
no `near`), on the same views; folding is given to them for free.  Phrases whose words have edges are
searched as plain phrases.  `re` gets a sample of the texts, because it is slow.
"""

from __future__ import annotations

import io
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import re2
import zstandard

from corpusscan import schema
from corpusscan.detector import Batch
from corpusscan.detectors.hidden_text import HiddenText
from corpusscan.detectors.rules import Rules
from corpusscan.kernels.folding import fold
from corpusscan.kernels.occurrences import Phrase
from corpusscan.sought import Engine

REPEATS = 5
SLOW_SAMPLE = 100  # documents for `re`


def read(path: Path, count: int) -> list[str]:
    """The first texts of a file."""
    raw = zstandard.open(path, "rb") if path.suffix == ".zst" else path.open("rb")
    with io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as lines:
        return [text for _, line in zip(range(count), lines, strict=False) if (text := orjson.loads(line).get("text"))]


def batch_of(texts: list[str]) -> Batch:
    """One batch with one text a document."""
    rows = np.arange(len(texts), dtype=np.uint64)
    nothing = pa.nulls(len(texts), pa.large_string())
    field, text = pa.array(["text"] * len(texts), pa.large_string()), pa.array(texts, pa.large_string())
    table = pa.table([rows, field, nothing, np.zeros(len(texts), np.int64), text], schema=schema.TEXTS)
    return Batch(schema.DOCUMENTS.empty_table(), table, schema.ANOMALIES.empty_table(), b"\0" * 32)


def best(work: Callable[[], Any], repeats: int = REPEATS) -> float:
    """CPU seconds of the fastest of some runs, after one to warm up: others may use the machine too."""
    work()
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def sets(detector: Rules) -> dict[bool, tuple[Any, list[Any]]]:
    """By view: all atoms as one `re2.Set`, and those that `re` understands as patterns of `re`."""
    made = {}
    options = re2.Options()
    options.max_mem = 2 << 30  # the default of 8 MiB does not hold them
    options.log_errors = False
    for folded in (False, True):
        atoms = [
            re.escape(atom.seeker.data.decode()) if isinstance(atom.seeker, Phrase) else atom.seeker.source
            for one in detector._engine.rules if (one.rule.view == "folded") == folded
            for atoms in (*one.clauses, one.absent) for atom in atoms
        ]  # fmt: skip
        together, alone = re2.Set.SearchSet(options), []
        for source in atoms:
            together.Add(source)
            with suppress(re.error):
                alone.append(re.compile(source))
        together.Compile()
        made[folded] = together, alone
    return made


def tried(engine: Engine, texts: pa.LargeStringArray, size: float) -> list[str]:
    """Rules that RE2 is asked about most: pieces a MB and their share of the bytes.  Their words are too common."""
    pieces = engine.filter.candidates(texts)
    rule_of = {atom.number: one.rule.id for one in engine.rules for clause in one.clauses for atom in clause}
    asked: Counter[str] = Counter()
    read: Counter[str] = Counter()
    for atom, length in zip(pieces.atom.tolist(), (pieces.end - pieces.begin).tolist(), strict=True):
        asked[rule_of[atom]] += 1
        read[rule_of[atom]] += length
    return [f"{rule} {count / size:.0f} ({read[rule] / size / 1e6:.1%})" for rule, count in asked.most_common(5)]


def main(path: Path, count: int) -> None:
    texts = read(path, count)
    size = sum(len(text.encode()) for text in texts) / 1e6
    detector, batch = Rules(), batch_of(texts)
    start = time.process_time()
    engine = detector._engine
    built = time.process_time() - start
    views = {False: texts, True: [fold(text) for text in texts]}
    made = sets(detector)
    hits = detector.flag(batch)
    atoms = sum(len(clause) for one in engine.rules for clause in (*one.clauses, one.absent))
    print(f"{path.name}: {len(texts)} documents, {size:.1f} MB, {sum(not t.isascii() for t in texts)} not ASCII")
    print(f"{len(engine.rules)} rules, {atoms} atoms, {len(engine.filter.always)} unguarded; {len(hits)} hits")
    print(f"read and built in {built:.2f} s")
    seconds = {
        "detector, all rules": best(lambda: detector.flag(batch)),
        "  of it the filter": best(lambda: engine.filter.candidates(batch.texts["text"].chunk(0))),
        "with hidden_text": best(lambda: (detector.flag(batch), HiddenText().flag(batch))),
        "re2.Set alone": best(lambda: [made[f][0].Match(t) for f in views for t in views[f]], 1),
    }
    sample = {folded: own[:SLOW_SAMPLE] for folded, own in views.items()}
    share = sum(len(t.encode()) for t in sample[False]) / 1e6 / size
    seconds["Python re"] = best(lambda: [p.search(t) for f in sample for t in sample[f] for p in made[f][1]], 1) / share
    often = ", ".join(tried(engine, batch.texts["text"].chunk(0), size))
    print(f"tried most often, in pieces a MB and share of bytes: {often}")
    for name, taken in seconds.items():
        print(
            f"{name:22} {size / taken:9.1f} MB/s   {taken / seconds['detector, all rules']:9.2f} x the detector's time"
        )


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 4000)
