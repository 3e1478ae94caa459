"""What recordings in files cost: membrane voltages of 4000 neurons, written block by block and read again,
beside the same numbers by h5py alone and in NumPy's own format.

The voltages are random numbers around -60 mV. Times are those of the processor per GB of uncompressed
numbers, without the disk's. h5py appends to a dataset whose chunks it chooses itself, as a script would.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from bench import Benchmark, Column, Run

NEURONS = 4000


@cache
def voltages(ticks: int) -> np.ndarray:
    """Two blocks of voltages (block, tick, neuron)."""
    return -0.06 + 0.005 * np.random.default_rng(0).standard_normal((2, ticks, NEURONS))


def blocks(ticks: int) -> Iterator[tuple[int, np.ndarray]]:
    """Blocks (tick, neuron) of voltages, and the tick at which each begins."""
    length = min(512, ticks)
    held = voltages(length)
    for first in range(0, ticks // length * length, length):
        yield first, held[first // length % 2]


def write_neurosim(path: Path, ticks: int, compression: Any) -> Any:
    """Write by neurosim's own writer; returns the recording."""
    import neurosim as ns
    from neurosim.network.probes import read_record
    from neurosim.recording.file_writer import FileWriter
    from neurosim.recording.header import Header

    net = ns.Network(ns.Neurons("cells", NEURONS, update="v = v"), schedule=ns.Synchronous())
    header = Header(
        network=net, seed=1, ticks=ticks, trials=1, batched=False, precision="double", engine="reference",
        until=None, probes=read_record(net, ["cells.v"]), record=[("cells.v", 1)], inputs={}, start={},
        versions={},
    )  # fmt: skip
    writer = FileWriter(header, path, compression)
    for first, block in blocks(ticks):
        writer.write(0, first, {"cells.v": block[None]}, {}, trials=1, ticks=len(block))
    return ns.Recording.of(writer.finish(ticks, "end", {}))


def write_h5py(path: Path, ticks: int, compression: int) -> None:
    import h5py

    options = {"compression": compression, "shuffle": True} if compression else {}
    with h5py.File(path, "w") as file:
        data = file.create_dataset("v", (0, NEURONS), float, maxshape=(None, NEURONS), **options)
        for first, block in blocks(ticks):
            data.resize(first + len(block), axis=0)
            data[first : first + len(block)] = block


def write_npy(path: Path, ticks: int, compression: int) -> None:
    with open(path, "wb", buffering=0) as file:
        for _, block in blocks(ticks):
            file.write(block.data)


WRITERS = {"neurosim": write_neurosim, "h5py": write_h5py, "npy": write_npy}


def write(
    by: str, compression: Any, ticks: int, seed: int, engine: str = "", repeats: int = 3
) -> dict[str, Any]:
    """Processor seconds for writing a GB, and the size of the file as a part of that of its numbers."""
    size, seconds = ticks * NEURONS * 8, []
    voltages(min(512, ticks))
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            path, begin = Path(folder) / "run.h5", process_time()
            written = WRITERS[by](path, ticks, compression)
            seconds.append(process_time() - begin)
            if written is not None:
                written.close()
            length = path.stat().st_size
    return {"per_gb": median(seconds) / size * 1e9, "part": length / size}


def read(by: str, ticks: int, seed: int, engine: str = "", repeats: int = 3) -> dict[str, Any]:
    """Processor time for reading all, in pieces of 1000 ticks, one neuron and the last 100 ticks."""
    import h5py

    import neurosim as ns

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.h5"
        write_neurosim(path, ticks, 0).close()
        if by == "neurosim":
            file = ns.open(path)
            data = file["cells.v"]
        else:
            file = h5py.File(path)
            if by == "h5py":
                data = file["neurosim/values/cells.v"]
            else:
                with h5py.File(Path(folder) / "plain.h5", "w") as plain:
                    plain["v"] = file["neurosim/values/cells.v"][:]
                file.close()
                file = h5py.File(Path(folder) / "plain.h5")
                data = file["v"]
        pieces = range(0, ticks, 1000)
        with file:
            return {
                "all": _seconds(lambda: data[:], repeats),
                "pieces": _seconds(lambda: [data[first : first + 1000].shape for first in pieces], repeats),
                "neuron": 1e3 * _seconds(lambda: data[:, 1234], repeats),
                "last": 1e3 * _seconds(lambda: data[-100:], repeats),
            }


def _seconds(ask: Callable[[], Any], repeats: int) -> float:
    found = []
    for _ in range(repeats):
        begin = process_time()
        ask()
        found.append(process_time() - begin)
    return median(found)


