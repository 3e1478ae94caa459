"""Layered vision nets equal the formulas of their papers, on every engine that takes them."""

import numpy as np
import pytest
from layered_side import FUNCTIONS, RANDOM, convolved, jolted, largest, normalised, numbers, same, sent

import neurosim as ns
from neurosim import cells
from neurosim.models.conv_net import conv_net
from neurosim.models.deconvolutional import deconvolutional
from neurosim.models.feed_forward import feed_forward
from neurosim.models.inception import inception
from neurosim.models.radial_basis import radial_basis
from neurosim.models.residual import residual

relu, softmax = FUNCTIONS["relu"], FUNCTIONS["softmax"]


@pytest.fixture(params=["reference", "arrays"])
def engine(request):
    if request.param == "arrays":
        pytest.importorskip("jax", reason="the arrays engine needs JAX: pip install '.[train]'")
    return request.param


def one_population(unit, x, engine="reference", **options):
    """What `unit` sends for inputs of its own shape."""
    source = ns.Neurons("source", unit.shape)
    net = ns.Network(ns.Synapses(source, unit, wiring=ns.one_to_one()), schedule=ns.Layered())
    return sent(net, {"source": x}, [unit.name], engine, **options)[unit.name]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_feed_forward_net_of_any_depth_is_its_formula(function, engine):
    net, x = (
        jolted(feed_forward((5, 7, 6, 4, 3), function=function, output=function)),
        RANDOM(0).normal(size=(6, 5)),
    )
    w, y = numbers(net), x
    for pre, post in zip(
        ("inputs", "layer_1", "layer_2", "layer_3"), ("layer_1", "layer_2", "layer_3", "out"), strict=True
    ):
        y = FUNCTIONS[function](y @ w[f"{pre}_to_{post}"].T + w[f"{post}.bias"])
    assert same(sent(net, {"inputs": x}, ["out"], engine)["out"], y)


def test_weights_into_rectifiers_begin_as_he_says_and_others_as_glorot_says():
    for function, sd in (("relu", np.sqrt(2 / 400)), ("tanh", np.sqrt(2 / (400 + 300)))):
        w = numbers(feed_forward((400, 300, 2), function=function))["inputs_to_layer_1"]
        assert w.std() == pytest.approx(sd, rel=0.01)
        assert abs(w.mean()) < 0.01 * sd


def test_a_deep_net_of_rectifiers_keeps_the_size_of_its_messages():
    """He et al. 2015: with weights of variance 2/fan_in, the mean square of what reaches a layer is that of
    the layer before it."""
    net, x = feed_forward((200, *(200,) * 20, 2)), RANDOM(0).normal(size=(20, 200))
    y = sent(net, {"inputs": x}, ["layer_1", "layer_20"])
    assert 0.5 < (y["layer_20"] ** 2).mean() / (y["layer_1"] ** 2).mean() < 2


def test_dropout_leaves_units_out_in_training_only(engine):
    unit = cells.unit("unit", 50, "relu", bias=np.ones(50), dropout=0.4)
    x = RANDOM(0).uniform(0, 1, (3, 50))
    assert same(one_population(unit, x, engine), x + 1)
    with pytest.raises(
        ns.DescriptionError,
        match=r"cells.unit 'unit': dropout: 1.0 does not fit. Give a share of 0 or more and below 1",
    ):
        cells.unit("unit", 50, dropout=1.0)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_layer_normalisation_is_its_formula(function, engine):
    gain, shift, x = RANDOM(0).normal(size=4), RANDOM(1).normal(size=4), RANDOM(2).normal(3, 2, (5, 2, 3, 4))
    unit = cells.layer_norm("unit", (2, 3, 4), function, gain=gain, shift=shift)
    assert same(one_population(unit, x, engine), FUNCTIONS[function](normalised(x, gain, shift)))


