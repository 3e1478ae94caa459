"""A recording file outlives its run, and no file whatsoever makes neurosim crash, hang, or run what stands in it."""

import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from recording_side import MadeUp, same

from neurosim import store
from neurosim.errors import DescriptionError, RecordingError
from neurosim.recording.hdf5 import FileWriter, open_recording
from neurosim.recording.memory import MemoryWriter
from neurosim.recording.superblock import being_written, lookup3

RUN = """
    import sys
    import numpy as np
    import neurosim as ns
    from neurosim.network.probes import read_record
    from neurosim.recording.hdf5 import FileWriter
    from neurosim.recording.recording import Header, Spikes

    path, compression, last, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    net = ns.Network(ns.Neurons("cells", 20, update="v = v + 1", threshold="v > 3", reset="v = 0"), schedule=ns.Synchronous())
    probes = read_record(net, ["cells", "cells.v"])
    ticks = 10**6
    header = Header(net, 1, ticks, 2, True, "double", "reference", None, probes, [["cells", 1], ["cells.v", 1]], {}, {}, {})
    writer = FileWriter(header, path, compression)
    for first in range(0, last, n):
        tick = np.arange(first, first + n)
        values = np.broadcast_to(tick[:, None] + np.array([0, 0.5])[:, None, None], (2, n, 20))
        spikes = Spikes(np.repeat([0, 1], n), np.tile(tick, 2), np.tile(tick % 20, 2))
        writer.write(0, first, {"cells.v": values}, {"cells": spikes}, trials=2, ticks=n)
        print(first + n, flush=True)
    print("finish", flush=True)
    writer.finish(last, "end", {f"state/{k}": np.full(10**6, k) for k in range(20)})
    print("finished", flush=True)
"""


FREE = """
import resource, signal
free = (resource.RLIM_INFINITY,) * 2
signal.signal(signal.SIGXFSZ, lambda *_: resource.setrlimit(resource.RLIMIT_FSIZE, free))  # room again, but too late
"""


def start_run(path, compression=0, last=10**6, n=40, before="", **options):
    command = [sys.executable, "-c", before + textwrap.dedent(RUN), str(path), str(compression), str(last), str(n)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


def killed_run(path, after, wait=0.0, **run):
    """A run that is killed some time after it printed `after`; what it printed."""
    with start_run(path, **run) as process:
        printed = []
        while not printed or printed[-1] != after:
            printed.append(process.stdout.readline().strip())
            assert printed[-1], "the run ended by itself"
        time.sleep(wait)
        process.kill()
        printed += process.stdout.read().split()
    assert process.returncode == -signal.SIGKILL
    return printed


def check_run(recording, ticks):
    """The recording holds what the run wrote, and at least these ticks."""
    assert recording.ticks >= ticks
    assert recording.trials == 2
    tick = np.arange(recording.ticks)
    assert np.array_equal(recording["cells.v"][:, :, 3], tick + np.array([[0], [0.5]]))
    spikes = recording.spikes("cells")
    assert np.array_equal(spikes.tick, np.tile(tick, 2))
    assert np.array_equal(spikes.neuron, np.tile(tick % 20, 2))


@pytest.mark.parametrize(("after", "wait"), [("40", 0.0), ("400", 0.017), ("2000", 0.111)])
def test_a_killed_run_leaves_every_block_that_was_written(tmp_path, after, wait):
    printed = killed_run(tmp_path / "run.h5", after, wait)
    with open_recording(tmp_path / "run.h5") as recording:
        check_run(recording, int(printed[-1]))
        assert recording.stopped == "interrupted"
        assert not recording.final
        with recording.to_file(tmp_path / "whole.h5") as copy:
            check_run(copy, recording.ticks)
    assert not being_written(tmp_path / "whole.h5")
    made = MadeUp()
    made.run(FileWriter(made.header, tmp_path / "run.h5")).close()  # a dead run's file may be replaced


@pytest.mark.parametrize("wait", [0.0, 0.03, 0.1])
def test_a_run_killed_while_it_writes_its_final_state_can_be_opened(tmp_path, wait):
    killed_run(tmp_path / "run.h5", "finish", wait, last=400)
    with open_recording(tmp_path / "run.h5") as recording:
        check_run(recording, 400)
        assert recording.final.keys() in (set(), {f"state/{k}" for k in range(20)})
        assert all(np.all(recording.final[f"state/{k}"] == k) for k in range(20) if recording.final)


def test_a_killed_compressed_run_can_be_opened(tmp_path):
    killed_run(tmp_path / "run.h5", "400", 1.2, compression=1)
    with open_recording(tmp_path / "run.h5") as recording:
        check_run(recording, 400)


def test_a_run_can_be_read_while_it_goes_on(tmp_path):
    with start_run(tmp_path / "run.h5") as process:
        seen = [int(process.stdout.readline()) for _ in range(5)]
        for _ in range(5):
            with open_recording(tmp_path / "run.h5") as recording:
                check_run(recording, seen[-1])
                seen.append(recording.ticks)
        made = MadeUp()
        with pytest.raises(RecordingError, match="another run is writing it"):
            FileWriter(made.header, tmp_path / "run.h5")
        process.kill()
        process.stdout.read()
    assert seen[-1] > seen[4]


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX's")
def test_a_full_disk_is_an_error_and_leaves_what_was_written(tmp_path):
    import resource

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, resource.RLIM_INFINITY))

    with start_run(tmp_path / "run.h5", before=FREE, preexec_fn=limit, stderr=subprocess.PIPE) as process:
        printed, errors = process.communicate(timeout=30)
    assert "RecordingError" in errors
    assert "Free some room" in errors
    assert process.returncode == 1
    with open_recording(tmp_path / "run.h5") as recording:
        check_run(recording, int(printed.split()[-1]))


