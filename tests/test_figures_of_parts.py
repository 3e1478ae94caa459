"""Parts of a network are frames in a diagram, open or closed. The artists are checked, not the pixels."""
# ruff: noqa: RUF001 (the sign of multiplication)

import itertools
from importlib import import_module

import numpy as np
import pytest

import neurosim as ns
from neurosim import figures

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pyplot = import_module("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def block() -> ns.Network:
    """Two populations, with weights that learn, and a product."""
    x, y, z = ns.Neurons("x", 2), ns.Neurons("y", 2, update="y = tanh(I)"), ns.Neurons("z", 2, update="z = I")
    into = ns.Synapses(x, y, weight=ns.normal(0, 1), learns=True)
    return ns.Network(into, ns.Synapses(x, z, weight=y, wiring=ns.einsum("i, i -> i")), schedule=ns.Layered())


def stack() -> ns.Network:
    """drive -> first -> second -> out, with feedback from the second to the first."""
    first = block().named("first")
    second = first.named("second", tied=first)
    drive, out = ns.Neurons("drive", 2), ns.Neurons("out", 2, update="y = I")
    return ns.Network(
        first, second, ns.Synapses(drive, first["x"]), ns.Synapses(first["z"], second["x"]),
        ns.Synapses(first["y"], second["x"]), ns.Synapses(second["z"], out, name="end"),
        ns.Synapses(second["z"], first["x"], delay=1, name="again"), schedule=ns.Layered(),
    )  # fmt: skip


def ids(ax, kind: str) -> list[str]:
    names = [(artist.get_gid() or "") for artist in (*ax.patches, *ax.texts)]
    return [name.removeprefix(f"{kind}:") for name in names if name.startswith(f"{kind}:")]


def area(ax, gid: str):
    return next(patch for patch in ax.patches if patch.get_gid() == gid).get_bbox()


def holds(outer, inner) -> bool:
    return outer.x0 < inner.x0 and outer.y0 < inner.y0 and inner.x1 < outer.x1 and inner.y1 < outer.y1


def test_the_populations_of_an_open_part_stand_in_a_frame_with_its_name():
    ax = figures.diagram(stack(), closed=False)
    frames = {name: area(ax, f"frame:{name}") for name in ("first", "second")}
    for name in stack().populations:
        box = area(ax, f"population:{name}")
        assert [part for part, frame in frames.items() if holds(frame, box)] == [
            part for part in frames if name.startswith(part)
        ]
    assert frames["first"].x1 < frames["second"].x0
    titles = {text.get_gid(): text.get_text() for text in ax.texts}
    assert titles["framed:first"] == "first"
    assert titles["name:first_x"] == "x"
    assert titles["name:out"] == "out"


def test_the_pieces_of_an_edge_meet_at_the_frames():
    ax = figures.diagram(stack(), closed=False)
    for name in ("drive_to_first_x", "end"):
        ends = [
            patch.get_path().vertices[[0, -1]] for patch in ax.patches if patch.get_gid() == f"forward:{name}"
        ]
        assert len(ends) == 2
        ends.sort(key=lambda piece: piece[0, 0])
        np.testing.assert_allclose(ends[0][1], ends[1][0])
    assert ids(ax, "head").count("end") == 1


def test_nothing_covers_anything_within_frames():
    from neurosim.figures.graph.canvas import measure
    from neurosim.figures.graph.closing import close_parts
    from neurosim.figures.graph.frames import lay_out
    from neurosim.figures.graph.labels import place_labels
    from neurosim.figures.graph.model import read_boxes, read_connections

    net = ns.Network(stack().named("a"), schedule=ns.Layered())
    boxes, connections, frames = close_parts(net, read_boxes(net), read_connections(net), ())
    layout = lay_out(boxes, connections, measure, frames)
    areas = [node.outline for node in layout.nodes.values()]
    areas += [area for label in place_labels(layout) for area in label.areas]
    assert not any(a.overlap(b) > 1e-3 for n, a in enumerate(areas) for b in areas[:n])


def test_a_closed_part_is_one_box_and_its_connections_are_one_edge_for_each_delay():
    ax = figures.diagram(stack(), closed=True)
    assert {name for name in ids(ax, "closed") if ":" not in name} == {"first", "second"}
    assert set(ids(ax, "population")) == {"drive", "out"}
    assert len(ids(ax, "forward")) == 3
    assert len(ids(ax, "back")) == 1
    assert "2 connections" in [text.get_text() for text in ax.texts]
    assert {"3 populations", "6 neurons"} <= {text.get_text() for text in ax.texts}


@pytest.mark.parametrize("closed", ["second", ("second",)])
def test_one_part_can_be_closed_and_the_other_open(closed):
    ax = figures.diagram(stack(), closed=closed)
    assert ids(ax, "frame") == ["first"]
    assert {name for name in ids(ax, "closed") if ":" not in name} == {"second"}


def test_parts_within_parts_are_frames_within_frames():
    net = ns.Network(stack().named("a"), schedule=ns.Layered())
    ax = figures.diagram(net, closed=False)
    outer = area(ax, "frame:a")
    assert all(holds(outer, area(ax, f"frame:a_{name}")) for name in ("first", "second"))
    ax = figures.diagram(net, closed=("a_first", "a_second"))
    assert ids(ax, "frame") == ["a"]
    assert {"a_first", "a_second"} <= set(ids(ax, "closed"))
    assert {name for name in ids(figures.diagram(net, closed="a"), "closed") if ":" not in name} == {"a"}


def test_as_many_parts_are_closed_as_it_takes_to_fit_on_a_page():
    first = block().named("step0")
    steps = [first, *(first.named(f"step{n}") for n in range(1, 24))]
    between = [ns.Synapses(a["z"], b["x"]) for a, b in itertools.pairwise(steps)]
    net = ns.Network(steps, between, schedule=ns.Layered())
    assert ids(figures.diagram(ns.Network(first, schedule=ns.Layered())), "frame") == ["step0"]
    ax = figures.diagram(net)
    assert ids(ax, "frame") == []
    assert max(ax.figure.get_size_inches()) < 14


@pytest.mark.parametrize(
    ("weight", "inside", "edges"),
    [
        ("weight", ("sender", "target"), 1),  # only the weight comes from outside
        ("sender", ("weight", "target"), 1),
        ("target", ("sender", "weight"), 1),
        ("", ("sender", "weight", "target"), 0),
        ("all", ("target",), 3),
    ],
)
def test_a_product_is_drawn_where_its_ends_are_three_boxes(weight, inside, edges):
    ends = {"sender": ns.Neurons("sender", 2), "weight": ns.Neurons("weight", 2)}
    ends["target"] = ns.Neurons("target", 2, update="y = I")

    def joined(part):
        one = part["target"] if "target" in inside else ends["target"]
        sender = part["sender"] if "sender" in inside else ends["sender"]
        factor = part["weight"] if "weight" in inside else ends["weight"]
        return ns.Synapses(sender, one, weight=factor, wiring=ns.einsum("i, i -> i"))

    part = ns.Network([ends[name] for name in inside], schedule=ns.Layered()).named("part")
    ax = figures.diagram(ns.Network(part, joined(part), schedule=ns.Layered()), closed="part")
    assert len(ids(ax, "forward")) == edges
    assert bool(ids(ax, "product")) == (weight == "all")


@pytest.mark.parametrize("tied", [True, False])
def test_equal_parts_that_follow_each_other_are_one_box(tied):
    first = block().named("b1")
    blocks = [first, *(first.named(f"b{n}", tied=first if tied else None) for n in range(2, 5))]
    x, out = ns.Neurons("x", 2), ns.Neurons("out", 2, update="y = I")
    between = [ns.Synapses(a["z"], b["x"]) for a, b in itertools.pairwise(blocks)]
    ends = [ns.Synapses(x, first["x"]), ns.Synapses(blocks[-1]["z"], out)]
    net = ns.Network(*blocks, between, ends, schedule=ns.Layered())
    ax = figures.diagram(net, closed=True)
    texts = {text.get_text() for text in ax.texts}
    assert {"b1 … b4", "× 4, one after the other", "3 populations each"} <= texts
    assert ("the same weights" in texts) == tied
    assert len(ids(ax, "forward")) == 2
    again = ns.Synapses(x, blocks[2]["x"])  # now the third is not like the others
    ax = figures.diagram(ns.Network(*blocks, between, ends, again, schedule=ns.Layered()), closed=True)
    assert {"b1", "b4"} <= set(ids(ax, "closed"))


def test_a_part_that_there_is_not_is_named():
    with pytest.raises(ns.DescriptionError, match="no part 'frist'.*Did you mean 'first'"):
        figures.diagram(stack(), closed=("frist",))
