"""neurosim: neural networks of every kind, as neurons and timed, weighted synapses in integer ticks."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from . import cells, figures, synapses
from .errors import DISTRIBUTION as _DISTRIBUTION
from .errors import DescriptionError, EngineError, NeurosimError, PlanError, RecordingError
from .network.called import function, sampled
from .network.contraction import einsum
from .network.interpolation import interpolate
from .network.matrix_weights import dale, hebbian, orthogonal, spectral_radius
from .network.neighbours import nearby, small_world
from .network.network import Network
from .network.neurons import Neurons
from .network.random_wiring import indegree, outdegree, probability, total
from .network.schedule import Alternating, Asynchronous, Clock, Layered, Synchronous
from .network.spreading import transposed_conv, unpool
from .network.synapses import Synapses, delayed
from .network.weights import bounded_normal, gamma, glorot, normal, uniform
from .network.windows import conv, pool
from .network.wiring import all_to_all, one_to_one, pairs, private
from .network_file import load, save
from .recording.opening import open_recording as open
from .recording.recording import Recording
from .recording.spikes import Spikes
from .replay import Replay, replay
from .run import run
from .session import Session, session
from .versions import version as _version

if TYPE_CHECKING:
    from types import ModuleType as _ModuleType

    from . import learn, readout, tasks, units
    from .learn.training.train import train

    models: _ModuleType  # lies in the folder models/, which only an installation knows by this name
    __version__: str

# Modules that take long to import; each is imported when it is first asked for.
LAZY_MODULES = ("learn", "models", "readout", "tasks", "units")

__all__ = [
    "Alternating",
    "Asynchronous",
    "Clock",
    "DescriptionError",
    "EngineError",
    "Layered",
    "Network",
    "Neurons",
    "NeurosimError",
    "PlanError",
    "Recording",
    "RecordingError",
    "Replay",
    "Session",
    "Spikes",
    "Synapses",
    "Synchronous",
    "__version__",
    "all_to_all",
    "bounded_normal",
    "cells",
    "conv",
    "dale",
    "delayed",
    "einsum",
    "figures",
    "function",
    "gamma",
    "glorot",
    "hebbian",
    "indegree",
    "interpolate",
    "learn",
    "load",
    "models",
    "nearby",
    "normal",
    "one_to_one",
    "open",
    "orthogonal",
    "outdegree",
    "pairs",
    "pool",
    "private",
    "probability",
    "readout",
    "replay",
    "run",
    "sampled",
    "save",
    "session",
    "small_world",
    "spectral_radius",
    "synapses",
    "tasks",
    "total",
    "train",
    "transposed_conv",
    "uniform",
    "units",
    "unpool",
]


if not TYPE_CHECKING:  # type checkers then know all names, and report others

    def __getattr__(name: str):
        if name in LAZY_MODULES:
            return _import_module(f"{__name__}.{name}")
        if name == "train":
            return _import_module(f"{__name__}.learn.training.train").train
        if name == "__version__":
            return _version(_DISTRIBUTION)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
