"""C++ of populations: one loop over the neurons that reads ports, moves the state and compares with the threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurosim.engine.events.comments import commented
from neurosim.engine.events.loops import Loop, Within, identifier
from neurosim.engine.events.numbering import Numbering, array_type
from neurosim.engine.events.stages import postponed, taken_early
from neurosim.engine.state import spikes_sent
from neurosim.network.text import names_in
from neurosim.plan.codegen.cpp_code import Typed, cpp_expression, cpp_statements
from neurosim.plan.plan import Block, Group, Plan, Private

EACH_NEURON = "NEUROSIM_INDEPENDENT for (int32_t i = span.first; i < span.last; ++i) {"
EACH_OF_CHUNK = "NEUROSIM_INDEPENDENT for (int32_t i = first; i < last; ++i) {"
# In chunks of neurons, each followed by the listing of its spikes: what a chunk writes is still in the cache.
CHUNKS = (
    "for (int32_t first = span.first; first < span.last; first += CHUNK) {",
    "    const int32_t last = std::min(first + CHUNK, span.last);",
)


def used_names(*texts: str) -> set[str]:
    """The names that expressions read."""
    return set().union(*(names_in(text) for text in texts if text))


def texts_of(block: Block | None) -> list[str]:
    """The expressions of a block, and the names that it changes in place."""
    if block is None:
        return []
    return [s.expression for s in block.statements] + [
        s.name for s in block.statements if s.op != "=" or s.name in block.frozen
    ]


def group_names(
    loop: Loop, group: Group, wanted: set[str], ports: Mapping[str, Typed] | None = None
) -> dict[str, Typed]:
    """C++ for the names that a population's text reads at one neuron, states loaded from their arrays.

    `ports` holds what was read at ports in this tick; None: they have not been read yet and count as 0.
    """
    names: dict[str, Typed] = {}
    index, owner = loop.index, group.name
    for name in sorted(wanted):
        tag = f"{identifier(owner)}_{name}"
        if name in group.states:
            names[name] = Typed(f"{loop.pointer(f'{tag}_at', 'Real', 'state', owner, name)}[{index}]", "Real")
        elif name in group.ports:
            names[name] = (ports or {}).get(name, Typed("Real(0)", "Real"))
        elif name in group.constants:
            names[name] = constant_at(loop, tag, group.constants[name], index, "constant", owner, name)
        elif name == "t":
            loop.before["const double t_now = context.tick * context.network.dt;"] = None
            names[name] = Typed("t_now", "double")
        elif name == "not_refractory":
            names[name] = Typed(awake(loop, group), "bool")
    return names


def awake(loop: Loop, group: Group) -> str:
    """C++ that says whether a neuron is not refractory; before its population has moved in a tick, it is as it was."""
    rule, tag = group.refractory, identifier(group.name)
    if rule is None:
        return "true"
    if rule.time or rule.condition:
        return f"{loop.pointer(f'{tag}_not_refractory_at', 'Integer', 'not_refractory', group.name)}[{loop.index}] != 0"
    last = loop.pointer(f"{tag}_last_spike_at", "Integer", "last_spike", group.name)
    period = loop.numbering.whole("refractory", group.name)
    early = group.name in loop.unmoved
    since = f"{tag}_awake_since{'_early' if early else ''}"
    loop.before[
        f"const Integer {since} = static_cast<Integer>(context.run_tick() - {period}{' - 1' if early else ''});"
    ] = None
    return f"{last}[{loop.index}] <= {since}"


def constant_at(loop: Loop, tag: str, value: Any, index: str, *key: Any) -> Typed:
    """C++ for a constant: a number declared before the loop, or an element of an array."""
    if np.ndim(value) == 0:
        text, kind = loop.numbering.constant(value, *key)
        cpp = {"Real": "Real", "bool": "bool", "float": "double"}[kind]
        return Typed(loop.declare(f"const {cpp}", f"{tag}_now", text), kind)
    cpp, kind = array_type(value)
    return Typed(f"{loop.pointer(f'{tag}_at', cpp, *key, const=True)}[{index}]", kind)


def read_ports(plan: Plan, group: Group) -> set[str]:
    """The ports whose reading is kept beyond the update: recorded, or used by text that runs later."""
    chances = [p.chance for p in plan.of_kind(Private) if p.pre == group.name]
    later = used_names(*texts_of(group.reset), *group.derived.values(), *chances)
    recorded = {p.variable for p in plan.probes if p.owner == group.name}
    return {port for port in group.ports if port in later | recorded}


def move(plan: Plan, numbering: Numbering, group: Group) -> list[str]:
    """The function that reads ports, refreshes refractoriness, integrates, updates, clamps, and marks who is above threshold."""
    loop = Loop(plan, numbering)
    texts = [*texts_of(group.integrate), *texts_of(group.update), *texts_of(group.threshold)]
    rule = group.refractory
    wanted = used_names(*texts, *((rule.time, rule.condition) if rule else ()))
    ports = {port: _read_port(loop, plan, group, port) for port in group.ports}
    names = group_names(loop, group, wanted - {"not_refractory"}, ports)
    names = _load_states(loop, plan, group, names)
    if group.refractory is not None:
        names["not_refractory"] = _refresh_refractory(loop, group, names)
    elif group.spiking:
        names["not_refractory"] = Typed("true", "bool")
    for block in (group.integrate, group.update):
        if block is not None:
            names |= _run_block(loop, group, block, names)
    for name in dict.fromkeys(
        (*(group.integrate.writes if group.integrate else ()), *(group.update.writes if group.update else ()))
    ):
        target = loop.pointer(f"{identifier(group.name)}_{name}_at", "Real", "state", group.name, name)
        loop.body.append(f"{target}[i] = {names[name].text};")
    _clamp(loop, plan, group, names)
    if group.spiking:
        _threshold(loop, plan, group, names)
    population = list(plan.groups).index(group.name)
    title = f"Neurons '{group.name}': {', '.join(b.name for b in (group.integrate, group.update, group.threshold) if b)}"
    chunk = ["alignas(64) Integer fired[CHUNK];"] if group.spiking else []
    prelude = [f"const Span span = context.span({population});", *chunk]
    then = (
        f"list_spikes(context, {population}, fired, first, last);"
        if group.spiking and not _given_events(plan, group)
        else ""
    )
    within = Within(CHUNKS, (then,) if then else ()) if group.spiking else None
    return _with_sums(
        plan, group, loop, title, EACH_OF_CHUNK if group.spiking else EACH_NEURON, prelude, within
    )


def _with_sums(
    plan: Plan, group: Group, loop: Loop, title: str, each: str, prelude: list[str], within: Within | None
) -> list[str]:
    """The function that moves a population, twice where sums may wait for it: for ticks at which they do, and for others."""
    name = f"move_{identifier(group.name)}"
    stages = {p.stage for p in postponed(plan) if p.accumulator.post == group.name}
    if not stages:
        return loop.function(title, name, each, prelude, within=within)
    if not stages <= taken_early(plan):
        return loop.function(title, name, each, ["constexpr bool waiting = true;", *prelude], within=within)
    waiting = " || ".join(
        f"context.trial.stages[{stage} * context.network.blocks + context.block].waiting"
        for stage in sorted(stages)
    )
    lines = loop.function(title, name, each, prelude, within=within, template="template <bool waiting> ")
    return [
        *lines,
        f"void {name}(Context& context) {{ {waiting} ? {name}<true>(context) : {name}<false>(context); }}",
        "",
    ]


def _given_events(plan: Plan, group: Group) -> bool:
    source = plan.drives.get(group.name)
    return source is not None and source.events


def _load_states(loop: Loop, plan: Plan, group: Group, names: dict[str, Typed]) -> dict[str, Typed]:
    """States in locals, so that the loop reads each once; sums that wait to be added are added now."""
    written = {
        name for block in (group.integrate, group.update) if block is not None for name in block.writes
    }
    for name in group.states:
        waiting = waiting_sum(loop, plan, group, name)
        if waiting:
            at = loop.pointer(f"{identifier(group.name)}_{name}_at", "Real", "state", group.name, name)
            loop.body.append(f"const Real {name}_old = {at}[i] + {waiting};")
            loop.body += [
                *([] if name in written else [f"{at}[i] = {name}_old;"]),
                f"if (waiting) {name}_waiting[i - span.first] = 0;",
            ]
            names[name] = Typed(f"{name}_old", "Real")
        elif name in names:
            loop.body.append(f"const Real {name}_old = {names[name].text};")
            names[name] = Typed(f"{name}_old", "Real")
    return names


def waiting_sum(loop: Loop, plan: Plan, group: Group, to: str) -> str:
    """C++ for the sum of the last tick's spikes that neuron i has yet to take (see `stages.postponed`), or nothing."""
    found = next(
        (p for p in postponed(plan) if (p.accumulator.post, p.accumulator.to) == (group.name, to)), None
    )
    if found is None:
        return ""
    slot = f"slot_of(context, {{{loop.numbering.array('slot first', found.stage)}, {found.place}}})"
    sums = f"context.trial.stages[{found.stage} * context.network.blocks + context.block].sum.data() + {slot}"
    loop.before[f"Real* const __restrict {to}_waiting = {sums};"] = None
    return f"(waiting ? {to}_waiting[i - span.first] : Real(0))"


