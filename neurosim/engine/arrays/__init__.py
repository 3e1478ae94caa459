"""The array engine: JAX computes all trials and all neurons of a population at once, on CPU or GPU.

`ticks.py` has the steps of the reference engine by the same names. Results agree with it to rounding.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.engine.arrays.library import need_jax, wide
from neurosim.engine.driver import Result, Stopped, neurons, run_in_batches, run_ticks
from neurosim.engine.progress import ProgressCallback
from neurosim.engine.sampling import recorded_spikes
from neurosim.engine.state import State
from neurosim.plan.plan import Plan
from neurosim.recording.header import sample_size
from neurosim.recording.spikes import Spikes

if TYPE_CHECKING:
    from neurosim.engine.arrays.compiled import CompiledPlan, Numbers
    from neurosim.recording.writer import Writer

BATCH_NEURONS = 4_000_000  # neurons, times trials, of a batch; results do not depend on it
BLOCK_BYTES = 64 * 2**20
BLOCK_TICKS = 1000
MOST_COMPILED = 16  # how many compiled plans are kept

_compiled: OrderedDict[str, CompiledPlan] = OrderedDict()  # by digest, the one used last at the end


def run(plan: Plan, writer: Writer, report: ProgressCallback) -> Result:
    """Run a plan; see `neurosim.engine.reference.run`. Raises EngineError if JAX is not installed."""
    need_jax("engine 'arrays'")
    with wide():
        compiled = compiled_plan(plan)
        numbers = compiled.numbers(plan)

        def run_batch(state: State) -> tuple[int, Stopped]:
            return _run_batch(compiled, compiled.continued(numbers, state), state, writer, report)

        return run_in_batches(plan, neurons(plan), BATCH_NEURONS, run_batch)


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


def block_length(plan: Plan, trials: int) -> int:
    """How many ticks run at once, so that their samples and inputs fit into BLOCK_BYTES.

    If possible all blocks are of one length, because each other length is compiled anew.
    """
    driven = sum(plan.groups[name].size for name in plan.drives)
    sample = (sum(sample_size(probe) for probe in plan.probes) + driven) * plan.dtype.itemsize * trials
    most = int(max(1, min(BLOCK_TICKS, BLOCK_BYTES // max(sample, 1), plan.ticks)))
    return next((n for n in range(most, most // 2, -1) if plan.ticks % n == 0), most)


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
        _write(plan, writer, state, samples, done, len(ticks))
        return len(ticks), stable

    done, stopped = run_ticks(plan, state.count, run_block, report)
    host: Any = jax.device_get(carry)
    store_carry(compiled, state, host, inputs, first + done)
    return done, stopped


def _write(
    plan: Plan, writer: Writer, state: State, samples: dict[str, np.ndarray], first: int, ticks: int
) -> None:
    """Hand the samples of a block over to the writer."""
    in_block: dict[str, np.ndarray] = {}
    events: dict[str, Spikes] = {}
    for probe in plan.probes:
        values = samples[probe.name][:ticks]
        if probe.events:
            tick, trial, neuron = np.nonzero(values)
            chosen = recorded_spikes(probe, neuron)
            trial, tick = trial[chosen] + int(state.trials[0]), tick[chosen] + first
            events[probe.name] = Spikes(trial, tick, neuron[chosen], plan.dt)
        else:
            in_block[probe.name] = np.moveaxis(values[-first % probe.every :: probe.every], 0, 1)
    writer.write(int(state.trials[0]), first, in_block, events, trials=state.count, ticks=ticks)
