"""The seed of the random numbers that a run draws.

It is itself drawn from numpy's generator, which Brian2's `seed` sets; but only for a run that draws random
numbers, so that scripts set up the same network as without the device. A network that runs on keeps its seed,
so that a run in pieces gives what a run in one piece gives. One that begins again gets another, unless
`restore` has restored the random state, too.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurosim.network.functions import random_calls
from neurosim.network.text import Statement
from neurosim.plan.plan import Plan, Private


class Seeds:
    """Remembers which network runs with which seed, and how far it has run."""

    def __init__(self) -> None:
        self.network, self.tick, self.seed = "", -1, 0
        self.restored = False

    def for_run(self, network: str, plan: Plan) -> int:
        """The seed of a run of a network, named by its identity."""
        if not is_random(plan):
            return 0
        goes_on = network == self.network and (self.restored or plan.first_tick >= self.tick)
        if not goes_on:
            self.seed = int(np.random.randint(0, 2**62))
        self.network, self.restored = network, False
        self.tick = plan.first_tick + plan.ticks
        return self.seed

    def reached(self, tick: int) -> None:
        """Note how far a run went, which the script may have stopped."""
        self.tick = min(self.tick, tick)

    def forget(self) -> None:
        """Draw a new seed for the next run."""
        self.network = ""

    def state(self) -> tuple[str, int, int]:
        """What `restore` needs."""
        return self.network, self.tick, self.seed

    def restore(self, state: tuple[str, int, int]) -> None:
        """Go back to what `state` has returned."""
        self.network, self.tick, self.seed = state
        self.restored = True


def is_random(plan: Plan) -> bool:
    """Whether a run of a plan draws random numbers."""
    return bool(plan.of_class(Private)) or random_calls(_statements(plan)) > 0


def _statements(plan: Plan) -> Iterator[Statement]:
    """All statements of a plan."""
    for group in plan.groups.values():
        for block in group.blocks:
            yield from block.statements
    for pathway in plan.textual:
        text = pathway.text
        for block in (text.integrate, text.on_pre, text.on_post, *text.periodic.values()):
            yield from () if block is None else block.statements
