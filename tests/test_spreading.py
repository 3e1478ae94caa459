"""Wirings from few neurons to many: transposed convolution, unpooling, interpolation."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import DescriptionError

RANDOM = np.random.default_rng
SMALL = (5, 4, 3)


def through(wiring, inputs, shape, weight=1.0, engine="auto"):
    """What arrives at a population of this shape for inputs (tick, *sender)."""
    sender, target = ns.Neurons("a", inputs.shape[1:]), ns.Neurons("b", shape, update="y = I")
    net = ns.Network(ns.Synapses(sender, target, wiring=wiring, weight=weight), schedule=ns.Layered())
    return ns.run(net, {"a": inputs}, record=["b"], engine=engine)["b"]


GEOMETRIES = [  # kernel, stride, padding, dilation, groups, shape of the target
    ((3, 3), 1, "valid", 1, 1, None),
    ((3, 3), 2, "same", 1, 1, (10, 8, 2)),
    ((4, 4), 2, 1, 1, 1, None),
    ((3, 3), 2, 1, 1, 1, (10, 8, 2)),  # with a stride several targets fit
    ((2, 3), 3, 0, 2, 1, None),
    ((3, 3), 2, 1, 1, 3, (9, 7, 6)),
]


@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation", "groups", "shape"), GEOMETRIES)
def test_a_transposed_convolution_is_the_adjoint_of_the_convolution(
    kernel, stride, padding, dilation, groups, shape, engine
):
    """<conv(y), x> = <y, transposed(x)> for all x and y, with the same weights."""
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    back = ns.transposed_conv(kernel, **options)
    shape = shape or back.target_shape(SMALL, 2)
    weight = RANDOM(0).normal(size=(SMALL[-1], shape[-1] // groups, *kernel))
    x, y = RANDOM(1).normal(size=(2, *SMALL)), RANDOM(2).normal(size=(2, *shape))
    spread = through(back, x, shape, weight, engine)
    gathered = through(ns.conv(kernel, **options), y, SMALL, weight, "reference")
    np.testing.assert_allclose(np.sum(gathered * x), np.sum(spread * y), rtol=1e-12)


def test_unpooling_repeats_every_number(engine):
    x = RANDOM(0).normal(size=(2, *SMALL))
    np.testing.assert_array_equal(
        through(ns.unpool((2, 3)), x, (10, 12, 3), 0.5, engine), 0.5 * x.repeat(2, axis=1).repeat(3, axis=2)
    )


def test_where_windows_overlap_the_numbers_add_up():
    x = np.arange(1.0, 4.0).reshape(1, 3)
    np.testing.assert_array_equal(through(ns.unpool(2, stride=1, padding=0), x, 4), [[1, 3, 5, 3]])


@pytest.mark.parametrize(("order", "method"), [(0, "nearest"), (1, "linear")])
@pytest.mark.parametrize("shape", [(10, 4, 3), (12, 9, 3), (3, 2, 3), (1, 1, 3)])
def test_interpolation_is_that_of_jax(order, method, shape, engine):
    jax = pytest.importorskip("jax")
    x = RANDOM(0).normal(size=(2, *SMALL))
    wanted = jax.image.resize(x.astype(np.float32), (2, *shape), method, antialias=False)
    np.testing.assert_allclose(through(ns.interpolate(order), x, shape, 1.0, engine), wanted, atol=2e-6)


def test_transposed_weights_are_trained(tmp_path):
    """A decoder without an encoder beside it: the gradient reaches its weights, and it fits a picture."""
    code, picture = ns.Neurons("code", (2, 2, 1)), ns.Neurons("picture", (4, 4, 1), update="y = I")
    wiring = ns.transposed_conv((2, 2), stride=2)
    net = ns.Network(
        ns.Synapses(code, picture, wiring=wiring, weight=ns.normal(0, 0.1), learns=True),
        schedule=ns.Layered(),
    )
    target = np.tile(np.array([[1.0, -2.0], [0.5, 3.0]]), (2, 2)).reshape(1, 1, 4, 4, 1)
    trained = ns.train(
        net, {"code": np.ones((1, 1, 2, 2, 1))}, {"picture": target}, epochs=200, rate=0.1, optimizer="adam"
    )
    weight = trained.network["code_to_picture"].weight.number
    np.testing.assert_allclose(weight[0, 0], [[1.0, -2.0], [0.5, 3.0]], atol=0.01)


@pytest.mark.parametrize(
    "wiring", [ns.transposed_conv((3, 3), padding=1), ns.unpool((1, 1)), ns.interpolate(0)], ids=str
)
def test_these_wirings_are_recorded(wiring, tmp_path):
    sender, target = ns.Neurons("a", (4, 4, 1)), ns.Neurons("b", (4, 4, 1), update="y = I")
    net = ns.Network(ns.Synapses(sender, target, wiring=wiring), schedule=ns.Layered())
    ns.run(net, {"a": np.ones((1, 4, 4, 1))}, record=["b"], to=tmp_path / "run.h5")
    with ns.open(tmp_path / "run.h5") as kept:
        assert kept.network == net


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda a: ns.Synapses(a, ns.cells.unit("b", (11, 11, 1)), wiring=ns.unpool((2, 2))),
            "unpool: b of shape",
        ),
        (lambda a: ns.Synapses(a, ns.cells.unit("b", 9), wiring=ns.unpool((2, 2))), "slides over 2 axes"),
        (lambda a: ns.Synapses(a, ns.cells.unit("b", 9), wiring=ns.interpolate()), "as many axes"),
        (lambda a: ns.interpolate(2), "interpolate: order"),
        (lambda a: ns.transposed_conv((3, 3)).target_shape((4,)), "slides over 2 axes"),
        (lambda a: ns.transposed_conv(()), "kernel"),
    ],
)
def test_shapes_that_do_not_fit_say_why(make, message):
    with pytest.raises(DescriptionError, match=message):
        make(ns.Neurons("a", (4, 4, 1)))
