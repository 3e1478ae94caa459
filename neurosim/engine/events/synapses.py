"""C++ of synapses with text: what one arrival, one answer, one tick does to a synapse and to its neurons."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from neurosim.engine.deferred import deferred_name, order_matters, split_deferred
from neurosim.engine.events.comments import commented
from neurosim.engine.events.loops import Loop, identifier
from neurosim.engine.events.numbering import Numbering
from neurosim.engine.events.populations import (
    awake,
    constant_at,
    group_names,
    kept_ports,
    read_ports,
    texts_of,
    used_names,
)
from neurosim.engine.state import spikes_sent
from neurosim.network.program import Arriving, Do, Step, unmoved
from neurosim.network.text import Statement
from neurosim.plan.codegen.cpp_code import Typed, cpp_expression, cpp_statements
from neurosim.plan.plan import Block, Group, Plan, Textual


@dataclass
class PathwayCode:
    """One pathway with text, and the C++ of what its text may name. In loops, k is the place of a synapse."""

    plan: Plan
    numbering: Numbering
    pathway: Textual
    pre: Group = field(init=False)
    post: Group = field(init=False)

    def __post_init__(self) -> None:
        self.pre, self.post = self.plan.groups[self.pathway.pre], self.plan.groups[self.pathway.post]

    @property
    def states(self) -> tuple[str, ...]:
        """The variables of each synapse, in the order of its record."""
        return tuple(self.pathway.text.states)

    @property
    def graded(self) -> bool:
        return not spikes_sent(self.plan, self.pathway.pre)

    @property
    def numbers(self) -> str:
        """The PlasticNumbers of this pathway."""
        name = self.pathway.name
        texts = [p.name for p in self.plan.textual]
        arrays = [
            self.numbering.array("plastic", name, part)
            for part in ("row", "group", "first", "by_post", "post_first", "block_first")
        ]
        code = [list(self.plan.groups).index(group.name) for group in (self.pre, self.post)]
        return "{" + ", ".join(map(str, [texts.index(name), *arrays, *code])) + "}"

    @property
    def record(self) -> str:
        """The C++ type that holds what one synapse remembers."""
        return f"Synapse_{identifier(self.pathway.name)}"

    def loop(self, text: str) -> Loop:
        """A loop over synapses for 'on_pre', 'on_post', 'integrate' or 'summed' text, which knows who has moved by then."""
        place = next(
            (n for n, step in enumerate(self.plan.program) if self._acts(text, step)), len(self.plan.program)
        )
        return Loop(
            self.plan, self.numbering, element=_element(self), unmoved=unmoved(self.plan.program, place)
        )

    def _acts(self, text: str, step: Step) -> bool:
        """Whether such text of this pathway runs in a step."""
        if self.post.name not in step.populations:
            return False
        if text == "integrate":
            return step.kind is Do.INTEGRATE
        if text == "on_post":
            return step.kind is Do.DELIVER and step.arriving is Arriving.SENT
        return step.delivers(graded=text == "summed" or self.graded)

    def own(self, loop: Loop, name: str) -> str:
        """C++ for a variable of synapse k."""
        return f"{loop.pointer('own', self.record, 'own', self.pathway.name)}[k].{name}_"

    def sender(self, loop: Loop) -> str:
        return (
            f"{loop.pointer('sender_at', 'int32_t', 'plastic', self.pathway.name, 'sender', const=True)}[k]"
        )

    def receiver(self, loop: Loop) -> str:
        return f"{loop.pointer('receiver_at', 'int32_t', 'plastic', self.pathway.name, 'receiver', const=True)}[k]"

    def end(self, name: str) -> tuple[Group, str, bool]:
        """The population and variable that a name such as v_post, v_pre or (of the target) v means; whether it is the sender's."""
        before = name.endswith("_pre")
        return (
            (self.pre, name.removesuffix("_pre"), True)
            if before
            else (self.post, name.removesuffix("_post"), False)
        )

    def names(self, loop: Loop, wanted: set[str], *, copied: bool = False) -> dict[str, Typed]:
        """C++ for the names that text uses; its own variables in their record, or `copied` into arrays of their own."""
        text, owner = self.pathway.text, self.pathway.name
        names: dict[str, Typed] = {}
        for name in sorted(wanted):
            if name == "lastupdate" and name in text.states:
                names[name] = Typed(f"seconds(context, {self._last(loop, copied=copied)})", "double")
            elif name in text.states:
                names[name] = Typed(_copy(name) if copied else self.own(loop, name), "Real")
            elif name in text.constants:
                names[name] = constant_at(
                    loop, name, text.constants[name], "k", "synapse constant", owner, name
                )
            elif name == "t":
                names |= group_names(loop, self.post, {"t"})
            elif name == "elapsed":
                loop.before["const Moment<Real> now = moment_of(context);"] = None
                names[name] = Typed(f"between(context, now, {self._last(loop, copied=copied)})", "Real")
            elif name in ("i", "j"):
                names[name] = Typed(
                    f"static_cast<double>({self.sender(loop) if name == 'i' else self.receiver(loop)})",
                    "double",
                )
            else:
                found = self._neuron(loop, name)
                names |= {name: found} if found else {}
        return names

    def _last(self, loop: Loop, *, copied: bool) -> str:
        return _copy("lastupdate") if copied else self.own(loop, "lastupdate")

    def _neuron(self, loop: Loop, name: str) -> Typed | None:
        """C++ for a variable, constant or subexpression of a neuron; None for a temporary name of the text itself."""
        group, variable, before = self.end(name)
        sent = group.sends if group.sends is not None else "v"
        if before and self.graded and variable == sent:
            return Typed("delivered", "Real")
        at = self.sender(loop) if before else self.receiver(loop)
        inner = replace(loop, index=at, element="i", body=[], calls=0, keys=[])
        if variable in group.derived and variable not in group.states and variable not in group.constants:
            text = group.derived[variable]
            kept = (
                None if group.name in loop.unmoved else kept_ports(inner, group, read_ports(self.plan, group))
            )
            return cpp_expression(
                text, group_names(inner, group, used_names(text), kept), precision=self.plan.precision
            )
        return group_names(inner, group, {variable}).get(variable) if variable not in group.ports else None


