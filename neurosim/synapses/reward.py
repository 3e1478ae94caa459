"""Plasticity that waits for a reward."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurosim.network.neurons import Population
from neurosim.network.synapses import Synapses
from neurosim.synapses.ready import Setting, ready

if TYPE_CHECKING:
    from neurosim.units import Quantity


def reward_stdp(
    pre: Population, post: Population, to: str, *, reward: str, w_max: Quantity | float, **given: Setting
) -> Synapses:
    """STDP whose pairs leave an eligibility trace, which a later reward turns into a change of the weight.

    dw/dt = w_max c d with the reward d, dc/dt = -c/tau_c, and c changes by STDP: it rises by A_plus
    exp(-s/tau_plus) for a pair with s = t_post - t_pre >= 0, and falls by A_minus exp(s/tau_minus) if s < 0.
    The weight changes every 10 ms, as in the code of the paper, and stays between 0 and w_max.

    Constants: tau_c 1 s, tau_plus and tau_minus 20 ms, A_plus 0.1, A_minus 0.15. Start: c = 0.

    Arguments:
        pre, post: populations, or parts of them; `post` has to spike.
        to: the port or variable of `post` that w is added to when a spike arrives.
        reward: the variable of `post`, in hertz, that is the reward d, the concentration of dopamine. It may
            be declared as "ddopamine/dt = -dopamine/(0.2*second) : Hz (shared)".
        w_max: the largest weight, in the unit of `to`.
        given: arguments of `Synapses` such as `weight`, at the start w_max/2 by default, constants and start
            values.

    Raises DescriptionError for a name in `given` that is none of these.

    Source: Izhikevich 2007, Solving the distal reward problem through linkage of STDP and dopamine signaling,
    Cereb. Cortex 17, 2443, doi:10.1093/cercor/bhl152.
    """
    from neurosim.units import ms, second

    texts = dict(
        weight="w_max/2",
        model="""dbefore/dt = -before/tau_plus : 1 (event-driven)
                 dafter/dt = -after/tau_minus : 1 (event-driven)
                 dc/dt = -c/tau_c : 1 (event-driven)""",
        on_pre=f"""{to}_post += w
                   before += 1
                   c -= A_minus*after""",
        on_post="""after += 1
                   c += A_plus*before""",
        regularly=(10 * ms, f"w = clip(w + w_max*c*{reward}_post*10*ms, 0*w_max, w_max)"),
    )
    defaults = dict(
        tau_c=1 * second, tau_plus=20 * ms, tau_minus=20 * ms, A_plus=0.1, A_minus=0.15, w_max=w_max
    )
    return ready(pre, post, given, texts, **defaults)
