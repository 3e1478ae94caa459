"""The functions of the user's own that a plan holds among its constants."""

from __future__ import annotations

from collections.abc import Iterator

from neurosim.plan.called import UserFunction
from neurosim.plan.plan import Plan


def user_functions(plan: Plan) -> Iterator[tuple[str, UserFunction]]:
    """The functions of a plan, each with what messages call it."""
    for group in plan.groups.values():
        for name, value in group.constants.items():
            if isinstance(value, UserFunction):
                yield f"the function '{name}' of {group.name!r}", value
    for pathway in plan.textual:
        for name, value in pathway.text.constants.items():
            if isinstance(value, UserFunction):
                yield f"the function '{name}' of synapses {pathway.name!r}", value
