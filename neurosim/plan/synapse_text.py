"""The text of synapses: variables, constants, and the statements that run at events and between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, PlanError, nearest
from neurosim.network.called import CalledConstant
from neurosim.network.draws import Pairs
from neurosim.network.expression import Expression
from neurosim.network.flags import HELD, held_names, shared_names
from neurosim.network.network import Network
from neurosim.network.neurons import Population
from neurosim.network.pathway_texts import PathwayText
from neurosim.network.program import ticks_between_integrations
from neurosim.network.sums import Sum, sums_of
from neurosim.network.synapses import Synapses
from neurosim.network.text import Statement, names_in
from neurosim.network.values import PLAIN, TIME, Value, is_zero, unit
from neurosim.plan.called import lower_called
from neurosim.plan.dimensions import (
    Dim,
    Scope,
    check_equations,
    check_expression,
    check_statements,
    unit_dimensions,
    units_used,
)
from neurosim.plan.draw import Drawn, as_edges, delay_ticks, draw_synapses, recipe_of, start_numbers
from neurosim.plan.equations import event_driven, inline
from neurosim.plan.held import held_block, held_statements
from neurosim.plan.kinds_of_numbers import check_numbers, kinds_of, typed
from neurosim.plan.name_resolution import resolve_names
from neurosim.plan.plan import Block, SynapseText, Textual
from neurosim.plan.precision import state_dtype, weight_dtype
from neurosim.plan.recipe import DrawnStates, Edges
from neurosim.plan.synapse_equations import clock_driven, is_finite
from neurosim.plan.synapse_numbers import per_synapse
from neurosim.plan.synapse_units import given_units

EVENTS = ("on_pre", "on_post")


def text_pathway(
    net: Network,
    name: str,
    common: dict[str, Any],
    scopes: Mapping[str, Scope],
    seed: int,
    precision: str,
    *,
    recipes: bool,
) -> tuple[Textual, ...]:
    """Synapses with text, and their further pathways.

    They are drawn later if `recipes` are wanted, all their numbers have one, and there is one pathway.
    """
    item, found = net.synapses[name], _DrawnNow(net, name, seed, precision)
    names = _state_names(item)
    recipes = recipes and not item.further
    recipe = recipe_of(net, name, seed, weight_dtype(precision)) if recipes else None
    constant_arrays: list[str] = [
        key
        for key, given in item.constants.items()
        if key in item.names_used
        and key not in item.states
        and not (isinstance(given, Value | CalledConstant) and given.scalar)
    ]
    constant_arrays += [key for key in relative_ends(item) if key in ("i", "j")]
    starts = None
    if recipe is not None and not constant_arrays:
        starts = start_numbers(net, name, names, recipe, seed)
    drawn = None if recipe is None or starts is None else DrawnStates(recipe, starts, found.dtype)
    text, further = _text(net, name, found, drawn, scopes)
    stored = found.edges() if recipe is None or starts is None else recipe
    first = Textual(**common, stored=stored, text=text, delay_from=item.changing_delay("delay"))
    return first, *(_further(item, first, path, block, found) for path, block in further)


def _further(item: Synapses, first: Textual, path: PathwayText, block: Block, found: _DrawnNow) -> Textual:
    """One more pathway of synapses: of spikes of the sender, or of the target."""
    index = item.pre if path.argument == "on_pre" else item.post
    delay = found.delays(f"delay.{path.name}")
    sender = first.sender if path.argument == "on_pre" else first.receiver
    text = replace(first.text, on_pre=block, on_post=None, integrate=None, summed={}, periodic={})
    return replace(
        first,
        name=f"{first.name}.{path.name}",
        pre=index.source,
        pre_index=index.indices,
        pre_shape=index.shape,
        stored=Edges(sender, first.receiver, np.zeros(sender.size), delay),
        text=text,
        of=first.name,
        delay_from=item.changing_delay(f"delay.{path.name}"),
    )


@dataclass(frozen=True, eq=False)
class _DrawnNow:
    """The synapses of an object with text as arrays, with the values of their variables and constants.

    Nothing is drawn before it is asked for.
    """

    net: Network
    name: str
    seed: int
    precision: str

    @cached_property
    def drawn(self) -> Drawn:
        return draw_synapses(self.net, self.name, self.seed)

    @cached_property
    def sorted(self) -> tuple[Edges, np.ndarray]:
        """The arrays of a pathway, and the order that sorted them."""
        return as_edges(self.net, self.name, self.drawn, self.seed, weight_dtype(self.precision))

    @property
    def dtype(self) -> np.dtype:
        """The type of variables."""
        return np.dtype(state_dtype(self.precision))

    def edges(self) -> Edges:
        return self.sorted[0]

    def delays(self, key: str) -> np.ndarray:
        """Delays in ticks, in the order of the synapses; `key` is that of `Synapses.delays`."""
        return delay_ticks(self.net, self.name, self.drawn, self.seed, key)[self.sorted[1]]

    def values(self, key: str) -> np.ndarray:
        """One number per synapse, in their order."""
        found = Pairs(self.drawn.pre, self.drawn.post)
        return per_synapse(self.net, self.name, key, found, self.seed)[self.sorted[1]]

    def states(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """The start values of these variables."""
        dtype = self.dtype
        given = self.net.synapses[self.name].constants
        found: dict[str, np.ndarray] = {}
        for key in names:
            if key == "w":
                found[key] = self.edges().weight.astype(dtype)
            elif given.get(key) is None:
                # A time in seconds needs 64 bits.
                found[key] = np.zeros(self.edges().sender.size, np.float64 if key == "lastupdate" else dtype)
            else:
                found[key] = self.values(key).astype(dtype)
        return found


def _state_names(item: Synapses) -> tuple[str, ...]:
    """The variables that each synapse has."""
    summed = {line.name for line in item.lines if "summed" in line.flags}
    at_events = any("event-driven" in line.flags for line in item.lines)
    timed = at_events or "lastupdate" in item.names_used
    return (
        "w",
        *(key for key in item.states if key != "w" and key not in summed),
        *(("lastupdate",) if timed else ()),
    )


def _text(
    net: Network, name: str, found: _DrawnNow, drawn: DrawnStates | None, scopes: Mapping[str, Scope]
) -> tuple[SynapseText, list[tuple[PathwayText, Block]]]:
    """The dynamics of synapses: variables, constants and blocks; and the blocks of further pathways."""
    item = net.synapses[name]
    scope = _synapse_scope(net, item, scopes)
    summed = tuple(line for line in item.lines if "summed" in line.flags)
    others = tuple(line for line in item.lines if line not in summed)
    check_equations(others, scope)
    clocked = tuple(
        line for line in others if line.kind == "differential" and "event-driven" not in line.flags
    )
    at_events = tuple(line for line in others if "event-driven" in line.flags)
    if (clocked or at_events) and net.dt is None:
        raise PlanError(
            f"{item.label}: model has differential equations, which need Clock(dt)."
            " Use assignments in on_pre instead."
        )
    catch_up = event_driven(at_events, scope) if at_events else ()
    states = found.states(_state_names(item)) if drawn is None else drawn
    constants = _synapse_constants(net, item, found, scope)
    for key, kind in scope.kinds.items():
        if key in item.constants:
            check_numbers(key, kind, states[key] if key in states else constants[key], item.label)
    if not is_finite(catch_up, constants):
        raise PlanError(
            f"{item.label}: the closed form of the (event-driven) equations is not finite, as for coupled"
            " variables with equal time constants."
            " Mark them (clock-driven), or make the time constants differ."
        )
    for line in summed:
        check_expression(line.expression, scope.part(line.name, axes=False))
    texts = (
        ("on_pre", item.on_pre, item.pre_statements),
        ("on_post", item.on_post, item.post_statements),
        *((block.name, block.text, block.statements) for block in item.regular),
    )

    def block_of(event: str, text: str, statements: tuple[Statement, ...]) -> Block | None:
        return _event_block(event, text, catch_up, statements, scope, tuple(states), item, scopes)

    blocks = {event: block_of(event, text, statements) for event, text, statements in texts}
    made = [(path, block_of(path.words, path.text, path.statements)) for path in item.further]
    further = [(path, replace(block, name="on_pre")) for path, block in made if block is not None]
    integrate, coefficients = clock_driven(item, clocked, scope, constants) if clocked else (None, {})
    text = SynapseText(
        states=states,
        laws={} if drawn is None else drawn.laws,
        constants={**constants, **coefficients},
        integrate=integrate,
        summed={
            _summed_target(item, each): inline(line.expression, scope)
            for each, line in zip(sums_of(item), summed, strict=True)
        },
        on_pre=blocks["on_pre"],
        on_post=blocks["on_post"],
        periodic=_held(item, scope, tuple(states), scopes)
        | {name: block for name, block in blocks.items() if block is not None and name not in EVENTS},
    )
    return text, further


def _held(
    item: Synapses, scope: Scope, states: tuple[str, ...], scopes: Mapping[str, Scope]
) -> dict[str, Block]:
    """The blocks that set what is (constant over dt)."""
    inner, pre, post = scope.part("model", axes=False), scopes[item.pre.name], scopes[item.post.name]
    own = {*states, *item.constants, *scope.subexpressions, *shared_names(item.lines)}
    return {
        name: held_block(name, resolve_names(statements, item, own, pre, post, inner.label))
        for name, statements in held_statements(item.lines, inner).items()
    }


def _synapse_scope(net: Network, item: Synapses, scopes: Mapping[str, Scope]) -> Scope:
    """The names that the text of synapses may use."""
    time, units = TIME if net.dt else PLAIN, given_units(net, item, scopes)
    pre, post = scopes[item.pre.name], scopes[item.post.name]
    dims: dict[str, Dim] = {
        name: dim for name, dim in post.dims.items() if name not in ("t", "dt", "i", "N", "training")
    }
    dims |= {f"{name}_post": dim for name, dim in post.dims.items()} | {
        f"{name}_pre": dim for name, dim in pre.dims.items()
    }
    if item.pre.population.driven:
        dims["v_pre"] = PLAIN  # what a driven population sends
    dims |= {
        "t": time,
        "dt": time,
        "i": PLAIN,
        "j": PLAIN,
        "lastupdate": time,
        "w": units["w"],
    }
    declared = {line.name: unit_dimensions(line.unit, f"{item.label}: {line.name}") for line in item.lines}
    called = {key: value for key, value in item.constants.items() if isinstance(value, CalledConstant)}
    for key, value in item.constants.items():
        if key in called:
            continue
        expected = declared.get(key, units[key])
        if units[key] != expected and not isinstance(value, Expression) and not is_zero(value):
            raise DescriptionError(
                f"{item.label}: {key} is given in {unit(units[key])}, the model says {unit(expected)}."
                f" Give it in {unit(expected)}."
            )
        dims[key] = units[key]
    if "w" in declared and declared["w"] != dims["w"] and not _fits_any(item.weight):
        raise DescriptionError(
            f"{item.label}: weight is in {unit(dims['w'])}, the model says w is in {unit(declared['w'])}."
            f" Give it in {unit(declared['w'])}."
        )
    dims |= declared
    assigned = {s.name for s in item.all_statements}
    differential = {line.name for line in item.lines if line.kind == "differential"}
    varying = assigned | differential | set(held_names(item.lines))
    fixed = {key for key in (*item.constants, *declared, "w") if key not in varying} | {"dt"}
    subexpressions = {
        line.name: line.expression
        for line in item.lines
        if line.kind == "subexpression" and not {"summed", HELD} & set(line.flags)
    }
    return Scope(
        item.label,
        dims,
        frozenset(fixed),
        subexpressions,
        axes=False,
        called=called,
        kinds=kinds_of(item.lines),
    )


def _fits_any(weight: object) -> bool:
    """Whether a weight has the unit that the model says: 0 has any, and an expression was checked before."""
    return is_zero(weight) or isinstance(weight, Expression)


def relative_ends(item: Synapses) -> dict[str, Population]:
    """The names in the text of synapses that count within a part of a population, and the part.

    `i`, `j`, `N_pre` and `N_post` count within the parts that the synapses join, as wirings do.
    """
    ends = {"i": item.pre, "j": item.post, "N_pre": item.pre, "N_post": item.post}
    return {
        name: end
        for name, end in ends.items()
        if name in item.names_used and not np.array_equal(end.indices, np.arange(end.population.size))
    }


def _synapse_constants(net: Network, item: Synapses, found: _DrawnNow, scope: Scope) -> dict[str, Any]:
    dtype = state_dtype(found.precision)
    ticks = ticks_between_integrations(net.program, found.name, item.post.name)
    tick = (net.dt or 1.0) * ticks
    constants: dict[str, Any] = {"dt": dtype(tick)}
    single = {line.name for line in item.lines if line.kind == "parameter" and "shared" in line.flags}
    constants |= dict.fromkeys(single - {"w"}, 0.0)
    for key, given in item.constants.items():
        if key not in item.states and key in item.names_used and key not in scope.called:
            constants[key] = (
                _plain(given.number)
                if isinstance(given, Value) and given.scalar
                else found.values(key).astype(dtype)
            )
    for key, end in relative_ends(item).items():
        if key in ("i", "j"):
            local = found.drawn.pre if key == "i" else found.drawn.post
            constants[key] = local[found.sorted[1]].astype(np.float64)
        else:
            constants[key] = float(end.size)
    used = set(item.names_used).union(*(names_in(line.expression) for line in item.lines if line.expression))
    called = {
        name: lower_called(value, f"{scope.label}: {name}", net.schedule.time_dim, tick, found.precision)
        for name, value in scope.called.items()
        if name in item.names_used
    }
    return constants | called | units_used(used, scope, dtype)


def _event_block(
    event: str,
    text: str,
    catch_up: tuple[Statement, ...],
    statements: tuple[Statement, ...],
    scope: Scope,
    states: tuple[str, ...],
    item: Synapses,
    scopes: Mapping[str, Scope],
) -> Block | None:
    if not statements:
        return None
    inner = scope.part(event, axes=False)
    check_statements(statements, inner)
    kept = typed(statements, scope.kinds)
    plain = tuple(Statement(s.name, s.op, inline(s.expression, inner)) for s in kept)
    own = {*states, *item.constants, *scope.subexpressions, *shared_names(item.lines)}
    together = (
        *catch_up,
        *resolve_names(plain, item, own, scopes[item.pre.name], scopes[item.post.name], inner.label),
        # Last, because the user's text may read when the event before this one was.
        *((Statement("lastupdate", "=", "t"),) if "lastupdate" in states else ()),
    )
    return Block(
        event, together, tuple(dict.fromkeys(s.name for s in together if s.name in states)), text=text
    )


def _plain(number: np.ndarray) -> bool | float:
    """A Boolean, or a float that takes the precision of what it is combined with."""
    return bool(number) if number.dtype.kind == "b" else float(number)


def _summed_target(item: Synapses, each: Sum) -> str:
    """What the plan calls the variable that a (summed) variable sets: I for I_post, or I_pre."""
    population, variable = each.neurons.population, each.variable
    if not each.name.endswith(("_post", "_pre")) or variable not in population.states:
        known = nearest(variable, population.states)
        raise DescriptionError(
            f"{item.label}: '{each.name}' (summed) must be a variable of the target, such as I_post, or of"
            f" the sender, such as I_pre. {known} If it is new, declare it with its unit in the equations of"
            f" {population.name!r}: '{variable} : 1'."
        )
    return each.name.removesuffix("_post")
