"""Intrinsic plasticity: units adapt gain and bias until their activity has a wanted distribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.cells import leaky_tanh
from neurosim.errors import DescriptionError
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.rebuild import rebuilt
from neurosim.network.values import plain_number, whole
from neurosim.plan.materialize import materialized
from neurosim.run import run

PLASTIC = """y = tanh(a*I + bias)
db = rate*(mu - y*(2*sigma**2 + 1 - y**2 + mu*y))/sigma**2
a = a + rate/a + db*I
bias = bias + db
v = (1 - leak)*v + leak*y"""


def intrinsic_plasticity(
    net: Network,
    inputs: Mapping[str, Any],
    *,
    mean: float = 0.0,
    sd: float = 0.2,
    rate: float = 5e-4,
    passes: int = 1,
    population: str = "pool",
    seed: int = 0,
    engine: str = "auto",
    progress: bool | None = None,
) -> Network:
    """The network with gains and biases adapted so that the tanh of each unit is about N(mean, sd).

    The tanh of a unit is y = tanh(a x + b), where x is the sum of its arrivals. Every tick moves y's
    distribution towards N(mean, sd), by db = -rate (-mean/sd^2 + (y/sd^2)(2 sd^2 + 1 - y^2 + mean y)) and da
    = rate/a + db x. The learning is text of the neurons, and takes one `ns.run` for each pass.

    Arguments:
        net: a network with a population of `cells.leaky_tanh`, such as `models.echo_state` has in its `pool`.
        inputs: what drives it, {population: array}, one trial, as in `ns.run`.
        mean: wanted mean of y, between -1 and 1.
        sd: wanted standard deviation of y, above 0 and well below 1, as tanh lies between -1 and 1.
        rate: learning rate, above 0; small, such as 5e-4.
        passes: number of passes over the inputs.
        population: name of the population.
        seed, engine, progress: as in `ns.run`.

    Returns the network with the same populations, synapses and cells, and all random numbers drawn. The gains
    are factors of the weights of all synapses into the population, and the biases are its constant `bias`.

    Raises DescriptionError for other cells, several trials, parameters out of
    range, and gains that become infinite or negative.

    Source: Schrauwen, Wardermann, Verstraeten, Steil & Stroobandt 2008, Neurocomputing 71, 1159,
    doi:10.1016/j.neucom.2007.12.020.
    """
    label = "intrinsic_plasticity"
    rule = dict(
        mu=plain_number(mean, f"{label}: mean", "Give a number between -1 and 1.", low=-1, high=1),
        sigma=plain_number(sd, f"{label}: sd", "Give a number above 0, such as 0.2.", low=1e-6),
        rate=plain_number(rate, f"{label}: rate", "Give a number above 0, such as 5e-4.", low=1e-300),
    )
    passes = whole(passes, f"{label}: passes", least=1)
    drawn = materialized(net, seed)
    cells = _leaky_tanh_units(drawn, population, label)
    bias = np.broadcast_to(cells.constants["bias"].number, cells.shape)
    text = {"update": PLASTIC, "sends": "v", "a": np.ones(cells.shape), "bias": bias, **rule}
    plastic = rebuilt(drawn, {population: text})
    recording = None
    for _ in range(passes):
        recording = run(plastic, inputs, start=recording, seed=seed, engine=engine, progress=progress)
        if recording.batched:
            raise DescriptionError(f"{label}: the inputs have several trials. Give one, end to end.")
    assert recording is not None  # there is at least one pass
    gain, learned = (np.asarray(recording.final[f"state/{population}/{name}"])[0] for name in ("a", "bias"))
    if not (np.isfinite(gain).all() and np.isfinite(learned).all() and (gain > 0).all()):
        raise DescriptionError(f"{label}: the gains diverged at rate {rate:g}. Give a smaller one.")
    scaled = {
        name: {"weight": _scaled_weights(drawn, name, gain.ravel())}
        for name, synapses in drawn.synapses.items()
        if synapses.post.name == population
    }
    return rebuilt(drawn, {population: {"bias": learned}, **scaled})


def _leaky_tanh_units(net: Network, name: str, label: str) -> Any:
    """The population called `name`; raises DescriptionError if it is not of `cells.leaky_tanh`."""
    population: Neurons | None = net.populations.get(name)
    if population is None or population.update != leaky_tanh("x", 1).update:
        raise DescriptionError(
            f"{label}: {name!r} is no population of cells.leaky_tanh. Name one: population='pool'."
        )
    return population


def _scaled_weights(net: Network, name: str, gain: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weights of synapses times the gains of their targets, in the shape that their wiring takes."""
    synapses = net[name]
    weight = synapses.weight.number
    if weight.shape == (synapses.post.size, synapses.pre.size):
        return weight * gain[synapses.post.indices][:, None]
    return weight * gain[synapses.post.indices[synapses.wiring.post]]
