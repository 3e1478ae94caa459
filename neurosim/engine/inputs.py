"""The inputs of a run at the ticks and in the trials that an engine is computing.

A population without text is driven: it sends its input. A population with text is clamped: its input replaces
what it would send, except for the neurons where the input is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neurosim.plan.plan import Drive


@dataclass(frozen=True, eq=False)
class Feed:
    """The inputs that are at hand: those of a whole run, or of the next ticks of a session.

    drives: what drives or clamps populations, by name; their ticks count from `first`.
    first: the tick, counted from the start of the first run, at which they begin.
    """

    drives: Mapping[str, Drive]
    first: int


def input_values(feed: Feed, name: str, trials: np.ndarray, tick: int, ticks: int) -> np.ndarray | None:
    """The numbers that are the input of a population, shape (trial, tick, *shape); None if there are none.

    name: the name of the population.
    trials: the numbers of the trials, which are consecutive.
    tick, ticks: the first tick, counted from the start of the first run, and the number of ticks.
    """
    drive = feed.drives.get(name)
    if drive is None or drive.values is None:
        return None
    first = tick - feed.first
    return drive.values[trials[0] : trials[-1] + 1, first : first + ticks]


def input_value(feed: Feed, name: str, trials: np.ndarray, tick: int) -> np.ndarray | None:
    """The numbers that are the input of a population at one tick, shape (trial, *shape); None if there are
    none. See `input_values`.
    """
    values = input_values(feed, name, trials, tick, 1)
    return None if values is None else values[:, 0]


def input_spikes(
    feed: Feed, name: str, trials: np.ndarray, tick: int, ticks: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """The spikes that are the input of a population; None if its input is not spikes, or if it has none.

    Returns three arrays (spike,): the trial, counted from the first of `trials`; the tick, counted from
    `tick`; and the flat index of the neuron. The arguments are those of `input_values`.
    """
    drive = feed.drives.get(name)
    if drive is None or drive.values is not None:
        return None
    spike_trial, spike_tick, neuron = drive.spikes
    first = tick - feed.first
    chosen = (spike_tick >= first) & (spike_tick < first + ticks)
    chosen &= (spike_trial >= trials[0]) & (spike_trial <= trials[-1])
    return spike_trial[chosen] - trials[0], spike_tick[chosen] - first, neuron[chosen]
