"""Recordings that tests damage, and checks of how they are refused."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from recording_side import MadeUp, same

from neurosim.errors import RecordingError
from neurosim.recording.file_writer import FileWriter
from neurosim.recording.opening import open_recording


def bytes_of_a_good_recording(folder):
    made, path = MadeUp(), folder / "run.h5"
    made.run(FileWriter(made.header, path)).close()
    return path.read_bytes()


def open_files():
    return h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE)


def ask_everything(path):
    with open_recording(path) as recording:
        assert same(recording, recording)
        dict(recording.inputs)


def refused(path, match=None):
    """Check that opening the file, or reading all of it, raises a RecordingError that names the file, and
    leaves it closed."""
    before = open_files()
    with pytest.raises(RecordingError, match=match) as error:
        ask_everything(path)
    assert Path(path).name in str(error.value)
    assert open_files() == before


def edit(path, name, change):
    """Change the JSON of a file by hand."""
    with h5py.File(path, "a") as file:
        group, last = file["neurosim"], name == "end/index"
        text = bytes(group[name][()])
        data = json.loads(text)
        new = change(data)
        del group[name]
        encoded = (
            json.dumps(data if new is None else new) if not isinstance(new, bytes) else new.decode()
        ).encode()
        group.create_dataset(name, data=np.frombuffer(encoded, np.uint8) if last else np.bytes_(encoded))


def put(*keys):
    """A change that sets data[k1][k2]... to the last argument."""

    def change(data):
        for key in keys[:-2]:
            data = data[key]
        data[keys[-2]] = keys[-1]

    return change
