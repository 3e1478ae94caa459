"""How arguments of populations are read, and what is checked of populations when they are described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.called import CalledConstant, check_called
from neurosim.network.flags import (
    HELD,
    OF_NEURONS,
    check_flags,
    check_held,
    check_sets_shared,
    check_shared,
    refuse_assignment,
)
from neurosim.network.text import parse_expression
from neurosim.network.text_names import RESERVED, check_variable
from neurosim.network.values import Value, identifier, spelt, whole
from neurosim.network.weights import Distribution

if TYPE_CHECKING:
    from neurosim.network.neurons import Neurons

ARGUMENTS = (
    "shape", "equations", "update", "threshold", "reset", "refractory", "regularly", "method", "ports",
    "sends", "learns",
)  # fmt: skip
REDUCES = ("sum", "max", "mean")  # how a port reduces arrivals
MOST_NEURONS = 2**28
MOST_AXES = 16
Ports = str | Mapping[str, str] | Sequence[str | tuple[str, str]]


def read_shape(shape: int | Sequence[int], subject: str) -> tuple[int, ...]:
    """Read a number of neurons, or a tuple of numbers along axes; `subject` opens the error."""
    sizes = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    if not sizes:
        raise DescriptionError(
            f"{subject}: () has no neurons. Give a number of neurons or a tuple such as (8, 8)."
        )
    read = tuple(whole(n, subject, least=1, most=MOST_NEURONS) for n in sizes)
    if prod(read) > MOST_NEURONS or len(read) > MOST_AXES:
        raise DescriptionError(
            f"{subject}: {shown(read)} has more than {MOST_NEURONS:,} neurons or {MOST_AXES} axes. Use fewer."
        )
    return read


def read_names(given: str | Sequence[str], subject: str) -> tuple[str, ...]:
    """Read one name, or a list of them; `subject` opens the error for anything else."""
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, tuple | list):
        raise DescriptionError(
            f"{subject}: {shown(given)} is not a list of names. Give names, such as ('bias',)."
        )
    return tuple(identifier(name, subject) for name in names)


def _port(word: str) -> tuple[str, ...]:
    return tuple(word.split(":", 1)) if ":" in word else (word, "sum")


def read_ports(ports: Ports, subject: str) -> tuple[tuple[str, str], ...]:
    """Read `"i f o g"`, `"x:max"`, a dict `{"x": "max"}`, or a list of such words or of pairs."""
    if isinstance(ports, str):
        pairs = [_port(word) for word in ports.split()]
    elif isinstance(ports, Mapping):
        pairs = list(ports.items())
    elif isinstance(ports, tuple | list) and all(
        isinstance(p, str) or (isinstance(p, tuple | list) and len(p) == 2) for p in ports
    ):
        pairs = [_port(p) if isinstance(p, str) else tuple(p) for p in ports]
    else:
        raise DescriptionError(
            f"{subject}: ports {shown(ports)} do not read."
            " Write names, such as 'i f o g', or 'x:max' to reduce by max."
        )
    pairs = [(spelt(name) if isinstance(name, str) else name, reduce) for name, reduce in pairs]
    for name, reduce in pairs:
        check_variable(name, f"{subject}: port")
        if not isinstance(reduce, str) or reduce not in REDUCES:
            raise DescriptionError(
                f"{subject}: port {name!r} reduces by {shown(reduce)}. Use one of: {', '.join(REDUCES)}."
            )
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise DescriptionError(
            f"{subject}: ports {' '.join(names)!r} name one port twice. Name each port once."
        )
    return tuple((str(name), str(reduce)) for name, reduce in pairs)


def check_neurons(neurons: Neurons, subject: str) -> None:
    """Refuse arguments that do not fit each other. Raises DescriptionError; `subject` opens the errors."""
    if neurons.threshold:
        parse_expression(neurons.threshold, f"{subject}: threshold")
    refractory = neurons.refractory
    if isinstance(refractory, str):
        parse_expression(refractory, f"{subject}: refractory")
    elif not refractory.scalar or refractory.number < 0 or not np.isfinite(refractory.number):
        raise DescriptionError(
            f"{subject}: refractory {refractory} is not a time of 0 or more."
            " Give a time, or text for one per neuron."
        )
    if (neurons.reset or neurons.has_refractory) and not neurons.threshold:
        raise DescriptionError(
            f"{subject}: reset and refractory act after a spike, but there is no threshold."
            " Add threshold='v > ...'."
        )
    _check_lines(neurons, subject)
    _check_ports(neurons, subject, neurons.assigned)
    _check_assigned(neurons, subject)
    for name, value in neurons.constants.items():
        if isinstance(value, CalledConstant):
            check_called(name, neurons.states, neurons.learns, subject)
    for name in neurons.learns:
        if name not in neurons.constants:
            raise DescriptionError(
                f"{subject}: learns names {name!r}, which is no constant of it."
                f" {nearest(name, neurons.constants)}"
            )
    _check_sent(neurons, subject)


def _check_lines(neurons: Neurons, subject: str) -> None:
    for name in (*(line.name for line in neurons.lines), *(s.name for s in neurons.statements)):
        check_variable(name, f"{subject}: variable")
    of_each = {statement.name for statement in (*neurons.statements, *neurons.reset_statements)}
    for line in neurons.lines:
        check_flags(line, OF_NEURONS, f"{subject}: equations")
        fixed = {"constant", "shared", HELD} & set(line.flags)
        if line.name in (of_each if fixed == {"shared"} else neurons.assigned) and fixed:
            refuse_assignment(line.name, line, f"{subject}: text")
    check_held(neurons.lines, f"{subject}: equations")
    check_shared(neurons.lines, _separate(neurons), "neuron", f"{subject}: equations")
    for block in neurons.regular:
        check_sets_shared(block.statements, neurons.shared, _separate(neurons), f"{subject}: {block.name}")
    for name in neurons.shared & set(neurons.constants):
        given = neurons.constants[name]
        if isinstance(given, Distribution) or (isinstance(given, Value) and not given.scalar):
            raise DescriptionError(
                f"{subject}: {name!r} is (shared), so it takes one value. Give one number."
            )


def _separate(neurons: Neurons) -> set[str]:
    """The names that have a value for each neuron."""
    several = {
        name
        for name, given in neurons.constants.items()
        if not (isinstance(given, Value | CalledConstant) and given.scalar)
    }
    own = {*neurons.states, *neurons.subexpressions, *several} - neurons.shared
    return own | {*neurons.port_names, "i", "not_refractory"}


def _check_ports(neurons: Neurons, subject: str, assigned: set[str]) -> None:
    """Refuse names of ports and subexpressions that mean something else, too."""
    for name in (*neurons.subexpressions, *neurons.held, *neurons.port_names):
        if name in neurons.constants and name in neurons.port_names:
            others = " ".join(port for port in neurons.port_names if port != name)
            raise DescriptionError(
                f"{subject}: {name!r} is given a value, but is also a port, at which messages arrive."
                f" If it is a parameter, say ports={others!r}; else rename one of them."
            )
        if name in neurons.constants:
            raise DescriptionError(
                f"{subject}: {name!r} is a constant and also a subexpression. Rename one of them."
            )
    variables = {line.name for line in neurons.lines if line.kind != "parameter"} | assigned
    for port in neurons.port_names:
        if port in variables:
            raise DescriptionError(
                f"{subject}: port {port!r} is also a variable of the text."
                " Rename the port (ports=...) or the variable."
            )


def _check_assigned(neurons: Neurons, subject: str) -> None:
    fixed = {*neurons.subexpressions, *RESERVED}
    for name in sorted(neurons.assigned & fixed):
        raise DescriptionError(f"{subject}: '{name}' cannot be assigned to. Assign to a state variable.")
    blocks = [("reset", neurons.reset_statements), *((b.name, b.statements) for b in neurons.regular)]
    for block, statements in blocks:
        for statement in statements:
            if statement.name not in neurons.states:
                raise DescriptionError(
                    f"{subject}: {block} assigns {statement.name!r}, which is not a variable of it."
                    f" {nearest(statement.name, neurons.states)}"
                    f" If it is new, declare it in the equations: '{statement.name} : 1'."
                )


def _check_sent(neurons: Neurons, subject: str) -> None:
    sends, sendable = neurons.arguments["sends"], (*neurons.states, *neurons.subexpressions)
    if sends is not None and sends not in sendable:
        raise DescriptionError(
            f"{subject}: sends {sends!r} is not a variable of its text. {nearest(sends, sendable)}"
        )
    if not (neurons.driven or neurons.spiking or sendable):
        raise DescriptionError(
            f"{subject}: its text has no variable that it could send."
            " Add one, such as update='v = I', or a threshold."
        )
