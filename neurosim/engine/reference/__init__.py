"""The reference engine: plain numpy, one tick after the other. It defines what the tick contract means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, assert_never

import numpy as np

from neurosim.engine import running
from neurosim.engine.checkpoint import Checkpoint, held_in
from neurosim.engine.driver import neurons, open_state, run_ticks
from neurosim.engine.inputs import Feed
from neurosim.engine.progress import ProgressCallback
from neurosim.engine.reference import steps
from neurosim.engine.reference.sampler import Sampler
from neurosim.engine.reference.steps import PreparedPlan
from neurosim.engine.reference.sweep import sweep
from neurosim.engine.running import Ready, SpikesOfAdvance, Stopped
from neurosim.engine.state import State
from neurosim.network.program import Do, Step
from neurosim.plan.plan import Drive, Plan, without_inputs
from neurosim.recording.spikes import Spikes

if TYPE_CHECKING:
    from neurosim.recording.writer import Writer

# The most that one batch holds: neurons and synapses with text, times trials. Results do not depend on it.
BATCH_NEURONS = 1_000_000
StepFunction: TypeAlias = Callable[[PreparedPlan, Step, State], None]


def ready(plan: Plan) -> Ready:
    """Make a plan ready to run here."""
    size = neurons(plan) + sum(pathway.sender.size for pathway in plan.textual)
    opened, prepared = ReferenceRunning, _prepared(plan)
    watch = partial(opened, prepared, watch=True)
    return Ready(plan, partial(opened, prepared), watch, size, BATCH_NEURONS, later=True)


def _prepared(plan: Plan) -> PreparedPlan:
    """What the steps of a plan look up; of a plan that is kept, made once and used again by later runs."""
    if not plan.kept:
        return PreparedPlan(plan)
    if "reference" not in plan.made:
        plan.made["reference"] = PreparedPlan(without_inputs(plan))
    prepared = copy(plan.made["reference"])
    prepared.plan = plan
    return prepared


class ReferenceRunning:
    """A batch of trials that the reference engine runs."""

    def __init__(self, prepared: PreparedPlan, trials: np.ndarray, writer: Writer, *, watch: bool = False):
        self.prepared, self.plan = prepared, prepared.plan
        self.state = open_state(self.plan, trials)
        self.sampler = Sampler(prepared, writer, trials)
        program = enumerate(self.plan.program)
        self.program = [(step_function(number, step, self.sampler), step) for number, step in program]
        self.fired = SpikesOfAdvance(self.plan, watch)

    def feed(self, drives: Mapping[str, Drive]) -> None:
        """See `Watched`."""
        self.state.feed = Feed(drives, self.state.tick)

    def advance(self, ticks: int, report: ProgressCallback) -> tuple[int, Stopped]:
        """See `Watched`."""
        self.fired.begin()
        report(0)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore", under="ignore"):
            return run_ticks(ticks, self.state.count, self._run_one, report)

    def _run_one(self, done: int) -> tuple[int, bool]:
        before = variables(self.state) if self.plan.until else None
        run_tick(self.prepared, self.program, self.state, self.sampler)
        self._keep_spikes()
        return 1, before is not None and same(before, variables(self.state))

    def _keep_spikes(self) -> None:
        state = self.state
        for name in self.fired.watched:
            trial, neuron = state.spikes.get(name, (None, None))
            if trial is not None and neuron is not None and neuron.size:
                tick = np.full(neuron.size, state.tick - 1 - self.plan.first_tick)
                self.fired.add(name, Spikes(trial + int(state.trials[0]), tick, neuron, self.plan.dt))

    def look(self, place: str) -> np.ndarray:
        """See `Watched`."""
        return running.look(self.state, place)

    def change(self, place: str, values: np.ndarray) -> None:
        """See `Watched`."""
        running.change(self.state, place, values)

    def spikes(self, population: str) -> Spikes:
        """See `Watched`."""
        return self.fired.of(population)

    def write(self) -> None:
        """See `Watched`."""
        self.sampler.flush()

    def end(self) -> Callable[[], Checkpoint]:
        """See `Watched`."""
        return partial(held_in, self.state)

    def close(self) -> None:
        """See `Watched`."""


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
        case Do.CALL:
            return lambda prepared, step, state: state.plan.calls[step.block](state.tick)
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
