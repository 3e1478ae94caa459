"""Units that normalise what reaches them, over the channels of each place or over a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurosim.cells.rate import layered
from neurosim.cells.ready import Shape, ready
from neurosim.errors import DescriptionError
from neurosim.network.neurons import Neurons, read_shape


def layer_norm(
    name: str, shape: Shape, function: str = "linear", *, dropout: float = 0.0, **override: Any
) -> Neurons:
    """Units that are normalised together with those along the last axis of their population.

    y = function(gain (I - m)/sqrt(s + epsilon) + shift), m and s the mean and the variance of I along the last axis; `function` and
    `dropout` as in `unit`.

    Port `I`. Constants: gain 1 and shift 0, one for each place on the last axis (`learns=("gain", "shift")` lets training change them), epsilon
    1e-5.

    Source: Ba, Kiros & Hinton 2016, Layer normalization, arXiv:1607.06450.
    """
    inside = "gain*(I - mean(I))/sqrt(mean((I - mean(I))**2) + epsilon) + shift"
    text, keep = layered("layer_norm", name, function, inside, dropout)
    return ready(
        "layer_norm",
        name,
        shape,
        override,
        update=f"y = {text}",
        epsilon=1e-5,
        **_affine(name, shape),
        **keep,
    )


def batch_norm(
    name: str,
    shape: Shape,
    function: str = "linear",
    *,
    statistics: tuple[Any, Any] | None = None,
    dropout: float = 0.0,
    **override: Any,
) -> Neurons:
    """Units whose channels are normalised over a batch, which is the first axis of their population; the last is the channel.

    y = function(gain (I - m)/sqrt(s + epsilon) + shift), m and s the mean and the variance of a channel over all other axes. With
    `statistics`, the pair (m, s) with one number per channel, these are used instead, and the population needs no batch: for a network
    that is trained, they are the mean and the variance of what port `I` recorded. `function` and `dropout` as in `unit`.

    Port `I`. Constants: gain 1 and shift 0, one for each channel (`learns=("gain", "shift")` lets training change them), epsilon 1e-5.

    Source: Ioffe & Szegedy 2015, Batch normalization, ICML, arXiv:1502.03167.
    """
    axes = len(read_shape(shape, f"Neurons {name!r}: shape"))
    if statistics is None and axes < 2:
        raise DescriptionError(
            f"cells.batch_norm {name!r}: shape {shape} has no axis for the batch. Give (batch, ..., channel), or statistics."
        )
    given: dict[str, Any] = {}
    if statistics is None:
        mean = _over_places("I", axes)
        variance = _over_places(f"(I - {mean})**2", axes)
    else:
        given["average"], given["variance"] = (np.asarray(part, dtype=float) for part in statistics)
        mean, variance = given
    text, keep = layered(
        "batch_norm", name, function, f"gain*(I - {mean})/sqrt({variance} + epsilon) + shift", dropout
    )
    return ready(
        "batch_norm",
        name,
        shape,
        override,
        update=f"y = {text}",
        epsilon=1e-5,
        **given,
        **_affine(name, shape),
        **keep,
    )


def _affine(name: str, shape: Shape) -> dict[str, np.ndarray]:
    channels = read_shape(shape, f"Neurons {name!r}: shape")[-1]
    return {"gain": np.ones(channels), "shift": np.zeros(channels)}


def _over_places(text: str, axes: int) -> str:
    """The mean of `text` over all axes but the last."""
    for axis in range(axes - 1):
        text = f"mean({text}, axis={axis})"
    return text
