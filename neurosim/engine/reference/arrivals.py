"""Messages on their way: what is delivered to each port or variable, summed in the order of the tick contract."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurosim.engine.state import State, names_of, spikes_sent
from neurosim.network.program import Step
from neurosim.plan.codegen.numpy_code import evaluate
from neurosim.plan.plan import Dense, Einsum, Plan, Private, Sparse
from neurosim.plan.random import binomial

LETTERS = "abcdefghijklmnopqrstuvwxyABCDEFGHIJKLMNOPQRSTUVWXY"  # z and Z are kept for the trial axis


@dataclass(frozen=True, eq=False)
class SpikeRows:
    """The synapses without text from one spiking population into one port: a row per sender, synapse objects in order."""

    start: np.ndarray
    receiver: np.ndarray
    weight: np.ndarray
    delay: np.ndarray
    order: int  # of the sending population in the network

    @cached_property
    def one_delay(self) -> int | None:
        """The delay that all synapses share, if they do."""
        return int(self.delay[0]) if self.delay.size and (self.delay == self.delay[0]).all() else None


@dataclass(frozen=True, eq=False)
class GradedRows:
    """The stored synapses from graded populations into one port, as a matrix over the messages of all (delay, sender).

    A target's synapses stand in the contract's order (tick of sending, sender, object, synapse), and scipy's product of a
    compressed matrix adds them one after the other in that order.
    """

    segments: tuple[tuple[int, str], ...]  # (delay, population), oldest first
    matrix: Any


class Inbox:
    """Everything that ends at one port or state variable `to` of the population `post`."""

    def __init__(self, plan: Plan, post: str, to: str):
        self.plan, self.post, self.to = plan, post, to
        self.group = plan.groups[post]
        self.size = self.group.size
        self.reduce = self.group.ports.get(to, "sum")
        mine = [p for p in plan.summing if p.post == post and p.to == to]
        sparse = [p for p in mine if isinstance(p, Sparse)]
        order = {name: number for number, name in enumerate(plan.groups)}
        senders = sorted({p.pre for p in sparse if spikes_sent(plan, p.pre)}, key=order.__getitem__)
        self.spiking = {
            name: self._spike_rows([p for p in sparse if p.pre == name], order[name]) for name in senders
        }
        self.graded = self._graded_rows([p for p in sparse if not spikes_sent(plan, p.pre)], order)
        self.dense = [p for p in mine if isinstance(p, Dense)]
        self.einsum = [p for p in mine if isinstance(p, Einsum)]
        self.private = [p for p in mine if isinstance(p, Private)]
        self.dtype = plan.dtype

    def _spike_rows(self, pathways: list[Sparse], order: int) -> SpikeRows:
        sender = np.concatenate([p.sender for p in pathways])
        ranked = np.argsort(sender, kind="stable")  # by sender, then object, then synapse
        counts = np.bincount(sender, minlength=self.plan.groups[pathways[0].pre].size)
        return SpikeRows(
            start=np.r_[0, np.cumsum(counts)],
            receiver=np.concatenate([p.receiver for p in pathways])[ranked],
            weight=np.concatenate([p.weight for p in pathways])[ranked].astype(self.plan.dtype),
            delay=np.concatenate([p.delay for p in pathways])[ranked],
            order=order,
        )

    def _graded_rows(self, pathways: list[Sparse], order: dict[str, int]) -> GradedRows | None:
        if not any(p.sender.size for p in pathways):
            return None
        from scipy.sparse import csr_array

        names = list(self.plan.groups)
        delay = np.concatenate([p.delay for p in pathways])
        rank = np.concatenate([np.full(p.sender.size, order[p.pre]) for p in pathways])
        found, which = np.unique(
            -delay * len(names) + rank, return_inverse=True
        )  # oldest message first, then population
        segments = [(-(int(key) // len(names)), names[int(key) % len(names)]) for key in found]
        sizes = np.array([self.plan.groups[name].size for _, name in segments], dtype=np.int64)
        column = (np.cumsum(sizes) - sizes)[which] + np.concatenate([p.sender for p in pathways])
        row = np.concatenate([p.receiver for p in pathways])
        weight = np.concatenate([p.weight for p in pathways]).astype(self.plan.dtype)
        ranked = np.lexsort((column, row))
        start = np.r_[0, np.cumsum(np.bincount(row, minlength=self.size))]
        matrix = csr_array((weight[ranked], column[ranked], start), shape=(self.size, int(sizes.sum())))
        return GradedRows(tuple(segments), matrix)

    def collect(self, state: State, step: Step) -> tuple[np.ndarray, np.ndarray | int] | None:
        """What is delivered at this tick (of 'graded' messages, 'spikes', or all): value (trial, neuron) and arrivals."""
        value, count, some = self._start(state)
        if step.delivers(graded=True) and self.graded is not None:
            part, arrived = self._from_graded(state, self.graded)
            value, count, some = self._join(value, part), count + arrived, True
        if step.delivers(graded=False):
            some |= self._from_queue(state, value, count)
        if step.delivers(graded=True):
            for part, arrived in self._products(state):
                value, count, some = self._join(value, part), count + arrived, True
        if step.delivers(graded=False):
            for pathway in self.private:
                value, some = value + self._from_private(state, pathway), True
        return (value, count) if some else None

    def _start(self, state: State) -> tuple[np.ndarray, np.ndarray, bool]:
        fill = -np.inf if self.reduce == "max" else 0.0
        counted = self.size if self.reduce != "sum" else 1
        return (
            np.full((state.count, self.size), fill, self.dtype),
            np.zeros((state.count, counted), np.int64),
            False,
        )

    def _join(self, value: np.ndarray, part: np.ndarray) -> np.ndarray:
        return np.maximum(value, part) if self.reduce == "max" else value + part

    def _from_graded(self, state: State, rows: GradedRows) -> tuple[np.ndarray, np.ndarray | int]:
        messages = [state.history[name].sent_at(state.tick - delay) for delay, name in rows.segments]
        columns = np.concatenate(messages, axis=1).T if len(messages) > 1 else messages[0].T
        if self.reduce == "sum":
            return (rows.matrix @ np.ascontiguousarray(columns)).T, 0
        arrived = np.diff(rows.matrix.indptr)
        if self.reduce == "mean":
            return (rows.matrix @ np.ascontiguousarray(columns)).T, arrived
        products = rows.matrix.data[:, None] * columns[rows.matrix.indices]
        value = np.full((self.size, state.count), -np.inf, self.dtype)
        some = np.flatnonzero(arrived)
        value[some] = np.maximum.reduceat(products, rows.matrix.indptr[some], axis=0)
        return value.T, arrived

    def _from_queue(self, state: State, value: np.ndarray, count: np.ndarray) -> bool:
        """Add the spikes that are due, in place: by tick of sending, then sending population, then sender."""
        due = state.queue[self.post, self.to].pop(state.tick, [])
        due.sort(key=lambda group: group[:2])
        for _, _, trial, receiver, weight in due:
            place = trial * self.size + receiver
            (np.maximum if self.reduce == "max" else np.add).at(value.reshape(-1), place, weight)
            if self.reduce != "sum":
                np.add.at(count.reshape(-1), place, 1)
        return bool(due)

    def _products(self, state: State):
        """Matrix products: dense graded pathways, then einsum, in network order."""
        for pathway in self.dense:
            message = state.history[pathway.pre].sent_at(state.tick - pathway.delay)[:, pathway.pre_index]
            weight = pathway.weight.astype(self.dtype, copy=False)
            part = (
                (weight @ message.T).T if self.reduce != "max" else (weight * message[:, None, :]).max(axis=2)
            )
            yield self._spread(state, pathway, part, pathway.pre_index.size)
        for pathway in self.einsum:
            yield self._spread(state, pathway, *self._contract(state, pathway))

    def _spread(
        self, state: State, pathway: Dense | Einsum, part: np.ndarray, terms: int
    ) -> tuple[np.ndarray, np.ndarray | int]:
        """A product for a part of the population, laid out over the whole of it; and how many terms each sum had."""
        if pathway.post_index.size == self.size:
            whole, arrived = part, np.full(self.size, terms)
            if not np.array_equal(pathway.post_index, np.arange(self.size)):
                whole = np.empty_like(part)
                whole[:, pathway.post_index] = part
        else:
            whole = np.full((state.count, self.size), -np.inf if self.reduce == "max" else 0.0, self.dtype)
            whole[:, pathway.post_index] = part
            arrived = np.zeros(self.size, np.int64)
            arrived[pathway.post_index] = terms
        return whole, (arrived if self.reduce != "sum" else 0)

    def _contract(self, state: State, pathway: Einsum) -> tuple[np.ndarray, int]:
        """Tensor contraction of message and weight: value (trial, target) and the number of terms of each sum."""
        sender, weights, target = pathway.letters
        letter = dict(zip(dict.fromkeys((*sender, *weights, *target)), LETTERS, strict=False))
        message = state.history[pathway.pre].sent_at(state.tick - pathway.delay)[:, pathway.pre_index]
        message = message.reshape(state.count, *pathway.pre_shape)
        weight, trial = pathway.weight.astype(self.dtype, copy=False), ""
        if pathway.weight_from is not None:
            name, index, shape, ago = pathway.weight_from
            newest = (
                state.history[name].messages[-1]
                if ago == 0
                else state.history[name].sent_at(state.tick - ago)
            )
            weight, trial = newest[:, index].reshape(state.count, *shape), "z"
        known = [axis for axis in target if axis in sender or axis in weights]
        summed = [axis for axis in dict.fromkeys((*sender, *weights)) if axis not in target]
        size = dict(zip(sender, message.shape[1:], strict=True)) | dict(
            zip(weights, weight.shape[bool(trial) :], strict=True)
        )
        kept = known if self.reduce != "max" else known + summed
        formula = f"z{_word(sender, letter)},{trial}{_word(weights, letter)}->z{_word(kept, letter)}"
        value = np.einsum(formula, message, weight, optimize=True)
        if self.reduce == "max" and summed:
            value = value.max(axis=tuple(range(-len(summed), 0)))
        lengths = dict(zip(target, pathway.post_shape, strict=True))
        value = value.reshape(state.count, *(lengths[axis] if axis in known else 1 for axis in target))
        value = np.broadcast_to(value, (state.count, *pathway.post_shape)).reshape(state.count, -1)
        return value, int(np.prod([size[axis] for axis in summed]))

    def _from_private(self, state: State, pathway: Private) -> np.ndarray:
        """Weight times Binomial(n, p): each target's own sources, which spike with the sender's probability p."""
        group = self.plan.groups[pathway.pre]
        chance = np.broadcast_to(
            evaluate(pathway.chance, names_of(state, group)), (state.count, *group.shape)
        ).reshape(state.count, -1)
        chance = chance[:, pathway.pre_index]
        elements = pathway.post_index.astype(np.uint32)[None, :]
        random = state.random(pathway.name, "private", elements, state.trials[:, None])
        drawn = binomial(random.rand_in_fours(0), pathway.sources, np.clip(chance, 0.0, 1.0))
        value = np.zeros((state.count, self.size), self.dtype)
        value[:, pathway.post_index] = self.dtype.type(pathway.weight) * drawn.astype(self.dtype)
        return value


def _word(axes: Any, letter: dict[str, str]) -> str:
    return "".join(letter[axis] for axis in axes)


def expand(start: np.ndarray, neurons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The synapses of the rows of `neurons`, one row after the other, and for each the place of its neuron in the list."""
    counts = start[neurons + 1] - start[neurons]
    owner = np.repeat(np.arange(neurons.size), counts)
    first = np.r_[0, np.cumsum(counts)[:-1]] if neurons.size else counts
    return start[neurons][owner] + np.arange(owner.size) - first[owner], owner


def queue_spikes(state: State, inboxes: dict[tuple[str, str], Inbox], name: str) -> None:
    """Put this tick's spikes of a population on their way to every port that they reach."""
    trial, neuron = state.spikes[name]
    if not neuron.size:
        return
    for key, inbox in inboxes.items():
        rows = inbox.spiking.get(name)
        if rows is None:
            continue
        synapse, owner = expand(rows.start, neuron)
        if not synapse.size:
            continue
        for delay, chosen in by_delay(rows.delay, rows.one_delay, synapse):
            group = (
                state.tick,
                rows.order,
                trial[owner[chosen]],
                rows.receiver[synapse[chosen]],
                rows.weight[synapse[chosen]],
            )
            state.queue[key].setdefault(state.tick + delay, []).append(group)


def by_delay(delays: np.ndarray, shared: int | None, synapse: np.ndarray):
    """The synapses split by their delay; within one delay they keep their order."""
    if shared is not None:
        yield shared, slice(None)
        return
    delay = delays[synapse]
    for one in np.unique(delay):
        yield int(one), np.flatnonzero(delay == one)
