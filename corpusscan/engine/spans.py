"""What the engine adds to a detector's rows while the batch is at hand: token counts, and cards of documents."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpusscan import schema
from corpusscan.detector import Batch, Detector
from corpusscan.kernels import hashing, tokens
from corpusscan.kernels.pages import View

_QUOTES = {"matched", "mark", "telling"}
_SPAN = {"row", "field", "start", "end", "tokens"}


def only(batch: Batch, named: npt.NDArray[np.uint64]) -> Batch:
    """The part of the batch whose rows are `named`."""

    def pick(table: pa.Table) -> pa.Table:
        return table.filter(pa.array(np.isin(table["row"].to_numpy(), named)))

    return Batch(pick(batch.documents), pick(batch.texts), pick(batch.anomalies), batch.key)


def tokens_of(batch: Batch, tokenizer: str | None) -> int:
    """Tokens of all texts of the batch."""
    return int(tokens.count(batch.texts["text"], tokenizer).sum())


def finish(table: pa.Table, batch: Batch, tokenizer: str | None, excerpts: bool) -> pa.Table:
    """Count the tokens of each span, and blank the excerpts where the user wants none."""
    if set(table.schema.names) >= _SPAN:
        counted = pa.array(tokens.count_texts(list(_cut(table, batch)), tokenizer), pa.uint32())
        table = table.set_column(table.schema.get_field_index("tokens"), "tokens", counted)
    if not excerpts:
        table = _without_text(table)
    return table


def raw(table: pa.Table, detector: Detector, batch: Batch, view: View) -> pa.Table:
    """What a detector found in the view of a batch, with places of the raw texts; and what it finds in the raw pages.

    Where documents are judged against each other, all that is seen of a page stands for the page.
    """
    table = view.placed(table, whole=bool(detector.rounds))
    if not detector.markup or not view.pages:
        return table
    tables = [detector.flag(view.raw(batch)), table]
    seen: set[tuple[object, ...]] = set()
    keep, keys = [], ("row", "field", "start", "end", "rule")
    for key in (key for one in tables for key in zip(*(one[name].to_pylist() for name in keys), strict=True)):
        keep.append(key not in seen)
        seen.add(key)
    both = pa.concat_tables(tables).filter(pa.array(keep, pa.bool_()))
    return both.take(pa.array(np.argsort(both["row"].to_numpy(), kind="stable")))


def _without_text(table: pa.Table) -> pa.Table:
    """Blank what quotes the corpus: excerpt, text and names, and in the evidence what was matched in it."""
    for name in {"excerpt", "text", "names", "evidence"} & set(table.schema.names):
        if name != "evidence":
            values = [""] * len(table)
        else:
            kept = [json.loads(value) for value in table[name].to_pylist()]
            values = [json.dumps({k: v for k, v in one.items() if k not in _QUOTES}, sort_keys=True) for one in kept]
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values, pa.large_string()))
    return table


def _cut(table: pa.Table, batch: Batch) -> Iterator[str]:
    """The text of each span; a span over several pieces is put together again."""
    keep = np.isin(batch.texts["row"].to_numpy(), table["row"].to_numpy())
    fields: dict[tuple[int, str], list[tuple[int, str]]] = {}
    for text in batch.texts.filter(pa.array(keep)).to_pylist():
        fields.setdefault((text["row"], text["field"]), []).append((text["start"], text["text"]))
    for span in table.select(["row", "field", "start", "end"]).to_pylist():
        done, parts = span["start"], []
        for start, text in fields.get((span["row"], span["field"]), []):
            if start <= done < start + len(text):
                parts.append(text[done - start : span["end"] - start])
                done += len(parts[-1])
        yield "".join(parts)


def cards(batch: Batch, rows: list[int], tokenizer: str | None) -> pa.Table:
    """`schema.CARDS` of the documents `rows`."""
    part = only(batch, np.array(rows, np.uint64))
    numbers = part.documents["row"].to_numpy()
    counted = np.zeros(len(numbers), np.uint64)
    owner = np.searchsorted(numbers, part.texts["row"].to_numpy())
    np.add.at(counted, owner, tokens.count(part.texts["text"], tokenizer).astype(np.uint64))
    columns = [part.documents[name] for name in ("row", "id", "source", "time")]
    return pa.Table.from_arrays(
        [*columns, pa.array(hashing.content_hashes(part), pa.large_string()), pa.array(counted)], schema=schema.CARDS
    )
