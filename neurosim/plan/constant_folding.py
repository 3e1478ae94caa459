"""Constant folding: what never changes in the statements of an integration method becomes coefficients.

A product such as `E_e*ge/C` becomes `ge` times one coefficient E_e/C, so that a tick has few multiplications
and no division by a constant. All engines see the same coefficients and therefore round alike.

sympy, with which methods write statements, splits exp(v/(40*mV)) into exp(v/mV)**(1/40). A power takes
several times as long as exp, so it is put together again: exp(_k_0*v).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from neurosim.network.functions import ELEMENTWISE, functions
from neurosim.network.text import Statement, called, names_in, names_of, parsed_copy
from neurosim.plan.codegen.numpy_code import Numeric, evaluate


def fold_constants(
    statements: Iterable[Statement], values: Mapping[str, Numeric], constant: frozenset[str]
) -> tuple[tuple[Statement, ...], dict[str, NDArray[np.float64]]]:
    """The statements with constants folded, and the coefficients `_k_0`, `_k_1` ... that they name.

    values: the values of names
    constant: the names whose values never change
    """
    folder = _Folder(frozenset(name for name in constant if name in values))
    folded = tuple(
        Statement(s.name, s.op, ast.unparse(folder.coefficient(folder.fold(parsed_copy(s.expression)))))
        for s in statements
    )
    # Coefficients are computed in double precision, whatever the precision of the run.
    wide = {
        name: np.asarray(value, dtype=np.float64) if np.asarray(value).dtype.kind == "f" else value
        for name, value in values.items()
    }
    with np.errstate(all="ignore"):
        return folded, {name: np.asarray(evaluate(text, wide)) for text, name in folder.names.items()}


def folded_names(statements: Iterable[Statement], constant: frozenset[str]) -> frozenset[str]:
    """The constant names whose values are in the coefficients that `fold_constants` makes."""
    folder = _Folder(constant)
    for statement in statements:
        folder.coefficient(folder.fold(parsed_copy(statement.expression)))
    return frozenset[str]().union(*(names_in(text) for text in folder.names))


class _Folder(ast.NodeTransformer):
    """Rewrites expressions; `names` maps the text of each coefficient to its name."""

    def __init__(self, constant: frozenset[str]):
        self.constant = constant
        self.names: dict[str, str] = {}

    def fold(self, node: ast.expr) -> ast.expr:
        """The expression with the constants in it folded; unchanged if all of it is constant."""
        if self.is_constant(node):
            return node
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
            return self._product(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and called(node.left) == "exp":
            assert isinstance(node.left, ast.Call)
            exponent = ast.BinOp(node.right, ast.Mult(), node.left.args[0])
            return self.fold(ast.Call(node.left.func, [exponent], []))
        self.generic_visit(node)
        return node

    def visit(self, node: ast.AST) -> ast.AST:
        """A part of an expression, folded."""
        return self.coefficient(self.fold(node)) if isinstance(node, ast.expr) else node

    def coefficient(self, node: ast.expr) -> ast.expr:
        """A constant expression as one coefficient, except single names and arithmetic of numbers."""
        named = any(isinstance(part, ast.Name) for part in ast.walk(node))  # a constant or a function
        if isinstance(node, ast.Name | ast.Constant) or not named or not self.is_constant(node):
            return node
        return ast.Name(self.names.setdefault(ast.unparse(node), f"_k_{len(self.names)}"))

    def is_constant(self, node: ast.AST) -> bool:
        """Whether an expression has the same value at every tick."""
        calls = (functions()[name] for part in ast.walk(node) if (name := called(part)) in functions())
        return names_of(node) <= self.constant and all(function.kind == ELEMENTWISE for function in calls)

    def _product(self, node: ast.expr) -> ast.expr:
        """A chain of products and quotients, with its constants as one coefficient at the front."""
        numerator: list[ast.expr] = []
        denominator: list[ast.expr] = []
        self._collect(node, numerator, denominator)
        factors = [
            self.coefficient(self.fold(factor)) for factor in numerator if not self.is_constant(factor)
        ]
        divisors = [
            self.coefficient(self.fold(factor)) for factor in denominator if not self.is_constant(factor)
        ]
        above = _joined([factor for factor in numerator if self.is_constant(factor)])
        below = _joined([factor for factor in denominator if self.is_constant(factor)])
        if above is not None or below is not None:
            above = above or ast.Constant(1.0)
            constant = above if below is None else ast.BinOp(above, ast.Div(), below)
            factors.insert(0, self.coefficient(constant))
        product, divisor = _joined(factors) or ast.Constant(1.0), _joined(divisors)
        return product if divisor is None else ast.BinOp(product, ast.Div(), divisor)

    def _collect(self, node: ast.expr, numerator: list[ast.expr], denominator: list[ast.expr]) -> None:
        """Collect the factors of a chain of products and quotients. A sign in it is a factor of -1."""
        match node:
            case ast.BinOp(op=ast.Mult()) if not self.is_constant(node):
                self._collect(node.left, numerator, denominator)
                self._collect(node.right, numerator, denominator)
            case ast.BinOp(op=ast.Div()) if not self.is_constant(node):
                self._collect(node.left, numerator, denominator)
                self._collect(node.right, denominator, numerator)
            case ast.UnaryOp(op=ast.USub()) if not self.is_constant(node):
                numerator.append(ast.Constant(-1.0))
                self._collect(node.operand, numerator, denominator)
            case _:
                numerator.append(node)


def _joined(factors: list[ast.expr]) -> ast.expr | None:
    """The product of factors, from left to right; None for none."""
    product: ast.expr | None = None
    for factor in factors:
        product = factor if product is None else ast.BinOp(product, ast.Mult(), factor)
    return product
