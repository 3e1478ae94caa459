"""One asynchronous sweep: every neuron once, in a fair random order, each seeing the newest value of all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.engine.reference.arrivals import expand
from neurosim.engine.reference.steps import Machine
from neurosim.engine.state import State, message_now
from neurosim.network.program import Step
from neurosim.plan.codegen.numpy_code import numpy_block
from neurosim.plan.plan import AnyOf, Dense, Group, Plan, Sparse


@dataclass(frozen=True, eq=False)
class Field:
    """What arrives at one port: stored synapses in rows by target, in the contract's order, and dense pathways."""

    reduce: str
    start: np.ndarray
    sender: np.ndarray
    weight: np.ndarray
    segment: np.ndarray  # index into `segments`
    segments: tuple[tuple[int, str], ...]  # (delay, population), oldest message first
    dense: tuple[tuple[Dense, np.ndarray], ...]  # with the row of each neuron of the population, -1 for none


def fields_of(machine: Machine, name: str) -> dict[str, Field]:
    """What arrives at each port or variable of a population."""
    plan = machine.plan
    mine = [p for p in plan.pathways.values() if p.post == name and p.to is not None]
    return {
        str(to): _field(plan, name, str(to), [p for p in mine if p.to == to])
        for to in dict.fromkeys(p.to for p in mine)
    }


