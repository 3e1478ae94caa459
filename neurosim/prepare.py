"""What `ns.run` and `ns.session` do alike before the first tick: from arguments to a plan made ready."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from math import prod
from typing import Any

import numpy as np

from neurosim.engine import begin, check_name, ready
from neurosim.engine.progress import MessageCallback
from neurosim.engine.resume import check_resume
from neurosim.engine.running import Ready
from neurosim.errors import DescriptionError, shown
from neurosim.network.contraction import einsum
from neurosim.network.network import Network
from neurosim.network.probes import Probe
from neurosim.network.readonly import ReadOnly
from neurosim.network.values import choice, plain_text, whole
from neurosim.network.wiring import private
from neurosim.plan.inputs import Inputs
from neurosim.plan.kept import plan_of, probes_of
from neurosim.plan.memory import refuse_size
from neurosim.plan.plan import Drive, Plan
from neurosim.recording.compression import Compression
from neurosim.recording.file_writer import FileWriter
from neurosim.recording.header import PRECISIONS, Header
from neurosim.recording.lazy import Later
from neurosim.recording.memory import MemoryWriter
from neurosim.recording.safe_hdf5 import RECORDING, writable_path
from neurosim.recording.spikes import Spikes
from neurosim.recording.writer import Writer
from neurosim.start import Start, continued, folded_parameters, read_start, with_changed_parameters
from neurosim.versions import versions


@dataclass(frozen=True, eq=False)
class Prepared:
    """A run or session before its first tick.

    ready: the plan, made ready by the engine.
    engine: its name.
    probes: what is recorded; the plan may have more.
    header: what the recording says of it.
    """

    ready: Ready
    engine: str
    probes: tuple[Probe, ...]
    header: Header

    @property
    def plan(self) -> Plan:
        """The plan."""
        return self.ready.plan


def prepare(
    net: Network,
    read: Callable[[int], Inputs],
    *,
    record: Any,
    start: Any,
    seed: int | None,
    engine: str,
    precision: str | None,
    threads: int | None,
    to: str | os.PathLike[str] | None,
    until: str | None = None,
    watched: Callable[[tuple[Probe, ...], Inputs], tuple[Probe, ...]] | None = None,
    announce: MessageCallback | None = None,
) -> Prepared:
    """Check the arguments of a run or session, lower its plan, and make the plan ready.

    read: gives the inputs, from the number of trials of the recording that is continued (0: no trial axis).
    watched: gives the probes that are needed beside those that are recorded; a session has them, a run not.

    The other arguments are those of `ns.run`.
    """
    if precision is not None:
        choice(precision, PRECISIONS, "run: precision")
    threads = None if threads is None else whole(threads, "run: threads", least=1, most=4096)
    requested = check_name(plain_text(engine, "run: engine"))
    begins = read_start(net, start, seed, precision)
    if not net.kept_plans:
        _begin_compiling(net, requested, begins.precision)
    inputs = read(begins.trials)
    probes = probes_of(net, record, inputs.spiking)
    more = () if watched is None else watched(probes, inputs)
    lowered = partial(
        plan_of,
        net,
        inputs,
        probes=(*probes, *more),
        seed=begins.seed,
        precision=begins.precision,
        until=until,
    )
    plan = lowered(start=begins.values, resume=begins.resume)
    if begins.changed:
        plan = replace(plan, resume=with_changed_parameters(plan, begins.changed))
    if plan.resume and (folded := folded_parameters(plan, begins.what)):
        plan = lowered(start=folded, resume=plan.resume)
    if plan.resume and not begins.known:
        check_resume(plan, begins.what, begins.unchanged_network)
    _check_destination(plan, to, known_end=until is None and watched is None)
    name, made = ready(requested, plan, threads, announce, stepwise=watched is not None)
    recorded = made.plan.probes[: len(probes)]  # with their shapes
    header = _header(plan, net, inputs, begins, name, recorded, session=watched is not None)
    return Prepared(made, name, recorded, header)


def _begin_compiling(net: Network, engine: str, precision: str) -> None:
    """Let a compiler start with what any such network needs, while this one is read and lowered."""
    listed = [item for item in net.synapses.values() if not isinstance(item.wiring, (private, einsum))]
    plain, textual = any(not item.text for item in listed), any(item.text for item in listed)
    begin(engine, precision, plain=plain, textual=textual)


def check_path(to: object, start: object, inputs: object) -> None:
    """Refuse what is no path of a file, and to write over a recording that the run reads."""
    if to is None:
        return
    if not isinstance(to, (str, os.PathLike)) or not str(to):
        raise DescriptionError(f"run: to {shown(to)} is not a path. Give one such as to='run.h5'.")
    if os.path.isdir(to):
        raise DescriptionError(
            f"run: to {shown(to)} is a folder. Give the path of a file in it, such as 'run.h5'."
        )
    read = {"start": continued(start)}
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


def writer_of(header: Header, to: str | os.PathLike[str] | None, compression: Compression) -> Writer:
    """The writer of a recording: into the file `to`, or into memory."""
    if to is None:
        return MemoryWriter(header)
    return FileWriter(header, to, compression)


def _check_destination(plan: Plan, to: str | os.PathLike[str] | None, *, known_end: bool) -> None:
    """Refuse, before anything is compiled, records that do not fit into memory, and unwritable paths."""
    if to is not None:
        writable_path(to, RECORDING)
    elif known_end and not all(probe.events for probe in plan.probes):
        per_tick = sum(prod(probe.shape) / probe.every for probe in plan.probes if not probe.events)
        remedy = "Give to='run.h5', or record fewer neurons, or at longer intervals."
        refuse_size(8.0 * plan.ticks * plan.trials * per_tick, "run: the records", remedy)


def _recorded_inputs(drives: Mapping[str, Drive], dt: float | None) -> dict[str, np.ndarray | Spikes]:
    """Inputs in the form in which a recording has them."""
    return {
        name: Spikes(*drive.spikes, dt) if drive.values is None else drive.values
        for name, drive in drives.items()
    }


@cache
def _versions() -> Mapping[str, str]:
    return ReadOnly(versions())


def _header(
    plan: Plan,
    net: Network,
    read: Inputs,
    begins: Start,
    engine: str,
    probes: Iterable[Probe],
    *,
    session: bool,
) -> Header:
    recorded = tuple(probes)
    return Header(
        network=net,
        seed=plan.seed,
        ticks=plan.ticks,
        trials=plan.trials,
        batched=read.batched,
        precision=plan.precision,
        engine=engine,
        until=plan.until,
        probes=recorded,
        record=[(probe.name, probe.every) for probe in recorded],
        inputs=Later(lambda: _recorded_inputs(read.drives, net.dt)),
        start=begins.values or plan.resume,
        versions=_versions(),
        session=session,
    )
