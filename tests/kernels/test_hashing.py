"""Document hashes: by content alone, with borders, keyed where asked, the same for every way texts lie in memory."""

from __future__ import annotations

import pyarrow as pa
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from corpusscan import schema
from corpusscan.detector import Batch
from corpusscan.kernels.hashing import content_hashes, document_digests, text_lengths, text_views

DOCUMENTS = st.lists(st.lists(st.text(max_size=5), max_size=3), min_size=1, max_size=8)


def batch(documents: list[list[str]], key: bytes = bytes(32), chunks: int = 1) -> Batch:
    """Documents of some texts each; the texts in `chunks` chunks."""
    rows = [{"row": 5 * number} for number in range(len(documents))]
    texts = [
        {"row": 5 * n, "field": "text", "start": 0, "text": text} for n, own in enumerate(documents) for text in own
    ]
    table = pa.Table.from_pylist(texts, schema=schema.TEXTS)
    step = max(len(texts) // chunks, 1)
    parts = [table.slice(start, step) for start in range(0, len(texts), step)]
    return Batch(
        pa.Table.from_pylist(rows, schema=schema.DOCUMENTS),
        pa.concat_tables([table.slice(0, 0), *parts]),
        schema.ANOMALIES.empty_table(),
        key,
    )


@given(DOCUMENTS, st.integers(1, 4))
def test_equal_documents_alone_have_equal_hashes(documents: list[list[str]], chunks: int) -> None:
    """One hash per document in order; equal exactly where the lists of texts are, whatever the chunks."""
    hashes = content_hashes(batch(documents, chunks=chunks))
    assert hashes == content_hashes(batch(documents))
    for one, first in zip(documents, hashes, strict=True):
        for other, second in zip(documents, hashes, strict=True):
            same = one == other or ({len(one), len(other)} == {0, 1} and not "".join([*one, *other]))
            assert (first == second) == same


def test_a_document_of_one_text_has_the_hash_of_its_bytes() -> None:
    """So that anybody can find a document again with b3sum."""
    assert content_hashes(batch([["naïve"]])) == [blake3("naïve".encode()).hexdigest(16)]


def test_the_key_changes_digests_and_not_content_hashes() -> None:
    """Grouping is keyed, so that collisions cannot be prepared; naming is not."""
    one, two = batch([["a"], ["b", "c"]], bytes(32)), batch([["a"], ["b", "c"]], b"\1" * 32)
    assert document_digests(one) != document_digests(two)
    assert content_hashes(one) == content_hashes(two)
    assert document_digests(one)[0] == blake3(b"a", key=bytes(32)).digest(16)


@given(st.lists(st.text(max_size=9), max_size=20), st.integers(0, 5), st.integers(0, 10))
def test_views_and_lengths_are_those_of_the_texts(texts: list[str], start: int, length: int) -> None:
    """Of sliced and chunked columns too, without a copy."""
    column = pa.chunked_array([pa.array(texts, pa.large_string()), pa.array(["z"], pa.large_string())]).slice(
        start, length
    )
    wanted = [text.encode() for text in column.to_pylist()]
    assert [bytes(view) for view in text_views(column)] == wanted
    assert text_lengths(column).tolist() == [len(text) for text in wanted]
