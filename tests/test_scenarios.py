"""The tick contract, scenario by scenario, compared with closed forms; every engine passes the same suite."""

import numpy as np
import pytest
from nets import SUM, clock, layered, synchronous

import neurosim as ns
from neurosim.units import ms


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
    """The sum of numbers of very different size depends on the order of addition."""
    a, b = ns.Neurons("a", 40), ns.Neurons("b", 40)
    target = ns.Neurons("target", 1, **SUM)
    rng = np.random.default_rng(0)
    w = {
        name: rng.standard_normal((1, 40)) * 10.0 ** rng.integers(-8, 8, (1, 40))
        for name in ("b1", "a1", "a2")
    }
    pair = ns.pairs(np.arange(40), np.zeros(40, int))
    net = synchronous(
        a,
        b,
        ns.Synapses(b, target, wiring=pair, weight=w["b1"], delay=1),
        ns.Synapses(a, target, wiring=pair, weight=w["a1"], delay=2),
        ns.Synapses(a, target, wiring=pair, weight=w["a2"], delay=2),
    )
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
