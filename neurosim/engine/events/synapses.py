"""C++ of synapses with text: what an arrival, a spike of the target, or a tick changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from neurosim.engine.deferred import deferred_name, order_matters, split_deferred
from neurosim.engine.events.comments import commented
from neurosim.engine.events.keys import (
    PortCount,
    PortTotal,
    StateArray,
    SynapseConstant,
    SynapseRecords,
    TextualArray,
    TextualPart,
)
from neurosim.engine.events.loops import Loop, function, identifier, indented
from neurosim.engine.events.names import (
    constant_at,
    group_names,
    kept_ports,
    not_refractory,
    ports_to_keep,
    state_pointer,
    texts_of,
    used_names,
)
from neurosim.engine.events.numbering import Numbering, braced
from neurosim.engine.events.order import sent_between
from neurosim.engine.events.stages import REDUCE
from neurosim.engine.state import spikes_sent
from neurosim.network.program import Arriving, Do, Step, unmoved
from neurosim.network.text import Statement
from neurosim.plan.codegen.cpp_code import Typed, cpp_expression, cpp_statements
from neurosim.plan.pathway import ENDS
from neurosim.plan.plan import Block, Group, Plan, Textual

DELIVERED = Typed("delivered", "Real")  # the message that a synapse delivers in this tick
# The arrays of `TextualHandles` in core/synapses/textual.hpp.
HANDLES = (
    TextualPart.ROW,
    TextualPart.BUNDLE,
    TextualPart.FIRST,
    TextualPart.BY_POST,
    TextualPart.POST_FIRST,
    TextualPart.BLOCK_FIRST,
)


@dataclass
class PathwayCode:
    """One pathway with text, and the C++ for what its text may name. In loops, k is a synapse's place."""

    plan: Plan
    numbering: Numbering
    pathway: Textual
    pre: Group = field(init=False)
    post: Group = field(init=False)

    def __post_init__(self) -> None:
        self.pre, self.post = self.plan.ends(self.pathway)

    @property
    def states(self) -> tuple[str, ...]:
        """The variables of each synapse, in the order of its record."""
        return tuple(self.pathway.text.states)

    @property
    def graded(self) -> bool:
        """Whether the sender does not spike."""
        return not spikes_sent(self.plan, self.pathway.pre)

    @property
    def handles(self) -> str:
        """The `TextualHandles` of this pathway."""
        number = [p.name for p in self.plan.textual].index(self.pathway.name)
        arrays = [self.numbering.array(TextualArray(self.pathway.name, part)) for part in HANDLES]
        ends = [list(self.plan.groups).index(name) for name in (self.pathway.pre, self.pathway.post)]
        return braced(number, *arrays, *ends)

    @property
    def record(self) -> str:
        """The C++ type that holds the variables of one synapse."""
        return f"Synapse_{identifier(self.pathway.name)}"

    def loop(self, text: str) -> Loop:
        """A loop over synapses for 'on_pre', 'on_post', 'integrate', 'summed' or 'run' text."""
        canonical = TextualArray(self.pathway.name, TextualPart.CANONICAL)  # random draws are counted by it
        element = f"{self.numbering.shared_pointer('int32_t', canonical)}[k]"
        not_yet = unmoved(self.plan.program, self.step(text))
        return Loop(self.plan, self.numbering, element=element, unmoved=not_yet)

    def step(self, text: str) -> int:
        """The number of the step in which such text runs."""
        program = self.plan.program
        return next((n for n, step in enumerate(program) if self._acts(text, step)), len(program))

    def _acts(self, text: str, step: Step) -> bool:
        """Whether such text of this pathway runs in a step."""
        name, post = self.pathway.name, self.pathway.post
        if text == "summed":
            return step.adds_up(name, post)
        if not step.concerns(name, post):
            return False
        if text == "integrate":
            return step.kind is Do.INTEGRATE
        if step.kind is Do.RUN:
            return step.block == text
        if text == "on_post":
            return step.kind is Do.DELIVER and step.arriving is Arriving.SENT
        return step.delivers(graded=self.graded)

    def records(self, loop: Loop) -> str:
        """The name of a pointer to the records of all synapses."""
        return loop.pointer("own", self.record, SynapseRecords(self.pathway.name))

    def own(self, loop: Loop, name: str) -> str:
        """C++ for a variable of synapse k."""
        return f"{self.records(loop)}[k].{name}_"

    def _element(self, loop: Loop, name: str, cpp_type: str, part: TextualPart) -> str:
        return f"{loop.pointer(name, cpp_type, TextualArray(self.pathway.name, part), const=True)}[k]"

    def sender(self, loop: Loop) -> str:
        """C++ for the sending neuron of synapse k."""
        return self._element(loop, "sender_at", "int32_t", TextualPart.SENDER)

    def receiver(self, loop: Loop) -> str:
        """C++ for the target neuron of synapse k."""
        return self._element(loop, "receiver_at", "int32_t", TextualPart.RECEIVER)

    def delay(self, loop: Loop) -> str:
        """C++ for the delay of synapse k in ticks."""
        return self._element(loop, "delay_at", "int64_t", TextualPart.DELAY)

    def end(self, name: str) -> tuple[Group, str, bool]:
        """The population and variable that v_post, v_pre or v (the target's) means, and whether it is
        v_pre."""
        if name.endswith("_pre"):
            return self.pre, name.removesuffix("_pre"), True
        return self.post, name.removesuffix("_post"), False

    def names(self, loop: Loop, wanted: set[str], *, copied: bool = False) -> dict[str, Typed]:
        """C++ for the names that text uses; synapse variables lie in records, or are `copied` into arrays."""
        text, names = self.pathway.text, dict[str, Typed]()
        for name in sorted(wanted):
            if name == "lastupdate" and name in text.states:
                names[name] = Typed(f"seconds(context, {self._last_update(loop, copied=copied)})", "double")
            elif name in text.states:
                names[name] = Typed(_copy(name) if copied else self.own(loop, name), "Real")
            elif name in text.constants:
                key = SynapseConstant(self.pathway.name, name)
                names[name] = constant_at(loop, name, text.constants[name], "k", key)
            elif name == "t":
                names |= group_names(loop, self.post, {"t"})
            elif name == "_elapsed":
                now = loop.declare("const Moment<Real>", "now", "moment_of(context)")
                last = self._last_update(loop, copied=copied)
                names[name] = Typed(f"between(context, {now}, {last})", "Real")
            elif name in ENDS:
                index = self.sender(loop) if ENDS[name] == "sender" else self.receiver(loop)
                names[name] = Typed(f"static_cast<double>({index})", "double")
            else:
                of_neuron = self._neuron(loop, name)
                names |= {name: of_neuron} if of_neuron else {}
        return names

    def _last_update(self, loop: Loop, *, copied: bool) -> str:
        return _copy("lastupdate") if copied else self.own(loop, "lastupdate")

    def _neuron(self, loop: Loop, name: str) -> Typed | None:
        """C++ for a variable, constant or subexpression of a neuron; None for a temporary name."""
        group, variable, of_sender = self.end(name)
        if name == self.plan.message_name(self.pathway):
            return DELIVERED
        at = self.sender(loop) if of_sender else self.receiver(loop)
        inner = replace(loop, index=at, element="i", body=[], calls=0, keys=[])
        if (
            variable in group.subexpressions
            and variable not in group.states
            and variable not in group.constants
        ):
            text, ports = group.subexpressions[variable], None
            if group.name not in loop.unmoved:
                ports = kept_ports(inner, group, ports_to_keep(self.plan, group))
            names = group_names(inner, group, used_names(text), ports)
            return cpp_expression(text, names, precision=self.plan.precision)
        return group_names(inner, group, {variable}).get(variable) if variable not in group.ports else None


