"""Groups of Brian2 as populations in neurosim's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from neurosim.brian.actions import Action, Does
from neurosim.brian.functions_of_scripts import called_constant
from neurosim.brian.lowering import Lowered
from neurosim.brian.names import Names, Text, label
from neurosim.brian.private_names import (
    BrianObject,
    Constant,
    Function,
    PoissonGroup,
    SpikeGeneratorGroup,
    Subexpression,
    UnsupportedEquations,
    Variable,
    dimensions_of,
    integrated,
    is_known_function,
    refractory_of,
    value_of,
)
from neurosim.brian.recorded import unit_text
from neurosim.brian.refusal import NotSaid
from neurosim.network.neurons import METHODS, Neurons
from neurosim.network.text import Statement, calls_in, names_in, renamed
from neurosim.network.values import TIME, Value

HERE = ("t", "dt", "i", "N", "xi", "not_refractory")  # names that both know


def described_group(
    group: BrianObject, actions: Sequence[Action], lowered: Lowered, namespace: Mapping[str, Any]
) -> Neurons:
    """The population of a NeuronGroup, PoissonGroup or SpikeGeneratorGroup."""
    if group.__class__ is SpikeGeneratorGroup:
        return Neurons(group.name, len(group))
    names, mine = Names(group, namespace), [a for a in actions if a.group == group.name]
    by_kind = {action.does: action for action in mine}
    spiking, reset = by_kind.get(Does.THRESHOLD), _text(by_kind.get(Does.RESET))
    equations = getattr(group, "user_equations", {})
    lines, rates = equation_lines(equations, names), group.variables.get("rates")
    rule: Any = refractory_of(group) if "not_refractory" in group.variables else False
    condition = spiking.text.statements[-1].expression if spiking and spiking.text else ""
    texts = [condition, *(s.expression for s in reset), *expressions(equations)]
    texts += [rule] if isinstance(rule, str) else []
    refuse_own_names(texts, names, {*equations, "rates"})
    given = constants_of(texts, names) | start_values(equations, names)
    if group.__class__ is PoissonGroup and isinstance(rates, Subexpression):
        lines.append(f"rates = {names.plain(rates.expr)} : hertz")
        given |= constants_of([rates.expr], names)
    elif group.__class__ is PoissonGroup:
        given["rates"] = Value(value_of(rates), dimensions_of(rates))
    more: dict[str, Any] = {}
    if Does.INTEGRATE in by_kind:
        more["method"] = method_of(by_kind[Does.INTEGRATE].thing, names, lowered)
    if not isinstance(rule, str) and rule is not False:
        more["refractory"] = Value(np.asarray(float(rule)), TIME)
    elif isinstance(rule, str):
        more["refractory"] = rule
    return Neurons(
        group.name, len(group), equations="\n".join(lines), threshold=condition,
        reset="\n".join(written(reset)), ports="", **more, **given,
    )  # fmt: skip


def _text(action: Action | None) -> Sequence[Statement]:
    if action is None or action.text is None:
        return ()
    return without_temporaries(action.text, label(action.thing))


def without_temporaries(text: Text, owner: str) -> list[Statement]:
    """The statements of a text with its temporary names written out. Refused where these would change."""
    meanings: dict[str, str] = {}
    found: list[Statement] = []
    for s in text.statements:
        value = renamed(s.expression, meanings)
        if s.name in text.temporary:
            meanings[s.name] = f"({value})"
            continue
        if any(s.name in names_in(meaning) for meaning in meanings.values()):
            raise NotSaid(owner, f"its text changes {s.name!r}, from which a temporary variable was computed")
        found.append(Statement(s.name, s.op, value))
    return found


def written(statements: Iterable[Statement]) -> list[str]:
    """Statements as lines of text."""
    return [f"{s.name} {s.op} {s.expression}" for s in statements]


def equation_lines(equations: Any, names: Names, meanings: Mapping[str, str] | None = None) -> list[str]:
    """Equations of Brian2 as lines of text.

    meanings: other names for names in them
    """
    lines: list[str] = []
    for name, line in equations.items():
        if line.var_type != "float":
            raise NotSaid(names.label, f"{name!r} is of the type {line.var_type}")
        if "linked" in line.flags:
            raise NotSaid(names.label, f"{name!r} is linked to another group")
        flags = f" ({', '.join(flag for flag in line.flags if flag != 'constant')})"
        unit = unit_text(tuple(float(x) for x in dimensions_of(names[name])))
        code = "" if line.expr is None else renamed(names.plain(line.expr.code), meanings or {})
        left = {"differential equation": f"d{name}/dt = ", "subexpression": f"{name} = "}.get(line.type, name)
        lines.append(f"{left}{code} : {unit}{'' if flags == ' ()' else flags}")
    return lines


def expressions(equations: Any) -> list[str]:
    """The right-hand sides of equations."""
    return [line.expr.code for line in equations.values() if line.expr is not None]


def constants_of(texts: Iterable[str], names: Names) -> dict[str, Any]:
    """The constants and functions of the script that texts name."""
    found: dict[str, Any] = {}
    used = {name for text in texts if text for name in {*names_in(text), *calls_in(text)}}
    for name in sorted(used - set(HERE)):
        if name in names:
            continue
        variable: Variable = names[name]
        if isinstance(variable, Function):
            if not is_known_function(name, variable):
                found[name] = called_constant(name, variable, names.group, names.label)
        elif isinstance(variable, Constant) and not _is_unit(name, names):
            found[name] = Value(np.asarray(variable.value), dimensions_of(variable))
    return found


def refuse_own_names(texts: Iterable[str], names: Names, known: Iterable[str]) -> None:
    """Refuse text that reads variables which only Brian2 has, such as `lastspike`."""
    used = {name for text in texts if text for name in names_in(text)}
    for name in sorted(used - {*HERE, *known}):
        if name in names:
            raise NotSaid(names.label, f"its text reads {name!r}")


def start_values(equations: Any, names: Names) -> dict[str, Any]:
    """The present values of the variables and parameters of equations."""
    group = names.group
    return {
        name: Value(value_of(group.variables[name]).reshape(() if group.variables[name].scalar else (-1,)),
                    dimensions_of(group.variables[name]))
        for name, line in equations.items()
        if line.type != "subexpression"
    }  # fmt: skip


def method_of(runner: BrianObject, names: Names, lowered: Lowered) -> str:
    """The method by which Brian2 integrates equations."""
    group, chosen = runner.group, runner.method_choice
    plan = lowered.plan.groups.get(group.name)
    if plan is not None and any(name.startswith("_P_") for name in plan.constants):
        return "exact"  # the device has found the matrix exponential
    known = names.resolve({*group.equations.names, *group.equations.identifiers, "dt"})
    code = integrated(runner, chosen, known)
    listed = (chosen,) if isinstance(chosen, str) or not isinstance(chosen, (list, tuple)) else chosen
    for method in listed:
        if isinstance(method, str) and method in METHODS and _code(runner, str(method), known) == code:
            return str(method)
    raise NotSaid(names.label, f"its equations are integrated by {chosen!r}, which is no method of neurosim")


def _code(runner: BrianObject, method: str, known: Mapping[str, Variable]) -> str:
    """The code of one method; "" if it cannot integrate these equations."""
    try:
        return integrated(runner, method, known)
    except UnsupportedEquations:
        return ""


def _is_unit(name: str, names: Names) -> bool:
    """Whether a name is a unit, or a constant such as `pi`, which text of neurosim knows, too."""
    known = names.group.namespace or names.namespace
    return name not in known or hasattr(known[name], "iscompound")
