"""A convolutional network of inception modules: windows of several sizes side by side.

Source: Szegedy et al. 2015, Going deeper with convolutions, CVPR, doi:10.1109/CVPR.2015.7298594; 1 x 1
windows, and the mean over all positions at the end: Lin, Chen & Yan 2014, Network in network, ICLR,
arXiv:1312.4400.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models.conv_net import convolved, largest
from neurosim.models.feed_forward import initial

Module = Sequence[int]


def inception(
    shape: tuple[int, int, int] = (8, 8, 1),
    n_outputs: int = 10,
    *,
    stem: int = 16,
    modules: Sequence[Module] = ((8, 8, 12, 4, 8, 4), (16, 12, 24, 4, 12, 12)),
    output: str = "softmax",
    dropout: float = 0.0,
) -> ns.Network:
    """A stem, inception modules with pooling between them, and a readout of the mean over all positions.

    `image` -> `stem` (3 x 3, rectifiers) -> `mixed_1` -> `pooled_1` -> `mixed_2` ... -> `average` -> `out`.
    Between two modules `pooled_k` takes the maximum of 3 x 3 positions, moving by 2. `average` is the mean of
    each channel over all positions.

    A module is six numbers of channels, as in the columns of the paper's table: of 1 x 1 windows; of the 1 x
    1 windows before 3 x 3 ones, and of those; of the 1 x 1 windows before 5 x 5 ones, and of those; of the 1
    x 1 windows after a maximum of 3 x 3. The second, fourth and sixth kind save work, as they reduce many
    channels to few. The channels of the four branches are next to each other on the last axis of `mixed_k`,
    in this order.

    A branch of 0 channels is left out, and with 0 channels before them, the 3 x 3 or 5 x 5 windows see what
    comes into the module. So (0, 64, 64, 64, 64, 64) is a module of three towers, and (16, 0, 24, 0, 12, 12)
    the naive module of the paper's figure 2a, but for its last 1 x 1 windows.

    All weights and biases (one per channel) learn; they begin as in `feed_forward`.

    Arguments:
        shape: (rows, columns, channels) of the image.
        n_outputs: the number of outputs.
        stem: the number of channels of the stem; 0: no stem, the first module sees the image.
        modules: six numbers for each module.
        output: the activation function of `out`; 'linear' sends scores instead of probabilities.
        dropout: the fraction of `average` that is silent in training.

    Raises DescriptionError for no module, and for a module that is not six numbers or has no branch.

    >>> inception(modules=[(3, 2, 4, 2, 3, 2)])["mixed_1"].shape  # 3 + 4 + 3 + 2 channels
    (8, 8, 12)
    """
    if not modules:
        raise ns.DescriptionError(
            "inception: modules is empty. Give six numbers of channels for each module."
        )
    synapses: list[ns.Synapses] = []
    last = ns.Neurons("image", shape)
    if stem:
        last = convolved(last, "stem", stem, 3, synapses)
    for k, module in enumerate(modules, 1):
        last = _module(last, k, module, synapses)
        if k < len(modules):
            last = largest(last, f"pooled_{k}", 3, synapses, stride=2, padding="same")
    average = cells.unit("average", (1, 1, last.shape[-1]), "linear", ports="I:mean", dropout=dropout)
    out = cells.unit("out", n_outputs, output, bias=np.zeros(n_outputs), learns="bias")
    synapses.append(ns.Synapses(last, average, wiring=ns.pool(last.shape[:2])))
    synapses.append(ns.Synapses(average, out, weight=initial(output, average.size), learns=True))
    return ns.Network(synapses, schedule=ns.Layered())


def _module(last: ns.Neurons, k: int, module: Module, synapses: list[ns.Synapses]) -> ns.Neurons:
    """The population `mixed_k`, and the synapses of the four branches into its channels."""
    if len(module) != 6:
        raise ns.DescriptionError(
            f"inception: module {tuple(module)} is not six numbers of channels. "
            "Give those of 1, before 3, 3, before 5, 5, after the maximum."
        )
    one, before_three, three, before_five, five, after = module
    channels = one + three + five + after
    if not channels:
        raise ns.DescriptionError(f"inception: module {tuple(module)} has no branch. Give one some channels.")
    mixed = cells.unit(
        f"mixed_{k}", (*last.shape[:2], channels), "relu", bias=np.zeros(channels), learns="bias"
    )
    branches: list[tuple[ns.Neurons, int, int]] = []
    windows = ((1, one, "one", 0), (3, three, "three", before_three), (5, five, "five", before_five))
    for side, width, name, reduced in windows:
        if width:
            sender = convolved(last, f"before_{name}_{k}", reduced, 1, synapses) if reduced else last
            branches.append((sender, side, width))
    if after:
        sender = largest(last, f"largest_{k}", 3, synapses, stride=1, padding="same")
        branches.append((sender, 1, after))
    first = 0
    for sender, side, width in branches:
        target, weight = mixed[:, :, first : first + width], initial("relu", sender.shape[-1] * side**2)
        window = ns.conv((side, side), padding="same")
        synapses.append(ns.Synapses(sender, target, wiring=window, weight=weight, learns=True))
        first += width
    return mixed


def example() -> dict[str, Any]:
    """Six digits through an untrained network of two small modules."""
    from sklearn.datasets import load_digits

    digits = load_digits().images[:6, :, :, None] / 16.0
    net = inception(stem=6, modules=((3, 2, 4, 2, 3, 2), (4, 3, 5, 2, 4, 3)))
    return {
        "net": net,
        "inputs": {"image": digits},
        "record": ["mixed_1", "mixed_2", "average", "out"],
        "seed": 1,
    }
