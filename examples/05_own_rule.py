"""A rule pack of one's own, beside those shipped: python 05_own_rule.py [OUT]"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import corpusscan

CORPUS = Path(__file__).resolve().parent / "corpus"
PACK = "title: House rules\ndescription: What only our own corpus has to fear.\n"
RULE = """\
id: velorin-claim
title: A health claim for the drops that we were warned about
severity: high
attack: misinformation
status: experimental
references: [https://www.who.int/health-topics/infodemic]
false_positives: [reports that refute the claim]
match:
  near:
    within: 120
    of:
      - {phrase: Velorin, word: true}
      - any:
          - {phrase: insulin, word: true}
          - {phrase: medicine, word: true}
          - {phrase: restore hearing}
view: folded
tests:
  match: ["Take Velorin and throw the insulin away.", "VELORIN drops restore hearing in a week."]
  no_match: ["Velorin is a name that we made up.", "Insulin was first given to a patient in 1922."]
"""


def main(out: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pack = Path(folder) / "house-rules"
        pack.mkdir()
        (pack / "pack.yml").write_text(PACK, "utf-8")
        (pack / "velorin-claim.yml").write_text(RULE, "utf-8")
        report = corpusscan.scan(CORPUS, out, rules=[str(pack)], overwrite=True)

    found = report.findings.collect().filter(rule="velorin-claim")
    print(f"velorin-claim: {len(found)} findings in {found.select('file', 'row').n_unique()} documents")
    for excerpt in found["excerpt"].unique(maintain_order=True).head(3):
        print(f"  ... {excerpt[:110]!r}")


if __name__ == "__main__":  # workers import this file anew
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "corpusscan-example"))
