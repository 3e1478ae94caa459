"""Synapses that act together on the event engine: those with text in vectors, as many as fit, of many
senders; and long bundles of those without."""

from itertools import pairwise

import pytest
from events_tests_side import both

import neurosim as ns
from neurosim.engine.events import build

pytestmark = pytest.mark.skipif(build.find_compiler() is None, reason="there is no C++ compiler")


def of_variables(x, y, count):
    """Synapses with so many variables, one to nine of which share a sender and a delay."""
    names = [f"a_{k}" for k in range(count - 1)] + ["w"]
    changes = [f"{name} = 0.5*{name} + 0.25*{before}" for name, before in pairwise(names)]
    return ns.Synapses(
        x, y, wiring=ns.outdegree(9), weight=ns.uniform(0, 1), delay="1 + floor(3*rand())",
        name=f"of_{count}", model="\n".join(f"{name} : 1" for name in names),
        on_pre="\n".join(["v_post += w", *changes]),
        on_post=f"{names[0]} = 0.5*{names[0]} + 1\nw = 0.75*w + 0.125*{names[0]}",
        **{name: ns.uniform(0, 1) for name in names[:-1]},
    )  # fmt: skip


def long_bundles(x, z):
    """Synapses without text, hundreds of which share a sender, a delay and a weight."""
    return [
        ns.Synapses(
            x, z[part], to="I", wiring=ns.outdegree(count), weight=weight, delay=2, name=f"by_{count}"
        )
        for part, count, weight in ((slice(0, 400), 303, 0.1), (slice(50, 400), 257, -0.7))
    ]


@pytest.mark.parametrize("precision", ["double", "single"])
def test_synapses_of_many_variables_and_long_bundles_do_as_the_references(precision):
    x = ns.Neurons("x", 30, update="n = n + 1", threshold="rand() < 0.15")
    y = ns.Neurons("y", 23, update="v = 0.5*v", threshold="rand() < 0.1")
    z = ns.Neurons("z", 400, update="v = 0.5*v + I")
    synapses = [*(of_variables(x, y, count) for count in (3, 4, 6)), *long_bundles(x, z)]
    net = ns.Network(*synapses, schedule=ns.Synchronous())
    found = both(net, ticks=40, record=["y.v", "z.v"], precision=precision)
    assert found["y.v"].any()
    assert found["z.v"].any()
