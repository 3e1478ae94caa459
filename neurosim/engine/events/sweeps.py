"""C++ of asynchronous sweeps: the turn of one neuron, and who hears of its change."""

from __future__ import annotations

from neurosim.engine.delivery import Afferents, afferents_into
from neurosim.engine.events.arrivals import REDUCE, dense_numbers
from neurosim.engine.events.loops import Loop, identifier
from neurosim.engine.events.numbering import Numbering
from neurosim.engine.events.populations import given_values, group_names, read_ports, texts_of, used_names
from neurosim.network.program import Step
from neurosim.plan.codegen.cpp_code import Typed, cpp_statements
from neurosim.plan.plan import Dense, Group, Plan

FIELD = ("start", "column", "weight", "out_start", "out_target", "segments", "message", "sum", "stale")


def sweep(plan: Plan, numbering: Numbering, step: Step) -> list[str]:
    """The functions of a sweep over the given populations."""
    accumulators = afferents_into(plan, step.populations)
    lines: list[str] = []
    for name in step.populations:
        lines += _turn(plan, numbering, plan.groups[name], accumulators)
    fields = [
        f"begin_local_field(context, {_local_field(numbering, accumulator)}, history_of);"
        for accumulator in accumulators
        if accumulator.graded
    ]
    products = [
        f"begin_dense(worker, {_dense(plan, numbering, p)}, history_of);"
        for accumulator in accumulators
        for p in accumulator.dense
    ]
    order = list(plan.groups)
    sizes = [f"context.network.sizes[{order.index(name)}]" for name in step.populations]
    turns, before = [], "0"
    for name, size in zip(step.populations, sizes, strict=True):
        turns.append(
            f"if (number < {before} + {size}) return turn_{identifier(name)}(context, number - ({before}));"
        )
        before = f"{before} + {size}"
    key = f"context.key({numbering.random_key('schedule', 'order', 0)})"
    sends = [
        f"send_{identifier(name)}(context);"
        for name in step.populations
        if plan.groups[name].sends is not None
    ]
    body = [*fields, f"for_turns(context, {before}, {'false' if step.by_index else 'true'}, {key}, [&](int32_t number) {{",
            *(f"    {line}" for line in turns), "});", *sends]  # fmt: skip
    body = [*products, "for (Context& context : worker) {", *(f"    {line}" for line in body), "}"]
    return [
        *lines,
        "// One sweep.",
        "void sweep_all(Worker& worker) {",
        *(f"    {line}" for line in body),
        "}",
        "",
    ]


def _local_field(numbering: Numbering, accumulator: Afferents) -> str:
    arrays = [numbering.array("field", accumulator.post, accumulator.to, part) for part in FIELD]
    return (
        "{"
        + ", ".join(
            map(str, [*arrays, numbering.integer("field", accumulator.post, accumulator.to, "segments")])
        )
        + "}"
    )


def _dense(plan: Plan, numbering: Numbering, pathway: Dense) -> str:
    places = [numbering.array("dense place", pathway.name, part) for part in ("pre", "post")]
    return f"{{{dense_numbers(plan, numbering, pathway, 'rows')}, {places[0]}, {places[1]}}}"


