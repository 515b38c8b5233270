"""Which files the card of a dataset names."""

from __future__ import annotations

import pytest

from corpusscan.datacard import Card


def card(configs: str) -> Card:
    """A card with this YAML."""
    return Card.of(f"---\nlicense: mit\n{configs}\n---\n# A dataset\n".encode())


def test_patterns_name_files_as_the_hub_does() -> None:
    """One pattern, lists, patterns by split; `*` stays in its folder, `**` does not."""
    known = card(
        "configs:\n- data_files:\n  - split: train\n    path: [data/train*, more/**/x?.jsonl]\n- data_files: a[01].csv"
    )
    named = ["data/train-0.parquet", "more/x1.jsonl", "more/deep/er/x2.jsonl", "a0.csv"]
    assert [path for path in named if not known.mentions(path)] == []
    others = ["data/test-0.parquet", "data/train/x", "more/y1.jsonl", "a2.csv", "b.csv", "xdata/train-0"]
    assert [path for path in others if known.mentions(path)] == []
    assert card("configs:\n- data_files: {train: t.csv, test: data}").mentions("data/x.csv")
    assert not card("configs:\n- data_dir: only").mentions("x.csv")


@pytest.mark.parametrize("configs", ["", "configs: []", "configs: 3", "configs: [3]", "configs:\n- config_name: a"])
def test_a_card_that_names_nothing_takes_all(configs: str) -> None:
    """Without data_files every file is one that the hub finds by itself."""
    assert card(configs).mentions("whatever.parquet")


def test_what_leaves_the_repository_is_told() -> None:
    """Addresses, absolute paths and `..` are no files of the repository."""
    known = card("configs:\n- data_files: [x.csv, https://e.example/y.csv, /etc/passwd, ../z.csv]")
    assert known.elsewhere == ("https://e.example/y.csv", "/etc/passwd", "../z.csv")
    assert known.mentions("x.csv")


@pytest.mark.parametrize(
    "data",
    [b"---\na: &a [1]\nb: *a\n---\n", b"---\na: !!python/object/apply:os.system [id]\n---\n", b"---\n\t- [\n---\n",
     b"---\na: " + b"[" * 500 + b"\n---\n", b"---\n" + b"a: b\n" * 200_000 + b"---\n", b"---\n\xff\xfe\n---\n"],
)  # fmt: skip
def test_hostile_yaml_is_refused_in_a_line(data: bytes) -> None:
    """Aliases, tags, depth, size, bytes that are no text: a reason, no error, and all files count as named."""
    known = Card.of(data)
    assert known.mentions("x")
    assert "\n" not in known.fault
    assert known.fault or b"\xff" in data


def test_a_readme_without_settings_says_nothing() -> None:
    """Most have none."""
    assert Card.of(b"# Title\n") == Card((), (), "")
