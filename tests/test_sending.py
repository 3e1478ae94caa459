"""Synapses that take another variable of their sender than the one that it sends by default."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.learn import gradient
from neurosim.network.rebuild import rebuilt
from neurosim.units import ms

INPUT = np.array([[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5], [1.0, 1.0]])


def memory() -> tuple[ns.Neurons, ns.Neurons]:
    """Two inputs, and two neurons that remember c and send h."""
    return ns.Neurons("a", 2), ns.Neurons("cell", 2, update="c = 0.5*c + I\nh = tanh(c)", sends="h")


def remembered(given: np.ndarray = INPUT) -> np.ndarray:
    c = np.zeros((len(given) + 1, 2))
    for tick, value in enumerate(given):
        c[tick + 1] = 0.5 * c[tick] + value
    return c[1:]


@pytest.mark.parametrize("schedule", [ns.Layered(), ns.Synchronous()], ids=str)
@pytest.mark.parametrize("delay", [0, 1, 3])
def test_a_synapse_carries_the_variable_that_it_names_after_its_delay(schedule, delay, engine):
    if delay == 0 and isinstance(schedule, ns.Synchronous):
        pytest.skip("Synchronous() delivers before it sends")
    a, cell = memory()
    y = ns.Neurons("y", 2, update="y = p + 100*q", ports="p q")
    into = ns.Synapses(a, cell, wiring=ns.one_to_one(), delay=0 if isinstance(schedule, ns.Layered) else 1)
    both = [
        ns.Synapses(sender, y, to=port, wiring=ns.one_to_one(), delay=delay)
        for port, sender in (("p", cell), ("q", cell.sending("c")))
    ]
    net = ns.Network(into, both, schedule=schedule)
    run = ns.run(net, {"a": INPUT}, record=["y", "cell.c"], engine=engine)
    c = np.concatenate([np.zeros((delay, 2)), run["cell.c"]])[: len(INPUT)]
    np.testing.assert_allclose(run["y"], np.tanh(c) + 100 * c, rtol=1e-15, atol=1e-15)


def test_a_part_sends_a_variable_too(engine):
    a, cell = memory()
    y = ns.Neurons("y", 1, update="y = I")
    net = ns.Network(
        ns.Synapses(a, cell, wiring=ns.one_to_one()),
        ns.Synapses(cell[1:].sending("c"), y),
        schedule=ns.Layered(),
    )
    run = ns.run(net, {"a": INPUT}, record=["y"], engine=engine)
    np.testing.assert_allclose(run["y"][:, 0], remembered()[:, 1])


def test_a_subexpression_is_sent(engine):
    a = ns.Neurons("a", 1)
    cell = ns.Neurons("cell", 1, equations="double = 2*v : 1", update="v = v + I", sends="v")
    y = ns.Neurons("y", 1, update="y = I")
    net = ns.Network(ns.Synapses(a, cell), ns.Synapses(cell.sending("double"), y), schedule=ns.Layered())
    run = ns.run(net, {"a": np.ones((3, 1))}, record=["y"], engine=engine)
    np.testing.assert_array_equal(run["y"][:, 0], [2.0, 4.0, 6.0])


def test_neurons_that_spike_send_a_variable_beside_their_spikes(engine):
    """Under Clock it is the value at the start of the tick, as of all graded messages; x is exact."""
    spiking = ns.Neurons(
        "spiking", 1, equations="dv/dt = (2 - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0"
    )
    x = ns.Neurons("x", 1, update="x = I\nn = n + J", ports="I J", sends="x")
    net = ns.Network(
        ns.Synapses(spiking.sending("v"), x, to="I"),
        ns.Synapses(spiking, x, to="J"),
        schedule=ns.Clock(1 * ms),
    )
    run = ns.run(net, duration=30 * ms, record=["spiking", "spiking.v", "x.x", "x.n"], engine=engine)
    np.testing.assert_array_equal(run["x.x"][1:], run["spiking.v"][:-1])
    spikes = np.asarray(run["spiking"])[:, 0]
    np.testing.assert_array_equal(run["x.n"][2:, 0], np.cumsum(spikes)[:-2])
    assert spikes.sum() == 4


def test_a_sent_variable_is_a_weight(engine):
    if engine == "events":
        pytest.skip("events does not take weights that are messages")
    a, cell = memory()
    b, y = ns.Neurons("b", 2), ns.Neurons("y", 2, update="y = I")
    for weight, c in (
        (cell.sending("c"), remembered()),
        (ns.delayed(cell.sending("c"), 1), np.concatenate([np.zeros((1, 2)), remembered()[:-1]])),
    ):
        net = ns.Network(
            ns.Synapses(a, cell, wiring=ns.one_to_one()),
            ns.Synapses(b, y, wiring=ns.one_to_one(), weight=weight),
            schedule=ns.Layered(),
        )
        run = ns.run(net, {"a": INPUT, "b": 3 * np.ones((4, 2))}, record=["y"], engine=engine)
        np.testing.assert_allclose(run["y"], 3 * c)


def test_a_continued_run_equals_running_on(engine):
    a, cell = memory()
    y = ns.Neurons("y", 2, update="y = I")
    net = ns.Network(
        ns.Synapses(a, cell, wiring=ns.one_to_one()),
        ns.Synapses(cell.sending("c"), y, wiring=ns.one_to_one(), delay=2),
        schedule=ns.Layered(),
    )
    whole = ns.run(net, {"a": INPUT}, record=["y"], engine=engine)
    first = ns.run(net, {"a": INPUT[:2]}, record=["y"], engine=engine)
    second = ns.run(net, {"a": INPUT[2:]}, record=["y"], engine=engine, start=first)
    np.testing.assert_array_equal(np.concatenate([first["y"], second["y"]]), whole["y"])


def test_the_gradient_flows_through_what_is_sent():
    a, cell = (
        ns.Neurons("a", 2),
        ns.Neurons("cell", 2, update="c = 0.5*c + I*g\nh = tanh(c)", sends="h", g=1.5, learns=("g",)),
    )
    y = ns.Neurons("y", 1, update="y = I")
    net = ns.Network(
        ns.Synapses(a, cell, wiring=ns.one_to_one()), ns.Synapses(cell.sending("c"), y), schedule=ns.Layered()
    )
    targets = np.zeros((1, 4, 1))
    _, slopes = gradient(net, {"a": INPUT[None]}, {"y": targets})

    def loss(g: float) -> float:
        out = ns.run(rebuilt(net, {"cell": {"g": g}}), {"a": INPUT}, record=["y"])["y"]
        return float(np.mean(np.sum(out**2, axis=1)))

    np.testing.assert_allclose(
        np.sum(slopes["cell.g"]), (loss(1.5 + 1e-6) - loss(1.5 - 1e-6)) / 2e-6, rtol=1e-6
    )


def test_what_is_sent_is_described_recorded_and_printed(tmp_path):
    a, cell = memory()
    net = ns.Network(
        ns.Synapses(a, cell, wiring=ns.one_to_one()),
        ns.Synapses(cell[:1].sending("c"), ns.cells.unit("y", 1)),
        schedule=ns.Layered(),
    )
    assert ns.Network.from_dict(net.to_dict()) == net
    ns.run(net, {"a": INPUT}, record=["y"], to=tmp_path / "run.h5")
    with ns.open(tmp_path / "run.h5") as kept:
        assert kept.network == net
    assert "cell[:1].c -> y.I" in str(net)
    assert "send     cell, cell.c" in str(net)


def test_to_send_what_is_sent_anyway_changes_nothing():
    a, cell = memory()
    net = ns.Network(
        ns.Synapses(cell.sending("h"), ns.cells.unit("y", 2)), ns.Synapses(a, cell), schedule=ns.Layered()
    )
    assert not net.views


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda cell: cell.sending("d"), "'d'.*is no variable of its text"),
        (lambda cell: cell.sending(3), "sending"),
        (lambda cell: ns.Synapses(cell, cell.sending("c"), delay=1), "to='c'"),
        (
            lambda cell: ns.Synapses(cell.sending("c"), cell, on_pre="I_post += w*c_pre", delay=1),
            "read c_pre themselves",
        ),
        (
            lambda cell: ns.Network(ns.Synapses(cell.sending("c"), cell), schedule=ns.Asynchronous()),
            "carries what populations send by themselves",
        ),
        (lambda cell: ns.Neurons("a", 2).sending("v"), "'v'.*is no variable of its text"),
    ],
)
def test_what_cannot_be_sent_says_why(make, message):
    with pytest.raises(DescriptionError, match=message):
        make(memory()[1])


def test_a_variable_that_is_sent_holds_what_spikes_have_just_brought():
    ears, n = ns.Neurons("ears", 40), 40
    cells = ns.Neurons(
        "cells", n, equations="dv/dt = (g - v)/(5*ms) : 1\ndg/dt = -g/(4*ms) : 1", threshold="v > 10",
        reset="v = 0", method="euler",
    )  # fmt: skip
    heard, one = ns.Neurons("heard", n, update="y = I"), ns.one_to_one()
    net = ns.Network(
        ns.Synapses(ears, cells, to="g", weight=1.0, delay=1 * ms, wiring=one),
        ns.Synapses(cells.sending("g"), heard, wiring=one),
        schedule=ns.Clock(1 * ms),
    )
    all_at_once = {"ears": (np.full(n, 20), np.arange(n))}  # many, so that their sums wait until neurons move
    for engine in ("reference", "events"):
        y = ns.run(net, all_at_once, ticks=40, record=["heard.y"], engine=engine)["heard.y"]
        assert y[22:26, 0].tolist() == [0, 1, 0.75, 0.5625]
