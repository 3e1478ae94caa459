"""Networks of images made of parts that share their numbers: the formulas of their papers, in numpy."""

import numpy as np
import pytest
from layered_side import FUNCTIONS, RANDOM, convolved, normalised, sent

import neurosim as ns
from neurosim.learn import gradient, learned, with_learned
from neurosim.models.conv_net import conv_net
from neurosim.models.image_generator import image_generator
from neurosim.models.recursive_super_resolution import recursive_super_resolution
from neurosim.models.residual_memory import residual_memory
from neurosim.models.style_blending import style_blending

relu, sigmoid = FUNCTIONS["relu"], FUNCTIONS["sigmoid"]


@pytest.fixture(params=["reference", "arrays"])
def engine(request):
    if request.param == "arrays":
        pytest.importorskip("jax", reason="the arrays engine needs JAX: pip install '.[train]'")
    return request.param


def disturbed(net, seed=0):
    """The network with numbers that are not those it begins with, and these by name."""
    random = RANDOM(seed)
    w = {name: value + 0.2 * random.normal(size=value.shape) for name, value in learned(net).items()}
    return with_learned(net, w), w


def same(got, wanted):
    np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-12)


def windowed(x, w, pre, post, own=None):
    return convolved(x, w[f"{pre}_to_{post}"]) + w[f"{own or post}.bias"]


def recursions(x, w, depth):
    """Guesses and output of the super-resolution network: one set of numbers for all recursions."""
    state, guesses = relu(windowed(relu(windowed(x, w, "image", "embed_1")), w, "embed_1", "embed_2")), []
    for _ in range(depth):
        state = relu(convolved(state, w["step_1_x_to_state"]) + w["step_1_state.bias"])
        rebuilt = relu(convolved(state, w["step_1_state_to_rebuilt"]) + w["step_1_rebuilt.bias"])
        guesses.append(convolved(rebuilt, w["step_1_rebuilt_to_guess"]) + w["step_1_guess.bias"] + x)
    mixed = (convolved(guess, w[f"step_{d}_guess_to_out"]) for d, guess in enumerate(guesses, 1))
    return guesses, sum(mixed)


@pytest.mark.parametrize(("colours", "kernel"), [(1, 3), (2, 5)])
def test_a_recursive_super_resolution_net_is_its_formula(colours, kernel, engine):
    net, w = disturbed(recursive_super_resolution((5, 6, colours), 3, recursions=3, kernel=kernel))
    x = RANDOM(1).normal(size=(2, 5, 6, colours))
    got = sent(net, {"image": x}, ["step_1_guess", "step_3_guess", "out"], engine)
    guesses, out = recursions(x, w, 3)
    same(got["step_1_guess"], guesses[0])
    same(got["step_3_guess"], guesses[2])
    same(got["out"], out)


def test_a_recursive_super_resolution_net_begins_near_the_image():
    x = RANDOM(1).random((1, 6, 6, 1))
    out = sent(recursive_super_resolution((6, 6, 1)), {"image": x}, ["out"])["out"]
    assert 0 < np.abs(out - x).max() < 0.2


def test_what_was_learned_from_patches_works_for_whole_images(engine):
    small, w = disturbed(recursive_super_resolution((5, 5, 1), 3, recursions=2))
    large = with_learned(recursive_super_resolution((8, 9, 1), 3, recursions=2), learned(small))
    x = RANDOM(1).normal(size=(1, 8, 9, 1))
    same(sent(large, {"image": x}, ["out"], engine)["out"], recursions(x, w, 2)[1])


def test_all_recursions_learn_the_same():
    """More recursions bring one number each, the share of their guess, and train as one."""
    pytest.importorskip("jax")
    net = recursive_super_resolution((5, 5, 1), 2, recursions=3)
    assert len(learned(net)) == len(learned(recursive_super_resolution((5, 5, 1), 2, recursions=1))) + 2
    x = RANDOM(0).random((4, 1, 5, 5, 1))
    trained, _ = ns.train(net, {"image": x}, {"out": x**2}, epochs=2, rate=0.01, progress=False)
    w = learned(trained)
    assert not np.array_equal(w["step_1_x_to_state"], learned(net)["step_1_x_to_state"])
    same(sent(trained, {"image": x[:, 0]}, ["out"])["out"], recursions(x[:, 0], w, 3)[1])


