"""Spiking neurons: integrate-and-fire neurons with several kinds of synapses, and neurons with ion channels.

All need `Clock(dt)`. Defaults are quantities. Brian2's units are imported when a cell is made and not when
this file is imported, because they slow down the start of every script.
"""

from __future__ import annotations

from collections.abc import Mapping

from neurosim.cells.ready import Setting, Shape, ready
from neurosim.errors import DescriptionError, nearest
from neurosim.network.neurons import Neurons


def lif(name: str, shape: Shape, **override: Setting) -> Neurons:
    """Leaky integrate-and-fire neurons with current input.

    dv/dt = (v_rest - v + R (I + I_b))/tau. At v > v_threshold the neuron spikes, and v = v_reset for a
    refractory period.

    Ports: `I` (amp) for currents. Spikes that make the membrane jump (delta synapses) go `to="v"`, with a
    weight in volt.

    Constants: tau 8 ms, R 10 Mohm, v_rest -70 mV, v_reset -65 mV, v_threshold -50 mV, refractory 2 ms, and
    the background current I_b 0 A. Start: v = v_rest. Method: exact integration.

    Arguments:
        name: the name of the population.
        shape: the number of neurons, or a tuple such as (15, 3, 3).
        override: constants (with their units), start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for a name in `override` that the cell does not have.

    Source: Gerstner, Kistler, Naud & Paninski 2014, Neuronal Dynamics, section 1.3 and the values of its
    exercises, doi:10.1017/CBO9781107447615.
    """
    from neurosim.units import Mohm, amp, ms, mV

    return ready(
        "lif", name, shape, override,
        equations="""dv/dt = (v_rest - v + R*(I + I_b))/tau : volt (unless refractory)
                     I : amp""",
        threshold="v > v_threshold", reset="v = v_reset", refractory=2 * ms, method="exact",
        tau=8 * ms, R=10 * Mohm, v_rest=-70 * mV, v_reset=-65 * mV, v_threshold=-50 * mV,
        I_b=0 * amp, v="v_rest",
    )  # fmt: skip


def lif_exponential(name: str, shape: Shape, **override: Setting) -> Neurons:
    """Leaky integrate-and-fire neurons with synaptic currents that decay exponentially.

    dv/dt = (v_rest - v + R (I_exc + I_inh + I + I_b))/tau, dI_exc/dt = -I_exc/tau_exc, dI_inh/dt =
    -I_inh/tau_inh. At v > v_threshold the neuron spikes, and v = v_reset for a refractory period.

    Ports: spikes go `to="I_exc"` or `to="I_inh"` with a weight in amp (negative for inhibition), by which the
    current jumps. `I` (amp) takes other currents.

    Constants: tau 10 ms, R 40 Mohm (250 pF), v_rest and v_reset -70 mV, v_threshold -55 mV, refractory 2 ms,
    tau_exc and tau_inh 2 ms, and the background current I_b 0 A. Start: v = v_rest, no current. Method: exact
    integration.

    Arguments:
        name: the name of the population.
        shape: the number of neurons, or a tuple such as (15, 3, 3).
        override: constants (with their units), start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for a name in `override` that the cell does not have.

    Source: Rotter & Diesmann 1999, Biol. Cybern. 81, 381, doi:10.1007/s004220050570; values of NEST's
    iaf_psc_exp.
    """
    return _current_based(
        "lif_exponential", name, shape, override,
        """dI_exc/dt = -I_exc/tau_exc : amp
           dI_inh/dt = -I_inh/tau_inh : amp""",
    )  # fmt: skip


def lif_alpha(name: str, shape: Shape, **override: Setting) -> Neurons:
    """Leaky integrate-and-fire neurons with synaptic currents that rise and decay as alpha functions.

    After a spike of weight w the current is w (s/tau_exc) exp(1 - s/tau_exc), which peaks at w after s =
    tau_exc: dI_exc/dt = (e x_exc - I_exc)/tau_exc, dx_exc/dt = -x_exc/tau_exc, and the same for inhibition.
    The equation of v is that of `lif_exponential`.

    Ports: spikes go `to="x_exc"` or `to="x_inh"` with a weight in amp (negative for inhibition). `I` (amp)
    takes other currents.

    Constants, start and method: as in `lif_exponential`.

    Arguments:
        name: the name of the population.
        shape: the number of neurons, or a tuple such as (15, 3, 3).
        override: constants (with their units), start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for a name in `override` that the cell does not have.

    Source: Rotter & Diesmann 1999, Biol. Cybern. 81, 381, doi:10.1007/s004220050570; values of NEST's
    iaf_psc_alpha.
    """
    return _current_based(
        "lif_alpha", name, shape, override,
        """dI_exc/dt = (e*x_exc - I_exc)/tau_exc : amp
           dx_exc/dt = -x_exc/tau_exc : amp
           dI_inh/dt = (e*x_inh - I_inh)/tau_inh : amp
           dx_inh/dt = -x_inh/tau_inh : amp""",
    )  # fmt: skip