def delivered(code: PathwayCode, loop: Loop, *, late: bool = False) -> list[str]:
    """The message that synapse k delivers at this tick, for senders that do not spike; `late`: after the target has sent."""
    population = list(code.plan.groups).index(code.pre.name)
    loop.before[f"const auto past = history_of(context, {population});"] = None
    delay = loop.pointer("delay_at", "int64_t", "plastic", code.pathway.name, "delay", const=True)
    ago = f"std::max<int64_t>({delay}[k], 1)" if late and _send_together(code) else f"{delay}[k]"
    return [f"const Real delivered = past.sent_at(context.tick - {ago})[{code.sender(loop)}];"]


def _send_together(code: PathwayCode) -> bool:
    """Whether the sender sends between the delivery to the target and the target's own sending, both in one step."""
    program, both = code.plan.program, {code.pre.name, code.post.name}
    together = next(
        (n for n, step in enumerate(program) if step.kind is Do.SEND and both <= set(step.populations)), None
    )
    return together is not None and any(
        step.delivers(graded=True) and code.post.name in step.populations for step in program[:together]
    )


def _copy(name: str) -> str:
    """C++ for a variable of the i-th of the synapses that act side by side."""
    return f"{name}_copy[i]"


def record(code: PathwayCode) -> list[str]:
    """The type that holds the variables of one synapse together: what an arrival touches lies in one place."""
    if not code.states:
        return []
    return [f"struct {code.record} {{", *(f"    {_kind(name)} {name}_;" for name in code.states), "};", ""]


def _kind(name: str) -> str:
    """The C++ type of a variable of synapses."""
    return "Moment<Real>" if name == "lastupdate" else "Real"


def _value(name: str, found: dict[str, Typed]) -> str:
    """C++ for what a block leaves in a variable of synapses; the time of the last update is that of the tick."""
    return "moment_of(context)" if name == "lastupdate" else f"static_cast<Real>({found[name].text})"


def act(code: PathwayCode, block: Block) -> list[str]:
    """The function that runs on_pre or on_post for every synapse that a visitor calls it for."""
    loop = code.loop(block.name)
    body = (
        _in_turn(code, loop, block)
        if order_matters(block, code.states, code.pre, code.post)
        else _side_by_side(code, loop, block)
    )
    visitor = "for_synapses"
    if not code.graded and block.name == "on_pre":
        visitor = "for_arrivals"
    elif block.name == "on_post" and code.post.spiking:
        visitor = "for_post_spikes"
    return _function(code, loop, block.name, f"{block.name}_{identifier(code.pathway.name)}", visitor, body)


