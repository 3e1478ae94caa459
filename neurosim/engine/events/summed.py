"""What both ways to add up (summed) variables share: `all_synapses.py` and `sums_by_target.py`."""

from __future__ import annotations

from dataclasses import dataclass, field

from neurosim.engine.deferred import variables_of
from neurosim.engine.events.keys import TextualArray, TextualPart
from neurosim.engine.events.loops import Loop
from neurosim.engine.events.names import state_pointer
from neurosim.engine.events.numbering import number_of
from neurosim.engine.events.pathway_code import PathwayCode
from neurosim.network.text import names_in

ENDS = ("at.sender(i)", "at.receiver(i)")  # of synapse k in the loops of core/synapses


def passes(code: PathwayCode) -> list[dict[str, str]]:
    """The (summed) variables, those together that one loop can add up: none reads another one."""
    found: list[dict[str, str]] = [{}]
    for name, expression in code.pathway.text.summed.items():
        ends = code.pathway.text, code.pre, code.post
        if variables_of(found[-1], *ends) & variables_of(names_in(expression), *ends):
            found.append({})
        found[-1][name] = expression
    return found


@dataclass(frozen=True)
class Total:
    """The sums of a (summed) variable, which are 0 at first.

    name: of a pointer to them
    first, last: the lines before the first synapses, and after the last ones
    """

    name: str
    first: list[str] = field(default_factory=list[str])
    last: list[str] = field(default_factory=list[str])


def total(code: PathwayCode, loop: Loop, number: int, target: str, *, apart: bool) -> Total:
    """The sums of a (summed) variable.

    apart: whether they are copied to the variable in the end, because synapses read what it was
    """
    group, variable, of_sender = code.end(target)
    population = number_of(code.plan, group.name)
    span = loop.declare("const Span", "span", f"context.span({population})")
    values, chosen = state_pointer(loop, group, variable), _chosen(code, loop, of_sender=of_sender)
    each = f"for (int32_t i = {span}.first; i < {span}.last; ++i) {f'if ({chosen}[i]) ' if chosen else ''}"
    if not apart:
        return Total(values, first=[f"{each}{values}[i] = 0;"])
    sums = loop.declare("std::vector<Real>", f"sums{number}", f"std::vector<Real>({span}.size())")
    name = loop.declare("Real* const", f"total{number}", f"{sums}.data() - {span}.first")
    return Total(name, last=[f"{each}{values}[i] = {name}[i];"])


def _chosen(code: PathwayCode, loop: Loop, *, of_sender: bool) -> str:
    """The name of a pointer that says which neurons synapses lead to, or start at; '' if these are all."""
    pathway = code.pathway
    index, size = (pathway.pre_index, code.pre.size) if of_sender else (pathway.post_index, code.post.size)
    if index.size == size:
        return ""
    part = TextualPart.STARTED if of_sender else TextualPart.TARGETED
    return loop.pointer("chosen", "uint8_t", TextualArray(pathway.name, part), const=True)
