"""Synapses from one population to another: wiring, weight, delay and, where they have dynamics, text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.arguments import Arguments, named_arguments
from neurosim.network.neurons import Neurons, Part, Population, check_flags, check_name, check_variable, label
from neurosim.network.readonly import ReadOnly, own_fields
from neurosim.network.text import Equation, Statement, names_in, read_equations, read_statements
from neurosim.network.values import (
    PLAIN,
    TIME,
    Value,
    as_value,
    each_once,
    flag,
    identifier,
    plain_text,
    spelt,
    whole,
)
from neurosim.network.weights import Distribution
from neurosim.network.windows import conv, einsum, pool
from neurosim.network.wiring import Wiring, all_to_all, one_to_one, pairs, private

MOST_TICKS = 2**24  # of a delay
SYNAPSE_FLAGS = {
    "differential": ("event-driven", "clock-driven"), "parameter": ("constant", "shared"), "subexpression": ("summed", "shared", "constant over dt"),
}  # fmt: skip


@dataclass(frozen=True)
class Delayed:
    """A population whose message of some ticks ago is used as a weight."""

    population: Population
    ticks: int


@named_arguments
def delayed(population: Population, ticks: int) -> Delayed:
    """The message that `population` sent `ticks` ago, for use as a weight: a memory is matched before it is written."""
    if not isinstance(population, (Neurons, Part)):
        raise DescriptionError(
            f"delayed: {shown(population)} is not a population. Give Neurons or a part of them."
        )
    return Delayed(population, whole(ticks, f"delayed({label(population)}): ticks", least=1, most=MOST_TICKS))


@dataclass(frozen=True, eq=False)
class Transposed:
    """The weights of other synapses, with sender and target exchanged."""

    synapses: Synapses


@named_arguments
@dataclass(frozen=True, eq=False, init=False)
class Synapses:
    """Connections from `pre` to `post`.

    Arguments:
        pre, post: populations or parts of them.
        to: the port, or the state variable, of `post` that the messages are added to; default: its only port.
        wiring: who connects to whom; default: every sender to every target.
        weight: a number or quantity, an array (post, pre) (one number per synapse for `pairs` and `one_to_one`; see
            `conv` and `einsum` for theirs), a distribution, a population (its messages are the weights), other
            Synapses or their transpose `up.T` (the same numbers).
        delay: from sending to arrival: a time under `Clock`, whole ticks otherwise; number, array or distribution.
        model: Brian2 equations for variables of each synapse; `w` is the weight, also where it is not declared.
        on_pre: assignments at the arrival of a message (names ending in _post or _pre belong to the neurons).
        on_post: assignments when the target has sent.
        learns: True if training may change the weight.
        name: how records and files call the synapses; default: 'pre_to_post'.
        constants: values of names in the text; those of variables of the model are their start values.

    Without text, a synapse adds weight times message; a spike is the message 1.
    """

    pre: Population
    post: Population
    to: str | None
    wiring: Wiring
    weight: Any
    delay: Value | Distribution
    model: str
    on_pre: str
    on_post: str
    learns: bool
    name: str
    constants: Mapping[str, Value | Distribution]

    def __init__(
        self,
        pre: Population,
        post: Population,
        *,
        to: str | None = None,
        wiring: Wiring | None = None,
        weight: Any = 1.0,
        delay: Any = 0,
        model: str = "",
        on_pre: str = "",
        on_post: str = "",
        learns: bool = False,
        name: str = "",
        **constants: Any,
    ):
        for side, given in (("pre", pre), ("post", post)):
            if not isinstance(given, (Neurons, Part)):
                raise DescriptionError(
                    f"Synapses: {side} {shown(given)} is not a population. Give Neurons or a part of them, such as cells[:100]."
                )
        put = object.__setattr__
        put(self, "pre", pre)
        put(self, "post", post)
        put(
            self,
            "name",
            "" if isinstance(name, str) and name == "" else identifier(name, f"{self.label}: name"),
        )
        put(self, "wiring", all_to_all() if wiring is None else wiring)
        if not isinstance(self.wiring, Wiring):
            raise DescriptionError(
                f"{self.label}: wiring {shown(wiring)} is not a wiring. {matrix_remedy(wiring)}"
            )
        put(self, "to", None if to is None else spelt(plain_text(to, f"{self.label}: to")))
        owned = isinstance(weight, (Distribution, Neurons, Part, Delayed, Synapses, Transposed))
        put(self, "weight", weight if owned else self._numbers(weight, "weight"))
        put(self, "delay", delay if isinstance(delay, Distribution) else self._numbers(delay, "delay"))
        for argument, text in dict(model=model, on_pre=on_pre, on_post=on_post).items():
            put(self, argument, plain_text(text, f"{self.label}: {argument}"))
        put(self, "learns", flag(learns, f"{self.label}: learns"))
        put(
            self,
            "constants",
            ReadOnly(
                {key: self._constant(key, value) for key, value in each_once(constants, self.label).items()}
            ),
        )
        self._check()

    __getstate__ = own_fields

    @property
    def label(self) -> str:
        """How messages call these synapses: 'Synapses ears -> liquid'."""
        return f"Synapses {label(self.pre)} -> {label(self.post)}"

    @property
    def T(self) -> Transposed:
        """The same weights, used from `post` to `pre`."""
        return Transposed(self)

    def _numbers(self, given: Any, argument: str) -> Value:
        if hasattr(given, "tocoo"):
            raise DescriptionError(
                f"{self.label}: {argument} {shown(given)} is a sparse matrix. {matrix_remedy(given)}"
            )
        value = as_value(given, f"{self.label}: {argument}")
        if value.scalar and value.number.dtype == bool:
            raise DescriptionError(
                f"{self.label}: {argument} {shown(given)} is not a number. Give one, such as {int(value.number)}."
            )
        return value

    def _constant(self, key: str, given: Any) -> Value | Distribution:
        check_name(key, f"{self.label}: constant")
        if isinstance(given, Distribution):
            return given
        if isinstance(given, str) or given is None or callable(given):
            raise DescriptionError(
                f"{self.label}: {key}={shown(given)} is neither an argument of Synapses nor a number. {nearest(key, ARGUMENTS)}"
            )
        return as_value(given, f"{self.label}: constant {key}")

    def _check(self) -> None:
        self._check_target()
        backwards = isinstance(self.weight, Transposed)
        self._fitting(
            lambda: self.wiring.check(*((self.post, self.pre) if backwards else (self.pre, self.post)))
        )
        self._check_weight()
        self._check_delay()
        self._check_text()

    def _fitting(self, check: Callable[[], Any]) -> None:
        """Run a check of the wiring; its message begins with these synapses."""
        try:
            check()
        except DescriptionError as error:
            raise DescriptionError(f"{self.label}: {error}") from None

    def _check_target(self) -> None:
        if isinstance(self.post, Part) and self.post.variable is not None:
            raise DescriptionError(
                f"{self.label}: sending() says what a sender sends, and this is the target."
                f" Say where the messages arrive by to={self.post.variable!r}."
            )
        if isinstance(self.pre, Part) and self.pre.variable is not None and self.text:
            variable = self.pre.variable
            raise DescriptionError(
                f"{self.label}: synapses with text read {variable}_pre themselves. Take {self.pre.name!r} as the sender,"
                f" and write {variable}_pre in the text."
            )
        target = self.post.population
        known = (*target.port_names, *target.states)
        if self.to is None:
            if self.text:
                return
            if len(target.port_names) != 1:
                choices = " or ".join(map(repr, known)) or "none; give it one with ports='I'"
                raise DescriptionError(
                    f"{self.label}: {target.name!r} has {len(target.port_names)} ports. Say which: to={choices}."
                )
            object.__setattr__(self, "to", target.port_names[0])
        elif self.to not in known:
            rule = f"is neither a port nor a state variable of {target.name!r}"
            raise DescriptionError(f"{self.label}: to={shown(self.to)} {rule}. {nearest(self.to, known)}")

    def _check_weight(self) -> None:
        if isinstance(self.weight, Value):
            self._check_array(self.weight, "weight")
        elif isinstance(self.weight, (Neurons, Part, Delayed)):
            self._check_weight_population(
                self.weight.population if isinstance(self.weight, Delayed) else self.weight
            )
        elif isinstance(self.wiring, private) or (
            isinstance(self.wiring, pool) and not isinstance(self.weight, (Synapses, Transposed))
        ):
            raise DescriptionError(
                f"{self.label}: {type(self.wiring).__name__} takes one number as weight. Give one, such as weight=1.0."
            )
        elif isinstance(self.weight, (Synapses, Transposed)):
            self._check_tied(self.weight)
        if isinstance(self.wiring, (conv, einsum)) and getattr(self.weight, "whole", False):
            kinds = (
                f"{type(self.weight).__name__} makes a matrix (post, pre), but {type(self.wiring).__name__}"
            )
            raise DescriptionError(f"{self.label}: {kinds} shares weights. Use normal, uniform or glorot.")
        own = isinstance(self.weight, Distribution) or (isinstance(self.weight, Value) and self.weight.scalar)
        if isinstance(self.wiring, einsum) and own:
            self._fitting(lambda: self.wiring.weight_shape(self.pre, self.post))

    def _check_array(self, value: Value, argument: str) -> None:
        if argument == "weight" and not np.all(np.isfinite(value.number)):
            raise DescriptionError(f"{self.label}: weight {value} is not finite. Give finite numbers.")
        if value.scalar:
            return
        allowed = self._array_shapes(argument)
        if value.shape not in allowed:
            shapes = " or ".join(str(shape) for shape in allowed) or "one number"
            order = "(post, pre)" if (self.post.size, self.pre.size) in allowed else "this"
            raise DescriptionError(
                f"{self.label}: {argument} has shape {value.shape}, the wiring needs {shapes}. Give {order}."
            )

    def _array_shapes(self, argument: str) -> list[tuple[int, ...]]:
        full = (self.post.size, self.pre.size)
        if isinstance(self.wiring, (private, pool)) or (
            isinstance(self.wiring, einsum) and argument != "weight"
        ):
            return []
        if isinstance(self.wiring, einsum):
            return [self._einsum_shape()]
        if isinstance(self.wiring, conv) and argument == "weight":
            return [self.wiring.weight_shape(self.pre, self.post)]
        if isinstance(self.wiring, pairs):
            return [(self.wiring.pre.size,), full]
        if isinstance(self.wiring, one_to_one):
            return [(self.post.size,), full]
        return [full]

    def _einsum_shape(self) -> tuple[int, ...]:
        wiring = self.wiring
        assert isinstance(wiring, einsum)
        given = self.weight.shape if isinstance(self.weight, (Value, Neurons, Part)) else ()
        axes, sizes = wiring.operands[1], wiring.sizes(self.pre, self.post)
        given = given if len(given) == len(axes) else (1,) * len(axes)
        return tuple(sizes.get(axis, size) for axis, size in zip(axes, given, strict=True))

    def _check_weight_population(self, population: Population) -> None:
        shapes = {einsum: None, one_to_one: (self.post.size,), all_to_all: (self.post.size, self.pre.size)}
        if type(self.wiring) not in shapes:
            raise DescriptionError(
                f"{self.label}: a population as weight needs einsum, one_to_one or all_to_all, not {type(self.wiring).__name__}."
            )
        if isinstance(self.wiring, einsum):
            needed, given = self._weight_axes(population), population.shape
        else:
            needed = shapes[type(self.wiring)]
            given = (population.size,) if isinstance(self.wiring, one_to_one) else population.shape
        if given != needed:
            raise DescriptionError(
                f"{self.label}: weight population {label(population)} has shape {given}, the wiring needs {needed}. Give it that, or take a part."
            )
        if self.text:
            raise DescriptionError(
                f"{self.label}: a weight that is a population's message takes no synapse text. Write it in the target's update."
            )

    def _weight_axes(self, population: Population) -> tuple[int, ...]:
        assert isinstance(self.wiring, einsum)
        axes, sizes = self.wiring.operands[1], self.wiring.sizes(self.pre, self.post)
        if len(axes) != len(population.shape):
            return (0,) * len(axes)
        return tuple(sizes.get(axis, size) for axis, size in zip(axes, population.shape, strict=True))

    def _check_tied(self, tied: Synapses | Transposed) -> None:
        source = tied.synapses if isinstance(tied, Transposed) else tied
        ends = (
            (source.post.shape, source.pre.shape)
            if isinstance(tied, Transposed)
            else (source.pre.shape, source.post.shape)
        )
        by_letters = (
            isinstance(self.wiring, einsum)
            and isinstance(source.wiring, einsum)
            and not isinstance(tied, Transposed)
        )
        if (
            ends != (self.pre.shape, self.post.shape) and not by_letters
        ):  # letters say themselves which way round the weights are used
            raise DescriptionError(
                f"{self.label}: shares the weights of {source.label}, which joins shapes {ends[0]} -> {ends[1]};"
                f" here it is {self.pre.shape} -> {self.post.shape}. Use .T where the direction is reversed."
            )
        if not isinstance(source.weight, (Value, Distribution)):
            raise DescriptionError(
                f"{self.label}: {source.label} has no weights of its own to share. Share those of the synapses that own them."
            )
        if isinstance(self.wiring, einsum) and isinstance(tied, Transposed):
            raise DescriptionError(
                f"{self.label}: einsum takes the weights themselves, not .T. Write the letters of the weights in their own order."
            )
        if isinstance(self.wiring, einsum) and isinstance(source.wiring, einsum):
            mine, theirs = (
                s.wiring.weight_shape(s.pre, s.post) for s in (self, source) if isinstance(s.wiring, einsum)
            )
            if mine != theirs:
                raise DescriptionError(
                    f"{self.label}: needs weights of shape {mine}, but those of {source.label} have {theirs}. Share fitting ones."
                )
            return
        if type(self.wiring) is not type(source.wiring) or (
            self.wiring != source.wiring and not isinstance(self.wiring, pairs)
        ):
            raise DescriptionError(
                f"{self.label}: shares the weights of {source.label}; give it the same wiring, wiring={source.wiring!r}."
            )

    def _check_delay(self) -> None:
        delay = self.delay
        if delay.dim not in (PLAIN, TIME):
            shape = "" if isinstance(delay, Distribution) else f" {delay}"
            raise DescriptionError(
                f"{self.label}: delay{shape} is not a time. Give a time under Clock, whole ticks otherwise."
            )
        if isinstance(delay, Distribution) and not delay.alone:
            raise DescriptionError(
                f"{self.label}: delay: {type(delay).__name__} makes weights. Use normal or uniform."
            )
        if isinstance(delay, Distribution):
            return
        self._check_array(delay, "delay")
        if not np.all(np.isfinite(delay.number)) or np.any(delay.number < 0):
            raise DescriptionError(
                f"{self.label}: delay {delay} is below 0 or not finite. Give a delay of 0 or more."
            )

    def _check_text(self) -> None:
        lines = self.lines
        target, sender = self.post.population, self.pre.population
        ports = {*target.port_names, *(f"{port}_post" for port in target.port_names)}
        known = (
            {line.name for line in lines if line.kind != "subexpression"}
            | {"w"}
            | {f"{v}_pre" for v in sender.states}
        )
        known |= {f"{v}_post" for v in target.states} | set(target.states) | ports
        for argument, statements in (("on_pre", self.pre_statements), ("on_post", self.post_statements)):
            for statement in statements:
                line = f"'{statement.name} {statement.op} {statement.expression}'"
                if statement.name not in known:
                    raise DescriptionError(
                        f"{self.label}: {argument} assigns {shown(statement.name)}, which is neither a variable of the model nor a variable_post"
                        f" of {target.name!r}. {nearest(statement.name, known)}"
                    )
                if statement.name in ports and statement.op not in ("+=", "-="):
                    raise DescriptionError(
                        f"{self.label}: {argument}: {shown(line)[1:-1]} sets a port, which only collects arrivals. Use +=."
                    )
        if self.text and isinstance(self.wiring, (private, einsum)):
            kind = type(self.wiring).__name__
            raise DescriptionError(
                f"{self.label}: {kind} wiring has no stored synapses for model, on_pre or on_post. Leave them out."
            )
        for line in lines:
            (check_name if "summed" in line.flags else check_variable)(line.name, f"{self.label}: variable")
            check_flags(line, SYNAPSE_FLAGS, f"{self.label}: model")
            if line.name in (*ARGUMENTS, "pre", "post"):
                raise DescriptionError(
                    f"{self.label}: variable {line.name!r} of the model has the name of an argument. Rename it, such as a{line.name}."
                )
        used = self.names_used | {line.name for line in lines if line.kind != "subexpression"}
        for key, value in self.constants.items():
            if key not in used:
                raise DescriptionError(
                    f"{self.label}: {key!r} is neither an argument of Synapses nor used in their text. {nearest(key, ARGUMENTS)}"
                )
            if isinstance(value, Value):
                self._check_array(value, key)

    @cached_property
    def lines(self) -> tuple[Equation, ...]:
        """The lines of `model`."""
        return read_equations(self.model, f"{self.label}: model")

    @cached_property
    def pre_statements(self) -> tuple[Statement, ...]:
        """The assignments of `on_pre`."""
        return read_statements(self.on_pre, f"{self.label}: on_pre")

    @cached_property
    def post_statements(self) -> tuple[Statement, ...]:
        """The assignments of `on_post`."""
        return read_statements(self.on_post, f"{self.label}: on_post")

    @property
    def text(self) -> bool:
        """True where the synapses have dynamics of their own."""
        return bool(self.model.strip() or self.on_pre.strip() or self.on_post.strip())

    @cached_property
    def names_used(self) -> frozenset[str]:
        """The names that the expressions of the text use or assign."""
        statements = (*self.pre_statements, *self.post_statements)
        texts = [line.expression for line in self.lines if line.expression] + [
            s.expression for s in statements
        ]
        return frozenset().union(*(names_in(text) for text in texts), {s.name for s in statements})

    @property
    def states(self) -> tuple[str, ...]:
        """What a synapse with text remembers: `w` and the variables of its model, (summed) ones left out."""
        if not self.text:
            return ()
        return tuple(
            dict.fromkeys(["w", *(line.name for line in self.lines if line.kind != "subexpression")])
        )

    @property
    def arguments(self) -> Arguments:
        """The arguments, constants included, with which `Synapses(**arguments)` makes the same synapses."""
        return {name: getattr(self, name) for name in ("name", "pre", "post", *ARGUMENTS)} | dict(
            self.constants
        )

    @property
    def sends_spikes(self) -> bool:
        """Whether the sender spikes, as far as its text says; a driven population may be given spikes."""
        return self.pre.population.spiking and self.pre.source == self.pre.name

    @property
    def owner(self) -> Synapses | None:
        """The synapses whose weights these share, as they are or transposed, if any."""
        tied = self.weight.synapses if isinstance(self.weight, Transposed) else self.weight
        return tied if isinstance(tied, Synapses) else None

    @property
    def weight_population(self) -> Population | None:
        """The population whose messages are the weights, if any."""
        if isinstance(self.weight, Delayed):
            return self.weight.population
        return self.weight if isinstance(self.weight, (Neurons, Part)) else None

    def __repr__(self) -> str:
        return f"{self.label}, {wiring_text(self.wiring)}"


def matrix_remedy(given: Any) -> str:
    """How to write what was meant by a matrix in the place of a wiring, or a sparse one in that of weights."""
    if hasattr(given, "tocoo"):
        return "Give its entries one by one: with c = W.tocoo(), W being (post, pre), wiring=pairs(c.col, c.row), weight=c.data."
    if isinstance(given, (np.ndarray, list, tuple)):
        return "Give its entries one by one: with post, pre = np.nonzero(W), W being (post, pre), wiring=pairs(pre, post), weight=W."
    return "Use one such as all_to_all() or probability(0.1)."


ARGUMENTS = ("to", "wiring", "weight", "delay", "model", "on_pre", "on_post", "learns", "name")


def wiring_text(wiring: Wiring) -> str:
    """The wiring as it would be written, defaults left out: 'probability(0.1)'."""
    if isinstance(wiring, pairs):
        return repr(wiring)
    shown = []
    for position, (name, field) in enumerate(wiring.__dataclass_fields__.items()):  # type: ignore[attr-defined]
        value = getattr(wiring, name)
        if position == 0 and name != "to_self":
            shown.append(repr(value))
        elif value != field.default and value not in ((field.default,), (field.default,) * 2):
            shown.append(f"{name}={value!r}")
    return f"{type(wiring).__name__}({', '.join(shown)})"
