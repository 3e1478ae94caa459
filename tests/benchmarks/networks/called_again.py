"""Small networks that are called again and again, 10 ticks at a time, from the start, from the end of the
call before, or in a session that stays open; fits of one liquid; and a run in which spikes travel for long.

Times are CPU seconds of the process. NEST continues a network that it has built.
"""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run
from clocks import start_nest

PER_CALL = Column("microseconds", "CPU of a call (µs)", 1)
SECONDS = Column("seconds", "CPU of the whole call (s)")
STEPS, SIZE = 10, 50  # of a call; neurons of the echo state network
EQUATIONS = "dv/dt = ({I} - v)/(20*ms) : 1"


def per_call(call: Callable[[int], Any], calls: int) -> dict[str, Any]:
    """Microseconds of a call, the median of five turns, after some calls that warm up."""
    for number in range(3):
        call(number)
    taken: list[float] = []
    for _ in range(5):
        begin = process_time()
        for number in range(calls):
            call(number)
        taken.append((process_time() - begin) / calls * 1e6)
    return {"microseconds": float(np.median(taken))}


def spiking(call: str, on: str, calls: int, seed: int, engine: str) -> dict[str, Any]:
    """10 driven cells send to 10 others; spikes of both are recorded. `call`: 'run', 'start' or 'session'."""
    import neurosim as ns
    from neurosim.units import ms

    given = ns.Neurons("given", 10)
    first, second = (
        ns.Neurons(name, 10, equations=EQUATIONS.format(I=drive), threshold="v > 1", reset="v = 0")
        for name, drive in (("first", "1.5"), ("second", "0"))
    )
    net = ns.Network(
        ns.Synapses(given, first, to="v", wiring=ns.indegree(5), weight=0.5, delay=1 * ms),
        ns.Synapses(first, second, to="v", wiring=ns.indegree(5), weight=0.3, delay=1 * ms),
        schedule=ns.Clock(0.1 * ms),
    )
    rasters = np.random.default_rng(seed).random((64, STEPS, 10)) < 0.1
    options: dict[str, Any] = dict(record=["first", "second"], seed=seed, engine=on or engine)
    if call == "session":
        with ns.session(net, {"given": "spikes"}, **options) as session:

            def advance(number: int) -> Any:
                session.advance(STEPS, {"given": rasters[number % 64]})
                return session.spikes("second")

            return per_call(advance, calls)
    last: list[Any] = [None]

    def run(number: int) -> Any:
        before = last[0] if call == "start" else None
        last[0] = ns.run(net, {"given": rasters[number % 64]}, start=before, progress=False, **options)
        return last[0].spikes("second")

    return per_call(run, calls)


def nest_spiking(inputs: bool, calls: int, seed: int) -> dict[str, Any]:
    """The same in NEST, built once. `inputs`: whether each call sets new spikes and reads those recorded."""
    nest = start_nest(1, seed)
    model: dict[str, float] = dict(C_m=20.0, tau_m=20.0, E_L=0.0, V_th=1.0, V_reset=0.0, t_ref=0.1)
    given = nest.Create("spike_generator", 10)
    first = nest.Create("iaf_psc_delta", 10, model | {"I_e": 1.5})
    second = nest.Create("iaf_psc_delta", 10, model)
    rule = {"rule": "fixed_indegree", "indegree": 5}
    nest.Connect(given, first, rule, {"weight": 0.5, "delay": 1.0})
    nest.Connect(first, second, rule, {"weight": 0.3, "delay": 1.0})
    recorder = nest.Create("spike_recorder")
    nest.Connect(second, recorder)
    rasters = np.random.default_rng(seed).random((64, STEPS, 10)) < 0.1
    now = [0.0]

    def call(number: int) -> Any:
        if inputs:
            ticks = [np.flatnonzero(column) + 1 for column in rasters[number % 64].T]
            given.set([{"spike_times": np.round(now[0] + 0.1 * at, 1)} for at in ticks])
        nest.Simulate(0.1 * STEPS)
        now[0] += 0.1 * STEPS
        return recorder.n_events if inputs else None

    return per_call(call, calls)


