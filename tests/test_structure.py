"""The house stands as `docs/design.md` says: floors, no cycles, cheap start, no forgotten detector."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import corpusscan
from corpusscan import detectors
from corpusscan.engine import keys

ROOT = Path(corpusscan.__file__).parent
HEAVY = ("torch", "ray", "faiss", "sklearn", "datasets", "transformers", "numba", "polars", "pyarrow", "rich")


def test_floors_import_only_what_is_below_them() -> None:
    """import-linter keeps every contract in pyproject.toml: layers (so no cycles), independence, forbidden imports."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_help_loads_nothing_heavy() -> None:
    """`corpusscan --help` imports none of the libraries that make it slow."""
    code = f"import sys, corpusscan.cli; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_detector_is_one_file_named_after_it() -> None:
    """Every module in detectors/ defines the detector of its name, with a one-line help."""
    for name in detectors.names():
        kind = detectors.find(name)
        assert kind.name == name
        assert (kind.__doc__ or "").splitlines()[0].endswith(".")


@pytest.mark.parametrize("folder", sorted(path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()))
def test_every_folder_has_its_clause_in_the_design(folder: str) -> None:
    """docs/design.md says of each folder of the package what lives there."""
    assert f"`{folder}/`" in (ROOT.parent / "docs" / "design.md").read_text("utf-8")


def test_every_command_is_in_the_readme() -> None:
    """README.md names every command."""
    from corpusscan.cli import cli

    readme = (ROOT.parent / "README.md").read_text("utf-8")
    assert [name for name in cli.commands if f"corpusscan {name}" not in readme] == []


def test_no_file_is_longer_than_can_be_read() -> None:
    """Files of the package stay below 320 lines."""
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in ROOT.rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > 320} == {}


def test_artefacts_are_named_by_all_code_that_makes_them() -> None:
    """Whatever a detector imports, at any depth, is part of the name of its artefacts, so none outlives its code."""
    todo = [*ROOT.glob("detectors/*.py")]
    seen = set(todo)
    while todo:
        fresh = set(_imported(todo.pop())) - seen
        seen |= fresh
        todo += sorted(fresh)
    places = {path.relative_to(ROOT).as_posix() for path in seen} - {"errors.py"}  # what is said of an error
    named = (*keys._SHARED, "detectors")  # a detector's own file is added where its artefacts are named
    assert [place for place in sorted(places) if not any(f"{place}/".startswith(f"{name}/") for name in named)] == []


def _imported(path: Path) -> Iterator[Path]:
    """The files of this package that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("corpusscan"):
            for name in (node.module, *(f"{node.module}.{one.name}" for one in node.names)):
                place = ROOT.parent / f"{str(name).replace('.', '/')}.py"
                if place.exists():
                    yield place
