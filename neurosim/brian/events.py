"""Events of groups: their spikes, and those that a script defines beside them.

In the plan each of the latter is a view of the group, which has a threshold and a reset of its own.
"""

from __future__ import annotations

from neurosim.brian.names import root_of
from neurosim.brian.private_names import BrianObject, Variable

SPIKE = "spike"


def event_of(thing: BrianObject) -> str:
    """The event that an object finds, or at which it acts; spikes for those that know no other."""
    return str(getattr(thing, "event", SPIKE))


def holder_of(group: BrianObject, event: str) -> str:
    """The name of the group of the plan that holds an event of a group, or of one that this is a part of."""
    name = str(root_of(group).name)
    return name if event == SPIKE else f"{name}.{event}"


def array_of(group: BrianObject, event: str) -> Variable:
    """The array in which Brian2 keeps the neurons of a group, or of part of one, that have an event."""
    return group.variables[f"_{event}space"]


def events_of(group: BrianObject) -> tuple[str, ...]:
    """The events of a group other than spikes."""
    return tuple(event for event in getattr(group, "thresholder", ()) if event != SPIKE)
