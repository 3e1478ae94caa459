"""C++ of synapses with text: what one arrival, one answer, one tick does to a synapse and to its neurons."""

from __future__ import annotations

from dataclasses import dataclass, field

from neurosim.engine.events.numbering import Numbering
from neurosim.engine.events.populations import Loop, awake, constant_at, group_names, identifier, read_ports, texts_of, used_names
from neurosim.engine.pushes import order_matters, split_pushes
from neurosim.engine.state import spikes_sent
from neurosim.network.text import Statement
from neurosim.plan.cpp import Typed, cpp_expression, cpp_statements
from neurosim.plan.plan import Block, Group, Pathway, Plan


@dataclass
class Ends:
    """One pathway with text, and the C++ of what its text may name. In loops, k is the place of a synapse."""

    plan: Plan
    numbering: Numbering
    pathway: Pathway
    pre: Group = field(init=False)
    post: Group = field(init=False)

    def __post_init__(self) -> None:
        self.pre, self.post = self.plan.groups[self.pathway.pre], self.plan.groups[self.pathway.post]

    @property
    def graded(self) -> bool:
        return not spikes_sent(self.plan, self.pathway.pre)

    @property
    def numbers(self) -> str:
        """The PlasticNumbers of this pathway."""
        name = self.pathway.name
        texts = [p.name for p in self.plan.pathways.values() if p.text]
        arrays = [self.numbering.array("plastic", name, part) for part in ("row", "group", "first", "by_post", "post_first", "block_first")]
        ends = [list(self.plan.groups).index(group.name) for group in (self.pre, self.post)]
        return "{" + ", ".join(map(str, [texts.index(name), *arrays, *ends])) + "}"

    def sender(self, loop: Loop) -> str:
        return f"{loop.pointer('sender_at', 'int32_t', 'plastic', self.pathway.name, 'sender', const=True)}[k]"

    def receiver(self, loop: Loop) -> str:
        return f"{loop.pointer('receiver_at', 'int32_t', 'plastic', self.pathway.name, 'receiver', const=True)}[k]"

    def end(self, name: str) -> tuple[Group, str, bool]:
        """The population and variable that a name such as v_post, v_pre or (of the target) v means; whether it is the sender's."""
        before = name.endswith("_pre")
        return (self.pre, name.removesuffix("_pre"), True) if before else (self.post, name.removesuffix("_post"), False)

    def names(self, loop: Loop, wanted: set[str]) -> dict[str, Typed]:
        """C++ for the names that text uses."""
        text, owner = self.pathway.text, self.pathway.name
        assert text is not None
        names: dict[str, Typed] = {}
        for name in sorted(wanted):
            if name in text.states:
                names[name] = Typed(f"{loop.pointer(f'{name}_at', 'Real', 'synapse', owner, name)}[k]", "Real")
            elif name in text.constants:
                names[name] = constant_at(loop, name, text.constants[name], "k", "synapse constant", owner, name)
            elif name == "t":
                names |= group_names(loop, self.post, {"t"})
            elif name == "elapsed":
                now = group_names(loop, self.post, {"t"})["t"].text
                names[name] = Typed(f"({now} - {loop.pointer('lastupdate_at', 'Real', 'synapse', owner, 'lastupdate')}[k])", "Real")
            elif name in ("i", "j"):
                names[name] = Typed(f"static_cast<int64_t>({self.sender(loop) if name == 'i' else self.receiver(loop)})", "int64")
            else:
                found = self._neuron(loop, name)
                names |= {name: found} if found else {}
        return names

    def _neuron(self, loop: Loop, name: str) -> Typed | None:
        """C++ for a variable, constant or subexpression of a neuron; None for a temporary name of the text itself."""
        group, variable, before = self.end(name)
        sent = group.message if group.message is not None else "v"
        if before and self.graded and variable == sent:
            return Typed("delivered", "Real")
        inner = Loop(self.plan, self.numbering, index=self.sender(loop) if before else self.receiver(loop), before=loop.before)
        if variable in group.derived and variable not in group.states and variable not in group.constants:
            text = group.derived[variable]
            kept = {port: self._kept(inner, group, port) for port in group.ports if port in read_ports(self.plan, group)}
            return cpp_expression(text, group_names(inner, group, used_names(text), kept), precision=self.plan.precision)
        return group_names(inner, group, {variable}).get(variable) if variable not in group.ports else None

    def _kept(self, loop: Loop, group: Group, port: str) -> Typed:
        return Typed(f"{loop.pointer(f'{identifier(group.name)}_{port}_read_at', 'Real', 'read', group.name, port)}[{loop.index}]", "Real")


