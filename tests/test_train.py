"""Training: closed forms, what counts, what changes, and what is refused."""

import numpy as np
import pytest
from train_side import W, X, line, memory, rng

import neurosim as ns
from neurosim import cells
from neurosim.learn import gradient
from neurosim.learn.training.parameters import read_parameters

pytest.importorskip("jax", reason="training needs JAX and optax: pip install '.[train]'")
pytest.importorskip("optax", reason="training needs JAX and optax: pip install '.[train]'")


def directional(net, inputs, targets, **given):
    """The derivative in a random direction, from the gradient and from a finite difference."""
    held = read_parameters(net, 0)
    way = {name: rng.normal(size=value.shape) for name, value in held.values.items()}
    _, found = gradient(net, inputs, targets, **given)
    step = 1e-5
    ends = [
        gradient(
            held.network_with({n: v + s * step * way[n] for n, v in held.values.items()}),
            inputs,
            targets,
            **given,
        )[0]
        for s in (1, -1)
    ]
    return sum((found[n] * way[n]).sum() for n in found), (ends[0] - ends[1]) / (2 * step)


def test_one_step_of_gradient_descent_is_the_closed_form():
    target = X @ W.T
    net, history = ns.train(
        line(),
        {"x": X[:, None]},
        {"out": target},
        optimizer="sgd",
        momentum=0.0,
        rate=0.1,
        epochs=1,
        batch=20,
        precision="double",
    )
    np.testing.assert_allclose(net["x_to_out"].weight.number, 0.1 * 2 * target.T @ X / 20, rtol=1e-12)
    np.testing.assert_allclose(history.loss, [(target**2).sum(axis=1).mean()], rtol=1e-12)


def test_a_linear_layer_finds_the_least_squares_and_the_network_runs_on_every_engine():
    target = X @ W.T + [0.5, -1.0]
    net, history = ns.train(
        line(bias=np.zeros(2)),
        {"x": X[:, None]},
        {"out": target},
        rate=0.3,
        schedule="exponential",
        epochs=300,
        batch=20,
        precision="double",
    )
    np.testing.assert_allclose(net["x_to_out"].weight.number, W, atol=1e-3)
    np.testing.assert_allclose(net["out"].constants["bias"].number, [0.5, -1.0], atol=1e-3)
    assert history.loss[-1] < 1e-4 < history.loss[0]
    for engine in ("reference", "events", "arrays"):
        np.testing.assert_allclose(
            ns.run(net, {"x": X[:, None]}, record=["out"], engine=engine)["out"][:, 0], target, atol=1e-2
        )


@pytest.mark.parametrize(
    ("loss", "function", "target", "expected"),
    [
        ("squared_error", "linear", X[:, :2], lambda y, t: ((y - t) ** 2).sum(1)),
        ("absolute_error", "linear", X[:, :2], lambda y, t: np.abs(y - t).sum(1)),
        ("gaussian", "linear", X[:, :2], lambda y, t: (0.5 * (y - t) ** 2 + 0.5 * np.log(2 * np.pi)).sum(1)),
        (
            "bernoulli",
            "sigmoid",
            (X[:, :2] > 0) * 1.0,
            lambda y, t: -(t * np.log(y) + (1 - t) * np.log(1 - y)).sum(1),
        ),
        (
            "bernoulli_scores",
            "linear",
            (X[:, :2] > 0) * 1.0,
            lambda y, t: (np.log1p(np.exp(y)) - t * y).sum(1),
        ),
        (
            "kullback_leibler",
            "softmax",
            np.tile([0.2, 0.8], (20, 1)),
            lambda y, t: (t * np.log(t / y)).sum(1),
        ),
        (
            "cross_entropy",
            "linear",
            np.arange(20) % 2,
            lambda y, t: np.log(np.exp(y).sum(1)) - y[np.arange(20), t],
        ),
        ("log_loss", "softmax", np.arange(20) % 2, lambda y, t: -np.log(y[np.arange(20), t])),
        (
            "hinge",
            "linear",
            np.arange(20) % 2,
            lambda y, t: np.maximum(0, 1 + y[np.arange(20), 1 - t] - y[np.arange(20), t]),
        ),
    ],
)
def test_losses_are_their_formulas_and_their_gradients_those_of_finite_differences(
    loss, function, target, expected
):
    net = line(weight=ns.normal(0, 0.5), function=function)
    sent = ns.run(net, {"x": X[:, None]}, record=["out"])["out"][:, 0]
    np.testing.assert_allclose(
        gradient(net, {"x": X[:, None]}, {"out": target}, loss=loss)[0],
        expected(sent, target).mean(),
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        *directional(net, {"x": X[:, None]}, {"out": target}, loss=loss), rtol=1e-6, atol=1e-9
    )


