"""`ns.run`: from a network and inputs to a recording."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from numpy.typing import ArrayLike

from neurosim.engine.driver import run_to_end
from neurosim.engine.progress import Progress, message_callback
from neurosim.errors import DescriptionError, shown
from neurosim.network.arguments import named_arguments
from neurosim.network.network import Network, require_network
from neurosim.network.neurons import Neurons
from neurosim.network.part import Part
from neurosim.network.values import Numeric, flag
from neurosim.plan.inputs import read_inputs
from neurosim.prepare import check_path, prepare, writer_of
from neurosim.recording.compression import Compression, read_compression
from neurosim.recording.recording import Recording, Time
from neurosim.recording.spikes import Spikes
from neurosim.start import StartOf

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
    start: StartOf | None = None,
    seed: int | None = None,
    engine: str = "auto",
    precision: str | None = None,
    threads: int | None = None,
    to: str | os.PathLike[str] | None = None,
    until: str | None = None,
    progress: bool | None = None,
    compression: Compression = 0,
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
            be expressions, as those of `Neurons`; or both, (recording, {...}). A continued run goes on as if
            it had never stopped, with plastic weights and spikes that are still under way. What text or
            synapses write comes from the recording; parameters that nothing writes, of neurons and synapses,
            come from `net` where it gives them another value than the recorded network did. Many
            short runs, each from the end of the one before, cost less in `ns.session`, which stays open.
        seed: seed of all random numbers (wiring, weights, noise), 0 <= seed < 2**64; default: that of the
            recording that is continued, else 0. Another seed than the recording's is refused if it would draw
            another network.
        engine: 'reference' (plain numpy, which defines the results), 'events' (generated C++, which needs a
            C++ compiler), 'arrays' (JAX), or 'auto': whichever is expected to finish first, compilation
            included.
        precision: 'double'; 'mixed' (weights in 32 bits, state and sums in 64); 'single' (everything in 32
            bits); or 'half' (as single, but weights that spikes meet in 16 bits, unless all synapses of an
            object share one, or the synapses have text). Default: that of the recording that is continued,
            else 'double'.
        threads: at most how many threads the event engine uses; default: as many of the machine's cores as
            make it faster. The results do not depend on it. The reference engine uses one.
        to: path of an HDF5 file that is written while the network runs; default: the recording is kept in
            memory.
        until: 'stable' stops after a tick that changed nothing in any trial.
        progress: whether to show a progress bar; default: on terminals and in notebooks, after a second.
        compression: of the data in the file: a level of gzip, 0 (none) to 9, or 'blosc', which is faster by
            far and compresses samples only; it needs the package hdf5plugin.

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
    if until is not None and not (isinstance(until, str) and until == "stable"):
        raise DescriptionError(
            f"run: until {shown(until)} is not known. Use until='stable', or leave it out."
        )
    compression = read_compression(compression, "run: compression")
    if progress is not None:
        flag(progress, "run: progress")
    check_path(to, start, inputs)
    prepared = prepare(
        net, lambda started: read_inputs(net, inputs, ticks, duration, trials, started), record=record,
        start=start, seed=seed, engine=engine, precision=precision, threads=threads, to=to, until=until,
        announce=message_callback(progress),
    )  # fmt: skip
    writer = writer_of(prepared.header, to, compression)
    try:
        with Progress(prepared.plan.ticks * prepared.plan.trials, "tick", progress) as report:
            done, stopped, final = run_to_end(prepared.ready, writer, report)
        return Recording.of(writer.finish(done, stopped, final))
    except BaseException:
        writer.close()
        raise