def is_fed(plan: Plan, name: str, port: str) -> bool:
    """Whether anything may arrive at a port."""
    names = {port, f"{port}_post", f"{port}_pre"}
    texts = [p.text for p in plan.textual if name in (p.pre, p.post)]
    blocks = [block for text in texts for block in (text.on_pre, text.on_post) if block]
    summed = any((pathway.post, pathway.to) == (name, port) for pathway in plan.pathways.values())
    return summed or any(statement.name in names for block in blocks for statement in block.statements)


def _read_port(loop: Loop, plan: Plan, group: Group, port: str) -> Typed:
    """Take what has arrived at a port and clear it."""
    tag = f"{identifier(group.name)}_{port}"
    reduce = group.ports[port]
    if not is_fed(plan, group.name, port):
        loop.body.append(f"const Real {port}_read = 0;")
    elif reduce == "sum":
        total = loop.pointer(f"{tag}_port_at", "Real", "port", group.name, port)
        waiting = waiting_sum(loop, plan, group, port)
        loop.body.append(f"const Real {port}_read = {total}[i]{f' + {waiting}' if waiting else ''};")
        loop.body.append(
            f"{total}[i] = 0;" + (f" if (waiting) {port}_waiting[i - span.first] = 0;" if waiting else "")
        )
    else:
        total = loop.pointer(f"{tag}_port_at", "Real", "port", group.name, port)
        count = loop.pointer(f"{tag}_count_at", "int64_t", "count", group.name, port)
        value = (
            f"{count}[i] > 0 ? {total}[i] : Real(0)"
            if reduce == "max"
            else f"{total}[i] / static_cast<Real>({count}[i] > 1 ? {count}[i] : 1)"
        )
        loop.body.append(f"const Real {port}_read = {value};")
        loop.body.append(
            f"{total}[i] = {'Max' if reduce == 'max' else 'Mean'}::empty<Real>(), {count}[i] = 0;"
        )
    if port in read_ports(plan, group):
        loop.body.append(
            f"{loop.pointer(f'{tag}_read_at', 'Real', 'read', group.name, port)}[i] = {port}_read;"
        )
    return Typed(f"{port}_read", "Real")


