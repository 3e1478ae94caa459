"""Options of training: dropout, optimizers, penalties, held-out trials, checkpoints; and what is refused."""

import numpy as np
import pytest
from train_side import W, X, line, memory, rng

import neurosim as ns
from neurosim import cells
from neurosim.learn import gradient
from neurosim.units import ms

pytest.importorskip("jax", reason="training needs JAX and optax: pip install '.[train]'")
pytest.importorskip("optax", reason="training needs JAX and optax: pip install '.[train]'")


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
    losses = [ns.learn.Loss("own", lambda jax, sent, target: (sent - target) ** 2) for _ in range(2)]
    path = tmp_path / "own.npz"  # as in another process, where the same loss is at another address
    first, second = (ns.train(memory(), *data, **given, loss=loss, checkpoint=path) for loss in losses)
    assert first.network == second.network
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
    assert all(tick == round(tick) for tick in axes.get_xticks())
