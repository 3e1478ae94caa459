"""The functions of a PyNN script that control the simulation."""

from __future__ import annotations

from typing import Any

from pyNN import common
from pyNN.common.control import DEFAULT_MAX_DELAY, DEFAULT_MIN_DELAY, DEFAULT_TIMESTEP
from pyNN.connectors import FixedProbabilityConnector
from pyNN.recording import get_io

import neurosim as ns
from neurosim.pynn import build, simulator
from neurosim.pynn.populations import Population
from neurosim.pynn.projections import Projection
from neurosim.pynn.synapses import StaticSynapse

OPTIONS = ("engine", "precision", "threads")


def setup(
    timestep: float = DEFAULT_TIMESTEP,
    min_delay: float | str = DEFAULT_MIN_DELAY,
    *,
    rng_seed: int = 0,
    **extra_params: Any,
) -> int:
    """Begin a simulation; objects made before are forgotten.

    timestep, min_delay: in ms; likewise max_delay.
    rng_seed: the seed of the random numbers of spike sources, noisy currents and stochastic synapses. After
        each `reset` they are others.
    extra_params: engine, precision and threads are those of `ns.run`; others are ignored, since scripts give
        those of several simulators.

    Raises an Exception for delays that do not fit, and for names that PyNN does not allow.
    """
    common.setup(timestep, min_delay, **extra_params)  # type: ignore[arg-type]
    state = simulator.state
    state.dt = timestep
    state.clear()
    state.delays = min_delay, extra_params.get("max_delay", DEFAULT_MAX_DELAY)
    state.options = {name: extra_params[name] for name in OPTIONS if name in extra_params}
    state.seed = rng_seed
    return rank()


def end(compatible_output: bool = True) -> None:
    """Write the files that `record` was given."""
    for population, variables, filename in simulator.state.write_on_end:
        population.write_data(get_io(filename), variables)
    simulator.state.write_on_end = []


def to_network() -> ns.Network:
    """The script's network as an `ns.Network`, with the present parameters: to be drawn, saved or run."""
    return build.network(simulator.state)


run, run_until = common.build_run(simulator)
run_for = run
reset = common.build_reset(simulator)
initialize = common.initialize
set = common.set
(get_current_time, get_time_step, get_min_delay, get_max_delay, num_processes, rank) = (
    common.build_state_queries(simulator)
)
create = common.build_create(Population)
connect = common.build_connect(Projection, FixedProbabilityConnector, StaticSynapse)
record = common.build_record(simulator)


def record_v(source: Any, filename: str) -> None:
    """Record the membrane potential to a file."""
    record(["v"], source, filename)


def record_gsyn(source: Any, filename: str) -> None:
    """Record the synaptic conductances to a file."""
    record(["gsyn_exc", "gsyn_inh"], source, filename)
