"""The texts of a batch, one of them open at a time, so that bytes are found again as code points."""

from __future__ import annotations

import numpy as np

from corpusscan.detector import Batch
from corpusscan.kernels import folding


class Opened:
    """One text at a time: a long one may hold many places that are looked at, and is decoded once."""

    def __init__(self, batch: Batch) -> None:
        self.texts = batch.texts
        self.number, self.text = -1, ""
        self.points = np.zeros(1, np.int32)  # of each byte of the text, and of its end

    def open(self, number: int) -> None:
        """Open the text of that number."""
        if number != self.number:
            self.number, self.text = number, self.texts["text"][number].as_py()
            self.points = np.append(folding.code_points(self.text.encode()), np.int32(len(self.text)))

    @property
    def field(self) -> str:
        """Where the open text stands."""
        return str(self.texts["field"][self.number].as_py())

    @property
    def start(self) -> int:
        """Code point of the field at which the open text begins."""
        return int(self.texts["start"][self.number].as_py())
