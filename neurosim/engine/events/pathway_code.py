"""The C++ for what text of synapses may name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from neurosim.engine.deferred import split_deferred
from neurosim.engine.events.by_target import lies_by_target
from neurosim.engine.events.keys import LinkIndex, SynapseConstant, SynapseRecords, TextualArray, TextualPart
from neurosim.engine.events.loops import Loop, identifier
from neurosim.engine.events.names import (
    constant_at,
    group_names,
    kept_ports,
    linked_at,
    ports_to_keep,
    texts_of,
    used_names,
)
from neurosim.engine.events.numbering import Numbering, braced, number_of
from neurosim.engine.events.sharing import marked_number, plain
from neurosim.engine.events.textual_layout import lie_in_arrays
from neurosim.engine.state import spikes_sent
from neurosim.network.program import Arriving, Do, Step, unmoved
from neurosim.network.text import Statement
from neurosim.plan.codegen.cpp_code import Typed, cpp_expression
from neurosim.plan.derived import once_for_each_plan
from neurosim.plan.pathway import ENDS
from neurosim.plan.plan import Block, Group, Plan, Textual

DELIVERED = Typed("delivered", "Real")  # the message that a synapse delivers in this tick
# The arrays of `TextualHandles` in core/synapses/textual.hpp, and those that each pathway has of its own.
HANDLES = (
    TextualPart.ROW,
    TextualPart.BUNDLE,
    TextualPart.FIRST,
    TextualPart.BY_POST,
    TextualPart.POST_FIRST,
    TextualPart.BLOCK_FIRST,
    TextualPart.RECEIVER,
)
OF_PATHWAYS = (TextualPart.ROW, TextualPart.BUNDLE, TextualPart.FIRST)


@once_for_each_plan
def _numbers(plan: Plan) -> dict[str, int]:
    """The number of each pathway with text among them."""
    return {pathway.name: number for number, pathway in enumerate(plan.textual)}


@once_for_each_plan
def _first_alike(plan: Plan) -> dict[tuple[str, ...], str]:
    """The first synapses that have these variables, in the order of their record."""
    holders = [pathway for pathway in plan.textual if not (pathway.of or lie_in_arrays(pathway))]
    return {tuple(pathway.text.states): pathway.name for pathway in reversed(holders)}


@dataclass
class PathwayCode:
    """One pathway with text, and the C++ for what its text may name. In loops, k is a synapse's place."""

    plan: Plan
    numbering: Numbering
    pathway: Textual
    ends: tuple[str, str] | None = None  # C++ for sender and target of synapse k; None: their arrays have it
    here: frozenset[str] = (
        frozenset()
    )  # variables whose values of synapse k are the i-th of those named _here
    pre: Group = field(init=False)
    post: Group = field(init=False)

    def __post_init__(self) -> None:
        self.pre, self.post = self.plan.ends(self.pathway)

    @property
    def states(self) -> tuple[str, ...]:
        """The variables of each synapse, in the order of its record."""
        return tuple(self.plan.holder(self.pathway).text.states)

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of each synapse, also those that populations hold for it."""
        return self.pathway.text.variables

    @property
    def graded(self) -> bool:
        """Whether the sender does not spike."""
        return not spikes_sent(self.plan, self.pathway.pre)

    @property
    def handles(self) -> str:
        """The `TextualHandles` of this pathway."""
        number = marked_number(_numbers(self.plan)[self.pathway.name])
        owners = [self.pathway.name if part in OF_PATHWAYS else self.pathway.holder for part in HANDLES]
        arrays = [
            self.numbering.array(TextualArray(name, part)) for name, part in zip(owners, HANDLES, strict=True)
        ]
        ends = [number_of(self.plan, name) for name in (self.pathway.pre, self.pathway.post)]
        return braced(number, *arrays, *ends, *([self.places] if self.listed else []))

    @property
    def places(self) -> str:
        """The handle of the places of listed synapses."""
        return self.numbering.array(TextualArray(self.pathway.name, TextualPart.LISTED))

    @property
    def by_target(self) -> bool:
        """Whether the synapses lie by target."""
        return lies_by_target(self.plan, self.plan.holder(self.pathway))

    @property
    def listed(self) -> bool:
        """Whether the order of arrivals at this pathway is another one than that in memory."""
        return bool(self.pathway.of) or self.by_target

    @property
    def record(self) -> str:
        """The C++ type that holds the variables of one synapse."""
        return f"Synapse_{plain(identifier(_first_alike(self.plan)[self.states]))}"

    @property
    def names_record(self) -> bool:
        """Whether these synapses are the first with their variables, after which the type is named."""
        return _first_alike(self.plan).get(self.states) == self.pathway.name

    @property
    def columns(self) -> str:
        """The C++ type of an array for each variable, of the synapses that act together."""
        return f"Columns_{plain(identifier(_first_alike(self.plan)[self.states]))}"

    def copied(self, name: str) -> str:
        """C++ for the copy of a variable of the i-th of the synapses that act together."""
        in_columns = name in self.states and not self.in_arrays
        return f"own_copy.{name}_[i]" if in_columns else f"{name}_copy[i]"

    def loop(self, text: str) -> Loop:
        """A loop over synapses for 'on_pre', 'on_post', 'integrate', 'summed' or 'run' text."""
        canonical = TextualArray(self.pathway.holder, TextualPart.CANONICAL)  # random draws are counted by it
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

    @property
    def in_arrays(self) -> bool:
        """Whether each variable of these synapses has an array of its own."""
        return lie_in_arrays(self.plan.holder(self.pathway))

    def records(self, loop: Loop) -> str:
        """The name of a pointer to the records of all synapses."""
        if self.in_arrays:
            return "in_arrays"
        return loop.pointer("own", self.record, SynapseRecords(self.pathway.holder))

    def own(self, loop: Loop, name: str) -> str:
        """C++ for a variable of synapse k: in its record, in an array, or held by a population."""
        if name in self.here:
            return f"{name}_here[i]"
        if name in self.states and self.in_arrays:
            key = SynapseRecords(self.pathway.holder, name)
            return f"{loop.pointer(f'{name}_own', kind(name), key)}[k]"
        if name in self.states:
            return f"{self.records(loop)}[k].{name}_"
        return self._linked(loop, name).text

    def _linked(self, loop: Loop, name: str) -> Typed:
        """C++ for what a name of synapse k means in a population."""
        key = LinkIndex(self.pathway.holder, name, of_synapses=True)
        return linked_at(loop, self.pathway.text.links[name], f"{name}_linked", key, "k")

    def _element(self, loop: Loop, name: str, cpp_type: str, part: TextualPart) -> str:
        return f"{loop.pointer(name, cpp_type, TextualArray(self.pathway.holder, part), const=True)}[k]"

    def sender(self, loop: Loop) -> str:
        """C++ for the sending neuron of synapse k."""
        if self.ends:
            return self.ends[0]
        return self._element(loop, "sender_at", "int32_t", TextualPart.SENDER)

    def receiver(self, loop: Loop) -> str:
        """C++ for the target neuron of synapse k."""
        if self.ends:
            return self.ends[1]
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

    def names(self, loop: Loop, wanted: set[str], *, as_copies: bool = False) -> dict[str, Typed]:
        """C++ for the names that text uses; synapse variables lie in records, or `as_copies` in arrays."""
        text, names = self.pathway.text, dict[str, Typed]()
        for name in sorted(wanted):
            if name == "lastupdate" and name in text.states:
                names[name] = Typed(
                    f"seconds(context, {self._last_update(loop, as_copies=as_copies)})", "double"
                )
            elif name in self.variables:
                names[name] = Typed(self.copied(name) if as_copies else self.own(loop, name), "Real")
            elif name in text.constants:
                key = SynapseConstant(self.pathway.holder, name)
                names[name] = constant_at(loop, name, text.constants[name], "k", key)
            elif name in text.links:
                names[name] = self._linked(loop, name)
            elif name == "t":
                names |= group_names(loop, self.post, {"t"})
            elif name == "_elapsed":
                now = loop.declare("const Moment<Real>", "now", "moment_of(context)")
                last = self._last_update(loop, as_copies=as_copies)
                names[name] = Typed(f"between(context, {now}, {last})", "Real")
            elif name in ENDS:
                index = self.sender(loop) if ENDS[name] == "sender" else self.receiver(loop)
                names[name] = Typed(f"static_cast<double>({index})", "double")
            else:
                of_neuron = self._neuron(loop, name)
                names |= {name: of_neuron} if of_neuron else {}
        return names

    def _last_update(self, loop: Loop, *, as_copies: bool) -> str:
        return self.copied("lastupdate") if as_copies else self.own(loop, "lastupdate")

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


def kind(name: str) -> str:
    """The C++ type of a variable of synapses."""
    return "Moment<Real>" if name == "lastupdate" else "Real"


def reads_sender(code: PathwayCode, *blocks: Block | None, expressions: Iterable[str] = ()) -> set[str]:
    """The variables of sending neurons, other than their message, that these blocks and expressions use."""
    texts = [*expressions, *(text for block in blocks for text in texts_of(block))]
    written = {s.name for block in blocks if block for s in block.statements}
    names = {name.removesuffix("_pre") for name in used_names(*texts) | written if name.endswith("_pre")}
    return names & {*code.pre.states, *code.pre.subexpressions, "not_refractory"}


def updates_of_neurons(code: PathwayCode, *blocks: Block | None) -> tuple[Statement, ...]:
    """The statements of these blocks that change neurons."""
    return tuple(update for block in blocks if block for update in split_deferred(block, code.variables)[1])
