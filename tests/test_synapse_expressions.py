"""Weights, delays, constants and start values of synapses as expressions of the neurons that they join."""

import matplotlib.pyplot as pyplot
import numpy as np
import pytest

import neurosim as ns
from neurosim.plan.draw import draw_synapses
from neurosim.plan.materialize import weight_matrix
from neurosim.units import ms, mV, um

X, Y = 10e-6 * np.arange(8), 16e-6 * np.arange(5)
NEAR = 2e-3 * np.exp(-((Y[:, None] - X) ** 2) / (2 * 20e-6**2))  # (post, pre), in volt
PLAIN = dict(weight="2*mV*exp(-(x_pre - x_post)**2/(2*s**2))", s=20 * um, delay="2*ms + late_pre")
TEXT = dict(
    weight="0.1*mV*i + 1*mV*j", model="q : 1\nk : 1", on_pre="v_post += w*q\nk = i + 10*j + 100*N_pre",
    q="1 + rand() + c*(j == 2)", c=7, delay="1*ms + 1*ms*(w > 1.5*mV)",
)  # fmt: skip
CELLS = "x : metre\nlate : second\ndv/dt = (1.5 - v)/(5*ms) : 1"


def net_of(plain=PLAIN, text=TEXT, **changed):
    spikes = dict(threshold="v > 1", reset="v = 0")
    senders = ns.Neurons("a", 8, equations=CELLS, **spikes, x="i*10*um", late="1*ms*(i % 2)")
    targets = ns.Neurons("b", 5, equations="dv/dt = -v/(10*ms) : volt\nx : metre", x="i*16*um")
    return ns.Network(
        ns.Synapses(senders, targets, **({"to": "v", "name": "plain"} | plain | changed)),
        ns.Synapses(senders[2:6], targets[[4, 1, 2]], name="text", **text),
        schedule=ns.Clock(1 * ms),
    )


def run(net, engine="reference", **options):
    options = {"ticks": 30, "seed": 2} | options
    return ns.run(net, record=["b.v", "text.k", "text.q", "text.w"], engine=engine, **options)


