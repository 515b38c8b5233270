"""What a record of a WARC file holds, as text: HTTP undone, by media type, in whatever characters it was written."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable
from typing import NamedTuple

import zstandard

from corpusscan.errors import UnreadableError

_HEADERS = 2**16  # bytes of HTTP headers that are looked for
_BLANK = re.compile(rb"\r?\n\r?\n")
_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\r\n]{0,256})?\r?\n")
_LAYERS = 3  # of encodings; a browser sends and takes one
SKIPPED = frozenset({"record_too_large", "brotli_encoding", "unknown_encoding", "too_many_encodings"})
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,256}<(?:!doctype\s{1,16}html|html)\b", re.IGNORECASE)
_META = re.compile(rb"<meta\b[^>]{0,256}?\bcharset\s{0,8}=\s{0,8}[\"']?\s{0,8}([\w:.-]{2,32})", re.IGNORECASE)
_XML = re.compile(rb"\s{0,16}<\?xml\b[^>]{0,128}?\bencoding\s{0,8}=\s{0,8}[\"']([\w:.-]{2,32})", re.IGNORECASE)
_PRESCAN = 4096  # bytes in which a page says what characters it is written in
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_LABEL = re.compile(r"charset\s{0,8}=\s{0,8}[\"']?\s{0,8}([\w:.-]{2,32})", re.IGNORECASE)
_LATIN = "cp1252"
# Labels of the WHATWG's Encoding standard, as Python's codecs have them; no other codec is ever asked.
_CODECS = {
    **dict.fromkeys(("utf-8", "utf8", "unicode-1-1-utf-8"), "utf-8"),
    **dict.fromkeys(("utf-16", "utf-16le", "unicode"), "utf-16-le"), "utf-16be": "utf-16-be",
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "l1", "ascii", "us-ascii", "windows-1252", "cp1252",
                     "x-cp1252", "iso_8859-1", "iso-8859-1-windows-3.1-latin-1"), _LATIN),
    **{f"windows-125{n}": f"cp125{n}" for n in (0, 1, 3, 4, 5, 6, 7, 8)},
    **{f"cp125{n}": f"cp125{n}" for n in (0, 1, 3, 4, 5, 6, 7, 8)},
    **{f"iso-8859-{n}": f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    "latin2": "iso8859-2", "iso-8859-8-i": "iso8859-8", "iso-8859-9": "cp1254", "latin5": "cp1254",
    **dict.fromkeys(("iso-8859-11", "tis-620", "windows-874"), "cp874"),
    **dict.fromkeys(("koi8-r", "koi8", "koi8_r"), "koi8-r"), **dict.fromkeys(("koi8-u", "koi8-ru"), "koi8-u"),
    **dict.fromkeys(("macintosh", "mac", "x-mac-roman"), "mac-roman"), "x-mac-cyrillic": "mac-cyrillic",
    **dict.fromkeys(("ibm866", "cp866", "866"), "cp866"),
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "gb_2312-80", "x-gbk", "chinese"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "x-x-big5", "cn-big5"), "big5hkscs"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "windows-31j", "ms932"), "cp932"),
    **dict.fromkeys(("euc-jp", "x-euc-jp"), "euc-jp"), "iso-2022-jp": "iso2022-jp",
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "korean", "windows-949", "cp949"), "cp949"),
}  # fmt: skip

Headers = dict[bytes, list[bytes]]


class Found(NamedTuple):
    """A text, the column it is for, and what about it is worth counting."""

    field: str
    text: str
    notes: tuple[str, ...] = ()


def text(block: bytes, headers: Headers, most: int) -> Found:
    """The text in the block of a response, resource or conversion; "" where its media type is none of text.

    Raises `UnreadableError` where it would be longer than `most` bytes, or where it is packed in an unknown way.
    """
    notes: list[str] = []
    body, said, fallback = block, _one(headers, b"content-type"), _one(headers, b"warc-identified-payload-type")
    if block[:5] == b"HTTP/" and (end := _BLANK.search(block, 0, _HEADERS)):
        http = _parsed(block[: end.start()])
        said = _one(http, b"content-type")
        body = _unchunked(block[end.end() :], http, notes)
        body = _unpacked(body, http, most)
    field = _field(said or fallback, body)
    if not field:
        return Found("text", "", ("no_text_type", *notes))
    if _one(headers, b"warc-type").lower() == "conversion":
        field, said = "text", "charset=utf-8"  # ISO 28500 leaves it open; all that write them write UTF-8
    return Found(field, _decoded(body, said, field, notes), tuple(notes))


def _one(headers: Headers, name: bytes) -> str:
    return headers.get(name, [b""])[0].decode("latin-1")


def _parsed(head: bytes) -> Headers:
    """Headers of HTTP, read as leniently as browsers do."""
    headers: Headers = {}
    for line in head.split(b"\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            headers.setdefault(name.strip().lower(), []).append(value.strip())
    return headers


def _unchunked(body: bytes, headers: Headers, notes: list[str]) -> bytes:
    """The body without the marks of chunks; as it stands where there are none, as crawlers often leave the header."""
    if b"chunked" not in b",".join(headers.get(b"transfer-encoding", ())).lower() or not _SIZE.match(body):
        return body
    parts: list[bytes] = []
    at = 0
    while match := _SIZE.match(body, at):
        size, begin = int(match[1], 16), match.end()
        if not size:
            return b"".join(parts)
        parts.append(body[begin : begin + size])
        at = begin + size
        at += 2 if body[at : at + 2] == b"\r\n" else body[at : at + 1] == b"\n"
    notes.append("broken_chunks")
    parts.append(body[at:])  # whatever it is, a lenient reader may show it
    return b"".join(parts)


def _unpacked(body: bytes, headers: Headers, most: int) -> bytes:
    """The body as it was before it was packed, at most so many bytes."""
    names = b",".join(headers.get(b"content-encoding", ())).lower().split(b",")
    layers = [name for part in names if (name := part.strip()) not in (b"", b"identity", b"none")]
    if len(layers) > _LAYERS:
        raise UnreadableError("too_many_encodings")
    for name in reversed(layers):
        if name in (b"gzip", b"x-gzip"):
            body = _inflated(body, 31, most) if body[:2] == b"\x1f\x8b" else body  # crawlers unpack and keep the header
        elif name == b"deflate":
            body = _inflated(body, 15 if _is_zlib(body) else -15, most)
        elif name == b"zstd":
            body = _zstandard(body, most) if body[:4] == b"\x28\xb5\x2f\xfd" else body
        else:
            raise UnreadableError("brotli_encoding" if name == b"br" else "unknown_encoding")
    return body


def _is_zlib(body: bytes) -> bool:
    return len(body) >= 2 and body[0] & 15 == 8 and (body[0] << 8 | body[1]) % 31 == 0


def _inflated(body: bytes, bits: int, most: int) -> bytes:
    return _bounded(lambda: zlib.decompressobj(bits).decompress(body, most + 1), most)


def _zstandard(body: bytes, most: int) -> bytes:
    decoder = zstandard.ZstdDecompressor(max_window_size=2**27)

    def undone() -> bytes:
        with decoder.stream_reader(io.BytesIO(body), read_across_frames=True) as stream:
            return bytes(stream.read(most + 1))

    return _bounded(undone, most)


def _bounded(undone: Callable[[], bytes], most: int) -> bytes:
    """What decoding gives; it is asked for one byte more than there may be."""
    try:
        out = undone()
    except (zlib.error, zstandard.ZstdError):
        raise UnreadableError("corrupt_encoding") from None
    if len(out) > most:
        raise UnreadableError("record_too_large")
    return out


def _field(said: str, body: bytes) -> str:
    """`html`, `text`, or "" where the media type is none of text; what says nothing is looked at."""
    kind = said.partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml") or _PAGE.match(body, 0, 1024):
        return "html"
    if kind.startswith("text/") or kind.endswith(("+json", "+xml")):
        return "text" if kind != "image/svg+xml" else ""
    if kind in ("application/json", "application/xml", "application/javascript", "application/x-javascript",
                "application/ecmascript", "application/ld+json", "application/yaml", "application/x-ndjson",
                ):  # fmt: skip
        return "text"
    return "text" if kind in ("", "unk", "unknown") and b"\0" not in body[:1024] else ""


def _decoded(body: bytes, said: str, field: str, notes: list[str]) -> str:
    """The body as characters: by its mark, what HTTP says, what the page says; else UTF-8, else Windows-1252."""
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return _read(body[len(mark) :], codec, notes)
    label = match[1] if (match := _LABEL.search(said)) else ""
    if label.lower() not in _CODECS:
        inside = (_META if field == "html" else _XML).search(body, 0, _PRESCAN)
        label = inside[1].decode() if inside else ""
        label = "utf-8" if label.lower().startswith("utf-16") else label  # what was read as ASCII is none
    codec = _CODECS.get(label.lower(), "")
    if codec not in ("", "utf-8"):
        return _read(body, codec, notes)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return _read(body, codec or _LATIN, notes)


def _read(body: bytes, codec: str, notes: list[str]) -> str:
    found = body.decode(codec, "replace")
    if "\ufffd" in found:
        notes.append("undecodable_bytes")
    return found
