"""What is the same on every engine: trials in batches that fit into memory, where each begins, and what is left of an interrupted run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neurosim.engine.checkpoint import checkpoint, restore
from neurosim.engine.state import State, start_state
from neurosim.plan.plan import Plan

Result = tuple[int, str, dict[str, np.ndarray]]


def run_in_batches(
    plan: Plan, size: int, most: int, run_batch: Callable[[State], tuple[int, str]], *, draw: bool = True
) -> Result:
    """Run all trials: ticks done, why the run stopped ('end', 'stable' or 'interrupted'), and the end state.

    `run_batch` moves a batch of trials from its state on, and says how many ticks it did and why it stopped. `size` is what one trial
    takes, `most` what a batch may take; results do not depend on them. Without `draw`, start values of synapses are left to the engine.
    """
    states: list[State] = []
    done, stopped = plan.ticks, "end"
    for trials in batches(plan, size, most):
        state = start_state(plan, trials, draw=draw)
        if plan.resume:
            restore(state, plan.resume)
        states.append(state)
        done, stopped = run_batch(state)
        if stopped == "interrupted":
            break
    if stopped == "interrupted" and len(states) > 1:
        states, done = states[:-1], plan.ticks  # the trials of earlier batches are whole
    return done, stopped, checkpoint(states)


def batches(plan: Plan, size: int, most: int) -> list[np.ndarray]:
    """The trials, in batches; all together where stopping depends on all."""
    length = plan.trials if plan.until else max(1, most // max(size, 1))
    return [np.arange(first, min(first + length, plan.trials)) for first in range(0, plan.trials, length)]


def neurons(plan: Plan) -> int:
    """How many neurons one trial has."""
    return sum(group.size for group in plan.groups.values())
