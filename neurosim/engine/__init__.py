"""Engines: each runs a Plan as the tick contract says. Chosen by name, or the fastest that can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neurosim.errors import EngineError, nearest, shown
from neurosim.plan.plan import Plan

NAMES = ("auto", "reference")


def choose(name: str) -> str:
    """The engine that `name` means; 'auto' is the fastest that can run the plan."""
    if name not in NAMES:
        raise EngineError(f"run: engine {shown(name)} is not known. {nearest(name, NAMES)}")
    return "reference"


def run_plan(plan: Plan, engine: str, writer: Any, tell: Callable[[int], bool]) -> tuple[int, str, dict[str, np.ndarray]]:
    """Run a plan on an engine; see `neurosim.engine.reference.run`."""
    from neurosim.engine import reference

    return {"reference": reference.run}[engine](plan, writer, tell)
