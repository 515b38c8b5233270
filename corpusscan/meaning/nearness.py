"""Stretches of text as tables: which are near one another, the groups they make, and what lies beside a group."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import filters
from corpusscan.detector import Limit, State, limits
from corpusscan.kernels import density, embedding, neighbours
from corpusscan.kernels.caps import shares
from corpusscan.kernels.density import Nodes
from corpusscan.kernels.latent import Floats

CELLS = 2  # of the cells that stretches are parted into, the nearest, that each is in
MOST = 2_000  # stretches of a group: what more of them say is a topic
GAP = 0.02  # of the cosine, by which a group stands out
MEMBERS, LOOKED_FOR = 1_000, 100_000  # documents of one group, and of all, that are looked at
FEWEST = 50  # documents of a group that it is judged by, where there are so many and not all can be looked at
BESIDE = 20  # stretches that are nearest to a group, that are drawn with it

STRETCHES = pa.schema(
    [
        ("row", pa.uint64()), ("part", pa.uint32()), ("partition", pa.uint32()), ("source", pa.uint64()),
        ("code", pa.binary(embedding.DIMENSIONS)), ("words", pa.list_(pa.uint64(), embedding.WORDS)),
    ]
)  # fmt: skip
OF = ["shard", "row", "part"]
NODE = [*OF, "source"]
NEAR = pa.schema(  # a stretch, and those of its cell that are near it: each pair once, by their places in the cell
    [
        ("shard", pa.uint32()), ("row", pa.uint64()), ("part", pa.uint32()), ("source", pa.uint64()),
        ("cell", pa.uint32()), ("others", pa.large_list(pa.uint32())), ("cosines", pa.large_list(pa.float32())),
    ]
)  # fmt: skip


def near(rows: pa.Table) -> tuple[pa.Table, int]:
    """The stretches of a cell as rows of `NEAR`, and how many comparisons were left out."""
    found = compared(rows)
    return listed(rows, found), found.left_out


def compared(rows: pa.Table) -> neighbours.Neighbours:
    """Which stretches of a cell are near one another, by their places in it."""
    column = rows["code"].combine_chunks()
    codes = np.frombuffer(column.buffers()[1], np.int8).reshape(-1, embedding.DIMENSIONS)[column.offset :][: len(rows)]
    words = rows["words"].combine_chunks().flatten().to_numpy().reshape(-1, embedding.WORDS)
    return neighbours.neighbours(codes, words, owners(rows))


def owners(rows: pa.Table) -> neighbours.Indices:
    """The document of each row, as a number."""
    shard, row = rows["shard"].to_numpy(), rows["row"].to_numpy()
    _, owner = np.unique(shard.astype(np.uint64) << np.uint64(40) | row, return_inverse=True)
    return owner.astype(np.int64)


def listed(rows: pa.Table, found: neighbours.Neighbours) -> pa.Table:
    """The stretches of a cell, and which of them are near one another, as rows of `NEAR`."""
    bounds = pa.array(np.searchsorted(found.left, np.arange(len(rows) + 1)))
    told = [pa.array(found.right.astype(np.uint32)), pa.array(found.cosine)]
    lists = [pa.LargeListArray.from_arrays(bounds, values) for values in told]
    columns = [rows[name].combine_chunks() for name in (*NODE, "partition")]
    return pa.table([*columns, *lists], schema=NEAR)


class Graph(NamedTuple):
    """Stretches (shard, row, part, source), numbered as they stand, and the pairs of those that are near, each once."""

    nodes: pl.DataFrame
    left: Nodes
    right: Nodes
    cosine: Floats


def graph(rows: pa.Table) -> Graph:
    """Rows of `NEAR`, those of a cell one after another; a stretch and a pair may be in several cells."""
    rows = rows if rows.num_rows else NEAR.empty_table()
    known = pl.DataFrame(rows.select(NODE))
    nodes = known.unique(OF).sort(OF)
    number = known.join(nodes.with_row_index("node"), on=OF, how="left", maintain_order="left")["node"].to_numpy()
    others, cosines = (rows[name].combine_chunks() for name in ("others", "cosines"))
    _, first, cell = np.unique(rows["cell"].to_numpy(), return_index=True, return_inverse=True)
    held = np.diff(others.offsets.to_numpy())
    left = np.repeat(number, held)
    right = number[others.flatten().to_numpy() + np.repeat(first[cell], held)]
    pairs = np.minimum(left, right).astype(np.uint64) << np.uint64(32) | np.maximum(left, right)
    _, kept = np.unique(pairs, return_index=True)
    left, right = (side[kept].astype(np.int32) for side in (left, right))
    return Graph(nodes, left, right, cosines.flatten().to_numpy()[kept])


def members(graph: Graph, found: list[density.Group]) -> pl.DataFrame:
    """The stretches of groups: node, shard, row, part, source, cluster (the number of the group) and its cosines."""
    sizes = [len(one.members) for one in found]
    nodes = np.concatenate([np.zeros(0, np.int64), *(one.members for one in found)])
    return graph.nodes[nodes].with_columns(
        pl.Series("node", nodes),
        pl.Series("cluster", np.repeat(np.arange(len(found)), sizes)),
        pl.Series("inside", np.repeat([one.inside for one in found], sizes), pl.Float64),
        pl.Series("outside", np.repeat([one.outside for one in found], sizes), pl.Float64),
    )


def beside(graph: Graph, members: pl.DataFrame, most: int) -> pl.DataFrame:
    """Of each group the `most` documents outside that a member has among its nearest, nearest first, like `members`."""
    of = np.full(len(graph.nodes), -1)
    of[members["node"].to_numpy()] = members["cluster"].to_numpy()
    inner, outer = np.append(graph.left, graph.right), np.append(graph.right, graph.left)
    out = (of[inner] >= 0) & (of[inner] != of[outer])
    near = pl.DataFrame(
        {"cluster": of[inner[out]], "node": outer[out], "cosine": np.append(graph.cosine, graph.cosine)[out]}
    ).sort("cluster", "cosine", "node", descending=[False, True, False])
    near = near.with_columns(graph.nodes[near["node"]]).join(members, on=["cluster", *OF[:2]], how="anti")
    near = near.unique(["cluster", *OF[:2]], keep="first", maintain_order=True)
    near = near.filter(pl.int_range(pl.len()).over("cluster") < most)
    told = members.select("cluster", "inside", "outside").unique("cluster")
    return near.join(told, on="cluster", maintain_order="left")


def looked_at(reduced: pa.Table, copies: int, groups: int) -> State:
    """Of the groups that pairs of near stretches make, those of so many documents that stand out most, at most so many.

    `named`: shard, row and part of their members, and of what is nearest to them, their cluster and its cosines;
    `limits`.
    """
    drawn = graph(reduced)
    found = density.groups(drawn.left, drawn.right, drawn.cosine, len(drawn.nodes), copies, MOST, GAP)
    own = members(drawn, found)
    counted = own.group_by("cluster").agg(
        documents=pl.struct("shard", "row").n_unique(),
        sources=pl.col("source").filter(pl.col("source") > 0).n_unique(),
        named=(pl.col("source") > 0).any(),
    )
    several = (pl.col("sources") >= filters.FEW_SOURCES) | ~pl.col("named")
    counted = counted.filter(several & (pl.col("documents") >= copies)).sort("cluster")
    taken = counted.head(groups)
    most = shares(taken["documents"].clip(upper_bound=MEMBERS).cast(pl.Int64).to_numpy(), LOOKED_FOR, FEWEST)
    taken = taken.with_columns(most=pl.Series(most, dtype=pl.Int64))
    named = own.join(taken, on="cluster").sort("shard", "row", "part")
    named = named.unique(["cluster", "shard", "row"], keep="first", maintain_order=True)
    named = named.filter(pl.int_range(pl.len()).over("cluster") < pl.col("most"))
    looked_at = [*OF, "cluster", "inside", "outside"]
    near_by = beside(drawn, own.filter(pl.col("cluster").is_in(taken["cluster"].implode())), BESIDE)
    return {
        "named": named.select(looked_at, beside=False).vstack(near_by.select(looked_at, beside=True)).to_arrow(),
        "limits": limits(
            Limit("members of groups by meaning looked at", LOOKED_FOR, _left(taken), "documents"),
            Limit("groups by meaning that are looked at", groups, len(counted) - len(taken), "groups"),
        ),
    }


def _left(taken: pl.DataFrame) -> int:
    return int((taken["documents"].cast(pl.Int64) - taken["most"]).clip(lower_bound=0).sum())