def test_batch_normalisation_is_its_formula_and_its_statistics_stand_in_for_the_batch(engine):
    gain, shift, x = (
        RANDOM(0).normal(size=4),
        RANDOM(1).normal(size=4),
        RANDOM(2).normal(3, 2, (1, 6, 2, 3, 4)),
    )
    unit = cells.batch_norm("unit", (6, 2, 3, 4), "relu", gain=gain, shift=shift)
    y = relu(normalised(x, gain, shift, axes=(1, 2, 3)))
    assert same(one_population(unit, x, engine), y)
    statistics = x.mean(axis=(0, 1, 2, 3)), x.var(axis=(0, 1, 2, 3))
    alone = cells.batch_norm("unit", (2, 3, 4), "relu", gain=gain, shift=shift, statistics=statistics)
    assert same(one_population(alone, x[0], engine), y[0])


def test_batch_normalisation_without_a_batch_is_refused():
    with pytest.raises(
        ns.DescriptionError,
        match=r"shape 4 has no axis for the batch. Give \(batch, ..., channel\), or statistics",
    ):
        cells.batch_norm("unit", 4)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_conv_net_of_several_blocks_is_its_formula(padding, engine):
    net = conv_net(
        (13, 11, 2),
        (3, 4, 5),
        4,
        kernel=(3, 1, 2),
        stride=(2, 1, 1),
        padding=padding,
        pool=(1, 1, 2),
        dense=(6,),
        function="softsign",
    )
    net, x = jolted(net), RANDOM(0).normal(size=(3, 13, 11, 2))
    w, y, below = numbers(net), x, "image"
    for k, (stride, pool) in enumerate(((2, 1), (1, 1), (1, 2)), 1):
        y = FUNCTIONS["softsign"](
            convolved(y, w[f"{below}_to_features_{k}"], stride, padding) + w[f"features_{k}.bias"]
        )
        y, below = largest(y, pool), f"features_{k}"
    dense = FUNCTIONS["softsign"](y.reshape(3, -1) @ w["pooled_3_to_dense_1"].T + w["dense_1.bias"])
    got = sent(net, {"image": x}, ["pooled_3", "out"], engine)
    assert same(got["pooled_3"], y)
    assert same(got["out"], softmax(dense @ w["dense_1_to_out"].T + w["out.bias"]))


def test_what_reaches_a_dense_layer_may_be_dropped_and_nothing_else_is():
    dropped = {
        name
        for name, item in conv_net(n_channels=(2, 3), kernel=2, dense=(4,), dropout=0.5).populations.items()
        if "training" in item.update
    }
    assert dropped == {"pooled_2", "dense_1"}
    dropped = {
        name
        for name, item in conv_net(n_channels=(2, 3), pool=(2, 1), dropout=0.5).populations.items()
        if "training" in item.update
    }
    assert dropped == {"features_2"}


def test_an_inception_net_is_its_formula(engine):
    net = jolted(
        inception((6, 5, 2), 3, stem=4, modules=((2, 3, 4, 2, 3, 2), (1, 2, 3, 1, 2, 2)), output="linear")
    )
    w, x = numbers(net), RANDOM(0).normal(size=(3, 6, 5, 2))
    got = sent(net, {"image": x}, ["mixed_1", "mixed_2", "average", "out"], engine)
    y = relu(convolved(x, w["image_to_stem"]) + w["stem.bias"])
    for k, below in ((1, "stem"), (2, "pooled_1")):
        three, five = (
            relu(convolved(y, w[f"{below}_to_before_{n}_{k}"]) + w[f"before_{n}_{k}.bias"])
            for n in ("three", "five")
        )
        branches = (y, three, five, largest(y, 3, 1, "same"))
        senders = (below, f"before_three_{k}", f"before_five_{k}", f"largest_{k}")
        into = [
            convolved(branch, w[f"{sender}_to_mixed_{k}"])
            for branch, sender in zip(branches, senders, strict=True)
        ]
        y = relu(np.concatenate(into, axis=-1) + w[f"mixed_{k}.bias"])
        assert same(got[f"mixed_{k}"], y)
        last, y = y, largest(y, 3, 2, "same")
    average = last.mean(axis=(1, 2), keepdims=True)
    assert same(got["average"], average)
    assert same(got["out"], average.reshape(3, -1) @ w["average_to_out"].T + w["out.bias"])


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("shortcut", [True, False])
def test_a_convolutional_residual_net_is_its_formula(norm, shortcut, engine):
    net = jolted(residual((6, 5, 2), (3, 4), 3, blocks=(1, 2), norm=norm, shortcut=shortcut))
    w, x = numbers(net), RANDOM(0).normal(size=(3, 6, 5, 2))

    def f(name, value):
        return relu(
            normalised(value, w[f"{name}.gain"], w[f"{name}.shift"]) if norm else value + w[f"{name}.bias"]
        )

    y, below = convolved(x, w["image_to_stem"]) + w["stem.bias"], "stem"
    for k, stride in ((1, 1), (2, 2), (3, 1)):
        second = f(f"second_{k}", convolved(f(f"first_{k}", y), w[f"first_{k}_to_second_{k}"], stride))
        added = convolved(second, w[f"second_{k}_to_block_{k}"]) + w[f"block_{k}.bias"]
        if shortcut:
            added += convolved(y, w[f"{below}_to_block_{k}"], stride) if stride > 1 else y
        y, below = added, f"block_{k}"
    y = f("top", y).mean(axis=(1, 2)) @ w["average_to_out"].T + w["out.bias"]
    assert same(sent(net, {"image": x}, ["out"], engine)["out"], softmax(y))


