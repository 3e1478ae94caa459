"""Spikes on their way, between the form of a checkpoint (`engine/checkpoint.py`) and that of the C++ calendars."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np

from neurosim.engine.delivery import delivery_order, members
from neurosim.engine.events.batch import Batch
from neurosim.engine.state import PendingArrivals, PendingSpikes, Queue, State, spikes_sent
from neurosim.plan.plan import Textual

# `Flight` of core/run/engine.hpp
PENDING_ARRIVAL = np.dtype(
    [
        ("due", "i8"),
        ("sent", "i8"),
        ("population", "i4"),
        ("stage", "i4"),
        ("block", "i4"),
        ("slot", "u4"),
        ("value", "f8"),
    ]
)


def restore_pending(library: ctypes.CDLL, runner: int, batch: Batch) -> None:
    """Put what the state has on its way into the calendars of the C++."""
    network, state = batch.network, batch.state
    for stage in network.source.stages:
        if not any(
            accumulator.spiking and state.queue.get((accumulator.post, accumulator.to))
            for accumulator in stage.accumulators
        ):
            continue
        for trial in range(state.count):
            columns = _restored(batch, stage.number, trial)
            for block in range(network.blocks):
                mine = columns["block"] == block
                due, slot, value = (
                    np.ascontiguousarray(columns[part][mine]) for part in ("due", "slot", "value")
                )
                library.neurosim_restore(
                    runner,
                    trial,
                    stage.number,
                    block,
                    due.size,
                    due.ctypes.data,
                    slot.ctypes.data,
                    value.ctypes.data,
                )
    texts = network.plan.textual
    for number, pathway in enumerate(texts):
        if state.arrivals.get(pathway.name):
            _give_arrivals(library, runner, batch, number, pathway)


def _restored(batch: Batch, number: int, trial: int) -> dict[str, np.ndarray]:
    """The arrivals of one trial at one stage: due, block, slot and value, by tick, then in the contract's order."""
    network, state = batch.network, batch.state
    parts: list[tuple[np.ndarray, ...]] = []
    for place, accumulator in enumerate(network.source.stages[number].accumulators):
        bounds = network.bounds[network.names.index(accumulator.post)]
        for due, entries in state.queue.get((accumulator.post, accumulator.to), {}).items():
            for sent, order, owner, receiver, value in entries:
                mine = owner == trial
                block = np.searchsorted(bounds[1:-1], receiver[mine], side="right")
                slot = network.slots[number][place][block] + receiver[mine] - bounds[block]
                n = block.size
                parts.append((np.full(n, due), np.full(n, sent), np.full(n, order), block, slot, value[mine]))
    due, sent, order, block, slot, value = (
        (np.concatenate(column) for column in zip(*parts, strict=True)) if parts else (np.zeros(0),) * 6
    )
    ranked = delivery_order(due, sent, order)
    return {
        "due": due[ranked].astype(np.int64), "block": block[ranked],
        "slot": slot[ranked].astype(np.uint32), "value": value[ranked].astype(np.float64),
    }  # fmt: skip


def _give_arrivals(library: ctypes.CDLL, runner: int, batch: Batch, number: int, pathway: Textual) -> None:
    layout = batch.network.textual[pathway.name]
    rows = [
        (due, sent, owner, synapse)
        for due, entries in batch.state.arrivals[pathway.name].items()
        for sent, owner, synapse in entries
    ]
    due, sent = (np.concatenate([np.full(row[2].size, row[part]) for row in rows]) for part in (0, 1))
    owner, synapse = (np.concatenate([row[part] for row in rows]) for part in (2, 3))
    ranked = delivery_order(due, sent)
    due, owner, place = due[ranked], owner[ranked], layout.place[synapse[ranked]]
    block = np.searchsorted(layout.block_first[1:-1], place, side="right")
    for trial in range(batch.state.count):
        for part in range(batch.network.blocks):
            mine = (owner == trial) & (block == part)
            ticks, places = (
                np.ascontiguousarray(due[mine], np.int64),
                np.ascontiguousarray(place[mine], np.int64),
            )
            library.neurosim_restore_arrivals(
                runner, trial, number, part, ticks.size, ticks.ctypes.data, places.ctypes.data
            )


def collect_pending(library: ctypes.CDLL, runner: int, batch: Batch) -> None:
    """Put what is on its way at the end of a run into the state; what an earlier run had sent and is still due stays there."""
    state = batch.state
    for queue in (*state.queue.values(), *state.arrivals.values()):
        for due in [due for due in queue if due < state.tick]:
            del queue[due]
    for trial in range(state.count):
        _take_stored(library, runner, batch, trial)
        for pathway in batch.plan.textual:
            if pathway.text.on_pre is not None and spikes_sent(batch.plan, pathway.pre):
                _take_arrivals(library, runner, batch, trial, pathway)


