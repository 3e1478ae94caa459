"""Record the golden runs: `python recordings/record.py [stem ...]`, all models without a stem.

Each model's example(), on the reference engine, becomes recordings/<stem>.h5. A file that already holds
exactly that stays as it is, so that only what changed shows up in a diff; look at such a change before you
keep it.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np

import neurosim as ns
from neurosim import models
from neurosim.errors import nearest
from neurosim.network.codec import encode_network
from neurosim.recording.header import encode_header
from neurosim.recording.safe_hdf5 import LIBRARY, digest, h5
from neurosim.recording.spikes import Spikes

FOLDER = Path(__file__).parent
LARGEST = 256 * 1024  # bytes


def main(stems: list[str]) -> int:
    """Record these models, or all, and say what changed; 1 if a file is too large or belongs to no model."""
    for stem in stems:
        if stem not in models.NAMES:
            print(f"There is no model {stem!r}. {nearest(stem, models.NAMES)}", file=sys.stderr)
            return 2
    sizes = [record(stem) for stem in stems or models.NAMES]
    left = sorted(path.name for path in FOLDER.glob("*.h5") if path.stem not in models.NAMES)
    for name in left:
        print(f"{name} belongs to no model: delete it.")
    return int(bool(left) or max(sizes) > LARGEST)


def record(stem: str) -> int:
    """Bring the golden file of a model up to date and return its size."""
    path = FOLDER / f"{stem}.h5"
    new = ns.run(**import_module(f"neurosim.models.{stem}").example(), engine="reference")
    change = _change(path, new)
    if change:
        new.to_file(path, compression=4).close()
        forget_writer(path)
    size = path.stat().st_size
    warning = "  TOO LARGE: record less" if size > LARGEST else ""
    print(f"{stem:25} {size / 1024:5.0f} kB  {change or 'as it was'}{warning}")
    return size


def _change(path: Path, new: ns.Recording) -> str:
    """What makes it necessary to write a file, in words; '' for nothing."""
    if not path.exists():
        return "new"
    with ns.open(path) as old:
        if found := differences(old, new):
            return "; ".join(found)
        return "" if question(old) == question(new) else "described differently"


def differences(old: ns.Recording, new: ns.Recording, tolerance: float = 0.0) -> list[str]:
    """What differs between two recordings, in words: the description, or anything that was recorded.

    Values may be apart by `tolerance` times the largest of their name; spikes must be the same.
    """
    found = [] if str(old.network) == str(new.network) else ["another network"]
    if old.names != new.names:
        return [*found, f"holds {', '.join(new.names)} instead of {', '.join(old.names)}"]
    for part in ("seed", "ticks", "trials", "precision", "stopped"):
        if getattr(old, part) != getattr(new, part):
            found.append(f"{part} {getattr(new, part)} instead of {getattr(old, part)}")
    for probe in old.probes:
        same = _same_spikes if probe.events else _same_values
        if not same(old, new, probe.name, tolerance):
            found.append(f"other {'spikes' if probe.events else 'values'} of {probe.name}")
    return found


def _same_spikes(old: ns.Recording, new: ns.Recording, name: str, tolerance: float) -> bool:
    a, b = old.spikes(name), new.spikes(name)
    return all(np.array_equal(getattr(a, part), getattr(b, part)) for part in ("trial", "tick", "neuron"))


def _same_values(old: ns.Recording, new: ns.Recording, name: str, tolerance: float) -> bool:
    a, b = np.asarray(old[name]), np.asarray(new[name])
    return a.shape == b.shape and np.allclose(
        a, b, rtol=0, atol=tolerance * np.nanmax(np.abs(a), initial=0), equal_nan=True
    )


def question(recording: ns.Recording) -> str:
    """All that was asked of a run, to the bit, without the versions of the software that ran it."""
    asked = encode_header(recording.header, digest) | {"network": encode_network(recording.network, digest)}
    asked["inputs"] = {name: _digest(given) for name, given in recording.inputs.items()}
    del asked["versions"]
    return json.dumps(asked, sort_keys=True)


def _digest(given: np.ndarray | Spikes) -> list[str]:
    return [
        digest(array)
        for array in (
            (given.trial, given.tick, given.neuron) if isinstance(given, Spikes) else (np.asarray(given),)
        )
    ]


def forget_writer(path: Path) -> None:
    """Take the name of the machine and the number of the process out of a finished recording, in place."""
    with h5().File(path, "r+", libver=LIBRARY) as file:
        text = file["neurosim/run"]
        run = json.loads(text[()])
        run.pop("writer", None)
        text[...] = np.array(json.dumps(run, indent=1).ljust(text.dtype.itemsize).encode(), text.dtype)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
