"""A deep residual network: blocks that add to what passes by them.

Source: He, Zhang, Ren & Sun 2016, Deep residual learning for image recognition, CVPR,
doi:10.1109/CVPR.2016.90; activation functions before the weights: the same authors, Identity mappings in deep
residual networks, ECCV 2016, doi:10.1007/978-3-319-46493-0_38.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models.conv_net import per_block
from neurosim.models.feed_forward import initial


def residual(
    shape: int | tuple[int, int, int] = (8, 8, 1),
    n_channels: int | Sequence[int] = (16, 32),
    n_outputs: int = 10,
    *,
    blocks: int | Sequence[int] = 2,
    layers: int | Sequence[int] = 2,
    narrow: int = 1,
    shortcut: bool = True,
    norm: bool = True,
    function: str = "relu",
    output: str = "softmax",
    dropout: float = 0.0,
) -> ns.Network:
    """A deep network of blocks with shortcuts, convolutional or fully connected.

    `image` -> `stem` -> `block_1` -> `block_2` ... -> `top` -> (`average`) -> `out`. A block adds some layers
    of weights to its input. Two layers are block_k = block_(k-1) + W second_k, second_k = f(W first_k),
    first_k = f(block_(k-1)); more go on with `third_k`, `fourth_k`, `fifth_k`. The shortcut is a second
    synapse, one to one, into the port of the block. f is `function`, after layer normalization over the
    channels, or without `norm` after a bias. All weights, biases, gains and shifts learn; weights begin as
    He's.

    With a `shape` (rows, columns, channels) W are 3 x 3 windows that reach over the edge. From the second
    stage on, the first block of a stage moves its windows by 2, and its shortcut is a 1 x 1 convolution that
    does the same. `average` is the mean of each channel over all positions. With a number as `shape` the
    network is fully connected, and `inputs` takes the place of `image`.

    Arguments:
        shape: (rows, columns, channels) of the image, or the number of inputs.
        n_channels: the number of channels (or units) of each stage.
        n_outputs: the number of outputs.
        blocks: the number of blocks of each stage, or one number for all.
        layers: the number of layers of weights in a block, from 1 to 5; or for each the side of its windows
            (default: 3), such as (1, 3, 1), the paper's bottleneck.
        narrow: by how much the layers within a block have fewer channels; 4 in the paper's bottleneck.
        shortcut: without it the network is the plain one of the same depth, 2 + `layers` layers of weights
            for each block.
        norm: whether f normalizes.
        function: the activation function, as in `cells.unit`.
        output: the function of `out`; 'linear' sends scores instead of probabilities.
        dropout: the fraction of the units before `out` that are silent in training.

    Raises DescriptionError for a `shape` that is neither, for `blocks` that are not one number for each
    stage, for `layers` that are not 1 to 5, and for channels that `narrow` does not divide.

    >>> residual((8, 8, 1), (4, 6), blocks=1)["block_2"].shape  # (row, column, channel)
    (4, 4, 6)
    """
    if not isinstance(shape, int) and len(shape) != 3:
        raise ns.DescriptionError(
            f"residual: shape {shape} is neither a number of inputs nor (rows, columns, channels). "
            "Give one of them."
        )
    stages = per_block("residual: n_channels", n_channels)
    counts = per_block("residual: blocks", blocks, len(stages))
    sides = (3,) * layers if isinstance(layers, int) else tuple(layers)
    if not 1 <= len(sides) <= len(NAMES):
        raise ns.DescriptionError(f"residual: layers {layers}. A block has 1 to 5 layers: give as many.")
    if narrow < 1 or any(channels % narrow for channels in stages):
        raise ns.DescriptionError(
            f"residual: narrow={narrow} does not divide each of n_channels {stages}. Give a divisor."
        )
    builder = _Builder(function, norm, shortcut, sides, narrow)
    image = ns.Neurons("inputs" if isinstance(shape, int) else "image", shape)
    last = builder.weighted(image, builder.sum("stem", builder.shape(image.shape, stages[0])))
    k = 0
    for stage, (channels, count) in enumerate(zip(stages, counts, strict=True)):
        for number in range(count):
            k += 1
            last = builder.block(last, k, channels, stride=2 if stage and not number else 1)
    top = builder.activated("top", last, dropout=0.0 if isinstance(shape, tuple) else dropout)
    if isinstance(shape, tuple):
        average = cells.unit("average", (1, 1, stages[-1]), "linear", ports="I:mean", dropout=dropout)
        builder.synapses.append(ns.Synapses(top, average, wiring=ns.pool(top.shape[:2])))
        top = average
    out = cells.unit("out", n_outputs, output, bias=np.zeros(n_outputs), learns="bias")
    builder.synapses.append(ns.Synapses(top, out, weight=initial(output, top.size), learns=True))
    return ns.Network(builder.synapses, schedule=ns.Layered())


NAMES = ("first", "second", "third", "fourth", "fifth")  # the layers of a block


class _Builder:
    """The layers of a residual network; their synapses are collected in `synapses`.

    sides: of the windows of each layer of a block.
    """

    def __init__(self, function: str, norm: bool, shortcut: bool, sides: tuple[int, ...], narrow: int):
        self.function, self.norm, self.shortcut = function, norm, shortcut
        self.sides, self.narrow = sides, narrow
        self.synapses: list[ns.Synapses] = []

    def shape(self, below: tuple[int, ...], channels: int, stride: int = 1) -> tuple[int, ...]:
        """The shape of a layer above one of shape `below`."""
        return (channels,) if len(below) == 1 else self._window(3, stride).target_shape(below, channels)

    def block(self, last: ns.Neurons, k: int, channels: int, stride: int) -> ns.Neurons:
        """A block: layers of weights, and the shortcut around them."""
        shape = self.shape(last.shape, channels, stride)
        inner = (*shape[:-1], channels // self.narrow)
        layer = self.activated(f"first_{k}", last)
        strides = (stride, 1, 1, 1, 1)  # the first layer of weights moves
        *inside, (last_side, last_step) = zip(self.sides, strides, strict=False)
        for (side, step), name in zip(inside, NAMES[1:], strict=False):
            layer = self.weighted(layer, self._units(f"{name}_{k}", inner), step, side)
        block = self.weighted(layer, self.sum(f"block_{k}", shape), last_step, last_side)
        if self.shortcut and last.shape == shape:
            self.synapses.append(ns.Synapses(last, block, wiring=ns.one_to_one()))
        elif self.shortcut:
            self.weighted(last, block, stride, side=1)
        return block

    def activated(self, name: str, last: ns.Neurons, dropout: float = 0.0) -> ns.Neurons:
        """What `last` sends, one to one, after normalization and activation function."""
        units = self._units(name, last.shape, dropout)
        self.synapses.append(ns.Synapses(last, units, wiring=ns.one_to_one()))
        return units

    def weighted(self, pre: ns.Neurons, post: ns.Neurons, stride: int = 1, side: int = 3) -> ns.Neurons:
        """Learned synapses from `pre` to `post`, which is returned; `side` is that of the windows."""
        dense = len(post.shape) == 1
        weight = initial("relu", pre.shape[-1] * (1 if dense else side**2))
        wiring = ns.all_to_all() if dense else self._window(side, stride)
        self.synapses.append(ns.Synapses(pre, post, wiring=wiring, weight=weight, learns=True))
        return post

    def sum(self, name: str, shape: tuple[int, ...]) -> ns.Neurons:
        """Units that send the sum of what they receive."""
        return cells.unit(name, shape, "linear", bias=np.zeros(shape[-1]), learns="bias")

    def _units(self, name: str, shape: tuple[int, ...], dropout: float = 0.0) -> ns.Neurons:
        """Units with normalization, or without it with a bias, and the activation function."""
        if self.norm:
            return cells.layer_norm(name, shape, self.function, dropout=dropout, learns=("gain", "shift"))
        return cells.unit(
            name, shape, self.function, bias=np.zeros(shape[-1]), learns="bias", dropout=dropout
        )

    def _window(self, side: int, stride: int) -> ns.conv:
        return ns.conv((side, side), stride=stride, padding="same")


def example() -> dict[str, Any]:
    """Six digits through an untrained network of two stages."""
    from sklearn.datasets import load_digits

    digits = load_digits().images[:6, :, :, None] / 16.0
    net = residual(n_channels=(4, 6), blocks=1)
    return {
        "net": net,
        "inputs": {"image": digits},
        "record": ["block_1", "block_2", "average", "out"],
        "seed": 1,
    }
