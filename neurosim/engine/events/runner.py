"""Typed calls of a compiled network: the functions of core/run/library.cpp."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.engine.events.construct import Int, Signature, declare
from neurosim.engine.events.layouts import Integers
from neurosim.errors import EngineError
from neurosim.recording.allocation import address

SpikeArrays = tuple[Integers, NDArray[np.int32]]  # tick and neuron of each spike

FAILURES = {  # the negative numbers of `guarded` in core/run/library.cpp
    -1: "run: there is not enough memory for this network on the event engine. "
    "Use fewer neurons, trials or threads, or precision='single'.",
    -2: "run: the system gives no more threads. Give threads=1, or fewer than you gave.",
    -3: "run: the compiled code failed for an unknown reason. Give engine='reference'.",
}
PENDING_SPIKE = np.dtype(  # `PendingSpike` of core/run/engine.hpp
    [("due", "i8"), ("sent", "i8"), ("population", "i4"), ("stage", "i4"), ("block", "i4"), ("slot", "u4"),
     ("value", "f8")]
)  # fmt: skip


TICK, NEURON = np.dtype(np.int64), np.dtype(np.int32)


class Settings(ctypes.Structure):
    """`Settings` of core/run/engine.hpp."""

    _fields_ = (
        ("ticks", Int), ("fed_from", Int),
        ("buffer_set", ctypes.c_int32), ("until_stable", ctypes.c_int32), ("fresh", ctypes.c_int32),
    )  # fmt: skip


class Runner:
    """A batch of trials that a compiled network runs.

    The arrays that it is given must live until `close`.

    network, probes: structs of core/run/network.hpp and core/records/sampling.hpp
    spike_uses: for each population, 1 if its spikes are recorded, plus 2 if they travel through synapses
    trials: the number of each trial in the run

    Each call raises EngineError if there is not enough memory, or no more threads.
    """

    def __init__(
        self,
        library: ctypes.CDLL,
        network: ctypes.Structure,
        probes: ctypes.Array[Any],
        spike_uses: NDArray[np.uint8],
        trials: Integers,
    ):
        self._library, self._address = _declared(library), ctypes.c_void_p()
        self._library.neurosim_open(
            ctypes.byref(network),
            probes,
            len(probes),
            address(spike_uses),
            address(trials),
            ctypes.byref(self._address),
        )

    def close(self) -> None:
        """Free the memory of the C++."""
        self._library.neurosim_close(self._address)

    def run(self, ticks: int, *, fed_from: int, buffer_set: int, fresh: bool, until_stable: bool) -> int:
        """Run all trials, recording into one of the two sets of buffers; returns how many ticks ran.

        fed_from: the tick of the run at which the inputs at hand begin.
        fresh: whether the buffers begin with this call; else it goes on filling them.
        """
        settings = Settings(ticks, fed_from, buffer_set, until_stable, fresh)
        return self._library.neurosim_run(self._address, ctypes.byref(settings))

    def is_stable(self) -> bool:
        """Whether the last tick of a run until stable changed nothing."""
        return bool(self._library.neurosim_stable(self._address))

    def recorded_spikes(self, buffer_set: int, trial: int, population: int) -> SpikeArrays:
        """The spikes in one set of buffers, valid until the C++ records into this set again."""
        return _spikes_of(
            functools.partial(self._library.neurosim_spikes, self._address, buffer_set, trial, population)
        )

    def spikes_now(self, population: int, tick: int) -> NDArray[np.int32]:
        """The neurons of a population that have spiked in this tick, while a step calls a function."""
        neuron = ctypes.c_void_p()
        count = self._library.neurosim_now(self._address, 0, population, tick, ctypes.byref(neuron))
        return _memory(neuron, count, NEURON).copy()

    def sent_spikes(self, trial: int, population: int) -> tuple[Integers, Integers]:
        """Tick and neuron of the spikes of a population whose arrivals may still be on their way."""
        tick, neuron = _spikes_of(
            functools.partial(self._library.neurosim_sent, self._address, trial, population)
        )
        return tick.astype(np.int64), neuron.astype(np.int64)

    def pending_spikes(self, trial: int) -> NDArray[np.void]:
        """The spikes on their way through synapses without text, as records of `PENDING_SPIKE`."""
        count = self._library.neurosim_pending_spikes(self._address, trial, None)
        arrivals = np.empty(count, PENDING_SPIKE)
        if count:
            self._library.neurosim_pending_spikes(self._address, trial, address(arrivals))
        return arrivals

    def restore(
        self,
        trial: int,
        stage: int,
        block: int,
        due: Integers,
        slot: NDArray[np.uint32],
        value: NDArray[np.float64],
    ) -> None:
        """Make all spikes pending that an earlier run left at one stage and block, in their order."""
        addresses = (due.ctypes.data, slot.ctypes.data, value.ctypes.data)
        self._library.neurosim_restore(self._address, trial, stage, block, due.size, *addresses)

    def restore_textual(self, trial: int, text: int, block: int, due: Integers, place: Integers) -> None:
        """Make spikes pending as `restore` does, at synapses with text.

        text: the number of the pathway among those with text
        place: the place of each synapse in its layout
        """
        addresses = (due.ctypes.data, place.ctypes.data)
        self._library.neurosim_restore_textual(self._address, trial, text, block, due.size, *addresses)

    def restore_changing(
        self, trial: int, text: int, block: int, due: Integers, sent: Integers, place: Integers
    ) -> None:
        """Make spikes pending as `restore_textual` does, at synapses whose delays change."""
        addresses = (due.ctypes.data, sent.ctypes.data, place.ctypes.data)
        self._library.neurosim_restore_changing(self._address, trial, text, block, due.size, *addresses)

    def pending_changing(self, trial: int, text: int, block: int) -> Integers:
        """The spikes on their way at synapses whose delays change: due, sent and place, (spike, 3)."""
        where = (self._address, trial, text, block)
        found = np.empty((self._library.neurosim_pending_changing(*where, None), 3), np.int64)
        self._library.neurosim_pending_changing(*where, found.ctypes.data)
        return found


def _spikes_of(call: Callable[..., int]) -> SpikeArrays:
    tick, neuron = ctypes.c_void_p(), ctypes.c_void_p()
    count = call(ctypes.byref(tick), ctypes.byref(neuron))
    return _memory(tick, count, TICK), _memory(neuron, count, NEURON)


def _memory(where: ctypes.c_void_p, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """So many numbers of the C++, without a copy."""
    if not count:
        return np.zeros(0, dtype)
    memory = _buffer_type((count * dtype.itemsize).bit_length())
    return np.ndarray(count, dtype, memoryview(memory.from_address(where.value or 0)))


@functools.cache
def _buffer_type(bits: int) -> type[ctypes.Array[ctypes.c_char]]:
    """Memory of 2**bits bytes, more than is used: a type for each length would take long to make."""
    return ctypes.c_char * 2**bits


@functools.cache
def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    """The library of a network, with the types of its functions declared."""
    pointer, number = ctypes.c_void_p, ctypes.c_int
    functions: dict[str, Signature] = {
        "open": (Int, (pointer, pointer, Int, pointer, pointer, pointer)),
        "close": (None, (pointer,)),
        "run": (Int, (pointer, pointer)),
        "stable": (number, (pointer,)),
        "spikes": (Int, (pointer, number, number, number, pointer, pointer)),
        "sent": (Int, (pointer, number, number, pointer, pointer)),
        "now": (Int, (pointer, number, number, Int, pointer)),
        "pending_spikes": (Int, (pointer, number, pointer)),
        "restore": (Int, (pointer, number, number, number, Int, pointer, pointer, pointer)),
        "restore_textual": (Int, (pointer, number, number, number, Int, pointer, pointer)),
        "restore_changing": (Int, (pointer, number, number, number, Int, pointer, pointer, pointer)),
        "pending_changing": (Int, (pointer, number, number, number, pointer)),
    }
    declare(library, functions)
    for name, (result, _) in functions.items():
        if result is Int:
            getattr(library, f"neurosim_{name}").errcheck = _checked
    return library


def _checked(result: int, *call: object) -> int:
    """What a call of the C++ returned; raises EngineError if it is a number of `FAILURES`."""
    if result >= 0:
        return result
    raise EngineError(FAILURES[result])
