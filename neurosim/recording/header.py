"""What is needed to run a recording again: network, inputs, start, seed and probes, in memory and as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from neurosim.errors import RecordingError
from neurosim.network.network import Network
from neurosim.network.probes import Probe
from neurosim.network.readonly import ReadOnly
from neurosim.recording.spikes import Spikes

MOST_TRIALS = 10**8  # bounds that no run reaches; a file that claims more was damaged or made up
MOST_TICKS = 2**53
PRECISIONS = ("double", "mixed", "single")


@dataclass(frozen=True, eq=False)
class Header:
    """What was asked of a run.

    `ticks` and `trials` are those planned; `batched` tells whether the inputs had a trial axis. `probes` have their
    shapes filled in, also those of synapses; `record` is the list of [name, every] that was given. `inputs` are arrays
    (trial, tick, *shape) or Spikes, `start` the start state that was given, `versions` those of the software.
    """

    network: Network
    seed: int
    ticks: int
    trials: int
    batched: bool
    precision: str
    engine: str
    until: str | None
    probes: tuple[Probe, ...]
    record: list[list]
    inputs: Mapping[str, np.ndarray | Spikes]
    start: Mapping[str, np.ndarray]
    versions: Mapping[str, str]

    def __post_init__(self):
        for field in ("inputs", "start", "versions"):
            given = getattr(self, field)
            if isinstance(given, dict):  # not read from a file when asked for
                object.__setattr__(self, field, ReadOnly(given))

    @property
    def dtype(self) -> np.dtype:
        """The float type of recorded values: 32 bits in single precision, else 64."""
        return np.dtype(np.float32 if self.precision == "single" else np.float64)

    @property
    def dt(self) -> float | None:
        """Length of a tick in seconds; None without Clock."""
        return self.network.dt


def sample_count(ticks: int, every: int) -> int:
    """How many ticks k of range(ticks) are multiples of `every`."""
    return -(-ticks // every)


def sample_size(probe: Probe) -> int:
    """How many numbers one sample of a probe has."""
    return prod(probe.shape)


def block_ticks(header: Header) -> int:
    """How many ticks of one trial make a block of about 4 MB, a power of two up to 4096."""
    tick = sum(sample_size(p) * header.dtype.itemsize / p.every for p in header.probes if not p.events)
    return 2 ** int(np.clip(np.log2(2**22 / max(tick, 1)), 0, 12))


def recorded_indices(probe: Probe) -> np.ndarray:
    """The flat indices, in the whole population, of the recorded neurons; for synapses, the number of each."""
    return np.arange(sample_size(probe)) if probe.index is None else np.asarray(probe.index, np.int64)


def unit_of(probe: Probe, network: Network) -> str:
    """The SI unit of a probe's values as the equations declare it, '1' where they do not."""
    owner = network[probe.owner]
    variable = probe.variable or network.populations[probe.owner].sends
    return next((line.unit for line in owner.lines if line.name == variable), "1")


def encode_header(header: Header, pack: Callable[[np.ndarray], Any]) -> dict:
    """The header as plain data, without network and inputs."""
    probes = [
        {
            "name": p.name,
            "owner": p.owner,
            "variable": p.variable,
            "shape": list(p.shape),
            "every": p.every,
            "events": p.events,
        }
        | ({} if p.index is None else {"index": pack(np.asarray(p.index, np.int64))})
        for p in header.probes
    ]
    plain = {name: getattr(header, name) for name in ("batched", "precision", "engine", "until")}
    numbers = {name: int(getattr(header, name)) for name in ("seed", "ticks", "trials")}
    record = [[str(name), int(every)] for name, every in header.record]
    start = {name: pack(np.asarray(array)) for name, array in header.start.items()}
    more = {"dt": header.dt, "schedule": str(header.network.schedule), "versions": dict(header.versions)}
    return numbers | plain | more | {"record": record, "probes": probes, "start": start}


def decode_header(
    data: dict, network: Network, inputs: Mapping, unpack: Callable[[Any], np.ndarray]
) -> Header:
    """The header that `encode_header` described; RecordingError, or a KeyError or TypeError, for data that is none."""
    require(isinstance(data["seed"], int) and not isinstance(data["seed"], bool), "seed", data["seed"])
    require(_whole(data["ticks"], MOST_TICKS), "ticks", data["ticks"])
    require(_whole(data["trials"], MOST_TRIALS) and data["trials"] > 0, "trials", data["trials"])
    require(
        isinstance(data["batched"], bool) and (data["batched"] or data["trials"] == 1),
        "batched",
        data["batched"],
    )
    require(data["precision"] in PRECISIONS, "precision", data["precision"])
    require(isinstance(data["engine"], str), "engine", data["engine"])
    require(data["until"] is None or isinstance(data["until"], str), "until", data["until"])
    probes = tuple(_decode_probe(entry, network, unpack) for entry in data["probes"])
    require(len({p.name for p in probes}) == len(probes), "probes", [p.name for p in probes])
    fields = {
        name: data[name] for name in ("seed", "ticks", "trials", "batched", "precision", "engine", "until")
    }
    record = [[str(name), int(every)] for name, every in data["record"]]
    start = {str(name): unpack(array) for name, array in data["start"].items()}
    versions = {str(name): str(version) for name, version in data["versions"].items()}
    return Header(
        network, **fields, probes=probes, record=record, inputs=inputs, start=start, versions=versions
    )


def require(holds: bool, name: str, found: object) -> None:
    """Refuse a field of a file that no run can have written."""
    if not holds:
        raise RecordingError(
            f"{name} {str(found)[:80]!r} cannot be; the file was damaged or changed by hand. Take another copy of it."
        )


def _whole(given: object, most: int) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= most


def _decode_probe(entry: dict, network: Network, unpack: Callable[[Any], np.ndarray]) -> Probe:
    name, owner, variable, every, events = (
        entry[key] for key in ("name", "owner", "variable", "every", "events")
    )
    shape, where = tuple(entry["shape"]), f"shape of {entry['name']!r}"
    require(
        isinstance(name, str) and name not in ("", ".") and "/" not in name and "\0" not in name,
        "name of a record",
        name,
    )
    require(
        owner in network and (variable is None or isinstance(variable, str)),
        f"owner of {name!r}",
        (owner, variable),
    )
    require(
        isinstance(events, bool) and _whole(every, MOST_TICKS) and every > 0, f"interval of {name!r}", every
    )
    require(all(_whole(n, MOST_TRIALS) for n in shape) and len(shape) > 0, where, shape)
    index = unpack(entry["index"]).astype(np.int64) if "index" in entry else None
    if owner in network.populations:
        population = network.populations[owner]
        require(shape == population.shape if index is None else index.shape == (prod(shape),), where, shape)
        require(
            index is None or not index.size or bool(index.min() >= 0 and index.max() < population.size),
            f"neurons of {name!r}",
            index,
        )
    else:
        require(len(shape) == 1 and index is None and not events, where, shape)
    return Probe(name, owner, variable, index, shape, every, events)
