"""Spike-timing dependent plasticity: weights that change with the times of the spikes on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurosim.network.neurons import Population
from neurosim.network.synapses import Synapses
from neurosim.synapses.ready import Setting, ready

if TYPE_CHECKING:
    from neurosim.units import Quantity


def pair_stdp(
    pre: Population, post: Population, to: str, *, w_max: Quantity | float, **given: Setting
) -> Synapses:
    """Additive pair STDP, in which all pairs of spikes count.

    A pair with s = t_post - t_pre changes w by w_max A_plus exp(-s/tau_plus) if s >= 0, and by -w_max
    A_minus exp(s/tau_minus) if s < 0. The weight stays between 0 and w_max. t_pre is when the spike arrives.

    Constants: tau_plus and tau_minus 20 ms, A_plus 0.005, A_minus 1.05*0.005. Variables: the traces `before`
    and `after` of the spikes of both sides.

    Arguments:
        pre, post: populations, or parts of them; `post` has to spike.
        to: the port or variable of `post` that w is added to when a spike arrives.
        w_max: the largest weight, in the unit of `to`.
        given: arguments of `Synapses` such as `weight`, at the start w_max/2 by default, and constants.

    Raises DescriptionError for a name in `given` that is neither.

    Source: Song, Miller & Abbott 2000, Competitive Hebbian learning through spike-timing-dependent synaptic
    plasticity, Nat. Neurosci. 3, 919, doi:10.1038/78829.
    """
    from neurosim.units import ms

    texts = dict(
        weight="w_max/2",
        model="""dbefore/dt = -before/tau_plus : 1 (event-driven)
                 dafter/dt = -after/tau_minus : 1 (event-driven)""",
        on_pre=f"""{to}_post += w
                   before += 1
                   w = clip(w - w_max*A_minus*after, 0*w_max, w_max)""",
        on_post="""after += 1
                   w = clip(w + w_max*A_plus*before, 0*w_max, w_max)""",
    )
    defaults = dict(tau_plus=20 * ms, tau_minus=20 * ms, A_plus=0.005, A_minus=1.05 * 0.005, w_max=w_max)
    return ready(pre, post, given, texts, **defaults)


def triplet_stdp(
    pre: Population, post: Population, to: str, *, w_max: Quantity | float, **given: Setting
) -> Synapses:
    """Triplet STDP, in which all spikes count: the higher the rates, the more potentiation.

    When a spike arrives, w falls by w_max o_1 (A2_minus + A3_minus r_2), and when the target spikes, w rises
    by w_max r_1 (A2_plus + A3_plus o_2), with r_2 and o_2 as they were before this spike. The traces r_1 and
    r_2 of arrivals, o_1 and o_2 of spikes of the target, rise by 1 and decay with tau_plus, tau_x, tau_minus
    and tau_y. The weight stays between 0 and w_max.

    Constants: those of the minimal model of visual cortex, tau_plus 16.8 ms, tau_minus 33.7 ms, tau_x 101 ms,
    tau_y 114 ms, A2_plus 0, A3_plus 6.5e-3, A2_minus 7.1e-3, A3_minus 0. The minimal model of hippocampus has
    tau_y 40 ms, A2_plus 5.3e-3, A3_plus 8e-3, A2_minus 3.5e-3, A3_minus 0.

    Arguments:
        pre, post: populations, or parts of them; `post` has to spike.
        to: the port or variable of `post` that w is added to when a spike arrives.
        w_max: the largest weight, in the unit of `to`.
        given: arguments of `Synapses` such as `weight`, at the start w_max/2 by default, and constants.

    Raises DescriptionError for a name in `given` that is neither.

    Source: Pfister & Gerstner 2006, Triplets of spikes in a model of spike timing-dependent plasticity, J.
    Neurosci. 26, 9673, doi:10.1523/JNEUROSCI.1425-06.2006, equations 2 to 5 and tables 3 and 4.
    """
    from neurosim.units import ms

    texts = dict(
        weight="w_max/2",
        model="""dr_1/dt = -r_1/tau_plus : 1 (event-driven)
                 dr_2/dt = -r_2/tau_x : 1 (event-driven)
                 do_1/dt = -o_1/tau_minus : 1 (event-driven)
                 do_2/dt = -o_2/tau_y : 1 (event-driven)""",
        on_pre=f"""{to}_post += w
                   w = clip(w - w_max*o_1*(A2_minus + A3_minus*r_2), 0*w_max, w_max)
                   r_1 += 1
                   r_2 += 1""",
        on_post="""w = clip(w + w_max*r_1*(A2_plus + A3_plus*o_2), 0*w_max, w_max)
                   o_1 += 1
                   o_2 += 1""",
    )
    defaults = dict(
        tau_plus=16.8 * ms, tau_minus=33.7 * ms, tau_x=101 * ms, tau_y=114 * ms, w_max=w_max,
        A2_plus=0.0, A3_plus=6.5e-3, A2_minus=7.1e-3, A3_minus=0.0,
    )  # fmt: skip
    return ready(pre, post, given, texts, **defaults)
