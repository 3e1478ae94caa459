"""Training on batches that come one by one, and what is told after each epoch."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import DescriptionError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(12, 1, 3))
Y = X @ np.array([[1.0], [-2.0], [0.5]])


def net(size=1):
    x, y = ns.Neurons("x", 3), ns.cells.unit("y", size, "linear")
    return ns.Network(ns.Synapses(x, y, weight=np.zeros((size, 3)), learns=True), schedule=ns.Layered())


def parts(order, size=4):
    """The data in batches, in this order."""
    return [({"x": X[part]}, {"y": Y[part]}) for part in np.split(np.asarray(order), len(order) // size)]


def shuffled(epoch):
    """The batches that `train` makes of all data, with seed 0."""
    return parts(np.random.default_rng([0, 2, epoch]).permutation(12))


def weight(trained):
    return trained.network["x_to_y"].weight.number


def test_batches_one_by_one_give_what_all_data_give():
    together = ns.train(net(), {"x": X}, {"y": Y}, epochs=3, batch=4)
    one_by_one = ns.train(net(), shuffled, epochs=3)
    np.testing.assert_array_equal(weight(one_by_one), weight(together))
    assert one_by_one.history.loss == together.history.loss


@pytest.mark.parametrize("make", [lambda: parts(range(12)), lambda: (part for part in parts(range(12)))])
def test_a_list_or_an_iterator_is_a_source_of_batches(make):
    trained = ns.train(net(), make(), epochs=1)
    again = ns.train(net(), lambda epoch: parts(range(12)), epochs=1)
    np.testing.assert_array_equal(weight(trained), weight(again))
    assert trained.history.steps == 3


def test_a_smaller_batch_counts_by_its_trials():
    data = parts(range(12))
    last = ({"x": X[:2]}, {"y": Y[:2]})
    doubled = ({"x": np.tile(X[:2], (2, 1, 1))}, {"y": np.tile(Y[:2], (2, 1, 1))})
    small, full = (ns.train(net(), [*data, end], epochs=1, precision="double") for end in (last, doubled))
    np.testing.assert_allclose(weight(small), weight(full), rtol=1e-12)


def test_batches_have_lengths_of_their_own():
    x = RANDOM.normal(size=(2, 3, 3))
    batch = ({"x": x}, {"y": np.ones((2, 3, 1))}, [1, 3])
    given = ns.train(net(), {"x": x}, {"y": np.ones((2, 3, 1))}, lengths=[1, 3], epochs=2)
    np.testing.assert_allclose(weight(ns.train(net(), [batch], epochs=2)), weight(given), rtol=1e-6)


def test_batches_are_validated_on_data_of_their_own():
    trained = ns.train(net(), shuffled, epochs=4, rate=0.1, validation=({"x": X}, {"y": Y}))
    assert len(trained.history.validation) == 4
    assert trained.history.validation[-1] < trained.history.validation[0]


def test_after_each_epoch_a_function_sees_the_network_and_its_numbers_are_kept(capsys):
    seen = []

    def after(network, history):
        seen.append(network["x_to_y"].weight.number.copy())
        return {"error": np.abs(seen[-1] - [1.0, -2.0, 0.5]).max()}

    trained = ns.train(net(), {"x": X}, {"y": Y}, epochs=3, rate=0.1, progress="epochs", after_epoch=after)
    assert [set(metrics) for metrics in trained.history.metrics] == [{"error"}] * 3
    np.testing.assert_array_equal(seen[-1], weight(trained))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0].split(" ")[:3] for line in lines] == [
        ["epoch", f"{k}:", "loss"] for k in (1, 2, 3)
    ]
    assert all("error 0." in line or "error 1." in line for line in lines)


def test_one_objective_takes_a_list_of_what_it_changes():
    trained = ns.train(
        net(), {"x": X}, {"y": Y}, loss=[{"y": "squared_error"}], learns=[["x_to_y"]], epochs=1
    )
    assert np.any(weight(trained) != 0)


def once():
    return iter(parts(range(12)))


@pytest.mark.parametrize(
    ("inputs", "options", "message"),
    [
        (once, {"epochs": 2, "make": True}, "gives its batches once"),
        ([], {}, "gives no batch"),
        (5, {"targets": {"y": Y}}, "inputs 5 is not a dict"),
        ([{"x": X}], {}, "the batch .* does not read"),
        ([({"x": X}, {"y": Y})], {"targets": {"y": Y}}, "inputs .* is not a dict.*without targets="),
        ([({"x": X}, {"y": Y})], {"lengths": [1] * 12}, "without targets= and lengths="),
        ([({"x": X}, {"y": Y})], {"validation": 0.1}, "no share of batches"),
        ([({"x": X[:3]}, {"y": Y[:3]}), ({"x": X}, {"y": Y})], {}, "no larger ones"),
        (shuffled, {"schedule": "cosine"}, "needs the number of batches"),
        ({"x": X}, {"targets": {"y": Y}, "progress": "lines"}, "progress 'lines'"),
        ({"x": X}, {"targets": {"y": Y}, "after_epoch": 3}, "after_epoch 3 is not a function"),
        (
            {"x": X},
            {"targets": {"y": Y}, "after_epoch": lambda network, history: 3},
            "after_epoch returned 3",
        ),
    ],
)
def test_what_does_not_fit_says_why(inputs, options, message):
    if options.pop("make", False):
        inputs = inputs()
    with pytest.raises(DescriptionError, match=message):
        ns.train(net(), inputs, **({"epochs": 1} | options))
