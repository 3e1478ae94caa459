"""What PyNN scripts are refused, with the remedy."""

import pytest

pytest.importorskip("pyNN", reason="PyNN is not installed: pip install 'neurosim-networks[pynn]'")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pyNN.*")

from pyNN.errors import (  # noqa: E402
    ConnectionError,
    InvalidModelError,
    InvalidParameterValueError,
    NonExistentParameterError,
)

import neurosim.pynn as sim  # noqa: E402


@pytest.fixture(autouse=True)
def _setup():
    sim.setup(timestep=0.1, engine="reference")


def refused(error, text, action):
    with pytest.raises(error, match=text):
        action()


def test_what_this_backend_cannot_do_is_said():
    cells = sim.Population(2, sim.IF_cond_exp(), label="cells")
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0]))
    fixed, each = sim.StaticSynapse(weight=0.1, delay=0.5), sim.AllToAllConnector()
    bad = InvalidParameterValueError
    refused(bad, "increasing", lambda: sim.Population(1, sim.SpikeSourceArray(spike_times=[2.0, 1.0])))
    refused(bad, "at least 0.1 ms", lambda: source.set(spike_times=[0.0, 1.0]))
    refused(bad, "IF_cond_exp", lambda: sim.Population(1, sim.EIF_cond_exp_isfa_ista(delta_T=0.0)))
    refused(NonExistentParameterError, "tau", lambda: cells.get("tau"))
    refused(InvalidModelError, "list_standard_models", lambda: sim.Population(1, cells_of_pynn()))
    refused(ValueError, "SpikePairRule", sim.STDPMechanism)
    refused(ValueError, "sampling_interval = 0.25 ms", lambda: cells.record("v", sampling_interval=0.25))
    refused(
        ValueError, "each amplitude", lambda: sim.StepCurrentSource(times=[2.0, 1.0], amplitudes=[1.0, 2.0])
    )
    refused(ValueError, "NoisyCurrentSource: dt = 0.15 ms", lambda: sim.NoisyCurrentSource(dt=0.15))
    refused(TypeError, "spike source", lambda: sim.DCSource().inject_into(source))
    refused(
        ConnectionError,
        "less than the time step",
        lambda: sim.Projection(source, cells, each, sim.StaticSynapse(delay=0.01)),
    )
    refused(
        InvalidModelError, "StaticSynapse", lambda: sim.Projection(source, cells, each, synapse_of_pynn())
    )
    compartments = sim.AllToAllConnector(location_selector="soma")
    refused(NotImplementedError, "compartments", lambda: sim.Projection(source, cells, compartments, fixed))
    projection = sim.Projection(source, cells, each, fixed)
    refused(NonExistentParameterError, "U", lambda: projection[0].U)
    refused(NotImplementedError, "initial values of 'u'", lambda: projection.initialize(u=0.1))
    sim.run(1.0)
    refused(NotImplementedError, "reset", lambda: sim.Population(1, sim.IF_cond_exp()))
    dynamic = sim.TsodyksMarkramSynapse(weight=0.1)
    refused(NotImplementedError, "reset", lambda: sim.Projection(source, cells, each, dynamic))


def cells_of_pynn():
    from pyNN.standardmodels.cells import GIF_cond_exp

    return GIF_cond_exp()


def synapse_of_pynn():
    from pyNN.standardmodels.synapses import MultiQuantalSynapse

    return MultiQuantalSynapse(delay=0.5)
