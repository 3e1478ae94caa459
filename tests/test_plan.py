"""The plan: random numbers, exact integration, units, and what plans refuse."""

import subprocess
import sys

import brian2 as b
import numpy as np
import pytest
from brian2 import NeuronGroup, StateMonitor, ms
from scipy.integrate import solve_ivp

import neurosim as ns
from neurosim.plan.exact_integration import propagator
from neurosim.plan.random import TextRandom, binomial, cumulative_binomial, threefry2x32, to_below
from neurosim.units import Hz, mV, nA, nF, nS, pA, pF, uS

# Random123's published known answers (kat_vectors): rounds, counter, key, result.
KNOWN = [
    (13, (0, 0), (0, 0), (0x9D1C5EC6, 0x8BD50731)),
    (13, (0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0xFD36D048, 0x2D17272C)),
    (13, (0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xBA3E4725, 0xF27D669E)),
    (20, (0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    (20, (0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    (20, (0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
]


@pytest.mark.parametrize(("rounds", "counter", "key", "result"), KNOWN)
def test_threefry_gives_the_published_known_answers(rounds, counter, key, result):
    words = threefry2x32(tuple(map(np.uint32, key)), tuple(map(np.uint32, counter)), rounds)
    assert tuple(int(word) for word in words) == result


def text_random(tick=0, seed=0, name="cells", block="update", trials=1, elements=1000):
    return TextRandom(
        seed, name, block, tick, np.arange(trials)[:, None], np.arange(elements, dtype=np.uint32)[None, :]
    )


def test_a_number_depends_on_seed_name_block_call_trial_tick_and_element_only():
    base = text_random().rand(0)
    np.testing.assert_array_equal(base, text_random().rand(0))
    np.testing.assert_array_equal(base[:, :10], text_random(elements=10).rand(0))
    np.testing.assert_array_equal(base, text_random(trials=3).rand(0)[:1])
    others = [
        text_random(seed=1).rand(0),
        text_random(name="other").rand(0),
        text_random(block="reset").rand(0),
        text_random().rand(1),
        text_random(tick=1).rand(0),
        text_random(trials=2).rand(0)[1:],
    ]
    for other in others:
        assert abs(np.corrcoef(base.ravel(), other.ravel())[0, 1]) < 0.12


def test_uniform_numbers_fill_the_interval_evenly():
    u = text_random(elements=100_000).rand(0).ravel()
    counts = np.bincount((u * 64).astype(int), minlength=64)
    assert (
        (counts - u.size / 64) ** 2 / (u.size / 64)
    ).sum() < 103.4  # chi-square, 63 degrees of freedom, p = 0.001


def test_whole_numbers_below_n_are_even():
    words = threefry2x32((np.uint32(1), np.uint32(2)), (np.arange(60_000, dtype=np.uint32), np.uint32(0)))
    counts = np.bincount(to_below(words, 6), minlength=6)
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 20.5  # 5 degrees of freedom, p = 0.001


@pytest.mark.parametrize("rate", [0.0, 0.3, 4.0, 900.0])
def test_poisson_numbers_are_poisson(rate):
    k = text_random(elements=40_000).poisson(0, np.array(rate))
    assert k.mean() == pytest.approx(rate, abs=5 * np.sqrt(rate / k.size))
    assert k.var() == pytest.approx(rate, rel=0.05, abs=1e-12)


def test_binomial_numbers_are_inverted_exactly():
    from scipy.stats import binom

    u = np.linspace(0, 1, 2001)[:-1]
    np.testing.assert_array_equal(
        binomial(u, 20, np.array(0.3)), np.searchsorted(binom.cdf(np.arange(21), 20, 0.3), u, side="right")
    )


@pytest.mark.parametrize(
    ("n", "p"),
    [(3, 1 - 1e-16), (7, 1e-300), (1000, 1e-3), (4_000_000, 0.9), (2**31 - 1, 0.5), (2**31 - 1, 1 - 1e-10)],
)
def test_cumulative_binomial_probabilities_are_right_for_any_number_of_sources(n, p):
    from scipy.stats import binom

    first, cumulative = cumulative_binomial(n, p)
    np.testing.assert_allclose(cumulative, binom.cdf(first + np.arange(cumulative.size), n, p), atol=1e-11)
    assert binom.cdf(first - 1, n, p) < 1e-30


@pytest.mark.parametrize("gap", [0.0, 1e-9, 1e-3, 7.0])
def test_the_propagator_is_right_however_close_the_time_constants(gap):
    tau, other, dt = 5.0, 5.0 + gap, 0.1
    P, Q = propagator(np.array([[-1 / tau, 1.0], [0.0, -1 / other]]), dt)
    exact = solve_ivp(
        lambda t, x: [-x[0] / tau + x[1], -x[1] / other], (0, dt), [0, 1], rtol=1e-13, atol=1e-16
    ).y[:, -1]
    np.testing.assert_allclose(P[:, 1], exact, rtol=1e-11)
    np.testing.assert_allclose(Q[0, 0], tau * -np.expm1(-dt / tau), rtol=1e-14)
    assert P[1, 0] == 0


def test_the_propagator_keeps_its_digits_where_units_differ_by_orders():
    """Current in ampere, voltage in volt, capacitance in farad: matrix entries from 1 to 1e12."""
    tau, C, taus, dt = 10e-3, 250e-12, 2e-3, 1e-4
    P, _ = propagator(np.array([[-1 / tau, 1 / C], [0.0, -1 / taus]]), dt)
    expected = (np.exp(-dt / taus) - np.exp(-dt / tau)) / (1 / tau - 1 / taus) / C
    np.testing.assert_allclose(P[0, 1], expected, rtol=1e-13)


LINEAR = {
    "exponential": (
        "dv/dt = (g - v)/taum : 1\ndg/dt = -g/taus : 1",
        dict(taum=20 * ms, taus=5 * ms),
        dict(g=1.0, v=0.2),
    ),
    "alpha": (
        "dv/dt = (x - v)/taum : 1\ndx/dt = (y - x)/taus : 1\ndy/dt = -y/taur : 1",
        dict(taum=20 * ms, taus=5 * ms, taur=3 * ms),
        dict(y=1.0),
    ),
    "coupled": (
        "dv/dt = (-v + a*u)/tau : 1\ndu/dt = (-u + a*v + 0.3)/tau : 1",
        dict(tau=7 * ms, a=0.4),
        dict(v=1.0),
    ),
}


@pytest.mark.parametrize("case", LINEAR)
def test_exact_integration_agrees_with_brian2_where_brian2_is_finite(case):
    equations, constants, start = LINEAR[case]
    b.prefs.codegen.target = "numpy"
    b.defaultclock.dt = 0.1 * ms
    group = NeuronGroup(1, equations, method="exact", namespace=constants)
    for name, value in start.items():
        setattr(group, name, value)
    trace = StateMonitor(group, "v", record=True)
    b.Network(group, trace).run(50 * ms)
    cells = ns.Neurons("cells", 1, equations=equations, **constants, **start)
    v = ns.run(ns.Network(cells, schedule=ns.Clock(0.1 * ms)), duration=50 * ms, record=["cells.v"])[
        "cells.v"
    ]
    assert np.isfinite(np.asarray(trace.v)).all()
    np.testing.assert_allclose(v, np.asarray(trace.v).T, rtol=1e-12, atol=1e-14)


def test_exact_integration_takes_oscillations_too():
    """Complex eigenvalues, which Brian2's exact method refuses."""
    equations = "dv/dt = (-v + a*u)/tau : 1\ndu/dt = (-u - a*v)/tau : 1"
    cells = ns.Neurons("cells", 1, equations=equations, tau=7 * ms, a=4.0, v=1.0)
    v = ns.run(ns.Network(cells, schedule=ns.Clock(0.1 * ms)), duration=50 * ms, record=["cells.v"])[
        "cells.v"
    ].ravel()
    t = np.arange(500) * 0.1 / 7
    np.testing.assert_allclose(v, np.exp(-t) * np.cos(4 * t), atol=1e-13)


def test_brian2s_own_exact_method_is_not_finite_for_equal_time_constants():
    """The reason for our own propagator. If Brian2 changes this, the sentence in the documentation must be
    removed."""
    b.prefs.codegen.target = "numpy"
    b.defaultclock.dt = 0.1 * ms
    group = NeuronGroup(
        1,
        "dv/dt = (g - v)/taum : 1\ndg/dt = -g/taus : 1",
        method="exact",
        namespace=dict(taum=5 * ms, taus=5 * ms),
    )
    group.g = 1
    with np.errstate(all="ignore"):
        b.Network(group).run(1 * ms)
    assert not np.isfinite(np.asarray(group.v)).all()


def coupled_synapses(kind):
    """One spike at tick 0 into y, which drives x with the same time constant: x = t/tau exp(-t/tau)."""
    source, cell = ns.Neurons("source", 1), ns.Neurons("cell", 1, update="v = 0")
    model = f"dx/dt = (y - x)/tau : 1 ({kind})\ndy/dt = -y/taub : 1 ({kind})"
    synapses = ns.Synapses(source, cell, model=model, on_pre="y += 1", name="s", tau=5 * ms, taub=5 * ms)
    return ns.run(
        ns.Network(synapses, schedule=ns.Clock(0.01 * ms)), {"source": ([0], [0])}, ticks=1000, record=["s.x"]
    )["s.x"].ravel()


def test_coupled_event_driven_equations_with_equal_time_constants_are_refused():
    with pytest.raises(ns.PlanError, match=r"Synapses source -> cell.*not finite.*clock-driven"):
        coupled_synapses("event-driven")


def test_coupled_clock_driven_equations_with_equal_time_constants_are_integrated():
    s = np.maximum(np.arange(1000) - 1, 0) * 0.01 / 5
    np.testing.assert_allclose(coupled_synapses("clock-driven"), s * np.exp(-s), atol=1e-3)


def test_time_constants_may_differ_from_neuron_to_neuron():
    tau = np.array([2.0, 5.0, 20.0])
    cells = ns.Neurons("cells", 3, equations="dv/dt = -v/tau : 1", tau=tau * ms, v=1.0)
    v = ns.run(ns.Network(cells, schedule=ns.Clock(1 * ms)), ticks=10, record=["cells.v"])["cells.v"]
    np.testing.assert_allclose(v, np.exp(-np.arange(10)[:, None] / tau), rtol=1e-14)


def test_a_parameter_that_changes_while_running_is_followed():
    cells = ns.Neurons(
        "cells", 1, equations="dv/dt = -v/tau : 1\ntau : second", update="tau = tau + 1*ms", tau=5 * ms, v=1.0
    )
    v = ns.run(ns.Network(cells, schedule=ns.Clock(1 * ms)), ticks=4, record=["cells.v"])["cells.v"].ravel()
    np.testing.assert_allclose(v, [1, *np.exp(-np.cumsum(1 / np.array([5.0, 6, 7])))], rtol=1e-12)


WRONG_UNITS = {
    "equation": dict(equations="dv/dt = -v : volt"),
    "threshold": dict(equations="dv/dt = -v/(5*ms) : volt", threshold="v > 1"),
    "reset": dict(equations="dv/dt = -v/(5*ms) : volt", threshold="v > 1*mV", reset="v = 2"),
    "constant": dict(equations="dv/dt = (E - v)/(5*ms) : volt", E=3 * ms),
    "start value": dict(equations="dv/dt = -v/(5*ms) : volt", v=1.0),
}


@pytest.mark.parametrize("case", WRONG_UNITS)
def test_units_that_do_not_agree_are_refused(case):
    with pytest.raises(ns.NeurosimError, match=r"Neurons 'cells'.*(units agree|Give it in V)"):
        ns.run(ns.Network(ns.Neurons("cells", 1, **WRONG_UNITS[case]), schedule=ns.Clock(1 * ms)), ticks=1)


def test_a_weight_must_have_the_unit_of_its_target():
    a, c = (
        ns.Neurons("a", 1, threshold="rand() < 0"),
        ns.Neurons("c", 1, equations="dg/dt = -g/(5*ms) : siemens"),
    )
    with pytest.raises(ns.PlanError, match=r"Synapses a -> c: weight of unit V .*c\.g is in S"):
        ns.run(ns.Network(ns.Synapses(a, c, to="g", weight=1 * mV), schedule=ns.Clock(1 * ms)), ticks=1)
    ns.run(ns.Network(ns.Synapses(a, c, to="g", weight=1 * nS), schedule=ns.Clock(1 * ms)), ticks=1)


def test_a_port_has_the_unit_that_the_equations_give_it():
    a = ns.Neurons("a", 1, threshold="rand() < 2")
    c = ns.Neurons("c", 1, equations="dv/dt = I/C : volt\nI : amp", C=1 * nF)
    net = ns.Network(ns.Synapses(a, c, weight=1 * nA), schedule=ns.Clock(1 * ms))
    v = ns.run(net, ticks=3, record=["c.v"])["c.v"].ravel()
    np.testing.assert_allclose(v, [0, 0, 1e-3], rtol=1e-12)
    assert float(1 * pA * ms / pF) == pytest.approx(1e-3)
    assert float(1 * uS) == pytest.approx(1e-6)
    assert float(1 * Hz) == 1


def test_nonlinear_equations_refuse_exact_and_name_a_method_that_works():
    cells = ns.Neurons("cells", 1, equations="dv/dt = -v**3/(5*ms) : 1")
    with pytest.raises(ns.PlanError, match="method 'exact' cannot integrate.*exponential_euler"):
        ns.run(ns.Network(cells, schedule=ns.Clock(1 * ms)), ticks=1)


def test_importing_neurosim_loads_nothing_heavy():
    code = (
        "import sys, neurosim; print([m for m in ('brian2', 'sympy', 'scipy', 'h5py', 'sklearn',"
        " 'matplotlib', 'jax') if m in sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


def test_errors_of_scripts_are_not_dressed_up_by_brian2():
    code = "import sys; hook = sys.excepthook; import neurosim.units; print(sys.excepthook is hook)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "True"
    )