def delivered(code: PathwayCode, loop: Loop, text: str) -> list[str]:
    """The line that takes the message of synapse k's graded sender, for text of this kind.

    If the sender has sent again since then, equations and on_post still see the message that was delivered.
    """
    population = list(code.plan.groups).index(code.pathway.pre)
    past = loop.declare("const auto", "past", f"history_of(context, {population})")
    delay = code.delay(loop)
    late = text in ("integrate", "on_post") and sent_between(code.plan, code.pathway, code.step(text))
    ago = f"std::max<int64_t>({delay}, 1)" if late else delay
    return [f"const Real {DELIVERED.text} = {past}.sent_at(context.tick - {ago})[{code.sender(loop)}];"]


def _copy(name: str) -> str:
    """C++ for the copy of a variable of the i-th of the synapses that act side by side."""
    return f"{name}_copy[i]"


def record(code: PathwayCode) -> list[str]:
    """The type that holds the variables of one synapse, so that an arrival touches one place in memory."""
    if not code.states:
        return []
    return [f"struct {code.record} {{", *(f"    {_kind(name)} {name}_;" for name in code.states), "};", ""]


def _kind(name: str) -> str:
    """The C++ type of a variable of synapses."""
    return "Moment<Real>" if name == "lastupdate" else "Real"


