"""A Markov chain: one neuron per state, of which exactly one is active, and a synapse per transition.

Source: Markov 1906; Norris 1997, Markov Chains, doi:10.1017/CBO9780511810633.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim import cells


def markov_chain(transition: ArrayLike, start: int = 0) -> ns.Network:
    """A population `state`, one-hot, that jumps at random from state to state.

    P(state a -> state b in one tick) = transition[a, b].

    Arguments:
        transition: probabilities, shape (from, to); each row sums to 1.
        start: the state at the beginning.

    Raises DescriptionError for a matrix whose rows are not probabilities that sum to 1.

    >>> net = markov_chain([[0.0, 1.0], [1.0, 0.0]])
    >>> ns.run(net, ticks=3, record=["state"])["state"][:, 0].tolist()
    [0.0, 1.0, 0.0]
    """
    transition = np.asarray(transition, dtype=float)
    if np.any(transition < 0) or not np.allclose(transition.sum(axis=1), 1.0):
        raise ns.DescriptionError(
            "markov_chain: each row of transition must be probabilities that sum to 1. Divide it by its sum."
        )
    state = cells.categorical("state", len(transition), s=np.eye(len(transition))[start])
    return ns.Network(ns.Synapses(state, state, weight=transition.T, delay=1), schedule=ns.Synchronous())


def example() -> dict[str, Any]:
    """The weather, sunny, cloudy or wet, for 300 days."""
    weather = np.array([[0.8, 0.15, 0.05], [0.3, 0.4, 0.3], [0.2, 0.4, 0.4]])
    return {"net": markov_chain(weather), "ticks": 300, "record": ["state"], "seed": 1}
