"""A recording file is a SONATA spike and report file: libsonata, another program altogether, reads the same
numbers."""

from dataclasses import replace

import h5py
import libsonata
import numpy as np
import pytest
from recording_side import MadeUp

import neurosim as ns
from neurosim.recording.file_writer import FileWriter
from neurosim.units import ms


def written(path, blocks=None, **made_up):
    made = MadeUp(**made_up)
    made.run(FileWriter(made.header, path), **(blocks or {})).close()
    return made


@pytest.mark.parametrize("clock", [True, False])
@pytest.mark.parametrize("trials", [1, 3])
def test_libsonata_reads_the_spikes(tmp_path, clock, trials):
    made = written(tmp_path / "run.h5", trials=trials, clock=clock)
    spikes = libsonata.SpikeReader(str(tmp_path / "run.h5"))
    assert sorted(spikes.get_population_names()) == ["cells", "cells[1]"]
    assert spikes["cells"].sorting == ("by_time" if trials == 1 else "none")
    assert spikes["cells"].time_units == "ms"
    ms = 0.5 if clock else 1.0
    trial, tick, neuron = np.nonzero(made.raster)
    wanted = np.stack(
        [neuron, (trial * 40 + tick) * ms], axis=1
    )  # rising in time, and within a tick by neuron
    assert np.allclose(sorted(spikes["cells"].get(), key=lambda spike: spike[::-1]), wanted)
    part = wanted[(neuron >= 5) & (neuron < 10)]
    assert np.allclose(sorted(spikes["cells[1]"].get(), key=lambda spike: spike[::-1]), part)


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("blocks", [{}, {"batch": 1, "block": 40}, {"batch": 3, "block": 1}])
def test_libsonata_reads_the_reports(tmp_path, precision, blocks):
    made = written(tmp_path / "run.h5", blocks, precision=precision)
    reports = libsonata.ElementReportReader(str(tmp_path / "run.h5"))
    assert sorted(reports.get_population_names()) == ["cells.v", "cells[:2, [4, 1]].v", "ears_to_cells.w"]
    for name, values in made.values.items():
        read = reports[name].get()
        assert np.array_equal(read.data, values.reshape(-1, values[0, 0].size).astype(np.float32)), name
    assert reports["cells.v"].times == (0.0, 3 * 40 * 0.5, 0.5)
    assert (reports["cells.v"].time_units, reports["cells.v"].data_units) == ("ms", "1")
    assert reports["cells.v"].get(node_ids=[7]).data.shape == (120, 1)
    assert reports["cells.v"].get(tstart=20.0, tstop=29.9).data.shape == (20, 15)


def test_a_report_names_the_neurons_of_a_part_by_their_index_in_the_population(tmp_path):
    made = written(tmp_path / "run.h5")
    read = libsonata.ElementReportReader(str(tmp_path / "run.h5"))["cells[:2, [4, 1]].v"].get()
    assert read.ids[:, 0].tolist() == [4, 1, 9, 6]
    assert np.array_equal(read.data, made.values["cells[:2, [4, 1]].v"].reshape(-1, 4).astype(np.float32))


def test_an_interrupted_recording_is_read_as_far_as_it_goes(tmp_path):
    made = MadeUp(trials=1)
    made.feed(FileWriter(made.header, tmp_path / "run.h5"), stop=(0, 17)).finish(
        17, "interrupted", {}
    ).close()
    report = libsonata.ElementReportReader(str(tmp_path / "run.h5"))["cells.v"]
    assert report.times == (0.0, 8.5, 0.5)
    assert np.array_equal(
        report.get().data, made.values["cells.v"][0, :17].reshape(17, 15).astype(np.float32)
    )


def test_the_file_keeps_the_rules_of_the_specification(tmp_path):
    made = MadeUp()
    made.header = replace(made.header, probes=made.header.probes[:2])
    made.run(FileWriter(made.header, tmp_path / "run.h5")).close()
    with h5py.File(tmp_path / "run.h5") as file:
        assert (file.attrs["magic"], file.attrs["version"].tolist()) == (0x0A7A, [0, 1])
        assert file.attrs["magic"].dtype == file.attrs["version"].dtype == np.uint32
        assert h5py.check_enum_dtype(file["spikes/cells"].attrs.get_id("sorting").dtype) == {
            "none": 0,
            "by_id": 1,
            "by_time": 2,
        }
        assert file["spikes/cells/timestamps"].dtype == np.float64
        assert file["spikes/cells/node_ids"].dtype == np.uint64
        report = file["report/cells.v"]
        assert report["data"].dtype == np.float32
        mapping = {name: (data.dtype.name, data.shape) for name, data in report["mapping"].items()}
        assert mapping == {
            "node_ids": ("uint64", (15,)),
            "index_pointers": ("uint64", (16,)),
            "index_pointer": ("uint64", (16,)),
            "time": ("float64", (3,)),
            "element_ids": ("uint32", (15,)),
            "element_id": ("uint32", (15,)),
            "element_pos": ("float32", (15,)),
        }
        assert b"trial r, tick k at (r*40 + k)*0.5 ms" in file["neurosim"].attrs["time_axis"]


def test_a_tick_without_a_clock_is_said_to_count_as_a_millisecond(tmp_path):
    written(tmp_path / "run.h5", clock=False)
    with h5py.File(tmp_path / "run.h5") as file:
        assert b"a tick counts as 1 ms" in file["neurosim"].attrs["time_axis"]


def test_the_32_bit_view_takes_no_room_and_leaves_the_values_exact(tmp_path):
    made = written(tmp_path / "run.h5", trials=2, ticks=4000, record={"cells.v": 1})
    exact = made.values["cells.v"].nbytes
    assert exact <= (tmp_path / "run.h5").stat().st_size < exact + made.header.inputs["ears"].nbytes + 2**16


def test_rows_are_where_the_file_says_when_the_interval_does_not_divide_the_trial(tmp_path):
    made = written(tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5") as file:
        data = file["report/ears_to_cells.w/data"]
        per_trial = data.attrs["rows_per_trial"]
        assert per_trial == 6
        assert np.array_equal(
            data[per_trial : 2 * per_trial], made.values["ears_to_cells.w"][1].astype(np.float32)
        )


def test_libsonata_reads_what_a_run_recorded(tmp_path):
    cells = ns.Neurons(
        "cells",
        4,
        equations="dv/dt = (a - v)/(5*ms) : 1",
        threshold="v > 1",
        reset="v = 0",
        a=[1.2, 1.5, 2, 3],
    )
    net = ns.Network(cells, schedule=ns.Clock(0.5 * ms))
    with ns.run(net, ticks=100, record=["cells", "cells.v"], to=tmp_path / "run.h5") as recording:
        spikes, values = recording.spikes("cells"), np.asarray(recording["cells.v"])
    read = libsonata.SpikeReader(str(tmp_path / "run.h5"))["cells"].get()
    assert len(read) > 20
    assert sorted(read, key=lambda spike: spike[::-1]) == [
        (neuron, tick * 0.5) for neuron, tick in zip(spikes.neuron, spikes.tick, strict=True)
    ]
    report = libsonata.ElementReportReader(str(tmp_path / "run.h5"))["cells.v"].get()
    assert np.array_equal(report.data, values.astype(np.float32))
    np.testing.assert_allclose(report.times, np.arange(100) * 0.5)
