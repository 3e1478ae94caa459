"""Text of synapses that changes neurons: which statements do, and whether the order of arrivals matters to them."""

from __future__ import annotations

from neurosim.network.text import Statement, names_in
from neurosim.plan.plan import Block


def split_pushes(block: Block, states: tuple[str, ...]) -> tuple[tuple[Statement, ...], list[Statement]]:
    """The block with assignments to neurons turned into values to push, and those assignments."""
    statements, pushes = [], []
    known = {s.name for s in block.statements if s.name.startswith("_")}
    for statement in block.statements:
        if statement.name in states or statement.name in known:
            statements.append(statement)
        else:
            statements.append(Statement(f"_push_{len(pushes)}", "=", statement.expression))
            pushes.append(statement)
    return tuple(statements), pushes


def order_matters(block: Block, states: tuple[str, ...]) -> bool:
    """Whether arrivals disturb each other: a neuron's variable is set, or read where it is also changed."""
    _, pushes = split_pushes(block, states)
    changed = {s.name.removesuffix("_post") for s in pushes}
    read = {name.removesuffix("_post") for s in block.statements for name in names_in(s.expression)}
    return any(s.op not in ("+=", "-=") for s in pushes) or bool(changed & read)
