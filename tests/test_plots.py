"""Figures of rasters, traces and weights."""

import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from figures_side import attention, echo_state, pyplot

import neurosim as ns
import neurosim.models
from neurosim import figures
from neurosim.units import Mohm, ms, mV, nA

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


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
