"""neurosim: neural networks of every kind as neurons and timed, weighted synapses, moved forward in integer ticks."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING
from typing import Any as _Any

from . import cells as cells
from . import figures as figures
from .errors import DescriptionError as DescriptionError
from .errors import EngineError as EngineError
from .errors import NeurosimError as NeurosimError
from .errors import PlanError as PlanError
from .errors import RecordingError as RecordingError
from .network.matrix_weights import dale as dale
from .network.matrix_weights import hebbian as hebbian
from .network.matrix_weights import orthogonal as orthogonal
from .network.matrix_weights import spectral_radius as spectral_radius
from .network.neighbours import nearby as nearby
from .network.neighbours import small_world as small_world
from .network.network import Network as Network
from .network.neurons import Neurons as Neurons
from .network.schedule import Alternating as Alternating
from .network.schedule import Asynchronous as Asynchronous
from .network.schedule import Clock as Clock
from .network.schedule import Layered as Layered
from .network.schedule import Synchronous as Synchronous
from .network.synapses import Synapses as Synapses
from .network.synapses import delayed as delayed
from .network.weights import bounded_normal as bounded_normal
from .network.weights import gamma as gamma
from .network.weights import glorot as glorot
from .network.weights import normal as normal
from .network.weights import uniform as uniform
from .network.windows import conv as conv
from .network.windows import einsum as einsum
from .network.windows import pool as pool
from .network.wiring import all_to_all as all_to_all
from .network.wiring import indegree as indegree
from .network.wiring import one_to_one as one_to_one
from .network.wiring import outdegree as outdegree
from .network.wiring import pairs as pairs
from .network.wiring import private as private
from .network.wiring import probability as probability
from .network.wiring import total as total
from .network_file import load as load
from .network_file import save as save
from .recording.opening import open_recording as open  # noqa: F401
from .recording.recording import Recording as Recording
from .recording.spikes import Spikes as Spikes
from .replay import Replay as Replay
from .replay import replay as replay
from .run import run as run

if TYPE_CHECKING:
    from . import learn as learn
    from . import readout as readout
    from . import tasks as tasks
    from . import units as units
    from .learn.training.train import train as train

LATER = (
    "learn",
    "readout",
    "tasks",
    "units",
    "models",
)  # modules that are imported when they are first asked for


def __getattr__(name: str) -> _Any:
    """What takes long to import, or to look up, when it is asked for."""
    if name in LATER:
        return _import_module(f"{__name__}.{name}")
    if name == "train":
        from .learn.training.train import train

        return train
    if name == "__version__":  # of the installed package
        from .errors import DISTRIBUTION
        from .versions import version

        return version(DISTRIBUTION)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *LATER, "train", "__version__"})
