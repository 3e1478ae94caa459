"""What a diagram shows of a network: boxes for populations, connections for synapses.

It is plain data, which nothing here places or draws.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from neurosim.figures.graph.polarity import Sign, sign_of
from neurosim.network.functions import random_calls
from neurosim.network.neurons import Neurons, Part, Population
from neurosim.network.pictures import Picture, interval_text, sizes_text
from neurosim.network.printout import number_text
from neurosim.network.synapses import Delayed, Synapses, Transposed
from neurosim.network.values import PLAIN, Value, show
from neurosim.network.weights import Distribution

if TYPE_CHECKING:
    from neurosim.network.network import Network

LONGEST_TEXT = 34  # characters of the line of text in a box
LONGEST_PART = 18  # characters of a slice; a longer one is shown by its number of neurons
MOST_PARTS = 6  # slices that a box shows; where synapses name more of them, it shows none
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"

CellKind = Literal["driven", "spiking", "graded", "random"]
WeightKind = Literal["fixed", "learned", "plastic", "message"]
Parts = dict[str, dict[str, str]]  # by population and label of the part: the text that the box shows for it


@dataclass(frozen=True)
class Box:
    """A population.

    shape: its shape as text.
    kind: 'driven' from outside, or what it sends: spikes, values ('graded') or random draws.
    text: the line of its text that says most.
    learns: its constants that training may change, as text.
    parts: the slices of it that synapses name, from the first neuron to the last.
    """

    name: str
    shape: str
    kind: CellKind
    text: str
    learns: str
    parts: tuple[str, ...]


class MessageWeight(NamedTuple):
    """A weight that is what a population sends: the population, the part of it, and the delay as text."""

    population: str
    part: str
    delay: str


@dataclass(frozen=True)
class Connection:
    """Synapses that are drawn as one line.

    names: the names of the synapses.
    pre_part, post_part: the slices that they join, '' for whole populations.
    ports: where they arrive, one arrowhead for each; '' if the target has one port only.
    kind: whether weights are fixed, learned by training, plastic (changed by text), or messages.
    sign: whether the weights excite, inhibit, or either.
    picture: that of the wiring.
    shared: whether the weights are those of other synapses.
    delay: as text, '' for none.
    instant: whether no delay is above 0.
    notes: lines of text beside the picture.
    weight: which messages are the weights, if any.
    """

    names: tuple[str, ...]
    pre: str
    pre_part: str
    post: str
    post_part: str
    ports: tuple[str, ...]
    kind: WeightKind
    sign: Sign
    picture: Picture
    shared: bool
    delay: str
    instant: bool
    notes: tuple[str, ...]
    weight: MessageWeight | None = None


def read_boxes(net: Network) -> list[Box]:
    """The populations of a network, in its order."""
    parts = _parts(net)
    return [_box(population, parts[name]) for name, population in net.populations.items()]


def read_connections(net: Network) -> list[Connection]:
    """The synapses of a network; those that differ in their ports only are one connection."""
    parts = _parts(net)
    groups: dict[Connection, list[Connection]] = {}
    for name, synapses in net.synapses.items():
        connection = _connection(name, synapses, net, parts)
        groups.setdefault(replace(connection, names=(), ports=(), notes=()), []).append(connection)
    return [_merged(group) for group in groups.values()]


def caption(net: Network) -> str:
    """One line about the whole network: its number of neurons and its schedule."""
    neurons = sum(population.size for population in net.populations.values())
    return f"{neurons:,} neuron{'s' if neurons > 1 else ''}, {net.schedule.words}"


def part_text(part: Part) -> str:
    """A slice as it is written after the name, such as '[:3200]'; of a long one its number of neurons."""
    written = part.label.removeprefix(part.name)
    return written if len(written) <= LONGEST_PART else f"{part.size:,} chosen neurons"


def ticks_text(number: int) -> str:
    """A delay in ticks as text, '' for 0."""
    return "" if number == 0 else f"{number} tick{'s' if number > 1 else ''}"


def _parts(net: Network) -> Parts:
    """The slices that synapses name; two of one population that are shown alike are numbered."""
    named: dict[str, dict[str, Part]] = {name: {} for name in net.populations}
    for synapses in net.synapses.values():
        for end in (synapses.pre, synapses.post, synapses.weight_population):
            if isinstance(end, Part):
                named[end.name][end.label] = end
    return {name: _part_texts(parts) if len(parts) <= MOST_PARTS else {} for name, parts in named.items()}


def _part_texts(parts: dict[str, Part]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for label, part in sorted(parts.items(), key=lambda pair: int(pair[1].indices.min(initial=0))):
        text = part_text(part)
        before = sum(other.startswith(text) for other in texts.values())
        texts[label] = f"{text} ({before + 1})" if before else text
    return texts


def _part(end: Population, parts: Parts) -> str:
    return parts[end.name].get(end.label, "") if isinstance(end, Part) else ""


def _box(population: Neurons, parts: dict[str, str]) -> Box:
    return Box(
        population.name,
        sizes_text(population.shape),
        _cell_kind(population),
        _main_line(population),
        ", ".join(population.learns),
        tuple(parts.values()),
    )


def _cell_kind(population: Neurons) -> CellKind:
    if population.driven:
        return "driven"
    if population.spiking:
        return "spiking"
    return "random" if random_calls(population.statements) else "graded"


def _main_line(population: Neurons) -> str:
    """The equation of the first variable of a neuron, or the assignment of what it sends."""
    if population.driven:
        return "driven from outside"
    sent = None if population.spiking else population.sends
    equation = next((line for line in population.lines if line.kind == "differential"), None)
    statement = next((s for s in reversed(population.statements) if sent in (None, s.name)), None)
    if equation is not None and (statement is None or sent == equation.name):
        line = f"d{equation.name}/dt = {equation.expression}"
    elif statement is not None:
        line = f"{statement.name} {statement.op} {statement.expression}"
    elif population.threshold:
        line = f"spikes if {population.threshold}"
    else:
        line = population.equations.strip().splitlines()[0]
    line = re.sub(r"\s*(\*\*|\*|/)\s*", r"\1", " ".join(line.split()))
    return line if len(line) <= LONGEST_TEXT else f"{line[: LONGEST_TEXT - 2].rstrip()} {ELLIPSIS}"


def _connection(name: str, synapses: Synapses, net: Network, parts: Parts) -> Connection:
    target = _target(synapses)
    source, delay = synapses.weight_population, synapses.delay
    weight_delay = synapses.weight.ticks if isinstance(synapses.weight, Delayed) else 0
    return Connection(
        names=(name,),
        pre=synapses.pre.name,
        pre_part=_part(synapses.pre, parts),
        post=synapses.post.name,
        post_part=_part(synapses.post, parts),
        ports=("" if synapses.post.population.port_names == (target,) else target,),
        kind=_weight_kind(synapses),
        sign=sign_of(synapses, target),
        picture=synapses.wiring.picture(synapses.pre, synapses.post),
        shared=synapses.owner is not None,
        delay=_delay_text(delay, "" if net.schedule.seconds is not None else " ticks"),
        instant=isinstance(delay, Value) and not delay.number.any(),
        notes=_notes(synapses, target, net),
        weight=None if source is None else _message_weight(source, weight_delay, parts),
    )


def _message_weight(source: Population, delay: int, parts: Parts) -> MessageWeight:
    return MessageWeight(source.name, _part(source, parts), ticks_text(delay))


def _merged(group: list[Connection]) -> Connection:
    """One connection for several; only notes that all of them have are kept."""
    ports = tuple(dict.fromkeys(port for connection in group for port in connection.ports))
    notes = [note for note in group[0].notes if all(note in other.notes for other in group)]
    if len(group) > len(ports):
        notes.insert(0, f"{len(group)} of these")
    names = tuple(name for connection in group for name in connection.names)
    return replace(group[0], names=names, ports=ports, notes=tuple(notes))


def _target(synapses: Synapses) -> str:
    """The port or variable that messages act on.

    Of text without `to`, it is the first variable of the target that the text assigns.
    """
    if synapses.to is not None:
        return synapses.to
    post = synapses.post.population
    known = {f"{name}_post": name for name in (*post.port_names, *post.states)}
    summed = [line.name for line in synapses.lines if "summed" in line.flags]
    named = (*summed, *(statement.name for statement in synapses.pre_statements))
    return next((known[name] for name in named if name in known), next(iter(post.port_names), ""))


def _weight_kind(synapses: Synapses) -> WeightKind:
    if synapses.weight_population is not None:
        return "message"
    own = {"w"} | {line.name for line in synapses.lines if line.kind != "subexpression"}
    assigned = {statement.name for statement in (*synapses.pre_statements, *synapses.post_statements)}
    if own & assigned or any(line.kind == "differential" for line in synapses.lines):
        return "plastic"
    return "learned" if (synapses.owner or synapses).learns or synapses.learns else "fixed"


def _delay_text(delay: Value | Distribution, ticks: str) -> str:
    """A delay as text, '' for 0; `ticks` is what follows numbers of ticks, '' where delays are times."""
    if isinstance(delay, Distribution):
        return delay.summary() + ticks if delay.summary() else number_text(delay)
    if not delay.number.any():
        return ""
    low, high = (Value(bound, delay.dim) for bound in (delay.number.min(), delay.number.max()))
    if low != high:
        return interval_text(low, high) + ticks
    return ticks_text(int(high.number)) if ticks else show(high)


def _notes(synapses: Synapses, target: str, net: Network) -> tuple[str, ...]:
    reduction = dict(synapses.post.population.ports).get(target, "sum")
    notes = (*synapses.wiring.note(reduction).split("\n"), _weight_note(synapses, net))
    return tuple(note for note in notes if note)


def _weight_note(synapses: Synapses, net: Network) -> str:
    weight, owner = synapses.weight, net.owner(synapses)
    if owner is not None:
        return f"= {owner}" + (" transposed" if isinstance(weight, Transposed) else "")
    if synapses.weight_population is not None or synapses.learns:
        return ""
    if isinstance(weight, Distribution):
        return weight.note()
    assert isinstance(weight, Value)
    return "" if not weight.scalar or (weight.dim == PLAIN and weight.number == 1) else f"w = {show(weight)}"
