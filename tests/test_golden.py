"""Each model has a golden recording, which can be replayed and equals a new run of its example()."""

import getpass
import importlib.util
import json
import platform
from pathlib import Path

import pytest

import neurosim as ns
from neurosim import models
from neurosim.recording.safe_hdf5 import h5

FOLDER = Path(__file__).parent.parent / "recordings"
TOLERANCE = 1e-9  # of the largest value: exp and matrix products differ between machines in the last bits
spec = importlib.util.spec_from_file_location("record", FOLDER / "record.py")
record = importlib.util.module_from_spec(spec)
spec.loader.exec_module(record)


def remedy(stem):
    return f"If this is meant to be so, record it again: python recordings/record.py {stem}"


def test_every_model_has_a_golden_recording_and_every_golden_recording_a_model():
    assert sorted(path.stem for path in FOLDER.glob("*.h5")) == sorted(models.NAMES), (
        "Run: python recordings/record.py"
    )


@pytest.mark.parametrize("stem", models.NAMES)
def test_a_golden_recording_is_small(stem):
    assert (FOLDER / f"{stem}.h5").stat().st_size <= record.LARGEST, (
        f"Record less in example() of models/{stem}.py"
    )


@pytest.mark.parametrize("stem", models.NAMES)
def test_a_golden_recording_comes_again_from_its_file_alone(stem):
    replayed = ns.replay(FOLDER / f"{stem}.h5", tolerance=TOLERANCE)
    assert replayed.identical, f"{replayed}\n{remedy(stem)}"


@pytest.mark.parametrize("stem", models.NAMES)
def test_a_model_does_what_its_golden_recording_says(stem):
    example = importlib.import_module(f"neurosim.models.{stem}").example()
    with ns.open(FOLDER / f"{stem}.h5") as golden:
        found = record.differences(golden, ns.run(**example), TOLERANCE)
    assert not found, f"{stem} is not what was recorded: {'; '.join(found)}.\n{remedy(stem)}"


@pytest.mark.parametrize("stem", models.NAMES)
def test_a_golden_recording_holds_activity(stem):
    with ns.open(FOLDER / f"{stem}.h5") as golden:
        for name in golden.names:
            assert golden[name][:].any(), f"{name} of {stem} is zero throughout"


@pytest.mark.parametrize("stem", models.NAMES)
def test_a_golden_recording_does_not_tell_where_it_was_made(stem):
    with h5().File(FOLDER / f"{stem}.h5") as file:
        texts = [bytes(file[f"neurosim/{name}"][()]).decode() for name in ("run", "description")]
    assert "writer" not in json.loads(texts[0])
    raw = (FOLDER / f"{stem}.h5").read_bytes()
    assert not [
        word
        for word in (b"/home/", b"/Users/", b"/root/", b"/tmp/", b"\\Users\\", str(Path.home()).encode())
        if word in raw
    ]
    names = [name for name in (platform.node(), getpass.getuser()) if len(name) > 3]
    assert not [name for name in names for text in texts if f'"{name}' in text]


def test_a_changed_model_is_noticed():
    wanted, changed = (importlib.import_module("neurosim.models.markov_chain").example() for _ in range(2))
    changed["seed"] = wanted["seed"] + 1
    found = record.differences(ns.run(**wanted), ns.run(**changed))
    assert found == [f"seed {changed['seed']} instead of {wanted['seed']}", "other values of state"]
    assert record.differences(ns.run(**wanted), ns.run(**wanted)) == []


def test_recording_again_leaves_a_file_that_is_still_right(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(record, "FOLDER", tmp_path)
    assert record.main(["hopfield"]) == 0
    first = (tmp_path / "hopfield.h5").read_bytes()
    assert record.main(["hopfield"]) == 0
    assert (tmp_path / "hopfield.h5").read_bytes() == first
    assert "new" in capsys.readouterr().out
    (tmp_path / "gone.h5").write_bytes(first)
    assert record.main(["hopfield"]) == 1
    assert "gone.h5 belongs to no model" in capsys.readouterr().out
    assert record.main(["hopfild"]) == 2
    assert "hopfield" in capsys.readouterr().err
