"""The text of Brian2's objects as statements: thresholds, resets, pathways, and equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from neurosim.brian.names import Names, Text
from neurosim.brian.private_names import BrianObject, Variable, check_units, identifiers_in
from neurosim.brian.refusal import Refused
from neurosim.network.text import Statement, calls_in, names_in, read_statements, renamed
from neurosim.plan.equations import MOST_NODES


def checked_text(
    runner: BrianObject,
    code: str,
    namespace: Mapping[str, Any],
    stands_for: Mapping[str, Variable] | None = None,
) -> Text:
    """The code of a runner of Brian2 as statements. Brian2 resolves its names and checks its units.

    stands_for: the variables of which some temporary names must have the units
    """
    names = Names(runner.group, namespace, getattr(runner, "variables", None))
    known = names.resolve(identifiers_in(code, {**runner.group.variables, **names.more}))
    if runner.check_units:
        check_units(code, {**known, **(stands_for or {})})
    return read_text(code, names)


def read_text(code: str, names: Names) -> Text:
    """Code of Brian2 as statements, in which temporary names begin with an underscore."""
    statements = read_statements(code, names.label, deepest=MOST_NODES)
    own = {s.name for s in statements if s.name not in names}
    new = {name: f"_{name}" for name in own if not name.startswith("_")}
    statements = tuple(
        replace(s, name=new.get(s.name, s.name), expression=renamed(names.plain(s.expression), new))
        for s in statements
    )
    temporary = frozenset(new.get(name, name) for name in own)
    return Text(tuple(_whole(s, names, temporary) for s in statements), names, temporary)


def _whole(statement: Statement, names: Names, temporary: frozenset[str]) -> Statement:
    """A statement that gives a variable of whole numbers a whole number, as integers of Brian2 do."""
    if statement.name in temporary or statement.op != "=":
        return statement
    whole = np.dtype(names[statement.name].dtype).kind in "iu"
    return replace(statement, expression=f"int({statement.expression})") if whole else statement


def derivatives(equations: Any, names: Names) -> Text:
    """The right-hand sides of differential equations: what their integration reads and changes."""
    found = [equations[name] for name in sorted(equations.diff_eq_names)]
    return read_text(
        "\n".join(f"{line.varname} = {line.varname} + ({line.expr.code})" for line in found), names
    )


def events_between(synapses: BrianObject, names: Names) -> Text:
    """The right-hand sides of the (event-driven) equations of synapses, and the time of the last event."""
    if synapses.event_driven is None:
        return Text((), names, frozenset())
    text = derivatives(synapses.event_driven, names)
    return replace(text, statements=(*text.statements, Statement("lastupdate", "=", "lastupdate + t")))


def shared_first(text: Text, subject: str) -> tuple[Text, ...]:
    """Code that runs regularly, as a text for (shared) variables, which runs once for all, and another.

    Raises Refused if both need a temporary name whose value the second could not compute again.
    """
    shared = frozenset(name for name in text.assigned if text.names[name].scalar)
    if not shared or shared == text.assigned:
        return (text,)
    first, second = _needed(text, shared), _needed(text, text.assigned - shared)
    for statement in (s for s in first.statements if s in second.statements):
        if calls_in(statement.expression) or names_in(statement.expression) & shared:
            reason = f"its code uses {statement.name.removeprefix('_')!r} for (shared) and other variables"
            raise Refused(subject, reason)
    return first, second


def _needed(text: Text, names: frozenset[str]) -> Text:
    """The statements that assign some variables, with the temporary names that these need."""
    wanted, kept = set(names), list[Statement]()
    for statement in reversed(text.statements):
        if statement.name in wanted:
            kept.append(statement)
            wanted |= names_in(statement.expression) & text.temporary
    return replace(text, statements=tuple(reversed(kept)))