def _function(
    code: PathwayCode, loop: Loop, what: str, name: str, visitor: str, body: list[str]
) -> list[str]:
    """The function that acts on synapses; its `body` stands where place(0) to place(n - 1) are the places of some of them."""
    keys = (
        [f"const Key keys[] = {{{', '.join(loop.keys)}}};", "const uint32_t tick = context.counter();"]
        if loop.keys
        else []
    )
    own = loop.pointer("own", code.record, "own", code.pathway.name)
    visit = [
        f"{visitor}(context, {code.numbers}, {own}, [&](const auto place, const int32_t n) {{",
        *(f"    {line}" for line in body),
        "});",
    ]
    lines = [*keys, *loop.before, *visit]
    return [
        f"// Synapses '{code.pathway.name}': {what}",
        f"void {name}(Context& context) {{",
        *(f"    {line}" for line in lines),
        "}",
        "",
    ]


def _in_turn(code: PathwayCode, loop: Loop, block: Block) -> list[str]:
    """One synapse after the other, for text that reads variables of neurons that it also changes."""
    ports = {f"{port}_post" for port in code.post.ports} | set(code.post.ports)
    inner = tuple(s.name for s in block.statements if s.name not in ports)
    statements, deferred = split_deferred(block, (*code.states, *inner))
    changed = tuple(
        dict.fromkeys(name for name in inner if name not in code.states and not name.startswith("_"))
    )
    found = _computed(
        code, loop, block, statements, code.names(loop, used_names(*texts_of(block)) | set(changed))
    )
    lines = [f"{code.own(loop, name)} = {_value(name, found)};" for name in block.writes]
    lines += [_store(code, loop, name, "=", found[name].text) for name in changed]
    lines += [
        _store(code, loop, update.name, update.op, found[deferred_name(number)].text)
        for number, update in enumerate(deferred)
    ]
    return _each([*loop.body, *lines], element=loop)


def _side_by_side(code: PathwayCode, loop: Loop, block: Block) -> list[str]:
    """Copies of the synapses' variables move in vectors; then what neurons get is added, arrival after arrival."""
    statements, deferred = split_deferred(block, code.states)
    read = {*used_names(*texts_of(block)), *block.writes}
    copies = [name for name in code.states if name in read or (name == "lastupdate" and "elapsed" in read)]
    found = _computed(
        code, loop, block, statements, code.names(loop, used_names(*texts_of(block)), copied=True)
    )
    moved = [f"{_copy(name)} = {_value(name, found)};" for name in block.writes]
    moved += [
        f"deferred_{number}[i] = static_cast<Real>({found[deferred_name(number)].text});"
        for number in range(len(deferred))
    ]
    room = [
        *((_kind(name), f"{name}_copy") for name in copies),
        *(("Real", f"deferred_{number}") for number in range(len(deferred))),
    ]
    lines = [f"{kind} {name}[TOGETHER];" for kind, name in room]
    if copies:
        lines += _each([f"{_copy(name)} = {code.own(loop, name)};" for name in copies])
    lines += _each([*loop.body, *moved], element=loop, independent=True)
    if block.writes:
        lines += _each([f"{code.own(loop, name)} = {_copy(name)};" for name in block.writes])
    if deferred:
        lines += _each(
            [
                _store(code, loop, update.name, update.op, f"deferred_{number}[i]")
                for number, update in enumerate(deferred)
            ]
        )
    return lines


def _each(lines: list[str], *, element: Loop | None = None, independent: bool = False) -> list[str]:
    """A loop over synapses; `element` numbers their random draws if there are any."""
    drawn = (
        [f"const uint32_t element = static_cast<uint32_t>({element.element});"]
        if element is not None and element.keys
        else []
    )
    opening = f"{'NEUROSIM_INDEPENDENT ' if independent else ''}for (int32_t i = 0; i < n; ++i) {{"
    return [
        opening,
        "    [[maybe_unused]] const int64_t k = place(i);",
        *(f"    {line}" for line in (*drawn, *lines)),
        "}",
    ]


