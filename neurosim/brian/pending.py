"""Spikes on their way: from the queues of Brian2 into the checkpoint of a run, and back at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from neurosim.brian.events import holder_of
from neurosim.brian.private_names import BrianObject, pending_of, put_pending
from neurosim.brian.synapses import LoweredSynapses
from neurosim.engine.checkpoint import ARRIVALS, QUEUE
from neurosim.engine.delivery import delivery_order, members
from neurosim.plan.plan import Plan, Sparse, Textual

# Queues of Brian2 count ticks without saying how long these are; scripts may change dt between runs.
_dt_of_queues: WeakKeyDictionary[Any, float] = WeakKeyDictionary()


def pending_arrays(
    plan: Plan, lowered: LoweredSynapses, pathway: BrianObject, first: int
) -> dict[str, list[np.ndarray]]:
    """The columns of the checkpoint for the spikes in the queue of a pathway of Brian2."""
    spikes = _waiting(pathway, plan.dt or 1.0)
    place = _places(lowered.wires.order, spikes[:, 1])
    due = spikes[:, 0] + first
    sent = due - lowered.delays[pathway.name][place]
    trial = np.zeros(due.size, np.int64)
    columns: dict[str, list[np.ndarray]] = {}
    for name in _carriers(lowered, pathway):
        carrier = plan.pathway(name, Sparse)
        if isinstance(carrier, Textual):
            columns |= {
                f"arrivals/{name}/{key}": [column]
                for key, column in zip(ARRIVALS, (due, sent, trial, place), strict=True)
            }
            continue
        number = np.full(due.size, list(plan.groups).index(carrier.pre))
        values = (due, sent, number, trial, carrier.receiver[place], carrier.weight[place])
        for key, column in zip(QUEUE, values, strict=True):
            columns.setdefault(f"queue/{carrier.post}/{carrier.to}/{key}", []).append(column)
    return columns


def _places(order: np.ndarray, synapses: np.ndarray) -> np.ndarray:
    """Where synapses of Brian2 stand in an order."""
    if not synapses.size:
        return synapses
    places = np.empty_like(order)
    places[order] = np.arange(order.size)
    return places[synapses]


def _carriers(lowered: LoweredSynapses, pathway: BrianObject) -> Sequence[str]:
    """The pathways of the plan that carry the spikes of a pathway of Brian2."""
    return next(names for action, names in lowered.carried_by.items() if action.thing is pathway)


def put_back_pending(
    lowered: LoweredSynapses, pathway: BrianObject, sent: Mapping[str, tuple[np.ndarray, np.ndarray]],
    first: int, last: int, dt: float,
) -> None:  # fmt: skip
    """Put what is on its way at the end of a run into the queue of a pathway of Brian2.

    sent: by name of the sender, tick and neuron of the spikes that it sent in the run, as far as delays reach
    first, last: the first tick of the run, and the one after its last
    """
    before = _waiting(pathway, dt)
    before = before[before[:, 0] + first >= last] - np.array([last - first, 0])
    delay, wires = lowered.delays[pathway.name], lowered.wires
    tick, neuron = sent[holder_of(pathway.source, pathway.event)]
    late = tick + delay.max(initial=0) >= last
    tick, neuron = tick[late], neuron[late]
    ends = wires.receiver if pathway.prepost == "post" else wires.sender
    size = int(max(ends.max(initial=-1), neuron.max(initial=-1))) + 1
    mine = np.flatnonzero(np.isin(np.arange(size), neuron)[ends])  # the synapses of those that spiked
    by_end = mine[np.argsort(ends[mine], kind="stable")]
    starts = np.searchsorted(ends[by_end], np.arange(size + 1))
    number, spike = members(starts, neuron)
    synapse = by_end[number]
    due = tick[spike] + delay[synapse]
    waits = due >= last
    order = delivery_order(due[waits], tick[spike][waits])
    new = np.stack([due[waits] - last, wires.order[synapse[waits]]], axis=1)[order]
    put_pending(pathway, np.concatenate([before, new]), dt)
    _dt_of_queues[pathway.queue] = dt


def _waiting(pathway: BrianObject, dt: float) -> np.ndarray:
    """The spikes in the queue of a pathway, (spike, 2): in how many ticks each is due, and its synapse."""
    spikes = pending_of(pathway)
    spikes[:, 0] = np.rint(spikes[:, 0] * (_dt_of_queues.get(pathway.queue, dt) / dt))
    return spikes
