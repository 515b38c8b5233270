"""A stream of blocks as windows of whole lines, each laid into the memory of the one before.

Memory that is used again stays in the processor's cache: fresh megabytes for every block cost more
than framing what they hold.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from corpusscan.errors import UnreadableError
from corpusscan.io.layout.compression import until_failure

MAX_LINE = 128 * 2**20  # a longer line is skipped, and counted
_SMALL = 2**21  # bytes of a window of ordinary lines


class Window:
    """Bytes that can be read eight at a time from any place; two words more than they fill are there."""

    def __init__(self) -> None:
        self.size = 0
        self._make(_SMALL)

    def _make(self, size: int) -> None:
        self.words: npt.NDArray[np.uint64] = np.zeros(size // 8 + 2, np.uint64)
        self.bytes = self.words.view(np.uint8).data

    def add(self, block: bytes | memoryview) -> None:
        """Append `block`; grows where it must."""
        if self.size + len(block) > len(self.bytes) - 16:
            held = self.bytes[: self.size]
            self._make(2 * (self.size + len(block)))
            self.bytes[: self.size] = held
        self.bytes[self.size : self.size + len(block)] = block
        self.size += len(block)

    def clear(self) -> None:
        """Forget what is there, and the memory of an extraordinary line."""
        self.size = 0
        if len(self.bytes) > 4 * _SMALL:
            self._make(_SMALL)


def windows(source: Iterator[bytes]) -> Iterator[Window | None]:
    """Whole lines of `source`, each window good until the next is asked for; None stands for a line above MAX_LINE.

    What came before the source failed is given, then the error is raised: a line without its end is a line.
    """
    window = Window()
    failures: list[UnreadableError] = []
    lost = False  # the line at hand is too long already: only its end is looked for
    for block in until_failure(source, failures):
        begin, first, cut = 0, block.find(b"\n") + 1, block.rfind(b"\n") + 1
        if first and (lost or window.size + first > MAX_LINE):
            yield None
            window.clear()
            lost, begin = False, first
        if begin < cut:
            window.add(memoryview(block)[begin:cut])
            yield window
            window.clear()
        if lost or window.size + len(block) - cut > MAX_LINE:
            window.clear()
            lost = True
        else:
            window.add(memoryview(block)[cut:])
    if lost or window.size:
        yield None if lost else window
    if failures:
        raise failures[0]
