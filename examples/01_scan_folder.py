"""Scan a folder of mixed files and read the verdict: python 01_scan_folder.py [OUT]"""

from __future__ import annotations

import sys
from pathlib import Path

import corpusscan

CORPUS = Path(__file__).resolve().parent / "corpus"


def main(out: Path) -> None:
    report = corpusscan.scan(CORPUS, out, overwrite=True)

    summary = report.summary
    print(f"Verdict: {summary['exit']['verdict']} (exit code {report.exit_code})")
    print(f"{summary['flagged_documents']} of {summary['totals']['documents']} documents look planted,")
    print(f"{summary['flagged_tokens']} tokens or {summary['flagged_token_rate']:.2%} of all.")

    fates = ", ".join(f"{summary['coverage'][fate]} {fate}" for fate in ("scanned", "skipped", "errored"))
    print(f"{summary['coverage']['rows']} records: {fates}.")

    print("\nGravest groups (severity, documents, sources, attack, title):")
    for group in summary["top_groups"][:10]:
        counts = f"{group['documents']:4} {group['sources']:4}"
        print(f"  {group['severity']:8} {counts}  {group['attack']:22} {group['title'][:60]!r}")
    print(f"\nThe page to read: {out / 'report.html'}")


if __name__ == "__main__":  # workers import this file anew
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "corpusscan-example"))
