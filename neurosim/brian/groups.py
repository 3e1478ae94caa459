"""NeuronGroup, PoissonGroup and SpikeGeneratorGroup as groups of the plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neurosim.brian.actions import Action, Does
from neurosim.brian.integration import integration
from neurosim.brian.names import Text
from neurosim.brian.private_names import (
    BrianObject,
    is_condition,
    refractory_of,
    spikes_given,
)
from neurosim.brian.values import Values, rounded
from neurosim.network.text import Statement, names_in
from neurosim.plan.equations import inline
from neurosim.plan.plan import Block, Drive, Group, Refractory


def lower_group(
    group: BrianObject, actions: Sequence[Action], values: Values, wanted: Iterable[str], dtype: np.dtype
) -> Group:
    """The group of a NeuronGroup or PoissonGroup.

    actions: of the group
    values: takes in the names that the text of the group uses
    wanted: further names that monitors and synapses read
    dtype: of the state
    """
    by_kind = {action.does: action for action in actions}
    texts = {does: action.text for does, action in by_kind.items() if action.text is not None}
    for does, text in texts.items():
        if does is not Does.INTEGRATE:  # `integration` takes in the names of equations
            values.add(text.used)
    values.add(wanted)
    values.add(["dt"])
    every = max((action.every for action in actions), default=1)
    rule = _refractory(group, values, every)
    frozen = _frozen(group, values)
    block, coefficients = None, {}
    if Does.INTEGRATE in by_kind:
        block, coefficients = integration(by_kind[Does.INTEGRATE].thing, values, frozen, rule is not None)
    spiking = Does.THRESHOLD in texts
    return Group(
        name=group.name,
        shape=(len(group),),
        driven=False,
        spiking=spiking,
        states=values.start(dtype),
        constants=values.lowered(dtype) | rounded(coefficients, dtype),
        ports={},
        subexpressions=_subexpressions(values),
        sends=None,
        integrate=block,
        update=None,
        threshold=_threshold(texts[Does.THRESHOLD], values) if spiking else None,
        reset=_block("reset", texts[Does.RESET], values) if Does.RESET in texts else None,
        refractory=rule,
        frozen=frozen,
    )


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
    rule: Any = False if "not_refractory" not in group.variables else refractory_of(group)
    if rule is False:
        return None
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