def test_what_a_population_sends_is_a_loss_summed_over_ticks_and_a_function_is_one_too():
    net = line(weight=ns.normal(0, 0.5))
    drive = {"x": rng.normal(size=(4, 6, 3))}
    sent = ns.run(net, drive, record=["out"])["out"]
    assert gradient(net, drive, loss="out")[0] == pytest.approx(sent.sum(axis=(1, 2)).mean())
    assert gradient(net, drive, loss={"out": "sent"}, lengths=[6, 1, 2, 3])[0] == pytest.approx(
        np.mean([sent[n, :k].sum() for n, k in enumerate((6, 1, 2, 3))])
    )
    cube = gradient(net, drive, {"out": sent}, loss=lambda y, t: ((y + t) ** 3).sum(axis=-1))[0]
    assert cube == pytest.approx(((2 * sent) ** 3).sum(axis=-1).mean())


def test_gradients_through_time_are_those_of_finite_differences_also_where_ticks_are_computed_twice(
    monkeypatch,
):
    from neurosim.learn.training import objective

    drive, target = {"x": rng.normal(size=(4, 13, 3))}, {"out": rng.normal(size=(4, 13, 2))}
    for delay in (1, 3):
        np.testing.assert_allclose(*directional(memory(delay), drive, target), rtol=1e-6)
    plain = gradient(memory(), drive, target)
    monkeypatch.setattr(objective, "MOST_BYTES", 1)
    again = gradient(memory(), drive, target)
    for name in plain[1]:
        np.testing.assert_allclose(again[1][name], plain[1][name], rtol=1e-10, atol=1e-12)


def test_ticks_that_do_not_count_are_left_out_where_nothing_in_the_loop_needs_them(monkeypatch):
    from neurosim.learn.training import updates

    drive, goal = {"x": rng.normal(size=(4, 9, 3))}, np.full((4, 9, 2), np.nan)
    goal[0, 6:], goal[1:, 7:] = 0.5, rng.normal(size=(3, 2, 2))
    seen, count = [], updates.ticks_before_targets

    def counted(problem):
        seen.append(count(problem))
        return seen[-1]

    monkeypatch.setattr(updates, "ticks_before_targets", counted)
    found = gradient(memory(), drive, {"out": goal})
    np.testing.assert_allclose(*directional(memory(), drive, {"out": goal}), rtol=1e-6)
    monkeypatch.setattr(updates, "ticks_before_targets", lambda problem: 0)
    whole = gradient(memory(), drive, {"out": goal})
    assert set(seen) == {6}
    assert found[0] == pytest.approx(whole[0], rel=1e-12)
    for name in whole[1]:
        np.testing.assert_allclose(found[1][name], whole[1][name], rtol=1e-10, atol=1e-12)


