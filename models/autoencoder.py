"""An autoencoder, plain, denoising or sparse: it compresses its input into a code and reconstructs it.

Source: Hinton & Salakhutdinov 2006, Science 313, 504, doi:10.1126/science.1127647. Denoising: Vincent,
Larochelle, Bengio & Manzagol 2008, ICML, doi:10.1145/1390156.1390294. Sparse: Lee, Ekanadham & Ng 2008, NIPS
20, 873; Ng 2011, CS294A lecture notes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim import cells
from neurosim.network.weights import Distribution

MASK = "y = I*where(training, bernoulli(1 - noise), 1)"
L1 = "penalty = cost*abs(I)"
KL = """share = mean(I, axis=0)
penalty = cost*(sparsity*log(sparsity/share) + (1 - sparsity)*log((1 - sparsity)/(1 - share)))"""


def autoencoder(
    sizes: Sequence[int],
    *,
    function: str = "sigmoid",
    code: str = "linear",
    output: str = "sigmoid",
    tied: bool = True,
    noise: float = 0.0,
    cost: float = 0.0,
    sparsity: float | None = None,
    group: int | None = None,
    weights: Sequence[ArrayLike | Distribution] | None = None,
    biases: Sequence[ArrayLike] | None = None,
) -> ns.Network:
    """An autoencoder whose decoder mirrors its encoder, and whose output should equal its input.

    `inputs` -> `layer_1` ... -> `code` -> ... `back_1` -> `out`. A layer is function(W lower + bias). Weights
    and biases learn.

    Denoising: with `noise` above 0, a population `seen` between the inputs and the first layer masks this
    fraction of the inputs, drawn anew at each tick, while the network is trained. After training it masks
    nothing.

    Sparse: with a `cost` above 0, a population `penalty` sends what the activity of the code costs, for
    loss={..., "penalty": "sent"}: cost |code| (L1), or with a `sparsity`, cost KL(sparsity || share), where
    share is the mean activity of a unit over the `group` examples on the first axis of every population. The
    weights do not depend on the group: given as `weights` and `biases`, they make a network for single
    examples.

    Arguments:
        sizes: numbers of neurons from the inputs to the code, at least two.
        function: the activation function of the layers between, as in `cells.unit`.
        code: the function of the code.
        output: the function of `out`.
        tied: whether the weights of the decoder are those of the encoder, transposed.
        noise: the fraction of the inputs that is masked in training, from 0 to below 1.
        cost: the weight of the penalty, at least 0.
        sparsity: the desired mean activity of a unit of the code, between 0 and 1; needs code="sigmoid", a
            group and a cost.
        group: the number of examples on the first axis of every population; default: no such axis.
        weights: a matrix (post, pre) for each pair of layers of the encoder and, unless tied, of the decoder;
            default: Glorot's.
        biases: an array for each layer from the one after the inputs to `out`; default: 0.

    Raises DescriptionError for fewer than two sizes, a noise or sparsity that is not a fraction, a sparsity
    without a group or with another code than sigmoids, and a wrong number of weights or biases.

    >>> autoencoder((64, 16, 2))["back_1"].shape
    (16,)
    """
    _check(sizes, noise, cost, sparsity, group, code)
    depth = len(sizes) - 1
    n_weights, n_biases = (depth if tied else 2 * depth), 2 * depth
    weights = [ns.glorot()] * n_weights if weights is None else list(weights)
    biases = [0.0] * n_biases if biases is None else list(biases)
    if len(weights) != n_weights or len(biases) != n_biases:
        raise ns.DescriptionError(
            f"autoencoder: {len(sizes)} sizes with tied={tied} take {n_weights} weights and {n_biases} "
            f"biases, not {len(weights)} and {len(biases)}. Give as many."
        )
    layers = _layers(sizes, function, code, output, biases, group)
    inputs, first = layers[0], layers[0]
    if noise:
        first = ns.Neurons("seen", inputs.shape, update=MASK, noise=noise)
    ends = [first, *layers[1:]]
    encoder = [
        _learned(pre, post, weight, group)
        for pre, post, weight in zip(ends[:depth], ends[1 : depth + 1], weights, strict=False)
    ]
    pairs = list(zip(ends[depth:], ends[depth + 1 :], strict=False))
    if tied:
        partners = reversed(encoder)
        decoder = [
            _transposed(pre, post, way, group) for (pre, post), way in zip(pairs, partners, strict=True)
        ]
    else:
        decoder = [
            _learned(pre, post, weight, group)
            for (pre, post), weight in zip(pairs, weights[depth:], strict=True)
        ]
    masked = [ns.Synapses(inputs, first, wiring=ns.one_to_one())] if noise else []
    penalty = [_penalty(layers[depth], cost, sparsity)] if cost else []
    return ns.Network(masked, encoder, penalty, decoder, schedule=ns.Layered())


def _layers(
    sizes: Sequence[int],
    function: str,
    code: str,
    output: str,
    biases: Sequence[ArrayLike],
    group: int | None,
) -> list[ns.Neurons]:
    """The populations from `inputs` over the code to `out`; with a group, examples are on a first axis."""
    between = range(1, len(sizes) - 1)
    names = [*(f"layer_{k}" for k in between), "code", *(f"back_{k}" for k in reversed(between)), "out"]
    functions = {"code": code, "out": output}
    shapes = [(n,) if group is None else (group, n) for n in (*sizes, *sizes[-2::-1])]
    layers = [ns.Neurons("inputs", shapes[0])]
    for name, shape, bias in zip(names, shapes[1:], biases, strict=True):
        bias = np.asarray(bias) + np.zeros(shape[-1])  # one for each neuron, so that each learns its own
        layers.append(cells.unit(name, shape, functions.get(name, function), bias=bias, learns="bias"))
    return layers


def _learned(
    pre: ns.Neurons, post: ns.Neurons, weight: ArrayLike | Distribution, group: int | None
) -> ns.Synapses:
    """Learned synapses of the encoder, or of a decoder with its own weights."""
    wiring = None if group is None else ns.einsum("row pre, post pre -> row post")
    return ns.Synapses(pre, post, wiring=wiring, weight=weight, learns=True)


def _transposed(pre: ns.Neurons, post: ns.Neurons, way: ns.Synapses, group: int | None) -> ns.Synapses:
    """Synapses of the decoder, which use the weights of the encoder's synapses `way`."""
    if group is None:
        return ns.Synapses(pre, post, weight=way.T)
    return ns.Synapses(pre, post, wiring=ns.einsum("row post, post pre -> row pre"), weight=way)