def _refresh_refractory(loop: Loop, group: Group, names: dict[str, Typed]) -> Typed:
    rule, tag = group.refractory, identifier(group.name)
    assert rule is not None
    if not rule.time and not rule.condition:
        loop.body.append(f"const bool not_refractory_now = {awake(loop, group)};")
        return Typed("not_refractory_now", "bool")
    stored = loop.pointer(f"{tag}_not_refractory_at", "Integer", "not_refractory", group.name)
    if rule.condition:
        holds = cpp_expression(
            rule.condition,
            {**names, "not_refractory": Typed(f"{stored}[i] != 0", "bool")},
            precision=loop.plan.precision,
        )
        loop.body.append(f"const bool not_refractory_now = ({stored}[i] != 0) | !({holds.text});")
    else:
        last = loop.pointer(f"{tag}_last_spike_at", "Integer", "last_spike", group.name)
        loop.before["const Integer run_tick = static_cast<Integer>(context.run_tick());"] = None
        time = cpp_expression(rule.time, names, precision=loop.plan.precision)
        dt = f"Real({loop.numbering.number('dt')})"
        kind = "double" if time.type == "double" else "Real"
        loop.body.append(
            f"const bool not_refractory_now = run_tick - {last}[i] >= std::floor({time.text} / {dt} + {kind}(1e-3));"
        )
    loop.body.append(f"{stored}[i] = not_refractory_now;")
    return Typed("not_refractory_now", "bool")


