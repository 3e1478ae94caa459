"""A population of neurons: a name, a shape, and its dynamics as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NoReturn
from warnings import warn

import numpy as np

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.arguments import Arguments, named_arguments
from neurosim.network.called import CalledConstant, read_called
from neurosim.network.expression import Expression, read_constant
from neurosim.network.flags import held_names, shared_names
from neurosim.network.index import Index, read_key
from neurosim.network.namespace import with_used
from neurosim.network.neuron_checks import ARGUMENTS, check_neurons, read_names, read_ports, read_shape
from neurosim.network.part import Part
from neurosim.network.readonly import ReadOnly, SetOnce, own_fields, read_only
from neurosim.network.regularly import Regular, Regularly, read_regularly, regular_blocks, statements_of
from neurosim.network.text import Equation, Statement, names_in, read_equations, read_statements
from neurosim.network.text_names import check_name
from neurosim.network.values import Numeric, Value, as_value, choice, each_once, identifier, plain_text, spelt
from neurosim.network.weights import Distribution

# What constants and start values are after they were read.
Constant = Value | Distribution | Expression | CalledConstant
FEW = 4096  # neurons, of whose indices one array is kept for all populations of a size
METHODS = ("exact", "linear", "independent", "exponential_euler", "euler", "heun", "milstein", "rk2", "rk4")


@named_arguments
@dataclass(eq=False, init=False, repr=False)
class Neurons(SetOnce):
    """A population of neurons that share one description in text.

    name: how scripts, records and files call the population.
    shape: number of neurons, or a tuple such as (8, 8, 16), whose last axis is the feature or channel.
    equations: Brian2 equations with units: `"dv/dt = (I - v)/tau : volt (unless refractory)"`. They may
        declare parameters (`"tau : second"`) and the unit of a port (`"I : amp"`).
    update: assignments that run from top to bottom once a tick: `"v = (1 - leak)*v + leak*tanh(I)"`.
    threshold: a condition; a neuron spikes at each tick at which it holds.
    reset: assignments for the neurons that have just spiked.
    refractory: for how long after a spike the threshold is not tested: a time under `Clock`, a number of
        ticks under other schedules; or text: a time for each neuron, or a condition that keeps a neuron
        refractory while it holds.
    regularly: text that runs at regular times, beginning with tick 0, before anything else in its tick:
        `(10*ms, "rate = 20*Hz*rand()")`, or a list of such pairs. The period is a number of ticks under other
        schedules than `Clock`.
    method: how equations are integrated: 'exact' (linear equations, by the matrix exponential) or one of
        Brian2's methods.
    ports: names of the ports, which collect arrivals: `"I"` or `"i f o g"`. A port adds them up; `"x:max"`
        and `"x:mean"` take the largest one and the mean.
    sends: the variable that neurons without threshold send at every tick; default: the first one that the
        text defines.
    learns: names of constants that training may change.
    namespace: a dict of constants, from which those are taken that the text uses, so that several populations
        can share one. Variables of the text and constants given by name win over it.
    constants: values of names in the text: numbers, quantities, arrays that broadcast to the shape of the
        population, distributions such as `normal`, or expressions: text over other constants and start
        values, `i`, `N` and random functions, such as `"El + 10*mV*rand()"`. A value given to a state
        variable is its start value (default: 0). `sampled` values and `function`s are constants that text
        calls.

    A population without text is driven from outside: inputs give what it sends. `neurons[:100]` is a part of
    a population and can stand wherever a population can. Neurons cannot be changed after they were made.

    Raises DescriptionError for text that cannot be read, for constants that no text uses, and for values that
    do not fit the shape. Undefined names and wrong units in text are refused by `run` (PlanError), before the
    first tick.

    >>> import neurosim as ns
    >>> from neurosim.units import ms
    >>> text = {"equations": "dv/dt = -v/tau : volt", "threshold": "v > 15*mV", "reset": "v = 0*mV"}
    >>> cells = ns.Neurons("cells", 100, **text, tau=20 * ms)
    >>> cells, cells.states, cells[:20].shape
    (Neurons('cells', 100), ('v',), (20,))
    """

    name: str
    shape: tuple[int, ...]
    equations: str
    update: str
    threshold: str
    reset: str
    refractory: Value | str
    regularly: tuple[tuple[Value, str], ...]
    method: str
    ports: tuple[tuple[str, str], ...]
    _sends: str | None  # as given; `sends` is what it comes to
    learns: tuple[str, ...]
    constants: Mapping[str, Constant]

    def __init__(
        self,
        name: str,
        shape: int | tuple[int, ...],
        *,
        equations: str = "",
        update: str = "",
        threshold: str = "",
        reset: str = "",
        refractory: Numeric | str = 0,
        regularly: Regularly = (),
        method: str = "exact",
        ports: str | Mapping[str, str] | Sequence[str | tuple[str, str]] = "I",
        sends: str | None = None,
        learns: str | Sequence[str] = (),
        namespace: Mapping[str, Any] | None = None,
        **constants: Numeric | Distribution | Expression | CalledConstant,
    ):
        self.name = identifier(name, "Neurons name")
        subject = f"Neurons {self.name!r}"
        self.shape = read_shape(shape, f"{subject}: shape")
        self.equations = plain_text(equations, f"{subject}: equations")
        self.update = plain_text(update, f"{subject}: update")
        self.threshold = plain_text(threshold, f"{subject}: threshold")
        self.reset = plain_text(reset, f"{subject}: reset")
        is_text = isinstance(refractory, str)
        self.refractory = refractory if is_text else as_value(refractory, f"{subject}: refractory")
        self.regularly = read_regularly(regularly, subject)
        self.method = "exact" if choice(method, METHODS, f"{subject}: method") == "linear" else method
        self.ports = read_ports(ports, subject)
        self._sends = None if sends is None else identifier(sends, f"{subject}: sends")
        self.learns = read_names(learns, f"{subject}: learns")
        own = {*self.states, *self.subexpressions, *self.port_names}
        named = with_used(each_once(constants, subject), namespace, self.expressions, own, subject).items()
        self.constants = ReadOnly({name: self._constant(name, value, subject) for name, value in named})
        check_neurons(self, subject)

    __getstate__ = own_fields

    def _constant(self, name: str, given: Any, subject: str) -> Constant:
        check_name(name, f"{subject}: constant")
        called = read_called(given, name, subject)
        if called is not None:
            return called
        if isinstance(given, str | Expression):
            known = name in self.names_used or name in self.states
            return read_constant(name, given, subject, () if known else ARGUMENTS)
        if isinstance(given, Distribution):
            if not given.alone:
                raise DescriptionError(
                    f"{subject}: constant {name}: {type(given).__name__} makes weights of synapses."
                    " Use normal or uniform."
                )
            return given
        if given is None or callable(given):
            raise DescriptionError(
                f"{subject}: {name}={shown(given)} is neither an argument of Neurons nor a number."
                f" {nearest(name, ARGUMENTS)}"
            )
        value = as_value(given, f"{subject}: constant {name}")
        if value.scalar:
            return value
        if value.shape in (self.shape, (self.size,)):
            return Value(value.number.reshape(self.shape), value.dim)
        try:
            np.broadcast_to(value.number, self.shape)
        except ValueError:
            raise DescriptionError(
                f"{subject}: constant {name} has shape {value.shape}, the population has {self.shape}."
                " Give one number, or one per neuron."
            ) from None
        return value

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
    def regular(self) -> tuple[Regular, ...]:
        """The blocks of `regularly`."""
        return regular_blocks(self.regularly, f"Neurons {self.name!r}")

    @property
    def assigned(self) -> set[str]:
        """The names that `update`, `reset` and `regularly` assign."""
        own = (*self.statements, *self.reset_statements, *statements_of(self.regular))
        return {statement.name for statement in own}

    @cached_property
    def port_names(self) -> tuple[str, ...]:
        """The names of the ports."""
        return tuple(name for name, _ in self.ports)

    @cached_property
    def states(self) -> tuple[str, ...]:
        """The state variables: of equations, then parameters, then the names that `update` assigns.

        Subexpressions that are (constant over dt) come last.
        """
        ports = set(self.port_names)
        names = [line.name for line in self.lines if line.kind != "subexpression" and line.name not in ports]
        ordered = sorted(names, key=lambda n: self._line(n).kind == "parameter")
        return tuple(dict.fromkeys([*ordered, *(s.name for s in self.statements), *self.held]))

    @cached_property
    def subexpressions(self) -> tuple[str, ...]:
        """Names of equations that stand for an expression of other names."""
        return tuple(
            line.name for line in self.lines if line.kind == "subexpression" and line.name not in self.held
        )

    @cached_property
    def held(self) -> tuple[str, ...]:
        """Names of subexpressions that are evaluated once at the start of a tick: (constant over dt)."""
        return held_names(self.lines)

    @cached_property
    def shared(self) -> frozenset[str]:
        """Names of the equations with one value for all neurons: (shared)."""
        return shared_names(self.lines)

    @cached_property
    def names_used(self) -> frozenset[str]:
        """The names that the expressions of the text use."""
        return frozenset().union(*(names_in(text) for text in self.expressions))

    @cached_property
    def expressions(self) -> tuple[str, ...]:
        """The expressions of the text."""
        refractory = self.refractory if isinstance(self.refractory, str) else ""
        statements = (*self.statements, *self.reset_statements, *statements_of(self.regular))
        texts = [
            *(line.expression for line in self.lines),
            *(s.expression for s in statements),
            self.threshold,
            refractory,
        ]
        return tuple(text for text in texts if text.strip())

    @property
    def names_in_expressions(self) -> frozenset[str]:
        """The names that expressions of constants and start values use."""
        expressions = (value for value in self.constants.values() if isinstance(value, Expression))
        return frozenset[str]().union(*(expression.names for expression in expressions))

    def _line(self, name: str) -> Equation:
        return next(line for line in self.lines if line.name == name)

    @property
    def driven(self) -> bool:
        """Whether there is no text, so that the population is driven from outside."""
        return not (self.lines or self.statements or self.threshold.strip())

    @property
    def spiking(self) -> bool:
        """Whether there is a threshold. A driven population spikes if it is given spike events."""
        return bool(self.threshold.strip())

    @property
    def has_refractory(self) -> bool:
        """Whether neurons are refractory for some time after their spikes."""
        return self.refractory != as_value(0, "")

    @property
    def sends(self) -> str | None:
        """The variable whose value a neuron sends at every tick; None for populations that spike or are
        driven.

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
        own = {name: getattr(self, "_sends" if name == "sends" else name) for name in ("name", *ARGUMENTS)}
        return own | dict(self.constants)

    @property
    def indices(self) -> np.ndarray:
        """The flat index of every neuron in C order, shape (neuron,)."""
        return _counted(self.size) if self.size <= FEW else np.arange(self.size)

    def sending(self, variable: str) -> Part:
        """This population as the sender of another variable than the one that it `sends`, or than its spikes.

        variable: a variable of its text.

        It can stand where a sender can, and where a population is a weight: `Synapses(lstm.sending("c"),
        out)`. A graded message is sent, also by neurons that spike: under `Clock` the value at the start of
        the tick, otherwise the value after the neurons have moved.

        Raises DescriptionError for a name that is not a variable of the text.
        """
        return Part(self, (), spelt(plain_text(variable, f"Neurons {self.name!r}: sending")))

    @property
    def source(self) -> str:
        """The name under which its messages are sent."""
        return self.name

    @property
    def population(self) -> Neurons:
        """The population itself, as the one of a part is the population that it belongs to."""
        return self

    def __getitem__(self, key: Index) -> Part:
        return Part(self, read_key(key, self.shape, f"Part of {self.name!r}"))

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[NoReturn]:
        raise DescriptionError(
            f"Neurons {self.name!r}: is a population, not a list. Take a part of it with {self.name}[0:10]."
        )

    def __repr__(self) -> str:
        return f"Neurons({self.name!r}, {self.shape if len(self.shape) > 1 else self.size})"


@lru_cache(maxsize=256)
def _counted(size: int) -> np.ndarray:
    """The numbers below `size`, which many small populations and synapses share."""
    return read_only(np.arange(size))


Population = Neurons | Part


def label(population: Population) -> str:
    """The name of a population, or a part of one as it would be written: 'cells[:3200]'."""
    return population.label if isinstance(population, Part) else population.name
