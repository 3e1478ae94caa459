"""Networks of one object of synapses, and the synapses that are drawn for it."""

import numpy as np
from scipy import stats

import neurosim as ns
from neurosim.plan.draw import draw_synapses
from neurosim.plan.materialize import weight_matrix


def graded(name, shape, **more):
    return ns.Neurons(name, shape, **({"update": "v = I"} | more))


def spiking(name, shape):
    return ns.Neurons(name, shape, update="v = I", threshold="v > 1", reset="v = 0")


def net_of(wiring, pre, post, weight=1.0, **more):
    return ns.Network(
        ns.Synapses(pre, post, wiring=wiring, weight=weight, name="s", **({"delay": 1} | more)),
        schedule=ns.Synchronous(),
    )


def drawn(wiring, pre, post, weight=1.0, seed=0):
    """The synapses that a wiring draws, sorted by sender."""
    return draw_synapses(net_of(wiring, pre, post, weight), "s", seed)


def matrix(wiring, pre, post, weight, seed=0):
    """The weights (post, pre)."""
    return weight_matrix(net_of(wiring, pre, post, weight), "s", seed).number


def fits(counts, expected):
    """Pearson's chi-square test: whether the counts can come from the expected distribution."""
    return stats.chisquare(counts, np.asarray(expected) * np.sum(counts) / np.sum(expected)).pvalue > 1e-4


a, b, square = graded("a", 4), graded("b", 6), graded("square", 5)
image, maps = graded("image", (6, 6, 2)), graded("maps", (6, 6, 4))
rows, columns = graded("rows", (3, 4)), graded("columns", (3, 5))
many, more = graded("many", 300), graded("more", 500)
