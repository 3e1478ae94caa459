"""Messages on their way: what arrives at each port or variable, summed in the order of the tick contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Protocol

import numpy as np

from neurosim.engine.contraction import contraction
from neurosim.engine.delivery import (
    Afferents,
    TargetRows,
    delivery_order,
    members,
    rows_by_target,
    shared_delay,
    split_by_delay,
    take_due,
)
from neurosim.engine.state import PendingSpikes, Port, State, combine, identity, names_of
from neurosim.network.program import Step
from neurosim.plan.codegen.numpy_code import evaluate
from neurosim.plan.plan import Dense, Einsum, Plan, Private, Sparse
from neurosim.plan.random import binomial


@dataclass(frozen=True, eq=False)
class SpikeRows:
    """The synapses without text from one spiking population into one port, a row for each sender.

    start: where each sender's synapses begin, (sender + 1,).
    receiver, weight, delay: of each synapse.
    population: the number of the sending population in the network.
    """

    start: np.ndarray
    receiver: np.ndarray
    weight: np.ndarray
    delay: np.ndarray
    population: int

    @cached_property
    def one_delay(self) -> int | None:
        """The delay that all synapses have, if they do."""
        return shared_delay(self.delay)


class SparseMatrix(Protocol):
    """What is used of a compressed matrix of scipy, which has no types of its own."""

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray

    def __matmul__(self, other: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class GradedRows:
    """The stored synapses from graded populations into one port, as a matrix over all messages.

    segments: delay in ticks and name of the sending population, oldest message first.
    matrix: (target, message). scipy adds the products of a row one after the other, and the entries of each
        row are in delivery order.
    """

    segments: tuple[tuple[int, str], ...]
    matrix: SparseMatrix


def spike_rows(plan: Plan, name: str, pathways: list[Sparse]) -> SpikeRows:
    """The rows of the synapses of one spiking population `name` into one port, given in network order."""
    sender = np.concatenate([p.sender for p in pathways])
    order = delivery_order(sender)
    counts = np.bincount(sender, minlength=plan.groups[name].size)
    return SpikeRows(
        start=np.r_[0, np.cumsum(counts)],
        receiver=np.concatenate([p.receiver for p in pathways])[order],
        weight=np.concatenate([p.weight for p in pathways])[order].astype(plan.dtype),
        delay=np.concatenate([p.delay for p in pathways])[order],
        population=list(plan.groups).index(name),
    )


def graded_rows(plan: Plan, afferents: Afferents) -> GradedRows | None:
    """The matrix of the stored synapses of graded senders into one port; None if there are none."""
    if not any(p.sender.size for p in afferents.graded):
        return None
    # Takes long to import, and few networks need it. It has no type stubs.
    from scipy.sparse import csr_array  # pyright: ignore[reportMissingTypeStubs]

    rows, names = rows_by_target(plan, afferents.post, afferents.graded), list(plan.groups)
    shape = (plan.groups[afferents.post].size, rows.columns)
    matrix: SparseMatrix = csr_array((rows.weight, rows.column, rows.start), shape=shape)
    return GradedRows(tuple((delay, names[number]) for delay, number in rows.oldest_first), matrix)


class Accumulator:
    """Sums what arrives at one port or state variable through synapses without text."""

    def __init__(self, plan: Plan, afferents: Afferents):
        self.plan, self.afferents, self.reduce = plan, afferents, afferents.reduce
        self.size, self.dtype = plan.groups[afferents.post].size, plan.dtype
        self.queue = afferents.post, afferents.entry
        self.spiking = {
            name: spike_rows(plan, name, list(pathways))
            for name, pathways in groupby(afferents.spiking, key=lambda pathway: pathway.pre)
        }

    @cached_property
    def graded(self) -> GradedRows | None:
        """The stored synapses of graded senders as a matrix."""
        return graded_rows(self.plan, self.afferents)

    @cached_property
    def takes_graded(self) -> bool:
        """Whether graded messages can arrive."""
        return bool(self.afferents.graded or self.afferents.dense or self.afferents.einsum)

    @cached_property
    def by_target(self) -> TargetRows:
        """The synapses of `graded` target by target, for schedules that update one neuron after the other."""
        return rows_by_target(self.plan, self.afferents.post, self.afferents.graded)

    @cached_property
    def dense_rows(self) -> list[tuple[Dense, np.ndarray]]:
        """The dense pathways, each with the row of its matrix for every neuron, -1 for none."""
        rows = np.full((len(self.afferents.dense), self.size), -1)
        for row, pathway in zip(rows, self.afferents.dense, strict=True):
            row[pathway.post_index] = np.arange(pathway.post_index.size)
        return list(zip(self.afferents.dense, rows, strict=True))

    def collect(self, state: State, step: Step) -> Port | None:
        """What a deliver step brings at this tick; None if nothing can have arrived."""
        graded = step.delivers(graded=True) and self.takes_graded
        spikes = step.delivers(graded=False)
        due = take_due(state.queue[self.queue], state.tick) if spikes else ()
        if not (graded or due or (spikes and self.afferents.private)):
            return None
        arrived = Port.empty(self.reduce, state.count, self.size, self.dtype)
        if graded and self.graded is not None:
            arrived.add(*self._from_graded(state, self.graded))
        self._add_spikes(due, arrived)
        if graded:
            for value, count in self._products(state):
                arrived.add(value, count)
        if spikes:
            for pathway in self.afferents.private:
                arrived.total = arrived.total + self._from_private(state, pathway)
        return arrived

    def _from_graded(self, state: State, rows: GradedRows) -> tuple[np.ndarray, np.ndarray]:
        """What arrives through stored synapses, (trial, target), and through how many, (target,)."""
        messages = [state.history[name].sent_at(state.tick - delay) for delay, name in rows.segments]
        columns = np.concatenate(messages, axis=1).T if len(messages) > 1 else messages[0].T
        count = np.diff(rows.matrix.indptr)
        if self.reduce != "max":
            return (rows.matrix @ np.ascontiguousarray(columns)).T, count
        products = rows.matrix.data[:, None] * columns[rows.matrix.indices]
        value = np.full((self.size, state.count), -np.inf, self.dtype)
        some = np.flatnonzero(count)  # reduceat gives a number, not -inf, for targets without synapses
        value[some] = np.maximum.reduceat(products, rows.matrix.indptr[some], axis=0)
        return value.T, count

    def _add_spikes(self, due: Sequence[PendingSpikes], arrived: Port) -> None:
        """Add the spikes that are due, one after the other, in place."""
        for spikes in due:
            index = spikes.trial * self.size + spikes.receiver
            combine(self.reduce).at(arrived.total.reshape(-1), index, spikes.weight)
            if self.reduce != "sum":
                np.add.at(arrived.count.reshape(-1), index, 1)

    def _products(self, state: State) -> Iterator[tuple[np.ndarray, np.ndarray | int]]:
        """Matrix products: dense pathways, then einsum, each in network order."""
        for pathway in self.afferents.dense:
            message = state.history[pathway.pre].sent_at(state.tick - pathway.delay)[:, pathway.pre_index]
            weight = pathway.weight.astype(self.dtype, copy=False)
            if self.reduce == "max":
                value = (weight * message[:, None, :]).max(axis=2)
            else:
                value = (weight @ message.T).T
            yield self._spread(state, pathway, value, pathway.pre_index.size)
        for pathway in self.afferents.einsum:
            yield self._spread(state, pathway, *self._contract(state, pathway))

    def _spread(
        self, state: State, pathway: Dense | Einsum, part: np.ndarray, terms: int
    ) -> tuple[np.ndarray, np.ndarray | int]:
        """A product for part of the population laid out over all of it, and how many terms each sum has."""
        if np.array_equal(pathway.post_index, np.arange(self.size)):
            value, count = part, np.full(self.size, terms)
        else:
            value = np.full((state.count, self.size), identity(self.reduce), self.dtype)
            value[:, pathway.post_index] = part
            count = np.zeros(self.size, np.int64)
            count[pathway.post_index] = terms
        return value, (count if self.reduce != "sum" else 0)

    def _contract(self, state: State, pathway: Einsum) -> tuple[np.ndarray, int]:
        """Contract messages with weights: value (trial, target) and the number of terms of each sum."""
        how = contraction(pathway, self.reduce)
        message = state.history[pathway.pre].sent_at(state.tick - pathway.delay)[:, pathway.pre_index]
        if pathway.weight_from is None:
            weight = pathway.weight.astype(self.dtype, copy=False)
        else:
            name, index, shape, ago = pathway.weight_from
            history = state.history[name]
            sent = history.messages[-1] if ago == 0 else history.sent_at(state.tick - ago)
            weight = sent[:, index].reshape(state.count, *shape)
        message = message.reshape(state.count, *pathway.pre_shape)
        value: np.ndarray = np.einsum(how.formula, message, weight, optimize=True)
        if how.largest:
            value = value.max(axis=how.largest)
        value = value.reshape(state.count, *how.shape)
        value = np.broadcast_to(value, (state.count, *pathway.post_shape)).reshape(state.count, -1)
        return value, how.terms

    def _from_private(self, state: State, pathway: Private) -> np.ndarray:
        """Weight times Binomial(n, p): each target has n sources, which spike with the sender's chance p."""
        group = self.plan.groups[pathway.pre]
        chance = np.broadcast_to(
            evaluate(pathway.chance, names_of(state, group)), (state.count, *group.shape)
        ).reshape(state.count, -1)[:, pathway.pre_index]
        elements = pathway.post_index.astype(np.uint32)[None, :]
        random = state.random(pathway.name, "private", elements, state.trials[:, None])
        drawn = binomial(random.rand32(0), pathway.sources, np.clip(chance, 0.0, 1.0))
        value = np.zeros((state.count, self.size), self.dtype)
        value[:, pathway.post_index] = np.asarray(pathway.weight, self.dtype) * drawn.astype(self.dtype)
        return value


def queue_spikes(state: State, accumulators: Iterable[Accumulator], name: str) -> None:
    """Put this tick's spikes of a population on their way to every port and variable that they reach."""
    trial, neuron = state.spikes[name]
    if not neuron.size:
        return
    for accumulator in accumulators:
        rows = accumulator.spiking.get(name)
        if rows is None:
            continue
        synapse, spike = members(rows.start, neuron)
        if not synapse.size:
            continue
        for delay, chosen in split_by_delay(rows.delay, rows.one_delay, synapse):
            spikes = PendingSpikes(
                state.tick,
                rows.population,
                trial[spike[chosen]],
                rows.receiver[synapse[chosen]],
                rows.weight[synapse[chosen]],
            )
            state.queue[accumulator.queue].setdefault(state.tick + delay, []).append(spikes)
