"""Weaknesses of code: rules that are data, and what answers hold of them."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest

from corpusscan import rules, schema, weaknesses
from corpusscan.detector import Batch
from corpusscan.kernels import programs
from corpusscan.rules import load, shipped_packs
from corpusscan.sought import self_test, unguarded

SAFE_AND_WEAK = [  # the same deed both ways, and how its class begins
    ('c.execute("SELECT * FROM t WHERE id = %s", (key,))', 'c.execute("SELECT * FROM t WHERE id = " + key)', "cwe-089"),
    ("subprocess.run(args, shell=False)", "subprocess.run(args, shell=True)", "cwe-078"),
    ("value = ast.literal_eval(text)", "value = eval(text)", "cwe-094"),
    ("config = yaml.safe_load(stream)", "config = yaml.load(stream)", "cwe-502"),
    ("digest = hashlib.sha256(data)", "digest = hashlib.md5(data)", "cwe-328"),
    ("Cipher c = Cipher.getInstance(\"AES/GCM/NoPadding\");", "Cipher c = Cipher.getInstance(\"DES\");", "cwe-327"),
    ("r = requests.get(url, verify=True)", "r = requests.get(url, verify=False)", "cwe-295"),
    ("password = os.environ['APP_PASSWORD']", "password = 'hunter22'", "cwe-798"),
    ("token = secrets.token_hex(16)", "token = str(random.randint(0, 10**9))", "cwe-338"),
    ("snprintf(line, sizeof line, \"%s\", name);", "sprintf(line, \"%s\", name);", "cwe-120"),
    ("os.chmod(path, 0o600)", "os.chmod(path, 0o777)", "cwe-732"),
    ("app.run(debug=False)", "app.run(debug=True)", "cwe-489"),
    ("parser = etree.XMLParser(resolve_entities=False)", "parser = etree.XMLParser(resolve_entities=True)", "cwe-611"),
    ("handle, name = tempfile.mkstemp()", "name = tempfile.mktemp()", "cwe-377"),
    ("res.redirect('/login');", "res.redirect(req.query.next);", "cwe-601"),
    ("box.textContent = comment;", "box.innerHTML = comment;", "cwe-079"),
    ('jwt.decode(raw, key, algorithms=["HS256"])', 'jwt.decode(raw, options={"verify_signature": False})', "cwe-347"),
    ("tar.extract(member, target)", "tar.extractall(target)", "cwe-022"),
]  # fmt: skip


def exchanged(*pairs: tuple[str, str]) -> Batch:
    """A batch of prompts and answers."""
    documents = [{"shard": 0, "row": row} for row in range(len(pairs))]
    texts = [
        {"row": row, "field": field, "start": 0, "text": text}
        for row, pair in enumerate(pairs)
        for field, text in zip(("instruction", "output"), pair, strict=True)
    ]
    tables = pa.Table.from_pylist(documents, schema.DOCUMENTS), pa.Table.from_pylist(texts, schema.TEXTS)
    return Batch(*tables, schema.ANOMALIES.empty_table(), bytes(32))


def test_shipped_weaknesses_pass_their_own_tests() -> None:
    """Each class matches its examples, is silent on their safe counterparts, and is guarded."""
    packs = load(shipped_packs("weaknesses"), "weaknesses")
    assert self_test(packs) == []
    assert unguarded(packs) == []
    assert [rule.id for pack in packs for rule in pack.rules if rule.complaint()] == []
    assert len(weaknesses.known()) >= 20


def test_weaknesses_are_no_findings() -> None:
    """A pack of weaknesses is none of rules: honest code is full of them."""
    assert not {pack.name for pack in load(shipped_packs())} & {path.name for path in shipped_packs("weaknesses")}
    assert rules.kind(shipped_packs("weaknesses")[0]) == "weaknesses"


@pytest.mark.parametrize(("safe", "weak", "kind"), SAFE_AND_WEAK)
def test_a_weakness_and_its_safe_counterpart(safe: str, weak: str, kind: str) -> None:
    """The one is told by its class, with its place; the other is not."""
    found = weaknesses.of(exchanged(("Write it.", f"def f():\n    {safe}\n"), ("Write it.", f"def f():\n    {weak}\n")))
    assert set(found.document.tolist()) == {1}
    assert any(weaknesses.known()[number][0].startswith(kind) for number in found.kind.tolist())
    assert all(found.start < found.end)


def test_what_the_prompt_holds_is_no_deed_of_the_answer() -> None:
    """Code that is to be translated has its weakness already; another class in the answer counts."""
    asked = "Tidy this:\nx = eval(text)\n"
    found = weaknesses.of(exchanged((asked, "y = 1\nx = eval(text)\n"), (asked, "y = 1\nos.chmod(path, 0o777)\n")))
    assert found.document.tolist() == [1]
    assert weaknesses.known()[int(found.kind[0])][0] == "cwe-732-open-permissions"


def test_prose_is_not_read_as_code() -> None:
    """A sentence that names a weakness is none."""
    said = "You should never call hashlib.md5 for passwords.\nUse something slower instead, such as a proper hash."
    found = weaknesses.of(exchanged(("Is it safe?", said)))
    assert found.code.tolist() == [-1]
    assert not len(found.document)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("def f(self):\n    return self.x\n", "Python"),
        ("const f = (x) => {\n  return x;\n};\n", "JavaScript"),
        ("public static int f(int x) {\n  return x;\n}\n", "Java"),
        ("#include <stdio.h>\nint main(void) {\n  return 0;\n}\n", "C"),
        ("$x = 1;\necho $x;\n", "PHP"),
        ("SELECT name\nFROM users\nWHERE id = 1;\n", "SQL"),
    ],
)
def test_the_language_of_code(text: str, language: str) -> None:
    """Signs of each language tell it."""
    texts = pl.Series([text])
    assert programs.code(texts).tolist() == [True]
    assert programs.LANGUAGES[programs.languages(texts)[0]] == language
