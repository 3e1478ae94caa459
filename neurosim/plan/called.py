"""Constants of a plan that text calls: tables of values over time, and functions of the user's own.

A group, or the text of synapses, holds them among its constants under the name by which the text calls them.
They need no network: a program that writes plans itself makes them here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.errors import DescriptionError, EngineError
from neurosim.network.called import CalledConstant, function, sampled
from neurosim.network.values import unit
from neurosim.plan.codegen.numpy_code import Numeric
from neurosim.plan.dimensions import Dim
from neurosim.plan.precision import state_dtype

Array = Any  # of numpy or of JAX


class Called(ABC):
    """A constant that text calls."""

    @abstractmethod
    def compute(self, xp: Any, *values: Numeric) -> Array:
        """Its value for these arguments, with the array library `xp`: numpy or jax.numpy."""


@dataclass(frozen=True, eq=False)
class Table(Called):
    """Values over time, constant between samples. Text calls it as `name(t)` or `name(t, column)`.

    values: of shape (sample,) or (sample, column), in the type of the state
    dt: the time between two samples, in the unit of the argument
    finer: times are rounded to the grid of dt/finer before they are rounded down to samples
    strict: whether a column that does not exist is an error, and not NaN

    `Table.of` makes one as Brian2 makes a `TimedArray`, and its values are those that Brian2 computes with
    numpy.
    """

    values: NDArray[Any]
    dt: float
    finer: int
    strict: bool = False

    @staticmethod
    def of(values: ArrayLike, dt: float, tick: float, precision: str = "double") -> Table:
        """A table for text that runs once in `tick`; dt and tick are in one unit, such as seconds.

        values: plain numbers in SI units
        precision: of the run; in 'single' and 'half' the values are rounded to 32 bits
        """
        finer = max(int(2 ** np.ceil(np.log2(8 / tick * dt))), 1)
        dtype = state_dtype(precision)
        return Table(np.ascontiguousarray(values, dtype), float(dt), finer)

    @property
    def grid(self) -> float:
        """The distance of the points to which times are rounded."""
        return self.dt / self.finer

    @property
    def columns(self) -> int:
        """The number of columns; 1 for a table without columns."""
        return self.values.shape[1] if self.values.ndim == 2 else 1

    def compute(self, xp: Any, *values: Numeric) -> Array:
        time = xp.asarray(values[0], xp.float64)
        position = xp.trunc(xp.rint(time / self.grid) / self.finer)
        # Written so that NaN becomes row 0 before it is made a whole number.
        row = xp.minimum(xp.where(position > 0, position, 0.0), len(self.values) - 1).astype(xp.int64)
        known, table = time == time, xp.asarray(self.values)
        if table.ndim == 1:
            return xp.where(known, table[row], table.dtype.type(np.nan))
        column = xp.trunc(xp.asarray(values[1], xp.float64))
        exists = (column >= 0) & (column < table.shape[1])
        if self.strict and not np.all(exists):
            missing = np.asarray(column)[~np.asarray(exists)].flat[0]
            raise EngineError(
                f"column {missing:g} of a sampled constant does not exist."
                f" Keep it within 0 to {table.shape[1] - 1}."
            )
        found = table[row, xp.where(exists, column, 0.0).astype(xp.int64)]
        return xp.where(known & exists, found, table.dtype.type(np.nan))


@dataclass(frozen=True, eq=False)
class UserFunction(Called):
    """A function of the user's own. It depends on its arguments alone and draws no random numbers.

    arguments: their names
    function: takes that many arrays of double precision of one shape, and returns an array of this shape
    cpp: the body of the same function in C++, `return v*v;`, for which arguments are doubles of these names;
        '' if there is none: then the event engine refuses it
    support: C++ that stands before the body: `#include` lines and functions that it calls
    """

    arguments: tuple[str, ...]
    function: Callable[..., ArrayLike]
    cpp: str = ""
    support: str = ""

    def compute(self, xp: Any, *values: Numeric) -> Array:
        arrays: list[Array] = [xp.asarray(value, xp.float64) for value in values]
        together: list[Array] = list(xp.broadcast_arrays(*arrays)) if arrays else []
        found = self.function(*together)
        if getattr(found, "dim", None) is not None:
            raise EngineError(
                f"a function of ({', '.join(self.arguments)}) returned a quantity. Let it return plain"
                " numbers in SI units, such as v*1e-3 in place of v*mV."
            )
        numbers = xp.asarray(found, xp.float64)
        shape = together[0].shape if together else ()
        if numbers.ndim and numbers.shape != shape:
            raise EngineError(
                f"a function of ({', '.join(self.arguments)}) returned an array of shape {numbers.shape} for"
                f" arguments of shape {shape}. Let it return one number for each."
            )
        return numbers


def lower_called(
    constant: CalledConstant, label: str, time: Dim, tick: float, precision: str = "double"
) -> Called:
    """A constant of a description that text calls, as a plan holds it.

    label: opens error messages
    time: the unit of `t`
    tick: the length of a tick in this unit

    Raises DescriptionError for samples over another unit of time than that of `t`, and for functions from
    files that this process has not made.
    """
    if isinstance(constant, sampled):
        if constant.dt.dim != time:
            wanted = "a number of ticks" if unit(time) == "1" else "a time"
            raise DescriptionError(
                f"{label} is sampled every {constant.dt}, and t is in {unit(time)}. Give {wanted} as dt."
            )
        return Table.of(constant.values.number, float(constant.dt.number), tick, precision)
    assert isinstance(constant, function)
    try:
        found = constant.found()
    except DescriptionError as error:
        raise DescriptionError(f"{label}: {error}") from None
    assert found.compute is not None
    return UserFunction(found.arguments, found.compute, found.cpp, found.support)
