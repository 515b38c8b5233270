"""Pages: as plain text, in a field of another name, by which detectors know that there is markup in it."""

from corpusscan.io.formats.text import FILES, UNIT, count, names, read, split

SUFFIXES = (".html", ".htm", ".xhtml")

__all__ = ["FILES", "SUFFIXES", "UNIT", "count", "names", "read", "split"]
