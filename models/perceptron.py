"""A perceptron, or with linear units an adaline: one layer that learns from its errors.

Source: Rosenblatt 1958, Psychol. Rev. 65, 386, doi:10.1037/h0042519; linear units and the delta rule: Widrow
& Hoff 1960, Adaptive switching circuits, IRE WESCON Convention Record 4, 96.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns


def perceptron(
    n_inputs: int,
    n_outputs: int = 1,
    *,
    weights: ArrayLike | None = None,
    bias: ArrayLike = 0.0,
    function: str = "sign",
    rate: float | None = None,
) -> ns.Network:
    """One layer of threshold or linear units: `inputs` -> `out`.

    h = W x + b, and y = 1 where h > 0, else -1; for linear units y = h.

    With a `rate` the network learns while it runs, one example per tick, from a driven population `teacher`:
    after it has answered, error = teacher - y, W += rate error x', b += rate error. With threshold units this
    is the perceptron rule with half the rate (an error is 2 or -2, and nothing changes without one), and with
    linear units the delta rule, also called LMS. Without a rate the weights are marked as learned, for the
    estimators and `ns.train`.

    Arguments:
        n_inputs: the number of inputs.
        n_outputs: the number of outputs.
        weights: W, shape (post, pre); default: 0.
        bias: b, one number or one per output.
        function: "sign" or "linear".
        rate: the learning rate; None: the network does not learn while it runs.

    Raises DescriptionError for another function.

    >>> perceptron(4, 2, rate=0.05)["teacher"].shape
    (2,)
    """
    if function not in ("sign", "linear"):
        raise ns.DescriptionError(f"perceptron: function {function!r} is not known. Use 'sign' or 'linear'.")
    weights = np.zeros((n_outputs, n_inputs)) if weights is None else weights
    bias = np.broadcast_to(bias, n_outputs)
    answer = "h = I + b\n" + ("y = where(h > 0, 1, -1)" if function == "sign" else "y = h")
    inputs = ns.Neurons("inputs", n_inputs)
    if rate is None:
        out = ns.Neurons("out", n_outputs, update=answer, sends="y", b=bias, learns="b")
        return ns.Network(ns.Synapses(inputs, out, weight=weights, learns=True), schedule=ns.Layered())
    learn = "error = teacher - y\nb = b + rate*error"
    out = ns.Neurons(
        "out", n_outputs, update=f"{answer}\n{learn}", ports="I teacher", sends="y", b=bias, rate=rate
    )
    return ns.Network(
        ns.Synapses(
            inputs,
            out,
            to="I",
            weight=weights,
            on_pre="I_post += w*v_pre",
            on_post="w += rate_post*error_post*v_pre",
            name="weights",
        ),
        ns.Synapses(ns.Neurons("teacher", n_outputs), out, to="teacher", wiring=ns.one_to_one()),
        schedule=ns.Layered(),
    )


def example() -> dict[str, Any]:
    """One species of iris, which a plane divides from the two others, is learned flower by flower."""
    from sklearn.datasets import load_iris

    x, species = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(150)
    inputs = {
        "inputs": (x - x.mean(axis=0))[order],
        "teacher": np.where(species[order, None] == 0, 1.0, -1.0),
    }
    return {
        "net": perceptron(4, rate=0.05),
        "inputs": inputs,
        "record": ["out", "out.h", "weights.w"],
        "seed": 1,
    }
