"""Plasticity that depends on the voltage of the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurosim.network.neurons import Population
from neurosim.network.synapses import Synapses
from neurosim.synapses.ready import Setting, ready

if TYPE_CHECKING:
    from neurosim.units import Quantity


def voltage_stdp(
    pre: Population, post: Population, to: str, *, w_max: Quantity | float, **given: Setting
) -> Synapses:
    """Voltage-based STDP: depression at each arrival, potentiation while the target is depolarized.

    When a spike arrives, w falls by w_max A_LTD [u_minus - theta_minus]+. At all times dw/dt = w_max A_LTP x
    [u - theta_plus]+ [u_plus - theta_minus]+, where [y]+ is the larger of y and 0, and x is the trace of
    arrivals: dx/dt = -x/tau_x, and x rises by 1/tau_x at each. w stays between 0 and w_max. It is as of the
    last arrival; the variable `grown` is the potentiation since then, as a fraction of w_max.

    Of the target it reads the voltage u and its averages u_minus and u_plus: see `cells.adex_clopath`.

    Constants, of visual cortex: theta_minus -70.6 mV, theta_plus -45.3 mV, tau_x 15 ms, A_LTD 14e-5/mV, A_LTP
    8e-5/mV^2. The paper lets A_LTD grow with the mean voltage of a second; here it is constant.

    Arguments:
        pre, post: populations, or parts of them; `post` needs u, u_minus and u_plus.
        to: the port or variable of `post` that w is added to when a spike arrives.
        w_max: the largest weight, in the unit of `to`.
        given: arguments of `Synapses` such as `weight`, at the start w_max/2 by default, and constants.

    Raises DescriptionError for a name in `given` that is neither.

    Source: Clopath, Büsing, Vasilaki & Gerstner 2010, Connectivity reflects coding: a model of voltage-based
    STDP with homeostasis, Nat. Neurosci. 13, 344, doi:10.1038/nn.2479.
    """
    from neurosim.units import ms, mV

    texts = dict(
        weight="w_max/2",
        model="""dx/dt = -x/tau_x : Hz (clock-driven)
                 dgrown/dt = A_LTP*x*over*maximum(u_plus_post - theta_minus, 0*mV) : 1 (clock-driven)
                 over = maximum(u_post - theta_plus, 0*mV) : volt""",
        on_pre=f"""w = clip(w + w_max*grown, 0*w_max, w_max)
                   grown = 0
                   {to}_post += w
                   w = clip(w - w_max*A_LTD*maximum(u_minus_post - theta_minus, 0*mV), 0*w_max, w_max)
                   x += 1/tau_x""",
        method="euler",
    )
    defaults = dict(
        theta_minus=-70.6 * mV, theta_plus=-45.3 * mV, tau_x=15 * ms, A_LTD=14e-5 / mV,
        A_LTP=8e-5 / mV**2, w_max=w_max,
    )  # fmt: skip
    return ready(pre, post, given, texts, **defaults)
