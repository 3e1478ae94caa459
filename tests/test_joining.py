"""Networks within networks: joined, copied under other names, and tied to one another."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import DescriptionError, PlanError
from neurosim.learn import gradient
from neurosim.network.rebuild import rebuilt
from neurosim.plan.materialize import materialized, weight_matrix


def block(size: int = 3) -> ns.Network:
    """x -> y = tanh(W x + b), in which W and b learn."""
    x = ns.Neurons("x", size)
    y = ns.Neurons("y", size, update="y = tanh(I + b)", b=ns.normal(0.0, 0.5), learns=("b",))
    return ns.Network(ns.Synapses(x, y, weight=ns.normal(0.0, 0.5), learns=True), schedule=ns.Layered())


def chain(tied: bool = True) -> ns.Network:
    """Two blocks, one after the other."""
    first = block().named("first")
    second = first.named("second", tied=first if tied else None)
    between = ns.Synapses(first["y"], second["x"], wiring=ns.one_to_one())
    return ns.Network(first, second, between, schedule=ns.Layered())


def test_a_population_without_text_passes_on_what_arrives(engine):
    a, x = ns.Neurons("a", 2), ns.Neurons("x", 2)
    y = ns.Neurons("y", 1, update="y = I")
    net = ns.Network(
        ns.Synapses(a, x, weight=[[1.0, 2.0], [0.0, 3.0]]), ns.Synapses(x, y), schedule=ns.Layered()
    )
    sent = np.array([[1.0, 1.0], [2.0, -1.0]])
    run = ns.run(net, {"a": sent}, record=["x", "y"], engine=engine)
    np.testing.assert_array_equal(run["x"], sent @ [[1.0, 0.0], [2.0, 3.0]])
    np.testing.assert_array_equal(run["y"][:, 0], run["x"].sum(axis=1))


def test_a_population_that_passes_on_keeps_the_constants_that_its_synapses_use():
    a, x = ns.Neurons("a", 1), ns.Neurons("x", 3, y="2*i")
    net = ns.Network(ns.Synapses(a, x, weight="1 + y_post"), schedule=ns.Layered())
    run = ns.run(net, {"a": [[1.0]]}, record=["x"], engine="reference")
    np.testing.assert_array_equal(run["x"], [[1.0, 3.0, 5.0]])


def test_an_input_clamps_a_population_that_passes_on(engine):
    a, x = ns.Neurons("a", 1), ns.Neurons("x", 1)
    net = ns.Network(ns.Synapses(a, x, weight=2.0), schedule=ns.Layered())
    clamp = np.array([[np.nan], [7.0], [np.nan]])
    run = ns.run(net, {"a": np.ones((3, 1)), "x": clamp}, record=["x"], engine=engine)
    np.testing.assert_array_equal(run["x"][:, 0], [2.0, 7.0, 2.0])


def test_spikes_given_to_a_population_that_passes_on_are_refused():
    a, x = ns.Neurons("a", 1), ns.Neurons("x", 1)
    net = ns.Network(ns.Synapses(a, x), schedule=ns.Layered())
    with pytest.raises(DescriptionError, match="'x' does not spike"):
        ns.run(net, {"a": np.ones((3, 1)), "x": (np.array([1]), np.array([0]))})


def test_copies_draw_their_own_numbers_and_tied_ones_share_them(engine):
    own, tied = (
        ns.run(chain(t), {"first_x": np.ones((1, 3))}, record=["second_x", "second_y"], seed=4, engine=engine)
        for t in (False, True)
    )
    numbers = weight_matrix(tied.network, "first_x_to_y", seed=4).number
    x = tied["second_x"][0]
    bias = np.arctanh(x) - numbers @ np.ones(3)
    np.testing.assert_allclose(tied["second_y"][0], np.tanh(numbers @ x + bias), rtol=1e-12)
    assert not np.allclose(own["second_y"], tied["second_y"])


def test_the_gradient_of_a_tied_number_is_the_sum_over_its_copies():
    net, inputs = chain(), {"first_x": np.array([[[0.3, -0.2, 0.9]]])}
    targets = {"second_y": np.array([[[0.1, 0.2, -0.3]]])}
    _, slopes = gradient(net, inputs, targets, seed=1)
    assert set(slopes) == {"first_x_to_y", "first_y.b"}

    def loss(constant: float) -> float:
        changed = materialized(net, 1)
        b = changed["first_y"].constants["b"].number + constant * np.eye(3)[1]
        changed = rebuilt(changed, {"first_y": {"b": b}})
        out = ns.run(changed, {"first_x": inputs["first_x"][0]}, record=["second_y"])["second_y"]
        return float(np.sum((out - targets["second_y"][0]) ** 2))

    step = 1e-6
    np.testing.assert_allclose(slopes["first_y.b"][1], (loss(step) - loss(-step)) / (2 * step), rtol=1e-6)


def test_training_moves_tied_numbers_together():
    trained = ns.train(
        chain(), {"first_x": np.ones((4, 1, 3))}, {"second_y": np.zeros((4, 1, 3))}, epochs=2, seed=1
    )
    net = trained.network
    assert net["second_x_to_y"].owner is net["first_x_to_y"]
    np.testing.assert_array_equal(net["second_y"].constants["b"].number, net["first_y"].constants["b"].number)


def test_a_joined_network_is_described_recorded_and_replayed_as_one(tmp_path):
    net = chain()
    ns.run(net, {"first_x": np.ones((2, 3))}, record=["second_y"], to=tmp_path / "run.h5")
    with ns.open(tmp_path / "run.h5") as kept:
        assert kept.network == net
        assert dict(kept.network.parts) == {
            "first": ("first_x", "first_y"),
            "second": ("second_x", "second_y"),
        }
        assert dict(kept.network.tied) == {"second_y.b": "first_y.b"}


def test_a_joined_network_is_printed_with_its_parts_and_ties():
    text = str(chain())
    assert "Parts\n  first   first_x, first_y\n  second  second_x, second_y" in text
    assert "Tied\n  second_y.b  = first_y.b" in text


def test_a_network_joins_others_under_its_own_names_and_random_numbers():
    inner = block()
    outer = ns.Network(inner, ns.Synapses(inner["y"], ns.cells.unit("out", 1)), schedule=ns.Layered())
    assert list(outer.synapses) == ["x_to_y", "y_to_out"]
    alone, joined = (ns.run(n, {"x": np.ones((1, 3))}, record=["y"], seed=3)["y"] for n in (inner, outer))
    np.testing.assert_array_equal(alone, joined)


def test_copies_of_joined_networks_keep_what_is_tied_within_them():
    twice = chain().named("a")
    net = ns.Network(twice, schedule=ns.Layered())
    assert dict(net.tied) == {"a_second_y.b": "a_first_y.b"}
    assert net["a_second_x_to_y"].owner is net["a_first_x_to_y"]
    assert set(net.parts) == {"a", "a_first", "a_second"}


def test_many_copies_are_tied_to_one():
    first = block().named("step1")
    steps = [first, *(first.named(f"step{k}", tied=first) for k in (2, 3))]
    steps.append(first.named("step4", tied=steps[2]))  # a copy that is tied itself
    net = ns.Network(steps, schedule=ns.Layered())
    assert set(net.tied.values()) == {"step1_y.b"}
    assert {net.owner(net[f"step{k}_x_to_y"]) for k in (2, 3, 4)} == {"step1_x_to_y"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ns.Network(block(), block(), schedule=ns.Layered()), r"called 'x'.*net.named\('second'\)"),
        (
            lambda: ns.Network(block().named("a"), block().named("a"), schedule=ns.Layered()),
            "called 'a_x'|parts are called 'a'",
        ),
        (
            lambda: ns.Network(
                block().named("a"),
                ns.Network(ns.cells.unit("z", 1), schedule=ns.Layered()).named("a"),
                schedule=ns.Layered(),
            ),
            "two parts are called 'a'",
        ),
        (lambda: block().named("a", tied=block()), "neither this network nor a copy of it"),
        (lambda: block().named("1a"), "name"),
        (lambda: ns.run(block().named("a")), r"A copy stands within one: Network\(copy, schedule="),
        (lambda: block().named("a")["z"], "nothing called 'z'"),
        (lambda: ns.Network(5, schedule=ns.Layered()), "neither Neurons nor Synapses nor a Network"),
        (lambda: ns.Network(block(), schedule=ns.Layered(), tied={"y.b": "z.b"}), "no population 'z'"),
        (
            lambda: ns.Network(block(), schedule=ns.Layered(), tied={"y.b": "y.c"}),
            "'c' is no constant of 'y'",
        ),
        (lambda: ns.Network(block(), schedule=ns.Layered(), tied=["y.b"]), "not a dict of names"),
        (
            lambda: ns.Network(
                block().named("a"), block(2).named("b"), schedule=ns.Layered(), tied={"b_y.b": "a_y.b"}
            ),
            "of one shape",
        ),
        (
            lambda: ns.Network(chain(), schedule=ns.Layered(), tied={"first_y.b": "second_y.b"}),
            "is tied itself",
        ),
        (lambda: rebuilt(chain(), {"second_y": {"b": 1.0}}), "is tied to 'first_y.b'"),
    ],
)
def test_what_cannot_be_joined_says_why(make, message):
    with pytest.raises((DescriptionError, PlanError), match=message):
        make()
