"""The header of a recording: everything that is needed to run it again, in memory and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import lcm, log2, prod

import numpy as np

from neurosim.errors import RecordingError
from neurosim.network.codec import Json, Pack, Unpack
from neurosim.network.network import Network
from neurosim.network.probes import Probe
from neurosim.network.readonly import ReadOnly
from neurosim.plan.spike_events import MOST_TICKS as MOST_TICKS
from neurosim.plan.spike_events import MOST_TRIALS as MOST_TRIALS
from neurosim.recording.spikes import Spikes

# No run reaches this bound, as none has more ticks or trials than those. A file that claims more was damaged
# or forged.
MOST_ELEMENTS = 10**8  # neurons or synapses along one axis of a sample
BLOCK, MOST_TICKS_OF_BLOCK = 2**24, 2**12  # bytes, and ticks
PRECISIONS = ("double", "mixed", "single", "half")


@dataclass(frozen=True, eq=False)
class Header:
    """What a run was asked to do.

    network: the description that was run
    seed: seed of all random numbers
    ticks, trials: the planned numbers; an interrupted run has fewer
    batched: whether the results have a trial axis
    precision: 'double', 'mixed', 'single' or 'half'
    engine: name of the engine that ran
    until: 'stable' if the run was to stop when nothing changed, else None
    probes: what was recorded, with the shape of one sample, also for variables of synapses
    record: [name, sampling interval in ticks] for each probe
    inputs: what drove each population: arrays (trial, tick, *shape) or Spikes
    start: start values by 'population.variable', or the checkpoint of the run that was continued
    versions: versions of the software, by package
    session: whether it was a session: inputs and changes came while it ran, and `ticks` only bounds it
    changes: what a session changed between ticks, in the order in which it did
    cuts: the ticks at which a session went on; kept for the array engine, whose rounding depends on them
    runs_again: whether `network` is what ran; False for a Brian2 script, of which it has names and units only
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
    record: Sequence[tuple[str, int]]
    inputs: Mapping[str, np.ndarray | Spikes]
    start: Mapping[str, np.ndarray]
    versions: Mapping[str, str]
    session: bool = False
    changes: Sequence[Change] = ()
    cuts: Sequence[int] = ()
    runs_again: bool = True

    def __post_init__(self):
        for field in ("inputs", "start", "versions"):
            held = getattr(self, field)
            if isinstance(held, dict):  # other mappings read from a file, and cannot be changed either
                object.__setattr__(self, field, ReadOnly(held))

    @property
    def dtype(self) -> np.dtype:
        """The float type of recorded values: 32 bits in single and half precision, else 64."""
        return np.dtype(np.float32 if self.precision in ("single", "half") else np.float64)

    @property
    def dt(self) -> float | None:
        """Length of a tick in seconds; None without `Clock`."""
        return self.network.dt


@dataclass(frozen=True, eq=False)
class Change:
    """What a session changed between two ticks.

    tick: how many ticks had run, counted from the start of the session
    name: what was changed, such as 'liquid.v', 'liquid[:10].v' or 'ears_to_liquid.w'
    values: the new values in SI units, (trial, *shape)
    """

    tick: int
    name: str
    values: np.ndarray


def keeps_cuts(header: Header) -> bool:
    """Whether a recording must know how its session was cut, to be repeated to the bit."""
    return header.session and header.engine == "arrays"