ASK_EVERYTHING = """
    import collections, random, sys
    from pathlib import Path
    import numpy as np
    from neurosim.errors import RecordingError
    from neurosim.recording.hdf5 import open_recording

    source, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    whole, rng, copy = source.read_bytes(), random.Random(seed), source.with_suffix(".copy")
    answers = collections.Counter()

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
            np.asarray(recording[name])
            if recording[name].dtype == bool:
                recording.rates(name), recording.spikes(name)
        return [dict(recording.final), dict(recording.inputs), recording.network.to_dict()]

    for number in range(count):
        kind = ["cut", "flip", "flips", "zeros"][number % 4]
        copy.write_bytes(damaged(kind))
        try:
            with open_recording(copy) as recording:
                ask(recording)
            answers[kind, "answer"] += 1
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
    command = [sys.executable, "-c", textwrap.dedent(ASK_EVERYTHING), str(whole), "7", "240"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)  # its own process: it must not crash, or hang
    assert done.returncode == 0, done.stderr[-2000:]
    assert "('cut', 'error'), 60)" in done.stdout


@pytest.fixture
def path(tmp_path):
    """A recording that tests may spoil."""
    made = MadeUp()
    made.run(FileWriter(made.header, tmp_path / "run.h5")).close()
    return tmp_path / "run.h5"


def open_files():
    return h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE)


def ask_everything(path):
    with open_recording(path) as recording:
        assert same(recording, recording)
        dict(recording.inputs)


def refused(path, match=None):
    """Opening, or asking for everything, raises RecordingError that names the file, and leaves it closed."""
    before = open_files()
    with pytest.raises(RecordingError, match=match) as error:
        ask_everything(path)
    assert Path(path).name in str(error.value)
    assert open_files() == before


def test_a_missing_file_a_folder_and_files_that_are_no_hdf5_are_refused(tmp_path):
    refused(tmp_path / "none.h5", "no such file")
    refused(tmp_path, "no such file")
    for name, content in {"empty": b"", "text": b"hello\n" * 1000, "signature": b"\x89HDF\r\n\x1a\n", "pickle": pickle.dumps([1, 2])}.items():
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
    store.save(made.header.network, tmp_path / "net.h5")
    refused(tmp_path / "net.h5", "Use load")
    with pytest.raises(RecordingError, match=r"could be replaced.*delete it"):
        FileWriter(made.header, tmp_path / "net.h5")
    assert store.load(tmp_path / "net.h5")


def test_another_format_version_is_refused(path):
    with h5py.File(path, "a") as file:
        file["neurosim"].attrs["version"] = 99
    refused(path, "version 99")


class Trap:
    """Pickled, this makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


DATASETS = ["description", "run", "blocks", "end/index", "end/numbers", "arrays/0", "arrays/1", "values/cells.v", "inputs/ears"]


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("instead", ["pickle", "objects", "references", "text", "group", "nothing", "soft link", "external link", "raw file"])
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


