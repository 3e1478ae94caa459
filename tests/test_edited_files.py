"""Recordings whose contents were changed by hand are refused."""

import h5py
import numpy as np
import pytest
from file_safety_side import bytes_of_a_good_recording, edit, put, refused
from recording_side import MadeUp

from neurosim import network_file
from neurosim.errors import RecordingError
from neurosim.recording.unclosed_file import lookup3


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return bytes_of_a_good_recording(tmp_path_factory.mktemp("good"))


@pytest.fixture
def path(tmp_path, content):
    """The path of a recording that tests may damage."""
    (tmp_path / "run.h5").write_bytes(content)
    return tmp_path / "run.h5"


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
    (
        "description",
        put("populations", 1, "constants", "v", "value", "array", {"dtype": "O", "shape": [10**9]}),
    ),
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


@pytest.mark.parametrize(
    "row",
    [
        [0, 4, 0, 40, 1, 1],
        [-1, 2, 0, 9, 1, 1],
        [0, 2, 5, 9, 1, 1],
        [0, 2, 0, 2**62, 1, 1],
        [0, 2, 0, 9, 10**9, 10**9],
    ],
)
def test_a_table_of_blocks_changed_by_hand_is_refused(path, row):
    with h5py.File(path, "a") as file:
        file["neurosim/blocks"][0] = row
    refused(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timestamps", np.nan),
        ("timestamps", -1.0),
        ("timestamps", 1e300),
        ("node_ids", 15),
        ("node_ids", 2**63),
    ],
)
def test_spikes_outside_the_run_or_the_population_are_refused(path, name, value):
    with h5py.File(path, "a") as file:
        file["spikes/cells"][name][3] = value
    refused(path, "outside the run or the population")


def test_a_saved_network_that_was_damaged_is_refused(tmp_path):
    network_file.save(MadeUp().header.network, tmp_path / "net.h5")
    edit(tmp_path / "net.h5", "description", put("populations", 0, "shape", ["x"]))
    with pytest.raises(RecordingError, match=r"net\.h5"):
        network_file.load(tmp_path / "net.h5")


def test_the_checksum_is_that_of_its_author():
    assert (lookup3(b""), lookup3(b"Four score and seven years ago")) == (0xDEADBEEF, 0x17770551)
