"""The one place that asks for matplotlib, and what the axes of all pictures share."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurosim.errors import NeurosimError, install_hint

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


def need_matplotlib() -> Any:
    """`matplotlib.pyplot`; NeurosimError with the remedy where it is missing."""
    try:
        import matplotlib.pyplot as pyplot
    except ImportError as error:
        raise NeurosimError(
            f"figures: matplotlib cannot be imported ({error}). {install_hint('figures')}"
        ) from error
    return pyplot


def new_axes(ax: Any, width: float, height: float) -> Any:
    """The axes given, or those of a new figure of this size in inches."""
    pyplot = need_matplotlib()
    return pyplot.subplots(figsize=(width, height), layout="constrained")[1] if ax is None else ax


def scaled(largest: float, unit: str) -> tuple[float, str]:
    """What to divide by so that numbers up to `largest` read well, and the unit they then have: (0.001, 'mV').

    Only units with a symbol of their own take a prefix; '1' stays without a unit.
    """
    symbol = SYMBOLS.get(unit, unit)
    if symbol not in SYMBOLS.values():
        return 1.0, "" if symbol == "1" else symbol
    if not np.isfinite(largest) or largest <= 0:
        return 1.0, symbol
    factor, prefix = next((pair for pair in PREFIXES if largest >= 0.99 * pair[0]), PREFIXES[-1])
    return factor, prefix + symbol


def with_unit(name: str, unit: str) -> str:
    """An axis label: 'v (mV)'."""
    return f"{name} ({unit})" if unit else name


def time_axis(dt: float | None) -> tuple[float, str]:
    """What one tick is on the axis of time, and the label of that axis: milliseconds under `Clock`, else ticks."""
    return (1.0, "time (ticks)") if dt is None else (dt * 1e3, "time (ms)")
