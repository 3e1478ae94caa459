"""From numbers to spikes: each takes an array (trial, step, neuron) and lets every step last some ticks."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.values import whole
from neurosim.recording.spikes import Spikes


def latency(values: Any, ticks: int) -> Spikes:
    """One spike per number, the sooner the larger: at tick floor((1 - x) ticks) of its step.

    Numbers from 0 to 1; one of 0 or below sends no spike, one above 1 counts as 1.
    """
    numbers, ticks = _read(values, ticks, "latency")
    trial, step, neuron = np.nonzero(numbers > 0)
    late = np.floor(ticks - np.minimum(numbers[trial, step, neuron], 1) * ticks + 1e-9)
    return Spikes(trial, step * ticks + np.minimum(late, ticks - 1), neuron).sorted()


def regular(values: Any, ticks: int) -> Spikes:
    """As many spikes as the number says (rounded), evenly spread over its step: the n-th of m at tick floor((n - 1/2) ticks/m).

    Raises DescriptionError for numbers below 0 and above `ticks`.
    """
    numbers, ticks = _read(values, ticks, "regular", most=ticks)
    spikes = np.rint(numbers).astype(np.int64)
    place = np.repeat(np.arange(spikes.size), spikes.ravel())
    rank = np.arange(place.size) - np.repeat(np.cumsum(spikes.ravel()) - spikes.ravel(), spikes.ravel())
    trial, step, neuron = np.unravel_index(place, spikes.shape)
    tick = np.floor((rank + 0.5) * ticks / np.maximum(spikes[trial, step, neuron], 1))
    return Spikes(trial, step * ticks + tick, neuron).sorted()


def poisson(values: Any, ticks: int, *, seed: int = 0) -> Spikes:
    """As many spikes as the number says on average, at random: in each tick of its step with probability x/ticks.

    A trial's spikes are a function of the seed and of its own numbers alone, so they do not depend on which trials stand
    beside it; two trials with the same numbers get the same spikes.

    Raises DescriptionError for numbers below 0 and above `ticks`.
    """
    numbers, ticks = _read(values, ticks, "poisson", most=ticks)
    found = []
    for trial, steps in enumerate(numbers):
        digest = int.from_bytes(
            blake2b(np.ascontiguousarray(steps + 0.0).tobytes(), digest_size=16).digest(), "little"
        )
        random = np.random.default_rng([whole(seed, "poisson: seed"), digest])
        step, tick, neuron = np.nonzero(
            random.random((steps.shape[0], ticks, steps.shape[1])) < steps[:, None] / ticks
        )
        found.append((np.full(step.size, trial), step * ticks + tick, neuron))
    trial, tick, neuron = (np.concatenate(part) for part in zip(*found, strict=True))
    return Spikes(trial, tick, neuron)


def _read(values: Any, ticks: int, name: str, most: int | None = None) -> tuple[np.ndarray, int]:
    numbers = np.asarray(values, dtype=float)
    if numbers.ndim != 3 or not len(numbers):
        raise DescriptionError(
            f"{name}: values of shape {numbers.shape} are not (trial, step, neuron). Give three axes and at least one trial."
        )
    ticks = whole(ticks, f"{name}: ticks", least=1)
    if not np.isfinite(numbers).all():
        raise DescriptionError(f"{name}: values contain NaN or infinity. Give finite numbers.")
    if most is not None and numbers.size and not 0 <= numbers.min() <= numbers.max() <= most:
        raise DescriptionError(
            f"{name}: values from {numbers.min():g} to {numbers.max():g} are not all between 0 and {most} spikes in {most} ticks."
            " Scale them, or let a step last more ticks."
        )
    return numbers, ticks
