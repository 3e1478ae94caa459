"""Subexpressions marked (constant over dt): variables that a block sets at the start of every tick."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from neurosim.errors import PlanError
from neurosim.network.flags import HELD
from neurosim.network.program import SHARED_HELD
from neurosim.network.text import Equation, Statement, names_in
from neurosim.plan.dimensions import Scope
from neurosim.plan.equations import inline
from neurosim.plan.kinds_of_numbers import kinds_of, typed
from neurosim.plan.pathway import Block


def held_statements(lines: Iterable[Equation], scope: Scope) -> dict[str, tuple[Statement, ...]]:
    """For each block, the assignments that set the lines that are (constant over dt).

    The (shared) ones make a block of their own, which stands first. Within a block each stands behind those
    that it reads. Raises PlanError for a circle.
    """
    lines = tuple(lines)
    kinds, held = kinds_of(lines), [line for line in lines if HELD in line.flags]
    texts = {line.name: inline(line.expression, scope) for line in held}
    shared = {line.name for line in held if "shared" in line.flags}
    order = _in_order(texts, scope)
    parts = {
        SHARED_HELD: [name for name in order if name in shared],
        HELD: [name for name in order if name not in shared],
    }
    return {
        block: typed((Statement(name, "=", texts[name]) for name in names), kinds)
        for block, names in parts.items()
        if names
    }


def held_block(name: str, statements: tuple[Statement, ...]) -> Block:
    """The block of such assignments."""
    text = "\n".join(f"{s.name} = {s.expression}" for s in statements)
    writes = tuple(statement.name for statement in statements)
    return Block(name, statements, writes, text=text, shared=name == SHARED_HELD)


def _in_order(texts: Mapping[str, str], scope: Scope) -> list[str]:
    """The names, each behind those that its expression reads."""
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " -> ".join((*path, name))
            raise PlanError(f"{scope.label}: '{name}' is defined by itself. Break the circle {circle}.")
        if name in order:
            return
        for other in sorted(names_in(texts[name]) & texts.keys()):
            visit(other, (*path, name))
        order.append(name)

    for name in texts:
        visit(name, ())
    return order