def _current_based(
    cell: str, name: str, shape: Shape, override: Mapping[str, Setting], synapses: str
) -> Neurons:
    """Integrate-and-fire neurons with synaptic currents I_exc and I_inh, whose equations are `synapses`."""
    from neurosim.units import Mohm, amp, ms, mV

    return ready(
        cell, name, shape, override,
        equations=f"""dv/dt = (v_rest - v + R*(I_exc + I_inh + I + I_b))/tau : volt (unless refractory)
           {synapses}
           I : amp""",
        threshold="v > v_threshold", reset="v = v_reset", refractory=2 * ms, method="exact",
        tau=10 * ms, R=40 * Mohm, v_rest=-70 * mV, v_reset=-70 * mV, v_threshold=-55 * mV,
        tau_exc=2 * ms, tau_inh=2 * ms, I_b=0 * amp, v="v_rest",
    )  # fmt: skip


def lif_conductance(name: str, shape: Shape, **override: Setting) -> Neurons:
    """Leaky integrate-and-fire neurons with synaptic conductances that decay exponentially (COBA).

    C dv/dt = g_L (E_L - v) + ge (E_e - v) + gi (E_i - v) + I, dge/dt = -ge/tau_e, dgi/dt = -gi/tau_i. At v >
    v_threshold the neuron spikes, and v = v_reset for a refractory period.

    Ports: spikes go `to="ge"` or `to="gi"` with a weight in siemens (positive for both). `I` (amp) takes
    currents.

    Constants: C 200 pF, g_L 10 nS, E_L -60 mV, E_e 0 mV, E_i -80 mV, tau_e 5 ms, tau_i 10 ms, v_threshold -50
    mV, v_reset -60 mV, refractory 5 ms. Start: v = E_L, no conductance. Method: exponential Euler.

    Arguments:
        name: the name of the population.
        shape: the number of neurons, or a tuple such as (15, 3, 3).
        override: constants (with their units), start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for a name in `override` that the cell does not have.

    Source: Vogels & Abbott 2005, J. Neurosci. 25, 10786, doi:10.1523/JNEUROSCI.3508-05.2005, as benchmark 1
    of Brette et al. 2007, J. Comput. Neurosci. 23, 349, doi:10.1007/s10827-007-0038-6.
    """
    from neurosim.units import ms, mV, nS, pF

    return ready(
        "lif_conductance", name, shape, override,
        equations="""dv/dt = (g_L*(E_L - v) + ge*(E_e - v) + gi*(E_i - v) + I)/C : volt (unless refractory)
                     dge/dt = -ge/tau_e : siemens
                     dgi/dt = -gi/tau_i : siemens
                     I : amp""",
        threshold="v > v_threshold", reset="v = v_reset", refractory=5 * ms, method="exponential_euler",
        C=200 * pF, g_L=10 * nS, E_L=-60 * mV, E_e=0 * mV, E_i=-80 * mV, tau_e=5 * ms, tau_i=10 * ms,
        v_threshold=-50 * mV, v_reset=-60 * mV, v="E_L",
    )  # fmt: skip


