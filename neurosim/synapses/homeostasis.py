"""Homeostasis: synapses that keep the rate of their targets near a goal."""

from __future__ import annotations

from neurosim.network.neurons import Population
from neurosim.network.synapses import Synapses
from neurosim.synapses.ready import Setting, ready


def scaling(pre: Population, post: Population, to: str, **given: Setting) -> Synapses:
    """Synaptic scaling: all weights of a target grow while it fires too little, and shrink while too much.

    dw/dt = beta w (goal - a), with the rate a of the target: da/dt = -a/tau, and a rises by 1/tau when it
    spikes. Both are solved exactly from one event of the synapse to the next, so w is as of its last event.
    This is the proportional part of the rule; the paper adds an integral of goal - a, of small weight.

    Constants: goal 5 Hz, beta 4e-5, tau 100 s.

    Arguments:
        pre, post: populations, or parts of them; `post` has to spike.
        to: the port or variable of `post` that w is added to when a spike arrives.
        given: arguments of `Synapses` such as `weight`, the weight at the start, and constants.

    Raises DescriptionError for a name in `given` that is neither.

    Source: van Rossum, Bi & Turrigiano 2000, Stable Hebbian learning from spike timing-dependent plasticity,
    J. Neurosci. 20, 8812, doi:10.1523/JNEUROSCI.20-23-08812.2000.
    """
    from neurosim.units import Hz, second

    # The integral of a over s seconds that end now is tau (a(t - s) - a(t)), and a(t - s) = a exp(s/tau).
    catch_up = "w = w*exp(beta*(goal*(t - since) - tau*a*(exp((t - since)/tau) - 1)))\nsince = t\n"
    texts = dict(
        model="""da/dt = -a/tau : Hz (event-driven)
                 since : second""",
        on_pre=catch_up + f"{to}_post += w",
        on_post=catch_up + "a += 1/tau",
    )
    return ready(pre, post, given, texts, goal=5 * Hz, beta=4e-5, tau=100 * second)
