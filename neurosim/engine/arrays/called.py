"""Constants that text calls, in JAX. The values of tables are numbers that compiled code takes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import numpy as np

from neurosim.engine.arrays.ticks import is_array
from neurosim.plan.called import Table, UserFunction
from neurosim.plan.codegen.numpy_code import Numeric

untyped: Any = jax  # JAX's own annotations are incomplete


def _taken_apart(table: Table) -> tuple[tuple[Any], tuple[float, int]]:
    return (table.values,), (table.dt, table.finer)


def _put_together(rest: tuple[float, int], values: tuple[Any]) -> Table:
    return Table(values[0], *rest)


untyped.tree_util.register_pytree_node(Table, _taken_apart, _put_together)


def numbers_of(constants: Mapping[str, Numeric]) -> dict[str, np.ndarray | Table]:
    """The constants of a population that are numbers of the plan, tables among them."""
    return {
        name: value if isinstance(value, Table) else np.asarray(value)
        for name, value in constants.items()
        if is_array(value)
    }


def traces(function: UserFunction) -> bool:
    """Whether JAX can trace a function of the user's own, as it can if this consists of arithmetic."""
    numbers = [jax.ShapeDtypeStruct((2,), np.float64) for _ in function.arguments]
    try:
        untyped.eval_shape(partial(function.compute, jax.numpy), *numbers)
    except Exception:  # what the user's function raises can be anything
        return False
    return True
