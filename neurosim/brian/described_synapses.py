"""Synapses and PoissonInputs of Brian2 in neurosim's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from neurosim.brian.actions import Action, Does
from neurosim.brian.described_groups import (
    constants_of,
    equation_lines,
    expressions,
    method_of,
    refuse_own_names,
    without_temporaries,
    written,
)
from neurosim.brian.lowering import Lowered
from neurosim.brian.names import Names, Text, label, root_of
from neurosim.brian.private_names import BrianObject, dimensions_of, value_of
from neurosim.brian.recorded import unit_text
from neurosim.brian.refusal import NotSaid
from neurosim.brian.synapse_values import SynapseValues
from neurosim.brian.synapses import LoweredSynapses
from neurosim.network.neurons import Neurons, Population
from neurosim.network.synapses import Synapses
from neurosim.network.text import Statement, names_in, renamed
from neurosim.network.values import TIME, Value
from neurosim.network.wiring import pairs, private
from neurosim.plan.plan import Private, Sparse, Textual

EVENTS = (Does.DELIVER_TEXT, Does.SENT)
COUNTS = ("i", "j", "N_pre", "N_post")


def described_synapses(
    thing: BrianObject,
    actions: Sequence[Action],
    lowered: Lowered,
    namespace: Mapping[str, Any],
    populations: Mapping[str, Neurons],
) -> list[Synapses]:
    """The synapses of one object: plain ones for each variable that they add to, or one with text."""
    found = lowered.synapses[thing.name]
    plain = [p for p in found.pathways if isinstance(p, Sparse) and not isinstance(p, Textual)]
    if not len(thing):
        return []
    if plain and len(plain) == len(found.pathways):
        return [_plain(thing, found, p, lowered, populations) for p in plain]
    if plain:
        raise NotSaid(label(thing), "some of its pathways only add constants, and others share variables")
    return [_WithText(thing, found, actions, lowered, namespace, populations).synapses()]


def described_background(
    thing: BrianObject, lowered: Lowered, populations: Mapping[str, Neurons]
) -> list[Neurons | Synapses]:
    """A PoissonInput: one neuron that spikes at random, of which each target has copies of its own."""
    pathway = lowered.plan.pathway(thing.name, Private)
    sources = Neurons(f"{thing.name}_sources", 1, threshold=f"rand() < {pathway.chance}")
    target = populations[pathway.post]
    first, last = int(pathway.post_index[0]), int(pathway.post_index[-1]) + 1
    part = target if last - first == target.size else target[first:last]
    variable = thing.group.variables[pathway.to]
    weight = Value(np.asarray(float(pathway.weight)), dimensions_of(variable))
    synapses = Synapses(
        sources, part, to=pathway.to, wiring=private(pathway.sources), weight=weight, name=thing.name
    )
    return [sources, synapses]


def _plain(
    thing: BrianObject,
    found: LoweredSynapses,
    pathway: Sparse,
    lowered: Lowered,
    populations: Mapping[str, Neurons],
) -> Synapses:
    """Synapses that add a constant to a variable of their targets."""
    variable = root_of(thing.target).variables[pathway.to]
    first = pathway is next(p for p in found.pathways)
    return Synapses(
        *_ends(thing, populations), to=pathway.to, wiring=_pairs(thing, found),
        weight=Value(pathway.weight, dimensions_of(variable)), delay=_times(pathway.delay, lowered),
        name=thing.name if first else f"{thing.name}_{pathway.to}",
    )  # fmt: skip


def _ends(thing: BrianObject, populations: Mapping[str, Neurons]) -> tuple[Population, Population]:
    """The senders and the targets of synapses."""
    found: list[Population] = []
    for end in (thing.source, thing.target):
        whole = populations[root_of(end).name]
        start = int(getattr(end, "start", 0))
        found.append(whole if len(end) == whole.size else whole[start : start + len(end)])
    return found[0], found[1]


def _pairs(thing: BrianObject, found: LoweredSynapses) -> pairs:
    """Which neurons the synapses join, sorted by sender."""
    starts = [int(getattr(end, "start", 0)) for end in (thing.source, thing.target)]
    return pairs(found.wires.sender - starts[0], found.wires.receiver - starts[1])


def _times(ticks: np.ndarray, lowered: Lowered) -> Value:
    """Delays as times; one if all are equal."""
    times = ticks * (lowered.plan.dt or 1.0)
    return Value(np.asarray(times[0]) if np.all(ticks == ticks[0]) else times, TIME)


class _WithText:
    """Synapses with text."""

    def __init__(
        self, thing: BrianObject, found: LoweredSynapses, actions: Sequence[Action], lowered: Lowered,
        namespace: Mapping[str, Any], populations: Mapping[str, Neurons],
    ):  # fmt: skip
        self.thing, self.found, self.lowered, self.populations = thing, found, lowered, populations
        self.names = Names(thing, namespace)
        self.actions = [a for a in actions if a.group == thing.name]
        changing = frozenset().union(*(a.writes for a in actions))
        self.values = SynapseValues(thing, self.names, changing, found.wires)

    def synapses(self) -> Synapses:
        """The synapses."""
        texts = {a: self._text(a.text) for a in self.actions if a.text is not None and a.does in EVENTS}
        before = {a: text for a, text in texts.items() if a.does is Does.DELIVER_TEXT}
        after = {a: text for a, text in texts.items() if a.does is Does.SENT}
        equations = {**self.thing.equations, **(self.thing.event_driven or {})}
        for expression in expressions(equations):
            self.values.add(names_in(expression))
        lines = [*equation_lines(equations, self.names, self.values.renamed), *self._sums()]
        named = [s.expression for text in texts.values() for s in text] + expressions(equations)
        named += [a.thing.expression.code for a in self.actions if a.does is Does.SUM]
        ends = [getattr(root_of(end), "user_equations", {}) for end in (self.thing.source, self.thing.target)]
        own = {f"{name}{end}" for end, held in zip(("_pre", "_post"), ends, strict=True) for name in held}
        refuse_own_names(named, self.names, {*equations, *own, *COUNTS})
        given = constants_of(named, self.names) | self._start_values(equations)
        more: dict[str, Any] = {"weight": given.pop("w")} if "w" in given else {}
        integrating = [a for a in self.actions if a.does is Does.INTEGRATE_SYNAPSES]
        if integrating:
            more["method"] = method_of(integrating[0].thing, self.names, self.lowered)
        return Synapses(
            *_ends(self.thing, self.populations), wiring=_pairs(self.thing, self.found),
            model="\n".join(lines), on_pre=_named(before, "pre"), on_post=_named(after, "post"),
            delay=self._delays(texts), name=self.thing.name, **more, **given,
        )  # fmt: skip

    def _delays(self, actions: Iterable[Action]) -> dict[str, Value]:
        """The delays of the texts that have one."""
        ticks = {str(a.thing.objname): self.found.delays.get(a.thing.name) for a in actions}
        return {
            name: _times(delay, self.lowered)
            for name, delay in ticks.items()
            if delay is not None and delay.any()
        }

    def _text(self, text: Text) -> list[Statement]:
        """Statements under the names that text of synapses has in neurosim."""
        self.values.add(text.used)
        return list(self.values.plain(without_temporaries(text, label(self.thing))))

    def _sums(self) -> list[str]:
        """The equations of (summed) variables of the targets."""
        lines: list[str] = []
        for action in self.actions:
            if action.does is Does.SUM:
                runner = action.thing
                self.values.add(names_in(runner.expression.code))
                code = renamed(self.names.plain(runner.expression.code), self.values.renamed)
                unit = unit_text(dimensions_of(runner.target_var))
                lines.append(f"{runner.target_varname} = {code} : {unit} (summed)")
        return lines

    def _start_values(self, equations: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the variables and parameters of the synapses, sorted by sender."""
        found: dict[str, Any] = {}
        for name, line in equations.items():
            if line.type != "subexpression":
                variable = self.thing.variables[name]
                values = value_of(variable)
                values = values.reshape(()) if variable.scalar else self.found.wires.sorted(values)
                found[name] = Value(values, dimensions_of(variable))
        return found


def _named(texts: Mapping[Action, Sequence[Statement]], usual: str) -> str | dict[str, str]:
    """The texts of on_pre or on_post: by name, or if there is one with the usual name the text itself."""
    named = {str(action.thing.objname): "\n".join(written(text)) for action, text in texts.items()}
    return named.get(usual, "") if set(named) <= {usual} else named
