"""A generative adversarial network: one network makes examples of noise, another tells them from real ones; each is taught by the other.

Source: Goodfellow et al. 2014, NeurIPS 27, 2672, arXiv:1406.2661.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells

LOGISTIC = "loss = maximum(way*I, 0) + log1p(exp(-abs(I)))"  # log(1 + exp(way*I)), which does not overflow
LEAKY = "y = maximum(I + bias, 0.2*(I + bias))"


def generative_adversarial(
    generator: Sequence[int],
    discriminator: Sequence[int],
    *,
    output: str = "sigmoid",
    dropout: float = 0.0,
    blur: float = 0.0,
    n_classes: int = 0,
) -> ns.Network:
    """`noise` -> `generator_1` ... -> `made`; `real` and `made` -> `seen` -> `discriminator_1` ... -> `score`.

    From `seen` on, populations have a first axis of two, real and made, over which the discriminator's weights are shared. `score` is the log
    odds of being real, log(D/(1 - D)). `discriminator_loss` sends -log D(real) and -log(1 - D(made)), `generator_loss` sends -log D(made), which
    does not fade where the discriminator wins. They are trained in turns:

        ns.train(net, {"real": X}, loss=[{"discriminator_loss": "sent"}, {"generator_loss": "sent"}], learns=[DISCRIMINATOR, GENERATOR])

    `generator` counts neurons from `noise`, which is N(0, 1), to the examples: hidden layers are rectified, `made` has the function `output`.
    `discriminator` counts its hidden layers, which are rectified, with a slope of 0.2 below 0. While the network is trained, the share
    `dropout` of these is silent, and normal noise of standard deviation `blur` lies over all that the discriminator sees. Clamp `noise` to
    choose what is made. Weights are Glorot's; they and all biases learn. With `n_classes`, a population `label` of that size, given one-hot, also
    sends to the first layer of both networks: the class of a real example, and of the one that is to be made (conditional: Mirza and Osindero
    2014, arXiv:1411.1784).

    Raises ValueError for a generator of fewer than two sizes, a discriminator of none, a dropout that is no share, and a blur or a number of
    classes below 0.
    """
    if len(generator) < 2 or not len(discriminator):
        raise ValueError(
            f"generative_adversarial: sizes {tuple(generator)} and {tuple(discriminator)} are too few. Give noise and examples, such as"
            " (32, 128, 64), and at least one hidden layer of the discriminator, such as (128,)."
        )
    if not 0 <= dropout < 1 or blur < 0:
        raise ValueError(
            f"generative_adversarial: dropout {dropout} or blur {blur} cannot be. Give a share below 1, and a deviation of at least 0."
        )
    if n_classes < 0:
        raise ValueError(
            f"generative_adversarial: n_classes {n_classes} is below 0. Give how many classes there are, or 0 to tell it none."
        )
    names = [*(f"generator_{k}" for k in range(1, len(generator) - 1)), "made"]
    makers = [ns.Neurons("noise", generator[0], update="y = randn()")]
    for name, size in zip(names, generator[1:], strict=True):
        makers.append(
            cells.unit(name, size, output if name == "made" else "relu", bias=np.zeros(size), learns="bias")
        )
    real, made = ns.Neurons("real", generator[-1]), makers[-1]
    judges = [
        _seen(generator[-1], blur),
        *(_judge(k, size, dropout) for k, size in enumerate(discriminator, 1)),
    ]
    judges.append(cells.unit("score", (2, 1), "linear", bias=np.zeros(1), learns="bias"))
    seen, score = judges[0], judges[-1]
    verdict = ns.Neurons("discriminator_loss", (2, 1), update=LOGISTIC, way=np.array([[-1.0], [1.0]]))
    fooled = ns.Neurons("generator_loss", 1, update=LOGISTIC, way=-1.0)
    shared = ns.einsum("side pre, post pre -> side post")
    return ns.Network(
        [
            ns.Synapses(pre, post, weight=ns.glorot(), learns=True, name=f"generator_w{k}")
            for k, (pre, post) in enumerate(pairwise(makers), 1)
        ],
        [ns.Synapses(one, seen[side], wiring=ns.one_to_one()) for side, one in enumerate((real, made))],
        [
            ns.Synapses(pre, post, wiring=shared, weight=ns.glorot(), learns=True, name=f"discriminator_w{k}")
            for k, (pre, post) in enumerate(pairwise(judges), 1)
        ],
        _conditions(n_classes, makers[1], judges[1]) if n_classes else [],
        ns.Synapses(score, verdict, wiring=ns.one_to_one()),
        ns.Synapses(score[1], fooled, wiring=ns.one_to_one()),
        schedule=ns.Layered(),
    )


GENERATOR = ("generator*", "made.bias")  # what learns from `generator_loss`
DISCRIMINATOR = ("discriminator*", "score.bias")  # what learns from `discriminator_loss`


def _conditions(n_classes: int, maker: ns.Neurons, judge: ns.Neurons) -> list[ns.Synapses]:
    """The class, to the first layer of both networks."""
    label, to_both = ns.Neurons("label", n_classes), ns.einsum("pre, pre post -> side post")
    given: dict[str, Any] = dict(weight=ns.glorot(), learns=True)
    return [
        ns.Synapses(label, maker, name="generator_label", **given),
        ns.Synapses(label, judge, wiring=to_both, name="discriminator_label", **given),
    ]


def _seen(size: int, blur: float) -> ns.Neurons:
    if not blur:
        return ns.Neurons("seen", (2, size), update="y = I")
    return ns.Neurons("seen", (2, size), update="y = I + blur*where(training, randn(), 0)", blur=blur)


def _judge(k: int, size: int, dropout: float) -> ns.Neurons:
    given: dict[str, Any] = dict(bias=np.zeros(size), learns="bias")
    if not dropout:
        return ns.Neurons(f"discriminator_{k}", (2, size), update=LEAKY, **given)
    update = f"{LEAKY}*where(training, bernoulli(keep)/keep, 1)"
    return ns.Neurons(f"discriminator_{k}", (2, size), update=update, keep=1 - dropout, **given)


def example() -> dict[str, Any]:
    """Fifty digits beside fifty that an untrained network makes."""
    from sklearn.datasets import load_digits

    digits = load_digits().data[:50] / 16.0
    net = generative_adversarial((8, 24, 64), (24,))
    record = ["noise", "made", "score", "discriminator_loss", "generator_loss"]
    return {"net": net, "inputs": {"real": digits}, "record": record, "seed": 1}
