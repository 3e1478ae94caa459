"""What follows from a plan alone, and is asked for again and again, is computed once for each plan."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from neurosim.plan.plan import Plan

Result = TypeVar("Result")


def once_for_each_plan(function: Callable[[Plan], Result]) -> Callable[[Plan], Result]:
    """The function, which computes its result once for each plan, and forgets it with the plan.

    Plans never change. What it returns must not be changed either, and must not depend on the inputs, ticks
    and trials of a run: plans that differ only in these (`Plan.with_run`) share the results.
    """

    @wraps(function)
    def once(plan: Plan) -> Result:
        if function not in plan.derived:
            plan.derived[function] = function(plan)
        return plan.derived[function]

    return once
