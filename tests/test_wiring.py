"""Wirings draw from the distributions that they name; windows and contractions equal explicit loops."""

import numpy as np
import pytest
from drawing import a, b, drawn, fits, graded, many, matrix, more, spiking, square
from scipy import stats

import neurosim as ns


@pytest.mark.parametrize(
    "wiring",
    [
        ns.all_to_all(),
        ns.probability(0.1),
        ns.indegree(7),
        ns.outdegree(7),
        ns.total(2000),
        ns.pairs([4, 1, 4], [0, 2, 1]),
    ],
)
def test_synapses_are_listed_by_sender_within_the_populations(wiring):
    found = drawn(wiring, many, more)
    assert np.all(np.diff(found.pre) >= 0)
    assert found.pre.min() >= 0
    assert found.pre.max() < 300
    assert found.post.min() >= 0
    assert found.post.max() < 500


@pytest.mark.parametrize("p", [0.003, 0.1, 0.8])
def test_with_a_probability_degrees_are_binomial(p):
    found = drawn(ns.probability(p), many, more)
    for degrees, n in (
        (np.bincount(found.pre, minlength=300), 500),
        (np.bincount(found.post, minlength=500), 300),
    ):
        edges = np.unique(stats.binom.ppf(np.linspace(0, 1, 9)[1:-1], n, p))
        counts = np.bincount(np.searchsorted(edges, degrees), minlength=edges.size + 1)
        assert fits(counts, np.diff(np.r_[0, stats.binom.cdf(edges, n, p), 1]))
    assert np.unique(found.pre * 500 + found.post).size == found.pre.size, "no pair is joined twice"


def test_pairs_of_a_probability_are_independent():
    first, second = (drawn(ns.probability(0.3), many, more, seed=seed) for seed in (0, 1))
    both = np.intersect1d(first.pre * 500 + first.post, second.pre * 500 + second.post).size
    assert abs(both - 0.09 * 150_000) < 4 * np.sqrt(150_000 * 0.09 * 0.91)


def test_probabilities_of_none_and_one_are_exact():
    assert drawn(ns.probability(0), many, more).pre.size == 0
    assert drawn(ns.probability(1), many, more).pre.size == 300 * 500
    assert drawn(ns.probability(1, to_self=False), many, many).pre.size == 300 * 299


def test_no_neuron_meets_itself_without_to_self():
    for wiring in (
        ns.probability(0.5, to_self=False),
        ns.indegree(20, to_self=False),
        ns.outdegree(20, to_self=False),
        ns.nearby(3),
    ):
        found = drawn(wiring, many, many)
        assert found.pre.size > 1000
        assert not np.any(found.pre == found.post)


def test_indegree_outdegree_and_total_are_exact_and_uniform():
    into, out, total = (
        drawn(wiring, many, more) for wiring in (ns.indegree(40), ns.outdegree(40), ns.total(20_000))
    )
    assert np.all(np.bincount(into.post, minlength=500) == 40)
    assert np.all(np.bincount(out.pre, minlength=300) == 40)
    assert total.pre.size == 20_000
    for chosen, n in ((into.pre, 300), (out.post, 500), (total.pre, 300), (total.post, 500)):
        assert fits(np.bincount(chosen, minlength=n), np.ones(n))


def test_indegree_without_self_is_uniform_over_the_others():
    found = drawn(ns.indegree(400, to_self=False), square, square)
    for target in range(5):
        counts = np.bincount(found.pre[found.post == target], minlength=5)
        assert counts[target] == 0
        assert fits(np.delete(counts, target), np.ones(4))


def test_a_small_world_that_is_not_rewired_is_a_ring_of_neighbours():
    found = drawn(ns.small_world(4, 0.0), many, many)
    assert np.array_equal(np.sort((found.post - found.pre) % 300), np.repeat([1, 2, 298, 299], 300))


def test_a_small_world_rewires_the_fraction_asked_for_to_anywhere_else():
    found = drawn(ns.small_world(40, 0.25), many, many)
    assert np.all(np.bincount(found.pre, minlength=300) == 40)
    gap = (found.post - found.pre) % 300
    assert gap.min() > 0
    far = (gap > 20) & (gap < 280)
    assert abs(far.mean() - 0.25 * 259 / 299) < 4 * np.sqrt(0.25 * 0.75 / gap.size)
    assert fits(np.bincount(gap[far], minlength=280)[21:280], np.ones(259))


