"""Variants of models, as their sources have them, are their formulas on every engine that takes them."""

import numpy as np
import pytest
from layered_side import FUNCTIONS, RANDOM, convolved, jolted, largest, normalised, numbers, same, sent
from models_side import sigmoid

import neurosim as ns
from neurosim import cells, figures, learn
from neurosim.models.image_generator import example, image_generator
from neurosim.models.inception import inception
from neurosim.models.lstm import lstm
from neurosim.models.residual import residual

relu, softsign = FUNCTIONS["relu"], FUNCTIONS["softsign"]


@pytest.fixture(params=["reference", pytest.param("arrays", marks=pytest.mark.slow)])
def engine(request):
    """Both engines; the test below compares them on one variant of each model, and so in seconds."""
    if request.param == "arrays":
        pytest.importorskip("jax", reason="the arrays engine needs JAX: pip install '.[train]'")
    return request.param


@pytest.mark.parametrize(
    ("net", "record", "engine"),
    [
        (inception((6, 5, 3), 2, stem=0, modules=[(0, 4, 5, 2, 3, 6)]), "out", "arrays"),
        (
            residual((6, 5, 3), (4, 8), 2, layers=(1, 3, 1), narrow=4, norm=False, output="linear"),
            "out",
            "events",
        ),
        (lstm(3, 4, 2, function="softsign"), "cells", "events"),
        (lstm(3, 4, 2, function="softsign"), "cells", "arrays"),
    ],
)
def test_engines_agree(net, record, engine):
    driven = next(item for item in net.populations.values() if item.driven)
    x = RANDOM(0).normal(size=(2, 5, *driven.shape))
    if engine == "arrays":
        pytest.importorskip("jax", reason="the arrays engine needs JAX: pip install '.[train]'")
    one, two = (ns.run(net, {driven.name: x}, record=[record], engine=name) for name in ("reference", engine))
    assert same(two[record][:], one[record][:])


# Inception


def test_a_module_of_three_towers_is_its_formula(engine):
    """The module of Keras's guide, straight on the image: no branch of 1 x 1 windows alone."""
    net = jolted(inception((6, 5, 3), 2, stem=0, modules=[(0, 4, 5, 2, 3, 6)], output="linear"))
    w, x = numbers(net), RANDOM(0).normal(size=(3, 6, 5, 3))
    three, five = (
        relu(convolved(x, w[f"image_to_before_{n}_1"]) + w[f"before_{n}_1.bias"]) for n in ("three", "five")
    )
    towers = [
        convolved(three, w["before_three_1_to_mixed_1"]),
        convolved(five, w["before_five_1_to_mixed_1"]),
        convolved(largest(x, 3, 1, "same"), w["largest_1_to_mixed_1"]),
    ]
    mixed = relu(np.concatenate(towers, axis=-1) + w["mixed_1.bias"])
    got = sent(net, {"image": x}, ["mixed_1", "out"], engine)
    assert same(got["mixed_1"], mixed)
    assert same(got["out"], mixed.mean(axis=(1, 2)) @ w["average_to_out"].T + w["out.bias"])


def test_a_naive_module_is_its_formula(engine):
    """Szegedy et al. 2015, figure 2a: windows of three sizes see what comes in, without reduction."""
    net = jolted(inception((6, 5, 3), 2, stem=0, modules=[(2, 0, 3, 0, 4, 0)]))
    w, x = numbers(net), RANDOM(0).normal(size=(3, 6, 5, 3))
    sides = {name: w[name].shape[-1] for name in w if name.startswith("image_to_mixed_1")}
    assert sorted(sides.values()) == [1, 3, 5]
    windows = [convolved(x, w[name]) for name in sorted(sides, key=sides.get)]
    mixed = relu(np.concatenate(windows, axis=-1) + w["mixed_1.bias"])
    assert same(sent(net, {"image": x}, ["mixed_1"], engine)["mixed_1"], mixed)
    assert not [name for name in net.populations if name.startswith(("before", "largest"))]


def test_a_module_without_branches_is_refused():
    with pytest.raises(ns.DescriptionError, match=r"module \(0, 4, 0, 4, 0, 0\) has no branch"):
        inception(modules=[(0, 4, 0, 4, 0, 0)])


# Residual nets


