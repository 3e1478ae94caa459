"""Figures show what the network and the recording hold. The artists are checked, not the pixels."""

import itertools
import pkgutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import numpy as np
import pytest
from figures_side import areas, attention, drawn, echo_state, place, pyplot, slices

import neurosim as ns
import neurosim.models
from neurosim import figures
from neurosim.network.pictures import bipartite
from neurosim.network.weights import Distribution
from neurosim.network.wiring import Pairs, Wiring
from neurosim.units import ms, mV, nS, pF

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


MODELS = sorted(module.name for module in pkgutil.iter_modules(neurosim.models.__path__) if not module.ispkg)


def legend(ax) -> set[str]:
    """The texts of the legend."""
    return {
        text.get_gid().removeprefix("legend:") for text in ax.texts if text.get_gid().startswith("legend:")
    }


def words(ax, kind: str) -> list[str]:
    return [artist.get_text() for artist in ax.texts if (artist.get_gid() or "").startswith(f"{kind}:")]


def caption(ax) -> str:
    return next(text.get_text() for text in ax.texts if text.get_gid() == "legend:caption")


def extreme_learning_machine() -> ns.Network:
    drive, out = ns.Neurons("drive", 1), ns.Neurons("out", 1, update="y = I")
    hidden = ns.Neurons("hidden", 50, update="v = tanh(I)")
    return ns.Network(
        ns.Synapses(drive, hidden, weight=ns.uniform(-1, 1)),
        ns.Synapses(hidden, out, learns=True),
        schedule=ns.Layered(),
    )


def lstm() -> ns.Network:
    x, text = ns.Neurons("x", 3), "c = sigmoid(f)*c + sigmoid(i)*tanh(g)\nh = sigmoid(o)*tanh(c)"
    cell = ns.Neurons("cell", 8, ports="i f o g", update=text, sends="h")
    ahead = [ns.Synapses(x, cell, to=port, weight=ns.glorot(), learns=True) for port in "ifog"]
    return ns.Network(
        ahead,
        [ns.Synapses(cell, cell, to=port, weight=ns.glorot(), delay=1, learns=True) for port in "ifog"],
        schedule=ns.Layered(),
    )


def machine() -> ns.Network:
    visible, hidden = (
        ns.Neurons(name, n, update="s = bernoulli(sigmoid(I))") for name, n in (("visible", 6), ("hidden", 4))
    )
    up = ns.Synapses(visible, hidden, weight=ns.normal(0, 0.1), learns=True)
    return ns.Network(
        up, ns.Synapses(hidden, visible, weight=up.T), schedule=ns.Alternating([hidden], [visible])
    )


def balanced() -> ns.Network:
    cells = ns.Neurons(
        "cells", 100, threshold="v > -50*mV", reset="v = -60*mV",
        Ee=0 * mV, Ei=-80 * mV, El=-60 * mV, gl=10 * nS, C=200 * pF, te=5 * ms,
        equations="""dv/dt = (ge*(Ee - v) + gi*(Ei - v) + gl*(El - v))/C : volt
                     dge/dt = -ge/te : siemens
                     dgi/dt = -gi/te : siemens""",
    )  # fmt: skip
    return ns.Network(
        ns.Synapses(cells[:80], cells, to="ge", wiring=ns.probability(0.1), weight=6 * nS, name="excitation"),
        ns.Synapses(
            cells[80:],
            cells,
            to="gi",
            wiring=ns.probability(0.1),
            weight=67 * nS,
            delay=1.5 * ms,
            name="inhibition",
        ),
        schedule=ns.Clock(0.1 * ms),
    )


def chain(length: int) -> ns.Network:
    layers = [ns.Neurons("x", 2), *(ns.Neurons(f"layer_{n}", 2, update="y = I") for n in range(length))]
    return ns.Network([ns.Synapses(a, b) for a, b in itertools.pairwise(layers)], schedule=ns.Layered())


OWN = {
    f.__name__: f
    for f in (echo_state, extreme_learning_machine, lstm, machine, attention, balanced, slices, areas)
} | {"deep": lambda: chain(20)}


@cache
def network(name: str) -> ns.Network:
    return OWN[name]() if name in OWN else import_module(f"neurosim.models.{name}").example()["net"]


def test_importing_figures_does_not_import_matplotlib():
    code = "import sys, neurosim.figures; raise SystemExit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "draw", [lambda: figures.diagram(echo_state()), lambda: figures.weights(echo_state(), "pool_to_pool")]
)
def test_a_missing_matplotlib_is_named_with_its_remedy(monkeypatch, draw):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ns.NeurosimError, match=r"pip install 'neurosim-networks\[figures\]'"):
        draw()


