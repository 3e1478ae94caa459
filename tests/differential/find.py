"""A problem, shrunk and as a script."""

from __future__ import annotations

from dataclasses import replace

from differential.case import Case
from differential.compare import Problem, check
from differential.shrink import shrink


def kind_of(problem: Problem) -> tuple[str, str]:
    """What stays of a problem when the case shrinks: whether it differs, or what it raises."""
    return problem.kind, "" if problem.kind == "differs" else problem.text.split(":")[0]


def narrowed(case: Case, problem: Problem, seconds: float) -> tuple[Case, Problem]:
    """The smallest case with this problem, and the problem as it is there."""
    found = problem
    alone = replace(
        case, routes={name: pieces for name, pieces in case.routes.items() if name == problem.route}
    )

    def same(smaller: Case) -> bool:
        nonlocal found
        for other in check(smaller).problems:
            if kind_of(other) == kind_of(problem):
                found = other
                return True
        return False

    return (shrink(alone, same, seconds), found) if same(alone) else (case, problem)
