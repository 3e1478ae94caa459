"""A network of Brian2 in neurosim's own words: `to_network`, and the spikes that drive it, `to_inputs`.

What can be said is said with the texts of the script. What cannot is refused by name, and runs on the device.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurosim.brian.actions import Action, Does, actions_of
from neurosim.brian.described_groups import described_group
from neurosim.brian.described_synapses import described_background, described_synapses
from neurosim.brian.groups import lower_spike_generator
from neurosim.brian.lowering import Lowered, Run, lower_run
from neurosim.brian.names import label
from neurosim.brian.one_run import prepare
from neurosim.brian.private_names import (
    BrianObject,
    Network,
    NetworkOperation,
    PoissonInput,
    SpikeGeneratorGroup,
    Synapses,
    begin_run,
    clock_of,
    in_seconds,
    local_namespace,
)
from neurosim.brian.program import clock_steps
from neurosim.brian.refusal import NotSaid
from neurosim.errors import DescriptionError, shown
from neurosim.network import network
from neurosim.network.neurons import Neurons
from neurosim.network.schedule import Clock
from neurosim.network.values import TIME, as_value


def to_network(net: BrianObject, namespace: Mapping[str, Any] | None = None) -> network.Network:
    """A network of Brian2 in neurosim's words, as it stands before its first run.

    net: a `Network` of Brian2, such as `Network(collect())`; its monitors are left out
    namespace: the names of the script that its text uses; default: those where `to_network` is called

    Populations and synapses have the names of Brian2's groups and synapses. A run gives the spikes and traces
    of the script, but for random numbers, which are others. A SpikeGeneratorGroup becomes a population
    without text; `to_inputs` gives its spikes.

    Raises DescriptionError for what has no words, with the reason: network operations, code that runs
    regularly, events beside spikes, linked variables, synapses onto synapses, several clocks, whole numbers,
    and objects that Brian2 runs in another order than `Clock` does.
    """
    known = local_namespace(1) if namespace is None else namespace
    things, lowered, actions = _lowered(net, known)
    _refuse_what_has_no_words(things, lowered, actions)
    populations: dict[str, Neurons] = {
        name: described_group(group, actions, lowered, known) for name, group in lowered.groups.items()
    }
    parts: list[Any] = list(populations.values())
    for thing in things:
        if thing.__class__ is Synapses:
            parts += described_synapses(thing, actions, lowered, known, populations)
        elif thing.__class__ is PoissonInput:
            parts += described_background(thing, lowered, populations)
    _refuse_other_orders(things, lowered)
    return network.Network(*parts, schedule=Clock(in_seconds(lowered.plan.dt or 1.0)))


def to_inputs(net: BrianObject, duration: Any) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The spikes that the groups of a network of Brian2 are given: `inputs` of `ns.run`.

    net: a `Network` of Brian2
    duration: how long the run is, a time

    Returns, by name of each SpikeGeneratorGroup, the ticks and the neurons of its spikes. Raises
    DescriptionError for a duration that is no time.
    """
    value = as_value(duration, "to_inputs: duration")
    if value.dim != TIME or not value.scalar:
        raise DescriptionError(
            f"to_inputs: duration {shown(duration)} is not a time. Give one such as 1*second."
        )
    things = _things(net)
    _prepare(net, things, {})
    dt = min(float(clock_of(thing).dt_) for thing in things)
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for thing in things:
        if thing.__class__ is SpikeGeneratorGroup:
            ticks = round(float(value.number) / dt)
            _, drive = lower_spike_generator(thing, 0, ticks, round(float(clock_of(thing).dt_) / dt))
            _, tick, neuron = drive.spikes
            found[thing.name] = tick, neuron
    return found


def _things(net: BrianObject) -> list[BrianObject]:
    """The active objects of a network that has not run."""
    if not isinstance(net, Network):
        raise DescriptionError(
            f"to_network: {shown(net)} is not a network of Brian2. Give one such as Network(collect())."
        )
    if float(net.t):
        raise DescriptionError(
            f"to_network: the network has run for {float(net.t):g} s. Describe it before it runs."
        )
    return [thing for thing in net.sorted_objects if thing.active]


def _prepare(net: BrianObject, things: Sequence[BrianObject], namespace: Mapping[str, Any]) -> None:
    begin_run(net, net.t, net.t)
    generators = [thing for thing in things if thing.__class__ is SpikeGeneratorGroup]
    prepare(things if namespace else generators, namespace)


def _lowered(
    net: BrianObject, namespace: Mapping[str, Any]
) -> tuple[list[BrianObject], Lowered, list[Action]]:
    """The objects of a network, their plan and their actions; refused where the device refuses them."""
    things = _things(net)
    for thing in things:
        if isinstance(thing, NetworkOperation):
            raise NotSaid(label(thing), "it calls a function of the script")
    _prepare(net, things, namespace)
    dt = min(float(clock_of(thing).dt_) for thing in things)
    return (
        things,
        lower_run(Run(things, namespace, dt, 0, 1, "double")),
        actions_of(things, namespace, dt),
    )


def _refuse_what_has_no_words(
    things: Sequence[BrianObject], lowered: Lowered, actions: Sequence[Action]
) -> None:
    for action in actions:
        recording = action.does in (Does.RECORD, Does.RECORD_SPIKES)
        if action.does is Does.RUN:
            raise NotSaid(label(action.thing), "it is code that runs regularly")
        if action.every != 1 and not recording:
            raise NotSaid(label(action.thing), "its clock is slower than others")
    for name, group in lowered.plan.groups.items():
        if group.of:
            event = name.removeprefix(f"{group.of}.")
            raise NotSaid(f"group {group.of!r}", f"it has the event {event!r} beside spikes")
        if group.links:
            raise NotSaid(label(lowered.groups[name]), "variables of other groups are linked to it")
        if name not in lowered.groups and not name.endswith("_sources"):
            raise NotSaid(f"Synapses {name!r}", "other synapses start or end at it")


def _refuse_other_orders(things: Sequence[BrianObject], lowered: Lowered) -> None:
    if lowered.plan.program != clock_steps(lowered.plan.groups):
        names = ", ".join(repr(thing.name) for thing in things if thing.__class__ is Synapses)
        raise NotSaid(
            f"the network of {names or 'these groups'}",
            "Brian2 runs its objects, by `when`, `order` and then by name, in another order than Clock"
            " (equations of synapses after those of groups, for instance)",
        )
