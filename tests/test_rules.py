"""Rule packs: what is shipped is sound, and what is wrong is refused with a remedy."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from corpusscan import rules, schema
from corpusscan.errors import RuleError

GOOD = """\
id: good-rule
title: A good rule
severity: high
attack: backdoor_trigger
status: test
references: [https://example.org/paper]
false_positives: [papers about it]
match:
  any:
    - phrase: "<|trigger|>"
    - regex: 'quartz\\s+zebra'
tests:
  match: ["a <|trigger|> b", "quartz zebra"]
  no_match: ["trigger", "quartz"]
"""


def write(folder: Path, text: str, name: str = "good-rule.yml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_good_rule_loads(tmp_path: Path) -> None:
    """A pack is its folder's name, what pack.yml says, and its rules by id."""
    write(tmp_path / "mine", "title: Mine\ndescription: All of it\n", "pack.yml")
    pack = rules.load_pack(write(tmp_path / "mine", GOOD))
    assert (pack.name, pack.title, pack.description) == ("mine", "Mine", "All of it")
    (rule,) = pack.rules
    assert rule.view == "raw"
    assert [atom.phrase or atom.regex for atom in rule.match.atoms] == ["<|trigger|>", r"quartz\s+zebra"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("severity: high", "severity: hgh", "did you mean 'high'?"),
        ("attack: backdoor_trigger", "attack: backdor", "did you mean 'backdoor_trigger'?"),
        ("status: test", "status: done", "status"),
        ("title: A good rule", "titel: A good rule", "did you mean 'title'?"),
        (
            "    - phrase:",
            "    - phrse:",
            "match.any[0]: Object contains unknown field `phrse`; did you mean 'phrase'?",
        ),
        ("title: A good rule", "title: no", "title: Expected `str`, got `bool`; put it in quotes"),
        ("title: A good rule", "title: 7", "put it in quotes"),
        ("title: A good rule", "title: 2024-01-01", "put it in quotes"),
        ("title: A good rule", "title: A good rule\ntitle: again", ":3: the key 'title' comes twice"),
        ("title: A good rule", "title: A good rule\nyes: again", "the key 'yes' is no string"),
        ("title: A good rule", "title: &a A good rule", "anchors and aliases"),
        ("title: A good rule", "title: !!python/object:os.system x", "tag"),
        ("title: A good rule", "title: !x y", "tag"),
        ("id: good-rule", "id: other-rule", "rename the file to other-rule.yml"),
        ("id: good-rule", "id: Good_Rule", "id"),
        ("references: [https://example.org/paper]", "references: []", "references"),
        ("references: [https://example.org/paper]", "references: [javascript:alert(1)]", "references"),
        ("false_positives: [papers about it]\n", "", "false_positives"),
        ('no_match: ["trigger", "quartz"]', 'no_match: ["trigger"]', "no_match"),
        (r"quartz\s+zebra", r"quartz(?= zebra)", "RE2 has no lookaround"),
        (r"quartz\s+zebra", r"(?<!a)quartz", "RE2 has no lookaround"),
        (r"quartz\s+zebra", r"(quartz)\1", "no back-references"),
        (r"quartz\s+zebra", r"q*", "empty text"),
        (r"quartz\s+zebra", r"(quartz", "missing )"),
        (r"quartz\s+zebra", r"q{2000}", "repetition"),
        (r"quartz\s+zebra", r"\bквадрат", "word: true"),
        (r"quartz\s+zebra", r"\x{FF5C}\w", "word: true"),
        (r"quartz\s+zebra", "a" * 1025, "1024"),
        (r"    - regex: 'quartz\s+zebra'", "    - {regex: 'quartz', phrase: quartz}", "either"),
        (r"    - regex: 'quartz\s+zebra'", "    - {regex: 'quartz', word: true}", "word"),
        ("match:\n  any:", "match:\n  not:", "match needs"),
        ("match:\n  any:", "match:\n  near: {within: 0, of: []}\n  any:", "within"),
        ("match:\n  any:", "match:\n  anny: []\n  any:", "did you mean 'any'?"),
        ("title: A good rule", "title: " + "[" * 40 + "]" * 40, "deep"),
        ("title: A good rule", "title: [", "good-rule.yml"),
        ("title: A good rule", "title: \x01", "good-rule.yml"),
        (GOOD, "", "good-rule.yml"),
        (GOOD, "- a\n- b\n", "top level"),
    ],
)
def test_errors_teach(tmp_path: Path, old: str, new: str, said: str) -> None:
    """A rule that is wrong is refused in one line that names the file, the place and what to do."""
    assert old in GOOD
    with pytest.raises(RuleError) as caught:
        rules.load([write(tmp_path / "pack", GOOD.replace(old, new, 1))])
    message = str(caught.value)
    assert "good-rule.yml" in message
    assert said in message
    assert "\n" not in message


