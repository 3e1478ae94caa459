"""Text of synapses that changes neurons: which statements do, and whether the order of arrivals matters.

A statement such as `v_post += w` changes a neuron. When many arrivals run side by side, each computes its
value first, and the changes are made afterwards, arrival after arrival: they are deferred.
"""

from __future__ import annotations

from collections.abc import Iterable

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
    _, deferred = split_deferred(block, own)
    changed = variables_of((statement.name for statement in deferred), text, pre, post)
    names = {name for statement in block.statements for name in names_in(statement.expression)}
    read = variables_of(names - set(own), text, pre, post)
    return any(statement.op not in ("+=", "-=") for statement in deferred) or bool(changed & read)


def variables_of(names: Iterable[str], text: SynapseText, pre: Group, post: Group) -> set[tuple[str, str]]:
    """The variables of neurons that names in text of synapses stand for, as (population, name).

    Those that subexpressions read belong to them.
    """
    found: set[tuple[str, str]] = set()
    for name in names:
        if name in text.links:
            found.add((text.links[name].owner, text.links[name].variable))
            continue
        group, variable = (
            (pre, name.removesuffix("_pre")) if name.endswith("_pre") else (post, name.removesuffix("_post"))
        )
        read = {variable, *names_in(group.subexpressions.get(variable, variable))}
        links = (group.links[each] for each in read if each in group.links)
        found |= {(group.name, each) for each in read} | {(link.owner, link.variable) for link in links}
    return found
