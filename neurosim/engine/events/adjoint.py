"""Gradients by EventProp: the adjoint equations of linear neurons, in compiled C++ (`core/adjoint/`).

The forward pass is a run on any engine, of which only the spikes are kept. The C++ goes through the events of
each trial forward, to find how fast each neuron crossed its threshold, and back. Between events everything is
in closed form, so that time and memory grow with the number of spikes, not with that of ticks.

Source: Wunderlich & Pehle 2021, Sci. Rep. 11, 12829, doi:10.1038/s41598-021-91786-z; delays: Meszaros, Knight
& Nowotny 2025, arXiv:2501.07331.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from neurosim.engine.events.build import load
from neurosim.engine.events.construct import Int, address, declare
from neurosim.engine.events.layouts import Array
from neurosim.engine.events.workload import cores
from neurosim.errors import EngineError
from neurosim.plan.exact_integration import propagator
from neurosim.plan.linear import LinearGroup
from neurosim.plan.recipe import Edges

SOURCE = '#include "core/adjoint/adjoint.cpp"\n'
LABEL = "the adjoint equations"
STRIDE = 256  # of core/adjoint/linear.hpp
FEW_SPIKES = 20_000  # below, starting threads takes longer than they save
CHUNKS = 8  # parts of the trials, whose gradients are added in one order, however many threads there are
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class PropagatorsStruct(ctypes.Structure):
    """`Propagators` of core/adjoint/linear.hpp."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in ("fine_p", "fine_q", "coarse_p", "coarse_q"))


class PopulationStruct(ctypes.Structure):
    """`Population` of core/adjoint/linear.hpp."""

    _fields_ = (
        ("first", Int), ("size", Int), ("states", Int), ("spiking", Int), ("held_ticks", Int),
        ("free", PropagatorsStruct), ("held", PropagatorsStruct),
        ("a", ctypes.c_void_p), ("held_a", ctypes.c_void_p), ("threshold", ctypes.c_void_p),
        ("reset", ctypes.c_void_p), ("set", ctypes.c_void_p),
        ("b", ctypes.c_void_p), ("start", ctypes.c_void_p), ("thaws", ctypes.c_void_p),
    )  # fmt: skip


class SynapsesStruct(ctypes.Structure):
    """`Synapses` of core/adjoint/trial.hpp."""

    _fields_ = tuple(
        (name, ctypes.c_void_p) for name in ("groups", "delay", "members", "target", "variable", "weight")
    )


class NetworkStruct(ctypes.Structure):
    """`Network` of core/adjoint/trial.hpp."""

    _fields_ = (
        ("populations", Int), ("neurons", Int), ("ticks", Int), ("dt", ctypes.c_double),
        ("population", ctypes.c_void_p), ("population_of", ctypes.c_void_p), ("synapses", SynapsesStruct),
    )  # fmt: skip


