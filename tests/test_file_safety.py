"""No file makes neurosim crash, wait forever, or run code from the file: it is read, or refused by a
RecordingError that names it."""

import os
import pickle
import subprocess
import sys
import textwrap
import zlib

import h5py
import numpy as np
import pytest
from file_safety_side import bytes_of_a_good_recording, edit, put, refused
from recording_side import MadeUp

import neurosim as ns
from neurosim import network_file
from neurosim.errors import RecordingError
from neurosim.recording.file_writer import FileWriter
from neurosim.recording.safe_hdf5 import digest
from neurosim.recording.unclosed_file import being_written


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return bytes_of_a_good_recording(tmp_path_factory.mktemp("good"))


@pytest.fixture
def path(tmp_path, content):
    """The path of a recording that tests may damage."""
    (tmp_path / "run.h5").write_bytes(content)
    return tmp_path / "run.h5"


ASK_EVERYTHING = """
    import collections, random, sys
    from pathlib import Path
    import numpy as np
    from neurosim.errors import RecordingError
    from neurosim.recording.opening import open_recording

    source, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    whole, rng, copy = source.read_bytes(), random.Random(seed), source.with_suffix(".copy")
    answers, values = collections.Counter(), {}

    def damaged(kind):
        data, at = bytearray(whole), rng.randrange(len(whole))
        if kind == "cut":
            return data[: rng.choice([at, at % 4096, len(data) - 1 - at % 512])]
        if kind == "zeros":
            size = len(data[at : at + rng.randrange(1, 4000)])
            data[at : at + size] = bytes(size)
        for _ in range({"flip": 1, "flips": 40}.get(kind, 0)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return data

    def ask(recording):
        str(recording)
        for name in recording.names:
            values[name] = np.asarray(recording[name])
            if recording[name].dtype == bool:
                recording.rates(name), recording.spikes(name)
        return [dict(recording.final), dict(recording.inputs), recording.network.to_dict()]

    with open_recording(source) as recording:
        ask(recording)
    held = dict(values)
    for number in range(count):
        kind = ["cut", "flip", "flips", "zeros"][number % 4]
        copy.write_bytes(damaged(kind))
        try:
            with open_recording(copy) as recording:
                ask(recording)
            answers[kind, "answer"] += 1
            # What is cut off may be the rest of a chunk into which nothing was written yet.
            assert kind != "cut" or all(np.array_equal(values[name], held[name]) for name in held)
        except RecordingError as error:
            assert str(copy) in str(error), error
            answers[kind, "error"] += 1
    print(sorted(answers.items()))
"""


@pytest.mark.parametrize("closed", [True, False])
def test_damaged_files_give_numbers_or_a_recording_error_and_nothing_else(tmp_path, closed):
    made = MadeUp()
    writer = made.feed(FileWriter(made.header, tmp_path / "run.h5"))
    if closed:
        writer.finish(40, "end", made.final).close()
    whole = tmp_path / "whole.h5"
    whole.write_bytes((tmp_path / "run.h5").read_bytes())
    writer.close()
    assert being_written(whole) != closed
    command = [sys.executable, "-c", textwrap.dedent(ASK_EVERYTHING), str(whole), "7", "160"]
    # A process of its own, since a damaged file must neither crash nor hang it.
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    assert ("('cut', 'error'), 40)" if closed else "('cut', 'error')") in done.stdout


def test_a_missing_file_a_folder_and_files_that_are_no_hdf5_are_refused(tmp_path):
    refused(tmp_path / "none.h5", "no such file")
    refused(tmp_path, "is a folder")
    for name, content in {
        "empty": b"",
        "text": b"hello\n" * 1000,
        "signature": b"\x89HDF\r\n\x1a\n",
        "pickle": pickle.dumps([1, 2]),
    }.items():
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name, "not HDF5")


