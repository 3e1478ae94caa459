"""A radial basis function network: each hidden unit answers near its centre, and a linear readout weighs their answers.

Source: Broomhead & Lowe 1988, Complex Systems 2, 321; Moody & Darken 1989, Neural Computation 1, 281,
doi:10.1162/neco.1989.1.2.281; centres and widths learned by gradient: Poggio & Girosi 1990, Proc. IEEE 78, 1481, doi:10.1109/5.58326.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def radial_basis(
    centres: Any,
    width: Any,
    n_outputs: int = 1,
    *,
    readout: Any = None,
    bias: Any = 0.0,
    output: str = "linear",
    learns: bool = False,
) -> ns.Network:
    """`inputs` -> `hidden` -> `out`: hidden = exp(-|x - centre|^2/(2 width^2)), out = output(W hidden + bias).

    `centres`, shape (hidden, input), are the weights into `hidden`; `width` is one number above 0 or one for each hidden unit. W is
    `readout`, shape (n_outputs, hidden), or 0 and to be learned.

    With `learns`, centres, widths (each in the shape in which it is given) and bias learn by gradient as W does. The squares (x - centre)^2 are
    then sent by a population `apart` (hidden, input), whose constant `centre` is.

    Raises ValueError for centres that are not rows of numbers, and for widths of 0 or below.
    """
    centres, width = np.asarray(centres, dtype=float), np.asarray(width, dtype=float)
    if centres.ndim != 2:
        raise ValueError(
            f"radial_basis: centres of shape {centres.shape} are not one row for each hidden unit. Give shape (hidden, input)."
        )
    if not np.all(width > 0):
        raise ValueError(
            "radial_basis: every width must be above 0. Give a distance, such as that to the next centre."
        )
    inputs = ns.Neurons("inputs", centres.shape[1])
    hidden = ns.Neurons(
        "hidden",
        len(centres),
        update="y = exp(-I/(2*width**2))",
        width=width,
        learns=("width",) if learns else (),
    )
    out = cells.unit(
        "out",
        n_outputs,
        output,
        bias=bias + np.zeros(n_outputs) if learns else bias,
        learns=("bias",) if learns else (),
    )
    weight = np.zeros((n_outputs, len(centres))) if readout is None else readout
    read = ns.Synapses(hidden, out, weight=weight, learns=True)
    if not learns:
        squares = [
            ns.Synapses(inputs, hidden, weight=centres, on_pre="I_post += (v_pre - w)**2", name="centres")
        ]
    else:
        apart = ns.Neurons(
            "apart", centres.shape, update="y = (I - centre)**2", centre=centres, learns=("centre",)
        )
        squares = [
            ns.Synapses(inputs, apart, wiring=ns.einsum("input, -> hidden input")),
            ns.Synapses(apart, hidden, wiring=ns.einsum("hidden input, -> hidden")),
        ]
    return ns.Network(squares, read, schedule=ns.Layered())


def example() -> dict[str, Any]:
    """Twelve units on a line make a sine of 40 numbers, their readout solved by least squares."""
    x, centres = np.linspace(0.0, 2 * np.pi, 40)[:, None], np.linspace(0.0, 2 * np.pi, 12)[:, None]
    readout = np.linalg.lstsq(np.exp(-((x - centres.T) ** 2) / 2), np.sin(x), rcond=None)[0].T
    return {
        "net": radial_basis(centres, 1.0, readout=readout),
        "inputs": {"inputs": x},
        "record": ["hidden", "out"],
        "seed": 1,
    }