def test_a_dataset_that_claims_more_than_the_file_holds_is_refused(path):
    for name in ("description", "arrays/0", "blocks"):
        with h5py.File(path, "a") as file:
            old = file["neurosim"][name]
            kind, ndim = old.dtype, max(old.ndim, 1)
            del file["neurosim"][name]
            file["neurosim"].create_dataset(name, (2**40,) * (ndim - 1) + (5,), kind, chunks=(1,) * ndim)
        refused(path)


def edit(path, name, change):
    """Change the JSON of a file by hand."""
    with h5py.File(path, "a") as file:
        group, last = file["neurosim"], name == "end/index"
        text = bytes(group[name][()])
        data = json.loads(text)
        new = change(data)
        del group[name]
        encoded = (json.dumps(data if new is None else new) if not isinstance(new, bytes) else new.decode()).encode()
        group.create_dataset(name, data=np.frombuffer(encoded, np.uint8) if last else np.bytes_(encoded))


def put(*keys):
    """A change that sets data[k1][k2]... to the last of the keys."""

    def change(data):
        for key in keys[:-2]:
            data = data[key]
        data[keys[-2]] = keys[-1]

    return change


def deep(data):
    return b"[" * 10**5 + b"]" * 10**5


EDITS = [
    ("description", put("version", 2)),
    ("description", put("schedule", "kind", "system")),
    ("description", put("schedule", {"kind": "Clock", "dt": {"value": "0.1"}})),
    ("description", put("schedule", "kind", "__import__('os').system('touch sprung')")),
    ("description", put("populations", 1, "shape", [3, 6])),
    ("description", put("populations", 1, "shape", [10**12, 10**12])),
    ("description", put("populations", 1, "shape", [2**20, 2**20])),
    ("description", put("populations", 1, "shape", [-3, 5])),
    ("description", put("populations", 1, "shape", 1e400)),
    ("description", put("populations", 1, "shape", "many")),
    ("description", put("populations", 1, "name", "")),
    ("description", put("populations", 1, "equations", "dv/dt = __import__('os') : 1")),
    ("description", put("populations", 1, "equations", "dv/dt = " + "(" * 10**4 + ")" * 10**4 + " : 1")),
    ("description", put("populations", 1, "constants", "v", "value", "array", "999")),
    ("description", put("populations", 1, "constants", "v", "value", "array", "../inputs/ears")),
    ("description", put("populations", 1, "constants", "v", "value", "array", {"dtype": "O", "shape": [10**9]})),
    ("description", put("populations", 1, "constants", "v", "value", None)),
    ("description", put("populations", [])),
    ("description", put("populations", {"a": 1})),
    ("description", put("synapses", 0, "pre", "population", "nobody")),
    ("description", put("synapses", 0, "wiring", {"kind": "conv", "kernel": [10**15]})),
    ("description", put("synapses", 0, "wiring", {"kind": "pairs", "pre": [9], "post": [0]})),
    ("description", put("synapses", 0, "weight", {"weights_of": "ears_to_cells"})),
    ("description", lambda data: []),
    ("description", lambda data: b"{"),
    ("description", lambda data: b"null"),
    ("description", lambda data: b"[1"),
    ("description", deep),
    ("run", put("seed", "one")),
    ("run", put("seed", True)),
    ("run", put("ticks", -1)),
    ("run", put("ticks", 10**30)),
    ("run", put("ticks", 39)),
    ("run", put("trials", 0)),
    ("run", put("trials", 2)),
    ("run", put("trials", 10**18)),
    ("run", put("batched", False)),
    ("run", put("batched", 1)),
    ("run", put("precision", "triple")),
    ("run", put("engine", None)),
    ("run", put("probes", 1, "shape", [3, 6])),
    ("run", put("probes", 1, "shape", [10**9, 10**9])),
    ("run", put("probes", 1, "every", 0)),
    ("run", put("probes", 1, "owner", "nobody")),
    ("run", put("probes", 1, "name", "../run")),
    ("run", put("probes", 1, "name", "cells")),
    ("run", put("probes", 1, "events", True)),
    ("run", put("probes", 0, "events", False)),
    ("run", put("probes", 2, "index", "0")),
    ("run", put("probes", 4, "shape", [61])),
    ("run", put("inputs", "ears", "sha256", ["0" * 64])),
    ("run", put("inputs", {"nobody": {"sha256": []}})),
    ("run", put("inputs", "ears", "dt", 0.1)),
    ("run", put("start", {"state/cells/v": "-1"})),
    ("run", put("versions", 7)),
    ("run", put("record", [1])),
    ("run", lambda data: b"[]"),
    ("run", deep),
    ("end/index", put("ticks", 41)),
    ("end/index", put("ticks", 10**20)),
    ("end/index", put("stopped", "crashed")),
    ("end/index", put("arrays", "flags", ["|O", [2], 0])),
    ("end/index", put("arrays", "flags", ["<f8", [10**12], 0])),
    ("end/index", put("arrays", "flags", ["<f8", [-1], 0])),
    ("end/index", put("arrays", "flags", ["<f8", [1], -8])),
    ("end/index", put("arrays", "flags", ["f8,f8", [1], 0])),
    ("end/index", put("arrays", 3)),
    ("end/index", lambda data: b"{"),
    ("end/index", deep),
]


