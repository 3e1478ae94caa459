"""The tick contract, scenario by scenario, against closed forms; every engine passes the same suite."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
from nets import SUM, clock, layered, synchronous

import neurosim as ns
from neurosim.units import Hz, ms, mV, second


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_a_spike_arrives_after_its_delay(engine, delay):
    source, target = ns.Neurons("source", 2), ns.Neurons("target", 1, equations="dx/dt = 0/second : 1")
    net = clock(ns.Synapses(source, target, to="x", weight=0.5, delay=delay * ms))
    x = ns.run(net, {"source": ([2], [1])}, ticks=8, record=["target.x"], engine=engine)["target.x"]
    np.testing.assert_array_equal(
        x.ravel(), [0.5 if tick > 2 + delay else 0 for tick in range(8)]
    )  # recorded at the start of a tick


def test_an_arrival_acts_before_a_reset_of_the_same_tick(engine):
    cell = ns.Neurons(
        "cell", 1, equations="dx/dt = 0/second : 1\nn : 1", threshold="x > 1", reset="n = x\nx = 0", x=2.0
    )
    net = clock(ns.Synapses(cell, cell, to="x", weight=10.0, delay=0 * ms))
    end = ns.run(net, ticks=1, engine=engine).final
    assert (end["state/cell/n"].item(), end["state/cell/x"].item()) == (12, 0)


def test_heterogeneous_delays_are_kept_one_by_one(engine):
    source, target = ns.Neurons("source", 3), ns.Neurons("target", 3, **SUM)
    delay = np.array([1, 4, 2])
    net = synchronous(ns.Synapses(source, target, wiring=ns.one_to_one(), delay=delay))
    v = ns.run(net, {"source": (np.zeros(3, int), np.arange(3))}, ticks=6, record=["target"], engine=engine)[
        "target"
    ]
    np.testing.assert_array_equal(np.argmax(v, axis=0), delay)
    assert v.sum() == 3


def test_graded_messages_arrive_after_their_delay(engine):
    drive, target = ns.Neurons("drive", 1), ns.Neurons("target", 2, **SUM)
    values = np.arange(1.0, 9.0)[:, None]
    net = synchronous(ns.Synapses(drive, target, wiring=ns.all_to_all(), delay=np.array([[0], [3]])))
    v = ns.run(net, {"drive": values}, record=["target"], engine=engine)["target"]
    np.testing.assert_array_equal(v[:, 0], values[:, 0])
    np.testing.assert_array_equal(v[:, 1], [0, 0, 0, *values[:5, 0]])


@pytest.mark.parametrize("schedule", [ns.Layered, ns.Synchronous])
def test_a_drawn_delay_of_none_brings_what_was_driven_in_the_same_tick(engine, schedule):
    target, drive = ns.Neurons("target", 9, **SUM), ns.Neurons("drive", 9)  # the driven one stands last
    net = ns.Network(
        target,
        ns.Synapses(drive, target, wiring=ns.one_to_one(), delay=ns.uniform(0, 2)),
        schedule=schedule(),
    )
    v = ns.run(
        net, {"drive": np.arange(1.0, 6)[:, None].repeat(9, axis=1)}, record=["target"], engine=engine
    )["target"]
    assert set(v[0]) == {0.0, 1.0}  # at once, or later
    assert (v[-1] >= 3).all()


def test_before_the_first_tick_the_start_state_has_been_sent(engine):
    a = ns.Neurons("a", 1, update="v = v + 1", v=10.0)
    b = ns.Neurons("b", 1, **SUM)
    v = ns.run(synchronous(ns.Synapses(a, b, delay=3)), ticks=5, record=["b"], engine=engine)["b"]
    np.testing.assert_array_equal(v.ravel(), [10, 10, 10, 11, 12])


def test_a_clocked_graded_message_is_the_value_at_the_start_of_the_tick(engine):
    a = ns.Neurons("a", 1, update="v = v + 1", v=5.0)
    b = ns.Neurons("b", 1, **SUM)
    recording = ns.run(clock(ns.Synapses(a, b)), ticks=3, record=["a", "b.I"], engine=engine)
    np.testing.assert_array_equal(recording["a"].ravel(), [5, 6, 7])
    np.testing.assert_array_equal(recording["b.I"].ravel(), [5, 6, 7])


def test_layers_update_in_the_order_of_their_synapses(engine):
    c, b, a = (ns.Neurons(name, 1, update="v = I + 1") for name in "cba")
    x = ns.Neurons("x", 1)
    net = layered(ns.Synapses(b, c), ns.Synapses(a, b), ns.Synapses(x, a))
    assert net.order.index("a") < net.order.index("b") < net.order.index("c")
    v = ns.run(net, {"x": [[0.0], [5.0]]}, record=["c"], engine=engine)["c"]
    np.testing.assert_array_equal(v.ravel(), [3, 8])


def test_synchronous_populations_exchange_their_values(engine):
    a, b = ns.Neurons("a", 1, v=1.0, **SUM), ns.Neurons("b", 1, v=2.0, **SUM)
    net = synchronous(ns.Synapses(a, b, delay=1), ns.Synapses(b, a, delay=1))
    recording = ns.run(net, ticks=4, record=["a", "b"], engine=engine)
    np.testing.assert_array_equal(recording["a"].ravel(), [2, 1, 2, 1])
    np.testing.assert_array_equal(recording["b"].ravel(), [1, 2, 1, 2])


def test_alternating_groups_see_the_newest_values(engine):
    a, b = ns.Neurons("a", 1, update="v = I + 1", v=0.0), ns.Neurons("b", 1, update="v = 2*I", v=3.0)
    net = ns.Network(ns.Synapses(a, b), ns.Synapses(b, a), schedule=ns.Alternating([a], [b]))
    recording = ns.run(net, ticks=3, record=["a", "b"], engine=engine)
    np.testing.assert_array_equal(recording["a"].ravel(), [4, 9, 19])
    np.testing.assert_array_equal(recording["b"].ravel(), [8, 18, 38])


def test_an_asynchronous_sweep_moves_every_neuron_once_in_a_fair_order(engine):
    clockwork = ns.Neurons("c", 4, update="turn = I + 1\nn = n + 1", sends="turn")
    net = ns.Network(
        ns.Synapses(clockwork, clockwork, wiring=ns.all_to_all(to_self=False)), schedule=ns.Asynchronous()
    )
    trials = 600
    end = ns.run(net, {"c": np.full((trials, 1, 4), np.nan)}, record=["c.turn"], engine=engine)
    assert np.all(end.final["state/c/n"] == 1)
    # From zeros, the k-th neuron to move sees the sum of those before it: 1, 2, 4, 8 in the order of moving.
    turns = end["c.turn"][:, 0]
    np.testing.assert_array_equal(np.sort(turns, axis=1), np.tile([1, 2, 4, 8], (trials, 1)))
    first = np.bincount(turns.argmin(axis=1), minlength=4)
    assert (
        (first - trials / 4) ** 2 / (trials / 4)
    ).sum() < 16.3  # chi-square, 3 degrees of freedom, p = 0.001


def test_a_run_stops_when_nothing_changes(engine):
    counter = ns.Neurons("n", 1, update="v = minimum(v + 1, 5)")
    recording = ns.run(synchronous(counter), ticks=100, record=["n"], until="stable", engine=engine)
    assert (recording.stopped, recording.ticks) == ("stable", 6)
    np.testing.assert_array_equal(recording["n"].ravel(), [1, 2, 3, 4, 5, 5])


@pytest.mark.parametrize(("reduce", "expected"), [("sum", 4.0), ("max", 5.0), ("mean", 4 / 3)])
def test_a_port_reduces_what_arrives(engine, reduce, expected):
    x, y = ns.Neurons("x", 3), ns.Neurons("y", 1, ports=f"I:{reduce}", **SUM)
    for wiring in (ns.all_to_all(), ns.pairs([0, 1, 2], [0, 0, 0]), ns.einsum("i, i o -> o")):
        weight = np.ones((3, 1)) if isinstance(wiring, ns.einsum) else 1.0
        net = layered(ns.Synapses(x, y, wiring=wiring, weight=weight))
        assert ns.run(net, {"x": [[2.0, -3.0, 5.0]]}, record=["y"], engine=engine)[
            "y"
        ].item() == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("reduce", ["sum", "max", "mean"])
def test_where_nothing_arrives_a_port_reads_zero(engine, reduce):
    source, target = ns.Neurons("source", 2), ns.Neurons("target", 2, ports=f"I:{reduce}", update="v = I - 1")
    net = synchronous(ns.Synapses(source, target, wiring=ns.one_to_one(), weight=-2.0))
    v = ns.run(net, {"source": ([1], [0])}, ticks=3, record=["target"], engine=engine)["target"]
    np.testing.assert_array_equal(v, [[-1, -1], [-3, -1], [-1, -1]])


def test_arrivals_are_summed_in_the_order_of_the_contract(engine):
    """Sums of numbers of very different size tell in which order they were added."""
    a, b = ns.Neurons("a", 40), ns.Neurons("b", 40)
    target = ns.Neurons("target", 1, **SUM)
    rng = np.random.default_rng(0)
    w = {
        name: rng.standard_normal((1, 40)) * 10.0 ** rng.integers(-8, 8, (1, 40))
        for name in ("b1", "a1", "a2")
    }
    pair = ns.pairs(np.arange(40), np.zeros(40, int))
    net = synchronous(
        a, b, ns.Synapses(b, target, wiring=pair, weight=w["b1"], delay=1), ns.Synapses(a, target, wiring=pair, weight=w["a1"], delay=2),
        ns.Synapses(a, target, wiring=pair, weight=w["a2"], delay=2),
    )  # fmt: skip
    everybody = np.arange(40)
    spikes = {"a": (np.zeros(40, int), everybody), "b": (np.ones(40, int), everybody)}
    graded = {
        "a": np.vstack([np.ones((1, 40)), np.zeros((2, 40))]),
        "b": np.vstack([np.zeros((1, 40)), np.ones((1, 40)), np.zeros((1, 40))]),
    }
    total = 0.0
    for sender in range(40):  # sent at tick 0 first; by sender, then synapse object
        total = (total + w["a1"][0, sender]) + w["a2"][0, sender]
    for sender in range(40):
        total = total + w["b1"][0, sender]
    for inputs in (spikes, graded):
        assert ns.run(net, inputs, ticks=3, record=["target"], engine=engine)["target"][2, 0] == total


def test_an_input_clamps_a_population_and_nan_leaves_it_free(engine):
    cells = ns.Neurons("cells", 2, update="v = v + 1")
    clamp = np.array([[np.nan, 7.0], [np.nan, np.nan], [0.0, np.nan]])
    v = ns.run(synchronous(cells), {"cells": clamp}, record=["cells"], engine=engine)["cells"]
    np.testing.assert_array_equal(v, [[1, 7], [2, 8], [0, 9]])


def test_a_clamp_makes_spiking_neurons_spike(engine):
    cells = ns.Neurons("cells", 3, update="n = n + 0", threshold="n > 100", reset="n = n + 1")
    clamp = np.array([[1.0, np.nan, 0.0], [np.nan, np.nan, np.nan], [1.0, 1.0, 0.0]])
    recording = ns.run(synchronous(cells), {"cells": clamp}, record=["cells"], engine=engine)
    assert list(zip(recording.spikes("cells").tick, recording.spikes("cells").neuron, strict=True)) == [
        (0, 0),
        (2, 0),
        (2, 1),
    ]
    np.testing.assert_array_equal(recording.final["state/cells/n"], [[2, 1, 0]])


def test_a_weight_may_be_a_message(engine):
    rng = np.random.default_rng(1)
    x, w = ns.Neurons("x", (3, 4)), ns.Neurons("w", (5, 4))
    y = ns.Neurons("y", (3, 5), **SUM)
    net = layered(ns.Synapses(x, y, weight=w, wiring=ns.einsum("t d, s d -> t s")))
    inputs = {"x": rng.standard_normal((2, 6, 3, 4)), "w": rng.standard_normal((2, 6, 5, 4))}
    found = ns.run(net, inputs, record=["y"], engine=engine)["y"]
    np.testing.assert_allclose(found, np.einsum("rktd,rksd->rkts", inputs["x"], inputs["w"]), atol=1e-13)


def test_a_delayed_weight_is_the_message_of_a_tick_ago(engine):
    x, memory = ns.Neurons("x", 1), ns.Neurons("memory", 1, update="m = m + 1")
    y = ns.Neurons("y", 1, **SUM)
    net = layered(ns.Synapses(x, y, weight=ns.delayed(memory, 1), wiring=ns.one_to_one()), memory)
    v = ns.run(net, {"x": np.ones((4, 1))}, record=["y"], engine=engine)["y"]
    np.testing.assert_array_equal(v.ravel(), [0, 1, 2, 3])


def test_a_letter_of_the_result_only_is_broadcast(engine):
    x, y = ns.Neurons("x", 3), ns.Neurons("y", (2, 3), **SUM)
    net = layered(ns.Synapses(x, y, weight=np.array([1.0, 2, 3]), wiring=ns.einsum("d, d -> t d")))
    np.testing.assert_array_equal(
        ns.run(net, {"x": [[1.0, 1, 1]]}, record=["y"], engine=engine)["y"][0], [[1, 2, 3], [1, 2, 3]]
    )


def test_transposed_weights_are_the_same_numbers(engine):
    a, b = ns.Neurons("a", 4), ns.Neurons("b", 3, **SUM)
    c = ns.Neurons("c", 4, **SUM)
    up = ns.Synapses(a, b, weight=ns.normal(0, 1), wiring=ns.probability(0.7))
    net = layered(up, ns.Synapses(b, c, weight=up.T, wiring=ns.probability(0.7)))
    x = np.array([1.0, -2, 0.5, 3])
    from neurosim.plan.materialize import weight_matrix

    w = weight_matrix(net, "a_to_b", 0).number
    np.testing.assert_allclose(
        ns.run(net, {"a": [x]}, record=["c"], engine=engine)["c"][0], w.T @ w @ x, atol=1e-13
    )


@pytest.mark.parametrize(("stride", "padding"), [(1, "valid"), (1, "same"), (2, 1)])
def test_convolution_is_scipys_correlation(engine, stride, padding):
    from scipy.signal import correlate2d

    rng = np.random.default_rng(2)
    image, kernel = rng.standard_normal((7, 6, 2)), rng.standard_normal((3, 2, 3, 3))
    pad = {"valid": 0, "same": 1}.get(padding, padding)
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)))
    expected = np.stack(
        [sum(correlate2d(padded[..., i], kernel[o, i], "valid") for i in range(2)) for o in range(3)], axis=-1
    )[::stride, ::stride]
    x, y = ns.Neurons("x", (7, 6, 2)), ns.Neurons("y", expected.shape, **SUM)
    net = layered(ns.Synapses(x, y, wiring=ns.conv((3, 3), stride=stride, padding=padding), weight=kernel))
    np.testing.assert_allclose(
        ns.run(net, {"x": image[None]}, record=["y"], engine=engine)["y"][0], expected, atol=1e-13
    )


@pytest.mark.parametrize("reduce", ["max", "mean"])
def test_pooling_reduces_windows_of_each_channel(engine, reduce):
    image = np.random.default_rng(3).standard_normal((4, 6, 2))
    expected = getattr(image.reshape(2, 2, 3, 2, 2), reduce)(axis=(1, 3))
    x, y = ns.Neurons("x", (4, 6, 2)), ns.Neurons("y", (2, 3, 2), ports=f"I:{reduce}", **SUM)
    net = layered(ns.Synapses(x, y, wiring=ns.pool((2, 2))))
    np.testing.assert_allclose(
        ns.run(net, {"x": image[None]}, record=["y"], engine=engine)["y"][0], expected, atol=1e-15
    )


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


ONE_POPULATION = {  # what arrivals within one population leave: text, senders, targets, v before; v and w after
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
        update="a = prod(i + 1)\nb = sum(i > 3)\nc = argmax(i == 4)\nd = cumsum(i > 20)\ne = take(2*i, 22 - i)",
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
        "a": e / e.sum(axis=1, keepdims=True), "b": np.tile(I.sum(axis=0), (3, 1)), "c": I - I.mean(axis=1, keepdims=True),
        "d": np.repeat(I.max(axis=1, keepdims=True), 4, axis=1), "e": np.sort(I, axis=1), "f": np.repeat(I.argmax(axis=1)[:, None], 4, axis=1),
        "g": np.cumsum(I, axis=0), "h": np.repeat(np.linalg.norm(I, axis=1, keepdims=True), 4, axis=1), "k": np.sort(I, axis=1),
    }  # fmt: skip
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
        "cells", 4, equations="dv/dt = (RI - v)/tau : volt (unless refractory)", threshold="v > theta", reset="v = 0*mV", refractory=2 * ms,
        tau=20 * ms, theta=15 * mV, RI=drive * mV,
    )  # fmt: skip
    rates = ns.run(clock(cells, dt=0.01 * ms), duration=1 * second, record=["cells"], engine=engine).rates(
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