def test_a_truncated_gradient_is_that_of_pieces_that_do_not_know_of_each_other():
    drive, target = rng.normal(size=(1, 8, 3)), rng.normal(size=(1, 8, 2))
    net = memory()
    whole = gradient(net, {"x": drive}, {"out": target}, truncate=4)[1]
    states = ns.run(net, {"x": drive[0]}, record=["h.y"])["h.y"]
    total = dict.fromkeys(whole, 0.0)
    for first, start in ((0, np.zeros(5)), (4, states[3])):
        changed = ns.Network(*_with_start(net, start), schedule=ns.Layered())
        part = gradient(changed, {"x": drive[:, first : first + 4]}, {"out": target[:, first : first + 4]})[1]
        total = {name: total[name] + part[name] * 0.5 for name in total}
    for name in whole:
        np.testing.assert_allclose(whole[name], total[name], rtol=1e-9, atol=1e-12)


def _with_start(net, start):
    from neurosim.network.rebuild import rebuilt
    from neurosim.plan.materialize import materialized

    made = rebuilt(materialized(net, 0), {"h": {"y": start}})
    return [*made.populations.values(), *made.synapses.values()]


def test_what_is_not_a_number_or_after_the_end_of_a_trial_is_not_counted():
    net, drive = memory(), rng.normal(size=(3, 6, 3))
    target = rng.normal(size=(3, 6, 2))
    holes = target.copy()
    holes[0, 4:] = np.nan
    holes[1, 2:] = np.nan
    by_length = gradient(net, {"x": drive}, {"out": target}, lengths=[4, 2, 6])
    by_holes = gradient(net, {"x": drive}, {"out": holes})
    assert by_length[0] == pytest.approx(by_holes[0], rel=1e-12)
    last = gradient(net, {"x": drive}, {"out": target[:, 0]}, lengths=[4, 2, 6])[0]
    sent = ns.run(net, {"x": drive}, record=["out"])["out"]
    expected = np.mean([((sent[n, k - 1] - target[n, 0]) ** 2).sum() for n, k in enumerate((4, 2, 6))])
    assert last == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("loss", "target", "missing", "own"),
    [
        ("squared_error", rng.normal(size=(3, 6, 2)), np.nan, lambda y, t: (y - t) ** 2),
        ("bernoulli_scores", rng.random((3, 6, 2)), np.nan, lambda y, t: np.log1p(np.exp(y)) - t * y),
    ],
)
def test_a_neuron_without_a_target_does_not_count_and_the_others_of_its_tick_do(loss, target, missing, own):
    net, drive, some = memory(), rng.normal(size=(3, 6, 3)), target.copy()
    some[0, 4, 1] = some[1, 2, 0] = some[2, 5] = missing
    sent, known = ns.run(net, {"x": drive}, record=["out"])["out"], ~np.isnan(some)
    expected = own(sent, target)[known].sum() / known.any(axis=2).sum()
    assert gradient(net, {"x": drive}, {"out": some}, loss=loss)[0] == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(
        *directional(net, {"x": drive}, {"out": some}, loss=loss), rtol=1e-6, atol=1e-9
    )
    whole = gradient(net, {"x": drive}, {"out": some}, loss=lambda y, t: ((y - t) ** 2).sum(axis=-1))[0]
    every = known.all(axis=2)
    assert whole == pytest.approx(((sent - target) ** 2).sum(axis=2)[every].mean(), rel=1e-9)


