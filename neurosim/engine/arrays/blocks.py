"""Blocks of ticks that run at once: how long they are, and what is written of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.engine.sampling import recorded_spikes
from neurosim.plan.plan import Plan
from neurosim.recording.header import sample_size
from neurosim.recording.spikes import Spikes

if TYPE_CHECKING:
    from neurosim.recording.writer import Writer

BATCH_NEURONS = 4_000_000  # neurons, times trials, of a batch; results do not depend on it
BLOCK_BYTES = 64 * 2**20
BLOCK_TICKS = 1000


def block_length(plan: Plan, trials: int, ticks: int) -> int:
    """How many of so many ticks run at once, so that their samples and inputs fit into BLOCK_BYTES.

    If possible all blocks are of one length, because each other length is compiled anew.
    """
    driven = sum(plan.groups[name].size for name in plan.drives)
    sample = (sum(sample_size(probe) for probe in plan.probes) + driven) * plan.dtype.itemsize * trials
    most = int(max(1, min(BLOCK_TICKS, BLOCK_BYTES // max(sample, 1), ticks)))
    return next((n for n in range(most, most // 2, -1) if ticks % n == 0), most)


def write_block(
    plan: Plan, writer: Writer, trials: np.ndarray, samples: dict[str, np.ndarray], first: int, ticks: int
) -> dict[str, Spikes]:
    """Hand the samples of a block of ticks over to the writer; `first` counts from the start of the run.

    Returns the spikes of each population of which all are recorded.
    """
    in_block: dict[str, np.ndarray] = {}
    events: dict[str, Spikes] = {}
    owners = {probe.name: probe.owner for probe in plan.probes if probe.events and probe.index is None}
    for probe in plan.probes:
        values = samples[probe.name][:ticks]
        if probe.events:
            tick, trial, neuron = np.nonzero(values)
            chosen = recorded_spikes(probe, neuron)
            trial, tick = trial[chosen] + int(trials[0]), tick[chosen] + first
            events[probe.name] = Spikes(trial, tick, neuron[chosen], plan.dt)
        else:
            in_block[probe.name] = values[-first % probe.every :: probe.every].swapaxes(0, 1)
    writer.write(int(trials[0]), first, in_block, events, trials=len(trials), ticks=ticks)
    return {owner: events[name] for name, owner in owners.items()}
