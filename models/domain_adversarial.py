"""Unsupervised domain adaptation: features from which nobody can tell where an image comes from.

Source: Ganin & Lempitsky 2015, Unsupervised domain adaptation by backpropagation, ICML, arXiv:1409.7495.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models.conv_net import convolved, largest, per_block
from neurosim.models.feed_forward import initial


def domain_adversarial(
    shape: tuple[int, int, int] = (8, 8, 1),
    n_channels: int | Sequence[int] = (16, 32),
    n_outputs: int = 10,
    *,
    kernel: int | Sequence[int] = 3,
    n_features: int = 64,
    n_hidden: int = 64,
    strength: float = 1.0,
    dropout: float = 0.0,
) -> ns.Network:
    """A classifier whose features do not show the domain: `image` -> ... -> `shared` -> `out`, and `domain`.

    `image` -> `features_1` (convolution) -> `pooled_1` (maximum of 2 x 2) -> ... -> `shared` -> `out`, the
    scores of the classes; and `shared` -> `reversed` -> `critic` -> `domain`, a score above 0 for images of
    the target domain. `reversed` is (1 + k) stop(x) - k x, where k is the strength. It sends what it
    receives, and its derivative is -k: `critic` and `domain` learn to tell the domains apart, and all below
    `reversed` learns to prevent it. All weights and biases learn; weights begin as in `feed_forward`.

    Train with loss={"out": "cross_entropy", "domain": "bernoulli_scores"}, on batches that are half of one
    domain and half of the other, with the label -1 for images of the target domain, whose classes are not
    known. The strength is what the population `strength` sends, one neuron, or the input that replaces it.
    At 0 only the labelled images count; in the paper it rises from 0 to 1 while training proceeds.

    Arguments:
        shape: (rows, columns, channels) of the image.
        n_channels: the number of channels of each block; one number is one block.
        n_outputs: the number of classes.
        kernel: the side of the windows of weights, one number or one per block.
        n_features: the number of units of `shared`.
        n_hidden: the number of units of `critic`.
        strength: of the reversal, where a run gives no input to `strength`.
        dropout: the fraction of the units of `shared` that are silent in training.

    Raises DescriptionError for kernels that are not one for each block.

    >>> domain_adversarial()["shared"].shape
    (64,)
    """
    channels = per_block("domain_adversarial: n_channels", n_channels)
    kernels = per_block("domain_adversarial: kernel", kernel, len(channels))
    synapses: list[ns.Synapses] = []
    last = ns.Neurons("image", shape)
    for k, (n, side) in enumerate(zip(channels, kernels, strict=True), 1):
        last = convolved(last, f"features_{k}", n, side, synapses)
        last = largest(last, f"pooled_{k}", 2, synapses)
    shared = _dense(last, "shared", n_features, "relu", synapses, dropout)
    _dense(shared, "out", n_outputs, "linear", synapses)
    turned = gradient_reversal("reversed", n_features)
    synapses.append(ns.Synapses(shared, turned, to="I", wiring=ns.one_to_one()))
    level = ns.Neurons("strength", 1, update="s = strength", strength=strength)
    synapses.append(ns.Synapses(level, turned, to="k"))
    critic = _dense(turned, "critic", n_hidden, "relu", synapses)
    _dense(critic, "domain", 1, "linear", synapses)
    return ns.Network(synapses, schedule=ns.Layered())


def gradient_reversal(name: str, shape: int | tuple[int, ...]) -> ns.Neurons:
    """Units that send what they receive, and whose derivative is -k, where k arrives at the port `k`.

    name, shape: of the population.
    """
    return ns.Neurons(name, shape, ports="I k", update="y = (1 + k)*stop(I) - k*I")


def _dense(
    pre: ns.Neurons, name: str, size: int, function: str, synapses: list[ns.Synapses], dropout: float = 0.0
) -> ns.Neurons:
    """Units with biases and learned synapses from all of `pre`, which are added to `synapses`."""
    units = cells.unit(name, size, function, bias=np.zeros(size), learns="bias", dropout=dropout)
    synapses.append(ns.Synapses(pre, units, weight=initial(function, pre.size), learns=True))
    return units


def example() -> dict[str, Any]:
    """Three digits and the same ones inverted, through an untrained network."""
    from sklearn.datasets import load_digits

    digits = load_digits().images[:3, :, :, None] / 16.0
    images = np.concatenate([digits, 1 - digits])[:, None]
    return {
        "net": domain_adversarial(n_channels=(4, 6), n_features=12, n_hidden=8),
        "inputs": {"image": images},
        "record": ["shared", "reversed", "out", "domain"],
        "seed": 1,
    }
