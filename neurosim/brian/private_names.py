"""The parts of Brian2 that the device uses and that Brian2's documentation does not describe.

This is the only module of `neurosim/brian/` that knows them, so that it is the only one to read when Brian2
changes. It was tested with Brian2 2.9, 2.10 and 2.11.
"""

# pyright: reportMissingTypeStubs=false
# Brian2 has no types; what is used of it is typed here.

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

from neurosim.brian2_units import import_units

import_units()  # first, because Brian2 would otherwise install an exception hook of its own

import brian2
from brian2.codegen import translation
from brian2.codegen.runtime.numpy_rt import numpy_rt
from brian2.core import base, clocks, functions, namespace, network, variables
from brian2.equations import unitcheck
from brian2.groups import group, neurongroup, subgroup
from brian2.parsing import expressions
from brian2.stateupdaters import base as stateupdaters
from brian2.synapses import spikequeue, synapses
from brian2.utils import logger

from neurosim.network.values import AXES

_brian2: Any = brian2
_device: Any = import_module("brian2.devices.device")  # the package names its proxy `device`, too
_functions: Any = functions
_group: Any = group
_network: Any = network
_neurongroup: Any = neurongroup
_stateupdaters: Any = stateupdaters
_synapses: Any = synapses
_translation: Any = translation
_variables: Any = variables

BrianObject: TypeAlias = Any
"""An object of Brian2: a group, a monitor, or one of the code runners that they consist of."""
Variable: TypeAlias = Any
"""What a name in text means to Brian2: an array, a constant, a subexpression or a function."""

RuntimeDevice: Any = _device.RuntimeDevice
all_devices: dict[str, Any] = _device.all_devices
SpikeQueue: Any = spikequeue.SpikeQueue
Network: Any = _network.Network
TextReport: Any = _network.TextReport
BrianObjectException: Any = base.BrianObjectException
prefs: Any = _brian2.prefs
log: Any = logger.get_logger("neurosim.brian")

NeuronGroup: Any = _brian2.NeuronGroup
PoissonGroup: Any = _brian2.PoissonGroup
SpikeGeneratorGroup: Any = _brian2.SpikeGeneratorGroup
PoissonInput: Any = _brian2.PoissonInput
NetworkOperation: Any = _brian2.NetworkOperation
Subgroup: Any = subgroup.Subgroup
Synapses: Any = _brian2.Synapses
SpikeMonitor: Any = _brian2.SpikeMonitor
StateMonitor: Any = _brian2.StateMonitor
PopulationRateMonitor: Any = _brian2.PopulationRateMonitor

CodeRunner: Any = _group.CodeRunner
NeuronStateUpdater: Any = _neurongroup.StateUpdater
SubexpressionUpdater: Any = _neurongroup.SubexpressionUpdater
Thresholder: Any = _neurongroup.Thresholder
Resetter: Any = _neurongroup.Resetter
SynapseStateUpdater: Any = _synapses.StateUpdater
SummedVariableUpdater: Any = _synapses.SummedVariableUpdater
SynapticPathway: Any = _synapses.SynapticPathway

ArrayVariable: Any = _variables.ArrayVariable
AuxiliaryVariable: Any = _variables.AuxiliaryVariable
Constant: Any = _variables.Constant
Subexpression: Any = _variables.Subexpression
Function: Any = _functions.Function
TimedArray: Any = _brian2.TimedArray
BinomialFunction: Any = _brian2.BinomialFunction


def is_known_function(name: str, function: Variable) -> bool:
    """Whether a function is one of Brian2's own under this name."""
    return _functions.DEFAULT_FUNCTIONS.get(name) is function


def table_of(table: Variable) -> tuple[np.ndarray, tuple[float, ...], float]:
    """The values of a TimedArray in SI units, their dimensions, and its dt in seconds."""
    return np.asarray(table.values), _exponents(table.dim), float(table.dt)


