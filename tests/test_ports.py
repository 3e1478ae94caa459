"""Ports that take the sum, the maximum or the mean of what arrives: the same on every engine, under every
schedule, and when a run is continued."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.learn import gradient
from neurosim.units import ms

PERIOD, WEIGHT, DELAY = np.array([1, 2, 3]), np.array([-2.0, 3.0, 5.0]), np.array([3, 1, 2])
SCHEDULES = {
    "clock": ns.Clock(1 * ms),
    "synchronous": ns.Synchronous(),
    "layered": ns.Layered(),
    "alternating": ns.Alternating,
}
REDUCES = {"S": "sum", "M": "max", "A": "mean"}


def beating(schedule):
    """Neuron j of three spikes at ticks with (tick + 1) % period == 0; three ports receive all spikes."""
    sender = ns.Neurons("sender", 3, update="n = n + 1", threshold="n % period == 0", period=PERIOD)
    ear = ns.Neurons(
        "ear",
        1,
        update="s = S\nm = M\na = A",
        ports=" ".join(f"{port}:{reduce}" for port, reduce in REDUCES.items()),
        sends="s",
    )
    delay = DELAY * ms if schedule == "clock" else DELAY
    given = {"wiring": ns.pairs([0, 1, 2], [0, 0, 0]), "weight": WEIGHT, "delay": delay}
    kind = ns.Alternating([sender], [ear]) if schedule == "alternating" else SCHEDULES[schedule]
    return ns.Network(
        *(ns.Synapses(sender, ear, to=port, name=port.lower(), **given) for port in REDUCES), schedule=kind
    )


def heard(schedule, ticks):
    """What the population `ear` reads at its ports in each tick, (port, tick)."""
    rows = []
    for tick in range(ticks):
        sent = (
            tick - DELAY - (schedule == "clock")
        )  # under Clock spikes arrive after the update, and wait for the next
        arrived = WEIGHT[(sent >= 0) & ((sent + 1) % PERIOD == 0)]
        rows.append([arrived.sum(), arrived.max(), arrived.mean()] if arrived.size else [0, 0, 0])
    return np.array(rows).T


@pytest.mark.parametrize(
    ("schedule", "engine"),
    [(s, e) for s in SCHEDULES for e in ("reference", "arrays")]
    + [(s, "events") for s in ("clock", "layered")],
)
def test_spikes_at_ports_are_summed_averaged_or_the_largest_is_taken(schedule, engine):
    found = ns.run(beating(schedule), ticks=14, record=["ear.S", "ear.M", "ear.A"], engine=engine)
    for name, expected in zip(REDUCES, heard(schedule, 14), strict=True):
        np.testing.assert_allclose(found[f"ear.{name}"][:, 0], expected, atol=1e-12)


@pytest.mark.parametrize("second", ["reference", "events", "arrays"])
@pytest.mark.parametrize("first", ["reference", "events", "arrays"])
def test_ports_go_on_with_what_waits_and_what_is_in_flight(first, second):
    begun = ns.run(beating("clock"), ticks=5, engine=first)
    found = ns.run(beating("clock"), ticks=9, record=["ear.S", "ear.M", "ear.A"], start=begun, engine=second)
    for name, expected in zip(REDUCES, heard("clock", 14), strict=True):
        np.testing.assert_allclose(found[f"ear.{name}"][:, 0], expected[5:], atol=1e-12)


@pytest.mark.parametrize("schedule", ["clock", "synchronous"])
@pytest.mark.parametrize("reduce", ["max", "mean"])
@pytest.mark.parametrize("kind", ["conv", "pool", "turned"])
def test_spikes_through_windows_reach_ports_on_arrays_as_on_the_reference_engine(kind, reduce, schedule):
    shapes = {"conv": ((5, 2), (5, 3)), "pool": ((6, 2), (3, 2)), "turned": ((3, 2), (5, 1))}[kind]
    sender = ns.Neurons(
        "sender", shapes[0], update="v = v + c", threshold="v > 1", reset="v = 0", c=ns.uniform(0.2, 0.9)
    )
    ear = ns.Neurons("ear", shapes[1], update="y = I", ports=f"I:{reduce}")
    kernel = ns.conv(3, padding="same") if kind == "conv" else ns.conv(3)
    time = 1 * ms if schedule == "clock" else 1
    given, more = {"wiring": kernel, "weight": ns.normal(0, 1)}, []
    if kind == "pool":
        given = {"wiring": ns.pool(2), "weight": 0.7}
    if kind == "turned":
        hidden = ns.Neurons("h", (3, 2), update="y = I")
        owner = ns.Synapses(
            ns.Neurons("x", (5, 1)), hidden, wiring=kernel, weight=ns.normal(0, 1), delay=time
        )
        given["weight"], more = owner.T, [owner]
    net = ns.Network(ns.Synapses(sender, ear, delay=time, **given), *more, schedule=SCHEDULES[schedule])
    inputs = {"x": np.ones((8, 5, 1))} if more else None
    a, b = (
        ns.run(net, inputs, ticks=8, record=["ear"], engine=engine, seed=1)["ear"]
        for engine in ("reference", "arrays")
    )
    assert np.abs(a).max() > 0.1
    np.testing.assert_allclose(b, a, atol=1e-12)


@pytest.mark.parametrize("port", ["M", "A"])
def test_gradients_through_ports_under_clock_are_those_of_finite_differences(port):
    target, old = {"ear": np.linspace(-1, 1, 12).reshape(1, 12, 1)}, beating("clock")[port.lower()]
    ear = ns.Neurons("ear", 1, update=f"y = {port}", ports=f"{port}:{REDUCES[port]}")

    def slope(weight):
        item = ns.Synapses(
            old.pre, ear, to=port, wiring=old.wiring, weight=weight, delay=old.delay, learns=True, name="w"
        )
        loss, found = gradient(ns.Network(item, schedule=ns.Clock(1 * ms)), None, target, ticks=12, trials=1)
        return loss, found["w"]

    found, way, step = slope(WEIGHT)[1], np.array([0.3, -0.5, 0.8]), 1e-5
    assert (np.abs(found) > 0.1).all()
    assert np.isclose(
        found @ way, (slope(WEIGHT + step * way)[0] - slope(WEIGHT - step * way)[0]) / (2 * step), atol=1e-7
    )


def test_gradients_of_listed_pairs_are_in_the_order_in_which_they_were_given():
    x, y = ns.Neurons("x", 3), ns.cells.unit("y", 1, "linear")
    item = ns.Synapses(
        x, y, wiring=ns.pairs([2, 0, 1], [0, 0, 0]), weight=[30.0, 10.0, 20.0], learns=True, name="w"
    )
    _, found = gradient(ns.Network(item, schedule=ns.Layered()), {"x": [[[1.0, 2.0, 3.0]]]}, {"y": [[0.0]]})
    error = 1 * 10 + 2 * 20 + 3 * 30
    ratio = found["w"] / np.array([3.0, 1.0, 2.0])
    assert np.allclose(ratio, ratio[0])
    assert np.isclose(ratio[0], 2 * error)
