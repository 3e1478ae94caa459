"""Exact integration of linear equations with constant coefficients by the matrix exponential.

For dx/dt = A x + b, with b constant over the tick, x(dt) = P x + Q b with P = exp(A dt) and Q = int_0^dt
exp(A s) ds. Both are blocks of exp([[A, 1], [0, 0]] dt). This needs no inverse of A, so that equal time
constants and a singular A are no special cases.

Source: Rotter & Diesmann 1999, Biol. Cybern. 81, 381, doi:10.1007/s004220050570; Van Loan 1978, IEEE TAC 23,
395.
"""

# pyright: reportMissingTypeStubs=false
# The packages have no types of their own; what is used of them is typed here.

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.cache import digest
from neurosim.errors import PlanError
from neurosim.network.readonly import read_only
from neurosim.network.text import Statement, names_in
from neurosim.plan.blas import one_thread
from neurosim.plan.codegen.numpy_code import Numeric, evaluate
from neurosim.plan.equations import Linear
from neurosim.plan.memo import memoized
from neurosim.processor import processor
from neurosim.versions import version

Floats = NDArray[np.float64]
FEW = 256  # numbers in a matrix whose results a process keeps
MOST_KEPT = 1024  # numbers in the matrices of a population whose exponential is kept


def propagator(matrix: Floats, dt: float) -> tuple[Floats, Floats]:
    """P = exp(A dt) and Q = int_0^dt exp(A s) ds, each of shape (..., n, n), for A of shape (..., n, n)."""
    compute = _propagator if matrix.size <= FEW else _propagator.__wrapped__
    return compute(matrix.shape, matrix.tobytes(), dt)


@lru_cache(maxsize=64)
def _propagator(shape: tuple[int, ...], numbers: bytes, dt: float) -> tuple[Floats, Floats]:
    """The same for a matrix that is given as its bytes. Many populations may have the same."""
    matrix = np.frombuffer(numbers).reshape(shape)
    n = shape[-1]
    scale = _scales(np.abs(matrix).reshape(-1, n, n).max(axis=0))
    augmented = np.zeros((*matrix.shape[:-2], 2 * n, 2 * n))
    augmented[..., :n, :n] = matrix * scale[None, :] / scale[:, None] * dt
    augmented[..., :n, n:] = np.eye(n)  # Q is scaled by 1/dt, so that both blocks are of one size
    exponential = (_kept_exponential if augmented.size <= MOST_KEPT else _exponential)(augmented)
    back = scale[:, None] / scale[None, :] * _reachable(matrix)
    return read_only(exponential[..., :n, :n] * back), read_only(exponential[..., :n, n:] * back * dt)


def _kept_exponential(matrix: Floats) -> Floats:
    """The same as `_exponential`, but computed once only: importing scipy's linear algebra takes long."""
    depends = version("scipy"), processor(), str(matrix.shape), matrix.tobytes()
    found = memoized(["exponential", digest(*depends)], lambda: _exponential(matrix).tobytes().hex())
    return np.frombuffer(bytes.fromhex(found)).reshape(matrix.shape)


def _exponential(matrix: Floats) -> Floats:
    """exp of the matrix, or of each matrix in an array."""
    from scipy import linalg  # takes long to import

    functions: Any = linalg  # which has no types
    with one_thread():
        return functions.expm(matrix)


def _scales(size: Floats) -> Floats:
    """Powers of two by which to scale variables, so that no entry of the matrix is far above the diagonal.

    Otherwise the matrix exponential would round the small entries away. `size` holds the largest absolute
    value of each entry.
    """
    n = size.shape[0]
    largest = max(float(np.diag(size).max(initial=0.0)), 1e-300)
    log = np.zeros(n)
    for _ in range(n):
        for row in range(n):
            for column in range(n):
                if row != column and size[row, column] > 0:
                    log[column] = min(log[column], log[row] + np.log2(largest) - np.log2(size[row, column]))
    return np.asarray(2.0 ** np.clip(np.round(log), -400, 400))


