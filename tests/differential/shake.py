"""The reference engine with other roundings: what may differ between engines, and what such differences grow
into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from neurosim.engine.reference import arrivals, steps
from neurosim.network.functions import Function
from neurosim.plan.codegen import numpy_code

ULPS = 8.0


@contextmanager
def shaken(seed: int, single: bool = False) -> Iterator[None]:
    """Within it, functions, sums of arrivals and new values of text are off by a few units in the last place.

    Whole numbers and simple fractions stay: no engine rounds them.
    """
    random = np.random.default_rng(seed)
    ulp = float(np.finfo(np.float32 if single else np.float64).eps)

    def move(value: Any) -> Any:
        value = np.asarray(value)
        if value.dtype.kind != "f":
            return value
        with np.errstate(all="ignore"):
            moved = (value * (1 + ULPS * ulp * random.uniform(-1, 1, value.shape))).astype(value.dtype)
            return np.where(np.rint(value * 64) == value * 64, value, moved)

    power, numpy_function, run_block, collect = (
        numpy_code.HELPERS["power"],
        numpy_code.numpy_function,
        steps.PreparedPlan.run_block,
        arrivals.Accumulator.collect,
    )

    def moved_function(function: Function) -> Any:
        plain = numpy_function(function)
        return (lambda *given: move(plain(*given))) if plain is not None and function.rounds else plain

    def moved_block(self: Any, state: Any, group: Any, block: Any, names: Any) -> Any:
        return {name: move(value) for name, value in run_block(self, state, group, block, names).items()}

    def moved_sum(self: Any, state: Any, what: str) -> Any:
        found = collect(self, state, what)
        if found is not None:
            found.total = move(found.total)
        return found

    try:
        numpy_code.HELPERS["power"], numpy_code.numpy_function = (
            lambda x, n: move(power(x, n)),
            moved_function,
        )
        steps.PreparedPlan.run_block, arrivals.Accumulator.collect = moved_block, moved_sum
        numpy_code.numpy_block.cache_clear()
        yield
    finally:
        numpy_code.HELPERS["power"], numpy_code.numpy_function = power, numpy_function
        steps.PreparedPlan.run_block, arrivals.Accumulator.collect = run_block, collect
        numpy_code.numpy_block.cache_clear()
