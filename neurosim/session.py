"""`ns.session`: a run that is advanced, looked at and changed step by step, for closed loops."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from neurosim.engine.checkpoint import checkpoint
from neurosim.engine.progress import Interrupt
from neurosim.errors import DescriptionError, EngineError, RecordingError, shown
from neurosim.network.arguments import named_arguments
from neurosim.network.network import Network, require_network
from neurosim.network.neurons import Neurons
from neurosim.network.part import Part
from neurosim.network.probes import Probe
from neurosim.network.values import TIME, Numeric, Value, as_value, whole
from neurosim.plan.inputs import Inputs
from neurosim.prepare import Prepared, check_path, prepare, writer_of
from neurosim.recording.compression import Compression, read_compression
from neurosim.recording.header import Change, keeps_cuts
from neurosim.recording.recording import Recording, Time
from neurosim.recording.spikes import Spikes
from neurosim.recording.writer import Writer
from neurosim.session_inputs import MOST_TICKS, SessionInputs
from neurosim.session_places import Places
from neurosim.start import StartOf

MOST_KNOWN = 1000


@named_arguments
def session(
    net: Network,
    inputs: Mapping[Any, Any] | None = None,
    *,
    ticks: int | None = None,
    duration: Numeric | None = None,
    trials: int | None = None,
    record: str | Neurons | Part | Iterable[str | Neurons | Part] | Mapping[Any, Time] = (),
    start: StartOf | None = None,
    seed: int | None = None,
    engine: str = "auto",
    precision: str | None = None,
    threads: int | None = None,
    to: str | os.PathLike[str] | None = None,
    compression: Compression = 0,
) -> Session:
    """Open a network, to be advanced, looked at and changed step by step; a `with` block closes it.

    A session gives bit for bit what one `ns.run` with the same inputs gives, however it is cut.

    Arguments:
        net: the network.
        inputs: which populations each `advance` drives or clamps, and by what: 'numbers', a unit such as mV
            for numbers in it, or 'spikes'. Driven populations that it leaves out take numbers.
        ticks, duration: the most that the session will run, in ticks or, under `Clock`, as a time; default:
            2**30 - 1 ticks. With `to` and several trials it must be given.
        trials: number of trials, which advance together; default: one, without a trial axis.

    `record`, `start`, `seed`, `engine`, `precision`, `threads`, `to` and `compression` are those of `ns.run`.
    'auto' takes the engine that would finish all these ticks first, most often 'events'.

    Raises DescriptionError, PlanError, EngineError or RecordingError before the first tick if something does
    not fit together.

    >>> import neurosim as ns
    >>> counter = ns.Neurons("counter", 1, update="n = n + step", step=1.0)
    >>> net = ns.Network(counter, schedule=ns.Synchronous())
    >>> with ns.session(net, record=["counter.n"], engine="reference") as session:
    ...     while session["counter.n"] < 3:
    ...         session.advance(1)
    ...     session["counter.n"] = 10
    ...     session.advance(2)
    >>> session.recording["counter.n"].ravel().tolist()
    [1.0, 2.0, 3.0, 11.0, 12.0]
    """
    require_network(net, "session")
    compression = read_compression(compression, "session: compression")
    check_path(to, start, None)
    given = SessionInputs(net, inputs)
    bounded = ticks is not None or duration is not None

    def read(started: int) -> Inputs:
        opened = given.open(ticks, duration, trials, started)
        if to is not None and opened.trials > 1 and not bounded:
            raise DescriptionError(
                f"session: a file of {opened.trials} trials must know how long the session can be."
                " Give duration=... or ticks=..., the most that it will run."
            )
        return opened

    prepared = prepare(
        net, read, record=record, start=start, seed=seed, engine=engine, precision=precision, threads=threads,
        to=to, watched=lambda probes, opened: _watched(net, probes, opened),
    )  # fmt: skip
    return Session(prepared, given, writer_of(prepared.header, to, compression))


def _watched(net: Network, probes: tuple[Probe, ...], inputs: Inputs) -> tuple[Probe, ...]:
    """Probes of the spikes of every population, beside those that are recorded anyway."""
    recorded = {probe.owner for probe in probes if probe.events and probe.index is None}
    spiking = [p for p in net.populations.values() if p.spiking or p.name in inputs.spiking]
    return tuple(
        Probe(f"{p.name} in a session", p.name, None, None, p.shape, 1, True)
        for p in spiking
        if p.name not in recorded and not net.schedule.sweeps
    )


class Session:
    """A network that runs step by step; `ns.session` opens it. Use it in a `with` block, which closes it.

    `session["liquid.v"]` are the present values, in SI units, of a state variable, subexpression or port of
    a population or a part of it, of what a population sends (`session["out"]`), of a variable of synapses
    with text (`session["ears_to_liquid.w"]`, sorted by sender), or of `not_refractory`: an array *shape, or
    (trial, *shape) if `trials` was given. A port holds what waits there for the next update.

    `session["liquid.v"] = values` changes what is neither a subexpression nor a message: numbers in SI units
    or quantities, one value for all or one for each. Spikes on their way stay as they are. A variable that
    its population sends is sent anew, as if the update of the last tick had computed it. A neuron whose
    `not_refractory` becomes False is refractory as after a spike in the last tick.
    """

    def __init__(self, prepared: Prepared, inputs: SessionInputs, writer: Writer):
        self._prepared, self._inputs, self._writer = prepared, inputs, writer
        self._header, self._ticks = prepared.header, 0
        self._recording: Recording | None = None
        self._ended = ""  # how, once it has ended
        self._interrupt = Interrupt()
        self._known: dict[Any, int] = {}  # the ticks of times that were asked for
        try:
            self._running = prepared.ready.watch(np.arange(prepared.plan.trials), writer)
        except BaseException:
            writer.close()
            raise
        self._places = Places(prepared, inputs.net)

    @property
    def ticks(self) -> int:
        """How many ticks the session has run."""
        return self._ticks

    @property
    def time(self) -> float:
        """The time that it has run, in seconds (in ticks without `Clock`)."""
        return self._ticks * (self._header.dt or 1.0)

    @property
    def engine(self) -> str:
        """The name of the engine that runs it."""
        return self._prepared.engine

    def advance(self, duration: Numeric, inputs: Mapping[Any, Any] | None = None) -> None:
        """Run for some time.

        Arguments:
            duration: a number of ticks or, under `Clock`, a time.
            inputs: what drives or clamps populations in these ticks, by name: numbers of shape (tick, *shape)
                or (trial, tick, *shape), or of shape *shape or one number, which hold in all these ticks;
                spikes as `ns.run` takes them, whose times count from now. A driven population that is left
                out is silent, one that is clamped by numbers is free.

        Raises DescriptionError, before anything runs, for inputs that do not fit. Ctrl-C ends the session
        after the current tick, with KeyboardInterrupt; what was recorded until then is a valid Recording.
        """
        self._check_open()
        ticks = self._whole_ticks(duration)
        if ticks == 0:
            return
        drives = self._inputs.read(inputs, ticks)
        if drives:
            self._running.feed(drives)
        if drives or keeps_cuts(self._header):
            self._writer.keep_inputs(self._ticks, self._inputs.kept(drives, self._ticks))
        with self._interrupt:
            ran, stopped = self._running.advance(ticks, self._interrupt)
        self._ticks += ran
        if stopped == "interrupted" or self._interrupt.asked:
            self._end("interrupted")
            raise KeyboardInterrupt

    def __getitem__(self, name: str | Neurons | Part) -> np.ndarray:
        self._check_open()
        found = self._places.find(name)
        values = self._places.look(self._running, found, self._ticks)
        return values if self._header.batched else values[0]

    def __setitem__(self, name: str | Neurons | Part, values: Numeric) -> None:
        self._check_open()
        found = self._places.find(name)
        new = self._places.change(self._running, found, values, batched=self._header.batched)
        self._writer.keep_change(Change(self._ticks, found.name, new))

    def spikes(self, name: str | Neurons) -> Spikes:
        """The spikes of a population in the last `advance`; ticks count from the start of the session."""
        self._check_open()
        return self._running.spikes(self._places.spiking(name))

    @property
    def recording(self) -> Recording:
        """What was recorded, once the session has ended."""
        if self._recording is None:
            raise RecordingError(
                "session: there is no recording before the session ends. Leave its `with` block, or close it."
            )
        return self._recording

    def close(self) -> None:
        """End the session; what it recorded is then its `recording`."""
        if not self._ended:
            self._end("end")

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is None:
            self.close()
        elif not self._ended:
            with suppress(Exception):  # the error that ended the block is the one to be seen
                self._end("interrupted")

    def __repr__(self) -> str:
        ended = f", {self._ended}" if self._ended else ""
        return f"<Session: {self._ticks:,} ticks on {self.engine}{ended}>"

    def _end(self, stopped: str) -> None:
        self._ended = "ended" if stopped == "end" else stopped
        self._interrupt.close()
        try:
            self._running.write()
            final = checkpoint([self._running.end()()])
            self._recording = Recording.of(self._writer.finish(self._ticks, stopped, final))
        except BaseException:
            self._writer.close()
            raise
        finally:
            self._running.close()

    def _check_open(self) -> None:
        if self._ended:
            raise EngineError(
                f"session: it has {'ended' if self._ended == 'ended' else 'been interrupted'}. Open another,"
                " which continues from it with start=session.recording."
            )

    def _whole_ticks(self, duration: Numeric) -> int:
        """The number of ticks of an advance."""
        quantity: Any = duration if isinstance(duration, np.ndarray) and duration.ndim == 0 else None
        key = None if quantity is None else (float(quantity), getattr(quantity, "dim", None))
        if type(duration) is int or key in self._known:
            ticks = duration if type(duration) is int else self._known[key]
        else:
            value = as_value(duration, "session: advance")
            dt = self._header.dt
            if value.dim == TIME and dt is not None and value.scalar and np.isfinite(value.number):
                ticks = round(float(value.number) / dt)
                if abs(float(value.number) - ticks * dt) > 1e-6 * dt * max(1, ticks):
                    raise DescriptionError(
                        f"session: advance {value} is not a multiple of dt = {Value(np.array(dt), TIME)}."
                        " Give a whole number of ticks."
                    )
            else:
                ticks = whole(duration, "session: advance")
        if key is not None and len(self._known) < MOST_KNOWN:
            self._known[key] = ticks
        planned = self._header.ticks
        if not 0 <= ticks <= planned - self._ticks:
            raise DescriptionError(
                f"session: advance {shown(duration)} is {ticks:,} ticks; after {self._ticks:,} of at most"
                f" {planned:,} ticks, 0 to {planned - self._ticks:,} are left."
                + (" Give a larger duration to ns.session." if planned < MOST_TICKS else "")
            )
        return ticks