def memory(w, means):
    """The last h of the LSTM, whose steps are the blocks, from their means; of which two make a stage."""
    n = w["memory_1_cells.b_i"].size
    c, h = np.zeros((2, len(means[0]), n))
    for k, mean in enumerate(means):
        i, f, o, g = (
            mean @ w[f"W_{p}_{k // 2 * 2 + 1}"].T + h @ w[f"memory_1_U_{p}"].T + w[f"memory_1_cells.b_{p}"]
            for p in "ifog"
        )
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    return h


def test_a_residual_memory_net_is_its_formula(engine):
    """What is new in it: the memory, from the means of the blocks, and what it adds to `out`."""
    net, w = disturbed(residual_memory((5, 4, 2), (3, 4), 3, n_cells=5, blocks=(2, 1), output="linear"))
    x = RANDOM(1).normal(size=(2, 5, 4, 2))
    blocks = ["block_1", "block_2", "block_3"]
    got = sent(net, {"image": x}, [*blocks, "memory_3_cells", "out"], engine)
    h = memory(w, [got[name].mean(axis=(1, 2)) for name in blocks])
    same(got["memory_3_cells"], h)
    top = relu(normalised(got["block_3"], w["top.gain"], w["top.shift"])).mean(axis=(1, 2))
    same(got["out"], top @ w["average_to_out"].T + h @ w["recalled_to_out"].T + w["out.bias"])


def test_a_residual_memory_net_holds_its_residual_net():
    from neurosim.models.residual import residual

    net, w = disturbed(residual_memory((6, 5, 1), 3, 2, n_cells=4, blocks=1))
    bare = residual((6, 5, 1), 3, 2, blocks=1)
    x = RANDOM(1).normal(size=(2, 6, 5, 1))
    assert set(learned(bare)) <= set(w)
    bare = with_learned(bare, {name: w[name] for name in learned(bare)})
    same(sent(net, {"image": x}, ["average"])["average"], sent(bare, {"image": x}, ["average"])["average"])


