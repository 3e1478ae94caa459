"""Flags of equations: (shared) has one value, (constant over dt) is evaluated once in a tick."""

import numpy as np
import pytest
from refusals_side import D, P, check

import neurosim as ns
from neurosim.units import ms

NEURONS = """
    s = randn() : 1 (shared, constant over dt)
    twice = 2*single : 1 (constant over dt)
    single = s + rand() : 1 (constant over dt)
    dv/dt = single/ms : 1
    g : 1 (shared)
    dx/dt = (g*fast - x)/(5*ms) : 1 (shared)
    fast = 2 + t/(9*ms) : 1 (shared)
"""
SYNAPSES = """
    h = rand() : 1 (constant over dt)
    k = rand() + s_post : 1 (shared, constant over dt)
    tau : second (shared, constant)
    da/dt = (h + k)/tau : 1 (clock-driven)
    total_post = h : 1 (summed)
"""
RECORD = [
    "cells.s",
    "cells.twice",
    "cells.single",
    "cells.v",
    "cells.x",
    "cells.total",
    "join.h",
    "join.k",
    "join.a",
]


def network():
    ears = ns.Neurons("ears", 2)
    cells = ns.Neurons("cells", 3, equations=NEURONS + "total : 1", method="rk4", g=3, x="rand()")
    text = {"model": SYNAPSES, "on_pre": "v_post += k"}
    return ns.Network(ns.Synapses(ears, cells, name="join", tau=4 * ms, **text), schedule=ns.Clock(1 * ms))


def run(engine, first=0, last=6, **more):
    more.setdefault("trials", 2)
    spikes = np.array([1, 4]), np.array([0, 1])
    chosen = (spikes[0] >= first) & (spikes[0] < last)
    inputs = {"ears": (spikes[0][chosen] - first, spikes[1][chosen])}
    return ns.run(network(), inputs, ticks=last - first, record=RECORD, engine=engine, **more)


def test_what_is_shared_is_drawn_once_and_what_is_constant_over_dt_is_evaluated_once():
    found = run("reference")
    s, single, v, x = (found[f"cells.{name}"] for name in ("s", "single", "v", "x"))
    assert (s == s[:, :, :1]).all() and len(np.unique(s)) == 12  # another one for each trial and tick
    assert abs(s).max() > 1
    drawn = single - s
    assert len(np.unique(drawn)) == 36 and (drawn >= 0).all() and (drawn < 1).all()
    np.testing.assert_array_equal(found["cells.twice"], 2 * single)
    # Every stage of rk4 sees the same value. What arrives at tick 1 adds k, once for each spike.
    np.testing.assert_allclose(v[:, 1], single[:, 0], rtol=1e-14)
    k = found["join.k"]
    np.testing.assert_allclose(v[:, 2] - v[:, 1], single[:, 1] + k[:, 1, :3], rtol=1e-12)
    assert (k == k[:, :, :1]).all() and len(np.unique(k)) == 12
    np.testing.assert_allclose(
        np.diff(found["join.a"], axis=1), ((found["join.h"] + k) / 4)[:, :-1], rtol=1e-12
    )
    h = found["join.h"].reshape(2, 6, 2, 3)
    np.testing.assert_allclose(found["cells.total"][:, 1:], h.sum(axis=2)[:, :-1], rtol=1e-14)
    assert (x == x[:, :, :1]).all() and 0 < x[0, 0, 0] < 1 and x[0, -1, 0] > 3


@pytest.mark.parametrize("precision", ["double", "single"])
def test_flags_are_the_same_on_all_engines_in_pieces_and_for_any_number_of_threads(precision):
    theirs = run("reference", precision=precision)
    ours = run("events", precision=precision)
    first = run("events", last=2, precision=precision)
    second = run("events", first=2, start=first)
    alone = run("events", trials=1, threads=2, precision=precision)
    equal = np.testing.assert_array_equal if precision == "double" else rounded
    for name in RECORD:
        equal(ours[name], theirs[name])
        np.testing.assert_array_equal(np.concatenate([first[name], second[name]], axis=1), ours[name])
        np.testing.assert_array_equal(alone[name], ours[name][:1])


def rounded(a, b):
    np.testing.assert_allclose(a, b, rtol=3e-6)


def test_what_is_constant_over_dt_is_saved_replayed_and_refused_where_it_makes_no_sense(tmp_path):
    recording = run("reference", to=tmp_path / "run.h5")
    assert ns.replay(recording).identical
    assert "run             cells (constant over dt, shared)" in str(network())
    with pytest.raises(P) as raised:
        run("arrays")
    check(raised, ["(constant over dt)", "engine='reference'"])


def pool(equations="", **more):
    return lambda: ns.Neurons("pool", 2, equations=equations, **more)


def ran(equations="", inputs=None, schedule=None, start=None, **more):
    cells = ns.Neurons("pool", 2, equations=equations, **more)
    net = lambda: ns.Network(cells, schedule=schedule or ns.Clock(1 * ms))  # noqa: E731
    return lambda: ns.run(net(), inputs, ticks=None if inputs else 2, start=start)