def _run_block(loop: Loop, group: Group, block: Block, names: dict[str, Typed]) -> dict[str, Typed]:
    """Append a block's statements; returns its new values in the type of the state."""
    first = loop.random(group.name, block.name, block.statements)
    lines, found = cpp_statements(
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
        loop.body.append(f"const Real {local} = static_cast<Real>({found[name].text});")
        written[name] = Typed(local, "Real")
    return written


def _clamp(loop: Loop, plan: Plan, group: Group, names: dict[str, Typed]) -> None:
    """An array given to a population with text replaces what it sends, NaN leaving it free."""
    source = plan.drives.get(group.name)
    if source is None or source.values is None or group.sends is None or group.driven:
        return
    target = loop.pointer(
        f"{identifier(group.name)}_{group.sends}_at", "Real", "state", group.name, group.sends
    )
    given = given_values(loop, group.name)
    loop.body.append(f"if (!std::isnan({given}[i])) {target}[i] = static_cast<Real>({given}[i]);")
    names[group.sends] = Typed(f"{target}[i]", "Real")


def given_values(loop: Loop, name: str) -> str:
    """A pointer to the values that drive or clamp a population at this tick."""
    numbering = loop.numbering
    start = f"context.trial.number * {numbering.whole('drive stride', name)} + context.run_tick() * {numbering.whole('size', name)}"
    base = f"static_cast<const double*>(context.network.arrays[{numbering.array('drive', name)}])"
    loop.before[f"const double* const {identifier(name)}_given = {base} + {start};"] = None
    return f"{identifier(name)}_given"


def _threshold(loop: Loop, plan: Plan, group: Group, names: dict[str, Typed]) -> None:
    block = group.threshold
    assert block is not None
    first = loop.random(group.name, block.name, block.statements)
    lines, found = cpp_statements(
        block.statements, names, precision=loop.plan.precision, first_call=first, before=loop.body
    )
    spikes = found["spikes"].text
    if group.refractory is not None:
        spikes = f"({spikes}) & not_refractory_now"
    loop.body += [*commented(block), *lines]
    source = plan.drives.get(group.name)
    if source is not None and source.values is not None:
        given = given_values(loop, group.name)
        spikes = f"std::isnan({given}[i]) ? ({spikes}) : {given}[i] != 0"
    loop.body.append(f"fired[i - first] = {spikes};")


def threshold(plan: Plan, numbering: Numbering, group: Group) -> list[str]:
    """The function that begins the refractoriness of who spikes at this tick; spikes given as events are taken here."""
    population = list(plan.groups).index(group.name)
    lines = [_take_events(numbering, group.name, population)] if _given_events(plan, group) else []
    if group.refractory is not None:
        changes = ["last[i] = static_cast<Integer>(context.run_tick());"]
        lines.append(f"Integer* const last = {numbering.pointer('Integer', 'last_spike', group.name)};")
        if group.refractory.time or group.refractory.condition:
            changes.append("awake[i] = 0;")
            lines.append(
                f"Integer* const awake = {numbering.pointer('Integer', 'not_refractory', group.name)};"
            )
        lines.append(
            f"for (int32_t i : context.spikes({population}, context.block)) {{ {' '.join(changes)} }}"
        )
    return [
        f"void threshold_{identifier(group.name)}([[maybe_unused]] Context& context) {{",
        *(f"    {line}" for line in lines),
        "}",
        "",
    ]


def _take_events(numbering: Numbering, name: str, population: int) -> str:
    parts = ", ".join(str(numbering.array("events", name, part)) for part in ("start", "tick", "neuron"))
    return f"drive_events(context, {population}, {parts});"


def drive(plan: Plan, numbering: Numbering, group: Group) -> list[str]:
    """The function that sends this tick's outside values, or spikes, of a driven population."""
    population = list(plan.groups).index(group.name)
    if spikes_sent(plan, group.name):
        lines = [_take_events(numbering, group.name, population)]
    else:
        loop = Loop(plan, numbering)
        given = given_values(loop, group.name)
        lines = [
            *loop.before,
            f"Real* const message = history_of(context, {population}).next(context.tick);",
            f"const int32_t size = context.network.sizes[{population}];",
            f"for (int32_t i = 0; i < size; ++i) message[i] = static_cast<Real>({given}[i]);",
        ]
    return [
        f"void drive_{identifier(group.name)}(Context& context) {{",
        *(f"    {line}" for line in lines),
        "}",
        "",
    ]


def reset(plan: Plan, numbering: Numbering, group: Group) -> list[str]:
    """The function that resets the neurons that have spiked at this tick."""
    block = group.reset
    assert block is not None
    loop = Loop(plan, numbering)
    wanted = used_names(*texts_of(block))
    names = group_names(loop, group, wanted, kept_ports(loop, group, wanted))
    first = loop.random(group.name, block.name, block.statements)
    lines, found = cpp_statements(block.statements, names, precision=plan.precision, first_call=first)
    loop.body += [*commented(block), *lines]
    for name in block.writes:
        target = loop.pointer(f"{identifier(group.name)}_{name}_at", "Real", "state", group.name, name)
        loop.body.append(f"{target}[i] = static_cast<Real>({found[name].text});")
    population = list(plan.groups).index(group.name)
    spikes = f"for (const int32_t i : context.spikes({population}, context.block)) {{"
    return loop.function(f"Neurons '{group.name}': reset", f"reset_{identifier(group.name)}", spikes)


def kept_ports(loop: Loop, group: Group, wanted: set[str]) -> dict[str, Typed]:
    """C++ for what the wanted ports of a population held when they were read at this tick."""

    def at(port: str) -> str:
        return loop.pointer(f"{identifier(group.name)}_{port}_read_at", "Real", "read", group.name, port)

    return {port: Typed(f"{at(port)}[{loop.index}]", "Real") for port in group.ports if port in wanted}


def evaluated(
    plan: Plan, numbering: Numbering, group: Group, variable: str, name: str, target: str, *, read: bool
) -> list[str]:
    """A function that writes a state variable or subexpression of all neurons to the array that the C++ `target` gives.

    `read` says whether the ports have been read at this tick; before that they count as 0.
    """
    loop = Loop(plan, numbering, unmoved=frozenset() if read else frozenset(plan.groups))
    text = group.derived.get(variable, variable)
    ports = kept_ports(loop, group, used_names(text)) if read else None
    value = cpp_expression(text, group_names(loop, group, used_names(text), ports), precision=plan.precision)
    loop.body.append(f"target[i] = static_cast<Real>({value.text});")
    population = list(plan.groups).index(group.name)
    prelude = [f"const Span span = context.span({population});", f"Real* const target = {target};"]
    return loop.function(f"Neurons '{group.name}': {variable}", name, EACH_NEURON, prelude)
