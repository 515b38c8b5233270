"""Eight bytes at once: loads that need no alignment, and the first byte or bit that was marked."""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba.extending import intrinsic


def _eight(_: Any, words: Any, position: Any) -> Any:
    def load(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        memory = context.make_array(signature.args[0])(context, builder, args[0]).data
        place = builder.gep(builder.bitcast(memory, ir.IntType(8).as_pointer()), [args[1]])
        return builder.load(builder.bitcast(place, ir.IntType(64).as_pointer()), align=1)

    return numba.uint64(words, position), load


def _lowest(_: Any, bits: Any) -> Any:
    def count(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return numba.int64(bits), count


eight: Any = intrinsic(_eight)
"""eight(words, position): the eight bytes at `position` of memory seen as uint64, first byte lowest; unchecked."""

lowest: Any = intrinsic(_lowest)
"""lowest(bits): which bit of a uint64 is the lowest that is set; 64 where none is."""


@numba.njit(cache=True, nogil=True, inline="always")
def first_high(marked):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Which of eight bytes is the first with its high bit set; only high bits may be, and one must."""
    return lowest(marked) >> 3