def lif_nmda(name: str, shape: Shape, **override: Setting) -> Neurons:
    """Leaky integrate-and-fire neurons with AMPA, NMDA and GABA receptors, as in models of working memory.

    C dv/dt = g_L (E_L - v) + g_e (E_e - v) + g_GABA (E_i - v) + I with g_e = g_AMPA + g_NMDA/(1 + Mg
    exp(-0.062 v/mV)/3.57), dg_AMPA/dt = -g_AMPA/tau_AMPA, dg_GABA/dt = -g_GABA/tau_GABA. At v > v_threshold
    the neuron spikes, and v = v_reset for a refractory period.

    Ports: spikes go `to="g_AMPA"` or `to="g_GABA"` with a weight in siemens (positive for both).
    `synapses.nmda` sets g_NMDA. `I` (amp) takes currents.

    Constants: those of pyramidal cells, C 500 pF, g_L 25 nS, E_L -70 mV, E_e 0 mV, E_i -70 mV, tau_AMPA 2 ms,
    tau_GABA 5 ms, Mg 1 (in mmol per litre), v_threshold -50 mV, v_reset -55 mV, refractory 2 ms. Interneurons
    have C 200 pF, g_L 20 nS, refractory 1 ms. Start: v = E_L, no conductance. Method: rk2, as in the paper,
    for a dt of 0.1 ms or less.

    Arguments:
        name: the name of the population.
        shape: the number of neurons, or a tuple such as (15, 3, 3).
        override: constants (with their units), start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for a name in `override` that the cell does not have.

    Source: Wang 2002, Probabilistic decision making by slow reverberation in cortical circuits, Neuron 36,
    955, doi:10.1016/S0896-6273(02)01092-9; the block is that of Jahr & Stevens 1990, J. Neurosci. 10, 3178,
    doi:10.1523/JNEUROSCI.10-09-03178.1990.
    """
    from neurosim.units import ms, mV, nS, pF

    return ready(
        "lif_nmda", name, shape, override,
        equations="""dv/dt = (g_L*(E_L - v) + g_e*(E_e - v)
                              + g_GABA*(E_i - v) + I)/C : volt (unless refractory)
                     g_e = g_AMPA + g_NMDA/(1 + Mg*exp(-0.062*v/mV)/3.57) : siemens
                     dg_AMPA/dt = -g_AMPA/tau_AMPA : siemens
                     dg_GABA/dt = -g_GABA/tau_GABA : siemens
                     g_NMDA : siemens
                     I : amp""",
        threshold="v > v_threshold", reset="v = v_reset", refractory=2 * ms, method="rk2",
        C=500 * pF, g_L=25 * nS, E_L=-70 * mV, E_e=0 * mV, E_i=-70 * mV, tau_AMPA=2 * ms, tau_GABA=5 * ms,
        Mg=1.0, v_threshold=-50 * mV, v_reset=-55 * mV, v="E_L",
    )  # fmt: skip


def adex(name: str, shape: Shape, **override: Setting) -> Neurons:
    """Adaptive exponential integrate-and-fire neurons.

    C dv/dt = g_L (E_L - v) + g_L Delta_T exp((v - V_T)/Delta_T) - w + I, tau_w dw/dt = a (v - E_L) - w. At v
    > v_peak the neuron spikes, v = v_reset, and w = w + b.

    Port: `I` (amp).

    Constants: C 281 pF, g_L 30 nS, E_L -70.6 mV, V_T -50.4 mV, Delta_T 2 mV, a 4 nS, tau_w 144 ms, b 80.5 pA,
    v_reset -70.6 mV, and v_peak 20 mV (any value well above V_T does). Start: v = E_L, w = 0. Method: Euler,
    for a dt of 0.1 ms or less.

    Arguments:
        name: the name of the population.
        shape: the number of neurons, or a tuple such as (15, 3, 3).
        override: constants (with their units), start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for a name in `override` that the cell does not have.

    Source: Brette & Gerstner 2005, J. Neurophysiol. 94, 3637, doi:10.1152/jn.00686.2005.
    """
    from neurosim.units import ms, mV, nS, pA, pF

    return ready(
        "adex", name, shape, override,
        equations="""dv/dt = (g_L*(E_L - v) + g_L*Delta_T*exp((v - V_T)/Delta_T) - w + I)/C : volt
                     dw/dt = (a*(v - E_L) - w)/tau_w : amp
                     I : amp""",
        threshold="v > v_peak", reset="v = v_reset\nw += b", method="euler",
        C=281 * pF, g_L=30 * nS, E_L=-70.6 * mV, V_T=-50.4 * mV, Delta_T=2 * mV,
        a=4 * nS, tau_w=144 * ms, b=80.5 * pA,
        v_reset=-70.6 * mV, v_peak=20 * mV, v="E_L",
    )  # fmt: skip


