"""C++ for constants that text calls: tables of values over time, and functions of the user's own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from neurosim.engine.events.keys import (
    Constant,
    ConstantKey,
    SynapseConstant,
    TableArray,
    TableCount,
    TableNumber,
    TablePart,
    TableSize,
)
from neurosim.engine.events.loops import Loop, function, identifier, indented
from neurosim.engine.events.sharing import plain
from neurosim.plan.called import Called, UserFunction
from neurosim.plan.codegen.cpp_code import CalledTyped
from neurosim.plan.plan import Plan


def called_at(loop: Loop, tag: str, constant: Called, key: ConstantKey) -> CalledTyped:
    """C++ for a constant that text calls with doubles.

    What a table is called with at all neurons alike, as `t` is, is looked up once before the loop.
    """
    if isinstance(constant, UserFunction):
        name = _function_name(loop.plan, key)
        return CalledTyped(name, "double", lambda arguments: f"{name}({', '.join(arguments)})")
    values = loop.numbering.shared_pointer("Real", TableArray(key))
    numbers = [loop.numbering.number_value(TableNumber(key, part)) for part in TablePart]
    sizes = [loop.numbering.integer_value(TableSize(key, count)) for count in TableCount]
    made = f"{{{', '.join([values, *numbers, *sizes])}}}"
    table = loop.declare("const Table<Real>", f"{tag}_table", made)

    def written(arguments: Sequence[str]) -> str:
        time, *column = arguments
        if not _same_for_all(loop, time):
            return f"{table}({', '.join(arguments)})"
        if not column:
            return loop.declare("const Real", f"{tag}_value", f"{table}({time})")
        return f"{loop.declare('const TableRow<Real>', f'{tag}_row', f'{table}.row({time})')}({column[0]})"

    return CalledTyped(table, "Real", written)


def _same_for_all(loop: Loop, value: str) -> bool:
    """Whether C++ uses nothing but numbers that are declared before a loop."""
    names = set(re.findall(r"[A-Za-z_]\w*", re.sub(r"\b[0-9][\w.]*", "", plain(value))))
    return "[" not in value and names <= {"Real", "double", *map(plain, loop.before)}


def _user_functions(plan: Plan) -> dict[ConstantKey, UserFunction]:
    """The functions of the user's own in a plan."""
    keys: dict[ConstantKey, Called] = {
        Constant(group.name, name): value
        for group in plan.groups.values()
        for name, value in group.constants.items()
        if isinstance(value, Called)
    }
    keys |= {
        SynapseConstant(pathway.name, name): value
        for pathway in plan.textual
        for name, value in pathway.text.constants.items()
        if isinstance(value, Called)
    }
    return {key: value for key, value in keys.items() if isinstance(value, UserFunction)}


def _function_name(plan: Plan, key: ConstantKey) -> str:
    return f"user_{list(_user_functions(plan)).index(key)}_{identifier(key.name)}"


def user_functions(plan: Plan) -> tuple[list[str], list[str]]:
    """The `#include` lines that the user's functions need, and the lines that define the functions."""
    includes: list[str] = []
    lines: list[str] = []
    for key, given in _user_functions(plan).items():
        name, support = _function_name(plan, key), given.support.splitlines()
        includes += [line for line in support if line.lstrip().startswith("#include")]
        own = [line for line in support if line not in includes]
        lines += [f"namespace {name}_support {{", *indented(own), "}", ""]
        arguments = ", ".join(f"[[maybe_unused]] const double {argument}" for argument in given.arguments)
        owner = f"Neurons '{key.population}'" if isinstance(key, Constant) else f"Synapses '{key.pathway}'"
        body = [f"using namespace {name}_support;", *given.cpp.splitlines()]
        lines += function(f"{owner}: {key.name}, as it was given", f"inline double {name}({arguments})", body)
    return list(dict.fromkeys(includes)), lines
