"""Training by EventProp: gradients are those of the network in continuous time, and delays learn."""

import numpy as np
import pytest
from continuous_side import Cell, run
from scipy.optimize import brentq

import neurosim as ns
from neurosim.engine.events import adjoint
from neurosim.learn import Loss, gradient, learned, with_learned
from neurosim.units import ms

TAU, TAU_S = 20.0, 5.0  # ms
EQUATIONS = """dv/dt = (current - v)/tau : 1 (unless refractory)
               dcurrent/dt = -current/tau_s : 1"""
LINEAR = dict(
    equations=EQUATIONS.replace(" (unless refractory)", ""), method="exact", tau=TAU * ms, tau_s=TAU_S * ms
)
CELL = LINEAR | dict(equations=EQUATIONS, threshold="v > 1", reset="v = 0")
BOTH = ("weight", "delay")
TIME = Loss("time", lambda jax, t, goal: (1e3 * t - goal) ** 2, reads="first_spike")  # in ms


def network(dt, into, among, out, refractory=40.0):
    """x -> h -> h -> out. `into`, `among` and `out` are weights (post, pre) and delays in ms.

    All tests have this structure, so that it is compiled once.
    """
    (w_x, d_x), (w_h, d_h), (w_o, d_o) = ([np.atleast_2d(part) for part in one] for one in (into, among, out))
    x, h = ns.Neurons("x", w_x.shape[1]), ns.Neurons("h", len(w_x), refractory=refractory * ms, **CELL)
    y = ns.Neurons("out", len(w_o), sends="v", **LINEAR)
    return ns.Network(
        ns.Synapses(x, h, to="current", weight=w_x, delay=d_x * ms, learns=BOTH),
        ns.Synapses(h, h, to="current", weight=w_h, delay=d_h * ms, learns=BOTH),
        ns.Synapses(h, y, to="current", weight=w_o, delay=d_o * ms, learns=BOTH),
        schedule=ns.Clock(dt * ms),
    )


def values(found, names):
    """The derivatives by parameters in one row; those by delays by a ms."""
    scale = [1e-3 if name.endswith("delay") else 1.0 for name in names]
    return np.concatenate([np.ravel(found[name]) * by for name, by in zip(names, scale, strict=True)])


def potential(t, weight):
    """v at t ms after a spike of this weight."""
    s = np.maximum(t, 0.0)
    return weight * TAU_S / (TAU - TAU_S) * (np.exp(-s / TAU) - np.exp(-s / TAU_S))


def differences(f, at, by=1e-4):
    """The derivatives of f by each of its arguments."""
    steps = np.eye(len(at)) * by
    return np.array([(f(*(at + step)) - f(*(at - step))) / (2 * by) for step in steps])


NONE, NONE_2 = ([[0.0]], [[1.0]]), ([[0.0, 0.0]], [[1.0, 1.0]])


def test_the_error_of_the_gradient_halves_with_the_tick():
    """A neuron spikes when w times the response to one spike reaches 1; the loss is out^2 at 30 ms."""

    def loss(first, second, early, late):
        spike = brentq(lambda t: potential(t, first) - 1.0, 0.0, 8.0)
        return potential(30.0 - early - late - spike, second) ** 2

    exact, worst = differences(loss, np.array([8.0, 0.5, 1.0, 2.0])), []
    for dt in (0.125, 0.0625, 0.03125):
        net = network(dt, ([[8.0]], [[1.0]]), NONE, ([[0.5]], [[2.0]]))
        # The spike of tick 0 arrives at its end, and the last tick records the end of the one before.
        more = dict(ticks=round(30.0 / dt) + 2, gradient="eventprop")
        value, found = gradient(net, {"x": ([0], [0] * ms, [0])}, {"out": [[0.0]]}, **more)
        slopes = values(found, ["x_to_h", "h_to_out", "x_to_h.delay", "h_to_out.delay"])
        worst.append(np.abs(slopes / exact - 1.0).max())
        assert value == pytest.approx(loss(8.0, 0.5, 1.0, 2.0), rel=0.05)
    assert worst[0] < 0.05 and worst[2] < 0.6 * worst[0]