@pytest.mark.parametrize("torus", [False, True])
def test_nearby_falls_with_distance_as_its_formula_says(torus):
    sheet = graded("sheet", (24, 24))
    found = drawn(ns.nearby(3.0, 0.8, to_self=True, torus=torus), sheet, sheet)
    place = np.stack(np.unravel_index(np.arange(576), (24, 24)), axis=1)
    gap = np.abs(place[:, None] - place[None])
    gap = np.minimum(gap, 24 - gap) if torus else gap
    squared = (gap**2).sum(axis=2)
    joined = np.zeros((576, 576), bool)
    joined[found.pre, found.post] = True
    for distance in (0, 1, 2, 4, 5, 9, 13, 25):
        here = squared == distance
        p = 0.8 * np.exp(-distance / 9.0)
        assert abs(joined[here].sum() - p * here.sum()) < 4.5 * np.sqrt(here.sum() * p * (1 - p))


def test_nearby_stretches_the_grid_of_the_sender():
    coarse, fine = graded("coarse", 10), graded("fine", 100)
    found = drawn(ns.nearby(4.0), coarse, fine)
    centre = np.array([found.post[found.pre == k].mean() for k in range(1, 9)])
    assert np.allclose(centre, 10 * np.arange(1, 9) + 4.5, atol=4)


def test_pairs_keep_their_weights_and_may_repeat():
    found = drawn(ns.pairs([3, 0, 3, 0], [1, 5, 0, 5]), a, b, weight=[1.0, 2.0, 3.0, 4.0])
    assert found.pre.tolist() == [0, 0, 3, 3]
    assert found.post.tolist() == [5, 5, 1, 0]
    assert found.weight.tolist() == [2, 4, 1, 3]
    weights = matrix(ns.pairs([3, 0, 3, 0], [1, 5, 0, 5]), a, b, [1.0, 2.0, 3.0, 4.0])
    assert weights[5, 0] == 6


def test_an_array_of_weights_is_target_by_sender_for_every_wiring():
    weights = np.arange(24.0).reshape(6, 4)
    for wiring in (ns.all_to_all(), ns.probability(0.5), ns.indegree(3), ns.pairs([3, 0], [1, 5])):
        found = drawn(wiring, a, b, weights)
        assert np.array_equal(found.weight, weights[found.post, found.pre])


@pytest.mark.parametrize("source", [a, spiking("two", 2), ns.Neurons("s", 3)])
def test_private_sources_are_one_neuron_that_spikes(source):
    with pytest.raises(ns.DescriptionError, match="must be one neuron that spikes at random"):
        ns.Synapses(source, b, wiring=ns.private(10))


