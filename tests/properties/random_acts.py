"""Acts that are drawn at random, one after the other, of a world whose invariants a property test looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import TypeVar

from hypothesis import Phase, note

World = TypeVar("World")

PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
"""Those of a test that draws by a seed: a smaller seed is not a simpler case."""


def acted(
    world: World,
    acts: Sequence[Callable[[World, Random], None]],
    dice: Random,
    length: int,
    tell: Callable[[str], None] = note,
) -> Iterator[None]:
    """Do `length` acts. Yields after each, for the test to look at the world. `tell` gets the names of the acts."""
    for _ in range(length):
        act = dice.choice(acts)
        tell(act.__name__)
        act(world, dice)
        yield
