"""C++ of what happens to neurons that have spiked: they become refractory, and are reset."""

from __future__ import annotations

from neurosim.engine.events.comments import commented
from neurosim.engine.events.driven import has_events, take_events
from neurosim.engine.events.keys import LastSpike, NotRefractory, StateArray
from neurosim.engine.events.loops import Loop, function, identifier
from neurosim.engine.events.names import group_names, kept_ports, state_pointer, texts_of, used_names
from neurosim.engine.events.numbering import Numbering, number_of
from neurosim.engine.events.order import stores_refractoriness, unmoved_at
from neurosim.network.program import Do
from neurosim.plan.codegen.cpp_code import cpp_statements
from neurosim.plan.plan import Group, Plan


def threshold(plan: Plan, numbering: Numbering, group: Group) -> list[str]:
    """The function that takes the spikes of an input, makes neurons that spike refractory, keeps the time."""
    number = number_of(plan, group.name)
    lines = [take_events(numbering, group.name, number)] if has_events(plan, group) else []
    changes: list[str] = []
    if group.spike_time:
        time = numbering.pointer("Real", StateArray(group.name, group.spike_time))
        lines.append(f"Real* const time = {time};")
        changes.append("time[i] = static_cast<Real>(context.tick * context.network.dt);")
    if group.refractory is not None:
        changes.append("last[i] = static_cast<Integer>(context.run_tick());")
        lines.append(f"Integer* const last = {numbering.pointer('Integer', LastSpike(group.name))};")
        if stores_refractoriness(plan, group):
            active = numbering.pointer("Integer", NotRefractory(group.name))
            changes.append("active[i] = 0;")
            lines.append(f"Integer* const active = {active};")
    if changes:
        lines.append(f"for (int32_t i : context.spikes({number}, context.block)) {{ {' '.join(changes)} }}")
    signature = f"void threshold_{identifier(group.name)}([[maybe_unused]] Context& context)"
    return function(f"Neurons '{group.name}': spikes", signature, lines)


def reset(plan: Plan, numbering: Numbering, group: Group) -> list[str]:
    """The function that resets the neurons that have spiked in this tick."""
    block = group.reset
    assert block is not None
    loop = Loop(plan, numbering, unmoved=unmoved_at(plan, group.name, Do.RESET))
    wanted, owner = used_names(*texts_of(block)), plan.variable_owner(group)
    names = group_names(loop, owner, wanted, kept_ports(loop, owner, wanted))
    first = loop.random(group.name, block.name, block.statements)
    lines, values = cpp_statements(block.statements, names, precision=plan.precision, first_call=first)
    loop.body += [*commented(block), *lines]
    for name in block.writes:
        target = state_pointer(loop, owner, name)
        loop.body.append(f"{target}[i] = static_cast<Real>({values[name].text});")
    spikes = f"context.spikes({number_of(plan, group.name)}, context.block)"
    opening = f"for (const int32_t i : {spikes}) {{"
    return loop.function(f"Neurons '{group.name}': reset", f"reset_{identifier(group.name)}", opening)
