"""What the classifier of misinformation is worth on sets that it was not made from.

    python benchmarks/misinformation.py FILE ... [--weights W]

FILE holds JSON Lines (.zst) with `text` and `label`, one of those in `FALSE` or `TRUE`; others are left out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import orjson
import zstandard

from corpusscan.kernels.classifier import Model
from corpusscan.training.misinformation import SHIPPED, measured

FALSE = {"fake", "f", "refutes", "false", "pants-fire", "rumor"}
TRUE = {"real", "t", "supports", "true", "mostly-true", "non-rumor"}


def main() -> None:
    """One line per file."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("files", nargs="+", type=Path)
    options.add_argument("--weights", type=Path, default=SHIPPED)
    chosen = options.parse_args()
    model = Model.load(chosen.weights)
    print("set                     texts  false   area  precision  recall     F1  all false  calibration error")
    for path in chosen.files:
        with zstandard.open(path, "rt", encoding="utf-8") as lines:
            known = [row for row in map(orjson.loads, lines) if str(row["label"]).lower() in FALSE | TRUE]
        wrong = np.array([str(row["label"]).lower() in FALSE for row in known], np.bool_)
        told = measured(model.scores([row["text"] for row in known]).astype(np.float64), wrong)
        print(
            f"{path.name.split('.')[0]:22} {len(known):6,} {wrong.sum():6,}  {told['area']:5.2f}  {told['precision']:9.2f}"
            f"  {told['recall']:6.2f}  {told['f1']:5.2f}  {told['all_false']:9.2f}  {told['calibration_error']:17.2f}"
        )


if __name__ == "__main__":
    main()