def _computed(
    code: PathwayCode, loop: Loop, block: Block, statements: tuple[Statement, ...], names: dict[str, Typed]
) -> dict[str, Typed]:
    """Append statements of a block to the body of the loop; returns its new values."""
    if any(n.text == "delivered" for n in names.values()):
        loop.body += delivered(code, loop, late=block.name == "on_post")
    first = loop.random(code.pathway.name, block.name, block.statements)
    lines, found = cpp_statements(statements, names, precision=code.plan.precision, first_call=first)
    loop.body += [*commented(block), *lines]
    return found


def _element(code: PathwayCode) -> str:
    """The number of synapse k in the plan, which keys its random draws."""
    array = code.numbering.array("plastic", code.pathway.name, "canonical")
    return f"static_cast<const int32_t*>(context.network.arrays[{array}])[k]"


def _store(code: PathwayCode, loop: Loop, name: str, op: str, value: str) -> str:
    """Add to or set a variable or port of a neuron, unless it is frozen in a refractory one."""
    group, variable, before = code.end(name)
    at = code.sender(loop) if before else code.receiver(loop)
    tag = f"{identifier(group.name)}_{variable}"
    change = f"static_cast<Real>({value})"
    if variable not in group.ports:
        target = f"{loop.pointer(f'{tag}_at', 'Real', 'state', group.name, variable)}[{at}]"
        guard = f"if ({awake(replace(loop, index=at), group)}) " if variable in group.frozen else ""
        return f"{guard}{target} {op} {change};"
    target = f"{loop.pointer(f'{tag}_port_at', 'Real', 'port', group.name, variable)}[{at}]"
    reduce = group.ports[variable]
    if reduce == "sum" or op == "=":
        return f"{target} {op} {change};"
    count = f"{loop.pointer(f'{tag}_count_at', 'int64_t', 'count', group.name, variable)} + {at}"
    signed = f"-{change}" if op == "-=" and reduce == "mean" else change
    return f"{'Max' if reduce == 'max' else 'Mean'}::add({target}, {count}, {signed});"


def integrate(code: PathwayCode) -> list[str]:
    """The function that advances clock-driven variables of all synapses by one tick."""
    assert code.pathway.text.integrate is not None
    loop = code.loop("integrate")
    body = _side_by_side(code, loop, code.pathway.text.integrate)
    return _function(code, loop, "model", f"integrate_{identifier(code.pathway.name)}", "for_synapses", body)


def add_up(code: PathwayCode) -> list[str]:
    """The function that sets each (summed) variable of the targets to the sum of its expression over their synapses."""
    loop = code.loop("summed")
    population = list(code.plan.groups).index(code.post.name)
    loop.before[f"const Span span = context.span({population});"] = None
    copies = []
    for number, (variable, expression) in enumerate(code.pathway.text.summed.items()):
        names = code.names(loop, used_names(expression))
        if any(n.text == "delivered" for n in names.values()) and number == 0:
            loop.body += delivered(code, loop)
        value = cpp_expression(expression, names, precision=code.plan.precision)
        loop.before[f"std::vector<Real> total_{number}(span.last - span.first, Real(0));"] = None
        loop.body.append(
            f"total_{number}[{code.receiver(loop)} - span.first] += static_cast<Real>({value.text});"
        )
        target = code.numbering.pointer("Real", "state", code.post.name, variable)
        copies.append(f"    std::copy(total_{number}.begin(), total_{number}.end(), {target} + span.first);")
    lines = _function(
        code, loop, "summed", f"add_up_{identifier(code.pathway.name)}", "for_synapses", _each(loop.body)
    )
    return [*lines[:-2], *copies, *lines[-2:]]


def reads_sender(code: PathwayCode, *blocks: Block | None) -> set[str]:
    """The variables of sending neurons, other than their message, that these blocks read or write."""
    texts = [text for block in blocks for text in texts_of(block)]
    written = {s.name for block in blocks if block for s in block.statements}
    found = {name.removesuffix("_pre") for name in used_names(*texts) | written if name.endswith("_pre")}
    return {
        name
        for name in found
        if name in code.pre.states or name in code.pre.derived or name == "not_refractory"
    }


def pushed(code: PathwayCode, *blocks: Block | None) -> tuple[Statement, ...]:
    """The statements of these blocks that change neurons."""
    return tuple(update for block in blocks if block for update in split_deferred(block, code.states)[1])