class TrialsStruct(ctypes.Structure):
    """`Trials` of core/adjoint/trial.hpp."""

    _fields_ = tuple(
        (name, ctypes.c_void_p)
        for name in (
            "spikes", "spike_tick", "spike_neuron", "spike_loss",
            "samples", "sample_tick", "sample_neuron", "sample_variable", "sample_loss",
        )
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Joined:
    """The synapses of one object: from neurons of `pre` to the variable `to` of neurons of `post`."""

    pre: str
    post: str
    to: str
    edges: Edges


@dataclass(frozen=True, eq=False)
class Sent:
    """What neurons sent in all trials, and how the loss depends on it.

    trial, tick: when, shape (event,)
    neuron: flat index in the population, shape (event,)
    loss: the derivative of the loss by the time of each spike in seconds, or by the value that was read
    """

    trial: Integers
    tick: Integers
    neuron: Integers
    loss: Floats


class Adjoint:
    """The adjoint equations of a network of linear neurons.

    groups: the neurons by population; None for driven ones
    sizes: the number of neurons of each population
    """

    def __init__(
        self, groups: Mapping[str, LinearGroup | None], sizes: Mapping[str, int], ticks: int, dt: float
    ):
        self.groups, self.ticks, self.dt = groups, ticks, dt
        self.first = dict(zip(groups, np.r_[0, np.cumsum([sizes[name] for name in groups])], strict=False))
        self.neurons = sum(sizes[name] for name in groups)
        self.number = {name: number for number, name in enumerate(groups)}
        self.population_of = np.repeat(np.arange(len(groups)), [sizes[name] for name in groups])
        self.keep_alive: list[Array] = []
        self.structs = (PopulationStruct * len(groups))(*(self._struct(name, sizes[name]) for name in groups))

    def _address(self, array: Array) -> int:
        return address(array, np.float64, self.keep_alive)

    def _struct(self, name: str, size: int) -> PopulationStruct:
        group, first = self.groups[name], int(self.first[name])
        if group is None:
            return PopulationStruct(first=first, size=size)
        struct = PopulationStruct(
            first=first, size=size, states=len(group.names), spiking=group.threshold is not None,
            held_ticks=group.held_ticks, free=self._propagators(group.matrix),
            a=self._address(group.matrix), held_a=self._address(group.held_matrix),
            reset=self._address(group.reset), set=self._address(group.set),
            b=self._address(group.offset), start=self._address(group.start),
            thaws=self._address(~group.frozen),
        )  # fmt: skip
        if group.threshold is not None:
            struct.threshold = self._address(group.threshold)
        if group.held_ticks:
            struct.held = self._propagators(group.held_matrix)
        return struct

    def _propagators(self, matrix: Floats) -> PropagatorsStruct:
        """The propagators of 0, 1, ... ticks, and of multiples of `STRIDE`."""
        fine = propagator(matrix, self.dt)
        coarse = _power(fine, STRIDE)
        tables = (*_powers(fine, STRIDE), *_powers(coarse, self.ticks // STRIDE + 2))
        return PropagatorsStruct(*(self._address(table) for table in tables))

    def gradient(
        self,
        synapses: Mapping[str, Joined],
        spikes: Mapping[str, Sent],
        samples: Mapping[tuple[str, str], Sent],
        trials: int,
    ) -> dict[str, tuple[Floats, Floats]]:
        """The derivatives of the loss by the weight and by the delay, in seconds, of each synapse.

        spikes: of each population that spikes or is driven
        samples: by population and variable, the values that the loss reads; at the end of their ticks

        Raises EngineError if there is not enough memory.
        """
        keep = list[Array]()
        rows, order, starts = self._rows(synapses, keep)
        network = NetworkStruct(
            len(self.groups), self.neurons, self.ticks, self.dt, ctypes.addressof(self.structs),
            address(self.population_of, np.int64, keep), rows,
        )  # fmt: skip
        sent = TrialsStruct(*self._spikes(spikes, trials, keep), *self._samples(samples, trials, keep))
        count = order.size
        sums = np.zeros((2, min(CHUNKS, trials), count))
        bounds = np.linspace(0, trials, sums.shape[1] + 1).astype(int)
        call = library().neurosim_adjoint

        def part(number: int) -> bool:
            ends = (int(bounds[number]), int(bounds[number + 1]))
            to = (sums[0, number].ctypes.data, sums[1, number].ctypes.data)
            return call(ctypes.byref(network), ctypes.byref(sent), *ends, *to)

        if not all(self._parts(part, sums.shape[1], sum(len(sent.tick) for sent in spikes.values()))):
            raise EngineError(
                "train: there is not enough memory for the events of a batch. Use a smaller batch."
            )
        derivatives = np.empty((2, count))
        derivatives[:, order] = sums.sum(axis=1)
        return {
            name: (derivatives[0, begin:end], derivatives[1, begin:end])
            for name, (begin, end) in starts.items()
        }

    @staticmethod
    def _parts(part: Callable[[int], bool], count: int, spikes: int) -> list[bool]:
        """Compute all parts, on several threads if there are enough spikes."""
        if spikes < FEW_SPIKES or cores() == 1:
            return [part(number) for number in range(count)]
        with ThreadPoolExecutor(min(cores(), count)) as pool:
            return list(pool.map(part, range(count)))

    def _rows(
        self, synapses: Mapping[str, Joined], keep: list[Array]
    ) -> tuple[SynapsesStruct, Integers, dict[str, tuple[int, int]]]:
        """All synapses by sender and delay, the order that sorts them so, and where each object's begin."""
        starts: dict[str, tuple[int, int]] = {}
        parts: list[tuple[Integers, Integers, Integers, Integers, Floats]] = []
        begin = 0
        for name, joined in synapses.items():
            edges, group = joined.edges, self.groups[joined.post]
            assert group is not None  # a driven population has no synapses
            variable = np.full(edges.sender.size, group.names.index(joined.to))
            sender, target = self.first[joined.pre] + edges.sender, self.first[joined.post] + edges.receiver
            parts.append((sender, edges.delay, target, variable, edges.weight))
            starts[name] = (begin, begin + edges.sender.size)
            begin += edges.sender.size
        sender, delay, target, variable, weight = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        order = np.argsort(sender * (delay.max(initial=0) + 1) + delay, kind="stable")
        sender, delay = sender[order], delay[order]
        new = np.flatnonzero(np.r_[True, (np.diff(sender) != 0) | (np.diff(delay) != 0)][: sender.size])
        columns = (
            np.searchsorted(sender[new], np.arange(self.neurons + 1)), delay[new], np.r_[new, sender.size],
            target[order], variable[order],
        )  # fmt: skip
        addresses = [address(column, np.int64, keep) for column in columns]
        return SynapsesStruct(*addresses, address(weight[order], np.float64, keep)), order, starts

    def _spikes(self, spikes: Mapping[str, Sent], trials: int, keep: list[Array]) -> list[int]:
        neurons = [self.first[name] + sent.neuron for name, sent in spikes.items()]
        return _sorted(list(spikes.values()), [neurons], trials, keep)

    def _samples(self, samples: Mapping[tuple[str, str], Sent], trials: int, keep: list[Array]) -> list[int]:
        neurons, variables = list[Integers](), list[Integers]()
        for (name, variable), sent in samples.items():
            group = self.groups[name]
            assert group is not None
            neurons.append(self.first[name] + sent.neuron)
            variables.append(np.full(sent.neuron.size, group.names.index(variable)))
        return _sorted(list(samples.values()), [neurons, variables], trials, keep)


def _sorted(sent: list[Sent], columns: list[list[Integers]], trials: int, keep: list[Array]) -> list[int]:
    """The addresses of where each trial begins, of ticks, of the columns and of derivatives, sorted."""
    join = partial(np.concatenate, dtype=np.int64)
    none = np.zeros(0, np.int64)
    trial = join([none, *(one.trial for one in sent)])
    tick = join([none, *(one.tick for one in sent)])
    loss = np.concatenate([np.zeros(0), *(one.loss for one in sent)])
    order = np.argsort(trial * (tick.max(initial=0) + 1) + tick, kind="stable")
    starts = np.searchsorted(trial[order], np.arange(trials + 1))
    whole = [starts, tick[order], *(join([none, *column])[order] for column in columns)]
    addresses = [address(column, np.int64, keep) for column in whole]
    return [*addresses, address(loss[order], np.float64, keep)]


def _powers(one: tuple[Floats, Floats], count: int) -> tuple[Floats, Floats]:
    """P and Q of 0, 1, ..., count - 1 times the time of `one`."""
    n = one[0].shape[0]
    p, q = np.zeros((count, n, n)), np.zeros((count, n, n))
    p[0] = np.eye(n)
    for k in range(1, count):
        p[k], q[k] = one[0] @ p[k - 1], one[0] @ q[k - 1] + one[1]
    return p, q


def _power(one: tuple[Floats, Floats], times: int) -> tuple[Floats, Floats]:
    p, q = _powers(one, times + 1)
    return p[-1], q[-1]


@cache
def library() -> ctypes.CDLL:
    """The compiled adjoint equations, with the types of its function declared."""
    pointer = ctypes.c_void_p
    arguments = (pointer, pointer, Int, Int, pointer, pointer)
    return declare(load(SOURCE, LABEL), {"adjoint": (ctypes.c_bool, arguments)})