def naive_conv(x, w, stride, padding, dilation, groups):
    """Convolution by loops: x (*space, channel), w (out, in/groups, *kernel), with `padding` zeros before
    each axis."""
    kernel, space = w.shape[2:], x.shape[:-1]
    out_space = [
        (n + 2 * p - (k - 1) * d - 1) // s + 1
        for n, p, k, d, s in zip(space, padding, kernel, dilation, stride, strict=True)
    ]
    y, per_in, per_out = np.zeros((*out_space, w.shape[0])), w.shape[1], w.shape[0] // groups
    for place in np.ndindex(*out_space):
        for tap in np.ndindex(*kernel):
            at = tuple(
                q * s + t * d - p for q, s, t, d, p in zip(place, stride, tap, dilation, padding, strict=True)
            )
            if all(0 <= q < n for q, n in zip(at, space, strict=True)):
                for out in range(w.shape[0]):
                    inputs = x[at][(out // per_out) * per_in : (out // per_out + 1) * per_in]
                    y[place][out] += w[(out, slice(None), *tap)] @ inputs
    return y


@pytest.mark.parametrize(
    ("shape", "channels", "kernel", "options"),
    [
        ((7,), None, (3,), {}),
        ((7, 2), 3, (3,), {"stride": 2}),
        ((6, 5, 2), 4, (3, 2), {"padding": 1}),
        ((6, 5, 2), 4, (3, 3), {"padding": "same"}),
        ((8, 7, 2), 4, (2, 3), {"dilation": (2, 1), "stride": (1, 2), "padding": (0, 2)}),
        ((6, 6, 4), 6, (3, 3), {"groups": 2}),
    ],
)
def test_a_convolution_is_its_loop(shape, channels, kernel, options):
    rng = np.random.default_rng(1)
    axes = len(kernel)
    each = {
        name: tuple(np.broadcast_to(options.get(name, default), axes))
        for name, default in (("stride", 1), ("dilation", 1))
    }
    padding = tuple(
        np.broadcast_to(
            {"same": (1,) * axes, "valid": 0}.get(options.get("padding", "valid"), options.get("padding")),
            axes,
        )
    )
    groups = options.get("groups", 1)
    w = rng.normal(size=(channels or 1, (shape[-1] if channels else 1) // groups, *kernel))
    x = rng.normal(size=shape)
    y = naive_conv(x if channels else x[..., None], w, each["stride"], padding, each["dilation"], groups)
    target = graded("target", y.shape if channels else y.shape[:-1])
    weights = matrix(ns.conv(kernel, **options), graded("source", shape), target, w)
    assert np.allclose(weights @ x.ravel(), y.ravel(), atol=1e-12)


@pytest.mark.parametrize(("reduce", "naive"), [("max", np.max), ("mean", np.mean)])
@pytest.mark.parametrize(("kernel", "stride"), [((2, 2), None), ((3, 2), (1, 2)), ((2, 3), 1)])
def test_pooling_is_its_loop(reduce, naive, kernel, stride):
    steps = np.broadcast_to(kernel if stride is None else stride, 2)
    x = np.random.default_rng(2).normal(size=(7, 6, 2)) - 5
    shape = tuple((n - k) // s + 1 for n, k, s in zip((7, 6), kernel, steps, strict=True))
    y = np.zeros((*shape, 2))
    for r, c in np.ndindex(*shape):
        window = x[r * steps[0] : r * steps[0] + kernel[0], c * steps[1] : c * steps[1] + kernel[1]]
        y[r, c] = naive(window, axis=(0, 1))
    source, target = ns.Neurons("source", (7, 6, 2)), graded("target", (*shape, 2), ports=f"I:{reduce}")
    net = ns.Network(ns.Synapses(source, target, wiring=ns.pool(kernel, stride)), schedule=ns.Layered())
    assert np.allclose(ns.run(net, {"source": x[None]}, record="all")["target"][0], y)


@pytest.mark.parametrize(
    ("letters", "sender", "weights", "target"),
    [
        ("i, i o -> o", (4,), (4, 5), (5,)),
        ("i, o i -> o", (4,), (5, 4), (5,)),
        ("t i, i o -> t o", (3, 4), (4, 5), (3, 5)),
        ("t d, s d -> t s", (3, 4), (2, 4), (3, 2)),
        ("token feature, head feature key -> head token key", (3, 4), (2, 4, 5), (2, 3, 5)),
        ("n, n -> n", (4,), (4,), (4,)),
        ("n, w -> n w", (4,), (3,), (4, 3)),
        ("a b, b -> a", (2, 3), (3,), (2,)),
        ("i, i -> i k", (3,), (3,), (3, 2)),
    ],
)
def test_einsum_contracts_as_numpy_does(letters, sender, weights, target):
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=sender), rng.normal(size=weights)
    names = dict.fromkeys(letters.replace(",", " ").replace("->", " ").split())
    short = dict(zip(names, "abcdefgh", strict=False))
    one, two, three = [
        "".join(short[n] for n in part.split()) for part in letters.replace("->", ",").split(",")
    ]
    known = "".join(letter for letter in three if letter in one + two)
    y = np.einsum(f"{one},{two}->{known}", x, w)
    for axis, letter in enumerate(three):
        y = y if letter in known else np.expand_dims(y, axis)
    source, end = ns.Neurons("source", sender), graded("end", target)
    net = ns.Network(ns.Synapses(source, end, wiring=ns.einsum(letters), weight=w), schedule=ns.Layered())
    assert np.allclose(ns.run(net, {"source": x[None]}, record="all")["end"][0], np.broadcast_to(y, target))


def test_einsum_reads_words_and_letters():
    assert ns.einsum("t i, i o -> t o").operands == (("t", "i"), ("i", "o"), ("t", "o"))
    assert ns.einsum("word vector,vector key->word key").operands == (
        ("word", "vector"),
        ("vector", "key"),
        ("word", "key"),
    )
