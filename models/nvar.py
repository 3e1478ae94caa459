"""A next-generation reservoir: the last inputs and their products, and a readout that is learned; there is no recurrent pool.

Source: Gauthier, Bollt, Griffith & Barbosa 2021, Nature Communications 12, 5564, doi:10.1038/s41467-021-25801-2.
"""

from itertools import combinations_with_replacement
from typing import Any

import numpy as np

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
    readout: Any = None,
    bias: Any = 0.0,
) -> ns.Network:
    """Delay lines `taps` hold x(t), x(t - stride), ... x(t - (taps - 1) stride); `products` all their monomials of degree 2 to `order`.

    out = W (taps, products) + bias. x is driven from outside (`drive`), or with `closed`, which needs n_outputs = n_inputs, it is
    what `out` sent a tick before: the network then runs alone, and is forced by an input to `out`. W is `readout`, shape
    (n_outputs, features) with the features of `monomials`, or 0 and to be learned.
    """
    n_taps = n_inputs * taps
    terms = monomials(n_taps, order)[n_taps:]
    lines = cells.unit("taps", n_taps, "linear")
    out = cells.unit("out", n_outputs, "linear", bias=bias, learns="bias")
    source = out if closed else ns.Neurons("drive", n_inputs)
    synapses = [
        ns.Synapses(
            source, lines[k * n_inputs : (k + 1) * n_inputs], wiring=ns.one_to_one(), delay=k * stride + int(closed), name=f"tap_{k}",
        )
        for k in range(taps)
    ]  # fmt: skip
    weight = np.zeros((n_outputs, n_taps + len(terms))) if readout is None else np.asarray(readout)
    synapses.append(ns.Synapses(lines, out, weight=weight[:, :n_taps], learns=True))
    if terms:
        # A factor that a monomial of lower degree lacks is 1: the port's own share.
        ports = [f"f{k}" for k in range(order)]
        one = np.array([[float(k >= len(term)) for term in terms] for k in range(order)])
        update = "y = " + "*".join(f"({port} + one_{k})" for k, port in enumerate(ports))
        products = ns.Neurons(
            "products",
            len(terms),
            update=update,
            ports=" ".join(ports),
            **{f"one_{k}": one[k] for k in range(order)},
        )
        for k, port in enumerate(ports):
            pre, post = zip(
                *((term[k], place) for place, term in enumerate(terms) if k < len(term)), strict=True
            )
            synapses.append(
                ns.Synapses(lines, products, to=port, wiring=ns.pairs(pre, post), name=f"factor_{k}")
            )
        synapses.append(ns.Synapses(products, out, weight=weight[:, n_taps:], learns=True))
    return ns.Network(synapses, schedule=ns.Layered())


def monomials(n_taps: int, order: int) -> list[tuple[int, ...]]:
    """The features in their order: which taps are multiplied, first those of degree 1, then 2, up to `order`."""
    return [
        term
        for degree in range(1, order + 1)
        for term in combinations_with_replacement(range(n_taps), degree)
    ]


def example() -> dict[str, Any]:
    """Taps and products of 60 random numbers, and a random readout of them."""
    drive = np.random.default_rng(0).uniform(-1.0, 1.0, (60, 2))
    net = nvar(
        2,
        1,
        taps=2,
        stride=3,
        order=3,
        readout=np.random.default_rng(1).normal(size=(1, len(monomials(4, 3)))),
    )
    return {"net": net, "inputs": {"drive": drive}, "record": ["taps", "products", "out"], "seed": 1}
