"""Training: closed forms, what counts, what changes, and what is refused."""

import numpy as np
import pytest

import neurosim as ns
from neurosim import cells
from neurosim.learn import gradient
from neurosim.learn.training.parameters import read_parameters
from neurosim.units import ms

pytest.importorskip("jax", reason="training needs JAX and optax: pip install '.[train]'")
pytest.importorskip("optax", reason="training needs JAX and optax: pip install '.[train]'")
rng = np.random.default_rng(0)
X = rng.normal(size=(20, 3))
W = rng.normal(size=(2, 3))


def line(weight=0.0, bias=None, function="linear", outputs=2):
    """inputs -> out, one layer."""
    inputs = ns.Neurons("x", 3)
    learns = {} if bias is None else {"bias": bias, "learns": "bias"}
    out = cells.unit("out", outputs, function, **learns)
    return ns.Network(ns.Synapses(inputs, out, weight=weight, learns=True), schedule=ns.Layered())


def memory(delay=1, **given):
    """x -> h -> out, with h onto itself."""
    x, h, out = ns.Neurons("x", 3), cells.unit("h", 5, "tanh"), cells.unit("out", 2, "linear")
    return ns.Network(
        ns.Synapses(x, h, weight=ns.normal(0, 0.7), learns=True),
        ns.Synapses(h, h, weight=ns.normal(0, 0.7), delay=delay, learns=True),
        ns.Synapses(h, out, weight=ns.normal(0, 0.7), learns=True),
        schedule=ns.Layered(),
    )


