"""Neurons that send a number every tick: units of layered nets and of reservoirs."""

from __future__ import annotations

from typing import Any

from neurosim.cells.ready import Shape, ready
from neurosim.errors import DescriptionError, nearest
from neurosim.network.neurons import Neurons

FUNCTIONS = ("linear", "tanh", "sigmoid", "relu", "softmax")


def leaky_tanh(name: str, shape: Shape, *, noise: float = 0.0, **override: Any) -> Neurons:
    """Leaky units of an echo state network.

    v = (1 - leak) v + leak tanh(I + bias), or with `noise` tanh(I + bias + noise N(0, 1)), drawn anew every tick.

    Port `I`. Constants: leak 1 (from 0 to 1; at 1 a unit keeps nothing of its own past), bias 0, noise 0. Start: v = 0.

    Source: Jaeger, Lukosevicius, Popovici & Siewert 2007, Neural Networks 20, 335, doi:10.1016/j.neunet.2007.04.016.
    """
    if noise:
        text = "v = (1 - leak)*v + leak*tanh(I + bias + noise*randn())"
        return ready("leaky_tanh", name, shape, override, update=text, leak=1.0, bias=0.0, noise=noise)
    return ready("leaky_tanh", name, shape, override, update="v = (1 - leak)*v + leak*tanh(I + bias)", leak=1.0, bias=0.0)


def unit(name: str, shape: Shape, function: str = "tanh", **override: Any) -> Neurons:
    """Units of a layered net.

    y = function(I + bias), where function is linear, tanh, sigmoid, relu or softmax (along the last axis).

    Port `I`. Constants: bias 0 (one number, one per channel or one per neuron; `learns="bias"` lets training change it).

    Source: Rumelhart, Hinton & Williams 1986, Nature 323, 533, doi:10.1038/323533a0 (sigmoid units); Nair & Hinton 2010, ICML
    (relu).
    """
    if function not in FUNCTIONS:
        raise DescriptionError(f"cells.unit {name!r}: function {function!r} is not known. {nearest(function, FUNCTIONS)}")
    update = "y = I + bias" if function == "linear" else f"y = {function}(I + bias)"
    return ready("unit", name, shape, override, update=update, bias=0.0)
