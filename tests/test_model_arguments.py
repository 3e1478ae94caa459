"""Models with extreme arguments that their papers still allow."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.models.balanced_coba import balanced_coba
from neurosim.models.balanced_cuba import balanced_cuba
from neurosim.models.bidirectional import bidirectional
from neurosim.models.liquid import liquid
from neurosim.models.self_attention import self_attention


@pytest.mark.parametrize(
    ("inhibitory", "kinds"), [(0.0, {"EE"}), (1.0, {"II"}), (0.5, {"EE", "EI", "IE", "II"})]
)
def test_a_liquid_may_be_without_inhibition_or_excitation(inhibitory, kinds):
    net = liquid(1, (3, 3, 3), inhibitory=inhibitory)
    assert {name for name in net.synapses if len(name) == 2} == kinds
    assert {f"inputs_to_{kind[0]}" for kind in kinds} <= set(net.synapses)


def test_a_liquid_of_two_neurons_runs():
    run = ns.run(
        liquid(1, (2, 1, 1)), {"inputs": (np.array([3]), np.array([0]))}, ticks=20, record=["liquid"]
    )
    assert np.asarray(run["liquid"]).shape == (20, 2, 1, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: self_attention(5, 7, n_heads=3), "n_heads=3 does not divide n_features=7"),
        (lambda: self_attention(5, 2, n_heads=3), "n_heads=3 does not divide n_features=2"),
        (lambda: self_attention(5, 2, n_heads=0), "n_heads=0 does not divide"),
        (lambda: balanced_cuba(37), "balanced_cuba: in_degree=80.0 .* 37"),
        (lambda: balanced_coba(37), "balanced_coba: in_degree=80.0 .* 37"),
        (lambda: balanced_cuba(100, in_degree=-1), "in_degree=-1"),
    ],
)
def test_arguments_that_make_no_network_are_named(make, message):
    with pytest.raises(ns.DescriptionError, match=message):
        make()


@pytest.mark.parametrize(
    ("every", "cells", "pages"),
    [
        (True, 4, {"page_ahead"}),
        (False, 4, set()),
        (True, (4, 3), {"page_ahead_1", "page_back_1", "page_ahead_2"}),
    ],
)
def test_a_bidirectional_network_has_no_page_that_nobody_reads(every, cells, pages):
    net = bidirectional(2, cells, 1, every=every, ticks=5)
    assert {name for name in net.populations if name.startswith("page")} == pages
