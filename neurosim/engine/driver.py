"""What all engines do alike: batches of trials that fit into memory, the loop over ticks, the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from neurosim.engine.checkpoint import Checkpoint, checkpoint, restore
from neurosim.engine.progress import ProgressCallback
from neurosim.engine.running import Ready, Stopped
from neurosim.engine.state import State, start_state
from neurosim.plan.plan import Plan
from neurosim.recording.lazy import Later
from neurosim.recording.writer import Writer

FIRST = np.zeros(1, np.int64)  # the number of the only trial

Result = tuple[int, Stopped, Mapping[str, np.ndarray]]
"""How many ticks of each trial ran, why the run stopped, and the checkpoint of its end."""


def run_to_end(ready: Ready, writer: Writer, report: ProgressCallback) -> Result:
    """Run all ticks of all trials of a plan, batch by batch.

    writer: takes what the probes of the plan record, in blocks of ticks.
    report: see `Running.advance`.

    Of a run that is interrupted only complete batches count, unless it is the first batch.
    """
    plan = ready.plan
    ends: list[Callable[[], Checkpoint]] = []
    done: int = plan.ticks
    stopped: Stopped = "end"
    for trials in batches(plan, ready.size, ready.most):
        running = ready.open(trials, writer)
        try:
            ran, stopped = running.advance(plan.ticks, report)
            running.write()
            if stopped == "interrupted" and ends:
                break
            ends.append(running.end())
            done = ran
        finally:
            running.close()
        if stopped == "interrupted":
            break
    if ready.later:
        return done, stopped, Later(lambda: checkpoint([end() for end in ends]))
    return done, stopped, checkpoint([end() for end in ends])


def open_state(plan: Plan, trials: np.ndarray) -> State:
    """The state of a batch of trials before the first tick, or at the end of the run that is continued."""
    state = start_state(plan, trials)
    if plan.resume:
        restore(state, plan.resume)
    return state


def run_ticks(
    ticks: int, trials: int, run_block: Callable[[int], tuple[int, bool]], report: ProgressCallback
) -> tuple[int, Stopped]:
    """Run some ticks of a batch of trials, block by block. Returns how many ran, and why it stopped.

    trials: how many trials the batch has.
    run_block: called with the number of ticks that have run; runs some more, and returns how many it ran,
        and whether the run is to stop because the last of them changed nothing (`until='stable'`).
    report: called after each block; the run ends where it returns True.
    """
    done = 0
    while done < ticks:
        ran, stable = run_block(done)
        done += ran
        interrupted = report(ran * trials) and done < ticks
        if stable:
            return done, "stable"
        if interrupted:
            return done, "interrupted"
    return done, "end"


def batches(plan: Plan, size: int, most: int) -> list[np.ndarray]:
    """The numbers of the trials of each batch. All are in one batch if stopping depends on all of them."""
    if plan.trials == 1:
        return [FIRST]
    length = plan.trials if plan.until else max(1, most // max(size, 1))
    return [np.arange(first, min(first + length, plan.trials)) for first in range(0, plan.trials, length)]


def neurons(plan: Plan) -> int:
    """How many neurons one trial has."""
    return sum(group.size for group in plan.groups.values())
