"""Rules that store patterns in the weights of a Hopfield network, at once or one after the other.

Each takes patterns of -1 and 1, shape (pattern, neuron), and returns weights, shape (post, pre), with
diagonal 0. Hebb's rule is `ns.hebbian(patterns).matrix()`. The number of random patterns that N units can
hold is 0.138 N for Hebb's rule, with a few errors; more than that for Storkey's; up to N, if they are
linearly independent, for the pseudo-inverse; and up to 2 N for Gardner's at margin 0.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import get_blas_funcs, qr
from sklearn.exceptions import ConvergenceWarning
from tqdm import tqdm

from neurosim.errors import DescriptionError
from neurosim.network.matrix_weights import hebbian
from neurosim.network.values import flag, plain_number, whole

Floats = NDArray[np.float64]


def pseudo_inverse(patterns: ArrayLike) -> Floats:
    """Weights that project onto the patterns: all are fixed points if they are linearly independent.

    W = X' (X X')^-1 X without its diagonal, from an orthonormal basis of the patterns. A pattern that depends
    linearly on others adds nothing.

    patterns: -1 and 1, shape (pattern, neuron).

    Returns W, shape (post, pre). Raises DescriptionError for anything but -1 and 1.

    Source: Personnaz, Guyon & Dreyfus 1986, Phys. Rev. A 34, 4217, doi:10.1103/PhysRevA.34.4217; without the
    diagonal, which widens the basins of attraction: Kanter & Sompolinsky 1987, Phys. Rev. A 35, 380,
    doi:10.1103/PhysRevA.35.380.

    >>> pseudo_inverse([[1, 1, 1, -1]]).round(2).tolist()[0]
    [0.0, 0.25, 0.25, -0.25]
    """
    stored = _read(patterns, "pseudo_inverse")
    factors: Any = qr(stored.T, mode="economic", pivoting=True, check_finite=False)
    basis, size = factors[0], np.abs(np.diag(factors[1]))
    basis = basis[:, size > size[0] * 1e-10]  # without what rounding leaves of dependent patterns
    return _without_diagonal(basis @ basis.T)


def storkey(patterns: ArrayLike) -> Floats:
    """Weights that store one pattern after the other, each minus what the earlier ones already contribute.

    w_ij += (x_i x_j - x_i h_ji - h_ij x_j)/N, where h_ij is the sum of w_ik x_k over k, except i and j. The
    rule is local and incremental.

    patterns: -1 and 1, shape (pattern, neuron), in the order of storing.

    Returns W, shape (post, pre). Raises DescriptionError for anything but -1 and 1.

    Source: Storkey 1997, Increasing the capacity of a Hopfield network without sacrificing functionality,
    ICANN, doi:10.1007/BFb0020196.

    >>> storkey([[1, 1, 1, -1]]).tolist()[0]  # the first pattern, as by Hebb's rule
    [0.0, 0.25, 0.25, -0.25]
    """
    stored = _read(patterns, "storkey")
    n = stored.shape[1]
    symv, syr2 = get_blas_funcs(("symv", "syr2"), dtype=np.float64)
    upper = np.zeros((n, n), order="F")  # W is `scale` times this upper triangle and its transpose
    scale = 1.0
    for x in stored:
        # As W is symmetric with diagonal 0, h_ij x_j = (W x)_i x_j - w_ij: a step is W (1 + 2/N) and two
        # outer products.
        field = symv(scale, upper, x)
        scale *= 1.0 + 2.0 / n
        upper = _without_diagonal(syr2(1.0 / (n * scale), 0.5 * x - field, x, a=upper, overwrite_a=True))
    return scale * (upper + upper.T)


def gardner(
    patterns: ArrayLike, *, margin: float = 1.0, max_iter: int = 1000, verbose: bool = False
) -> Floats:
    """Weights learned by perceptrons: each unit learns its state in every pattern from all others.

    Wherever x_i (W x)_i <= margin |w_i|, w_i += x_i x/N, for all patterns at once, until there is no such
    place. It begins with Hebb's rule. W is not symmetric.

    Arguments:
        patterns: -1 and 1, shape (pattern, neuron).
        margin: distance of a field from changing sign, in units of the length of w_i, 0 or
            more. The larger, the wider the basins of attraction, and the fewer patterns fit: of
            random ones 2 N at 0, 0.52 N at 1, 0.27 N at 2.
        max_iter: largest number of passes over the patterns, at least 1.
        verbose: whether to show a progress bar.

    Returns W, shape (post, pre). Raises DescriptionError for patterns that are not of -1 and 1, and for
    numbers out of range. Warns with ConvergenceWarning if `max_iter` ended the learning.

    Source: Gardner 1988, J. Phys. A 21, 257, doi:10.1088/0305-4470/21/1/030.

    >>> (gardner([[1, 1, 1, -1]]) * 4).round().tolist()[0]
    [0.0, 1.0, 1.0, -1.0]
    """
    stored = _read(patterns, "gardner")
    margin = plain_number(margin, "gardner: margin", "Give a number of 0 or more, such as 1.", low=0.0)
    max_iter = whole(max_iter, "gardner: max_iter", least=1)
    n = stored.shape[1]
    # N W, which are whole numbers, so that a field of 0 is exactly 0.
    weights = _without_diagonal(stored.T @ stored)
    for _ in tqdm(range(max_iter), "gardner", disable=not flag(verbose, "gardner: verbose")):
        length = np.sqrt(np.einsum("ij,ij->i", weights, weights))
        wrong = stored * (stored @ weights.T) <= margin * length
        if not wrong.any():
            return weights / n
        weights = _without_diagonal(weights + (wrong * stored).T @ stored)
    warnings.warn(
        f"gardner: after {max_iter} passes {wrong.mean():.2%} of the fields are still within the margin"
        f" {margin:g}. Store fewer patterns, or ask for a smaller margin or a larger max_iter.",
        ConvergenceWarning,
        stacklevel=2,
    )
    return weights / n


def _read(patterns: ArrayLike, name: str) -> Floats:
    """Patterns as floats of -1 and 1, shape (pattern, neuron); errors name the rule `name`."""
    try:
        return hebbian(patterns).patterns.number
    except DescriptionError as error:
        raise DescriptionError(str(error).replace("hebbian", name)) from None


def _without_diagonal(weights: Floats) -> Floats:
    """The same array with its diagonal set to 0."""
    np.fill_diagonal(weights, 0.0)
    return weights
