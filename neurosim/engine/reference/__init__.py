"""The reference engine: plain numpy, one tick after the other. It defines what the tick contract means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias, assert_never

import numpy as np

from neurosim.engine.driver import Result, Stopped, neurons, run_in_batches, run_ticks
from neurosim.engine.progress import ProgressCallback
from neurosim.engine.reference import steps
from neurosim.engine.reference.sampler import Sampler
from neurosim.engine.reference.steps import PreparedPlan
from neurosim.engine.reference.sweep import sweep
from neurosim.engine.state import State
from neurosim.network.program import Do, Step
from neurosim.plan.plan import Plan

if TYPE_CHECKING:
    from neurosim.recording.writer import Writer

# The most that one batch holds: neurons and synapses with text, times trials. Results do not depend on it.
BATCH_NEURONS = 1_000_000
StepFunction: TypeAlias = Callable[[PreparedPlan, Step, State], None]


def run(plan: Plan, writer: Writer, report: ProgressCallback) -> Result:
    """Run a plan. Returns how many ticks ran, why the run stopped, and the checkpoint of its end.

    writer: takes what the probes of the plan record, in blocks of ticks.
    report: called with how many ticks, times trials, have run since the last call; the run stops when it
        returns True.
    """
    prepared = PreparedPlan(plan)
    size = neurons(plan) + sum(pathway.sender.size for pathway in plan.textual)
    return run_in_batches(plan, size, BATCH_NEURONS, lambda state: run_batch(prepared, state, writer, report))


def run_batch(
    prepared: PreparedPlan, state: State, writer: Writer, report: ProgressCallback
) -> tuple[int, Stopped]:
    """Run all ticks of a batch of trials. Returns how many ran, and why the run stopped."""
    plan = prepared.plan
    sampler = Sampler(plan, writer, state.trials)
    program = [(step_function(number, step, sampler), step) for number, step in enumerate(plan.program)]

    def run_one(done: int) -> tuple[int, bool]:
        before = variables(state) if plan.until else None
        run_tick(prepared, program, state, sampler)
        return 1, before is not None and same(before, variables(state))

    report(0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore", under="ignore"):
        ended = run_ticks(plan, state.count, run_one, report)
    sampler.flush()
    return ended


def run_tick(
    prepared: PreparedPlan, program: Sequence[tuple[StepFunction, Step]], state: State, sampler: Sampler
) -> None:
    """Run the steps of one tick in the order of the step program."""
    state.spikes, state.read = dict(prepared.no_spikes), {}
    for run_step, step in program:
        if step.runs_at(state.tick):
            run_step(prepared, step, state)
    sampler.close_tick(state)
    state.tick += 1


def step_function(number: int, step: Step, sampler: Sampler) -> StepFunction:
    """The function that runs a step, which has this number in the program."""
    match step.kind:
        case Do.RECORD:
            return lambda prepared, step, state: sampler.record(state, number)
        case Do.DRIVE:
            return steps.drive
        case Do.DELIVER:
            return steps.deliver
        case Do.INTEGRATE:
            return steps.integrate
        case Do.UPDATE:
            return steps.update
        case Do.THRESHOLD:
            return steps.threshold
        case Do.SEND:
            return steps.send
        case Do.RESET:
            return steps.reset
        case Do.RUN:
            return steps.run_text
        case Do.SWEEP:
            return sweep
        case Do.SUM:
            return steps.add_up
        case _ as unknown:
            assert_never(unknown)


def variables(state: State) -> list[np.ndarray]:
    """A copy of every variable of every population."""
    return [value.copy() for values in state.values.values() for value in values.values()]


def same(before: list[np.ndarray], after: list[np.ndarray]) -> bool:
    """Whether no variable has changed in any trial."""
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before, after, strict=True))
