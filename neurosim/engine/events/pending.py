"""Pending arrivals, in the form that all engines share (`engine/state.py`) and in the C++ calendars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.engine.delivery import delivery_order, members
from neurosim.engine.events.batch import Batch
from neurosim.engine.events.layouts import Array, Integers
from neurosim.engine.events.runner import Runner
from neurosim.engine.events.stages import Stage
from neurosim.engine.state import Pending, PendingSpikes, PendingTextualSpikes, Queue, State, spikes_sent
from neurosim.plan.plan import Textual


class Arrivals(NamedTuple):
    """Arrivals at the sums of one stage: the tick at which each is due, and its block, slot and weight."""

    due: Integers
    block: Integers
    slot: NDArray[np.uint32]
    value: NDArray[np.float64]


class Earlier:
    """What an earlier run left pending, as the state held it when its trials were opened."""

    def __init__(self, state: State):
        self.queue = {end: _listed(queue) for end, queue in state.queue.items()}
        self.arrivals = {name: _listed(queue) for name, queue in state.arrivals.items()}

    def put_back(self, state: State) -> None:
        """Let the state hold just this again."""
        state.queue = {end: _listed(queue) for end, queue in self.queue.items()}
        state.arrivals = {name: _listed(queue) for name, queue in self.arrivals.items()}


def _listed(queue: Queue[Pending]) -> Queue[Pending]:
    """A copy of a queue, to which others can append."""
    return {due: list(entries) for due, entries in queue.items()}


def restore_pending(runner: Runner, batch: Batch) -> None:
    """Put the pending arrivals of the state into the calendars of the C++."""
    network, state = batch.network, batch.state
    for stage in network.source.stages:
        if any(a.spiking and state.queue.get((a.post, a.entry)) for a in stage.afferents):
            for trial in range(state.count):
                arrivals = _arrivals_at(batch, stage, trial)
                for block in range(network.blocks):
                    mine = arrivals.block == block
                    due, slot, value = arrivals.due[mine], arrivals.slot[mine], arrivals.value[mine]
                    runner.restore(trial, stage.number, block, due, slot, value)
    for number, pathway in enumerate(batch.plan.textual):
        if state.arrivals.get(pathway.name):
            _restore_textual(runner, batch, number, pathway)


def _arrivals_at(batch: Batch, stage: Stage, trial: int) -> Arrivals:
    """The pending arrivals of one trial at one stage, by tick, then in the order of the tick contract."""
    network, state = batch.network, batch.state
    empty = np.zeros(0, np.int64)
    parts: list[tuple[Array, ...]] = [(empty,) * 6]
    for place, afferents in enumerate(stage.afferents):
        bounds = network.bounds_of(afferents.post)
        for due, entries in state.queue.get((afferents.post, afferents.entry), {}).items():
            for spikes in entries:
                mine = spikes.trial == trial
                receiver = spikes.receiver[mine]
                block = np.searchsorted(bounds[1:-1], receiver, side="right")
                slot = network.slots[stage.number][place][block] + receiver - bounds[block]
                keys = (np.full(block.size, key) for key in (due, spikes.sent, spikes.population))
                parts.append((*keys, block, slot, spikes.weight[mine]))
    due, sent, population, block, slot, value = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    order = delivery_order(due, sent, population)
    return Arrivals(
        due[order].astype(np.int64),
        block[order],
        slot[order].astype(np.uint32),
        value[order].astype(np.float64),
    )


def _restore_textual(runner: Runner, batch: Batch, number: int, pathway: Textual) -> None:
    """Put the pending arrivals at synapses with text, the pathway of this number, into the calendars."""
    layout, queue = batch.network.textual[pathway.name], batch.state.arrivals[pathway.name]
    parts: list[tuple[Array, ...]] = []
    for due, entries in queue.items():
        for arrivals in entries:
            count = arrivals.synapse.size
            times = (np.full(count, due), np.full(count, arrivals.sent))
            parts.append((*times, arrivals.trial, arrivals.synapse))
    due, sent, owner, synapse = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = delivery_order(due, sent)
    due, owner, place = due[order].astype(np.int64), owner[order], layout.place[synapse[order]]
    sent = sent[order].astype(np.int64)
    block = np.searchsorted(layout.block_first[1:-1], place, side="right")
    for trial in range(batch.state.count):
        for part in range(batch.network.blocks):
            mine = (owner == trial) & (block == part)
            if pathway.delay_from:
                runner.restore_changing(trial, number, part, due[mine], sent[mine], place[mine])
            else:
                runner.restore_textual(trial, number, part, due[mine], place[mine])


def collect_pending(runner: Runner, batch: Batch) -> None:
    """Put what is pending at the end of a run into the state.

    What an earlier run sent, and is still pending, is in the state already.
    """
    state = batch.state
    for queue in (*state.queue.values(), *state.arrivals.values()):
        for due in [due for due in queue if due < state.tick]:
            del queue[due]
    for pathway in batch.plan.textual:
        if pathway.delay_from:
            state.arrivals[pathway.name].clear()  # the C++ has those of earlier runs, too
    for trial in range(state.count):
        _collect_arrivals(runner, batch, trial)
        for number, pathway in enumerate(batch.plan.textual):
            if pathway.delay_from:
                _collect_changing(runner, batch, trial, number, pathway)
            elif pathway.text.on_pre is not None and spikes_sent(batch.plan, pathway.pre):
                _collect_textual(runner, batch, trial, pathway)


def _collect_arrivals(runner: Runner, batch: Batch, trial: int) -> None:
    """Put one trial's pending arrivals at synapses without text into the queues of their targets."""
    arrivals, network = runner.pending_spikes(trial), batch.network
    column: Mapping[str, Array] = {name: arrivals[name] for name in arrivals.dtype.names or ()}
    for stage in network.source.stages:
        for place, afferents in enumerate(stage.afferents):
            bounds = network.bounds_of(afferents.post)
            queue = batch.state.queue[afferents.post, afferents.entry]
            for block in range(network.blocks):
                first = network.slots[stage.number][place, block]
                after = first + bounds[block + 1] - bounds[block]
                slot = column["slot"].astype(np.int64)
                here = (column["stage"] == stage.number) & (column["block"] == block)
                mine = here & (slot >= first) & (slot < after)
                receiver = slot[mine] - first + bounds[block]
                _append(
                    queue, {name: values[mine] for name, values in column.items()}, trial, receiver, batch
                )


