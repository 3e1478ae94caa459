"""One asynchronous sweep: every neuron once, in a fair random order, each seeing the newest value of all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.engine.reference.state import State, message_now
from neurosim.engine.reference.steps import Machine
from neurosim.network.program import Step
from neurosim.plan.plan import Group, Pathway
from neurosim.plan.render import numpy_block


@dataclass(frozen=True, eq=False)
class Field:
    """What one pathway contributes to the port of a single neuron."""

    pathway: Pathway
    row: Any = None  # sparse: compressed matrix (post, pre), a target's synapses in the contract's order


def fields_of(machine: Machine, name: str) -> dict[str, list[Field]]:
    """The pathways into each port of a population."""
    from scipy.sparse import csr_array

    plan = machine.plan
    found: dict[str, list[Field]] = {port: [] for port in plan.groups[name].ports}
    for pathway in plan.pathways.values():
        if pathway.post != name or pathway.to is None:
            continue
        row = None
        if pathway.kind == "sparse":
            order = np.lexsort((pathway.sender, pathway.receiver))
            start = np.r_[0, np.cumsum(np.bincount(pathway.receiver, minlength=plan.groups[name].size))]
            entries = (np.arange(pathway.sender.size)[order], pathway.sender[order], start)
            row = csr_array(entries, shape=(plan.groups[name].size, plan.groups[pathway.pre].size))
        found.setdefault(pathway.to, []).append(Field(pathway, row))
    return found


def sweep(machine: Machine, step: Step, state: State) -> None:
    """Update all neurons of the given populations one at a time; the trials of the batch side by side."""
    plan = machine.plan
    names = step.populations
    sizes = [plan.groups[name].size for name in names]
    bounds = np.r_[0, np.cumsum(sizes)]
    order = _order(state, int(bounds[-1]))
    fields = {name: fields_of(machine, name) for name in names}
    newest = {name: state.history[name].messages[-1].copy() for name in plan.groups}
    for turn in range(order.shape[1]):
        for place, name in enumerate(names):
            mine = np.flatnonzero((order[:, turn] >= bounds[place]) & (order[:, turn] < bounds[place + 1]))
            if mine.size:
                _move(machine, state, plan.groups[name], fields[name], newest, mine, order[mine, turn] - bounds[place])
    for name in names:
        state.history[name].send(message_now(state, plan.groups[name]).copy(), state.tick)


def _order(state: State, neurons: int) -> np.ndarray:
    """The order of this sweep in every trial: (trial, turn)."""
    if state.plan.order == "index":
        return np.tile(np.arange(neurons), (state.count, 1))
    elements = np.arange(neurons, dtype=np.uint32)[None, :]
    return np.argsort(state.random("schedule", "order", elements, state.trials[:, None]).rand(0), axis=1, kind="stable")


def _move(
    machine: Machine, state: State, group: Group, fields: dict[str, list[Field]], newest: dict[str, np.ndarray], trial: np.ndarray, neuron: np.ndarray
) -> None:
    """Deliver to and update one neuron in each of the given trials."""
    names = _names(state, group, trial, neuron)
    for port, incoming in fields.items():
        if port in group.ports:
            names[port] = _port(state, group.ports[port], incoming, newest, trial, neuron)
            read = state.read.setdefault((group.name, port), np.zeros((state.count, group.size), state.plan.dtype))
            read[trial, neuron] = names[port]
        else:
            names[port] = names[port] + _port(state, "sum", incoming, newest, trial, neuron)
    if group.update is None:
        return
    random = state.random(group.name, group.update.name, neuron.astype(np.uint32), state.trials[trial])
    new = numpy_block(group.update.statements, group.update.writes)(names, None, random)
    for variable, value in new.items():
        state.values[group.name][variable].reshape(state.count, -1)[trial, neuron] = value
    _clamp(state, group, trial, neuron)
    if group.message is not None:
        newest[group.name][trial, neuron] = state.values[group.name][group.message].reshape(state.count, -1)[trial, neuron]


def _port(state: State, reduce: str, fields: list[Field], newest: dict[str, np.ndarray], trial: np.ndarray, neuron: np.ndarray) -> np.ndarray:
    """The sum, maximum or mean over what arrives at one neuron in each trial."""
    total, count = np.zeros(trial.size, state.plan.dtype), 0
    parts = [_products(state, field, newest, int(r), int(n)) for field in fields for r, n in zip(trial, neuron, strict=True)]
    for position in range(trial.size):
        mine = [parts[k * trial.size + position] for k in range(len(fields))]
        joined = np.concatenate(mine) if mine else np.zeros(0)
        count = joined.size
        if reduce == "sum":
            total[position] = sum(_sum(part, field) for part, field in zip(mine, fields, strict=True))
        elif count:
            total[position] = joined.max() if reduce == "max" else joined.mean()
    return total


def _sum(part: np.ndarray, field: Field) -> float:
    """The sum of the products: one after the other for stored synapses, as the contract says."""
    if field.pathway.kind == "dense":
        return part.sum()
    return np.add.accumulate(part)[-1] if part.size else 0.0


def _products(state: State, field: Field, newest: dict[str, np.ndarray], trial: int, neuron: int) -> np.ndarray:
    """Weight times message of every synapse of one pathway onto one neuron."""
    pathway = field.pathway
    if pathway.kind == "dense":
        place = np.flatnonzero(pathway.post_index == neuron)
        if not place.size:
            return np.zeros(0, state.plan.dtype)
        weight = pathway.weight[place[0]].astype(state.plan.dtype, copy=False)
        return weight * _messages(state, pathway, newest, int(pathway.delay[0]))[trial, pathway.pre_index]
    synapse = field.row.data[field.row.indptr[neuron] : field.row.indptr[neuron + 1]]
    weight = pathway.weight[synapse].astype(state.plan.dtype, copy=False)
    sender, delay = pathway.sender[synapse], pathway.delay[synapse]
    sent = np.empty(synapse.size, state.plan.dtype)
    for one in np.unique(delay):
        chosen = delay == one
        sent[chosen] = _messages(state, pathway, newest, int(one))[trial, sender[chosen]]
    order = np.lexsort((sender, -delay))
    return (weight * sent)[order]


def _messages(state: State, pathway: Pathway, newest: dict[str, np.ndarray], delay: int) -> np.ndarray:
    return newest[pathway.pre] if delay == 0 else state.history[pathway.pre].sent_at(state.tick - delay)


def _names(state: State, group: Group, trial: np.ndarray, neuron: np.ndarray) -> dict[str, Any]:
    plan = state.plan
    names: dict[str, Any] = {"t": plan.dtype.type(state.tick * (plan.dt or 1.0))}
    for key, value in group.constants.items():
        array = np.asarray(value)
        names[key] = np.broadcast_to(array, group.shape).reshape(-1)[neuron] if array.ndim else value
    for key, value in state.values[group.name].items():
        names[key] = value.reshape(state.count, -1)[trial, neuron]
    return names


def _clamp(state: State, group: Group, trial: np.ndarray, neuron: np.ndarray) -> None:
    source = state.plan.drives.get(group.name)
    if source is None or source.values is None or group.message is None:
        return
    given = source.values[state.trials[trial], state.tick - state.plan.first_tick].reshape(trial.size, -1)[np.arange(trial.size), neuron]
    where = state.values[group.name][group.message].reshape(state.count, -1)
    where[trial, neuron] = np.where(np.isnan(given), where[trial, neuron], given)
