"""A convolutional network: blocks of convolution and pooling, then fully connected layers.

Source: LeCun, Bottou, Bengio & Haffner 1998, Proc. IEEE 86, 2278, doi:10.1109/5.726791; blocks with a kernel
of 1: Lin, Chen & Yan 2014, Network in network, ICLR, arXiv:1312.4400.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim import cells
from neurosim.models.feed_forward import initial


def conv_net(
    shape: tuple[int, int, int] = (8, 8, 1),
    n_channels: int | Sequence[int] = 8,
    n_outputs: int = 10,
    *,
    kernel: int | Sequence[int] = 3,
    stride: int | Sequence[int] = 1,
    padding: str = "valid",
    pool: int | Sequence[int] = 2,
    dense: Sequence[int] = (),
    function: str = "relu",
    output: str = "softmax",
    dropout: float = 0.0,
) -> ns.Network:
    """A convolutional network for images, such as a classifier.

    `image` (row, column, channel) -> `features_1` (convolution) -> `pooled_1` (maximum) -> ... -> `dense_1`
    ... -> `out`. All weights, (post channel, pre channel, kernel, kernel) or (post, pre), and all biases, one
    per channel or dense unit, learn. Weights begin as in `feed_forward`.

    Arguments:
        shape: (rows, columns, channels) of the image.
        n_channels: the number of channels of each block; one number is one block.
        n_outputs: the number of outputs.
        kernel: the side of the windows of weights, one number or one per block; a kernel of 1 mixes the
            channels of each position.
        stride: by how much the windows move, one number or one per block.
        padding: 'same' lets windows reach over the edge, 'valid' keeps them within.
        pool: the side of the squares of which the maximum is taken, one number or one per block; 1: no
            `pooled_k`.
        dense: numbers of units of the layers between the last block and `out`.
        function: the activation function of all hidden units, as in `cells.unit`.
        output: the function of `out`; 'linear' sends scores instead of probabilities.
        dropout: the fraction of units before the fully connected layers that are silent in training.

    Raises DescriptionError for lists that do not have one number for each block, and for windows that are
    larger than what they move over.

    >>> conv_net((28, 28, 1), (8, 16))["pooled_2"].shape  # (row, column, channel)
    (5, 5, 16)
    """
    channels = per_block("conv_net: n_channels", n_channels)
    kernels, strides, pools = (
        per_block(f"conv_net: {name}", numbers, len(channels))
        for name, numbers in (("kernel", kernel), ("stride", stride), ("pool", pool))
    )
    last, synapses = ns.Neurons("image", shape), []
    for k, (n, side, step, square) in enumerate(zip(channels, kernels, strides, pools, strict=True), 1):
        drop = dropout if k == len(channels) else 0.0
        settings = {"stride": step, "padding": padding, "function": function}
        drop_here = drop if square == 1 else 0.0
        last = convolved(last, f"features_{k}", n, side, synapses, dropout=drop_here, **settings)
        if square > 1:
            last = largest(last, f"pooled_{k}", square, synapses, dropout=drop)
    for k, size in enumerate([*dense, n_outputs], 1):
        name, units, drop = (f"dense_{k}", function, dropout) if k <= len(dense) else ("out", output, 0.0)
        layer = cells.unit(name, size, units, bias=np.zeros(size), learns="bias", dropout=drop)
        synapses.append(ns.Synapses(last, layer, weight=initial(units, last.size), learns=True))
        last = layer
    return ns.Network(synapses, schedule=ns.Layered())


def convolved(
    sender: ns.Neurons,
    name: str,
    channels: int,
    kernel: int,
    synapses: list[ns.Synapses],
    *,
    stride: int = 1,
    padding: str = "same",
    function: str = "relu",
    dropout: float = 0.0,
    weight: ArrayLike | None = None,
    bias: ArrayLike = 0.0,
) -> ns.Neurons:
    """Units that see the population `sender` through windows of weights.

    name, channels: the name of the population and its number of channels.
    kernel, stride, padding: the windows, as in `conv_net`.
    synapses: the list to which the synapses are added.
    function, dropout: of the units, as in `cells.unit`.
    weight: shape (post channel, pre channel, kernel, kernel); default: as in `feed_forward`.
    bias: one number or one per channel.
    """
    wiring = ns.conv((kernel, kernel), stride=stride, padding=padding)
    shape = wiring.target_shape(sender.shape, channels)
    units = cells.unit(
        name, shape, function, bias=np.asarray(bias) + np.zeros(channels), learns="bias", dropout=dropout
    )
    weight = initial(function, sender.shape[-1] * kernel**2) if weight is None else weight
    synapses.append(ns.Synapses(sender, units, wiring=wiring, weight=weight, learns=True))
    return units


def largest(
    sender: ns.Neurons,
    name: str,
    kernel: int,
    synapses: list[ns.Synapses],
    *,
    stride: int | None = None,
    padding: str = "valid",
    dropout: float = 0.0,
) -> ns.Neurons:
    """Units that send the maximum of their window of the population `sender`.

    name: the name of the population.
    kernel, stride, padding: the windows; by default they do not overlap.
    synapses: the list to which the synapses are added.
    dropout: of the units, as in `cells.unit`.
    """
    wiring = ns.pool((kernel, kernel), stride=stride, padding=padding)
    units = cells.unit(name, wiring.target_shape(sender.shape), "linear", ports="I:max", dropout=dropout)
    synapses.append(ns.Synapses(sender, units, wiring=wiring))
    return units


def per_block(label: str, sizes: int | Sequence[int], blocks: int | None = None) -> tuple[int, ...]:
    """One number for each block, from one number for all or a list.

    label: how errors begin.
    blocks: the number of blocks; default: as many as there are numbers.
    """
    numbers = (sizes,) * (blocks or 1) if isinstance(sizes, (int, np.integer)) else tuple(sizes)
    if not numbers or (blocks is not None and len(numbers) != blocks):
        raise ns.DescriptionError(
            f"{label} {sizes!r} is not one number for each of {blocks or 'the'} blocks. "
            "Give one number, or one per block."
        )
    return numbers


def example() -> dict[str, Any]:
    """Twelve digits through an untrained net."""
    from sklearn.datasets import load_digits

    digits = load_digits().images[:12, :, :, None] / 16.0
    return {
        "net": conv_net(),
        "inputs": {"image": digits},
        "record": ["features_1", "pooled_1", "out"],
        "seed": 1,
    }
