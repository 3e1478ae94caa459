"""Pending arrivals at the end of a run: copied from the C++, and put in order when somebody asks for them.

Few runs are continued, so that most never need the columns of a checkpoint, which are sorted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.engine.checkpoint import ARRIVALS, QUEUE
from neurosim.engine.delivery import delivery_order, members
from neurosim.engine.events.batch import Batch
from neurosim.engine.events.layouts import Array, Integers
from neurosim.engine.events.pending import Columns
from neurosim.engine.events.runner import Runner
from neurosim.engine.events.sum_places import SumPlaces
from neurosim.engine.state import spikes_sent
from neurosim.plan.plan import Textual

NONE = np.zeros(0, np.int64)


class AtText(NamedTuple):
    """Arrivals at synapses with text: the ticks at which each is due and was sent, its trial and synapse.

    sender: what orders arrivals of one tick before the synapse does; 0 where the synapse alone does
    """

    due: Integers
    sent: Integers
    trial: Integers
    sender: Integers
    synapse: Integers


@dataclass(eq=False)
class PendingAtEnd:
    """What is pending at the end of a run, as the C++ and an earlier run left it.

    tick: the tick after the last one
    first_trial: the number of the first trial of the batch
    dtype: the type of the values
    places: where the sums lie whose arrivals each queue holds
    spikes: the arrivals at synapses without text, for each trial
    textual: the arrivals at synapses with text, by the name of their queue
    earlier: what an earlier run had sent
    """

    tick: int
    first_trial: int
    dtype: np.dtype[Any]
    places: SumPlaces
    spikes: list[NDArray[np.void]]
    textual: dict[str, AtText]
    earlier: Columns

    def columns(self) -> dict[str, Array]:
        """The columns of all queues as a checkpoint holds them: by the tick at which arrivals are due."""
        found: dict[str, Array] = {}
        for names, queues in ((QUEUE, self._at_sums()), (ARRIVALS, self._at_text())):
            for key, new in queues.items():
                columns = dict(zip(names, self._behind_earlier(key, new), strict=True))
                columns["trial"] = columns["trial"] + self.first_trial
                found |= {f"{key}/{name}": column for name, column in columns.items()}
        return found

    def _behind_earlier(self, key: str, new: list[Array]) -> list[Array]:
        """The columns of a queue: for each tick, what an earlier run sent comes first."""
        earlier = self.earlier.get(key)
        if earlier is None:
            return new
        # `due`, `sent` and, of synapses without text, the sending population.
        order = delivery_order(*earlier[: 3 if len(earlier) == len(QUEUE) else 2])
        order = order[earlier[0][order] >= self.tick]
        both = [np.concatenate([old[order], column]) for old, column in zip(earlier, new, strict=True)]
        order = delivery_order(both[0])
        return [column[order] for column in both]

    def _at_sums(self) -> dict[str, list[Array]]:
        """The columns of the arrivals at synapses without text that this run has sent."""
        arrived = self.spikes[0] if len(self.spikes) == 1 else np.concatenate(self.spikes)
        trial = np.repeat(np.arange(len(self.spikes)), [len(spikes) for spikes in self.spikes])
        queue, receiver = self.places.find(arrived["stage"], arrived["block"], arrived["slot"])
        keys = [arrived[name].astype(np.int64) for name in ("due", "block", "sent", "population")]
        due, block, sent, population = keys
        order = delivery_order(queue, due, trial, block, sent, population)
        value = arrived["value"].astype(self.dtype)
        columns = [column[order] for column in (due, sent, population, trial, receiver, value)]
        cuts = np.searchsorted(queue[order], np.arange(len(self.places.queues) + 1))
        found: dict[str, list[Array]] = {}
        for number, key in enumerate(self.places.queues):
            mine = [column[cuts[number] : cuts[number + 1]] for column in columns]
            if not mine[-1].size:
                mine[-1] = np.zeros(0)  # as all engines write an empty queue
            found[key] = mine
        return found

    def _at_text(self) -> dict[str, list[Array]]:
        """The columns of the arrivals at synapses with text that this run has sent."""
        found: dict[str, list[Array]] = {}
        for key, arrivals in self.textual.items():
            due, sent, trial, sender, synapse = arrivals
            order = delivery_order(due, trial, sent, sender, synapse)
            found[key] = [column[order] for column in (due, sent, trial, synapse)]
        return found


def pending_at_end(runner: Runner, batch: Batch, tick: int, earlier: Columns) -> PendingAtEnd:
    """Copy what is pending at the end of a run.

    tick: the tick after the last one
    earlier: what an earlier run had sent when this one began
    """
    plan = batch.plan
    if earlier:  # the C++ has those of earlier runs, too, where delays change
        changing = {f"arrivals/{pathway.name}" for pathway in plan.textual if pathway.delay_from}
        earlier = {key: columns for key, columns in earlier.items() if key not in changing}
    return PendingAtEnd(
        tick=tick,
        first_trial=int(batch.trials[0]),
        dtype=plan.dtype,
        places=batch.network.sum_places,
        spikes=[runner.pending_spikes(trial) for trial in range(batch.count)],
        textual={
            f"arrivals/{p.name}": _at_text(runner, batch, n, p, tick) for n, p in enumerate(plan.textual)
        },
        earlier=earlier,
    )


def _at_text(runner: Runner, batch: Batch, number: int, pathway: Textual, tick: int) -> AtText:
    """The arrivals at synapses with text, the pathway of this number, that this run has sent."""
    parts: list[tuple[Integers, Integers, Integers]] = []
    for trial in range(batch.count):
        if pathway.delay_from:
            parts.append(_changing(runner, batch, trial, number, pathway))
        elif pathway.text.on_pre is not None and spikes_sent(batch.plan, pathway.pre):
            parts.append(_in_rows(runner, batch, trial, pathway, tick))
    if not parts:
        return AtText(NONE, NONE, NONE, NONE, NONE)
    trial = np.repeat(np.arange(len(parts)), [part[0].size for part in parts])
    due, sent, synapse = (np.concatenate(column) for column in zip(*parts, strict=True))
    sender = pathway.sender[synapse] if pathway.of else np.zeros_like(synapse)
    return AtText(due, sent, trial, sender, synapse)


def _in_rows(
    runner: Runner, batch: Batch, trial: int, pathway: Textual, now: int
) -> tuple[Integers, Integers, Integers]:
    """Due, sent and synapse of one trial's arrivals: they follow from the last spikes and the delays."""
    tick, neuron = runner.sent_spikes(trial, list(batch.plan.groups).index(pathway.pre))
    layout = batch.network.textual[pathway.name].arriving
    parts: list[tuple[Integers, Integers, Integers]] = []
    for row in layout.row:
        bundle, spike = members(row, neuron)
        due = tick[spike] + layout.bundle[bundle, 0].astype(np.int64)
        pending = due >= now
        bundle, spike, due = bundle[pending], spike[pending], due[pending]
        count = layout.bundle[bundle, 1].astype(np.int64)
        first: Integers = layout.first[bundle] - (np.cumsum(count) - count)
        place: Integers = np.repeat(first, count) + np.arange(int(count.sum()))
        synapse = place if layout.order is None else layout.order[place].astype(np.int64)
        parts.append((np.repeat(due, count), np.repeat(tick[spike], count), synapse))
    due, sent, synapse = (np.concatenate(column) for column in zip(*parts, strict=True))
    return due, sent, synapse


def _changing(
    runner: Runner, batch: Batch, trial: int, number: int, pathway: Textual
) -> tuple[Integers, Integers, Integers]:
    """Due, sent and synapse of one trial's arrivals at synapses whose delays change."""
    layout = batch.network.textual[pathway.name]
    parts = [runner.pending_changing(trial, number, block) for block in range(batch.network.blocks)]
    due, sent, place = np.concatenate(parts).T
    return due, sent, layout.canonical[place].astype(np.int64)
