"""The one place that imports matplotlib, and what the axes of all figures share."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError, install_hint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PREFIXES = (
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-3, "m"),
    (1e-6, "\N{MICRO SIGN}"),
    (1e-9, "n"),
    (1e-12, "p"),
)
SYMBOLS = {
    "volt": "V",
    "amp": "A",
    "siemens": "S",
    "hertz": "Hz",
    "second": "s",
    "farad": "F",
    "ohm": "ohm",
    "metre": "m",
}


def need_matplotlib() -> ModuleType:
    """The module `matplotlib.pyplot`. Raises NeurosimError, which says what to install, if it is missing."""
    try:
        import matplotlib.pyplot as pyplot
    except ImportError as error:
        raise NeurosimError(
            f"figures: matplotlib cannot be imported ({error}). {install_hint('figures')}"
        ) from error
    return pyplot


def new_axes(ax: Axes | None, width: float, height: float) -> Axes:
    """The axes `ax`, or those of a new figure of this width and height in inches if it is None."""
    pyplot = need_matplotlib()
    return pyplot.subplots(figsize=(width, height), layout="constrained")[1] if ax is None else ax


def scaled(largest: float, unit: str) -> tuple[float, str]:
    """The divisor and the unit with which numbers up to `largest` read well.

    largest: the largest absolute value, in the unit. unit: a name or a symbol, '1' for none.
    Only units with a symbol of their own take a prefix.

    >>> scaled(0.02, "volt")
    (0.001, 'mV')
    """
    symbol = SYMBOLS.get(unit, unit)
    if symbol not in SYMBOLS.values():
        return 1.0, "" if symbol == "1" else symbol
    if not np.isfinite(largest) or largest <= 0:
        return 1.0, symbol
    factor, prefix = next((pair for pair in PREFIXES if largest >= 0.99 * pair[0]), PREFIXES[-1])
    return factor, prefix + symbol


def with_unit(name: str, unit: str) -> str:
    """The label of an axis.

    >>> with_unit("v", "mV")
    'v (mV)'
    """
    return f"{name} ({unit})" if unit else name


def time_axis(dt: float | None) -> tuple[float, str]:
    """The length of a tick on the axis of time and the label of that axis: milliseconds under `Clock`,
    else ticks.

    dt: the length of a tick in seconds, None without `Clock`.
    """
    return (1.0, "time (ticks)") if dt is None else (dt * 1e3, "time (ms)")
