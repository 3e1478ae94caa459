"""The text that `print(net)` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurosim.network.expression import Expression
from neurosim.network.neurons import Neurons, label
from neurosim.network.synapses import Delayed, Synapses, Transposed
from neurosim.network.values import Value
from neurosim.network.weights import Distribution

if TYPE_CHECKING:
    from neurosim.network.network import Network


def printout(net: Network) -> str:
    """Populations, synapses and the step program of a network, as aligned text."""
    populations = [_population(p) for p in net.populations.values()]
    synapses = [_synapses(name, item) for name, item in net.synapses.items()]
    neurons = sum(p.size for p in net.populations.values())
    blocks = [f"Network of {neurons:,} neurons, {net.schedule}", "Populations", *_columns(populations)]
    if synapses:
        blocks += ["Synapses", *_columns(synapses)]
    if net.parts:
        blocks += ["Parts", *_columns([[name, ", ".join(members)] for name, members in net.parts.items()])]
    if net.tied:
        blocks += ["Tied", *_columns([[constant, f"= {source}"] for constant, source in net.tied.items()])]
    steps = [
        [
            str(n),
            f"{step.kind} {step.arriving}".strip(),
            " ".join(filter(None, (step.names, step.block and f"({step.block})", step.ticks))),
        ]
        for n, step in enumerate(net.program, 1)
    ]
    return "\n".join([*blocks, "Each tick", *_columns(steps)])


def _columns(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _population(population: Neurons) -> list[str]:
    if population.driven:
        return [population.name, _shape(population.shape), "driven", "", ""]
    kind = "spikes" if population.spiking else f"sends {population.sends}"
    ports = " ".join(name if reduce == "sum" else f"{name}:{reduce}" for name, reduce in population.ports)
    return [
        population.name,
        _shape(population.shape),
        kind,
        f"ports {ports}",
        f"states {' '.join(population.states)}",
    ]


def _synapses(name: str, item: Synapses) -> list[str]:
    ends = f"{label(item.pre)} -> {label(item.post)}" + (f".{item.to}" if item.to else "")
    marks = ([_learning(item)] if item.learns else []) + (["with text"] if item.text else [])
    return [
        name,
        ends,
        str(item.wiring),
        f"weight {weight_text(item.weight)}",
        f"delay {_delays(item)}",
        " ".join(marks),
    ]


def _learning(item: Synapses) -> str:
    return "learns" if item.learns is True else f"learns {' '.join(item.learning)}"


def _delays(item: Synapses) -> str:
    if not item.further:
        return number_text(item.delay)
    return ", ".join(f"{path.name} {number_text(path.delay)}" for path in item.pathways.texts)


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in shape)


def number_text(number: Value | Distribution | Expression) -> str:
    """A number, distribution or expression as it would be written."""
    if isinstance(number, Value | Expression):
        return str(number)
    values = [getattr(number, name) for name in number.__dataclass_fields__]  # type: ignore[attr-defined]
    shown = [
        number_text(v) if isinstance(v, (Value, Distribution)) else f"{v:g}" for v in values if v is not None
    ]
    return f"{type(number).__name__}({', '.join(shown)})"


def weight_text(weight: object) -> str:
    """A weight as it would be written; a population by its name."""
    if isinstance(weight, Delayed):
        return f"delayed({label(weight.population)}, {weight.ticks})"
    if isinstance(weight, Transposed):
        return f"{weight_text(weight.synapses)}.T"
    if isinstance(weight, Synapses):
        return f"of {label(weight.pre)} -> {label(weight.post)}"
    if isinstance(weight, (Value, Distribution, Expression)):
        return number_text(weight)
    return label(weight)  # type: ignore[arg-type]
