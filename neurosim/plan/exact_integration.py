"""Exact integration of linear equations with constant coefficients by the matrix exponential.

For dx/dt = A x + b, with b constant over the tick, x(dt) = P x + Q b with P = exp(A dt), Q = int_0^dt exp(A s) ds; both are
blocks of exp([[A, 1], [0, 0]] dt), which needs no inverse: equal time constants and singular A are no special case.

Source: Rotter & Diesmann 1999, Biol. Cybern. 81, 381, doi:10.1007/s004220050570; Van Loan 1978, IEEE TAC 23, 395.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurosim.errors import PlanError
from neurosim.network.text import Statement, names_in
from neurosim.plan.codegen.numpy_code import evaluate
from neurosim.plan.equations import Linear


def propagator(matrix: np.ndarray, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """P = exp(A dt) and Q = int_0^dt exp(A s) ds, each of shape (..., n, n), for A of shape (..., n, n)."""
    from scipy.linalg import expm

    n = matrix.shape[-1]
    scale = _scales(np.abs(matrix).reshape(-1, n, n).max(axis=0))
    balanced = matrix * scale[None, :] / scale[:, None]
    whole = np.zeros((*matrix.shape[:-2], 2 * n, 2 * n))
    whole[..., :n, :n] = balanced * dt
    whole[..., :n, n:] = np.eye(n)  # Q is scaled by 1/dt, so that both blocks are of one size
    grown = expm(whole)
    back = scale[:, None] / scale[None, :]
    reach = _reach(matrix)
    return grown[..., :n, :n] * back * reach, grown[..., :n, n:] * back * reach * dt


def _scales(size: np.ndarray) -> np.ndarray:
    """Powers of two by which to scale variables of very different units, so that no entry dwarfs the diagonal."""
    n = size.shape[0]
    largest = max(float(np.diag(size).max(initial=0.0)), 1e-300)
    log = np.zeros(n)
    for _ in range(n):
        for row in range(n):
            for column in range(n):
                if row != column and size[row, column] > 0:
                    log[column] = min(log[column], log[row] + np.log2(largest) - np.log2(size[row, column]))
    return 2.0 ** np.clip(np.round(log), -400, 400)


def _reach(matrix: np.ndarray) -> np.ndarray:
    """1 where a variable can influence another through any chain, so that structural zeros stay exactly zero."""
    n = matrix.shape[-1]
    linked = np.any(matrix.reshape(-1, n, n) != 0, axis=0) | np.eye(n, dtype=bool)
    for _ in range(n):
        linked = linked | (linked.astype(int) @ linked.astype(int) > 0)
    return linked.astype(float)


def exact_statements(
    system: Linear, values: Mapping[str, Any], dt: float, frozen: frozenset[str]
) -> tuple[tuple[Statement, ...], dict[str, np.ndarray]]:
    """Statements that advance a linear system by one tick, and the coefficients they name.

    While a neuron is refractory the `frozen` variables stand still, which is a linear system of its own.
    """
    names = system.names
    with np.errstate(all="ignore"):
        entries = {
            place: np.asarray(evaluate(text, values), dtype=float) for place, text in system.matrix.items()
        }
    for (row, column), entry in entries.items():
        if not np.all(np.isfinite(entry)):
            factor = system.matrix[row, column]
            raise PlanError(
                f"{system.where}: d{row}/dt has the factor {factor}, which is not finite. Change the constants: is a time constant 0?"
            )
    full = np.broadcast_shapes(*(e.shape for e in entries.values()), ()) if entries else ()
    matrix = np.zeros((*full, len(names), len(names)))
    for (row, column), entry in entries.items():
        matrix[..., names.index(row), names.index(column)] = entry
    statements = [Statement(f"_b_{name}", "=", text) for name, text in system.offset.items()]
    free, coefficients = _advance(system, propagator(matrix, dt), "")
    if frozen:
        still = matrix.copy()
        for name in frozen:
            still[..., names.index(name), :] = 0.0
        held, more = _advance(system, propagator(still, dt), "_held", frozen)
        for name in names:
            if name in frozen:
                free[name] = f"where(not_refractory, {free[name]}, {name})"
            elif any(f"_P_{name}_{other}" in coefficients for other in frozen):
                free[name] = f"where(not_refractory, {free[name]}, {held[name]})"
        coefficients |= more
    statements += [Statement(f"_new_{name}", "=", text) for name, text in free.items()]
    statements += [Statement(name, "=", f"_new_{name}") for name in names]
    used = {name for statement in statements for name in names_in(statement.expression)}
    return tuple(statements), {name: coefficients[name] for name in sorted(used & set(coefficients))}


def _advance(
    system: Linear, blocks: tuple[np.ndarray, np.ndarray], prefix: str, frozen: frozenset[str] = frozenset()
) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """The new value of each variable as an expression, and the coefficients in it; structural zeros are left out."""
    texts, coefficients = {}, {}
    for row, name in enumerate(system.names):
        terms = []
        for letter, block in zip("PQ", blocks, strict=True):
            for column, other in enumerate(system.names):
                if not np.any(block[..., row, column]) or (
                    letter == "Q" and (other not in system.offset or other in frozen)
                ):
                    continue
                key = f"{prefix}_{letter}_{name}_{other}"
                coefficients[key] = block[..., row, column]
                terms.append(f"{key} * {other if letter == 'P' else '_b_' + other}")
        texts[name] = " + ".join(terms) or "0"
    return texts, coefficients
