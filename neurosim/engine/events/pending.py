"""Pending arrivals of an earlier run: from the columns of a checkpoint into the calendars of the C++."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.engine.checkpoint import QUEUE
from neurosim.engine.delivery import delivery_order
from neurosim.engine.events.batch import Batch
from neurosim.engine.events.layouts import Array, Integers
from neurosim.engine.events.runner import Runner
from neurosim.engine.events.stages import Stage
from neurosim.plan.plan import Textual

Columns = Mapping[str, list[Array]]
"""Spikes on their way by the name of their queue: the columns QUEUE or ARRIVALS of `checkpoint.py`."""


class Arrivals(NamedTuple):
    """Arrivals at the sums of one stage: the tick at which each is due, and its block, slot and weight."""

    due: Integers
    block: Integers
    slot: NDArray[np.uint32]
    value: NDArray[np.float64]


def restore_pending(runner: Runner, batch: Batch, earlier: Columns) -> None:
    """Put what an earlier run left pending into the calendars of the C++."""
    network = batch.network
    for stage in network.source.stages:
        queues = [earlier.get(f"queue/{a.post}/{a.entry}") for a in stage.afferents if a.spiking]
        if any(columns is not None and columns[0].size for columns in queues):
            for trial in range(batch.count):
                arrivals = _arrivals_at(batch, earlier, stage, trial)
                for block in range(network.blocks):
                    mine = arrivals.block == block
                    due, slot, value = arrivals.due[mine], arrivals.slot[mine], arrivals.value[mine]
                    runner.restore(trial, stage.number, block, due, slot, value)
    for number, pathway in enumerate(batch.plan.textual):
        columns = earlier.get(f"arrivals/{pathway.name}")
        if columns is not None and columns[0].size:
            _restore_textual(runner, batch, number, pathway, columns)


def _arrivals_at(batch: Batch, earlier: Columns, stage: Stage, trial: int) -> Arrivals:
    """The pending arrivals of one trial at one stage, by tick, then in the order of the tick contract."""
    network = batch.network
    empty = np.zeros(0, np.int64)
    parts: list[tuple[Array, ...]] = [(empty,) * 6]
    for place, afferents in enumerate(stage.afferents):
        columns = earlier.get(f"queue/{afferents.post}/{afferents.entry}")
        if columns is None:
            continue
        mine = columns[QUEUE.index("trial")] == trial
        due, sent, population, _, receiver, value = (column[mine] for column in columns)
        bounds = network.bounds_of(afferents.post)
        block = np.searchsorted(bounds[1:-1], receiver, side="right")
        slot = network.slots[stage.number][place][block] + receiver - bounds[block]
        parts.append((due, sent, population, block, slot, value))
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


def _restore_textual(
    runner: Runner, batch: Batch, number: int, pathway: Textual, columns: list[Array]
) -> None:
    """Put the pending arrivals at synapses with text, the pathway of this number, into the calendars."""
    layout = batch.network.textual[pathway.name].arriving
    due, sent, owner, synapse = columns
    order = delivery_order(due, sent)
    due, owner, place = due[order].astype(np.int64), owner[order], layout.place[synapse[order]]
    sent = sent[order].astype(np.int64)
    block = np.searchsorted(layout.block_first[1:-1], place, side="right")
    for trial in range(batch.count):
        for part in range(batch.network.blocks):
            mine = (owner == trial) & (block == part)
            if pathway.delay_from:
                runner.restore_changing(trial, number, part, due[mine], sent[mine], place[mine])
            else:
                runner.restore_textual(trial, number, part, due[mine], place[mine])
