"""Layers that learn without waiting for those above them, from gradients that they predict themselves.

Source: Jaderberg et al. 2017, Decoupled neural interfaces using synthetic gradients, ICML, arXiv:1608.05343.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.cells.rate import FUNCTIONS
from neurosim.models.feed_forward import initial

SLOPES = {"relu": "where(y > 0, 1, 0)", "tanh": "1 - y**2", "sigmoid": "y*(1 - y)", "linear": "1"}


def synthetic_gradients(sizes: Sequence[int], *, function: str = "relu", n_predicting: int = 0) -> ns.Network:
    """Fully connected layers, each with a predictor of its gradient: `inputs` -> `layer_1` -> ... -> `out`.

    y = function(W x + bias); `out` sends scores of classes. No derivative goes from a layer to the one below.
    In its place `gradient_k` predicts the derivative of the loss by what layer k sends, a linear function of
    it and of `label` (the class, one-hot; 0 without an input). `push_k` sends prediction times layer_k, so
    that its derivative by W_k is the one that the prediction implies. `back_k` is the gradient that layer
    k + 1 sends down, from its own prediction, at the top from the classes; `miss_k` is the squared distance
    of the prediction from it. All weights and biases learn; predictions begin at 0.

    Train with ns.train(net, inputs, {"out": classes}, **turns(net)). Each layer is updated for itself.

    Arguments:
        sizes: numbers of neurons from `inputs` to `out`, at least three.
        function: the activation function of the hidden layers: relu, tanh, sigmoid or linear.
        n_predicting: the number of hidden units, `inside_gradient_k`, of each predictor; 0: it is linear.

    Raises DescriptionError for fewer than three sizes and for another function.

    >>> synthetic_gradients((64, 32, 16, 10))["gradient_2"].shape
    (16,)
    """
    if len(sizes) < 3 or function not in SLOPES:
        raise ns.DescriptionError(
            f"synthetic_gradients: sizes {tuple(sizes)} with function {function!r} is not what it takes. "
            f"Give three sizes or more, and one of {', '.join(SLOPES)}."
        )
    inputs = ns.Neurons("inputs", sizes[0])
    label = ns.Neurons("label", sizes[-1], update="y = I")  # 0 unless there is an input
    layers = [_layer(f"layer_{k}", size, function) for k, size in enumerate(sizes[1:-1], 1)]
    out = cells.unit("out", sizes[-1], "linear", bias=np.zeros(sizes[-1]), learns="bias")
    below = [inputs, *(layer.sending("held") for layer in layers)]
    up = [
        _learned(pre, post, weight=initial(function if post is not out else "linear", pre.size))
        for pre, post in zip(below, [*layers, out], strict=True)
    ]
    error = ns.Neurons("error", sizes[-1], ports="scores label", update="e = softmax(scores) - label")
    items = [*up, _one(out, error, "scores"), _one(label, error, "label")]
    above = error  # what sends the derivative by the input of the layer above
    for k in range(len(layers), 0, -1):
        layer = layers[k - 1]
        back = ns.Neurons(f"back_{k}", layer.shape, update="d = I")
        guess = _predictor(k, layer, label, n_predicting, items)
        miss = ns.Neurons(f"miss_{k}", layer.shape, ports="g d", update="m = (g - stop(d))**2")
        push = ns.Neurons(f"push_{k}", layer.shape, ports="g y", update="p = stop(g)*y")
        items += [
            ns.Synapses(above, back, weight=up[k].T), _one(back, miss, "d"), _one(guess, miss, "g"),
            _one(guess, push, "g"), _one(layer, push, "y"),
        ]  # fmt: skip
        if k > 1:
            above = ns.Neurons(f"slope_{k}", layer.shape, ports="g y", update=f"d = g*({SLOPES[function]})")
            items += [_one(guess, above, "g"), _one(layer.sending("held"), above, "y")]
    return ns.Network(items, schedule=ns.Layered())


def turns(net: ns.Network) -> dict[str, Any]:
    """The arguments `loss` and `learns` of `ns.train`: one objective for each layer, from the bottom up.

    A layer's objective is its push, at the top the cross-entropy, and the miss of the predictor below it.

    net: a network of `synthetic_gradients`.
    """
    depth = sum(name.startswith("push_") for name in net.populations)
    losses, learns = [], []
    for k in range(1, depth + 2):
        loss, names = {"out": "cross_entropy"}, ["out.bias", f"layer_{depth}_to_out"]
        if k <= depth:
            below = f"layer_{k - 1}" if k > 1 else "inputs"
            loss, names = {f"push_{k}": "sent"}, [f"layer_{k}.bias", f"{below}_to_layer_{k}"]
        if k > 1:
            loss[f"miss_{k - 1}"] = "sent"
            names += [f"*gradient_{k - 1}", f"*gradient_{k - 1}.bias"]
        losses.append(loss)
        learns.append(names)
    return {"loss": losses, "learns": learns}


def _layer(name: str, size: int, function: str) -> ns.Neurons:
    """Units that also send `held`, what they send, through which no derivative goes."""
    text = f"y = {FUNCTIONS[function].format(x='I + bias')}\nheld = stop(y)"
    return ns.Neurons(name, size, update=text, bias=np.zeros(size), learns=("bias",))


def _predictor(k: int, layer: ns.Neurons, label: ns.Neurons, n_inside: int, items: list[Any]) -> ns.Neurons:
    """`gradient_k`, which reads layer k and the label, through hidden units if there are any."""
    senders = [layer.sending("held"), label]
    if n_inside:
        inside = cells.unit(f"inside_gradient_{k}", n_inside, "relu", bias=np.zeros(n_inside), learns="bias")
        items += [_learned(sender, inside, weight=initial("relu", layer.size)) for sender in senders]
        senders = [inside]
    guess = cells.unit(f"gradient_{k}", layer.size, "linear", bias=np.zeros(layer.size), learns="bias")
    items += [_learned(sender, guess, weight=np.zeros((guess.size, sender.size))) for sender in senders]
    return guess


def _learned(pre: Any, post: ns.Neurons, weight: Any) -> ns.Synapses:
    return ns.Synapses(pre, post, weight=weight, learns=True)


def _one(pre: Any, post: ns.Neurons, port: str) -> ns.Synapses:
    return ns.Synapses(pre, post, to=port, wiring=ns.one_to_one())


def example() -> dict[str, Any]:
    """Eight digits and their classes through two hidden layers that have learned nothing."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    inputs = {"inputs": digits.data[:8, None] / 16.0, "label": np.eye(10)[digits.target[:8], None]}
    net = synthetic_gradients((64, 16, 12, 10))
    return {"net": net, "inputs": inputs, "record": ["layer_2", "out", "back_2", "miss_2"], "seed": 1}
