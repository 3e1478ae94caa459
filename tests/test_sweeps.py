"""Asynchronous sweeps, which update one neuron after the other, compared with a loop in numpy."""

import numpy as np
import pytest

import neurosim as ns


@pytest.mark.parametrize("wiring", [ns.all_to_all(), ns.probability(0.6)])
@pytest.mark.parametrize("text", ["", "y = 0.5*y"])
@pytest.mark.parametrize("engine", ["reference", "events"])
def test_what_arrives_at_the_variable_that_is_sent_is_heard_in_the_same_sweep(engine, text, wiring):
    """y_n += sum_m w_nm y_m, neuron after neuron, each with the newest values of the others."""
    cells = (
        ns.Neurons("cells", 7, update=text, y=2) if text else ns.Neurons("cells", 7, equations="y : 1", y=2)
    )
    links = ns.Synapses(
        cells, cells, to="y", wiring=wiring, weight=ns.normal(0.0, 0.3), delay=0, name="links"
    )
    net = ns.Network(cells, links, schedule=ns.Asynchronous(order="index"))
    recording = ns.run(net, ticks=4, record=["cells.y"], engine=engine, seed=5)
    weights, y = recording.matrix("links"), np.full(7, 2.0)
    for tick in range(4):
        for neuron in range(7):
            y[neuron] += weights[neuron] @ y
            y[neuron] *= 0.5 if text else 1.0
        np.testing.assert_allclose(recording["cells.y"][tick], y, rtol=1e-12)
