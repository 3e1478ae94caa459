"""The table of the functions that text may call: one entry each, with all that engines need to know about it.

There are four kinds: functions of numbers, element by element; functions along an axis, which see a whole
population; random functions; and `take`, which picks along an axis. `functions.py` adds to the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Array = Any  # of numpy or of JAX; in C++, an expression with its type
ARGUMENTS: tuple[str, ...] = ("x", "y", "z")  # what the text of a function calls its arguments
ELEMENTWISE, ALONG, RANDOM, TAKE = "element by element", "along an axis", "random", "picks along an axis"


class Cpp(Protocol):
    """A writer of C++ calls. Values are C++ expressions with their types; see `plan/codegen/cpp_code.py`."""

    def call_float(self, function: str, *values: Any) -> Any:
        """A call of a C++ function of floating-point numbers."""
        ...

    def call_same(self, function: str, *values: Any) -> Any:
        """A call of a C++ function of arguments of one type, which its value has too."""
        ...

    def choose(self, condition: Any, yes: Any, no: Any) -> Any:
        """`yes` where the condition holds, else `no`; both are computed."""
        ...

    def whole(self, value: Any) -> Any:
        """The value without its fraction; of a truth value, 1 or 0."""
        ...

    def strong(self, value: Any) -> Any:
        """The value in the type that a numpy array of it has."""
        ...


@dataclass(frozen=True)
class Function:
    """A function of text.

    name: how text calls it.
    arguments: their number.
    kind: ELEMENTWISE, ALONG, RANDOM or TAKE.
    array: computes it, from the array library (numpy, or jax.numpy) and the arguments; along an axis, also
        from that axis.
    jax: replaces `array` in JAX; it takes the module `jax` instead of the library.
    cpp: writes it in C++, from the writer and the arguments; without it, the event engine refuses the
        function.
    text: an expression of other functions, in the names x, y and z of the arguments, which defines it on all
        engines.
    unit: 'plain' (plain numbers give a plain number), 'any' (any unit gives a plain number), or the position
        of the argument whose unit the value has. The default is what Brian2 says of the function, and 'plain'
        where it says nothing.
    guarded: whether its derivative can be infinite or undefined where its value is not used; the derivative
        then counts as 0.
    rounds: whether the last bits in C++ differ from those of numpy.
    takes_truth: whether it takes truth values as they are; otherwise they become 1.0 and 0.0.
    cost: its time in nanoseconds in compiled loops, where an addition takes 0.05.
    """

    name: str
    arguments: int = 1
    kind: str = ELEMENTWISE
    array: Callable[..., Array] | None = None
    jax: Callable[..., Array] | None = None
    cpp: Callable[..., Any] | None = None
    text: str = ""
    unit: str | int = ""
    guarded: bool = False
    rounds: bool = False
    takes_truth: bool = False
    cost: float = 0.75

    @property
    def looks_along(self) -> bool:
        """Whether it looks at a whole population, and not at one neuron."""
        return self.kind in (ALONG, TAKE) or self.name == "choice"


def _float(name: str, numpy: str = "", **more: Any) -> Function:
    """A function of one floating-point number, under the name that numpy has for it."""
    more = {"rounds": True} | more
    return Function(
        name,
        array=lambda xp, x: getattr(xp, numpy or name)(x),
        cpp=lambda to, x: to.call_float(f"{name}_", x),
        **more,
    )


def _steep(name: str, **more: Any) -> Function:
    return _float(name, guarded=True, **more)


def _same(name: str, arguments: int = 1, **more: Any) -> Function:
    """A function of numbers whose value has their type."""
    return Function(
        name,
        arguments,
        array=lambda xp, *values: getattr(xp, name)(*values),
        cpp=lambda to, *values: to.call_same(f"{name}_", *values),
        **more,
    )


def _reduced(name: str, **more: Any) -> Function:
    """A function that makes one number of an axis, which is kept."""
    return Function(
        name, kind=ALONG, array=lambda xp, x, axis: getattr(xp, name)(x, axis=axis, keepdims=True), **more
    )


def _ordered(name: str, **more: Any) -> Function:
    """A function that makes as many numbers of an axis as there are."""
    return Function(name, kind=ALONG, array=lambda xp, x, axis: getattr(xp, name)(x, axis=axis), **more)


def _sigmoid(xp: Any, x: Array) -> Array:
    from scipy.special import expit

    return expit(x)


def _exprel(xp: Any, x: Array) -> Array:
    from scipy.special import exprel

    return exprel(x)


def _jax_exprel(jax: Any, x: Array) -> Array:
    near, endless = jax.numpy.abs(x) < 1e-8, x == jax.numpy.inf
    safe = jax.numpy.where(near | endless, 1.0, x)
    quotient = jax.numpy.where(endless, x, jax.numpy.expm1(safe) / safe)
    return jax.numpy.where(near, 1.0 + 0.5 * x, quotient)


def _jax_tanh(jax: Any, x: Array) -> Array:
    """As JAX's own, but with a derivative whose only number to keep is the value."""

    @jax.custom_jvp
    def tanh(x: Array) -> Array:
        return jax.numpy.tanh(x)

    def jvp(xs: tuple[Array], slopes: tuple[Array]) -> tuple[Array, Array]:
        y = jax.numpy.tanh(*xs)
        left = 1.0 - y
        return y, left * (2.0 - left) * slopes[0]  # (1 - y)(1 + y)

    tanh.defjvp(jvp)
    return tanh(x)


