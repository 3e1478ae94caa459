"""A convolutional network: blocks of convolution and pooling, then fully connected layers.

Source: LeCun, Bottou, Bengio & Haffner 1998, Proc. IEEE 86, 2278, doi:10.1109/5.726791; blocks with a kernel of 1: Lin, Chen & Yan 2014,
Network in network, ICLR, arXiv:1312.4400.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

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
    """`image` (row, column, channel) -> `features_1` (convolution) -> `pooled_1` (maximum) -> ... -> `dense_1` ... -> `out`.

    There is one block for each number of `n_channels`. `kernel`, `stride` and `pool` are one number, or one for each block: the side of the
    windows of weights, how far they move, and the side of the squares of which the largest counts (1: there is no `pooled_k`); a kernel of
    1 mixes the channels of each place. `padding` 'same' lets windows reach over the edge, 'valid' keeps them within. `dense` counts
    the units of each layer between the last block and `out`. `function` is that of all hidden units; `output` 'linear' sends scores
    instead of chances. While the network trains, what reaches a fully connected layer is left out with the chance `dropout`.

    All weights, (post channel, pre channel, kernel, kernel) or (post, pre), and all biases, one per channel or dense unit, learn. Weights begin
    as in `feed_forward`.

    Raises DescriptionError for lists that are not one number for each block, and for windows that are larger than what they move over.
    """
    channels = per_block("conv_net: n_channels", n_channels)
    kernels, strides, pools = (
        per_block(f"conv_net: {name}", given, len(channels))
        for name, given in (("kernel", kernel), ("stride", stride), ("pool", pool))
    )
    last, steps = ns.Neurons("image", shape), []
    for k, (n, side, step, square) in enumerate(zip(channels, kernels, strides, pools, strict=True), 1):
        drop = dropout if k == len(channels) else 0.0
        last = convolved(
            last,
            f"features_{k}",
            n,
            side,
            steps,
            stride=step,
            padding=padding,
            function=function,
            dropout=drop if square == 1 else 0.0,
        )
        if square > 1:
            last = largest(last, f"pooled_{k}", square, steps, dropout=drop)
    for k, size in enumerate([*dense, n_outputs], 1):
        name, units, drop = (f"dense_{k}", function, dropout) if k <= len(dense) else ("out", output, 0.0)
        layer = cells.unit(name, size, units, bias=np.zeros(size), learns="bias", dropout=drop)
        steps.append(ns.Synapses(last, layer, weight=initial(units, last.size), learns=True))
        last = layer
    return ns.Network(steps, schedule=ns.Layered())


def convolved(
    sender: ns.Neurons,
    name: str,
    channels: int,
    kernel: int,
    steps: list[ns.Synapses],
    *,
    stride: int = 1,
    padding: str = "same",
    function: str = "relu",
    dropout: float = 0.0,
    weight: Any = None,
    bias: Any = 0.0,
) -> ns.Neurons:
    """Units that see `sender` through windows of weights; the synapses are added to `steps`."""
    wiring = ns.conv((kernel, kernel), stride=stride, padding=padding)
    shape = wiring.target_shape(sender.shape, channels)
    units = cells.unit(name, shape, function, bias=bias + np.zeros(channels), learns="bias", dropout=dropout)
    weight = initial(function, sender.shape[-1] * kernel**2) if weight is None else weight
    steps.append(ns.Synapses(sender, units, wiring=wiring, weight=weight, learns=True))
    return units


def largest(
    sender: ns.Neurons,
    name: str,
    kernel: int,
    steps: list[ns.Synapses],
    *,
    stride: int | None = None,
    padding: str = "valid",
    dropout: float = 0.0,
) -> ns.Neurons:
    """Units that send the largest of their window of `sender`; the synapses are added to `steps`."""
    wiring = ns.pool((kernel, kernel), stride=stride, padding=padding)
    units = cells.unit(name, wiring.target_shape(sender.shape), "linear", ports="I:max", dropout=dropout)
    steps.append(ns.Synapses(sender, units, wiring=wiring))
    return units


def per_block(where: str, given: int | Sequence[int], blocks: int | None = None) -> tuple[int, ...]:
    """One number for each block, from one for all or a list."""
    numbers = (given,) * (blocks or 1) if isinstance(given, (int, np.integer)) else tuple(given)
    if not numbers or (blocks is not None and len(numbers) != blocks):
        raise ns.DescriptionError(
            f"{where} {given!r} is not one number for each of {blocks or 'the'} blocks. Give one number, or one per block."
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