def recorded(record: str, threads: int, seed: int, engine: str, seconds: float = 1.0) -> dict[str, Any]:
    """Processor seconds of a biological second of CUBA (or of plastic synapses) with a record in a file."""
    import neurosim as ns
    from neurosim.models.balanced_cuba import balanced_cuba
    from neurosim.units import ms, second

    if record.endswith("weights"):
        cells = ns.Neurons(
            "cells", 1000, equations="dv/dt = -v/(10*ms) : 1", threshold="v > 1", reset="v = 0"
        )
        plastic = ns.Synapses(
            cells, cells, on_pre="v_post += w\nw += 0.001", weight=0.01, delay=1 * ms, name="s"
        )
        net = ns.Network(plastic, schedule=ns.Clock(0.1 * ms))
        asked = {"s.w": 10 * ms} if record == "weights" else {}
    else:
        net, asked = balanced_cuba(NEURONS), [record] if record else []
    with tempfile.TemporaryDirectory() as folder:

        def run(length: float) -> float:
            begin = process_time()
            ns.run(
                net, duration=length * second, record=asked, to=Path(folder) / "run.h5", engine=engine,
                threads=threads, seed=seed, progress=False,
            ).close()  # fmt: skip
            return process_time() - begin

        run(0.01)
        return {"second": median([(run(0.1 + seconds) - run(0.1)) / seconds for _ in range(3)])}


CPU, PART = Column("per_gb", "CPU s per GB"), Column("part", "size of the file", 2)
SIZE = f"{NEURONS} neurons, double precision."
BENCHMARKS = (
    Benchmark(
        "write_voltages",
        "Writing voltages to a file, block by block",
        "at most 1.1 of h5py, which appends in blocks",
        f"{SIZE} 1 GB in blocks of 512 ticks.",
        (CPU, PART),
        (
            Run("neurosim", write, dict(by="neurosim", compression=0, ticks=32768)),
            Run("h5py", write, dict(by="h5py", compression=0, ticks=32768)),
            Run("npy", write, dict(by="npy", compression=0, ticks=32768)),
        ),
        smoke=dict(ticks=512, repeats=1),
    ),
    Benchmark(
        "write_compressed",
        "Writing voltages to a file, compressed",
        "Blosc costs less than twice what uncompressed writing does",
        f"{SIZE} 0.5 GB in blocks of 512 ticks; 0.07 GB by gzip.",
        (CPU, PART),
        (
            Run(
                "neurosim, blosc", write, dict(by="neurosim", compression="blosc", ticks=16384), "hdf5plugin"
            ),
            Run("neurosim, uncompressed", write, dict(by="neurosim", compression=0, ticks=16384)),
            Run("neurosim, gzip 1", write, dict(by="neurosim", compression=1, ticks=2048)),
            Run("h5py, gzip 1", write, dict(by="h5py", compression=1, ticks=2048)),
        ),
        smoke=dict(ticks=512, repeats=1),
    ),
    Benchmark(
        "read_voltages",
        "Reading voltages from a file",
        "all at most 1.1 of h5py; one neuron costs a small part of all",
        f"{SIZE} 1 GB. h5py reads the same file, and one that holds the numbers in one piece.",
        (
            Column("all", "all (CPU s)"),
            Column("pieces", "in pieces of 1000 ticks (CPU s)"),
            Column("neuron", "one neuron (CPU ms)", 1),
            Column("last", "last 100 ticks (CPU ms)", 2),
        ),
        (
            Run("neurosim", read, dict(by="neurosim", ticks=32768)),
            Run("h5py", read, dict(by="h5py", ticks=32768)),
            Run("h5py, in one piece", read, dict(by="plain", ticks=32768)),
        ),
        smoke=dict(ticks=512, repeats=1),
    ),
    Benchmark(
        "recorded_runs",
        "Recording to a file while a network runs",
        "what is recorded costs what writing it does",
        "CUBA, 4000 neurons, one thread, step 0.1 ms; and the weights of a million plastic synapses, every"
        " 10 ms.",
        (Column("second", "CPU s per biological s"),),
        tuple(
            Run(label, recorded, dict(record=record, threads=1))
            for label, record in (
                ("CUBA, nothing recorded", ""),
                ("spikes", "cells"),
                ("v of 100 neurons", "cells[:100].v"),
                ("v of 1000 neurons", "cells[:1000].v"),
                ("v of all neurons", "cells.v"),
                ("a million synapses, nothing recorded", "no weights"),
                ("weights of a million synapses", "weights"),
            )
        ),
        smoke=dict(seconds=0.01),
    ),
)
