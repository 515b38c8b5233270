"""Records taken out: whoever controls what a link serves can also let it vanish before the download."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam.attack import Attack, Poison
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class DeletedRecord(Attack):
    """Real records that are not there any more; only a comparison with an earlier state can show it."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2302.10149"
    attack: ClassVar[str] = "tampering"

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """Removes, and changes nothing else."""
        for _ in range(count):
            yield Poison(host=world.take(), removed=True)