def _penalty(code: ns.Neurons, cost: float, sparsity: float | None) -> ns.Synapses:
    """The population that sends the cost of the activity of the code, and the synapses to it."""
    if sparsity is None:
        penalty = ns.Neurons("penalty", code.shape, update=L1, cost=cost)
    else:
        penalty = ns.Neurons("penalty", code.shape, update=KL, sends="penalty", cost=cost, sparsity=sparsity)
    return ns.Synapses(code, penalty, wiring=ns.one_to_one())


def _check(
    sizes: Sequence[int], noise: float, cost: float, sparsity: float | None, group: int | None, code: str
) -> None:
    if len(sizes) < 2:
        raise ns.DescriptionError(
            f"autoencoder: sizes {tuple(sizes)} name no code. "
            "Give at least two, inputs and code, such as (64, 16)."
        )
    if not 0 <= noise < 1:
        raise ns.DescriptionError(
            f"autoencoder: noise {noise} is not a share. Give a number from 0 to below 1, such as 0.25."
        )
    if cost < 0:
        raise ns.DescriptionError(
            f"autoencoder: cost {cost} would pay for activity. Give a number of at least 0."
        )
    if sparsity is not None and not 0 < sparsity < 1:
        raise ns.DescriptionError(
            f"autoencoder: sparsity {sparsity} is not a share. Give a number between 0 and 1, such as 0.05."
        )
    if sparsity is not None and (group is None or not cost or code != "sigmoid"):
        raise ns.DescriptionError(
            "autoencoder: a sparsity is that of sigmoids over a group of examples, at a cost: "
            f"code={code!r}, group={group} and cost={cost} do not fit. "
            "Give code='sigmoid', a group such as 50 and a cost such as 1.0."
        )


def example() -> dict[str, Any]:
    """Ten digits through an untrained sparse autoencoder of 64, 16 and 6, in one group."""
    from sklearn.datasets import load_digits

    digits = load_digits().data[None, None, :10] / 16.0
    net = autoencoder((64, 16, 6), code="sigmoid", noise=0.25, cost=0.1, sparsity=0.1, group=10)
    return {"net": net, "inputs": {"inputs": digits}, "record": ["code", "penalty", "out"], "seed": 1}
