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


def slices() -> ns.Network:
    """Neighbours that are joined more than once: by slices, with other weights, delays and notes."""
    x, z = ns.Neurons("x", 12), ns.Neurons("z", 12, update="y = tanh(I)")
    y = ns.Neurons("y", 12, update="y = tanh(I*J)", ports="I J")
    return ns.Network(
        ns.Synapses(x, y, to="J", learns=True),
        ns.Synapses(x, y, to="I", wiring=ns.probability(0.5), weight=ns.normal(0, 1), delay=1),
        ns.Synapses(x[8:], y, to="J", weight=2.0),
        ns.Synapses(y[:4], z, weight=ns.normal(0, 1), delay=1),
        ns.Synapses(y[:4], z, weight=2.0, name="at_once"),
        ns.Synapses(y[4:], z, learns=True),
        schedule=ns.Layered(),
    )


def areas() -> ns.Network:
    """Three populations, each connected to all three, with delays."""
    three = [ns.Neurons(name, 20, update="v = tanh(I)") for name in ("first", "second", "third")]
    return ns.Network(
        [ns.Synapses(a, b, weight=ns.normal(0, 1), delay=2) for a in three for b in three],
        schedule=ns.Synchronous(),
    )