@pytest.mark.parametrize("shortcut", [True, False])
def test_a_dense_residual_net_is_its_formula(shortcut, engine):
    net = jolted(residual(5, (6, 4), 3, blocks=(2, 1), shortcut=shortcut, function="tanh", output="linear"))
    w, x = numbers(net), RANDOM(0).normal(size=(4, 5))

    def f(name, value):
        return np.tanh(normalised(value, w[f"{name}.gain"], w[f"{name}.shift"]))

    y, below = x @ w["inputs_to_stem"].T + w["stem.bias"], "stem"
    for k in (1, 2, 3):
        second = f(f"second_{k}", f(f"first_{k}", y) @ w[f"first_{k}_to_second_{k}"].T)
        added = second @ w[f"second_{k}_to_block_{k}"].T + w[f"block_{k}.bias"]
        if shortcut:
            added += y @ w[f"{below}_to_block_{k}"].T if k == 3 else y
        y, below = added, f"block_{k}"
    assert same(
        sent(net, {"inputs": x}, ["out"], engine)["out"], f("top", y) @ w["top_to_out"].T + w["out.bias"]
    )


def test_a_block_whose_last_weights_are_0_lets_everything_pass():
    """He et al. 2016: what a block learns is added to the identity."""
    from neurosim.network.rebuild import rebuilt

    net, x = residual(n_channels=4, blocks=12), RANDOM(0).normal(size=(2, 8, 8, 1))
    still = rebuilt(
        net, {f"second_{k}_to_block_{k}": {"weight": np.zeros((4, 4, 3, 3))} for k in range(1, 13)}
    )
    got = sent(still, {"image": x}, ["stem", "block_12"])
    assert np.array_equal(got["block_12"], got["stem"])
    assert np.any(got["stem"] != 0)


def test_a_residual_net_has_as_many_layers_of_weights_as_it_says():
    layers = [name for name, item in residual(64, 32, blocks=24).synapses.items() if item.learns]
    assert len(layers) == 50


def unpooled(y, top, x, side):
    """Numbers y laid where x has its largest of each square."""
    spread = [np.repeat(np.repeat(part, side, axis=1), side, axis=2) for part in (y, top)]
    rest = [(0, 0), *((0, n - m) for n, m in zip(x.shape[1:3], spread[0].shape[1:3], strict=True)), (0, 0)]
    y, top = (np.pad(part, rest) for part in spread)
    return relu(np.where(x == top, y, 0))


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_deconvolutional_net_is_its_formula(padding, engine):
    random = RANDOM(0)
    weights, biases = (
        [random.normal(size=(3, 2, 3, 3)), random.normal(size=(4, 3, 2, 2))],
        [random.normal(size=3), random.normal(size=4)],
    )
    net = deconvolutional((11, 9, 2), (3, 4), kernel=(3, 2), padding=padding, weights=weights, biases=biases)
    x, mask = random.normal(size=(3, 11, 9, 2)), random.random((3, *net["mask"].shape)) < 0.5
    first = relu(convolved(x, weights[0], padding=padding) + biases[0])
    second = relu(convolved(largest(first, 2), weights[1], padding=padding) + biases[1])
    top = largest(second, 2)
    y = unpooled(top * mask, top, second, 2)
    y = transposed(y, weights[1], padding, largest(first, 2).shape)
    y = transposed(unpooled(y, largest(first, 2), first, 2), weights[0], padding, x.shape)
    assert same(sent(net, {"image": x, "mask": mask.astype(float)}, ["projection"], engine)["projection"], y)


