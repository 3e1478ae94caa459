"""C++ of asynchronous sweeps."""

from __future__ import annotations

from neurosim.engine.events.numbering import Numbering
from neurosim.network.program import Step
from neurosim.plan.plan import Plan


def sweep(plan: Plan, numbering: Numbering, step: Step) -> list[str]:
    """To come."""
    return []
