"""A Kohonen map: units on a grid, of which the nearest to the input and its neighbours learn it.

Source: Kohonen 1982, Biological Cybernetics 43, 59, doi:10.1007/BF00337288.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.network.values import choice, flag, plain_number, whole

GRIDS = ("rectangular", "hexagonal")
NEIGHBOURHOODS = {  # functions of the squared distance and the radius
    "gaussian": "exp(-squared/(2*maximum(radius, 1e-6)**2))",
    "bubble": "(squared <= radius**2 + 1e-9)",
}
FAR = """dx = abs(x - take(x, argmax(-I)))
dy = abs(y - take(y, argmax(-I)))"""
AROUND = """dx = minimum(dx, width - dx)
dy = minimum(dy, height - dy)"""


def kohonen(
    n_inputs: int,
    shape: tuple[int, int] = (10, 10),
    *,
    grid: str = "rectangular",
    toroidal: bool = False,
    neighbourhood: str = "gaussian",
    radius: float = 0.0,
    rate: float = 0.0,
    weights: ArrayLike | None = None,
) -> ns.Network:
    """A self-organizing map that learns while it runs, one input per tick.

    `inputs` -> `map`, the units of all rows, one row after the other. The synapses `codebook` learn. The unit
    c with the smallest I = |v - w|^2 wins; then w += rate near (v - w), where near falls with the distance d
    from c on the grid: exp(-d^2/(2 radius^2)), or 1 up to d = radius ('bubble'). `map` sends 1 where a unit
    has won; its variable `step` is rate near.

    Arguments:
        n_inputs: the number of inputs.
        shape: (rows, columns) of the grid.
        grid: 'rectangular' or 'hexagonal'. In a hexagonal grid every other row is shifted by half a column to
            the right, and all six neighbours are at distance 1.
        toroidal: whether the last row and column are next to the first.
        neighbourhood: 'gaussian' or 'bubble'.
        radius: in units of the grid; what the population `radius` of one neuron sends unless an input of
            shape (tick, 1) clamps it, as a radius that shrinks over time does.
        rate: the learning rate, in the same way. Nothing is learned at rate 0.
        weights: the start of the codebook, shape (unit, input); default: uniform in 0 to 1.

    Raises DescriptionError for a grid that is not possible, another neighbourhood, and a radius or rate below
    0.

    >>> kohonen(2, (6, 4))["map"].shape
    (24,)
    """
    x, y = positions(shape, grid)
    width, height = periods(shape, grid, toroidal)
    wrap = {"width": width, "height": height} if toroidal else {}
    near = NEIGHBOURHOODS[choice(neighbourhood, NEIGHBOURHOODS, "kohonen: neighbourhood")]
    text = [FAR, AROUND] if toroidal else [FAR]
    text += ["squared = dx**2 + dy**2", f"step = rate*{near}", "win = (i == argmax(-I))"]
    inputs = ns.Neurons("inputs", n_inputs)
    units = ns.Neurons(
        "map", len(x), ports="I radius rate", update="\n".join(text), sends="win", x=x, y=y, **wrap
    )
    return ns.Network(
        ns.Synapses(_constant("radius", radius), units, to="radius"),
        ns.Synapses(_constant("rate", rate), units, to="rate"),
        ns.Synapses(
            inputs,
            units,
            weight=ns.uniform(0.0, 1.0) if weights is None else weights,
            name="codebook",
            on_pre="I_post += (v_pre - w)**2",
            on_post="w += step_post*(v_pre - w)",
        ),
        schedule=ns.Layered(),
    )


def positions(shape: tuple[int, int], grid: str) -> tuple[np.ndarray, np.ndarray]:
    """x and y of the units of a map, each of shape (unit,), row by row; neighbours are at distance 1."""
    rows, columns = read_shape(shape)
    row, column = np.divmod(np.arange(rows * columns, dtype=float), columns)
    if choice(grid, GRIDS, "kohonen: grid") == "rectangular":
        return column, row
    return column + 0.5 * (row % 2), row * np.sqrt(0.75)


def periods(shape: tuple[int, int], grid: str, toroidal: bool) -> tuple[float, float]:
    """The width and height after which a map begins again, in x and y; infinite unless it is a torus."""
    rows, columns = read_shape(shape)
    if not flag(toroidal, "kohonen: toroidal"):
        return np.inf, np.inf
    if grid == "hexagonal" and rows % 2:
        raise DescriptionError(
            f"kohonen: a hexagonal torus of {rows} rows does not close. Give an even number of rows."
        )
    return float(columns), float(rows if grid == "rectangular" else rows * np.sqrt(0.75))


def read_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns, both checked."""
    if not isinstance(shape, (tuple, list, np.ndarray)) or len(shape) != 2:
        raise DescriptionError(f"kohonen: shape {shape!r} is not that of a map. Give (rows, columns).")
    rows = whole(shape[0], "kohonen: rows of shape", least=1)
    return rows, whole(shape[1], "kohonen: columns of shape", least=1)


def _constant(name: str, value: float) -> ns.Neurons:
    """A population of one neuron that always sends `value`."""
    value = plain_number(value, f"kohonen: {name}", "Give a number of at least 0.", low=0.0)
    return ns.Neurons(name, 1, update="value = value", value=value)


def example() -> dict[str, Any]:
    """A map of 6 x 6 units unfolds in a square, from 300 random points of it."""
    points = np.random.default_rng(0).random((300, 2))
    fall = np.linspace(1.0, 0.0, 300)[:, None]  # the exponent of radius and rate
    inputs = {"inputs": points, "radius": 0.5 * 6.0**fall, "rate": 0.05 * 10.0**fall}
    return {"net": kohonen(2, (6, 6)), "inputs": inputs, "record": {"map": 1, "codebook.w": 10}, "seed": 1}
