"""Blocks of a recording as an engine writes them, runs that end early, and saved networks."""

import os
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from recording_side import MadeUp, equal

import neurosim as ns
from neurosim import network_file
from neurosim.errors import DescriptionError, RecordingError
from neurosim.recording.file_writer import FileWriter
from neurosim.recording.memory import MemoryWriter
from neurosim.recording.recording import Spikes


def test_writing_to_a_file_takes_bounded_memory(tmp_path):
    made = MadeUp(trials=1, ticks=100, record={"cells": 1, "cells.v": 1}, batched=False)
    writer = FileWriter(replace(made.header, ticks=10**6, inputs={}), tmp_path / "run.h5")
    block, ticks = np.ones((1, 1000, 3, 5)), np.arange(1000)
    tracemalloc.start()
    for first in range(0, 200_000, 1000):
        spikes = Spikes(np.zeros(1000), ticks + first, ticks % 15, 0.0005)
        writer.write(0, first, {"cells.v": block}, {"cells": spikes}, trials=1, ticks=1000)
    assert tracemalloc.get_traced_memory()[1] < 3e6
    tracemalloc.stop()
    with ns.Recording.of(writer.finish(200_000, "interrupted", {})) as rec:
        assert rec.rates("cells").sum() == pytest.approx(200_000 / rec.ticks / rec.dt)
        assert os.path.getsize(rec.path) < 1.1 * 200_000 * (15 * 8 + 16)


@pytest.mark.parametrize("keep", [MemoryWriter, "file"])
def test_an_interrupted_run_keeps_the_trials_that_got_as_far_as_it_says(tmp_path, keep):
    made = MadeUp(trials=5)
    for ticks, trials in ((40, 2), (13, 4), (20, 2)):
        writer = FileWriter(made.header, tmp_path / "run.h5") if keep == "file" else keep(made.header)
        made.feed(writer, batch=2, block=9, stop=(2, 13))
        with ns.Recording.of(writer.finish(ticks, "interrupted", made.final)) as rec:
            trials = 5 if ticks == 13 else trials
            assert (rec.ticks, rec.trials, rec.stopped) == (ticks, trials, "interrupted")
            assert rec.progress.tolist() == [40, 40, 13, 13, 13]
            assert np.array_equal(rec["cells.v"], made.values["cells.v"][:trials, :ticks])
            assert np.array_equal(
                np.asarray(rec["cells"]).reshape(trials, ticks, 15), made.raster[:trials, :ticks]
            )
            assert rec["ears_to_cells.w"].shape == (trials, -(-ticks // 7), 60)
            assert "interrupted" in str(rec)


@pytest.mark.parametrize("keep", [MemoryWriter, "file"])
def test_a_run_that_was_stable_early_is_shorter_than_planned(tmp_path, keep):
    made = MadeUp(trials=2)
    writer = FileWriter(made.header, tmp_path / "run.h5") if keep == "file" else keep(made.header)
    made.feed(writer, stop=(0, 11))
    with ns.Recording.of(writer.finish(11, "stable", made.final)) as rec:
        assert (rec.ticks, rec.trials, rec.stopped) == (11, 2, "stable")
        assert np.array_equal(rec["cells.v"], made.values["cells.v"][:, :11])
        assert rec.header.ticks == 40


@pytest.mark.parametrize("keep", [MemoryWriter, "file"])
def test_a_run_without_records_still_has_its_length_and_final_state(tmp_path, keep):
    made = MadeUp(record={})
    writer = FileWriter(made.header, tmp_path / "run.h5") if keep == "file" else keep(made.header)
    with ns.Recording.of(writer.finish(40, "end", made.final)) as rec:
        assert (rec.ticks, rec.trials, rec.names) == (40, 3, ())
        assert np.array_equal(rec.final["state/cells/v"], made.final["state/cells/v"])
        assert "no records" in str(rec)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda made, writer: made.block(writer, 0, 9, 2, 9), "begins at trial 0, tick 9"),
        (
            lambda made, writer: writer.write(
                0, 0, {n: v[:2, :4] for n, v in made.values.items()}, {}, trials=2, ticks=5
            ),
            "instead of",
        ),
        (
            lambda made, writer: writer.write(
                0,
                0,
                {n: v[:1, : len(range(0, 5, p.every))] for n, v, p in _by_probe(made)},
                {"cells": Spikes([0], [5], [0])},
                trials=1,
                ticks=5,
            ),
            "outside its block",
        ),
    ],
)
def test_blocks_that_do_not_fit_are_refused(change, message):
    made = MadeUp()
    with pytest.raises(RecordingError, match=message):
        change(made, MemoryWriter(made.header))


def _by_probe(made):
    return [(p.name, made.values[p.name], p) for p in made.header.probes if not p.events]


def test_arrays_of_a_block_may_be_used_again(tmp_path):
    made = MadeUp(trials=1, ticks=20, record={"cells.v": 1})
    for writer in (MemoryWriter(made.header), FileWriter(made.header, tmp_path / "run.h5")):
        block = np.zeros((1, 10, 3, 5))
        for tick in (0, 10):
            block[...] = tick
            writer.write(0, tick, {"cells.v": block}, {}, trials=1, ticks=10)
        with ns.Recording.of(writer.finish(20, "end", {})) as rec:
            assert rec["cells.v"][0, :, 0, 0].tolist() == [0.0] * 10 + [10.0] * 10


def test_spikes_of_a_block_may_come_in_any_order(tmp_path):
    made = MadeUp(trials=2, ticks=10, record={"cells": 1})
    order = np.random.default_rng(0).permutation(int(made.raster.sum()))
    found = made.spikes(made.header.probes[0], slice(0, 2), slice(0, 10))
    for writer in (MemoryWriter(made.header), FileWriter(made.header, tmp_path / "run.h5")):
        writer.write(
            0,
            0,
            {},
            {"cells": Spikes(found.trial[order], found.tick[order], found.neuron[order])},
            trials=2,
            ticks=10,
        )
        with ns.Recording.of(writer.finish(10, "end", {})) as rec:
            assert equal(rec.spikes("cells"), found)


def test_spikes_of_unequal_length_or_between_ticks_are_refused():
    with pytest.raises(RecordingError, match="equally long"):
        Spikes([0, 1], [0], [0, 0])
    with pytest.raises(RecordingError, match="are not integers"):
        Spikes([0], [0.5], [0])


def test_a_saved_network_is_loaded_as_it_was(tmp_path):
    net = MadeUp().header.network
    network_file.save(net, tmp_path / "net.h5")
    assert ns.Network.from_dict(network_file.load(tmp_path / "net.h5").to_dict()) == network_file.load(
        tmp_path / "net.h5"
    )
    assert np.array_equal(_weights(network_file.load(tmp_path / "net.h5")), _weights(net))
    network_file.save(net, tmp_path / "net.h5")


def _weights(net):
    weight = net["ears_to_cells"].weight.number
    return np.sort(weight.ravel())


def test_saving_anything_else_is_refused(tmp_path):
    with pytest.raises(DescriptionError, match="neither a Network nor a Recording"):
        network_file.save("net", tmp_path / "net.h5")


def test_junk_as_the_seed_of_a_saved_network_is_refused(tmp_path):
    net = ns.Network(ns.Neurons("x", 2), schedule=ns.Synchronous())
    with pytest.raises(ns.DescriptionError, match="save: seed"):
        ns.save(net, tmp_path / "net.h5", seed="first")
    assert not (tmp_path / "net.h5").exists()
