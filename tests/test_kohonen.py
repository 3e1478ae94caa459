"""Kohonen's map: the network follows its rule, the estimator equals the network, and a map becomes ordered
over the data."""

import numpy as np
import pytest
from kohonen_side import RANDOM, apart, codebook, grids, near, online

import neurosim as ns
from neurosim.learn.rules.kohonen_grid import KohonenGrid
from neurosim.models.kohonen import kohonen


@grids
@pytest.mark.parametrize("neighbourhood", ["gaussian", "bubble"])
def test_a_network_learns_by_kohonens_rule(grid, toroidal, neighbourhood):
    shape, X, W = (4, 5), RANDOM(0).random((30, 3)), RANDOM(1).random((20, 3))
    radius, rate = np.geomspace(3, 0.5, 30), np.linspace(0.5, 0.1, 30)
    net = kohonen(3, shape, grid=grid, toroidal=toroidal, neighbourhood=neighbourhood, weights=W)
    recording = ns.run(
        net, {"inputs": X, "radius": radius[:, None], "rate": rate[:, None]}, record=["map", "codebook.w"]
    )
    expected, winners = online(X, W, apart(shape, grid, toroidal), radius, rate, neighbourhood)
    assert np.array_equal(np.asarray(recording["map"]), np.eye(20)[winners])
    np.testing.assert_allclose(codebook(recording, 20), expected, atol=1e-12)


def test_a_network_learns_at_a_constant_rate_or_not_at_all():
    X, W = RANDOM(0).random((20, 2)), RANDOM(1).random((9, 2))
    rest = ns.run(kohonen(2, (3, 3), weights=W), {"inputs": X}, record=["codebook.w"])
    assert np.array_equal(codebook(rest, 9), W)
    moved = ns.run(kohonen(2, (3, 3), radius=1.0, rate=0.2, weights=W), {"inputs": X}, record=["codebook.w"])
    expected, _ = online(X, W, apart((3, 3), "rectangular", False), np.full(20, 1.0), np.full(20, 0.2))
    np.testing.assert_allclose(codebook(moved, 9), expected, atol=1e-12)


def test_a_radius_of_0_moves_the_winner_alone():
    W = RANDOM(1).random((9, 2))
    after = codebook(
        ns.run(kohonen(2, (3, 3), rate=0.2, weights=W), {"inputs": W[4:5] + 1e-3}, record=["codebook.w"]), 9
    )
    assert np.nonzero((after != W).any(axis=1))[0].tolist() == [4]


def test_the_winner_is_found_on_the_reference_engine_alone():
    with pytest.raises(
        ns.PlanError, match="looks at the whole population. Use engine='reference', or 'auto'"
    ):
        ns.run(kohonen(2, (3, 3)), {"inputs": np.zeros((2, 2))}, engine="events")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"shape": 9}, r"Give \(rows, columns\)"),
        ({"shape": (0, 3)}, "rows of shape: 0 is below 1"),
        ({"shape": (3, 2.5)}, "columns of shape: 2.5 is not a whole number"),
        ({"grid": "hexagon"}, "Did you mean 'hexagonal'"),
        ({"grid": "hexagonal", "shape": (3, 4), "toroidal": True}, "Give an even number of rows"),
        ({"toroidal": 1}, "Give one of these"),
        ({"neighbourhood": "box"}, "There is: bubble, gaussian"),
        ({"rate": -1}, "rate: -1 does not fit"),
        ({"weights": np.zeros((3, 2))}, "weight"),
    ],
)
def test_a_map_that_cannot_be_is_refused(given, words):
    with pytest.raises(ns.DescriptionError, match=words):
        kohonen(**{"n_inputs": 2, "shape": (3, 3)} | given)


@grids
@pytest.mark.parametrize("shape", [(4, 5), (2, 7), (6, 6)])
def test_distances_are_the_shortest_to_all_copies_of_the_map(shape, grid, toroidal):
    units = np.arange(np.prod(shape))
    np.testing.assert_allclose(
        np.sqrt(KohonenGrid(shape, grid, toroidal).squared(units[:, None], units)),
        apart(shape, grid, toroidal),
        atol=1e-12,
    )


@pytest.mark.parametrize(("grid", "number"), [("rectangular", 8), ("hexagonal", 6)])
def test_a_unit_has_eight_neighbours_or_six_at_distance_one(grid, number):
    a, b = KohonenGrid((6, 5), grid, True).neighbours()
    assert np.bincount(a).tolist() == [number] * 30
    inner, _ = KohonenGrid((6, 5), grid, False).neighbours()
    assert np.bincount(inner).max() == number
    assert np.bincount(inner)[0] == {8: 3, 6: 2}[number]
    far = apart((6, 5), grid, True)[a, b]
    assert far.max() == pytest.approx({8: np.sqrt(2), 6: 1.0}[number])


@grids
@pytest.mark.parametrize("neighbourhood", ["gaussian", "bubble"])
@pytest.mark.parametrize("shape", [(4, 5), (1, 6), (7, 1), (6, 6)])
def test_smoothing_is_the_product_with_the_neighbourhood(shape, grid, toroidal, neighbourhood):
    toroidal = toroidal and shape[0] % 2 == 0
    sums, far = RANDOM(0).random((np.prod(shape), 3)), apart(shape, grid, toroidal)
    for radius in (0.5, 1.0, 2.3):
        found = KohonenGrid(shape, grid, toroidal).smooth(neighbourhood, radius, sums)
        np.testing.assert_allclose(found, near(far, radius, neighbourhood) @ sums, rtol=1e-12)