def test_labels_that_are_missing_do_not_count_for_the_share_of_classes_found():
    x = ns.Neurons("x", 2)
    out = ns.Neurons("out", (3, 2), update="y = I")  # three questions, two answers each
    net = ns.Network(
        ns.Synapses(
            x, out, wiring=ns.einsum("pre, ask post pre -> ask post"), weight=ns.normal(0, 1), learns=True
        ),
        schedule=ns.Layered(),
    )
    drive, labels = rng.normal(size=(40, 1, 2)), rng.integers(0, 2, (40, 1, 3))
    labels[:30, 0, 0] = labels[5, 0] = -1
    sent, known = ns.run(net, {"x": drive}, record=["out"])["out"], labels >= 0
    chosen = np.take_along_axis(sent, np.maximum(labels, 0)[..., None], axis=-1)[..., 0]
    expected = (np.log(np.exp(sent).sum(axis=-1)) - chosen)[known].sum() / known.any(axis=2).sum()
    assert gradient(net, {"x": drive}, {"out": labels}, loss="cross_entropy")[0] == pytest.approx(
        expected, rel=1e-9
    )
    kept = dict(loss="cross_entropy", optimizer="sgd", rate=1e-12, epochs=1, batch=40)
    _, history = ns.train(
        net, {"x": drive}, {"out": labels}, validation=({"x": drive}, {"out": labels}), **kept
    )
    assert history.accuracy[0] == pytest.approx((sent.argmax(axis=-1) == labels)[known].mean(), rel=1e-5)


def test_a_last_batch_that_is_not_full_counts_its_own_trials_alone():
    kept = dict(optimizer="sgd", momentum=0.0, rate=0.1, epochs=1, precision="double")
    _, history = ns.train(line(), {"x": X[:, None]}, {"out": X @ W.T}, batch=20, **kept)
    _, parted = ns.train(line(), {"x": X[:, None]}, {"out": X @ W.T}, batch=13, **kept)
    assert parted.steps == 2 and history.steps == 1


def test_tied_weights_learn_together_and_their_gradients_add():
    x, code, out = ns.Neurons("x", 3), cells.unit("code", 2, "tanh"), cells.unit("out", 3, "linear")
    up = ns.Synapses(x, code, weight=ns.normal(0, 0.5), learns=True)
    net = ns.Network(up, ns.Synapses(code, out, weight=up.T), schedule=ns.Layered())
    np.testing.assert_allclose(*directional(net, {"x": X[:, None]}, {"out": X}), rtol=1e-6)
    new, history = ns.train(net, {"x": X[:, None]}, {"out": X}, rate=0.02, epochs=60)
    assert history.loss[-1] < 0.8 * history.loss[0]
    assert new["code_to_out"].weight.synapses is new["x_to_code"]


def test_only_what_is_named_changes():
    net = memory()
    before = {name: value.copy() for name, value in read_parameters(net, 0).values.items()}
    new, _ = ns.train(
        net, {"x": rng.normal(size=(5, 4, 3))}, {"out": np.zeros((5, 2))}, learns=["h_to_*"], epochs=2
    )
    changed = {name for name in before if not np.array_equal(new[name].weight.number, before[name])}
    assert changed == {"h_to_h", "h_to_out"}


def test_two_networks_learn_in_turns_against_each_other():
    """Player a makes (a - b)^2 small and b makes it large: each follows its own loss alone."""
    a = ns.Neurons("a", 1, update="y = value", value=np.ones(1), learns="value")
    b = ns.Neurons("b", 1, update="y = value", value=np.zeros(1), learns="value")
    apart = ns.Neurons("apart", 1, update="d = (I - J)**2", ports="I J")
    net = ns.Network(
        ns.Synapses(a, apart, to="I"),
        ns.Synapses(b, apart, to="J"),
        ns.Synapses(apart, ns.Neurons("closer", 1, update="d = -I"), wiring=ns.one_to_one()),
        schedule=ns.Layered(),
    )
    new, history = ns.train(
        net,
        ticks=1,
        loss=["apart", "closer"],
        learns=[["a.*"], ["b.*"]],
        optimizer="sgd",
        momentum=0.0,
        rate=0.1,
        epochs=1,
        batch=1,
        precision="double",
    )
    first = 1.0 - 0.1 * 2 * (1.0 - 0.0)
    second = 0.0 - 0.1 * 2 * (first - 0.0)
    assert new["a"].constants["value"].number[0] == pytest.approx(first)
    assert new["b"].constants["value"].number[0] == pytest.approx(second)
    assert len(history.loss[0]) == 2