@pytest.mark.parametrize(("layers", "narrow"), [(1, 1), ((5,), 1), (3, 2), ((1, 3, 1), 4), (5, 1)])
def test_blocks_of_any_number_of_layers_are_their_formula(layers, narrow, engine):
    net = jolted(residual((6, 5, 2), (4, 8), 3, blocks=1, layers=layers, narrow=narrow, output="linear"))
    w, x = numbers(net), RANDOM(0).normal(size=(2, 6, 5, 2))

    def f(name, value):
        return relu(normalised(value, w[f"{name}.gain"], w[f"{name}.shift"]))

    names = ("first", "second", "third", "fourth", "fifth")
    names = names[: layers if isinstance(layers, int) else len(layers)]
    y, below = convolved(x, w["image_to_stem"]) + w["stem.bias"], "stem"
    for k, stride in ((1, 1), (2, 2)):
        z = y
        for number, name in enumerate(names):
            following = f"{names[number + 1]}_{k}" if name != names[-1] else f"block_{k}"
            window = w[f"{name}_{k}_to_{following}"]
            z = convolved(f(f"{name}_{k}", z), window, stride if number == 0 else 1)
            if isinstance(layers, tuple):
                assert window.shape[-1] == layers[number]
            if name != names[-1]:
                assert window.shape[0] == (4, 8)[k - 1] // narrow
        z = z + w[f"block_{k}.bias"]
        y, below = z + (convolved(y, w[f"{below}_to_block_{k}"], stride) if k == 2 else y), f"block_{k}"
    wanted = f("top", y).mean(axis=(1, 2)) @ w["average_to_out"].T + w["out.bias"]
    assert same(sent(net, {"image": x}, ["out"], engine)["out"], wanted)


def test_dense_blocks_of_one_layer_are_their_formula(engine):
    net = jolted(residual(5, 6, 2, blocks=3, layers=1, function="tanh", norm=False, output="linear"))
    w, x = numbers(net), RANDOM(0).normal(size=(4, 5))
    y = x @ w["inputs_to_stem"].T + w["stem.bias"]
    for k in (1, 2, 3):
        y = y + np.tanh(y + w[f"first_{k}.bias"]) @ w[f"first_{k}_to_block_{k}"].T + w[f"block_{k}.bias"]
    wanted = np.tanh(y + w["top.bias"]) @ w["top_to_out"].T + w["out.bias"]
    assert same(sent(net, {"inputs": x}, ["out"], engine)["out"], wanted)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"layers": 0}, "layers 0. A block has 1 to 5 layers"),
        ({"layers": (3,) * 6}, "A block has 1 to 5 layers"),
        ({"narrow": 3}, r"narrow=3 does not divide each of n_channels \(16, 32\)"),
        ({"narrow": 0}, "narrow=0 does not divide"),
    ],
)
def test_blocks_that_cannot_be_are_refused(options, reason):
    with pytest.raises(ns.DescriptionError, match=reason):
        residual(**options)


# LSTM


@pytest.mark.parametrize("peepholes", [False, True])
@pytest.mark.parametrize("function", ["softsign", "linear", "relu"])
def test_an_lstm_with_another_function_is_its_formula(function, peepholes, engine):
    net = jolted(lstm(3, 4, 2, function=function, peepholes=peepholes))
    w, x = numbers(net), RANDOM(0).normal(size=(12, 3))
    got = ns.run(net, {"inputs": x}, record=["cells.c", "cells"], engine=engine)
    f, h, c = FUNCTIONS[function], np.zeros(4), np.zeros(4)
    p_i, p_f, p_o = (w.get(f"cells.p_{gate}", 0) for gate in "ifo")
    for tick, row in enumerate(x):
        i, forget, o, g = (
            w[f"W_{port}"] @ row + w[f"U_{port}"] @ h + w[f"cells.b_{port}"] for port in "ifog"
        )
        c = sigmoid(forget + p_f * c) * c + sigmoid(i + p_i * c) * f(g)
        h = sigmoid(o + p_o * c) * f(c)
        assert same(got["cells.c"][tick], c)
        assert same(got["cells"][tick], h)


