"""Clock-driven equations of synapses, by each method of integration: as in Brian2, and noise by its laws."""

from functools import cache

import numpy as np
import pytest
from brian2 import NeuronGroup, StateMonitor, Synapses, ms
from brian_side import DT, brian_run, clocked

import neurosim as ns

LINEAR = "dx/dt = (y - x)/(3*ms) : 1 (clock-driven)\ndy/dt = (v_post - y)/(5*ms) : 1 (clock-driven)"
CURVED = "dx/dt = (v_post - x**3)/(3*ms) : 1 (clock-driven)\ndy/dt = (sin(x) - y)/(5*ms) : 1 (clock-driven)"
METHODS = {
    "exact": LINEAR, "exponential_euler": LINEAR, "euler": CURVED, "rk2": CURVED, "rk4": CURVED,
    "heun": CURVED, "milstein": CURVED,
}  # fmt: skip
TICKS, START = 100, [0.2, 0.9, 1.7]
WAVE = "dv/dt = (1.5 - v)/(4*ms) : 1"


@cache
def theirs():
    """By method, what Brian2 computes: (tick, synapse), of x and of y."""
    cells = NeuronGroup(
        3, WAVE, method="exact", name="a_cells"
    )  # by name, Brian2 moves it before the synapses
    cells.v, made, monitors = START, [cells], {}
    for method, model in METHODS.items():
        synapses = Synapses(cells, cells, model, method=method, name=f"by_{method}")
        synapses.connect(j="i")
        synapses.x = START
        monitors[method] = StateMonitor(synapses, ["x", "y"], record=True)
        made += [synapses, monitors[method]]
    brian_run(TICKS * DT, *made)
    return {method: (np.asarray(m.x).T, np.asarray(m.y).T) for method, m in monitors.items()}


@cache
def ours(engine):
    # Brian2 integrates these synapses after their cells, neurosim before, so the cells begin one step later.
    late = 1.5 - (1.5 - np.array(START)) * np.exp(-float(DT / (4 * ms)))
    cells = ns.Neurons("cells", 3, equations=WAVE, v=late)
    items = [
        ns.Synapses(cells, cells, wiring=ns.one_to_one(), model=model, method=method, x=START, name=method)
        for method, model in METHODS.items()
    ]
    record = [f"{method}.{name}" for method in METHODS for name in "xy"]
    return ns.run(clocked(*items), ticks=TICKS, record=record, engine=engine)


@pytest.mark.parametrize("engine", ["reference", "events"])
@pytest.mark.parametrize("method", METHODS)
def test_synapses_are_integrated_as_in_brian2(engine, method):
    for name, trace in zip("xy", theirs()[method], strict=True):
        np.testing.assert_allclose(ours(engine)[f"{method}.{name}"], trace, rtol=0, atol=1e-12)


NOISE = dict(
    euler="dx/dt = -x/tau + s*xi/tau**0.5 : 1 (clock-driven)",  # additive
    heun="dx/dt = s*x*xi/tau**0.5 : 1 (clock-driven)",  # multiplicative, as Stratonovich reads it
    milstein="dx/dt = s*x*xi/tau**0.5 : 1 (clock-driven)",
)
MANY = 4000


@cache
def noisy(engine):
    cells = ns.Neurons("cells", MANY, update="v = I")
    items = [
        ns.Synapses(
            cells, cells, wiring=ns.one_to_one(), model=model, x=1 - (method == "euler"), tau=10 * ms, s=0.3,
            method=method, name=method,
        )
        for method, model in NOISE.items()
    ]  # fmt: skip
    items.append(
        ns.Synapses(
            cells, cells, wiring=ns.one_to_one(), model=NOISE["heun"], x=1, tau=10 * ms, s=0.3, name="auto"
        )
    )
    return ns.run(clocked(*items), ticks=50, record=["heun.x", "milstein.x"], engine=engine).final


def test_noise_in_synapses_has_the_spread_of_its_equation():
    ratio, error = float(DT / (10 * ms)), 4 / np.sqrt(2 * MANY)
    final = noisy("reference")
    spread = 0.3 * np.sqrt(ratio * (1 - (1 - ratio) ** 100) / (1 - (1 - ratio) ** 2))  # after 50 steps
    assert final["synapse/euler/x"][0].std() == pytest.approx(spread, rel=error)
    for method in ("heun", "milstein"):
        grown = np.log(final[f"synapse/{method}/x"][0])  # a random walk
        assert grown.std() == pytest.approx(0.3 * np.sqrt(50 * ratio), rel=error)
        assert abs(grown.mean()) < 4 * grown.std() / np.sqrt(MANY)
    assert final["synapse/auto/x"][0].std() == pytest.approx(final["synapse/heun/x"][0].std(), rel=0.1)


def test_engines_draw_the_same_noise_of_synapses():
    for key, value in noisy("events").items():
        np.testing.assert_allclose(value, noisy("reference")[key], rtol=1e-12)


def test_a_method_that_cannot_integrate_synapses_is_refused():
    cells = ns.Neurons("cells", 2, update="v = I")

    def run(**text):
        ns.run(clocked(ns.Synapses(cells, cells, tau=10 * ms, **text)), ticks=1)

    with pytest.raises(ns.PlanError, match=r"cells -> cells: model: method 'rk4' cannot .*'milstein'"):
        run(model=NOISE["euler"], s=1, method="rk4")
    with pytest.raises(ns.PlanError, match=r"'exact'.*not finite.*method='auto'"):
        run(model="dx/dt = (y - x)/tau : 1\ndy/dt = -y/equal : 1", equal=10 * ms, method="exact")
    with pytest.raises(ns.DescriptionError, match=r"cells -> cells: method 'eulr' is not known.*'euler'"):
        run(model="dx/dt = -x/tau : 1", method="eulr")
