"""The inputs of a batch of trials as arrays for the C++, and where it looks for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurosim.engine.events.keys import ArrayKey, DriveEvents, DriveStride, DriveValues, EventPart
from neurosim.engine.events.layouts import Array
from neurosim.engine.events.numbering import Numbering
from neurosim.plan.plan import Drive


@dataclass(frozen=True)
class Feed:
    """Where the C++ looks for the input of one population.

    places: the key and the handle of each array of `fed_arrays` for which the generated code asks, and its
        number there.
    stride: the handle of the integer that says how far apart the values of two trials lie; None without.
    """

    places: tuple[tuple[int, ArrayKey, int], ...]
    stride: int | None


def feed_of(numbering: Numbering, population: str, events: bool) -> Feed:
    """Where the C++ looks for the input of a population. events: whether it is spikes."""
    keys = [DriveEvents(population, part) for part in EventPart] if events else [DriveValues(population)]
    places = [
        (number, key, numbering.arrays[key]) for number, key in enumerate(keys) if key in numbering.arrays
    ]
    return Feed(tuple(places), numbering.integers.get(DriveStride(population)))


def fed_arrays(drive: Drive, trials: int) -> tuple[Array, ...]:
    """The arrays of an input: its values; or of spikes the first of each trial, ticks and neurons."""
    if drive.values is not None:
        values = drive.values[:1] if drive_stride(drive) == 0 else drive.values
        return (np.ascontiguousarray(values, np.float64),)
    trial, tick, neuron = drive.spikes
    if trials == 1:
        start = np.array([0, tick.size])
    else:
        start = trial.searchsorted(np.arange(trials + 1))
    return tuple([np.ascontiguousarray(array, np.int64) for array in (start, tick, neuron)])


def drive_stride(drive: Drive) -> int:
    """How many numbers lie between the inputs of two trials; 0 if all have the same."""
    assert drive.values is not None
    values = drive.values
    return 0 if values.strides[0] == 0 or len(values) == 1 else values[0].size
