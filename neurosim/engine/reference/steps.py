"""The steps of a tick, one function each. Read them beside the tick contract in `plan/plan.py`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from neurosim.engine.delivery import afferents_of
from neurosim.engine.inputs import input_spikes, input_value
from neurosim.engine.reference.arrivals import Accumulator, queue_spikes
from neurosim.engine.reference.textual import TextualSynapses
from neurosim.engine.state import (
    Names,
    Port,
    State,
    by_trial,
    elements_of,
    message_now,
    names_of,
    spikes_sent,
)
from neurosim.network.program import Arriving, Do, Step
from neurosim.plan.codegen.numpy_code import AxisFunctions, evaluate, numpy_block
from neurosim.plan.plan import Block, Group, Plan

NONE = np.zeros(0, np.int64)  # the trials, or the neurons, of no spikes


class PreparedPlan:
    """A plan, and what its steps look up at every tick and never change.

    arriving: for each step that delivers or sweeps, the sums that it makes.
    synapses: those with text.
    textual: for each step, the synapses with text that it concerns.
    sending: for each population, the synapses with text that start there.
    axis_functions: the functions along axes of each population.
    elements: the index of each neuron, for random numbers.
    """

    def __init__(self, plan: Plan):
        self.plan = plan
        self.arriving = {
            step: [Accumulator(plan, afferents) for afferents in afferents_of(plan, step)]
            for step in plan.program
            if step.kind is Do.SWEEP or (step.kind is Do.DELIVER and step.arriving is not Arriving.SENT)
        }
        self.accumulators = [accumulator for sums in self.arriving.values() for accumulator in sums]
        self.synapses = {pathway.name: TextualSynapses(plan, pathway) for pathway in plan.textual}
        textual = self.synapses.values()
        self.textual = {
            step: [t for t in textual if step.concerns(t.pathway.name, t.pathway.post)]
            for step in plan.program
        }
        self.sending = {name: [t for t in textual if t.pathway.pre == name] for name in plan.groups}
        self.no_spikes = {name: (NONE, NONE) for name in plan.groups if spikes_sent(plan, name)}
        self.axis_functions = {name: AxisFunctions(group.shape) for name, group in plan.groups.items()}
        self.elements = {name: elements_of(group.shape) for name, group in plan.groups.items()}

    def run_block(self, state: State, group: Group, block: Block, names: Names) -> dict[str, np.ndarray]:
        """The new values of what a block of a population's text writes: (trial, *shape)."""
        run = numpy_block(block.statements, block.writes, block.frozen)
        elements = self.elements[group.name]
        drawn = np.zeros_like(elements) if block.shared else elements
        random = state.random(group.name, block.name, drawn, by_trial(state, group))
        new = run(names, self.axis_functions[group.name], random)
        shape = (state.count, *group.shape)
        dtype = bool if block is group.threshold else state.plan.dtype
        return {name: _own_array(value, shape, dtype) for name, value in new.items()}


