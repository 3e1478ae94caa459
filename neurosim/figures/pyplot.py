"""The one place that asks for matplotlib."""

from __future__ import annotations

from typing import Any

from neurosim.errors import NeurosimError


def need_matplotlib() -> Any:
    """`matplotlib.pyplot`; NeurosimError with the remedy where it is missing."""
    try:
        import matplotlib.pyplot as pyplot
    except ImportError as error:
        raise NeurosimError(f"figures: matplotlib cannot be imported ({error}). Install it: pip install neurosim[figures]") from error
    return pyplot


def new_axes(ax: Any, width: float, height: float) -> Any:
    """The axes given, or those of a new figure of this size in inches."""
    pyplot = need_matplotlib()
    return pyplot.subplots(figsize=(width, height), layout="constrained")[1] if ax is None else ax
