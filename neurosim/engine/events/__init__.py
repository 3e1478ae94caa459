"""The event engine: generated C++ that does what the reference engine does, at the machine's speed.

Read `core/run/engine.hpp` and the generated source (its path is in every error) beside `engine/reference/`: the steps have the
same names.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Any

import numpy as np

from neurosim.engine.checkpoint import restore_products
from neurosim.engine.driver import Result, Stopped, neurons, run_in_batches, run_ticks
from neurosim.engine.events import construct, textual_layout
from neurosim.engine.events.batch import Batch, NetworkLayout
from neurosim.engine.events.buffers import RecordingBuffers
from neurosim.engine.events.build import load, load_ahead
from neurosim.engine.events.construct import draw_edges
from neurosim.engine.events.pending import collect_pending, restore_pending
from neurosim.engine.events.source import write_source
from neurosim.engine.events.workload import cores, share
from neurosim.engine.progress import MessageCallback, ProgressCallback
from neurosim.engine.state import State, spikes_sent
from neurosim.errors import EngineError
from neurosim.plan.plan import Plan, Sparse, Textual

BATCH_NEURONS = 4_000_000  # neurons (times trials) and synapses with state that move together; results do not depend on it
BLOCK_SECONDS = 0.25  # how long the engine runs before it looks up: to record, to tell, to be interrupted
FAILURES = {
    -1: "run: there is not enough memory for this network on the event engine. Use fewer neurons, trials or threads, or precision='single'.",
    -2: "run: the system gives no more threads. Give threads=1, or fewer than you gave.",
    -3: "run: the compiled code failed in a way that it does not know. Give engine='reference'.",
}
NAMED = 4  # populations that stand for a network in messages


class Settings(ctypes.Structure):
    """`Settings` of core/run/engine.hpp."""

    _fields_ = (("ticks", ctypes.c_int64), ("buffer_set", ctypes.c_int32), ("until_stable", ctypes.c_int32))


def ready(
    plan: Plan, threads: int | None = None, announce: MessageCallback | None = None
) -> Callable[..., Result]:
    """What runs a plan when it is given a writer and whom to tell: compiled, with its synapses built.

    Results are the same for any number of threads. Raises NotCompiled where the C++ compiler fails, EngineError where there is not enough
    memory.
    """
    prepare(rows=len(plan.of_kind(Sparse)) > len(plan.textual), records=bool(plan.textual))
    plan = drawn(plan, threads)
    source = write_source(plan)
    library = _typed(load(source.text, label(plan), announce=announce))
    blocks, workers = share(plan, threads)
    return partial(_run, library, NetworkLayout(plan, source, blocks, workers))


def _run(library: ctypes.CDLL, network: NetworkLayout, writer: Any, report: ProgressCallback) -> Result:
    """See `neurosim.engine.reference.run`."""
    plan = network.plan

    def run_batch(state: State) -> tuple[int, Stopped]:
        if plan.resume:
            restore_products(state, plan.resume)
        return _run_batch(library, Batch(network, state), writer, report)

    size = neurons(plan) + sum(laid.size for laid in network.textual.values())
    return run_in_batches(plan, size, BATCH_NEURONS, run_batch, draw=False)


def prepare(*, rows: bool, records: bool) -> None:
    """Begin to compile what builds rows of synapses, and synapses with text, beside what else there is to do."""
    if rows:
        load_ahead(construct.SOURCE, construct.LABEL)
    if records:
        load_ahead(textual_layout.SOURCE, textual_layout.LABEL)


def label(plan: Plan) -> str:
    """What a user knows the network by: its populations, the first ones of many."""
    names = list(plan.groups)
    return f"the network of {', '.join(names[:NAMED])}{' ...' if len(names) > NAMED else ''}"


def drawn(plan: Plan, threads: int | None) -> Plan:
    """The plan with the synapses of graded senders as arrays; those of spikes are drawn where they are laid out."""
    workers = threads if threads is not None else cores()
    given = {
        p.name: replace(p, stored=draw_edges(p.recipe, plan.weight_dtype, workers))
        for p in plan.of_kind(Sparse)
        if p.recipe is not None and not isinstance(p, Textual) and not spikes_sent(plan, p.pre)
    }
    return replace(plan, pathways={**plan.pathways, **given}) if given else plan


def _run_batch(
    library: ctypes.CDLL, batch: Batch, writer: Any, report: ProgressCallback
) -> tuple[int, Stopped]:
    """All ticks of a batch of trials."""
    tape = RecordingBuffers(batch, writer)
    numbers = np.ascontiguousarray(batch.state.trials, np.int64)
    keep = tape.keep()
    opened = ctypes.c_void_p()
    library.neurosim_open(
        ctypes.byref(batch.struct),
        tape.structs,
        len(tape.structs),
        keep.ctypes.data,
        numbers.ctypes.data,
        ctypes.byref(opened),
    )
    runner = opened.value or 0
    try:
        restore_pending(library, runner, batch)
        done, stopped = _run_blocks(library, runner, batch, tape, report)
        batch.release(done)
        collect_pending(library, runner, batch)
    finally:
        library.neurosim_close(runner)
    return done, stopped


def _run_blocks(
    library: ctypes.CDLL, runner: int, batch: Batch, tape: RecordingBuffers, report: ProgressCallback
) -> tuple[int, Stopped]:
    """Run all ticks: while the C++ fills one set of buffers, the other is written."""
    plan, length = batch.plan, 1
    written: tuple[int, int, int] | None = None  # of the block before: set of buffers, first tick, ticks

    def run_block(done: int) -> tuple[int, bool]:
        nonlocal length, written
        begin, buffers = monotonic(), 1 - written[0] if written else 0
        settings = Settings(min(length, plan.ticks - done), buffers, int(plan.until is not None))
        running = background.submit(library.neurosim_run, runner, ctypes.byref(settings))
        try:
            if written:
                tape.write(library, runner, *written)
        finally:
            ran = running.result()
        written = (buffers, done, ran)
        length = _next_length(length, monotonic() - begin, tape.ticks)
        return ran, bool(plan.until and library.neurosim_stable(runner))

    report(0)
    with ThreadPoolExecutor(max_workers=1) as background:
        ended = run_ticks(plan, batch.state.count, run_block, report)
        if written:
            tape.write(library, runner, *written)
    return ended


def _next_length(ticks: int, took: float, most: int) -> int:
    """How many ticks to run before looking up again: about BLOCK_SECONDS."""
    wanted = ticks * 2 if took < BLOCK_SECONDS / 2 else ticks // 2 if took > BLOCK_SECONDS * 2 else ticks
    return max(1, min(wanted, most))


@functools.cache
def _typed(library: ctypes.CDLL) -> ctypes.CDLL:
    """The library with the types of its functions declared."""
    pointer, integer = ctypes.c_void_p, ctypes.c_int64
    signatures = {
        "open": (integer, (pointer, pointer, integer, pointer, pointer, pointer)),
        "close": (None, (pointer,)),
        "run": (integer, (pointer, pointer)),
        "stable": (ctypes.c_int, (pointer,)),
        "spikes": (integer, (pointer, ctypes.c_int, ctypes.c_int, ctypes.c_int, pointer, pointer)),
        "sent": (integer, (pointer, ctypes.c_int, ctypes.c_int, pointer, pointer)),
        "pending_arrivals": (integer, (pointer, ctypes.c_int, pointer)),
        "restore": (
            integer,
            (pointer, ctypes.c_int, ctypes.c_int, ctypes.c_int, integer, pointer, pointer, pointer),
        ),
        "restore_arrivals": (
            integer,
            (pointer, ctypes.c_int, ctypes.c_int, ctypes.c_int, integer, pointer, pointer),
        ),
    }
    for name, (returned, taken) in signatures.items():
        function = getattr(library, f"neurosim_{name}")
        function.restype, function.argtypes = returned, taken
        if returned is integer:
            function.errcheck = _checked
    return library


def _checked(found: int, *call: Any) -> int:
    """What a call of the C++ returned; raises EngineError where that is a number of `guarded` in core/run/library.hpp."""
    if found >= 0:
        return found
    raise EngineError(FAILURES[found])