def _append(
    queue: Queue[PendingSpikes], column: Mapping[str, Array], trial: int, receiver: Integers, batch: Batch
) -> None:
    """Append arrivals to a queue, one entry for each tick due, tick of sending and sending population."""
    order = delivery_order(column["due"], column["sent"], column["population"])
    keys = np.stack([column[name][order] for name in ("due", "sent", "population")], axis=1)
    receiver, value = receiver[order], column["value"][order].astype(batch.plan.dtype)
    cuts = np.flatnonzero(np.any(np.diff(keys, axis=0) != 0, axis=1)) + 1
    for rows in np.split(np.arange(len(keys)), cuts) if len(keys) else ():
        due, sent, population = (int(key) for key in keys[rows[0]])
        queue.setdefault(due, []).append(
            PendingSpikes(sent, population, np.full(rows.size, trial), receiver[rows], value[rows])
        )


def _collect_textual(runner: Runner, batch: Batch, trial: int, pathway: Textual) -> None:
    """Put one trial's pending arrivals at synapses with text into their queue.

    They follow from the spikes that were sent last and the delays.
    """
    tick, neuron = runner.sent_spikes(trial, list(batch.plan.groups).index(pathway.pre))
    layout = batch.network.textual[pathway.name]
    parts: list[tuple[Integers, Integers, Integers]] = []
    for row in layout.row:
        bundle, spike = members(row, neuron)
        due = tick[spike] + layout.bundle[bundle, 0].astype(np.int64)
        pending = due >= batch.state.tick
        bundle, spike, due = bundle[pending], spike[pending], due[pending]
        count = layout.bundle[bundle, 1].astype(np.int64)
        first: Integers = layout.first[bundle] - (np.cumsum(count) - count)
        place: Integers = np.repeat(first, count) + np.arange(int(count.sum()))
        synapse = place if layout.order is None else layout.order[place].astype(np.int64)
        parts.append((np.repeat(due, count), np.repeat(tick[spike], count), synapse))
    due, sent, synapse = (np.concatenate(column) for column in zip(*parts, strict=True))
    _append_textual(batch, pathway, due, sent, synapse, trial)


def _collect_changing(runner: Runner, batch: Batch, trial: int, number: int, pathway: Textual) -> None:
    """Put one trial's pending arrivals at synapses whose delays change into their queue."""
    layout = batch.network.textual[pathway.name]
    parts = [runner.pending_changing(trial, number, block) for block in range(batch.network.blocks)]
    due, sent, place = np.concatenate(parts).T
    _append_textual(batch, pathway, due, sent, layout.canonical[place].astype(np.int64), trial)


def _append_textual(
    batch: Batch, pathway: Textual, due: Integers, sent: Integers, synapse: Integers, trial: int
) -> None:
    """Append arrivals to the queue of a pathway, one entry for each tick due and tick of sending."""
    queue = batch.state.arrivals[pathway.name]
    for when, since in sorted(set(zip(due.tolist(), sent.tolist(), strict=True))):
        # In the order of the plan, whatever the blocks are.
        mine = np.sort(synapse[(due == when) & (sent == since)])
        if pathway.of:
            mine = mine[delivery_order(pathway.sender[mine])]
        queue.setdefault(when, []).append(PendingTextualSpikes(since, np.full(mine.size, trial), mine))