def test_the_gradient_of_a_first_spike_is_that_of_the_closed_form():
    """Two inputs reach one neuron; the loss is (t - 4 ms)^2 of its first spike at t."""

    def first(w1, w2, d1, d2):
        return brentq(lambda t: potential(t - d1, w1) + potential(t - 1.0 - d2, w2) - 1.0, 2.0, 9.0)

    at = np.array([4.0, 3.5, 0.4, 0.2])
    net = network(0.02, (at[:2], at[2:]), NONE, NONE)
    given = dict(loss=TIME, ticks=500, gradient="eventprop", learns="x_*")
    value, found = gradient(net, {"x": ([0, 0], [0.0, 1.0] * ms, [0, 1])}, {"h": [[4.0]]}, **given)
    exact = differences(lambda *p: (first(*p) - 4.0) ** 2, at)
    assert value == pytest.approx((first(*at) - 4.0) ** 2, rel=0.03)
    assert values(found, ["x_to_h", "x_to_h.delay"]) == pytest.approx(exact, rel=0.03)


SHAPES = {"x_to_h": (4, 2), "h_to_h": (4, 4), "h_to_out": (2, 4)}
ENDS = ((6, 0), (0, 0), (0, 4))  # of senders and targets: cells are 0 to 3, readouts 4 and 5, inputs 6 and 7


def continuous(numbers, inputs, end):
    """What two readouts are at the end, in continuous time, and how many spikes there were."""
    arrivals = {sender: [] for sender in range(8)}
    for (pre, post), weight, delay in zip(ENDS, numbers[:3], numbers[3:], strict=True):
        for target, sender in np.ndindex(weight.shape):
            arrivals[pre + sender].append((delay[target, sender], post + target, weight[target, sender]))
    cells = [Cell(TAU, TAU_S, 1.5, spikes=n < 4) for n in range(6)]
    spikes = run(cells, inputs, arrivals, end)
    return np.array([cell.v for cell in cells[4:]]), len(spikes)


def test_a_recurrent_network_has_the_gradient_of_continuous_time():
    """Four neurons excite and inhibit each other; the loss is that of two readouts at 25 ms."""
    random, dt, end = np.random.default_rng(3), 0.005, 25.0
    weights = [random.uniform(5, 9, (4, 2)), random.normal(0, 1.5, (4, 4)), random.normal(0, 1, (2, 4))]
    lows = zip((0.2, 2.0, 0.5), SHAPES.values(), strict=True)
    delays = [np.rint(random.uniform(low, low + 1.0, shape) / dt) * dt for low, shape in lows]
    times, senders, goal = [0.0, 3.0, 11.0], [0, 1, 0], np.array([0.1, -0.2])
    numbers, inputs = [*weights, *delays], [(t, 6 + n) for t, n in zip(times, senders, strict=True)]
    net = network(dt, *zip(weights, delays, strict=True), refractory=1.5)
    given = {"x": ([0] * 3, times * ms, senders)}
    value, found = gradient(net, given, {"out": [goal]}, ticks=5002, gradient="eventprop")
    at_rest, count = continuous(numbers, inputs, end)
    assert count > 8 and value == pytest.approx(np.sum((at_rest - goal) ** 2), rel=0.02)
    slopes = [found[name] for name in SHAPES] + [found[f"{name}.delay"] * 1e-3 for name in SHAPES]
    for changed in ((0,), (1,), (3, 5), (4,)):  # weights, recurrent ones; delays, recurrent ones
        ways = [random.normal(size=w.shape) * (k in changed) for k, w in enumerate(numbers)]
        ends = []
        for step in (1e-6, -1e-6):
            out, spikes = continuous(
                [w + step * way for w, way in zip(numbers, ways, strict=True)], inputs, end
            )
            ends.append(np.sum((out - goal) ** 2))
            assert spikes == count
        expected = sum(np.sum(slope * way) for slope, way in zip(slopes, ways, strict=True))
        assert expected == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=0.03, abs=0.003), changed