def _turn(plan: Plan, numbering: Numbering, group: Group, accumulators: list[Afferents]) -> list[str]:
    """Deliver to one neuron and update it; then tell of its change."""
    loop = Loop(plan, numbering)
    mine = {accumulator.to: accumulator for accumulator in accumulators if accumulator.post == group.name}
    message = ""
    if group.sends:
        message = f"{loop.pointer(f'{identifier(group.name)}_{group.sends}_at', 'Real', 'state', group.name, group.sends)}[i]"
    loop.body.append(f"const Real sent_before = {message};") if message else None
    ports = {}
    for port in group.ports:
        loop.body += _arrived(plan, numbering, port, mine.get(port))
        ports[port] = Typed(f"{port}_read", "Real")
        if port in read_ports(plan, group):
            kept = loop.pointer(f"{identifier(group.name)}_{port}_read_at", "Real", "read", group.name, port)
            loop.body.append(f"{kept}[i] = {port}_read;")
    for variable in (to for to in mine if to not in group.ports):
        loop.body += _arrived(plan, numbering, variable, mine[variable])
        target = loop.pointer(
            f"{identifier(group.name)}_{variable}_at", "Real", "state", group.name, variable
        )
        loop.body.append(f"{target}[i] += {variable}_read;")
    _update(loop, plan, group, ports)
    _clamp(loop, plan, group, message)
    tells = _tells(plan, numbering, group, accumulators, message)
    loop.body += (
        [f"if (!({message} == sent_before)) {{", *(f"    {line}" for line in tells), "}"] if tells else []
    )
    title, name = f"Neurons '{group.name}': the turn of one", f"turn_{identifier(group.name)}"
    return loop.function(title, name, "{", parameters="Context& context, const int32_t i")


def _arrived(plan: Plan, numbering: Numbering, to: str, accumulator: Afferents | None) -> list[str]:
    """What arrives at a port or variable of neuron i; 0 where nothing does."""
    if accumulator is None:
        return [f"const Real {to}_read = 0;"]
    reduce = REDUCE[accumulator.reduce]
    lines = [f"Real {to}_sum = {reduce}::empty<Real>();", f"int64_t {to}_count = 0;"]
    if accumulator.graded:
        lines += [
            f"const auto {to}_field = local_field(context, {_local_field(numbering, accumulator)});",
            f"{to}_sum = {to}_field.template at<{reduce}>(i), {to}_count = {to}_field.start[i + 1] - {to}_field.start[i];",
        ]
    lines += [
        f"add_dense<{reduce}>(context, {_dense(plan, numbering, p)}, i, {to}_sum, {to}_count);"
        for p in accumulator.dense
    ]
    value = {
        "sum": f"{to}_sum",
        "mean": f"{to}_sum / static_cast<Real>({to}_count > 1 ? {to}_count : 1)",
        "max": f"{to}_count > 0 ? {to}_sum : Real(0)",
    }[accumulator.reduce]
    return [*lines, f"const Real {to}_read = {value};"]


def _update(loop: Loop, plan: Plan, group: Group, ports: dict[str, Typed]) -> None:
    block = group.update
    if block is None:
        return
    names = group_names(loop, group, used_names(*texts_of(block)), ports)
    first = loop.random(group.name, block.name, block.statements)
    lines, found = cpp_statements(block.statements, names, precision=plan.precision, first_call=first)
    loop.body += lines
    for name in block.writes:
        target = loop.pointer(f"{identifier(group.name)}_{name}_at", "Real", "state", group.name, name)
        loop.body.append(f"{target}[i] = static_cast<Real>({found[name].text});")


def _clamp(loop: Loop, plan: Plan, group: Group, message: str) -> None:
    source = plan.drives.get(group.name)
    if source is not None and source.values is not None and message:
        given = given_values(loop, group.name)
        loop.body.append(f"if (!std::isnan({given}[i])) {message} = static_cast<Real>({given}[i]);")


def _tells(
    plan: Plan, numbering: Numbering, group: Group, accumulators: list[Afferents], message: str
) -> list[str]:
    """Calls that tell all who hear this population that neuron i has changed."""
    population = list(plan.groups).index(group.name)
    lines = []
    for accumulator in accumulators:
        if any(p.pre == group.name for p in accumulator.graded):
            lines.append(
                f"update_local_field(context, {_local_field(numbering, accumulator)}, {population}, i, {message});"
            )
        lines += [
            f"update_dense(context, {_dense(plan, numbering, p)}, i, {message});"
            for p in accumulator.dense
            if p.pre == group.name
        ]
    return lines