def transposed(y, w, padding, shape):
    """The gradient of sum(y * convolved(x, w)) by x: the convolution backwards."""
    flat = np.eye(np.prod(shape[1:])).reshape(-1, *shape[1:])
    return (y.reshape(len(y), -1) @ convolved(flat, w, padding=padding).reshape(len(flat), -1).T).reshape(
        shape
    )


def test_what_is_laid_back_stays_within_the_field_that_a_unit_sees():
    net, x = deconvolutional((16, 16, 1), (5, 6)), RANDOM(0).uniform(size=(1, 16, 16, 1))
    mask = np.zeros((1, *net["mask"].shape))
    unit = sent(net, {"image": x, "mask": mask + 1}, ["chosen"])["chosen"][0, 0, 1].argmax()
    mask[0, 0, 1, unit] = 1
    lit = sent(net, {"image": x, "mask": mask}, ["projection"])["projection"][0, ..., 0] != 0
    assert lit.any()
    rows, columns = np.nonzero(lit)
    assert rows.max() < 10  # row 0 of 2 x 2, of 3 x 3, of 2 x 2, of 3 x 3 pixels: the uppermost 10
    assert columns.min() >= 4
    assert columns.max() < 14


def test_a_radial_basis_net_that_learns_is_the_one_that_does_not(engine):
    random = RANDOM(0)
    given = dict(
        centres=random.normal(size=(6, 3)),
        width=random.uniform(0.5, 2, 6),
        n_outputs=2,
        readout=random.normal(size=(2, 6)),
        bias=[0.5, -1],
    )
    x = random.normal(size=(9, 3))
    plain, learns = (
        sent(radial_basis(**given, learns=learns), {"inputs": x}, ["out"], "reference")["out"]
        for learns in (False, True)
    )
    assert same(learns, plain)
    assert same(sent(radial_basis(**given, learns=True), {"inputs": x}, ["out"], engine)["out"], plain)


@pytest.mark.parametrize(
    ("describe", "message"),
    [
        (lambda: feed_forward((5,)), r"feed_forward: sizes \(5,\) are not enough layers"),
        (lambda: feed_forward((5, 4, 3), weights=[1.0]), "3 sizes take 2 weights and biases, not 1 and 2"),
        (lambda: feed_forward((5, 4), function="softsing", output="softsing"), "Did you mean 'softsign'"),
        (
            lambda: conv_net(n_channels=(4, 8), kernel=(3, 3, 3)),
            r"kernel \(3, 3, 3\) is not one number for each of 2 blocks",
        ),
        (lambda: conv_net(n_channels=(4, 8, 8)), "a window of 2 does not fit into 1 neurons"),
        (lambda: inception(modules=((1, 2, 3),)), r"module \(1, 2, 3\) is not six numbers"),
        (lambda: inception(modules=()), "modules is empty"),
        (
            lambda: deconvolutional(n_channels=(4, 8), kernel=2, weights=[1.0]),
            "2 blocks take as many weights, not 1",
        ),
        (
            lambda: residual((8, 8)),
            r"shape \(8, 8\) is neither a number of inputs nor \(rows, columns, channels\)",
        ),
        (
            lambda: residual(n_channels=(4, 8), blocks=(1, 1, 1)),
            r"blocks \(1, 1, 1\) is not one number for each of 2 blocks",
        ),
    ],
)
def test_what_makes_no_network_is_refused(describe, message):
    with pytest.raises(ns.DescriptionError, match=message):
        describe()
