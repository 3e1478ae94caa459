"""Neurons that compete learn bars, each its own, by every rule and through both kinds of inhibition."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.models.competitive_stdp import competitive_stdp
from neurosim.units import ms

PERIODS, LENGTH, BARS = 40, 40, 4
CASES = {
    "instar": dict(rate=0.4),
    "power_paired": dict(rule="power", lateral="paired", rate=0.3),
    "pairs": dict(rule="pairs", rate=0.2),
}


def bars(periods):
    """Spikes (tick, input) of one of four bars in each period, of four inputs each, and which bar it is."""
    random = np.random.default_rng(0)
    which = np.arange(periods) % BARS
    shown = np.repeat(np.arange(16) // 4 == which[:, None], LENGTH, axis=0)
    tick, neuron = np.nonzero(random.random(shown.shape) < 0.4 * shown)
    return (tick, neuron), which


@pytest.mark.parametrize("case", CASES)
def test_each_bar_is_learned_by_neurons_of_its_own(case):
    spikes, which = bars(PERIODS)
    settings = dict(period=LENGTH * ms, drive=12.0, most=5.0, plus=0.3) | CASES[case]
    net = competitive_stdp(16, 12, **settings)
    record = {"cells": 1, "up.w": LENGTH, "cells.theta": LENGTH}
    learned = ns.run(net, {"inputs": spikes}, ticks=PERIODS * LENGTH, record=record, engine="reference")
    w = learned["up.w"].reshape(PERIODS, 16, 12)
    np.testing.assert_allclose(w.sum(axis=1), 0.3 * 16)  # at the beginning of each period
    share = w[-1].reshape(BARS, 4, 12).sum(axis=1) / (0.3 * 16)
    assert np.all(share.max(axis=1) > 0.4)  # without learning 0.25
    assert set(share.argmax(axis=0)) == set(range(BARS))

    theta = learned["cells.theta"][-1]
    named = competitive_stdp(16, 12, **settings | dict(rate=0, weights=w[-1].T, theta=theta))
    new, which = bars(8)
    told = ns.run(named, {"inputs": new}, ticks=8 * LENGTH, record=["cells"], seed=1, engine="reference")
    found = told.spikes("cells")
    answer = share.argmax(axis=0)[found.neuron]
    assert np.mean(answer == which[found.tick // LENGTH]) > 0.8
    assert np.array_equal(told.matrix("up"), w[-1].T)


def test_inhibition_through_inhibitory_neurons_comes_as_early_as_direct_inhibition():
    spikes, _ = bars(6)
    direct, paired = (
        ns.run(
            competitive_stdp(16, 6, period=LENGTH * ms, drive=20.0, lateral=lateral), {"inputs": spikes},
            ticks=6 * LENGTH, record=["cells"], engine="reference",
        ).spikes("cells")
        for lateral in ("direct", "paired")
    )  # fmt: skip
    assert len(direct) > 10
    assert np.array_equal(direct.tick, paired.tick) and np.array_equal(direct.neuron, paired.neuron)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (dict(rule="hebb"), "rule"),
        (dict(lateral="none"), "lateral"),
        (dict(rate=-1.0), "rate"),
    ],
)
def test_what_is_no_such_network_is_refused(wrong, message):
    with pytest.raises(DescriptionError, match=f"competitive_stdp: {message}"):
        competitive_stdp(3, 2, **wrong)