def one_neuron(weight=8.0, delay=1.0):
    return network(0.1, ([[weight, weight]], [[delay, delay]]), NONE, NONE)


def test_delays_learn_until_the_spike_comes_when_it_should(tmp_path):
    """A neuron that spikes 3 ms after its input should spike at 12 ms; only delays learn, and they stay real
    numbers, which a run rounds to ticks."""
    net, data = one_neuron(), ({"x": ([0], [0] * ms, [0])}, {"h": [[12.0]]})
    more = dict(loss=TIME, ticks=200, gradient="eventprop", precision="double", learns="x_to_h.delay")
    more |= dict(rate={"*.delay": 2.0, "*": 1e-3}, batch=1)
    trained, history = ns.train(net, *data, epochs=80, **more)
    assert history.loss[-1] < 0.05 < history.loss[0]
    recording = ns.run(trained, {"x": ([0], [0], [0])}, ticks=200, record=["h"], engine="events")
    assert recording.spikes("h").time[0] == pytest.approx(12e-3, abs=0.2e-3)
    delay = learned(trained)["x_to_h.delay"]
    assert (
        delay.shape == (1, 2) and delay[0, 1] == 1e-3 and learned(trained)["x_to_h"].tolist() == [[8.0, 8.0]]
    )
    assert learned(with_learned(net, learned(trained)))["x_to_h.delay"].tolist() == delay.tolist()
    ns.train(net, *data, epochs=1, checkpoint=tmp_path / "t.npz", **more)  # and goes on from there
    assert ns.train(net, *data, epochs=80, checkpoint=tmp_path / "t.npz", **more)[1].loss == history.loss


def test_silent_neurons_are_revived():
    """With a weight of 1 the neuron stays below its threshold, and has no gradient."""
    given = {"x": ([0], [0] * ms, [0])}, {"h": [[5.0]]}
    more = dict(loss=TIME, ticks=200, gradient="eventprop", precision="double", learns="x_to_h", rate=0.2)
    same, _ = ns.train(one_neuron(1.0), *given, epochs=2, **more)
    assert learned(same)["x_to_h"].tolist() == [[1.0, 1.0]]
    _, history = ns.train(one_neuron(1.0), *given, epochs=60, revive=0.1, l2=1e-6, **more)
    assert history.loss[-1] < 0.5


def test_the_class_is_that_of_the_first_spike():
    """The label says which of two inputs was earlier. Any number of threads gives the same bits."""
    random = np.random.default_rng(0)
    times, count = random.uniform(0.0, 8.0, (40, 2)), 40
    inputs = {"x": (np.repeat(np.arange(count), 2), times.ravel() * ms, np.tile([0, 1], count))}
    labels = times.argmin(axis=1)
    net = network(0.1, (np.full((2, 2), 6.0), np.ones((2, 2))), (np.zeros((2, 2)), np.ones((2, 2))), NONE_2)
    more = dict(loss="first_spike", ticks=300, gradient="eventprop", precision="double", validation=0.25)
    more |= dict(learns="x_to_h", rate=0.1, batch=8, epochs=8)
    trained, history = ns.train(net, inputs, {"h": labels}, **more)
    assert history.accuracy[-1] > 0.8 and history.loss[-1] < history.loss[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adjoint, "FEW_SPIKES", 0)
        again, _ = ns.train(net, inputs, {"h": labels}, **more)
    assert learned(again)["x_to_h"].tolist() == learned(trained)["x_to_h"].tolist()


def test_no_memory_for_the_events_is_an_error(monkeypatch):
    class Full:
        neurosim_adjoint = staticmethod(lambda *given: False)

    monkeypatch.setattr(adjoint, "library", Full)
    with pytest.raises(ns.EngineError, match="not enough memory for the events of a batch"):
        gradient(one_neuron(), {"x": ([0], [0] * ms, [0])}, {"out": [[0.0]]}, ticks=9, gradient="eventprop")
