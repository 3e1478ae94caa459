"""C++ for the names that a population's text reads, and which parts of the text need which of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from neurosim.engine.events.called import called_at
from neurosim.engine.events.keys import (
    Constant,
    ConstantKey,
    LastSpike,
    LinkIndex,
    NotRefractory,
    PortRead,
    RefractoryTicks,
    StateArray,
)
from neurosim.engine.events.loops import Loop, identifier
from neurosim.engine.events.numbering import array_type
from neurosim.engine.events.order import spikes_as_it_moves, stores_refractoriness
from neurosim.network.text import names_in
from neurosim.plan.called import Called
from neurosim.plan.codegen.cpp_code import Typed
from neurosim.plan.plan import Block, Group, Link, Plan, Private

CPP_TYPE = {"Real": "Real", "bool": "bool", "float": "double"}  # of a constant, by its type in text


def used_names(*texts: str) -> set[str]:
    """The names that expressions read."""
    return set[str]().union(*(names_in(text) for text in texts if text))


def texts_of(block: Block | None) -> list[str]:
    """The expressions of a block, and the names whose old values it needs (for `+=`, or while refractory)."""
    if block is None:
        return []
    return [s.expression for s in block.statements] + [
        s.name for s in block.statements if s.op != "=" or s.name in block.frozen
    ]


def group_names(
    loop: Loop, group: Group, wanted: set[str], ports: Mapping[str, Typed] | None = None
) -> dict[str, Typed]:
    """C++ for the wanted names of a population, at the neuron of a loop.

    `ports` holds C++ for what has been read at ports in this tick; None: they have not been read yet and
    count as 0.
    """
    names: dict[str, Typed] = {}
    for name in sorted(wanted):
        if name in group.states:
            names[name] = Typed(f"{state_pointer(loop, group, name)}[{loop.index}]", "Real")
        elif name in group.links:
            names[name] = _linked(loop, group, name)
        elif name in group.ports:
            names[name] = (ports or {}).get(name, Typed("Real(0)", "Real"))
        elif name in group.constants:
            tag, key = f"{identifier(group.name)}_{name}", Constant(group.name, name)
            names[name] = constant_at(loop, tag, group.constants[name], loop.index, key)
        elif name == "t":
            time = loop.declare("const double", "t_now", "context.tick * context.network.dt")
            names[name] = Typed(time, "double")
        elif name == "not_refractory":
            names[name] = Typed(not_refractory(loop, group), "bool")
    return names


def _linked(loop: Loop, group: Group, name: str) -> Typed:
    """C++ for a name that means a variable of another population, at the neuron of a loop."""
    tag, key = f"{identifier(group.name)}_{name}_linked", LinkIndex(group.name, name)
    return linked_at(loop, group.links[name], tag, key, loop.index)


def linked_at(loop: Loop, link: Link, tag: str, key: LinkIndex, index: str) -> Typed:
    """C++ for a variable of another population that text of a neuron or synapse, `index`, reads."""
    of = loop.pointer(tag, "int64_t", key, const=True)
    values = state_pointer(loop, loop.plan.groups[link.owner], link.variable)
    return Typed(f"{values}[{of}[{index}]]", "Real")


def state_pointer(loop: Loop, group: Group, variable: str) -> str:
    """The name of a pointer to a state variable of a population, declared before the loop."""
    return loop.pointer(f"{identifier(group.name)}_{variable}_at", "Real", StateArray(group.name, variable))


def not_refractory(loop: Loop, group: Group) -> str:
    """C++ for whether a neuron is not refractory; until its population moves, as in the last tick."""
    rule, tag = group.refractory, identifier(group.name)
    if rule is None:
        return "true"
    if stores_refractoriness(loop.plan, group):
        return f"{not_refractory_pointer(loop, group)}[{loop.index}] != 0"
    last = last_spike_pointer(loop, group)
    period = loop.numbering.integer_value(RefractoryTicks(group.name))
    early = group.name in loop.unmoved
    since = loop.declare(
        "const Integer",
        f"{tag}_active_since{'_early' if early else ''}",
        f"static_cast<Integer>(context.run_tick() - {period}{' - 1' if early else ''})",
    )
    return f"{last}[{loop.index}] <= {since}"


def not_refractory_pointer(loop: Loop, group: Group) -> str:
    """The name of a pointer to whether each neuron is not refractory."""
    return loop.pointer(f"{identifier(group.name)}_not_refractory_at", "Integer", NotRefractory(group.name))


def last_spike_pointer(loop: Loop, group: Group) -> str:
    """The name of a pointer to the tick of each neuron's last spike."""
    return loop.pointer(f"{identifier(group.name)}_last_spike_at", "Integer", LastSpike(group.name))


def constant_at(loop: Loop, tag: str, value: ArrayLike | Called, index: str, key: ConstantKey) -> Typed:
    """C++ for a constant: a number or table declared before the loop, an element of an array, a function."""
    if isinstance(value, Called):
        return called_at(loop, tag, value, key)
    if np.ndim(value) == 0:
        text, number_type = loop.numbering.constant(value, key)
        return Typed(loop.declare(f"const {CPP_TYPE[number_type]}", f"{tag}_now", text), number_type)
    cpp_type, number_type = array_type(value)
    return Typed(f"{loop.pointer(f'{tag}_at', cpp_type, key, const=True)}[{index}]", number_type)


def port_pointer(loop: Loop, group: Group, port: str) -> str:
    """The name of a pointer to what the neurons have read at a port in this tick."""
    return loop.pointer(f"{identifier(group.name)}_{port}_read_at", "Real", PortRead(group.name, port))


def kept_ports(loop: Loop, group: Group, wanted: set[str]) -> dict[str, Typed]:
    """C++ for what the wanted ports of a population held when they were read in this tick; 0 before that."""
    if group.name in loop.unmoved:
        return {}
    ports = [port for port in group.ports if port in wanted]
    return {port: Typed(f"{port_pointer(loop, group, port)}[{loop.index}]", "Real") for port in ports}


def ports_to_keep(plan: Plan, group: Group) -> set[str]:
    """The ports whose reading is kept after the update: it is recorded, or used by text that runs later."""
    chances = [p.chance for p in plan.of_class(Private) if p.pre == group.name]
    later = used_names(*texts_of(group.reset), *group.subexpressions.values(), *chances)
    later |= used_names(*(text for block in group.periodic.values() for text in texts_of(block)))
    if not spikes_as_it_moves(plan, group):
        later |= used_names(*texts_of(group.threshold))
    later |= {
        name
        for view in plan.views_of(group)
        for name in used_names(*texts_of(view.threshold), *texts_of(view.reset))
    }
    recorded = {p.variable for p in plan.probes if p.owner == group.name}
    return {port for port in group.ports if port in later | recorded}
