"""What is compiled once for each precision, and linked to the code of every network."""

from __future__ import annotations

import numpy as np

from neurosim.engine.state import spikes_sent
from neurosim.plan.plan import Plan
from neurosim.plan.precision import state_dtype, weight_dtype


def types(precision: str) -> str:
    """C++ that says in which types a network of this precision is computed."""
    real = "float" if state_dtype(precision) is np.float32 else "double"
    weight = "float" if weight_dtype(precision) is np.float32 else "double"
    return f"#define NEUROSIM_REAL {real}\n#define NEUROSIM_WEIGHT {weight}"


def engine(precision: str) -> str:
    """The translation unit that runs ticks, and delivers spikes."""
    return f'{types(precision)}\n#include "core/run/library.cpp"\n'


# What generated sources begin with that is the same in all of them (`load` of build.py).
HEADER = '#include "core/run/headers.hpp"\n'


def graded(precision: str) -> str:
    """The translation unit that delivers messages other than spikes."""
    return f'{types(precision)}\n#include "core/run/graded.cpp"\n'


def parts(plan: Plan) -> tuple[str, ...]:
    """The translation units that are linked to the code of a network."""
    spiking = all(spikes_sent(plan, pathway.pre) for pathway in plan.pathways.values())
    return (engine(plan.precision),) if spiking else (engine(plan.precision), graded(plan.precision))
