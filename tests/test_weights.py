"""Weights follow their distributions, and depend only on the seed and the name of the synapses."""

import numpy as np
import pytest
from drawing import a, b, drawn, fits, graded, image, many, maps, matrix, more, net_of, spiking, square
from scipy import stats

import neurosim as ns
from neurosim.plan.draw import delay_ticks, draw_synapses
from neurosim.plan.materialize import weight_matrix


def test_normal_weights_have_their_moments():
    w = matrix(ns.all_to_all(), many, more, ns.normal(2.0, 0.5)).ravel()
    assert stats.kstest(w, stats.norm(2.0, 0.5).cdf).pvalue > 1e-3
    assert abs(w.mean() - 2.0) < 4 * 0.5 / np.sqrt(w.size)
    assert abs(w.std() - 0.5) < 4 * 0.5 / np.sqrt(2 * w.size)


def test_normal_weights_stay_within_their_bounds():
    w = matrix(ns.all_to_all(), many, more, ns.normal(0.0, 1.0, low=-0.5, high=1.0))
    assert w.min() == -0.5
    assert w.max() == 1.0
    assert abs((w == 1.0).mean() - stats.norm.sf(1)) < 0.01


def test_normal_weights_out_of_bounds_are_drawn_anew_about_the_mean():
    w = matrix(ns.all_to_all(), many, more, ns.bounded_normal(0.5, 0.25, low=0.0, high=2.0)).ravel()
    outside = stats.norm.cdf(-2)

    def law(
        x,
    ):  # normal within the bounds (above 2 is beyond six deviations), and the share outside uniform in 0 .. 1
        return stats.norm.cdf(x, 0.5, 0.25) - outside + outside * np.clip(x, 0, 1)

    assert w.min() > 0
    assert len(np.unique(w)) == w.size
    assert stats.kstest(w, law).pvalue > 1e-3
    assert w.mean() == pytest.approx(
        0.5 + (0.25 * stats.norm.pdf(-2) - 0.5 * outside) + 0.5 * outside, abs=4 * 0.25 / np.sqrt(w.size)
    )


def test_uniform_weights_fill_their_range():
    w = matrix(ns.probability(0.5), many, more, ns.uniform(-1.0, 3.0))
    w = w[w != 0]
    assert w.min() >= -1
    assert w.max() < 3
    assert stats.kstest(w, stats.uniform(-1, 4).cdf).pvalue > 1e-3


@pytest.mark.parametrize(("mean", "sd"), [(3.0, 3.0), (-4.0, 2.0)])
def test_gamma_weights_follow_their_law(mean, sd):
    w = matrix(ns.all_to_all(), many, more, ns.gamma(mean, sd)).ravel()
    assert (np.sign(w) == np.sign(mean)).all()
    assert stats.kstest(np.abs(w), stats.gamma((mean / sd) ** 2, scale=sd**2 / abs(mean)).cdf).pvalue > 1e-3


def test_glorot_weights_reach_their_bound():
    w = matrix(ns.all_to_all(), many, more, ns.glorot(2.0))
    limit = 2.0 * np.sqrt(6 / (300 + 500))
    assert 0.999 * limit < np.abs(w).max() <= limit
    kernel = draw_synapses(net_of(ns.conv((3, 3), padding="same"), image, maps, ns.glorot()), "s", 0).own
    assert np.abs(kernel).max() <= np.sqrt(6 / (2 * 9 + 4 * 9))


@pytest.mark.parametrize("wiring", [ns.probability(0), ns.total(0), ns.indegree(0)])
@pytest.mark.parametrize("weight", [ns.glorot(), ns.normal(0, 1), ns.gamma(1, 1), ns.dale(1, -1)])
def test_a_wiring_without_synapses_has_no_weights(wiring, weight):
    assert not matrix(wiring, many, more, weight).any()


@pytest.mark.parametrize(
    ("wiring", "of"),
    [
        (ns.all_to_all(), ns.normal(0, 1)),
        (ns.probability(0.1), ns.uniform(-1, 1)),
        (ns.indegree(10), ns.dale(1, -4)),
        (ns.outdegree(9), ns.glorot()),
    ],
)
def test_the_spectral_radius_is_exact(wiring, of):
    w = matrix(wiring, many, many, ns.spectral_radius(0.9, of=of))
    assert abs(np.abs(np.linalg.eigvals(w)).max() - 0.9) < 1e-10


def test_the_spectral_radius_of_a_large_matrix_is_found_by_iteration(monkeypatch):
    monkeypatch.setattr("neurosim.network.radius.MOST_LAPACK", 300)  # by which it is checked, in less time
    large = graded("large", 301)
    w = matrix(ns.indegree(5), large, large, ns.spectral_radius(1.2))
    assert abs(np.abs(np.linalg.eigvals(w)).max() - 1.2) < 1e-8


