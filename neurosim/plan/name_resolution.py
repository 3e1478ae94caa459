"""Text that runs at arrivals: every variable of a neuron has one name, and is read as the statements before have left it."""

from __future__ import annotations

from collections.abc import Collection

from neurosim.errors import PlanError
from neurosim.network.synapses import Synapses
from neurosim.network.text import Statement, names_in, renamed
from neurosim.plan.dimensions import Scope
from neurosim.plan.equations import inline

Statements = tuple[Statement, ...]


def resolve_names(
    statements: Statements, item: Synapses, own: Collection[str], pre: Scope, post: Scope, where: str
) -> Statements:
    """The statements with `v` written as `v_post`, and with both names of a neuron that is its own sender kept equal.

    `own` are the names that belong to the synapses; `pre` and `post` are the scopes of both ends. Raises PlanError where
    a subexpression is read after a variable that it is made of was changed.
    """
    target = item.post.population
    bare = {*target.states, *target.subexpressions, *target.port_names} - set(own)
    named = tuple(_named(statement, bare) for statement in statements)
    _refuse_stale_subexpressions(named, {"_pre": pre, "_post": post}, where)
    return _without_aliases(named) if item.pre.population is target else named


def _named(statement: Statement, bare: Collection[str]) -> Statement:
    names = {name: f"{name}_post" for name in bare}
    return Statement(
        names.get(statement.name, statement.name), statement.op, renamed(statement.expression, names)
    )


def _refuse_stale_subexpressions(statements: Statements, ends: dict[str, Scope], where: str) -> None:
    """A subexpression has the value that it had when the text began."""
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
                        f"{where}: reads '{name}' after '{min(stale)}' was changed. Read it before, into a name of its own: x = {name}."
                    )
        changed.add(statement.name)


def _without_aliases(statements: Statements) -> Statements:
    """Where sender and target are one neuron, what is assigned to one of its names is seen by the other.

    Nothing is to be done where all is added and nothing is read: sums do not ask for an order.
    """
    assigned = {s.name for s in statements}
    read = {name for s in statements for name in names_in(s.expression)} | {
        s.name for s in statements if s.op not in ("+=", "-=")
    }
    found: list[Statement] = []
    for number, statement in enumerate(statements):
        found.append(statement)
        other = _other_name(statement.name)
        later = {name for s in statements[number + 1 :] for name in (s.name, *names_in(s.expression))}
        if other in later and (other in assigned or other in read) and {statement.name, other} & read:
            found.append(Statement(other, "=", f"where(i == j, {statement.name}, {other})"))
    return tuple(found)


def _other_name(name: str) -> str:
    """v_post for v_pre, and the other way round; nothing for another name."""
    for suffix, other in (("_pre", "_post"), ("_post", "_pre")):
        if name.endswith(suffix):
            return name.removesuffix(suffix) + other
    return ""
