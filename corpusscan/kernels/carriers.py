"""What carries code, by the first bytes of a file and by the end of its name.

Magic numbers as in file(1): ELF, PE, Mach-O, Java classes, WebAssembly, compiled Python, pickles (PEP 307, PEP 574),
NumPy's format 1 to 3 (NEP 1), HDF5, archives.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from corpusscan.kernels.pickles import MAGIC

HEAD = 4_096  # bytes that are enough to tell
_MAGIC = {
    "elf": (b"\x7fELF",),
    "mach-o": (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"),
    "java": (b"\xca\xfe\xba\xbe",),
    "wasm": (b"\x00asm",),
    "npy": (b"\x93NUMPY",),
    "hdf5": (b"\x89HDF\r\n\x1a\n",),
    "zip": (b"PK\x03\x04", b"PK\x05\x06"),
    "7z": (b"7z\xbc\xaf\x27\x1c",),
    "rar": (b"Rar!\x1a\x07",),
    "pointer": (b"version https://git-lfs",),
}
# A pickle of protocol 0 or 1 that begins with an import, as those of an attack do.
_OLD = re.compile(
    rb"[(\]}l]{0,3}c[A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n|[(]{1,3}[\s\S]{0,200}?i(os|posix|subprocess|builtins)\n"
)
PROGRAM_KINDS = frozenset({"elf", "pe", "mach-o", "java", "wasm", "pyc", "script"})
PROGRAMS = (
    ".py", ".pyw", ".pyc", ".ipynb", ".sh", ".bash", ".zsh", ".bat", ".cmd", ".ps1", ".vbs", ".js", ".mjs", ".jar",
    ".class", ".exe", ".dll", ".so", ".dylib", ".msi", ".whl", ".egg", ".wasm", ".rb", ".pl", ".php", ".lua", ".com",
    ".scr", ".elf", ".out", ".app", ".deb", ".rpm", ".apk", ".o",
)  # fmt: skip
PICKLES = (
    ".pkl",
    ".pickle",
    ".p",
    ".dill",
    ".joblib",
    ".pt",
    ".pth",
    ".ckpt",
    ".sav",
    ".cloudpickle",
    ".gpickle",
    ".pck",
)
ARCHIVES = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".7z", ".rar", ".npz")
DATA = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".pq", ".arrow", ".feather", ".bin", ".data", ".dat")
SETTINGS = (".json", ".yaml", ".yml", ".toml", ".cfg")
TEXTS = (".txt", ".text", ".md", ".markdown", ".rst")  # which may begin with a program that they show


def kind_of(head: bytes) -> str:
    """What begins with these bytes: a kind of program, archive or pickle; empty for all else."""
    known = next((kind for kind, magics in _MAGIC.items() if head.startswith(magics)), "")
    return known or next((kind for kind, is_one in _TESTS.items() if is_one(head)), "")


_TESTS: dict[str, Callable[[bytes], object]] = {
    "tar": lambda head: head[257:262] == b"ustar",
    "pyc": lambda head: head[1:4] == b"\r\r\n" and len(head) >= 16,
    "pe": lambda head: head.startswith(b"MZ") and b"\x00" in head[:64],
    "script": lambda head: head.startswith(b"#!") and b"/" in head[:80].split(b"\n")[0],
    "pickle": lambda head: (head.startswith(MAGIC) and b"" < head[2:3] < b"\xa0") or _OLD.match(head),
}


def ends(path: str, suffixes: tuple[str, ...]) -> bool:
    """Whether a name ends so, in whatever case, packed or not."""
    name = path.lower()
    for packed in (".gz", ".bz2", ".xz", ".zst", ".lz4", ".z"):
        name = name.removesuffix(packed)
    return name.endswith(suffixes)


def pickled(kind: str, data: bytes) -> bytes:
    """The pickle in a file of this kind: all of it, or what follows the header of an array of objects."""
    if kind != "npy":
        return data if kind == "pickle" else b""
    wide = data[6:7] > b"\x01"
    start = (12 if wide else 10) + int.from_bytes(data[8:12] if wide else data[8:10], "little")
    return data[start:] if re.search(rb"'descr':\s*'\|?O'", data[:start][:65_536]) else b""