def _softmax(xp: Any, x: Array, axis: int) -> Array:
    raised = xp.exp(x - x.max(axis=axis, keepdims=True))
    return raised / raised.sum(axis=axis, keepdims=True)


def _norm(xp: Any, x: Array, axis: int) -> Array:
    return xp.sqrt((x * x).sum(axis=axis, keepdims=True))


def _jax_norm(jax: Any, x: Array, axis: int) -> Array:
    square = (x * x).sum(axis=axis, keepdims=True)
    some = square > 0  # where all are 0 the gradient is 0, not NaN
    return jax.numpy.where(some, jax.numpy.sqrt(jax.numpy.where(some, square, 1.0)), 0.0)


_TABLE = (
    *map(_steep, ("exp", "log", "log10", "log1p", "expm1", "sin", "cos", "tan")),
    *map(_steep, ("sinh", "cosh", "arcsin", "arccos", "arctan")),
    _steep("tanh", jax=_jax_tanh),
    _float("sqrt", guarded=True, rounds=False),
    _float("round", "rint", unit=0, rounds=False),
    Function(
        "sigmoid", array=_sigmoid, jax=lambda jax, x: jax.nn.sigmoid(x),
        cpp=lambda to, x: to.call_float("sigmoid_", x), unit="any", rounds=True,
    ),
    Function(
        "exprel", array=_exprel, jax=_jax_exprel, cpp=lambda to, x: to.call_float("exprel_", x), rounds=True,
    ),
    Function("relu", text="maximum(x, 0)", jax=lambda jax, x: jax.nn.relu(x), unit=0),
    Function("timestep", 2, text="int((x + 0.001*y)/y)", takes_truth=True),
    Function("stop", text="x", jax=lambda jax, x: jax.lax.stop_gradient(x), unit=0, takes_truth=True),
    _same("ceil"),
    _same("floor"),
    _same("abs", cost=0.05),
    _same("sign", unit="any", cost=0.05),
    _same("maximum", 2, unit=0, takes_truth=True, cost=0.05),
    _same("minimum", 2, unit=0, takes_truth=True, cost=0.05),
    Function(
        "clip", 3, array=lambda xp, x, low, high: xp.clip(x, low, high),
        cpp=lambda to, x, low, high: to.call_same("clip_", to.strong(x), low, high),
        takes_truth=True, cost=0.05,
    ),
    Function(
        "where", 3, array=lambda xp, *values: xp.where(*values), cpp=lambda to, *values: to.choose(*values),
        unit=1, takes_truth=True, cost=0.05,
    ),
    Function(
        "int", array=lambda xp, x: xp.trunc(xp.asarray(x, xp.float64)), cpp=lambda to, x: to.whole(x),
        takes_truth=True, cost=0.05,
    ),
    _reduced("sum", unit=0),
    _reduced("mean", unit=0),
    _reduced("max", unit=0, takes_truth=True, cost=0.05),
    _reduced("min", unit=0, takes_truth=True, cost=0.05),
    _reduced("prod", unit="any"),
    Function("norm", kind=ALONG, array=_norm, jax=_jax_norm, unit=0),
    Function(
        "softmax", kind=ALONG, array=_softmax, jax=lambda jax, x, axis: jax.nn.softmax(x, axis=axis),
        unit="any",
    ),
    _ordered("sort", unit=0, takes_truth=True),
    _ordered("cumsum", unit=0),
    _ordered("cumprod", unit="any"),
    Function(
        "argmax", kind=ALONG, array=lambda xp, x, axis: x.argmax(axis=axis, keepdims=True).astype(x.dtype),
        unit="any",
    ),
    Function(
        "argsort", kind=ALONG, array=lambda xp, x, axis: x.argsort(axis=axis, kind="stable").astype(x.dtype),
        jax=lambda jax, x, axis: x.argsort(axis=axis, stable=True).astype(x.dtype), unit="any",
    ),
    Function("take", 2, kind=TAKE, unit=0),
    Function("rand", 0, kind=RANDOM),
    Function("randn", 0, kind=RANDOM),
    Function("poisson", kind=RANDOM, unit="any"),
    Function("bernoulli", kind=RANDOM, unit="any"),
    Function("binomial", 2, kind=RANDOM, unit="any"),
    Function("choice", kind=RANDOM, unit="any"),
)  # fmt: skip
_functions = {function.name: function for function in _TABLE}


def functions() -> Mapping[str, Function]:
    """All functions that text may call, by name."""
    return _functions


def named(kind: str) -> tuple[str, ...]:
    """The names of the functions of a kind."""
    return tuple(name for name, function in _functions.items() if function.kind == kind)


def enter(function: Function) -> None:
    """Enter one more function into the table; `functions.add` checks it first."""
    _functions[function.name] = function
