"""Functions of the script that a network calls while it runs: Brian2's `NetworkOperation`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from neurosim.brian.actions import acts, every_of
from neurosim.brian.private_names import BrianObject, NetworkOperation


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


@dataclass(frozen=True)
class Operations:
    """The functions that a network calls.

    first: those that are called before all other objects of a tick
    amid: those that are called between them
    final: those that are called after them
    """

    first: list[Operation] = field(default_factory=list[Operation])
    amid: list[Operation] = field(default_factory=list[Operation])
    final: list[Operation] = field(default_factory=list[Operation])

    @property
    def any(self) -> bool:
        """Whether there are some."""
        return bool(self.first or self.amid or self.final)

    def next_stop(self, tick: int, last: int) -> int:
        """The tick before which a run pauses, once those that begin this tick have been called."""
        ends = [operation.next_after(tick) for operation in self.first]
        ends += [operation.next_from(tick) + 1 for operation in (*self.amid, *self.final)]
        return min([last, *ends])


def operations_of(things: Sequence[BrianObject], dt: float) -> Operations:
    """The functions that a network calls.

    things: the active objects of a network, in Brian2's order
    dt: the length of a tick, in seconds
    """
    acting = [thing for thing in things if acts(thing)]
    others = [place for place, thing in enumerate(acting) if not isinstance(thing, NetworkOperation)]
    found = Operations()
    for place, thing in enumerate(acting):
        if isinstance(thing, NetworkOperation):
            amid = bool(others) and others[0] < place < others[-1]
            begins = not others or place < others[0]
            chosen = found.amid if amid else found.first if begins else found.final
            chosen.append(Operation(thing, every_of(thing, dt)))
    return found