def joined(
    model="", equations="v : 1\ng : 1 (constant)\nz : 1 (shared)\nq = v : 1 (constant over dt)", **more
):
    ears, cells = ns.Neurons("ears", 2, update="v = v"), ns.Neurons("pool", 2, equations=equations)
    return lambda: ns.run(
        ns.Network(ns.Synapses(ears, cells, model=model, **more), schedule=ns.Clock(1 * ms)), ticks=1
    )


REFUSED = {
    "unknown": (pool("x : 1 (linked)"), D, "(linked)", "not a flag"),
    "of another kind": (pool("x : 1 (unless refractory)"), D, "'x' is a parameter", "(constant)"),
    "of another kind of synapses": (joined("x : 1 (event-driven)"), D, "'x' is a parameter", "(shared)"),
    "two that exclude": (joined("dx/dt = -x/ms : 1 (event-driven, clock-driven)"), D, "do not go together"),
    "summed and held": (joined("v_post = w : 1 (summed, constant over dt)"), D, "do not go together"),
    "array": (pool("x : 1 (shared)", x=[1, 2]), D, "'x' is (shared)", "Give one number"),
    "expression": (ran("x : 1 (shared)", x="i + 1.0"), P, "'x' is (shared)", "Give one for all"),
    "array of synapses": (joined("q : 1 (shared)", q=[1, 2, 3, 4]), D, "'q' is (shared)", "Give one number"),
    "of each neuron": (pool("v : 1\nx = 2*v : 1 (shared)"), D, "reads 'v'", "mark 'v' (shared) too"),
    "of each synapse": (joined("x = 2*v_post : 1 (shared)"), D, "reads 'v_post'", "mark"),
    "random": (pool("x = rand() : 1 (shared)"), D, "rand()", "(shared, constant over dt)"),
    "noise": (pool("dx/dt = -x/ms + xi/ms**0.5 : 1 (shared)"), D, "xi would be drawn", "randn()"),
    "noise held": (pool("x = xi*ms**0.5 : 1 (constant over dt)"), D, "white noise xi", "randn()/sqrt(dt)"),
    "update": (pool("x : 1 (shared)", update="x = 1"), D, "text changes 'x'", "one value"),
    "reset": (
        pool("x = v : 1 (constant over dt)\nv : 1", threshold="v > 1", reset="x = 1"),
        D, "text changes 'x'", "its expression alone sets it",
    ),
    "to": (joined(to="g"), D, "to='g' changes 'g'", "(constant)"),
    "on_pre": (joined(on_pre="z_post += w"), D, "on_pre changes 'z_post'", "(shared)"),
    "regularly, of synapses": (
        joined(regularly=(2 * ms, "z_post += w")), D, "regularly changes 'z_post'", "(shared)",
    ),
    "regularly, constant": (joined("c : 1 (constant)", regularly=(2 * ms, "c = 2")), D, "'c'", "(constant)"),
    "regularly, of each": (
        pool("x : 1 (shared)\nv : 1", regularly=(2 * ms, "x = 1\nv = x")), D,
        "regularly changes 'x'", "'v', which each neuron has for itself", "a text of its own",
    ),
    "regularly, by each": (pool("x : 1 (shared)", regularly=(2 * ms, "x = i")), D, "'x'", "'i', which each"),
    "on_pre, bare": (joined(on_pre="q += w"), D, "on_pre changes 'q'", "(constant over dt)"),
    "on_pre, own": (joined("c : 1 (constant)", on_pre="c += w"), D, "on_pre changes 'c'", "(constant)"),
    "on_post": (joined(on_post="g_post += w"), D, "on_post changes 'g_post'", "(constant)"),
    "summed": (joined("g_post = w : 1 (summed)"), D, "'g_post' (summed) changes 'g'", "(constant)"),
    "circle": (ran("x = y : 1 (constant over dt)\ny = x : 1 (constant over dt)"), P, "circle x -> y -> x"),
    "message": (joined("h = v_pre : 1 (constant over dt)"), P, "reads 'v_pre'", "arrives later"),
    "start of what is shared": (
        ran("v : 1 (shared)", start={"pool.v": [1, 2]}), D, "'pool.v' is (shared)", "Give one number",
    ),
    "start of what is held": (
        ran("v = t/ms : 1 (constant over dt)", start={"pool.v": 2}), D, "(constant over dt)", "Leave it out",
    ),
    "sweep": (
        ran("x = v : 1 (constant over dt)", update="v = I", schedule=ns.Asynchronous()),
        D, "'x' is (constant over dt)", "update text",
    ),
    "clamp": (
        ran("x = 1 : 1 (constant over dt)", inputs={"pool": np.ones((3, 2))}),
        P, "'x' is (constant over dt)", "Leave the input out",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_flag_that_makes_no_sense_is_refused(case):
    describe, kind, *pieces = REFUSED[case]
    with pytest.raises(kind) as raised:
        describe()
    check(raised, pieces)
