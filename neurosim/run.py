"""`ns.run`: from a network and inputs to a recording."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from neurosim.engine import begin, check_name, ready
from neurosim.engine.resume import check_resume
from neurosim.errors import DescriptionError, shown
from neurosim.network.arguments import named_arguments
from neurosim.network.network import Network
from neurosim.network.probes import read_record
from neurosim.network.values import choice, flag, plain_text, whole
from neurosim.network.windows import einsum
from neurosim.network.wiring import private
from neurosim.recording.recording import Recording
from neurosim.start import read_start, renew
from neurosim.versions import versions

PRECISIONS = ("double", "mixed", "single")


@named_arguments
def run(
    net: Network,
    inputs: Mapping[Any, Any] | None = None,
    *,
    ticks: int | None = None,
    duration: Any = None,
    trials: int | None = None,
    record: Any = (),
    start: Any = None,
    seed: int | None = None,
    engine: str = "auto",
    precision: str | None = None,
    threads: int | None = None,
    to: str | os.PathLike | None = None,
    until: str | None = None,
    progress: bool | None = None,
    compression: int = 0,
) -> Recording:
    """Run a network and return the Recording.

    Arguments:
        net: the network.
        inputs: what drives (or clamps) populations, by name: arrays (tick, *shape) or (trial, tick, *shape), spike events
            (times or ticks, neurons) or (trials, times or ticks, neurons), or a Recording that holds that population. A Boolean array
            is a raster: True is a spike of a driven population, and 1 where numbers alone go: to `einsum`, as weights, in `Asynchronous`.
        ticks, duration: how long; default: as long as the inputs. `duration` is a time, under `Clock`.
        trials: how many trials; default: as many as the inputs have, or one without a trial axis.
        record: names such as 'liquid' (its spikes, or what it sends), 'liquid.v', 'liquid[:100].v', 'ears_to_liquid.w' (one value per
            synapse, by sender: `recording.edges` says from where to where, `recording.matrix` lays them out as (post, pre));
            a dict name -> sampling interval (ticks, or a time under `Clock`); 'all' for what every population sends.
        start: a Recording to continue from its end, or {'population.variable': start values}. A run that is continued goes on as if it
            had never stopped, plastic weights and spikes in flight included; parameters that `net` now gives another value have that value.
        seed: of all random numbers: wiring, weights, noise; default: that of the recording that is continued, else 0. Another seed than
            the recording's is refused where wiring, weights or delays are drawn, as it would draw another network.
        engine: 'reference' (plain numpy, the definition), 'events' (generated C++, which needs a C++ compiler), or 'auto': whichever
            is done first, the seconds that a compiler may take included; 'reference' where there is no compiler.
        precision: of all engines alike: 'double'; 'mixed' (weights in 32 bits, state and sums in 64); 'single' (all in 32). Default: that
            of the recording that is continued, else 'double'; in another precision its end state is rounded to it.
        threads: how many the event engine uses; default: as many of the machine's cores as pay. Results do not depend on it, not by
            a bit. The reference engine uses one.
        to: path of an HDF5 file that is written while the network runs.
        until: 'stable' stops after a tick that changed nothing in any trial.
        progress: True or False; default: a bar on terminals and in notebooks for what takes longer than a second.
        compression: 0 (none) to 9 of the file's data.

    Raises DescriptionError, PlanError or RecordingError before the first tick where something does not fit. Ctrl-C ends
    the run after the tick; what was recorded so far is a valid Recording (`recording.stopped == 'interrupted'`).

    >>> import neurosim as ns
    >>> counter = ns.Neurons("counter", 1, update="n = n + 1")
    >>> ns.run(ns.Network(counter, schedule=ns.Synchronous()), ticks=3, record=["counter.n"])["counter.n"].ravel().tolist()
    [1.0, 2.0, 3.0]
    """
    if not isinstance(net, Network):
        raise DescriptionError(f"run: net {shown(net)} is not a Network. Give Network(..., schedule=...).")
    _check_choices(precision, until, compression, progress, to)
    if to is not None:
        _check_apart(to, start, inputs)
    threads = None if threads is None else whole(threads, "run: threads", least=1, most=4096)
    asked = check_name(plain_text(engine, "run: engine"))
    from neurosim.engine.progress import Progress, message_callback
    from neurosim.plan.dry_run import dry_run
    from neurosim.plan.inputs import read_inputs
    from neurosim.plan.lower import lower
    from neurosim.plan.memory import refuse_size

    stored = [item for item in net.synapses.values() if not isinstance(item.wiring, (private, einsum))]
    begin(asked, rows=any(not item.text for item in stored), records=any(item.text for item in stored))
    begun = read_start(net, start, seed, precision)
    read = read_inputs(net, inputs, ticks, duration, trials, begun.trials)
    probes = read_record(net, record, read.spiking)
    settings = {
        "start": begun.values,
        "resume": begun.resume,
        "seed": begun.seed,
        "precision": begun.precision,
        "until": until,
    }
    plan = lower(net, read, probes=probes, **settings)
    plan = replace(plan, resume=renew(plan, begun.renewed)) if begun.renewed else plan
    if plan.resume:
        check_resume(plan, begun.where, begun.own)
    dry_run(plan, lambda synapses: net.synapses[synapses].label)
    if to is None and until is None:
        samples = (
            8.0
            * plan.ticks
            * plan.trials
            * sum(np.prod(probe.shape) / probe.every for probe in plan.probes if not probe.events)
        )
        refuse_size(
            samples, "run: the records", "Give to='run.h5', or record fewer neurons, or at longer intervals."
        )
    if to is not None:
        from neurosim.recording.safe_hdf5 import RECORDING, writable_path

        writable_path(to, RECORDING)  # a path that will not do is refused before anything is compiled
    name, go = ready(asked, plan, threads, message_callback(progress))
    writer = _writer(plan, net, read, name, begun.values, to, compression)
    try:
        with Progress(plan.ticks * plan.trials, "tick", progress) as report:
            done, stopped, final = go(writer, report)
        return Recording.of(writer.finish(done, stopped, final))
    except BaseException:
        writer.close()
        raise


def _check_choices(precision: Any, until: Any, compression: Any, progress: Any, to: Any) -> None:
    if precision is not None:
        choice(precision, PRECISIONS, "run: precision")
    if until is not None and not (isinstance(until, str) and until == "stable"):
        raise DescriptionError(
            f"run: until {shown(until)} is not known. Use until='stable', or leave it out."
        )
    whole(compression, "run: compression", most=9)
    if progress is not None:
        flag(progress, "run: progress")
    if to is not None and not (isinstance(to, (str, os.PathLike)) and str(to)):
        raise DescriptionError(f"run: to {shown(to)} is not a path. Give one such as to='run.h5'.")
    if to is not None and os.path.isdir(to):
        raise DescriptionError(
            f"run: to {shown(to)} is a folder. Give the path of a file in it, such as 'run.h5'."
        )


def _check_apart(to: Any, start: Any, inputs: Any) -> None:
    """Refuse to write over a recording that is read meanwhile."""
    read = {
        "start": start,
        **(
            {f"input {name!r}": given for name, given in inputs.items()}
            if isinstance(inputs, Mapping)
            else {}
        ),
    }
    for what, given in read.items():
        path = getattr(given, "path", None) if hasattr(given, "header") else None
        if path is not None and os.path.exists(path) and os.path.exists(to) and os.path.samefile(path, to):
            raise DescriptionError(
                f"run: to={os.fspath(to)!r} is the file of the recording given as {what}, and would be lost. Choose another path."
            )


def _writer(
    plan: Any,
    net: Network,
    read: Any,
    engine: str,
    begin: Mapping[str, np.ndarray],
    to: Any,
    compression: int,
) -> Any:
    from neurosim.recording.header import Header
    from neurosim.recording.spikes import Spikes

    drives = {
        name: drive.values
        if drive.values is not None
        else Spikes(drive.trial, drive.tick, drive.neuron, net.dt)
        for name, drive in read.drives.items()
    }
    header = Header(
        network=net, seed=plan.seed, ticks=plan.ticks, trials=plan.trials, batched=read.batched, precision=plan.precision, engine=engine,
        until=plan.until, probes=plan.probes, record=[(probe.name, probe.every) for probe in plan.probes], inputs=drives,
        start=begin or plan.resume, versions=versions(),
    )  # fmt: skip
    if to is None:
        from neurosim.recording.memory import MemoryWriter

        return MemoryWriter(header)
    from neurosim.recording.file_writer import FileWriter

    return FileWriter(header, to, compression)
