"""Documents that say nearly the same, from how many sources and on how many days, and from which template.

Three rounds: sketches of all documents, whose bands pair those that may be copies; the sketches of these
once more, to check each pair before it unites anything; then a look at the members of the groups that
matter.  A cluster is evidence, not garbage (`copies`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import copies, pairing
from corpusscan.detector import EARLIER, Batch, Context, Detector, Limit, Round, State, limited, limits
from corpusscan.kernels import affine32, sketches
from corpusscan.kernels.caps import shares
from corpusscan.kernels.sketches import SHINGLE
from corpusscan.known import KNOWN, known_of

NAME = "near_duplicate"
LOOKED_AT = 9  # documents of a group whose texts are aligned
TEMPLATES = 100  # groups for which that is done, the largest first
TEXT = 4_000  # characters of a text that are kept for it
FEWEST = 50  # documents of a group that it is judged by, where there are so many and not all can be looked at
HELD = 64_000_000  # pairs that a conclusion takes in, 16 bytes each, one for each band that is shared
RULE = "near-copy"


@dataclass(frozen=True)
class Sketch(Round):
    """The sketch of every document that has a shingle; which of them share a band."""

    indexed: ClassVar[bool] = True
    index: bool  # whether there is one
    sketch: str  # its scheme

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, partition (the bands), checks (bytes); for an index also `KNOWN`, and signatures."""
        bands, checks, shingles, signed = self._sketched(batch)
        kept = np.flatnonzero(shingles)
        table = pairing.banded(batch.documents["row"].take(pa.array(kept)), bands[kept], checks[kept])
        for name, column in ((known_of(batch) | signed) if self.index else {}).items():
            table = table.append_column(name, column.take(pa.array(kept)))
        return table

    def _sketched(self, batch: Batch) -> tuple[sketches.Bands, sketches.Checks, Any, dict[str, pa.Array]]:
        """What `sketches.Sketches` holds; signatures that others can read, where the scheme makes them."""
        if self.sketch != affine32.NAME:
            return *sketches.sketched(*sketches.document_words(batch)), {}
        values, shingles = affine32.signatures(*sketches.document_words(batch))
        return *affine32.banded(values), shingles, {"signature": affine32.packed(values)}

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """Pairs of documents that share a band: columns left and right, as `pairing.joined` has them."""
        return limited(*pairing.shared(rows, HELD))

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`pairs`, each once, and `named`: who occurs in them, part by part of the pairs."""
        once = pairing.once(reduced)
        del reduced  # of copies it holds a pair for each band that they share
        return pairing.named(once)


@dataclass(frozen=True)
class Verify(Round):
    """Pairs whose sketches agree, and the groups that they make."""

    over: ClassVar[Any] = "left"
    indexed: ClassVar[bool] = True
    similarity: float
    copies: int
    looked: int

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The pairs among these documents that are alike: left, right, similarity; with an index `KNOWN` of both."""
        return pairing.checked(rows, pl.DataFrame(state["pairs"]), self.similarity, KNOWN).to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`copies`: what is a copy of what; `named`: members of groups that are looked at; `rows`: whose texts are
        kept; `earlier`: those of their members that only the index knows; `limits`."""
        frame = pairing.grouped(pairing.pairs(reduced), KNOWN)
        sizes = frame.group_by("cluster").agg(pl.len()).filter(pl.col("len") >= self.copies)
        sizes = sizes.sort(["len", "cluster"], descending=[True, False])
        share = shares(sizes["len"].cast(pl.Int64).to_numpy(), self.looked, FEWEST)
        named = frame.join(sizes.with_columns(share=share), on="cluster").sort("shard", "row")
        named = named.filter(pl.int_range(pl.len()).over("cluster") < pl.col("share"))
        left = int(sizes["len"].sum()) - len(named)
        here, earlier = (named.filter((pl.col("shard") >= EARLIER) == then) for then in (False, True))
        shown = here.join(sizes.head(TEMPLATES).select("cluster"), on="cluster", how="semi")
        texts = shown.group_by("cluster", maintain_order=True).head(LOOKED_AT)
        return {
            "copies": frame.filter(pl.col("shard") < EARLIER).select("shard", "row", "cluster").to_arrow(),
            "named": here.select("shard", "row", "cluster", "similarity").to_arrow(),
            "earlier": earlier.drop("len", "share").to_arrow(),
            "rows": texts.select(pl.col("row").unique().sort()).to_arrow(),
            "limits": limits(
                Limit("documents of groups that are looked at", self.looked, left, "documents"),
                Limit("groups that are aligned", TEMPLATES, len(sizes.slice(TEMPLATES)), "groups without a template"),
            ),
        }


@dataclass(frozen=True)
class Judge(Round):
    """The members of the groups, with their sources, days and template."""

    over: ClassVar[Any] = "members"

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row per text of a named document, with the text where it is to be aligned."""
        looked = copies.looked_at(batch)
        begun = {(text["row"], text["field"]): text["text"][:TEXT] for text in reversed(batch.texts.to_pylist())}
        wanted = set(state["rows"]["row"].to_pylist())
        texts = [
            begun[row, field] if row in wanted else None
            for row, field in zip(looked["row"].to_pylist(), looked["field"].to_pylist(), strict=True)
        ]
        return looked.append_column("text", pa.array(texts, pa.large_string()))

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows with the group that each belongs to; what is known of those that only the index knows."""
        here = pl.DataFrame(rows).join(pl.DataFrame(state["named"]), on=["shard", "row"], how="left")
        earlier = pl.DataFrame(state["earlier"]).select(set(here.columns) & set(state["earlier"].column_names))
        return pl.concat([here, earlier], how="diagonal").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups with their judgement and template."""
        if "cluster" not in reduced.column_names:
            return copies.concluded([], context, RULE)
        groups = pl.DataFrame(reduced).group_by("cluster", maintain_order=True)
        # Groups whose documents are all the same are what `exact_duplicate` finds, but not in earlier corpora.
        told = [rows for _, rows in groups if rows["hash"].n_unique() > 1 or max(rows["shard"]) >= EARLIER]
        return copies.concluded([_case(rows) for rows in told], context, RULE)


