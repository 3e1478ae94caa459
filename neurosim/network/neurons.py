"""A population of neurons: a name, a shape, and its dynamics as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any
from warnings import warn

import numpy as np

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.arguments import Arguments, named_arguments
from neurosim.network.index import as_index, read_key, show_key
from neurosim.network.readonly import ReadOnly, own_fields, read_only
from neurosim.network.text import (
    Equation,
    Statement,
    names_in,
    parse_expression,
    read_equations,
    read_statements,
)
from neurosim.network.values import Value, as_value, choice, each_once, identifier, plain_text, spelt, whole
from neurosim.network.weights import Distribution

REDUCES = ("sum", "max", "mean")
METHODS = ("exact", "linear", "independent", "exponential_euler", "euler", "heun", "milstein", "rk2", "rk4")
ARGUMENTS = (
    "shape",
    "equations",
    "update",
    "threshold",
    "reset",
    "refractory",
    "method",
    "ports",
    "sends",
    "learns",
)
RESERVED = ("dt", "t", "xi", "lastspike", "not_refractory")
NEURON_FLAGS = {
    "differential": ("unless refractory",),
    "parameter": ("constant", "shared"),
    "subexpression": ("shared", "constant over dt"),
}
MOST_NEURONS = 2**28
MOST_AXES = 16


@named_arguments
@dataclass(frozen=True, eq=False, init=False)
class Neurons:
    """A population of neurons that share one description in text.

    Arguments:
        name: how scripts, records and files call the population.
        shape: number of neurons, or a tuple such as (8, 8, 16); the last axis is the feature or channel.
        equations: Brian2 equations, with units: `"dv/dt = (I - v)/tau : volt (unless refractory)"`. A population
            may also have parameters (`"I : amp"` gives port I its unit).
        update: assignments, top to bottom, once a tick: `"v = (1 - leak)*v + leak*tanh(I)"`.
        threshold: a condition; the neuron spikes at each tick at which it holds.
        reset: assignments for the neurons that have just spiked.
        refractory: how long after a spike the threshold is not tested: a time under `Clock`, whole ticks
            otherwise, or text: a time or a condition that keeps the neuron refractory while it holds.
        method: how equations are integrated: 'exact' (linear equations, by matrix exponential) or one of Brian2's.
        ports: the named inputs, `"I"` or `"i f o g"`; `"x:max"` reduces by max (or mean) instead of the sum.
        sends: the variable sent every tick by neurons that do not spike; default: the first one defined.
        learns: names of constants that training may change.
        constants: values of the names in the text: numbers, quantities, arrays of the population's shape or
            distributions. A value given to a state variable or parameter is its start value (default 0).

    A population with no text at all is driven from outside; if it receives synapses it passes on the sum of what arrives,
    and an input to it takes the place of that. `neurons[:100]` is a part of a population and may stand
    wherever a population may.

    Raises DescriptionError for text that does not read, arguments that nothing uses and values that do not fit the shape; `run`
    raises PlanError for undefined names and wrong units in text, before the first tick.
    """

    name: str
    shape: tuple[int, ...]
    equations: str
    update: str
    threshold: str
    reset: str
    refractory: Value | str
    method: str
    ports: tuple[tuple[str, str], ...]
    _sends: str | None  # as given; `sends` is what it comes to
    learns: tuple[str, ...]
    constants: Mapping[str, Value | Distribution]

    def __init__(
        self,
        name: str,
        shape: int | tuple[int, ...],
        *,
        equations: str = "",
        update: str = "",
        threshold: str = "",
        reset: str = "",
        refractory: Any = 0,
        method: str = "exact",
        ports: str | Mapping[str, str] | tuple = "I",
        sends: str | None = None,
        learns: tuple[str, ...] = (),
        **constants: Any,
    ):
        put = object.__setattr__
        put(self, "name", identifier(name, "Neurons name"))
        where = f"Neurons {self.name!r}"
        put(self, "shape", read_shape(shape, f"{where}: shape"))
        for argument, text in dict(
            equations=equations, update=update, threshold=threshold, reset=reset
        ).items():
            put(self, argument, plain_text(text, f"{where}: {argument}"))
        put(
            self,
            "refractory",
            refractory if isinstance(refractory, str) else as_value(refractory, f"{where}: refractory"),
        )
        put(self, "method", "exact" if choice(method, METHODS, f"{where}: method") == "linear" else method)
        put(self, "ports", read_ports(ports, where))
        put(self, "_sends", None if sends is None else identifier(sends, f"{where}: sends"))
        put(self, "learns", read_names(learns, f"{where}: learns"))
        put(
            self,
            "constants",
            ReadOnly(
                {key: self._constant(key, value, where) for key, value in each_once(constants, where).items()}
            ),
        )
        self._check(where)

    __getstate__ = own_fields

    def _constant(self, key: str, value: Any, where: str) -> Value | Distribution:
        check_name(key, f"{where}: constant")
        if isinstance(value, Distribution) and not value.alone:
            raise DescriptionError(
                f"{where}: constant {key}: {type(value).__name__} makes weights of synapses. Use normal or uniform."
            )
        if isinstance(value, Distribution):
            return value
        if isinstance(value, str) or value is None or callable(value):
            raise DescriptionError(
                f"{where}: {key}={shown(value)} is neither an argument of Neurons nor a number. {nearest(key, ARGUMENTS)}"
            )
        read = as_value(value, f"{where}: constant {key}")
        if read.scalar:
            return read
        if read.shape in (self.shape, (self.size,)):
            return Value(read.number.reshape(self.shape), read.dim)
        try:
            np.broadcast_to(read.number, self.shape)
        except ValueError:
            raise DescriptionError(
                f"{where}: constant {key} has shape {read.shape}, the population has {self.shape}. Give one number, or one per neuron."
            ) from None
        return read

    def _check(self, where: str) -> None:
        lines, assigned = self.lines, self.statements  # reading them checks them
        if self.threshold:
            parse_expression(self.threshold, f"{where}: threshold")
        if isinstance(self.refractory, str):
            parse_expression(self.refractory, f"{where}: refractory")
        elif (
            not self.refractory.scalar
            or self.refractory.number < 0
            or not np.isfinite(self.refractory.number)
        ):
            raise DescriptionError(
                f"{where}: refractory {self.refractory} is not a time of 0 or more. Give a time, or text for one per neuron."
            )
        if (self.reset or self.has_refractory) and not self.threshold:
            raise DescriptionError(
                f"{where}: reset and refractory act after a spike, but there is no threshold. Add threshold='v > ...'."
            )
        self._check_names(where, lines, assigned)

    def _check_names(self, where: str, lines: tuple[Equation, ...], assigned: tuple[Statement, ...]) -> None:
        computed = {line.name for line in lines if line.kind == "subexpression"}
        for name in (*(line.name for line in lines), *(s.name for s in assigned)):
            check_variable(name, f"{where}: variable")
        for line in lines:
            check_flags(line, NEURON_FLAGS, f"{where}: equations")
            if "constant" in line.flags and line.name in {
                s.name for s in (*assigned, *self.reset_statements)
            }:
                raise DescriptionError(
                    f"{where}: {line.name!r} is declared (constant), but text assigns to it. Take one of them away."
                )
        for name in (*computed, *self.port_names):
            if name in self.constants:
                raise DescriptionError(
                    f"{where}: {name!r} is a constant and also a port or subexpression. Rename one of them."
                )
        for port in self.port_names:
            line = next((line for line in lines if line.name == port), None)
            if (line is not None and line.kind != "parameter") or port in {
                s.name for s in (*assigned, *self.reset_statements)
            }:
                raise DescriptionError(
                    f"{where}: port {port!r} is also a variable of the text. Rename the port (ports=...) or the variable."
                )
        for statement in (*assigned, *self.reset_statements):
            if statement.name in computed | set(RESERVED):
                raise DescriptionError(
                    f"{where}: '{statement.name}' cannot be assigned to. Assign to a state variable."
                )
        for name in self.learns:
            if name not in self.constants:
                raise DescriptionError(
                    f"{where}: learns names {name!r}, which is no constant of it. {nearest(name, self.constants)}"
                )
        sendable = (*self.states, *self.subexpressions)
        if self._sends is not None and self._sends not in sendable:
            raise DescriptionError(
                f"{where}: sends {self._sends!r} is not a variable of its text. {nearest(self._sends, sendable)}"
            )
        if not (self.driven or self.spiking or sendable):
            raise DescriptionError(
                f"{where}: its text has no variable that it could send. Add one, such as update='v = I', or a threshold."
            )
        unused = [name for name in self.reset_statements if name.name not in self.states]
        if unused:
            raise DescriptionError(
                f"{where}: reset assigns {unused[0].name!r}, which is no variable of it. {nearest(unused[0].name, self.states)}"
            )

    @cached_property
    def size(self) -> int:
        """Number of neurons."""
        return int(np.prod(self.shape))

    @cached_property
    def lines(self) -> tuple[Equation, ...]:
        """The lines of `equations`."""
        return read_equations(self.equations, f"Neurons {self.name!r}: equations")

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The assignments of `update`."""
        return read_statements(self.update, f"Neurons {self.name!r}: update")

    @cached_property
    def reset_statements(self) -> tuple[Statement, ...]:
        """The assignments of `reset`."""
        return read_statements(self.reset, f"Neurons {self.name!r}: reset")

    @cached_property
    def port_names(self) -> tuple[str, ...]:
        """The names of the ports."""
        return tuple(name for name, _ in self.ports)

    @cached_property
    def states(self) -> tuple[str, ...]:
        """What a neuron remembers: differential variables and parameters, then the names that `update` assigns."""
        ports = set(self.port_names)
        names = [line.name for line in self.lines if line.kind != "subexpression" and line.name not in ports]
        ordered = sorted(names, key=lambda n: self._line(n).kind == "parameter")
        return tuple(dict.fromkeys([*ordered, *(s.name for s in self.statements)]))

    @cached_property
    def subexpressions(self) -> tuple[str, ...]:
        """Names that stand for an expression of the others."""
        return tuple(line.name for line in self.lines if line.kind == "subexpression")

    @cached_property
    def names_used(self) -> frozenset[str]:
        """The names that the expressions of the text use."""
        refractory = self.refractory if isinstance(self.refractory, str) else ""
        statements = (*self.statements, *self.reset_statements)
        texts = [
            *(line.expression for line in self.lines),
            *(s.expression for s in statements),
            self.threshold,
            refractory,
        ]
        return frozenset().union(*(names_in(text) for text in texts if text.strip()))

    def _line(self, name: str) -> Equation:
        return next(line for line in self.lines if line.name == name)

    @property
    def driven(self) -> bool:
        """True where there is no text: the population is driven from outside."""
        return not (self.lines or self.statements or self.threshold.strip())

    @property
    def spiking(self) -> bool:
        """True where there is a threshold. A driven population spikes if it is given spike events."""
        return bool(self.threshold.strip())

    @property
    def has_refractory(self) -> bool:
        """True where a neuron is refractory for some time after its spikes."""
        return self.refractory != as_value(0, "")

    @property
    def sends(self) -> str | None:
        """The variable whose value a neuron sends at every tick; None for populations that spike or are driven.

        It is the argument `sends`, or the first variable of the text where that was not given.
        """
        if self.spiking or self.driven:
            return None
        return self._sends or next(iter((*self.states, *self.subexpressions)))

    @property
    def message(self) -> str | None:
        """The former name of `sends`."""
        warn("Neurons.message is now called Neurons.sends.", DeprecationWarning, stacklevel=2)
        return self.sends

    @property
    def arguments(self) -> Arguments:
        """The arguments, constants included, with which `Neurons(**arguments)` makes the same population."""
        given = {name: getattr(self, name) for name in ("name", *ARGUMENTS)}
        return {**given, "sends": self._sends, **self.constants}

    @property
    def indices(self) -> np.ndarray:
        """The flat index of every neuron, in C order."""
        return np.arange(self.size)

    def sending(self, variable: str) -> Part:
        """This population as the sender of another variable than the one that it `sends`, or of one beside its spikes.

        variable: a variable of its text.

        It stands where a sender may, and where a population is a weight: `Synapses(lstm.sending("c"), out)`. A graded
        message is sent, also by neurons that spike: under `Clock` the value at the start of the tick, otherwise the value
        after the neurons have moved.

        Raises DescriptionError for a name that is no variable of the text.
        """
        return Part(self, (), spelt(plain_text(variable, f"Neurons {self.name!r}: sending")))

    @property
    def source(self) -> str:
        """Under which name its messages are sent."""
        return self.name

    @property
    def population(self) -> Neurons:
        return self

    def __getitem__(self, key: Any) -> Part:
        return Part(self, read_key(key, self.shape, f"Part of {self.name!r}"))

    def __len__(self) -> int:
        return self.size

    def __iter__(self):
        raise DescriptionError(
            f"Neurons {self.name!r}: is a population, not a list. Take a part of it with {self.name}[0:10]."
        )

    def __repr__(self) -> str:
        return f"Neurons({self.name!r}, {self.shape if len(self.shape) > 1 else self.size})"


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a population, as numpy indexing takes it: `cells[:3200]`, `stack[:, 0]`, `cells[[1, 5]]`."""

    population: Neurons
    key: tuple
    variable: str | None = None

    def __post_init__(self):
        if self.variable is not None:
            self._check_variable(self.variable)
        try:
            chosen = self.indices
        except (IndexError, ValueError, OverflowError) as error:
            raise DescriptionError(
                f"{self.label}: {error} (the shape of {self.population.name!r} is {self.population.shape}). Choose neurons within it."
            ) from None
        if not chosen.size:
            raise DescriptionError(
                f"{self.label}: names no neuron of {self.population.name!r}, whose shape is {self.population.shape}. Name one."
            )
        if len(np.unique(chosen)) != chosen.size:
            raise DescriptionError(f"{self.label}: names a neuron twice. Name each neuron once.")

    def __reduce__(self) -> tuple:
        return Part, (self.population, self.key, self.variable)

    def _check_variable(self, variable: str) -> None:
        known = (*self.population.states, *self.population.subexpressions)
        if variable not in known:
            raise DescriptionError(
                f"Neurons {self.name!r}: sending({shown(variable)}): is no variable of its text. {nearest(variable, known)}"
            )

    def sending(self, variable: str) -> Part:
        """This part, sending `variable`; see `Neurons.sending`."""
        return Part(self.population, self.key, spelt(plain_text(variable, f"{self.label}: sending")))

    def of(self, population: Neurons) -> Part:
        """The same part of another population."""
        return Part(population, self.key, self.variable)

    @property
    def source(self) -> str:
        """Under which name its messages are sent: that of the population, or 'population.variable'."""
        own = self.variable is None or self.variable == self.population.sends
        return self.name if own else f"{self.name}.{self.variable}"

    @property
    def name(self) -> str:
        return self.population.name

    @cached_property
    def _chosen(self) -> np.ndarray:
        chosen = np.arange(self.population.size).reshape(self.population.shape)[
            tuple(as_index(k) for k in self.key)
        ]
        return read_only(np.asarray(chosen))

    @property
    def indices(self) -> np.ndarray:
        """The flat indices, in the whole population, of the neurons of this part."""
        return self._chosen.ravel()

    @property
    def shape(self) -> tuple[int, ...]:
        return self._chosen.shape or (1,)

    @property
    def size(self) -> int:
        return int(self._chosen.size)

    @property
    def label(self) -> str:
        """The part as it would be written: 'cells[:3200]', and 'cells.c' where it sends another variable than they."""
        key = f"[{', '.join(show_key(k) for k in self.key)}]" if self.key else ""
        return f"{self.name}{key}" + (f".{self.variable}" if self.variable else "")

    def __getitem__(self, key: Any) -> Part:
        raise DescriptionError(
            f"{self.label}: is a part already. Say in one go which neurons of {self.name!r} are meant."
        )

    def __iter__(self):
        raise DescriptionError(
            f"{self.label}: is a part of a population, not a list. Its neurons are {self.label}.indices."
        )

    def __repr__(self) -> str:
        return self.label


Population = Neurons | Part


def label(population: Population) -> str:
    """The name of a population, or of a part of one as it would be written."""
    return population.label if isinstance(population, Part) else population.name


def read_shape(shape: Any, where: str) -> tuple[int, ...]:
    """Read a number of neurons or a tuple of them."""
    given = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    if not given:
        raise DescriptionError(
            f"{where}: () has no neurons. Give a number of neurons or a tuple such as (8, 8)."
        )
    read = tuple(whole(n, where, least=1, most=MOST_NEURONS) for n in given)
    if prod(read) > MOST_NEURONS or len(read) > MOST_AXES:
        raise DescriptionError(
            f"{where}: {shown(read)} has more than {MOST_NEURONS:,} neurons or {MOST_AXES} axes. Use fewer."
        )
    return read


def read_names(given: Any, where: str) -> tuple[str, ...]:
    """Read one name, or a list of them."""
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, (tuple, list)):
        raise DescriptionError(
            f"{where}: {shown(given)} is not a list of names. Give names, such as ('bias',)."
        )
    return tuple(identifier(name, where) for name in names)


def check_name(name: str, where: str) -> None:
    """Refuse names that the simulation itself sets."""
    identifier(name, where)
    if name in RESERVED or name.startswith("_"):
        raise DescriptionError(
            f"{where} {name!r} is a name that the simulation itself sets. Use another name."
        )


def check_variable(name: str, where: str) -> None:
    """Refuse names of variables that text, or the text of synapses, uses for something else."""
    check_name(name, where)
    if name.endswith(("_pre", "_post")):
        raise DescriptionError(
            f"{where} {name!r} ends like a name in the text of synapses, where {name!r} belongs to a neuron. Use another ending."
        )


def check_flags(line: Equation, allowed: Mapping[str, tuple[str, ...]], where: str) -> None:
    """Refuse flags that do not belong to this kind of equation."""
    for flag in line.flags:
        if flag not in allowed[line.kind]:
            known = ", ".join(f"({f})" for f in allowed[line.kind]) or "none"
            raise DescriptionError(
                f"{where}: {line.name!r} is a {line.kind}, which cannot be marked ({flag}). Leave it out; possible here: {known}."
            )


def _port(word: str) -> tuple[str, ...]:
    return tuple(word.split(":", 1)) if ":" in word else (word, "sum")


def read_ports(ports: Any, where: str) -> tuple[tuple[str, str], ...]:
    """Read `"i f o g"`, `"x:max"`, a dict `{"x": "max"}`, or a list of such words or of pairs."""
    if isinstance(ports, str):
        pairs = [_port(word) for word in ports.split()]
    elif isinstance(ports, Mapping):
        pairs = list(ports.items())
    elif isinstance(ports, (tuple, list)) and all(
        isinstance(p, str) or (isinstance(p, (tuple, list)) and len(p) == 2) for p in ports
    ):
        pairs = [_port(p) if isinstance(p, str) else tuple(p) for p in ports]
    else:
        raise DescriptionError(
            f"{where}: ports {shown(ports)} do not read. Write names, such as 'i f o g', or 'x:max' to reduce by max."
        )
    pairs = [(spelt(name) if isinstance(name, str) else name, reduce) for name, reduce in pairs]
    for name, reduce in pairs:
        check_variable(name, f"{where}: port")
        if not isinstance(reduce, str) or reduce not in REDUCES:
            raise DescriptionError(
                f"{where}: port {name!r} reduces by {shown(reduce)}. Use one of: {', '.join(REDUCES)}."
            )
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise DescriptionError(
            f"{where}: ports {' '.join(names)!r} name one port twice. Name each port once."
        )
    return tuple((str(name), str(reduce)) for name, reduce in pairs)