def test_an_echo_state_network_and_an_extreme_learning_machine_differ_in_what_is_drawn():
    echo, extreme = figures.diagram(echo_state()), figures.diagram(extreme_learning_machine())
    assert [len(drawn(ax, "loop")) for ax in (echo, extreme)] == [1, 0]
    assert [len(drawn(ax, "sparse")) > 0 for ax in (echo, extreme)] == [True, False]
    assert words(echo, "delay") == ["1 tick"]
    assert words(extreme, "delay") == []
    assert "random, \N{GREEK SMALL LETTER RHO} = 0.9" in " ".join(words(echo, "note"))


def test_the_readout_is_drawn_otherwise_than_the_fixed_weights():
    ax = figures.diagram(echo_state())
    lines = {line.get_gid(): line for line in drawn(ax, "forward")}
    fixed, learned = lines["forward:drive_to_pool"], lines["forward:pool_to_out"]
    assert fixed.get_linewidth() < learned.get_linewidth()
    assert fixed.get_edgecolor() != learned.get_edgecolor()


def test_every_kind_of_weight_can_be_told_apart_without_colours():
    from neurosim.figures.graph.renderer import STYLES

    assert len({(style.width, style.dashes) for style in STYLES.values()}) == len(STYLES)


@pytest.mark.parametrize("name", [*OWN, *MODELS])
def test_the_legend_shows_what_occurs_and_nothing_else(name):
    net = network(name)
    ax = figures.diagram(net, closed=False)
    shown = legend(ax)
    assert ("cell:spiking" in shown) == any(p.spiking for p in net.populations.values())
    assert ("cell:driven" in shown) == any(p.driven for p in net.populations.values())
    assert ("weight:learned" in shown) == any(s.learns for s in net.synapses.values())
    assert ("weight:message" in shown) == any(s.weight_population is not None for s in net.synapses.values())
    assert ("effect:delay" in shown) == bool(words(ax, "delay"))
    icons = ("dense", "sparse", "one", "nearby", "conv", "pool", "einsum", "private")
    icons += ("transposed_conv", "unpool", "interpolate")
    wirings = {entry for entry in shown if entry.startswith("wiring:")}
    assert {f"wiring:{icon}" for icon in icons if drawn(ax, icon)} == wirings


@pytest.mark.parametrize("name", [*OWN, *MODELS])
def test_no_box_icon_or_note_covers_another_or_a_line_or_a_head_and_no_line_runs_through_a_box(name):
    from neurosim.figures.diagram import Graph, body_of
    from neurosim.figures.graph.geometry import centred, outside, points_of
    from neurosim.figures.graph.sizes import ARROWHEAD

    *_, body = body_of(network(name), None)
    if not isinstance(body, Graph):
        return  # a table
    nodes = list(body.layout.nodes.values())
    covered = [node.outline for node in nodes] + [area for label in body.labels for area in label.areas]
    covered += [node.notes_area for node in nodes if node.notes]
    heads = [head for edge in body.layout.edges for head in edge.arrowheads.values()]
    middles = [outside(tip, side, ARROWHEAD / 2) for tip, side in heads]
    for area in (area for label in body.labels for area in label.areas):
        assert not any(area.overlap(centred(middle, (ARROWHEAD, ARROWHEAD))) > 0.0 for middle in middles)
    for n, a in enumerate(covered):
        for b in covered[n + 1 :]:
            assert min(a[2], b[2]) - max(a[0], b[0]) < 0.02 or min(a[3], b[3]) - max(a[1], b[1]) < 0.02
    lines = [(edge.number, points_of(curve)) for edge in body.layout.edges for curve in edge.curves if curve]
    for area in (node.outline for node in nodes if node.box):
        assert not any(holds(area, points) for _, points in lines)
    for area in (node.notes_area for node in nodes if node.notes):
        assert not any(holds(area, points) for _, points in lines)
    for label in body.labels:
        areas = label.areas
        for n, area in enumerate(areas):
            icon = n == 0 and label.size[0] > 0
            others = [points for number, points in lines if not icon or number != label.edge.number]
            assert not any(holds(area, points) for points in others)


