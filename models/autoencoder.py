"""An autoencoder: what comes in is squeezed through a code and drawn again; plain, denoising or sparse.

Source: Hinton & Salakhutdinov 2006, Science 313, 504, doi:10.1126/science.1127647. Denoising: Vincent, Larochelle, Bengio &
Manzagol 2008, ICML, doi:10.1145/1390156.1390294. Sparse: Lee, Ekanadham & Ng 2008, NIPS 20, 873; Ng 2011, CS294A lecture notes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells

MASK = "y = I*where(training, bernoulli(1 - noise), 1)"
L1 = "penalty = cost*abs(I)"
RARE = "share = mean(I, axis=0)\npenalty = cost*(sparsity*log(sparsity/share) + (1 - sparsity)*log((1 - sparsity)/(1 - share)))"


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
    weights: Sequence[Any] | None = None,
    biases: Sequence[Any] | None = None,
) -> ns.Network:
    """`inputs` -> `layer_1` ... -> `code` -> ... `back_1` -> `out`: the way back mirrors the way in, and `out` should be `inputs`.

    `sizes` counts the neurons from the inputs to the code. A layer is function(W lower + bias); `code` and `output` name the functions of the
    code and of `out`. On the way back the weights are the same ones transposed, or with `tied=False` others. Weights and biases learn.

    Denoising: with `noise` above 0, a population `seen` between the inputs and the first layer masks this share of them, drawn anew at
    each tick, while the network is trained; afterwards it masks nothing.

    Sparse: with a `cost` above 0, a population `penalty` sends what the code's activity costs, for loss={..., "penalty": "sent"}: cost
    |code| (L1); or with a `sparsity`, cost KL(sparsity || share), where share is a unit's mean activity over the `group` examples that stand
    side by side on the first axis of every population. The weights know nothing of the group: given as `weights` and `biases`, they make a
    network that takes examples one by one.

    Arguments: `weights`, a matrix (post, pre) for each pair of layers on the way in, and where they are not tied on the way back, in
    this order; Glorot's unless given. `biases`, an array for each layer from the one after the inputs to `out`; 0 unless given.

    Raises ValueError for fewer than two sizes, a noise or sparsity that is no share, a sparsity without group or sigmoid code, and as
    many weights or biases as do not fit.
    """
    _check(sizes, noise, cost, sparsity, group, code)
    depth = len(sizes) - 1
    matrices = [ns.glorot()] * (depth if tied else 2 * depth) if weights is None else list(weights)
    shifts = [0.0] * (2 * depth) if biases is None else list(biases)
    if len(matrices) != (depth if tied else 2 * depth) or len(shifts) != 2 * depth:
        raise ValueError(
            f"autoencoder: {len(sizes)} sizes with tied={tied} take {depth if tied else 2 * depth} weights and {2 * depth} biases, not"
            f" {len(matrices)} and {len(shifts)}. Give as many."
        )
    layers = _layers(sizes, function, code, output, shifts, group)
    first = layers[0]
    if noise:
        first = ns.Neurons("seen", layers[0].shape, update=MASK, noise=noise)
    forth = [
        _joined(pre, post, w, group)
        for pre, post, w in zip([first, *layers[1:depth]], layers[1 : depth + 1], matrices, strict=False)
    ]
    ways = list(zip(layers[depth:], layers[depth + 1 :], strict=False))
    if tied:
        back = [
            _shared(pre, post, way, group) for (pre, post), way in zip(ways, reversed(forth), strict=True)
        ]
    else:
        back = [_joined(pre, post, w, group) for (pre, post), w in zip(ways, matrices[depth:], strict=True)]
    masked = [ns.Synapses(layers[0], first, wiring=ns.one_to_one())] if noise else []
    return ns.Network(
        masked, forth, _penalty(layers[depth], cost, sparsity) if cost else [], back, schedule=ns.Layered()
    )


def _layers(
    sizes: Sequence[int], function: str, code: str, output: str, biases: Sequence[Any], group: int | None
) -> list[ns.Neurons]:
    """`inputs`, the layers to the code, and those back to `out`; with a group, examples stand on a first axis."""
    between = range(1, len(sizes) - 1)
    names = [*(f"layer_{k}" for k in between), "code", *(f"back_{k}" for k in reversed(between)), "out"]
    kinds = {"code": code, "out": output}
    shape = [(n,) if group is None else (group, n) for n in (*sizes, *sizes[-2::-1])]
    made = [ns.Neurons("inputs", shape[0])]
    for name, size, bias in zip(names, shape[1:], biases, strict=True):
        made.append(
            cells.unit(name, size, kinds.get(name, function), bias=bias + np.zeros(size[-1]), learns="bias")
        )
    return made


def _joined(pre: ns.Neurons, post: ns.Neurons, weight: Any, group: int | None) -> ns.Synapses:
    wiring = None if group is None else ns.einsum("row pre, post pre -> row post")
    return ns.Synapses(pre, post, wiring=wiring, weight=weight, learns=True)


def _shared(pre: ns.Neurons, post: ns.Neurons, way: ns.Synapses, group: int | None) -> ns.Synapses:
    """The way back over the weights of a way in."""
    if group is None:
        return ns.Synapses(pre, post, weight=way.T)
    return ns.Synapses(pre, post, wiring=ns.einsum("row post, post pre -> row pre"), weight=way)


def _penalty(code: ns.Neurons, cost: float, sparsity: float | None) -> ns.Synapses:
    if sparsity is None:
        paid = ns.Neurons("penalty", code.shape, update=L1, cost=cost)
    else:
        paid = ns.Neurons("penalty", code.shape, update=RARE, sends="penalty", cost=cost, sparsity=sparsity)
    return ns.Synapses(code, paid, wiring=ns.one_to_one())


def _check(
    sizes: Sequence[int], noise: float, cost: float, sparsity: float | None, group: int | None, code: str
) -> None:
    if len(sizes) < 2:
        raise ValueError(
            f"autoencoder: sizes {tuple(sizes)} name no code. Give at least two, inputs and code, such as (64, 16)."
        )
    if not 0 <= noise < 1:
        raise ValueError(
            f"autoencoder: noise {noise} is not a share. Give a number from 0 to below 1, such as 0.25."
        )
    if cost < 0:
        raise ValueError(f"autoencoder: cost {cost} would pay for activity. Give a number of at least 0.")
    if sparsity is not None and not 0 < sparsity < 1:
        raise ValueError(
            f"autoencoder: sparsity {sparsity} is not a share. Give a number between 0 and 1, such as 0.05."
        )
    if sparsity is not None and (group is None or not cost or code != "sigmoid"):
        raise ValueError(
            f"autoencoder: a sparsity is that of sigmoids over a group of examples, at a cost: code={code!r}, group={group} and cost={cost} do"
            " not fit. Give code='sigmoid', a group such as 50 and a cost such as 1.0."
        )


def example() -> dict[str, Any]:
    """Ten digits through an untrained sparse autoencoder of 64, 16 and 6, in one group."""
    from sklearn.datasets import load_digits

    digits = load_digits().data[None, None, :10] / 16.0
    net = autoencoder((64, 16, 6), code="sigmoid", noise=0.25, cost=0.1, sparsity=0.1, group=10)
    return {"net": net, "inputs": {"inputs": digits}, "record": ["code", "penalty", "out"], "seed": 1}