def test_an_lstm_with_softsign_has_the_gradient_of_its_formula_and_is_drawn():
    pytest.importorskip("jax", reason="training needs JAX")
    net = lstm(2, 3, 1, function="softsign")
    x, y = RANDOM(0).normal(size=(4, 6, 2)), RANDOM(1).normal(size=(4, 6, 1))
    value, slopes = learn.gradient(net, {"inputs": x}, {"out": y}, loss="squared_error")
    step, losses = 1e-6, []
    for change in (-step, 0, step):
        changed = {name: number.copy() for name, number in learn.learned(net).items()}
        changed["W_g"][1, 0] += change
        out = ns.run(learn.with_learned(net, changed), {"inputs": x}, record=["out"])["out"]
        losses.append(np.mean((out - y) ** 2))
    assert value == pytest.approx(losses[1])
    assert slopes["W_g"][1, 0] == pytest.approx((losses[2] - losses[0]) / (2 * step), rel=1e-6)
    assert figures.cell(net["cells"]).texts


def test_cells_take_the_functions_of_units_only():
    with pytest.raises(ns.DescriptionError, match=r"cells.lstm 'c': function 'softsing' is not known"):
        cells.lstm("c", 3, "softsing")
    with pytest.raises(ns.DescriptionError, match=r"cells.peephole_lstm 'c': function 'sin' is not known"):
        cells.peephole_lstm("c", 3, "sin")


# From a class to a picture


def spread(x, w):
    """The transposed convolution with windows w (in, out, side, side) that move by 2: every number adds its
    window times itself to the picture."""
    n, rows, columns, _ = x.shape
    side = w.shape[-1]
    whole = np.zeros((n, 2 * rows + side - 2, 2 * columns + side - 2, w.shape[1]))
    for r in range(rows):
        for c in range(columns):
            window = np.einsum("ni,iokl->nklo", x[:, r, c], w)
            whole[:, 2 * r : 2 * r + side, 2 * c : 2 * c + side] += window
    edge = side // 2 - 1
    return whole[:, edge : edge + 2 * rows, edge : edge + 2 * columns]


@pytest.mark.parametrize("kernel", [2, 4, 6])
@pytest.mark.parametrize("unpool", [False, True])
def test_an_image_generator_is_its_formula(unpool, kernel, engine):
    net = jolted(image_generator(3, (12, 8, 2), (4, 3), n_codes=2, n_hidden=5, kernel=kernel, unpool=unpool))
    w, label, code = numbers(net), np.eye(3), RANDOM(0).normal(size=(3, 2))
    hidden = relu(label @ w["label_to_hidden"].T + code @ w["code_to_hidden"].T + w["hidden.bias"])
    y = relu((hidden @ w["hidden_to_maps"].T).reshape(3, 3, 2, 4) + w["maps.bias"])
    for k, (below, above, f) in enumerate((("maps", "drawn_1", relu), ("drawn_1", "out", sigmoid)), 1):
        if unpool:
            repeated = y.repeat(2, axis=1).repeat(2, axis=2)
            summed = convolved(repeated, w[f"enlarged_{k}_to_{above}"])
        else:
            summed = spread(y, w[f"{below}_to_{above}"])
        y = f(summed + w[f"{above}.bias"])
    assert same(sent(net, {"label": label, "code": code}, ["out"], engine)["out"], y)


def test_an_image_generator_learns_the_mean_picture_of_each_class():
    pytest.importorskip("jax", reason="training needs JAX")
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    chosen = np.flatnonzero(labels < 3)[:150]
    images, labels = images[chosen].reshape(-1, 1, 8, 8, 1) / 16, labels[chosen]
    net = image_generator(3, n_hidden=12, n_channels=(8, 4))
    one_hot = np.eye(3)[labels][:, None]
    data = {"label": one_hot}, {"out": images}
    trained, _ = ns.train(net, *data, loss="squared_error", epochs=40, rate=1e-2)
    drawn = sent(trained, {"label": np.eye(3)}, ["out"])["out"]
    means = np.stack([images[labels == k, 0].mean(axis=0) for k in range(3)])
    errors = ((drawn[:, None] - means[None]) ** 2).mean(axis=(2, 3, 4))  # (drawn, mean)
    assert errors.diagonal().max() < 0.01
    assert (errors.argmin(axis=1) == np.arange(3)).all()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"shape": (10, 8, 1)}, "10 x 8 cannot be halved 2 times"),
        ({"n_channels": ()}, "cannot be halved 0 times"),
        ({"kernel": 3}, "kernel=3 is not even"),
    ],
)
def test_image_generators_that_cannot_be_are_refused(options, reason):
    with pytest.raises(ns.DescriptionError, match=reason):
        image_generator(3, **options)


def test_the_events_engine_draws_the_same_picture():
    one, two = (ns.run(**example(), engine=name) for name in ("reference", "events"))
    for name in one.names:
        assert same(two[name], one[name])
