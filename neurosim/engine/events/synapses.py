"""C++ of synapses with text: what an arrival, a spike of the target, or a tick changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from neurosim.engine.deferred import deferred_name, order_matters, split_deferred
from neurosim.engine.delivery import least_delay
from neurosim.engine.events.comments import commented
from neurosim.engine.events.keys import (
    PortCount,
    PortTotal,
    SubexpressionArray,
    SynapseRecords,
)
from neurosim.engine.events.loops import Loop, function, identifier, indented
from neurosim.engine.events.names import not_refractory, state_pointer, texts_of, used_names
from neurosim.engine.events.numbering import number_of
from neurosim.engine.events.order import sent_between
from neurosim.engine.events.pathway_code import DELIVERED, PathwayCode, kind
from neurosim.engine.events.stages import REDUCE
from neurosim.network.text import Statement
from neurosim.plan.codegen.cpp_code import Typed, cpp_expression, cpp_statements
from neurosim.plan.plan import Block


def delivered(code: PathwayCode, loop: Loop, text: str) -> list[str]:
    """The line that takes the message of synapse k's graded sender, for text of this kind.

    If the sender has sent again since then, equations and on_post still see the message that was delivered.
    """
    sender = number_of(code.plan, code.pathway.pre)
    past = loop.declare("const auto", "past", f"history_of(context, {sender})")
    delay = code.delay(loop)
    late = text in ("integrate", "on_post") and sent_between(code.plan, code.pathway, code.step(text))
    ago = f"std::max<int64_t>({delay}, 1)" if late else delay
    return [f"const Real {DELIVERED.text} = {past}.sent_at(context.tick - {ago})[{code.sender(loop)}];"]


def record(code: PathwayCode) -> list[str]:
    """The type that holds the variables of one synapse, so that an arrival touches one place in memory."""
    if code.in_arrays and not code.pathway.of:
        for name in code.states:  # all of them, so that those which no text uses are kept as well
            code.numbering.array(SynapseRecords(code.pathway.name, name))
        return []
    if not code.states or not code.names_record:
        return []
    columns = [f"    {kind(name)} {name}_[TOGETHER];" for name in code.states]
    return [
        f"struct {code.record} {{", *(f"    {kind(name)} {name}_;" for name in code.states), "};",
        f"struct alignas(LINE) {code.columns} {{", *columns, "};", "",
    ]  # fmt: skip


def new_value(name: str, values: dict[str, Typed]) -> str:
    """C++ for the new value of a variable of synapses; `lastupdate` becomes the time of the tick."""
    return "moment_of(context)" if name == "lastupdate" else f"static_cast<Real>({values[name].text})"


def act(code: PathwayCode, block: Block) -> list[str]:
    """The function that runs on_pre or on_post, for the synapses that core/synapses/textual.hpp chooses."""
    loop = code.loop(block.name)
    body = one_by_one_or_not(code, loop, block)
    visitor = "for_textual_synapses"
    if not code.graded and block.name == "on_pre":
        arrivals = "changing_arrivals" if code.pathway.delay_from else "arrivals"
        visitor = f"for_listed_{arrivals}" if code.listed else f"for_{arrivals}"
    elif block.name == "on_post" and code.plan.sends_spikes(code.pathway.post):
        visitor = "for_post_spikes"
    return acting(code, loop, block.name, f"{block.name}_{identifier(code.pathway.name)}", visitor, body)


def one_by_one_or_not(code: PathwayCode, loop: Loop, block: Block) -> list[str]:
    """Lines that act on some synapses: in turn if their order matters."""
    if order_matters(block, code.pathway.text, code.pre, code.post):
        return in_turn(code, loop, block)
    return side_by_side(code, loop, block)


def acting(
    code: PathwayCode,
    loop: Loop,
    what: str,
    name: str,
    visitor: str,
    body: Iterable[str],
    after: Iterable[str] = (),
) -> list[str]:
    """The function that acts on synapses.

    Its `body` acts on n synapses at the places place(0) to place(n - 1); `after` follows when all have acted.
    """
    records = code.records(loop)
    call = f"{visitor}(context, {code.handles}, {records}, [&](const Places place, const int32_t n) {{"
    lines = [*loop.key_lines(), *loop.before.values(), call, *indented(body), "});", *after]
    return function(f"Synapses '{code.pathway.name}': {what}", f"void {name}(Context& context)", lines)


def in_turn(code: PathwayCode, loop: Loop, block: Block) -> list[str]:
    """Lines that act on one synapse after the other, because the text reads what it changes in neurons."""
    ports = {f"{port}_post" for port in code.post.ports} | set(code.post.ports)
    inner = tuple(s.name for s in block.statements if s.name not in ports)
    statements, deferred = split_deferred(block, (*code.variables, *inner))
    of_neurons = (name for name in inner if name not in code.variables and not name.startswith("_"))
    changed = tuple(dict.fromkeys(of_neurons))
    names = code.names(loop, used_names(*texts_of(block)) | set(changed))
    values = computed(code, loop, block, statements, names)
    lines = [f"{code.own(loop, name)} = {new_value(name, values)};" for name in block.writes]
    lines += [_store(code, loop, name, "=", values[name].text) for name in changed]
    lines += [
        _store(code, loop, update.name, update.op, values[deferred_name(number)].text)
        for number, update in enumerate(deferred)
    ]
    return each([*loop.element_lines(), *loop.body, *lines])


def side_by_side(code: PathwayCode, loop: Loop, block: Block) -> list[str]:
    """Lines that act on copies of the synapses' variables in vectors, and then update neurons one by one."""
    statements, deferred = split_deferred(block, code.variables)
    used = used_names(*texts_of(block))
    read = {*used, *block.writes}
    copies = [
        name for name in code.variables if name in read or (name == "lastupdate" and "_elapsed" in read)
    ]
    values = computed(code, loop, block, statements, code.names(loop, used, as_copies=True))
    held = [name for name in copies if code.in_arrays or name not in code.states]  # the latter by populations
    moved = [f"{code.copied(name)} = {new_value(name, values)};" for name in block.writes]
    moved += [
        f"deferred{number}[i] = static_cast<Real>({values[deferred_name(number)].text});"
        for number in range(len(deferred))
    ]
    lines = [f"alignas(LINE) {kind(name)} {name}_copy[TOGETHER];" for name in held]
    lines += [f"alignas(LINE) Real deferred{number}[TOGETHER];" for number in range(len(deferred))]
    if set(copies) - set(held):
        lines += [f"{code.columns} own_copy;", f"read_columns<Real>({code.records(loop)}, place, own_copy);"]
    if held:
        lines += together([f"{code.copied(name)} = {code.own(loop, name)};" for name in held])
    lines += together([*loop.element_lines(), *loop.body, *moved])
    written = [name for name in block.writes if name in held]
    if set(block.writes) - set(held):
        lines.append(f"write_columns<Real>(own_copy, {code.records(loop)}, place, n);")
    if written:
        lines += each([f"{code.own(loop, name)} = {code.copied(name)};" for name in written])
    if deferred:
        stores = [
            _store(code, loop, update.name, update.op, f"deferred{number}[i]")
            for number, update in enumerate(deferred)
        ]
        lines += each(stores)
    return lines


