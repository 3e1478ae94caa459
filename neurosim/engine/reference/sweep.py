"""An asynchronous sweep: every neuron once, in a random order, each seeing the newest values of others."""

from __future__ import annotations

import numpy as np

from neurosim.engine.delivery import members
from neurosim.engine.inputs import input_value
from neurosim.engine.reference.arrivals import Accumulator
from neurosim.engine.reference.steps import PreparedPlan
from neurosim.engine.state import Names, State, combine, identity, message_now, reduced
from neurosim.network.program import Step
from neurosim.plan.codegen.numpy_code import numpy_block
from neurosim.plan.plan import Group

Newest = dict[str, np.ndarray]
"""The newest message of each population during a sweep, (trial, neuron)."""


def sweep(prepared: PreparedPlan, step: Step, state: State) -> None:
    """Update all neurons of the step's populations one at a time; the trials of the batch side by side."""
    plan, names = prepared.plan, step.populations
    first = np.r_[0, np.cumsum([plan.groups[name].size for name in names])]
    order = _order(state, step, int(first[-1]))
    newest = {name: state.history[name].messages[-1].copy() for name in plan.groups}
    for turn in range(order.shape[1]):
        for number, name in enumerate(names):
            trial = np.flatnonzero((order[:, turn] >= first[number]) & (order[:, turn] < first[number + 1]))
            if trial.size:
                _update_one(prepared, state, name, newest, trial, order[trial, turn] - first[number])
    for name in names:
        state.history[name].send(message_now(state, plan.groups[name]).copy(), state.tick)


def _order(state: State, step: Step, neurons: int) -> np.ndarray:
    """The order in which neurons are updated in each trial: (trial, turn)."""
    if step.by_index:
        return np.tile(np.arange(neurons), (state.count, 1))
    elements = np.arange(neurons, dtype=np.uint32)[None, :]
    numbers = state.random("schedule", "order", elements, state.trials[:, None]).rand(0)
    return np.argsort(numbers, axis=1, kind="stable")


def _update_one(
    prepared: PreparedPlan, state: State, name: str, newest: Newest, trial: np.ndarray, neuron: np.ndarray
) -> None:
    """Deliver to one neuron in each of the given trials, and update it.

    trial, neuron: which neuron of the population `name` it is in which trial, (pair,).
    """
    group = prepared.plan.groups[name]
    arrived = {
        accumulator.afferents.to: _arrived(state, accumulator, newest, trial, neuron)
        for accumulator in prepared.accumulators
        if accumulator.afferents.post == name
    }
    names = _names(state, group, trial, neuron)
    for port in group.ports:
        names[port] = arrived.pop(port, np.zeros(trial.size, state.plan.dtype))
        if (name, port) not in state.read:
            state.read[name, port] = np.zeros((state.count, group.size), state.plan.dtype)
        state.read[name, port][trial, neuron] = names[port]
    for variable, value in arrived.items():
        names[variable] = names[variable] + value
        _set(state, name, variable, trial, neuron, names[variable])
    if group.update is not None:
        random = state.random(name, group.update.name, neuron.astype(np.uint32), state.trials[trial])
        new = numpy_block(group.update.statements, group.update.writes)(names, None, random)
        for variable, value in new.items():
            _set(state, name, variable, trial, neuron, value)
    if group.sends is not None:
        clamp = input_value(state.feed, name, state.trials, state.tick)
        if clamp is not None:
            given = clamp.reshape(state.count, -1)[trial, neuron]
            free = _get(state, name, group.sends, trial, neuron)
            _set(state, name, group.sends, trial, neuron, np.where(np.isnan(given), free, given))
        newest[name][trial, neuron] = _get(state, name, group.sends, trial, neuron)


def _get(state: State, name: str, variable: str, trial: np.ndarray, neuron: np.ndarray) -> np.ndarray:
    return state.values[name][variable].reshape(state.count, -1)[trial, neuron]


def _set(
    state: State, name: str, variable: str, trial: np.ndarray, neuron: np.ndarray, value: np.ndarray
) -> None:
    state.values[name][variable].reshape(state.count, -1)[trial, neuron] = value


def _arrived(
    state: State, accumulator: Accumulator, newest: Newest, trial: np.ndarray, neuron: np.ndarray
) -> np.ndarray:
    """The sum, maximum or mean of what arrives at each (trial, neuron) pair; 0 where nothing does."""
    reduce, rows = accumulator.reduce, accumulator.by_target
    names = list(state.plan.groups)
    total = np.full(trial.size, identity(reduce), state.plan.dtype)
    synapse, pair = members(rows.start, neuron)
    count = np.bincount(pair, minlength=trial.size)
    sent = np.empty(synapse.size, state.plan.dtype)
    for number, (delay, population) in enumerate(rows.oldest_first):
        chosen = rows.segment[synapse] == number
        messages = _messages(state, names[population], newest, delay)
        sent[chosen] = messages[trial[pair[chosen]], rows.sender[synapse[chosen]]]
    combine(reduce).at(total, pair, rows.weight[synapse] * sent)
    for pathway, matrix_row in accumulator.dense_rows:
        here = matrix_row[neuron] >= 0
        messages = _messages(state, pathway.pre, newest, pathway.delay)[trial[here]][:, pathway.pre_index]
        weight = pathway.weight[matrix_row[neuron[here]]].astype(state.plan.dtype, copy=False)
        products = weight * messages
        if reduce == "max":
            total[here] = np.maximum(total[here], products.max(axis=1))
        else:
            total[here] += products.sum(axis=1)
        count[here] += pathway.pre_index.size
    return reduced(reduce, total, count)


def _messages(state: State, name: str, newest: Newest, delay: int) -> np.ndarray:
    """What a population sent `delay` sweeps ago, (trial, neuron)."""
    return newest[name] if delay == 0 else state.history[name].sent_at(state.tick - delay)


def _names(state: State, group: Group, trial: np.ndarray, neuron: np.ndarray) -> Names:
    """The values of the names that text uses, one for each (trial, neuron) pair."""
    names: Names = {"t": state.time}
    for name, value in group.constants.items():
        array = np.asarray(value)
        names[name] = np.broadcast_to(array, group.shape).reshape(-1)[neuron] if array.ndim else value
    for name in state.values[group.name]:
        names[name] = _get(state, group.name, name, trial, neuron)
    return names
