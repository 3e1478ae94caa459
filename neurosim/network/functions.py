"""The functions that text may call, and how a script adds one more.

A script that needs another function adds it before the first network that calls it:

>>> from neurosim.network import functions
>>> softplus = functions.add(functions.Function("softplus", text="maximum(x, 0) + log1p(exp(-abs(x)))"))
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable

from neurosim.errors import DescriptionError, nearest
from neurosim.network.function_table import ALONG as ALONG
from neurosim.network.function_table import ARGUMENTS as ARGUMENTS
from neurosim.network.function_table import ELEMENTWISE as ELEMENTWISE
from neurosim.network.function_table import RANDOM as RANDOM
from neurosim.network.function_table import TAKE as TAKE
from neurosim.network.function_table import Function as Function
from neurosim.network.function_table import enter
from neurosim.network.function_table import functions as functions
from neurosim.network.function_table import named as named
from neurosim.network.text import Equation, Statement, calls_in, forget_names, names_in, parse_expression

_added: dict[str, Function] = {}


def random_calls(lines: Iterable[Statement | Equation]) -> int:
    """How many random functions these statements or equations call."""
    names = (name for line in lines if line.expression for name in calls_in(line.expression))
    return sum(name in functions() and functions()[name].kind == RANDOM for name in names)


def add(function: Function) -> Function:
    """Let text call one more function, in this process from now on; returns the function.

    function: the entry.

    A recording keeps the text and not the function: a script that replays it adds the function again.

    Raises DescriptionError for a name that is taken or that text cannot call, and for a function of which
    neither `array` nor `text` says how it is computed.
    """
    subject = f"functions.add({function.name!r})"
    if not function.name.isidentifier() or keyword.iskeyword(function.name):
        raise DescriptionError(f"{subject}: text cannot call it. Give a name such as 'softplus'.")
    if functions().get(function.name, function) != function:
        raise DescriptionError(f"{subject}: there is such a function already. Choose another name.")
    if function.kind not in (ELEMENTWISE, ALONG):
        raise DescriptionError(
            f"{subject}: functions that are {function.kind} cannot be added. Use ELEMENTWISE or ALONG."
        )
    if function.kind == ELEMENTWISE and not 1 <= function.arguments <= 3:
        raise DescriptionError(f"{subject}: it takes {function.arguments} arguments. Give it 1 to 3.")
    if function.array is None and not (function.text and function.kind == ELEMENTWISE):
        raise DescriptionError(
            f"{subject}: nothing says how it is computed."
            " Give array=lambda xp, x: ..., or text='...' of other functions of x."
        )
    if function.text:
        _check_text(function, subject)
    enter(function)
    _added[function.name] = function
    forget_names()
    return function


def _check_text(function: Function, subject: str) -> None:
    """Refuse a text that uses other names than the arguments, or other functions than those of numbers."""
    parse_expression(function.text, subject)
    arguments = ARGUMENTS[: function.arguments]
    for name in calls_in(function.text):
        if name not in functions():
            raise DescriptionError(
                f"{subject}: its text calls the unknown function {name!r}. {nearest(name, functions())}"
            )
        if functions()[name].kind != ELEMENTWISE:
            raise DescriptionError(
                f"{subject}: its text calls {name!r}, which is {functions()[name].kind}."
                " Use functions of numbers."
            )
    for name in sorted(names_in(function.text) - set(arguments)):
        raise DescriptionError(
            f"{subject}: its text uses {name!r}, which is none of its arguments."
            f" They are called {', '.join(arguments)}."
        )


def added() -> tuple[str, ...]:
    """What was added in this process: names, units and texts, on which the units of other text may depend."""
    return tuple(f"{f.name} {f.arguments} {f.kind} {f.unit} {f.text}" for f in _added.values())
