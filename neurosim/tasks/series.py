"""Time series: chaotic and random ones that are computed here, and sunspots."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from neurosim.network.values import plain_number, whole


def mackey_glass(
    ticks: int, *, tau: int = 17, seed: int | None = None, discard: int = 1000, substeps: int = 10
) -> np.ndarray:
    """The Mackey-Glass series, chaotic from tau = 17 on, one sample per unit of time, shape (tick,).

    dx/dt = 0.2 x(t - tau)/(1 + x(t - tau)^10) - 0.1 x, by the classical Runge-Kutta method.

    Arguments:
        ticks: number of samples.
        tau: the delay, in units of time.
        seed: x before the start is a random number from 0.5 to 1.5; default: 1.2.
        discard: number of samples at the beginning that are left out.
        substeps: number of Runge-Kutta steps per sample.

    Raises DescriptionError for numbers that are not whole or too small.

    Source: Mackey & Glass 1977, Science 197, 287, doi:10.1126/science.267326.

    >>> mackey_glass(4, discard=0).round(4).tolist()
    [1.2, 1.1176, 1.043, 0.9755]
    """
    ticks, discard = whole(ticks, "mackey_glass: ticks", least=1), whole(discard, "mackey_glass: discard")
    n, tau = whole(substeps, "mackey_glass: substeps", least=1), whole(tau, "mackey_glass: tau", least=1)
    h, lag, last = 1.0 / n, tau * n, (ticks + discard - 1) * n
    past = 1.2 if seed is None else float(np.random.default_rng(seed).uniform(0.5, 1.5))
    x = [past] * (lag + last + 1)  # x[lag + k] is x(k h)
    slope = [0.0] * (lag + last + 1)
    for k in range(lag, lag + last):
        old, new = x[k - lag], x[k - lag + 1]
        # x(t - tau) half a step later: the cubic through two known points with their slopes. Before the start
        # x is constant.
        middle = old if k - lag < lag else (old + new) / 2 + h / 8 * (slope[k - lag] - slope[k - lag + 1])
        rise = [0.2 * d / (1.0 + d**10) for d in (old, middle, new)]
        a = slope[k] = rise[0] - 0.1 * x[k]
        b = rise[1] - 0.1 * (x[k] + h / 2 * a)
        c = rise[1] - 0.1 * (x[k] + h / 2 * b)
        d = rise[2] - 0.1 * (x[k] + h * c)
        x[k + 1] = x[k] + h / 6 * (a + 2 * b + 2 * c + d)
        slope[k + 1] = rise[2] - 0.1 * x[k + 1]
    return np.array(x[lag::n])[discard:]


def lorenz(
    ticks: int, *, dt: float = 0.02, seed: int | None = None, discard: int = 1000, substeps: int = 4
) -> np.ndarray:
    """The Lorenz system, chaotic, shape (tick, 3): x, y and z. Its largest Lyapunov exponent is 0.9056.

    dx/dt = 10 (y - x), dy/dt = x (28 - z) - y, dz/dt = x y - 8/3 z, by the classical Runge-Kutta method.

    Arguments:
        ticks: number of samples.
        dt: the time between samples.
        seed: the start is (1, 1, 1) plus a random number from 0 to 1 in each coordinate; default: (1, 1, 1).
        discard: number of samples at the beginning that are left out.
        substeps: number of Runge-Kutta steps per sample.

    Raises DescriptionError for numbers that are not whole or too small.

    Source: Lorenz 1963, J. Atmos. Sci. 20, 130, doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.

    >>> lorenz(2, discard=0).round(4).tolist()
    [[1.0, 1.0, 1.0], [1.0488, 1.524, 0.9731]]
    """
    ticks, discard = whole(ticks, "lorenz: ticks", least=1), whole(discard, "lorenz: discard")
    n = whole(substeps, "lorenz: substeps", least=1)
    h = plain_number(dt, "lorenz: dt", "Give a time above 0, such as 0.02.", low=1e-9) / n
    x, y, z = (1.0, 1.0, 1.0) if seed is None else (1.0 + np.random.default_rng(seed).random(3)).tolist()
    points = [(x, y, z)]
    for _ in range(ticks + discard - 1):
        for _ in range(n):
            ax, ay, az = 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z
            u, v, w = x + h / 2 * ax, y + h / 2 * ay, z + h / 2 * az
            bx, by, bz = 10 * (v - u), u * (28 - w) - v, u * v - 8 / 3 * w
            u, v, w = x + h / 2 * bx, y + h / 2 * by, z + h / 2 * bz
            cx, cy, cz = 10 * (v - u), u * (28 - w) - v, u * v - 8 / 3 * w
            u, v, w = x + h * cx, y + h * cy, z + h * cz
            dx, dy, dz = 10 * (v - u), u * (28 - w) - v, u * v - 8 / 3 * w
            x, y, z = (
                x + h / 6 * (ax + 2 * bx + 2 * cx + dx),
                y + h / 6 * (ay + 2 * by + 2 * cy + dy),
                z + h / 6 * (az + 2 * bz + 2 * cz + dz),
            )
        points.append((x, y, z))
    return np.array(points[discard:])


def narma(ticks: int, *, order: int = 10, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A random input and the response of a nonlinear system with a long memory (NARMA).

    Both are of shape (tick,). y(t+1) = 0.3 y(t) + 0.05 y(t) sum of the last `order` values of y + 1.5 u(t -
    order + 1) u(t) + 0.1, u uniform from 0 to 0.5. Sample t of y is y(t+1): what follows from the inputs up
    to and including u(t).

    Arguments:
        ticks: number of samples.
        order: number of past values on which y depends.
        seed: of the random input.

    Raises DescriptionError for numbers that are not whole or too small.

    Source: Atiya & Parlos 2000, IEEE Trans. Neural Netw. 11, 697, doi:10.1109/72.846741.

    >>> u, y = narma(200)
    >>> u.shape, y.shape
    ((200,), (200,))
    """
    ticks, order = whole(ticks, "narma: ticks", least=1), whole(order, "narma: order", least=1)
    u = np.random.default_rng(seed).uniform(0.0, 0.5, ticks + order)
    y = np.zeros(ticks + order + 1)
    for t in range(order, ticks + order):
        past = y[t - order + 1 : t + 1].sum()
        y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * past + 1.5 * u[t - order + 1] * u[t] + 0.1
    return u[order:], y[order + 1 :]


def sunspots() -> tuple[np.ndarray, np.ndarray]:
    """The years 1700 to 2008, shape (year,), and the mean number of sunspots in each, shape (year,).

    Raises ModuleNotFoundError if statsmodels, whose package contains the data, is not installed.

    Source: US National Geophysical Data Center, public domain; the first to forecast them was Yule 1927,
    Phil. Trans. R. Soc. A 226, 267, doi:10.1098/rsta.1927.0007.
    """
    spec = find_spec("statsmodels")
    if spec is None:
        raise ModuleNotFoundError(
            "sunspots: the data come with the package statsmodels, which is not installed. "
            "pip install statsmodels"
        )
    path = Path(next(iter(spec.submodule_search_locations or [])), "datasets", "sunspots", "sunspots.csv")
    years, numbers = np.loadtxt(path, delimiter=",", skiprows=1, unpack=True)
    return years.astype(int), numbers
