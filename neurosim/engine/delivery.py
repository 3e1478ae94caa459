"""What arrives where, and in which order: the tables of synapses that all engines share.

The tick contract (`plan/plan.py`) fixes the order in which arrivals at one port or variable are added,
because a sum of floating-point numbers depends on it. Graded messages come before spikes; within each of
these, the order is by tick of sending (oldest first), then by sending population in network order, by sender,
by synapse object in network order, and by synapse. `delivery_order` is the one place that puts arrivals into
it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from neurosim.engine.state import Pending, PendingSpikes, Queue, spikes_sent
from neurosim.network.pathway_texts import LONGEST_DELAY
from neurosim.network.program import Do, Step
from neurosim.plan.plan import AnyPathway, Dense, Einsum, Plan, Private, Sparse, Textual
from neurosim.plan.queues import entry_of


def delivery_order(*keys: np.ndarray) -> np.ndarray:
    """The permutation that puts arrivals into the order of the tick contract.

    keys: each has one number for every arrival; the most significant key is the first: what separates the
        sums (the target, or the tick at which arrivals are due), then the tick of sending, the sending
        population, and the sender. A key may be left out if it is the same for all arrivals, or if they are
        given in its order. Several keys may be combined into one number that rises with them. Negated delays
        stand for ticks of sending.

    The sort is stable: arrivals that are given object by object, and synapse by synapse, keep that order.
    """
    return np.lexsort(keys[::-1])


def take_due(queue: Queue[Pending], tick: int) -> list[Pending]:
    """Remove from a queue what is due at a tick, in the order of the tick contract."""
    due = queue.pop(tick, [])
    due.sort(key=lambda spikes: (spikes.sent, spikes.population if isinstance(spikes, PendingSpikes) else 0))
    return due


@dataclass(frozen=True, eq=False)
class Afferents:
    """The synapses without text that end at one port or state variable `to` of the population `post`, and
    whose messages are delivered in one step.

    entry: the name of the queue of their spikes: `to`, with a number if other steps deliver there before.
    reduce: whether `to` takes the 'sum', 'mean' or 'max' of what arrives.
    spiking and graded: stored synapses of populations that spike and of those that do not, by sending
        population, then in network order.
    dense, einsum and private: the others, in network order.
    """

    post: str
    to: str
    entry: str
    reduce: str
    spiking: tuple[Sparse, ...]
    graded: tuple[Sparse, ...]
    dense: tuple[Dense, ...]
    einsum: tuple[Einsum, ...]
    private: tuple[Private, ...]


def afferents_into(plan: Plan, populations: Collection[str]) -> list[Afferents]:
    """All synapses without text into each port and variable of these populations, if there are any."""
    pathways = [pathway for pathway in plan.summing if pathway.post in populations]
    return _by_target(plan, pathways, graded=True, spikes=True)


def afferents_of(plan: Plan, step: Step) -> list[Afferents]:
    """The synapses without text that a step delivers, or into the neurons that it sweeps."""
    if step.kind is Do.SWEEP:
        return afferents_into(plan, step.populations)
    graded, spikes = step.delivers(graded=True), step.delivers(graded=False)
    pathways = [pathway for pathway in plan.summing if step.concerns(pathway.name, pathway.post)]
    place = plan.program.index(step)
    return [
        replace(table, entry=entry_of(plan, place, table.post, table.to))
        for table in _by_target(plan, pathways, graded=graded, spikes=spikes)
    ]


def _by_target(plan: Plan, pathways: Sequence[AnyPathway], *, graded: bool, spikes: bool) -> list[Afferents]:
    """Synapses without text by port and variable: those of graded messages, of spikes, or both."""
    by_target: dict[tuple[str, str], list[AnyPathway]] = {}
    for pathway in pathways:
        if pathway.to:
            by_target.setdefault((pathway.post, pathway.to), []).append(pathway)
    network_order = {name: number for number, name in enumerate(plan.groups)}
    tables: list[Afferents] = []
    for (post, to), found in by_target.items():
        stored = sorted((p for p in found if isinstance(p, Sparse)), key=lambda p: network_order[p.pre])
        table = Afferents(
            post,
            to,
            to,
            plan.groups[post].ports.get(to, "sum"),
            spiking=tuple(p for p in stored if spikes and spikes_sent(plan, p.pre)),
            graded=tuple(p for p in stored if graded and not spikes_sent(plan, p.pre)),
            dense=tuple(p for p in found if graded and isinstance(p, Dense)),
            einsum=tuple(p for p in found if graded and isinstance(p, Einsum)),
            private=tuple(p for p in found if spikes and isinstance(p, Private)),
        )
        if table.spiking or table.graded or table.dense or table.einsum or table.private:
            tables.append(table)
    return tables


@dataclass(frozen=True, eq=False)
class TargetRows:
    """Stored synapses of graded senders by target, each target's in the order of the tick contract.

    start: where each target's synapses begin, (target + 1,).
    weight: of each synapse, in the type of the plan's sums.
    column: which message each synapse takes, (synapse,), where the messages of all `segments` lie one after
        the other.
    segments: delay in ticks and number of the sending population, (segment, 2), oldest message first; a
        segment is everything that one population sent at one tick.
    first_column: where each segment's messages begin, (segment,).
    columns: how many messages there are.
    """

    start: np.ndarray
    column: np.ndarray
    weight: np.ndarray
    segments: np.ndarray
    first_column: np.ndarray
    columns: int

    @property
    def oldest_first(self) -> list[tuple[int, int]]:
        """Delay in ticks and number of the sending population of each segment."""
        return [(int(delay), int(population)) for delay, population in self.segments.tolist()]

    @cached_property
    def segment(self) -> np.ndarray:
        """The segment of each synapse."""
        return np.searchsorted(self.first_column, self.column, side="right") - 1

    @cached_property
    def sender(self) -> np.ndarray:
        """The sending neuron of each synapse, within its population."""
        return self.column - self.first_column[self.segment]


def rows_by_target(plan: Plan, post: str, pathways: Sequence[Sparse]) -> TargetRows:
    """The stored synapses of graded senders into one port or variable of `post`, in network order."""
    names = list(plan.groups)
    delay = _joined([p.delay for p in pathways])
    population = _joined([np.full(p.sender.size, names.index(p.pre)) for p in pathways])
    # One number for tick of sending and population: it rises as both do, because the longest delay was sent
    # first.
    keys, segment = np.unique(population - delay * len(names), return_inverse=True)
    segments = np.stack([-(keys // len(names)), keys % len(names)], axis=1).astype(np.int64)
    sizes = np.array([plan.groups[names[number]].size for number in segments[:, 1]], dtype=np.int64)
    first_column = np.cumsum(sizes) - sizes
    column = first_column[segment] + _joined([p.sender for p in pathways])
    target = _joined([p.receiver for p in pathways])
    order = delivery_order(target, column)
    start = np.r_[0, np.cumsum(np.bincount(target, minlength=plan.groups[post].size))]
    weight = np.concatenate([np.zeros(0, plan.dtype), *(p.weight for p in pathways)]).astype(plan.dtype)
    return TargetRows(start, column[order], weight[order], segments, first_column, int(sizes.sum()))


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def members(start: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of all members of some rows of a table, and for each which of `rows` it belongs to.

    start: where the members of each row begin, (row + 1,).
    rows: which rows, one after the other.
    """
    counts = start[rows + 1] - start[rows]
    row = np.repeat(np.arange(rows.size), counts)
    return start[rows][row] + np.arange(row.size) - (np.cumsum(counts) - counts)[row], row