def comparisons(x, w, content_weight, style_weight):
    """What `content`, the second block, and `style_k` send for images, with windows of 3 and 2."""
    first = relu(windowed(x, w, "image", "features_1"))
    halved = first.reshape(len(x), first.shape[1] // 2, 2, -1, 2, first.shape[-1]).mean(axis=(2, 4))
    second = relu(windowed(halved, w, "pooled_1", "features_2"))
    found = {"content": np.sqrt(content_weight / 2) * second}
    for k, maps in enumerate((first, second), 1):
        products = np.einsum("nrca,nrcb->nab", maps, maps)
        found[f"style_{k}"] = np.sqrt(style_weight / 2) * products / (2 * maps[0].size)
    return found


def test_a_style_blending_net_is_its_formula(engine):
    net, w = disturbed(style_blending((6, 4, 2), (3, 5), kernel=(3, 2), content_weight=0.4, style_weight=7.0))
    x = RANDOM(1).random((3, 6, 4, 2))
    for name, value in comparisons(x, w, 0.4, 7.0).items():
        same(sent(net, {"image": x}, [name], engine)[name], value)
    alone = ns.run(net, record=["content", "style_2"], ticks=1, engine=engine)  # the picture itself
    wanted = comparisons(w["image.pixels"][None], w, 0.4, 7.0)
    same(alone["content"], wanted["content"])
    same(alone["style_2"], wanted["style_2"])


def test_roughness_is_the_squares_of_the_differences_of_neighbours(engine):
    net, x = style_blending((4, 5, 2), 3, content=1, roughness_weight=0.3), RANDOM(0).random((2, 4, 5, 2))
    below = x[:, 1:, :-1] - x[:, :-1, :-1]
    beside = x[:, :-1, 1:] - x[:, :-1, :-1]
    got = sent(net, {"image": x}, ["rough"], engine)["rough"]
    same(got, 0.3 * np.concatenate([below, beside], axis=-1) ** 2)


def test_a_picture_takes_content_and_style_of_two_others():
    """Only its pixels change, features come from a classifier, and each loss falls to a tenth."""
    pytest.importorskip("jax")
    classifier, _ = disturbed(conv_net((8, 8, 1), (4, 6), 3, padding="same"), seed=3)
    start = with_learned(style_blending((8, 8, 1), (4, 6)), learned(classifier), partly=True)
    photo, painting = RANDOM(4).random((2, 1, 8, 8, 1))
    seen = sent(start, {"image": np.stack([photo, painting])[:, 0]}, ["content", "style_1", "style_2"])
    wanted = {name: value[int(name != "content")][None] for name, value in seen.items()}
    trained, history = ns.train(
        start, None, wanted, trials=1, ticks=1, loss=dict.fromkeys(wanted, "squared_error"),
        learns=["image.pixels"], epochs=200, rate=0.03, progress=False,
    )  # fmt: skip
    assert history.loss[-1] < 0.1 * history.loss[0]
    changed = {
        name for name, value in learned(trained).items() if not np.array_equal(value, learned(start)[name])
    }
    assert changed == {"image.pixels"}
    same(learned(trained)["image_to_features_1"], learned(classifier)["image_to_features_1"])


@pytest.mark.parametrize(
    ("net", "names"),
    [
        (
            recursive_super_resolution((4, 5, 1), 2, recursions=2),
            ("step_1_x_to_state", "step_1_rebuilt.bias", "step_2_guess_to_out"),
        ),
        (
            residual_memory((3, 3, 1), 2, 2, n_cells=3, blocks=2, output="linear"),
            ("memory_1_U_g", "W_f_1", "memory_1_cells.b_o", "image_to_stem"),
        ),
        (style_blending((4, 4, 1), (2, 3)), ("image.pixels", "image_to_features_1", "features_2.bias")),
        (
            image_generator(3, (8, 4, 1), (3, 2), n_codes=2, n_hidden=5),
            ("label_to_hidden", "maps.bias", "maps_to_drawn_1", "drawn_1_to_out"),
        ),
    ],
    ids=["recursive_super_resolution", "residual_memory", "style_blending", "image_generator"],
)
def test_the_gradient_is_that_of_finite_differences(net, names):
    pytest.importorskip("jax")
    net, w = disturbed(net)
    driven = {name: part for name, part in net.populations.items() if part.driven}
    drive = {name: RANDOM(1).normal(size=(2, 1, *part.shape)) for name, part in driven.items()}
    out, size = ("out", {}) if drive else ("style_2", {"trials": 1, "ticks": 1})
    target = RANDOM(2).normal(size=(1 if size else 2, *net[out].shape))
    _, slopes = gradient(net, drive, {out: target}, learns=names, **size)

    def loss(name, change):
        changed = with_learned(net, w | {name: w[name] + change})
        got = ns.run(changed, drive, record=[out], **size)[out].reshape(target.shape)
        return np.sum((got - target) ** 2) / len(target)

    for name in names:
        change = np.zeros_like(w[name])
        change.flat[-1] = 1e-6
        difference = (loss(name, change) - loss(name, -change)) / 2e-6
        assert np.isclose(slopes[name].flat[-1], difference, rtol=1e-4, atol=1e-7), name


def test_what_no_network_of_images_can_be_says_why():
    with pytest.raises(ns.DescriptionError, match="recursions=0 is none. Give 1"):
        recursive_super_resolution(recursions=0)
    with pytest.raises(ns.DescriptionError, match="content=3 is no block. Give a number from 1 to 2"):
        style_blending(content=3)
    with pytest.raises(ns.DescriptionError, match="blocks"):
        residual_memory(blocks=(1, 2, 3))
