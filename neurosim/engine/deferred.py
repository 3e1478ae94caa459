"""Text of synapses that changes neurons: which statements do, and whether the order of arrivals matters.

A statement such as `v_post += w` changes a neuron. When many arrivals run side by side, each computes its
value first, and the changes are made afterwards, arrival after arrival: they are deferred.
"""

from __future__ import annotations

from neurosim.network.text import Statement, names_in
from neurosim.plan.plan import Block, Group, SynapseText


def deferred_name(number: int) -> str:
    """The temporary name that holds the value of a deferred statement."""
    return f"_deferred_{number}"


def split_deferred(block: Block, immediate: tuple[str, ...]) -> tuple[tuple[Statement, ...], list[Statement]]:
    """A block whose assignments to neurons only compute values, and those assignments.

    immediate: the names whose assignments stay as they are, such as the variables of the synapses.
    Returns the statements to run for each arrival, in which the value of the n-th assignment to a neuron is
    called `deferred_name(n)`, and the assignments to neurons in their order.
    """
    statements: list[Statement] = []
    deferred: list[Statement] = []
    temporary = {s.name for s in block.statements if s.name.startswith("_")}
    for statement in block.statements:
        if statement.name in immediate or statement.name in temporary:
            statements.append(statement)
        else:
            statements.append(Statement(deferred_name(len(deferred)), "=", statement.expression))
            deferred.append(statement)
    return tuple(statements), deferred


def order_matters(block: Block, text: SynapseText, pre: Group, post: Group) -> bool:
    """Whether the result depends on the order in which arrivals run.

    It does if a variable of a neuron is set, or both read and changed.

    text: of the synapses.
    pre, post: the populations at their ends, which may be the same one.
    """
    own = text.variables

    def variables(name: str) -> set[tuple[str, str]]:
        """The variables that a name stands for, as (population, name), and those that it reads."""
        if name in text.links:
            return {(text.links[name].owner, text.links[name].variable)}
        group, variable = (
            (pre, name.removesuffix("_pre")) if name.endswith("_pre") else (post, name.removesuffix("_post"))
        )
        names = {variable, *names_in(group.subexpressions.get(variable, variable))}
        links = (group.links.get(read) for read in names)
        return {(group.name, read) for read in names} | {(x.owner, x.variable) for x in links if x}

    _, deferred = split_deferred(block, own)
    changed = {variable for statement in deferred for variable in variables(statement.name)}
    read = {
        variable
        for statement in block.statements
        for name in names_in(statement.expression) - set(own)
        for variable in variables(name)
    }
    return any(statement.op not in ("+=", "-=") for statement in deferred) or bool(changed & read)
