"""Training compiles once for networks of one structure, and gives what it gives when it compiles anew."""

import numpy as np
import pytest

import neurosim as ns
from neurosim import cells

pytest.importorskip("jax")
pytest.importorskip("optax")

from neurosim.learn.training import updates

DATA = np.random.default_rng(0).normal(size=(6, 1, 3))
GOALS = np.random.default_rng(1).normal(size=(6, 2))


@pytest.fixture(autouse=True)
def compiled(monkeypatch):
    """The updates that were made since the test began, of which none were kept before."""
    made, kind = [], updates.Updates

    def counted(*arguments):
        made.append(kind(*arguments))
        return made[-1]

    monkeypatch.setattr(updates, "Updates", counted)
    monkeypatch.setattr(updates, "kept", type(updates.kept)())
    return made


def layers(wiring=None, seed=0, bias=0.1, dropout=0.0):
    x, out = ns.Neurons("x", 3), cells.unit("out", 2, "linear", bias=np.full(2, bias), learns="bias")
    hidden = cells.unit("hidden", 4, "tanh", dropout=dropout)
    weight = np.random.default_rng(seed).normal(size=(4, 3)) if wiring is None else ns.normal(0, 1)
    first = ns.Synapses(x, hidden, weight=weight, wiring=wiring or ns.all_to_all(), learns=True)
    return ns.Network(
        first, ns.Synapses(hidden, out, weight=ns.normal(0, 1), learns=True), schedule=ns.Layered()
    )


def trained(net, data=DATA, goals=GOALS, **options):
    """The numbers that a short training gives: weights, constants and losses."""
    given = dict(epochs=2, batch=4, progress=False, seed=3) | options
    net, history = ns.train(net, {"x": data}, {"out": goals}, **given)
    return {**ns.learn.learned(net), "loss": np.array(history.loss)}


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_networks_of_one_structure_compile_once_and_give_what_they_give_alone(compiled):
    trained(layers())
    other = dict(net=layers(seed=5, bias=-0.3), data=2 * DATA, goals=GOALS - 1)
    after = trained(**other)
    assert len(compiled) == 1
    updates.kept.clear()
    assert_same(after, trained(**other))
    assert len(compiled) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"rate": 0.1},
        {"loss": "absolute_error"},
        {"l2": 0.5},
        {"learns": ["out.bias"]},
        {"optimizer": "sgd"},
        {"clip": 0.01},
        {"schedule": "cosine", "rate": 0.1},
        {"precision": "double"},
        {"net": layers(dropout=0.5)},
        {"net": layers(wiring=ns.indegree(2))},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_changes_the_update_compiles_anew(compiled, changed):
    for given in ({"net": layers()}, {"net": layers()} | changed, {"net": layers()}):
        trained(**given, epochs=0)  # nothing is compiled before the first update
    assert len(compiled) == 2


def test_another_random_wiring_compiles_anew(compiled):
    for seed in (3, 4, 3):
        trained(layers(ns.indegree(2)), seed=seed, epochs=0)
    assert len(compiled) == 2


def test_functions_of_the_users_own_are_read_anew(compiled):
    factor = 1.0

    def loss(sent, target):
        return factor * ((sent - target) ** 2).sum(-1)

    first = trained(layers(), loss=loss)["loss"][0]
    factor = 3.0
    assert trained(layers(), loss=loss)["loss"][0] == pytest.approx(3 * first, rel=0.1)
    assert len(compiled) == 2 and not updates.kept


def test_validation_and_gradients_are_kept_too(compiled):
    results = [trained(layers(dropout=0.5), validation=0.5) for _ in range(2)]
    assert len(compiled) == 2  # text reads `training` in one of them
    assert_same(*results)
    slopes = [ns.learn.gradient(layers(), {"x": DATA}, {"out": GOALS})[1] for _ in range(2)]
    assert len(compiled) == 3
    assert_same(*slopes)


def test_few_are_kept_and_none_holds_data(compiled, monkeypatch):
    monkeypatch.setattr(updates, "MOST_KEPT", 1)
    for rate in (0.1, 0.2, 0.1):
        trained(layers(), rate=rate, epochs=0)
    assert len(compiled) == 3 and len(updates.kept) == 1
    plan = compiled[-1].objective.program.plan
    assert plan.drives["x"].values.size == 0
