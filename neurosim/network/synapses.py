"""Synapses from one population to another: wiring, weight, delay and, where they have dynamics, text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.arguments import Arguments, named_arguments
from neurosim.network.called import CalledConstant, read_called
from neurosim.network.expression import Expression, read_constant, read_expression
from neurosim.network.flags import held_names
from neurosim.network.namespace import with_used
from neurosim.network.neurons import Constant, Neurons, Population, label
from neurosim.network.part import Part
from neurosim.network.pathway_texts import LONGEST_DELAY, Delay, Pathways, PathwayText, Texts, read_pathways
from neurosim.network.random_wiring import probability
from neurosim.network.readonly import ReadOnly, SetOnce, own_fields
from neurosim.network.regularly import Regular, Regularly, read_regularly, regular_blocks, statements_of
from neurosim.network.synapse_checks import ARGUMENTS, METHODS, check_synapses, read_learning, target_of
from neurosim.network.text import Equation, Statement, names_in, read_equations, read_statements
from neurosim.network.text_names import check_name
from neurosim.network.values import Numeric, Value, as_value, choice, each_once, identifier, plain_text, whole
from neurosim.network.weights import Distribution
from neurosim.network.wiring import Wiring, all_to_all


@dataclass(frozen=True)
class Delayed:
    """A population whose messages of some ticks ago are used as weights."""

    population: Population
    ticks: int


@named_arguments
def delayed(population: Population, ticks: int) -> Delayed:
    """The messages that a population sent some ticks ago, for use as weights: a memory is read, then written.

    population: a population, or a part of one, that does not spike.
    ticks: how many ticks ago, at least 1.

    Raises DescriptionError for other arguments.

    >>> import neurosim as ns
    >>> stored, x, y = ns.Neurons("stored", 3), ns.Neurons("x", 3), ns.Neurons("y", 3, update="v = I")
    >>> ns.Synapses(x, y, wiring=ns.one_to_one(), weight=ns.delayed(stored, 2))
    Synapses x -> y, one_to_one()
    """
    if not isinstance(population, Neurons | Part):
        raise DescriptionError(
            f"delayed: {shown(population)} is not a population. Give Neurons or a part of them."
        )
    return Delayed(
        population, whole(ticks, f"delayed({label(population)}): ticks", least=1, most=LONGEST_DELAY)
    )


@dataclass(frozen=True, eq=False)
class Transposed:
    """The weights of other synapses, with sender and target exchanged: `synapses.T`."""

    synapses: Synapses


@named_arguments
@dataclass(eq=False, init=False, repr=False)
class Synapses(SetOnce):
    """Synapses from `pre` to `post`.

    pre, post: populations, or parts of them such as cells[:100].
    to: the port, or the state variable, of `post` that arrivals are added to; default: its only port.
    wiring: who connects to whom; default: every sender to every target. A text is a condition that holds for
        the pairs to connect: `"i != j"`; see `probability`.
    weight: one of these, in the unit of the target divided by that of the message (a spike counts as the
        number 1).
        A number or quantity, for all synapses.
        An array of shape (post, pre), for `pairs` and `one_to_one` also (synapse,), for `conv` and `einsum`
        the shape that they need.
        A distribution such as `normal`.
        An expression, text over `i` and `j` (sender and target, counted within the parts that the synapses
        join), `N_pre`, `N_post`, constants and start values of the neurons (`x_pre`, `x_post`), constants of
        the synapses and random functions: `"exp(-(x_pre - x_post)**2/(2*s**2))"`.
        A population, whose messages are the weights, or `delayed` messages of one.
        Other synapses `up`, whose weights are shared, or `up.T`, from their targets to their senders.
    delay: from sending to arrival: a time under `Clock`, a number of ticks under other schedules; a number,
        an array of shape (post, pre) or (synapse,), a distribution, or an expression, in which `w` is the
        weight. A variable of the model that text changes is the delay as it is when a spike is sent. A dict
        gives delays of several texts by their names; 'pre' is that of an on_pre without a name, 'post' that
        of on_post.
    model: Brian2 equations for variables of each synapse. `w` is the weight, also where it is not declared.
        `I_post = w*v_pre : 1 (summed)` sets I of each target to the sum over its synapses, `I_pre = ...` that
        of each sender.
    on_pre: assignments that run when a message arrives: a spike, or what a sender without threshold sends in
        every tick. Names ending in _post or _pre are variables of the neurons. Of a sender that spikes there
        may be several, each with a delay of its own: `on_pre={"first": "...", "late": "..."}`,
        `delay={"late": 5*ms}`.
    on_post: assignments that run when the target has sent, or after a delay when it has spiked. It may be a
        dict of several, too.
    regularly: text that runs for every synapse at regular times, as that of `Neurons` does.
    method: how the clock-driven equations of the model are integrated: one of the methods of `Neurons`, or
        'auto', the first of 'exact', 'exponential_euler', 'euler' and 'heun' that can (Brian2's default does
        not try 'exponential_euler'). Equations with noise `xi` are then integrated by 'euler', or by 'heun'
        if the noise is multiplied by a variable. (event-driven) equations are always solved exactly.
    learns: what training may change: True or 'weight' for the weights, 'delay' for the delays, or both,
        ('weight', 'delay'). Delays learn by `ns.train(..., gradient="eventprop")`.
    name: how records and files call the synapses; default: 'pre_to_post'.
    namespace: a dict of constants, from which those are taken that the text uses, so that several objects can
        share one.
    constants: values of the names in the text; those of variables of the model are their start values. Each
        is a number, a quantity, an array with one number per synapse, a distribution, or an expression; or a
        constant that text calls, `sampled` values or a `function`.

    Without text, a synapse adds weight times message to its target. Synapses cannot be changed after they
    were made.

    Raises DescriptionError for arguments that do not fit each other or the populations, and for text that
    cannot be read. Names and units within text are checked by `run` (PlanError), before the first tick.

    >>> import neurosim as ns
    >>> ears = ns.Neurons("ears", 10)
    >>> cells = ns.Neurons("cells", 4, update="v = tanh(I)")
    >>> ns.Synapses(ears, cells, wiring=ns.probability(0.5), weight=ns.normal(0, 1))
    Synapses ears -> cells, probability(0.5)
    """

    pre: Population
    post: Population
    to: str | None
    wiring: Wiring
    weight: Weight
    delay: Delay
    model: str
    on_pre: str
    on_post: str
    pathways: Pathways
    regularly: tuple[tuple[Value, str], ...]
    method: str
    learns: bool | tuple[str, ...]
    name: str
    constants: Mapping[str, Constant]

    def __init__(
        self,
        pre: Population,
        post: Population,
        *,
        to: str | None = None,
        wiring: Wiring | str | None = None,
        weight: Numeric | Weight = 1.0,
        delay: Numeric | Distribution | Expression | Mapping[str, Any] = 0,
        model: str = "",
        on_pre: Texts = "",
        on_post: Texts = "",
        regularly: Regularly = (),
        method: str = "auto",
        learns: bool | str | Sequence[str] = False,
        name: str = "",
        namespace: Mapping[str, Any] | None = None,
        **constants: Numeric | Distribution | Expression | CalledConstant,
    ):
        for side, end in (("pre", pre), ("post", post)):
            if not isinstance(end, Neurons | Part):
                raise DescriptionError(
                    f"Synapses: {side} {shown(end)} is not a population."
                    " Give Neurons or a part of them, such as cells[:100]."
                )
        self.pre, self.post = pre, post
        subject = self.label
        self.name = "" if isinstance(name, str) and name == "" else identifier(name, f"{subject}: name")
        if isinstance(wiring, str):
            wiring = condition(wiring, subject)
        if wiring is not None and not isinstance(wiring, Wiring):
            raise DescriptionError(
                f"{subject}: wiring {shown(wiring)} is not a wiring. {matrix_remedy(wiring)}"
            )
        self.wiring = all_to_all() if wiring is None else wiring
        self.weight = weight if isinstance(weight, Weight) else self._number(weight, "weight")
        self.model = plain_text(model, f"{subject}: model")
        self.pathways = read_pathways(on_pre, on_post, delay, self._delay, subject)
        self.delay = self.pathways.delay
        self.on_pre, self.on_post = self.pathways.first("on_pre"), self.pathways.first("on_post")
        self.regularly = read_regularly(regularly, subject)
        self.method = "exact" if choice(method, METHODS, f"{subject}: method") == "linear" else method
        self.to = target_of(self, to)
        self.learns = read_learning(learns, f"{subject}: learns")
        self.constants = ReadOnly(self._read(constants, namespace))
        check_synapses(self)

    __getstate__ = own_fields

    @cached_property
    def label(self) -> str:
        """How messages call these synapses: 'Synapses ears -> liquid'."""
        return f"Synapses {label(self.pre)} -> {label(self.post)}"

    @property
    def T(self) -> Transposed:
        """The same weights, used from `post` to `pre`."""
        return Transposed(self)

    def _delay(self, given: Any, argument: str) -> Delay:
        return given if isinstance(given, Distribution | Expression) else self._number(given, argument)

    def _number(self, given: Any, argument: str) -> Value | Expression:
        if isinstance(given, str):
            return read_expression(given, f"{self.label}: {argument}")
        if hasattr(given, "tocoo"):
            raise DescriptionError(
                f"{self.label}: {argument} {shown(given)} is a sparse matrix. {matrix_remedy(given)}"
            )
        value = as_value(given, f"{self.label}: {argument}")
        if value.scalar and value.number.dtype == bool:
            raise DescriptionError(
                f"{self.label}: {argument} {shown(given)} is not a number."
                f" Give one, such as {int(value.number)}."
            )
        return value

    def _read(self, constants: dict[str, Any], namespace: Mapping[str, Any] | None) -> dict[str, Constant]:
        """The constants that are given by name, and those of the namespace that the text uses."""
        if not constants and namespace is None:
            return {}
        target, subject = self.post.population, self.label
        own = {*self.states, *target.states, *target.subexpressions, *target.port_names}
        own |= {line.name for line in self.lines if line.kind == "subexpression"}
        given = (v.text for v in (self.weight, *self.delays.values()) if isinstance(v, Expression))
        texts = (*self.expressions, *self.wiring.names, *given)
        named = with_used(each_once(constants, subject), namespace, texts, own, subject).items()
        return {name: self._constant(name, value) for name, value in named}

    def _constant(self, name: str, given: Any) -> Constant:
        check_name(name, f"{self.label}: constant")
        called = read_called(given, name, self.label)
        if called is not None:
            return called
        if isinstance(given, Distribution):
            return given
        if isinstance(given, str | Expression):
            known = name in self.names_used or name in self.states
            return read_constant(name, given, self.label, () if known else ARGUMENTS)
        if given is None or callable(given):
            raise DescriptionError(
                f"{self.label}: {name}={shown(given)} is neither an argument of Synapses nor a number."
                f" {nearest(name, ARGUMENTS)}"
            )
        return as_value(given, f"{self.label}: constant {name}")

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
    def further(self) -> tuple[PathwayText, ...]:
        """The pathways other than `on_pre` and `on_post`."""
        return self.pathways.further

    @property
    def delays(self) -> dict[str, Delay]:
        """The delays: 'delay', and 'delay.name' for each further pathway."""
        return {"delay": self.delay} | {f"delay.{path.name}": path.delay for path in self.further}

    def changing_delay(self, key: str) -> str:
        """The variable that is one of `delays`, if text changes it; else ''."""
        delay = self.delays[key]
        name = delay.text if isinstance(delay, Expression) else ""
        equations = (line.name for line in self.lines if line.kind == "differential")
        changed = {*(s.name for s in self.all_statements), *equations, *held_names(self.lines)}
        return name if name in self.states and name in changed else ""

    def given(self, key: str) -> Weight | Constant:
        """What was given as 'weight', as one of `delays`, or as a constant."""
        if key == "weight":
            return self.weight
        return self.delays[key] if key.partition(".")[0] == "delay" else self.constants[key]

    @cached_property
    def text(self) -> bool:
        """Whether the synapses have dynamics of their own."""
        texts = (self.model, self.on_pre, self.on_post, *(path.text for path in self.further))
        return any(text.strip() for text in texts) or bool(self.regularly)

    @cached_property
    def regular(self) -> tuple[Regular, ...]:
        """The blocks of `regularly`."""
        return regular_blocks(self.regularly, self.label)

    @cached_property
    def all_statements(self) -> tuple[Statement, ...]:
        """The assignments of all pathways and of `regularly`."""
        if not self.text:
            return ()
        further = (s for path in self.further for s in path.statements)
        return (*self.pre_statements, *self.post_statements, *further, *statements_of(self.regular))

    @cached_property
    def names_used(self) -> frozenset[str]:
        """The names that the expressions of the text use or assign."""
        return frozenset(s.name for s in self.all_statements).union(*map(names_in, self.expressions))

    @cached_property
    def expressions(self) -> tuple[str, ...]:
        """The expressions of the text."""
        return tuple(each.expression for each in (*self.lines, *self.all_statements) if each.expression)

    @cached_property
    def names_in_expressions(self) -> frozenset[str]:
        """The names that expressions of wiring, weight, delay, constants and start values use."""
        given = (self.weight, *self.delays.values(), *self.constants.values())
        return self.wiring.names.union(*(value.names for value in given if isinstance(value, Expression)))

    @property
    def states(self) -> tuple[str, ...]:
        """The state variables of a synapse with text: `w` and those of its model.

        (summed) variables are those of neurons, and (shared) parameters are constants.
        """
        if not self.text:
            return ()
        own = [line for line in self.lines if line.kind != "subexpression"]
        single = {line.name for line in own if line.kind == "parameter" and "shared" in line.flags}
        names = [line.name for line in own if line.name not in single]
        return tuple(dict.fromkeys(["w", *names, *held_names(self.lines)]))

    @property
    def learning(self) -> tuple[str, ...]:
        """What training may change: 'weight', 'delay', both or nothing."""
        return self.learns if isinstance(self.learns, tuple) else ("weight",) * self.learns

    @property
    def arguments(self) -> Arguments:
        """The arguments, constants included, with which `Synapses(**arguments)` makes the same synapses."""
        own = {name: getattr(self, name) for name in ("name", "pre", "post", *ARGUMENTS)}
        return own | self.pathways.arguments | dict(self.constants)

    @property
    def sends_spikes(self) -> bool:
        """Whether the sender spikes, as far as its text says; a driven population may be given spikes."""
        return self.pre.population.spiking and self.pre.source == self.pre.name

    @property
    def owner(self) -> Synapses | None:
        """The synapses whose weights these share, as they are or transposed; None if these have their own."""
        tied = self.weight.synapses if isinstance(self.weight, Transposed) else self.weight
        return tied if isinstance(tied, Synapses) else None

    @property
    def weight_population(self) -> Population | None:
        """The population whose messages are the weights; None if they are numbers."""
        if isinstance(self.weight, Delayed):
            return self.weight.population
        return self.weight if isinstance(self.weight, (Neurons, Part)) else None

    def __repr__(self) -> str:
        return f"{self.label}, {self.wiring}"


Weight = (
    Value | Distribution | Expression | Neurons | Part | Delayed | Synapses | Transposed
)  # what weights are after they were read


def condition(text: str, subject: str) -> Wiring:
    """The wiring that joins all pairs for which a condition holds. Raises DescriptionError for other text."""
    read_expression(text, f"{subject}: wiring")
    return probability(1, where=text)


def matrix_remedy(given: Any) -> str:
    """What to write instead of a matrix given as a wiring, or of a sparse matrix given as weights."""
    if hasattr(given, "tocoo"):
        return (
            "Give its entries one by one: with c = W.tocoo(), W being (post, pre),"
            " wiring=pairs(c.col, c.row), weight=c.data."
        )
    if isinstance(given, (np.ndarray, list, tuple)):
        return (
            "Give its entries one by one: with post, pre = np.nonzero(W), W being (post, pre),"
            " wiring=pairs(pre, post), weight=W."
        )
    return "Use one such as all_to_all() or probability(0.1)."
