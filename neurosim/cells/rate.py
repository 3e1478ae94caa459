"""Neurons that send a number every tick: units of layered networks and of reservoirs."""

from __future__ import annotations

import numpy as np

from neurosim.cells.ready import Setting, Shape, ready
from neurosim.errors import DescriptionError, nearest
from neurosim.network.neurons import Neurons
from neurosim.network.values import plain_number

FUNCTIONS = {
    "linear": "{x}",
    "tanh": "tanh({x})",
    "sigmoid": "sigmoid({x})",
    "relu": "relu({x})",
    "softsign": "({x})/(1 + abs({x}))",
    "softmax": "softmax({x})",
}


def leaky_tanh(name: str, shape: Shape, *, noise: float = 0.0, **override: Setting) -> Neurons:
    """Leaky units of an echo state network.

    v = (1 - leak) v + leak tanh(I + bias + noise N(0, 1)), the noise drawn anew every tick.

    Port: `I`.

    Constants: leak 1 (from 0 to 1; at 1 a unit keeps nothing of its own past) and bias 0. Start: v = 0.

    Arguments:
        name: the name of the population.
        shape: the number of units, or a tuple such as (10, 10).
        noise: the standard deviation of the noise.
        override: constants, start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for a name in `override` that the cell does not have.

    Source: Jaeger, Lukosevicius, Popovici & Siewert 2007, Neural Networks 20, 335,
    doi:10.1016/j.neunet.2007.04.016.
    """
    text, constants = "I + bias", {"leak": 1.0, "bias": 0.0}
    if noise:
        text, constants["noise"] = text + " + noise*randn()", noise
    update = f"v = (1 - leak)*v + leak*tanh({text})"
    return ready("leaky_tanh", name, shape, override, update=update, **constants)


def unit(
    name: str, shape: Shape, function: str = "tanh", *, dropout: float = 0.0, **override: Setting
) -> Neurons:
    """Units of a layered network.

    y = function(I + bias). While the network is trained, a fraction `dropout` of the units, drawn anew every
    tick, sends 0 and the others send y/(1 - dropout).

    Port: `I`.

    Constants: bias 0, one number, one per channel or one per neuron (`learns="bias"` lets training change
    it).

    Arguments:
        name: the name of the population.
        shape: the number of units, or a tuple whose last axis is the channel.
        function: linear, tanh, sigmoid, relu, softsign, x/(1 + |x|), or softmax (along the last axis).
        dropout: the fraction of units that are silent in training, from 0 to below 1.
        override: constants or arguments of `Neurons` to use instead.

    Raises DescriptionError for an unknown function, a dropout outside 0 to 1, and a name that the cell does
    not have.

    Source: Rumelhart, Hinton & Williams 1986, Nature 323, 533, doi:10.1038/323533a0 (sigmoid units); Nair &
    Hinton 2010, ICML (relu); Bergstra, Desjardins, Lamblin & Bengio 2009, Technical Report 1337, Universite
    de Montreal (softsign); Srivastava et al. 2014, JMLR 15, 1929 (dropout).
    """
    text, keep = activation("unit", name, function, "I + bias", dropout)
    return ready("unit", name, shape, override, update=f"y = {text}", bias=0.0, **keep)


def activation(
    cell: str, name: str, function: str, inside: str, dropout: float
) -> tuple[str, dict[str, float]]:
    """The text of function(inside), with dropout unless it is 0, and the constants that this text needs.

    cell, name: the cell and the population, for error messages.
    function: a key of `FUNCTIONS`.
    inside: the argument of the function, as text.
    dropout: the fraction of units that are silent in training.
    """
    if function not in FUNCTIONS:
        raise DescriptionError(
            f"cells.{cell} {name!r}: function {function!r} is not known. {nearest(function, FUNCTIONS)}"
        )
    label, remedy = f"cells.{cell} {name!r}: dropout", "Give a share of 0 or more and below 1."
    share = plain_number(dropout, label, remedy, low=0, high=np.nextafter(1, 0))
    text = FUNCTIONS[function].format(x=inside)
    if not share:
        return text, {}
    return f"({text})*where(training, bernoulli(keep)/keep, 1)", {"keep": 1.0 - share}
