"""Compressed files: every byte that is there is read, and a file that ends early is never complete."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from corpusscan.errors import UnreadableError
from corpusscan.io.layout import compression

Read = Callable[..., Any]
LINES = [b'{"id": %d, "text": "record %d"}\n' % (i, i) for i in range(40)]
DATA = b"".join(LINES)
SKIPPABLE = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"


def zstd(data: bytes) -> bytes:
    """One frame with a checksum."""
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress, "zst": zstd, "bz2": bz2.compress, "xz": lzma.compress,
}  # fmt: skip
NAMES = {"gz": "gzip", "zst": "zstd", "bz2": "bzip2", "xz": "xz"}
MAGIC = {
    "gz": compression.GZIP_MAGIC, "zst": compression.ZSTD_MAGIC,
    "bz2": compression.BZIP2_MAGIC, "xz": compression.XZ_MAGIC,
}  # fmt: skip
KINDS = pytest.mark.parametrize("kind", PACK)


@KINDS
def test_a_file_cut_at_any_byte_is_never_complete(read: Read, kind: str) -> None:
    """Of every proper prefix the records before the cut are scanned, and the loss is counted."""
    whole = PACK[kind](DATA)
    for cut in range(len(whole)):
        result = read({f"a.jsonl.{kind}": whole[:cut], "b.jsonl": b'{"text": ""}'})
        assert not result.whole, cut
        mine = [text["text"] for text in result.texts]
        assert mine == [f"record {i}" for i in range(len(mine))]
    assert len(read({f"a.jsonl.{kind}": whole}).texts) == 40


@KINDS
def test_parts_of_any_size_are_one_stream(read: Read, kind: str) -> None:
    """Members, frames and streams, empty ones too, may end inside a line; all are read."""
    random.seed(3)
    for count in (2, 3, 10, 200):
        cuts = sorted(random.choices(range(len(DATA)), k=count - 1))
        parts = [DATA[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(DATA)], strict=True)]
        result = read({f"a.jsonl.{kind}": b"".join(map(PACK[kind], parts))})
        assert len(result.texts) == 40
        assert result.whole


@KINDS
def test_a_cut_between_parts_shows_what_is_there(read: Read, kind: str) -> None:
    """A file that ends with a part is a whole file: nobody could know of more."""
    result = read({f"a.jsonl.{kind}": PACK[kind](DATA)})
    assert result.whole
    assert result.only.rows == 40


@KINDS
def test_an_empty_stream_is_complete_and_empty(read: Read, kind: str) -> None:
    """Nothing, compressed, is a file without records."""
    result = read({f"a.jsonl.{kind}": PACK[kind](b""), "b.jsonl": b'{"text": "x"}'})
    assert result.contents == ["x"]
    assert result.whole


@pytest.mark.parametrize("tail", [b"junk", b"\x1f", b"\x28\xb5", b'{"text": "after"}\n', b"\x1f\x8c" + bytes(20)])
@KINDS
def test_trailing_junk_is_counted_and_what_came_before_is_scanned(read: Read, kind: str, tail: bytes) -> None:
    """Bytes after the last part are no data and no silence."""
    result = read({f"a.jsonl.{kind}": PACK[kind](DATA) + tail})
    assert len(result.texts) == 40
    assert not result.whole
    assert set(result.reasons("errored")) <= {"trailing_junk", f"truncated_{NAMES[kind]}"}


def test_zero_padding_is_no_junk(read: Read) -> None:
    """Tape-minded tools pad with zeros; gzip and xz ignore them, and so must we, between members too."""
    for padding in (4, 512, 4096, 10_000):
        for kind in ("gz", "xz"):
            pad, pack = bytes(padding), PACK[kind]
            result = read({f"a.jsonl.{kind}": pack(LINES[0]) + pad + pack(LINES[1]) + pad})
            assert result.contents == ["record 0", "record 1"]
            assert result.whole


def test_skippable_frames_are_skipped(read: Read) -> None:
    """Zstandard's frames for other programs, in front, between and behind, hold no data."""
    data = SKIPPABLE + zstd(LINES[0]) + SKIPPABLE * 2 + zstd(LINES[1]) + SKIPPABLE
    assert read({"a.jsonl.zst": data}).contents == ["record 0", "record 1"]
    assert read({"a.jsonl.zst": data}).whole
    assert not read({"a.jsonl.zst": data[:-1]}).whole


@KINDS
def test_one_flipped_bit_is_never_silence(read: Read, kind: str) -> None:
    """Checksums are checked: a changed byte of the payload is counted, or changes nothing that is read."""
    whole = PACK[kind](DATA)
    expected = [f"record {i}" for i in range(40)]
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        result = read({f"a.jsonl.{kind}": bytes(damaged), "b.jsonl": b'{"text": ""}'})
        assert not result.whole or result.contents == expected, place