def delivered(ends: Ends, loop: Loop) -> list[str]:
    """The message that synapse k delivers at this tick, for senders that do not spike."""
    population = list(ends.plan.groups).index(ends.pre.name)
    loop.before[f"const auto past = history_of(here, {population});"] = None
    delay = loop.pointer("delay_at", "int64_t", "plastic", ends.pathway.name, "delay", const=True)
    return [f"const Real delivered = past.sent_at(here.tick - {delay}[k])[{ends.sender(loop)}];"]


def act(ends: Ends, block: Block) -> list[str]:
    """The function that runs on_pre or on_post for every synapse that a visitor calls it for."""
    assert ends.pathway.text is not None
    loop = Loop(ends.plan, ends.numbering, element=_element(ends))
    ports = {f"{port}_post" for port in ends.post.ports} | set(ends.post.ports)
    states = tuple(ends.pathway.text.states)
    alone = order_matters(block, states)
    inner = tuple(s.name for s in block.statements if s.name not in ports) if alone else ()
    statements, pushes = split_pushes(block, (*states, *inner))
    changed = tuple(dict.fromkeys(name for name in inner if name not in states and not name.startswith("_")))
    wanted = used_names(*texts_of(block)) | set(changed)
    names = ends.names(loop, wanted)
    if any(n.text == "delivered" for n in names.values()):
        loop.body += delivered(ends, loop)
    first = loop.random(ends.pathway.name, block.name, block.statements)
    lines, found = cpp_statements(statements, names, precision=ends.plan.precision, first_call=first)
    loop.body += lines
    for name in block.writes:
        loop.body.append(f"{loop.pointer(f'{name}_at', 'Real', 'synapse', ends.pathway.name, name)}[k] = static_cast<Real>({found[name].text});")
    for name in changed:
        loop.body.append(_store(ends, loop, name, "=", found[name].text))
    for number, push in enumerate(pushes):
        loop.body.append(_store(ends, loop, push.name, push.op, found[f"_push_{number}"].text))
    title = f"Synapses '{ends.pathway.name}': {block.name}"
    if not ends.graded and block.name == "on_pre":
        visit = f"for_arrivals(here, {ends.numbers}, [&](int64_t k) {{"
    elif block.name == "on_post" and ends.post.spiking:
        visit = f"for_answers(here, {ends.numbers}, [&](int64_t k) {{"
    else:
        visit = f"for_synapses(here, {ends.numbers}, [&](int64_t k) {{"
    return _closed(loop.function(title, f"{block.name}_{identifier(ends.pathway.name)}", visit))


def _element(ends: Ends) -> str:
    """The number of synapse k in the plan, which keys its random draws."""
    array = ends.numbering.array("plastic", ends.pathway.name, "canonical")
    return f"static_cast<const int32_t*>(here.machine.arrays[{array}])[k]"


def _closed(lines: list[str]) -> list[str]:
    """The same function with its loop closed as a call."""
    place = max(n for n, line in enumerate(lines) if line == "    }")
    return [*lines[:place], "    });", *lines[place + 1 :]]