def each(lines: list[str], opening: str = "for (int32_t i = 0; i < n; ++i) {") -> list[str]:
    """A loop over the synapses that act."""
    return [opening, "    [[maybe_unused]] const int64_t k = place(i);", *indented(lines), "}"]


def together(lines: list[str]) -> list[str]:
    """A loop over all places of those that act together, which runs in vectors.

    What it reads must be defined also where the last synapse is repeated: draws and tables take it.
    """
    return each(lines, "NEUROSIM_INDEPENDENT for (int32_t i = 0; i < TOGETHER; ++i) {")


def computed(
    code: PathwayCode, loop: Loop, block: Block, statements: tuple[Statement, ...], names: dict[str, Typed]
) -> dict[str, Typed]:
    """Append statements of a block to the body of the loop; returns C++ for its new values."""
    if DELIVERED in names.values():
        loop.body += delivered(
            code, loop, "integrate" if block is code.pathway.text.integrate else block.name
        )
    first = loop.random(code.pathway.name, block.name, block.statements)
    lines, values = cpp_statements(statements, names, precision=code.plan.precision, first_call=first)
    loop.body += [*commented(block), *lines]
    return values


def _store(code: PathwayCode, loop: Loop, name: str, op: str, value: str) -> str:
    """C++ that adds to or sets a variable or port of a neuron, unless it is frozen in a refractory one."""
    group, variable, of_sender = code.end(name)
    at = code.sender(loop) if of_sender else code.receiver(loop)
    change = f"static_cast<Real>({value})"
    if variable not in group.ports:
        target = f"{state_pointer(loop, group, variable)}[{at}]"
        frozen = variable in group.frozen
        guard = f"if ({not_refractory(replace(loop, index=at), group)}) " if frozen else ""
        return f"{guard}{target} {op} {change};"
    tag = f"{identifier(group.name)}_{variable}"
    target = f"{loop.pointer(f'{tag}_port_at', 'Real', PortTotal(group.name, variable))}[{at}]"
    reduce = group.ports[variable]
    if reduce == "sum" or op == "=":
        return f"{target} {op} {change};"
    count = f"{loop.pointer(f'{tag}_count_at', 'int64_t', PortCount(group.name, variable))} + {at}"
    signed = f"-{change}" if op == "-=" and reduce == "mean" else change
    return f"{REDUCE[reduce]}::add({target}, {count}, {signed});"


def send_with_delays(code: PathwayCode) -> list[str]:
    """The function that puts spikes on their way, if a variable of the synapses is their delay."""
    loop, pathway = code.loop("on_pre"), code.pathway
    value, least = code.own(loop, pathway.delay_from), least_delay(code.plan, pathway)
    delay = f"[&](int64_t k) {{ return ticks_of_delay(context, {value}, {least}); }}"
    places = f", InList{{context.template shared<int32_t>({code.places})}}" if pathway.of else ""
    lines = [*loop.before.values(), f"send_with_delays(context, {code.handles}, {delay}{places});"]
    name = f"send_{identifier(pathway.name)}_with_delays"
    return function(f"Synapses '{pathway.name}': send", f"void {name}(Context& context)", lines)


def queue(code: PathwayCode) -> list[str]:
    """The function that puts the spikes of a tick into the calendar."""
    name, title = code.pathway.name, f"Synapses '{code.pathway.name}': queue"
    call = f"queue_arrivals(context, {code.handles});"
    return function(title, f"void queue_{identifier(name)}(Context& context)", [call])


def evaluated(code: PathwayCode, variable: str, name: str, unmoved: frozenset[str]) -> list[str]:
    """The function `name`, which writes a subexpression of all synapses to an array, for records.

    unmoved: the populations that have yet to move in this tick
    """
    loop = replace(code.loop("record"), unmoved=unmoved)
    expression = code.pathway.text.subexpressions[variable]
    names = code.names(loop, used_names(expression))
    value = cpp_expression(expression, names, precision=code.plan.precision)
    key = SubexpressionArray(code.pathway.name, variable, of_synapses=True)
    target = loop.pointer(f"{variable}_derived", "Real", key)
    loop.body.append(f"{target}[k] = static_cast<Real>({value.text});")
    return acting(code, loop, variable, name, "for_textual_synapses", each(loop.body))
