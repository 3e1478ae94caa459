"""Networks whose gradient is not that of the loss: turned round for domains, predicted by each layer."""

import numpy as np
import pytest
from layered_side import FUNCTIONS, RANDOM, convolved, jolted, largest, numbers, sent

import neurosim as ns
from neurosim.learn import gradient, learned, with_learned
from neurosim.models.domain_adversarial import domain_adversarial, gradient_reversal
from neurosim.models.feed_forward import feed_forward
from neurosim.models.synthetic_gradients import synthetic_gradients, turns

relu, softmax = FUNCTIONS["relu"], FUNCTIONS["softmax"]
ENGINES = ("reference", "arrays")


@pytest.fixture(params=ENGINES)
def engine(request):
    if request.param == "arrays":
        pytest.importorskip("jax", reason="the arrays engine needs JAX: pip install '.[train]'")
    return request.param


def slopes_of(net, inputs, targets, loss, learns=None):
    given = {name: np.asarray(x)[:, None] for name, x in inputs.items()}
    return gradient(net, given, targets, loss=loss, learns=learns)[1]


def small(**options):
    sizes = dict(kernel=(3, 2), n_features=5, n_hidden=4)
    return jolted(domain_adversarial((6, 7, 2), (3, 4), 3, **(sizes | options)))


def test_a_domain_adversarial_net_is_its_formula(engine):
    net, x = small(strength=0.7), RANDOM(0).normal(size=(3, 6, 7, 2))
    w = numbers(net)

    def dense(x, pre, name):
        return x.reshape(len(x), -1) @ w[f"{pre}_to_{name}"].T + w[f"{name}.bias"]

    below = x
    for k, pre in enumerate(("image", "pooled_1"), 1):
        mapped = convolved(below, w[f"{pre}_to_features_{k}"]) + w[f"features_{k}.bias"]
        below = largest(relu(mapped), 2)
    shared = relu(dense(below, "pooled_2", "shared"))
    got = sent(net, {"image": x}, ["shared", "reversed", "out", "domain"], engine)
    wanted = {
        "shared": shared,
        "reversed": shared,
        "out": dense(shared, "shared", "out"),
        "domain": dense(relu(dense(shared, "reversed", "critic")), "critic", "domain"),
    }
    for name, value in wanted.items():
        np.testing.assert_allclose(got[name], value, rtol=1e-10, atol=1e-12)


def test_the_reversal_turns_the_gradient_below_it_and_leaves_that_above():
    pytest.importorskip("jax")
    net, x = small(), RANDOM(0).normal(size=(4, 6, 7, 2))
    domain = np.array([[0.0], [0.0], [1.0], [1.0]])

    def slopes(strength):
        given = {"image": x, "strength": np.full((4, 1), strength)}
        learns = ["image*", "pooled*", "shared.bias", "reversed*", "critic*"]
        return slopes_of(net, given, {"domain": domain}, {"domain": "bernoulli_scores"}, learns)

    forward, half, none = slopes(-1.0), slopes(0.5), slopes(0.0)  # at -1 it is a plain unit
    for name in ("critic_to_domain", "reversed_to_critic", "critic.bias"):
        assert np.any(forward[name])
        np.testing.assert_allclose(half[name], forward[name], rtol=1e-12)
    for name in ("pooled_2_to_shared", "image_to_features_1", "shared.bias"):
        assert np.any(forward[name])
        np.testing.assert_allclose(half[name], -0.5 * forward[name], rtol=1e-9, atol=1e-15)
        assert not np.any(none[name])


def test_a_reversal_passes_on_what_it_receives():
    x, turned = ns.Neurons("x", (2, 3)), gradient_reversal("turned", (2, 3))
    net = ns.Network(ns.Synapses(x, turned, to="I", wiring=ns.one_to_one()), schedule=ns.Layered())
    values = RANDOM(0).normal(size=(1, 2, 3))
    np.testing.assert_array_equal(sent(net, {"x": values}, ["turned"])["turned"], values)


def layers(net, x, function):
    """What each layer sends, and the scores, in numpy."""
    w, sent, k = numbers(net), [x], 1
    while f"layer_{k}.bias" in w:
        pre = f"layer_{k - 1}" if k > 1 else "inputs"
        sent.append(function(sent[-1] @ w[f"{pre}_to_layer_{k}"].T + w[f"layer_{k}.bias"]))
        k += 1
    return [*sent[1:], sent[-1] @ w[f"layer_{k - 1}_to_out"].T + w["out.bias"]]


