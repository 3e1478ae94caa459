"""Every option of estimators, measures and generators of sequences has an effect, and populations may have
other names than the usual ones."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from test_generate import chain

import neurosim as ns
from neurosim import cells, learn, readout
from neurosim.models.boltzmann import boltzmann
from neurosim.models.echo_state import echo_state

X, LABELS = load_iris(return_X_y=True)
SERIES = np.sin(np.arange(60.0))[:, None]
OTHERS = {
    "EchoStateRegressor": lambda: (
        learn.EchoStateRegressor(10, wiring="small_world", density=0.5, random_state=0).fit(SERIES, SERIES),
        learn.EchoStateRegressor(10, wiring="small_world", density=0.5, rewire=0.9, random_state=0).fit(
            SERIES, SERIES
        ),
    ),
    "ExtremeLearningClassifier": lambda: (
        learn.ExtremeLearningClassifier(5, random_state=0).fit(X / 10, LABELS),
        learn.ExtremeLearningClassifier(5, scale=0.1, random_state=0).fit(X / 10, LABELS),
        learn.ExtremeLearningClassifier(5, alpha=9.0, random_state=0).fit(X / 10, LABELS),
    ),
    "RadialBasisClassifier": lambda: (
        learn.RadialBasisClassifier(5, random_state=0).fit(X, LABELS),
        learn.RadialBasisClassifier(5, alpha=9.0, random_state=0).fit(X, LABELS),
    ),
    "RadialBasisRegressor": lambda: (
        learn.RadialBasisRegressor(5, centres="data", random_state=0).fit(X, LABELS),
        learn.RadialBasisRegressor(5, centres="data", random_state=1).fit(X, LABELS),
    ),
    "KohonenMap": lambda: (
        learn.KohonenMap((2, 2), algorithm="online", random_state=0, n_iter=1).fit(X),
        learn.KohonenMap((2, 2), algorithm="online", final_learning_rate=0.4, random_state=0, n_iter=1).fit(
            X
        ),
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_an_option_changes_what_is_learned(name):
    first, *rest = (vars(made).get("coef_", vars(made).get("weights_")) for made in OTHERS[name]())
    for other in rest:
        assert not np.allclose(first, other)


def test_a_readout_of_an_unrolled_network_has_its_function():
    machine = learn.DeepBelief((3, 2), random_state=0).fit(X[:20] > 2)
    sigmoid, linear = (machine.unrolled(2, output=output)["out"].update for output in ("sigmoid", "linear"))
    assert "sigmoid" in sigmoid
    assert "sigmoid" not in linear


def test_visible_units_are_drawn_from_hidden_ones():
    machine = learn.RestrictedBoltzmann(2, random_state=0).fit(X[:20] > 2)
    machine.intercept_visible_[:] = [100, -100, 100, -100]
    assert machine.draw_visible(H=np.zeros((3, 2))).tolist() == [[1, 0, 1, 0]] * 3


def test_next_generation_reservoirs_run_on_every_engine():
    one, other = (
        learn.NextGenerationReservoir(engine=engine).fit(SERIES[:-1], SERIES[1:]).predict(SERIES)
        for engine in ("reference", "arrays")
    )
    np.testing.assert_allclose(one, other, rtol=1e-9)


def test_annealing_draws_by_its_seed_alike_on_every_engine():
    net, clamp = boltzmann(np.array([[0, 1.0], [1, 0]]), 0.0, temperature=None), np.full((50, 2), np.nan)
    one = learn.anneal(net, clamp, [1.0], 3, seed=1, engine="reference")
    assert np.array_equal(one, learn.anneal(net, clamp, [1.0], 3, seed=1, engine="events"))
    assert not np.array_equal(one, learn.anneal(net, clamp, [1.0], 3, seed=2, engine="reference"))


def renamed():
    """The network of `chain` with other names of its populations."""
    words, guess = ns.Neurons("words", 4), cells.unit("guess", 4, "linear")
    return ns.Network(
        ns.Synapses(words, guess, weight=chain()["inputs_to_out"].weight.number), schedule=ns.Layered()
    )


def test_networks_write_whatever_their_populations_are_called():
    names = dict(inputs="words", outputs="guess")
    assert np.array_equal(
        learn.sample(renamed(), [1], 5, temperature=0, inputs="words", outputs="guess"),
        learn.sample(chain(), [1], 5, temperature=0),
    )
    found = learn.beam_search(renamed(), [1], 3, inputs="words", outputs="guess")
    assert np.array_equal(found[0], learn.beam_search(chain(), [1], 3)[0])
    heard = np.full((4, 4), np.nan)
    heard[0] = [0, 1, 0, 0]
    looped = learn.closed_loop(renamed(), "best", scores=True, **names)
    assert ns.run(looped, {"words": heard}, record=["words"])["words"].argmax(axis=1).tolist() == [1, 0, 1, 0]


def test_a_mean_over_trials_needs_no_inputs():
    pytest.importorskip("jax", reason="gradients need jax: pip install '.[train]'")
    noisy = ns.Neurons("noisy", 2, update="y = a*(1 + 0*randn())", a=np.ones(2), learns="a")
    net = ns.Network(noisy, schedule=ns.Synchronous())
    value, slope = learn.gradient(net, loss="noisy", ticks=3, trials=4)
    assert value == pytest.approx(6)
    assert slope["noisy.a"] == pytest.approx([3, 3])
    _, history = ns.train(net, loss="noisy", ticks=3, trials=4, epochs=1, progress=False)
    assert history.loss[0] == pytest.approx(6)


RESERVOIR, DRIVE = echo_state(1, 6, leak=0.5, density=0.5), {"drive": SERIES}


def test_measures_follow_the_run_they_are_asked_of():
    pytest.importorskip("jax", reason="the arrays engine needs jax")
    start = ns.run(RESERVOIR, DRIVE, seed=3)
    one, other = (
        readout.jacobian(RESERVOIR, inputs=DRIVE, ticks=20, start=start, seed=3, engine=e)
        for e in ("reference", "arrays")
    )
    np.testing.assert_allclose(one, other, atol=1e-7)
    assert not np.allclose(one, readout.jacobian(RESERVOIR, inputs=DRIVE, ticks=20, seed=4))
    radius = readout.effective_spectral_radius(
        RESERVOIR, inputs=DRIVE, ticks=20, start=start, seed=3, engine="reference"
    )
    assert radius == pytest.approx(
        readout.effective_spectral_radius(RESERVOIR, DRIVE, ticks=20, start=start), abs=1e-6
    )


def test_an_exponent_hardly_depends_on_how_it_is_measured():
    given = dict(ticks=400, every=5)
    one = readout.lyapunov_exponent(RESERVOIR, discard=100, distance=1e-8, **given)
    assert readout.lyapunov_exponent(RESERVOIR, discard=50, distance=1e-6, **given) == pytest.approx(
        one, abs=0.01
    )


def test_ranks_depend_on_what_is_read_and_asked():
    net = echo_state(1, 6, 1, density=0.5)
    reading = dict(output="pool", streams=6, ticks=30)
    full = readout.kernel_quality(
        net, output="pool", streams=6, ticks=30, scale=1.0, tolerance=1e-12, seed=1, engine="reference"
    )
    assert full == 6 == readout.kernel_quality(net, seed=2, **reading)
    alike = dict(same=29, seed=1)
    ranks = [
        readout.generalization_rank(
            net, output="pool", streams=6, ticks=30, scale=1.0, tolerance=t, engine="reference", **alike
        )
        for t in (1e-13, 0.9)
    ]
    assert ranks[0] > ranks[1] == 1


def test_a_free_run_hears_its_inputs_and_draws_by_its_seed():
    """y = u + normal noise, where u is the input."""
    y = ns.Neurons("out", 1, update="y = I + noise*sin(y)", noise=0.0)
    net = ns.Network(
        ns.Synapses(ns.Neurons("drive", 1), y),
        ns.Synapses(y, y, weight=ns.normal(0.1, 0.01), delay=1),
        schedule=ns.Layered(),
    )
    found = [
        readout.free_run(net, SERIES, ticks=20, start=None, inputs={"drive": SERIES[:20]}, seed=seed).outputs
        for seed in (1, 1, 2)
    ]
    assert found[0][0, 0] == SERIES[0, 0]
    assert np.array_equal(found[0], found[1])
    assert not np.allclose(found[0], found[2])


def test_a_larger_ridge_remembers_less():
    totals = [
        readout.memory_capacity(RESERVOIR, ticks=500, discard=50, scale=0.5, alpha=alpha, seed=1).total
        for alpha in (1e-12, 1e3)
    ]
    assert totals[1] < totals[0] <= 6
