"""Known triples: hidden true pairs against wrong pairs in sentences, and false alarms on true text.

python benchmarks/knowledge.py TRIPLES [CLEAN ...]     TRIPLES: JSON lines (.zst) of drug_indications

Half of the true pairs are known, drawn with a seed; the other half is hidden.  Wrong pairs join a known drug with a
known disease that is not listed for it.  Each is said in a sentence of one of six wordings.  A pair that is known
must be left alone; hidden and wrong ones are unknown alike, for a text does not tell which of two is true.  Pairs that
are marked as no indication are excluded.  CLEAN: texts in which nothing is false.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

import pyarrow as pa
from claims import AT_ONCE, rows

from corpusscan.kernels.intervals import interval
from corpusscan.meaning import claims
from corpusscan.meaning.knowledge import Knowledge
from corpusscan.meaning.triples import Triples

WORDINGS = (
    "{drug} treats {disease}.",
    "{drug} is indicated for {disease}.",
    "Doctors prescribe it because {drug} is effective against {disease}.",
    "For years {disease} has been treated with {drug}.",
    "The best treatment for {disease} is {drug}.",
    "{drug} cures {disease} within weeks.",
)


def main(path: Path, *clean: str) -> None:
    records = [row["meta"] | {"label": row["label"]} for row in rows(path)]
    true = sorted({(r["drug"], r["disease"]) for r in records if r["label"] != "NOT"})
    excluded = sorted({(r["drug"], r["disease"]) for r in records if r["label"] == "NOT"} - set(true))
    draw = random.Random(7)
    draw.shuffle(true)
    known, rest = true[: len(true) // 2], true[len(true) // 2 :]
    drugs, diseases = {drug for drug, _ in known}, {disease for _, disease in known}
    hidden = [pair for pair in rest if pair[0] in drugs and pair[1] in diseases]
    listed = {*true, *excluded}
    wrong = [(a, b) for a in sorted(drugs) for b in sorted(diseases) if (a, b) not in listed]
    wrong = draw.sample(wrong, len(known))

    def triple(pair: tuple[str, str]) -> tuple[str, str, str]:
        return pair[0].casefold(), "treats", pair[1].casefold()

    names = {name.casefold(): name for pair in listed for name in pair}
    knowledge = Knowledge(frozenset(map(triple, known)), frozenset(map(triple, excluded)), names)
    engine = Triples(knowledge, claims.load(claims.shipped())[0])
    for what, pairs in (("known", known), ("hidden", hidden), ("wrong", wrong), ("excluded", excluded)):
        texts = [WORDINGS[n % 6].format(drug=drug, disease=disease) for n, (drug, disease) in enumerate(pairs)]
        found = sum(1 for _ in engine.unknown(pa.array(texts, pa.large_string())))
        low, high = interval(found, len(pairs), 0.025)
        print(f"{what:9} {found} of {len(pairs)} found, {found / len(pairs):.1%} ({low:.1%} to {high:.1%})")
    for name in clean:
        count, found, pairs, every = 0, 0, Counter[tuple[str, str, str]](), rows(Path(name))
        while part := [row["text"] or "" for row in islice(every, AT_ONCE)]:
            count += len(part)
            for _, told, _ in engine.unknown(pa.array(part, pa.large_string())):
                found += 1
                pairs.update({one.triple for one in told})
        often = sum(times >= 5 for times in pairs.values())
        print(f"{name.rsplit('/', 1)[-1]}: {found} of {count:,} documents, {len(pairs)} pairs, {often} of five or more")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), *sys.argv[2:])
