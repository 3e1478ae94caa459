"""C++ of asynchronous sweeps: the turn of one neuron, and how its change is passed on."""

from __future__ import annotations

from neurosim.engine.delivery import Afferents, afferents_into
from neurosim.engine.events.arrivals import dense_handles
from neurosim.engine.events.driven import drive_values
from neurosim.engine.events.keys import (
    DensePart,
    DensePlaces,
    End,
    LocalFieldArray,
    LocalFieldPart,
    LocalFieldSegments,
)
from neurosim.engine.events.loops import Loop, for_each_trial, function, identifier, indented
from neurosim.engine.events.names import (
    group_names,
    port_pointer,
    ports_to_keep,
    state_pointer,
    texts_of,
    used_names,
)
from neurosim.engine.events.numbering import Numbering, braced, number_of
from neurosim.engine.events.stages import REDUCE
from neurosim.network.program import Step
from neurosim.plan.codegen.cpp_code import Typed, cpp_statements
from neurosim.plan.plan import Dense, Group, Plan


def sweep(plan: Plan, numbering: Numbering, step: Step) -> list[str]:
    """The functions of a sweep over the populations of a step."""
    all_afferents = afferents_into(plan, step.populations)
    lines: list[str] = []
    for name in step.populations:
        lines += _turn(plan, numbering, plan.groups[name], all_afferents)
    fields = [
        f"begin_local_field(context, {_local_field(numbering, afferents)}, history_of);"
        for afferents in all_afferents
        if afferents.graded
    ]
    products = [
        f"begin_dense(worker, {_swept_dense(plan, numbering, pathway)}, history_of);"
        for afferents in all_afferents
        for pathway in afferents.dense
    ]
    # The neurons of all populations are numbered through; a turn finds the population of its number.
    order, turns, first = list(plan.groups), list[str](), "0"
    for name in step.populations:
        size = f"context.network.sizes[{order.index(name)}]"
        turn = f"turn_{identifier(name)}(context, number - ({first}))"
        turns.append(f"if (number < {first} + {size}) return {turn};")
        first = f"{first} + {size}"
    key = numbering.random_key("schedule", "order", 0)
    sends = [
        f"send_{identifier(name)}(context);"
        for name in step.populations
        if plan.groups[name].sends is not None
    ]
    random = "false" if step.by_index else "true"
    sweeping = f"for_turns(context, {first}, {random}, {key}, [&](int32_t number) {{"
    each_trial = for_each_trial([*fields, sweeping, *indented(turns), "});", *sends])
    return [*lines, *function("One sweep.", "void sweep_all(Worker& worker)", [*products, *each_trial])]


def _local_field(numbering: Numbering, afferents: Afferents) -> str:
    """The `LocalFieldHandles` of one port or variable."""
    post, to = afferents.post, afferents.to
    arrays = [numbering.array(LocalFieldArray(post, to, part)) for part in LocalFieldPart]
    return braced(*arrays, numbering.integer(LocalFieldSegments(post, to)))


def _swept_dense(plan: Plan, numbering: Numbering, pathway: Dense) -> str:
    """The `SweptDenseHandles` of a pathway."""
    places = [numbering.array(DensePlaces(pathway.name, end)) for end in End]
    return braced(dense_handles(plan, numbering, pathway, DensePart.ROWS), *places)


def _turn(plan: Plan, numbering: Numbering, group: Group, all_afferents: list[Afferents]) -> list[str]:
    """The function that delivers to one neuron, updates it, and passes its change on."""
    loop = Loop(plan, numbering)
    mine = {afferents.to: afferents for afferents in all_afferents if afferents.post == group.name}
    message = f"{state_pointer(loop, group, group.sends)}[i]" if group.sends else ""
    if message:
        loop.body.append(f"const Real sent_before = {message};")
    ports: dict[str, Typed] = {}
    for port in group.ports:
        loop.body += _arrived(plan, numbering, port, mine.get(port))
        ports[port] = Typed(f"{port}_read", "Real")
        if port in ports_to_keep(plan, group):
            loop.body.append(f"{port_pointer(loop, group, port)}[i] = {port}_read;")
    for variable in (to for to in mine if to not in group.ports):
        loop.body += _arrived(plan, numbering, variable, mine[variable])
        loop.body.append(f"{state_pointer(loop, group, variable)}[i] += {variable}_read;")
    _update(loop, plan, group, ports)
    _clamp(loop, plan, group, message)
    changes = _pass_on(plan, numbering, group, all_afferents, message)
    if changes:
        loop.body += [f"if (!({message} == sent_before)) {{", *indented(changes), "}"]
    title, name = f"Neurons '{group.name}': the turn of one", f"turn_{identifier(group.name)}"
    return loop.function(title, name, "{", parameters="Context& context, const int32_t i")


def _arrived(plan: Plan, numbering: Numbering, to: str, afferents: Afferents | None) -> list[str]:
    """Lines that find what arrives at a port or variable of neuron i, 0 if nothing does."""
    if afferents is None:
        return [f"const Real {to}_read = 0;"]
    reduce, total, count = REDUCE[afferents.reduce], f"{to}_sum", f"{to}_count"
    lines = [f"Real {total} = {reduce}::empty<Real>();", f"int64_t {count} = 0;"]
    if afferents.graded:
        start = f"{to}_field.start"
        lines += [
            f"const auto {to}_field = local_field(context, {_local_field(numbering, afferents)});",
            f"{total} = {to}_field.template at<{reduce}>(i), {count} = {start}[i + 1] - {start}[i];",
        ]
    for pathway in afferents.dense:
        handles = _swept_dense(plan, numbering, pathway)
        lines.append(f"add_dense<{reduce}>(context, {handles}, i, {total}, {count});")
    value = {
        "sum": total,
        "mean": f"{total} / static_cast<Real>({count} > 1 ? {count} : 1)",
        "max": f"{count} > 0 ? {total} : Real(0)",
    }[afferents.reduce]
    return [*lines, f"const Real {to}_read = {value};"]


def _update(loop: Loop, plan: Plan, group: Group, ports: dict[str, Typed]) -> None:
    """Append the update text of neuron i."""
    block = group.update
    if block is None:
        return
    names = group_names(loop, group, used_names(*texts_of(block)), ports)
    first = loop.random(group.name, block.name, block.statements)
    lines, values = cpp_statements(block.statements, names, precision=plan.precision, first_call=first)
    loop.body += lines
    for name in block.writes:
        loop.body.append(f"{state_pointer(loop, group, name)}[i] = static_cast<Real>({values[name].text});")


def _clamp(loop: Loop, plan: Plan, group: Group, message: str) -> None:
    """Append the line by which a given value replaces the message of neuron i; NaN leaves it free."""
    drive = plan.drives.get(group.name)
    if drive is not None and drive.values is not None and message:
        values = drive_values(loop, group.name)
        loop.body.append(f"if (!std::isnan({values}[i])) {message} = static_cast<Real>({values}[i]);")


def _pass_on(
    plan: Plan, numbering: Numbering, group: Group, all_afferents: list[Afferents], message: str
) -> list[str]:
    """Calls that bring all sums that the message of neuron i is part of up to date."""
    population = number_of(plan, group.name)
    lines: list[str] = []
    for afferents in all_afferents:
        if any(p.pre == group.name for p in afferents.graded):
            handles = _local_field(numbering, afferents)
            lines.append(f"update_local_field(context, {handles}, {population}, i, {message});")
        lines += [
            f"update_dense(context, {_swept_dense(plan, numbering, p)}, i, {message});"
            for p in afferents.dense
            if p.pre == group.name
        ]
    return lines