def brian2_spiking(calls: int, seed: int) -> dict[str, Any]:
    """The same in Brian2, without inputs: a network that goes on."""
    import brian2 as b2

    b2.seed(seed)
    b2.defaultclock.dt = 0.1 * b2.ms
    first, second = (
        b2.NeuronGroup(10, EQUATIONS.format(I=drive), threshold="v > 1", reset="v = 0", method="exact")
        for drive in ("1.5", "0")
    )
    between = b2.Synapses(first, second, on_pre="v_post += 0.3", delay=1 * b2.ms)
    between.connect(p=0.5)
    net = b2.Network(first, second, between, b2.SpikeMonitor(second))
    return per_call(lambda number: net.run(STEPS * 0.1 * b2.ms), max(1, calls // 50))


def weights() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """W (post, pre), W_in (post, 1), and 64 inputs (tick, 1)."""
    random = np.random.default_rng(0)
    W = random.normal(size=(SIZE, SIZE)) * 0.9 / np.sqrt(SIZE)
    return W, random.uniform(-0.5, 0.5, (SIZE, 1)), random.uniform(-1, 1, (64, STEPS, 1))


def echo_state(call: str, on: str, calls: int, seed: int, engine: str) -> dict[str, Any]:
    import neurosim as ns

    W, W_in, inputs = weights()
    drive, pool = ns.Neurons("drive", 1), ns.cells.leaky_tanh("pool", SIZE, leak=1.0, bias=0.0)
    net = ns.Network(
        ns.Synapses(drive, pool, weight=W_in), ns.Synapses(pool, pool, delay=1, weight=W),
        schedule=ns.Layered(),
    )  # fmt: skip
    options: dict[str, Any] = dict(seed=seed, engine=on or engine)
    if call == "session":
        with ns.session(net, record=["pool"], **options) as session:

            def advance(number: int) -> Any:
                session.advance(STEPS, {"drive": inputs[number % 64]})
                return session["pool"]

            return per_call(advance, calls)

    def run(number: int) -> Any:
        return ns.run(net, {"drive": inputs[number % 64]}, record=["pool"], progress=False, **options)["pool"]

    return per_call(run, calls)


def echo_state_numpy(calls: int, seed: int) -> dict[str, Any]:
    W, W_in, inputs = weights()

    def call(number: int) -> np.ndarray:
        v, states = np.zeros(SIZE), np.empty((STEPS, SIZE))
        for tick, u in enumerate(inputs[number % 64]):
            v = np.tanh(W @ v + W_in @ u)
            states[tick] = v
        return states

    return per_call(call, calls)


def echo_state_reservoirpy(calls: int, seed: int) -> dict[str, Any]:
    from reservoirpy.nodes import Reservoir

    W, W_in, inputs = weights()
    reservoir = Reservoir(W=W, Win=W_in, bias=np.zeros(SIZE), lr=1.0)
    return per_call(lambda number: reservoir.run(inputs[number % 64]), calls)


def long_delays(seconds: float, rate: float, seed: int, engine: str) -> dict[str, Any]:
    """2000 sources, each with 100 synapses of 1 to 1000 ms, from the description to the spikes."""
    import neurosim as ns
    from neurosim.units import Hz, ms, second

    begin = process_time()
    sources = ns.cells.poisson("sources", 2000, rate=rate * Hz)
    cells = ns.Neurons("cells", 2000, equations="dv/dt = -v/(20*ms) : 1", threshold="v > 1", reset="v = 0")
    between = ns.Synapses(
        sources, cells, to="v", wiring=ns.outdegree(100), weight=0.05, delay=ns.uniform(1 * ms, 1000 * ms)
    )
    net = ns.Network(between, schedule=ns.Clock(1 * ms))
    recording = ns.run(
        net, duration=seconds * second, record=["cells"], seed=seed, engine=engine, progress=False, threads=1
    )
    found = len(recording.spikes("cells")) / 2000 / seconds
    return {"seconds": process_time() - begin, "rate": found}


def long_delays_brian2(target: str, seconds: float, rate: float, seed: int) -> dict[str, Any]:
    import brian2 as b2

    begin = process_time()
    b2.seed(seed)
    b2.prefs.codegen.target = target
    b2.defaultclock.dt = 1 * b2.ms
    sources = b2.PoissonGroup(2000, rate * b2.Hz)
    cells = b2.NeuronGroup(2000, "dv/dt = -v/(20*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
    between = b2.Synapses(sources, cells, on_pre="v_post += 0.05")
    between.connect(p=100 / 2000)
    between.delay = "(1 + 999*rand())*ms"
    spikes = b2.SpikeMonitor(cells)
    b2.Network(sources, cells, between, spikes).run(seconds * b2.second)
    return {"seconds": process_time() - begin, "rate": spikes.num_spikes / 2000 / seconds}


def liquid_search(fits: int, on: str, seed: int, engine: str) -> dict[str, Any]:
    """Seconds for each fit of a ridge readout of a liquid, in two folds of 20 trials."""
    from sklearn.linear_model import RidgeClassifier
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline

    from neurosim.models.liquid import liquid
    from neurosim.readout import NetworkTransformer

    random = np.random.default_rng(seed)
    X, y = random.random((40, 200, 1)) < 0.1, np.arange(40) % 2
    chain = make_pipeline(
        NetworkTransformer(liquid(1), output="liquid", engine=on or engine), RidgeClassifier()
    )
    search = GridSearchCV(chain, {"ridgeclassifier__alpha": np.logspace(-3, 3, fits // 2)}, cv=2)
    search.fit(X, y)
    begin = process_time()
    search.fit(X, y)
    return {"seconds": (process_time() - begin) / fits}


def _spiking(label: str, call: str, on: str) -> Run:
    return Run(label, spiking, {"call": call, "on": on, "calls": 200})


def _echo(label: str, call: str, on: str) -> Run:
    return Run(label, echo_state, {"call": call, "on": on, "calls": 200})


SHARED = dict(seconds=5.0, rate=10.0)
BENCHMARKS = (
    Benchmark(
        "called_again_spikes",
        "10 ticks of 2 x 10 spiking cells, called again and again",
        "at most 20 times NEST",
        "Each call gets new spikes as input and returns those of the second ten. NEST and Brian2 go on with a"
        " network that they have built; NEST with new spikes in each call, too, and without. A run from the"
        " start is over the bar: compiled code takes a twentieth of its time, the rest is Python that reads"
        " inputs, begins a batch and writes what was recorded, even where all that depends on the network"
        " alone is looked up. A session does without most of that.",
        (PER_CALL,),
        (
            _spiking("neurosim, run from the start", "run", ""),
            _spiking("neurosim, run from the end of the call before", "start", ""),
            _spiking("neurosim, session", "session", ""),
            _spiking("neurosim, auto, run from the start", "run", "auto"),
            _spiking("neurosim, reference, run from the start", "run", "reference"),
            _spiking("neurosim, reference, session", "session", "reference"),
            Run("NEST, Simulate alone", nest_spiking, {"inputs": False, "calls": 200}, "nest"),
            Run("NEST, new spikes, Simulate", nest_spiking, {"inputs": True, "calls": 200}, "nest"),
            Run("Brian2, run alone", brian2_spiking, {"calls": 200}, "brian2"),
        ),
        smoke=dict(calls=3),
    ),
    Benchmark(
        "called_again_echo_state",
        "10 steps of an echo state network of 50 neurons, called again and again",
        "at most 10 times a numpy loop, 3 times ReservoirPy",
        "Each call gets new inputs and returns all states. All get the same weights. A run of its own is over"
        " the second bar for the reason given for spiking cells; a session is under it.",
        (PER_CALL,),
        (
            _echo("neurosim, run", "run", ""),
            _echo("neurosim, session", "session", ""),
            _echo("neurosim, auto, run", "run", "auto"),
            _echo("neurosim, reference, run", "run", "reference"),
            _echo("neurosim, reference, session", "session", "reference"),
            Run("numpy", echo_state_numpy, {"calls": 200}, "numpy"),
            Run("ReservoirPy", echo_state_reservoirpy, {"calls": 200}, "reservoirpy"),
        ),
        smoke=dict(calls=3),
    ),
    Benchmark(
        "long_delays",
        "200,000 synapses with delays of 1 to 1000 ms, the whole call",
        "at most half of Brian2",
        "2000 Poisson sources of 10 spikes per second, 5 s of 1 ms steps, from the description to the spikes,"
        " code cached by an earlier run. Most of the time goes into ten million arrivals, each at a tick of"
        " its own, and about a third into imports. Keeping single synapses in the calendar itself,"
        " prefetching its ends, and lists that grow faster were tried, without gain.",
        (SECONDS, Column("rate", "spikes/s"), MEMORY),
        (
            Run("neurosim", long_delays, SHARED, cache="filled"),
            Run("Brian2, Cython", long_delays_brian2, SHARED | {"target": "cython"}, "brian2"),
            Run("Brian2, NumPy", long_delays_brian2, SHARED | {"target": "numpy"}, "brian2"),
        ),
        smoke=dict(seconds=0.02),
        agree="rate",
    ),
    Benchmark(
        "liquid_search",
        "A grid search of readouts of a liquid, each fit",
        "auto at most 1.2 times the event engine with its code cached",
        "CPU of a fit in GridSearchCV, the search repeated once: 40 trials of 200 ticks in two folds.",
        (SECONDS,),
        (
            Run("neurosim, events", liquid_search, {"fits": 20, "on": "events"}, cache="filled"),
            Run("neurosim, auto", liquid_search, {"fits": 20, "on": "auto"}, cache="filled"),
            Run("neurosim, reference", liquid_search, {"fits": 20, "on": "reference"}),
        ),
        smoke=dict(fits=2),
    ),
)