@dataclass(frozen=True, eq=False)
class NumpyFunction:
    """A function of a script: of numpy arrays without units.

    dims: the dimensions of its arguments, and of its value
    cpp: its definition in C++, '' if there is none
    cpp_name: its name there
    """

    compute: Callable[..., Any]
    dims: tuple[list[tuple[float, ...]], list[tuple[float, ...]]]
    cpp: str
    cpp_name: str


def numpy_function_of(given: Variable, group: BrianObject) -> NumpyFunction | None:
    """A function of a script; None if it draws random numbers or does not say what its arguments are."""
    units = given._arg_units
    if not given.stateless or units is None:
        return None
    found = given.implementations
    try:
        implementation = found[numpy_rt.NumpyCodeObject]
    except KeyError:
        found.add_numpy_implementation(wrapped_func=given.pyfunc)
        implementation = found[numpy_rt.NumpyCodeObject]
    cpp = found._implementations.get("cpp")
    code = "" if cpp is None or cpp.dynamic else cpp.get_code(group)
    plain = isinstance(code, str) and not cpp_needs_more(cpp)
    name = getattr(cpp, "name", None) or given.pyfunc.__name__
    dims = [_exponents_of_unit(unit) for unit in units], [_exponents_of_unit(given._return_unit)]
    return NumpyFunction(implementation.get_code(group), dims, code if plain else "", str(name))


def cpp_needs_more(implementation: Any) -> bool:
    """Whether C++ of a function needs other functions, arrays or options of the compiler."""
    parts = (implementation and implementation.dependencies, implementation and implementation.compiler_kwds)
    return any(parts) or bool(implementation and implementation.get_namespace(None))


def binomial_of(function: Variable) -> str:
    """The text that draws what a BinomialFunction draws: Brian2 takes normal numbers where n is large."""
    sample = function.implementations._implementations["numpy"]._code
    cells = zip(sample.__code__.co_freevars, sample.__closure__, strict=True)
    given = {name: float(cell.cell_contents) for name, cell in cells}
    if "loc" in given:
        return f"({given['loc']!r} + {given['scale']!r}*randn())"
    return f"binomial({given['n']!r}, {given['p']!r})"


def _exponents(dimension: Any) -> tuple[float, ...]:
    return tuple(float(dimension.get_dimension(axis)) for axis in AXES)


def _exponents_of_unit(unit: Any) -> tuple[float, ...]:
    """The dimensions of a unit of an argument or a value; none for truth values and units of any kind."""
    return _exponents(unit.dim) if hasattr(unit, "dim") else (0.0,) * len(AXES)


def local_namespace(level: int) -> dict[str, Any]:
    """The names where a function of Brian2 was called; each function on the way there counts 1."""
    return namespace.get_local_namespace(level=level + 1)


def identifiers_in(code: str, known: Mapping[str, Variable]) -> set[str]:
    """The names that code reads or assigns, its temporary ones left out."""
    _, used, unknown = _translation.analyse_identifiers(code, known, recursive=True)
    return set(used) | set(unknown)


def check_units(code: str, known: Mapping[str, Variable]) -> None:
    """Let Brian2 check the units of code, which raises its errors."""
    unitcheck.check_units_statements(code, known)


def dimensions_of(variable: Variable) -> tuple[float, ...]:
    """The dimensions of a variable: the exponents of the seven base units."""
    return _exponents(variable.dim)


def value_of(variable: Variable) -> np.ndarray:
    """The values that Brian2 holds for an array or a constant."""
    return np.asarray(variable.get_value())


def integrated(runner: BrianObject, method: object, known: Mapping[str, Variable]) -> str:
    """The code by which one of Brian2's methods integrates the equations of a group over one tick."""
    equations = runner.group.equations
    code = _stateupdaters.StateUpdateMethod.apply_stateupdater(
        equations, known, method, method_options=runner.method_options, group_name=None
    )
    return code


def refractory_of(group: BrianObject) -> object:
    """How long a NeuronGroup is refractory: False, a quantity, or text."""
    return group._refractory


