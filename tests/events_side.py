"""Networks that together use all features of the event engine, and the comparison of two runs to the bit."""

import numpy as np

import neurosim as ns
from neurosim.units import Hz, ms

FLIGHTS = {
    "queue": ("receiver", "order", "sent", "due", "trial"),
    "arrivals": ("synapse", "sent", "due", "trial"),
}
PAIRED = """w : 1
            dbefore/dt = -before/(15*ms) : 1 (event-driven)
            dafter/dt = -after/(20*ms) : 1 (event-driven)"""


def balanced(
    n=160, *, drive=1.05, weight=0.08, heard=0.2, tau=20 * ms, longest=6 * ms, period=2 * ms, dt=0.5 * ms
):
    """Linear neurons, integrated exactly, with delays of many lengths, a refractory period, private sources,
    spikes as inputs, and noise of spikes."""
    cells = ns.Neurons(
        "cells",
        n,
        equations=(
            "dv/dt = (g + h + drive - v)/tau : 1 (unless refractory)\ndg/dt = -g/(5*ms) : 1\ndh/dt ="
            " -h/(10*ms) : 1"
        ),
        threshold="v > 1",
        reset="v = 0",
        refractory=period,
        method="exact",
        drive=drive,
        tau=tau,
        v=ns.uniform(0, 1),
    )
    ears = ns.Neurons("ears", 40)
    background = ns.Neurons("background", 1, threshold="rand() < rate*dt", rate=20 * Hz)
    noise = ns.Neurons("noise", 50, threshold="rand() < 0.02")
    delay, half = ns.uniform(0 * ms, longest), 3 * n // 4
    return ns.Network(
        ns.Synapses(
            cells[:half],
            cells,
            to="g",
            wiring=ns.probability(0.1),
            weight=ns.normal(weight, 0.01),
            delay=delay,
            name="excite",
        ),
        ns.Synapses(
            cells[half:],
            cells,
            to="h",
            wiring=ns.probability(0.1),
            weight=-4 * weight,
            delay=delay,
            name="inhibit",
        ),
        ns.Synapses(ears, cells, to="v", wiring=ns.indegree(3), weight=heard, delay=1 * ms),
        ns.Synapses(background, cells, to="g", wiring=ns.private(50), weight=0.02),
        ns.Synapses(
            noise, cells, to="v", wiring=ns.outdegree(7), weight=0.05, delay=ns.uniform(1 * ms, 2 * ms)
        ),
        schedule=ns.Clock(dt),
    )


def spoken(ticks, senders=40, seed=3):
    """Spike events at random ticks."""
    rng = np.random.default_rng(seed)
    said = np.argwhere(rng.random((ticks, senders)) < 0.02)
    return said[:, 0], said[:, 1]


def part(inputs, start, stop):
    """The part of the inputs from one tick to another."""
    chosen = {name: (ticks >= start) & (ticks < stop) for name, (ticks, _) in inputs.items()}
    return {
        name: (ticks[chosen[name]] - start, neurons[chosen[name]])
        for name, (ticks, neurons) in inputs.items()
    }


SPLIT = ["cells", "cells.v", "cells.g", "relay.x", "relay", "paired.w", "paired.before", "unsure.w", "noise"]


def learning(n=150):
    """A network that runs in blocks of ticks: weights that depend on the order of spikes, delays of many
    lengths, and all kinds of random numbers."""
    cells = ns.Neurons(
        "cells",
        n,
        equations=(
            "dv/dt = (g + drive - v)/(12*ms) + 0.3*sqrt(2/(12*ms))*xi : 1 (unless refractory)\ndg/dt ="
            " -g/(4*ms) : 1\ncount : 1"
        ),
        threshold="v > 1",
        reset="v = 0.2*rand()\ncount += 1",
        refractory="2*ms + 2*ms*(v > 0.1)",
        method="euler",
        drive=ns.uniform(0.8, 1.2),
        v=ns.uniform(0, 1),
    )
    relay = ns.Neurons(
        "relay", 70, update="x = 0.5*x + I + 0.3*randn() + poisson(0.1)", threshold="x > 1.5", reset="x = 0"
    )
    background = ns.Neurons("background", 1, threshold="rand() < rate*dt", rate=30 * Hz)
    noise = ns.Neurons("noise", 45, threshold="rand() < 0.05")
    before = "g_post += w\nbefore += 0.02\nw = clip(w + after, 0, 0.4)"
    after = "after -= 0.02\nw = clip(w + before, 0, 0.4)"
    unsure = "w = clip(w + 0.02*randn(), 0, 1)\ng_post += w*(rand() < 0.6)"
    delay = ns.uniform(0 * ms, 7 * ms)
    return ns.Network(
        ns.Synapses(
            noise,
            cells,
            wiring=ns.probability(0.2),
            weight=ns.uniform(0, 0.3),
            delay=delay,
            model=PAIRED,
            on_pre=before,
            on_post=after,
            name="paired",
        ),
        ns.Synapses(
            cells, cells, wiring=ns.probability(0.05), weight=0.1, delay=delay, on_pre=unsure, name="unsure"
        ),
        ns.Synapses(cells, relay, wiring=ns.probability(0.1), weight=ns.normal(0.3, 0.1), delay=delay),
        ns.Synapses(relay, cells, to="g", wiring=ns.probability(0.1), weight=0.1, delay=delay),
        ns.Synapses(background, cells, to="g", wiring=ns.private(20), weight=0.05),
        schedule=ns.Clock(0.5 * ms),
    )


