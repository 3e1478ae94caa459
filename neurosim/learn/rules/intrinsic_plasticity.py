"""Intrinsic plasticity: every unit of a reservoir adapts its gain and bias until its states are distributed as wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurosim.cells import leaky_tanh
from neurosim.errors import DescriptionError
from neurosim.network.network import Network
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
    """The network with gain and bias of its leaky tanh units adapted, so that each unit's tanh is about normal with this mean and deviation.

    y = tanh(a x + b), where x is the sum of all arrivals; every tick, the distance of y's distribution from N(mean, sd) falls by
    db = -rate (-mean/sd^2 + (y/sd^2)(2 sd^2 + 1 - y^2 + mean y)) and da = rate/a + db x. It is text of the neurons, and is learned in one
    `ns.run`. In the network that is returned, the gains are in the weights of all synapses into the population (row by row), the biases
    in its constant `bias`: it has the same populations, synapses and cells as before, and all its random numbers drawn.

    Arguments:
        net: with a population of `cells.leaky_tanh`, such as `models.echo_state`'s `pool`.
        inputs: what drives it, one trial, as in `ns.run`.
        mean, sd: of the distribution aimed at; sd above 0, well below 1, as tanh lies between -1 and 1.
        rate: of learning; small, such as 5e-4.
        passes: how often the inputs are gone through.
        seed, engine, progress: as in `ns.run`.

    Raises DescriptionError for other cells, several trials, and where a gain ran away.

    Source: Schrauwen, Wardermann, Verstraeten, Steil & Stroobandt 2008, Neurocomputing 71, 1159, doi:10.1016/j.neucom.2007.12.020.
    """
    where = "intrinsic_plasticity"
    rule = dict(
        mu=plain_number(mean, f"{where}: mean", "Give a number between -1 and 1.", low=-1, high=1),
        sigma=plain_number(sd, f"{where}: sd", "Give a number above 0, such as 0.2.", low=1e-6),
        rate=plain_number(rate, f"{where}: rate", "Give a number above 0, such as 5e-4.", low=1e-300),
    )
    passes = whole(passes, f"{where}: passes", least=1)
    drawn = materialized(net, seed)
    cells = _leaky_tanh(drawn, population, where)
    bias = np.broadcast_to(cells.constants["bias"].number, cells.shape)
    plastic = rebuilt(
        drawn,
        {population: {"update": PLASTIC, "sends": "v", "a": np.ones(cells.shape), "bias": bias, **rule}},
    )
    recording = None
    for _ in range(passes):
        recording = run(plastic, inputs, start=recording, seed=seed, engine=engine, progress=progress)
        if recording.batched:
            raise DescriptionError(f"{where}: the inputs have several trials. Give one, end to end.")
    assert recording is not None
    gain, learned = (np.asarray(recording.final[f"state/{population}/{name}"])[0] for name in ("a", "bias"))
    if not (np.isfinite(gain).all() and np.isfinite(learned).all() and (gain > 0).all()):
        raise DescriptionError(f"{where}: gains ran away with rate {rate:g}. Take a smaller one.")
    scaled = {
        name: _scaled(drawn, name, gain.ravel())
        for name, item in drawn.synapses.items()
        if item.post.name == population
    }
    return rebuilt(drawn, {population: {"bias": learned}, **scaled})


def _leaky_tanh(net: Network, name: str, where: str) -> Any:
    found = net.populations.get(name)
    if found is None or found.update != leaky_tanh("x", 1).update:
        raise DescriptionError(
            f"{where}: {name!r} is no population of cells.leaky_tanh. Name one: population='pool'."
        )
    return found


def _scaled(net: Network, name: str, gain: np.ndarray) -> dict[str, Any]:
    """The weights of synapses times the gains of their targets, as their wiring takes them."""
    item = net[name]
    weight = item.weight.number
    if weight.ndim == 2 and weight.shape == (item.post.size, item.pre.size):
        return {"weight": weight * gain[item.post.indices][:, None]}
    return {"weight": weight * gain[item.post.indices[item.wiring.post]]}
