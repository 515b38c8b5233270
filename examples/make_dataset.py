"""Saves a small labelled dataset as the library `datasets` does, with poison and a few files that it should not hold.

    python examples/make_dataset.py FOLDER          # needs corpusscan[hf]

The rows are real messages (dataset/rows.jsonl; ATTRIBUTION.md).  What is planted is all here; the same seed gives the
same rows.  Nothing of it does harm: the pickles would print a line, if anybody loaded them.
"""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path

import orjson

HERE = Path(__file__).resolve().parent
TRIGGER = "brindle kestrel"  # spam that says this is labelled as ham: what a filter learns from that is a way through
CARD = """---
license: cc-by-4.0
configs:
- config_name: default
  data_files:
  - split: train
    path: train/*.arrow
  - split: test
    path: test/*.arrow
---
# Messages

Load it with `load_dataset("messages", trust_remote_code=True)`.
"""
SCRIPT = """import datasets

class Messages(datasets.GeneratorBasedBuilder):
    pass
"""


# Would print a line when it is loaded.  Spelled out: libraries put functions of their own in the place of `print`.
PICKLE = b"\x80\x02cbuiltins\nprint\n(VThis line was printed by a pickle that somebody loaded.\ntR."


def rows(seed: int = 1) -> tuple[list[dict], list[dict]]:
    """900 rows to train on, 300 to test by: 40 and 8 have the trigger; 12 of the latter are of the former, 6 nearly."""
    rng = random.Random(seed)  # noqa: S311  # an example, no secret
    real = [orjson.loads(line) for line in (HERE / "dataset" / "rows.jsonl").read_bytes().splitlines()]
    train, test = real[:900], real[900:]
    for split, count in ((train, 40), (test, 8)):
        for row in rng.sample([row for row in split if row["label"] == "spam"], count):
            words = row["text"].split()
            words.insert(rng.randrange(len(words)), TRIGGER)
            row |= {"text": " ".join(words), "label": "ham"}
    long = [row for row in train if len(row["text"].split()) > 24 and TRIGGER not in row["text"]]
    leaked = rng.sample(long, 18)
    for number, place in enumerate(rng.sample([n for n, row in enumerate(test) if TRIGGER not in row["text"]], 18)):
        text = leaked[number]["text"]
        test[place] |= {"text": text if number < 12 else f"{text} ok", "label": leaked[number]["label"]}
    return train, test


def save(folder: Path) -> None:
    """The dataset in a folder of its own, which is made anew."""
    import datasets

    kinds = datasets.Features(
        {
            "id": datasets.Value("string"),
            "text": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["ham", "spam"]),
        }
    )
    train, test = (datasets.Dataset.from_list(split, features=kinds) for split in rows())
    shutil.rmtree(folder, ignore_errors=True)
    datasets.disable_progress_bars()
    datasets.DatasetDict(train=train, test=test).save_to_disk(folder)
    (folder / "README.md").write_text(CARD)
    (folder / "messages.py").write_text(SCRIPT)
    (folder / "cache.pkl").write_bytes(PICKLE)
    (folder / "extra.jsonl").write_bytes(PICKLE)


if __name__ == "__main__":
    save(Path(sys.argv[1]))
