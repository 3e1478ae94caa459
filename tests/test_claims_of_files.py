"""A file that announces more data than it holds, or than fits into memory, is refused before memory is
allocated."""

import h5py
import numpy as np
import pytest

from neurosim import RecordingError
from neurosim.recording import allocation, safe_hdf5
from neurosim.recording.checked_dataset import CheckedDataset


def numbers(path, data, **how):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=data, **how)
    return h5py.File(path)


def refused(words):
    return pytest.raises(RecordingError, match=words)


def test_chunks_that_are_too_long_are_refused(tmp_path):
    with (
        numbers(tmp_path / "x.h5", np.zeros(2), chunks=(2**22,), maxshape=(None,)) as file,
        refused("x lies in chunks of 33554432 bytes. The file was"),
    ):
        CheckedDataset(file["x"], 10**6, compressed=True)


def test_a_dataset_that_is_longer_than_its_file_is_refused(tmp_path):
    with (
        numbers(tmp_path / "x.h5", np.zeros(1000)) as file,
        refused("claims 8000 bytes .* the whole file has 100"),
    ):
        CheckedDataset(file["x"], 100, compressed=True).check_size()


def test_a_chunk_of_another_length_is_refused(tmp_path):
    with (
        numbers(tmp_path / "x.h5", np.zeros(8), chunks=(8,), compression="gzip") as file,
        refused("a chunk of /x has 3 bytes instead of 64"),
    ):
        CheckedDataset(file["x"], 10**6, compressed=True)._decoded(1, b"abc")


def test_what_does_not_fit_into_memory_is_refused_with_its_size(tmp_path, monkeypatch):
    with refused("spikes: 1000000000000000 numbers take .* GiB of memory. Ask for a part"):
        allocation.zeros((10**15,), float, "spikes")
    with refused("ticks: 1000000000000000 numbers take .* GiB of memory. Ask for a part"):
        allocation.index_array(range(10**15), "ticks")

    def full(self):
        raise MemoryError

    monkeypatch.setattr(CheckedDataset, "read_all", full)
    with numbers(tmp_path / "x.h5", np.zeros(8)) as file, refused("/x: 8 numbers take 0.0 GiB of memory"):
        safe_hdf5.read_array(file, "x", 10**6)