@pytest.mark.parametrize("n_predicting", [0, 4])
def test_a_net_with_synthetic_gradients_is_its_formula(n_predicting, engine):
    net = synthetic_gradients((5, 6, 7, 3), n_predicting=n_predicting, function="tanh")
    random = RANDOM(0)
    changed = {name: value + 0.3 * random.normal(size=value.shape) for name, value in learned(net).items()}
    net = with_learned(net, changed)
    w, x, label = numbers(net), random.normal(size=(4, 5)), np.eye(3)[[0, 2, 1, 1]]
    first, second, out = layers(net, x, np.tanh)

    def guess(k, below):
        if not n_predicting:
            return below @ w[f"layer_{k}_to_gradient_{k}"].T + label @ w[f"label_to_gradient_{k}"].T
        inside = (
            below @ w[f"layer_{k}_to_inside_gradient_{k}"].T + label @ w[f"label_to_inside_gradient_{k}"].T
        )
        return relu(inside + w[f"inside_gradient_{k}.bias"]) @ w[f"inside_gradient_{k}_to_gradient_{k}"].T

    one, two = (guess(k, y) + w[f"gradient_{k}.bias"] for k, y in ((1, first), (2, second)))
    down = (softmax(out) - label) @ w["layer_2_to_out"]
    lower = (two * (1 - second**2)) @ w["layer_1_to_layer_2"]
    wanted = {"out": out, "gradient_1": one, "back_2": down, "back_1": lower, "push_1": one * first}
    wanted |= {"miss_2": (two - down) ** 2, "miss_1": (one - lower) ** 2}
    got = sent(net, {"inputs": x, "label": label}, wanted, engine)
    for name, value in wanted.items():
        np.testing.assert_allclose(got[name], value, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("function", ["relu", "tanh", "sigmoid", "linear"])
def test_right_predictions_give_the_gradient_of_back_propagation(function):
    """Where `gradient_k` sends what back-propagation would, the slopes are those of the plain net."""
    pytest.importorskip("jax")
    net = jolted(synthetic_gradients((5, 6, 4, 3), function=function))
    plain = feed_forward((5, 6, 4, 3), function=function, output="linear")
    w, random = numbers(net), RANDOM(0)
    plain = with_learned(plain, {name: w[name] for name in learned(plain)})
    x, classes = random.normal(size=(1, 5)), np.array([2])
    label = np.eye(3)[classes]
    slope = {"relu": lambda y: y > 0, "tanh": lambda y: 1 - y**2, "sigmoid": lambda y: y * (1 - y)}
    slope = slope.get(function, np.ones_like)
    _, second, out = layers(net, x, FUNCTIONS[function])
    two = (softmax(out) - label) @ w["layer_2_to_out"]
    one = (two * slope(second)) @ w["layer_1_to_layer_2"]
    given = {"inputs": x, "label": label, "gradient_1": one, "gradient_2": two}
    assert np.allclose(sent(net, given, ["miss_1", "miss_2"])["miss_1"], 0)
    loss = {"push_1": "sent", "push_2": "sent", "out": "cross_entropy"}
    own = slopes_of(net, given, {"out": classes}, loss, learned(plain))
    for name, value in slopes_of(plain, {"inputs": x}, {"out": classes}, "cross_entropy").items():
        np.testing.assert_allclose(own[name], value, rtol=1e-9, atol=1e-14)


def test_a_layer_learns_without_the_layers_above_it():
    """Its slopes do not change with the numbers of any other layer above."""
    pytest.importorskip("jax")
    net = with_learned(
        synthetic_gradients((5, 6, 4, 3)),
        {
            name: RANDOM(1).normal(size=value.shape)
            for name, value in learned(synthetic_gradients((5, 6, 4, 3))).items()
        },
    )
    given = {"inputs": RANDOM(0).normal(size=(4, 5)), "label": np.eye(3)[[0, 1, 2, 0]]}

    def slopes(net):
        objectives = turns(net)
        return slopes_of(net, given, {}, objectives["loss"][0], objectives["learns"][0])

    before = slopes(net)
    other = {name: value + 1 for name, value in learned(net).items() if "2" in name or "out" in name}
    after = slopes(with_learned(net, learned(net) | other))
    assert np.any(before["inputs_to_layer_1"])
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value)


def test_predictions_learn_and_layers_follow_them():
    pytest.importorskip("jax")
    random = RANDOM(0)
    x = random.normal(size=(120, 1, 6))
    classes = (x[:, 0] @ random.normal(size=(6, 3))).argmax(axis=1)
    net = synthetic_gradients((6, 20, 16, 3))
    inputs = {"inputs": x, "label": np.eye(3)[classes][:, None]}
    trained, history = ns.train(net, inputs, {"out": classes}, epochs=40, rate=1e-2, seed=1, **turns(net))
    out = sent(trained, {"inputs": x[:, 0]}, ["out"])["out"]
    assert np.mean(out.argmax(axis=1) == classes) > 0.9
    assert np.sum(history.loss[-1]) < 0.5 * np.sum(history.loss[0])


@pytest.mark.parametrize("options", [{"sizes": (5, 3)}, {"sizes": (5, 4, 3), "function": "softmax"}])
def test_layers_without_a_predictor_are_refused(options):
    with pytest.raises(ns.DescriptionError, match="Give three sizes or more, and one of relu, tanh"):
        synthetic_gradients(**options)


def test_kernels_that_are_not_one_for_each_block_are_refused():
    with pytest.raises(ns.DescriptionError, match="domain_adversarial: kernel"):
        domain_adversarial(kernel=(3, 3, 3))