def _own_array(value: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """A fresh array, because arrivals change states in place and text such as `v = I` would share one."""
    own = np.empty(shape, dtype)
    own[...] = value
    return own


def drive(prepared: PreparedPlan, step: Step, state: State) -> None:
    """Driven populations send the inputs of this tick."""
    for name in step.populations:
        value = input_value(state.feed, name, state.trials, state.tick)
        if value is None:
            state.spikes[name] = _spikes_given(state, name)
            send_spikes(prepared, state, name)
        else:
            message = value.reshape(state.count, -1).astype(prepared.plan.dtype)
            state.history[name].send(message, state.tick)


def _spikes_given(state: State, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Trial (within the batch) and neuron of the spikes that a population is given at this tick."""
    spikes = input_spikes(state.feed, name, state.trials, state.tick)
    assert spikes is not None
    trial, _, neuron = spikes
    return trial, neuron


def deliver(prepared: PreparedPlan, step: Step, state: State) -> None:
    """Deliver arrivals: sums through synapses without text, then synapses with text, object by object."""
    if step.arriving is Arriving.SENT:
        for synapses in prepared.textual[step]:
            synapses.deliver_sent(state)
        return
    for accumulator in prepared.arriving[step]:
        arrived = accumulator.collect(state, step)
        if arrived is not None:
            afferents = accumulator.afferents
            _put(state, prepared.plan.groups[afferents.post], afferents.to, arrived)
    for synapses in prepared.textual[step]:
        synapses.deliver(state, step)


def add_up(prepared: PreparedPlan, step: Step, state: State) -> None:
    """Set the (summed) variables of synapses, object by object."""
    for synapses in prepared.textual[step]:
        synapses.add_up(state)


def _put(state: State, group: Group, to: str, arrived: Port) -> None:
    """Add what arrived to a port, or to a state variable unless that is frozen in a refractory neuron."""
    if to in group.ports:
        state.ports[group.name][to].add(arrived.total, arrived.count)
        return
    old = state.values[group.name][to]
    new = old + arrived.total.reshape(state.count, *group.shape)
    if to in group.frozen:
        new = np.where(state.not_refractory[group.name], new, old)
    state.values[group.name][to] = new


def integrate(prepared: PreparedPlan, step: Step, state: State) -> None:
    """Advance equations by one tick, those of synapses first; then run update text."""
    for synapses in prepared.textual[step]:
        synapses.integrate(state, synapses.text.integrate)
    update(prepared, step, state)


def update(prepared: PreparedPlan, step: Step, state: State) -> None:
    """Read the ports and compute new states; then clamps replace what graded populations send."""
    for name in step.populations:
        group = prepared.plan.groups[name]
        ports = {port: state.ports[name][port].read() for port in group.ports}
        state.read |= {(name, port): value for port, value in ports.items()}
        _refresh_refractory(prepared, state, group)
        for block in (group.integrate, group.update):
            if block is not None:
                new = prepared.run_block(state, group, block, names_of(state, group, ports))
                state.values[name] |= new
        _clamp(state, group)


def _clamp(state: State, group: Group) -> None:
    """Replace what a graded population sends by its input, where that is not NaN."""
    clamp = input_value(state.feed, group.name, state.trials, state.tick)
    if clamp is not None and group.sends is not None:
        free = state.values[group.name][group.sends]
        clamped = np.where(np.isnan(clamp), free, clamp).astype(state.plan.dtype)
        state.values[group.name][group.sends] = clamped


def _refresh_refractory(prepared: PreparedPlan, state: State, group: Group) -> None:
    """Find out which neurons have left their refractory period."""
    rule = group.refractory
    if rule is None:
        return
    ago = state.tick - state.last_spike[group.name]
    if rule.condition:
        holds = np.broadcast_to(evaluate(rule.condition, names_of(state, group)), ago.shape)
        state.not_refractory[group.name] = state.not_refractory[group.name] | ~holds.astype(bool)
        return
    period: int | np.ndarray = rule.ticks
    if rule.time:
        seconds = evaluate(rule.time, names_of(state, group))
        # A time that is a whole number of ticks must not lose a tick to rounding.
        period = np.floor(seconds / (prepared.plan.dt or 1.0) + 1e-3)
    state.not_refractory[group.name] = ago >= period


def run_text(prepared: PreparedPlan, step: Step, state: State) -> None:
    """Run a block of text: in all neurons, then in all synapses."""
    for name in step.populations:
        group = prepared.plan.groups[name]
        block = group.periodic.get(step.block)
        if block is not None:
            state.values[name] |= prepared.run_block(state, group, block, names_of(state, group))
    for synapses in prepared.textual[step]:
        synapses.run_text(state, synapses.text.periodic.get(step.block))


def threshold(prepared: PreparedPlan, step: Step, state: State) -> None:
    """Find the neurons that spike at this tick; a clamp, or spikes given as input, replace that."""
    for name in step.populations:
        group = prepared.plan.groups[name]
        assert group.threshold is not None
        names = names_of(state, prepared.plan.variable_owner(group))
        spikes = prepared.run_block(state, group, group.threshold, names)["spikes"]
        if group.refractory is not None:
            spikes = spikes & state.not_refractory[name]
        clamp = input_value(state.feed, name, state.trials, state.tick)
        if clamp is not None:
            spikes = np.where(np.isnan(clamp), spikes, clamp != 0)
        if clamp is None and name in prepared.plan.drives:
            trial, neuron = _spikes_given(state, name)
        else:
            trial, neuron = np.nonzero(spikes.reshape(state.count, -1))
        state.spikes[name] = trial, neuron
        if group.spike_time:
            values = state.values[name][group.spike_time]
            values.reshape(state.count, -1)[trial, neuron] = state.time
        if group.refractory is not None:
            state.last_spike[name].reshape(state.count, -1)[trial, neuron] = state.tick
            state.not_refractory[name].reshape(state.count, -1)[trial, neuron] = False


def send(prepared: PreparedPlan, step: Step, state: State) -> None:
    """Populations send: those that spike put their spikes on their way, others send a value."""
    for name in step.populations:
        if spikes_sent(prepared.plan, name):
            send_spikes(prepared, state, name)
        else:
            state.history[name].send(message_now(state, prepared.plan.groups[name]).copy(), state.tick)


def send_spikes(prepared: PreparedPlan, state: State, name: str) -> None:
    """Put this tick's spikes of a population on their way through all its synapses."""
    queue_spikes(state, prepared.accumulators, name)
    for synapses in prepared.sending[name]:
        synapses.queue(state)


def reset(prepared: PreparedPlan, step: Step, state: State) -> None:
    """Run reset text for the neurons that have spiked at this tick."""
    for name in step.populations:
        group = prepared.plan.groups[name]
        trial, neuron = state.spikes[name]
        if group.reset is None or not neuron.size:
            continue
        spiked = np.zeros((state.count, group.size), bool)
        spiked[trial, neuron] = True
        spiked = spiked.reshape(state.count, *group.shape)
        owner = prepared.plan.variable_owner(group)
        new = prepared.run_block(state, group, group.reset, names_of(state, owner))
        for variable, value in new.items():
            state.values[owner.name][variable] = np.where(spiked, value, state.values[owner.name][variable])
