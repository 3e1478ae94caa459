"""Samples lie in a file in chunks of some neurons over some ticks: what is read of them, however they were
written, and what it costs."""

import os
import sys
from importlib.util import find_spec

import h5py
import numpy as np
import pytest
from recording_side import MadeUp, same

import neurosim as ns
from neurosim.errors import DescriptionError, RecordingError
from neurosim.network.probes import Probe
from neurosim.recording import compression, header, value_writer
from neurosim.recording.checked_dataset import CheckedDataset
from neurosim.recording.chunk_pieces import as_array, as_range, pieces
from neurosim.recording.file_writer import FileWriter
from neurosim.recording.memory import MemoryWriter

KINDS = [
    0,
    4,
    pytest.param("blosc", marks=pytest.mark.skipif(find_spec("hdf5plugin") is None, reason="none")),
]


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of ten numbers, so that small recordings have many."""
    monkeypatch.setattr(value_writer, "CHUNK", 80)
    monkeypatch.setattr(header, "BLOCK", 8 * 15 * 8)
    monkeypatch.setattr(header, "MOST_TICKS_OF_BLOCK", 8)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("trials", "block"), [(1, 8), (1, 5), (1, 20), (3, 8), (3, 13)])
def test_any_blocks_in_any_chunks_give_the_same(tmp_path, small_chunks, kind, trials, block):
    made = MadeUp(trials=trials, record={"cells": 1, "cells.v": 1, "ears_to_cells.w": 7})
    memory = made.run(MemoryWriter(made.header))
    with made.run(FileWriter(made.header, tmp_path / "run.h5", kind), batch=2, block=block) as on_file:
        assert same(memory, on_file)
        full, lazy = memory["cells.v"], on_file["cells.v"]
        chunks = lazy._data.chunks
        assert 1 < chunks[0] * chunks[1] < 17 and chunks[1] < 15
        for key in (
            np.s_[..., 2, 3], np.s_[-1, 5:37:3], np.s_[0, [1, 2, 30], 1], np.s_[..., ::2, [0, 4]],
            np.s_[0, -1], np.s_[:, 3:5], np.s_[0, ::9, 1, 1], np.s_[::-1, ::-1], np.s_[..., 1:, 1:3],
        ):  # fmt: skip
            assert np.array_equal(lazy[key], full[key])


def test_pieces_cover_what_is_wanted_once():
    for wanted in (
        range(3, 40),
        range(2, 90, 7),
        range(0),
        np.array([0, 1, 2, 9, 30, 31]),
        np.array([], int),
    ):
        found = [piece.start + np.arange(10)[piece.within] for piece in pieces(wanted, 10)]
        assert np.array_equal(np.concatenate([np.zeros(0, int), *found]), as_array(wanted))
        assert all(p.start % 10 == 0 and 0 <= p.low < p.high <= 10 for p in pieces(wanted, 10))
        assert sum(p.target.stop - p.target.start for p in pieces(wanted, 10)) == len(wanted)
    assert as_range(np.array([4, 5, 6])) == range(4, 7)


def test_blocks_begin_where_all_probes_are_sampled_if_they_can():
    def block(*asked):
        made = [
            Probe(f"x{k}", "x", "v", None, (size,), every, False) for k, (size, every) in enumerate(asked)
        ]
        return header.ticks_of_block(made, np.dtype(float))

    assert block((4000, 1)) == 512
    assert block((1_000_000, 100)) == 200
    assert block((4000, 3), (10, 5)) % 15 == 0
    assert block((4000, 4001), (4000, 1)) == 512
    assert block((10**9, 1)) == 1
    assert block() == 4096


def test_one_neuron_and_the_last_tick_read_little_of_the_file(tmp_path, monkeypatch):
    """Of 2,000 neurons over 8,192 ticks, 128 MB, one neuron takes less than a tenth; a tick no more than it
    has."""
    made = MadeUp(trials=1, ticks=10, record={"cells.v": 1}, batched=False)
    probe = Probe("cells.v", "cells", "v", None, (2000,), 1, False)
    asked = made.header.__class__(**{**vars(made.header), "probes": (probe,), "ticks": 8192, "inputs": {}})
    assert np.prod(value_writer.chunk_shape(asked, probe)) * 8 <= value_writer.CHUNK
    with h5py.File(tmp_path / "x.h5", "w", libver="v110") as file:
        chunks = value_writer.chunk_shape(asked, probe)
        file.create_dataset("v", (0, 2000), float, maxshape=(None, 2000), chunks=chunks)
        writer = value_writer.ValueWriter(file["v"])
        block = np.arange(2000) + np.arange(chunks[0])[:, None] * 1e4
        for first in range(0, 8192, chunks[0]):
            writer.write(first, block)
    with h5py.File(tmp_path / "x.h5", rdcc_nbytes=0) as file:
        data = CheckedDataset(file["v"], os.path.getsize(tmp_path / "x.h5"), compressed=True)
        before, out = _bytes_read(), np.empty((8192, 1))
        data.read_into(out, range(8192), range(7, 8))
        assert np.array_equal(out[:, 0] // 1e4, np.arange(8192) % chunks[0])
        assert np.all(out[:, 0] % 1e4 == 7)
        assert _bytes_read() - before < 8192 * 2000 * 8 / 10
        before, out = _bytes_read(), np.empty((1, 2000))
        data.read_into(out, range(8191, 8192), range(2000))
        assert np.array_equal(out[0] % 1e4, np.arange(2000))
        assert _bytes_read() - before < 2 * 2000 * 8 + 10_000


def _bytes_read():
    """How many bytes this process has read from files."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux counts what a process reads")
    with open("/proc/self/io") as file:
        return int(file.readline().split()[1])


