"""Points of a plane that belong to the parts of a figure."""

from __future__ import annotations

import numpy as np

from neurosim.network.values import whole

BIG, SMALL = 0.5, 0.1  # the radius of the figure, and of its dots
CLASSES = 3


def yin_yang(samples: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points of the yin-yang symbol, and to which of its parts each belongs: yin, yang or the dots.

    The symbol is a disc of radius 0.5 about (0.5, 0.5). With l and r, the distances of a point (x, y) from
    (0.25, 0.5) and (0.75, 0.5), it is in a dot if l or r is below 0.1; otherwise in yang if r <= 0.1, or
    0.1 < l <= 0.25, or y > 0.5 and r > 0.25; otherwise in yin. No line and no small network without a hidden
    layer separates the parts. The three are equally likely.

    Arguments:
        samples: the number of points.
        seed: of the random numbers.

    Returns (points, labels): shape (sample, 2), between 0 and 1; and (sample,), 0, 1 or 2 (the dots).

    Raises DescriptionError for numbers that are not whole or too small.

    Source: Kriener, Goeltz & Petrovici 2022, doi:10.1145/3517343.3517380.

    >>> points, labels = yin_yang(6)
    >>> points.shape, sorted(set(labels.tolist()))
    ((6, 2), [0, 1, 2])
    """
    count, seed = whole(samples, "yin_yang: samples", least=1), whole(seed, "yin_yang: seed")
    random = np.random.default_rng(seed)
    wanted = random.integers(0, CLASSES, count)
    points, missing = np.empty((count, 2)), np.arange(count)
    while missing.size:
        drawn = random.random((missing.size, 2))
        inside = np.hypot(*(drawn - BIG).T) <= BIG
        fits = inside & (_part(drawn) == wanted[missing])
        points[missing[fits]] = drawn[fits]
        missing = missing[~fits]
    return points, wanted


def _part(points: np.ndarray) -> np.ndarray:
    """0, 1 or 2 for each point, shape (sample,)."""
    x, y = points.T
    left, right = np.hypot(x - BIG / 2, y - BIG), np.hypot(x - 3 * BIG / 2, y - BIG)
    upper = (right <= SMALL) | ((left > SMALL) & (left <= BIG / 2)) | ((y > BIG) & (right > BIG / 2))
    return np.where((left < SMALL) | (right < SMALL), 2, upper.astype(int))
