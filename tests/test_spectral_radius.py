"""The spectral radius of weights compared with closed forms: rings, rotations, Jordan blocks, networks
without feedback, small and large."""

import time

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.network.radius import largest_eigenvalue

RANDOM = np.random.default_rng(0)


def radius(matrix):
    post, pre = np.nonzero(matrix)
    return largest_eigenvalue(matrix[post, pre], post, pre, len(matrix))


@pytest.mark.parametrize("n", [3, 400, 1001, 100_000])
def test_the_radius_of_a_ring_is_the_geometric_mean_of_its_weights(n):
    i, weights = np.arange(n), RANDOM.normal(size=n)
    begun = time.perf_counter()
    found = largest_eigenvalue(weights, (i + 1) % n, i, n)
    assert found == pytest.approx(np.exp(np.log(np.abs(weights)).mean()), rel=1e-9)
    assert time.perf_counter() - begun < 20


@pytest.mark.parametrize("groups", [(3, 2, 4), (700, 900), (1100, 1200)])
def test_groups_that_call_each_other_in_turn_have_the_root_of_their_product(groups):
    n, starts = sum(groups), np.r_[0, np.cumsum(groups)]
    matrix = np.zeros((n, n))
    for here in range(len(groups)):
        there = (here + 1) % len(groups)
        matrix[starts[there] : starts[there + 1], starts[here] : starts[here + 1]] = 1.0
    assert radius(matrix) == pytest.approx(np.prod([float(g) for g in groups]) ** (1 / len(groups)), rel=1e-9)


@pytest.mark.parametrize("n", [50, 1500])
def test_networks_without_a_way_back_have_no_radius_and_are_refused(n):
    matrix = np.triu(np.ones((n, n)), 1)
    assert radius(matrix) == 0.0
    assert radius(matrix + 0.5 * np.eye(n)) == 0.5
    pool = ns.Neurons("pool", n, update="v = I")
    chain = ns.Synapses(
        pool,
        pool,
        wiring=ns.pairs(np.arange(n - 1), np.arange(1, n)),
        weight=ns.spectral_radius(0.9),
        delay=1,
    )
    with pytest.raises(DescriptionError, match="no eigenvalue but 0"):
        ns.run(ns.Network(chain, schedule=ns.Synchronous()), ticks=1, engine="reference")


@pytest.mark.parametrize("n", [2, 60, 1200])
def test_matrices_that_cancel_themselves_have_no_radius(n):
    u, v = RANDOM.normal(size=(2, n)) if n > 2 else (np.ones(2), np.array([1.0, -1.0]))
    v = v - u * (u @ v) / (u @ u)
    assert radius(np.outer(u, v)) == 0.0


@pytest.mark.parametrize("blocks", [10, 600])
def test_rotations_have_their_factor_alone_and_coupled(blocks):
    turn = 0.8 * np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
    matrix = np.kron(np.eye(blocks), turn)
    assert radius(matrix) == pytest.approx(0.8)
    assert radius(matrix + np.kron(np.eye(blocks, k=1), np.ones((2, 2)))) == pytest.approx(0.8)


def test_jordan_blocks_have_their_diagonal():
    assert radius(0.5 * np.eye(300) + np.eye(300, k=1)) == 0.5
    assert radius(-0.5 * np.eye(1200) + np.eye(1200, k=1)) == 0.5


def test_orthogonal_matrices_of_many_neurons_have_radius_one():
    mirror = RANDOM.normal(size=1200)
    matrix = np.eye(1200) - 2 * np.outer(mirror, mirror) / (mirror @ mirror)
    assert radius(matrix) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("n", [300, 1100])
def test_random_matrices_have_the_radius_of_their_largest_eigenvalue(n):
    count = 10 * n
    post, pre, weights = RANDOM.integers(0, n, count), RANDOM.integers(0, n, count), RANDOM.normal(size=count)
    known = (
        np.r_[weights, 10.0],
        np.r_[post, 0],
        np.r_[pre, 0],
    )  # a neuron that excites itself so strongly leads
    matrix = np.zeros((n, n))
    np.add.at(matrix, known[1:], known[0])
    shifted, leading = matrix - 10.0 * np.eye(n), RANDOM.normal(size=n)
    for _ in range(12):  # inverse iteration finds the eigenvalue next to 10
        leading /= np.linalg.norm(leading)
        after = np.linalg.solve(shifted, leading)
        value, leading = 10.0 + 1.0 / (leading @ after), after
    assert largest_eigenvalue(*known, n) == pytest.approx(value, rel=1e-7)


def test_more_nearly_equal_eigenvalues_than_can_be_told_apart_are_refused():
    n = 2500
    i = np.arange(n)
    with pytest.raises(DescriptionError, match=r"too many eigenvalues are nearly the largest"):
        largest_eigenvalue(np.r_[np.ones(n), 0.9], np.r_[(i + 1) % n, 4], np.r_[i, 0], n)