def old_refractoriness() -> bool:
    """Whether scripts ask for refractoriness as in Brian2 before 2.1, which compares times and not ticks."""
    return bool(prefs.legacy.refractory_timing)


def arrays_of_others(group: BrianObject) -> dict[str, Variable]:
    """The arrays of other objects that a group knows by names of its own, clocks left out."""
    own, clock = group.name, clock_of(group).name
    return {
        name: variable
        for name, variable in dict(group.variables).items()
        if isinstance(variable, ArrayVariable) and variable.owner.name not in (own, clock)
    }


def link_index(group: BrianObject, name: str) -> np.ndarray:
    """For each neuron of a group, the neuron whose variable a linked variable is."""
    index = group.variables.indices[name]
    if index == "0":
        return np.zeros(len(group), np.int64)
    if index == "_idx":
        return np.arange(len(group))
    return np.array(group.variables[index].get_value(), np.int64)


def is_condition(text: str, known: Mapping[str, Variable]) -> bool:
    """Whether an expression is true or false."""
    return bool(expressions.is_boolean_expression(text, known))


def edges_of(synapses: BrianObject) -> tuple[np.ndarray, np.ndarray]:
    """The index of the sender and of the target of each synapse, in the groups of which parts may be used."""
    names = ("_synaptic_pre", "_synaptic_post")
    pre, post = (np.array(synapses.variables[name].get_value(), np.int64) for name in names)
    return pre, post


def pathways_of(synapses: BrianObject) -> list[BrianObject]:
    """The pathways of synapses: one for each text of on_pre and on_post."""
    return list(synapses._pathways)


def delays_of(pathway: BrianObject) -> np.ndarray:
    """The delay of each synapse of a pathway in seconds, or a single one."""
    return np.asarray(pathway.variables["delay"].get_value())


def connect_was_called(synapses: BrianObject) -> bool:
    """Whether the script has called `connect`."""
    return bool(synapses._connect_called)


def pending_of(pathway: BrianObject) -> np.ndarray:
    """The spikes in the queue of a pathway: in how many ticks each is due, and its synapse, (spike, 2)."""
    state = pathway.queue._full_state()
    if len(state) == 2:  # since Brian2 2.10: the row of the present tick, and the synapses of each row
        now, rows = state
        spikes = [((row - now) % len(rows), n) for row, those in enumerate(rows) for n in those]
    else:
        _, spikes, _ = state
    return np.asarray(spikes, np.int64).reshape(-1, 2)


def put_pending(pathway: BrianObject, spikes: np.ndarray, dt: float) -> None:
    """Put spikes into the queue of a pathway, in the form of `pending_of`."""
    ticks = int(spikes[:, 0].max(initial=0)) + 1
    if len(pathway.queue._full_state()) == 2:
        rows = [spikes[spikes[:, 0] == tick, 1].tolist() for tick in range(ticks)]
        pathway.queue._restore_from_full_state((0, rows))
        return
    most = int(np.bincount(spikes[:, 0], minlength=1).max()) + 1
    pathway.queue.currenttime = 0
    pathway.queue._restore_from_full_state((dt, spikes, (ticks, most)))


def spikes_given(group: BrianObject) -> tuple[np.ndarray, np.ndarray, int, int]:
    """The spikes of a SpikeGeneratorGroup: tick and neuron of each, how many were sent, and the period."""
    names = ("_timebins", "neuron_index", "_lastindex", "_period_bins")
    tick, neuron, sent, period = (np.array(group.variables[name].get_value(), np.int64) for name in names)
    return tick, neuron, int(sent.item()), int(period.item())


def put_spikes_sent(group: BrianObject, sent: int) -> None:
    """Let a SpikeGeneratorGroup know how many of its spikes have been sent."""
    group.variables["_lastindex"].set_value(sent)


def poisson_input_of(runner: BrianObject) -> tuple[int, float, Any, str]:
    """The number of sources of a PoissonInput, their rate in Hz, the weight, and the name of its target."""
    return int(runner._N), float(runner._rate), runner._weight, str(runner._target_var)


