"""Figures draw what the network and the recording say. The artists are checked, not the pixels."""

import itertools
import pkgutil
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import neurosim as ns
import neurosim.models
from neurosim import figures
from neurosim.network.pictures import bipartite
from neurosim.network.weights import Distribution
from neurosim.network.wiring import Pairs, Wiring
from neurosim.units import Mohm, ms, mV, nA, nS, pF

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pyplot = import_module("matplotlib.pyplot")

MODELS = sorted(module.name for module in pkgutil.iter_modules(neurosim.models.__path__))


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def drawn(ax, kind: str) -> list:
    """The artists whose name begins with a kind, such as 'loop' or 'port'; those of the legend left out."""
    return [artist for artist in (*ax.patches, *ax.texts) if (artist.get_gid() or "").startswith(f"{kind}:")]


def legend(ax) -> set[str]:
    """What the legend explains."""
    return {
        text.get_gid().removeprefix("legend:") for text in ax.texts if text.get_gid().startswith("legend:")
    }


def words(ax, kind: str) -> list[str]:
    return [artist.get_text() for artist in ax.texts if (artist.get_gid() or "").startswith(f"{kind}:")]


def caption(ax) -> str:
    return next(text.get_text() for text in ax.texts if text.get_gid() == "legend:caption")


def place(ax, name: str):
    """Left, top, right, bottom of a population's box; y grows downwards."""
    box = next(patch for patch in ax.patches if patch.get_gid() == f"population:{name}").get_bbox()
    return box.x0, box.y0, box.x1, box.y1


def echo_state() -> ns.Network:
    drive, out = ns.Neurons("drive", 1), ns.Neurons("out", 1, update="y = I")
    pool = ns.Neurons("pool", 50, update="v = tanh(I)")
    return ns.Network(
        ns.Synapses(drive, pool, weight=ns.uniform(-1, 1)),
        ns.Synapses(pool, pool, wiring=ns.probability(0.1), weight=ns.spectral_radius(0.9), delay=1),
        ns.Synapses(pool, out, learns=True),
        schedule=ns.Layered(),
    )


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


