"""Scenarios of text, random numbers and parts of populations, which every engine runs."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
from nets import SUM, clock, layered, synchronous

import neurosim as ns
from neurosim.units import Hz, ms, mV, second


def test_private_sources_are_binomial_and_memoryless(engine):
    noise = ns.Neurons("noise", 1, threshold="rand() < rate*dt", rate=8 * Hz)
    cells = ns.Neurons("cells", 500, update="v = I")
    net = clock(ns.Synapses(noise, cells, wiring=ns.private(1000), weight=2.0), dt=0.5 * ms)
    arrived = ns.run(net, ticks=200, record=["cells.I"], engine=engine)["cells.I"][1:] / 2
    n, p = 1000, 8 * 0.5e-3
    assert arrived.mean() == pytest.approx(n * p, abs=5 * np.sqrt(n * p / arrived.size))
    assert arrived.var() == pytest.approx(n * p * (1 - p), rel=0.05)
    assert abs(np.corrcoef(arrived[:-1].ravel(), arrived[1:].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize("sources", [1000, 4_000_000, 2**31 - 1])
@pytest.mark.parametrize("schedule", [ns.Clock(1 * ms), ns.Layered()], ids=str)
def test_private_sources_spike_with_the_present_chance_of_their_sender(engine, schedule, sources):
    rate, noise = (
        ns.Neurons("rate", 3),
        ns.Neurons("noise", 3, update="x = x + 1", threshold="rand() < r*p", ports="r", p=[0.1, 0.4, 0.2]),
    )
    cells = ns.Neurons("cells", 7, update="v = I")
    drive = np.abs(np.sin(0.3 * np.arange(30)[:, None] + np.arange(3)))
    to_rate = ns.Synapses(rate, noise, to="r", wiring=ns.one_to_one())
    net = ns.Network(to_rate, ns.Synapses(noise[1], cells, wiring=ns.private(sources)), schedule=schedule)
    drawn = ns.run(net, {"rate": drive}, ticks=30, record=["cells"], engine=engine)["cells"]
    late = int(
        isinstance(schedule, ns.Clock)
    )  # cells read at a tick what arrived after they had moved at the tick before
    wanted, spread = (
        f(sources, 0.4 * drive[: len(drive) - 2 * late, 1])
        for f in (scipy.stats.binom.mean, scipy.stats.binom.std)
    )
    assert (np.abs(drawn[2 * late :].T - wanted) < 5 * spread + 1).all()
    if engine != "reference":
        np.testing.assert_array_equal(
            drawn, ns.run(net, {"rate": drive}, ticks=30, record=["cells"], engine="reference")["cells"]
        )


# what arrivals within one population leave: text, senders, targets, v before; v and w after
ONE_POPULATION = {
    "a sender that a target's change reaches": (
        "v_post += 0.5*v_pre",
        [0, 1],
        [1, 0],
        [1, 2],
        [2.25, 2.5],
        [1, 1],
    ),
    "a subexpression of it": ("v_post += y_pre", [0, 1], [1, 0], [1, 2], [9, 4], [1, 1]),
    "its own sender": ("v_pre += 1\nv_post += v_pre", [0, 1], [0, 1], [3, 5], [8, 12], [1, 1]),
    "its own sender, set": ("v_pre = 3\nv_post += 1", [0, 1], [0, 1], [3, 5], [4, 4], [1, 1]),
    "its own sender, added to twice": ("v_pre += 3\nv_post += 1", [0, 1], [0, 1], [1, 2], [5, 6], [1, 1]),
    "one variable by two names": ("v += 3\nw += v_pre\nw += v_post", [0, 1], [0, 0], [1, 2], [7, 2], [9, 10]),
}


@pytest.mark.parametrize("case", ONE_POPULATION)
def test_all_statements_of_one_arrival_act_before_the_next_also_within_one_population(engine, case):
    text, pre, post, before, v, w = ONE_POPULATION[case]
    cells = ns.Neurons(
        "cells",
        2,
        equations="dc/dt = 1/ms : 1\nv : 1\ny = 2*v : 1",
        threshold="c > 2.5 and c < 3.5",
        v=np.array(before, float),
    )
    net = clock(ns.Synapses(cells, cells, wiring=ns.pairs(pre, post), on_pre=text, delay=1 * ms, name="s"))
    found = ns.run(net, ticks=8, record=["cells.v", "s.w"], engine=engine)
    np.testing.assert_array_equal(found["cells.v"][-1], v)
    np.testing.assert_array_equal(found["s.w"][-1], w)


@pytest.mark.parametrize("precision", ["double", "single"])
def test_a_trace_decays_by_the_same_law_however_late_it_is(engine, precision):
    trace = "da/dt = -a/(2*ms) : 1 (event-driven)\nb : 1"
    p, q = ns.Neurons("p", 1), ns.Neurons("q", 1, update="v = (t - 30000*second)/ms")
    net = clock(ns.Synapses(p, q, model=trace, on_pre="b = a\na = 1", delay=1 * ms, name="s"))
    begun = ns.run(net, {"p": ([0], [0])}, ticks=3, engine=engine, precision=precision)
    later, final = 30_000_000, dict(begun.final)  # ticks: eight hours
    for key, value in begun.final.items():
        counted = key == "tick" or key.endswith(("/due", "/sent")) or key.startswith("last_spike")
        final[key] = value + later * (1 if counted else 1e-3 if key.endswith("lastupdate") else 0)
    begun._store._final = final
    found = ns.run(
        net, {"p": ([0, 1, 5], [0, 0, 0])}, ticks=9, start=begun, engine=engine, record=["s.b", "q.v"]
    )
    wanted = np.repeat(
        [0, np.exp(-3 / 2), np.exp(-1 / 2)], [2, 1, 4]
    )  # arrivals at ticks 1, 4 and 5; recorded at the start of a tick
    np.testing.assert_allclose(found["s.b"][:7, 0], wanted, rtol=1e-6 if precision == "single" else 1e-9)
    np.testing.assert_allclose(found["q.v"][1:, 0], np.arange(3.0, 11.0), atol=1e-6)


@pytest.mark.parametrize("precision", ["double", "single"])
def test_whole_numbers_in_text_are_floats_that_never_wrap_around(engine, precision):
    text = {
        "a": ("(i+1)*3000000000*5000000", lambda i: (i + 1) * 1.5e16),
        "b": ("k*k*k + N**20", lambda i: (1e7 * i) ** 3 + 5.0**20),
        "c": ("int(4e300*(i+1)/1e290) - int(-2.5)", lambda i: 4e10 * (i + 1) + 2),
        "d": ("(i-3)//2 + (i-3) % 2", lambda i: (i - 3) // 2 + (i - 3) % 2),
        "e": ("sigmoid(i-2) + sigmoid(1)", lambda i: scipy.special.expit(i - 2) + scipy.special.expit(1)),
        "f": ("sqrt(i) + abs(-i)", lambda i: i**0.5 + i),
        "g": ("2**40 + 2**52*4096*i", lambda i: 2.0**40 + 2.0**64 * i),
        "h": ("(i > 1) + 1 + int(i > 3)", lambda i: (i > 1) + 1.0 + (i > 3)),
    }
    cells = ns.Neurons(
        "cells",
        5,
        update="\n".join(f"{name} = {line}" for name, (line, _) in text.items()),
        k=np.arange(5) * 10**7,
    )
    found = ns.run(
        synchronous(cells),
        ticks=1,
        record=[f"cells.{name}" for name in text],
        engine=engine,
        precision=precision,
    )
    for name, (line, law) in text.items():
        wanted = np.broadcast_to(law(np.arange(5.0)), 5)
        np.testing.assert_allclose(
            found[f"cells.{name}"][0], wanted, rtol=1e-14 if precision == "double" else 1e-6, err_msg=line
        )


def test_whole_numbers_and_truth_values_are_counted_as_floats(engine):
    cells = ns.Neurons(
        "cells",
        23,
        update=(
            "a = prod(i + 1)\nb = sum(i > 3)\nc = argmax(i == 4)\nd = cumsum(i > 20)\ne = take(2*i, 22 - i)"
        ),
    )
    found = ns.run(synchronous(cells), ticks=1, record=[f"cells.{name}" for name in "abcde"], engine=engine)
    i = np.arange(23)
    for name, wanted in {
        "a": 25852016738884976640000.0,
        "b": 19,
        "c": 4,
        "d": np.maximum(i - 20, 0),
        "e": 44 - 2 * i,
    }.items():
        np.testing.assert_allclose(found[f"cells.{name}"][0], np.broadcast_to(wanted, 23), rtol=1e-14)


def test_functions_look_along_the_axis_that_they_name(engine):
    x = np.random.default_rng(4).standard_normal((1, 3, 4))
    text = """a = softmax(I)
              b = sum(I, axis=0)
              c = I - mean(I)
              d = max(I, axis=1)
              e = sort(I)
              f = argmax(I)
              g = cumsum(I, axis=-2)
              h = norm(I)
              k = take(I, argsort(I))"""
    y = ns.Neurons("y", (3, 4), update=text)
    drive = ns.Neurons("x", (3, 4))
    names = list("abcdefghk")
    recording = ns.run(
        layered(ns.Synapses(drive, y, wiring=ns.one_to_one())),
        {"x": x},
        record=[f"y.{n}" for n in names],
        engine=engine,
    )
    I = x[0]
    e = np.exp(I - I.max(axis=1, keepdims=True))
    expected = {
        "a": e / e.sum(axis=1, keepdims=True),
        "b": np.tile(I.sum(axis=0), (3, 1)),
        "c": I - I.mean(axis=1, keepdims=True),
        "d": np.repeat(I.max(axis=1, keepdims=True), 4, axis=1),
        "e": np.sort(I, axis=1),
        "f": np.repeat(I.argmax(axis=1)[:, None], 4, axis=1),
        "g": np.cumsum(I, axis=0),
        "h": np.repeat(np.linalg.norm(I, axis=1, keepdims=True), 4, axis=1),
        "k": np.sort(I, axis=1),
    }
    for name in names:
        np.testing.assert_allclose(recording[f"y.{name}"][0], expected[name], atol=1e-14, err_msg=name)


def test_random_text_has_the_distributions_that_it_names(engine):
    cells = ns.Neurons(
        "cells",
        (500, 4),
        update="u = rand()\nz = randn()\nk = poisson(2.5)\ns = bernoulli(0.3)\nc = choice(p)",
        p=np.array([1.0, 2, 3, 4]),
    )
    recording = ns.run(synchronous(cells), ticks=20, record=[f"cells.{n}" for n in "uzksc"], engine=engine)
    u, z, k, s, c = (recording[f"cells.{n}"] for n in "uzksc")
    assert abs(u.mean() - 0.5) < 0.01 and u.min() >= 0 and u.max() < 1
    assert abs(z.mean()) < 0.03 and abs(z.std() - 1) < 0.02
    assert abs(k.mean() - 2.5) < 0.05 and abs(k.var() - 2.5) < 0.1
    assert abs(s.mean() - 0.3) < 0.01
    np.testing.assert_array_equal(c.sum(axis=-1), 1)
    np.testing.assert_allclose(c.mean(axis=(0, 1)), [0.1, 0.2, 0.3, 0.4], atol=0.02)


def test_adding_another_object_changes_no_random_number(engine):
    def noisy(*more):
        cells = ns.Neurons("cells", 20, update="v = 0.5*v + randn() + I")
        return synchronous(
            *more, ns.Synapses(cells, cells, wiring=ns.probability(0.3), weight=ns.normal(0, 0.1), delay=1)
        )

    other = ns.Neurons("other", 7, update="v = randn()")
    alone, together = (
        ns.run(net, ticks=10, record=["cells"], engine=engine)["cells"] for net in (noisy(), noisy(other))
    )
    np.testing.assert_array_equal(alone, together)


def test_an_online_kohonen_map_moves_the_winners_weights(engine):
    x = ns.Neurons("x", 2)
    units = ns.Neurons("units", 3, update="near = (i == argmax(-I))", sends="near")
    w = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    move = "w += 0.5*near_post*(v_pre - w)"
    net = layered(
        ns.Synapses(x, units, weight=w, on_pre="I_post += (v_pre - w)**2", on_post=move, name="codebook")
    )
    recording = ns.run(net, {"x": [[0.8, 0.2], [0.0, 1.0]]}, record=["units.I", "codebook.w"], engine=engine)
    np.testing.assert_allclose(recording["units.I"][0], [0.68, 0.08, 3.88], atol=1e-15)
    w[1] += 0.5 * (np.array([0.8, 0.2]) - w[1])
    np.testing.assert_allclose(recording["codebook.w"][0].reshape(2, 3), w.T, atol=1e-15)
    distance = ((np.array([0.0, 1.0]) - w) ** 2).sum(axis=1)
    np.testing.assert_allclose(recording["units.I"][1], distance, atol=1e-15)


def test_arrivals_that_disturb_each_other_act_one_after_the_other(engine):
    """Each arrival halves the way to 1, then counts it: the order of sequence and of statements matters."""
    source, target = (
        ns.Neurons("source", 3),
        ns.Neurons("target", 1, equations="dx/dt = 0/second : 1\nlog : 1"),
    )
    text = "x_post = (x_post + w)/2\nlog_post = 10*log_post + x_post"
    net = clock(ns.Synapses(source, target, weight=np.array([[1.0, 2.0, 4.0]]), on_pre=text))
    end = ns.run(net, {"source": ([0, 0, 0], [0, 1, 2])}, ticks=1, engine=engine).final
    assert end["state/target/x"].item() == ((0 + 1) / 2 + 2) / 4 + 2
    assert end["state/target/log"].item() == 100 * 0.5 + 10 * 1.25 + 2.625


def test_a_part_stands_for_a_population(engine):
    a, b = ns.Neurons("a", 4), ns.Neurons("b", (2, 3), **SUM)
    net = layered(
        ns.Synapses(a[1:3], b[:, 0], wiring=ns.one_to_one(), weight=2.0),
        ns.Synapses(a[3], b[1, 1:], weight=5.0),
    )
    v = ns.run(net, {"a": [[1.0, 10.0, 100.0, 1000.0]]}, record=["b", "b[1]"], engine=engine)
    np.testing.assert_array_equal(v["b"][0], [[20, 0, 0], [200, 5000, 5000]])
    np.testing.assert_array_equal(v["b[1]"][0], [200, 5000, 5000])


def test_a_leaky_integrator_fires_at_the_rate_of_its_formula(engine):
    drive = np.array([16.0, 20.0, 30.0, 60.0])
    cells = ns.Neurons(
        "cells",
        4,
        equations="dv/dt = (RI - v)/tau : volt (unless refractory)",
        threshold="v > theta",
        reset="v = 0*mV",
        refractory=2 * ms,
        tau=20 * ms,
        theta=15 * mV,
        RI=drive * mV,
    )
    rates = ns.run(clock(cells, dt=0.02 * ms), duration=1 * second, record=["cells"], engine=engine).rates(
        "cells"
    )
    expected = 1 / (0.002 + 0.020 * np.log(drive / (drive - 15)))
    np.testing.assert_allclose(rates, expected, atol=1.5)


def test_exact_integration_is_right_for_equal_time_constants(engine):
    equations = "dv/dt = (g - v)/tau : 1\ndg/dt = (h - g)/tau : 1\ndh/dt = -h/tau : 1"
    cells = ns.Neurons("cells", 1, equations=equations, tau=5 * ms, h=1.0)
    v = ns.run(clock(cells, dt=0.1 * ms), duration=20 * ms, record=["cells.v"], engine=engine)[
        "cells.v"
    ].ravel()
    s = np.arange(200) * 0.1 / 5
    np.testing.assert_allclose(v, s**2 / 2 * np.exp(-s), atol=1e-14)


def test_a_constant_input_is_integrated_exactly(engine):
    drive, cells = ns.Neurons("drive", 1), ns.Neurons("cells", 1, equations="dv/dt = (I - v)/(10*ms) : 1")
    v = ns.run(
        clock(ns.Synapses(drive, cells)), {"drive": np.full((50, 1), 3.0)}, record=["cells.v"], engine=engine
    )["cells.v"].ravel()
    np.testing.assert_allclose(v, 3 * (1 - np.exp(-np.arange(50) / 10)), atol=1e-14)
