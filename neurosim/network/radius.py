"""The spectral radius of a matrix: exact where its graph decides it, by LAPACK up to a size, by Arnoldi's method above."""

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
NO_EIGENVALUE = "spectral_radius: the matrix has no eigenvalue but 0 (too few synapses, or no way back). Connect more neurons."


def largest_eigenvalue(weights: np.ndarray, post: np.ndarray, pre: np.ndarray, n: int) -> float:
    """The largest absolute eigenvalue of the matrix with these entries (those of one place are added).

    The eigenvalues are those of the strongly connected parts, outside of which activity never comes back: 0
    if there are none. In a part whose cycles all have lengths that d divides they are the d-th roots of those
    of d ticks. Raises DescriptionError where an eigenvalue that is not 0 cannot be told from rounding, or
    where too many are nearly the largest.
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
    """The radius of a strongly connected part."""
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
    """How many synapses lead from the first neuron to each."""
    from scipy.sparse.csgraph import breadth_first_order

    order, before = breadth_first_order(matrix.T.tocsr(), 0, directed=True, return_predecessors=True)
    level = np.zeros(matrix.shape[0], np.int64)
    for neuron in order[1:]:
        level[neuron] = level[before[neuron]] + 1
    return level


def _all_of(matrix: np.ndarray) -> float:
    """By all eigenvalues; 0 where a power of the matrix vanishes but for rounding."""
    if (matrix < 0).any() and _vanishes(matrix):
        return 0.0
    return float(np.abs(np.linalg.eigvals(matrix)).max(initial=0.0))


def _vanishes(matrix: np.ndarray) -> bool:
    """Whether in some square of a power the terms cancel to all digits, as those of a nilpotent matrix do."""
    power = matrix / np.abs(matrix).max()
    for _ in range(int(np.ceil(np.log2(len(matrix))))):
        terms, power = np.abs(power) @ np.abs(power), power @ power
        if np.linalg.norm(power) < 4 * len(matrix) ** 0.5 * np.finfo(float).eps * np.linalg.norm(terms):
            return True
        power /= np.abs(power).max()
    return False


def _arnoldi(blocks: list[Any]) -> float:
    """By Arnoldi's method, of a product of blocks, the first of which comes first; all eigenvalues of a part of moderate size where it finds none."""
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
    """How much a vector grows in a tick, if that is steady: all eigenvalues that it has left are of one absolute value."""
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
    """Whether within a hundred steps all digits of a vector cancel, as with a nilpotent matrix."""
    most = float(np.prod([np.sqrt((block.data**2).sum()) for block in blocks]))
    for _ in range(100):
        x = turn(x / np.linalg.norm(x))
        if np.linalg.norm(x) < 100 * np.finfo(float).eps * most:
            return True
    return False
