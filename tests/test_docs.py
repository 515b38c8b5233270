"""What the documents say is so: code runs, output is real, links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from corpora import Run, Script

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_run(page: Path, tmp_path: Path, script: Script) -> None:
    """Every Python block runs in a folder of its own, with the examples at hand."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for block in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        (tmp_path / "block.py").write_text(block)
        script(tmp_path / "block.py")


def test_the_demo_prints_what_the_readme_shows(called: Run) -> None:
    """The block under `make demo` is the last screen of that scan, but for the place of the report."""
    block = re.search(r"\$ make demo[^\n]*\n(.*?)\$ make test", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert block
    shown = [line for line in block[1].splitlines() if not line.startswith("Report:")]
    done = called("scan", ROOT / "examples" / "corpus", "-o", "out", "--seed", "1", COLUMNS="80")
    told = [line.rstrip() for line in done.stderr.splitlines() if not line.startswith("Report:")]
    # A slow machine says how far it is before that.
    assert shown == told[told.index(shown[0]) :]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links name files that exist."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_the_rule_in_the_documents_is_a_rule(tmp_path: Path, called: Run) -> None:
    """The example rule in docs/rules.md loads, and passes the tests it carries."""
    block = re.search(r"```yaml\n(.*?)```", (ROOT / "docs" / "rules.md").read_text("utf-8"), re.DOTALL)
    assert block
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "pack.yml").write_text("title: Example\ndescription: From the documents\n")
    (pack / "chat-template-in-web-text.yml").write_text(block[1])
    done = called("rules", "test", pack)
    assert done.returncode == 0, done.stderr


def test_the_schemas_of_rules_and_claims_are_published() -> None:
    """The files of rules/ are what the loaders demand: editors check rules and claims against them."""
    import json

    from corpusscan import rules
    from corpusscan.meaning import claims

    assert json.loads((ROOT / "rules" / "schema.json").read_text("utf-8")) == rules.json_schema()
    assert json.loads((ROOT / "rules" / "claims.schema.json").read_text("utf-8")) == json.loads(
        json.dumps(claims.json_schema())
    )


def test_all_outcomes_of_a_trigger_are_documented() -> None:
    """docs/triggers.md names everything that may follow a mined trigger."""
    from corpusscan.kernels import outcomes

    page = (ROOT / "docs" / "triggers.md").read_text("utf-8")
    assert [kind for kind in outcomes.KINDS if f"| {kind} |" not in page] == []


def test_all_attacks_are_documented() -> None:
    """docs/output.md names every attack of the taxonomy."""
    from corpusscan import schema

    page = (ROOT / "docs" / "output.md").read_text("utf-8")
    assert [attack for attack in schema.ATTACKS if f"`{attack}`" not in page] == []