def sample_count(ticks: int, every: int) -> int:
    """Number of samples in `ticks` ticks, if tick 0 and every `every`-th tick after it are sampled."""
    return -(-ticks // every)


def sample_size(probe: Probe) -> int:
    """Number of values in one sample of a probe."""
    return prod(probe.shape)


def block_ticks(header: Header) -> int:
    """Number of ticks of one trial whose samples take about 16 MB, 4096 at most.

    If it can, each block begins at a tick at which all probes are sampled.
    """
    return ticks_of_block(header.probes, header.dtype)


def ticks_of_block(probes: Iterable[Probe], dtype: np.dtype) -> int:
    """See `block_ticks`."""
    sampled = [probe for probe in probes if not probe.events]
    bytes_per_tick = sum(sample_size(p) * dtype.itemsize / p.every for p in sampled)
    common = lcm(*(probe.every for probe in sampled))
    step = common if common <= MOST_TICKS_OF_BLOCK and common * bytes_per_tick <= BLOCK else 1
    most = min(BLOCK / max(step * bytes_per_tick, 1), MOST_TICKS_OF_BLOCK / step)
    return step * 2 ** int(log2(max(most, 1)))


def tick_ms(header: Header) -> float:
    """Length of a tick in milliseconds, as files count it; without `Clock`, a tick counts as 1 ms."""
    return 1.0 if header.dt is None else header.dt * 1000.0


def recorded_indices(probe: Probe) -> np.ndarray:
    """Flat indices of the recorded neurons in their whole population; for synapses, the index of each."""
    return np.arange(sample_size(probe)) if probe.index is None else np.asarray(probe.index, np.int64)


def unit_of(probe: Probe, network: Network) -> str:
    """The SI unit that the equations declare for the values of a probe; '1' if they declare none."""
    owner = network[probe.owner]
    variable = probe.variable or network.populations[probe.owner].sends
    return next((line.unit for line in owner.lines if line.name == variable), "1")


def encode_header(header: Header, pack: Pack) -> dict[str, Json]:
    """The header as JSON data, without network and inputs, which are stored beside it.

    pack: stores an array and returns the JSON that refers to it
    """
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
    more |= {"session": True} if header.session else {}
    more |= {} if header.runs_again else {"runs_again": False}
    return numbers | plain | more | {"record": record, "probes": probes, "start": start}


def decode_header(
    data: dict[str, Json], network: Network, inputs: Mapping[str, np.ndarray | Spikes], unpack: Unpack
) -> Header:
    """The header that `encode_header` wrote.

    unpack: returns the array that a piece of JSON refers to

    Raises RecordingError, KeyError or TypeError for other data.
    """
    require(isinstance(data["seed"], int) and not isinstance(data["seed"], bool), "seed", data["seed"])
    require(_is_count(data["ticks"], MOST_TICKS), "ticks", data["ticks"])
    require(_is_count(data["trials"], MOST_TRIALS) and data["trials"] > 0, "trials", data["trials"])
    require(
        isinstance(data["batched"], bool) and (data["batched"] or data["trials"] == 1),
        "batched",
        data["batched"],
    )
    require(data["precision"] in PRECISIONS, "precision", data["precision"])
    require(isinstance(data["engine"], str), "engine", data["engine"])
    for name, usual in {"session": False, "runs_again": True}.items():
        require(isinstance(data.get(name, usual), bool), name, data.get(name))
    require(data["until"] is None or isinstance(data["until"], str), "until", data["until"])
    probes = tuple(_decode_probe(entry, network, unpack) for entry in data["probes"])
    require(len({p.name for p in probes}) == len(probes), "probes", [p.name for p in probes])
    fields = {
        name: data[name] for name in ("seed", "ticks", "trials", "batched", "precision", "engine", "until")
    }
    record = [(str(name), int(every)) for name, every in data["record"]]
    start = {str(name): unpack(array) for name, array in data["start"].items()}
    versions = {str(name): str(version) for name, version in data["versions"].items()}
    return Header(
        network, **fields, probes=probes, record=record, inputs=inputs, start=start, versions=versions,
        session=data.get("session", False), runs_again=data.get("runs_again", True),
    )  # fmt: skip


def require(holds: bool, name: str, value: object) -> None:
    """Raise RecordingError for a field of a file whose value no run can have written."""
    if not holds:
        raise RecordingError(
            f"{name} {str(value)[:80]!r} is not possible; the file was damaged or changed by hand."
            " Take another copy of it."
        )


def _is_count(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _decode_probe(entry: dict[str, Json], network: Network, unpack: Unpack) -> Probe:
    name, owner, variable, every, events = (
        entry[key] for key in ("name", "owner", "variable", "every", "events")
    )
    shape, subject = tuple(entry["shape"]), f"shape of {entry['name']!r}"
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
        isinstance(events, bool) and _is_count(every, MOST_TICKS) and every > 0,
        f"interval of {name!r}",
        every,
    )
    require(all(_is_count(n, MOST_ELEMENTS) for n in shape) and len(shape) > 0, subject, shape)
    index = unpack(entry["index"]).astype(np.int64) if "index" in entry else None
    if owner in network.populations:
        population = network.populations[owner]
        require(shape == population.shape if index is None else index.shape == (prod(shape),), subject, shape)
        require(
            index is None or not index.size or bool(index.min() >= 0 and index.max() < population.size),
            f"neurons of {name!r}",
            index,
        )
    else:
        require(len(shape) == 1 and index is None and not events, subject, shape)
    return Probe(name, owner, variable, index, shape, every, events)
