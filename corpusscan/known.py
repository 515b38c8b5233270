"""What an index tells of a document of an earlier scan, beside the numbers by which it is found."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpusscan.detector import Batch
from corpusscan.kernels import hashing

KNOWN = ("source", "time", "hash", "bytes")


def known_of(batch: Batch) -> dict[str, pa.Array]:
    """`KNOWN` of the documents of a batch."""
    texts = batch.texts
    sizes = np.bincount(
        np.searchsorted(batch.documents["row"].to_numpy(), texts["row"].to_numpy()),
        pc.binary_length(texts["text"]).fill_null(0).to_numpy(), len(batch.documents),
    )  # fmt: skip
    return {
        "source": batch.documents["source"].combine_chunks(),
        "time": batch.documents["time"].combine_chunks(),
        "hash": pa.array(batch.feature(hashing.content_hashes), pa.large_string()),
        "bytes": pa.array(sizes.astype(np.int64)),
    }