@pytest.mark.parametrize(("name", "change"), EDITS, ids=range(len(EDITS)))
def test_descriptions_changed_by_hand_are_refused(path, name, change):
    edit(path, name, change)
    refused(path)


@pytest.mark.parametrize("row", [[0, 4, 0, 40, 1, 1], [-1, 2, 0, 9, 1, 1], [0, 2, 5, 9, 1, 1], [0, 2, 0, 2**62, 1, 1], [0, 2, 0, 9, 10**9, 10**9]])
def test_a_table_of_blocks_changed_by_hand_is_refused(path, row):
    with h5py.File(path, "a") as file:
        file["neurosim/blocks"][0] = row
    refused(path)


@pytest.mark.parametrize(
    ("name", "value"), [("timestamps", np.nan), ("timestamps", -1.0), ("timestamps", 1e300), ("node_ids", 15), ("node_ids", 2**63)]
)
def test_spikes_outside_the_run_or_the_population_are_refused(path, name, value):
    with h5py.File(path, "a") as file:
        file["spikes/cells"][name][3] = value
    refused(path, "outside the run or the population")


def test_a_file_that_cannot_be_opened_leaves_older_recordings_and_no_litter(tmp_path, path, monkeypatch):
    made = MadeUp()
    monkeypatch.setattr("neurosim.recording.hdf5.write_network", lambda *_: 1 / 0)
    with pytest.raises(RecordingError, match="cannot create it"):
        FileWriter(made.header, path)
    with open_recording(path) as old:
        assert same(old, made.run(MemoryWriter(made.header)))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.h5"]


def test_only_an_older_recording_is_replaced(tmp_path, path):
    made = MadeUp(ticks=7)
    made.run(FileWriter(made.header, path)).close()
    with open_recording(path) as new:
        assert new.ticks == 7
    (tmp_path / "notes.txt").write_text("precious")
    with pytest.raises(RecordingError, match=r"notes.txt: exists.*Choose another path, or delete it"):
        FileWriter(made.header, tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "precious"
    with pytest.raises(RecordingError, match="there is no folder"):
        FileWriter(made.header, tmp_path / "none" / "run.h5")
    with pytest.raises(RecordingError, match="exists"):
        FileWriter(made.header, tmp_path)


def test_two_writers_of_one_path_are_refused(tmp_path):
    made = MadeUp()
    writer = FileWriter(made.header, tmp_path / "run.h5")
    with pytest.raises(RecordingError, match="another run is writing it"):
        FileWriter(made.header, tmp_path / "run.h5")
    made.run(writer).close()


@pytest.mark.parametrize("level", [-1, 10, 1.5, True, "gzip"])
def test_a_level_of_compression_that_there_is_not_is_refused(tmp_path, level):
    with pytest.raises(DescriptionError, match="0 .none. to 9"):
        FileWriter(MadeUp().header, tmp_path / "run.h5", level)
    assert not os.listdir(tmp_path)


def test_a_saved_network_that_was_damaged_is_refused(tmp_path):
    store.save(MadeUp().header.network, tmp_path / "net.h5")
    edit(tmp_path / "net.h5", "description", put("populations", 0, "shape", ["x"]))
    with pytest.raises(RecordingError, match=r"net\.h5"):
        store.load(tmp_path / "net.h5")


def test_the_checksum_is_that_of_its_author():
    assert (lookup3(b""), lookup3(b"Four score and seven years ago")) == (0xDEADBEEF, 0x17770551)
