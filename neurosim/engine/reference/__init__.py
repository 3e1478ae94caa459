"""The reference engine: plain numpy, one tick after the other; the living definition of the tick contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

import numpy as np

from neurosim.engine.driver import Result, neurons, run_in_batches
from neurosim.engine.reference import steps
from neurosim.engine.reference.steps import Machine
from neurosim.engine.reference.sweep import sweep
from neurosim.engine.reference.tape import Tape
from neurosim.engine.state import State
from neurosim.network.program import Do
from neurosim.plan.plan import Plan

BATCH_NEURONS = 1_000_000  # neurons (times trials) and synapses with state that move together; results do not depend on it


def run(plan: Plan, writer: Any, tell: Callable[[int], bool]) -> Result:
    """Run a plan: ticks done, why it stopped ('end', 'stable' or 'interrupted'), and the end state.

    `writer.write` takes blocks of samples; `tell(n)` hears that n trials have moved by one tick, and says whether to
    stop. Trials move in batches.
    """
    machine = Machine(plan)
    size = neurons(plan) + sum(pathway.sender.size for pathway in plan.textual)
    return run_in_batches(plan, size, BATCH_NEURONS, lambda state: run_batch(machine, state, writer, tell))


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
        match step.kind:
            case Do.RECORD:
                tape.record(state)
            case Do.DRIVE:
                steps.drive(machine, step, state)
            case Do.DELIVER:
                steps.deliver(machine, step, state)
            case Do.INTEGRATE:
                steps.integrate(machine, step, state)
            case Do.UPDATE:
                steps.update(machine, step, state)
            case Do.THRESHOLD:
                steps.threshold(machine, step, state)
            case Do.SEND:
                steps.send(machine, step, state)
            case Do.RESET:
                steps.reset(machine, step, state)
            case Do.SWEEP:
                sweep(machine, step, state)
            case _ as unknown:
                assert_never(unknown)
    tape.close_tick(state)
    state.tick += 1


def snapshot(state: State) -> list[np.ndarray]:
    """All variables of all populations."""
    return [value.copy() for variables in state.values.values() for value in variables.values()]


def same(before: list[np.ndarray], after: list[np.ndarray]) -> bool:
    """Whether nothing has changed in any trial."""
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before, after, strict=True))
