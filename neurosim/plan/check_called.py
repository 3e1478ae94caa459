"""Checks that everything that the text of a plan calls can be called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from neurosim.errors import PlanError
from neurosim.network.functions import functions
from neurosim.network.text import calls_in
from neurosim.plan.called import Called, Table, UserFunction
from neurosim.plan.codegen.numpy_code import Numeric
from neurosim.plan.plan import Block, Plan


def check_called(plan: Plan) -> None:
    """Refuse text that calls what is neither a function nor among the constants of its object.

    Raises PlanError, also for tables of values of another shape than (sample,) or (sample, column).
    """
    for name, group in plan.groups.items():
        blocks = (group.integrate, group.update, group.threshold, group.reset)
        _check(f"Neurons {name!r}", [*_texts(blocks), *group.subexpressions.values()], group.constants)
    for pathway in plan.textual:
        text = pathway.text
        blocks = (text.integrate, text.on_pre, text.on_post)
        _check(f"Synapses {pathway.name!r}", [*_texts(blocks), *text.summed.values()], text.constants)


def _texts(blocks: Iterable[Block | None]) -> list[str]:
    return [s.expression for block in blocks if block is not None for s in block.statements]


def _check(label: str, texts: Iterable[str], constants: Mapping[str, Numeric]) -> None:
    called = {name for text in texts for name in calls_in(text)} - functions().keys()
    for name in sorted(called):
        if not isinstance(constants.get(name), Called):
            raise PlanError(
                f"{label}: text calls {name!r}, which is no function."
                " Give a Table or a UserFunction of this name among the constants."
            )
    for name, value in constants.items():
        if isinstance(value, Table) and (value.values.ndim not in (1, 2) or not value.values.size):
            raise PlanError(
                f"{label}: the table {name!r} has values of shape {value.values.shape}."
                " Give (sample,) or (sample, column)."
            )
        if name in functions() and isinstance(value, Table | UserFunction):
            raise PlanError(
                f"{label}: {name!r} is a function of text already, which hides the constant. Rename it."
            )