def _reachable(matrix: Floats) -> Floats:
    """1 where the column's variable can influence the row's through any chain, else 0: structural zeros."""
    n = matrix.shape[-1]
    linked = np.any(matrix.reshape(-1, n, n) != 0, axis=0) | np.eye(n, dtype=bool)
    for _ in range(n):
        linked = linked | (linked.astype(int) @ linked.astype(int) > 0)
    return linked.astype(float)


def exact_statements(
    system: Linear, values: Mapping[str, Numeric], dt: float, frozen: frozenset[str]
) -> tuple[tuple[Statement, ...], dict[str, Floats]]:
    """Statements that advance a linear system by one tick, and the coefficients that they name.

    values: the values of the constants in the system
    dt: the duration of a tick, s
    frozen: the variables that keep their values while a neuron is refractory; the others then follow a
        linear system of their own

    Raises PlanError for a factor that is not finite.
    """
    names = system.names
    matrix = matrix_of(system, values)
    statements = [Statement(f"_b_{name}", "=", text) for name, text in system.offset.items()]
    new, coefficients = _advance(system, propagator(matrix, dt), "")
    if frozen:
        matrix = matrix.copy()
        for name in frozen:
            matrix[..., names.index(name), :] = 0.0
        held, more = _advance(system, propagator(matrix, dt), "_held", frozen)
        for name in names:
            if name in frozen:
                new[name] = f"where(not_refractory, {new[name]}, {name})"
            elif any(f"_P_{name}_{other}" in coefficients for other in frozen):
                new[name] = f"where(not_refractory, {new[name]}, {held[name]})"
        coefficients |= more
    # All new values are computed from the old ones before any is assigned.
    statements += [Statement(f"_new_{name}", "=", text) for name, text in new.items()]
    statements += [Statement(name, "=", f"_new_{name}") for name in names]
    used = {name for statement in statements for name in names_in(statement.expression)}
    return tuple(statements), {name: coefficients[name] for name in sorted(used & set(coefficients))}


def matrix_of(system: Linear, values: Mapping[str, Numeric]) -> Floats:
    """The matrix A, of shape (*shape, n, n) if a constant has the shape of the population."""
    names = system.names
    with np.errstate(all="ignore"):
        entries = {
            entry: np.asarray(evaluate(text, values), dtype=float) for entry, text in system.matrix.items()
        }
    for (row, column), number in entries.items():
        if not np.all(np.isfinite(number)):
            factor = system.matrix[row, column]
            raise PlanError(
                f"{system.label}: d{row}/dt has the factor {factor}, which is not finite."
                " Change the constants: is a time constant 0?"
            )
    shape = np.broadcast_shapes(*(number.shape for number in entries.values()))
    matrix = np.zeros((*shape, len(names), len(names)))
    for (row, column), number in entries.items():
        matrix[..., names.index(row), names.index(column)] = number
    return matrix


def _advance(
    system: Linear, propagators: tuple[Floats, Floats], prefix: str, frozen: frozenset[str] = frozenset()
) -> tuple[dict[str, str], dict[str, Floats]]:
    """The new value of each variable as an expression P x + Q b, and the coefficients in it.

    Structural zeros are left out, and so is the offset b of the `frozen` variables. `prefix` begins the names
    of the coefficients.
    """
    texts: dict[str, str] = {}
    coefficients: dict[str, Floats] = {}
    for row, name in enumerate(system.names):
        terms: list[str] = []
        for letter, block in zip("PQ", propagators, strict=True):
            for column, other in enumerate(system.names):
                contributes = letter == "P" or (other in system.offset and other not in frozen)
                if not (contributes and np.any(block[..., row, column])):
                    continue
                key = f"{prefix}_{letter}_{name}_{other}"
                coefficients[key] = block[..., row, column]
                terms.append(f"{key} * {other if letter == 'P' else '_b_' + other}")
        texts[name] = " + ".join(terms) or "0"
    return texts, coefficients
