"""How the simulators are timed. Imports of simulators stand in functions: a process has only the one that it
measures."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

SETTLING = float(
    os.environ.get("BENCH_SETTLING", 0.1)
)  # biological seconds of the short run: what is timed is past the first transient


def simulate_neurosim(
    net: Any,
    record: tuple[str, ...],
    seconds: float,
    *,
    more: Callable[[Any], dict[str, Any]] = lambda recording: {},
    **options: Any,
) -> dict[str, Any]:
    """RTF of `seconds` after the first `SETTLING` ones, spikes written to HDF5; mean rate in that time;
    seconds to build.

    `options` go to `ns.run`; `more` is asked of the recording in the end.
    """
    import neurosim as ns
    from neurosim.units import second

    with tempfile.TemporaryDirectory() as folder:

        def timed(duration: float) -> tuple[float, Any]:
            begin = perf_counter()
            recording = ns.run(
                net,
                duration=duration * second,
                record=record,
                to=Path(folder) / "run.h5",
                progress=False,
                **options,
            )
            return perf_counter() - begin, recording

        timed(SETTLING)[1].close()  # compiles
        short, recording = timed(SETTLING)
        recording.close()
        long, recording = timed(SETTLING + seconds)
        with recording:
            rtf = (long - short) / seconds
            spikes = {name: len(recording.spikes(name, start=SETTLING * second)) for name in record}
            rates = {name: count / net[name].size / seconds for name, count in spikes.items()}
            rate = sum(spikes.values()) / sum(net[name].size for name in record) / seconds
            return more(recording) | {
                "rtf": rtf,
                "build": short - rtf * SETTLING,
                "rate": rate,
                "rates": rates,
                "engine": recording.engine,
            }


def time_neurosim(
    describe: Callable[[], Any], small: Any, seconds: float, *, warm_up: float, **options: Any
) -> dict[str, float]:
    """RTF of `seconds` after `warm_up` ones, without records; seconds to build.

    describe: makes the network anew, so that each run builds all of it
    small: a network of the same structure, whose short run compiles
    """
    import neurosim as ns
    from neurosim.units import second

    def timed(net: Any, duration: float) -> float:
        begin = perf_counter()
        ns.run(net, duration=duration * second, progress=False, **options)
        return perf_counter() - begin

    timed(small, SETTLING)
    short, long = timed(describe(), warm_up), timed(describe(), warm_up + seconds)
    rtf = (long - short) / seconds
    return {"rtf": rtf, "build": short - rtf * warm_up}


def slope(run: Callable[[int], Any], short: int, long: int) -> tuple[float, Any]:
    """Seconds per unit between a run of `short` and one of `long` units, after one that warms up; and what
    the long one returned."""
    run(short)
    begin = perf_counter()
    run(short)
    middle = perf_counter()
    found = run(long)
    return (perf_counter() - middle - (middle - begin)) / (long - short), found


def start_nest(threads: int, seed: int) -> Any:
    """A fresh NEST kernel with steps of 0.1 ms."""
    import nest

    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.set(resolution=0.1, local_num_threads=threads, rng_seed=seed)
    return nest


def simulate_nest(nest: Any, cells: Any, seconds: float, *, begin: float) -> dict[str, Any]:
    """RTF and mean rate of NEST, spikes recorded into memory; `begin`: when building began."""
    recorder = nest.Create("spike_recorder", {"record_to": "memory", "start": SETTLING * 1e3})
    nest.Connect(cells, recorder)
    times = time_nest(nest, SETTLING, seconds, begin)
    return times | {"rate": recorder.n_events / len(cells) / seconds}


def time_nest(nest: Any, settling: float, seconds: float, begin: float) -> dict[str, float]:
    """RTF of `seconds` after the first ones, `settling`, and the seconds from `begin` until all was built."""
    nest.Prepare()
    built = perf_counter()
    nest.Run(settling * 1e3)
    middle = perf_counter()
    nest.Run(seconds * 1e3)
    end = perf_counter()
    nest.Cleanup()
    return {"rtf": (end - middle) / seconds, "build": built - begin}


def simulate_brian2(
    describe: Callable[[], Mapping[str, Any]],
    seconds: float,
    threads: int,
    seed: int,
    more: Callable[[], dict[str, Any]] = dict,
    step: float = 0.1,
) -> dict[str, Any]:
    """RTF and mean rate of Brian2's C++ standalone mode; `describe` returns the objects by name, among them
    the group `cells`. `step`: in ms.

    *Built* is all but the time of its run loop: generating and compiling code, drawing synapses. `more` is
    read at the end.
    """
    import brian2 as b2

    with tempfile.TemporaryDirectory() as folder:
        begin = perf_counter()
        b2.set_device("cpp_standalone", build_on_run=False, directory=folder)
        b2.prefs.devices.cpp_standalone.openmp_threads = threads if threads > 1 else 0
        b2.defaultclock.dt = step * b2.ms
        b2.seed(seed)
        objects = describe()
        spikes = b2.SpikeMonitor(objects["cells"])
        net = b2.Network(*objects.values(), spikes)
        net.run(SETTLING * b2.second, namespace={})
        net.run(seconds * b2.second, namespace={})
        b2.device.build(directory=folder, compile=True, run=True, debug=False)
        wall, loop = perf_counter() - begin, b2.device._last_run_time  # of the second run
        seen = int((spikes.t / b2.second >= SETTLING).sum())
        found = more() | {
            "rtf": loop / seconds,
            "build": wall - loop * (1 + SETTLING / seconds),
            "rate": seen / objects["cells"].N / seconds,
        }
        b2.device.delete(force=True)
    return found
