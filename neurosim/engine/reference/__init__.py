"""The reference engine: plain numpy, one tick after the other; the living definition of the tick contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neurosim.engine.checkpoint import checkpoint, restore
from neurosim.engine.reference.steps import STEPS, Machine
from neurosim.engine.reference.sweep import sweep
from neurosim.engine.reference.tape import Tape
from neurosim.engine.state import State, start_state
from neurosim.plan.plan import Plan

BATCH_NEURONS = 1_000_000  # neurons (times trials) and synapses with state that move together; results do not depend on it


def run(plan: Plan, writer: Any, tell: Callable[[int], bool]) -> tuple[int, str, dict[str, np.ndarray]]:
    """Run a plan: ticks done, why it stopped ('end', 'stable' or 'interrupted'), and the end state.

    `writer.write` takes blocks of samples; `tell(n)` hears that n trials have moved by one tick, and says whether to
    stop. Trials move in batches.
    """
    machine = Machine(plan)
    states: list[State] = []
    done, stopped = plan.ticks, "end"
    for trials in batches(plan):
        state = start_state(plan, trials)
        if plan.resume:
            restore(state, plan.resume)
        states.append(state)
        done, stopped = run_batch(machine, state, writer, tell)
        if stopped == "interrupted":
            break
    if stopped == "interrupted" and len(states) > 1:
        states, done = states[:-1], plan.ticks  # the trials of earlier batches are whole
    return done, stopped, checkpoint(states)


def batches(plan: Plan) -> list[np.ndarray]:
    """The trials, in batches that fit into memory; all together where stopping depends on all."""
    size = sum(group.size for group in plan.groups.values()) + sum(p.sender.size for p in plan.pathways.values() if p.text)
    length = plan.trials if plan.until else max(1, BATCH_NEURONS // max(size, 1))
    return [np.arange(first, min(first + length, plan.trials)) for first in range(0, plan.trials, length)]


def run_batch(machine: Machine, state: State, writer: Any, tell: Callable[[int], bool]) -> tuple[int, str]:
    """All ticks of a batch of trials."""
    plan = machine.plan
    tape = Tape(plan, writer, state.trials)
    done, stopped = 0, "end"
    tell(0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore", under="ignore"):
        for done in range(1, plan.ticks + 1):
            before = snapshot(state) if plan.until else None
            run_tick(machine, state, tape)
            if tell(state.count) and done < plan.ticks:
                stopped = "interrupted"
            if before is not None and same(before, snapshot(state)):
                stopped = "stable"
            if stopped != "end":
                break
    tape.flush()
    return done, stopped


def run_tick(machine: Machine, state: State, tape: Tape) -> None:
    """One tick: the steps of the program in their order."""
    state.spikes, state.read = {}, {}
    for step in machine.plan.program:
        if step.kind == "record":
            tape.record(state)
        elif step.kind == "sweep":
            sweep(machine, step, state)
        else:
            STEPS[step.kind](machine, step, state)
    tape.close_tick(state)
    state.tick += 1


def snapshot(state: State) -> list[np.ndarray]:
    """All variables of all populations."""
    return [value.copy() for variables in state.values.values() for value in variables.values()]


def same(before: list[np.ndarray], after: list[np.ndarray]) -> bool:
    """Whether nothing has changed in any trial."""
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before, after, strict=True))
