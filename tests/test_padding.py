"""What does not count does not change the gradient: padded ticks, unknown targets, and the branch of `where`
that is not taken."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.learn import gradient

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(0.5, 1.5, size=(3, 6, 2))
LENGTHS = [6, 2, 4]
PADDED = np.where(np.arange(6)[None, :, None] < np.array(LENGTHS)[:, None, None], X, 0.0)
GOAL = RANDOM.uniform(0.1, 0.9, size=(3, 6, 2))


def net(text, weight=None, **more):
    y = ns.Neurons("y", 2, update=text, sends="y", **more)
    weight = np.array([[0.7, 0.2], [0.4, 0.9]]) if weight is None else weight
    return ns.Network(
        ns.Synapses(ns.Neurons("x", 2), y, weight=weight, learns=True, name="w"), schedule=ns.Layered()
    )


def checked(text, inputs, goal, **given):
    """The gradient, which is first compared with finite differences."""
    weight, way, step = np.array([[0.7, 0.2], [0.4, 0.9]]), np.array([[0.3, -0.5], [0.8, 0.1]]), 1e-6
    loss, found = gradient(net(text), inputs, goal, **given)
    up, down = (gradient(net(text, weight + sign * step * way), inputs, goal, **given)[0] for sign in (1, -1))
    assert np.isfinite(loss)
    assert np.sum(found["w"] * way) == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-8)
    return found["w"]


@pytest.mark.parametrize("text", ["y = I/sum(I)", "y = y/2 + I**(-0.5)/norm(I)"])
def test_padded_ticks_spoil_no_gradient(text):
    padded = checked(text, {"x": PADDED}, {"y": GOAL}, lengths=LENGTHS)
    whole = gradient(net(text), {"x": X}, {"y": GOAL}, lengths=LENGTHS)[1]["w"]
    np.testing.assert_allclose(padded, whole, rtol=1e-12)
    unknown = np.where(PADDED > 0, GOAL, np.nan)
    np.testing.assert_allclose(gradient(net(text), {"x": PADDED}, {"y": unknown})[1]["w"], whole, rtol=1e-12)


def test_a_trial_of_which_nothing_counts_spoils_no_gradient():
    unknown, silent = GOAL.copy(), X.copy()
    unknown[0], silent[0] = np.nan, 0.0
    found = gradient(net("y = I/sum(I)"), {"x": silent}, {"y": unknown})[1]["w"]
    np.testing.assert_allclose(
        found, gradient(net("y = I/sum(I)"), {"x": X[1:]}, {"y": GOAL[1:]})[1]["w"], rtol=1e-12
    )


@pytest.mark.parametrize("loss", ["log_loss", "kullback_leibler", "bernoulli"])
def test_padding_spoils_no_loss(loss):
    goal = RANDOM.integers(0, 2, (3, 6)) if loss == "log_loss" else GOAL
    checked("y = I/sum(I)", {"x": PADDED}, {"y": goal}, lengths=LENGTHS, loss=loss)


def test_padding_spoils_no_loss_of_the_users_own():
    import jax.numpy as jnp

    unknown = np.where(PADDED > 0, GOAL, np.nan)
    checked("y = I/sum(I)", {"x": PADDED}, {"y": unknown}, loss=lambda sent, target: -jnp.log(sent[..., 0]))


BRANCHES = ["sqrt(I)", "log(I)", "2*(I/sum(I))", "I**(-2)", "sum(I)**I", "norm(I)/I", "clip(exp(1/I), 0, 5)"]


@pytest.mark.parametrize("branch", BRANCHES)
def test_the_branch_that_is_not_taken_spoils_no_gradient(branch):
    silent = X.copy()
    silent[:, ::2] = 0.0  # before ticks that count
    checked(f"y = where(I > 0, {branch}, 0.25)", {"x": silent}, {"y": GOAL})


def test_a_branch_that_has_a_name_of_its_own_spoils_no_gradient():
    silent = X.copy()
    silent[:, ::2] = 0.0
    checked("share = I/sum(I)\nmore = 3*share + 1\ny = where(I > 0, more, 0)", {"x": silent}, {"y": GOAL})