def attention() -> ns.Network:
    query, key, value = (ns.Neurons(name, (5, 4)) for name in ("query", "key", "value"))
    score, out = (
        ns.Neurons("score", (5, 5), update="p = softmax(I)"),
        ns.Neurons("out", (5, 4), update="y = I"),
    )
    return ns.Network(
        ns.Synapses(query, score, weight=key, wiring=ns.einsum("t d, s d -> t s")),
        ns.Synapses(value, out, weight=score, wiring=ns.einsum("s d, t s -> t d")),
        schedule=ns.Layered(),
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


def areas() -> ns.Network:
    """Everything to everything, with delays."""
    three = [ns.Neurons(name, 20, update="v = tanh(I)") for name in ("first", "second", "third")]
    return ns.Network(
        [ns.Synapses(a, b, weight=ns.normal(0, 1), delay=2) for a in three for b in three],
        schedule=ns.Synchronous(),
    )


OWN = {
    f.__name__: f for f in (echo_state, extreme_learning_machine, lstm, machine, attention, balanced, areas)
} | {"deep": lambda: chain(20)}


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
    ax = figures.diagram(net)
    shown = legend(ax)
    assert ("cell:spiking" in shown) == any(p.spiking for p in net.populations.values())
    assert ("cell:driven" in shown) == any(p.driven for p in net.populations.values())
    assert ("weight:learned" in shown) == any(s.learns for s in net.synapses.values())
    assert ("weight:message" in shown) == any(s.weight_population is not None for s in net.synapses.values())
    assert ("effect:delay" in shown) == bool(words(ax, "delay"))
    icons = ("dense", "sparse", "one", "nearby", "conv", "pool", "einsum", "private")
    assert {f"wiring:{icon}" for icon in icons if drawn(ax, icon)} == {
        entry for entry in shown if entry.startswith("wiring:")
    }


@pytest.mark.parametrize("name", [*OWN, *MODELS])
def test_no_box_icon_or_note_covers_another_and_no_line_runs_through_a_box(name):
    from neurosim.figures.graph.canvas import measure
    from neurosim.figures.graph.geometry import points_of
    from neurosim.figures.graph.labels import place_labels
    from neurosim.figures.graph.model import read_boxes, read_connections
    from neurosim.figures.graph.routing import lay_out

    net = network(name)
    layout = lay_out(read_boxes(net), read_connections(net), measure)
    covered = [node.outline for node in layout.nodes.values()]
    covered += [area for label in place_labels(layout) for area in label.areas]
    for n, a in enumerate(covered):
        for b in covered[n + 1 :]:
            assert min(a[2], b[2]) - max(a[0], b[0]) < 0.02 or min(a[3], b[3]) - max(a[1], b[1]) < 0.02
    points = np.array(
        [point for edge in layout.edges for curve in edge.curves for point in points_of(curve)]
    ).reshape(-1, 2)
    for left, top, right, bottom in (node.outline for node in layout.nodes.values() if node.box):
        inside = (points > [left + 0.02, top + 0.02]) & (points < [right - 0.02, bottom - 0.02])
        assert not inside.all(axis=1).any()


@pytest.mark.parametrize("name", MODELS)
def test_every_model_can_be_drawn(name):
    net = network(name)
    ax = figures.diagram(net)
    assert {patch.get_gid().split(":")[1] for patch in drawn(ax, "population")} == set(net.populations)
    ax.figure.canvas.draw()


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
    from neurosim.figures.graph.model import read_connections

    cells = ns.Neurons("cells", 4, update="v = I")
    synapses = ns.Synapses(cells, cells, wiring=wiring, weight=weight, delay=1)
    (connection,) = read_connections(ns.Network(synapses, schedule=ns.Synchronous()))
    assert list(connection.notes) == notes
    assert connection.sign == sign


def test_a_long_diagram_is_cut_into_rows():
    ax = figures.diagram(chain(20))
    width, _ = ax.figure.get_size_inches()
    assert width < 20
    assert any(patch.get_gid() == "cut" for patch in ax.patches)
    assert "each row goes on in the next" in caption(ax)


def test_a_diagram_fits_into_axes_that_are_given():
    _, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3))
    assert figures.diagram(echo_state(), ax=right) is right
    assert len(pyplot.get_fignums()) == 1
    assert not left.patches
    assert {text.get_fontsize() < 8 for text in right.texts if text.get_gid().startswith("shape")} == {True}


def test_a_population_without_synapses_can_be_drawn():
    ax = figures.diagram(ns.Network(ns.Neurons("counter", 3, update="n = n + 1"), schedule=ns.Synchronous()))
    assert len(drawn(ax, "population")) == 1


@pytest.mark.parametrize("draw", [figures.diagram, lambda net: figures.weights(net, "x")])
def test_what_is_no_network_is_refused(draw):
    with pytest.raises(ns.DescriptionError, match="is (not a network|neither a Network nor a Recording)"):
        draw("network")


@pytest.fixture(scope="module")
def spikes():
    """Two populations, one of them driven by spikes, two trials of 100 ms."""
    ears = ns.Neurons("ears", 4)
    cells = ns.Neurons(
        "cells", (2, 3), equations="dv/dt = (R*I - v)/tau : volt\nI : amp", ports="x",
        threshold="v > 10*mV", reset="v = 0*mV", tau=20 * ms, R=1 * Mohm, I=15 * nA,
    )  # fmt: skip
    net = ns.Network(
        ns.Synapses(ears, cells, to="v", weight=1 * mV, wiring=ns.probability(0.5)), schedule=ns.Clock(1 * ms)
    )
    events = (np.array([0, 0, 1, 1]), np.array([10, 20, 30, 40]), np.array([0, 1, 2, 3]))
    return ns.run(net, {"ears": events}, ticks=100, record=["ears", "cells", "cells.v", "cells[0].v"])


def marks(ax) -> list:
    return [line for line in ax.lines if (line.get_gid() or "").startswith("spikes:")]


