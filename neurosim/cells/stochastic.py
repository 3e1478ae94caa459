"""Units with two values, and units that draw at random: for Hopfield networks, Markov chains and more."""

from __future__ import annotations

import numpy as np

from neurosim.cells.ready import Setting, Shape, ready
from neurosim.network.neurons import Neurons, read_shape


def threshold_binary(name: str, shape: Shape, **override: Setting) -> Neurons:
    """Units of -1 and 1 of a Hopfield network.

    s = sign(I - theta), and s does not change where I = theta.

    Port: `I`.

    Constants: the threshold theta 0, one number or one per unit. Start: s = -1. For another start give an
    array of -1 and 1 as `s`, or start={"cells.s": pattern} to `ns.run`.

    Arguments:
        name: the name of the population.
        shape: the number of units, or a tuple such as (8, 8).
        override: constants, start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for a name in `override` that the cell does not have.

    Source: Hopfield 1982, PNAS 79, 2554, doi:10.1073/pnas.79.8.2554.
    """
    update = "s = where(I == theta, s, sign(I - theta))"
    return ready("threshold_binary", name, shape, override, update=update, theta=0.0, s=-1.0)


def glauber_binary(name: str, shape: Shape, **override: Setting) -> Neurons:
    """Units of -1 and 1 with a temperature (heat bath): at T near 0 those of Hopfield, at high T random.

    s is 1 with probability 1/(1 + exp(-2 (I - theta)/T)), else -1.

    Port: `I`.

    Constants: the threshold theta 0 (one number or one per unit) and the temperature T 1 (a number above 0).
    Start: s = -1.

    Arguments:
        name: the name of the population.
        shape: the number of units, or a tuple such as (8, 8).
        override: constants, start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for a name in `override` that the cell does not have.

    Source: Glauber 1963, J. Math. Phys. 4, 294, doi:10.1063/1.1703954; Amit, Gutfreund & Sompolinsky 1985,
    Phys. Rev. A 32, 1007, doi:10.1103/PhysRevA.32.1007.
    """
    update = "s = 2*bernoulli(sigmoid(2*(I - theta)/T)) - 1"
    return ready("glauber_binary", name, shape, override, update=update, theta=0.0, T=1.0, s=-1.0)


def stochastic_binary(
    name: str, shape: Shape, *, driven_temperature: bool = False, **override: Setting
) -> Neurons:
    """Units of 0 and 1 of a Boltzmann machine.

    s is 1 with probability 1/(1 + exp(-(I + b)/T)), else 0.

    Port: `I`, and with `driven_temperature` also `T`.

    Constants: the bias b 0 and the temperature T 1 (a number above 0). Start: s = 0.

    Arguments:
        name: the name of the population.
        shape: the number of units, or a tuple such as (8, 8).
        driven_temperature: whether T is a port instead of a constant, so that a driven population of one
            neuron can set it tick by tick (annealing).
        override: constants, start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for a name in `override` that the cell does not have.

    Source: Ackley, Hinton & Sejnowski 1985, Cognitive Science 9, 147, doi:10.1207/s15516709cog0901_7.
    """
    temperature: dict[str, Setting] = {"ports": "I T"} if driven_temperature else {"T": 1.0}
    update = "s = bernoulli(sigmoid((I + b)/T))"
    return ready("stochastic_binary", name, shape, override, update=update, b=0.0, s=0.0, **temperature)


def categorical(name: str, shape: Shape, **override: Setting) -> Neurons:
    """Units of which exactly one along the last axis is 1, drawn anew every tick, as in a Markov chain.

    s = choice(I): unit k is 1 with probability I[k]. The probabilities must sum to 1.

    Port: `I`. Start: the first unit is 1.

    Arguments:
        name: the name of the population.
        shape: the number of units, or a tuple with one draw per row of the last axis.
        override: start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for a name in `override` that the cell does not have.

    Source: Norris 1997, Markov Chains, doi:10.1017/CBO9780511810633.
    """
    start = np.zeros(read_shape(shape, f"cells.categorical {name!r}: shape"))
    start[..., 0] = 1.0
    return ready("categorical", name, shape, override, update="s = choice(I)", s=start)


def poisson(name: str, shape: Shape, **override: Setting) -> Neurons:
    """Neurons that spike at random, independently of their past; they need `Clock`.

    A neuron spikes in a tick with probability rate*dt.

    Constants: rate 10 Hz.

    Arguments:
        name: the name of the population.
        shape: the number of neurons, or a tuple such as (8, 8).
        override: constants or arguments of `Neurons` to use instead.

    `ns.private(n)` as the wiring gives every target n such sources of its own.

    Raises DescriptionError for a name in `override` that the cell does not have.

    Source: Dayan & Abbott 2001, Theoretical Neuroscience, section 1.4.
    """
    from neurosim.units import Hz  # imports Brian2

    return ready("poisson", name, shape, override, threshold="rand() < rate*dt", rate=10 * Hz)
