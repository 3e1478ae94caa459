"""Linked variables: a group reads, under a name of its own, a variable of another group as it is now.

In the plan the reader has a variable of that name, and synapses that set it to what it is linked to, as a sum
over one synapse. They do so before each object that reads it, if it may have changed since they did so last.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from neurosim.brian.actions import Action
from neurosim.brian.private_names import (
    BrianObject,
    Variable,
    arrays_of_others,
    link_index,
)
from neurosim.brian.synapses import UNUSED
from neurosim.plan.plan import SynapseText, Textual
from neurosim.plan.recipe import Edges


@dataclass(frozen=True, eq=False)
class Link:
    """A variable that is linked to another group.

    reader: the group that reads it
    given: the name by which it does so in Brian2
    owner: the name of the group that has it
    variable: the array of Brian2 that it is
    index: for each neuron of the reader, that of the owner
    """

    reader: BrianObject
    given: str
    owner: str
    variable: Variable
    index: np.ndarray

    @property
    def name(self) -> str:
        """Its name in the plan. Brian2 gives names with an underscore to what linked expressions read."""
        return f"linked{self.given}" if self.given.startswith("_") else self.given


def links_of(groups: Mapping[str, BrianObject], changing: Collection[Variable]) -> list[Link]:
    """The linked variables of all groups that change."""
    return [
        Link(group, name, str(variable.owner.name), variable, link_index(group, name))
        for group in groups.values()
        for name, variable in sorted(arrays_of_others(group).items())
        if variable in changing and variable.owner.name in groups
    ]


@dataclass
class Refreshing:
    """Which pathways set linked variables anew before which objects run."""

    pathways: list[Textual] = field(default_factory=list[Textual])
    before: dict[Action, list[str]] = field(default_factory=dict[Action, list[str]])


def refreshing(links: Sequence[Link], actions: Sequence[Action], sizes: Mapping[str, int]) -> Refreshing:
    """The pathways that linked variables need.

    actions: in Brian2's order
    sizes: how many neurons each group has
    """
    found, fresh = Refreshing(), set[Link]()
    for action in actions:
        for link in links:
            if link.variable in action.reads and action.group != link.owner and link not in fresh:
                name = f"{link.reader.name}_link_{link.name}_{len(found.pathways)}"
                found.pathways.append(_pathway(name, link, sizes))
                found.before.setdefault(action, []).append(name)
                fresh.add(link)
        fresh -= {link for link in fresh if link.variable in action.writes}
    return found


def _pathway(name: str, link: Link, sizes: Mapping[str, int]) -> Textual:
    """The synapses that set a linked variable."""
    order = np.argsort(link.index, kind="stable")
    nothing = np.zeros(order.size)
    text = SynapseText(
        states={UNUSED: nothing}, laws={}, constants={}, integrate=None,
        summed={link.name: f"{link.variable.name}_pre"}, on_pre=None, on_post=None,
    )  # fmt: skip
    return Textual(
        name=name, pre=link.owner, post=str(link.reader.name), to=None,
        pre_index=np.arange(sizes[link.owner]), post_index=np.arange(order.size),
        pre_shape=(sizes[link.owner],), post_shape=(order.size,),
        stored=Edges(link.index[order], order, nothing, np.zeros(order.size, np.int64)), text=text,
    )  # fmt: skip
