"""The steps of a tick, one function each. Read them beside the tick contract in `plan/plan.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurosim.engine.reference.arrivals import Inbox, queue_spikes
from neurosim.engine.reference.plastic import Plastic
from neurosim.engine.state import State, by_trial, elements_of, message_now, names_of, spikes_sent
from neurosim.network.program import Arriving, Step
from neurosim.plan.codegen.numpy_code import AxisFunctions, evaluate, numpy_block
from neurosim.plan.plan import Block, Group, Plan


@dataclass
class Machine:
    """What the steps of one plan need and never change: inboxes, plastic pathways, functions along axes, element numbers."""

    plan: Plan
    inboxes: dict[tuple[str, str], Inbox] = field(init=False)
    plastic: dict[str, Plastic] = field(init=False)
    along: dict[str, AxisFunctions] = field(init=False)
    elements: dict[str, np.ndarray] = field(init=False)
    fields: dict[str, Any] = field(
        default_factory=dict
    )  # what arrives at ports one neuron at a time; see sweep.py

    def __post_init__(self) -> None:
        plan = self.plan
        keys = dict.fromkeys((p.post, p.to) for p in plan.summing if p.to)
        self.inboxes = {(post, to): Inbox(plan, post, to) for post, to in keys if to}
        self.plastic = {p.name: Plastic(plan, p) for p in plan.textual}
        self.along = {name: AxisFunctions(group.shape) for name, group in plan.groups.items()}
        self.elements = {name: elements_of(group.shape) for name, group in plan.groups.items()}

    def run_block(
        self, state: State, group: Group, block: Block, names: dict[str, Any]
    ) -> dict[str, np.ndarray]:
        """The new values of what a block of a population's text writes: (trial, *shape)."""
        run = numpy_block(block.statements, block.writes, block.frozen)
        random = state.random(group.name, block.name, self.elements[group.name], by_trial(state, group))
        new = run(names, self.along[group.name], random)
        shape = (state.count, *group.shape)
        dtype = bool if block.name == "threshold" else state.plan.dtype
        return {name: _own_array(value, shape, dtype) for name, value in new.items()}


