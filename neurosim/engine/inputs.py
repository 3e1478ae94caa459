"""What drives or clamps populations: the inputs of a run, tick by tick.

A driven population sends its input. A population with text is clamped by it: what it sends is replaced,
except where the input is NaN.
"""

from __future__ import annotations

import numpy as np

from neurosim.plan.plan import Plan


def input_values(plan: Plan, name: str, trials: np.ndarray, tick: int, ticks: int) -> np.ndarray | None:
    """The numbers given to a population, (trial, tick, *shape); None if it was given none.

    trials: the consecutive numbers of the trials.
    tick, ticks: the first tick, and how many.
    """
    drive = plan.drives.get(name)
    if drive is None or drive.values is None:
        return None
    first = tick - plan.first_tick
    return drive.values[trials[0] : trials[-1] + 1, first : first + ticks]


def input_value(plan: Plan, name: str, trials: np.ndarray, tick: int) -> np.ndarray | None:
    """The numbers given to a population at one tick, (trial, *shape); see `input_values`."""
    values = input_values(plan, name, trials, tick, 1)
    return None if values is None else values[:, 0]


def input_spikes(
    plan: Plan, name: str, trials: np.ndarray, tick: int, ticks: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """The trial, tick and neuron of each spike given to a population; None if it was given none.

    trials: the consecutive numbers of the trials; the trials returned count from the first of them.
    tick, ticks: the first tick, and how many; the ticks returned count from the first.
    """
    drive = plan.drives.get(name)
    if drive is None or drive.values is not None:
        return None
    assert drive.trial is not None and drive.tick is not None and drive.neuron is not None
    first = tick - plan.first_tick
    chosen = (drive.tick >= first) & (drive.tick < first + ticks)
    chosen &= (drive.trial >= trials[0]) & (drive.trial <= trials[-1])
    return drive.trial[chosen] - trials[0], drive.tick[chosen] - first, drive.neuron[chosen]
