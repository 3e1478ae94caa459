"""Expressions as numbers: the constants and start values of neurons that a description gives as text.

An expression is computed once, when a network is lowered, with numpy in double precision. It may use the
other constants and start values of its population, subexpressions (at the start, with ports at 0), `i` and
`N`. Its random numbers are counted by neuron, and the same for all trials, as those of distributions are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, EngineError, PlanError, nearest, shown
from neurosim.network.called import CalledConstant
from neurosim.network.draws import neuron_table
from neurosim.network.expression import Expression
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.text import Statement, names_in, quoted
from neurosim.network.values import Value, is_zero, unit
from neurosim.network.weights import Distribution
from neurosim.plan.called import lower_called
from neurosim.plan.codegen.numpy_code import AxisFunctions, Numeric, numpy_block
from neurosim.plan.dimensions import Dim, Scope, check_expression, unit_value
from neurosim.plan.random import DrawRandom, Stream

NOT_AT_THE_START = ("t", "training", "not_refractory")  # names that only a running network knows


def given_dims(
    label: str,
    given: Mapping[str, Value | Distribution | Expression | CalledConstant],
    declared: Mapping[str, Dim],
    dims: Mapping[str, Dim],
    says: str = "its equation",
    called: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Dim]:
    """The dimensions of constants and start values, of which some may be expressions of others.

    Constants that text calls are left out.

    label: names the object; opens error messages
    declared: the dimensions of variables, as equations say
    dims: those of the other names that expressions may use
    says: what declares variables
    called: how messages call some names

    Raises DescriptionError for values of another unit than is declared; PlanError for expressions that use
    unknown names, mix units, or define each other.
    """
    functions = {name: value for name, value in given.items() if isinstance(value, CalledConstant)}
    given = {name: value for name, value in given.items() if not isinstance(value, CalledConstant)}
    known = {name: dim for name, dim in dims.items() if name not in NOT_AT_THE_START}
    known |= {name: v.dim for name, v in given.items() if not isinstance(v, Expression)}
    known |= declared
    texts = {name: value for name, value in given.items() if isinstance(value, Expression)}

    def add(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            names = tuple(called.get(step, step) for step in (*path, name))
            raise PlanError(circle(f"{label}: {names[0]}", names))
        for other in sorted(texts[name].names & texts.keys() - known.keys()):
            add(other, (*path, name))
        scope = Scope(f"{label}: {called.get(name, name)}", known, called=functions)
        known[name] = check_expression(texts[name].text, scope)

    for name in texts:
        if name not in known:
            add(name, ())
    for name, value in given.items():
        wanted = declared.get(name, known[name])
        text = isinstance(value, Expression)
        scope = Scope(f"{label}: {called.get(name, name)}", known, called=functions)
        dim = check_expression(value.text, scope) if text else value.dim
        zero = value.text in ("0", "0.0") if text else is_zero(value)
        if dim != wanted and not zero:
            what = f"{called.get(name, name)}={value.text!r} is" if text else f"{name} is given"
            raise (PlanError if text else DescriptionError)(
                f"{label}: {what} in {unit(dim)}, {says} says {unit(wanted)}. Give it in {unit(wanted)}."
            )
    return {name: known[name] for name in given}


def circle(subject: str, path: tuple[str, ...]) -> str:
    """The error of expressions that define each other."""
    return f"{subject}: is defined by itself. Break the circle {' -> '.join(path)}."


class StartNumbers:
    """The numbers of the names of a population at the start of a run.

    Each is a plain number, or an array of the shape of the population.

    tied: constants that have the values of others, as `Network.tied`, which is the default
    """

    def __init__(self, net: Network, population: Neurons, seed: int, tied: Mapping[str, str] | None = None):
        self.net, self.population, self.seed = net, population, seed
        self.tied = net.tied if tied is None else tied
        self.label = f"Neurons {population.name!r}"
        self._found: dict[str, Numeric] = {}

    def __call__(self, name: str, path: tuple[str, ...] = ()) -> Numeric:
        """The number of a name; `path`: the names whose expressions need it."""
        if name not in self._found:
            if name in path:
                raise PlanError(circle(f"{self.label}: {path[0]}", (*path, name)))
            self._found[name] = self._number(name, path)
        return self._found[name]

    def _number(self, name: str, path: tuple[str, ...]) -> Numeric:
        population = self.population
        if name in population.constants:
            return self._constant(name, path)
        if name in population.subexpressions:
            line = next(line for line in population.lines if line.name == name)
            return self.compute(name, line.expression, path)
        if name in (*population.states, *population.port_names):
            return 0.0
        shape = population.shape
        builtin: dict[str, Callable[[], Numeric]] = {
            "i": lambda: np.broadcast_to(np.arange(shape[-1], dtype=np.float64), shape),
            "N": lambda: float(population.size),
            "dt": lambda: self.net.dt or 1.0,
            "t": lambda: 0.0,
            "training": lambda: False,
            "not_refractory": lambda: True,
        }
        value = unit_value(name)
        if value is None and name not in builtin:
            known = (*population.constants, *population.states, *population.subexpressions, *builtin)
            raise PlanError(f"{self.label}: {shown(name)} is not defined. {nearest(name, known)}")
        return builtin[name]() if value is None or name in builtin else float(value.number)

    def _constant(self, key: str, path: tuple[str, ...]) -> Numeric:
        """A constant or start value that is given; one that is tied to another is what that one is."""
        population, given = self.population, self.population.constants[key]
        if isinstance(given, CalledConstant):
            return lower_called(given, f"{self.label}: {key}", self.net.schedule.time_dim, self.net.dt or 1.0)
        name = f"{population.name}.{key}"
        source = self.tied.get(name, name)
        if isinstance(given, Value):
            if given.scalar:
                return given.number.item()
            return np.broadcast_to(given.number.astype(np.float64), population.shape)
        if isinstance(given, Distribution):
            table = neuron_table(Stream(self.seed, source), population.size)
            return np.asarray(given.draw(table), dtype=np.float64).reshape(population.shape)
        if source != name:
            owner, constant = source.split(".")
            return StartNumbers(self.net, self.net.populations[owner], self.seed)(constant)
        return self.compute(key, given.text, path)

    def compute(self, key: str, text: str, path: tuple[str, ...] = ()) -> Numeric:
        """The number, or the array of numbers, of an expression that is given for `key`."""
        shape = self.population.shape
        values = {name: self(name, (*path, key)) for name in names_in(text)}
        names = {name: value[None] if np.ndim(value) else value for name, value in values.items()}
        elements = np.arange(self.population.size, dtype=np.uint32).reshape(1, *shape)
        if key in self.population.shared:
            elements = np.zeros_like(elements)  # one draw for all
        random = DrawRandom(self.seed, f"{self.population.name}.{key}", elements, np.zeros_like(elements))
        found = computed(text, names, AxisFunctions(shape), random, f"{self.label}: {key}").astype(np.float64)
        if np.any(np.isnan(found)):
            raise PlanError(
                f"{self.label}: {key}={quoted(text)} is not a number for some neurons."
                " Give an expression that is one for all."
            )
        if key in self.population.shared and np.any(found != found.flat[0]):
            raise PlanError(
                f"{self.label}: {key!r} is (shared), but {quoted(text)} gives each neuron a value of its own."
                " Give one for all."
            )
        return np.broadcast_to(found, (1, *shape))[0] if found.ndim else float(found)


def computed(
    text: str, names: Mapping[str, Numeric], along: AxisFunctions | None, random: Any, label: str
) -> np.ndarray:
    """The value of an expression, in double precision or as truth values.

    names: the value of each name that it uses
    along, random: compute its functions along an axis, and its random functions
    label: names the object; opens error messages

    Raises PlanError for an expression that cannot be computed.
    """
    try:
        with np.errstate(all="ignore"):
            value = numpy_block((Statement("value", "=", text),), ("value",))(names, along, random)["value"]
    except (PlanError, EngineError) as error:
        raise PlanError(f"{label}: {error}") from None
    except ZeroDivisionError:
        raise PlanError(
            f"{label}: {quoted(text)} divides by a number that is 0. Change that number."
        ) from None
    return np.asarray(value)
