"""A radial basis function network: hidden units that respond near their centres, and a linear readout.

Source: Broomhead & Lowe 1988, Complex Systems 2, 321; Moody & Darken 1989, Neural Computation 1, 281,
doi:10.1162/neco.1989.1.2.281; centres and widths learned by gradient: Poggio & Girosi 1990, Proc. IEEE 78,
1481, doi:10.1109/5.58326.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim import cells


def radial_basis(
    centres: ArrayLike,
    width: ArrayLike,
    n_outputs: int = 1,
    *,
    readout: ArrayLike | None = None,
    bias: ArrayLike = 0.0,
    output: str = "linear",
    learns: bool = False,
) -> ns.Network:
    """Hidden units with Gaussian receptive fields, and a readout: `inputs` -> `hidden` -> `out`.

    hidden = exp(-|x - centre|^2/(2 width^2)), out = output(W hidden + bias). W learns.

    Arguments:
        centres: shape (hidden, input): the weights into `hidden`.
        width: one number above 0 or one for each hidden unit.
        n_outputs: the number of outputs.
        readout: W, shape (n_outputs, hidden); default: 0.
        bias: one number or one per output.
        output: the activation function of `out`, as in `cells.unit`.
        learns: whether centres, widths (in the shape in which they are given) and bias also learn by
            gradient. A population `apart` (hidden, input) then sends the squares (x - centre)^2, with
            `centre` as its constant.

    Raises DescriptionError for centres that are not rows of numbers, and for widths of 0 or below.

    >>> net = radial_basis([[0.0], [1.0]], 1.0)
    >>> ns.run(net, {"inputs": [[1.0]]}, record=["hidden"])["hidden"].round(3).tolist()
    [[0.607, 1.0]]
    """
    centres, width = np.asarray(centres, dtype=float), np.asarray(width, dtype=float)
    if centres.ndim != 2:
        raise ns.DescriptionError(
            f"radial_basis: centres of shape {centres.shape} are not one row for each hidden unit. "
            "Give shape (hidden, input)."
        )
    if not np.all(width > 0):
        raise ns.DescriptionError(
            "radial_basis: every width must be above 0. Give a distance, such as that to the next centre."
        )
    inputs = ns.Neurons("inputs", centres.shape[1])
    text = "y = exp(-I/(2*width**2))"
    hidden = ns.Neurons("hidden", len(centres), update=text, width=width, learns="width" if learns else ())
    # A bias that learns is one number for each output.
    bias = np.asarray(bias) + np.zeros(n_outputs) if learns else bias
    out = cells.unit("out", n_outputs, output, bias=bias, learns="bias" if learns else ())
    weight = np.zeros((n_outputs, len(centres))) if readout is None else readout
    read = ns.Synapses(hidden, out, weight=weight, learns=True)
    if not learns:
        squares = [
            ns.Synapses(inputs, hidden, weight=centres, on_pre="I_post += (v_pre - w)**2", name="centres")
        ]
    else:
        apart = ns.Neurons(
            "apart", centres.shape, update="y = (I - centre)**2", centre=centres, learns="centre"
        )
        squares = [
            ns.Synapses(inputs, apart, wiring=ns.einsum("input, -> hidden input")),
            ns.Synapses(apart, hidden, wiring=ns.einsum("hidden input, -> hidden")),
        ]
    return ns.Network(squares, read, schedule=ns.Layered())


def example() -> dict[str, Any]:
    """Twelve units on a line approximate a sine at 40 points, with a readout found by least squares."""
    x, centres = np.linspace(0.0, 2 * np.pi, 40)[:, None], np.linspace(0.0, 2 * np.pi, 12)[:, None]
    readout = np.linalg.lstsq(np.exp(-((x - centres.T) ** 2) / 2), np.sin(x), rcond=None)[0].T
    return {
        "net": radial_basis(centres, 1.0, readout=readout),
        "inputs": {"inputs": x},
        "record": ["hidden", "out"],
        "seed": 1,
    }
