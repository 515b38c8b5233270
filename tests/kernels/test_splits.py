"""Which split a file belongs to is read from its path, as the library `datasets` does."""

from __future__ import annotations

import pytest

from corpusscan.kernels.splits import rank, split_of


@pytest.mark.parametrize(
    ("file", "wanted"),
    [("train.jsonl", ("", "train")), ("data/test-00000-of-00002.parquet", ("data", "test")),
     ("dev.csv", ("", "validation")), ("my_valid_1.jsonl.gz", ("", "validation")), ("en/eval/x.txt", ("en", "test")),
     ("train/data-00000-of-00001.arrow", ("", "train")), ("unseen/data-00001-of-00003.arrow", ("", "unseen")),
     ("data-00000-of-00001.arrow", None), ("memory:0/train", ("memory:0", "train")),
     ("1/memory:1/extra", ("memory:1", "extra")), ("memory:0", None), ("0/train.jsonl", ("", "train")),
     ("data/train_sft-00000-of-00001.parquet", ("data", "train")),
     ("a/unsupervised-00000-of-00001.parquet", ("a", "unsupervised")),
     ("default/train/0000.parquet", ("default", "train")),
     ("hf://datasets/o/n@abc/test.csv", ("hf://datasets/o/n@abc", "test")),
     ("latest.jsonl", None), ("contrast.csv", None), ("train-test.csv", None), ("part0.jsonl", None),
     ("constraint/training/x.csv", ("constraint", "train")), ("", None)],
)  # fmt: skip
def test_paths_say_the_split(file: str, wanted: tuple[str, str] | None) -> None:
    """Words stand apart; two that differ say nothing; folders count where the name says nothing."""
    assert split_of(file) == wanted


def test_rows_leak_from_later_splits_into_earlier_ones() -> None:
    """Train comes first and test last; splits of other names lie behind train."""
    assert sorted(["test", "validation", "extra", "train"], key=rank) == ["train", "extra", "validation", "test"]