def begin_run(net: BrianObject, start: Any, end: Any) -> None:
    """What `Network.run` and `Network.before_run` of Brian2 do first, without generating code."""
    net._stopped = False
    Network._globally_stopped = False
    for clock in {clock_of(thing) for thing in net.sorted_objects}:
        clock.set_interval(start, end)
    prefs.check_all_validated()
    names = [thing.name for thing in net.sorted_objects]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            "All objects in a network need to have unique names, the following name(s) were used more than"
            f" once: {', '.join(map(repr, repeated))}"
        )
    _network._check_multiple_summed_updaters(net.sorted_objects)
    net.check_dependencies()


def claim_objects(net: BrianObject) -> None:
    """Mark the objects of a network as having run in it; Brian2 then refuses them in others."""
    for thing in net.sorted_objects:
        thing._network = net.id


def clock_of(thing: BrianObject) -> Any:
    """The clock of an object, also where it is Brian2's `defaultclock`."""
    clock = thing.clock
    return _device.active_device.defaultclock if isinstance(clock, clocks.DefaultClockProxy) else clock


def ticks_of(clock: Any) -> tuple[int, int]:
    """The tick at which a clock stands, and the one at which the run ends."""
    return int(clock.variables["timestep"].get_value().item()), int(clock._i_end)


def put_clock(clock: Any, tick: int) -> None:
    """Set a clock to a tick."""
    clock.variables["timestep"].set_value(tick)
    clock.variables["t"].set_value(tick * clock.dt_)


def is_stopped(net: BrianObject) -> bool:
    """Whether the script has called `stop`."""
    return bool(net._stopped or Network._globally_stopped)


def end_run(net: BrianObject, things: Iterable[BrianObject], time: float, measured: float | None) -> None:
    """What `Network.run` of Brian2 does at the end.

    time: at which the network stands, in seconds
    measured: how many seconds the run took, if it was to measure that
    """
    net.t_ = time
    net._profiling_info = None if measured is None else [("neurosim", in_seconds(measured))]
    for thing in things:
        if isinstance(thing, _group.Group):
            thing._check_for_invalid_states()


def run_in_brian2(*arguments: Any) -> Any:
    """Run a network on Brian2's own runtime, with the arguments of `Network.run`."""
    return Network.run.original_function(*arguments)


def report_of(report: Any) -> Any:
    """What `Network.run` calls to report progress, given its argument `report`; None for None."""
    if report is None or callable(report):
        return report
    streams = {"text": sys.stdout, "stdout": sys.stdout, "stderr": sys.stderr}
    if not isinstance(report, str):
        raise TypeError(
            "Do not know how to handle report argument, it has to be one of 'text', 'stdout', 'stderr', or a"
            f" callable function/object, but it is of type {type(report)}"
        )
    if report not in streams:
        raise ValueError(f'Do not know how to handle report argument "{report}".')
    return TextReport(streams[report])


def in_seconds(time: float) -> Any:
    """A time as a quantity of Brian2."""
    return time * _brian2.second


def check_duration(duration: Any, period: Any) -> None:
    """Refuse a duration or a period that is not a time, as Brian2 does."""
    for name, value in {"duration": duration, "report_period": period}.items():
        message = (
            f"Function 'run' expected a quantity with unit second for argument '{name}' but got {{value}}"
        )
        _brian2.units.fundamentalunits.fail_for_dimension_mismatch(
            value, _brian2.second, message, value=value
        )
    if duration < 0:
        raise ValueError(f"Function 'run' expected a non-negative duration but got '{duration}'")


def numpy_target() -> str:
    """Let Brian2 set networks up with numpy, unless scripts choose; returns what was chosen before."""
    before = str(prefs.codegen.target)
    if before == "auto":
        prefs.codegen.target = "numpy"
    return before


@contextmanager
def target(name: str) -> Generator[None]:
    """Within this context, Brian2 generates code for another target."""
    before = prefs.codegen.target
    prefs.codegen.target = name
    try:
        yield
    finally:
        prefs.codegen.target = before
