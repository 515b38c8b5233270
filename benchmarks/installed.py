"""What is measured, ready to run: compiled kernels, and the peers in an environment of their own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".venv" / "peers"
# Arguments of `pip install`, one call after another.  What is not pinned here is in constraints.txt.
PEERS = {
    "datasketch": [["datasketch", "xxhash==3.8.2"]],
    "rensa": [["rensa==0.5.0"]],
    "rensa rho": [["rensa==0.5.0"]],
    "gaoya": [["gaoya==0.2.2"]],
    "dedup-rs": [["dedup-rs==0.4.0"]],
    "fastsketch": [["fastsketchlsh==1.0.1"]],
    # The last release for Python 3.11.  It asks for Spark and TensorFlow, which its MinHash does not use.
    "text-dedup": [
        ["datasets", "scipy", "tqdm", "regex", "xxhash==3.8.2", "bitarray==3.12.3", "click-option-group==0.5.9",
         "ftfy==6.3.1", "rich", "setuptools"],
        ["--no-deps", "text-dedup==0.4.0"],
    ],
    "cleanlab": [["cleanlab==2.9.0", "scikit-learn", "scipy"]],
    "datatrove": [["datatrove[io]==0.10.1", "spacy==3.8.18", "xxhash==3.8.2", "regex", "tokenizers"]],
}  # fmt: skip


def warm() -> None:
    """Scan the example corpus, so that the kernels are compiled: that is done once per installation, not per scan."""
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, "-m", "corpusscan", "scan", str(ROOT / "examples" / "corpus"), "-o", f"{folder}/out"]
        detectors = ["--detectors", "near_duplicate,repeated_passage"]
        subprocess.run([*line, *detectors, "--quiet"], check=False, stdout=subprocess.DEVNULL)


def peers(only: list[str]) -> tuple[Path, dict[str, str]]:
    """The interpreter that has the peers, and why those that could not be installed could not."""
    python = HOME / "bin" / "python"
    wanted = [tool for tool in PEERS if not only or tool in only]
    if wanted and not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
        pip(python, ["pyarrow", "numpy"])
    return python, {
        tool: problem for tool in PEERS if (not only or tool in only) and (problem := missing(python, tool))
    }


def missing(python: Path, tool: str) -> str:
    """Install a peer where it is not there yet; the last line of the error, or nothing."""
    done = HOME / f"{tool.replace(' ', '_')}.installed"
    if done.exists():
        return ""
    for arguments in PEERS[tool]:
        if problem := pip(python, arguments):
            return f"cannot be installed: {problem}"
    done.touch()
    return ""


def pip(python: Path, arguments: list[str]) -> str:
    """Install packages; the last line of the error, or nothing."""
    line = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    constraints = ["--constraint", str(ROOT / "constraints.txt")]
    done = subprocess.run([*line, *constraints, *arguments], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["pip failed"])[-1]
