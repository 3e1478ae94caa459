"""Linear equations with the method 'exact' are scipy's matrix exponential, whatever the matrix."""

import numpy as np
import pytest
from scipy.linalg import expm

import neurosim as ns
from neurosim.units import ms

RANDOM = np.random.default_rng(0)
TICKS, DT = 50, 0.1
MATRICES = {
    "full": RANDOM.normal(size=(3, 3)),
    "symmetric": -np.cov(RANDOM.normal(size=(3, 9))),
    "turning": np.array([[0, 2.0, 0], [-2.0, 0, 0], [0, 0, -0.3]]),
    "equal time constants in a chain": np.array([[-1.0, 0, 0], [1, -1, 0], [0, 1, -1]]),
    "nilpotent": np.array([[0, 1.0, 2], [0, 0, 3], [0, 0, 0]]),
    "singular": np.outer([1.0, 2, -1], [0.5, -1, 1]),
    "nothing": np.zeros((3, 3)),
    "of very different speeds": np.diag([-1e-6, -1.0, -200])
    + np.array([[0, 1e-3, 0], [0, 0, 50.0], [1e-3, 0, 0]]),
    "of very different sizes": np.array([[-1, 1e9, 0], [0, -1, 1e-9], [0, 0, -0.5]]),
    "growing": np.array([[0.5, 1.0, 0], [-1, 0.5, 0], [0.1, 0, 0.2]]),
} | {
    f"drawn {k}": RANDOM.normal(size=(3, 3))
    * RANDOM.choice([0.1, 1, 3], (3, 1))
    * (RANDOM.random((3, 3)) < 0.7)
    for k in range(30)
}
START, DRIVE = RANDOM.normal(size=(3, len(MATRICES))), RANDOM.normal(size=(TICKS, len(MATRICES)))
A, B = np.stack(list(MATRICES.values())), RANDOM.normal(size=(3, len(MATRICES)))


@pytest.fixture(scope="module")
def wanted():
    """(tick, variable, matrix): dx/dt = A x + b + (drive, 0, 0), by the exponential of [[A, b], [0, 0]]."""
    states = np.zeros((TICKS, 3, len(A)))
    for k, matrix in enumerate(A):
        x = START[:, k]
        for tick in range(TICKS):
            states[tick, :, k] = x
            whole = np.zeros((4, 4))
            whole[:3, :3], whole[:3, 3] = matrix, B[:, k] + [DRIVE[tick, k], 0, 0]
            x = (expm(whole * DT) @ np.append(x, 1))[:3]
    return states


@pytest.fixture(scope="module")
def found():
    """The same by each engine, all matrices side by side in one population."""
    lines = [
        f"d{x}/dt = ({' + '.join(f'a{i}{j}*{y}' for j, y in enumerate('xyz'))} + b{i} + "
        f"{'I' if x == 'x' else 0})/ms : 1"
        for i, x in enumerate("xyz")
    ]
    constants = {f"a{i}{j}": A[:, i, j] for i in range(3) for j in range(3)} | {
        f"b{i}": B[i] for i in range(3)
    }
    cells = ns.Neurons(
        "cells",
        len(A),
        equations="\n".join(lines),
        method="exact",
        **constants,
        **dict(zip("xyz", START, strict=True)),
    )
    net = ns.Network(
        ns.Synapses(ns.Neurons("drive", len(A)), cells, wiring=ns.one_to_one()), schedule=ns.Clock(DT * ms)
    )
    recordings = {}

    def by(engine):
        if engine not in recordings:
            recordings[engine] = ns.run(
                net, {"drive": DRIVE}, record=[f"cells.{x}" for x in "xyz"], engine=engine
            )
        return np.stack([recordings[engine][f"cells.{x}"] for x in "xyz"], axis=1)

    return by


@pytest.mark.parametrize("name", MATRICES)
def test_the_exact_method_is_the_matrix_exponential(name, engine, found, wanted):
    k = list(MATRICES).index(name)
    size = np.abs(wanted[:, :, k]).max()
    np.testing.assert_allclose(found(engine)[:, :, k], wanted[:, :, k], rtol=1e-9, atol=1e-12 * size)
