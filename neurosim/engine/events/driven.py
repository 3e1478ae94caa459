"""C++ of what inputs give: the values and spikes of driven populations, and of those that are clamped."""

from __future__ import annotations

from neurosim.engine.events.keys import DriveEvents, DriveStride, DriveValues, EventPart, PopulationSize
from neurosim.engine.events.loops import Loop, function, identifier
from neurosim.engine.events.numbering import Numbering, number_of
from neurosim.engine.state import spikes_sent
from neurosim.plan.plan import Group, Plan


def has_events(plan: Plan, group: Group) -> bool:
    """Whether an input gives the spikes of a population."""
    drive = plan.drives.get(group.name)
    return drive is not None and drive.events


def drive_values(loop: Loop, population: str) -> str:
    """The name of a pointer to the values that drive or clamp a population in this tick."""
    stride = loop.numbering.integer_value(DriveStride(population))
    size = loop.numbering.integer_value(PopulationSize(population))
    tick = "(context.run_tick() - context.trial.fed_from)"
    first = f"context.trial.number * {stride} + {tick} * {size}"
    values = loop.numbering.shared_pointer("double", DriveValues(population))
    return loop.declare("const double* const", f"{identifier(population)}_given", f"{values} + {first}")


def take_events(numbering: Numbering, population: str, number: str) -> str:
    """C++ that lists the spikes of this tick that an input gives; `number` is that of the population."""
    parts = [numbering.array(DriveEvents(population, part)) for part in EventPart]
    return f"drive_events(context, {number}, {', '.join(parts)});"


def drive(plan: Plan, numbering: Numbering, group: Group) -> list[str]:
    """The function by which a driven population sends this tick's values, or spikes, of its input."""
    number = number_of(plan, group.name)
    if spikes_sent(plan, group.name):
        lines = [take_events(numbering, group.name, number)]
    else:
        loop = Loop(plan, numbering)
        values = drive_values(loop, group.name)
        lines = [
            *loop.before.values(),
            f"Real* const message = history_of(context, {number}).next(context.tick);",
            f"const int32_t size = context.network.sizes[{number}];",
            f"for (int32_t i = 0; i < size; ++i) message[i] = static_cast<Real>({values}[i]);",
        ]
    return function(
        f"Neurons '{group.name}': input", f"void drive_{identifier(group.name)}(Context& context)", lines
    )
