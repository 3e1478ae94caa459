"""Functions of the script that a network calls while it runs: Brian2's `NetworkOperation`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurosim.brian.actions import acts, every_of
from neurosim.brian.names import label
from neurosim.brian.private_names import BrianObject, NetworkOperation
from neurosim.brian.refusal import Refused


@dataclass(frozen=True, eq=False)
class Operation:
    """A function of the script.

    thing: the object of Brian2
    every: it is called in every n-th tick of the network
    """

    thing: BrianObject
    every: int

    def runs_at(self, tick: int) -> bool:
        """Whether it is called in a tick."""
        return tick % self.every == 0

    def next_from(self, tick: int) -> int:
        """The first tick from this one on in which it is called."""
        return -(-tick // self.every) * self.every

    def next_after(self, tick: int) -> int:
        """The first tick after this one in which it is called."""
        return self.next_from(tick + 1)


def operations_of(things: Sequence[BrianObject], dt: float) -> tuple[list[Operation], list[Operation]]:
    """The functions that are called first in a tick, and those that are called last.

    things: the active objects of a network, in Brian2's order
    dt: the length of a tick, in seconds
    """
    acting = [thing for thing in things if acts(thing)]
    others = [place for place, thing in enumerate(acting) if not isinstance(thing, NetworkOperation)]
    first: list[Operation] = []
    final: list[Operation] = []
    for place, thing in enumerate(acting):
        if isinstance(thing, NetworkOperation):
            if others and others[0] < place < others[-1]:
                before = acting[others[0]].name
                raise Refused(label(thing), f"it runs between {before!r} and other objects of a tick")
            begins = not others or place < others[0]
            (first if begins else final).append(Operation(thing, every_of(thing, dt)))
    return first, final
