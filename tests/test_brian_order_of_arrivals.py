"""Where Brian2's targets disagree about spikes that arrive together, the device says so, and nowhere else."""

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms
from brian_device_side import Arrays, device

from neurosim.brian import order_of_arrivals

TEXTS = {  # whether the targets disagree
    "v_post += w; u = v_post": True,
    "v_post += w; u += share_post": True,
    "v_post = w; u = v_post": True,
    "v_post += w*v_pre": True,
    "u = v_pre; v_post += w": True,
    "v_pre += w; u = v_pre": True,
    "v_post *= 1.1; x_post += v_post*w": True,
    "v_post += w; a = 2*v_post; w = clip(a, 0, 3)": True,
    "v_post += w": False,
    "v += w; w = clip(w - 0.1, 0, 2); u += w": False,
    "u = v_post; v_post += w": False,
    "v_post = v_post*0.9 + w; u = v_post": False,
    "v_post += w; u = x_post": False,
    "x_post = v_post + w; w += 0.1": False,
    "v_post += 0.1*v_post": False,
    "n += 1; v_post += n*w; total_post += w": False,
}


def script(text: str, pairs: list[tuple[int, int]]) -> Arrays:
    """Four cells that spike together, so that all synapses act in one tick."""
    cells = b2.NeuronGroup(
        4, "v : 1\nx : 1\ntotal : 1\nshare = 3*v : 1", threshold="t == 0*ms", namespace={"ms": ms},
        name="cells",
    )  # fmt: skip
    cells.v = "0.1*i"
    wires = b2.Synapses(cells, cells, "w : 1\nu : 1\nn : 1", on_pre=text, name="wires")
    wires.connect(i=[i for i, _ in pairs], j=[j for _, j in pairs])
    wires.w = "0.3 + 0.1*i + 0.01*j"
    b2.Network(cells, wires).run(0.3 * ms)
    values = {"v": cells.v, "x": cells.x, "total": cells.total, "w": wires.w, "u": wires.u}
    return {name: np.array(value[:]) for name, value in values.items()}


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(order_of_arrivals.log, "warn", lambda text, once: found.append(text))
    return found


ALL = [(i, j) for i in range(4) for j in range(4) if i != j]


@pytest.mark.parametrize(("text", "differs"), TEXTS.items(), ids=range(len(TEXTS)))
def test_a_warning_names_each_text_whose_result_depends_on_the_target(warnings, text, differs):
    with device("runtime"):
        numpy = script(text, ALL)
    with device("neurosim", engine="reference"):
        found = script(text, ALL)
    assert any(not np.allclose(numpy[name], found[name]) for name in numpy) == differs
    assert len(warnings) == differs
    if differs:
        assert text in warnings[0] and "Synapses 'wires'" in warnings[0] and "as Cython does" in warnings[0]


def test_nothing_is_said_where_no_two_synapses_share_a_neuron(warnings):
    with device("neurosim", engine="reference"):
        script("v_post += w; u = v_post", [(0, 1), (1, 2), (2, 3)])
        assert not warnings
        script("u = v_pre; v_post += w", [(0, 1), (2, 3)])
        assert not warnings
        script("u = v_pre; v_post += w", [(0, 1), (1, 3)])
    assert len(warnings) == 1
