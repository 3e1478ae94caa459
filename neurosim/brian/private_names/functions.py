"""The functions that text of a script may call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.brian.private_names import modules
from neurosim.brian.private_names.classes import BrianObject, Variable
from neurosim.brian.private_names.parts import exponents, exponents_of_unit


def is_known_function(name: str, function: Variable) -> bool:
    """Whether a function is one of Brian2's own under this name."""
    return modules.functions.DEFAULT_FUNCTIONS.get(name) is function


def table_of(table: Variable) -> tuple[np.ndarray, tuple[float, ...], float]:
    """The values of a TimedArray in SI units, their dimensions, and its dt in seconds."""
    return np.asarray(table.values), exponents(table.dim), float(table.dt)


@dataclass(frozen=True, eq=False)
class NumpyFunction:
    """A function of a script: of numpy arrays without units.

    dims: the dimensions of its arguments, and of its value
    cpp: its definition in C++, '' if there is none
    cpp_name: its name there
    """

    compute: Callable[..., Any]
    dims: tuple[list[tuple[float, ...]], list[tuple[float, ...]]]
    cpp: str
    cpp_name: str


def numpy_function_of(given: Variable, group: BrianObject) -> NumpyFunction | None:
    """A function of a script; None if it draws random numbers or does not say what its arguments are."""
    units = given._arg_units
    if not given.stateless or units is None:
        return None
    found = given.implementations
    try:
        implementation = found[modules.numpy_rt.NumpyCodeObject]
    except KeyError:
        found.add_numpy_implementation(wrapped_func=given.pyfunc)
        implementation = found[modules.numpy_rt.NumpyCodeObject]
    cpp = found._implementations.get("cpp")
    code = "" if cpp is None or cpp.dynamic else cpp.get_code(group)
    plain = isinstance(code, str) and not cpp_needs_more(cpp)
    name = getattr(cpp, "name", None) or given.pyfunc.__name__
    dims = [exponents_of_unit(unit) for unit in units], [exponents_of_unit(given._return_unit)]
    return NumpyFunction(implementation.get_code(group), dims, code if plain else "", str(name))


def cpp_needs_more(implementation: Any) -> bool:
    """Whether C++ of a function needs other functions, arrays or options of the compiler."""
    parts = (implementation and implementation.dependencies, implementation and implementation.compiler_kwds)
    return any(parts) or bool(implementation and implementation.get_namespace(None))


def binomial_of(function: Variable) -> str:
    """The text that draws what a BinomialFunction draws: Brian2 takes normal numbers where n is large."""
    sample = function.implementations._implementations["numpy"]._code
    cells = zip(sample.__code__.co_freevars, sample.__closure__, strict=True)
    given = {name: float(cell.cell_contents) for name, cell in cells}
    if "loc" in given:
        return f"({given['loc']!r} + {given['scale']!r}*randn())"
    return f"binomial({given['n']!r}, {given['p']!r})"