def _value(name: str, values: dict[str, Typed]) -> str:
    """C++ for the new value of a variable of synapses; `lastupdate` becomes the time of the tick."""
    return "moment_of(context)" if name == "lastupdate" else f"static_cast<Real>({values[name].text})"


def act(code: PathwayCode, block: Block) -> list[str]:
    """The function that runs on_pre or on_post, for the synapses that core/synapses/textual.hpp chooses."""
    loop = code.loop(block.name)
    in_turn = order_matters(block, code.states, code.pre, code.post)
    body = _in_turn(code, loop, block) if in_turn else _side_by_side(code, loop, block)
    visitor = "for_textual_synapses"
    if not code.graded and block.name == "on_pre":
        visitor = "for_arrivals"
    elif block.name == "on_post" and code.plan.groups[code.pathway.post].spiking:
        visitor = "for_post_spikes"
    return _function(code, loop, block.name, f"{block.name}_{identifier(code.pathway.name)}", visitor, body)


def _function(
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
    call = f"{visitor}(context, {code.handles}, {records}, [&](const auto place, const int32_t n) {{"
    lines = [*loop.key_lines(), *loop.before.values(), call, *indented(body), "});", *after]
    return function(f"Synapses '{code.pathway.name}': {what}", f"void {name}(Context& context)", lines)


def _in_turn(code: PathwayCode, loop: Loop, block: Block) -> list[str]:
    """Lines that act on one synapse after the other, because the text reads what it changes in neurons."""
    ports = {f"{port}_post" for port in code.post.ports} | set(code.post.ports)
    inner = tuple(s.name for s in block.statements if s.name not in ports)
    statements, deferred = split_deferred(block, (*code.states, *inner))
    of_neurons = (name for name in inner if name not in code.states and not name.startswith("_"))
    changed = tuple(dict.fromkeys(of_neurons))
    names = code.names(loop, used_names(*texts_of(block)) | set(changed))
    values = _computed(code, loop, block, statements, names)
    lines = [f"{code.own(loop, name)} = {_value(name, values)};" for name in block.writes]
    lines += [_store(code, loop, name, "=", values[name].text) for name in changed]
    lines += [
        _store(code, loop, update.name, update.op, values[deferred_name(number)].text)
        for number, update in enumerate(deferred)
    ]
    return _each([*loop.element_lines(), *loop.body, *lines])


def _side_by_side(code: PathwayCode, loop: Loop, block: Block) -> list[str]:
    """Lines that act on copies of the synapses' variables in vectors, and then update neurons one by one."""
    statements, deferred = split_deferred(block, code.states)
    used = used_names(*texts_of(block))
    read = {*used, *block.writes}
    copies = [name for name in code.states if name in read or (name == "lastupdate" and "_elapsed" in read)]
    values = _computed(code, loop, block, statements, code.names(loop, used, copied=True))
    moved = [f"{_copy(name)} = {_value(name, values)};" for name in block.writes]
    moved += [
        f"deferred{number}[i] = static_cast<Real>({values[deferred_name(number)].text});"
        for number in range(len(deferred))
    ]
    lines = [f"{_kind(name)} {name}_copy[TOGETHER];" for name in copies]
    lines += [f"Real deferred{number}[TOGETHER];" for number in range(len(deferred))]
    if copies:
        lines += _each([f"{_copy(name)} = {code.own(loop, name)};" for name in copies])
    lines += _each([*loop.element_lines(), *loop.body, *moved], independent=True)
    if block.writes:
        lines += _each([f"{code.own(loop, name)} = {_copy(name)};" for name in block.writes])
    if deferred:
        stores = [
            _store(code, loop, update.name, update.op, f"deferred{number}[i]")
            for number, update in enumerate(deferred)
        ]
        lines += _each(stores)
    return lines


def _each(lines: list[str], *, independent: bool = False) -> list[str]:
    """A loop over the synapses that act together."""
    opening = f"{'NEUROSIM_INDEPENDENT ' if independent else ''}for (int32_t i = 0; i < n; ++i) {{"
    return [opening, "    [[maybe_unused]] const int64_t k = place(i);", *indented(lines), "}"]


def _computed(
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


def integrate(code: PathwayCode) -> list[str]:
    """The function that advances clock-driven variables of all synapses by one tick."""
    assert code.pathway.text.integrate is not None
    return all_synapses(code, code.pathway.text.integrate, f"integrate_{identifier(code.pathway.name)}")


def all_synapses(code: PathwayCode, block: Block, name: str) -> list[str]:
    """The function `name`, which runs a block in all synapses: the equations, or a periodic block."""
    loop = code.loop("integrate" if block is code.pathway.text.integrate else block.name)
    if block.shared:
        loop.element = "0"
    in_turn = order_matters(block, code.states, code.pre, code.post)
    body = _in_turn(code, loop, block) if in_turn else _side_by_side(code, loop, block)
    return _function(code, loop, block.name, name, "for_textual_synapses", body)


def add_up(code: PathwayCode) -> list[str]:
    """The function that sets each (summed) variable of a target to a sum over its synapses."""
    loop = code.loop("summed")
    population = list(code.plan.groups).index(code.post.name)
    span = loop.declare("const Span", "span", f"context.span({population})")
    copies: list[str] = []
    for number, (variable, expression) in enumerate(code.pathway.text.summed.items()):
        names = code.names(loop, used_names(expression))
        if DELIVERED in names.values() and number == 0:
            loop.body += delivered(code, loop, "summed")
        value = cpp_expression(expression, names, precision=code.plan.precision)
        total = loop.declare("std::vector<Real>", f"total{number}", f"std::vector<Real>({span}.size())")
        receiver = code.receiver(loop)
        loop.body.append(f"{total}[{receiver} - {span}.first] += static_cast<Real>({value.text});")
        target = code.numbering.pointer("Real", StateArray(code.post.name, variable))
        copies += _set_part(code, loop, total, target, span)
    name = f"add_up_{identifier(code.pathway.name)}"
    return _function(code, loop, "summed", name, "for_textual_synapses", _each(loop.body), copies)


def _set_part(code: PathwayCode, loop: Loop, total: str, target: str, span: str) -> list[str]:
    """Lines that set a variable to sums, in the neurons of the part that the synapses lead to."""
    if code.pathway.post_index.size == code.post.size:
        return [f"std::copy({total}.begin(), {total}.end(), {target} + {span}.first);"]
    chosen = loop.pointer(
        "chosen", "uint8_t", TextualArray(code.pathway.name, TextualPart.TARGETED), const=True
    )
    return [
        f"for (int32_t i = {span}.first; i < {span}.last; ++i) {{",
        f"    if ({chosen}[i]) {target}[i] = {total}[i - {span}.first];",
        "}",
    ]


def reads_sender(code: PathwayCode, *blocks: Block | None) -> set[str]:
    """The variables of sending neurons, other than their message, that these blocks read or write."""
    texts = [text for block in blocks for text in texts_of(block)]
    written = {s.name for block in blocks if block for s in block.statements}
    names = {name.removesuffix("_pre") for name in used_names(*texts) | written if name.endswith("_pre")}
    return names & {*code.pre.states, *code.pre.subexpressions, "not_refractory"}


def updates_of_neurons(code: PathwayCode, *blocks: Block | None) -> tuple[Statement, ...]:
    """The statements of these blocks that change neurons."""
    return tuple(update for block in blocks if block for update in split_deferred(block, code.states)[1])
