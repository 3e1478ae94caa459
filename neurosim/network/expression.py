"""Expressions: numbers that text computes when a network is drawn, instead of given or drawn from a law.

An expression can stand where a constant, a start value, a weight or a delay can. In the description it is a
text. `plan/expressions.py` computes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.functions import RANDOM, functions
from neurosim.network.text import calls_in, names_in, parse_expression
from neurosim.network.weights import Distribution

MOST_SHOWN = 70  # characters of an expression in a diagram


@dataclass(frozen=True)
class Expression:
    """Numbers that a text computes.

    text: an expression of numbers with units, functions, and names, such as "El + 10*mV*rand()".

    Raises DescriptionError for text that does not read as an expression.
    """

    text: str

    def __post_init__(self):
        parse_expression(self.text, "Expression")

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that it uses, functions left out."""
        return names_in(self.text)

    @property
    def random(self) -> bool:
        """Whether it draws random numbers."""
        known = functions()
        return any(name in known and known[name].kind == RANDOM for name in calls_in(self.text))

    @property
    def short(self) -> str:
        """The text as a diagram shows it, shortened if it is long."""
        return self.text if len(self.text) <= MOST_SHOWN else f"{self.text[: MOST_SHOWN - 3]}..."

    def __str__(self) -> str:
        return shown(self.text, 60)


def is_drawn(given: object) -> bool:
    """Whether numbers are drawn at random: by a distribution, or by an expression that calls rand()."""
    return given.random if isinstance(given, Expression) else isinstance(given, Distribution)


def read_expression(given: str | Expression, subject: str) -> Expression:
    """The expression in a text. Raises DescriptionError, which `subject` opens, for other text."""
    if isinstance(given, Expression):
        return given
    parse_expression(given, subject)
    return Expression(" ".join(given.split()))


def read_constant(name: str, given: str | Expression, subject: str, arguments: tuple[str, ...]) -> Expression:
    """The expression that is given for a constant that no text may use, such as a misspelt argument.

    name: that of the constant; subject: the object; arguments: the names of the arguments of its class.

    Raises DescriptionError for text that is no expression.
    """
    try:
        return read_expression(given, f"{subject}: {name}")
    except DescriptionError:
        hint = nearest(name, arguments)
        if not hint.startswith("Did you mean"):
            raise
        raise DescriptionError(
            f"{subject}: {name}={shown(given)} is neither an argument of {subject.split()[0]} nor a number"
            f" or an expression. {hint}"
        ) from None
