"""The spectral radius of a sparse matrix.

It is exact where the graph of the matrix decides it, computed by LAPACK for parts of up to `MOST_LAPACK`
neurons, and by Arnoldi's method for larger ones.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError

MOST_LAPACK = 1000  # neurons up to which all eigenvalues are computed
MOST_FALLBACK = 2000  # and where Arnoldi's method finds none
RESTARTS = 100  # of Arnoldi's method
GROWING, STEADY = (
    50,
    1e-13,
)  # ticks over which growth is averaged, and how little its logarithm may differ between such spans
SMALL = 100  # neurons up to which nobody asks for a period
NO_EIGENVALUE = (
    "spectral_radius: the matrix has no eigenvalue but 0 (too few synapses, or no way back)."
    " Connect more neurons."
)


def largest_eigenvalue(weights: np.ndarray, post: np.ndarray, pre: np.ndarray, n: int) -> float:
    """The largest absolute eigenvalue of an n x n matrix.

    weights, post, pre: the entries, shape (synapse,) each; entries of one place are added.

    Only strongly connected parts matter: activity that leaves such a part never comes back. A part has the
    period d if d is the greatest common divisor of the lengths of its cycles; the eigenvalues are then the
    d-th roots of those of the product of d blocks. Returns 0 if no neuron is reached from itself.

    Raises DescriptionError where an eigenvalue other than 0 cannot be told from rounding, or where so many
    are nearly the largest that Arnoldi's method finds none.

    Source: Brualdi & Ryser 1991, Combinatorial Matrix Theory, section 3.4 (period); Lehoucq, Sorensen & Yang
    1998, ARPACK Users' Guide, SIAM.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    matrix = csr_array((weights, (post, pre)), shape=(n, n))
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    count, part = connected_components(matrix, directed=True, connection="strong")
    largest = float(np.abs(matrix.diagonal()).max(initial=0.0)) if count > 1 else 0.0
    sizes, order = np.bincount(part, minlength=count), np.argsort(part, kind="stable")
    ends = np.cumsum(sizes)
    for number in np.flatnonzero(sizes > 1):
        mine = order[ends[number] - sizes[number] : ends[number]]
        largest = max(largest, _connected(matrix[mine][:, mine]))
    return largest if count > 1 or n > 1 else float(np.abs(matrix.diagonal()).max(initial=0.0))


def _connected(matrix: Any) -> float:
    """The spectral radius of a strongly connected matrix."""
    n, period = matrix.shape[0], 1
    if matrix.nnz == n:  # one ring
        return float(np.exp(np.log(np.abs(matrix.data)).mean()))
    if n > SMALL:
        level, entries = _levels(matrix), matrix.tocoo()
        period = int(np.gcd.reduce(level[entries.col] + 1 - level[entries.row]))
    if period == 1:
        return _all_of(matrix.toarray()) if n <= MOST_LAPACK else _arnoldi([matrix])
    kind = level % period
    first = int(np.bincount(kind, minlength=period).argmin())
    classes = [np.flatnonzero(kind == (first + step) % period) for step in range(period + 1)]
    blocks = [matrix[after][:, before] for before, after in pairwise(classes)]
    scales = np.array(
        [np.sqrt((block.data**2).sum() / min(block.shape)) for block in blocks]
    )  # the product would leave the range of floats
    blocks = [block / scale for block, scale in zip(blocks, scales, strict=True)]
    if classes[0].size <= MOST_LAPACK:
        turn = np.eye(classes[0].size)
        for block in blocks:
            turn = block @ turn
        radius = _all_of(turn)
    else:
        radius = _arnoldi(blocks)
    return float(np.exp((np.log(radius) + np.log(scales).sum()) / period)) if radius else 0.0


def _levels(matrix: Any) -> np.ndarray:
    """The number of synapses on the shortest way from the first neuron to each, shape (neuron,)."""
    from scipy.sparse.csgraph import breadth_first_order

    order, before = breadth_first_order(matrix.T.tocsr(), 0, directed=True, return_predecessors=True)
    level = np.zeros(matrix.shape[0], np.int64)
    for neuron in order[1:]:
        level[neuron] = level[before[neuron]] + 1
    return level


def _all_of(matrix: np.ndarray) -> float:
    """The spectral radius from all eigenvalues; 0 for a matrix of which a power vanishes, up to rounding."""
    if (matrix < 0).any() and _vanishes(matrix):
        return 0.0
    return float(np.abs(np.linalg.eigvals(matrix)).max(initial=0.0))


def _vanishes(matrix: np.ndarray) -> bool:
    """Whether the terms of some power cancel to rounding, as those of a nilpotent matrix do.

    The matrix is squared again and again, and the size of the result is compared with that of the sum of
    absolute terms.
    """
    power = matrix / np.abs(matrix).max()
    for _ in range(int(np.ceil(np.log2(len(matrix))))):
        terms, power = np.abs(power) @ np.abs(power), power @ power
        if np.linalg.norm(power) < 4 * len(matrix) ** 0.5 * np.finfo(float).eps * np.linalg.norm(terms):
            return True
        power /= np.abs(power).max()
    return False


def _arnoldi(blocks: list[Any]) -> float:
    """The spectral radius of a product of blocks, of which the first is applied first, by Arnoldi's method.

    If the method does not converge, all eigenvalues of a matrix of moderate size are computed.
    """
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigs

    n = blocks[0].shape[1]

    def turn(x: np.ndarray) -> np.ndarray:
        for block in blocks:
            x = block @ x
        return x

    start = np.random.default_rng(0).normal(size=n)  # eigs draws one from numpy's global generator otherwise
    if _dies_out(turn, start, blocks):
        return 0.0
    if (steady := _growth(turn, start)) is not None:
        return steady
    whole = LinearOperator((n, n), matvec=turn, dtype=float)  # type: ignore[call-arg]
    try:
        return float(
            np.abs(
                eigs(whole, k=6, which="LM", v0=start, ncv=64, maxiter=RESTARTS, return_eigenvectors=False)
            ).max()
        )
    except ArpackError:
        if n <= MOST_FALLBACK:
            return _all_of(turn(np.eye(n)))
    raise DescriptionError(
        f"spectral_radius: of {n:,} neurons too many eigenvalues are nearly the largest to tell it."
        " Use another wiring, fewer neurons,"
        " or give the weights as an array."
    )


def _growth(turn: Any, x: np.ndarray) -> float | None:
    """The factor by which a vector grows in a tick, if it is steady; None otherwise.

    It is steady if all eigenvalues that the vector still contains have one absolute value.
    """
    rates = []
    for _ in range(4):
        total = 0.0
        for _ in range(GROWING):
            x = turn(x)
            size = np.linalg.norm(x)
            total, x = total + np.log(size), x / size
        rates.append(total / GROWING)
    return float(np.exp(rates[-1])) if np.ptp(rates[1:]) < STEADY else None


def _dies_out(turn: Any, x: np.ndarray, blocks: list[Any]) -> bool:
    """Whether a vector vanishes up to rounding within a hundred steps, as with a nilpotent matrix."""
    most = float(np.prod([np.sqrt((block.data**2).sum()) for block in blocks]))
    for _ in range(100):
        x = turn(x / np.linalg.norm(x))
        if np.linalg.norm(x) < 100 * np.finfo(float).eps * most:
            return True
    return False