def test_weights_and_delays_are_what_their_expressions_say():
    net = net_of()
    np.testing.assert_allclose(weight_matrix(net, "plain").number, NEAR, rtol=1e-14)
    arrays = dict(weight=NEAR * 1000 * mV, delay=np.tile([2, 3], (5, 4)) * ms)
    np.testing.assert_allclose(run(net)["b.v"], run(net_of(arrays))["b.v"], rtol=1e-12)


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_indices_count_within_the_parts_that_synapses_join(engine):
    found = run(net_of(), engine)
    i, j = np.repeat(np.arange(4), 3), np.tile(np.arange(3), 4)
    np.testing.assert_allclose(found["text.w"][0], 1e-4 * i + 1e-3 * j, rtol=1e-12)
    assert found["text.k"][-1].tolist() == (i + 10 * j + 400).tolist()  # also in the text that runs
    q = found["text.q"][0]
    assert np.array_equal(q > 8, j == 2) and np.unique(q).size == 12 and ((q - 7 * (j == 2)) // 1 == 1).all()
    np.testing.assert_allclose(found["b.v"], run(net_of())["b.v"], rtol=1e-12)


def test_neurons_meet_themselves_where_parts_overlap():
    # In c[1:4] -> c[2:5], i = j are different neurons; v_pre and v_post are one where the neuron is the same.
    c = ns.Neurons("c", 5, update="v = v", v="i + 1.0")
    text = dict(on_pre="v_pre = 10*v_post\nk = v_post", model="k : 1", wiring=ns.pairs([1, 0], [0, 0]))
    net = ns.Network(ns.Synapses(c[1:4], c[2:5], name="s", delay=1, **text), schedule=ns.Synchronous())
    assert ns.run(net, ticks=1, record="s.k")["s.k"].tolist() == [[3, 30]]


def test_expressions_of_synapses_are_saved_replayed_copied_and_drawn(tmp_path):
    net = net_of()
    assert ns.Network.from_dict(net.to_dict()) == net
    whole = run(net, ticks=40, to=tmp_path / "run.h5")
    assert ns.replay(tmp_path / "run.h5").identical
    assert np.array_equal(run(net, start=run(net, ticks=20), ticks=20)["b.v"], whole["b.v"][20:])
    ns.save(net, tmp_path / "net.h5", seed=2)
    loaded = ns.load(tmp_path / "net.h5")
    assert not {"s", "c"} & {*loaded["plain"].constants, *loaded["text"].constants}
    assert np.array_equal(run(loaded, ticks=40)["b.v"], whole["b.v"])
    copies = ns.Network(net.named("one"), net.named("two"), schedule=ns.Clock(1 * ms))
    one, two = (draw_synapses(copies, f"{name}_plain", 0).weight for name in ("one", "two"))
    assert np.array_equal(one, two) and "late_pre" in str(net)
    texts = {text.get_text() for text in ns.figures.diagram(net).texts}
    assert any("exp(-(x_pre" in text for text in texts)
    ns.figures.weights(net, "plain")
    pyplot.close("all")


def test_a_continued_run_takes_the_parameters_that_expressions_give_now():
    net = net_of()
    changed = net_of(text=TEXT | {"q": "2 + c*0"})
    assert run(changed, start=run(net), ticks=2)["text.q"][0].tolist() == [2] * 12
    assert np.array_equal(run(net, start=run(net), ticks=2)["text.q"][0], run(net)["text.q"][0])


P, D = ns.PlanError, ns.DescriptionError
ERRORS = {
    "unit of a weight": (
        dict(weight="x_pre*s"),
        P,
        r"weight of unit m\^2 times message gives m\^2, but b\.v",
    ),
    "mixed units": (dict(weight="x_pre + s*mV"), P, r"weight: 'x_pre \+ s\*mV' has no unit"),
    "unknown name": (dict(weight="y_pre*mV*s/um"), P, r"weight: 'y_pre' is not defined"),
    "time": (dict(weight="t_pre*mV*s/um/ms"), P, r"weight: 't_pre' is not defined"),
    "unit of a delay": (dict(delay="3*s/um"), P, r"delay='3\*s/um' is in 1, but Clock.* needs a time"),
    "delay below 0": (dict(delay="(i - 1)*ms"), D, r"a delay of -1 ticks was drawn"),
    "no number": (dict(weight="mV/(x_pre/um)*s/um"), P, r"weight=.* is inf for the synapse from neuron 0 to"),
    "circle": (dict(weight="w*s/um"), P, r"weight: .*circle weight -> weight"),
    "no expression": (dict(weight="2*mV*"), D, r"weight: '2\*mV\*' does not read"),
    "misspelt": (dict(on_prey="v_post += 1 : 1"), D, r"on_prey=.* Did you mean 'on_pre'"),
    "unused": (dict(other="3*mV"), D, r"'other' is neither"),
    "private": (dict(wiring=ns.private(3), delay="1*ms"), D, r"private"),
}


def test_start_values_of_synapses_that_need_each_other_are_refused():
    with pytest.raises(P, match=r"q: is defined by itself\. Break the circle q -> k -> q"):
        run(net_of(text=TEXT | {"q": "k + c", "k": "q"}))


@pytest.mark.parametrize("name", ERRORS)
def test_expressions_of_synapses_that_fail_say_where_and_why(name):
    changed, error, message = ERRORS[name]
    with pytest.raises(error, match=r"Synapses a -> b: " + message):
        run(net_of(**changed))


def test_expressions_need_synapses_with_weights_of_their_own():
    x, y = ns.Neurons("x", (4, 4, 1)), ns.Neurons("y", (2, 2, 1), update="v = I")
    with pytest.raises(D, match=r"weight 'i' is an expression of each synapse, but conv lists none"):
        ns.Synapses(x, y, wiring=ns.conv((3, 3)), weight="i")
    with pytest.raises(D, match=r"delay 'i' is an expression of each synapse, but conv lists none"):
        ns.Synapses(x, y, wiring=ns.conv((3, 3)), delay="i")
    up = ns.Synapses(x, y, weight="i + j", delay=1, name="up")
    z = ns.Neurons("z", (4, 4, 1), update="v = I")
    back = ns.Synapses(y, z, weight=up.T, delay="w", name="back")
    with pytest.raises(P, match=r"y -> z: delay uses w, but the weights are not these synapses' own"):
        ns.run(ns.Network(up, back, schedule=ns.Synchronous()), {"x": np.zeros((1, 4, 4, 1))})
