"""Reads the argument `record` of a run: which variables of which neurons are recorded, and how often."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons, Population, label
from neurosim.network.part import Part
from neurosim.network.values import TIME, Value, as_value, spelt, whole

NAME = re.compile(r"(?P<name>\w+)(?:\[(?P<key>.*)\])?(?:\.(?P<variable>\w+))?")


@dataclass(frozen=True, eq=False)
class Probe:
    """One variable that a run records, or what one population sends.

    name: its name in the recording, such as 'liquid', 'liquid[:100].v' or 'ears_to_liquid.w'.
    owner: the name of the population or of the synapses.
    variable: the name of the variable, port or subexpression; None for what a population sends.
    index: flat indices of the recorded neurons; None for all.
    shape: shape of one sample.
    every: the number of ticks from one sample to the next.
    events: whether spikes are recorded as events instead of samples.
    """

    name: str
    owner: str
    variable: str | None
    index: np.ndarray | None
    shape: tuple[int, ...]
    every: int
    events: bool

    @cached_property
    def key(self) -> Hashable:
        """Equal for probes that record the same under the same name."""
        index = None if self.index is None else np.asarray(self.index).tobytes()
        return self.name, self.owner, self.variable, index, self.shape, self.every, self.events


def read_record(net: Network, record: Any, spiking: Iterable[str] = ()) -> tuple[Probe, ...]:
    """The probes that the argument `record` of a run asks for.

    record: a name such as 'liquid.v', a population or a part of one, a list of these, a dict from these to
        sampling intervals (ticks, or times under `Clock`), or 'all' for what every population sends
    spiking: names of the driven populations whose inputs are spike events

    A variable of synapses is recorded for all of them, sorted by sender. Their number is known only in the
    plan, so the shape of such a probe is () here.

    Raises DescriptionError for names that the network does not have, for intervals that are not whole numbers
    of ticks, and for one name with two intervals.
    """
    if isinstance(record, str) and record == "all":
        record = list(net.populations)
    if isinstance(record, (str, Neurons, Part)):
        record = [record]
    if not isinstance(record, (list, tuple, Mapping, set)):
        raise DescriptionError(
            f"run: record {shown(record)} is not a list of names. Give one such as ['liquid', 'liquid.v']."
        )
    probes = {}
    for item, interval in record.items() if isinstance(record, Mapping) else ((item, 1) for item in record):
        probe = _read_probe(net, item, _interval_ticks(interval, item, net), frozenset(spiking))
        if probes.setdefault(probe.name, probe).every != probe.every:
            raise DescriptionError(
                f"run: record names {probe.name!r} twice, with different intervals. Name it once."
            )
    return tuple(probes.values())


def _interval_ticks(interval: Any, item: Any, net: Network) -> int:
    """A sampling interval in ticks. interval: ticks, or a time under `Clock`. item: what it belongs to."""
    if type(interval) is int and 0 < interval < 2**53:
        return interval
    name = label(item) if isinstance(item, (Neurons, Part)) else shown(item)
    subject = f"run: record {name}: sampling interval"
    value = as_value(interval, subject)
    if value.dim == TIME and net.schedule.seconds is not None:
        if not value.scalar or not np.isfinite(value.number):
            raise DescriptionError(f"{subject} {value} is not one time. Give one such as 1*ms.")
        dt = net.schedule.seconds
        ticks = float(value.number) / dt
        if abs(ticks - round(ticks)) > 1e-6 * max(1.0, ticks):
            raise DescriptionError(
                f"{subject} {value} is not a multiple of dt = {Value(np.array(dt), TIME)}."
                " Give a whole number of ticks."
            )
        return whole(round(ticks), subject, least=1)
    return whole(interval, subject, least=1)


def _read_probe(net: Network, item: Any, every: int, spiking: frozenset[str]) -> Probe:
    population, variable, name = resolve(net, item)
    if population is None:
        return Probe(name, name.split(".")[0], variable, None, (), every, False)
    owner = population.population
    events = variable is None and (owner.spiking or owner.name in spiking)
    index = population.indices if isinstance(population, Part) else None
    return Probe(name, owner.name, variable, index, population.shape, 1 if events else every, events)


def resolve(net: Network, item: Any) -> tuple[Population | None, str | None, str]:
    """What one entry of `record` means: a population or part (None for synapses), a variable, and a name.

    The variable is None for what a population sends. Raises DescriptionError for what `net` does not have.
    """
    if isinstance(item, (Neurons, Part)):
        if net.populations.get(item.name) is not item.population:
            raise DescriptionError(
                f"run: record {label(item)}: is not a population of this network."
                f" Its own are: {', '.join(net.populations)}."
            )
        return item, item.variable if isinstance(item, Part) else None, label(item)
    item = spelt(item) if isinstance(item, str) else item
    match = NAME.fullmatch(item) if isinstance(item, str) else None
    if match is None:
        raise DescriptionError(
            f"run: record {shown(item)} does not read. Write 'liquid', 'liquid.v' or 'liquid[:100].v'."
        )
    owner, variable = match["name"], match["variable"]
    if owner in net.synapses:
        states = net.synapses[owner].states
        if match["key"] is not None or variable not in states:
            known = ", ".join(f"'{owner}.{name}'" for name in states) or "nothing, as they have no text"
            raise DescriptionError(
                f"run: record {shown(item)}: is no variable of the synapses {owner!r}."
                f" What can be recorded of them: {known}."
            )
        return None, variable, item
    if owner not in net.populations:
        known = (*net.populations, *net.synapses)
        raise DescriptionError(
            f"run: record {shown(item)}: there is no population {shown(owner)}. {nearest(owner, known)}"
        )
    population = net.populations[owner]
    known = (*population.states, *population.subexpressions, *population.port_names)
    if variable is not None and variable not in known:
        raise DescriptionError(
            f"run: record {shown(item)}: {owner!r} has no variable {shown(variable)}."
            f" {nearest(variable, known)}"
        )
    part = population if match["key"] is None else population[read_index(match["key"], item)]
    return part, variable, label(part) + (f".{variable}" if variable else "")


def read_index(text: str, item: str) -> Any:
    """The index that text such as ':100', '3, ::2' or '[1, 5]' stands for.

    text: what is between the brackets. item: the whole entry of `record`, for the error.
    Only literals and slices are read, so that no code in the text runs. Raises DescriptionError otherwise.
    """
    try:
        tree = ast.parse(f"_[{text}]", mode="eval").body
        assert isinstance(tree, ast.Subscript) and isinstance(tree.value, ast.Name)
        return _literal(tree.slice)
    except (SyntaxError, ValueError, AssertionError, TypeError, MemoryError, RecursionError):
        raise DescriptionError(
            f"run: record {shown(item)}: [{shown(text)[1:-1]}] is not an index."
            " Write one such as [:100] or [0, 5]."
        ) from None


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Slice):
        bounds = (node.lower, node.upper, node.step)
        return slice(*(None if bound is None else ast.literal_eval(bound) for bound in bounds))
    if isinstance(node, ast.Tuple):
        return tuple(_literal(part) for part in node.elts)
    return ast.literal_eval(node)
