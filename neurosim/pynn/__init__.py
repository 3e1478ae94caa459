"""PyNN scripts on the engines of neurosim: `import neurosim.pynn as sim`.

The names are those of every backend of PyNN, and `to_network`. After this import, `pyNN.neurosim` is the same
module, so that PyNN's `get_simulator` finds it by that name.
"""

import sys

import pyNN
from pyNN import errors, random, space
from pyNN.connectors import *
from pyNN.network import Network
from pyNN.random import GSLRNG, NumpyRNG, RandomDistribution
from pyNN.space import Space

from neurosim.pynn import cells as _cells
from neurosim.pynn.cells import (
    EIF_cond_alpha_isfa_ista, EIF_cond_exp_isfa_ista, HH_cond_exp, IF_cond_alpha, IF_cond_exp,
    IF_cond_exp_gsfa_grr, IF_curr_alpha, IF_curr_delta, IF_curr_exp, Izhikevich, LIF, AdExp, PointNeuron,
    SpikeSourceArray, SpikeSourceGamma, SpikeSourcePoisson, SpikeSourcePoissonRefractory,
)  # fmt: skip
from neurosim.pynn.control import (
    connect, create, end, get_current_time, get_max_delay, get_min_delay, get_time_step, initialize,
    num_processes, rank, record, record_gsyn, record_v, reset, run, run_for, run_until, set, setup,
    to_network,
)  # fmt: skip
from neurosim.pynn.electrodes import ACSource, DCSource, NoisyCurrentSource, StepCurrentSource
from neurosim.pynn.populations import Assembly, Population, PopulationView
from neurosim.pynn.projections import OneToOneConnector, Projection
from neurosim.pynn.receptors import (
    AlphaPSR, CondAlphaPostSynapticResponse, CondExpPostSynapticResponse, CurrExpPostSynapticResponse, ExpPSR,
)  # fmt: skip
from neurosim.pynn.synapses import (
    AdditivePotentiationMultiplicativeDepression, AdditiveWeightDependence, GutigWeightDependence,
    MultiplicativeWeightDependence, SimpleStochasticSynapse, SpikePairRule, StaticSynapse, STDPMechanism,
    TsodyksMarkramSynapse,
)  # fmt: skip


def list_standard_models() -> list[str]:
    """The names of the cell types that this backend has."""
    return [name for name, found in globals().items() if getattr(found, "__module__", "") == _cells.__name__]


sys.modules["pyNN.neurosim"] = sys.modules[__name__]
setattr(pyNN, "neurosim", sys.modules[__name__])  # noqa: B010
