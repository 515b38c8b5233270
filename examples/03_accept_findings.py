"""Review once, accept, and fail only on what is new: python 03_accept_findings.py [OUT]

A gate in continuous integration does the same with `--write-baseline` once and `--baseline` from then on.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import corpusscan

CORPUS = Path(__file__).resolve().parent / "corpus"


def main(out: Path) -> None:
    baseline = out.parent / f"{out.name}.baseline.jsonl"

    first = corpusscan.scan(CORPUS, out, write_baseline=str(baseline), overwrite=True)
    entries = [json.loads(line) for line in baseline.read_text("utf-8").splitlines()]
    print(f"first scan: exit code {first.exit_code}, {len(entries)} findings written to {baseline.name}")

    second = corpusscan.scan(CORPUS, out, baseline=str(baseline), overwrite=True)
    print(f"all accepted: exit code {second.exit_code}, {second.summary['accepted_findings']} findings accepted")

    # One finding is no longer accepted: its line leaves the file, as a reviewer would delete it.
    gravest = first.summary["top_groups"][0]["group"]
    kept = second.findings.collect().filter(group=gravest)["finding_id"][0]
    lines = [json.dumps(entry) for entry in entries if entry.get("finding_id") != kept]
    baseline.write_text("".join(line + "\n" for line in lines), "utf-8")

    third = corpusscan.scan(CORPUS, out, baseline=str(baseline), overwrite=True)
    print(f"one is open again: exit code {third.exit_code}, {third.summary['flagged_documents']} document flagged")


if __name__ == "__main__":  # workers import this file anew
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "corpusscan-example"))