def _field(plan: Plan, name: str, to: str, pathways: list[AnyOf]) -> Field:
    stored = [p for p in pathways if isinstance(p, Sparse)]
    names, size = list(plan.groups), plan.groups[name].size

    def joined(parts: list[np.ndarray], dtype: Any) -> np.ndarray:
        return np.concatenate([np.zeros(0, dtype), *parts]).astype(dtype)

    key = joined([names.index(p.pre) - p.delay * len(names) for p in stored], np.int64)
    sender, receiver = (
        joined([p.sender for p in stored], np.int64),
        joined([p.receiver for p in stored], np.int64),
    )
    found, segment = np.unique(key, return_inverse=True)
    order = np.lexsort((sender, segment, receiver))
    dense = []
    for pathway in (p for p in pathways if isinstance(p, Dense)):
        row = np.full(size, -1)
        row[pathway.post_index] = np.arange(pathway.post_index.size)
        dense.append((pathway, row))
    return Field(
        reduce=plan.groups[name].ports.get(to, "sum"),
        start=np.r_[0, np.cumsum(np.bincount(receiver, minlength=size))],
        sender=sender[order],
        weight=joined([p.weight for p in stored], plan.dtype)[order],
        segment=segment[order],
        segments=tuple((-(int(k) // len(names)), names[int(k) % len(names)]) for k in found),
        dense=tuple(dense),
    )


def sweep(machine: Machine, step: Step, state: State) -> None:
    """Update all neurons of the given populations one at a time; the trials of the batch side by side."""
    plan = machine.plan
    names = step.populations
    sizes = [plan.groups[name].size for name in names]
    bounds = np.r_[0, np.cumsum(sizes)]
    order = _order(state, step, int(bounds[-1]))
    fields = machine.fields = machine.fields or {name: fields_of(machine, name) for name in names}
    newest = {name: state.history[name].messages[-1].copy() for name in plan.groups}
    for turn in range(order.shape[1]):
        for place, name in enumerate(names):
            mine = np.flatnonzero((order[:, turn] >= bounds[place]) & (order[:, turn] < bounds[place + 1]))
            if mine.size:
                _move(
                    machine,
                    state,
                    plan.groups[name],
                    fields[name],
                    newest,
                    mine,
                    order[mine, turn] - bounds[place],
                )
    for name in names:
        state.history[name].send(message_now(state, plan.groups[name]).copy(), state.tick)


def _order(state: State, step: Step, neurons: int) -> np.ndarray:
    """The order of this sweep in every trial: (trial, turn)."""
    if step.by_index:
        return np.tile(np.arange(neurons), (state.count, 1))
    elements = np.arange(neurons, dtype=np.uint32)[None, :]
    return np.argsort(
        state.random("schedule", "order", elements, state.trials[:, None]).rand(0), axis=1, kind="stable"
    )


def _move(
    machine: Machine,
    state: State,
    group: Group,
    fields: dict[str, Field],
    newest: dict[str, np.ndarray],
    trial: np.ndarray,
    neuron: np.ndarray,
) -> None:
    """Deliver to and update one neuron in each of the given trials."""
    names = _names(state, group, trial, neuron)
    for port in group.ports:
        arrived = (
            _arrived(state, fields[port], newest, trial, neuron)
            if port in fields
            else np.zeros(trial.size, state.plan.dtype)
        )
        names[port] = arrived
        read = state.read.setdefault(
            (group.name, port), np.zeros((state.count, group.size), state.plan.dtype)
        )
        read[trial, neuron] = arrived
    for variable in (to for to in fields if to not in group.ports):
        names[variable] = names[variable] + _arrived(state, fields[variable], newest, trial, neuron)
        state.values[group.name][variable].reshape(state.count, -1)[trial, neuron] = names[variable]
    if group.update is not None:
        random = state.random(group.name, group.update.name, neuron.astype(np.uint32), state.trials[trial])
        new = numpy_block(group.update.statements, group.update.writes)(names, None, random)
        for variable, value in new.items():
            state.values[group.name][variable].reshape(state.count, -1)[trial, neuron] = value
    _clamp(state, group, trial, neuron)
    if group.sends is not None:
        newest[group.name][trial, neuron] = state.values[group.name][group.sends].reshape(state.count, -1)[
            trial, neuron
        ]


def _arrived(
    state: State, field: Field, newest: dict[str, np.ndarray], trial: np.ndarray, neuron: np.ndarray
) -> np.ndarray:
    """The sum, maximum or mean over what arrives at one neuron in each trial; 0 where nothing does."""
    total = np.full(trial.size, -np.inf if field.reduce == "max" else 0.0, state.plan.dtype)
    synapse, owner = expand(field.start, neuron)
    count = np.bincount(owner, minlength=trial.size)
    sent = np.empty(synapse.size, state.plan.dtype)
    for number, (delay, name) in enumerate(field.segments):
        chosen = field.segment[synapse] == number
        sent[chosen] = _messages(state, name, newest, delay)[
            trial[owner[chosen]], field.sender[synapse[chosen]]
        ]
    (np.maximum if field.reduce == "max" else np.add).at(total, owner, field.weight[synapse] * sent)
    for pathway, rows in field.dense:
        here = rows[neuron] >= 0
        messages = _messages(state, pathway.pre, newest, pathway.delay)[trial[here]][:, pathway.pre_index]
        products = pathway.weight[rows[neuron[here]]].astype(state.plan.dtype, copy=False) * messages
        if field.reduce == "max":
            total[here] = np.maximum(total[here], products.max(axis=1))
        else:
            total[here] += products.sum(axis=1)
        count[here] += pathway.pre_index.size
    if field.reduce == "mean":
        return total / np.maximum(count, 1)
    return np.where(count > 0, total, 0) if field.reduce == "max" else total


def _messages(state: State, name: str, newest: dict[str, np.ndarray], delay: int) -> np.ndarray:
    return newest[name] if delay == 0 else state.history[name].sent_at(state.tick - delay)


def _names(state: State, group: Group, trial: np.ndarray, neuron: np.ndarray) -> dict[str, Any]:
    names: dict[str, Any] = {"t": state.time}
    for key, value in group.constants.items():
        array = np.asarray(value)
        names[key] = np.broadcast_to(array, group.shape).reshape(-1)[neuron] if array.ndim else value
    for key, value in state.values[group.name].items():
        names[key] = value.reshape(state.count, -1)[trial, neuron]
    return names


def _clamp(state: State, group: Group, trial: np.ndarray, neuron: np.ndarray) -> None:
    source = state.plan.drives.get(group.name)
    if source is None or source.values is None or group.sends is None:
        return
    given = source.values[state.trials[trial], state.tick - state.plan.first_tick].reshape(trial.size, -1)[
        np.arange(trial.size), neuron
    ]
    where = state.values[group.name][group.sends].reshape(state.count, -1)
    where[trial, neuron] = np.where(np.isnan(given), where[trial, neuron], given)
