"""The equations of synapses, integrated over one tick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurosim.errors import PlanError
from neurosim.network.synapses import Synapses
from neurosim.network.text import Equation, Statement, names_in, renamed
from neurosim.plan.codegen.numpy_code import numpy_block
from neurosim.plan.constant_folding import fold_constants
from neurosim.plan.dimensions import Scope, is_noise
from neurosim.plan.equations import brian_integration
from neurosim.plan.plan import Block

SINGLE = (float, np.float32, np.float64)  # a constant that is the same number for all synapses
DEFAULTS = ("exact", "exponential_euler", "euler", "heun")  # what method='auto' tries, in this order


def is_finite(statements: tuple[Statement, ...], constants: Mapping[str, Any]) -> bool:
    """Whether statements give finite numbers if all variables are 1: closed forms may divide by 0."""
    names: dict[str, Any] = {name: np.float64(1) for s in statements for name in names_in(s.expression)}
    names |= dict(constants) | {"_elapsed": constants["dt"], "t": constants["dt"]}
    with np.errstate(all="ignore"):
        found = (
            numpy_block(statements, tuple(s.name for s in statements))(names, None, None)
            if statements
            else {}
        )
    return all(np.all(np.isfinite(value)) for value in found.values())


def clock_driven(
    item: Synapses, lines: tuple[Equation, ...], scope: Scope, constants: Mapping[str, Any]
) -> tuple[Block, dict[str, Any]]:
    """Clock-driven equations of synapses, by the method given, or else the first of DEFAULTS that can.

    Returns their block, and the coefficients in it that hold what is the same for all synapses.
    """
    inner = scope.part("model", axes=False)
    names = tuple(line.name for line in lines)
    refused: list[PlanError] = []
    for method in DEFAULTS if item.method == "auto" else (item.method,):
        try:
            statements = _with_private_noise(brian_integration(lines, method, inner, refractory=False))
        except PlanError as error:
            refused.append(error)
            continue
        single = frozenset(
            key
            for key, value in constants.items()
            if type(value) in SINGLE and (key in scope.constant or key not in scope.dims)  # the latter: units
        )
        statements, found = fold_constants(statements, constants, single)
        coefficients = {key: type(constants["dt"])(value) for key, value in found.items()}
        if method != "exact" or is_finite(statements, {**constants, **coefficients}):
            return Block("model", statements, names, text=item.model), coefficients
        refused.append(
            PlanError(
                f"{inner.label}: method 'exact': the closed form of these equations is not finite, as for"
                " coupled variables with equal time constants. Use method='auto', or make them differ."
            )
        )
    raise refused[-1]


def _with_private_noise(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """The statements with the noise xi called _xi: an underscore begins the temporary names of a block."""
    noise = {s.name: f"_{s.name}" for s in statements if is_noise(s.name)}
    return tuple(Statement(noise.get(s.name, s.name), s.op, renamed(s.expression, noise)) for s in statements)
