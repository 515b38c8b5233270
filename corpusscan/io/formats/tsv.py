"""TSV: as CSV, but a tab comes first among the delimiters that its first line may have."""

from corpusscan.io.formats.csv import UNIT, count, names, read, schema, split, tables

SUFFIXES = (".tsv", ".tab")

__all__ = ["SUFFIXES", "UNIT", "count", "names", "read", "schema", "split", "tables"]
