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

from neurosim.network.functions import functions

Equations = brian2.Equations
VERSION = brian2.__version__


def _known(function: Any) -> Any:
    """A function of text as Brian2's unit checker wants it."""
    places = [None] * function.arguments
    if function.unit == "any":
        return Function(len, arg_units=places, return_unit=1)
    if isinstance(function.unit, int):
        return Function(len, arg_units=places, return_unit=lambda *dims, place=function.unit: dims[place])
    return DEFAULT_FUNCTIONS.get(function.name) or Function(
        len, arg_units=[1] * function.arguments, return_unit=1
    )


def known() -> dict[str, Any]:
    """The functions that text may call."""
    return {name: _known(function) for name, function in functions().items()}
