"""The walk through the syntax tree of an expression, which the writers of all engines share."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Generic, TypeVar

Code = TypeVar("Code")

# Operators that numpy, JAX and C++ write alike. In C++ `//` and `%` are functions, and in all three a power
# is one.
SYMBOLS: Mapping[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


class ExpressionWriter(ABC, Generic[Code]):
    """Turns the syntax tree of an expression into code, with one method for each kind of node.

    Other nodes than these cannot occur, because `network/text.py` refuses them when it reads the text.
    """

    def write(self, node: ast.expr) -> Code:
        """The code of a syntax tree."""
        match node:
            case ast.Constant():
                return self.constant(node)
            case ast.Name():
                return self.variable(node)
            case ast.BinOp():
                return self.operation(node)
            case ast.UnaryOp():
                return self.unary(node)
            case ast.BoolOp():
                return self.logic(node)
            case ast.Compare():
                return self.comparison(node)
            case _:
                assert isinstance(node, ast.Call)
                return self.call(node)

    @abstractmethod
    def constant(self, node: ast.Constant) -> Code:
        """A number, True or False."""

    @abstractmethod
    def variable(self, node: ast.Name) -> Code:
        """The value of a name."""

    @abstractmethod
    def operation(self, node: ast.BinOp) -> Code:
        """Arithmetic between two values."""

    @abstractmethod
    def unary(self, node: ast.UnaryOp) -> Code:
        """A sign, or `not`."""

    @abstractmethod
    def logic(self, node: ast.BoolOp) -> Code:
        """Conditions joined by `and` or `or`. All of them are computed."""

    @abstractmethod
    def comparison(self, node: ast.Compare) -> Code:
        """One comparison or a chain of them, such as `0 < v < 1`."""

    @abstractmethod
    def call(self, node: ast.Call) -> Code:
        """A call of one of the functions of `network/function_table.py`."""


def constant_value(node: ast.Constant) -> bool | float:
    """The value of a constant. Whole numbers become floats, so that none overflows."""
    assert isinstance(node.value, bool | int | float)
    return node.value if isinstance(node.value, bool) else float(node.value)
