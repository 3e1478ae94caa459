"""The figure of a cell shows its text as a graph. The graph and the artists are checked, not the pixels."""
# ruff: noqa: RUF001 (the signs of the drawing: sigma, times, minus)

from importlib import import_module

import numpy as np
import pytest

import neurosim as ns
from neurosim import cells, figures
from neurosim.figures.inside.flow import read_flow

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pyplot = import_module("matplotlib.pyplot")

ROWS = np.arange(4.0)
CELLS = {
    "lstm": cells.lstm("cells", 4, b_i=ROWS, b_o=ROWS, b_g=ROWS),
    "peephole_lstm": cells.peephole_lstm("cells", 4, p_i=ROWS, p_f=ROWS, p_o=ROWS),
    "gru": cells.gru("cells", 4),
    "elman": cells.unit("cells", 4),
    "leaky": cells.leaky_tanh("cells", 4, leak=0.3, noise=0.1),
    "hopfield": import_module("neurosim.models.continuous_hopfield").example()["net"]["cells"],
    "spiking": import_module("neurosim.models.balanced_cuba").example()["net"]["cells"],
    "minimal_gru": import_module("neurosim.models.minimal_gru").example()["net"]["cells"],
    "map": import_module("neurosim.models.kohonen").example()["net"]["map"],
    "address": import_module("neurosim.models.turing_head").example()["net"]["address"],
    "softsign": cells.unit("cells", 4, "softsign", dropout=0.3),
}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def texts(population: ns.Neurons, kind: str) -> list[str]:
    return [node.text for node in read_flow(population).nodes.values() if node.kind == kind]


def arguments(population: ns.Neurons, kind: str) -> list[set[str]]:
    """For each node of a kind, the texts of the nodes from which an arrow leads to it."""
    flow = read_flow(population)
    return [
        {flow.nodes[wire.source].text for wire in flow.wires if wire.target == key}
        for key, node in flow.nodes.items()
        if node.kind == kind
    ]


def loops(population: ns.Neurons) -> list[tuple[str, str]]:
    flow = read_flow(population)
    return [(flow.nodes[loop.source].text, flow.nodes[loop.target].text) for loop in flow.loops]


def test_an_lstm_has_three_gates_and_a_memory_that_a_sum_renews():
    lstm = CELLS["lstm"]
    assert sorted(texts(lstm, "function")) == ["tanh", "tanh", "σ", "σ", "σ"]
    assert texts(lstm, "input") == ["f + 1", "i + b_i", "g + b_g", "o + b_o"]
    assert len(texts(lstm, "product")) == 3
    assert loops(lstm) == [("+", "c(t − 1)")]
    assert texts(lstm, "output") == ["h(t)"]


def test_the_peepholes_of_an_lstm_lead_from_the_memory_to_the_gates():
    assert sorted(texts(CELLS["peephole_lstm"], "scale")) == ["× p_f", "× p_i", "× p_o"]
    peepholes = arguments(CELLS["peephole_lstm"], "scale")
    assert peepholes.count({"c(t − 1)"}) == 2
    assert peepholes.count({"+"}) == 1


def test_the_update_gate_of_a_gru_is_one_node_that_is_used_twice():
    flow = read_flow(CELLS["gru"])
    assert texts(CELLS["gru"], "function").count("σ") == 2
    gate = next(key for key, name in flow.names.items() if name == "keep")
    assert {flow.nodes[wire.target].text for wire in flow.wires if wire.source == gate} == {"×", "1 −"}
    assert loops(CELLS["gru"]) == [("+", "h(t − 1)")]


def test_terms_without_effect_are_not_drawn():
    assert texts(cells.leaky_tanh("pool", 3), "function") == ["tanh"]
    assert texts(cells.leaky_tanh("pool", 3), "state") == []
    assert texts(CELLS["leaky"], "random") == ["randn()"]


def test_an_equation_is_a_loop_through_an_integral():
    assert loops(CELLS["hopfield"]) == [("/ tau", "∫ u")]
    assert texts(CELLS["hopfield"], "output") == ["V"]
    flow = read_flow(CELLS["spiking"])
    assert [node.text for node in flow.nodes.values() if node.kind == "output"] == ["spikes"]
    assert flow.remarks == ["after a spike: v = v_reset"]


def test_subtrahends_and_divisors_are_marked():
    flow = read_flow(ns.Neurons("cells", 2, ports="a b c", update="y = (a - b)/(1 + c)"))
    inverse = [wire for wire in flow.wires if wire.inverse]
    assert [flow.nodes[wire.target].kind for wire in inverse] == ["sum", "product"]
    assert [flow.nodes[wire.source].text for wire in inverse] == ["b", "c + 1"]


def test_other_operations_keep_their_text():
    cells = ns.Neurons(
        "cells", 2, ports="a b", update="p = 2**a + a**b + b**3 + 1/a\ny = where(p > 1, clip(a, 0, 1), p % 2)"
    )
    functions = set(texts(cells, "function"))
    assert functions == {"2ˣ", "xʸ", "x³", "1 ÷", "where(· > 1, ·, ·)", "clip(·, 0, 1)", "· % 2"}


def test_what_happens_in_training_only_is_a_remark():
    ax = figures.cell(CELLS["softsign"])
    assert "in training also bernoulli(0.7)/0.7" in [text.get_text() for text in ax.texts]
    assert texts(CELLS["softsign"], "random") == []


@pytest.mark.parametrize("name", CELLS)
def test_no_node_covers_another_and_no_wire_runs_through_a_node(name):
    from neurosim.figures.graph.canvas import measure
    from neurosim.figures.graph.geometry import points_of
    from neurosim.figures.inside.arrange import arrange

    arrangement = arrange(read_flow(CELLS[name]), measure)
    areas = [place.area for place in arrangement.places.values()]
    assert not any(a.overlap(b) for n, a in enumerate(areas) for b in areas[:n])
    points = [point for _, curve in arrangement.curves for point in points_of(curve)]
    for left, top, right, bottom in areas:
        assert not any(left + 0.03 < x < right - 0.03 and top + 0.03 < y < bottom - 0.03 for x, y in points)


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_is_drawn_with_a_head_for_every_wire(name):
    ax = figures.cell(CELLS[name])
    flow = read_flow(CELLS[name])
    heads = [patch for patch in ax.patches if patch.get_gid().startswith("head:")]
    assert len(heads) == len(flow.wires) + len(flow.loops)
    width, height = ax.figure.get_size_inches()
    assert width < 14
    assert height < 14


def test_long_text_is_written():
    many = "\n".join(f"x{n} = tanh(I + {n})*x{n}" for n in range(20))
    ax = figures.cell(ns.Neurons("cells", 2, update=many))
    assert "x7 = tanh(I + 7)*x7" in [text.get_text() for text in ax.texts]
    spiking = ns.Neurons("cells", 2, update=many, threshold="x3 > 1", reset="x3 = 0")
    texts = [text.get_text() for text in figures.cell(spiking).texts]
    assert texts[-2:] == ["spikes if x3 > 1", "after a spike: x3 = 0"]


def test_a_cell_fits_into_axes_that_are_given():
    _, ax = pyplot.subplots(figsize=(3, 2))
    assert figures.cell(CELLS["gru"], ax=ax) is ax


@pytest.mark.parametrize(
    ("population", "message"),
    [(ns.Neurons("x", 2), "has no text"), ("cells", "is not a population")],
)
def test_what_has_no_inside_is_refused(population, message):
    with pytest.raises(ns.DescriptionError, match=message):
        figures.cell(population)
