"""The array engine: JAX, all trials and all neurons of a population at once, one compiled loop over ticks; the same on a GPU.

`ticks.py` has the steps of the reference engine by the same names. Results agree with it to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from neurosim.engine.arrays.library import need_jax, wide
from neurosim.engine.driver import Result, neurons, run_in_batches
from neurosim.engine.state import State
from neurosim.plan.plan import Plan
from neurosim.recording.spikes import Spikes

BATCH_NEURONS = 4_000_000  # neurons (times trials) that move together; results do not depend on it
BLOCK_BYTES = 64 * 2**20
BLOCK_TICKS = 1000
PROGRAMS = 16  # compiled programs that are kept


def run(plan: Plan, writer: Any, tell: Callable[[int], bool]) -> Result:
    """Run a plan; see `neurosim.engine.reference.run`. Raises EngineError where JAX is not installed."""
    need_jax("engine 'arrays'")
    with wide():
        from neurosim.engine.arrays.structure import digest

        program = _program(digest(plan), _Same(plan))
        numbers = program.numbers(plan)

        def run_batch(state: State) -> tuple[int, str]:
            return _run_batch(program, program.continued(numbers, state), state, writer, tell)

        return run_in_batches(plan, neurons(plan), BATCH_NEURONS, run_batch)


class _Same:
    """A plan that counts as equal to any other, so that the cache looks at its digest alone."""

    def __init__(self, plan: Plan):
        self.plan = plan

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=PROGRAMS)
def _program(digest: str, plan: _Same) -> Any:
    from neurosim.engine.arrays.program import Program

    return Program(plan.plan)


def block_length(plan: Plan, trials: int) -> int:
    """How many ticks run at once: what their samples and inputs take fits into memory, and if possible all blocks are alike."""
    driven = sum(plan.groups[name].size for name in plan.drives)
    sample = (sum(int(np.prod(p.shape)) for p in plan.probes) + driven) * plan.dtype.itemsize * trials
    most = int(max(1, min(BLOCK_TICKS, BLOCK_BYTES // max(sample, 1), plan.ticks)))
    return next((n for n in range(most, most // 2, -1) if plan.ticks % n == 0), most)


def _run_batch(
    program: Any, numbers: Any, state: State, writer: Any, tell: Callable[[int], bool]
) -> tuple[int, str]:
    """All ticks of a batch of trials, block by block."""
    import jax

    from neurosim.engine.arrays.memory import carry_of, flights, inputs, put_back

    plan, first = state.plan, state.plan.first_tick
    carry = carry_of(program, state)
    length, done, stopped = block_length(plan, state.count), 0, "end"
    given: dict[str, Any] = {}
    while done < plan.ticks and stopped == "end":
        ticks = np.arange(first + done, first + min(done + length, plan.ticks))
        given = inputs(plan, state.trials, ticks)
        last = carry
        carry, samples = program.run(
            numbers, carry, given, ticks, state.trials, flights(state, ticks), until=plan.until is not None
        )
        samples = jax.device_get(samples)
        count = len(ticks)
        if plan.until is not None and np.any(samples["stable"]):
            count, stopped = int(np.argmax(samples["stable"])) + 1, "stable"
            given = {name: value[:count] for name, value in given.items()}
            carry, _ = program.run(
                numbers, last, given, ticks[:count], state.trials, flights(state, ticks[:count])
            )
        _write(plan, writer, state, samples, done, count)
        done += count
        if tell(count * state.count) and done < plan.ticks:
            stopped = "interrupted"
    put_back(program, state, jax.device_get(carry), given, first + done)
    return done, stopped


def _write(
    plan: Plan, writer: Any, state: State, samples: dict[str, np.ndarray], first: int, ticks: int
) -> None:
    """Hand the samples of a block over to the writer."""
    traces, events = {}, {}
    for probe in plan.probes:
        found = samples[probe.name][:ticks]
        if probe.events:
            tick, trial, neuron = np.nonzero(found)
            order = np.lexsort((neuron, trial, tick))
            index = neuron if probe.index is None else probe.index[neuron]
            events[probe.name] = Spikes(
                trial[order] + int(state.trials[0]), tick[order] + first, index[order], plan.dt
            )
        else:
            traces[probe.name] = np.moveaxis(found[-first % probe.every :: probe.every], 0, 1)
    writer.write(int(state.trials[0]), first, traces, events, trials=state.count, ticks=ticks)