def directional(net, inputs, targets, **given):
    """The derivative in a random direction, from the gradient and from a finite difference."""
    held = read_parameters(net, 0)
    way = {name: rng.normal(size=value.shape) for name, value in held.values.items()}
    _, found = gradient(net, inputs, targets, **given)
    step = 1e-5
    ends = [
        gradient(
            held.learned({n: v + s * step * way[n] for n, v in held.values.items()}), inputs, targets, **given
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
    from neurosim.learn import objective

    drive, target = {"x": rng.normal(size=(4, 13, 3))}, {"out": rng.normal(size=(4, 13, 2))}
    for delay in (1, 3):
        np.testing.assert_allclose(*directional(memory(delay), drive, target), rtol=1e-6)
    plain = gradient(memory(), drive, target)
    monkeypatch.setattr(objective, "MOST_BYTES", 1)
    again = gradient(memory(), drive, target)
    for name in plain[1]:
        np.testing.assert_allclose(again[1][name], plain[1][name], rtol=1e-10, atol=1e-12)


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
        ns.Synapses(a, apart, to="I"), ns.Synapses(b, apart, to="J"),
        ns.Synapses(apart, ns.Neurons("closer", 1, update="d = -I"), wiring=ns.one_to_one()), schedule=ns.Layered(),
    )  # fmt: skip
    new, history = ns.train(
        net, ticks=1, loss=["apart", "closer"], learns=[["a.*"], ["b.*"]], optimizer="sgd", momentum=0.0, rate=0.1, epochs=1, batch=1,
        precision="double",
    )  # fmt: skip
    first = 1.0 - 0.1 * 2 * (1.0 - 0.0)
    second = 0.0 - 0.1 * 2 * (first - 0.0)
    assert new["a"].constants["value"].number[0] == pytest.approx(first)
    assert new["b"].constants["value"].number[0] == pytest.approx(second)
    assert len(history.loss[0]) == 2


def test_dropout_acts_while_training_alone_and_anew_in_every_batch():
    x = ns.Neurons("x", 3)
    out = ns.Neurons("out", 3, update="y = I*where(training, bernoulli(0.25)/0.25, 1)")
    net = ns.Network(
        ns.Synapses(x, out, wiring=ns.one_to_one(), weight=np.ones(3), learns=True), schedule=ns.Layered()
    )
    ones = {"x": np.ones((400, 1, 3))}
    np.testing.assert_array_equal(ns.run(net, ones, record=["out"])["out"], 1.0)
    _, history = ns.train(
        net,
        ones,
        {"out": np.ones((400, 3))},
        rate=1e-9,
        epochs=2,
        batch=400,
        validation=(ones, {"out": np.ones((400, 3))}),
    )
    assert history.loss[0] == pytest.approx(9.0, abs=1.0) and history.loss[0] != history.loss[1]
    assert history.validation == pytest.approx([0.0, 0.0], abs=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adagrad", "adam", "adamw"])
@pytest.mark.parametrize("schedule", [None, "cosine"])
def test_optimisers_make_the_loss_small(optimizer, schedule):
    _, history = ns.train(
        line(),
        {"x": X[:, None]},
        {"out": X @ W.T},
        optimizer=optimizer,
        schedule=schedule,
        nesterov=True,
        clip=5.0,
        rate=0.3 if optimizer == "adagrad" else 0.03,
        epochs=30,
        batch=10,
    )
    assert history.loss[-1] < 0.5 * history.loss[0]


def test_penalties_shrink_weights():
    given = dict(rate=0.05, epochs=150, batch=20)
    plain, _ = ns.train(line(), {"x": X[:, None]}, {"out": X @ W.T}, **given)
    ridge, _ = ns.train(line(), {"x": X[:, None]}, {"out": X @ W.T}, l2=2.0, **given)
    exact = 2 * (X @ W.T).T @ X / 20 @ np.linalg.inv(2 * X.T @ X / 20 + 2.0 * np.eye(3))
    np.testing.assert_allclose(ridge["x_to_out"].weight.number, exact, atol=5e-3)
    assert np.abs(ridge["x_to_out"].weight.number).sum() < np.abs(plain["x_to_out"].weight.number).sum()
    lasso, _ = ns.train(line(), {"x": X[:, None]}, {"out": X @ W.T}, l1=50.0, **given)
    assert np.abs(lasso["x_to_out"].weight.number).max() < 0.2


def test_the_best_weights_on_held_out_trials_are_kept_and_patience_ends():
    inputs, target = {"x": X[:, None]}, {"out": X @ W.T}
    net, history = ns.train(
        line(),
        inputs,
        target,
        rate=3.0,
        optimizer="sgd",
        momentum=0.0,
        clip=1.0,
        epochs=50,
        validation=0.2,
        patience=3,
    )
    assert history.stopped == "patience" and len(history.loss) == history.best + 4
    assert history.validation[history.best] == min(history.validation)
    assert np.all(np.isfinite(net["x_to_out"].weight.number))


def test_accuracy_on_what_is_held_out_is_that_of_the_network():
    labels = (X[:, 0] > 0).astype(int)
    other = rng.normal(size=(30, 3))
    truth = (other[:, 0] > 0).astype(int)
    net, history = ns.train(
        line(),
        {"x": X[:, None]},
        {"out": labels},
        loss="cross_entropy",
        rate=0.1,
        epochs=15,
        batch=7,
        validation=({"x": other[:, None]}, {"out": truth}),
    )
    sent = ns.run(net, {"x": other[:, None]}, record=["out"])["out"][:, 0]
    assert history.accuracy[history.best] == pytest.approx((sent.argmax(axis=1) == truth).mean())


def test_training_resumes_from_a_checkpoint_to_the_bit(tmp_path):
    given = dict(epochs=6, batch=6, validation=0.25, rate=0.02, seed=4)
    data = {"x": rng.normal(size=(16, 5, 3))}, {"out": rng.normal(size=(16, 2))}
    whole, history = ns.train(memory(), *data, **given)
    path = tmp_path / "training.npz"
    ns.train(memory(), *data, **{**given, "epochs": 3}, checkpoint=path)
    resumed, more = ns.train(memory(), *data, **given, checkpoint=path)
    assert resumed == whole
    assert more.loss == history.loss and more.validation == history.validation and more.steps == history.steps
    with pytest.raises(ns.DescriptionError, match="is of another training"):
        ns.train(memory(), data[0], {"out": np.zeros((16, 2))}, **given, checkpoint=path)
    path.write_bytes(b"nothing")
    with pytest.raises(ns.DescriptionError, match="cannot be read"):
        ns.train(memory(), *data, **given, checkpoint=path)


def test_the_same_seed_gives_the_same_bits_and_the_network_given_stays_as_it_was():
    net = memory()
    data = {"x": rng.normal(size=(16, 5, 3))}, {"out": rng.normal(size=(16, 2))}
    before = net.to_dict()
    assert ns.train(net, *data, epochs=2, seed=1).network == ns.train(net, *data, epochs=2, seed=1).network
    assert ns.train(net, *data, epochs=2, seed=1).network != ns.train(net, *data, epochs=2, seed=2).network
    assert net.to_dict() == before


@pytest.mark.parametrize("surrogate", ["fast_sigmoid", "arctan", "boxcar"])
def test_the_derivative_of_a_spike_is_its_surrogate(surrogate):
    """One neuron, one tick: d spike/dw = surrogate(v - 1) x."""
    x = ns.Neurons("x", 1)
    cell = ns.Neurons("cell", 1, update="v = I", threshold="v > 1", reset="v = 0")
    net = ns.Network(ns.Synapses(x, cell, weight=np.array([[0.9]]), learns=True), schedule=ns.Layered())
    value, found = gradient(net, {"x": np.ones((1, 1, 1))}, loss="cell", surrogate=surrogate, slope=5.0)
    away = 5.0 * 0.1
    fields = {"fast_sigmoid": 1 / (1 + away) ** 2, "arctan": 1 / (1 + (np.pi / 2 * away) ** 2), "boxcar": 1.0}
    assert value == 0.0
    assert found["x_to_cell"].item() == pytest.approx(fields[surrogate])


def test_diverging_losses_name_their_population():
    with pytest.raises(
        ns.EngineError, match=r"the loss of 'out' is (nan|inf) in epoch .* batch .*Use a smaller rate"
    ):
        ns.train(line(), {"x": 1e10 * X[:, None]}, {"out": X @ W.T}, optimizer="sgd", rate=1e10, epochs=20)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(targets={"out": np.full(20, 2)}, loss="cross_entropy"), "label 2 is outside 0 to 1"),
        (dict(targets={"out": np.full(20, -2)}, loss="cross_entropy"), "label -2 is outside 0 to 1"),
        (dict(targets={"out": np.full(20, 0.5)}, loss="cross_entropy"), "labels are whole numbers"),
        (dict(targets={"out": np.zeros((20, 3))}), r"has shape \(20, 3\), but 'squared_error' needs"),
        (
            dict(inputs={"x": np.zeros((0, 1, 3))}, targets={"out": np.zeros((0, 2))}),
            r"has shape \(0, 1, 3\)",
        ),
        (dict(loss="squared_erro"), "'squared_erro' .* is not known. Did you mean 'squared_error'"),
        (dict(loss={"ou": "hinge"}), "there is no such population. Did you mean 'out'"),
        (dict(targets={}), "does not say of which population"),
        (dict(targets=None, loss={"out": "hinge"}), "needs a target"),
        (dict(learns=["x_to_ou"]), "names nothing that learns. Did you mean 'x_to_out'"),
        (dict(optimizer="adm"), "optimizer 'adm' is not known. Did you mean 'adam'"),
        (dict(schedule="cosin"), "schedule 'cosin' is not known"),
        (dict(rate=0), "rate: 0 does not fit"),
        (dict(l2=-1.0), "l2: -1.0 does not fit"),
        (dict(batch=0), "batch"),
        (dict(validation=1.5), "validation: 1.5 does not fit"),
        (dict(patience=3), "patience needs a validation"),
        (dict(lengths=[1, 2]), "lengths .* are not 20 whole numbers"),
        (dict(surrogate="triangle"), "surrogate"),
        (dict(epoch=3), "there is no argument 'epoch'"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(change, message):
    given = dict(inputs={"x": X[:, None]}, targets={"out": X @ W.T}) | change
    with pytest.raises(ns.DescriptionError, match=message):
        ns.train(line(), **given)


def test_what_learns_without_reason_is_named():
    x, out, aside = ns.Neurons("x", 3), cells.unit("out", 2, "linear"), cells.unit("aside", 2, "linear")
    net = ns.Network(
        ns.Synapses(x, out, learns=True), ns.Synapses(x, aside, learns=True), schedule=ns.Layered()
    )
    with pytest.raises(
        ns.DescriptionError,
        match="Synapses x -> aside: learns, but nothing leads from it to a population with a loss",
    ):
        ns.train(net, {"x": X[:, None]}, {"out": X @ W.T})
    still = ns.Network(ns.Synapses(x, out), schedule=ns.Layered())
    with pytest.raises(ns.DescriptionError, match="nothing in the network learns"):
        ns.train(still, {"x": X[:, None]}, {"out": X @ W.T})


def test_a_constant_of_equations_cannot_learn():
    x = ns.Neurons("x", 3)
    slow = ns.Neurons("slow", 3, equations="dv/dt = (I - v)/tau : 1", tau=10 * ms, learns="tau")
    net = ns.Network(ns.Synapses(x, slow, wiring=ns.one_to_one()), schedule=ns.Clock(1 * ms))
    with pytest.raises(ns.DescriptionError, match="Neurons 'slow': tau learns, but it stands in equations"):
        ns.train(net, {"x": X[:, None]}, {"slow": X})


def test_a_network_that_arrays_cannot_run_is_refused():
    x, units = ns.Neurons("x", 3), ns.Neurons("units", 3, update="s = tanh(I)")
    net = ns.Network(ns.Synapses(x, units, learns=True, delay=1), schedule=ns.Asynchronous())
    with pytest.raises(ns.PlanError, match="train: the 'arrays' engine cannot run this network"):
        ns.train(net, {"x": X[:, None]}, {"units": X})


def test_the_history_is_a_picture():
    pytest.importorskip("matplotlib")
    _, history = ns.train(line(), {"x": X[:, None]}, {"out": X @ W.T}, epochs=3, validation=0.2)
    axes = history.plot()
    assert [line.get_label() for line in axes.get_lines()][:2] == ["training", "validation"]
