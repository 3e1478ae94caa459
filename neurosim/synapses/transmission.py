"""Transmission that is more than a jump at each spike: NMDA receptors and gap junctions."""

from __future__ import annotations

from neurosim.network.neurons import Population
from neurosim.network.synapses import Synapses
from neurosim.synapses.ready import Setting, ready


def nmda(pre: Population, post: Population, to: str = "g_NMDA", **given: Setting) -> Synapses:
    """NMDA receptors, whose gates open slowly and saturate: the conductance `to` is the sum of w s.

    ds/dt = -s/tau_decay + alpha x (1 - s), dx/dt = -x/tau_rise, and x rises by 1 when a spike arrives. The
    block by magnesium depends on the voltage of the target, so it is the target's: see `cells.lif_nmda`.

    Constants: tau_decay 100 ms, tau_rise 2 ms, alpha 0.5/ms. Method: rk4.

    Arguments:
        pre, post: populations, or parts of them.
        to: a variable of `post` in siemens, declared in its equations as "g_NMDA : siemens".
        given: arguments of `Synapses`, such as `weight` in siemens, constants and start values.

    Raises DescriptionError for a name in `given` that is none of these.

    Source: Wang 2002, Probabilistic decision making by slow reverberation in cortical circuits, Neuron 36,
    955, doi:10.1016/S0896-6273(02)01092-9.
    """
    from neurosim.units import ms

    texts = dict(
        model=f"""ds/dt = -s/tau_decay + alpha*x*(1 - s) : 1 (clock-driven)
                  dx/dt = -x/tau_rise : 1 (clock-driven)
                  {to}_post = w*s : siemens (summed)""",
        on_pre="x += 1",
        method="rk4",
    )
    return ready(pre, post, given, texts, tau_decay=100 * ms, tau_rise=2 * ms, alpha=0.5 / ms)


def gap_junction(
    pre: Population, post: Population, to: str = "I_gap", v: str = "v", **given: Setting
) -> Synapses:
    """Gap junctions: currents w (v_pre - v_post) at every tick, whose sum is `to`.

    A junction conducts both ways, so the wiring has to join each pair both ways with one weight, as
    "i != j" or `all_to_all(to_self=False)` do within a population. Of two passive cells of leak conductance
    g_L the second follows the first by the coupling coefficient w/(w + g_L).

    Arguments:
        pre, post: populations, or parts of them.
        to: a variable of `post` in amp, declared in its equations as "I_gap : amp".
        v: the voltage of both.
        given: arguments of `Synapses`, such as `weight`, the conductance of a junction in siemens.

    Raises DescriptionError for a name in `given` that is no argument.

    Source: Bennett & Zukin 2004, Electrical coupling and neuronal synchronization in the mammalian brain,
    Neuron 41, 495, doi:10.1016/S0896-6273(04)00043-1.
    """
    return ready(pre, post, given, dict(model=f"{to}_post = w*({v}_pre - {v}_post) : amp (summed)"))
