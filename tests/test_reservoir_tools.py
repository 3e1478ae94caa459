"""Measures of reservoirs have their known values on networks for which these can be derived, and refuse what
they cannot measure."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import neurosim as ns
from neurosim.learn import NextGenerationReservoir
from neurosim.models.echo_state import echo_state
from neurosim.plan.materialize import weight_matrix
from neurosim.readout import (
    effective_spectral_radius,
    free_run,
    generalization_rank,
    jacobian,
    kernel_quality,
    lyapunov_exponent,
    memory_capacity,
)
from neurosim.units import ms

RANDOM = np.random.default_rng


def shift(n):
    """A delay line: the k-th neuron holds the input of k ticks ago."""
    drive, line = ns.Neurons("drive", 1), ns.cells.unit("line", n, "linear")
    onwards = ns.Synapses(line[:-1], line[1:], wiring=ns.one_to_one(), delay=1)
    return ns.Network(ns.Synapses(drive, line[:1]), onwards, schedule=ns.Layered())


def logistic(r):
    x = ns.Neurons("x", 1, update=f"x = {r}*I*(1 - I)", x=0.3)
    return ns.Network(ns.Synapses(x, x, delay=1), schedule=ns.Synchronous())


def lorenz(ticks, dt, seed=0):
    """A trajectory on the attractor, (tick, 3)."""

    def slope(t, u):
        return [10 * (u[1] - u[0]), u[0] * (28 - u[2]) - u[1], u[0] * u[1] - 8 / 3 * u[2]]

    times = np.arange(ticks + 800) * dt
    begin = RANDOM(seed).normal(size=3) + [1, 1, 20]
    return solve_ivp(slope, (0, times[-1]), begin, t_eval=times, method="RK23").y.T[800:]


def test_a_delay_line_remembers_as_many_inputs_as_it_holds():
    found = memory_capacity(shift(12), ticks=2000, discard=50, delays=range(20))
    assert found.each[:12] == pytest.approx(1.0, abs=1e-9)
    assert found.each[12:] == pytest.approx(0.0, abs=0.01)
    assert found.total == pytest.approx(12, abs=0.05)


def test_a_network_without_recurrence_remembers_nothing():
    assert memory_capacity(echo_state(1, 20, radius=0.0, density=0.3), ticks=2000).total < 0.1


def test_a_network_with_less_noise_of_its_own_saturation_remembers_more():
    totals = [
        memory_capacity(echo_state(1, 40, input_scale=scale, density=0.2), ticks=1500).total
        for scale in (1.0, 0.01)
    ]
    assert totals[0] < 0.8 * totals[1] < 40


def test_a_delay_line_tells_as_many_inputs_apart_as_it_has_neurons():
    assert kernel_quality(shift(12), ticks=30) == 12
    assert kernel_quality(shift(12), ticks=30, streams=7) == 7
    assert kernel_quality(shift(12), ticks=5) == 5  # the other neurons have heard nothing yet


def test_a_delay_line_forgets_all_but_its_length():
    # Of inputs that are alike in the last 5 of 12 ticks, 7 differ, and what is alike is one more direction.
    assert generalization_rank(shift(12), same=5, ticks=30) == 8
    assert generalization_rank(shift(12), same=12, ticks=30) == 1


def test_a_tolerance_leaves_out_what_is_small():
    net = echo_state(1, 30, input_scale=0.1, density=0.2)
    assert kernel_quality(net, tolerance=0.1) < kernel_quality(net, tolerance=1e-6) <= 30


@pytest.mark.parametrize("r", [3.2, 4.0])
def test_the_logistic_map_has_its_known_exponent(r):
    # r = 4: ln 2. r = 3.2: a cycle of two points, whose multiplier is 4 + 2 r - r^2.
    expected = np.log(2) if r == 4 else 0.5 * np.log(abs(4 + 2 * r - r * r))
    assert lyapunov_exponent(logistic(r), ticks=3000, every=5) == pytest.approx(expected, abs=2e-3)


def test_a_quiet_leaky_network_has_the_radius_of_its_matrix_and_the_exponent_of_that():
    net = echo_state(1, 30, radius=0.8, leak=0.5, density=0.3)
    matrix = 0.5 * np.eye(30) + 0.5 * weight_matrix(net, "pool_to_pool").number
    assert np.allclose(jacobian(net), matrix, atol=1e-9)
    radius = effective_spectral_radius(net)
    assert radius == pytest.approx(np.abs(np.linalg.eigvals(matrix)).max(), rel=1e-8)
    assert lyapunov_exponent(net, ticks=600) == pytest.approx(np.log(radius), abs=2e-3)


def test_large_inputs_shrink_the_radius_and_tame_chaos():
    net = echo_state(1, 50, radius=1.8, density=0.2, input_scale=3.0)
    drive = {"drive": RANDOM(0).uniform(-1, 1, (600, 1))}
    assert effective_spectral_radius(net, drive) < 1.8
    assert effective_spectral_radius(net) == pytest.approx(1.8, rel=1e-6)
    free = lyapunov_exponent(net, ticks=600, start={"pool.v": RANDOM(0).normal(size=50)})
    assert lyapunov_exponent(net, drive) < 0 < free


def test_delays_of_several_ticks_belong_to_the_state():
    x = ns.Neurons("x", 1, update="x = 0.9*I", x=0.5)
    net = ns.Network(ns.Synapses(x, x, delay=3), schedule=ns.Synchronous())
    assert jacobian(net).shape == (3, 3)
    assert effective_spectral_radius(net) == pytest.approx(0.9 ** (1 / 3), rel=1e-6)
    assert lyapunov_exponent(net, ticks=900) == pytest.approx(np.log(0.9) / 3, abs=2e-3)


@pytest.fixture(scope="module")
def forecaster():
    """A next-generation reservoir that learned the Lorenz system, 0.025 units of time a tick, and what comes
    after."""
    series = lorenz(3000, 0.025)
    model = NextGenerationReservoir(2, alpha=1e-3, change=True).fit(series[:1500], series[1:1501])
    return model, series


def test_a_learned_lorenz_system_stays_near_and_has_its_exponent(forecaster):
    model, series = forecaster
    net = model.closed_network_
    forced = ns.run(net, {"out": series[1495:1500]})
    found = free_run(net, series[:1500], ticks=3000, start=forced)
    assert found.bounded
    assert found.verdict == "stayed near the reference"
    assert found.exponent / 0.025 == pytest.approx(0.9056, abs=0.15)
    assert found.reach < 1.3
    assert found.spread == pytest.approx(1.0, abs=0.3)


def test_a_network_that_runs_away_or_comes_to_rest_is_told_so(forecaster):
    series = forecaster[1]
    for factor, verdict in ((1.05, "ran away"), (0.9, "came to rest")):
        y = ns.Neurons("out", 3, update=f"y = {factor}*I", y=series[0])
        net = ns.Network(ns.Synapses(y, y, wiring=ns.one_to_one(), delay=1), schedule=ns.Synchronous())
        found = free_run(net, series - series.mean(axis=0), ticks=400, start={"out.y": series[0]})
        assert found.verdict == verdict
        assert found.exponent == pytest.approx(np.log(factor), abs=1e-6)


def noisy():
    x = ns.Neurons("x", 2, update="x = 0.5*I + 0.1*randn()")
    return ns.Network(ns.Synapses(x, x, delay=1), schedule=ns.Synchronous())


def hidden():
    x = ns.Neurons("x", 2, update="c = 0.5*c + I\nx = tanh(c)", sends="x")
    return ns.Network(ns.Synapses(x, x, delay=1), schedule=ns.Synchronous())


def spiking():
    ears, cells = ns.Neurons("ears", 1), ns.cells.lif("cells", 3)
    return ns.Network(ns.Synapses(ears, cells, to="v"), schedule=ns.Clock(1 * ms))


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        (lambda: lyapunov_exponent(noisy(), ticks=300), "draws random numbers"),
        (lambda: lyapunov_exponent(hidden(), ticks=300), r"does not send \(c\)"),
        (lambda: lyapunov_exponent(spiking(), ticks=300), "spikes"),
        (lambda: lyapunov_exponent(logistic(4.0)), "Give ticks=1000"),
        (lambda: lyapunov_exponent(logistic(4.0), ticks=90), "90 ticks are too few"),
        (
            lambda: lyapunov_exponent(echo_state(1, 10, density=0.5), {"drive": np.ones((4, 300, 1))}),
            "Give one trial",
        ),
        (
            lambda: lyapunov_exponent(echo_state(1, 10, density=0.5), {"pool": np.ones((300, 10))}),
            "no clamps",
        ),
        (lambda: memory_capacity(echo_state(2, 10, density=0.5)), "2 neurons. Give a network with one input"),
        (lambda: memory_capacity(echo_state(1, 50), ticks=40), "too few to fit 50 weights"),
        (lambda: memory_capacity(echo_state(1, 50), output="pol"), "Did you mean 'pool'"),
        (lambda: memory_capacity(logistic(4.0)), "driven populations are: none"),
        (lambda: kernel_quality(spiking()), "spikes. Name a population that sends numbers"),
        (lambda: generalization_rank(shift(5), same=200), "same"),
        (
            lambda: free_run(logistic(4.0), np.ones((50, 2)), ticks=100, start=None, output="x"),
            r"not \(tick, 1\)",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused_in_words(measure, words):
    with pytest.raises(ns.DescriptionError, match=words):
        measure()