@pytest.mark.parametrize("pattern", ["[aé]bcd", r"\x{200B}abc", r"[\x{430}-\x{44F}]abc"])
def test_folded_patterns_have_no_foreign_classes(pattern: str) -> None:
    """Folding changes such characters, so a class of them would not match what it says."""
    assert "folded" in str(rules.lint(pattern, "folded"))
    assert rules.lint(pattern, "raw") is None


@pytest.mark.parametrize("pattern", ["(?:é|à)bcd", r"\[é\]abc", r"[abc]é", r"\\x{2}a", "quartz"])
def test_lint_does_not_cry_wolf(pattern: str) -> None:
    """Foreign characters outside classes are folded with the pattern, so they may stand there."""
    assert rules.lint(pattern, "folded") is None


def test_linting_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    """RE2's own log does not reach the terminal."""
    assert rules.lint("(", "raw")
    assert capfd.readouterr() == ("", "")


def test_ids_are_unique_over_packs(tmp_path: Path) -> None:
    """Two packs cannot both have a rule of one name."""
    write(tmp_path / "a", GOOD)
    write(tmp_path / "b", GOOD)
    with pytest.raises(RuleError, match="rename one of them"):
        rules.load([tmp_path])


def test_folders_without_rules_are_refused(tmp_path: Path) -> None:
    """A folder that is missing or holds no rule is named."""
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "missing"):
        with pytest.raises(RuleError, match=folder.name):
            rules.load([folder])


def test_a_huge_file_and_bad_bytes_are_refused(tmp_path: Path) -> None:
    """Size and encoding are checked before anything is parsed."""
    write(tmp_path / "big", GOOD + "# " + "x" * (256 << 10))
    with pytest.raises(RuleError, match="256 KiB"):
        rules.load([tmp_path / "big"])
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "good-rule.yml").write_bytes(b"id: \xff\n")
    with pytest.raises(RuleError, match="UTF-8"):
        rules.load([tmp_path / "bad"])


def test_digest_follows_what_rules_say(tmp_path: Path) -> None:
    """The digest changes with any word of a rule, not with the order of packs or the layout of the file."""
    write(tmp_path / "a", GOOD)
    write(tmp_path / "b", GOOD.replace("good-rule", "b-rule"), "b-rule.yml")
    both = rules.digest(rules.load([tmp_path / "a", tmp_path / "b"]))
    assert both == rules.digest(rules.load([tmp_path / "b", tmp_path / "a"]))
    write(tmp_path / "a", "# a comment\n" + GOOD)
    assert both == rules.digest(rules.load([tmp_path]))
    write(tmp_path / "a", GOOD.replace("severity: high", "severity: low"))
    assert both != rules.digest(rules.load([tmp_path]))


def test_shipped_packs_load() -> None:
    """At least 30 rules in at least five packs, none twice."""
    packs = rules.load(rules.shipped_packs())
    assert len(packs) >= 5
    assert sum(len(pack.rules) for pack in packs) >= 30


def test_the_schema_accepts_what_is_shipped() -> None:
    """The published JSON Schema takes every shipped rule as it stands in its file, and knows severities and attacks."""
    validator = jsonschema.Draft202012Validator(rules.json_schema())
    for folder in rules.shipped_packs():
        for path in folder.glob("*.yml"):
            if path.name != "pack.yml":
                validator.validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    wrong = yaml.safe_load(GOOD) | {"severity": "dire"}
    assert not validator.is_valid(wrong)
    assert validator.is_valid(yaml.safe_load(GOOD))
    assert set(schema.ATTACKS) == set(rules.json_schema()["$defs"]["Rule"]["properties"]["attack"]["enum"])


def test_shipped_rules_have_nothing_to_complain_of() -> None:
    """Patterns that are shipped are not linted when they are loaded, so they are here."""
    assert [rule.id for pack in rules.load(rules.shipped_packs()) for rule in pack.rules if rule.complaint()] == []
