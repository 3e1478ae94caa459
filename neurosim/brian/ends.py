"""Synapses whose variables others use: synapses that start or end at them, and what is linked to them.

What these read or change of such synapses is held by a group of the plan, which has one neuron for each
synapse, in Brian2's order, and the name of their object. The text of the synapses knows it by links.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from neurosim.brian.actions import Action, Does
from neurosim.brian.groups import lower_group
from neurosim.brian.names import Names, label, root_of
from neurosim.brian.private_names import BrianObject, Synapses, Variable
from neurosim.brian.refusal import Refused
from neurosim.brian.values import Values
from neurosim.plan.plan import Group


@dataclass(frozen=True, eq=False)
class Ends:
    """Synapses whose variables others use.

    synapses: the object of Brian2
    held: those of its variables that change and that others read or change
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
        group, *_ = lower_group(self.synapses, (), values, sorted(wanted), dtype)
        return group, values.states


def ends_of(
    things: Iterable[BrianObject], actions: Iterable[Action], changing: Collection[Variable]
) -> dict[str, Ends]:
    """The synapses whose variables others use, and those that others start or end at; by name.

    changing: the arrays that change while the network runs
    """
    known = [thing for thing in things if thing.__class__ is Synapses]
    joined = [root_of(end) for thing in known for end in (thing.source, thing.target)]
    found: dict[str, Ends] = {}
    for synapses in known:
        used = (action.reads | action.writes for action in actions if _reader(action) != synapses.name)
        of_others = frozenset[Variable]().union(*used) & frozenset(changing)
        held = frozenset(variable for variable in of_others if variable.owner.name == synapses.name)
        if len(synapses) and (held or any(end is synapses for end in joined)):
            found[synapses.name] = Ends(synapses, held)
        if any(variable.name == "lastupdate" for variable in held):
            raise Refused(label(synapses), "other synapses read its 'lastupdate'")
    return found


def _reader(action: Action) -> str:
    """The name of the group or synapses whose names an action uses."""
    recording = action.does in (Does.RECORD, Does.RECORD_SPIKES)
    return str(root_of(action.thing.source).name) if recording else action.group