def _case(rows: pl.DataFrame) -> copies.Case:
    rows = rows.sort("shard", "row", "field")
    texts = [text for text in rows.filter(pl.col("field") == rows["field"][0])["text"] if text][:LOOKED_AT]
    similarity = round(rows["similarity"].quantile(0.5) or 0, 3)
    name = f"{NAME}:{rows['hash'].sort()[0][:16]}"
    return copies.case(name, rows, "Near-copies of one document", texts, similarity=similarity)


@dataclass(frozen=True)
class NearDuplicate(Detector):
    """Finds documents repeated with small changes over many sources and days, and the template behind them."""

    name: ClassVar[str] = NAME
    similarity: float = 0.75  # estimated, of the shingles: above what J = 0.7 reaches but seldom, see docs/detection.md
    copies: int = 5  # a smaller group is nobody's campaign
    looked: int = 300_000  # documents of groups; of each as many, where there are more
    index: bool = False  # whether documents of earlier scans are compared with, too
    sketch: str = "fss"  # or affine32, the one of datasketch, for exchange

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Sketch all, check the pairs, look at the members."""
        return (Sketch(self.index, self.sketch), Verify(self.similarity, self.copies, self.looked), Judge())

    def curve(self) -> tuple[str, dict[str, float]]:
        """The chance that a pair is found, by its Jaccard similarity."""
        points = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
        found = {f"{point:.2f}": sketches.recall(point, self.similarity) for point in points}
        return f"pairs found, by Jaccard similarity of their {SHINGLE}-word shingles", found

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "Nearly the same document from many sources"
