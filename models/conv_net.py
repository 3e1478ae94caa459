"""A small convolutional network.

Source: LeCun, Bottou, Bengio & Haffner 1998, Proc. IEEE 86, 2278, doi:10.1109/5.726791.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def conv_net(shape: tuple[int, int, int] = (8, 8, 1), n_channels: int = 8, n_outputs: int = 10, *, kernel: int = 3, pool: int = 2) -> ns.Network:
    """`image` (row, column, channel) -> `features` (convolution, relu) -> `pooled` (maximum) -> `out` (dense, softmax).

    The convolution keeps to the image ('valid'); its weights, shape (n_channels, channels of the image, kernel, kernel), and the
    biases (one per channel) learn, as do those of `out`.
    """
    inner = tuple(size - kernel + 1 for size in shape[:2])
    image = ns.Neurons("image", shape)
    features = cells.unit("features", (*inner, n_channels), "relu", bias=np.zeros(n_channels), learns="bias")
    pooled = ns.Neurons("pooled", (*(size // pool for size in inner), n_channels), ports="I:max", update="y = I")
    out = cells.unit("out", n_outputs, "softmax", bias=np.zeros(n_outputs), learns="bias")
    return ns.Network(
        ns.Synapses(image, features, wiring=ns.conv((kernel, kernel)), weight=ns.glorot(), learns=True),
        ns.Synapses(features, pooled, wiring=ns.pool((pool, pool))),
        ns.Synapses(pooled, out, weight=ns.glorot(), learns=True),
        schedule=ns.Layered(),
    )


def example() -> dict[str, Any]:
    """Twelve digits through an untrained net."""
    from sklearn.datasets import load_digits

    digits = load_digits().images[:12, :, :, None] / 16.0
    return {"net": conv_net(), "inputs": {"image": digits}, "record": ["features", "pooled", "out"], "seed": 1}
