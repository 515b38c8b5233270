"""The benchmarks against deduplicators and of growth run, on tiny corpora and with what is always there."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")


# A benchmark, without the scan before it that has the kernels compiled: no time is looked at here.
COLD = (
    "import runpy, sys, installed; installed.warm = lambda: None; del sys.argv[0]; "
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)


def run(script, *arguments):
    line = [sys.executable, "-c", COLD, ROOT / "benchmarks" / script, *map(str, arguments)]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(line, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": paths}, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def corpus(tmp_path):
    draw = random.Random(1)
    words = [f"{draw.getrandbits(40):x}" for _ in range(3000)]
    texts = [" ".join(draw.choices(words, k=120)) for _ in range(1500)]
    hosts = [f"h{row % 97}.example" for row in range(len(texts))]
    pq.write_table(pa.table({"text": texts, "source": hosts}), tmp_path / "c.parquet", row_group_size=500)
    return tmp_path / "c.parquet"


def test_dedup_measures_corpusscan_beside_the_bare_decoder(corpus, tmp_path):
    """Every figure is there; planted families are found, and documents that are unlike are not grouped."""
    told = run("dedup.py", "--corpus", corpus, "--only", "bare decode;corpusscan", "--json", tmp_path / "f.json")
    bare, ours = json.loads((tmp_path / "f.json").read_text())
    assert (bare["tool"], ours["tool"]) == ("bare decode", "corpusscan")
    assert "bare decode" in told
    for row in (bare, ours):
        assert row["problem"] == ""
        assert row["documents"] == 1500
        assert row["cpu"] > 0
        assert row["memory"] > 10e6
    assert bare["grouped"] is None
    assert ours["recall"] > 0.9
    assert ours["precision"] == 1
    assert ours["grouped"] <= 8


def test_a_tool_that_fails_is_in_the_table_with_its_reason(tmp_path):
    """A tool that ends with an error, or cannot read the corpus, is never left out silently."""
    pq.write_table(pa.table({"text": ["a b c d e f"] * 20, "n": list(range(20))}), tmp_path / "c.parquet")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import dedup, watch; from pathlib import Path\n"
        "folder, row = Path(sys.argv[2]), dedup.Row('broken', 20)\n"
        "dedup.measured(row, [sys.executable, 'no_such_script.py'], folder / 'c.parquet', folder / 'work', 30)\n"
        "print(dedup.as_line(row, [row]))\n"
        "slow = watch.run(['sleep', '30'], folder / 'log', limit=0.3)\n"
        "assert slow.code is None and slow.wall < 10, slow"
    )
    line = [sys.executable, "-c", code, str(ROOT / "benchmarks"), str(tmp_path)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert "broken" in done.stdout
    assert "no_such_script.py" in done.stdout


def test_growth_fits_an_exponent(tmp_path):
    """Each size has its costs and its families, and the slope of a known cost is what it is."""
    run("growth.py", 3000, 9000, "--json", tmp_path / "g.json")
    result = json.loads((tmp_path / "g.json").read_text())
    assert [row["documents"] for row in result["sizes"]] == [3000, 9000]
    for row in result["sizes"]:
        assert row["disk"] > 100_000
        assert 0 < row["groups"] <= row["documents"] / 400 + 1
    assert set(result["exponents"]) == {"wall", "cpu", "memory", "disk"}
    assert not list(tmp_path.glob("tmp*"))

    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        from growth import fitted
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
    squares = [{"documents": size, "cpu": size**2} for size in (10, 100, 1000)]
    assert fitted(squares, "cpu") == pytest.approx((2, 2))


def test_floods_are_measured_beside_random_documents(tmp_path):
    """A flood and its random twin have their costs, and what was left aside is in the line."""
    told = run("floods.py", 6000, "--only", "paragraph", "--json", tmp_path / "f.json")
    (row,) = json.loads((tmp_path / "f.json").read_text())
    assert (row["flood"], row["documents"]) == ("paragraph", 6000)
    assert min(row[side][cost] for side in ("of", "beside") for cost in ("cpu", "memory")) > 0
    assert [one["unit"] for one in row["of"]["limits"]] == ["fingerprints"]
    assert row["beside"]["limits"] == []
    assert "fingerprints" in told
