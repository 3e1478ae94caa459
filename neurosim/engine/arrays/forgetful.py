"""Runs of networks that remember nothing: feed-forward ones, in which every tick stands for itself.

Neither the state before a run nor that after it is needed, so that only what is recorded is computed. The
state at the end is computed from the last tick alone, if somebody asks for it.
"""

# pyright: reportUnknownMemberType=false
# JAX leaves types of its own functions partly unknown.

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import numpy as np

from neurosim.engine.arrays.blocks import BATCH_NEURONS, block_length, write_block
from neurosim.engine.arrays.carry import Numbers, empty_carry
from neurosim.engine.arrays.compiled import CompiledPlan
from neurosim.engine.arrays.library import wide
from neurosim.engine.arrays.memory import input_arrays, store_carry
from neurosim.engine.checkpoint import checkpoint
from neurosim.engine.driver import Result, Stopped, batches, neurons, run_ticks
from neurosim.engine.progress import ProgressCallback
from neurosim.engine.state import State, start_state
from neurosim.plan.plan import Drive, Plan
from neurosim.recording.lazy import Later
from neurosim.recording.writer import Writer


def run_forgetful(
    compiled: CompiledPlan, numbers: Numbers, plan: Plan, writer: Writer, report: ProgressCallback
) -> Result:
    """Run a plan without memory, batch by batch; as in `run_in_batches`, only complete batches count."""
    done: int = plan.ticks
    stopped: Stopped = "end"
    complete: list[np.ndarray] = []
    for trials in batches(plan, neurons(plan), BATCH_NEURONS):
        ran, stopped = _run_batch(compiled, numbers, plan, trials, writer, report)
        if stopped == "interrupted" and complete:
            break
        complete.append(trials)
        done = ran
        if stopped == "interrupted":
            break
    last = _last_tick(plan, done)
    return done, stopped, Later(lambda: _end(compiled, numbers, last, complete))


def _run_batch(
    compiled: CompiledPlan,
    numbers: Numbers,
    plan: Plan,
    trials: np.ndarray,
    writer: Writer,
    report: ProgressCallback,
) -> tuple[int, Stopped]:
    length = block_length(plan, len(trials))

    def run_block(done: int) -> tuple[int, bool]:
        ticks = np.arange(done, min(done + length, plan.ticks))
        on_device = compiled.samples(numbers, input_arrays(plan, trials, ticks), ticks, trials)
        samples = {name: np.asarray(value) for name, value in on_device.items()}
        write_block(plan, writer, trials, samples, done, len(ticks))
        return len(ticks), False

    return run_ticks(plan, len(trials), run_block, report)


def _last_tick(plan: Plan, done: int) -> Plan:
    """The plan of the last of `done` ticks alone, which does not hold the inputs of the others."""
    last = plan.first_tick + done - 1

    def cut(drive: Drive) -> Drive:
        if drive.values is not None:
            values = drive.values[:, done - 1 : done]
            return Drive(values=values if plan.ticks == 1 else values.copy())
        trial, tick, neuron = (column[drive.spikes[1] == done - 1] for column in drive.spikes)
        return Drive(trial=trial, tick=np.zeros_like(tick), neuron=neuron)

    drives = {name: cut(drive) for name, drive in plan.drives.items()}
    return replace(plan, drives=drives, ticks=1, resume={"tick": np.asarray(last)})


def _end(
    compiled: CompiledPlan, numbers: Numbers, plan: Plan, batches: list[np.ndarray]
) -> dict[str, np.ndarray]:
    """The state after the only tick of a plan."""
    states: list[State] = []
    tick = np.array([plan.first_tick])
    with wide():
        for trials in batches:
            states.append(state := start_state(plan, trials))
            inputs = input_arrays(plan, trials, tick)
            values: Any = jax.device_get(compiled.end(numbers, inputs, tick, trials))
            store_carry(compiled, state, empty_carry(values), inputs, plan.first_tick + 1)
    return checkpoint(states)