# The kinds of neuron in figure 2 of Izhikevich 2003: a (1/ms), b (1/ms), c (mV), d (mV/ms).
IZHIKEVICH = {
    "regular_spiking": (0.02, 0.2, -65.0, 8.0),
    "intrinsically_bursting": (0.02, 0.2, -55.0, 4.0),
    "chattering": (0.02, 0.2, -50.0, 2.0),
    "fast_spiking": (0.1, 0.2, -65.0, 2.0),
    "thalamo_cortical": (0.02, 0.25, -65.0, 0.05),
    "resonator": (0.1, 0.26, -65.0, 2.0),
    "low_threshold_spiking": (0.02, 0.25, -65.0, 2.0),
}


def izhikevich(name: str, shape: Shape, firing: str = "regular_spiking", **override: Setting) -> Neurons:
    """Izhikevich's simple model of cortical neurons.

    dv/dt = 0.04 v^2 + 5 v + 140 - u + I and du/dt = a (b v - u), v in mV and t in ms. At v >= 30 mV the
    neuron spikes, v = c, and u = u + d.

    Port: `I` (mV/ms); the currents of the paper are numbers in this unit.

    Constants: a, b, c, d, those of `firing`. Start: v = -70 mV, u = b v with the b of `firing`. Method:
    Euler, for a dt of 0.5 ms or less, as in the paper.

    Arguments:
        name: the name of the population.
        shape: the number of neurons, or a tuple such as (15, 3, 3).
        firing: the kind of neuron, which sets a, b, c and d: "regular_spiking" (0.02/ms, 0.2/ms, -65 mV, 8
            mV/ms), "intrinsically_bursting", "chattering", "fast_spiking", "thalamo_cortical", "resonator" or
            "low_threshold_spiking".
        override: constants (with their units), start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for another `firing`, and for a name in `override` that the cell does not have.

    Source: Izhikevich 2003, IEEE Trans. Neural Netw. 14, 1569, doi:10.1109/TNN.2003.820440.
    """
    from neurosim.units import ms, mV

    if firing not in IZHIKEVICH:
        raise DescriptionError(
            f"cells.izhikevich {name!r}: firing {firing!r} is not known. {nearest(firing, IZHIKEVICH)}"
        )
    a, b, c, d = IZHIKEVICH[firing]
    return ready(
        "izhikevich", name, shape, override,
        equations="""dv/dt = 0.04*v**2/(ms*mV) + 5*v/ms + 140*mV/ms - u + I : volt
                     du/dt = a*(b*v - u) : volt/second
                     I : volt/second""",
        threshold="v >= 30*mV", reset="v = c\nu += d", method="euler",
        a=a / ms, b=b / ms, c=c * mV, d=d * mV / ms, v=-70 * mV, u=-70 * b * mV / ms,
    )  # fmt: skip


def hodgkin_huxley(name: str, shape: Shape, **override: Setting) -> Neurons:
    """Hodgkin & Huxley's squid giant axon, per area of membrane, at 6.3 degrees Celsius.

    C dv/dt = g_Na m^3 h (E_Na - v) + g_K n^4 (E_K - v) + g_L (E_L - v) + I, dm/dt = alpha_m (1 - m) - beta_m
    m, and the same for h and n. The neuron rests at -65 mV. A spike is the upward crossing of 0 mV; v is not
    reset.

    Port: `I` (amp/metre**2); 10 uA/cm**2 makes it fire.

    Constants: C 1 uF/cm^2, g_Na 120, g_K 36 and g_L 0.3 mS/cm^2, E_Na 50 mV, E_K -77 mV, E_L -54.387 mV.
    Start: at rest. Method: exponential Euler, for a dt of 0.05 ms or less.

    Arguments:
        name: the name of the population.
        shape: the number of neurons, or a tuple such as (15, 3, 3).
        override: constants (with their units), start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for a name in `override` that the cell does not have.

    Source: Hodgkin & Huxley 1952, J. Physiol. 117, 500, doi:10.1113/jphysiol.1952.sp004764, with the sign and
    the zero of v that are used today.
    """
    from neurosim.units import cm, mS, mV, uF

    return ready(
        "hodgkin_huxley", name, shape, override,
        equations="""dv/dt = (g_Na*m**3*h*(E_Na - v) + g_K*n**4*(E_K - v) + g_L*(E_L - v) + I)/C : volt
                     dm/dt = alpha_m*(1 - m) - beta_m*m : 1
                     dh/dt = alpha_h*(1 - h) - beta_h*h : 1
                     dn/dt = alpha_n*(1 - n) - beta_n*n : 1
                     alpha_m = 1/exprel(-(v + 40*mV)/(10*mV))/ms : Hz
                     beta_m = 4*exp(-(v + 65*mV)/(18*mV))/ms : Hz
                     alpha_h = 0.07*exp(-(v + 65*mV)/(20*mV))/ms : Hz
                     beta_h = 1/(1 + exp(-(v + 35*mV)/(10*mV)))/ms : Hz
                     alpha_n = 0.1/exprel(-(v + 55*mV)/(10*mV))/ms : Hz
                     beta_n = 0.125*exp(-(v + 65*mV)/(80*mV))/ms : Hz
                     I : amp/metre**2""",
        threshold="v > 0*mV", refractory="v > 0*mV", method="exponential_euler",
        C=1 * uF / cm**2, g_Na=120 * mS / cm**2, g_K=36 * mS / cm**2, g_L=0.3 * mS / cm**2,
        E_Na=50 * mV, E_K=-77 * mV, E_L=-54.387 * mV, v=-65 * mV, m=0.0529, h=0.5961, n=0.3177,
    )  # fmt: skip


