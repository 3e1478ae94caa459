"""Runs of networks that remember nothing: feed-forward ones, in which every tick stands for itself.

Neither the state before a run nor that after it is needed, so that only what is recorded is computed. The
state at the end is computed from the last tick alone, if somebody asks for it.
"""

# pyright: reportUnknownMemberType=false
# JAX leaves types of its own functions partly unknown.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from neurosim.engine.arrays.blocks import block_length, write_block
from neurosim.engine.arrays.carry import Numbers, empty_carry
from neurosim.engine.arrays.compiled import CompiledPlan
from neurosim.engine.arrays.library import wide
from neurosim.engine.arrays.memory import input_arrays, store_carry
from neurosim.engine.checkpoint import Checkpoint, held_in
from neurosim.engine.driver import run_ticks
from neurosim.engine.inputs import Feed
from neurosim.engine.progress import ProgressCallback
from neurosim.engine.running import Stopped
from neurosim.engine.state import State, start_state
from neurosim.plan.plan import Drive, Plan
from neurosim.recording.writer import Writer


class ForgetfulRunning:
    """A batch of trials of a plan without memory, which is advanced once; see `Running`."""

    def __init__(
        self, compiled: CompiledPlan, numbers: Numbers, plan: Plan, trials: np.ndarray, writer: Writer
    ):
        self.compiled, self.numbers, self.plan = compiled, numbers, plan
        self.trials, self.writer, self.done = trials, writer, 0

    def advance(self, ticks: int, report: ProgressCallback) -> tuple[int, Stopped]:
        """See `Running`."""
        plan, trials = self.plan, self.trials
        length, feed = block_length(plan, len(trials), ticks), Feed(plan.drives, 0)

        def run_block(done: int) -> tuple[int, bool]:
            block = np.arange(done, min(done + length, ticks))
            inputs = input_arrays(plan, feed, trials, block)
            on_device = self.compiled.samples(self.numbers, inputs, block, trials)
            samples = {name: np.asarray(value) for name, value in on_device.items()}
            write_block(plan, self.writer, trials, samples, done, len(block))
            return len(block), False

        with wide():
            self.done, stopped = run_ticks(ticks, len(trials), run_block, report)
        return self.done, stopped

    def write(self) -> None:
        """See `Running`. Blocks are handed over as they are computed."""

    def end(self) -> Callable[[], Checkpoint]:
        """See `Running`."""
        compiled, numbers, plan = self.compiled, self.numbers, self.plan
        trials, done = self.trials, self.done
        return lambda: held_in(_end(compiled, numbers, _last_tick(plan, done), trials))

    def close(self) -> None:
        """See `Running`."""


def _last_tick(plan: Plan, done: int) -> Plan:
    """The plan of the last of `done` ticks alone."""
    last = plan.first_tick + done - 1

    def cut(drive: Drive) -> Drive:
        if drive.values is not None:
            return Drive(values=drive.values[:, done - 1 : done])
        trial, tick, neuron = (column[drive.spikes[1] == done - 1] for column in drive.spikes)
        return Drive(trial=trial, tick=np.zeros_like(tick), neuron=neuron)

    drives = {name: cut(drive) for name, drive in plan.drives.items()}
    return replace(plan, drives=drives, ticks=1, resume={"tick": np.asarray(last)})


def _end(compiled: CompiledPlan, numbers: Numbers, plan: Plan, trials: np.ndarray) -> State:
    """The state after the only tick of a plan."""
    tick = np.array([plan.first_tick])
    with wide():
        state = start_state(plan, trials)
        inputs = input_arrays(plan, Feed(plan.drives, plan.first_tick), trials, tick)
        values: Any = jax.device_get(compiled.end(numbers, inputs, tick, trials))
        store_carry(compiled, state, empty_carry(values), inputs, plan.first_tick + 1)
    return state
