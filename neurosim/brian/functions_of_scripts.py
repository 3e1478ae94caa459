"""Functions that a script gives to text: tables over time, functions of its own, and binomial numbers."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from neurosim.brian.private_names import (
    BinomialFunction,
    BrianObject,
    TimedArray,
    Variable,
    binomial_of,
    numpy_function_of,
    table_of,
)
from neurosim.brian.refusal import Refused
from neurosim.network.called import CalledConstant, function, sampled
from neurosim.network.text import called, parsed_copy
from neurosim.network.values import TIME, Value


def called_constant(name: str, given: Variable, group: BrianObject, label: str) -> CalledConstant:
    """A function of the script as a constant that text calls.

    name: by which text calls it
    group: whose text that is
    label: opens error messages
    """
    if isinstance(given, TimedArray):
        values, dim, dt = table_of(given)
        return sampled(Value(values, dim), Value(np.asarray(dt), TIME))
    found = numpy_function_of(given, group)
    if found is None:
        raise Refused(label, f"its text calls the random function {name!r}")
    units, returns = ([Value(np.zeros(()), dim) for dim in dims] for dims in found.dims)
    arguments = [f"x{number}" for number in range(len(units))]
    body = f"return {found.cpp_name}({', '.join(arguments)});" if found.cpp else ""
    compute = _with_arguments(found.compute, arguments)
    return function(compute, units, returns[0], cpp=body, support=found.cpp)


def _with_arguments(compute: Callable[..., Any], names: list[str]) -> Callable[..., Any]:
    """The function with arguments of these names, whatever it calls them."""

    def call(*values: Any) -> Any:
        return compute(*values)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    vars(call)["__signature__"] = inspect.Signature([inspect.Parameter(name, kind) for name in names])
    return call


def without_binomial(expression: str, variables: Mapping[str, Variable]) -> str:
    """An expression in which calls of a `BinomialFunction` draw the numbers that it draws."""
    chosen = {name: v for name, v in variables.items() if isinstance(v, BinomialFunction)}
    return ast.unparse(_Binomial(chosen).visit(parsed_copy(expression))) if chosen else expression


class _Binomial(ast.NodeTransformer):
    def __init__(self, functions: Mapping[str, Variable]):
        self.functions = functions

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name = called(node)
        if name not in self.functions:
            node.args = [self.visit(argument) for argument in node.args]
            return node
        return parsed_copy(binomial_of(self.functions[name]))
