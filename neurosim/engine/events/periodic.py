"""C++ of blocks of text that steps of the kind RUN run: in all neurons, or in all synapses of an object."""

from __future__ import annotations

from neurosim.engine.events.all_synapses import all_synapses
from neurosim.engine.events.comments import commented
from neurosim.engine.events.loops import Loop, identifier
from neurosim.engine.events.names import group_names, kept_ports, state_pointer, texts_of, used_names
from neurosim.engine.events.numbering import Numbering, number_of
from neurosim.engine.events.pathway_code import PathwayCode
from neurosim.engine.events.populations import EACH_NEURON
from neurosim.network.program import Step, unmoved
from neurosim.plan.codegen.cpp_code import cpp_statements
from neurosim.plan.plan import Block, Group, Plan


def in_neurons(plan: Plan, numbering: Numbering, group: Group) -> list[str]:
    """The functions that run the blocks of a population."""
    lines: list[str] = []
    number = number_of(plan, group.name)
    for place, block in enumerate(group.periodic.values()):
        runs = (
            n for n, s in enumerate(plan.program) if s.block == block.name and group.name in s.populations
        )
        not_yet = unmoved(plan.program, next(runs, len(plan.program)))
        loop = Loop(plan, numbering, element=element(block, "i"), unmoved=not_yet)
        wanted = used_names(*texts_of(block), "not_refractory" if block.frozen else "")
        names = group_names(loop, group, wanted, kept_ports(loop, group, wanted))
        first = loop.random(group.name, block.name, block.statements)
        text, values = cpp_statements(
            block.statements, names, precision=plan.precision, frozen=block.frozen, first_call=first
        )
        loop.body += [*commented(block), *text]
        for name in block.writes:
            target = f"{state_pointer(loop, group, name)}[i]"
            loop.body.append(f"{target} = static_cast<Real>({values[name].text});")
        prelude = [f"const Span span = context.span({number});"]
        title = f"Neurons '{group.name}': {block.name}"
        lines += loop.function(title, f"run_{place}_{identifier(group.name)}", EACH_NEURON, prelude)
    return lines


def in_synapses(code: PathwayCode) -> list[str]:
    """The functions that run the blocks of synapses."""
    lines: list[str] = []
    for place, block in enumerate(code.pathway.text.periodic.values()):
        lines += all_synapses(code, block, f"run_{place}_of_{identifier(code.pathway.name)}")
    return lines


def element(block: Block, each: str) -> str:
    """C++ for the number that the random draws of a block are counted by: one for all if it is shared."""
    return "0" if block.shared else each


def calls(plan: Plan, step: Step) -> list[str]:
    """The calls of a step of the kind RUN."""
    functions: list[str] = []
    for name in step.populations:
        blocks = list(plan.groups[name].periodic)
        if step.block in blocks:
            functions.append(f"run_{blocks.index(step.block)}_{identifier(name)}")
    for pathway in plan.textual:
        blocks = list(pathway.text.periodic)
        if step.block in blocks and step.concerns(pathway.name, pathway.post):
            functions.append(f"run_{blocks.index(step.block)}_of_{identifier(pathway.name)}")
    return [f"{function}(context);" for function in functions]
