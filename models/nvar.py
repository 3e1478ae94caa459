"""A next-generation reservoir: the last inputs, their products, and a learned readout; no recurrent pool.

Source: Gauthier, Bollt, Griffith & Barbosa 2021, Nature Communications 12, 5564,
doi:10.1038/s41467-021-25801-2.
"""

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim import cells


def nvar(
    n_inputs: int,
    n_outputs: int,
    *,
    taps: int = 2,
    stride: int = 1,
    order: int = 2,
    closed: bool = False,
    readout: ArrayLike | None = None,
    bias: ArrayLike = 0.0,
) -> ns.Network:
    """A nonlinear vector autoregression: `drive` -> `taps` -> `products`, and both -> `out`.

    The delay lines `taps` hold x(t), x(t - stride), ... x(t - (taps - 1) stride), and `products` all their
    monomials of degree 2 to `order`. out = W (taps, products) + bias.

    Arguments:
        n_inputs: the number of inputs.
        n_outputs: the number of outputs.
        taps: the number of past inputs, the present one included.
        stride: the number of ticks between them.
        order: the highest degree of the monomials.
        closed: whether x is what `out` sent a tick before, instead of a driven population `drive`; it needs
            n_outputs = n_inputs. The network then runs on its own, and an input to `out` forces it.
        readout: W, shape (n_outputs, feature), for the features of `monomials`; default: 0, to be learned.
        bias: one number or one per output.

    >>> nvar(2, 1, taps=2)["products"].shape  # of 4 taps
    (10,)
    """
    n_taps = n_inputs * taps
    terms = monomials(n_taps, order)[n_taps:]
    lines = cells.unit("taps", n_taps, "linear")
    out = cells.unit("out", n_outputs, "linear", bias=bias, learns="bias")
    source = out if closed else ns.Neurons("drive", n_inputs)
    synapses = []
    for k in range(taps):
        line = lines[k * n_inputs : (k + 1) * n_inputs]
        delay = k * stride + int(closed)
        synapses.append(ns.Synapses(source, line, wiring=ns.one_to_one(), delay=delay, name=f"tap_{k}"))
    weight = np.zeros((n_outputs, n_taps + len(terms))) if readout is None else np.asarray(readout)
    synapses.append(ns.Synapses(lines, out, weight=weight[:, :n_taps], learns=True))
    if terms:
        products, factors = _products(lines, terms, order)
        synapses += factors
        synapses.append(ns.Synapses(products, out, weight=weight[:, n_taps:], learns=True))
    return ns.Network(synapses, schedule=ns.Layered())


def _products(
    lines: ns.Neurons, terms: Sequence[tuple[int, ...]], order: int
) -> tuple[ns.Neurons, list[ns.Synapses]]:
    """The population `products` with one port per factor, and the synapses from the taps to these ports."""
    ports = [f"f{k}" for k in range(order)]
    # A factor that a monomial of lower degree does not have is 1: the constant is added to the empty port.
    ones = {f"one_{k}": np.array([float(k >= len(term)) for term in terms]) for k in range(order)}
    update = "y = " + "*".join(f"({port} + one_{k})" for k, port in enumerate(ports))
    products = ns.Neurons("products", len(terms), update=update, ports=" ".join(ports), **ones)
    synapses = []
    for k, port in enumerate(ports):
        edges = [(term[k], number) for number, term in enumerate(terms) if k < len(term)]
        pre, post = zip(*edges, strict=True)
        synapses.append(ns.Synapses(lines, products, to=port, wiring=ns.pairs(pre, post), name=f"factor_{k}"))
    return products, synapses


def monomials(n_taps: int, order: int) -> list[tuple[int, ...]]:
    """The features in their order: which taps are multiplied, first those of degree 1, then 2, up to `order`.

    >>> monomials(2, 2)
    [(0,), (1,), (0, 0), (0, 1), (1, 1)]
    """
    return [
        term
        for degree in range(1, order + 1)
        for term in combinations_with_replacement(range(n_taps), degree)
    ]


def example() -> dict[str, Any]:
    """Taps and products of 60 random numbers, and a random readout of them."""
    drive = np.random.default_rng(0).uniform(-1.0, 1.0, (60, 2))
    readout = np.random.default_rng(1).normal(size=(1, len(monomials(4, 3))))
    net = nvar(2, 1, taps=2, stride=3, order=3, readout=readout)
    return {"net": net, "inputs": {"drive": drive}, "record": ["taps", "products", "out"], "seed": 1}