def graded(n=30, m=20, *, schedule, density=0.3, weight=0.2, delay=2, leak=0.5):
    """Values sent through stored and dense synapses, to ports that take the sum and one that takes the
    maximum."""
    drive = ns.Neurons("drive", 3)
    a = ns.Neurons(
        "a", n, update="v = (1 - leak)*v + leak*tanh(I) + 0.01*randn()", leak=leak, v=ns.uniform(-1, 1)
    )
    b = ns.Neurons("b", m, ports="I loud:max", update="s = sign(I + 0.3*loud - 0.01)", s=1.0)
    wiring = ns.probability(density)
    return ns.Network(
        ns.Synapses(drive, a, weight=ns.uniform(-1, 1)),
        ns.Synapses(a, a, wiring=wiring, weight=ns.normal(weight, 0.3), delay=delay, name="echo"),
        ns.Synapses(a, b, to="I", weight=ns.normal(0, 0.3), delay=delay),
        ns.Synapses(a, b, to="loud", wiring=wiring, weight=weight, delay=1),
        ns.Synapses(b, b, to="I", wiring=wiring, weight=ns.normal(0, 0.3), delay=1, name="vote"),
        ns.Synapses(b, a, wiring=wiring, weight=weight, delay=1),
        schedule=schedule,
    )


def assert_same(first, second, *, tolerance=0.0):
    """Assert that two recordings hold the same spikes, samples and final state: every array of the
    checkpoint, pending arrivals included.

    `tolerance` is that of samples and states. Spikes must be equal in any case.
    """
    assert set(first.names) == set(second.names)
    for probe in first.probes:
        _assert_same_record(probe, first, second, tolerance)
    assert _engines_own(first) == _engines_own(second) or first.header.engine != second.header.engine
    assert set(first.final) - _engines_own(first) == set(second.final) - _engines_own(second)
    for key in sorted(set(first.final) & set(second.final)):
        if key.split("/")[0] not in FLIGHTS:
            _assert_alike(key, first.final[key], second.final[key], tolerance)
    for key in sorted(key for key in first.final if key.endswith("/due")):
        kind, stem = key.split("/")[0], key.removesuffix("/due")
        ranked = [
            np.lexsort([end[f"{stem}/{part}"] for part in FLIGHTS[kind]])
            for end in (first.final, second.final)
        ]
        for part in (k for k in first.final if k.startswith(f"{stem}/")):
            _assert_alike(
                part,
                *(
                    np.asarray(end[part])[order]
                    for end, order in zip((first.final, second.final), ranked, strict=True)
                ),
                tolerance,
            )


def _engines_own(recording):
    """The arrays of a checkpoint that only the event engine has: products of matrices."""
    return {key for key in recording.final if key.startswith("product/")}


def _assert_same_record(probe, first, second, tolerance):
    if probe.events:
        a, b = first.spikes(probe.name), second.spikes(probe.name)
        for part in ("trial", "tick", "neuron"):
            np.testing.assert_array_equal(
                getattr(a, part), getattr(b, part), err_msg=f"spikes of {probe.name}"
            )
    else:
        _assert_alike(probe.name, first[probe.name], second[probe.name], tolerance)


def _assert_alike(name, a, b, tolerance):
    a, b = np.asarray(a), np.asarray(b)
    assert (a.shape, a.dtype) == (b.shape, b.dtype), name
    if tolerance and a.dtype.kind == "f":
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=name)
    elif a.tobytes() != b.tobytes():
        np.testing.assert_array_equal(a, b, err_msg=name)
        raise AssertionError(
            f"{name} differs in bits that do not count as numbers: the sign of a zero, or of what is no "
            "number"
        )


def crowded():
    """A population of one neuron and one of forty, with sums and private sources that are postponed to the
    next tick."""
    equations = "dv/dt = (1.1 + I - v)/(5*ms) : 1"
    few, many = (
        ns.Neurons(
            name, size, equations=equations, threshold="v > 1", reset="v = 0", method="exact", ports="I"
        )
        for name, size in (("few", 1), ("many", 40))
    )
    noise = ns.Neurons("noise", 1, threshold="rand() < 0.1")
    links = [
        ns.Synapses(p, q, wiring=ns.probability(0.7), weight=0.1, delay=1 * ms, name=f"{p.name}_{q.name}")
        for p in (few, many)
        for q in (few, many)
    ]
    own = [
        ns.Synapses(noise, q, to="I", wiring=ns.private(20), weight=0.01, name=f"noise_{q.name}")
        for q in (few, many)
    ]
    return ns.Network(few, many, noise, *links, *own, schedule=ns.Clock(0.5 * ms))