def test_a_raster_has_a_mark_for_every_spike_of_the_trial(spikes):
    ax = figures.raster(spikes, trial=1)
    assert [len(line.get_xdata()) for line in marks(ax)] == [
        len(spikes.spikes(name, trial=1)) for name in ("ears", "cells")
    ]
    np.testing.assert_allclose(marks(ax)[0].get_xdata(), [30.0, 40.0])
    assert ax.get_xlabel() == "time (ms)"
    assert [text.get_text() for text in ax.get_yticklabels()] == ["ears\n4", "cells\n6"]


def test_the_populations_of_a_raster_lie_one_below_the_other(spikes):
    ears, cells = marks(figures.raster(spikes))
    assert min(ears.get_ydata()) > max(cells.get_ydata())


def test_a_raster_of_one_population_counts_its_neurons_and_keeps_to_the_span(spikes):
    ax = figures.raster(spikes, "cells", start=20 * ms, stop=60 * ms)
    times = marks(ax)[0].get_xdata()
    assert ax.get_ylabel() == "neuron of cells"
    assert ax.get_xlim() == (20.0, 60.0)
    assert times.size
    assert 20 <= times.min() <= times.max() < 60


def test_without_a_clock_time_is_in_ticks():
    coin = ns.Neurons("coin", 5, threshold="rand() < 0.3")
    ax = figures.raster(ns.run(ns.Network(coin, schedule=ns.Synchronous()), ticks=20, record="coin"))
    assert (ax.get_xlabel(), ax.get_xlim()) == ("time (ticks)", (0.0, 20.0))


def test_a_million_spikes_are_drawn_in_seconds(spikes):
    random = np.random.default_rng(0)
    events = ns.Spikes(
        np.zeros(10**6, int), np.sort(random.integers(0, 10**5, 10**6)), random.integers(0, 6, 10**6), 1e-4
    )
    probes = tuple(probe for probe in spikes.probes if probe.name == "cells")
    recording: Any = SimpleNamespace(
        probes=probes, names=("cells",), trials=1, ticks=10**5, dt=1e-4, spikes=lambda name, **span: events
    )
    begin = time.perf_counter()
    figures.raster(recording).figure.canvas.draw()
    assert time.perf_counter() - begin < 8  # half a second on an idle machine


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("liquid",), "'liquid' was not recorded"),
        (("cells.v",), "holds values, not spikes"),
        (([],), "nothing to draw"),
        (("cell",), "Did you mean 'cells'?"),
    ],
)
def test_a_raster_refuses_what_holds_no_spikes(spikes, arguments, message):
    with pytest.raises(ns.DescriptionError) as error:
        figures.raster(spikes, *arguments)
    assert message in str(error.value)


def test_a_recording_without_spikes_has_no_raster():
    net = ns.Network(ns.Neurons("counter", 1, update="n = n + 1"), schedule=ns.Synchronous())
    with pytest.raises(ns.DescriptionError, match="holds no spikes"):
        figures.raster(ns.run(net, ticks=3, record="counter"))


@pytest.mark.parametrize("trial", [2, -1, 0.5, True])
def test_a_trial_that_there_is_not_is_refused(spikes, trial):
    for draw in (
        lambda: figures.raster(spikes, trial=trial),
        lambda: figures.traces(spikes, "cells.v", trial=trial),
    ):
        with pytest.raises(ns.DescriptionError, match="there is no trial"):
            draw()


def test_traces_show_the_recorded_values_in_a_readable_unit(spikes):
    ax = figures.traces(spikes, "cells.v", neurons=[1, 5], trial=1)
    assert ax.get_ylabel() == "cells.v (mV)"
    for line, place in zip(ax.lines, ((0, 1), (1, 2)), strict=True):
        np.testing.assert_allclose(line.get_ydata(), 1e3 * spikes["cells.v"][(1, slice(None), *place)])
        np.testing.assert_allclose(line.get_xdata(), np.arange(100.0))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0, 1", "1, 2"]


def test_pictures_are_drawn_on_the_axes_that_are_given(spikes):
    one, other = pyplot.subplots(ncols=2)[1]
    assert figures.traces(spikes, "cells.v", ax=one) is one
    assert figures.weights(echo_state(), "pool_to_pool", ax=other) is other


