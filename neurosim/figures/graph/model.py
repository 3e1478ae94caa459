"""What a diagram shows of a network: boxes for populations, connections for synapses.

It is plain data, which nothing here places or draws.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from neurosim.figures.expressions import (
    is_random,
    population_lines,
    rounded_numbers,
    size_text,
    synapse_lines,
)
from neurosim.figures.graph.polarity import Sign, sign_of
from neurosim.network.expression import Expression
from neurosim.network.neurons import Neurons, Population
from neurosim.network.part import Part
from neurosim.network.pictures import Picture, interval_text, sizes_text
from neurosim.network.printout import number_text
from neurosim.network.synapses import Delayed, Synapses, Transposed
from neurosim.network.values import PLAIN, Value, show
from neurosim.network.weights import Distribution
from neurosim.network.windows import pool

if TYPE_CHECKING:
    from neurosim.network.network import Network

LONGEST_PART = 18  # characters of a slice; a longer one is shown by its number of neurons
MOST_PARTS = 6  # slices that a box shows; where synapses name more of them, it shows none

CellKind = Literal["driven", "spiking", "graded", "random", "closed"]
WeightKind = Literal["fixed", "learned", "plastic", "message"]
Parts = dict[str, dict[str, str]]  # by population and label of the part: the text that the box shows for it


@dataclass(frozen=True)
class Box:
    """A population, or a part of the network that is closed.

    shape: its shape as text.
    kind: 'driven' from outside, or what it sends: spikes, values ('graded') or random draws; or 'closed'.
    text: how it calculates what it sends, line by line.
    learns: its constants that training may change, as text.
    parts: the slices of it that synapses name, from the first neuron to the last.
    title: how it is called in its frame, '' for its name.
    """

    name: str
    shape: str
    kind: CellKind
    text: tuple[str, ...]
    learns: str
    parts: tuple[str, ...]
    title: str = ""

    @property
    def key(self) -> str:
        return f"{{{self.name}}}" if self.kind == "closed" else self.name


class MessageWeight(NamedTuple):
    """A weight that is what a population sends: the population, the part of it, the variable ('' for the one
    that it sends by itself), and the delay as text."""

    population: str
    part: str
    variable: str
    delay: str


@dataclass(frozen=True)
class Connection:
    """Synapses that are drawn as one line.

    names: the names of the synapses.
    pre_part, post_part: the slices that they join, '' for whole populations.
    ports: where they arrive, one arrowhead for each; '' if the target has one port only.
    kind: whether weights are fixed, learned by training, plastic (changed by text), or messages.
    sign: whether the weights excite, inhibit, or either.
    picture: that of the wiring, None for several different ones.
    shared: whether the weights are those of other synapses.
    delay: as text, '' for none.
    instant: whether no delay is above 0.
    notes: lines of text beside the picture.
    weight: which messages are the weights, if any.
    variable: what the sender sends, '' for what it sends by itself.
    """

    names: tuple[str, ...]
    pre: str
    pre_part: str
    post: str
    post_part: str
    ports: tuple[str, ...]
    kind: WeightKind
    sign: Sign
    picture: Picture | None
    shared: bool
    delay: str
    instant: bool
    notes: tuple[str, ...]
    weight: MessageWeight | None = None
    variable: str = ""


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
    written = _slice(part).label.removeprefix(part.name)
    return written if len(written) <= LONGEST_PART else f"{part.size:,} chosen neurons"


def ticks_text(number: int) -> str:
    """A delay in ticks as text, '' for 0."""
    return "" if number == 0 else f"{number} tick{'s' if number > 1 else ''}"


def _parts(net: Network) -> Parts:
    """The slices that synapses name; two of one population that are shown alike are numbered."""
    named: dict[str, dict[str, Part]] = {name: {} for name in net.populations}
    for synapses in net.synapses.values():
        for end in (synapses.pre, synapses.post, synapses.weight_population):
            if isinstance(end, Part) and end.key:
                named[end.name][_slice(end).label] = _slice(end)
    return {name: _part_texts(parts) if len(parts) <= MOST_PARTS else {} for name, parts in named.items()}


def _part_texts(parts: dict[str, Part]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for label, part in sorted(parts.items(), key=lambda pair: int(pair[1].indices.min(initial=0))):
        text = part_text(part)
        before = sum(other.startswith(text) for other in texts.values())
        texts[label] = f"{text} ({before + 1})" if before else text
    return texts


def _part(end: Population, parts: Parts) -> str:
    return parts[end.name].get(_slice(end).label, "") if isinstance(end, Part) else ""


def _slice(part: Part) -> Part:
    """The same neurons, whatever they send."""
    return Part(part.population, part.key)


def _variable(end: Population) -> str:
    """The variable that a sender sends if it is another one than its population sends, or else ''."""
    if not isinstance(end, Part) or end.variable is None or end.source == end.name:
        return ""
    return end.variable


def _box(population: Neurons, parts: dict[str, str]) -> Box:
    return Box(
        population.name,
        size_text(population),
        _cell_kind(population),
        population_lines(population),
        ", ".join(population.learns),
        tuple(parts.values()),
    )


def _cell_kind(population: Neurons) -> CellKind:
    if population.driven:
        return "driven"
    if population.spiking:
        return "spiking"
    return "random" if is_random(population) else "graded"


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
        delay=rounded_numbers(_delay_text(delay, "" if net.schedule.seconds is not None else " ticks")),
        instant=isinstance(delay, Value) and not delay.number.any(),
        notes=_notes(synapses, target, net),
        weight=None if source is None else _message_weight(source, weight_delay, parts),
        variable=_variable(synapses.pre),
    )


def _message_weight(source: Population, delay: int, parts: Parts) -> MessageWeight:
    return MessageWeight(source.name, _part(source, parts), _variable(source), ticks_text(delay))


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
    assigned = {statement.name for statement in synapses.all_statements}
    if own & assigned or any(line.kind == "differential" for line in synapses.lines):
        return "plastic"
    return "learned" if "weight" in (synapses.owner or synapses).learning + synapses.learning else "fixed"


def _delay_text(delay: Value | Distribution | Expression, ticks: str) -> str:
    """A delay as text, '' for 0; `ticks` is what follows numbers of ticks, '' where delays are times."""
    if isinstance(delay, Expression):
        return delay.short
    if isinstance(delay, Distribution):
        return delay.summary() + ticks if delay.summary() else number_text(delay)
    if not delay.number.any():
        return ""
    low, high = (Value(bound, delay.dim) for bound in (delay.number.min(), delay.number.max()))
    if low != high:
        return interval_text(low, high) + ticks
    return ticks_text(int(high.number)) if ticks else show(high)


def _notes(synapses: Synapses, target: str, net: Network) -> tuple[str, ...]:
    wiring = _wiring_note(synapses, target).split("\n")
    notes = (*wiring, _weight_note(synapses, net), *synapse_lines(synapses))
    return tuple(rounded_numbers(note) for note in notes if note)


def _wiring_note(synapses: Synapses, target: str) -> str:
    """What the wiring says of itself; pooling backwards spreads what arrives."""
    wiring = synapses.wiring
    if isinstance(wiring, pool) and isinstance(synapses.weight, Transposed):
        return f"spread over {sizes_text(wiring.kernel)}"
    return wiring.note(dict(synapses.post.population.ports).get(target, "sum"))


def _weight_note(synapses: Synapses, net: Network) -> str:
    weight, owner = synapses.weight, net.owner(synapses)
    if owner is not None:
        return f"= {owner}" + (" transposed" if isinstance(weight, Transposed) else "")
    if synapses.weight_population is not None or "weight" in synapses.learning:
        return ""
    if isinstance(weight, Distribution):
        return weight.note()
    if isinstance(weight, Expression):
        return f"w = {weight.short}"
    assert isinstance(weight, Value)
    return "" if not weight.scalar or (weight.dim == PLAIN and weight.number == 1) else f"w = {show(weight)}"