def split_by_delay(
    delays: np.ndarray, shared: int | None, synapse: np.ndarray
) -> Iterator[tuple[int, slice | np.ndarray]]:
    """Each delay of some synapses, and which of them have it; these keep their order.

    delays: of all synapses of a table, in ticks.
    shared: the delay that all of these have, if they do (which is faster).
    synapse: which of them to split.
    """
    if shared is not None:
        yield shared, slice(None)
        return
    delay = delays[synapse]
    for ticks in np.unique(delay):
        yield int(ticks), np.flatnonzero(delay == ticks)


def changed_delays(plan: Plan, pathway: Textual, values: np.ndarray) -> np.ndarray:
    """The delays in ticks of spikes that are sent now, from the values of the variable that is the delay."""
    ticks = np.rint(values.astype(np.float64) / (plan.dt or 1.0))
    least = least_delay(plan, pathway)
    # Written so that NaN is the shortest delay.
    return np.where(ticks >= least, np.minimum(ticks, LONGEST_DELAY), least).astype(np.int64)


def least_delay(plan: Plan, pathway: Textual) -> int:
    """The shortest delay with which a spike arrives: 1 if it is sent behind the step that delivers it."""
    steps = list(enumerate(plan.program))
    sent = next((n for n, s in steps if s.kind in (Do.DRIVE, Do.SEND) and pathway.pre in s.populations), -1)
    brings = (n for n, s in steps if s.delivers(graded=False) and s.concerns(pathway.name, pathway.post))
    return 1 if next(brings, len(steps)) < sent else 0


def shared_delay(delays: np.ndarray) -> int | None:
    """The delay that all synapses have, if there are any and they do."""
    return int(delays[0]) if delays.size and (delays == delays[0]).all() else None
