"""C++ of (summed) variables of synapses that lie by target, and of equations integrated with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from neurosim.engine.deferred import variables_of
from neurosim.engine.events.by_target import lies_by_target
from neurosim.engine.events.keys import SynapseRecords, SynapseStep, TextualArray, TextualPart
from neurosim.engine.events.loops import Loop, function, identifier, indented
from neurosim.engine.events.names import texts_of, used_names
from neurosim.engine.events.numbering import Numbering, braced
from neurosim.engine.events.pathway_code import DELIVERED, PathwayCode, updates_of_neurons
from neurosim.engine.events.summed import ENDS, Total, passes, total
from neurosim.engine.events.synapses import computed, delivered, new_value
from neurosim.network.program import Do, Step
from neurosim.network.text import names_in
from neurosim.plan.codegen.cpp_code import cpp_expression
from neurosim.plan.derived import once_for_each_plan
from neurosim.plan.plan import Plan, Textual

HANDLES = (TextualPart.SENDER, TextualPart.RECEIVER, TextualPart.GROUP, TextualPart.BLOCK_GROUP)


@once_for_each_plan
def integrated_with_sums(plan: Plan) -> frozenset[str]:
    """The synapses whose equations are integrated in the loop that adds up their (summed) variables.

    The sums see the variables as they were. That nothing lies between is seen in the program: the step behind
    the one that adds up integrates, and reads nothing that the first sets.
    """
    found: set[str] = set()
    for adding, then in zip(plan.program, plan.program[1:], strict=False):
        if then.kind is Do.INTEGRATE and adding.every == then.every == 1:
            found |= {p.name for p in plan.textual if _can_be_integrated(plan, p, adding, then)}
    return frozenset(found)


def _can_be_integrated(plan: Plan, pathway: Textual, adding: Step, then: Step) -> bool:
    text = pathway.text
    if text.integrate is None or not lies_by_target(plan, pathway) or text.changed_links:
        return False
    steps = [step for step in plan.program if step.adds_up(pathway.name, pathway.post)]
    moving = [s for s in plan.program if s.kind is Do.INTEGRATE and s.concerns(pathway.name, pathway.post)]
    if steps != [adding] or moving != [then]:
        return False
    around = [p for p in plan.textual if adding.concerns(p.name, p.post) or then.concerns(p.name, p.post)]
    if any(_changes_neurons(plan, each, adding) for each in around):
        return False
    read = {name for text in texts_of(text.integrate) for name in names_in(text)}
    if plan.message_name(pathway) in read:
        return False
    summed = {
        each
        for p in around
        if adding.adds_up(p.name, p.post)
        for each in variables_of(p.text.summed, p.text, *plan.ends(p))
    }
    return not summed & variables_of(read - set(text.variables), text, *plan.ends(pathway))


def _changes_neurons(plan: Plan, pathway: Textual, adding: Step) -> bool:
    """Whether synapses may change other things than their own variables where sums are made, or integrate."""
    code = PathwayCode(plan, Numbering(), pathway)
    delivers = pathway.text.on_pre is not None and adding.delivers(graded=code.graded)
    return (
        delivers or bool(pathway.text.changed_links) or bool(updates_of_neurons(code, pathway.text.integrate))
    )


def add_up(code: PathwayCode) -> list[str]:
    """The function that sets each (summed) variable, and integrates the synapses where that can be done."""
    text = code.pathway.text
    changed = {
        n for p in code.plan.textual if p.holder == code.pathway.name for b in p.text.blocks for n in b.writes
    }
    code = replace(code, ends=ENDS, here=frozenset(text.states) - changed - {"lastupdate"})
    name, parts = f"add_up_{identifier(code.pathway.name)}", passes(code)
    if len(parts) == 1:
        return _add_up(code, parts[0], name, last=True)
    last = len(parts) - 1
    lines = [
        line for n, each in enumerate(parts) for line in _add_up(code, each, f"{name}_{n}", last=n == last)
    ]
    calls = [f"{name}_{n}(context);" for n in range(len(parts))]
    title, signature = f"Synapses '{code.pathway.name}': summed", f"void {name}(Context& context)"
    return [*lines, *function(title, signature, calls)]


def _add_up(code: PathwayCode, summed: Mapping[str, str], name: str, *, last: bool) -> list[str]:
    """One function. last: whether no sums are made after these, so that the synapses can be integrated."""
    text, loop, used = code.pathway.text, code.loop("summed"), used_names(*summed.values())
    if DELIVERED in code.names(loop, used).values():
        loop.body += delivered(code, loop, "summed")
    ends = text, code.pre, code.post
    apart = bool(variables_of(summed, *ends) & variables_of(used, *ends))
    totals: list[Total] = []
    for number, (target, expression) in enumerate(summed.items()):
        names = code.names(loop, used_names(expression))
        value = cpp_expression(expression, names, precision=code.plan.precision)
        loop.body.append(f"value{number}[i] = static_cast<Real>({value.text});")
        totals.append(total(code, loop, number, target, apart=apart))
    what = "summed"
    if last and text.integrate is not None and code.pathway.name in integrated_with_sums(code.plan):
        what, block = f"summed, {text.integrate.name}", text.integrate
        used |= used_names(*texts_of(block))
        values = computed(code, loop, block, block.statements, code.names(loop, used_names(*texts_of(block))))
        loop.body += [f"{code.own(loop, each)} = {new_value(each, values)};" for each in block.writes]
    return _function(code, loop, what, name, totals, sorted(code.here & used))


def _function(
    code: PathwayCode, loop: Loop, what: str, name: str, totals: list[Total], here: list[str]
) -> list[str]:
    body = [*loop.element_lines(), *loop.body]
    moved: list[str] = []
    for variable in here:
        own = loop.pointer(f"{variable}_own", "Real", SynapseRecords(code.pathway.name, variable))
        step = code.numbering.pointer("int64_t", SynapseStep(code.pathway.name, variable))
        step = loop.declare("const int64_t", f"{variable}_step", f"*{step}")
        moved.append(f"const Real* const {variable}_here = {own} + at.first * {step};")
    arrays = [code.numbering.array(TextualArray(code.pathway.name, part)) for part in HANDLES]
    ends = str(any(end in line for line in body for end in ENDS)).lower()
    numbers = range(len(totals))
    return function(
        f"Synapses '{code.pathway.name}': {what}",
        f"void {name}(Context& context)",
        [
            *loop.key_lines(),
            *loop.before.values(),
            *(line for each in totals for line in each.first),
            *(f"GroupSums<Real> lanes{number};" for number in numbers),
            "const auto act = [&](const auto at, const auto count) __attribute__((always_inline)) {",
            "    const int32_t n = count;",
            *indented(moved),
            *(f"    alignas(LINE) Real value{n}[decltype(at)::ROOM];" for n in numbers),
            "    NEUROSIM_ROW for (int32_t i = 0; i < n; ++i) {",
            "        [[maybe_unused]] const int64_t k = at.first + i;",
            *indented(indented(body)),
            "    }",
            *(f"    at.add(lanes{n}, {each.name}, value{n}, count);" for n, each in enumerate(totals)),
            "};",
            "const auto store = [&](const TargetGroup& group) {",
            *(f"    lanes{n}.store({each.name}, group);" for n, each in enumerate(totals)),
            "};",
            f"for_target_groups<{ends}>(context, {braced(*arrays)}, act, store);",
            *(line for each in totals for line in each.last),
        ],
    )
