"""Constants that text calls: values sampled over time, and functions of the user's own."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from sys import modules
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.arguments import named_arguments
from neurosim.network.function_table import ARGUMENTS, functions
from neurosim.network.kinds import Kind, keep
from neurosim.network.values import PLAIN, TIME, Dim, Numeric, Value, as_value, identifier, plain_text, unit


class CalledConstant(Kind, ABC):
    """A constant that text calls, as `stimulus` in `stimulus(t)`.

    dim: the unit of its value, as exponents of m, kg, s, A, K, mol and cd.
    scalar: True, as of a single number: all neurons, or synapses, have the same one.
    """

    dim: Dim = PLAIN
    scalar: ClassVar[bool] = True

    @property
    @abstractmethod
    def argument_dims(self) -> tuple[Dim, ...]:
        """The unit of each argument."""


@named_arguments
@dataclass(frozen=True)
class sampled(CalledConstant):
    """Values over time, constant between samples: a constant that text calls, as in `I = stimulus(t) : amp`.

    values: the value from k*dt until (k + 1)*dt in row k, of shape (sample,), called as `stimulus(t)`; or of
        shape (sample, column), called as `stimulus(t, i)`. Numbers or a quantity.
    dt: the time between two samples: a time under `Clock`, a number of ticks under other schedules.

    Any argument may be given, such as `stimulus(t - 5*ms, i)`. Before the first sample the value is the first
    one, and after the last sample the last one. A column that does not exist gives NaN; one that depends on
    constants of neurons alone is refused before the first tick. Times are rounded to a grid of dt/K, where K
    is the smallest power of 2 with at least 8 steps in a tick, and are then rounded down to samples, so that
    t = k*dt belongs to sample k. These are the values of Brian2's `TimedArray`.

    Raises DescriptionError for values of another shape, for NaN, and for a dt that is not above 0.

    >>> import neurosim as ns
    >>> from neurosim.units import ms
    >>> eye = ns.Neurons("eye", 2, update="v = light(t, i)", light=ns.sampled([[1, 2], [3, 4]], 2))
    >>> ns.run(ns.Network(eye, schedule=ns.Synchronous()), ticks=3, record="eye")["eye"]
    array([[1., 2.],
           [1., 2.],
           [3., 4.]])
    """

    values: Value
    dt: Value

    if TYPE_CHECKING:  # what the constructor takes, and reads

        def __init__(self, values: Numeric, dt: Numeric): ...

    def __post_init__(self):
        values, dt = as_value(self.values, "sampled: values"), as_value(self.dt, "sampled: dt")
        if values.number.ndim not in (1, 2) or not values.number.size:
            raise DescriptionError(
                f"sampled: values have shape {values.shape}. Give (sample,) or (sample, column)."
            )
        if not dt.scalar or dt.dim not in (PLAIN, TIME) or not 0 < dt.number < np.inf:
            raise DescriptionError(
                f"sampled: dt {dt} is not a time above 0."
                " Give a time under Clock, and a number of ticks under other schedules."
            )
        keep(self, values=values, dt=dt)

    @property
    def dim(self) -> Dim:
        return self.values.dim

    @property
    def argument_dims(self) -> tuple[Dim, ...]:
        return (self.dt.dim, PLAIN)[: self.values.number.ndim]


@named_arguments
@dataclass(frozen=True, eq=False, repr=False, init=False)
class function(CalledConstant):
    """A function of the user's own, of numpy arrays: a constant that text calls.

    compute: takes arrays of one shape, in SI units, and returns an array of this shape; each number of it may
        depend only on the same place in the arguments. It draws no random numbers: text gives them as
        arguments, as in `noisy(v, randn())`.
    units: the units of arguments by name, such as {"v": volt}; or a list with one for each argument. Default:
        plain numbers.
    returns: the unit of its value; only the unit counts, not the number.
    cpp: the body of the same function in C++, `return v*v;`, for which arguments are doubles of the same
        names. The event engine needs it; the reference engine and, as long as the function consists of what
        JAX can trace, the array engine do not.
    support: C++ that stands before the body: `#include` lines and other functions.
    name: under which files keep it; default: that of `compute`.

    Files hold the name, and never the code. `load` and `replay` find the function that the running script has
    made under the same name with the same arguments and units. It also serves as a decorator.

    Raises DescriptionError for what cannot be called, and for units of arguments that do not exist.

    >>> import neurosim as ns
    >>> square = ns.function(lambda x: x*x, cpp="return x*x;", name="square")
    >>> cells = ns.Neurons("cells", 2, update="v = squared(v) + 2", squared=square)
    >>> ns.run(ns.Network(cells, schedule=ns.Synchronous()), ticks=2, record="cells")["cells"][:, 0]
    array([2., 6.])
    """

    compute: Callable[..., ArrayLike] | None
    units: tuple[Dim, ...]
    returns: Dim
    cpp: str
    support: str
    name: str
    arguments: tuple[str, ...]

    def __init__(
        self,
        compute: Callable[..., Any],
        units: Mapping[str, Any] | Sequence[Any] = (),
        returns: Any = 1,
        *,
        cpp: str = "",
        support: str = "",
        name: str = "",
    ):
        if not callable(compute):
            raise DescriptionError(
                f"function: {shown(compute)} cannot be called. Give a function of numpy arrays."
            )
        called = getattr(compute, "__name__", "")
        name = plain_text(name, "function: name") or ("" if called == "<lambda>" else called)
        subject = f"function({name or 'lambda'})"
        arguments = _arguments(compute, subject)
        keep(
            self,
            compute=compute,
            arguments=arguments,
            units=_units(units, arguments, subject),
            returns=_unit(returns, f"{subject}: returns"),
            cpp=plain_text(cpp, f"{subject}: cpp"),
            support=plain_text(support, f"{subject}: support"),
            name=name and identifier(name, f"{subject}: name"),
        )
        if name:
            _made[_signature(self)] = self

    @property
    def dim(self) -> Dim:
        return self.returns

    @property
    def argument_dims(self) -> tuple[Dim, ...]:
        return self.units

    def found(self) -> function:
        """This function; for one from a file, that of the same name, arguments and units of this process.

        Raises DescriptionError if there is none.
        """
        if self.compute is not None:
            return self
        made = _made.get(_signature(self))
        if made is None:
            takes = ", ".join(f"{a}: {unit(u)}" for a, u in zip(self.arguments, self.units, strict=True))
            raise DescriptionError(
                f"function({self.name or 'lambda'}): a file names it, but holds no code. Make it before,"
                f" with ns.function(..., name={self.name or 'f'!r}), taking ({takes}) and returning"
                f" {unit(self.returns)}."
            )
        return made

    def fields(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "arguments": self.arguments,
            "units": self.units,
            "returns": self.returns,
        }

    @classmethod
    def of_fields(cls, values: dict[str, Any]) -> function:
        found = object.__new__(cls)
        arguments = tuple(identifier(name, "function: argument") for name in values["arguments"])
        units = tuple(_dimensions(dim) for dim in values["units"])
        if len(units) != len(arguments):
            raise DescriptionError("function: a file gives it other numbers of arguments and units.")
        name = plain_text(values["name"], "function: name") and identifier(values["name"], "function: name")
        returns = _dimensions(values["returns"])
        keep(
            found,
            compute=None,
            arguments=arguments,
            units=units,
            returns=returns,
            cpp="",
            support="",
            name=name,
        )
        return found

    def __reduce__(self) -> tuple:
        path = getattr(self.compute, "__module__", ""), getattr(self.compute, "__qualname__", "")
        if self.compute is not None and _attribute(*path) is self:  # it stands in place of what it decorates
            return _attribute, path
        return _copied, (vars(self),)

    def __call__(self, *values: Any) -> Any:
        """What `compute` returns, so that a decorated function can still be called."""
        compute = self.found().compute
        assert compute is not None
        return compute(*values)

    def __repr__(self) -> str:
        return f"function({self.name or 'lambda'})"


_made: dict[tuple[Any, ...], function] = {}  # by this process; the last one of a name and its arguments


def _signature(called: function) -> tuple[Any, ...]:
    """What tells functions apart that files name."""
    return tuple(called.fields().values())


def _copied(fields: dict[str, Any]) -> function:
    copy = object.__new__(function)
    keep(copy, **fields)
    return copy


def _attribute(module: str, path: str) -> Any:
    """What stands under a dotted path in a module; None for a path within functions."""
    found: Any = modules.get(module) or (import_module(module) if module else None)
    for name in path.split("."):
        found = getattr(found, name, None)
    return found


def _arguments(compute: Callable[..., Any], subject: str) -> tuple[str, ...]:
    """The names of the arguments of a function."""
    if isinstance(compute, np.ufunc):
        return ARGUMENTS[: compute.nin]
    try:
        parameters = inspect.signature(compute).parameters.values()
    except (TypeError, ValueError):
        raise DescriptionError(
            f"{subject}: Python does not say which arguments it takes. Wrap it: lambda x: f(x)."
        ) from None
    for parameter in parameters:
        if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            raise DescriptionError(
                f"{subject}: takes {parameter}, and text gives a fixed number of arguments."
                " Wrap it: lambda x: f(x)."
            )
    return tuple(parameter.name for parameter in parameters)


def _units(given: Any, arguments: tuple[str, ...], subject: str) -> tuple[Dim, ...]:
    """The unit of each argument."""
    if isinstance(given, Mapping):
        for name in given:
            if name not in arguments:
                raise DescriptionError(
                    f"{subject}: units: {shown(name)} is none of its arguments. {nearest(name, arguments)}"
                )
        return tuple(_unit(given.get(name, 1), f"{subject}: unit of {name}") for name in arguments)
    listed = list(given) if isinstance(given, (list, tuple)) else [given]
    if listed and len(listed) != len(arguments):
        raise DescriptionError(
            f"{subject}: units are {len(listed)}, its arguments are {len(arguments)}: {', '.join(arguments)}."
            " Give one for each."
        )
    return tuple(_unit(given, f"{subject}: units") for given in listed or [1] * len(arguments))


def _unit(given: Any, subject: str) -> Dim:
    return as_value(given, subject).dim


def _dimensions(given: Any) -> Dim:
    return Value(np.zeros(()), tuple(float(power) for power in given)).dim


def read_called(given: Any, name: str, subject: str) -> CalledConstant | None:
    """A constant that text calls, or None for any other value.

    Raises DescriptionError for a function that is not wrapped, and for a name that text calls already.
    """
    if isinstance(given, CalledConstant):
        if name in functions():
            raise DescriptionError(
                f"{subject}: {name!r} is a function of text already. Use another name, such as '{name}_1'."
            )
        return given
    if callable(given) and hasattr(given, "values") and hasattr(given, "dt"):
        raise DescriptionError(
            f"{subject}: {name}={shown(given)} is a table of Brian2. Give ns.sampled(values, dt)."
        )
    if callable(given) and not isinstance(given, type):
        raise DescriptionError(
            f"{subject}: {name}={shown(given)} is a Python function. Give ns.function(...) of it."
        )
    return None


def check_called(name: str, states: Sequence[str], learns: Sequence[str], subject: str) -> None:
    """Refuse a constant that text calls where a number is needed: as a start value, or to be learned."""
    if name in states:
        raise DescriptionError(
            f"{subject}: {name!r} is a variable of the text, which cannot start as a function."
            f" Give the function another name, and write what the text makes of it: {name} = stimulus(t)."
        )
    if name in learns:
        raise DescriptionError(
            f"{subject}: learns names {name!r}, which is a function."
            " Name a constant that is a number or an array."
        )
