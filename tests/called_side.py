"""Functions for the tests of constants that text calls; processes that tests start import them from here."""

import numpy as np

import neurosim as ns
from neurosim.units import ms, mV


def halved(v):
    return v / 2


@ns.function
def decorated(v):
    return v + 1


HALF = ns.function(halved, cpp="return v/2;")
LARGER = ns.function(lambda a, b: a > b, cpp="return a > b;", name="larger")
THREE = ns.function(lambda: 3, cpp="return 3;", name="three")


def everywhere(scale=1.0, *, delay=1 * ms):
    """Tables and functions in equations, threshold, reset, refractory, synapses of all kinds, and chances."""
    table = ns.sampled(scale * np.arange(1, 13).reshape(4, 3), 2 * ms)
    twice = ns.function(
        lambda v, k: v * k, {"v": mV}, cpp="return twice(v)*k/2;",
        support="#include <cmath>\nstatic double twice(double x) { return 2*std::fabs(x); }", name="doubled",
    )  # fmt: skip
    cells = ns.Neurons(
        "cells", 3,
        equations="dv/dt = (level(t - 1*ms, i)*mV - v)/tau : volt\n"
        "x = doubled(v, 2) + three()*larger(i, 1) + pulse : 1\n"
        "pulse = level(t, 1)*larger(rand(), 0.5) : 1 (shared, constant over dt)",
        threshold="rand() < level(t, i)/20", reset="v = v/2 + level(t, clip(i - 1, 0, 2))*mV*rand()",
        refractory="level(t, 2 - i)*ms/4", tau=8 * ms, level=table, doubled=twice,
        three=THREE, larger=LARGER, v="doubled(i*mV, 3)*volt",
    )  # fmt: skip
    noise = ns.Neurons(
        "noise", 1, threshold="rand() < chance(t, 1)", chance=ns.sampled([[0, 0.2], [1, 0.5]], 3 * ms)
    )
    out = ns.Neurons(
        "out", 2, equations="dS/dt = -S/(5*ms) : 1\ntotal : 1", threshold="S > 40", reset="S = 0"
    )
    spikes = ns.Synapses(
        cells, out, delay=delay, weight=1.0, name="spikes",
        model="dg/dt = (now - g)/(4*ms) : 1 (clock-driven)\nnow = wave(t) : 1 (shared)\n"
        "total_post = half(g) + cellwise(t, i_pre) : 1 (summed)",
        on_pre="S += half(g + x_pre)*w\nw += wave(t - 2*ms)", on_post="w = half(w)",
        wave=ns.sampled([1.0, 2.0, 4.0], 1.5 * ms), cellwise=table, half=HALF, method="euler",
    )  # fmt: skip
    background = ns.Synapses(noise, out, to="S", wiring=ns.private(7), weight=0.5)
    return ns.Network(spikes, background, schedule=ns.Clock(0.5 * ms))


def alone(update="v = f(v)", schedule=None, **constants):
    cells = ns.Neurons("cells", 3, update=update, **constants)
    return ns.Network(cells, schedule=schedule or ns.Synchronous())


def values(net, engine="reference", **options):
    return np.asarray(ns.run(net, ticks=6, record="cells", engine=engine, **options)["cells"])
