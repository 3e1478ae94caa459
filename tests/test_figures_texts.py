"""What a diagram says about populations and synapses is true."""

from importlib import import_module

import numpy as np
import pytest

import neurosim as ns
from neurosim import cells, figures
from neurosim.figures.expressions import population_lines, rounded_numbers, size_text
from neurosim.figures.graph.model import read_boxes, read_connections
from neurosim.units import ms

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pyplot = import_module("matplotlib.pyplot")


def example(name: str) -> ns.Network:
    return import_module(f"neurosim.models.{name}").example()["net"]


def notes(net: ns.Network, name: str) -> tuple[str, ...]:
    return next(c.notes for c in read_connections(net) if name in c.names)


def kinds(net: ns.Network) -> dict[str, str]:
    return {box.name: box.kind for box in read_boxes(net)}


def test_the_text_of_synapses_is_written_beside_them():
    assert notes(example("radial_basis"), "centres") == ("I += (v_pre - w)\N{SUPERSCRIPT TWO}",)
    assert "w += step_post*(v_pre - w)" in notes(example("kohonen"), "codebook")
    assert notes(example("feed_forward"), "inputs_to_layer_1") == ()


def test_synapses_that_a_summed_variable_reads_show_its_expression():
    pre = ns.Neurons("pre", 2, equations="dv/dt = -v/(5*ms) : 1")
    post = ns.Neurons("post", 2, equations="dv/dt = -v/(5*ms) : 1\ng : 1")
    gap = ns.Synapses(pre, post, model="g_post = w*(v_pre - v_post) : 1 (summed)", name="gap")
    assert notes(ns.Network(gap, schedule=ns.Clock(1 * ms)), "gap") == ("g_post = w*(v_pre - v_post)",)


def test_dropout_is_random_in_training_only():
    x, hidden = ns.Neurons("x", 2), cells.unit("hidden", 3, "relu", dropout=0.3)
    net = ns.Network(ns.Synapses(x, hidden), schedule=ns.Layered())
    assert kinds(net)["hidden"] == "graded"
    assert population_lines(hidden) == ("y = relu(I)", "in training also bernoulli(0.7)/0.7")
    assert kinds(example("restricted_boltzmann"))["hidden"] == "random"


def test_pooling_backwards_spreads():
    net = example("deconvolutional")
    assert notes(net, "pooled_2_to_unpooled_2")[0] == "spread over 2 \N{MULTIPLICATION SIGN} 2"


def test_numbers_are_rounded_to_three_digits():
    assert rounded_numbers("w = -0.301511 mV") == "w = -0.302 mV"
    assert rounded_numbers("12,345 of 1234.5, 0.5") == "12,345 of 1,234, 0.5"
    a, b = ns.Neurons("a", 2), ns.Neurons("b", 2, update="v = I")
    net = ns.Network(ns.Synapses(a, b, weight=ns.normal(392.692, 39.2692)), schedule=ns.Layered())
    assert notes(net, "a_to_b") == ("random, 393 \N{PLUS-MINUS SIGN} 39.3",)


def test_a_map_says_its_rows_and_columns():
    assert size_text(example("kohonen")["map"]) == "6 \N{MULTIPLICATION SIGN} 6"
    lattice = ns.Neurons("lattice", 6, update="y = x + y", x=np.zeros(6), y=np.arange(6.0))
    assert size_text(lattice) == "6"


def test_a_box_says_what_is_sent():
    assert population_lines(example("conv_net")["pooled_1"]) == ("y = I",)
    assert population_lines(example("continuous_hopfield")["cells"]) == (
        "du/dt = (-u + I)/tau",
        "V = tanh(gain*u)",
    )
    both = ns.Neurons("both", 2, ports="a b", update="s = a + b\nd = a - b")
    assert population_lines(both) == ("s = a + b", "d = a - b", "sends s")
    many = ns.Neurons("many", 2, update="a = I\nb = a\nc = b\nd = c\nb = d", sends="b")
    assert population_lines(many) == ("b = a", "b = d")
    resting = ns.Neurons("resting", 2, equations="dv/dt = (e - v)/tau : 1", tau=5 * ms, e=1, v=0)
    assert population_lines(resting) == ("dv/dt = (1 - v)/tau",)


def test_a_variable_that_synapses_choose_stands_at_their_beginning():
    x, lstm = ns.Neurons("x", 2), cells.lstm("cells", 2)
    ahead, back = ns.Neurons("ahead", 2, update="y = I"), {"to": "o", "delay": 1}
    product = ns.Synapses(x, ahead, weight=lstm.sending("c"), wiring=ns.einsum("i, i -> i"))
    net = ns.Network(
        [ns.Synapses(x, lstm, to=port) for port in "ifog"], ns.Synapses(lstm[:1].sending("c"), ahead),
        ns.Synapses(lstm.sending("c"), lstm, **back), product, schedule=ns.Layered(),
    )  # fmt: skip
    ax = figures.diagram(net)
    ports = [text.get_text() for text in ax.texts if text.get_gid() == "port:cells.c"]
    assert len(ports) == 3
    assert [text.get_text() for text in ax.texts if text.get_gid().startswith("part:")] == ["[:1]"]
    pyplot.close(ax.figure)


def test_long_notes_that_several_lines_share_are_written_once():
    ax = figures.diagram(example("self_attention"))
    beside = [text.get_text() for text in ax.texts if text.get_gid().startswith("note:")]
    shared = [note for note in beside if note.endswith("for each of 3")]
    assert len(shared) == 1
    assert shared[0].startswith("token feature,")
    assert sum(note.startswith("token feature,") for note in beside) == 1
    pyplot.close(ax.figure)


@pytest.mark.parametrize(
    ("wiring", "weight", "notes", "sign"),
    [
        (ns.indegree(3), ns.normal(1, 0.5), ["3 into each", "random, 1 ± 0.5"], "+-"),
        (ns.outdegree(2), ns.normal(2, 0), ["2 from each", "w = 2"], "+"),
        (ns.total(9), ns.uniform(-2, -1), ["9 synapses", "random, -2 to -1"], "-"),
        (ns.small_world(2, 0.5), ns.gamma(-1, 1), ["2 nearest, 50 % rewired", "random, -1 ± 1"], "-"),
        (ns.nearby(1.5), ns.bounded_normal(1, 0.5, low=0), ["nearby, scale 1.5", "random, 1 ± 0.5"], "+"),
        (ns.all_to_all(), ns.orthogonal(0.9), ["orthogonal, 0.9"], "+-"),
        (ns.probability(1), ns.dale(1, -1, inhibitory=0.25), ["Dale, 25 % inhibit"], "+-"),
        (ns.pairs([0, 1], [1, 2]), ns.hebbian([[1, -1, 1, 1]]), ["2 synapses", "Hebbian, 1 pattern"], "+-"),
    ],
)  # fmt: skip
def test_wirings_and_laws_of_weights_say_their_notes(wiring, weight, notes, sign):
    cells = ns.Neurons("cells", 4, update="v = I")
    synapses = ns.Synapses(cells, cells, wiring=wiring, weight=weight, delay=1)
    (connection,) = read_connections(ns.Network(synapses, schedule=ns.Synchronous()))
    assert list(connection.notes) == notes
    assert connection.sign == sign