def _own_array(value: Any, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """A fresh array, because arrivals change states in place and text such as `v = I` would share one."""
    own = np.empty(shape, dtype)
    own[...] = value
    return own


def drive(machine: Machine, step: Step, state: State) -> None:
    """Outside values of this tick: driven populations send them."""
    plan = machine.plan
    for name in step.populations:
        source = plan.drives[name]
        if source.events:
            state.spikes[name] = events_now(state, name)
            send_spikes(machine, state, name)
        else:
            assert source.values is not None
            value = source.values[state.trials, state.tick - plan.first_tick].reshape(state.count, -1)
            state.history[name].send(value.astype(plan.dtype), state.tick)


def events_now(state: State, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The (trial, neuron) of the given spike events of this tick, trials counted within the batch."""
    source = state.plan.drives[name]
    assert source.tick is not None and source.trial is not None and source.neuron is not None
    now = (
        (source.tick == state.tick - state.plan.first_tick)
        & (source.trial >= state.trials[0])
        & (source.trial <= state.trials[-1])
    )
    return source.trial[now] - state.trials[0], source.neuron[now]


def deliver(machine: Machine, step: Step, state: State) -> None:
    """Arrivals: sums without text first, then synapses with text, object by object."""
    if step.arriving is Arriving.SENT:
        for plastic in machine.plastic.values():
            if plastic.pathway.post in step.populations:
                plastic.answer(state)
        return
    for (post, to), inbox in machine.inboxes.items():
        if post in step.populations:
            arrived = inbox.collect(state, step)
            if arrived is not None:
                _put(state, machine.plan.groups[post], to, *arrived)
    for plastic in machine.plastic.values():
        if plastic.pathway.post in step.populations:
            plastic.deliver(state, step)


def _put(state: State, group: Group, to: str, value: np.ndarray, count: Any) -> None:
    """Add an arrived sum to a port, or to a state variable unless that is frozen in a refractory neuron."""
    if to in group.ports:
        state.ports[group.name][to].add(value, count)
        return
    shaped = value.reshape(state.count, *group.shape)
    old = state.values[group.name][to]
    new = old + shaped
    state.values[group.name][to] = (
        np.where(state.not_refractory[group.name], new, old) if to in group.frozen else new
    )


def integrate(machine: Machine, step: Step, state: State) -> None:
    """Equations over one tick, then update text; clock-driven synapses first."""
    for plastic in machine.plastic.values():
        if plastic.pathway.post in step.populations:
            plastic.integrate(state)
    update(machine, step, state)


def update(machine: Machine, step: Step, state: State) -> None:
    """Read the ports, move the state; then clamps replace what graded populations send."""
    for name in step.populations:
        group = machine.plan.groups[name]
        ports = {port: state.ports[name][port].read() for port in group.ports}
        state.read |= {(name, port): value for port, value in ports.items()}
        _refresh_refractory(machine, state, group)
        for block in (group.integrate, group.update):
            if block is not None:
                new = machine.run_block(state, group, block, names_of(state, group, ports))
                state.values[name] |= new
        clamp(state, group)


def clamp(state: State, group: Group) -> None:
    """Replace what a graded population sends by its input, where that is not NaN."""
    source = state.plan.drives.get(group.name)
    if source is None or source.values is None or group.sends is None:
        return
    given = source.values[state.trials, state.tick - state.plan.first_tick]
    old = state.values[group.name][group.sends]
    state.values[group.name][group.sends] = np.where(np.isnan(given), old, given).astype(state.plan.dtype)


def _refresh_refractory(machine: Machine, state: State, group: Group) -> None:
    rule = group.refractory
    if rule is None:
        return
    ago = state.tick - state.last_spike[group.name]
    if rule.condition:
        holds = np.broadcast_to(evaluate(rule.condition, names_of(state, group)), ago.shape)
        state.not_refractory[group.name] = state.not_refractory[group.name] | ~holds.astype(bool)
        return
    period: Any = rule.ticks
    if rule.time:
        period = np.floor(evaluate(rule.time, names_of(state, group)) / (machine.plan.dt or 1.0) + 1e-3)
    state.not_refractory[group.name] = ago >= period


def threshold(machine: Machine, step: Step, state: State) -> None:
    """Which neurons spike at this tick; a clamp replaces that."""
    for name in step.populations:
        group = machine.plan.groups[name]
        assert group.threshold is not None
        spikes = machine.run_block(state, group, group.threshold, names_of(state, group))["spikes"]
        if group.refractory is not None:
            spikes = spikes & state.not_refractory[name]
        source = machine.plan.drives.get(name)
        if source is not None and source.values is not None:
            given = source.values[state.trials, state.tick - state.plan.first_tick]
            spikes = np.where(np.isnan(given), spikes, given != 0)
        flat = spikes.reshape(state.count, -1)
        given_events = source is not None and source.events
        trial, neuron = events_now(state, name) if given_events else np.nonzero(flat)
        state.spikes[name] = trial, neuron
        if group.refractory is not None:
            state.last_spike[name].reshape(state.count, -1)[trial, neuron] = state.tick
            state.not_refractory[name].reshape(state.count, -1)[trial, neuron] = False


def send(machine: Machine, step: Step, state: State) -> None:
    """Spikes go on their way; other populations send their value."""
    for name in step.populations:
        if spikes_sent(machine.plan, name):
            send_spikes(machine, state, name)
        else:
            state.history[name].send(message_now(state, machine.plan.groups[name]).copy(), state.tick)


def send_spikes(machine: Machine, state: State, name: str) -> None:
    """Put this tick's spikes of a population on their way."""
    queue_spikes(state, machine.inboxes, name)
    for plastic in machine.plastic.values():
        if plastic.pathway.pre == name:
            plastic.queue(state)


def reset(machine: Machine, step: Step, state: State) -> None:
    """Reset text for the neurons that have spiked at this tick."""
    for name in step.populations:
        group = machine.plan.groups[name]
        trial, neuron = state.spikes[name]
        if group.reset is None or not neuron.size:
            continue
        spiked = np.zeros((state.count, group.size), bool)
        spiked[trial, neuron] = True
        spiked = spiked.reshape(state.count, *group.shape)
        new = machine.run_block(state, group, group.reset, names_of(state, group))
        for variable, value in new.items():
            state.values[name][variable] = np.where(spiked, value, state.values[name][variable])