def holds(area, points) -> bool:
    """Whether some of the points lie within an area."""
    left, top, right, bottom = area
    return any(left + 0.02 < x < right - 0.02 and top + 0.02 < y < bottom - 0.02 for x, y in points)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_can_be_drawn_on_a_page(name):
    net = network(name)
    ax = figures.diagram(net)
    closed = {patch.get_gid().split(":")[1] for patch in drawn(ax, "closed")}
    hidden = {member for part in closed for member in net.parts[part]}
    shown = {patch.get_gid().split(":")[1] for patch in drawn(ax, "population")}
    assert shown == set(net.populations) - hidden
    assert max(ax.figure.get_size_inches()) <= 14
    ax.figure.canvas.draw()


def test_many_connections_are_a_table_of_senders_and_targets():
    ax = figures.diagram(network("microcircuit"))
    assert len(drawn(ax, "line")) == len(network("microcircuit").synapses)
    assert "rows are senders and columns their targets" in caption(ax)
    row, column = (
        next(text for text in ax.texts if text.get_gid() == gid).get_text() for gid in ("corner", "shape:L4E")
    )
    assert (row, column) == ("sender, to the right its targets", "219")


def test_the_cells_of_a_table_tell_slices_and_ports_apart():
    senders = [ns.Neurons(f"x{n}", 4) for n in range(5)]
    cells = [ns.Neurons(f"y{n}", 4, ports="a b", update="y = a*b") for n in range(3)]
    pairs = [(x, y) for x in senders for y in cells]
    synapses = [ns.Synapses(x, y, to="a", name=f"{x.name}{y.name}") for x, y in pairs]
    synapses += [ns.Synapses(x[:2], y[2:], to="b", wiring=ns.probability(0.5)) for x, y in pairs]
    ax = figures.diagram(ns.Network(synapses, schedule=ns.Layered()))
    assert {"at a", "from [:2] to [2:] at b", "50 % of pairs"} <= set(words(ax, "note"))


def test_populations_stand_in_the_order_of_their_messages():
    ax = figures.diagram(echo_state())
    drive, pool, out = (place(ax, name) for name in ("drive", "pool", "out"))
    assert drive[2] < pool[0]
    assert pool[2] < out[0]


def test_feedback_passes_beneath():
    first, second = ns.Neurons("first", 2, update="v = I"), ns.Neurons("second", 2, update="v = I")
    ax = figures.diagram(
        ns.Network(ns.Synapses(first, second), ns.Synapses(second, first, delay=1), schedule=ns.Layered())
    )
    (back,) = drawn(ax, "back")
    assert back.get_path().vertices[:, 1].max() > max(place(ax, "first")[3], place(ax, "second")[3])


def test_synapses_that_differ_in_their_ports_are_one_line_with_a_head_for_each():
    ax = figures.diagram(lstm())
    assert (
        len(drawn(ax, "dense")) // 3 == 2
    )  # frame, lines and dots of one icon for the input, one for the loop
    assert sorted(words(ax, "port")) == sorted("ifog" * 2)
    assert {patch.get_gid() for patch in drawn(ax, "head")} == {"head:x_to_cell", "head:cell_to_cell"}
    assert (len(drawn(ax, "forward")), len(drawn(ax, "loop"))) == (4, 4)


def test_a_weight_that_is_a_message_meets_the_sender_in_a_product():
    ax = figures.diagram(attention())
    assert {patch.get_gid() for patch in drawn(ax, "product")} == {
        "product:query_to_score",
        "product:value_to_out",
    }
    assert "t d, s d \N{RIGHTWARDS ARROW} t s" in words(ax, "note")


def test_both_directions_of_a_restricted_boltzmann_machine_are_drawn_and_their_weights_are_marked_as_shared():
    ax = figures.diagram(machine())
    assert (len(drawn(ax, "forward")), len(drawn(ax, "facing"))) == (1, 1)
    assert words(ax, "note") == ["= visible_to_hidden transposed"]
    assert {"weight:shared", "cell:random"} <= legend(ax)
    assert "in turns: hidden, then visible" in caption(ax)


def test_conductances_excite_or_inhibit_as_their_reversal_potential_says():
    from neurosim.figures.graph.model import read_connections

    assert {c.names[0]: c.sign for c in read_connections(balanced())} == {
        "excitation": "+",
        "inhibition": "-",
    }