def traub_miles(name: str, shape: Shape, **override: Setting) -> Neurons:
    """Neurons of hippocampus and cortex with sodium and potassium channels and conductance synapses (COBAHH).

    C dv/dt = g_L (E_L - v) + ge (E_e - v) + gi (E_i - v) + g_Na m^3 h (E_Na - v) + g_K n^4 (E_K - v) + I. A
    spike is v > -20 mV, at most one in a refractory period of 3 ms; v is not reset. Without input the neuron
    fires by itself, 14 times a second.

    Ports: spikes go `to="ge"` or `to="gi"` with a weight in siemens (positive for both). `I` (amp) takes
    currents.

    Constants (of 20,000 um^2 of membrane): C 200 pF, g_L 10 nS, g_Na 20 uS, g_K 6 uS, E_L -60 mV, E_Na 50 mV,
    E_K -90 mV, V_T -63 mV, E_e 0 mV, E_i -80 mV, tau_e 5 ms, tau_i 10 ms. Start: v = E_L, closed channels (m,
    h, n = 0). Method: exponential Euler, for a dt of 0.1 ms or less.

    Arguments:
        name: the name of the population.
        shape: the number of neurons, or a tuple such as (15, 3, 3).
        override: constants (with their units), start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for a name in `override` that the cell does not have.

    Source: Traub & Miles 1991, Neuronal Networks of the Hippocampus, doi:10.1017/CBO9780511895401, as
    benchmark 3 of Brette et al. 2007, J. Comput. Neurosci. 23, 349, doi:10.1007/s10827-007-0038-6, and
    Brian2's example COBAHH.
    """
    from neurosim.units import ms, mV, nS, pF, uS

    return ready(
        "traub_miles", name, shape, override,
        equations="""dv/dt = (g_L*(E_L - v) + ge*(E_e - v) + gi*(E_i - v)
                              + g_Na*m**3*h*(E_Na - v) + g_K*n**4*(E_K - v) + I)/C : volt
                     dm/dt = alpha_m*(1 - m) - beta_m*m : 1
                     dh/dt = alpha_h*(1 - h) - beta_h*h : 1
                     dn/dt = alpha_n*(1 - n) - beta_n*n : 1
                     dge/dt = -ge/tau_e : siemens
                     dgi/dt = -gi/tau_i : siemens
                     alpha_m = 1.28/exprel((13*mV - v + V_T)/(4*mV))/ms : Hz
                     beta_m = 1.4/exprel((v - V_T - 40*mV)/(5*mV))/ms : Hz
                     alpha_h = 0.128*exp((17*mV - v + V_T)/(18*mV))/ms : Hz
                     beta_h = 4/(1 + exp((40*mV - v + V_T)/(5*mV)))/ms : Hz
                     alpha_n = 0.16/exprel((15*mV - v + V_T)/(5*mV))/ms : Hz
                     beta_n = 0.5*exp((10*mV - v + V_T)/(40*mV))/ms : Hz
                     I : amp""",
        threshold="v > -20*mV", refractory=3 * ms, method="exponential_euler",
        C=200 * pF, g_L=10 * nS, g_Na=20 * uS, g_K=6 * uS,
        E_L=-60 * mV, E_Na=50 * mV, E_K=-90 * mV, V_T=-63 * mV,
        E_e=0 * mV, E_i=-80 * mV, tau_e=5 * ms, tau_i=10 * ms, v="E_L",
    )  # fmt: skip
