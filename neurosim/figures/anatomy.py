"""What a diagram shows of a network: boxes for populations, wires for synapses. Plain data, no drawing."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from neurosim.figures.signs import sign_of
from neurosim.network.neighbours import nearby, small_world
from neurosim.network.neurons import Neurons, Part, Population
from neurosim.network.printout import number_text
from neurosim.network.synapses import Delayed, Synapses, Transposed
from neurosim.network.values import PLAIN, Value, show
from neurosim.network.weights import (
    Distribution,
    bounded_normal,
    dale,
    gamma,
    hebbian,
    normal,
    orthogonal,
    spectral_radius,
    uniform,
)
from neurosim.network.windows import conv, einsum, pool
from neurosim.network.wiring import (
    Wiring,
    all_to_all,
    indegree,
    one_to_one,
    outdegree,
    pairs,
    private,
    probability,
    total,
)

if TYPE_CHECKING:
    from neurosim.network.network import Network

CHANCE = re.compile(r"\b(rand|randn|poisson|bernoulli|choice)\s*\(")
LONGEST_TEXT = 34
LONGEST_PART = 18
LONGEST_NOTE = 24
MOST_PARTS = 6
ARROW = "\N{RIGHTWARDS ARROW}"


@dataclass(frozen=True)
class Box:
    """A population: `kind` is 'driven', 'spiking', 'graded' or 'random' (what it sends); `parts` are the slices that synapses name."""

    name: str
    shape: str
    kind: str
    text: str
    learns: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Wire:
    """Synapses drawn as one line.

    `kind` is 'fixed', 'learned', 'plastic', or 'message' (the weight is what another population sends); `sign` is '+', '-' or '+-';
    `icon` names the picture of the wiring; `tied` marks weights shared with other synapses; `weight` is (population, part, delay)
    of a weight that is a message; `instant` is True where nothing is delayed.
    """

    names: tuple[str, ...]
    pre: str
    pre_part: str
    post: str
    post_part: str
    ports: tuple[str, ...]
    kind: str
    sign: str
    icon: str
    tied: bool
    delay: str
    instant: bool
    notes: tuple[str, ...]
    weight: tuple[str, str, str] | None = None


def read_boxes(net: Network) -> list[Box]:
    """The populations of a network, in its order."""
    return [_box(population, _parts(net, population)) for population in net.populations.values()]


def read_wires(net: Network) -> list[Wire]:
    """The synapses of a network; those of one pair that differ in their ports only are one wire."""
    parts = {name: _parts(net, population) for name, population in net.populations.items()}
    groups: dict[Wire, list[Wire]] = {}
    for name, item in net.synapses.items():
        wire = _wire(name, item, net, parts)
        groups.setdefault(replace(wire, names=(), ports=(), notes=()), []).append(wire)
    return [_merged(group) for group in groups.values()]


def caption(net: Network) -> str:
    """One line about the whole network."""
    neurons = sum(population.size for population in net.populations.values())
    return f"{neurons:,} neuron{'s' if neurons > 1 else ''}, {net.schedule.words}"


def _parts(net: Network, population: Neurons) -> dict[str, str]:
    """How the parts of a population that synapses name are shown, by their label: as they are written if that is short."""
    ends = [
        end
        for item in net.synapses.values()
        for end in (item.pre, item.post, item.weight_population)
        if end is not None
    ]
    chosen = {end.label: end for end in ends if isinstance(end, Part) and end.name == population.name}
    if len(chosen) > MOST_PARTS:
        return {}
    shown: dict[str, str] = {}
    for text, end in sorted(chosen.items(), key=lambda item: int(item[1].indices.min(initial=0))):
        name = part_text(end)
        again = sum(other.startswith(name) for other in shown.values())
        shown[text] = f"{name} ({again + 1})" if again else name
    return shown


def part_text(part: Part) -> str:
    """A part as it is written after the name, '[:3200]', or its size where that is long."""
    brief = part.label.removeprefix(part.name)
    return brief if len(brief) <= LONGEST_PART else f"{part.size:,} chosen neurons"


def _part(end: Population, parts: dict[str, dict[str, str]]) -> str:
    return parts[end.name].get(end.label, "") if isinstance(end, Part) else ""


def _box(population: Neurons, parts: dict[str, str]) -> Box:
    shape = " x ".join(f"{n:,}" for n in population.shape).replace("x", "\N{MULTIPLICATION SIGN}")
    return Box(
        population.name,
        shape,
        _kind_of_cell(population),
        _text(population),
        ", ".join(population.learns),
        tuple(parts.values()),
    )


def _kind_of_cell(population: Neurons) -> str:
    if population.driven:
        return "driven"
    if population.spiking:
        return "spiking"
    return "random" if CHANCE.search(population.update) else "graded"


def _text(population: Neurons) -> str:
    """The line that says most about a neuron: the equation of its first variable, or the assignment of what it sends."""
    if population.driven:
        return "driven from outside"
    equation = next((line for line in population.lines if line.kind == "differential"), None)
    wanted = population.sends if not population.spiking else None
    statement = next((s for s in reversed(population.statements) if wanted in (None, s.name)), None)
    if equation is not None and (statement is None or wanted == equation.name):
        line = f"d{equation.name}/dt = {equation.expression}"
    elif statement is not None:
        line = f"{statement.name} {statement.op} {statement.expression}"
    elif population.threshold:
        line = f"spikes if {population.threshold}"
    else:
        line = population.equations.strip().splitlines()[0]
    line = re.sub(r"\s*(\*\*|\*|/)\s*", r"\1", " ".join(line.split()))
    return (
        line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 2].rstrip() + " \N{HORIZONTAL ELLIPSIS}"
    )


def _wire(name: str, item: Synapses, net: Network, parts: dict[str, dict[str, str]]) -> Wire:
    target = _target(item)
    source = item.weight_population
    lag = item.weight.ticks if isinstance(item.weight, Delayed) else 0
    return Wire(
        names=(name,),
        pre=item.pre.name,
        pre_part=_part(item.pre, parts),
        post=item.post.name,
        post_part=_part(item.post, parts),
        ports=(_port(item, target),),
        kind=_kind_of_wire(item),
        sign=sign_of(item, target),
        icon=_icon(item),
        tied=isinstance(item.weight, (Synapses, Transposed)),
        delay=_delay(item.delay, net),
        instant=isinstance(item.delay, Value) and not np.any(item.delay.number),
        notes=_notes(item, net),
        weight=None if source is None else (source.name, _part(source, parts), ticks(lag)),
    )


def _merged(group: list[Wire]) -> Wire:
    ports = tuple(dict.fromkeys(port for wire in group for port in wire.ports))
    notes = [note for note in group[0].notes if all(note in wire.notes for wire in group)]
    if len(group) > len(ports):
        notes.insert(0, f"{len(group)} of these")
    return replace(
        group[0], names=tuple(name for wire in group for name in wire.names), ports=ports, notes=tuple(notes)
    )


def _target(item: Synapses) -> str:
    """The port or variable that messages act on; for text without `to`, the first variable of the target that it names."""
    if item.to is not None:
        return item.to
    known = {
        f"{name}_post": name for name in (*item.post.population.port_names, *item.post.population.states)
    }
    lines = [line.name for line in item.lines if "summed" in line.flags]
    touched = [known[name] for name in (*lines, *(s.name for s in item.pre_statements)) if name in known]
    return next(iter(touched), item.post.population.port_names[0] if item.post.population.port_names else "")


def _port(item: Synapses, target: str) -> str:
    population = item.post.population
    return "" if population.port_names == (target,) else target


def _kind_of_wire(item: Synapses) -> str:
    if item.weight_population is not None:
        return "message"
    own = {"w"} | {line.name for line in item.lines if line.kind != "subexpression"}
    moves = any(line.kind == "differential" for line in item.lines)
    if moves or any(statement.name in own for statement in (*item.pre_statements, *item.post_statements)):
        return "plastic"
    return "learned" if (item.owner or item).learns or item.learns else "fixed"


def _icon(item: Synapses) -> str:
    wiring = item.wiring
    if isinstance(wiring, pairs):
        return "dense" if wiring.pre.size >= item.pre.size * item.post.size else "sparse"
    names = {
        all_to_all: "dense",
        one_to_one: "one",
        conv: "conv",
        pool: "pool",
        einsum: "einsum",
        private: "private",
    } | dict.fromkeys((nearby, small_world), "nearby")
    if isinstance(wiring, probability) and wiring.p == 1:
        return "dense"
    return names.get(type(wiring), "sparse")


def ticks(number: int) -> str:
    """A delay in ticks, nothing where there is none."""
    return "" if number == 0 else f"{number} tick{'s' if number > 1 else ''}"


def _delay(delay: Value | Distribution, net: Network) -> str:
    clocked = net.schedule.seconds is not None
    if isinstance(delay, Value):
        if not np.any(delay.number):
            return ""
        low, high = (Value(edge, delay.dim) for edge in (delay.number.min(), delay.number.max()))
        if delay.scalar or low == high:
            return show(high) if clocked else ticks(int(high.number))
        return _span(low, high) + ("" if clocked else " ticks")
    if isinstance(delay, uniform):
        return _span(delay.low, delay.high) + ("" if clocked else " ticks")
    if isinstance(delay, normal | bounded_normal | gamma):
        return _around(delay.mean, delay.sd) + ("" if clocked else " ticks")
    return number_text(delay)


def _same_unit(first: Value, second: Value) -> tuple[str, str]:
    """Two values, the unit left out of the first where the second repeats it."""
    a, b = show(first), show(second)
    unit_a, unit_b = a.partition(" ")[2], b.partition(" ")[2]
    return (a.partition(" ")[0] if unit_a == unit_b or not first.number else a), b


def _span(low: Value, high: Value) -> str:
    return " to ".join(_same_unit(low, high))


def _around(mean: Value, sd: Value) -> str:
    return " \N{PLUS-MINUS SIGN} ".join(_same_unit(mean, sd))


def _notes(item: Synapses, net: Network) -> tuple[str, ...]:
    notes = (*_letters(item.wiring), _wiring_note(item), _weight_note(item, net))
    return tuple(note for note in notes if note)


def _letters(wiring: Wiring) -> tuple[str, ...]:
    """The axes of an einsum; long ones in three lines."""
    if not isinstance(wiring, einsum):
        return ()
    sender, weight, target = (" ".join(axes) for axes in wiring.operands)
    line = f"{sender}, {weight} {ARROW} {target}"
    return (line,) if len(line) <= LONGEST_NOTE else (f"{sender},", weight, f"{ARROW} {target}")


def _wiring_note(item: Synapses) -> str:
    wiring = item.wiring
    if isinstance(wiring, probability):
        return "" if wiring.p == 1 else f"{100 * float(wiring.p):.3g} % of pairs"
    if isinstance(wiring, indegree):
        return f"{wiring.k:,} into each"
    if isinstance(wiring, outdegree):
        return f"{wiring.k:,} from each"
    if isinstance(wiring, total):
        return f"{wiring.n:,} synapses"
    if isinstance(wiring, pairs):
        return f"{wiring.pre.size:,} synapses"
    if isinstance(wiring, private):
        return f"{wiring.n:,} of its own each"
    if isinstance(wiring, nearby):
        return f"nearby, scale {float(wiring.scale):g}"
    if isinstance(wiring, small_world):
        return f"{wiring.k:,} nearest, {100 * float(wiring.rewire):.3g} % rewired"
    if isinstance(wiring, (conv, pool)):
        return _window_note(item, wiring)
    return ""


def _window_note(item: Synapses, wiring: conv | pool) -> str:
    kernel = " \N{MULTIPLICATION SIGN} ".join(str(n) for n in wiring.kernel)
    if isinstance(wiring, conv):
        stride = wiring.stride if isinstance(wiring.stride, tuple) else (wiring.stride,)
        step = "" if set(stride) == {1} else f", stride {' '.join(str(s) for s in dict.fromkeys(stride))}"
        return f"conv {kernel}{step}"
    return f"{dict(item.post.population.ports).get(item.to or '', 'sum')} of {kernel}"


def _weight_note(item: Synapses, net: Network) -> str:
    weight = item.weight
    if item.owner is not None:
        return f"= {net.name_of(item.owner)}" + (" transposed" if isinstance(weight, Transposed) else "")
    if item.weight_population is not None or item.learns:
        return ""
    if isinstance(weight, Value):
        return (
            "" if not weight.scalar or (weight.dim == PLAIN and weight.number == 1) else f"w = {show(weight)}"
        )
    return _drawn_note(weight)


def _drawn_note(weight: Distribution) -> str:
    if isinstance(weight, spectral_radius):
        return f"random, \N{GREEK SMALL LETTER RHO} = {float(weight.rho):g}"
    if isinstance(weight, orthogonal):
        return f"orthogonal, {float(weight.gain):g}"
    if isinstance(weight, hebbian):
        return f"Hebbian, {weight.patterns.shape[0]} pattern{'s' if weight.patterns.shape[0] > 1 else ''}"
    if isinstance(weight, dale):
        return f"Dale, {100 * weight.inhibitory:.3g} % inhibit"
    if isinstance(weight, normal | bounded_normal):
        return (
            f"random, {_around(weight.mean, weight.sd)}"
            if float(weight.sd.number)
            else f"w = {show(weight.mean)}"
        )
    if isinstance(weight, gamma):
        return f"random, {_around(weight.mean, weight.sd)}"
    if isinstance(weight, uniform):
        return f"random, {_span(weight.low, weight.high)}"
    return "random"
