"""`ns.run`: from a network and inputs to a recording."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neurosim.engine import begin, check_name, ready
from neurosim.engine.progress import Progress, message_callback
from neurosim.engine.resume import check_resume
from neurosim.errors import DescriptionError, shown
from neurosim.network.arguments import named_arguments
from neurosim.network.contraction import einsum
from neurosim.network.network import Network, require_network
from neurosim.network.neurons import Neurons, Part
from neurosim.network.probes import read_record
from neurosim.network.values import Numeric, choice, flag, plain_text, whole
from neurosim.network.wiring import private
from neurosim.plan.inputs import Inputs, read_inputs
from neurosim.plan.kept import plan_of
from neurosim.plan.memory import refuse_size
from neurosim.plan.plan import Plan
from neurosim.recording.file_writer import FileWriter
from neurosim.recording.header import PRECISIONS, Header
from neurosim.recording.memory import MemoryWriter
from neurosim.recording.recording import Recording, Time
from neurosim.recording.safe_hdf5 import RECORDING, writable_path
from neurosim.recording.spikes import Spikes
from neurosim.recording.writer import Writer
from neurosim.start import Checkpoint, Start, read_start, with_changed_parameters
from neurosim.versions import versions

Input = ArrayLike | tuple[Numeric, ...] | Spikes | Recording  # what may drive a population
Name = str | Neurons | Part


@named_arguments
def run(
    net: Network,
    inputs: Mapping[Any, Input] | None = None,
    *,
    ticks: int | None = None,
    duration: Numeric | None = None,
    trials: int | None = None,
    record: Name | Iterable[Name] | Mapping[Any, Time] = (),
    start: Checkpoint | Mapping[str, Numeric | str] | None = None,
    seed: int | None = None,
    engine: str = "auto",
    precision: str | None = None,
    threads: int | None = None,
    to: str | os.PathLike[str] | None = None,
    until: str | None = None,
    progress: bool | None = None,
    compression: int = 0,
) -> Recording:
    """Run a network and return the Recording.

    Arguments:
        net: the network.
        inputs: what drives (or clamps) populations, by name (or by the population itself): arrays (tick,
            *shape) or (trial, tick, *shape); spikes (times or ticks, neurons) or (trials, times or ticks,
            neurons); or a Recording that holds that population. A Boolean array is a raster: True is a spike
            of a driven population, and 1 where only numbers can be used (by `einsum`, as weights, in
            `Asynchronous`).
        ticks, duration: length of the run, in ticks or, under `Clock`, as a time; default: the length of the
            inputs.
        trials: number of trials; default: as many as the inputs have, or one without a trial axis.
        record: what to record: names such as 'liquid' (its spikes, or what it sends), 'liquid.v',
            'liquid[:100].v', 'ears_to_liquid.w' (one value per synapse, sorted by sender; see
            `Recording.edges` and `Recording.matrix`); a dict from names to sampling intervals (ticks, or
            times under `Clock`); or 'all' for what every population sends.
        start: a Recording to continue from its end, or {'population.variable': start values}, which may also
            be expressions, as those of `Neurons`. A continued run goes on as if it had never stopped, with
            plastic weights and spikes that are still under way. Parameters to which `net` gives another value
            than the recorded network have the new value.
        seed: seed of all random numbers (wiring, weights, noise), 0 <= seed < 2**64; default: that of the
            recording that is continued, else 0. Another seed than the recording's is refused if it would draw
            another network.
        engine: 'reference' (plain numpy, which defines the results), 'events' (generated C++, which needs a
            C++ compiler), 'arrays' (JAX), or 'auto': 'reference' or 'events', whichever is expected to finish
            first, compilation included.
        precision: 'double'; 'mixed' (weights in 32 bits, state and sums in 64); or 'single' (everything in 32
            bits). Default: that of the recording that is continued, else 'double'.
        threads: number of threads of the event engine; default: as many of the machine's cores as make it
            faster. The results do not depend on it. The reference engine uses one.
        to: path of an HDF5 file that is written while the network runs; default: the recording is kept in
            memory.
        until: 'stable' stops after a tick that changed nothing in any trial.
        progress: whether to show a progress bar; default: on terminals and in notebooks, after a second.
        compression: level of gzip for the data in the file, 0 (none) to 9.

    Raises DescriptionError, PlanError, EngineError or RecordingError before the first tick if something does
    not fit together. Ctrl-C ends the run after the current tick; what was recorded until then is a valid
    Recording (`recording.stopped == 'interrupted'`).

    >>> import neurosim as ns
    >>> counter = ns.Neurons("counter", 1, update="n = n + 1")
    >>> net = ns.Network(counter, schedule=ns.Synchronous())
    >>> ns.run(net, ticks=3, record=["counter.n"])["counter.n"].ravel().tolist()
    [1.0, 2.0, 3.0]
    """
    require_network(net, "run")
    _check_options(precision, until, compression, progress, to)
    if to is not None:
        _check_not_read(to, start, inputs)
    threads = None if threads is None else whole(threads, "run: threads", least=1, most=4096)
    requested = check_name(plain_text(engine, "run: engine"))
    begins = read_start(net, start, seed, precision)
    listed = [item for item in net.synapses.values() if not isinstance(item.wiring, (private, einsum))]
    plain, textual = any(not item.text for item in listed), any(item.text for item in listed)
    begin(requested, begins.precision, plain=plain, textual=textual)  # a compiler may start now
    read = read_inputs(net, inputs, ticks, duration, trials, begins.trials)
    probes = read_record(net, record, read.spiking)
    plan = plan_of(
        net, read, probes=probes, start=begins.values, resume=begins.resume, seed=begins.seed,
        precision=begins.precision, until=until,
    )  # fmt: skip
    if begins.changed:
        plan = replace(plan, resume=with_changed_parameters(plan, begins.changed))
    if plan.resume:
        check_resume(plan, begins.what, begins.unchanged_network)
    _check_destination(plan, to, until)
    name, run_plan = ready(requested, plan, threads, message_callback(progress))
    writer = _writer(_header(plan, net, read, begins, name), to, compression)
    try:
        with Progress(plan.ticks * plan.trials, "tick", progress) as report:
            done, stopped, final = run_plan(writer, report)
        return Recording.of(writer.finish(done, stopped, final))
    except BaseException:
        writer.close()
        raise


def _check_options(
    precision: object, until: object, compression: object, progress: object, to: object
) -> None:
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
    if isinstance(to, (str, os.PathLike)) and os.path.isdir(to):
        raise DescriptionError(
            f"run: to {shown(to)} is a folder. Give the path of a file in it, such as 'run.h5'."
        )


def _check_not_read(to: str | os.PathLike[str], start: object, inputs: object) -> None:
    """Refuse to write over a recording that the run reads."""
    read = {"start": start}
    if isinstance(inputs, Mapping):
        read |= {f"input {name!r}": given for name, given in inputs.items()}
    for argument, given in read.items():
        path = getattr(given, "path", None) if hasattr(given, "header") else None
        if path is not None and os.path.exists(path) and os.path.exists(to) and os.path.samefile(path, to):
            raise DescriptionError(
                f"run: to={os.fspath(to)!r} is the file of the recording given as {argument},"
                " and would be lost."
                " Choose another path."
            )


def _check_destination(plan: Plan, to: str | os.PathLike[str] | None, until: str | None) -> None:
    """Refuse, before anything is compiled, records that do not fit into memory, and unwritable paths."""
    if to is not None:
        writable_path(to, RECORDING)
    elif until is None:
        per_tick = sum(prod(probe.shape) / probe.every for probe in plan.probes if not probe.events)
        remedy = "Give to='run.h5', or record fewer neurons, or at longer intervals."
        refuse_size(8.0 * plan.ticks * plan.trials * per_tick, "run: the records", remedy)


def _header(plan: Plan, net: Network, read: Inputs, begins: Start, engine: str) -> Header:
    inputs: dict[str, np.ndarray | Spikes] = {}
    for name, drive in read.drives.items():
        if drive.values is not None:
            inputs[name] = drive.values
        else:
            inputs[name] = Spikes(*drive.spikes, net.dt)
    return Header(
        network=net,
        seed=plan.seed,
        ticks=plan.ticks,
        trials=plan.trials,
        batched=read.batched,
        precision=plan.precision,
        engine=engine,
        until=plan.until,
        probes=plan.probes,
        record=[(probe.name, probe.every) for probe in plan.probes],
        inputs=inputs,
        start=begins.values or plan.resume,
        versions=versions(),
    )


def _writer(header: Header, to: str | os.PathLike[str] | None, compression: int) -> Writer:
    if to is None:
        return MemoryWriter(header)
    return FileWriter(header, to, compression)
