"""The parts of Brian2 and sympy that compile equations, with the types that these packages do not declare.

No other module of `plan/` touches them. Importing this one takes a second, so it is imported where an
equation is first compiled.
"""

# pyright: reportMissingTypeStubs=false
# The packages have no types of their own; what is used of them is typed here.

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from neurosim.brian2_units import import_units

import_units()  # first, because Brian2 would otherwise install an exception hook of its own

import brian2
from brian2.core import functions as brian_functions
from brian2.core import variables as brian_variables
from brian2.parsing import expressions, sympytools
from brian2.stateupdaters import base as stateupdaters
from brian2.units import fundamentalunits

from neurosim.network.functions import Function, functions
from neurosim.network.values import AXES

# The packages as values of any type: what is used of them gets its types below.
_brian2: Any = brian2
_functions: Any = brian_functions
_variables: Any = brian_variables
_expressions: Any = expressions
_sympytools: Any = sympytools
_stateupdaters: Any = stateupdaters
_units: Any = fundamentalunits


class Symbolic(Protocol):
    """A sympy expression: what is used of one."""

    free_symbols: Iterable[object]

    def expand(self) -> Symbolic: ...
    def diff(self, symbol: Symbolic) -> Symbolic: ...
    def has(self, *symbols: Symbolic) -> bool: ...
    def __mul__(self, other: Symbolic) -> Symbolic: ...
    def __sub__(self, other: Symbolic) -> Symbolic: ...


class Variable(Protocol):
    """What Brian2 knows of a name or a function in text."""


Dim = tuple[float, ...]  # the exponents of the seven base units


def variables(
    names: Mapping[str, tuple[Dim, bool] | tuple[Dim, bool, tuple[Dim, ...]]],
) -> dict[str, Variable]:
    """Brian2's variables and functions.

    names: for each name its dimensions, and whether its value never changes; for a constant that text calls
        also the dimensions of its arguments
    """
    found = {name: _known_function(function) for name, function in functions().items()}
    for name, (dim, constant, *arguments) in names.items():
        if arguments:
            units = [_unit(argument) for argument in arguments[0]]
            found[name] = _functions.Function(len, arg_units=units, return_unit=_unit(dim))
            continue
        unit = _units.get_or_create_dimension(list(dim))
        found[name] = _variables.Variable(name=name, dimensions=unit, scalar=constant, constant=constant)
    return found


def _known_function(function: Function) -> Variable:
    """A function of text for Brian2's unit checker, which only asks for its units."""
    any_units = [None] * function.arguments
    if function.unit == "any":
        return _functions.Function(len, arg_units=any_units, return_unit=1)
    if isinstance(function.unit, int):
        return _functions.Function(len, arg_units=any_units, return_unit=_unit_of(function.unit))
    default: Variable | None = _functions.DEFAULT_FUNCTIONS.get(function.name)
    return default or _functions.Function(len, arg_units=[1] * function.arguments, return_unit=1)


def _unit(dim: Dim) -> Any:
    """The unit with these dimensions."""
    return _units.get_unit(_units.get_or_create_dimension(list(dim)))


def _unit_of(argument: int) -> Callable[..., Any]:
    """The rule that a function's value has the unit of this argument."""

    def unit(*units: Any) -> Any:
        return units[argument]

    return unit


def dimensions_of(expression: str, variables: Mapping[str, Variable]) -> tuple[float, ...]:
    """The dimensions of an expression. An exception of Brian2 says that its units do not agree."""
    dim = _expressions.parse_expression_dimensions(expression, variables)
    return tuple(float(dim.get_dimension(axis)) for axis in AXES)


def is_condition(expression: str, variables: Mapping[str, Variable]) -> bool:
    """Whether an expression is true or false."""
    return bool(_expressions.is_boolean_expression(expression, variables))


def symbolic(expression: str, variables: Mapping[str, Variable]) -> Symbolic:
    """An expression for sympy."""
    return _sympytools.str_to_sympy(expression, variables)


def is_zero(expression: object) -> bool:
    """Whether a sympy expression is the number 0."""
    return expression == 0


def text_of(expression: Symbolic) -> str:
    """A sympy expression as text."""
    return _sympytools.sympy_to_str(expression)


def is_taken(name: str) -> bool:
    """Whether Brian2 refuses a name for a variable, or sympy would take it for something of its own.

    Such are mV, exp and N for Brian2, E, S, beta and print for sympy.
    """
    try:
        _brian2.Equations.check_identifier(name)
    except SyntaxError:
        return True
    return hasattr(_sympytools.sympy, name) or hasattr(builtins, name)


def integration_step(equations: str, variables: Mapping[str, Variable], method: str, owner: str) -> str:
    """The statements by which one of Brian2's methods integrates these equations over one tick."""
    method_of = _stateupdaters.StateUpdateMethod
    try:
        return method_of.apply_stateupdater(_brian2.Equations(equations), variables, method, None, owner)
    except TypeError as error:
        if "Cannot get value" in str(error):  # of dt, which Brian2 asks for where noise is not additive
            raise ValueError("their noise is multiplied by a variable, or changes with time") from None
        raise
