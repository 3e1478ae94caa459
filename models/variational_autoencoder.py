"""A variational autoencoder: the code of an example is random, and is kept near a prior distribution.

Source: Kingma & Welling 2014, ICLR, arXiv:1312.6114; Rezende, Mohamed & Wierstra 2014, ICML, arXiv:1401.4082.
A mixture as the prior of the codes: Tomczak & Welling 2018, AISTATS, arXiv:1705.07120.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim import cells

DRAW = "z = mu + exp(log_var/2)*randn()"
DIVERGENCE = "kl = -0.5*(1 + log_var - mu**2 - exp(log_var))"
# With a mixture: log q(z) - log p(z) of the code that was drawn, without the constants, which cancel.
LOG_RATIO = "kl = -0.5*(log_var + (z - mu)**2*exp(-log_var)) - log_p"
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
    out_bias: ArrayLike = 0.0,
) -> ns.Network:
    """An autoencoder with random codes, which also generates new examples.

    `inputs` -> `layer_1` ... -> `mean`, `log_variance` -> `code` -> ... `back_1` -> `out`, and the loss `kl`,
    in nats.

    The code z = mean + exp(log_variance/2) N(0, 1) is drawn at every tick. For each unit of the code
    kl = -0.5 (1 + log_variance - mean^2 - exp(log_variance)), and the sum is KL(q(z | inputs) || N(0, 1)).
    Trained with loss={"out": "bernoulli", "kl": "sent"}, the network maximizes the evidence lower bound of
    the likelihood of its inputs. Clamp `code` with `prior_codes`, and `out` sends new examples. `mean` is the
    code of an example without noise.

    With a `mixture`, the prior is a mixture of this many equally likely normal distributions, whose centres
    and widths (of the population `near`) learn. The sum of `kl` is then log q(z | inputs) - log p(z) of the
    code that was drawn; its mean is the divergence.

    Weights are Glorot's; they and all biases learn.

    Arguments:
        sizes: numbers of neurons from the inputs to the code, at least three.
        function: the activation function of the layers between, as in `cells.unit`.
        output: the function of `out`: "sigmoid" sends probabilities, "linear" their log odds, for the loss
            "bernoulli_scores".
        mixture: the number of normal distributions of the prior; 0: one standard normal distribution.
        noise: the fraction of the inputs that is masked before the encoder in training, from 0 to below 1.
        dropout: the fraction of each layer after the code that is silent in training, from 0 to below 1.
        out_bias: the start of the biases of `out`, one number or one per output.

    Raises DescriptionError for fewer than three sizes, a noise or dropout that is not a fraction, and a
    mixture below 0.

    >>> variational_autoencoder((64, 24, 4))["code"].shape
    (4,)
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
    kl, of_mixture = _divergence(code, mixture)
    for target in (code, kl):
        synapses.append(ns.Synapses(mean, target, to="mu", wiring=ns.one_to_one()))
        synapses.append(ns.Synapses(log_variance, target, to="log_var", wiring=ns.one_to_one()))
    return ns.Network(synapses, of_mixture, schedule=ns.Layered())


def prior_codes(net: ns.Network, count: int, seed: int = 0) -> np.ndarray:
    """Codes drawn from the prior of a (trained) network, shape (count, unit of the code).

    net: the network.
    count: the number of codes.
    seed: of the random numbers.
    """
    random, size = np.random.default_rng(seed), net["code"].size
    drawn = random.standard_normal((count, size))
    if "near" not in net:
        return drawn
    centre, log_width = (net["near"].constants[name].number for name in ("centre", "log_width"))
    which = random.integers(len(centre), size=count)
    return centre[which] + np.exp(log_width[which] / 2) * drawn


def _divergence(code: ns.Neurons, mixture: int) -> tuple[ns.Neurons, list[ns.Synapses]]:
    """The population `kl`, and with a mixture the synapses that compute log p(z)."""
    if not mixture:
        return ns.Neurons("kl", code.size, ports="mu log_var", update=DIVERGENCE), []
    kl = ns.Neurons("kl", code.size, ports="mu log_var z log_p", update=LOG_RATIO)
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
        # All neurons of `prior` send the same log p(z), which is divided among the units of `kl`.
        ns.Synapses(prior[:1], kl, to="log_p", weight=1 / code.size),
    ]


def _check(sizes: Sequence[int], mixture: int, noise: float, dropout: float) -> None:
    label = "variational_autoencoder"
    if len(sizes) < 3:
        raise ns.DescriptionError(
            f"{label}: sizes {tuple(sizes)} are too few. "
            "Give inputs, at least one layer and code: (64, 100, 8)."
        )
    if mixture < 0:
        raise ns.DescriptionError(
            f"{label}: mixture {mixture} is below 0. "
            "Give how many normal distributions codes come from, or 0 for a standard one."
        )
    for name, share in (("noise", noise), ("dropout", dropout)):
        if not 0 <= share < 1:
            raise ns.DescriptionError(
                f"{label}: {name} {share} is not a share. Give a number from 0 to below 1."
            )


def _unit(name: str, size: int, function: str, dropout: float = 0.0, bias: ArrayLike = 0.0) -> ns.Neurons:
    """Units each of which learns a bias of its own."""
    bias = np.asarray(bias) + np.zeros(size)
    return cells.unit(name, size, function, dropout=dropout, bias=bias, learns="bias")


def _masked(name: str, size: int, noise: float) -> ns.Neurons:
    """The inputs, of which a fraction is masked in training."""
    return ns.Neurons(name, size, update="y = I*where(training, bernoulli(1 - noise), 1)", noise=noise)


def example() -> dict[str, Any]:
    """Fifty digits through an untrained network of 64, 24 and 4 units."""
    from sklearn.datasets import load_digits

    digits = load_digits().data[:50] / 16.0
    net = variational_autoencoder((64, 24, 4))
    return {
        "net": net,
        "inputs": {"inputs": digits},
        "record": ["mean", "log_variance", "code", "kl", "out"],
        "seed": 1,
    }
