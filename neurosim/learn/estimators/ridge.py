"""Ridge regression of an output layer, and products of matrices, all by one BLAS.

numpy and scipy each bring a BLAS with threads of its own. Where calls to the two alternate, the idle threads
of one keep the cores busy that the other needs. So all products here are scipy's. They are computed on
transposes, which are contiguous in Fortran's order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, get_blas_funcs
from sklearn.linear_model import Ridge

Floats = NDArray[np.float64]
gemm: Any
syrk: Any
gemm, syrk = get_blas_funcs(("gemm", "syrk"), dtype=np.float64)


def times_transposed(a: Floats, b: Floats) -> Floats:
    """a b', shape (row of a, row of b)."""
    return gemm(1.0, b.T, a.T, trans_a=True).T


def solve_readout(hidden: Floats, Y: Floats, alpha: float) -> tuple[Floats, Floats]:
    """The weights W and biases b that minimise |hidden W' + b - Y|^2 + alpha |W|^2.

    hidden: activity of the hidden units, shape (sample, hidden); it is overwritten.
    Y: targets, shape (sample, output).
    alpha: the ridge, 0 or more.

    Returns W, shape (output, hidden), and b, shape (output,).
    """
    if alpha and len(hidden) >= hidden.shape[1]:
        mean = hidden.mean(axis=0)
        hidden -= mean
        solved = _by_normal_equations(hidden, Y - Y.mean(axis=0), alpha)
        if solved is not None:
            return solved, Y.mean(axis=0) - solved @ mean
        hidden += mean
    ridge = Ridge(alpha, solver="svd", copy_X=False).fit(hidden, Y)
    return np.atleast_2d(ridge.coef_), np.atleast_1d(ridge.intercept_)


def _by_normal_equations(hidden: Floats, Y: Floats, alpha: float) -> Floats | None:
    """The weights for centred data; None if rounding makes the matrix singular in spite of alpha.

    Ridge(solver="cholesky") computes the same, but its copies and checks add a fifth to the time.
    """
    gram = syrk(1.0, hidden.T, lower=True)  # only the lower half is set, and only that half is read
    gram[np.diag_indices_from(gram)] += alpha
    try:
        factor = cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    except LinAlgError:
        return None
    return cho_solve(factor, gemm(1.0, hidden.T, Y.T, trans_b=True), check_finite=False).T
