"""What the tests of echo state networks share."""

import numpy as np

from neurosim.plan.materialize import weight_matrix

RANDOM = np.random.default_rng


def matrices(net):
    """The weights of all synapses of a network that is not random, by name."""
    return {name: weight_matrix(net, name).number for name in net.synapses}
