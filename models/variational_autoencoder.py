"""A variational autoencoder: the code of an example is drawn from a normal distribution of its own, kept near a standard one.

Source: Kingma & Welling 2014, ICLR, arXiv:1312.6114; Rezende, Mohamed & Wierstra 2014, ICML, arXiv:1401.4082. A mixture as the
distribution that codes come from: Tomczak & Welling 2018, AISTATS, arXiv:1705.07120.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells

DRAW = "z = mu + exp(log_var/2)*randn()"
DIVERGENCE = "kl = -0.5*(1 + log_var - mu**2 - exp(log_var))"
# Of the code drawn, where codes come from a mixture; the constants of both densities cancel.
SURPRISE = "kl = -0.5*(log_var + (z - mu)**2*exp(-log_var)) - log_p"
NEAR = "log_p = -0.5*(log_width + (I - centre)**2*exp(-log_width))"
MIXTURE = "top = stop(max(I))\nlog_p = top + log(mean(exp(I - top)))"


def variational_autoencoder(
    sizes: Sequence[int],
    *,
    function: str = "tanh",
    output: str = "sigmoid",
    mixture: int = 0,
    noise: float = 0.0,
    dropout: float = 0.0,
    out_bias: Any = 0.0,
) -> ns.Network:
    """`inputs` -> `layer_1` ... -> `mean`, `log_variance` -> `code` -> ... `back_1` -> `out`; and what the code says, in nats: `kl`.

    z = mean + exp(log_variance/2) N(0, 1), drawn at every tick; kl = -0.5 (1 + log_variance - mean^2 - exp(log_variance)) for each unit of the
    code, whose sum is KL(q(z | inputs) || N(0, 1)). Trained with loss={"out": "bernoulli", "kl": "sent"}, it raises the evidence lower bound of
    the inputs' likelihood. Clamp `code` with `prior_codes`, and `out` sends new examples; `mean` is an example's code without its noise.

    With a `mixture`, codes come from so many equally likely normal distributions instead of one, whose centres and widths (`near`) learn;
    the sum of `kl` is then log q(z | inputs) - log p(z) of the code drawn, whose mean is the divergence.

    `sizes` counts the neurons from the inputs to the code, at least three; layers are function(W lower + bias), and `out` has its own
    `output`: "sigmoid" sends chances, "linear" their log odds, for the loss "bernoulli_scores". While the network is trained, this share of
    the inputs (`noise`) is masked before the encoder, and this share of each layer after the code (`dropout`) is silent, the
    others that much louder. `out_bias` is where the biases of `out` begin. Weights are Glorot's; they and all biases learn.

    Raises ValueError for fewer than three sizes, for a noise or dropout that is no share, and for a mixture below 0.
    """
    _check(sizes, mixture, noise, dropout)
    inputs = ns.Neurons("inputs", sizes[0])
    units = [_masked("seen", sizes[0], noise) if noise else inputs]
    units += [_unit(f"layer_{k}", sizes[k], function) for k in range(1, len(sizes) - 1)]
    mean, log_variance = (_unit(name, sizes[-1], "linear") for name in ("mean", "log_variance"))
    code = ns.Neurons("code", sizes[-1], ports="mu log_var", update=DRAW)
    back = [code]
    for k in range(len(sizes) - 2, 0, -1):
        back.append(_unit(f"back_{k}", sizes[k], function, dropout))
    back.append(_unit("out", sizes[0], output, bias=out_bias))
    synapses = [ns.Synapses(inputs, units[0], wiring=ns.one_to_one())] if noise else []
    dense = [*pairwise(units), (units[-1], mean), (units[-1], log_variance), *pairwise(back)]
    synapses += [ns.Synapses(pre, post, weight=ns.glorot(), learns=True) for pre, post in dense]
    kl, surprise = _surprise(code, mixture)
    for target in (code, kl):
        synapses.append(ns.Synapses(mean, target, to="mu", wiring=ns.one_to_one()))
        synapses.append(ns.Synapses(log_variance, target, to="log_var", wiring=ns.one_to_one()))
    return ns.Network(synapses, surprise, schedule=ns.Layered())


def prior_codes(net: ns.Network, count: int, seed: int = 0) -> np.ndarray:
    """Codes as the (trained) network supposes them before it has seen anything, shape (count, unit of the code)."""
    random, size = np.random.default_rng(seed), net["code"].size
    drawn = random.standard_normal((count, size))
    if "near" not in net:
        return drawn
    centre, log_width = (net["near"].constants[name].number for name in ("centre", "log_width"))
    which = random.integers(len(centre), size=count)
    return centre[which] + np.exp(log_width[which] / 2) * drawn


def _surprise(code: ns.Neurons, mixture: int) -> tuple[ns.Neurons, list[ns.Synapses]]:
    """The population `kl`, and the synapses of a mixture into it."""
    if not mixture:
        return ns.Neurons("kl", code.size, ports="mu log_var", update=DIVERGENCE), []
    kl = ns.Neurons("kl", code.size, ports="mu log_var z log_p", update=SURPRISE)
    widths = np.zeros((mixture, code.size))
    near = ns.Neurons(
        "near",
        widths.shape,
        update=NEAR,
        centre=ns.normal(0.0, 1.0),
        log_width=widths,
        learns=("centre", "log_width"),
    )
    prior = ns.Neurons("prior", mixture, update=MIXTURE, sends="log_p")
    return kl, [
        ns.Synapses(code, near, wiring=ns.einsum("code, code -> part code")),
        ns.Synapses(near, prior, wiring=ns.einsum("part code, part code -> part")),
        ns.Synapses(code, kl, to="z", wiring=ns.one_to_one()),
        ns.Synapses(
            prior[:1], kl, to="log_p", weight=1 / code.size
        ),  # all of `prior` send the same; each unit of `kl` takes its share
    ]


def _check(sizes: Sequence[int], mixture: int, noise: float, dropout: float) -> None:
    where = "variational_autoencoder"
    if len(sizes) < 3:
        raise ValueError(
            f"{where}: sizes {tuple(sizes)} are too few. Give inputs, at least one layer and code: (64, 100, 8)."
        )
    if mixture < 0:
        raise ValueError(
            f"{where}: mixture {mixture} is below 0. Give how many normal distributions codes come from, or 0 for a standard one."
        )
    for name, share in (("noise", noise), ("dropout", dropout)):
        if not 0 <= share < 1:
            raise ValueError(f"{where}: {name} {share} is not a share. Give a number from 0 to below 1.")


def _unit(name: str, size: int, function: str, dropout: float = 0.0, bias: Any = 0.0) -> ns.Neurons:
    if not dropout:
        return cells.unit(name, size, function, bias=bias + np.zeros(size), learns="bias")
    whole = cells.unit(name, size, function).update.removeprefix("y = ")
    update = f"y = ({whole})*where(training, bernoulli(keep)/keep, 1)"
    return ns.Neurons(name, size, update=update, keep=1 - dropout, bias=bias + np.zeros(size), learns="bias")


def _masked(name: str, size: int, noise: float) -> ns.Neurons:
    return ns.Neurons(name, size, update="y = I*where(training, bernoulli(1 - noise), 1)", noise=noise)


def example() -> dict[str, Any]:
    """Fifty digits through an untrained network of 64, 24 and 4."""
    from sklearn.datasets import load_digits

    digits = load_digits().data[:50] / 16.0
    net = variational_autoencoder((64, 24, 4))
    return {
        "net": net,
        "inputs": {"inputs": digits},
        "record": ["mean", "log_variance", "code", "kl", "out"],
        "seed": 1,
    }
