"""Checks of a finished plan: what engines rely on, and do not check again while they run.

A plan is checked alone, so that those that are not lowered from a network are checked, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from neurosim.errors import PlanError, shown
from neurosim.network.network import Network
from neurosim.network.text import names_in
from neurosim.plan.check_called import check_called
from neurosim.plan.check_program import check_program
from neurosim.plan.plan import (
    AnyPathway,
    Block,
    Group,
    Link,
    Plan,
    Private,
    Sparse,
    SynapseText,
    Textual,
)
from neurosim.plan.recipe import DrawnStates, Edges


def check_plan(plan: Plan) -> None:
    """Refuse a plan that an engine could not run by the tick contract.

    Synapses that are a recipe need no check, because there is only a recipe if nothing that it can draw would
    be refused.

    Raises PlanError, which names the object, the rule and the remedy.
    """
    for name, group in plan.groups.items():
        _check_group(plan, name, group)
    checked: dict[tuple[int, str], bool] = {}
    for name, pathway in plan.pathways.items():
        _check_ends(plan, name, pathway, checked)
        _check_pathway(plan, pathway, f"Synapses {name!r}")
        if isinstance(pathway, Textual):
            _check_text(plan, pathway, f"Synapses {name!r}")
    check_called(plan)
    _check_drives_and_probes(plan)
    if plan.until is not None and any(group.spiking for group in plan.groups.values()):
        raise PlanError(
            "run: until='stable' needs a network without spikes. Give ticks=... or duration=... instead."
        )
    check_program(plan)


def _check_group(plan: Plan, name: str, group: Group) -> None:
    """Shapes, and names that must be variables."""
    label = f"Neurons {name!r}"
    if group.name != name:
        raise PlanError(f"{label}: calls itself {group.name!r}. Give the group the name of its key.")
    owner = plan.groups.get(group.of) if group.of else group
    if owner is None:
        raise PlanError(f"{label}: sends for {group.of!r}, which is no population. Name one.")
    for key, value in group.states.items():
        if np.shape(value) != group.shape:
            raise PlanError(
                f"{label}: {key} has the shape {np.shape(value)} instead of {group.shape}."
                " Give one start value for each neuron."
            )
    for block in (block for block in group.blocks if block is not group.threshold):
        _check_known(label, f"{block.name} writes", block.writes, owner.states)
    _check_known(label, "(unless refractory) marks", group.frozen, group.states)
    if any(link.owner == name for link in group.links.values()):
        raise PlanError(f"{label}: links to itself. Name its variables as they are.")
    _check_links(plan, group.links, label, "neuron", group.shape)
    sent = () if group.sends is None else (group.sends,)
    _check_known(label, "sends", sent, {**owner.states, **owner.subexpressions})
    _check_known(label, "its spikes set", [group.spike_time] if group.spike_time else [], group.states)
    if group.spiking != (group.threshold is not None):
        raise PlanError(f"{label}: spikes if and only if it has a threshold. Give both, or neither.")


def _check_links(
    plan: Plan, links: Mapping[str, Link], label: str, each: str, shape: tuple[int, ...]
) -> None:
    """Names that mean variables of populations. `shape` is that of the neurons or synapses, `each` one."""
    for name, link in links.items():
        owner = plan.groups.get(link.owner)
        if owner is None or link.variable not in owner.states:
            raise PlanError(
                f"{label}: {name!r} means {link.variable!r} of {link.owner!r}, which is no variable of a"
                " population. Name one."
            )
        inside = not link.index.size or 0 <= link.index.min() <= link.index.max() < owner.size
        if link.index.shape != shape or not inside:
            raise PlanError(
                f"{label}: {name!r} needs one neuron of {link.owner!r} for each {each}. Give an index of the"
                f" shape {shape} with numbers below {owner.size}."
            )
    if links and plan.sweeps:
        raise PlanError(
            f"{label}: reads variables of other populations, which does not go with neurons that move one by"
            " one. Use synapses."
        )


def _check_known(label: str, does: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise PlanError(
                f"{label}: {does} {shown(name)}, which is no variable of it. Its variables are"
                f" {', '.join(known) or 'none'}."
            )


def _check_ends(plan: Plan, name: str, pathway: AnyPathway, inside: dict[tuple[int, str], bool]) -> None:
    """The populations that synapses join, and where they add.

    inside: whether arrays of indices, by their id, lie within populations; what is found is added
    """
    label = f"Synapses {name!r}"
    if pathway.name != name:
        raise PlanError(f"{label}: call themselves {pathway.name!r}. Give them the name of their key.")
    for end, index in ((pathway.pre, pathway.pre_index), (pathway.post, pathway.post_index)):
        if end not in plan.groups:
            raise PlanError(f"{label}: join {shown(end)}, which is no population. Name one.")
        if (id(index), end) not in inside:
            size = plan.groups[end].size
            inside[id(index), end] = not index.size or 0 <= index.min() <= index.max() < size
        if not inside[id(index), end]:
            raise PlanError(f"{label}: join neurons outside {end!r}. Give indices of its neurons.")
    post = plan.groups[pathway.post]
    if not isinstance(pathway, Textual) and pathway.to not in {**post.ports, **post.states}:
        raise PlanError(
            f"{label}: add to {shown(pathway.to)}, which is no port or variable of {post.name!r}. Name one."
        )


def _check_pathway(plan: Plan, pathway: AnyPathway, label: str) -> None:
    n_pre, n_post = plan.groups[pathway.pre].size, plan.groups[pathway.post].size
    if isinstance(pathway, Private):
        _check_private(pathway, label)
    if not isinstance(pathway, Sparse):
        return
    if isinstance(pathway.stored, Edges):
        sizes = {pathway.sender.size, pathway.receiver.size, pathway.weight.size, pathway.delay.size}
        inside = all(
            not index.size or 0 <= index.min() <= index.max() < size
            for index, size in ((pathway.sender, n_pre), (pathway.receiver, n_post))
        )
        in_order = isinstance(pathway, Textual) and pathway.of  # in that of the synapses which it is one of
        unsorted = not in_order and np.any(np.diff(pathway.sender) < 0)
        if len(sizes) != 1 or not inside or unsorted:
            raise PlanError(
                f"{label}: its wiring lists synapses that are not sorted by sender or lie outside the"
                " populations. Use another wiring."
            )
        if not np.all(np.isfinite(pathway.weight)):
            raise PlanError(f"{label}: a weight is not finite. Give finite weights.")
        if np.any(pathway.delay < 0):
            raise PlanError(f"{label}: a delay is below 0. Give delays of 0 ticks or more.")
    if pathway.windows is not None and not np.all(np.isfinite(pathway.windows.own)):
        raise PlanError(f"{label}: a weight is not finite. Give finite weights.")


def _check_private(pathway: Private, label: str) -> None:
    """The weights of private sources."""
    if np.shape(pathway.weight) not in ((), pathway.post_index.shape):
        raise PlanError(
            f"{label}: the weights have the shape {np.shape(pathway.weight)} instead of"
            f" {pathway.post_index.shape}. Give one number, or one for each target."
        )
    if not np.all(np.isfinite(pathway.weight)):
        raise PlanError(f"{label}: a weight is not finite. Give finite weights.")


def _check_text(plan: Plan, pathway: Textual, label: str) -> None:
    """The variables of synapses, and what their text assigns."""
    if pathway.of:
        _check_shared(plan, pathway, label)
    if pathway.delay_from and pathway.delay_from not in pathway.text.states:
        raise PlanError(
            f"{label}: take {pathway.delay_from!r} as their delay, which is no variable of them. Name one."
        )
    text, (pre, post) = pathway.text, plan.ends(pathway)
    if not len(text.states):
        raise PlanError(f"{label}: have no variables. Give them one, such as w.")
    if not isinstance(text.states, DrawnStates):
        for key, value in text.states.items():
            if np.shape(value) != (pathway.sender.size,):
                raise PlanError(
                    f"{label}: {key} has the shape {np.shape(value)} instead of {(pathway.sender.size,)}."
                    " Give one start value for each synapse."
                )
    own = {*text.variables}
    of_neurons = {f"{name}_pre" for name in (*pre.states, *pre.ports)}
    targets = {name for key in (*post.states, *post.ports) for name in (key, f"{key}_post")}
    for block in text.blocks:
        _check_known(label, f"{block.name} writes", block.writes, own)
        _check_assigned(label, block, own | of_neurons | targets)
    _check_known(label, "(summed) sets", text.summed, {*post.states, *(f"{name}_pre" for name in pre.states)})
    _check_links(plan, text.links, label, "synapse", (pathway.sender.size,) if text.links else ())
    _check_changed_links(plan, text, label, (pre, post))
    for name, expression in text.subexpressions.items():
        if plan.message_name(pathway) in names_in(expression):
            raise PlanError(
                f"{label}: {name!r}, which may be recorded, reads a message. Keep that in a variable."
            )


def _check_changed_links(plan: Plan, text: SynapseText, label: str, ends: tuple[Group, Group]) -> None:
    """What synapses change of populations: no two of them may meet there."""
    meant = [(link.owner, link.variable) for link in text.links.values()]
    for name in text.changed_links:
        link = text.links[name]
        owner = plan.groups[link.owner]
        shared = np.unique(link.index).size < link.index.size or meant.count((link.owner, link.variable)) > 1
        if shared or owner in ends or link.variable in owner.frozen:
            raise PlanError(
                f"{label}: change {name!r}, which is {link.variable!r} of {link.owner!r}. Synapses may change"
                " a variable of neurons that they do not join only if each has a neuron of its own, which is"
                " never refractory, and if they know it by one name. Let them only read it."
            )


def _check_shared(plan: Plan, pathway: Textual, label: str) -> None:
    """One more pathway of synapses: it has their variables, and text for spikes that arrive."""
    holder, text = plan.pathways.get(pathway.of), pathway.text
    if not isinstance(holder, Textual) or holder.of:
        raise PlanError(
            f"{label}: share the variables of {pathway.of!r}, which are no synapses that hold some."
            " Name synapses with text."
        )
    names = ("states", "constants", "links")
    same = all(getattr(text, name) is getattr(holder.text, name) for name in names)
    if not same or pathway.receiver.size != holder.receiver.size:
        raise PlanError(
            f"{label}: are a pathway of {pathway.of!r}, but have other variables, constants or synapses."
            " Give them the same."
        )
    if text.blocks != (text.on_pre,) or text.summed or not plan.sends_spikes(pathway.pre):
        raise PlanError(
            f"{label}: are a pathway of {pathway.of!r}, which can have an on_pre for spikes, and nothing"
            " else. Give other text to the synapses themselves."
        )


def _check_assigned(label: str, block: Block, known: Iterable[str]) -> None:
    """What a block assigns are variables, or temporary names, which begin with '_'."""
    for statement in block.statements:
        if statement.name not in known and not statement.name.startswith("_"):
            raise PlanError(
                f"{label}: {block.name} assigns {statement.name!r}, which is no variable of the synapses or"
                f" neurons. Declare it, or call it '_{statement.name}' if it is a temporary value."
            )


def _check_drives_and_probes(plan: Plan) -> None:
    for name in plan.drives:
        if name not in plan.groups:
            raise PlanError(f"run: an input drives {shown(name)}, which is no population. Name one.")
    for probe in plan.probes:
        group, pathway = plan.groups.get(probe.owner), plan.pathways.get(probe.owner)
        names: set[str | None] = set()
        if group is not None:
            names = {None, *group.states, *group.ports, *group.subexpressions}
        elif isinstance(pathway, Textual):
            names = {*pathway.text.states, *pathway.text.subexpressions}
        if probe.variable not in names:
            raise PlanError(
                f"run: the probe {probe.name!r} records {shown(probe.variable)} of {probe.owner!r}, which has"
                " no such variable. Name one that it has."
            )


def check_drawn_delays(plan: Plan, net: Network) -> None:
    """Refuse delays of 0 that the schedule does not allow; drawn ones are known only now."""
    for name, pathway in plan.pathways.items():
        if isinstance(pathway, Private) or (
            isinstance(pathway, Sparse) and (pathway.recipe is not None or _is_empty(pathway))
        ):
            continue
        if isinstance(pathway, Textual) and pathway.of:
            continue  # its steps are checked
        item = net.synapses[name]
        if pathway.shortest <= 0 and not net.schedule.keeps_zero_delay(net, item):
            raise PlanError(
                f"{item.label}: a delay of 0 ticks was drawn, which arrives before it is sent under"
                f" {net.schedule}. Make every delay at least 1."
            )


def _is_empty(pathway: Sparse) -> bool:
    return pathway.windows is None and not pathway.delay.size
