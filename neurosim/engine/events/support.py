"""Which plans the event engine cannot run, and why. Such networks run on the reference engine."""

from __future__ import annotations

from collections.abc import Iterator

from neurosim.engine.called import user_functions
from neurosim.network.functions import functions
from neurosim.plan.codegen.cpp_code import without_cpp
from neurosim.plan.plan import Einsum, Plan, Private

TOO_MANY_TICKS = 2**30  # for one run: 32-bit integers count them
REMEDY = "Use engine='reference', or 'auto'."


def unsupported(plan: Plan) -> str | None:
    """Why the event engine cannot run this plan, or None."""
    if plan.ticks >= TOO_MANY_TICKS:
        return f"{plan.ticks:,} ticks are more than {TOO_MANY_TICKS - 1:,}. Run fewer at a time."
    if "events cannot" not in plan.made:
        plan.made["events cannot"] = _unsupported(plan)
    return plan.made["events cannot"]


def _unsupported(plan: Plan) -> str | None:
    """Why the event engine cannot run a plan of any length, or None."""
    for pathway in plan.pathways.values():
        if isinstance(pathway, Einsum):
            return f"synapses {pathway.name!r} contract tensors (einsum, shared or sent weights). {REMEDY}"
        if (
            isinstance(pathway, Private)
            and plan.groups[pathway.post].ports.get(str(pathway.to), "sum") != "sum"
        ):
            return f"private synapses {pathway.name!r} end at a port that takes no sum. {REMEDY}"
    for subject, function in user_functions(plan):
        if not function.cpp:
            return f"{subject} has no C++. Give its body as cpp='...', or use engine='reference', or 'auto'."
    for owner, text in _expressions(plan):
        name = without_cpp([text])
        if name is not None:
            fault = "looks at the whole population" if functions()[name].looks_along else "has no C++"
            return f"'{name}' in the text of {owner} {fault}. {REMEDY}"
    return None


def _expressions(plan: Plan) -> Iterator[tuple[str, str]]:
    """Every expression of a plan: what its owner is called, and the text."""
    for group in plan.groups.values():
        owner, rule = repr(group.name), group.refractory
        yield from ((owner, s.expression) for block in group.blocks for s in block.statements)
        yield from (
            (owner, text)
            for text in (*group.subexpressions.values(), *((rule.time, rule.condition) if rule else ()))
            if text
        )
    for pathway in plan.textual:
        owner, text = f"synapses {pathway.name!r}", pathway.text
        yield from ((owner, s.expression) for block in text.blocks for s in block.statements)
        yield from ((owner, expression) for expression in text.summed.values())
    yield from ((f"synapses {pathway.name!r}", pathway.chance) for pathway in plan.of_class(Private))
