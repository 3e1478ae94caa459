"""What EventProp cannot train is refused before anything runs, with the name, the reason and the remedy."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.learn import Loss, gradient
from neurosim.units import ms

EQUATIONS = "dv/dt = (current - v)/tau : 1 (unless refractory)\ndcurrent/dt = -current/tau_s : 1"
FREE = EQUATIONS.replace(" (unless refractory)", "")
CELL = dict(equations=EQUATIONS, threshold="v > 1", reset="v = 0", method="exact", tau=20 * ms, tau_s=5 * ms)
SPIKES = {"x": ([0], [0] * ms, [0])}
MANY = "\n".join(f"dx{n}/dt = -x{n}/tau : 1" for n in range(9))
NINE = EQUATIONS + "\n" + MANY


def net(cell=None, out=None, synapses=None, schedule=None, **more):
    """x -> h -> out, of which `cell`, `out` and `synapses` are changed arguments."""
    x, h = ns.Neurons("x", 1), ns.Neurons("h", 2, **(CELL | (cell or {})))
    resting = {key: value for key, value in CELL.items() if key not in ("threshold", "reset")}
    y = ns.Neurons(
        "out",
        1,
        **(resting | dict(equations=FREE, sends="v") | (out or {})),
    )
    given = dict(to="current", weight=1.0, learns=True)
    return ns.Network(
        ns.Synapses(x, h, **(given | (synapses or {}))),
        ns.Synapses(h, y, **given),
        schedule=schedule or ns.Clock(1 * ms),
        **more,
    )


def slopes(network, inputs=None, targets=None, **more):
    targets = {"out": [[0.0]]} if targets is None else targets
    return gradient(network, inputs or SPIKES, targets, **(dict(ticks=10, gradient="eventprop") | more))


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (
            dict(
                equations="dv/dt = (current - v**2)/tau : 1\ndcurrent/dt = -current/tau_s : 1", method="euler"
            ),
            "needs linear",
        ),
        (dict(equations=NINE), "has 11 equations, more than 8"),
        (dict(regularly=(5 * ms, "v = 0")), "has update text or text that runs regularly"),
        (dict(tau=[10, 20] * ms), "neurons differ in a constant of the equations"),
        (dict(refractory="5*ms*(1 + v)"), "the refractory period is text"),
        (dict(threshold="v > 1 + t/second"), "'t' in .* changes with time"),
        (dict(threshold="v > theta", theta=[1.0, 2.0]), "differ in a constant of"),
        (dict(threshold="v**2 > 1"), "is not linear in v, current"),
        (dict(threshold="abs(v) > 1 and v > 0"), "is not of the kind 'v > number'"),
        (
            dict(equations=EQUATIONS + "\ncount : 1", reset="v = 0; count += 1"),
            "changes 'count', which has no",
        ),
        (dict(reset="v = 0; current *= 0.5"), "spikes jump 'current'"),
    ],
)
def test_neurons_that_are_not_linear_are_refused(cell, reason):
    with pytest.raises(ns.PlanError, match=rf"train: gradient='eventprop': .*{reason}.*leave gradient="):
        slopes(net(cell))


@pytest.mark.parametrize(
    ("synapses", "reason"),
    [
        (dict(to="v"), "spikes jump 'v', which the threshold or the reset of 'h' uses"),
        (dict(to="I"), "to='I' is no variable with an equation"),
        (dict(to=None, on_pre="current_post += w"), "have text"),
    ],
)
def test_synapses_without_a_gradient_are_refused(synapses, reason):
    with pytest.raises(ns.PlanError, match=f"Synapses x -> h: {reason}"):
        slopes(net(synapses=synapses))


def test_networks_and_inputs_without_spikes_in_time_are_refused():
    x, y = ns.Neurons("x", 1), ns.cells.unit("y", 1, "linear")
    layered = ns.Network(ns.Synapses(x, y, learns=True), schedule=ns.Layered())
    with pytest.raises(ns.PlanError, match=r"needs spikes that travel in time.* not Layered\(\)"):
        slopes(layered, {"x": [[[1.0]]]}, {"y": [[0.0]]}, ticks=None)
    with pytest.raises(ns.PlanError, match="the input of 'x' is not spikes that drive it"):
        slopes(net(), {"x": np.ones((1, 10, 1))}, ticks=None)
    graded = ns.Neurons("rate", 1, equations="dr/dt = -r/(5*ms) : 1", method="exact")
    parts = net()
    more = ns.Synapses(graded, parts["h"], to="current")
    with pytest.raises(ns.PlanError, match="'rate' sends values, not spikes"):
        slopes(ns.Network(*parts.synapses.values(), more, schedule=ns.Clock(1 * ms)))
    wide = ns.Synapses(
        graded, parts["h"], to="current", wiring=ns.einsum("i, i o -> o"), weight=np.ones((1, 2))
    )
    with pytest.raises(ns.PlanError, match="the event engine cannot run this network"):
        slopes(ns.Network(*parts.synapses.values(), wide, schedule=ns.Clock(1 * ms)))


def test_losses_and_parameters_without_a_gradient_are_refused():
    first = Loss("first", lambda jax, t, goal: t - goal, reads="first_spike")
    silent = dict(targets={"h": [[0.0, 0.0]]}, learns="x_to_h")
    with pytest.raises(ns.PlanError, match="'h' spikes, and a loss of its spikes reads when they come"):
        slopes(net(), **silent)
    with pytest.raises(ns.PlanError, match="a loss of first spikes has one target for each trial"):
        slopes(net(), targets={"h": np.zeros((1, 10, 2))}, learns="x_to_h", loss=first)
    with pytest.raises(ns.DescriptionError, match="'first' of 'out' reads first spikes, but it sends none"):
        slopes(net(), loss=first)
    odd = Loss("odd", first.of, reads="first_spik")
    with pytest.raises(
        ns.DescriptionError, match="reads 'first_spik', which is not known. Did you mean 'first_"
    ):
        slopes(net(), loss=odd, **silent)
    with pytest.raises(ns.PlanError, match="'out' sends 'u', which has no equation"):
        slopes(net(out=dict(sends="u", equations=f"{FREE}\nu = v**2 : 1")))
    with pytest.raises(ns.PlanError, match="trains weights and delays of synapses, not 'h.theta'"):
        slopes(net(dict(threshold="v > theta", theta=1.0, learns="theta")))


def test_each_way_to_compute_gradients_takes_its_own_arguments():
    delayed = net(synapses=dict(learns="delay", delay=1 * ms))
    with pytest.raises(
        ns.DescriptionError, match="'x_to_h.delay' learns, but back-propagation has no gradient"
    ):
        slopes(delayed, gradient="backpropagation")
    with pytest.raises(ns.DescriptionError, match="the loss of 'h' reads first spikes, whose times"):
        slopes(net(), targets={"h": [0]}, learns="x_to_h", loss="first_spike", gradient="backpropagation")
    with pytest.raises(ns.DescriptionError, match="truncate=3 has no meaning for gradient='eventprop'"):
        slopes(net(), truncate=3)
    with pytest.raises(ns.DescriptionError, match="surrogate='arctan' has no meaning for gradient='eventp"):
        slopes(net(), surrogate="arctan")
    with pytest.raises(ns.DescriptionError, match="slope=3.0 has no meaning for gradient='eventprop'"):
        slopes(net(), slope=3.0)
    with pytest.raises(ns.DescriptionError, match="revive=0.1 has no meaning for gradient='backpropagation'"):
        ns.train(net(), SPIKES, {"out": [[0.0]]}, ticks=10, revive=0.1)
    with pytest.raises(ns.DescriptionError, match="gradient 'event'"):
        slopes(net(), gradient="event")
    with pytest.raises(ns.DescriptionError, match=r"has no pattern that fits 'h_to_out'. Add one, such as"):
        ns.train(net(), SPIKES, {"out": [[0.0]]}, ticks=10, rate={"x_*": 0.1}, gradient="eventprop")
    with pytest.raises(ns.DescriptionError, match=r"'\*.delays' fits nothing that learns. There is: "):
        ns.train(net(), SPIKES, {"out": [[0.0]]}, ticks=10, rate={"*.delays": 0.1, "*": 0.1})


def test_what_of_synapses_learns_is_checked():
    x, h = ns.Neurons("x", 1), ns.Neurons("h", 1, **CELL)
    with pytest.raises(ns.DescriptionError, match="'delays' of synapses cannot learn. Did you mean 'delay'"):
        ns.Synapses(x, h, to="current", learns="delays")
    with pytest.raises(ns.DescriptionError, match="learns: 3 is neither True nor names"):
        ns.Synapses(x, h, to="current", learns=3)
    assert ns.Synapses(x, h, to="current", learns=["weight"]).learns is True
    assert ns.Synapses(x, h, to="current", learns=()).learns is False
    assert "learns weight delay" in str(net(synapses=dict(learns=("delay", "weight"))))
    tied = ns.Synapses(x, h, to="current", on_pre="current_post += w", learns="delay")
    with pytest.raises(ns.DescriptionError, match="the delays learn, but the synapses have text, or weights"):
        ns.learn.learned(ns.Network(tied, schedule=ns.Clock(1 * ms)))
