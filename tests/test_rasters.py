"""Rasters as inputs: the recorded raster of a population drives another network as its spikes would."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.units import ms

RASTER = np.random.default_rng(3).random((2, 20, 5)) < 0.3
ON_ENGINES = pytest.mark.parametrize("engine", ["reference", "events", "arrays"])


def events(raster):
    return np.nonzero(raster)


def plastic():
    x, y = ns.Neurons("x", 5), ns.Neurons("y", 1, update="v = v")
    text = ns.Synapses(x, y, on_pre="v_post += w\nw = w + 1", weight=0.0, delay=1 * ms, name="text")
    return ns.Network(text, schedule=ns.Clock(1 * ms))


def ports(reduce="max"):
    x, y = ns.Neurons("x", 5), ns.Neurons("y", 2, update="y = I", ports=f"I:{reduce}")
    return ns.Network(ns.Synapses(x, y, weight=ns.normal(0, 1), delay=1 * ms), schedule=ns.Clock(1 * ms))


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_a_boolean_array_calls_on_pre_once_a_spike(engine):
    found = ns.run(plastic(), {"x": RASTER}, record=["y.v", "text.w"], engine=engine)
    counts = RASTER[:, :18].sum(axis=1)
    assert np.array_equal(found["text.w"][:, -1], RASTER[:, :19].sum(axis=1))
    assert np.allclose(found["y.v"][:, -1, 0], (counts * (counts - 1) / 2).sum(axis=1))


@ON_ENGINES
def test_a_boolean_array_is_the_spike_events_that_it_shows(engine):
    wanted = ns.run(ports(), {"x": events(RASTER)}, ticks=20, trials=2, record=["y"], engine=engine)["y"]
    assert np.array_equal(ns.run(ports(), {"x": RASTER}, record=["y"], engine=engine)["y"], wanted)
    one = ns.run(ports(), {"x": RASTER[1].tolist()}, record=["y", "x"], engine=engine)
    assert np.array_equal(one["y"], wanted[1])
    assert np.array_equal(one["x"], RASTER[1])
    alike = ns.run(ports(), {"x": RASTER[1]}, trials=3, ticks=10, record=["y"], engine=engine)["y"]
    assert np.array_equal(alike, np.repeat(wanted[1:, :10], 3, axis=0))


@ON_ENGINES
def test_a_raster_that_was_recorded_replaces_the_population_that_sent_it(engine):
    def net(driven):
        beat = {} if driven else {"update": "n = n + 1", "threshold": "n % (i + 2) == 0"}
        y = ns.Neurons("y", 2, equations="dv/dt = (I - v)/(5*ms) : 1")
        return ns.Network(
            ns.Synapses(ns.Neurons("x", 5, **beat), y, weight=ns.normal(0, 1), delay=2 * ms),
            schedule=ns.Clock(1 * ms),
        )

    first = ns.run(net(False), ticks=20, record=["x", "y.v"], engine=engine)
    for given in (first["x"], first, first.spikes("x")):
        again = ns.run(net(True), {"x": given}, ticks=20, record=["y.v"], engine=engine)
        assert np.array_equal(again["y.v"].reshape(20, 2), first["y.v"])
        assert ns.replay(again, engine=engine)


def test_booleans_are_one_and_nought_where_numbers_alone_go():
    x, y = ns.Neurons("x", 5), ns.Neurons("y", 2, update="y = I")
    net = ns.Network(
        ns.Synapses(x, y, wiring=ns.einsum("a, a b -> b"), weight=ns.normal(0, 1)), schedule=ns.Layered()
    )
    for engine in ("reference", "arrays"):
        found, wanted = (
            ns.run(net, {"x": given}, record=["y"], engine=engine)["y"]
            for given in (RASTER, RASTER.astype(float))
        )
        assert np.array_equal(found, wanted)
    clamped = ns.Network(ns.Neurons("s", 5, update="s = -1"), schedule=ns.Layered())
    assert np.array_equal(ns.run(clamped, {"s": RASTER}, record=["s"], engine="reference")["s"], RASTER)


def test_a_boolean_array_into_a_mean_is_refused_as_spikes_and_numbers_have_others():
    with pytest.raises(
        DescriptionError, match=r"input 'x': is Boolean, and y.I takes a mean.*astype\(float\)"
    ):
        ns.run(ports("mean"), {"x": RASTER}, engine="reference")


@pytest.mark.parametrize("engine", ["reference", "events"])
@pytest.mark.parametrize("given", ["events", "raster", "recording"])
def test_spikes_drive_asynchronous_networks_as_messages_of_one(given, engine):
    x, s = ns.Neurons("x", 5), ns.Neurons("s", 3, update="s = s/2 + I")
    net = ns.Network(
        ns.Synapses(x, s, weight=ns.normal(0, 1), delay=1),
        ns.Synapses(s, s, weight=0.1),
        schedule=ns.Asynchronous(),
    )
    wanted = ns.run(net, {"x": RASTER.astype(float)}, record=["s"], engine="reference")["s"]
    heard = ns.Network(ns.Neurons("x", 5), schedule=ns.Synchronous())
    inputs = {
        "events": events(RASTER),
        "raster": RASTER,
        "recording": ns.run(heard, {"x": RASTER}, record=["x"], engine="reference"),
    }[given]
    found = ns.run(net, {"x": inputs}, ticks=20, trials=2, record=["s", "x"], engine=engine)
    np.testing.assert_allclose(found["s"], wanted, atol=1e-12)
    assert np.array_equal(found["x"], RASTER)
    again = ns.run(
        net,
        {"x": RASTER[:, 12:]},
        start=ns.run(net, {"x": RASTER[:, :12]}, engine=engine),
        record=["s"],
        engine=engine,
    )
    np.testing.assert_allclose(again["s"], wanted[:, 12:], atol=1e-12)


def test_boolean_images_train_as_numbers_do():
    x, y = ns.Neurons("x", 5), ns.cells.unit("y", 2, "linear")
    net = ns.Network(ns.Synapses(x, y, weight=ns.normal(0, 1), learns=True, name="w"), schedule=ns.Layered())
    found = [
        ns.learn.gradient(net, {"x": given}, {"y": np.ones((2, 20, 2))})[1]["w"]
        for given in (RASTER, RASTER.astype(float))
    ]
    np.testing.assert_allclose(*found, atol=1e-12)
