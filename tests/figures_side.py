"""Networks to draw, and questions about the figures."""

from importlib import import_module

import neurosim as ns
import neurosim.models

pyplot = import_module("matplotlib.pyplot")


def drawn(ax, kind: str) -> list:
    """The artists whose name begins with a kind, such as 'loop' or 'port', without those of the legend."""
    return [artist for artist in (*ax.patches, *ax.texts) if (artist.get_gid() or "").startswith(f"{kind}:")]


def place(ax, name: str):
    """The left, top, right and bottom of a population's box; y grows downwards."""
    box = next(patch for patch in ax.patches if patch.get_gid() == f"population:{name}").get_bbox()
    return box.x0, box.y0, box.x1, box.y1


def echo_state() -> ns.Network:
    drive, out = ns.Neurons("drive", 1), ns.Neurons("out", 1, update="y = I")
    pool = ns.Neurons("pool", 50, update="v = tanh(I)")
    return ns.Network(
        ns.Synapses(drive, pool, weight=ns.uniform(-1, 1)),
        ns.Synapses(pool, pool, wiring=ns.probability(0.1), weight=ns.spectral_radius(0.9), delay=1),
        ns.Synapses(pool, out, learns=True),
        schedule=ns.Layered(),
    )


def attention() -> ns.Network:
    query, key, value = (ns.Neurons(name, (5, 4)) for name in ("query", "key", "value"))
    score, out = (
        ns.Neurons("score", (5, 5), update="p = softmax(I)"),
        ns.Neurons("out", (5, 4), update="y = I"),
    )
    return ns.Network(
        ns.Synapses(query, score, weight=key, wiring=ns.einsum("t d, s d -> t s")),
        ns.Synapses(value, out, weight=score, wiring=ns.einsum("s d, t s -> t d")),
        schedule=ns.Layered(),
    )
