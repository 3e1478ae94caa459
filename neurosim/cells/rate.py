"""Neurons that send a number every tick: units of layered nets and of reservoirs."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurosim.cells.ready import Shape, ready
from neurosim.errors import DescriptionError, nearest
from neurosim.network.neurons import Neurons
from neurosim.network.values import plain_number

FUNCTIONS = {
    "linear": "{x}", "tanh": "tanh({x})", "sigmoid": "sigmoid({x})", "relu": "relu({x})", "softsign": "({x})/(1 + abs({x}))",
    "softmax": "softmax({x})",
}  # fmt: skip


def leaky_tanh(name: str, shape: Shape, *, noise: float = 0.0, **override: Any) -> Neurons:
    """Leaky units of an echo state network.

    v = (1 - leak) v + leak tanh(I + bias), or with `noise` tanh(I + bias + noise N(0, 1)), drawn anew every tick.

    Port `I`. Constants: leak 1 (from 0 to 1; at 1 a unit keeps nothing of its own past), bias 0, noise 0. Start: v = 0.

    Source: Jaeger, Lukosevicius, Popovici & Siewert 2007, Neural Networks 20, 335, doi:10.1016/j.neunet.2007.04.016.
    """
    if noise:
        text = "v = (1 - leak)*v + leak*tanh(I + bias + noise*randn())"
        return ready("leaky_tanh", name, shape, override, update=text, leak=1.0, bias=0.0, noise=noise)
    return ready(
        "leaky_tanh",
        name,
        shape,
        override,
        update="v = (1 - leak)*v + leak*tanh(I + bias)",
        leak=1.0,
        bias=0.0,
    )


def unit(
    name: str, shape: Shape, function: str = "tanh", *, dropout: float = 0.0, **override: Any
) -> Neurons:
    """Units of a layered net.

    y = function(I + bias), where function is linear, tanh, sigmoid, relu, softsign, x/(1 + |x|), or softmax (along the last axis).
    While the network trains, a share `dropout` of the units, drawn anew every tick, sends 0 and the others y/(1 - dropout).

    Port `I`. Constants: bias 0 (one number, one per channel or one per neuron; `learns="bias"` lets training change it).

    Source: Rumelhart, Hinton & Williams 1986, Nature 323, 533, doi:10.1038/323533a0 (sigmoid units); Nair & Hinton 2010, ICML
    (relu); Bergstra, Desjardins, Lamblin & Bengio 2009, Technical Report 1337, Universite de Montreal (softsign); Srivastava et al. 2014,
    JMLR 15, 1929 (dropout).
    """
    text, keep = layered("unit", name, function, "I + bias", dropout)
    return ready("unit", name, shape, override, update=f"y = {text}", bias=0.0, **keep)


def layered(cell: str, name: str, function: str, inside: str, dropout: float) -> tuple[str, dict[str, float]]:
    """The text of function(inside), with dropout where it is not 0, and the constants that this brings."""
    if function not in FUNCTIONS:
        raise DescriptionError(
            f"cells.{cell} {name!r}: function {function!r} is not known. {nearest(function, FUNCTIONS)}"
        )
    dropped = plain_number(
        dropout,
        f"cells.{cell} {name!r}: dropout",
        "Give a share of 0 or more and below 1.",
        low=0,
        high=np.nextafter(1, 0),
    )
    text = FUNCTIONS[function].format(x=inside)
    if not dropped:
        return text, {}
    return f"({text})*where(training, bernoulli(keep)/keep, 1)", {"keep": 1.0 - dropped}
