"""What all engines do alike: batches of trials that fit into memory, the loop over ticks, the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from neurosim.engine.checkpoint import checkpoint, restore
from neurosim.engine.progress import ProgressCallback
from neurosim.engine.state import State, start_state
from neurosim.plan.plan import Plan

Stopped = Literal["end", "stable", "interrupted"]
"""Why a run stopped: it was complete, nothing changed any more, or the user interrupted it."""

Result = tuple[int, Stopped, Mapping[str, np.ndarray]]
"""How many ticks of each trial ran, why the run stopped, and the checkpoint of its end."""


def run_in_batches(
    plan: Plan,
    size: int,
    most: int,
    run_batch: Callable[[State], tuple[int, Stopped]],
    *,
    draw: bool = True,
) -> Result:
    """Run all trials, batch by batch.

    size: how many neurons, and synapses with text, one trial has.
    most: how many one batch may have; results do not depend on it.
    run_batch: runs a batch of trials from its state on, changes the state, and returns how many ticks ran
        and why it stopped.
    draw: False leaves the start values of synapses to the engine, see `start_state`.

    Of a run that is interrupted only complete batches count, unless it is the first batch.
    """
    states: list[State] = []
    done: int = plan.ticks
    stopped: Stopped = "end"
    for trials in batches(plan, size, most):
        state = start_state(plan, trials, draw=draw)
        if plan.resume:
            restore(state, plan.resume)
        states.append(state)
        done, stopped = run_batch(state)
        if stopped == "interrupted":
            break
    if stopped == "interrupted" and len(states) > 1:
        states, done = states[:-1], plan.ticks
    return done, stopped, checkpoint(states)


def run_ticks(
    plan: Plan, trials: int, run_block: Callable[[int], tuple[int, bool]], report: ProgressCallback
) -> tuple[int, Stopped]:
    """Run the ticks of a batch of trials, block by block. Returns how many ran, and why the run stopped.

    trials: how many trials the batch has.
    run_block: called with the number of ticks that have run; runs some more, and returns how many it ran,
        and whether the run is to stop because the last of them changed nothing (`until='stable'`).
    report: called after each block; the run ends where it returns True.
    """
    done = 0
    while done < plan.ticks:
        ran, stable = run_block(done)
        done += ran
        interrupted = report(ran * trials) and done < plan.ticks
        if stable:
            return done, "stable"
        if interrupted:
            return done, "interrupted"
    return done, "end"


def batches(plan: Plan, size: int, most: int) -> list[np.ndarray]:
    """The numbers of the trials of each batch. All are in one batch if stopping depends on all of them."""
    length = plan.trials if plan.until else max(1, most // max(size, 1))
    return [np.arange(first, min(first + length, plan.trials)) for first in range(0, plan.trials, length)]


def neurons(plan: Plan) -> int:
    """How many neurons one trial has."""
    return sum(group.size for group in plan.groups.values())
