"""Values of Thrift's compact protocol, in which Parquet says where things lie; of them only the fields that are wanted.

Specification: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

_KEPT = 2**21  # elements of lists that are kept
_DEPTH = 16
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS = (4, 5, 6)
Fields: TypeAlias = "Mapping[int, Fields]"
"""Fields of a struct that are kept, each with those of the structs in it."""
ELEMENTS: Fields = {0: {}}
"""A list of plain values, to be kept."""


class Compact:
    """Values of Thrift's compact protocol; raises `IndexError` or `ValueError` where there are none."""

    def __init__(self, data: bytes) -> None:
        self.data, self.position, self.kept = data, 0, 0

    def byte(self) -> int:
        """The next byte."""
        self.position += 1
        return self.data[self.position - 1]

    def varint(self) -> int:
        """A number of seven bits to a byte."""
        value = shift = 0
        while shift < 70:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise ValueError("a number of more than ten bytes")

    def integer(self) -> int:
        """A number that may be below zero."""
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def take(self, count: int) -> bytes:
        """So many bytes."""
        if count > len(self.data) - self.position:
            raise ValueError("a length beyond the end")
        self.position += count
        return self.data[self.position - count : self.position]

    def value(self, kind: int, depth: int, wanted: Fields) -> Any:
        """A value of a kind of the protocol."""
        if kind in _INTEGERS:
            return self.integer()
        if kind in (_BYTE, _DOUBLE):
            return self.take(1 if kind == _BYTE else 8)
        if kind == _BINARY:
            return self.take(self.varint())
        if kind in (_LIST, _SET):
            return self.list(depth + 1, wanted)
        if kind == _STRUCT:
            return self.struct(depth, wanted)
        raise ValueError(f"type {kind}, which no footer has")

    def list(self, depth: int, wanted: Fields) -> list[Any]:
        """A list; its elements are kept where something of them is wanted."""
        if depth > _DEPTH:
            raise ValueError("nested too deep")
        header = self.byte()
        count = header >> 4 if header >> 4 < 15 else self.varint()
        if count > len(self.data) - self.position:
            raise ValueError("a list beyond the end")
        kind = header & 15
        self.kept += count if wanted else 0
        if self.kept > _KEPT:
            raise ValueError(f"more than {_KEPT:,} columns and row groups")
        found = []
        for _ in range(count):
            value = self.byte() if kind in (_TRUE, _FALSE) else self.value(kind, depth, wanted)
            if wanted:
                found.append(value)
        return found

    def struct(self, depth: int, wanted: Fields) -> dict[int, Any]:
        """The wanted fields of a struct, by number."""
        if depth > _DEPTH:
            raise ValueError("nested too deep")
        fields: dict[int, Any] = {}
        number = 0
        while (header := self.byte()) != _STOP:
            number = number + (header >> 4) if header >> 4 else self.integer()
            kind = header & 15
            within = wanted.get(number, {})
            value = kind == _TRUE if kind in (_TRUE, _FALSE) else self.value(kind, depth + 1, within)
            if number in wanted:
                fields[number] = value
        return fields
