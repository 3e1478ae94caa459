"""What the event engine does not take, and why; such a network runs on the reference engine."""

from __future__ import annotations

import ast

from neurosim.network.text import Statement
from neurosim.plan.plan import Group, Plan
from neurosim.plan.render import ALONG

MOST_TICKS = 2**30
REMEDY = "Use engine='reference', or 'auto'."


def unsupported(plan: Plan) -> str | None:
    """Why the event engine cannot run this plan, or None."""
    for pathway in plan.pathways.values():
        if pathway.kind == "einsum":
            return f"synapses {pathway.name!r} contract tensors (einsum, shared or sent weights). {REMEDY}"
        if pathway.kind == "private" and plan.groups[pathway.post].ports.get(str(pathway.to), "sum") != "sum":
            return f"private synapses {pathway.name!r} end at a port that takes no sum. {REMEDY}"
    for group in plan.groups.values():
        found = _whole(group)
        if found:
            return f"'{found}' in the text of {group.name!r} looks at the whole population. {REMEDY}"
    if plan.ticks >= MOST_TICKS:
        return f"{plan.ticks:,} ticks are more than {MOST_TICKS - 1:,}. Run fewer at a time."
    return None


def _whole(group: Group) -> str | None:
    """The function along an axis that a population's text calls, if any."""
    blocks = [b for b in (group.integrate, group.update, group.threshold, group.reset) if b is not None]
    statements = [s for block in blocks for s in block.statements] + [Statement(n, "=", text) for n, text in group.derived.items()]
    for statement in statements:
        for node in ast.walk(ast.parse(statement.expression, mode="eval")):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in (*ALONG, "take", "choice"):
                return node.func.id
    return None
