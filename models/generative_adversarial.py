"""A generative adversarial network: a generator of examples, and a discriminator between them and real ones.

Source: Goodfellow et al. 2014, NeurIPS 27, 2672, arXiv:1406.2661; with classes: Mirza & Osindero 2014,
arXiv:1411.1784.
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
    """A generator and a discriminator, which are trained in turns.

    `noise` -> `generator_1` ... -> `made`; `real` and `made` -> `seen` -> `discriminator_1` ... -> `score`.
    From `seen` on, populations have a first axis of two, real and made, and share the weights of the
    discriminator. `score` is the log odds of being real, log(D/(1 - D)). `discriminator_loss` sends -log
    D(real) and -log(1 - D(made)). `generator_loss` sends -log D(made), whose gradient does not vanish where
    the discriminator wins. They are trained in turns:

        ns.train(net, {"real": X}, loss=[{"discriminator_loss": "sent"}, {"generator_loss": "sent"}],
                 learns=[DISCRIMINATOR, GENERATOR])

    Clamp `noise` to choose what is made. Weights are Glorot's; they and all biases learn.

    Arguments:
        generator: numbers of neurons from `noise`, which is N(0, 1), to the examples, at least two; hidden
            layers are rectifiers.
        discriminator: numbers of neurons of its hidden layers, at least one; these are rectifiers with a
            slope of 0.2 below 0.
        output: the activation function of `made`, as in `cells.unit`.
        dropout: the fraction of hidden units of the discriminator that are silent in training, from 0 to
            below 1.
        blur: the standard deviation of the normal noise that is added in training to all that the
            discriminator sees.
        n_classes: with more than 0, a population `label` of this size, given one-hot, also sends to the first
            layer of both networks, as the class of the real example, and of the one that is to be made.

    Raises DescriptionError for too few sizes, a dropout that is not a fraction, and a blur or a number of
    classes below 0.

    >>> generative_adversarial((8, 24, 64), (24,))["score"].shape  # (real or made, 1)
    (2, 1)
    """
    if len(generator) < 2 or not len(discriminator):
        raise ns.DescriptionError(
            f"generative_adversarial: sizes {tuple(generator)} and {tuple(discriminator)} are too few. "
            "Give noise and examples, such as (32, 128, 64), and at least one hidden layer of the "
            "discriminator, such as (128,)."
        )
    if not 0 <= dropout < 1 or blur < 0:
        raise ns.DescriptionError(
            f"generative_adversarial: dropout {dropout} or blur {blur} cannot be. "
            "Give a share below 1, and a deviation of at least 0."
        )
    if n_classes < 0:
        raise ns.DescriptionError(
            f"generative_adversarial: n_classes {n_classes} is below 0. "
            "Give how many classes there are, or 0 to tell it none."
        )
    makers = [ns.Neurons("noise", generator[0], update="y = randn()")]
    names = [*(f"generator_{k}" for k in range(1, len(generator) - 1)), "made"]
    for name, size in zip(names, generator[1:], strict=True):
        function = output if name == "made" else "relu"
        makers.append(cells.unit(name, size, function, bias=np.zeros(size), learns="bias"))
    judges = [_seen(generator[-1], blur)]
    judges += [_hidden(k, size, dropout) for k, size in enumerate(discriminator, 1)]
    judges.append(cells.unit("score", (2, 1), "linear", bias=np.zeros(1), learns="bias"))
    return ns.Network(
        _dense(makers, "generator"),
        _sides(ns.Neurons("real", generator[-1]), makers[-1], judges[0]),
        _dense(judges, "discriminator", ns.einsum("side pre, post pre -> side post")),
        _conditions(n_classes, makers[1], judges[1]) if n_classes else [],
        _losses(judges[-1]),
        schedule=ns.Layered(),
    )


GENERATOR = ("generator*", "made.bias")  # what learns from `generator_loss`
DISCRIMINATOR = ("discriminator*", "score.bias")  # what learns from `discriminator_loss`


def _dense(layers: Sequence[ns.Neurons], name: str, wiring: ns.einsum | None = None) -> list[ns.Synapses]:
    """Learned synapses between neighbouring layers, called name_w1, name_w2 ..."""
    return [
        ns.Synapses(pre, post, wiring=wiring, weight=ns.glorot(), learns=True, name=f"{name}_w{k}")
        for k, (pre, post) in enumerate(pairwise(layers), 1)
    ]


def _sides(real: ns.Neurons, made: ns.Neurons, seen: ns.Neurons) -> list[ns.Synapses]:
    """Real and made examples, side by side on the first axis of `seen`."""
    return [ns.Synapses(one, seen[side], wiring=ns.one_to_one()) for side, one in enumerate((real, made))]


def _losses(score: ns.Neurons) -> list[ns.Synapses]:
    """The populations `discriminator_loss`, of both sides, and `generator_loss`, of the made one."""
    discriminator = ns.Neurons("discriminator_loss", (2, 1), update=LOGISTIC, way=np.array([[-1.0], [1.0]]))
    generator = ns.Neurons("generator_loss", 1, update=LOGISTIC, way=-1.0)
    return [
        ns.Synapses(score, discriminator, wiring=ns.one_to_one()),
        ns.Synapses(score[1], generator, wiring=ns.one_to_one()),
    ]


def _conditions(n_classes: int, maker: ns.Neurons, judge: ns.Neurons) -> list[ns.Synapses]:
    """The synapses of the class to the first layer of both networks."""
    label, to_both = ns.Neurons("label", n_classes), ns.einsum("pre, pre post -> side post")
    weight = ns.glorot()
    return [
        ns.Synapses(label, maker, weight=weight, learns=True, name="generator_label"),
        ns.Synapses(label, judge, wiring=to_both, weight=weight, learns=True, name="discriminator_label"),
    ]


def _seen(size: int, blur: float) -> ns.Neurons:
    """What the discriminator sees, in training with noise."""
    if not blur:
        return ns.Neurons("seen", (2, size), update="y = I")
    return ns.Neurons("seen", (2, size), update="y = I + blur*where(training, randn(), 0)", blur=blur)


def _hidden(k: int, size: int, dropout: float) -> ns.Neurons:
    """Hidden layer k of the discriminator."""
    text, keep = LEAKY, {}
    if dropout:
        text, keep = f"{LEAKY}*where(training, bernoulli(keep)/keep, 1)", {"keep": 1 - dropout}
    name = f"discriminator_{k}"
    return ns.Neurons(name, (2, size), update=text, bias=np.zeros(size), learns="bias", **keep)


def example() -> dict[str, Any]:
    """Fifty digits beside fifty that an untrained network makes."""
    from sklearn.datasets import load_digits

    digits = load_digits().data[:50] / 16.0
    net = generative_adversarial((8, 24, 64), (24,))
    record = ["noise", "made", "score", "discriminator_loss", "generator_loss"]
    return {"net": net, "inputs": {"real": digits}, "record": record, "seed": 1}
