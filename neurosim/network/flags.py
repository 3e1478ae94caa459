"""Flags of equations: which lines may have them, and what they ask of other text."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from neurosim.errors import DescriptionError
from neurosim.network.functions import RANDOM, functions
from neurosim.network.text import Equation, Statement, called, calls_in, literal, names_in, parsed, quoted

if TYPE_CHECKING:
    from neurosim.network.neurons import Neurons
    from neurosim.network.synapses import Synapses

HELD = "constant over dt"
OF_NEURONS = {
    "differential": ("unless refractory", "shared"),
    "parameter": ("constant", "shared"),
    "subexpression": ("shared", HELD),
}
OF_SYNAPSES = {
    "differential": ("event-driven", "clock-driven"),
    "parameter": ("constant", "shared"),
    "subexpression": ("summed", "shared", HELD),
}
# Of each of these flags a line has one at most.
ONE_OF = (
    ("event-driven", "clock-driven"),
    ("summed", "shared"),
    ("summed", HELD),
    ("shared", "unless refractory"),
)


def check_flags(line: Equation, allowed: Mapping[str, tuple[str, ...]], subject: str) -> None:
    """Refuse flags that do not belong to this kind of equation, or not together."""
    for flag in line.flags:
        if flag not in allowed[line.kind]:
            known = ", ".join(f"({f})" for f in allowed[line.kind]) or "none"
            raise DescriptionError(
                f"{subject}: {line.name!r} is a {line.kind}, which cannot be marked ({flag}). Leave it out;"
                f" possible here: {known}."
            )
    for first, second in ONE_OF:
        if first in line.flags and second in line.flags:
            raise DescriptionError(
                f"{subject}: {line.name!r} is marked ({first}) and ({second}), which do not go together."
                " Leave one out."
            )


def shared_names(lines: Iterable[Equation]) -> frozenset[str]:
    """The names of the lines marked (shared)."""
    return frozenset(line.name for line in lines if "shared" in line.flags)


def held_names(lines: Iterable[Equation]) -> tuple[str, ...]:
    """The names of the lines marked (constant over dt)."""
    return tuple(line.name for line in lines if HELD in line.flags)


def check_held(lines: Iterable[Equation], subject: str) -> None:
    """Refuse white noise in what is constant over a tick."""
    for line in lines:
        if HELD in line.flags and _noise(line.expression):
            raise DescriptionError(
                f"{subject}: {line.name!r} is (constant over dt), but has the white noise"
                f" {_noise(line.expression)[0]} in it. Use randn()/sqrt(dt), which is drawn once in a tick."
            )


def _noise(expression: str) -> list[str]:
    """The names of white noise in an expression."""
    return sorted(name for name in names_in(expression) if name == "xi" or name.startswith("xi_"))


def check_shared(lines: Collection[Equation], separate: Collection[str], each: str, subject: str) -> None:
    """Refuse what would give (shared) lines more than one value.

    separate: the names that have a value for each neuron or synapse
    each: 'neuron' or 'synapse'
    """
    for line in lines:
        if "shared" in line.flags and line.expression:
            text = line.expression
            own = sorted(names_in(text) & set(separate))
            if own:
                raise DescriptionError(
                    f"{subject}: {line.name!r} is (shared), but {quoted(text)} reads {own[0]!r}, which each"
                    f" {each} has for itself. Leave (shared) out, or mark {own[0]!r} (shared) too."
                )
            _check_not_random(line, subject)


def _check_not_random(line: Equation, subject: str) -> None:
    """Refuse random numbers in shared lines, but in those that are evaluated once in a tick."""
    text = line.expression
    noise = _noise(text)
    drawn = [
        f"{name}()" for name in calls_in(text) if name in functions() and functions()[name].kind == RANDOM
    ]
    if noise or (drawn and HELD not in line.flags):
        remedy = (
            "Mark it (shared, constant over dt)."
            if line.kind == "subexpression"
            else "Put it into a line of its own, such as 'noise = randn() : 1 (shared, constant over dt)'."
        )
        raise DescriptionError(
            f"{subject}: {line.name!r} is (shared), but {(noise or drawn)[0]} would be drawn for each one."
            f" {remedy}"
        )


def sets_shared(statements: Iterable[Statement], shared: Collection[str]) -> bool:
    """Whether assignments change (shared) variables."""
    return any(statement.name in shared for statement in statements)


def check_sets_shared(
    statements: Collection[Statement], shared: Collection[str], separate: Collection[str], subject: str
) -> None:
    """Refuse text that changes (shared) variables together with, or by, what each neuron has for itself."""
    if not sets_shared(statements, shared):
        return
    for statement in statements:
        read = {statement.name, *names_in(statement.expression)} & {*separate}
        if read:
            name = next(s.name for s in statements if s.name in shared)
            raise DescriptionError(
                f"{subject} changes {name!r}, which is (shared), and {min(read)!r}, which each neuron has for"
                f" itself, stands in it, too. Give what is (shared) a text of its own:"
                " regularly=[(10*ms, ...), (10*ms, ...)]."
            )


def refuse_assignment(name: str, line: Equation, subject: str) -> NoReturn:
    """Raise the error for text that changes what has a flag against it."""
    flag = next(flag for flag in ("constant", HELD, "shared") if flag in line.flags)
    why = {
        "constant": "is declared (constant)",
        HELD: "is (constant over dt), so that its expression alone sets it",
        "shared": "is (shared): it has one value, which text of single neurons or synapses cannot change",
    }[flag]
    raise DescriptionError(f"{subject} changes {name!r}, which {why}. Take one of them away.")


def fixed_lines(lines: Iterable[Equation]) -> dict[str, Equation]:
    """The lines whose variables text of synapses or resets may not change, by name."""
    flags = {"constant", "shared", HELD}
    return {line.name: line for line in lines if flags & set(line.flags)}


def check_written(synapses: Iterable[Synapses]) -> None:
    """Refuse synapses that change what is (constant), (shared) or (constant over dt)."""
    without_flags: dict[int, bool] = {}  # of each target
    for item in synapses:
        target = item.post.population
        if not item.text and without_flags.setdefault(
            id(target), not (fixed_lines(target.lines) or _kinds(target))
        ):
            continue
        ends = {"_post": item.post.population, "_pre": item.pre.population}
        texts = {"on_pre": item.pre_statements, "on_post": item.post_statements}
        texts |= {path.words: path.statements for path in item.further}
        texts |= {block.name: block.statements for block in item.regular}
        own = fixed_lines(item.lines)
        fixed = {suffix: fixed_lines(population.lines) for suffix, population in ends.items()}
        if item.to in fixed["_post"]:
            refuse_assignment(item.to, fixed["_post"][item.to], f"{item.label}: to={item.to!r}")
        for line in item.lines:
            suffix = "_pre" if line.name.endswith("_pre") else "_post"
            target = line.name.removesuffix(suffix)
            if "summed" in line.flags and target in fixed[suffix]:
                refuse_assignment(target, fixed[suffix][target], f"{item.label}: '{line.name}' (summed)")
        for argument, statements in texts.items():
            for statement in statements:
                subject = f"{item.label}: {argument}"
                name, declared = _variable(statement, own, fixed)
                if declared is not None:
                    refuse_assignment(name, declared, subject)
        _check_kinds(item, texts)


def _check_kinds(item: Synapses, texts: Mapping[str, Sequence[Statement]]) -> None:
    """Refuse synapses that give integers and booleans of neurons numbers that are perhaps none."""
    of_neurons = {
        f"{name}{suffix}": kind
        for population, suffixes in ((item.pre.population, ("_pre",)), (item.post.population, ("_post", "")))
        for suffix in suffixes
        for name, kind in _kinds(population).items()
    }
    if item.to in of_neurons:
        raise DescriptionError(
            f"{item.label}: to={item.to!r} adds weights to a variable that is declared {of_neurons[item.to]}."
            " Declare it as a number, ': 1', or write on_pre text."
        )
    own = {line.name for line in item.lines}
    for argument, statements in texts.items():
        for statement in statements:
            kind = of_neurons.get(statement.name, "") if statement.name not in own else ""
            tree = parsed(statement.expression)
            number = literal(tree)
            whole = called(tree) == "int" or (isinstance(number, float) and number % 1 == 0)
            truth = statement.op == "=" and (isinstance(number, float) and number in (0, 1))
            truth = truth or (statement.op == "=" and isinstance(tree, ast.Compare | ast.BoolOp))
            if (kind == "integer" and not whole) or (kind == "boolean" and not truth):
                remedy = "int(...)" if kind == "integer" else f"{statement.name} = ... > 0"
                raise DescriptionError(
                    f"{item.label}: {argument} gives {statement.name!r}, which is declared {kind}, another"
                    f" number. Write {remedy}."
                )


def _kinds(population: Neurons) -> dict[str, str]:
    """The variables that are declared integer or boolean, and which of the two."""
    kinds = {line.name: line.unit.strip() for line in population.lines}
    return {name: kind for name, kind in kinds.items() if kind in ("integer", "boolean")}


def _variable(
    statement: Statement, own: Mapping[str, Equation], fixed: Mapping[str, Mapping[str, Equation]]
) -> tuple[str, Equation | None]:
    """The variable that a statement changes, and the line that declares it if that must not be."""
    name = statement.name
    if name in own:
        return name, own[name]
    for suffix, lines in fixed.items():
        if name.endswith(suffix) and name.removesuffix(suffix) in lines:
            return name, lines[name.removesuffix(suffix)]
    return name, fixed["_post"].get(name)