def test_the_sign_of_weights_that_learn_or_of_an_unknown_conductance_is_not_claimed():
    from neurosim.figures.graph.model import read_connections

    pre = ns.Neurons("pre", 2)
    post = ns.Neurons("post", 2, equations="dg/dt = -g/tau : siemens", tau=5 * ms)
    plain = ns.Neurons("plain", 2, update="v = I")
    net = ns.Network(
        ns.Synapses(pre, post, to="g", weight=1 * nS),
        ns.Synapses(pre, plain, weight=-2.0),
        schedule=ns.Clock(1 * ms),
    )
    assert [c.sign for c in read_connections(net)] == ["+-", "-"]
    assert {c.sign for c in read_connections(lstm())} == {"+-"}


def test_parts_of_a_population_are_rows_of_its_box():
    ax = figures.diagram(balanced())
    assert words(ax, "part") == ["[:80]", "[80:]"]
    assert words(ax, "delay") == ["1.5 ms"]
    assert len(drawn(ax, "loop")) == 2


@pytest.mark.parametrize(
    ("synapse", "kind"),
    [
        ({"on_pre": "v_post += w\nw = clip(w + 0.1, 0, 1)"}, "plastic"),
        ({"model": "dx/dt = (1 - x)/(20*ms) : 1 (event-driven)", "on_pre": "v_post += w*x"}, "plastic"),
        ({"on_pre": "v_post += w"}, "fixed"),
        ({"to": "v", "learns": True}, "learned"),
        ({"to": "v"}, "fixed"),
    ],
)
def test_synapses_are_plastic_where_their_text_changes_them(synapse, kind):
    from neurosim.figures.graph.model import read_connections

    pre, post = ns.Neurons("pre", 2), ns.Neurons("post", 2, equations="dv/dt = -v/tau : 1", tau=5 * ms)
    net = ns.Network(ns.Synapses(pre, post, weight=0.5, **synapse), schedule=ns.Clock(1 * ms))
    (connection,) = read_connections(net)
    assert (connection.kind, connection.sign) == (kind, "+-" if kind == "learned" else "+")


def test_a_wiring_of_ones_own_says_its_picture_and_its_note():
    @dataclass(frozen=True)
    class mirrored(Wiring):
        def pairs(self, pre, post, random):
            return Pairs(np.arange(pre.size), np.arange(post.size)[::-1])

        def picture(self, pre, post):
            return bipartite("mirrored", "last to first", (0.6, -0.6), (0.6, -0.6), [(0, 1), (1, 0)])

        def note(self, reduction):
            return f"{reduction} of one"

    a, b = ns.Neurons("a", 3), ns.Neurons("b", 3, update="v = I", ports="I:max")
    ax = figures.diagram(ns.Network(ns.Synapses(a, b, wiring=mirrored()), schedule=ns.Layered()))
    assert drawn(ax, "mirrored")
    assert words(ax, "note") == ["max of one"]
    assert "last to first" in [text.get_text() for text in ax.texts]


def test_a_law_of_weights_of_ones_own_says_its_note_and_its_sign():
    from neurosim.figures.graph.model import read_connections

    @dataclass(frozen=True)
    class falling(Distribution):
        def draw(self, of):
            return -1.0 / (1.0 + of.position)

        def bounds(self):
            return -1.0, 0.0

        def summary(self):
            return "falling"

    a, b = ns.Neurons("a", 3), ns.Neurons("b", 3, update="v = I")
    (connection,) = read_connections(ns.Network(ns.Synapses(a, b, weight=falling()), schedule=ns.Layered()))
    assert (connection.sign, connection.notes) == ("-", ("random, falling",))


def test_a_long_diagram_is_cut_into_rows():
    ax = figures.diagram(chain(20))
    width, _ = ax.figure.get_size_inches()
    assert width < 20
    assert any(patch.get_gid() == "cut" for patch in ax.patches)
    assert "each row goes on in the next" in caption(ax)


def test_a_diagram_fits_into_axes_that_are_given():
    _, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3))
    assert figures.diagram(echo_state(), ax=right) is right
    assert len(pyplot.get_fignums()) == 1 and not left.patches
    assert {text.get_fontsize() < 8 for text in right.texts if text.get_gid().startswith("shape")} == {True}


def test_a_population_without_synapses_can_be_drawn():
    ax = figures.diagram(ns.Network(ns.Neurons("counter", 3, update="n = n + 1"), schedule=ns.Synchronous()))
    assert len(drawn(ax, "population")) == 1


@pytest.mark.parametrize("draw", [figures.diagram, lambda net: figures.weights(net, "x")])
def test_what_is_no_network_is_refused(draw):
    with pytest.raises(ns.DescriptionError, match="is (not a network|neither a Network nor a Recording)"):
        draw("network")
