"""The array engine: JAX computes all trials and all neurons of a population at once, on CPU or GPU.

`ticks.py` has the steps of the reference engine by the same names. Results agree with it to rounding.
"""

# pyright: reportUnknownMemberType=false
# JAX leaves types of its own functions partly unknown.

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from neurosim.engine.arrays.blocks import BATCH_NEURONS
from neurosim.engine.arrays.library import need_jax, wide
from neurosim.engine.driver import neurons
from neurosim.engine.running import Ready
from neurosim.plan.plan import Plan

if TYPE_CHECKING:
    import numpy as np

    from neurosim.engine.arrays.compiled import CompiledPlan, Numbers
    from neurosim.engine.running import Running, Watched
    from neurosim.recording.writer import Writer

MOST_COMPILED = 16  # how many compiled plans are kept

_compiled: OrderedDict[str, CompiledPlan] = OrderedDict()  # by digest, the one used last at the end
# The numbers of ticks and trials for which JAX has compiled each of them.
_shapes: WeakKeyDictionary[CompiledPlan, set[tuple[int, int]]] = WeakKeyDictionary()


def ready(plan: Plan) -> Ready:
    """Make a plan ready to run here. Raises EngineError if JAX is not installed."""
    need_jax("engine 'arrays'")
    with wide():
        compiled, numbers = _compiled_with_numbers(plan)
    _shapes.setdefault(compiled, set()).add((plan.ticks, plan.trials))
    # A network that forgets computes less if nobody looks at its state between ticks.
    forgets = compiled.forgets and not plan.until and not plan.resume
    opened = partial(_forgetful if forgets else _open, compiled, numbers, plan)
    watched = partial(_open, compiled, numbers, plan, watch=True)
    return Ready(plan, opened, watched, neurons(plan), BATCH_NEURONS, forgets)


def is_compiled(plan: Plan) -> bool:
    """Whether a plan of this structure, with as many ticks and trials, has been made ready before."""
    if "arrays" in plan.made:
        compiled = plan.made["arrays"][0]
    elif _compiled:
        from neurosim.engine.arrays.structure import digest  # which imports JAX

        compiled = _compiled.get(digest(plan))
    else:
        return False
    return compiled is not None and (plan.ticks, plan.trials) in _shapes.get(compiled, ())


def _open(
    compiled: CompiledPlan,
    numbers: Numbers,
    plan: Plan,
    trials: np.ndarray,
    writer: Writer,
    watch: bool = False,
) -> Watched:
    from neurosim.engine.arrays.running import ArraysRunning

    return ArraysRunning(compiled, numbers, plan, trials, writer, watch=watch)


def _forgetful(
    compiled: CompiledPlan, numbers: Numbers, plan: Plan, trials: np.ndarray, writer: Writer
) -> Running:
    from neurosim.engine.arrays.forgetful import ForgetfulRunning

    return ForgetfulRunning(compiled, numbers, plan, trials, writer)


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
