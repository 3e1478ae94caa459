"""Linked variables: names by which text reads variables of a group that it does not belong to, as they are.

Those that no text of the network changes are constants of the plan; the others are its links.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from neurosim.brian.private_names import BrianObject, Variable, arrays_of_others, index_of, link_index
from neurosim.plan.plan import Link


@dataclass(frozen=True, eq=False)
class LinkedVariable:
    """A variable that text of a group reads of another one.

    given: the name by which it does so in Brian2
    variable: the array of Brian2 that it is
    link: what the name means in the plan
    """

    given: str
    variable: Variable
    link: Link

    @property
    def name(self) -> str:
        """Its name in the plan."""
        return name_in_plan(self.given)


def name_in_plan(given: str) -> str:
    """The name of a linked variable in the plan, where names that begin with an underscore are temporary.

    Brian2 gives such names to what linked expressions read.
    """
    return f"linked{given}" if given.startswith("_") else given


def links_of(
    group: BrianObject, changing: Collection[Variable], groups: Collection[str]
) -> Mapping[str, LinkedVariable]:
    """The linked variables of a group that change, by their names in the plan.

    groups: the names of all groups
    """
    found = [
        LinkedVariable(name, variable, link_to(variable, link_index(group, index_of(group, name))))
        for name, variable in sorted(arrays_of_others(group).items())
        if variable in changing and variable.owner.name in groups
    ]
    return {linked.name: linked for linked in found}


def link_to(variable: Variable, index: np.ndarray) -> Link:
    """A link to an array of Brian2. `index` is the neuron there for each reader."""
    return Link(str(variable.owner.name), str(variable.name), index)
