"""Rules that store patterns in the weights of a Hopfield net, at once or one after the other.

Each takes patterns of -1 and 1, shape (pattern, neuron), and returns weights, shape (post, pre), with diagonal 0. Hebb's rule is
`ns.hebbian(patterns).matrix()`. What they hold of N units, for random patterns: Hebb 0.138 N with a few errors, Storkey more than
that, pseudo-inverse all linearly independent ones up to N, Gardner's up to 2 N at margin 0.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.linalg import get_blas_funcs, qr
from sklearn.exceptions import ConvergenceWarning
from tqdm import tqdm

from neurosim.errors import DescriptionError
from neurosim.network.matrix_weights import hebbian
from neurosim.network.values import flag, plain_number, whole


def pseudo_inverse(patterns: Any) -> np.ndarray:
    """Weights that project onto the patterns, so that all of them are fixed points if they are linearly independent.

    W = X' (X X')^-1 X without its diagonal, by an orthonormal basis of the patterns; patterns that depend on others add nothing.

    `patterns`: -1 and 1, shape (pattern, neuron). Raises DescriptionError for anything else.

    Source: Personnaz, Guyon & Dreyfus 1986, Phys. Rev. A 34, 4217, doi:10.1103/PhysRevA.34.4217; without the diagonal, which widens
    the basins: Kanter & Sompolinsky 1987, Phys. Rev. A 35, 380, doi:10.1103/PhysRevA.35.380.

    >>> pseudo_inverse([[1, 1, 1, -1]]).round(2).tolist()[0]
    [0.0, 0.25, 0.25, -0.25]
    """
    stored = _read(patterns, "pseudo_inverse")
    factors: Any = qr(stored.T, mode="economic", pivoting=True, check_finite=False)
    basis, size = factors[0], np.abs(np.diag(factors[1]))
    basis = basis[:, size > size[0] * 1e-10]
    return _no_diagonal(basis @ basis.T)


def storkey(patterns: Any) -> np.ndarray:
    """Weights that store pattern after pattern, each less what the earlier ones already make of it; local and incremental.

    w_ij += (x_i x_j - x_i h_ji - h_ij x_j)/N with h_ij = sum over k, not i nor j, of w_ik x_k.

    `patterns`: -1 and 1, shape (pattern, neuron), in the order of storing. Raises DescriptionError for anything else.

    Source: Storkey 1997, Increasing the capacity of a Hopfield network without sacrificing functionality, ICANN,
    doi:10.1007/BFb0020196.
    """
    stored = _read(patterns, "storkey")
    n = stored.shape[1]
    times, add_outer = get_blas_funcs(("symv", "syr2"), dtype=np.float64)
    upper = np.zeros((n, n), order="F")  # W is scale times this and its transpose
    scale = 1.0
    for x in stored:
        # With W symmetric and diagonal 0, h_ij x_j = (W x)_i x_j - w_ij, so the whole step is W (1 + 2/N) and two outer products.
        field = times(scale, upper, x)
        scale *= 1.0 + 2.0 / n
        upper = _no_diagonal(add_outer(1.0 / (n * scale), 0.5 * x - field, x, a=upper, overwrite_a=True))
    return scale * (upper + upper.T)


def gardner(patterns: Any, *, margin: float = 1.0, max_iter: int = 1000, verbose: bool = False) -> np.ndarray:
    """Weights of perceptrons: each unit learns to be kept by all others in every pattern, with a margin; not symmetric.

    Where x_i (W x)_i <= margin |w_i|, w_i += x_i x/N, for all patterns at once, until nothing is left to learn. Begins with Hebb's rule.

    Arguments:
        patterns: -1 and 1, shape (pattern, neuron).
        margin: how far a field is from changing sign, in units of the length of w_i; the larger, the wider the basins and the fewer the
            patterns: of random ones at most 2 N at 0, 0.52 N at 1, 0.27 N at 2.
        max_iter: passes over the patterns; where it ends the learning, a ConvergenceWarning says so.
        verbose: whether to show progress.

    Raises DescriptionError for patterns that are not of -1 and 1, and a margin below 0.

    Source: Gardner 1988, J. Phys. A 21, 257, doi:10.1088/0305-4470/21/1/030.
    """
    stored = _read(patterns, "gardner")
    margin = plain_number(margin, "gardner: margin", "Give a number of 0 or more, such as 1.", low=0.0)
    max_iter = whole(max_iter, "gardner: max_iter", least=1)
    n = stored.shape[1]
    weights = _no_diagonal(
        stored.T @ stored
    )  # whole numbers until the end, so that a field of 0 is exactly that
    for _ in tqdm(range(max_iter), "gardner", disable=not flag(verbose, "gardner: verbose")):
        length = np.sqrt(np.einsum("ij,ij->i", weights, weights))
        wrong = stored * (stored @ weights.T) <= margin * length
        if not wrong.any():
            return weights / n
        weights = _no_diagonal(weights + (wrong * stored).T @ stored)
    warnings.warn(
        f"gardner: after {max_iter} passes {wrong.mean():.2%} of the fields are still within the margin {margin:g}."
        " Store fewer patterns, or ask for a smaller margin or a larger max_iter.",
        ConvergenceWarning, stacklevel=2,
    )  # fmt: skip
    return weights / n


def _read(patterns: Any, where: str) -> np.ndarray:
    """Patterns as floats of -1 and 1, shape (pattern, neuron)."""
    try:
        return hebbian(patterns).patterns.number
    except DescriptionError as error:
        raise DescriptionError(str(error).replace("hebbian", where)) from None


def _no_diagonal(weights: np.ndarray) -> np.ndarray:
    np.fill_diagonal(weights, 0.0)
    return weights
