"""Units that normalize their input, over the channels of a position or over a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.cells.rate import activation
from neurosim.cells.ready import Setting, Shape, ready
from neurosim.errors import DescriptionError
from neurosim.network.neurons import Neurons, read_shape

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def layer_norm(
    name: str, shape: Shape, function: str = "linear", *, dropout: float = 0.0, **override: Setting
) -> Neurons:
    """Units that are normalized together with those along the last axis of their population.

    y = function(gain (I - m)/sqrt(s + epsilon) + shift), where m and s are the mean and the variance of I
    along the last axis.

    Port: `I`.

    Constants: gain 1 and shift 0, one for each position on the last axis (`learns=("gain", "shift")` lets
    training change them), and epsilon 1e-5.

    Arguments:
        name: the name of the population.
        shape: the number of units, or a tuple whose last axis is normalized.
        function: the activation function, as in `unit`.
        dropout: the fraction of units that are silent in training, as in `unit`.
        override: constants or arguments of `Neurons` to use instead.

    Raises DescriptionError for an unknown function, a dropout outside 0 to 1, and a name that the cell does
    not have.

    Source: Ba, Kiros & Hinton 2016, Layer normalization, arXiv:1607.06450.
    """
    inside = "gain*(I - mean(I))/sqrt(mean((I - mean(I))**2) + epsilon) + shift"
    text, keep = activation("layer_norm", name, function, inside, dropout)
    return ready(
        "layer_norm", name, shape, override,
        update=f"y = {text}", epsilon=1e-5, **_gain_and_shift(name, shape), **keep,
    )  # fmt: skip


def batch_norm(
    name: str,
    shape: Shape,
    function: str = "linear",
    *,
    statistics: tuple[ArrayLike, ArrayLike] | None = None,
    dropout: float = 0.0,
    **override: Setting,
) -> Neurons:
    """Units whose channels (the last axis) are normalized over a batch (the first axis).

    y = function(gain (I - m)/sqrt(s + epsilon) + shift), where m and s are the mean and the variance of a
    channel over all other axes.

    Port: `I`.

    Constants: gain 1 and shift 0, one for each channel (`learns=("gain", "shift")` lets training change
    them), and epsilon 1e-5.

    Arguments:
        name: the name of the population.
        shape: a tuple (batch, ..., channel), or with `statistics` (..., channel) or a number.
        function: the activation function, as in `unit`.
        statistics: the pair (m, s), each of shape (channel,), to use instead of those of the batch. For a
            network that has been trained they are the mean and the variance of the recorded port `I`, and its
            population needs no batch.
        dropout: the fraction of units that are silent in training, as in `unit`.
        override: constants or arguments of `Neurons` to use instead.

    Raises DescriptionError for a shape without a batch, an unknown function, a dropout outside 0 to 1, and a
    name that the cell does not have.

    Source: Ioffe & Szegedy 2015, Batch normalization, ICML, arXiv:1502.03167.
    """
    axes = len(read_shape(shape, f"Neurons {name!r}: shape"))
    if statistics is None and axes < 2:
        raise DescriptionError(
            f"cells.batch_norm {name!r}: shape {shape} has no axis for the batch. "
            "Give (batch, ..., channel), or statistics."
        )
    moments: dict[str, np.ndarray] = {}
    if statistics is None:
        mean = _mean_of_channel("I", axes)
        variance = _mean_of_channel(f"(I - {mean})**2", axes)
    else:
        moments["average"], moments["variance"] = (np.asarray(part, dtype=float) for part in statistics)
        mean, variance = moments
    inside = f"gain*(I - {mean})/sqrt({variance} + epsilon) + shift"
    text, keep = activation("batch_norm", name, function, inside, dropout)
    return ready(
        "batch_norm", name, shape, override,
        update=f"y = {text}", epsilon=1e-5, **moments, **_gain_and_shift(name, shape), **keep,
    )  # fmt: skip


def _gain_and_shift(name: str, shape: Shape) -> dict[str, np.ndarray]:
    channels = read_shape(shape, f"Neurons {name!r}: shape")[-1]
    return {"gain": np.ones(channels), "shift": np.zeros(channels)}


def _mean_of_channel(text: str, axes: int) -> str:
    """The mean of `text` over all axes but the last, as text."""
    for axis in range(axes - 1):
        text = f"mean({text}, axis={axis})"
    return text
