"""Synapses as the senders or targets of other synapses.

What these read or change of such synapses is held by a group of the plan, which has one neuron for each
synapse, in Brian2's order, and the name of their object. The text of the synapses knows it by links.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from neurosim.brian.actions import Action
from neurosim.brian.groups import lower_group
from neurosim.brian.names import Names, label, root_of
from neurosim.brian.private_names import BrianObject, Synapses, Variable
from neurosim.brian.refusal import Refused
from neurosim.brian.values import Values
from neurosim.plan.plan import Group


@dataclass(frozen=True, eq=False)
class Ends:
    """Synapses that other synapses start or end at.

    synapses: the object of Brian2
    held: those of its variables that change and that the others read or change
    """

    synapses: BrianObject
    held: frozenset[Variable]

    @property
    def names(self) -> frozenset[str]:
        """The names of the variables that a group holds."""
        return frozenset(variable.name for variable in self.held)

    def lower(
        self, names: Names, changing: Collection[Variable], wanted: Iterable[str], dtype: np.dtype
    ) -> tuple[Group, dict[str, Variable]]:
        """The group, and Brian2's arrays of its states.

        names: of the synapses
        changing: the arrays that some text of the network changes
        wanted: the names that the others use
        """
        values = Values(names, changing)
        group = lower_group(self.synapses, (), values, sorted(wanted), dtype)
        return group, values.states


def ends_of(things: Iterable[BrianObject], actions: Iterable[Action]) -> dict[str, Ends]:
    """The synapses that other synapses start or end at, by name."""
    known = [thing for thing in things if thing.__class__ is Synapses]
    changing = frozenset[Variable]().union(*(action.writes for action in actions))
    found: dict[str, Ends] = {}
    for end in known:
        joining = {
            thing.name for thing in known if any(root_of(e) is end for e in (thing.source, thing.target))
        }
        if not joining or not len(end):
            continue
        mine = (action.reads | action.writes for action in actions if action.group in joining)
        used = frozenset[Variable]().union(*mine) & changing
        found[end.name] = Ends(end, frozenset(v for v in used if v.owner.name == end.name))
        if "lastupdate" in found[end.name].names:
            raise Refused(label(end), "other synapses read its 'lastupdate'")
    return found
