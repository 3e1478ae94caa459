"""C++ of populations with text: reading ports, moving the state, and comparing it with the threshold."""

from __future__ import annotations

from collections.abc import Iterable

from neurosim.engine.events.comments import commented
from neurosim.engine.events.driven import drive_values, has_events
from neurosim.engine.events.keys import (
    PortCount,
    PortTotal,
    RefractoryTicks,
    SlotStarts,
    TickLength,
)
from neurosim.engine.events.loops import Loop, OuterLoop, identifier
from neurosim.engine.events.names import (
    group_names,
    kept_ports,
    last_spike_pointer,
    not_refractory,
    not_refractory_pointer,
    port_pointer,
    ports_to_keep,
    state_pointer,
    texts_of,
    used_names,
)
from neurosim.engine.events.numbering import Numbering, braced, number_of
from neurosim.engine.events.order import spikes_as_it_moves, stores_refractoriness, texts_at, unmoved_at
from neurosim.engine.events.sharing import marked_number
from neurosim.engine.events.stages import REDUCE, postponed_at, taken_one_by_one
from neurosim.network.program import Do
from neurosim.plan.codegen.cpp_code import Typed, cpp_expression, cpp_statements
from neurosim.plan.derived import once_for_each_plan
from neurosim.plan.plan import Block, Group, Plan

EACH_NEURON = "NEUROSIM_INDEPENDENT for (int32_t i = span.first; i < span.last; ++i) {"
EACH_OF_CHUNK = "NEUROSIM_INDEPENDENT for (int32_t i = first; i < last; ++i) {"
# The spikes of a chunk of neurons are listed right after it has moved, while its results are in the cache.
CHUNKS = (
    "for (int32_t first = span.first; first < span.last; first += CHUNK) {",
    "    const int32_t last = std::min(first + CHUNK, span.last);",
)


def move(plan: Plan, numbering: Numbering, group: Group) -> list[str]:
    """The function that moves a population by one tick.

    In one loop over the neurons it reads the ports, updates the refractoriness, integrates, updates, clamps,
    and compares with the threshold.
    """
    loop = Loop(plan, numbering)
    rule = group.refractory
    moving = [block for block in (group.integrate, group.update) if block is not None]
    finds = group.spiking and spikes_as_it_moves(plan, group)
    texts = [text for block in (*moving, group.threshold if finds else None) for text in texts_of(block)]
    wanted = used_names(*texts, *((rule.time, rule.condition) if rule else ()))
    ports = {port: _read_port(loop, group, port) for port in group.ports}
    names = group_names(loop, group, wanted - {"not_refractory"}, ports)
    written = tuple(dict.fromkeys(name for block in moving for name in block.writes))
    names = _load_states(loop, group, names, written)
    if group.refractory is not None:
        names["not_refractory"] = _update_refractoriness(loop, group, names)
    elif group.spiking:
        names["not_refractory"] = Typed("true", "bool")
    for block in moving:
        names |= run_block(loop, group, block, names)
    loop.body += [f"{state_pointer(loop, group, name)}[i] = {names[name].text};" for name in written]
    _clamp(loop, group, names)
    if finds:
        _compare_with_threshold(loop, group, names)
    return _move_function(loop, group, finds=finds)


def _move_function(loop: Loop, group: Group, *, finds: bool) -> list[str]:
    """The function around the loop.

    If sums may be taken one by one when spikes arrive (`stages.taken_one_by_one`), it is compiled twice: for
    ticks in which sums wait for the move, and for those in which they do not.
    """
    plan, name = loop.plan, f"move_{identifier(group.name)}"
    parts = (group.integrate, group.update, group.threshold if finds else None)
    blocks = [block.name for block in parts if block]
    title = f"Neurons '{group.name}': {', '.join(blocks)}"
    number, outer, opening = number_of(plan, group.name), None, EACH_NEURON
    prelude = [f"const Span span = context.span({number});"]
    if finds:
        outer, opening = _listing(loop, group, prelude), EACH_OF_CHUNK
    stages = {p.stage for p in postponed_at(plan)[group.name]}
    if not stages:
        return loop.function(title, name, opening, prelude, outer=outer)
    if not stages <= taken_one_by_one(plan):
        prelude.insert(0, "constexpr bool waiting = true;")
        return loop.function(title, name, opening, prelude, outer=outer)
    waiting = " || ".join(f"{_stage_block(stage)}.waiting" for stage in sorted(stages))
    [both] = loop.function(title, name, opening, prelude, outer=outer, template="template <bool waiting> ")
    choice = f"{waiting} ? {name}<true>(context) : {name}<false>(context);"
    return [f"{both}void {name}(Context& context) {{ {choice} }}\n"]


def _listing(loop: Loop, group: Group, prelude: list[str]) -> OuterLoop:
    """The loop over chunks of neurons that lists their spikes, unless an input gives these."""
    prelude.append("alignas(64) Integer fired[CHUNK];")
    number = number_of(loop.plan, group.name)
    listing = f"list_spikes(context, {number}, fired, first, last);"
    return OuterLoop(CHUNKS, () if has_events(loop.plan, group) else (listing,))


