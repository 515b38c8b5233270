"""WARC and WET: what is a row, what is a page, and what becomes of records that lie."""

import gzip
import random
import zlib

import pytest

from corpusscan.io.formats import warc
from corpusscan.io.layout import members, payloads

PAGE = b"<!DOCTYPE html><html><body><p>A page of the river town.</p></body></html>"


def record(body, *, kind="response", length=None, extra=(), end=b"\r\n\r\n", n=1, version="1.0"):
    """One record as it stands in a file."""
    headers = [
        f"WARC/{version}", f"WARC-Type: {kind}", f"WARC-Record-ID: <urn:uuid:{n}>",
        f"WARC-Target-URI: https://Town{n}.example/a?b", f"WARC-Date: 2024-05-0{n}T10:11:12Z", *extra,
        f"Content-Length: {len(body) if length is None else length}",
    ]  # fmt: skip
    return "\r\n".join(headers).encode() + b"\r\n\r\n" + body + end


def http(body, *headers, kind="text/html; charset=utf-8"):
    """A response with these headers."""
    lines = ["HTTP/1.1 200 OK", *([f"Content-Type: {kind}"] if kind else []), *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def page(text, n=1, **options):
    """A record of a page that says a text."""
    return record(http(f"<html><p>{text}</p></html>".encode()), n=n, **options)


GOOD = page("one", 1) + page("two", 2) + page("three", 3)


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_every_record_is_a_row_and_pages_are_html(read, name):
    """A Common Crawl file is read completely: all types are rows, and only pages have texts."""
    parts = [
        record(b"software: x\r\n", kind="warcinfo", extra=("Content-Type: application/warc-fields",)),
        record(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", kind="request"),
        record(http(PAGE), n=2, version="1.1"),
        record(b"fetchTimeMs: 1\r\n", kind="metadata"),
        record(http(b"\x89PNG\0\0", kind="image/png"), n=3),
        record(http(b'{"a": "b"}', kind="application/json"), n=4),
        record(b"", kind="revisit"),
    ]
    data = b"".join(map(gzip.compress, parts)) if name.endswith("gz") else b"".join(parts)
    found = read({name: data})
    assert found.whole
    assert found.only.rows == found.only.scanned == 7
    assert [(one["row"], one["field"], one["text"]) for one in found.texts] == [
        (2, "html", PAGE.decode()), (5, "text", '{"a": "b"}')
    ]  # fmt: skip
    document = found.documents[2]
    assert (document["id"], document["source"]) == ("<urn:uuid:2>", "town2.example")
    assert str(document["time"]) == "2024-05-02 10:11:12+00:00"
    assert found.reasons("scanned") == {"no_text_type": 1, "nothing_to_scan": 5}


def test_wet_is_text(read):
    """What a conversion holds is the text, whatever its name says."""
    text = "Über dem Fluß\nliegt Nebel <b>"
    body = record(text.encode(), kind="conversion", extra=("Content-Type: text/plain",))
    found = read({"a.warc.wet.gz": gzip.compress(record(b"x: y", kind="warcinfo")) + gzip.compress(body)})
    assert found.whole
    assert [(one["row"], one["field"], one["text"]) for one in found.texts] == [(1, "text", text)]


def test_a_member_may_hold_several_records(read):
    """A file that was packed as a whole is read like one packed record by record."""
    assert read({"a.warc.gz": gzip.compress(GOOD)}).contents == read({"a.warc": GOOD}).contents


@pytest.mark.parametrize(
    ("body", "headers", "kind"),
    [
        (b"5\r\n<html\r\n4;x=y\r\n><p>\r\n6\r\nH\xc3\xa9llo\r\n0\r\n\r\n", ["Transfer-Encoding: chunked"], "text/html"),
        ("<html><p>Héllo".encode(), ["Transfer-Encoding: chunked"], "text/html"),
        (gzip.compress("<html><p>Héllo".encode(), mtime=0), ["Content-Encoding: gzip"], "text/html"),
        (zlib.compress("<html><p>Héllo".encode()), ["Content-Encoding: deflate"], "text/html"),
        (zlib.compress("<html><p>Héllo".encode(), wbits=-15), ["content-encoding : Deflate"], "text/html"),
        ("<html><p>Héllo".encode(), ["Content-Encoding: gzip"], "text/html"),
        ("<html><p>Héllo".encode("latin-1"), [], "text/html; charset=ISO-8859-1"),
        ("<html><p>Héllo".encode("latin-1"), [], "text/html; charset=unicode_escape"),
        ("\ufeff<html><p>Héllo".encode("utf-16-le"), [], "text/html; charset=latin1"),
        ("<html><p>Héllo".encode(), [], None),
        ("<html><p>Héllo".encode(), [], "application/octet-stream"),
    ],
)
def test_what_http_does_to_a_page_is_undone(read, body, headers, kind):
    """Chunks, encodings and character sets, with the lies that crawlers and servers tell about them."""
    found = read({"a.warc": record(http(body, *headers, kind=kind))})
    assert found.whole
    assert [(one["field"], one["text"]) for one in found.texts] == [("html", "<html><p>Héllo")]


def test_the_page_says_its_characters(read):
    """Where HTTP is silent, a meta element counts; what is read as ASCII is no UTF-16."""
    russian = '<html><meta charset="koi8-r"><p>Река'
    wide = '<html><meta charset="utf-16"><p>Река'
    data = record(http(russian.encode("koi8-r"), kind="text/html")) + record(http(wide.encode(), kind="text/html"))
    assert read({"a.warc": data}).contents == [russian, wide]


def test_what_is_packed_otherwise_is_skipped_by_name(read, monkeypatch):
    """Unknown encodings, bombs and damage are counted; the page behind them is read."""
    monkeypatch.setattr(warc, "MAX_RECORD", 100_000)
    bodies = [
        http(b"x", "Content-Encoding: br"), http(b"x", "Content-Encoding: \x1b[31m"),
        http(b"x", "Content-Encoding: gzip, gzip, gzip, gzip"),
        http(gzip.compress(bytes(10**6)), "Content-Encoding: gzip"),
        http(b"\x1f\x8bgarbage", "Content-Encoding: gzip"),
    ]  # fmt: skip
    found = read({"a.warc": b"".join(map(record, bodies)) + page("behind")})
    assert found.reasons("skipped") == {
        "brotli_encoding": 1, "unknown_encoding": 1, "too_many_encodings": 1, "record_too_large": 1
    }  # fmt: skip
    assert found.reasons("errored") == {"corrupt_encoding": 1}
    assert found.contents == ["<html><p>behind</p></html>"]


@pytest.mark.parametrize("length", [0, 3, 17, 60, 200, 10**6, 10**30, "-5", "x", "", "5\r\nContent-Length: 7", "１２"])
def test_a_record_that_lies_about_its_length_costs_itself_alone(read, length):
    """A wrong length, whatever it is, is counted, and the records round it are read."""
    found = read({"a.warc": page("one") + page("two", length=length) + page("three")})
    assert found.contents == ["<html><p>one</p></html>", "<html><p>three</p></html>"]
    assert found.only.errored == 1
    assert set(found.reasons("errored")) <= {"wrong_length", "bad_length"}


def test_missing_ends_and_blank_lines_are_forgiven(read):
    """A record that ends where its length says needs no blank lines behind it, and may have more."""
    data = page("one", end=b"") + page("two", end=b"\n\n") + page("three", end=b"\r\n" * 9)
    assert len(read({"a.warc": data}).contents) == 3


def test_junk_and_headers_without_end(read):
    """Junk between records is one row that could not be read; so is a record whose headers do not end."""
    long = b"WARC/1.0\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n"
    many = b"WARC/1.0\r\n" + b"X: y\r\n" * 50_000 + b"\r\n"
    data = page("one") + b"junk\r\n" * 9 + page("two") + long + page("three") + many + b"WARC/1.0\r\nA: b\r\n" + GOOD
    found = read({"a.warc": data})
    assert len(found.contents) == 6
    assert found.reasons("errored") == {"not_a_record": 1, "headers_too_long": 2, "no_end_of_headers": 1}


def test_a_record_above_the_bound_is_skipped(read, monkeypatch):
    """A block of any length is passed over without being held."""
    monkeypatch.setattr(warc, "MAX_RECORD", 1_000_000)
    found = read({"a.warc": page("one") + record(b"x" * 3_000_000) + page("two", length=2_000_000) + page("three")})
    assert found.reasons("skipped") == {"record_too_large": 1}
    assert found.reasons("errored") == {"wrong_length": 1}
    assert len(found.contents) == 2


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_cut_file_never_looks_whole(read, pack):
    """Cut at any byte but between two records, the file is said to be incomplete."""
    first = pack(page("one"))
    whole = first + pack(page("two", 2))
    name = "a.warc.gz" if pack is gzip.compress else "a.warc"
    for stop in range(1, len(whole)):
        found = read({name: whole[:stop]})
        assert found.whole == (stop == len(first)), stop


@pytest.mark.parametrize("at", [0, 3, 12, 40, 90, -6])
def test_a_damaged_member_costs_itself_alone(read, at):
    """Reading goes on at the next member that holds a record, and the file is called incomplete."""
    packed = [gzip.compress(page(word, n, extra=(f"X: {random.Random(n).randbytes(99).hex()}",)))
              for n, word in enumerate(("one", "two", "three"), 1)]  # fmt: skip
    middle = bytearray(packed[1])
    middle[at] ^= 0xFF
    found = read({"a.warc.gz": packed[0] + bytes(middle) + packed[2]})
    assert {"<html><p>one</p></html>", "<html><p>three</p></html>"} <= set(found.contents)
    assert not found.whole
    assert found.only.unknowable
    assert found.documents[-1]["row"] == 2


def test_many_damaged_members_end_the_file(read, monkeypatch):
    """After so many damaged stretches the rest is given up, and said to be."""
    monkeypatch.setattr(members, "MOST", 5)
    broken = gzip.compress(page("x"))[:-8] + bytes(8)
    found = read({"a.warc.gz": broken * 50})
    assert found.only.unknowable


def test_nuls_and_odd_headers_are_data(read):
    """NULs, line breaks and terminal codes in headers and pages stay what they are."""
    data = record(http(b"<html>a\0b"), extra=("WARC-Target-URI: x\0y", " folded", "no colon", ": no name"))
    found = read({"a.warc": data})
    assert found.whole
    assert found.contents == ["<html>a\0b"]


def test_segments_are_skipped_by_name(read):
    """The parts of a record are not joined: each is counted, and the file is not called complete."""
    data = page("one", extra=("WARC-Segment-Number: 1",)) + record(b"more", kind="continuation") + page("two")
    found = read({"a.warc": data})
    assert found.reasons("skipped") == {"segmented_record": 2}
    assert found.contents == ["<html><p>two</p></html>"]


@pytest.mark.parametrize("seed", range(30))
def test_random_damage_never_raises(read, seed):
    """Whatever is flipped, cut or repeated: an account, and no traceback."""
    chance = random.Random(seed)
    data = bytearray(GOOD * 3 if seed % 2 else b"".join(gzip.compress(page("x", n)) for n in range(1, 9)))
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(data))
        data[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
    read({"a.warc" if seed % 2 else "a.warc.gz": bytes(data)})


def test_other_archives_of_pages_are_refused_by_name(read):
    """WAT holds no texts, ARC is another format: both are named, neither is read."""
    found = read({"a.warc": GOOD, "b.warc.wat.gz": gzip.compress(GOOD), "c.arc": b"filedesc://x"})
    assert [(name, reason) for name, _, _, reason in found.plan.skipped] == [
        ("b.warc.wat.gz", "wat_metadata"), ("c.arc", "arc_file")
    ]  # fmt: skip


def test_chunks_that_break_off_are_shown_as_they_are():
    """A lenient reader shows what follows the last good chunk."""
    block = http(b"3\r\nabc\r\nzz\r\n", "Transfer-Encoding: chunked", kind="text/plain")
    assert payloads.text(block, {}, 1000) == ("text", "abczz\r\n", ("broken_chunks",))
