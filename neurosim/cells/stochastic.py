"""Two-valued units and units that draw: Hopfield nets, Boltzmann machines, Markov chains, Poisson sources."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurosim.cells.ready import Shape, ready
from neurosim.network.neurons import Neurons, read_shape


def threshold_binary(name: str, shape: Shape, **override: Any) -> Neurons:
    """Hopfield's units of -1 and 1.

    s = sign(I - theta), and s stays where I = theta.

    Port `I`. Constants: theta 0, one number or one per unit. Start: s = -1; give an array of -1 and 1 as `s`, or
    start={"cells.s": pattern} when running.

    Source: Hopfield 1982, PNAS 79, 2554, doi:10.1073/pnas.79.8.2554.
    """
    return ready(
        "threshold_binary",
        name,
        shape,
        override,
        update="s = where(I == theta, s, sign(I - theta))",
        theta=0.0,
        s=-1.0,
    )


def glauber_binary(name: str, shape: Shape, **override: Any) -> Neurons:
    """Units of -1 and 1 in a heat bath: at low temperature Hopfield's, at high temperature a coin.

    s is 1 with probability 1/(1 + exp(-2 (I - theta)/T)), else -1.

    Port `I`. Constants: theta 0 (one number or one per unit), T 1 (a number above 0). Start: s = -1.

    Source: Glauber 1963, J. Math. Phys. 4, 294, doi:10.1063/1.1703954; Amit, Gutfreund & Sompolinsky 1985, Phys. Rev. A 32,
    1007, doi:10.1103/PhysRevA.32.1007.
    """
    return ready(
        "glauber_binary",
        name,
        shape,
        override,
        update="s = 2*bernoulli(sigmoid(2*(I - theta)/T)) - 1",
        theta=0.0,
        T=1.0,
        s=-1.0,
    )


def stochastic_binary(
    name: str, shape: Shape, *, driven_temperature: bool = False, **override: Any
) -> Neurons:
    """Units of 0 and 1 that are 1 by chance.

    s is 1 with probability 1/(1 + exp(-(I + b)/T)), else 0.

    Port `I`, and port `T` if `driven_temperature` (a driven population of one neuron may then set it, tick by tick). Constants:
    b 0, T 1 (a number above 0). Start: s = 0.

    Source: Ackley, Hinton & Sejnowski 1985, Cognitive Science 9, 147, doi:10.1207/s15516709cog0901_7.
    """
    temperature = {"ports": "I T"} if driven_temperature else {"T": 1.0}
    return ready(
        "stochastic_binary",
        name,
        shape,
        override,
        update="s = bernoulli(sigmoid((I + b)/T))",
        b=0.0,
        s=0.0,
        **temperature,
    )


def categorical(name: str, shape: Shape, **override: Any) -> Neurons:
    """Units of which exactly one along the last axis is 1, drawn anew every tick: the state of a Markov chain.

    s = choice(I): unit k is 1 with probability I[k], which sum to 1.

    Port `I`. Start: the first unit is 1.
    """
    start = np.zeros(read_shape(shape, f"cells.categorical {name!r}: shape"))
    start[..., 0] = 1.0
    return ready("categorical", name, shape, override, update="s = choice(I)", s=start)


def poisson(name: str, shape: Shape, **override: Any) -> Neurons:
    """Neurons that spike at random, independently of their past, under `Clock`.

    A spike in a tick with probability rate*dt.

    Constants: rate 10 Hz. `ns.private(n)` gives every target n such sources of its own.
    """
    from neurosim.units import Hz

    return ready("poisson", name, shape, override, threshold="rand() < rate*dt", rate=10 * Hz)
