"""Coverage-guided fuzzing with Atheris: `make fuzz` runs every target for its part of the time.

usage: python tests/fuzz/run.py SECONDS [TARGET ...]

Each target runs in a process of its own, again after each crash, until its time is over.  What broke a target lies in
`.fuzz/TARGET/crash-*`; made small, and put into `tests/fuzz/found`, it is a test.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))


def one(name: str, folder: Path, seconds: int) -> None:
    """Fuzz one target in this process; never returns."""
    import atheris  # of the extra `fuzz`, and only of that

    from corpusscan import kernels

    for module in pkgutil.iter_modules(kernels.__path__):  # what numba compiles must stay as it is
        importlib.import_module(f"corpusscan.kernels.{module.name}")
    with atheris.instrument_imports(include=["corpusscan"]):
        from fuzz import seeds, targets
    (folder / "corpus").mkdir(parents=True, exist_ok=True)
    (folder / "corpus" / "seed").write_bytes(seeds.SEEDS[name]())
    run = targets.targets(seeds.tokenizer(folder / "tokenizer.json"))[name]
    atheris.Setup(
        [
            "fuzz", str(folder / "corpus"), f"-max_total_time={seconds}", f"-artifact_prefix={folder}/", "-timeout=20",
            "-rss_limit_mb=3000", "-max_len=20000", "-print_final_stats=1",
        ],
        run,
    )  # fmt: skip
    atheris.Fuzz()


def main() -> None:
    """Run the targets one after the other and print what came of it; exit 1 where something broke."""
    from fuzz import seeds

    chosen = sys.argv[2:] or [*seeds.SEEDS]
    part, bad = max(int(sys.argv[1]) // len(chosen), 5), 0
    print(f"{'target':12}{'executions':>12}{'a second':>10}{'crashes':>9}")
    for name in chosen:
        folder, started, done = HERE.parent.parent / ".fuzz" / name, time.monotonic(), 0
        folder.mkdir(parents=True, exist_ok=True)
        before = set(folder.glob("*-*"))
        while (left := int(part - (time.monotonic() - started))) > 0:
            command = [sys.executable, __file__, "--one", name, str(folder), str(left)]
            ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
            found = re.findall(r"stat::number_of_executed_units:\s*(\d+)|^#(\d+)\s", ended.stderr, re.MULTILINE)
            done += max([int(a or b) for a, b in found], default=0)
            if not ended.returncode:
                break
            (folder / f"said-{int(time.time())}.txt").write_text((ended.stdout + ended.stderr)[-20_000:])
        crashes = {path for path in folder.glob("*-*") if not path.name.startswith("said")} - before
        bad += len(crashes)
        print(f"{name:12}{done:12,}{done / (time.monotonic() - started):10,.0f}{len(crashes):9}", flush=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        one(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    main()
