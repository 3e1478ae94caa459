"""Resolves the names in the statements of synaptic events: `v` is a variable of the target, `v_post`.

A neuron may be its own sender. Then `v_pre` and `v_post` are one variable, which must be read as the
statements before have left it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from neurosim.errors import PlanError
from neurosim.network.part import Part
from neurosim.network.synapses import Synapses
from neurosim.network.text import Statement, names_in, renamed
from neurosim.plan.dimensions import Scope
from neurosim.plan.equations import inline

Statements = tuple[Statement, ...]


def resolve_names(
    statements: Statements, item: Synapses, own: Collection[str], pre: Scope, post: Scope, label: str
) -> Statements:
    """The statements with `v` written as `v_post`, and both names of a self-connected neuron equal.

    own: the names that belong to the synapses
    pre, post: the scopes of sender and target
    label: opens error messages

    Raises PlanError where a subexpression is read after a variable that it depends on was changed.
    """
    target = item.post.population
    bare = {*target.states, *target.subexpressions, *target.port_names} - set(own)
    named = tuple(_named(statement, bare) for statement in statements)
    _refuse_stale_subexpressions(named, {"_pre": pre, "_post": post}, label)
    if item.pre.population is not target:
        return named
    # In parts, i and j count within these, and equal ones may be different neurons.
    parts = isinstance(item.pre, Part) or isinstance(item.post, Part)
    return _with_equal_aliases(named, "_sender == _receiver" if parts else "i == j")


def _named(statement: Statement, bare: Collection[str]) -> Statement:
    names = {name: f"{name}_post" for name in bare}
    return Statement(
        names.get(statement.name, statement.name), statement.op, renamed(statement.expression, names)
    )


def _refuse_stale_subexpressions(statements: Statements, ends: Mapping[str, Scope], label: str) -> None:
    """Refuse to read a subexpression that has changed, since it still has the value from before the event."""
    changed: set[str] = set()
    for statement in statements:
        for name in sorted(names_in(statement.expression)):
            for suffix, scope in ends.items():
                stem = name.removesuffix(suffix)
                if stem == name or stem not in scope.subexpressions:
                    continue
                suffixes = [other for other, end in ends.items() if end is scope]
                stale = changed & {
                    f"{read}{other}" for read in names_in(inline(stem, scope)) for other in suffixes
                }
                if stale:
                    raise PlanError(
                        f"{label}: reads '{name}' after '{min(stale)}' was changed."
                        f" Read it before, into a name of its own: x = {name}."
                    )
        changed.add(statement.name)


def _with_equal_aliases(statements: Statements, same: str) -> Statements:
    """The statements, with each assignment to one name of a neuron copied to its other name at autapses.

    same: the condition that sender and target are one neuron

    This is not needed for names that are only added to and never read, because sums do not depend on the
    order.
    """
    assigned = {s.name for s in statements}
    read = {name for s in statements for name in names_in(s.expression)}
    read |= {s.name for s in statements if s.op not in ("+=", "-=")}
    resolved: list[Statement] = []
    for number, statement in enumerate(statements):
        resolved.append(statement)
        other = _other_name(statement.name)
        later = {name for s in statements[number + 1 :] for name in (s.name, *names_in(s.expression))}
        if other in later and (other in assigned or other in read) and {statement.name, other} & read:
            resolved.append(Statement(other, "=", f"where({same}, {statement.name}, {other})"))
    return tuple(resolved)


def _other_name(name: str) -> str:
    """v_post for v_pre, and v_pre for v_post; '' for any other name."""
    for suffix, other in (("_pre", "_post"), ("_post", "_pre")):
        if name.endswith(suffix):
            return name.removesuffix(suffix) + other
    return ""