def _stage_block(stage: int) -> str:
    """C++ for the `StageBlock` of the running trial and block."""
    return f"context.trial.stages[{marked_number(stage)} * context.network.blocks + context.block]"


def _load_states(
    loop: Loop, group: Group, names: dict[str, Typed], written: Iterable[str]
) -> dict[str, Typed]:
    """Load states into C++ constants, so that the loop reads each once; postponed sums are added here."""
    for name in group.states:
        sums = _waiting_sums(loop, group, name)
        if sums:
            at = state_pointer(loop, group, name)
            loop.body.append(f"const Real {name}_old = {at}[i]{_added(sums)};")
            if name not in written:
                loop.body.append(f"{at}[i] = {name}_old;")
            loop.body += _cleared(sums)
            names[name] = Typed(f"{name}_old", "Real")
        elif name in names:
            loop.body.append(f"const Real {name}_old = {names[name].text};")
            names[name] = Typed(f"{name}_old", "Real")
    return names


def _waiting_sums(loop: Loop, group: Group, to: str) -> list[str]:
    """The names of pointers to the postponed sums (`stages.postponed`) that neurons have yet to take."""
    sums: list[str] = []
    for waiting in postponed_at(loop.plan)[group.name]:
        if waiting.afferents.to == to:
            slots, place = loop.numbering.array(SlotStarts(waiting.stage)), marked_number(waiting.place)
            first = f"{_stage_block(waiting.stage)}.sum.data() + slot_of(context, {braced(slots, place)})"
            sums.append(loop.declare("Real* const __restrict", f"{to}_waiting", first))
    return sums


def _added(sums: Iterable[str]) -> str:
    """C++ that adds postponed sums of neuron i to what stands before it."""
    return "".join(f" + (waiting ? {name}[i - span.first] : Real(0))" for name in sums)


def _cleared(sums: Iterable[str]) -> list[str]:
    """Lines that clear postponed sums once neuron i has taken them."""
    return [f"if (waiting) {name}[i - span.first] = 0;" for name in sums]


def is_fed(plan: Plan, name: str, port: str) -> bool:
    """Whether anything may arrive at a port."""
    names = {port, f"{port}_post", f"{port}_pre"}
    blocks = [block for pathway in texts_at(plan)[name] for block in pathway.text.blocks]
    return port in _ports_of_synapses(plan).get(name, ()) or any(
        statement.name in names for block in blocks for statement in block.statements
    )


@once_for_each_plan
def _ports_of_synapses(plan: Plan) -> dict[str, set[str]]:
    """The ports and variables of each population to which synapses without text add."""
    ports: dict[str, set[str]] = {}
    for pathway in plan.pathways.values():
        if pathway.to:
            ports.setdefault(pathway.post, set()).add(pathway.to)
    return ports


def _read_port(loop: Loop, group: Group, port: str) -> Typed:
    """Append lines that take what has arrived at a port and clear it; returns C++ for what was read."""
    body, reduce = loop.body, group.ports[port]
    if not is_fed(loop.plan, group.name, port):
        body.append(f"const Real {port}_read = 0;")
    else:
        tag = f"{identifier(group.name)}_{port}"
        total = loop.pointer(f"{tag}_port_at", "Real", PortTotal(group.name, port))
        if reduce == "sum":
            sums = _waiting_sums(loop, group, port)
            body.append(f"const Real {port}_read = {total}[i]{_added(sums)};")
            body += [f"{total}[i] = 0;", *_cleared(sums)]
        else:
            count = loop.pointer(f"{tag}_count_at", "int64_t", PortCount(group.name, port))
            value = {
                "max": f"{count}[i] > 0 ? {total}[i] : Real(0)",
                "mean": f"{total}[i] / static_cast<Real>({count}[i] > 1 ? {count}[i] : 1)",
            }[reduce]
            body.append(f"const Real {port}_read = {value};")
            body.append(f"{total}[i] = {REDUCE[reduce]}::empty<Real>(), {count}[i] = 0;")
    if port in ports_to_keep(loop.plan, group):
        body.append(f"{port_pointer(loop, group, port)}[i] = {port}_read;")
    return Typed(f"{port}_read", "Real")


def _update_refractoriness(loop: Loop, group: Group, names: dict[str, Typed]) -> Typed:
    """Append lines that find whether neuron i is refractory in this tick; returns C++ that is true if not."""
    rule, precision = group.refractory, loop.plan.precision
    assert rule is not None
    if not stores_refractoriness(loop.plan, group):
        loop.body.append(f"const bool not_refractory = {not_refractory(loop, group)};")
        return Typed("not_refractory", "bool")
    stored = not_refractory_pointer(loop, group)
    if rule.condition:
        known = {**names, "not_refractory": Typed(f"{stored}[i] != 0", "bool")}
        holds = cpp_expression(rule.condition, known, precision=precision)
        value = f"({stored}[i] != 0) | !({holds.text})"
    else:
        last = last_spike_pointer(loop, group)
        loop.declare("const Integer", "run_tick", "static_cast<Integer>(context.run_tick())")
        value = f"run_tick - {last}[i] >= {_period(loop, group, names)}"
    loop.body.append(f"const bool not_refractory = {value};")
    loop.body.append(f"{stored}[i] = not_refractory;")
    return Typed("not_refractory", "bool")


