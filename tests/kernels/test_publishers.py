"""One hand behind several sources is one publisher."""

from __future__ import annotations

import pytest

from corpusscan.kernels.publishers import publisher


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("example.org", "example.org"),
        ("www.example.org", "example.org"),
        ("https://www.example.org/a/b?c=d#e", "example.org"),
        ("HTTP://News.Example.ORG:8080/x", "example.org"),
        ("a.b.c.example.org", "example.org"),
        ("bbc.co.uk", "bbc.co.uk"),
        ("news.bbc.co.uk", "bbc.co.uk"),
        ("news.a.co.uk/2024", "a.co.uk"),
        ("one.com.au", "one.com.au"),
        ("two.com.au", "two.com.au"),
        ("www.spiegel.de", "spiegel.de"),
        ("de.wikipedia.org", "wikipedia.org"),
        ("localhost", "localhost"),
        ("localhost:8000", "localhost"),
        ("192.168.0.1", "192.168.0.1"),
        ("http://192.168.0.1:80/x", "192.168.0.1"),
        ("192.168.0.2", "192.168.0.2"),
        ("user@mail.example.org", "example.org"),
        ("ftp://user:secret@files.example.org/x", "example.org"),
        ("dc_law/title7", "dc_law"),
        ("code/package 3/a.b.c", "code"),
        ("chinese_poetry", "chinese_poetry"),
        ("A book, vol. 2. 1890. London", "a book, vol. 2. 1890. london"),
        ("münchen.example.de", "example.de"),
        ("  www.example.org  ", "example.org"),
        ("", ""),
        ("/srv/data", "/srv/data"),
    ],
)
def test_publishers_of_sources(source: str, wanted: str) -> None:
    """Hosts, ports, users, paths, numbers, names and nothing."""
    assert publisher(source) == wanted


@pytest.mark.parametrize(
    "source", ["...", "://", "@", "a..b..c", ".", "http://", "\x00", "\u202e.a.b", "a." * 50, "[::1]:80"]
)
def test_whatever_a_source_is_it_has_a_publisher(source: str) -> None:
    """And no error."""
    assert isinstance(publisher(source), str)


def test_those_that_are_two_stay_two() -> None:
    """Sites under one public suffix, and two addresses."""
    names = [
        "a.example.co.uk",
        "a.other.co.uk",
        "a.example.org",
        "a.example.com",
        "10.0.0.1",
        "10.0.0.2",
        "dc_law/1",
        "code/1",
    ]
    assert len({publisher(name) for name in names}) == len(names)
