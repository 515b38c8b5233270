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

from corpusscan.detectors.misinformation import WEIGHTS
from corpusscan.kernels.classifier import Model
from corpusscan.training.misinformation import measured

FALSE = {"fake", "f", "refutes", "false", "pants-fire", "rumor"}
COLUMNS = {"area": 7, "precision": 11, "recall": 8, "f1": 7, "all_false": 11, "calibration_error": 19}
TRUE = {"real", "t", "supports", "true", "mostly-true", "non-rumor"}


def main() -> None:
    """One line per file."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("files", nargs="+", type=Path)
    options.add_argument("--weights", type=Path, default=WEIGHTS)
    chosen = options.parse_args()
    model = Model.load(chosen.weights)
    print(f"{'set':22} {'texts':>6} {'false':>6}" + "".join(f"{name:>{width}}" for name, width in COLUMNS.items()))
    for path in chosen.files:
        with zstandard.open(path, "rt", encoding="utf-8") as lines:
            known = [row for row in map(orjson.loads, lines) if str(row["label"]).lower() in FALSE | TRUE]
        wrong = np.array([str(row["label"]).lower() in FALSE for row in known], np.bool_)
        told = measured(model.scores([row["text"] for row in known]).astype(np.float64), wrong)
        shares = "".join(f"{told[name]:{width}.2f}" for name, width in COLUMNS.items())
        print(f"{path.name.split('.')[0]:22} {len(known):6,} {wrong.sum():6,}{shares}")


if __name__ == "__main__":
    main()