def _period(loop: Loop, group: Group, names: dict[str, Typed]) -> str:
    """C++ for the refractory period of neuron i in ticks."""
    rule = group.refractory
    assert rule is not None
    if not rule.time:
        return f"static_cast<Integer>({loop.numbering.integer_value(RefractoryTicks(group.name))})"
    time = cpp_expression(rule.time, names, precision=loop.plan.precision)
    dt = f"Real({loop.numbering.number_value(TickLength())})"
    cpp_type = "double" if time.type == "double" else "Real"
    return f"std::floor({time.text} / {dt} + {cpp_type}(1e-3))"


def run_block(loop: Loop, group: Group, block: Block, names: dict[str, Typed]) -> dict[str, Typed]:
    """Append a block's statements; returns C++ for its new values, in the type of the state."""
    first = loop.random(group.name, block.name, block.statements)
    lines, values = cpp_statements(
        block.statements,
        names,
        precision=loop.plan.precision,
        frozen=block.frozen,
        first_call=first,
        before=loop.body,
    )
    loop.body += [*commented(block), *lines]
    written: dict[str, Typed] = {}
    for name in block.writes:
        local = f"{name}_{block.name}d"
        loop.body.append(f"const Real {local} = static_cast<Real>({values[name].text});")
        written[name] = Typed(local, "Real")
    return written


def _clamp(loop: Loop, group: Group, names: dict[str, Typed]) -> None:
    """Append the line by which given values replace what a population with text sends; NaN leaves it free."""
    drive = loop.plan.drives.get(group.name)
    if drive is None or drive.values is None or group.sends is None or group.driven:
        return
    target, values = state_pointer(loop, group, group.sends), drive_values(loop, group.name)
    loop.body.append(f"if (!std::isnan({values}[i])) {target}[i] = static_cast<Real>({values}[i]);")
    names[group.sends] = Typed(f"{target}[i]", "Real")


def _compare_with_threshold(loop: Loop, group: Group, names: dict[str, Typed]) -> None:
    block, drive = group.threshold, loop.plan.drives.get(group.name)
    assert block is not None
    first = loop.random(group.name, block.name, block.statements)
    lines, values = cpp_statements(
        block.statements, names, precision=loop.plan.precision, first_call=first, before=loop.body
    )
    spikes = values["spikes"].text
    if group.refractory is not None:
        spikes = f"({spikes}) & not_refractory"
    loop.body += [*commented(block), *lines]
    if drive is not None and drive.values is not None:
        clamped = drive_values(loop, group.name)
        spikes = f"std::isnan({clamped}[i]) ? ({spikes}) : {clamped}[i] != 0"
    loop.body.append(f"fired[i - first] = {spikes};")


def find_spikes(plan: Plan, numbering: Numbering, group: Group) -> list[str]:
    """The function that compares a population with its threshold, if that is not done in `move`."""
    loop = Loop(plan, numbering, unmoved=unmoved_at(plan, group.name, Do.THRESHOLD))
    wanted, owner = used_names(*texts_of(group.threshold)), plan.variable_owner(group)
    names = group_names(loop, owner, wanted, kept_ports(loop, owner, wanted))
    if group.refractory is not None:
        loop.body.append(f"const bool not_refractory = {not_refractory(loop, group)};")
    _compare_with_threshold(loop, group, names)
    prelude = [f"const Span span = context.span({number_of(plan, group.name)});"]
    outer = _listing(loop, group, prelude)
    name = f"find_spikes_{identifier(group.name)}"
    return loop.function(f"Neurons '{group.name}': threshold", name, EACH_OF_CHUNK, prelude, outer=outer)


def evaluated(
    plan: Plan,
    numbering: Numbering,
    group: Group,
    variable: str,
    name: str,
    target: str,
    *,
    unmoved: frozenset[str],
) -> list[str]:
    """The function `name`, which writes a state variable or subexpression of all neurons to an array.

    `target` is C++ for the array. `unmoved` are the populations that have not moved yet in this tick, so that
    their ports count as 0.
    """
    loop = Loop(plan, numbering, unmoved=unmoved)
    text = group.subexpressions.get(variable, variable)
    ports = kept_ports(loop, group, used_names(text))
    value = cpp_expression(text, group_names(loop, group, used_names(text), ports), precision=plan.precision)
    loop.body.append(f"target[i] = static_cast<Real>({value.text});")
    number = number_of(plan, group.name)
    prelude = [f"const Span span = context.span({number});", f"Real* const target = {target};"]
    return loop.function(f"Neurons '{group.name}': {variable}", name, EACH_NEURON, prelude)