def _take_stored(library: ctypes.CDLL, runner: int, batch: Batch, trial: int) -> None:
    found = np.empty(library.neurosim_pending_arrivals(runner, trial, None), PENDING_ARRIVAL)
    library.neurosim_pending_arrivals(runner, trial, found.ctypes.data)
    network = batch.network
    for stage in network.source.stages:
        for place, accumulator in enumerate(stage.accumulators):
            bounds = network.bounds[network.names.index(accumulator.post)]
            for block in range(network.blocks):
                first = network.slots[stage.number][place, block]
                size = bounds[block + 1] - bounds[block]
                mine = (
                    (found["stage"] == stage.number)
                    & (found["block"] == block)
                    & (found["slot"] >= first)
                    & (found["slot"] < first + size)
                )
                values = found["value"][mine].astype(batch.plan.dtype)
                _append(
                    batch.state.queue[accumulator.post, accumulator.to],
                    found[mine],
                    trial,
                    found["slot"][mine] - first + bounds[block],
                    values,
                )


def _append(
    queue: Queue[PendingSpikes], found: np.ndarray, trial: int, receiver: np.ndarray, value: np.ndarray
) -> None:
    """Append flights to a queue, one entry for each tick due, tick of sending and sending population."""
    ranked = delivery_order(found["due"], found["sent"], found["population"])
    found, receiver, value = found[ranked], receiver[ranked].astype(np.int64), value[ranked]
    keys = np.stack([found["due"], found["sent"], found["population"]], axis=1)
    cuts = np.flatnonzero(np.any(np.diff(keys, axis=0) != 0, axis=1)) + 1
    for rows in np.split(np.arange(len(found)), cuts) if len(found) else ():
        due, sent, population = (int(value) for value in keys[rows[0]])
        queue.setdefault(due, []).append(
            PendingSpikes(sent, population, np.full(rows.size, trial), receiver[rows], value[rows])
        )


def _take_arrivals(library: ctypes.CDLL, runner: int, batch: Batch, trial: int, pathway: Textual) -> None:
    """Which synapses with text still await the spikes of their senders: from the spikes sent last and the delays."""
    tick, neuron = sent_spikes(library, runner, trial, list(batch.plan.groups).index(pathway.pre))
    laid, found = batch.network.textual[pathway.name], []
    for row in laid.row:
        group, owner = members(row, neuron)
        due, count = (
            tick[owner] + laid.group[group, 0].astype(np.int64),
            laid.group[group, 1].astype(np.int64),
        )
        late = due >= batch.state.tick
        group, owner, due, count = group[late], owner[late], due[late], count[late]
        place = np.repeat(laid.first[group] - (np.cumsum(count) - count), count) + np.arange(count.sum())
        found.append(
            (
                np.repeat(due, count),
                np.repeat(tick[owner], count),
                place if laid.order is None else laid.order[place],
            )
        )
    due, sent, synapse = (np.concatenate(parts).astype(np.int64) for parts in zip(*found, strict=True))
    queue = batch.state.arrivals[pathway.name]
    for when, since in sorted(set(zip(due.tolist(), sent.tolist(), strict=True))):
        mine = np.sort(synapse[(due == when) & (sent == since)])  # all blocks in one order: that of the plan
        queue.setdefault(when, []).append(PendingArrivals(since, np.full(mine.size, trial), mine))


def sent_spikes(
    library: ctypes.CDLL, runner: int, trial: int, population: int
) -> tuple[np.ndarray, np.ndarray]:
    """Tick and neuron of the spikes of one population whose arrivals may still be on their way."""
    tick, neuron = seen_spikes(lambda *at: library.neurosim_sent(runner, trial, population, *at))
    return tick.copy(), neuron.astype(np.int64)


def seen_spikes(ask: Callable[..., int]) -> tuple[np.ndarray, np.ndarray]:
    """Ticks and neurons of a tape of spikes where the C++ keeps them, until it runs again."""
    tick, neuron = ctypes.POINTER(ctypes.c_int64)(), ctypes.POINTER(ctypes.c_int32)()
    count = ask(ctypes.byref(tick), ctypes.byref(neuron))
    if not count:
        return np.zeros(0, np.int64), np.zeros(0, np.int32)
    return np.ctypeslib.as_array(tick, (count,)), np.ctypeslib.as_array(neuron, (count,))


def has_flights(state: State) -> bool:
    """Whether anything is on its way."""
    return any(state.queue.values()) or any(state.arrivals.values())
