"""The array engine: JAX computes all trials and all neurons of a population at once, on CPU or GPU.

`ticks.py` has the steps of the reference engine by the same names. Results agree with it to rounding.
"""

# pyright: reportUnknownMemberType=false
# JAX leaves types of its own functions partly unknown.

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.engine.arrays.blocks import BATCH_NEURONS, block_length, write_block
from neurosim.engine.arrays.library import need_jax, wide
from neurosim.engine.driver import Result, Stopped, neurons, run_in_batches, run_ticks
from neurosim.engine.progress import ProgressCallback
from neurosim.engine.state import State
from neurosim.plan.plan import Plan

if TYPE_CHECKING:
    from neurosim.engine.arrays.compiled import CompiledPlan, Numbers
    from neurosim.recording.writer import Writer

MOST_COMPILED = 16  # how many compiled plans are kept

_compiled: OrderedDict[str, CompiledPlan] = OrderedDict()  # by digest, the one used last at the end


def run(plan: Plan, writer: Writer, report: ProgressCallback) -> Result:
    """Run a plan; see `neurosim.engine.reference.run`. Raises EngineError if JAX is not installed."""
    need_jax("engine 'arrays'")
    with wide():
        compiled, numbers = _compiled_with_numbers(plan)
        if compiled.forgets and not plan.until and not plan.resume:
            from neurosim.engine.arrays.forgetful import run_forgetful

            return run_forgetful(compiled, numbers, plan, writer, report)

        def run_batch(state: State) -> tuple[int, Stopped]:
            return _run_batch(compiled, compiled.continued(numbers, state), state, writer, report)

        return run_in_batches(plan, neurons(plan), BATCH_NEURONS, run_batch)


def _compiled_with_numbers(plan: Plan) -> tuple[CompiledPlan, Numbers]:
    """The compiled functions of a plan, and its numbers on the device; made once for a plan that is kept."""
    if "arrays" not in plan.made:
        compiled = compiled_plan(plan)
        plan.made["arrays"] = compiled, on_device(compiled.numbers(plan))
    return plan.made["arrays"]


def on_device(numbers: Numbers) -> Numbers:
    """These numbers as arrays of JAX."""
    import jax

    return jax.device_put(numbers)


def compiled_plan(plan: Plan) -> CompiledPlan:
    """The compiled functions of a plan, or of an earlier plan with the same digest if they are still kept."""
    from neurosim.engine.arrays.compiled import CompiledPlan
    from neurosim.engine.arrays.structure import digest

    key = digest(plan)
    if key not in _compiled:
        _compiled[key] = CompiledPlan(plan)
        if len(_compiled) > MOST_COMPILED:
            _compiled.popitem(last=False)
    _compiled.move_to_end(key)
    return _compiled[key]


def _run_batch(
    compiled: CompiledPlan, numbers: Numbers, state: State, writer: Writer, report: ProgressCallback
) -> tuple[int, Stopped]:
    """All ticks of a batch of trials, block by block."""
    import jax

    from neurosim.engine.arrays.memory import input_arrays, load_carry, pending_arrays, store_carry

    plan, first = state.plan, state.plan.first_tick
    carry = load_carry(compiled, state)
    length = block_length(plan, state.count)
    inputs: dict[str, np.ndarray] = {}

    def run_block(done: int) -> tuple[int, bool]:
        nonlocal carry, inputs
        ticks = np.arange(first + done, first + min(done + length, plan.ticks))
        inputs = input_arrays(plan, state.trials, ticks)
        before, stable = carry, False
        carry, on_device = compiled.run(
            numbers, before, inputs, ticks, state.trials, pending_arrays(state, ticks), until=bool(plan.until)
        )
        samples: dict[str, np.ndarray] = jax.device_get(on_device)
        if plan.until and np.any(samples["stable"]):
            # The block ran past the tick at which the run is to stop: run it again up to there.
            stable, ticks = True, ticks[: int(np.argmax(samples["stable"])) + 1]
            inputs = {name: value[: len(ticks)] for name, value in inputs.items()}
            pending = pending_arrays(state, ticks)
            carry, _ = compiled.run(numbers, before, inputs, ticks, state.trials, pending)
        write_block(plan, writer, state.trials, samples, done, len(ticks))
        return len(ticks), stable

    done, stopped = run_ticks(plan, state.count, run_block, report)
    host: Any = jax.device_get(carry)
    store_carry(compiled, state, host, inputs, first + done)
    return done, stopped