def test_hdf5_of_others_is_refused(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = np.arange(10)
    refused(tmp_path / "other.h5", "not written by neurosim")
    with h5py.File(tmp_path / "other.h5", "a") as file:
        file["neurosim"] = np.arange(3)
    refused(tmp_path / "other.h5")


def test_a_network_is_no_recording_and_its_file_is_not_overwritten_by_one(tmp_path):
    made = MadeUp()
    network_file.save(made.header.network, tmp_path / "net.h5")
    refused(tmp_path / "net.h5", "Use load")
    with pytest.raises(RecordingError, match=r"could be replaced.*delete it"):
        FileWriter(made.header, tmp_path / "net.h5")
    assert network_file.load(tmp_path / "net.h5")


def test_another_format_version_is_refused(path):
    with h5py.File(path, "a") as file:
        file["neurosim"].attrs["version"] = 99
    refused(path, "version 99")


class Trap:
    """An object that creates a file when its pickle is loaded."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


DATASETS = [
    "description",
    "run",
    "blocks",
    "end/index",
    "end/numbers",
    "arrays/0",
    "arrays/1",
    "values/cells.v",
    "inputs/ears",
]


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize(
    "instead",
    ["pickle", "objects", "references", "text", "group", "nothing", "soft link", "external link", "raw file"],
)
def test_nothing_but_plain_numbers_within_the_file_is_read(path, tmp_path, name, instead):
    secret = tmp_path / "secret"
    secret.write_bytes(b"[]" * 10**5)
    load = pickle.dumps(Trap(tmp_path / "sprung"))
    with h5py.File(path, "a") as file:
        group, old = file["neurosim"], file["neurosim"][name]
        shape, dtype = old.shape, old.dtype
        del group[name]
        if instead == "pickle":
            group[name] = np.void(load)
        elif instead == "objects":
            group.create_dataset(name, (2,), h5py.vlen_dtype(np.uint8))[0] = np.frombuffer(load, np.uint8)
        elif instead == "references":
            group.create_dataset(name, (1,), h5py.ref_dtype)[0] = file.ref
        elif instead == "text":
            group[name] = "cos\nsystem\n(S'touch sprung'\ntR."
        elif instead == "group":
            group.create_group(name)
        elif instead == "soft link":
            group[name] = h5py.SoftLink("/neurosim/blocks")
        elif instead == "external link":
            group[name] = h5py.ExternalLink(str(path), "/neurosim/blocks")
        elif instead == "raw file":
            group.create_dataset(name, shape, dtype, external=str(secret))
    refused(path)
    assert not (tmp_path / "sprung").exists()


def test_a_dataset_of_other_axes_is_refused(path):
    with h5py.File(path, "a") as file:
        blocks = file["neurosim/blocks"][()]
        del file["neurosim/blocks"]
        file["neurosim/blocks"] = blocks.ravel()
    refused(path, "blocks has 1 axes instead of 2")


def pipe_at(folder):
    """A link to a pipe without a writer; opening it would block forever."""
    os.mkfifo(folder / "pipe")
    return h5py.ExternalLink("pipe", "/x")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize(
    "place",
    [
        "neurosim",
        "neurosim/inputs",
        "neurosim/end",
        "spikes",
        "spikes/cells",
        "neurosim/values",
        "neurosim/way",
    ],
)
def test_no_link_out_of_the_file_is_opened_wherever_it_stands(path, tmp_path, place):
    with h5py.File(path, "a") as file:
        if place in file:
            del file[place]
        file[place] = pipe_at(tmp_path)
    if place == "neurosim/way":
        edit(path, "run", put("inputs", {"../way/deeper": {"sha256": []}}))
    refused(path)


@pytest.mark.parametrize(
    "name", ["/neurosim/blocks", "../blocks", "./ears", "ears/", ".", "", "e\0s", "there/ears", "\ud800"]
)
def test_an_input_by_a_path_is_refused(path, name):
    with h5py.File(path, "a") as file:
        file["neurosim/inputs/there"] = h5py.SoftLink("/neurosim/inputs")
    edit(path, "run", lambda data: data["inputs"].update({name: data["inputs"].pop("ears")}))
    refused(path)


def test_no_input_of_another_file_is_read(path, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["group/ears"] = np.zeros((3, 40, 4))
    with h5py.File(path, "a") as file:
        file["neurosim/inputs/there"] = h5py.ExternalLink("other.h5", "/group")
    edit(
        path,
        "run",
        lambda data: data["inputs"].update({"there/ears": {"sha256": [digest(np.zeros((3, 40, 4)))]}}),
    )
    refused(path)


def test_a_dataset_that_claims_more_than_the_file_holds_is_refused(path):
    for name in ("description", "arrays/0", "blocks"):
        with h5py.File(path, "a") as file:
            old = file["neurosim"][name]
            kind, ndim = old.dtype, max(old.ndim, 1)
            del file["neurosim"][name]
            file["neurosim"].create_dataset(name, (2**40,) * (ndim - 1) + (5,), kind, chunks=(1,) * ndim)
        refused(path)


def test_what_a_header_claims_of_time_costs_nothing_until_it_is_asked_for_and_is_refused_by_its_size(
    tmp_path,
):
    path, long = tmp_path / "long.h5", 10**15
    cells = ns.Neurons("cells", 2, update="v = v + 1", threshold="v > 2", reset="v = 0")
    ns.run(ns.Network(cells, schedule=ns.Synchronous()), ticks=9, record=["cells"], to=path).close()
    edit(path, "run", put("ticks", long))
    edit(path, "end/index", put("ticks", long))
    with h5py.File(path, "a") as file:
        file["neurosim/blocks"][0, 3] = long
    with ns.open(path) as recording:
        assert f"{long:,} ticks" in str(recording)
        assert len(recording.spikes("cells")) == 6
        assert recording.rates("cells").shape == (2,)
        assert recording["cells"][:9].sum() == 6
        for ask in (
            lambda: recording["cells"][:],
            lambda: recording["cells"][::2, 0],
            lambda: recording.trace("cells", 5),
        ):
            with pytest.raises(RecordingError, match="GiB of memory"):
                ask()


@pytest.mark.parametrize("name", ["inputs/ears", "values/cells.v"])
def test_a_chunk_that_unpacks_to_more_than_it_may_hold_is_refused(path, name):
    with h5py.File(path, "a") as file:
        old = file["neurosim"][name]
        shape, dtype, chunks = old.shape, old.dtype, old.chunks
        del file["neurosim"][name]
        new = file["neurosim"].create_dataset(name, shape, dtype, chunks=chunks, compression=9)
        for first in np.ndindex(*(-(-n // m) for n, m in zip(shape, chunks, strict=True))):
            new.id.write_direct_chunk(
                tuple(n * m for n, m in zip(first, chunks, strict=True)), zlib.compress(bytes(2**20))
            )
    refused(path, "bytes instead of")
