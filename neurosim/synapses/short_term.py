"""Short-term plasticity: synapses that tire or grow stronger over some hundred milliseconds of spikes."""

from __future__ import annotations

from neurosim.network.neurons import Population
from neurosim.network.synapses import Synapses
from neurosim.synapses.ready import Setting, ready


def depressing(pre: Population, post: Population, to: str, **given: Setting) -> Synapses:
    """Synapses that tire: each spike uses a fraction U of the resources x, which recover with tau_rec.

    A spike adds w U x to the target, and then x falls by U x; dx/dt = (1 - x)/tau_rec. In a regular train of
    period T, x before a spike tends to (1 - e)/(1 - (1 - U) e) with e = exp(-T/tau_rec).

    Constants: U 0.5, tau_rec 800 ms. Start: x = 1.

    Arguments:
        pre, post: populations, or parts of them.
        to: the port or variable of `post` that w U x is added to when a spike arrives.
        given: arguments of `Synapses`, constants and start values; each may be a distribution.

    Raises DescriptionError for a name in `given` that is none of these.

    Source: Tsodyks & Markram 1997, The neural code between neocortical pyramidal neurons depends on
    neurotransmitter release probability, PNAS 94, 719, doi:10.1073/pnas.94.2.719.
    """
    from neurosim.units import ms

    texts = dict(
        model="dx/dt = (1 - x)/tau_rec : 1 (event-driven)",
        on_pre=f"""{to}_post += w*U*x
                   x = x - U*x""",
        x=1.0,
    )
    return ready(pre, post, given, texts, U=0.5, tau_rec=800 * ms)


def facilitating(pre: Population, post: Population, to: str, **given: Setting) -> Synapses:
    """Synapses that grow stronger in a train of spikes, as far as their resources last.

    At a spike u rises by U (1 - u), then w u x is added to the target, and x falls by u x. du/dt =
    -u/tau_facil, dx/dt = (1 - x)/tau_rec. In a regular train of period T, u at a spike tends to U/(1 - (1 -
    U) exp(-T/tau_facil)).

    Constants: U 0.03, tau_facil 530 ms, tau_rec 130 ms. Start: u = 0, x = 1.

    Arguments:
        pre, post: populations, or parts of them.
        to: the port or variable of `post` that w u x is added to when a spike arrives.
        given: arguments of `Synapses`, constants and start values; each may be a distribution.

    Raises DescriptionError for a name in `given` that is none of these.

    Source: Markram, Wang & Tsodyks 1998, Differential signaling via the same axon of neocortical pyramidal
    neurons, PNAS 95, 5323, doi:10.1073/pnas.95.9.5323.
    """
    from neurosim.units import ms

    texts = dict(
        model="""du/dt = -u/tau_facil : 1 (event-driven)
                 dx/dt = (1 - x)/tau_rec : 1 (event-driven)""",
        on_pre=f"""u = u + U*(1 - u)
                   {to}_post += w*u*x
                   x = x - u*x""",
        x=1.0,
    )
    return ready(pre, post, given, texts, U=0.03, tau_facil=530 * ms, tau_rec=130 * ms)
