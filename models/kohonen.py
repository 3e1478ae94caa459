"""A Kohonen map: units on a grid, of which the one nearest to the input wins and takes its neighbours along.

Source: Kohonen 1982, Biological Cybernetics 43, 59, doi:10.1007/BF00337288.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.network.values import choice, flag, plain_number, whole

GRIDS = ("rectangular", "hexagonal")
NEIGHBOURHOODS = {  # of the squared distance and the radius
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
    weights: Any = None,
) -> ns.Network:
    """`inputs` -> `map`, the units of all rows one row after the other; each tick shows one input, which the synapses `codebook` learn.

    The unit c with the least I = |v - w|^2 wins; then w += rate near (v - w), where near falls with the distance d from c on the grid:
    exp(-d^2/(2 radius^2)), or 1 up to d = radius ('bubble'). `map` sends 1 where a unit has won; its `step` is rate near.

    Arguments:
        shape: (rows, columns).
        grid: 'rectangular', or 'hexagonal': every other row stands half a column to the right, and all six neighbours 1 away.
        toroidal: the last row and column are next to the first.
        radius, rate: what the populations of these names, one neuron each, send unless inputs of shape (tick, 1) clamp them, as a schedule
            that falls with time does. Nothing is learned at rate 0.
        weights: of shape (unit, input); default: uniform in 0 to 1.

    Raises DescriptionError for a grid that cannot be.
    """
    x, y = positions(shape, grid)
    width, height = periods(shape, grid, toroidal)
    wrap: dict[str, Any] = {"width": width, "height": height} if toroidal else {}
    near = NEIGHBOURHOODS[choice(neighbourhood, NEIGHBOURHOODS, "kohonen: neighbourhood")]
    text = [FAR, AROUND] if toroidal else [FAR]
    text += ["squared = dx**2 + dy**2", f"step = rate*{near}", "win = (i == argmax(-I))"]
    inputs, spread, speed = (
        ns.Neurons("inputs", n_inputs),
        _constant("radius", radius),
        _constant("rate", rate),
    )
    units = ns.Neurons(
        "map", len(x), ports="I radius rate", update="\n".join(text), sends="win", x=x, y=y, **wrap
    )
    return ns.Network(
        ns.Synapses(spread, units, to="radius"),
        ns.Synapses(speed, units, to="rate"),
        ns.Synapses(
            inputs, units, weight=ns.uniform(0.0, 1.0) if weights is None else weights, name="codebook",
            on_pre="I_post += (v_pre - w)**2", on_post="w += step_post*(v_pre - w)",
        ),
        schedule=ns.Layered(),
    )  # fmt: skip


def positions(shape: tuple[int, int], grid: str) -> tuple[np.ndarray, np.ndarray]:
    """x and y of the units of a map, shape (unit,) each, in C order; direct neighbours are 1 apart."""
    rows, columns = read_shape(shape)
    row, column = np.divmod(np.arange(rows * columns, dtype=float), columns)
    if choice(grid, GRIDS, "kohonen: grid") == "rectangular":
        return column, row
    return column + 0.5 * (row % 2), row * np.sqrt(0.75)


def periods(shape: tuple[int, int], grid: str, toroidal: bool) -> tuple[float, float]:
    """After which x and which y a map begins again; infinite unless it is a torus."""
    rows, columns = read_shape(shape)
    if not flag(toroidal, "kohonen: toroidal"):
        return np.inf, np.inf
    if grid == "hexagonal" and rows % 2:
        raise DescriptionError(
            f"kohonen: a hexagonal torus of {rows} rows does not close. Give an even number of rows."
        )
    return float(columns), float(rows if grid == "rectangular" else rows * np.sqrt(0.75))


def read_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns, at least one of each."""
    if not isinstance(shape, (tuple, list, np.ndarray)) or len(shape) != 2:
        raise DescriptionError(f"kohonen: shape {shape!r} is not that of a map. Give (rows, columns).")
    return whole(shape[0], "kohonen: rows of shape", least=1), whole(
        shape[1], "kohonen: columns of shape", least=1
    )


def _constant(name: str, value: float) -> ns.Neurons:
    value = plain_number(value, f"kohonen: {name}", "Give a number of at least 0.", low=0.0)
    return ns.Neurons(name, 1, update="value = value", value=value)


def example() -> dict[str, Any]:
    """A map of 6 x 6 units unfolds in a square, from 300 random points of it."""
    points, fall = np.random.default_rng(0).random((300, 2)), np.linspace(1.0, 0.0, 300)[:, None]
    inputs = {"inputs": points, "radius": 0.5 * 6.0**fall, "rate": 0.05 * 10.0**fall}
    return {"net": kohonen(2, (6, 6)), "inputs": inputs, "record": {"map": 1, "codebook.w": 10}, "seed": 1}
