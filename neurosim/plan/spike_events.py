"""Reads spike events among the inputs of a run: the times, or ticks, and the neurons of single spikes."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.values import PLAIN, TIME, Value, as_value
from neurosim.plan.plan import Drive

MOST_TICKS = 2**53
MOST_TRIALS = 10**7


def is_spike_events(given: Any) -> bool:
    """Whether an input is spike events: a tuple of arrays, or an object such as `ns.Spikes`."""
    return isinstance(given, tuple) or all(hasattr(given, part) for part in ("trial", "tick", "neuron"))


def read_spike_events(net: Network, population: Neurons, given: Any, subject: str) -> tuple[Drive, int]:
    """Spike events in the order of trial, tick and neuron, and the lowest number of trials that holds them.

    given: (times, neurons), (trials, times, neurons), or an object with `trial`, `tick` and `neuron`

    The number is 0 if no trial numbers are given. Raises DescriptionError for arrays that do not fit, and
    for a neuron with two spikes in one tick.
    """
    is_tuple = isinstance(given, tuple)
    parts = cast(tuple[Any, ...], given) if is_tuple else (given.trial, given.tick, given.neuron)
    if len(parts) not in (2, 3):
        raise DescriptionError(
            f"{subject}: spike events are (times, neurons) or (trials, times, neurons), not {len(parts)}"
            " arrays. Give these."
        )
    if not (population.driven or population.spiking):
        raise DescriptionError(
            f"{subject}: {population.name!r} does not spike, so events cannot clamp it."
            " Give an array (tick, *shape), or the population a threshold, such as threshold='False' if it is"
            " to spike only as its inputs say."
        )
    values = [as_value(part, subject) for part in parts]
    if any(v.number.ndim > 1 for v in values):
        raise DescriptionError(
            f"{subject}: the arrays of spike events have shapes {[v.shape for v in values]}."
            " Give rows, one entry per spike."
        )
    dt = getattr(given, "dt", None)
    if None not in (dt, net.dt) and dt != net.dt:
        raise DescriptionError(
            f"{subject}: the spikes count ticks of {dt} s, here dt is {net.dt} s."
            " Give (spikes.time*second, spikes.neuron)."
        )
    if len({v.number.size for v in values}) != 1:
        raise DescriptionError(
            f"{subject}: the arrays of spike events have lengths {[v.number.size for v in values]}."
            " Give one entry per spike."
        )
    tick = _event_ticks(net, values[-2], subject)
    neuron = _indices(values[-1].number, population.size, f"{subject}: neurons")
    trial, trials = np.zeros_like(neuron), 0
    if len(parts) == 3:
        trial = _indices(values[0].number, MOST_TRIALS, f"{subject}: trials")
        trials = int(trial.max(initial=0)) + 1
    order = np.lexsort((neuron, tick, trial))
    trial, tick, neuron = trial[order], tick[order], neuron[order]
    twice = (np.diff(trial) == 0) & (np.diff(tick) == 0) & (np.diff(neuron) == 0)
    if twice.any():
        first = int(np.flatnonzero(twice)[0])
        raise DescriptionError(
            f"{subject}: neuron {neuron[first]} spikes twice in tick {tick[first]}."
            " Give one spike per neuron and tick, or a smaller dt."
        )
    return Drive(trial=trial, tick=tick, neuron=neuron), trials


def _event_ticks(net: Network, times: Value, subject: str) -> np.ndarray:
    """The ticks of spikes at these ticks or, under `Clock`, times.

    A spike at time t is in tick floor(t/dt). A thousandth of a tick is added first, so that rounding errors
    of t/dt do not put a spike one tick early.
    """
    number = times.number.ravel()
    if times.dim == TIME and net.dt:
        number = np.floor(number / net.dt + 0.001)
    elif times.dim != PLAIN or (number.size and number.dtype.kind not in "iu"):
        raise DescriptionError(
            f"{subject}: spike times are neither times with a unit under Clock,"
            " such as t*ms, nor whole ticks."
            " Give one of these."
        )
    if np.any(number < 0):
        raise DescriptionError(
            f"{subject}: a spike at tick {number.min():g} is before the start. Give times of 0 or later."
        )
    if np.any(number > MOST_TICKS):
        raise DescriptionError(
            f"{subject}: a spike at tick {number.max():g} is too late. Give ticks of at most {MOST_TICKS:,}."
        )
    return number.astype(np.int64)


def _indices(numbers: np.ndarray, size: int, subject: str) -> np.ndarray:
    """Flat indices, checked to be whole numbers from 0 to `size` - 1."""
    index = numbers.ravel()
    if index.size and index.dtype.kind not in "iu":
        raise DescriptionError(f"{subject} are not whole numbers. Give flat indices.")
    index = index.astype(np.int64)
    if np.any((index < 0) | (index >= size)):
        wrong = index[(index < 0) | (index >= size)][0]
        raise DescriptionError(f"{subject}: {wrong} is out of range. Give numbers from 0 to {size - 1}.")
    return index
