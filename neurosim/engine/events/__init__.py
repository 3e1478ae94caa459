"""The event engine: generated C++ that does what the reference engine does, at the machine's speed.

`source.py` writes one C++ translation unit for the structure of a network, `build.py` compiles it, or takes
it from the cache, `network_layout.py` lays the synapses out, `batch.py` hands the state of some trials to the
C++, and `runner.py` calls it. What does not depend on the user's text is in `core/`, written by hand. Read
`core/run/engine.hpp` and a generated source beside `engine/reference/steps.py`. `docs/architecture.md` says
which generated function does which step, and in which order these files are best read.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from time import monotonic

import numpy as np

from neurosim.engine.checkpoint import restore_products
from neurosim.engine.driver import Result, Stopped, neurons, run_in_batches, run_ticks
from neurosim.engine.events import construct, parts, textual_layout
from neurosim.engine.events.batch import Batch
from neurosim.engine.events.buffers import RecordingBuffers
from neurosim.engine.events.build import compile_ahead, load, load_ahead
from neurosim.engine.events.construct import draw_edges
from neurosim.engine.events.network_layout import NetworkLayout
from neurosim.engine.events.order import with_joint_deliveries
from neurosim.engine.events.pending import collect_pending, restore_pending
from neurosim.engine.events.runner import Runner
from neurosim.engine.events.source import write_source
from neurosim.engine.events.workload import cores, share
from neurosim.engine.progress import MessageCallback, ProgressCallback
from neurosim.engine.state import State, spikes_sent
from neurosim.plan.plan import Plan, Sparse, Textual
from neurosim.recording.writer import Writer

BATCH_NEURONS = 4_000_000  # of all trials of a batch, with synapses with text; results do not depend on it
CALL_SECONDS = 0.25  # how long the C++ runs before Python records, reports progress and can be interrupted
NAMED = 4  # how many populations a message names, to say which network it is about


def ready(
    plan: Plan, threads: int | None = None, announce: MessageCallback | None = None
) -> Callable[[Writer, ProgressCallback], Result]:
    """Compile what runs a plan, and build its synapses; returns the function that runs it.

    threads: at most how many threads run it (None: as many as make it faster); results do not depend on it
    announce: called with a line of text when a compilation begins

    Raises NotCompiled if the C++ compiler fails, EngineError if there is not enough memory.
    """
    plain = len(plan.of_class(Sparse)) > len(plan.textual)
    prepare(plan.precision, plain=plain, textual=bool(plan.textual))
    plan = with_joint_deliveries(draw_graded(plan, threads))
    source = write_source(plan)
    library = load(source.text, label(plan), parts=source.parts, announce=announce)
    blocks, workers = share(plan, threads)
    return partial(_run, library, NetworkLayout(plan, source, blocks, workers))


def _run(library: ctypes.CDLL, network: NetworkLayout, writer: Writer, report: ProgressCallback) -> Result:
    """See `neurosim.engine.reference.run`."""
    plan = network.plan

    def run_batch(state: State) -> tuple[int, Stopped]:
        if plan.resume:
            restore_products(state, plan.resume)
        return _run_batch(library, Batch(network, state), writer, report)

    size = neurons(plan) + sum(layout.size for layout in network.textual.values())
    return run_in_batches(plan, size, BATCH_NEURONS, run_batch, draw=False)


def prepare(precision: str, *, plain: bool, textual: bool) -> None:
    """Start compiling in the background what runs networks of this precision, and what lays out synapses
    without text, and with text."""
    compile_ahead(parts.engine(precision))
    if plain:
        load_ahead(construct.SOURCE, construct.LABEL)
    if textual:
        load_ahead(textual_layout.SOURCE, textual_layout.LABEL)


def label(plan: Plan) -> str:
    """How messages name a network: by its first populations."""
    names = list(plan.groups)
    return f"the network of {', '.join(names[:NAMED])}{' ...' if len(names) > NAMED else ''}"


def draw_graded(plan: Plan, threads: int | None) -> Plan:
    """The plan with the synapses of graded senders drawn as arrays. Those of spiking senders are drawn later,
    straight into rows (`construct.py`).
    """
    workers = threads if threads is not None else cores()
    drawn = {
        p.name: replace(p, stored=draw_edges(p.recipe, plan.weight_dtype, workers))
        for p in plan.of_class(Sparse)
        if p.recipe is not None and not isinstance(p, Textual) and not spikes_sent(plan, p.pre)
    }
    return replace(plan, pathways={**plan.pathways, **drawn}) if drawn else plan


def _run_batch(
    library: ctypes.CDLL, batch: Batch, writer: Writer, report: ProgressCallback
) -> tuple[int, Stopped]:
    """Run all ticks of a batch of trials, and bring its state up to date."""
    buffers = RecordingBuffers(batch, writer)
    trials = np.ascontiguousarray(batch.state.trials, np.int64)
    spike_uses = buffers.spike_uses()
    runner = Runner(library, batch.struct, buffers.structs, spike_uses, trials)
    try:
        restore_pending(runner, batch)
        done, stopped = _run_in_calls(runner, batch, buffers, report)
        batch.take_back(done)
        collect_pending(runner, batch)
    finally:
        runner.close()
    return done, stopped


def _run_in_calls(
    runner: Runner, batch: Batch, buffers: RecordingBuffers, report: ProgressCallback
) -> tuple[int, Stopped]:
    """Run all ticks, some in each call of the C++, while Python writes what the call before recorded."""
    plan, length = batch.plan, 1
    filled: tuple[int, int, int] | None = None  # by the call before: set of buffers, first tick, ticks

    def run_call(done: int) -> tuple[int, bool]:
        nonlocal length, filled
        begin, buffer_set = monotonic(), 1 - filled[0] if filled else 0
        ticks, until_stable = min(length, plan.ticks - done), plan.until is not None
        running = background.submit(runner.run, ticks, buffer_set=buffer_set, until_stable=until_stable)
        try:
            if filled:
                buffers.write(runner, *filled)
        finally:
            ran = running.result()
        filled = (buffer_set, done, ran)
        length = _next_length(length, monotonic() - begin, buffers.ticks)
        return ran, until_stable and runner.is_stable()

    report(0)
    with ThreadPoolExecutor(max_workers=1) as background:
        ended = run_ticks(plan, batch.state.count, run_call, report)
        if filled:
            buffers.write(runner, *filled)
    return ended


def _next_length(ticks: int, seconds: float, most: int) -> int:
    """How many ticks the next call runs, if those of the last call took so many seconds."""
    if seconds < CALL_SECONDS / 2:
        ticks *= 2
    elif seconds > CALL_SECONDS * 2:
        ticks //= 2
    return max(1, min(ticks, most))
