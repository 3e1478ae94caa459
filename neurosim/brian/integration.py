"""The equations of a group of Brian2 as statements that integrate them over one tick."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from neurosim.brian.private_names import BrianObject, integrated
from neurosim.brian.texts import read_text
from neurosim.brian.values import Values
from neurosim.network.functions import RANDOM, functions
from neurosim.network.text import Equation, called, calls_in, names_in, names_of, parsed_copy
from neurosim.plan.codegen.numpy_code import Numeric
from neurosim.plan.constant_folding import fold_constants
from neurosim.plan.equations import Linear, inline, linear_system
from neurosim.plan.exact_integration import exact_statements
from neurosim.plan.plan import Block

EXACT = ("exact", "linear")


def integration(
    runner: BrianObject, values: Values, frozen: frozenset[str], refractory: bool
) -> tuple[Block | None, dict[str, Numeric]]:
    """The block that integrates the equations of a group, and the coefficients that it names.

    Linear equations for which the script asks for (or Brian2 chooses) exact integration are integrated by
    the matrix exponential; all others by the code that Brian2 writes for the method.

    runner: the object of Brian2 that integrates them
    values: the names of the group
    frozen: the variables that keep their values while a neuron is refractory
    refractory: whether neurons can be
    """
    group = runner.group
    unknown = tuple(name for name in group.equations if name in group.equations.diff_eq_names)
    if not unknown:
        return None, {}
    dt = float(values.constants["dt"])
    text = "\n".join(f"d{name}/dt = {group.equations[name].expr.code}" for name in unknown)
    method = runner.method_choice
    system = _linear(group, values, isinstance(method, str)) if _may_be_exact(method) else None
    if system is not None:
        known = values.lowered(np.dtype(np.float64))
        statements, coefficients = exact_statements(system, known, dt, frozen)
        return Block("integrate", statements, unknown, frozen, text), dict(coefficients)
    meanings = values.names.resolve({*group.equations.names, *group.equations.identifiers, "dt"})
    code = read_text(integrated(runner, runner.method_choice, meanings), values.names)
    values.add(code.used)
    scope = values.scope()
    written_out = [type(s)(s.name, s.op, inline(s.expression, scope)) for s in code.statements]
    statements, coefficients = fold_constants(written_out, values.constants, frozenset(values.constants))
    return Block("integrate", statements, unknown, frozen, text), dict(coefficients)


def _may_be_exact(method: Any) -> bool:
    """Whether the script asks for exact integration, or lets Brian2 try it first."""
    first = method if isinstance(method, str) else next(iter(method), None) if _is_list(method) else None
    return isinstance(first, str) and first.lower() in EXACT


def _is_list(method: object) -> bool:
    return isinstance(method, Iterable) and not isinstance(method, str)


def _linear(group: BrianObject, values: Values, asked: bool) -> Linear | None:
    """The equations as a linear system, if the script asks for that, or if Brian2 integrates them exactly."""
    equations = getattr(group, "user_equations", group.equations)
    lines = tuple(
        Equation("differential", name, equations[name].expr.code, "1", ())
        for name in group.equations
        if name in group.equations.diff_eq_names
    )
    if group.equations.is_stochastic:
        return None
    values.add(name for line in lines for name in names_in(line.expression))
    system = linear_system(lines, values.scope())
    if system is None or not all(_is_steady(text, values) for text in system.offset.values()):
        return None
    return system if asked or _is_triangular(system) else None


def _is_steady(offset: str, values: Values) -> bool:
    """Whether an offset is constant over a tick. Samples are, that last as long as a tick, or several."""
    dt = float(values.constants["dt"])
    steady = {name for name in values.called if values.names[name].is_locally_constant(dt)}
    tree = _WithoutCalls(steady).visit(parsed_copy(offset))
    random = any(functions()[name].kind == RANDOM for name in calls_in(offset) if name in functions())
    return "t" not in names_of(tree) and not random


class _WithoutCalls(ast.NodeTransformer):
    """Puts 0 in place of calls of some functions."""

    def __init__(self, names: Collection[str]):
        self.names = names

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if called(node) in self.names:
            return ast.Constant(0)
        node.args = [self.visit(argument) for argument in node.args]
        return node


def _is_triangular(system: Linear) -> bool:
    """Whether variables can be put into an order in which each depends on itself and on earlier ones.

    Brian2 solves such systems. Of others some have complex solutions, which it refuses.
    """
    left = set(system.names)
    if any((name, name) not in system.matrix for name in left):
        return False  # singular, which Brian2 refuses
    while left:
        free = {n for n in left if not any((n, o) in system.matrix for o in left if o != n)}
        if not free:
            return False
        left -= free
    return True
