"""From numbers to spikes: each encoding takes an array (trial, step, neuron); a step lasts several ticks."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike

from neurosim.errors import DescriptionError
from neurosim.network.values import whole
from neurosim.recording.spikes import Spikes


def latency(values: ArrayLike, ticks: int) -> Spikes:
    """One spike per number, the earlier the larger the number: at tick floor((1 - x) ticks) of its step.

    Arguments:
        values: numbers x from 0 to 1, without a unit, shape (trial, step, neuron). A number of 0 or below
            sends no spike, and one above 1 counts as 1.
        ticks: the duration of a step, in ticks.

    Returns spikes, `ticks` times the number of steps long.

    Raises DescriptionError for another shape and for numbers that are not finite.

    Source: Hopfield 1995, Nature 376, 33, doi:10.1038/376033a0.

    >>> latency([[[0.0, 0.5, 1.0]]], 10).tick.tolist()
    [0, 5]
    """
    numbers, ticks = _read_values(values, ticks, "latency")
    trial, step, neuron = np.nonzero(numbers > 0)
    # The small addend keeps (1 - x) ticks from falling below a whole number by rounding.
    late = np.floor(ticks - np.minimum(numbers[trial, step, neuron], 1) * ticks + 1e-9)
    return Spikes(trial, step * ticks + np.minimum(late, ticks - 1), neuron).sorted()


def regular(values: ArrayLike, ticks: int) -> Spikes:
    """As many spikes as the number says, evenly spread over its step.

    The n-th of m spikes is at tick floor((n - 1/2) ticks/m) of the step.

    Arguments:
        values: numbers of spikes per step, rounded to m, shape (trial, step, neuron).
        ticks: the duration of a step, in ticks.

    Returns spikes, `ticks` times the number of steps long.

    Raises DescriptionError for another shape, and for numbers that are not finite, below 0 or above `ticks`.

    >>> regular([[[2.0]], [[1.0]]], 10).tick.tolist()
    [2, 7, 5]
    """
    numbers, ticks = _read_values(values, ticks, "regular", most=ticks)
    counts = np.rint(numbers).astype(np.int64)
    flat = counts.ravel()
    index = np.repeat(np.arange(flat.size), flat)  # of the number that each spike encodes
    rank = np.arange(index.size) - np.repeat(np.cumsum(flat) - flat, flat)  # among the spikes of this number
    trial, step, neuron = np.unravel_index(index, counts.shape)
    tick = np.floor((rank + 0.5) * ticks / np.maximum(counts[trial, step, neuron], 1))
    return Spikes(trial, step * ticks + tick, neuron).sorted()


def poisson(values: ArrayLike, ticks: int, *, seed: int = 0) -> Spikes:
    """On average as many spikes as the number says, at random.

    A number x sends a spike in each tick of its step with probability x/ticks.
    The spikes of a trial are a function of the seed and of its own numbers alone, so that they do not depend
    on the other trials; two trials with the same numbers get the same spikes.

    Arguments:
        values: mean numbers of spikes per step, shape (trial, step, neuron).
        ticks: the duration of a step, in ticks.
        seed: of the random numbers.

    Returns spikes, `ticks` times the number of steps long.

    Raises DescriptionError for another shape, and for numbers that are not finite, below 0 or above `ticks`.

    >>> len(poisson([[[100.0, 0.0]]], 1000))
    88
    """
    numbers, ticks = _read_values(values, ticks, "poisson", most=ticks)
    seed = whole(seed, "poisson: seed")
    parts = []
    for trial, steps in enumerate(numbers):
        # Adding 0.0 turns -0.0 into 0.0: equal numbers must have equal bytes.
        key = blake2b(np.ascontiguousarray(steps + 0.0).tobytes(), digest_size=16).digest()
        random = np.random.default_rng([seed, int.from_bytes(key, "little")])
        drawn = random.random((steps.shape[0], ticks, steps.shape[1]))
        step, tick, neuron = np.nonzero(drawn < steps[:, None] / ticks)
        parts.append((np.full(step.size, trial), step * ticks + tick, neuron))
    trial, tick, neuron = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Spikes(trial, tick, neuron)


def _read_values(values: ArrayLike, ticks: int, name: str, most: int | None = None) -> tuple[np.ndarray, int]:
    """The values as doubles and the ticks as an integer, both checked; errors begin with `name`."""
    numbers = np.asarray(values, dtype=float)
    if numbers.ndim != 3 or not len(numbers):
        raise DescriptionError(
            f"{name}: values of shape {numbers.shape} are not (trial, step, neuron). "
            "Give three axes and at least one trial."
        )
    ticks = whole(ticks, f"{name}: ticks", least=1)
    if not np.isfinite(numbers).all():
        raise DescriptionError(f"{name}: values contain NaN or infinity. Give finite numbers.")
    if most is not None and numbers.size and not 0 <= numbers.min() <= numbers.max() <= most:
        raise DescriptionError(
            f"{name}: values from {numbers.min():g} to {numbers.max():g} are not all between 0 and {most} "
            f"spikes in {most} ticks. Scale them, or let a step last more ticks."
        )
    return numbers, ticks
