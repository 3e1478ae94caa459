"""Text of synapses that changes neurons: which statements do, and whether the order of arrivals matters to them."""

from __future__ import annotations

from neurosim.network.text import Statement, names_in
from neurosim.plan.plan import Block, Group


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


def order_matters(block: Block, states: tuple[str, ...], pre: Group, post: Group) -> bool:
    """Whether arrivals disturb each other: a neuron's variable is set, or read where it is also changed.

    `states` are the variables of the synapses, `pre` and `post` the populations at their ends, which may be one.
    """

    def variables(name: str) -> set[tuple[str, str]]:
        """The variables of neurons that a name stands for: its own, or those of the subexpression that it is."""
        group, variable = (
            (pre, name.removesuffix("_pre")) if name.endswith("_pre") else (post, name.removesuffix("_post"))
        )
        return {(group.name, read) for read in {variable, *names_in(group.derived.get(variable, variable))}}

    _, pushes = split_pushes(block, states)
    changed = {one for s in pushes for one in variables(s.name)}
    read = {
        one
        for s in block.statements
        for name in names_in(s.expression) - set(states)
        for one in variables(name)
    }
    return any(s.op not in ("+=", "-=") for s in pushes) or bool(changed & read)