def test_the_suffix_says_less_than_the_bytes(read: Read) -> None:
    """Compression is known by the first bytes: a wrong or missing suffix loses nothing."""
    files = {"a.jsonl": gzip.compress(LINES[0]), "b.jsonl.gz": LINES[1], "c.jsonl.gz": zstd(LINES[2])}
    assert read(files).contents == ["record 0", "record 1", "record 2"]


def test_a_window_beyond_the_bound_is_counted(read: Read) -> None:
    """A frame may ask for gigabytes of window: refused, and counted under its own name."""
    header = b"\x28\xb5\x2f\xfd\x00" + bytes([(31 - 10) << 3])  # no single segment; a window of 2 GiB
    block = ((len(DATA) << 3) | 1).to_bytes(3, "little") + DATA  # the last block, stored
    result = read({"a.jsonl.zst": header + block, "b.jsonl": b'{"text": ""}'})
    assert result.reasons("errored") == {"zstd_window_too_large": 1}


@KINDS
def test_a_bomb_comes_in_blocks(tmp_path: Path, kind: str) -> None:
    """Whatever a few bytes expand to, no block is larger than said, so a line above the limit costs no more than it."""
    bomb = PACK[kind](b"\n" * (64 * 2**20))
    (tmp_path / "bomb").write_bytes(bomb)
    sizes = [len(block) for block in compression.blocks(tmp_path / "bomb", compression.kind_of(bomb[:16]))]
    assert sum(sizes) == 64 * 2**20
    assert max(sizes) <= compression.BLOCK


@given(st.binary(max_size=200), st.sampled_from(sorted(PACK)))
def test_any_bytes_behind_a_magic_number_fail_by_name(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, kind: str
) -> None:
    """Garbage that claims to be compressed raises `UnreadableError` with a known reason, or decodes."""
    path = tmp_path_factory.mktemp("garbage") / "a"
    magic = MAGIC[kind]
    path.write_bytes(magic + data)
    reasons = []
    try:
        list(compression.blocks(path, compression.kind_of(magic)))
    except UnreadableError as error:
        reasons.append(error.reason.split("_")[0])
    assert set(reasons) <= {"truncated", "corrupt", "trailing", "zstd", "xz"}


@given(st.binary(max_size=2000), st.integers(1, 50))
def test_gzip_of_every_level_reads_back(tmp_path_factory: pytest.TempPathFactory, data: bytes, step: int) -> None:
    """Stored, fixed and dynamic blocks, with flushes between: the bytes come back."""
    packer = zlib.compressobj(step % 10, zlib.DEFLATED, 31)
    parts = [packer.compress(data[i : i + step]) + packer.flush(zlib.Z_FULL_FLUSH) for i in range(0, len(data), step)]
    path = tmp_path_factory.mktemp("levels") / "a.gz"
    path.write_bytes(b"".join(parts) + packer.flush())
    assert b"".join(compression.blocks(path, "gzip")) == data


def test_a_stream_that_asks_for_much_memory_is_counted(tmp_path: Path) -> None:
    """An xz stream may ask for gigabytes of dictionary: refused, and counted under its own name."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 2**29}]
    (tmp_path / "a.xz").write_bytes(lzma.compress(DATA, lzma.FORMAT_XZ, filters=filters))
    with pytest.raises(UnreadableError) as caught:
        list(compression.blocks(tmp_path / "a.xz", "xz"))
    assert caught.value.reason == "xz_memory_too_large"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_mark_tells_how_characters_are_spelled(
    read: Read, encoding: str, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """UTF-16 and UTF-32, plain or packed, give the records that UTF-8 gives, however large the blocks and shards."""
    text = "".join(f'{{"text": "gr\u00fc\u00df {i} \U0001f600"}}\n' for i in range(500))
    data = ("\ufeff" + text).encode(encoding) if encoding.endswith("be") else text.encode(encoding)
    monkeypatch.setattr(compression, "BLOCK", 1001)
    result = read({"a.jsonl": pack(data)}, shard_bytes=1000)
    assert result.contents == [f"gr\u00fc\u00df {i} \U0001f600" for i in range(500)]
    assert result.whole


@pytest.mark.parametrize(
    ("name", "head", "reason"),
    [("a.zip", b"PK\x03\x04", "zip_archive"), ("a.data", b"PK\x03\x04", "zip_archive"), ("a.tar", b"x", "tar_archive"),
     ("a.tar.gz", b"x", "tar_archive"), ("a.tgz", b"x", "tar_archive"), ("a.7z", b"x", "7z_archive"),
     ("a.rar", b"x", "rar_archive")],
)  # fmt: skip
def test_an_archive_is_skipped_by_its_name(read: Read, name: str, head: bytes, reason: str) -> None:
    """What lies in an archive was not read, and the report says so."""
    result = read({name: head + bytes(40), "b.jsonl": b'{"text": "x"}'})
    assert [(file, status, why) for file, _, status, why in result.plan.skipped] == [(name, "skipped", reason)]
    assert not result.whole