def _store(ends: Ends, loop: Loop, name: str, op: str, value: str) -> str:
    """Add to or set a variable or port of a neuron, unless it is frozen in a refractory one."""
    group, variable, before = ends.end(name)
    at = ends.sender(loop) if before else ends.receiver(loop)
    tag = f"{identifier(group.name)}_{variable}"
    change = f"static_cast<Real>({value})"
    if variable not in group.ports:
        target = f"{loop.pointer(f'{tag}_at', 'Real', 'state', group.name, variable)}[{at}]"
        inner = Loop(ends.plan, ends.numbering, index=at, before=loop.before)
        guard = f"if ({awake(inner, group, early=False)}) " if variable in group.frozen else ""
        return f"{guard}{target} {op} {change};"
    target = f"{loop.pointer(f'{tag}_port_at', 'Real', 'port', group.name, variable)}[{at}]"
    reduce = group.ports[variable]
    if reduce == "sum" or op == "=":
        return f"{target} {op} {change};"
    count = f"{loop.pointer(f'{tag}_count_at', 'int64_t', 'count', group.name, variable)} + {at}"
    signed = f"-{change}" if op == "-=" and reduce == "mean" else change
    return f"{'Max' if reduce == 'max' else 'Mean'}::add({target}, {count}, {signed});"


def integrate(ends: Ends) -> list[str]:
    """The function that advances clock-driven variables of all synapses by one tick."""
    assert ends.pathway.text is not None and ends.pathway.text.integrate is not None
    block = ends.pathway.text.integrate
    loop = Loop(ends.plan, ends.numbering, element=_element(ends))
    names = ends.names(loop, used_names(*texts_of(block)))
    first = loop.random(ends.pathway.name, block.name, block.statements)
    lines, found = cpp_statements(block.statements, names, precision=ends.plan.precision, first_call=first)
    loop.body += (delivered(ends, loop) if any(n.text == "delivered" for n in names.values()) else []) + lines
    for name in block.writes:
        loop.body.append(f"{loop.pointer(f'{name}_at', 'Real', 'synapse', ends.pathway.name, name)}[k] = static_cast<Real>({found[name].text});")
    visit = f"for_synapses(here, {ends.numbers}, [&](int64_t k) {{"
    return _closed(loop.function(f"Synapses '{ends.pathway.name}': model", f"integrate_{identifier(ends.pathway.name)}", visit))


def add_up(ends: Ends) -> list[str]:
    """The function that sets each (summed) variable of the targets to the sum of its expression over their synapses."""
    assert ends.pathway.text is not None
    loop = Loop(ends.plan, ends.numbering)
    population = list(ends.plan.groups).index(ends.post.name)
    prelude = [f"const Span span = here.span({population});"]
    for number, expression in enumerate(ends.pathway.text.summed.values()):
        names = ends.names(loop, used_names(expression))
        if any(n.text == "delivered" for n in names.values()) and number == 0:
            loop.body += delivered(ends, loop)
        value = cpp_expression(expression, names, precision=ends.plan.precision)
        prelude.append(f"std::vector<Real> total_{number}(span.last - span.first, Real(0));")
        loop.body.append(f"total_{number}[{ends.receiver(loop)} - span.first] += static_cast<Real>({value.text});")
    visit = f"for_synapses(here, {ends.numbers}, [&](int64_t k) {{"
    lines = _closed(loop.function(f"Synapses '{ends.pathway.name}': summed", f"add_up_{identifier(ends.pathway.name)}", visit, prelude))
    copies = []
    for number, variable in enumerate(ends.pathway.text.summed):
        target = ends.numbering.pointer("Real", "state", ends.post.name, variable)
        copies.append(f"    std::copy(total_{number}.begin(), total_{number}.end(), {target} + span.first);")
    return [*lines[:-2], *copies, *lines[-2:]]


def reads_sender(ends: Ends, *blocks: Block | None) -> set[str]:
    """The variables of sending neurons, other than their message, that these blocks read or write."""
    texts = [text for block in blocks for text in texts_of(block)]
    written = {s.name for block in blocks if block for s in block.statements}
    found = {name.removesuffix("_pre") for name in used_names(*texts) | written if name.endswith("_pre")}
    return {name for name in found if name in ends.pre.states or name in ends.pre.derived or name == "not_refractory"}


def pushed(ends: Ends, *blocks: Block | None) -> tuple[Statement, ...]:
    """The statements of these blocks that change neurons."""
    assert ends.pathway.text is not None
    states = tuple(ends.pathway.text.states)
    return tuple(push for block in blocks if block for push in split_pushes(block, states)[1])
