"""AdEx neurons with the voltage of whole spikes and its averages, for plasticity that depends on them."""

from __future__ import annotations

from neurosim.cells.ready import Setting, Shape, ready
from neurosim.network.neurons import Neurons


def adex_clopath(name: str, shape: Shape, **override: Setting) -> Neurons:
    """Adaptive exponential neurons with an afterpotential, and with voltages for `synapses.voltage_stdp`.

    C dv/dt = g_L (E_L - v) + g_L Delta_T exp((v - V_T)/Delta_T) - w + z + I, tau_w dw/dt = a (v - E_L) - w,
    tau_z dz/dt = -z, tau_T dV_T/dt = V_rest - V_T. At v > v_peak the neuron spikes, w = w + b, z = I_spike,
    V_T = V_max, and v = v_reset for a refractory period.

    The voltage u is v_spike in the refractory period, as if the spike lasted so long, and otherwise v.
    u_minus and u_mean are its averages over tau_minus and tau_plus. u_plus is u_mean, but during a spike as
    it was before it: plasticity sees the depolarization that a spike meets, and not the spike itself.

    Port: `I` (amp).

    Constants: C 281 pF, g_L 30 nS, E_L -70.6 mV, Delta_T 2 mV, V_rest -50.4 mV, V_max -30.4 mV, tau_T 50 ms,
    a 4 nS, b 80.5 pA, tau_w 144 ms, I_spike 400 pA, tau_z 40 ms, v_peak 20 mV, v_spike 33 mV, refractory 2
    ms, tau_minus 10 ms, tau_plus 7 ms, and v_reset -60 mV. Start: at rest. Method: Euler, for a dt of 0.1 ms
    or less.

    Arguments:
        name: the name of the population.
        shape: the number of neurons, or a tuple such as (15, 3, 3).
        override: constants (with their units), start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for a name in `override` that the cell does not have.

    Source: Clopath, Büsing, Vasilaki & Gerstner 2010, Connectivity reflects coding: a model of voltage-based
    STDP with homeostasis, Nat. Neurosci. 13, 344, doi:10.1038/nn.2479.
    """
    from neurosim.units import ms, mV, nS, pA, pF

    return ready(
        "adex_clopath", name, shape, override,
        equations="""dv/dt = (g_L*(E_L - v) + g_L*Delta_T*exp((v - V_T)/Delta_T)
                              - w + z + I)/C : volt (unless refractory)
                     dw/dt = (a*(v - E_L) - w)/tau_w : amp
                     dz/dt = -z/tau_z : amp
                     dV_T/dt = (V_rest - V_T)/tau_T : volt
                     u = where(not_refractory, v, v_spike) : volt
                     du_minus/dt = (u - u_minus)/tau_minus : volt
                     du_mean/dt = (u - u_mean)/tau_plus : volt
                     u_before : volt
                     u_plus = where(not_refractory, u_mean, u_before) : volt
                     I : amp""",
        threshold="v > v_peak", refractory=2 * ms, method="euler",
        reset="v = v_reset\nw += b\nz = I_spike\nV_T = V_max\nu_before = u_mean",
        C=281 * pF, g_L=30 * nS, E_L=-70.6 * mV, Delta_T=2 * mV, V_rest=-50.4 * mV, V_max=-30.4 * mV,
        a=4 * nS, b=80.5 * pA, I_spike=400 * pA, tau_w=144 * ms, tau_z=40 * ms, tau_T=50 * ms,
        tau_minus=10 * ms, tau_plus=7 * ms, v_spike=33 * mV, v_peak=20 * mV, v_reset=-60 * mV,
        v="E_L", u_minus="E_L", u_mean="E_L", V_T="V_rest",
    )  # fmt: skip
