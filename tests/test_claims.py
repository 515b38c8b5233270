"""Claim packs and known triples: what is shipped is sound, and what is wrong is refused with a remedy."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from corpusscan import rules
from corpusscan.errors import RuleError, UsageError
from corpusscan.meaning import claims, knowledge
from corpusscan.meaning.asserting import Engine, self_test

GOOD = """\
id: good-claim
claim: Quartz cures gout.
truth: It does not.
topic: treatments
severity: high
status: test
references: ["https://example.org/review"]
concepts:
  quartz: {en: [quartz*]}
  gout: {en: [gout]}
match:
- {subject: quartz, object: gout, relation: cures}
tests:
  asserts: [Quartz cures gout., Gout is cured by quartz.]
  debunks: [Quartz does not cure gout., It is a myth that quartz cures gout.]
  reports: [Some people claim that quartz cures gout.]
  asks: ["Does quartz cure gout?"]
  unrelated: [Quartz is a mineral.]
"""
WORDS = """\
relations:
  cures: {forward: {en: [cure*]}, backward: {en: [cured by]}}
stance:
  negation: {en: ["not"]}
  by: {en: [by]}
  denies: {en: [myth]}
  doubts: {en: [claim that]}
"""


def pack(folder: Path, claim: str = GOOD, words: str = WORDS) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "pack.yml").write_text("title: Mine\nkind: claims\n")
    (folder / "words.yml").write_text(words)
    (folder / "good-claim.yml").write_text(claim)
    return folder


def test_a_pack_of_ones_own(tmp_path: Path) -> None:
    """A folder whose pack.yml says so holds claims, no rules, and judges by its own words."""
    loaded = claims.load([pack(tmp_path / "mine")])
    assert [claim.id for claim in loaded[0].claims] == ["good-claim"]
    assert loaded[0].languages == {"good-claim": ("en",)}
    assert rules.load([tmp_path / "mine"]) == ()
    assert self_test(loaded) == []


def test_its_own_tests_can_fail(tmp_path: Path) -> None:
    """A claim that misjudges one of its texts is named, with what it made of it."""
    wrong = GOOD.replace("Some people claim that quartz cures gout.", "They say quartz cures gout.")
    (told,) = self_test(claims.load([pack(tmp_path / "mine", wrong)]))
    assert told == "good-claim: asserts, not reports: 'They say quartz cures gout.'"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('references: ["https://example.org/review"]\n', "", "references"),
        ('["https://example.org/review"]', "[]", "references"),
        ("severity: high", "severity: hgh", "did you mean 'high'?"),
        ("topic: treatments", "topic: treatment", "topic"),
        ("truth: It does not.", "thruth: It does not.", "did you mean 'truth'?"),
        ("id: good-claim", "id: other-claim", "rename the file to other-claim.yml"),
        ("object: gout", "object: gut", "match[0]: no concept 'gut'; did you mean 'gout'?"),
        ("relation: cures", "relation: curse", "match[0].relation: no relation 'curse'; did you mean 'cures'?"),
        ("[quartz*]", '["q*"]', "concepts.quartz: 'q*': `*` ends a word"),
        ("claim: Quartz cures gout.", "claim: no", "put it in quotes"),
        ("truth: It does not.", "truth: It does not.\ntruth: again", ":4: the key 'truth' comes twice"),
        ("  unrelated: [Quartz is a mineral.]\n", "", "unrelated"),
    ],
)
def test_errors_of_claims_teach(tmp_path: Path, old: str, new: str, said: str) -> None:
    """A claim that is wrong is refused in one line that names the file, the key and what to do."""
    assert old in GOOD
    with pytest.raises(RuleError) as caught:
        claims.load([pack(tmp_path / "mine", GOOD.replace(old, new, 1))])
    assert "good-claim.yml" in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_ids_are_unique_over_packs_of_claims(tmp_path: Path) -> None:
    """Two packs cannot both have a claim of one name."""
    with pytest.raises(RuleError, match="rename one of them"):
        claims.load([pack(tmp_path / "a"), pack(tmp_path / "b")])


def test_shipped_claims_pass_their_own_tests() -> None:
    """Each of at least 60 shipped claims judges its texts as they say, and has a reference."""
    loaded = claims.load(claims.shipped())
    every = [claim for one in loaded for claim in one.claims]
    assert len(every) >= 60
    assert {claim.topic for claim in every} == set(claims.TOPICS)
    assert all(claim.references for claim in every)
    assert self_test(loaded) == []


def test_shipped_claims_are_silent_on_clean_texts() -> None:
    """No claim is found asserted in the corpus of the examples, planted documents aside."""
    folder = Path(__file__).parents[1] / "examples"
    texts = pl.read_parquet(folder / "corpus" / "part-02.parquet", columns=["text"])["text"]
    engine = Engine(claims.load(claims.shipped()))
    told = engine.judged(pa.array(texts.to_list(), pa.large_string()))
    assert [one for _, found, _ in told for one in found if one.stance == "asserts"] == []


def test_the_schema_accepts_what_is_shipped() -> None:
    """The published JSON Schema takes every shipped claim as it stands in its file, and no claim without references."""
    validator = jsonschema.Draft202012Validator(claims.json_schema())
    (folder,) = claims.shipped()
    said = [
        yaml.safe_load(path.read_text("utf-8"))
        for path in folder.glob("*.yml")
        if path.name not in ("pack.yml", "words.yml")
    ]
    assert len(said) >= 60
    assert [one["id"] for one in said if not validator.is_valid(one)] == []
    assert not validator.is_valid(said[0] | {"references": []})


def test_triples_are_read_from_csv_and_parquet(tmp_path: Path) -> None:
    """Names keep their case, are known without it, and a polarity excludes."""
    rows = [("Quinine", "treats", "Malaria", "positive"), ("Quinine", "Treats", "gout", "negative")]
    (tmp_path / "k.csv").write_text("\n".join(map(",".join, [("subject", "relation", "object", "polarity"), *rows])))
    columns = dict(zip(("subject", "relation", "object", "polarity"), zip(*rows, strict=True), strict=True))
    pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), tmp_path / "k.parquet")
    one, two = (knowledge.load(tmp_path / name, ("treats",)) for name in ("k.csv", "k.parquet"))
    assert one == two
    assert one.known == {("quinine", "treats", "malaria")}
    assert one.excluded == {("quinine", "treats", "gout")}
    assert one.names["quinine"] == "Quinine"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("drug,relation,object\na,b,c\n", "k.csv:1: no column subject (there are: drug, relation, object)"),
        ("", "k.csv:1: no column subject, relation, object (there are: nothing)"),
        ("subject,relation,object\nQuinine,treets,Malaria\n", "k.csv:2: no relation 'treets'; did you mean 'treats'?"),
        ("subject,relation,object\nQ,treats,Malaria\n", "k.csv:2: subject 'Q': give a name"),
        ("subject,relation,object,polarity\nQuinine,treats,Malaria,maybe\n", "k.csv:2: polarity 'maybe'"),
        ("subject,relation,object\n", "no triple in it"),
        ("subject,relation,object\nQuinine,treats\n", "k.csv:2: object ''"),
    ],
)
def test_errors_of_triples_teach(tmp_path: Path, text: str, said: str) -> None:
    """A file that is wrong is refused with its line and a remedy."""
    (tmp_path / "k.csv").write_text(text)
    with pytest.raises(UsageError) as caught:
        knowledge.load(tmp_path / "k.csv", ("cures", "treats"))
    assert said in str(caught.value)


def test_what_is_no_file_of_triples_is_refused(tmp_path: Path) -> None:
    """Neither a missing file nor bytes of another kind end in a traceback."""
    (tmp_path / "k.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "k.csv").write_bytes(b"\xff\xfe")
    for name, said in (("none.csv", "cannot be read"), ("k.parquet", "no Parquet"), ("k.csv", "not UTF-8")):
        with pytest.raises(UsageError, match=said):
            knowledge.load(tmp_path / name, ("treats",))
