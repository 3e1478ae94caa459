"""What never changes is computed once: constants in the statements of an integration method become coefficients.

A product such as `E_e*ge/C` becomes `ge` times one coefficient E_e/C, so that a tick has few multiplications and no division by
a constant. Every engine sees the same coefficients, so that all round alike.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from neurosim.network.functions import ELEMENTWISE, functions
from neurosim.network.text import Statement, called, names_of, parsed_copy
from neurosim.plan.codegen.numpy_code import evaluate

Constant = Callable[[str], bool]


def fold_constants(
    statements: Iterable[Statement], values: Mapping[str, Any], constant: frozenset[str]
) -> tuple[tuple[Statement, ...], dict[str, np.ndarray]]:
    """The statements with constants folded, and the coefficients `_k_0`, `_k_1` ... that they name.

    `constant` are the names whose `values` never change.
    """
    folder = _Folder(frozenset(name for name in constant if name in values))
    folded = tuple(
        Statement(s.name, s.op, ast.unparse(folder.keep(folder.fold(parsed_copy(s.expression)))))
        for s in statements
    )
    wide = {
        name: np.asarray(value, dtype=np.float64) if np.asarray(value).dtype.kind == "f" else value
        for name, value in values.items()
    }
    with np.errstate(all="ignore"):
        return folded, {name: np.asarray(evaluate(text, wide)) for text, name in folder.names.items()}


class _Folder:
    """Rewrites expressions; `names` maps the text of each coefficient to its name."""

    def __init__(self, constant: frozenset[str]):
        self.constant = constant
        self.names: dict[str, str] = {}

    def fold(self, node: ast.expr) -> ast.expr:
        """The expression with the constants of its parts folded; a constant whole is left for `keep`."""
        if self.is_constant(node):
            return node
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
            return self._product(node)
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.expr):
                setattr(node, name, self.keep(self.fold(value)))
            elif isinstance(value, list):
                setattr(
                    node,
                    name,
                    [self.keep(self.fold(item)) if isinstance(item, ast.expr) else item for item in value],
                )
        return node

    def keep(self, node: ast.expr) -> ast.expr:
        """A constant expression as one coefficient; names and numbers as they are."""
        plain = isinstance(node, (ast.Name, ast.Constant))
        if plain or not self.is_constant(node) or not any(isinstance(n, ast.Name) for n in ast.walk(node)):
            return node
        return ast.Name(self.names.setdefault(ast.unparse(node), f"_k_{len(self.names)}"))

    def is_constant(self, node: ast.AST) -> bool:
        """Whether an expression has the same value at every tick."""
        calls = (functions()[name] for part in ast.walk(node) if (name := called(part)) in functions())
        return names_of(node) <= self.constant and all(function.kind == ELEMENTWISE for function in calls)

    def _product(self, node: ast.expr) -> ast.expr:
        """A chain of products and quotients: its constants make one coefficient, the rest keeps its order."""
        above: list[ast.expr] = []
        below: list[ast.expr] = []
        self._factors(node, above, below)
        fixed_above, fixed_below = (
            [f for f in above if self.is_constant(f)],
            [f for f in below if self.is_constant(f)],
        )
        above = [self.keep(self.fold(f)) for f in above if not self.is_constant(f)]
        below = [self.keep(self.fold(f)) for f in below if not self.is_constant(f)]
        result: ast.expr | None = None
        if fixed_above or fixed_below:
            top = _joined(fixed_above, ast.Mult()) or ast.Constant(1.0)
            bottom = _joined(fixed_below, ast.Mult())
            result = self.keep(ast.BinOp(top, ast.Div(), bottom) if bottom is not None else top)
        for factor in above:
            result = factor if result is None else ast.BinOp(result, ast.Mult(), factor)
        divisor = _joined(below, ast.Mult())
        result = result if result is not None else ast.Constant(1.0)
        return ast.BinOp(result, ast.Div(), divisor) if divisor is not None else result

    def _factors(self, node: ast.expr, above: list[ast.expr], below: list[ast.expr]) -> None:
        """Collect what stands above and below the line of a chain of products and quotients."""
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, (ast.Mult, ast.Div))
            and not self.is_constant(node)
        ):
            self._factors(node.left, above, below)
            self._factors(node.right, *((above, below) if isinstance(node.op, ast.Mult) else (below, above)))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not self.is_constant(node):
            above.append(ast.Constant(-1.0))
            self._factors(node.operand, above, below)
        else:
            above.append(node)


def _joined(parts: list[ast.expr], op: ast.operator) -> ast.expr | None:
    """The parts joined by an operator, from left to right; None for none."""
    joined: ast.expr | None = None
    for part in parts:
        joined = part if joined is None else ast.BinOp(joined, op, part)
    return joined
