"""rensa: `RMinHash.from_token_sets` in two processes, then `RMinHashLSH`; 126 permutations, for 18 bands."""

from __future__ import annotations

import common
from rensa import RMinHash, RMinHashLSH

PERMUTATIONS = common.BANDS * common.ROWS


def sketches(texts: list[str]) -> tuple[list[bool], list[RMinHash]]:
    tokens = [common.shingles(text) for text in texts]
    return [bool(words) for words in tokens], RMinHash.from_token_sets(tokens, num_perm=PERMUTATIONS, seed=42)


def main() -> None:
    source, target, _ = common.arguments()
    lsh = RMinHashLSH(threshold=common.SIMILARITY, num_perm=PERMUTATIONS, num_bands=common.BANDS)
    start, pairs = 0, []
    for filled, made in common.in_processes(sketches, source):
        kept = [(start + i, sketch) for i, (sketch, full) in enumerate(zip(made, filled, strict=True)) if full]
        lsh.insert_pairs(kept)
        # What was inserted before and shares a band; each pair is met when its later member comes.
        found = lsh.query_all([sketch for _, sketch in kept])
        pairs += [(row, other) for (row, _), others in zip(kept, found, strict=True) for other in others if other < row]
        start += len(made)
    common.write_pairs(pairs, start, target)


if __name__ == "__main__":
    main()
