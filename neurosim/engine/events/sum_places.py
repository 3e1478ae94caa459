"""Where the sums lie at which spikes arrive, for what is pending at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.engine.events.layouts import Integers
from neurosim.plan.queues import queues_of

if TYPE_CHECKING:
    from neurosim.engine.events.network_layout import NetworkLayout


class SumPlaces:
    """Where the sums lie at which spikes arrive, and which neuron and queue each belongs to.

    queues: the names of all queues in a checkpoint, `queue/<population>/<port or variable>`.
    """

    def __init__(self, network: NetworkLayout):
        self.queues = [f"queue/{post}/{entry}" for post, entry in queues_of(network.plan)]
        size = network.slot_counts
        self._base = (np.cumsum(size) - size.reshape(-1)).reshape(size.shape)  # of each stage and block
        first: list[int] = []
        queue: list[int] = []
        neuron: list[int] = []
        for stage in network.source.stages:
            for block in range(network.blocks):
                for place, afferents in enumerate(stage.afferents):
                    first.append(self._base[stage.number, block] + network.slots[stage.number][place, block])
                    queue.append(self.queues.index(f"queue/{afferents.post}/{afferents.entry}"))
                    neuron.append(network.bounds_of(afferents.post)[block])
        self._first, self._queue, self._neuron = (np.array(x, np.int64) for x in (first, queue, neuron))

    def find(self, stage: Integers, block: Integers, slot: Integers) -> tuple[Integers, Integers]:
        """The number of the queue, and the neuron, of sums that are given by stage, block and slot."""
        where = self._base[stage, block] + slot
        target = np.searchsorted(self._first, where, side="right") - 1
        return self._queue[target], where - self._first[target] + self._neuron[target]
