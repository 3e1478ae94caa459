"""What wirings and distributions of weights show in a diagram: a small picture, and short texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from neurosim.network.values import Value, show

Points = tuple[tuple[float, float], ...]
TIMES, PLUS_MINUS = "\N{MULTIPLICATION SIGN}", "\N{PLUS-MINUS SIGN}"


@dataclass(frozen=True)
class Picture:
    """A line drawing in the square from (-1, -1) to (1, 1), y upwards: senders at the left, targets at
    the right.

    name: one word, by which a program finds the picture in a figure.
    caption: what the legend says about it.
    lines: lines through points (x, y).
    dots: points (x, y), drawn as small discs.
    """

    name: str
    caption: str
    lines: tuple[Points, ...]
    dots: Points = ()

    def mirrored(self, name: str, caption: str) -> Picture:
        """The same picture with senders and targets exchanged."""
        lines = tuple(tuple((-x, y) for x, y in line) for line in self.lines)
        return Picture(name, caption, lines, tuple((-x, y) for x, y in self.dots))


def bipartite(
    name: str,
    caption: str,
    senders: Sequence[float],
    targets: Sequence[float],
    pairs: Sequence[tuple[int, int]],
) -> Picture:
    """The picture of a few senders and targets and the synapses between them.

    senders, targets: the heights of the neurons, from -1 to 1.
    pairs: (index of the sender, index of the target) of each synapse.
    """
    lines = tuple(((-0.9, senders[a]), (0.9, targets[b])) for a, b in pairs)
    return Picture(name, caption, lines, (*((-0.9, y) for y in senders), *((0.9, y) for y in targets)))


def _grid(xs: Sequence[float], ys: Sequence[float]) -> tuple[Points, ...]:
    """Upright lines at `xs` and level lines at `ys`."""
    upright = (((x, ys[0]), (x, ys[-1])) for x in xs)
    return (*upright, *(((xs[0], y), (xs[-1], y)) for y in ys))


THREE, FOUR = (0.66, 0.0, -0.66), (0.72, 0.24, -0.24, -0.72)
SIX, TWO = (0.8, 0.48, 0.16, -0.16, -0.48, -0.8), (0.48, -0.48)
BELL = tuple((x / 10, 0.85 * exp(-((x / 4.5) ** 2)) - 0.3) for x in range(-10, 11))
IMAGE = (-0.95, -0.52, -0.09, 0.34)  # the columns of pixels over which a window slides

DENSE = bipartite("dense", "all to all", THREE, THREE, [(a, b) for a in range(3) for b in range(3)])
SPARSE = bipartite("sparse", "some pairs only", THREE, THREE, [(0, 1), (1, 0), (2, 2)])
ONE_TO_ONE = bipartite("one", "one to one", THREE, THREE, [(0, 0), (1, 1), (2, 2)])
NEARBY = Picture(
    "nearby",
    "mostly neighbours",
    (BELL, ((-1.0, -0.6), (1.0, -0.6))),
    tuple((x, -0.6) for x in (-0.9, -0.45, 0.0, 0.45, 0.9)),
)
CONVOLUTION = Picture(
    "conv",
    "convolution (shared weights)",
    (
        *_grid(IMAGE, (-0.85, -0.28, 0.28, 0.85)),
        ((IMAGE[1], 0.85), (0.9, 0.1)),
        ((IMAGE[3], -0.28), (0.9, 0.1)),
    ),
    ((0.9, 0.1),),
)
POOLING = bipartite("pool", "pooling", FOUR, TWO, [(0, 0), (1, 0), (2, 1), (3, 1)])
EINSUM = Picture(
    "einsum",
    "along named axes (shared weights)",
    _grid((-0.9, -0.3, 0.3, 0.9), (-0.8, -0.27, 0.27, 0.8)),
)
PRIVATE = bipartite(
    "private",
    "sources of its own for each target",
    SIX,
    TWO,
    [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 1)],
)
PICTURES = (DENSE, SPARSE, ONE_TO_ONE, NEARBY, CONVOLUTION, POOLING, EINSUM, PRIVATE)  # in the legend's order


def sizes_text(sizes: Sequence[int]) -> str:
    """The sizes of axes: '3 x 3', with a multiplication sign."""
    return f" {TIMES} ".join(f"{n:,}" for n in sizes)


def percent_text(share: float) -> str:
    """A share of 1 as a percentage: '12.5 %'."""
    return f"{100 * share:.3g} %"


def interval_text(low: Value, high: Value) -> str:
    """Two bounds, the unit written once: '1 to 5 ms'."""
    return " to ".join(_in_one_unit(low, high))


def mean_sd_text(mean: Value, sd: Value) -> str:
    """A mean and a standard deviation, the unit written once: '1 +- 0.5 mV', with a plus-minus sign."""
    return f" {PLUS_MINUS} ".join(_in_one_unit(mean, sd))


def _in_one_unit(first: Value, second: Value) -> tuple[str, str]:
    """Two values as text; the first without its unit if the second repeats it or the first is 0."""
    a, b = show(first), show(second)
    same = a.partition(" ")[2] == b.partition(" ")[2]
    return (a.partition(" ")[0] if same or not first.number else a), b
