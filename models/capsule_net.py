"""A capsule network: groups of units whose length says whether something is there, and whose direction how.

Source: Sabour, Frosst & Hinton 2017, Dynamic routing between capsules, NeurIPS 30, 3856, arXiv:1710.09829.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models.conv_net import convolved
from neurosim.models.feed_forward import initial

SQUASH = "square = sum(I**2) + 1e-9\ny = I*sqrt(square)/(1 + square)"
MARGIN = "loss = label*maximum(0.9 - I, 0)**2 + 0.5*(1 - label)*maximum(I - 0.1, 0)**2"


def capsule_net(
    shape: tuple[int, int, int] = (28, 28, 1), n_classes: int = 10,
    *, n_features: int = 32, n_types: int = 8, n_parts: tuple[int, int] = (8, 16), kernel: int = 5,
    stride: int = 2, rounds: int = 3, decoder: Sequence[int] = (128, 256), cost: float = 0.0005,
) -> ns.Network:  # fmt: skip
    """`image` -> `features` -> `primary` -> `votes` -> `capsules` -> `out`, and the losses `margin`, `error`.

    `features` are a convolution, and so are the capsules of `primary`, (capsule, part). Each is squashed to
    y = |x|/(1 + |x|^2) x, whose length is below 1 (|x|^2 = sum x^2 + 1e-9). Capsule i votes for the
    capsule of class j with W_ij y_i. Rounds of routing find whose votes agree: coupling_i = softmax over j of
    b_ij, which begins at 0; capsule_j = squash(sum over i of coupling_ij vote_ij), and then capsule_j vote_ij
    is added to b_ij. `out` is the length of each class's capsule. Weights and biases learn.

    `margin` sends label max(0, 0.9 - out)^2 + 0.5 (1 - label) max(0, out - 0.1)^2. The decoder sees the
    capsule of the class that `label` names in training, the longest otherwise, and draws `picture`; `error`
    is its squared error, times `cost`. Train with loss={"margin": "sent", "error": "sent"}.

    Arguments:
        shape: (rows, columns, channels) of the image, from 0 to 1.
        n_classes: the number of classes; `label`, one-hot, is an input for training only.
        n_features, n_types: the numbers of channels of `features`, and of capsules at each of its places.
        n_parts: the number of units of a primary capsule, and of one of a class.
        kernel, stride: the windows of both convolutions.
        rounds: the number of rounds of routing, 1 or more; with 1, all votes count alike.
        decoder: the numbers of hidden units of the decoder; empty: there is no decoder and no `error`.
        cost: the weight of the squared error of a pixel in `error`.

    Raises DescriptionError for fewer than one round, and for windows larger than what they move over.

    >>> net = capsule_net()
    >>> net["primary"].shape, net["capsules"].shape
    ((128, 8), (10, 16))
    """
    if rounds < 1:
        raise ns.DescriptionError(f"capsule_net: rounds={rounds} is below 1. Give 1 or more.")
    image, items, (n_small, n_large) = ns.Neurons("image", shape), [], n_parts
    window: dict[str, Any] = {"stride": stride, "padding": "valid"}
    features = convolved(image, "features", n_features, kernel, items, **window)
    maps = convolved(features, "maps", n_types * n_small, kernel, items, function="linear", **window)
    primary = ns.Neurons("primary", (n := maps.size // n_small, n_small), update=SQUASH, sends="y")
    votes = ns.Neurons("votes", (n, n_classes, n_large), update="y = I")
    weigh = ns.einsum("capsule part, capsule part class vote -> capsule class vote")
    inner = ns.einsum("class part, class part -> class")
    items.append(joined(maps, primary))
    items.append(ns.Synapses(primary, votes, weight=ns.normal(0, 0.1), wiring=weigh, learns=True))
    capsules = routed(votes, rounds, items)
    out = ns.Neurons("out", n_classes, update="length = sqrt(I + 1e-9)")
    label = ns.Neurons("label", n_classes, update="y = I")  # nothing arrives: it sends 0 unless it is given
    margin = ns.Neurons("margin", n_classes, ports="I label", update=MARGIN)
    items.append(ns.Synapses(capsules, out, weight=capsules, wiring=inner))
    items += [joined(out, margin), joined(label, margin, "label")]
    if decoder:
        items += drawn(image, (capsules, out, label), decoder, cost)
    return ns.Network(items, schedule=ns.Layered())


def routed(votes: ns.Neurons, rounds: int, items: list[ns.Synapses]) -> ns.Neurons:
    """The capsules of the classes after some rounds of routing; the synapses are added to `items`."""
    n, n_classes, width = votes.shape
    gather = ns.einsum("capsule class vote, capsule class -> class vote")
    agree = ns.einsum("capsule class vote, class vote -> capsule class")
    coupling: Any = np.full((n, n_classes), 1 / n_classes)
    capsules = votes  # those of the last round, once there is one
    for k in range(1, rounds + 1):
        if k > 1:
            last, text = coupling, "b = I\nc = softmax(b)"
            coupling = ns.Neurons(f"coupling_{k}", (n, n_classes), update=text, sends="c")
            items.append(ns.Synapses(votes, coupling, weight=capsules, wiring=agree))
            items += [joined(last.sending("b"), coupling)] if k > 2 else []
        name = "capsules" if k == rounds else f"capsules_{k}"
        capsules = ns.Neurons(name, (n_classes, width), update=SQUASH, sends="y")
        items.append(ns.Synapses(votes, capsules, weight=coupling, wiring=gather))
    return capsules


def drawn(
    image: ns.Neurons, seen: tuple[ns.Neurons, ...], sizes: Sequence[int], cost: float
) -> list[ns.Synapses]:
    """The decoder: `chosen`, the one capsule that it sees, hidden layers, `picture`, `error`."""
    capsules, out, label = seen
    longest = "y = where(training, label, length >= max(length))"
    choice = ns.Neurons("choice", out.shape, ports="length label", update=longest)
    units = [ns.Neurons("chosen", capsules.shape, update="y = I")]
    for k, size in enumerate(sizes, 1):
        units.append(cells.unit(f"hidden_{k}", size, "relu", bias=np.zeros(size), learns="bias"))
    units.append(cells.unit("picture", image.shape, "sigmoid", bias=np.zeros(image.shape), learns="bias"))
    text = "loss = cost*(I - seen)**2"
    error = ns.Neurons("error", image.shape, ports="I seen", update=text, cost=cost)
    select = ns.einsum("class part, class -> class part")
    dense = [ns.Synapses(a, b, weight=initial("relu", a.size), learns=True) for a, b in pairwise(units)]
    items = [joined(out, choice, "length"), joined(label, choice, "label"), *dense]
    items.append(ns.Synapses(capsules, units[0], weight=choice, wiring=select))
    return [*items, joined(units[-1], error), joined(image, error, "seen")]


def joined(pre: ns.Neurons, post: ns.Neurons, port: str = "I") -> ns.Synapses:
    """Each neuron to the one in its place."""
    return ns.Synapses(pre, post, to=port, wiring=ns.one_to_one())


def example() -> dict[str, Any]:
    """Two digits through an untrained network of 16 primary capsules."""
    from sklearn.datasets import load_digits

    inputs = {"image": load_digits().images[:2, None, :, :, None] / 16.0}
    sizes: dict[str, Any] = dict(n_features=4, n_types=4, n_parts=(3, 4), kernel=4, stride=1, decoder=(8,))
    net, record = capsule_net((8, 8, 1), **sizes), ["coupling_3", "capsules", "out", "picture"]
    return {"net": net, "inputs": inputs, "record": record, "seed": 1}
