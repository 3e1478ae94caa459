"""C++ of text that runs in all synapses of an object: equations, (summed) variables, regular blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from neurosim.engine.deferred import order_matters, split_deferred, variables_of
from neurosim.engine.events.keys import TextualArray, TextualPart
from neurosim.engine.events.loops import Loop, function, identifier, indented
from neurosim.engine.events.names import texts_of, used_names
from neurosim.engine.events.numbering import braced
from neurosim.engine.events.pathway_code import DELIVERED, PathwayCode
from neurosim.engine.events.summed import ENDS, passes, total
from neurosim.engine.events.synapses import acting, computed, delivered, new_value, one_by_one_or_not
from neurosim.plan.codegen.cpp_code import cpp_expression
from neurosim.plan.plan import Block

HANDLES = (
    TextualPart.SENDER,
    TextualPart.RECEIVER,
    TextualPart.RUN,
    TextualPart.BLOCK_RUN,
    TextualPart.BLOCK_FIRST,
)


def integrate(code: PathwayCode) -> list[str]:
    """The function that advances clock-driven variables of all synapses by one tick."""
    assert code.pathway.text.integrate is not None
    return all_synapses(code, code.pathway.text.integrate, f"integrate_{identifier(code.pathway.name)}")


def all_synapses(code: PathwayCode, block: Block, name: str) -> list[str]:
    """The function `name`, which runs a block in all synapses: the equations, or a periodic block."""
    loop = code.loop("integrate" if block is code.pathway.text.integrate else block.name)
    if block.shared:
        loop.element = "0"
    ordered = order_matters(block, code.pathway.text, code.pre, code.post)
    if ordered or split_deferred(block, code.variables)[1] or not code.in_arrays:
        body = one_by_one_or_not(code, loop, block)
        return acting(code, loop, block.name, name, "for_textual_synapses", body)
    code = replace(code, ends=ENDS)
    values = computed(code, loop, block, block.statements, code.names(loop, used_names(*texts_of(block))))
    loop.body += [f"{code.own(loop, each)} = {new_value(each, values)};" for each in block.writes]
    return _in_vectors(code, loop, block.name, name)


@dataclass(frozen=True)
class _Around:
    """Lines around the loop over synapses, which runs over some of them at a time.

    first, last: before the first synapses, and after the last ones
    before, after: before and after some synapses
    """

    first: list[str] = field(default_factory=list[str])
    before: list[str] = field(default_factory=list[str])
    after: list[str] = field(default_factory=list[str])
    last: list[str] = field(default_factory=list[str])


def _in_vectors(
    code: PathwayCode, loop: Loop, what: str, name: str, around: _Around | None = None
) -> list[str]:
    """The function whose loop over all synapses runs in vectors."""
    around, body = around or _Around(), [*loop.element_lines(), *loop.body]
    if around.after or any(end in line for line in body for end in ENDS):
        arrays = [code.numbering.array(TextualArray(code.pathway.holder, part)) for part in HANDLES]
        lines = [
            f"for_all_synapses(context, {braced(*arrays)}, [&](const auto at, const int32_t n) {{",
            *indented(around.before),
            "    NEUROSIM_INDEPENDENT for (int32_t i = 0; i < n; ++i) {",
            "        [[maybe_unused]] const int64_t k = at.first + i;",
            *indented(indented(body)),
            "    }",
            *indented(around.after),
            "});",
        ]
    else:
        block_first = TextualArray(code.pathway.holder, TextualPart.BLOCK_FIRST)
        first = f"{code.numbering.shared_pointer('int64_t', block_first)} + context.block"
        lines = [
            f"const int64_t* const bounds = {first};",
            "NEUROSIM_INDEPENDENT for (int64_t k = bounds[0]; k < bounds[1]; ++k) {",
            *indented(body),
            "}",
        ]
    lines = [*loop.key_lines(), *loop.before.values(), *around.first, *lines, *around.last]
    return function(f"Synapses '{code.pathway.name}': {what}", f"void {name}(Context& context)", lines)


def add_up(code: PathwayCode) -> list[str]:
    """The function that sets each (summed) variable of a target or sender to a sum over its synapses."""
    code, name = replace(code, ends=ENDS), f"add_up_{identifier(code.pathway.name)}"
    parts = passes(code)
    if len(parts) == 1:
        return _add_up(code, parts[0], name)
    lines = [line for n, summed in enumerate(parts) for line in _add_up(code, summed, f"{name}_{n}")]
    calls = [f"{name}_{n}(context);" for n in range(len(parts))]
    title, signature = f"Synapses '{code.pathway.name}': summed", f"void {name}(Context& context)"
    return [*lines, *function(title, signature, calls)]


def _add_up(code: PathwayCode, summed: Mapping[str, str], name: str) -> list[str]:
    loop, around, used = code.loop("summed"), _Around(), used_names(*summed.values())
    if DELIVERED in code.names(loop, used).values():
        loop.body += delivered(code, loop, "summed")
    ends = code.pathway.text, code.pre, code.post
    apart = bool(variables_of(summed, *ends) & variables_of(used, *ends))
    for number, (target, expression) in enumerate(summed.items()):
        names = code.names(loop, used_names(expression))
        value = cpp_expression(expression, names, precision=code.plan.precision)
        loop.body.append(f"value{number}[i] = static_cast<Real>({value.text});")
        around.before.append(f"Real value{number}[SIDE_BY_SIDE];")
        sums = total(code, loop, number, target, apart=apart)
        around.first.extend(sums.first)
        around.last.extend(sums.last)
        there = "senders" if code.end(target)[2] else "targets"
        around.after.append(f"at.add_to_{there}({sums.name}, value{number}, n);")
    return _in_vectors(code, loop, "summed", name, around)
