"""What is used of Brian2 to compile equations. Imported when the first equation is compiled; importing Brian2 takes a second."""

from typing import Any

import brian2
from brian2.core.functions import DEFAULT_FUNCTIONS, Function
from brian2.core.namespace import DEFAULT_CONSTANTS as DEFAULT_CONSTANTS
from brian2.core.namespace import DEFAULT_UNITS as DEFAULT_UNITS
from brian2.core.variables import Variable as Variable
from brian2.parsing.expressions import is_boolean_expression as is_boolean_expression
from brian2.parsing.expressions import parse_expression_dimensions as parse_expression_dimensions
from brian2.parsing.sympytools import str_to_sympy as str_to_sympy
from brian2.parsing.sympytools import sympy_to_str as sympy_to_str
from brian2.stateupdaters.base import StateUpdateMethod as StateUpdateMethod
from brian2.stateupdaters.base import UnsupportedEquationsException as UnsupportedEquationsException
from brian2.units.fundamentalunits import DimensionMismatchError as DimensionMismatchError
from brian2.units.fundamentalunits import get_or_create_dimension as get_or_create_dimension

from neurosim.plan.render import FUNCTIONS

Equations = brian2.Equations
VERSION = brian2.__version__


def _like(*arguments: int) -> Any:
    """A function of as many arguments, whose unit is that of the argument marked 1."""
    return Function(len, arg_units=[None] * len(arguments), return_unit=lambda *dims: dims[arguments.index(1)])


def _plain(arguments: int) -> Any:
    """A function of as many arguments whose value is a plain number."""
    return Function(len, arg_units=[None] * arguments, return_unit=1)


# The functions that text may call, as Brian2's unit checker wants them.
KNOWN = (
    {name: function for name, function in DEFAULT_FUNCTIONS.items() if name in FUNCTIONS}
    | {name: _like(1) for name in ("sum", "mean", "max", "min", "norm", "sort", "cumsum", "relu", "stop", "round")}
    | {name: _plain(1) for name in ("softmax", "prod", "argsort", "argmax", "cumprod", "choice", "bernoulli", "sigmoid", "sign", "poisson")}
    | {name: _like(1, 0) for name in ("maximum", "minimum", "take")}
    | {"where": _like(0, 1, 0)}
)