@pytest.mark.parametrize(("pre", "post"), [(many, many), (many, more), (more, many)])
def test_the_smaller_side_of_orthogonal_weights_is_orthonormal(pre, post):
    w = matrix(ns.all_to_all(), pre, post, ns.orthogonal(0.5))
    w = w if w.shape[0] <= w.shape[1] else w.T
    assert np.allclose(w @ w.T, 0.25 * np.eye(len(w)), atol=1e-12)


def test_every_orthogonal_matrix_is_equally_likely():
    nets = [matrix(ns.all_to_all(), square, square, ns.orthogonal(), seed=seed) for seed in range(400)]
    assert abs(np.mean([np.linalg.det(w) > 0 for w in nets]) - 0.5) < 4 * 0.5 / 20
    assert abs(np.mean([np.trace(w) for w in nets])) < 4 / 20  # the trace has mean 0 and variance 1


def test_under_dales_law_a_sender_has_one_sign():
    w = matrix(ns.probability(0.3), many, more, ns.dale(1.0, -4.0, inhibitory=0.2))
    inhibitory = (w < 0).any(axis=0)
    assert not np.any((w > 0).any(axis=0) & inhibitory)
    assert inhibitory.sum() == 60
    assert abs(w[:, inhibitory][w[:, inhibitory] != 0].mean() / -4 - abs_normal_mean()) < 0.02


def test_dales_weights_may_be_a_whole_and_a_broken_number():
    w = matrix(ns.all_to_all(), many, more, ns.dale(1, -0.5))
    assert (w < 0).mean() == 0.2


def abs_normal_mean():
    """The mean of |N(1, 0.5)|."""
    return stats.foldnorm(2.0, scale=0.5).mean()


def test_hebbian_weights_are_the_mean_outer_product_without_diagonal():
    patterns = np.sign(np.random.default_rng(4).normal(size=(7, 5)))
    w = matrix(ns.all_to_all(), square, square, ns.hebbian(patterns))
    expected = sum(np.outer(x, x) for x in patterns) / 5
    np.fill_diagonal(expected, 0)
    assert np.allclose(w, expected)
    sparse = matrix(ns.all_to_all(to_self=False), square, square, ns.hebbian(patterns))
    assert np.allclose(sparse, expected)


def test_drawn_delays_are_rounded_to_ticks():
    net = ns.Network(
        ns.Synapses(spiking("p", 300), spiking("q", 50), delay=ns.uniform(1.0, 5.0), name="s"),
        schedule=ns.Synchronous(),
    )
    ticks = delay_ticks(net, "s", draw_synapses(net, "s", 0), 0)
    assert fits(np.bincount(ticks, minlength=6)[1:6], [0.5, 1, 1, 1, 0.5])


@pytest.mark.parametrize(
    "wiring",
    [
        ns.probability(0.2),
        ns.indegree(5),
        ns.outdegree(5),
        ns.total(500),
        ns.nearby(10, 0.5),
        ns.all_to_all(),
    ],
    ids=lambda w: type(w).__name__,
)
def test_another_object_changes_no_draw(wiring):
    pre, post = graded("pre", 60), graded("post", 50)
    synapses = ns.Synapses(pre, post, wiring=wiring, weight=ns.normal(0, 1), delay=1, name="s")
    alone = draw_synapses(ns.Network(synapses, schedule=ns.Synchronous()), "s", 7)
    more = ns.Network(
        ns.Synapses(a, pre, delay=1, weight=ns.normal(0, 1)),
        graded("first", 9),
        synapses,
        schedule=ns.Synchronous(),
    )
    again = draw_synapses(more, "s", 7)
    for part in ("pre", "post", "weight"):
        assert np.array_equal(getattr(alone, part), getattr(again, part))


def test_seed_and_name_key_the_draw():
    def weights(name, seed):
        net = ns.Network(
            ns.Synapses(a, b, weight=ns.normal(0, 1), delay=1, name=name), schedule=ns.Synchronous()
        )
        return weight_matrix(net, name, seed).number

    assert np.array_equal(weights("s", 0), weights("s", 0))
    assert not np.any(weights("s", 0) == weights("s", 1))
    assert not np.any(weights("s", 0) == weights("r", 0))


def test_a_larger_target_keeps_the_first_synapses_of_an_indegree():
    few, all_of_them = (drawn(ns.indegree(4), many, graded("post", size)) for size in (20, 40))
    kept = all_of_them.post < 20
    assert np.array_equal(
        np.sort(all_of_them.pre[kept] * 20 + all_of_them.post[kept]), np.sort(few.pre * 20 + few.post)
    )


def test_shared_weights_are_the_same_numbers():
    up = ns.Synapses(a, b, weight=ns.normal(0, 1), delay=1, name="up")
    net = ns.Network(up, ns.Synapses(b, a, weight=up.T, delay=1, name="down"), schedule=ns.Synchronous())
    assert np.array_equal(weight_matrix(net, "up", 5).number, weight_matrix(net, "down", 5).number.T)
