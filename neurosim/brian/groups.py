"""NeuronGroup, PoissonGroup and SpikeGeneratorGroup as groups of the plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neurosim.brian.actions import Action, Does
from neurosim.brian.events import SPIKE, events_of, holder_of
from neurosim.brian.integration import integration
from neurosim.brian.names import FREE, LAST_SPIKE, Names, Text, label, root_of
from neurosim.brian.private_names import (
    BrianObject,
    is_condition,
    old_refractoriness,
    refractory_of,
    spikes_given,
)
from neurosim.brian.program import block_name
from neurosim.brian.refusal import Refused
from neurosim.brian.values import Values, rounded
from neurosim.network.text import Statement, names_in, renamed
from neurosim.plan.equations import inline
from neurosim.plan.plan import Block, Drive, Group, Refractory

NEVER = Block("threshold", (Statement("spikes", "=", "False"),), ("spikes",), text="False")


def lower_group(
    group: BrianObject, actions: Sequence[Action], values: Values, wanted: Collection[str], dtype: np.dtype
) -> tuple[Group, ...]:
    """The group of a NeuronGroup or PoissonGroup, and the views that are its events other than spikes.

    actions: of the group
    values: takes in the names that the text of the group uses
    wanted: further names that monitors and synapses read
    dtype: of the state
    """
    regular = [action for action in actions if action.does is Does.RUN]
    at_events = [action for action in actions if action.does is not Does.RUN and action.event != SPIKE]
    by_kind = {a.does: a for a in actions if a.does is not Does.RUN and a not in at_events}
    texts = {does: action.text for does, action in by_kind.items() if action.text is not None}
    for does, text in texts.items():
        if does is not Does.INTEGRATE:  # `integration` takes in the names of equations
            values.add(text.used)
    parts = [_of_part(action) for action in regular]
    more = [*parts, *(action.text for action in at_events if action.text is not None)]
    for text in more:
        values.add(text.used)
    values.add(wanted)
    for text in (*texts.values(), *more):
        for name in text.assigned & values.links.keys():
            raise Refused(label(group), f"its text changes the linked variable {name!r}")
    values.add(["dt"])
    every = max((action.every for action in by_kind.values()), default=1)
    rule = _refractory(group, values, every)
    frozen = _frozen(group, values)
    block, coefficients = None, {}
    if Does.INTEGRATE in by_kind:
        block, coefficients = integration(by_kind[Does.INTEGRATE].thing, values, frozen, rule is not None)
    threshold = _threshold(texts[Does.THRESHOLD], values) if Does.THRESHOLD in texts else None
    if threshold is None and (rule is not None or SPIKE in getattr(group, "thresholder", ())):
        threshold = NEVER  # it is not active; neurons that spiked in an earlier run may still be refractory
    own = Group(
        name=group.name,
        shape=(len(group),),
        driven=False,
        spiking=threshold is not None,
        states=values.start(dtype),
        constants=values.lowered(dtype) | rounded(coefficients, dtype),
        ports={},
        subexpressions=_subexpressions(values)
        | ({FREE: "where(not_refractory, 1, 0)"} if "not_refractory" in wanted else {}),
        sends=None,
        integrate=block,
        update=None,
        threshold=threshold,
        reset=_block("reset", texts[Does.RESET], values) if Does.RESET in texts else None,
        refractory=rule,
        frozen=frozen,
        periodic={
            block.name: block
            for block in (
                _regular(block_name(action, regular), part, values, frozen)
                for action, part in zip(regular, parts, strict=True)
            )
        },
        links=values.links,
        spike_time=LAST_SPIKE if LAST_SPIKE in values.states and rule is not None else "",
    )
    return own, *(_event(group, event, at_events, values) for event in events_of(group))


def _event(group: BrianObject, event: str, actions: Sequence[Action], values: Values) -> Group:
    """The view that is an event of a group. If nothing looks for the event, it never happens."""
    texts = {action.does: action.text for action in actions if action.event == event}
    condition, code = texts.get(Does.THRESHOLD), texts.get(Does.RESET)
    return Group(
        name=holder_of(group, event), shape=(len(group),), driven=False, spiking=True, states={},
        constants={}, ports={}, subexpressions={}, sends=None, integrate=None, update=None,
        threshold=NEVER if condition is None else _threshold(condition, values),
        reset=None if code is None else _block("reset", code, values),
        refractory=None, frozen=frozenset(), of=str(group.name),
    )  # fmt: skip


def _regular(name: str, text: Text, values: Values, frozen: frozenset[str]) -> Block:
    """A block of code that runs regularly. What it draws for (shared) variables is the same for all."""
    shared = all(text.names[variable].scalar for variable in text.assigned)
    block = _block(name, text, values)
    return replace(block, frozen=frozen & frozenset(block.writes), shared=shared)


def _of_part(action: Action) -> Text:
    """The text of code that runs regularly, as that of the whole group: other neurons keep their values."""
    text, group = action.text, action.thing.group
    assert text is not None
    if root_of(group) is group:
        return text
    start, stop = int(group.start), int(group.stop)
    own = {"i": "_own_index", "N": "_own_size"}
    mine = f"(i >= {start}) and (i < {stop})"
    statements = [
        Statement("_own_index", "=", f"i - {start}"),
        Statement("_own_size", "=", f"{stop - start}"),
    ]
    for s in text.statements:
        value = renamed(s.expression, own)
        if s.name not in text.temporary and not text.names[s.name].scalar:
            changed = value if s.op == "=" else f"{s.name} {s.op.removesuffix('=')} ({value})"
            value = f"where({mine}, {changed}, {s.name})"
            s = replace(s, op="=")
        statements.append(replace(s, expression=value))
    names = Names(root_of(group), text.names.namespace)
    return Text(tuple(statements), names, text.temporary | set(own.values()))


def _subexpressions(values: Values) -> dict[str, str]:
    scope = values.scope()
    return {name: inline(name, scope) for name in values.subexpressions}


def _frozen(group: BrianObject, values: Values) -> frozenset[str]:
    """The states that only change while their neuron is not refractory."""
    return frozenset(
        name
        for name in values.states
        if getattr(group.variables[name], "conditional_write", None) is not None
    )


def _block(name: str, text: Text, values: Values) -> Block:
    """A block of text with subexpressions written out."""
    scope = values.scope().part(name)
    statements = tuple(replace(s, expression=inline(s.expression, scope)) for s in text.statements)
    writes = tuple(dict.fromkeys(s.name for s in statements if s.name in values.states))
    return Block(
        name, statements, writes, text="\n".join(f"{s.name} {s.op} {s.expression}" for s in statements)
    )


def _threshold(text: Text, values: Values) -> Block:
    scope = values.scope().part("threshold")
    condition = inline(text.statements[-1].expression, scope)
    return Block("threshold", (Statement("spikes", "=", condition),), ("spikes",), text=condition)


def _refractory(group: BrianObject, values: Values, every: int) -> Refractory | None:
    """How long neurons are refractory after a spike, as Brian2 rounds it to ticks."""
    held = group.variables.get("not_refractory")
    of_its_own = held is not None and held.owner.name == group.name  # synapses know that of their targets
    rule: Any = refractory_of(group) if of_its_own else False
    if rule is False:
        return None
    if not isinstance(rule, str) and old_refractoriness():
        values.add([LAST_SPIKE])
        return Refractory(condition=f"t - {LAST_SPIKE} <= {float(rule)!r}")
    if not isinstance(rule, str):
        dt = float(values.constants["dt"])
        return Refractory(ticks=int(np.floor(float(rule) / dt + 1e-3)) * every)
    values.add(names_in(rule))
    text = inline(rule, values.scope().part("refractory"))
    known = values.names.resolve(names_in(rule))
    return Refractory(condition=text) if is_condition(rule, known) else Refractory(time=text)


def lower_spike_generator(group: BrianObject, first: int, last: int, every: int) -> tuple[Group, Drive]:
    """The group of a SpikeGeneratorGroup, and its spikes in the ticks first, ..., last - 1.

    every: how many ticks of the network one of its own takes
    """
    tick, neuron, sent, period = spikes_given(group)
    tick, period = tick * every, period * every
    if period:
        cycles = np.arange(first // period, last // period + 1)
        tick = (cycles[:, None] * period + tick[None, :]).ravel()
        neuron = np.tile(neuron, cycles.size)
    else:
        tick, neuron = tick[sent:], neuron[sent:]
    chosen = (tick >= first) & (tick < last)
    tick, neuron = tick[chosen] - first, neuron[chosen]
    order = np.lexsort((neuron, tick))
    drive = Drive(trial=np.zeros(tick.size, np.int64), tick=tick[order], neuron=neuron[order])
    nothing: Mapping[str, Any] = {}
    driven = Group(
        name=group.name, shape=(len(group),), driven=True, spiking=False, states=nothing, constants=nothing,
        ports={}, subexpressions={}, sends=None, integrate=None, update=None, threshold=None, reset=None,
        refractory=None, frozen=frozenset(),
    )  # fmt: skip
    return driven, drive


def spikes_sent_until(group: BrianObject, last: int) -> int:
    """How many of its spikes a SpikeGeneratorGroup has sent before its tick `last`, within its period."""
    tick, _, sent, period = spikes_given(group)
    if last == 0:
        return sent
    now = (last - 1) % period if period else last - 1
    return int(np.searchsorted(tick, now, side="right"))