def test_files_whose_chunks_are_whole_rows_are_read(tmp_path):
    """As neurosim 0.1 wrote them."""
    values = np.random.default_rng(0).random((50, 30))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("v", data=values, chunks=(8, 30))
        file.create_dataset("whole", data=values)
    with h5py.File(tmp_path / "x.h5", rdcc_nbytes=0) as file:
        for name in ("v", "whole"):
            data = CheckedDataset(file[name], 10**6, compressed=True)
            for rows in (range(50), range(3, 40), range(0, 50, 9), np.array([1, 2, 30])):
                for columns in (range(30), range(2, 29), range(7, 8), np.array([0, 20])):
                    out = np.empty((len(rows), len(columns)))
                    data.read_into(out, rows, columns)
                    assert np.array_equal(out, values[np.ix_(as_array(rows), as_array(columns))])


def test_blosc_makes_voltages_smaller_and_leaves_spikes_to_other_readers(tmp_path):
    pytest.importorskip("hdf5plugin")
    libsonata = pytest.importorskip("libsonata")
    cells = ns.Neurons("cells", 50, update="v = randn() - 60", threshold="v > -58", reset="v = -60")
    net, path = ns.Network(cells, schedule=ns.Synchronous()), tmp_path / "run.h5"
    asked = dict(ticks=3000, record=["cells", "cells.v"], engine="reference")
    with ns.run(net, **asked, to=path, compression="blosc") as small:
        assert same(small, ns.run(net, **asked))
        population = libsonata.SpikeReader(str(path))["cells"]
        assert len(population.get()) == len(small.spikes("cells")) > 0
        with small.to_file(tmp_path / "plain.h5") as plain:
            assert os.path.getsize(path) < 0.9 * os.path.getsize(plain.path)
            report = libsonata.ElementReportReader(str(plain.path))["cells.v"]
            assert np.allclose(report.get(tstart=0, tstop=3).data[1], plain["cells.v"][1])
    with ns.open(path) as opened, opened.to_file(tmp_path / "again.h5", compression="blosc") as copy:
        assert same(opened, copy)


@pytest.mark.parametrize("harm", ["longer", "cut", "noise"])
def test_a_chunk_of_blosc_that_is_damaged_is_refused(tmp_path, harm):
    hdf5plugin = pytest.importorskip("hdf5plugin")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        data = file.create_dataset("v", data=np.zeros((64, 8)), chunks=(64, 8), **hdf5plugin.Blosc())
        content = bytearray(data.id.read_direct_chunk((0, 0))[1])
        if harm == "longer":
            content[4:8] = (2**31 - 1).to_bytes(4, "little")
        elif harm == "cut":
            content = content[:9]
        else:
            content[16:] = np.random.default_rng(0).bytes(len(content) - 16)
        data.id.write_direct_chunk((0, 0), bytes(content))
    with h5py.File(tmp_path / "x.h5") as file:
        checked, out = CheckedDataset(file["v"], 10**6, compressed=True), np.empty((64, 8))
        with pytest.raises(
            OSError if harm == "noise" else RecordingError, match="filter|bytes instead of 4096"
        ):
            checked.read_into(out, range(64), range(8))


def test_without_the_plugin_writing_and_reading_name_the_package(tmp_path, monkeypatch):
    pytest.importorskip("hdf5plugin")
    cells = ns.Neurons("cells", 3, update="v = v + 1", threshold="v > 3", reset="v = 0")
    net, path = ns.Network(cells, schedule=ns.Synchronous()), tmp_path / "run.h5"
    ns.run(net, ticks=9, record=["cells", "cells.v"], to=path, compression="blosc").close()
    monkeypatch.setattr(compression, "find_spec", lambda name: None)
    with pytest.raises(DescriptionError, match=r"run: compression: 'blosc' needs the package hdf5plugin"):
        ns.run(net, ticks=9, record=["cells"], to=tmp_path / "other.h5", compression="blosc")
    assert not (tmp_path / "other.h5").exists()
    with ns.open(path) as opened:
        assert len(opened.spikes("cells")) == 6
        with pytest.raises(RecordingError, match=r"run\.h5: .*install the package hdf5plugin: pip install"):
            opened["cells.v"][:]


@pytest.mark.parametrize("wrong", ["gzip", "", None, 1.5])
def test_an_unknown_compression_is_refused_before_the_run(tmp_path, wrong):
    net = ns.Network(ns.Neurons("x", 1, update="v = 1"), schedule=ns.Synchronous())
    with pytest.raises(DescriptionError, match="compression: .*Give"):
        ns.run(net, ticks=1, to=tmp_path / "run.h5", compression=wrong)
    with pytest.raises(DescriptionError, match="session: compression: .*Give"):
        ns.session(net, to=tmp_path / "run.h5", compression=wrong)
    assert not os.listdir(tmp_path)