def test_traces_draw_the_first_five_unless_told(spikes):
    assert len(figures.traces(spikes, "cells.v").lines) == 5
    assert len(figures.traces(spikes, "cells.v", neurons=3).lines) == 1
    assert len(figures.traces(spikes, "cells[0].v").lines) == 3


def test_traces_of_a_file_and_of_a_coarser_sampling_lie_at_their_times(tmp_path):
    counter = ns.Neurons("counter", 3, update="n = n + 1")
    net = ns.Network(counter, schedule=ns.Synchronous())
    with ns.run(net, ticks=20, record={"counter.n": 5}, to=tmp_path / "run.h5") as recording:
        (line,) = figures.traces(recording, "counter.n", neurons=1).lines
    np.testing.assert_allclose(line.get_xdata(), [0, 5, 10, 15])
    np.testing.assert_allclose(line.get_ydata(), [1, 6, 11, 16])


@pytest.mark.parametrize(
    ("name", "neurons", "message"),
    [
        ("cells.w", 0, "was not recorded"),
        ("cells", 0, "holds spikes, not values"),
        ("cells.v", 6, "has no neurons 6"),
        ("cells.v", slice(9, 12), "nothing to draw"),
    ],
)
def test_traces_refuse_what_was_not_recorded(spikes, name, neurons, message):
    with pytest.raises(ns.DescriptionError, match=message):
        figures.traces(spikes, name, neurons=neurons)


def test_weights_are_drawn_as_a_matrix_with_zero_in_the_middle_of_the_colours():
    pre, post = ns.Neurons("pre", 3), ns.Neurons("post", 2, equations="dv/dt = -v/(5*ms) : volt")
    numbers = np.array([[1.0, 0.0, -4.0], [2.0, 3.0, 0.5]])
    ax = figures.weights(
        ns.Network(ns.Synapses(pre, post, to="v", weight=numbers * mV), schedule=ns.Clock(1 * ms)),
        "pre_to_post",
    )
    (image,) = ax.images
    np.testing.assert_allclose(image.get_array().filled(0.0), numbers)
    assert image.get_clim() == (-4.0, 4.0)
    assert image.colorbar.ax.get_ylabel() == "weight (mV)"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("sender: pre", "target: post")


def test_drawn_weights_are_those_that_run_with_the_same_seed():
    first, again, other = (
        figures.weights(echo_state(), "pool_to_pool", seed=seed).images[0].get_array() for seed in (3, 3, 4)
    )
    assert np.ma.allequal(first, again)
    assert not np.array_equal(first.filled(0.0), other.filled(0.0))


def test_weights_of_a_recording_are_those_that_the_run_left():
    cells = ns.Neurons("cells", 3, update="v = 1 + 0*I")
    plastic = ns.Synapses(cells, cells, weight=0.5, on_pre="w += 1 + i_pre", delay=1, name="plastic")
    recording = ns.run(ns.Network(plastic, schedule=ns.Synchronous()), ticks=2)
    drawn = figures.weights(recording, "plastic").images[0].get_array()
    assert np.array_equal(drawn, recording.matrix("plastic"))
    assert np.array_equal(drawn, 0.5 + 2 * (1 + np.arange(3)) * np.ones((3, 1)))


def test_weights_refuse_names_that_are_no_synapses_and_weights_that_are_messages():
    with pytest.raises(ns.DescriptionError, match="Did you mean 'pool_to_pool'"):
        figures.weights(echo_state(), "pool_to_poll")
    with pytest.raises(ns.DescriptionError, match="are what 'key' sends"):
        figures.weights(attention(), "query_to_score")


@pytest.mark.parametrize("draw", ["raster", "traces", "weights"])
def test_pictures_are_drawn_on_axes_that_are_given(spikes, draw):
    _, ax = pyplot.subplots()
    arguments = {
        "raster": (spikes,),
        "traces": (spikes, "cells.v"),
        "weights": (spikes.network, "ears_to_cells"),
    }[draw]
    assert getattr(figures, draw)(*arguments, ax=ax) is ax
    assert len(pyplot.get_fignums()) == 1
