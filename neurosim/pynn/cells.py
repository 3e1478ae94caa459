"""PyNN's standard cell types as equations: variables and parameters have the names that PyNN gives them.

Every cell with a membrane has the port `i_inj`, into which current sources are injected. Membranes with
current-based synapses are integrated exactly, others by the Runge-Kutta method of fourth order, and the
Hodgkin-Huxley cell, whose gates are fast, by exponential Euler.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pyNN.standardmodels import cells

from neurosim.pynn.parameters import KeepsParameters, dimension, plain
from neurosim.pynn.receptors import (
    CONDUCTANCE_ALPHA,
    CONDUCTANCE_EXPONENTIAL,
    CURRENT_ALPHA,
    CURRENT_EXPONENTIAL,
    VOLTAGE_STEP,
    Receptor,
    standard_receptors,
)


@dataclass(frozen=True)
class CellText:
    """Arguments of `ns.Neurons` for a cell type.

    equations: the equations of the membrane, in which SYNAPSES stands for the sum of synaptic currents.
    method: how the equations are integrated; with conductances, 'exact' becomes 'rk4'.
    """

    equations: str
    update: str = ""
    threshold: str = ""
    reset: str = ""
    refractory: str = ""
    method: str = "rk4"

    @property
    def membrane(self) -> bool:
        """Whether the cell has a membrane, into which currents can be injected."""
        return "i_inj" in self.equations

    def lines(self, receptors: Iterable[Receptor], parameters: Mapping[str, str]) -> str:
        """All equations of a cell with these receptors, and parameters (names and units)."""
        receptors = list(receptors)
        currents = [receptor.current for receptor in receptors if receptor.current]
        lines = [self.equations.replace("SYNAPSES", " + ".join(currents) or "0*amp")]
        lines += dict.fromkeys(receptor.equations for receptor in receptors if receptor.equations)
        lines += [f"{plain(name)} : {dimension(unit)} (constant)" for name, unit in parameters.items()]
        return "\n".join([*lines, "i_inj : amp"] if self.membrane else lines)


# A spike that is reported at the end of its tick is followed by a whole refractory time from there on.
REFRACTORY = "tau_refrac + dt"
LEAKY = CellText(
    "dv/dt = (v_rest - v)/tau_m + (SYNAPSES + i_offset + i_inj)/cm : volt (unless refractory)",
    threshold="v > v_thresh",
    reset="v = v_reset",
    refractory=REFRACTORY,
    method="exact",
)
# Brette & Gerstner 2005, J. Neurophysiol. 94, 3637. Above v_spike, where a step of integration may end, the
# exponential stays as it is at v_spike; otherwise it would overflow.
ADAPTIVE_EXPONENTIAL = CellText(
    """dv/dt = (v_rest - v + delta_T*exp((minimum(v, v_spike) - v_thresh)/delta_T))/tau_m
               + (SYNAPSES + i_offset + i_inj - w)/cm : volt (unless refractory)
       dw/dt = (a*(v - v_rest) - w)/tau_w : amp""",
    threshold="v > v_spike",
    reset="v = v_reset\nw += b",
    refractory=REFRACTORY,
)
# Muller, Buesing, Schemmel & Meier 2007, Neural Comput. 19, 2958.
ADAPTING_CONDUCTANCES = CellText(
    """dv/dt = (v_rest - v)/tau_m
               + (SYNAPSES + g_s*(e_rev_sfa - v) + g_r*(e_rev_rr - v) + i_offset + i_inj)/cm
               : volt (unless refractory)
       dg_s/dt = -g_s/tau_sfa : siemens
       dg_r/dt = -g_r/tau_rr : siemens""",
    threshold="v > v_thresh",
    reset="v = v_reset\ng_s += q_sfa\ng_r += q_rr",
    refractory=REFRACTORY,
)
# Traub & Miles 1991, as in Brette et al. 2007, J. Comput. Neurosci. 23, 349. A spike is an upward crossing of
# -40 mV. x/(exp(x) - 1) is written 1/exprel(x), which is 1 at x = 0.
HODGKIN_HUXLEY = CellText(
    """dv/dt = (SYNAPSES + g_leak*(e_rev_leak - v) + gbar_Na*m**3*h*(e_rev_Na - v)
                + gbar_K*n**4*(e_rev_K - v) + i_offset + i_inj)/cm : volt
       dm/dt = (1 - m)*1.28/exprel((13*mV - v + v_offset)/(4*mV))/ms
               - m*1.4/exprel((v - v_offset - 40*mV)/(5*mV))/ms : 1
       dh/dt = (1 - h)*0.128*exp((17*mV - v + v_offset)/(18*mV))/ms
               - h*4/(1 + exp((40*mV - v + v_offset)/(5*mV)))/ms : 1
       dn/dt = (1 - n)*0.16/exprel((15*mV - v + v_offset)/(5*mV))/ms
               - n*0.5*exp((10*mV - v + v_offset)/(40*mV))/ms : 1""",
    threshold="v > -40*mV",
    refractory="v > -40*mV",
    method="exponential_euler",
)
# Izhikevich 2003, IEEE Trans. Neural Netw. 14, 1569. A current of 1 pA is 1 in the equations of the paper.
IZHIKEVICH = CellText(
    """dv/dt = (0.04*v**2/mV + 5*v + 140*mV)/ms - u + (SYNAPSES + i_offset + i_inj)/pF : volt
       du/dt = a*(b*v - u) : volt/second""",
    threshold="v >= 30*mV",
    reset="v = c\nu += d",
)
# A tick may spike if all of it lies between start and start + duration, up to half a tick of rounding.
BEGUN = "t > start - dt/2 and t + dt/2 < start + duration"
POISSON = CellText("", threshold=f"rand() < rate*dt and {BEGUN}")
POISSON_REFRACTORY = CellText(
    "", threshold=f"rand() < dt/(1/rate - tau_refrac) and {BEGUN}", refractory=REFRACTORY
)
# The events of a Poisson process of rate beta are counted; every alpha-th one is a spike.
GAMMA = CellText(
    "events : 1",
    update=f"events = events + int(rand() < beta*dt and {BEGUN})",
    threshold="events > alpha - 0.5",
    reset="events = 0",
)


class _Cell(KeepsParameters):
    text: CellText
    receptors: dict[str, Receptor]  # by receptor type


def _cell(standard: Any, text: CellText, receptors: dict[str, Receptor] | None = None, **more: Any) -> Any:
    """A standard cell type of PyNN with the text that it has here."""
    members = {"__doc__": standard.__doc__, "__module__": __name__, "text": text, **more}
    receptors = receptors or {}
    for receptor in receptors.values():
        members.setdefault("units", dict(standard.units)).update(receptor.units)
    if receptors:
        shown = [name for receptor in receptors.values() for name in receptor.units if name in standard.units]
        members.setdefault("recordable", [*dict.fromkeys([*standard.recordable, *shown])])
    return type(standard.__name__, (_Cell, standard), {**members, "receptors": receptors})


IF_curr_exp = _cell(cells.IF_curr_exp, LEAKY, standard_receptors(CURRENT_EXPONENTIAL))
IF_curr_alpha = _cell(cells.IF_curr_alpha, LEAKY, standard_receptors(CURRENT_ALPHA))
IF_curr_delta = _cell(cells.IF_curr_delta, LEAKY, standard_receptors(VOLTAGE_STEP))
IF_cond_exp = _cell(cells.IF_cond_exp, LEAKY, standard_receptors(CONDUCTANCE_EXPONENTIAL))
IF_cond_alpha = _cell(cells.IF_cond_alpha, LEAKY, standard_receptors(CONDUCTANCE_ALPHA))
IF_cond_exp_gsfa_grr = _cell(
    cells.IF_cond_exp_gsfa_grr, ADAPTING_CONDUCTANCES, standard_receptors(CONDUCTANCE_EXPONENTIAL)
)
EIF_cond_exp_isfa_ista = _cell(
    cells.EIF_cond_exp_isfa_ista, ADAPTIVE_EXPONENTIAL, standard_receptors(CONDUCTANCE_EXPONENTIAL)
)
EIF_cond_alpha_isfa_ista = _cell(
    cells.EIF_cond_alpha_isfa_ista, ADAPTIVE_EXPONENTIAL, standard_receptors(CONDUCTANCE_ALPHA)
)
HH_cond_exp = _cell(
    cells.HH_cond_exp, HODGKIN_HUXLEY, standard_receptors(CONDUCTANCE_EXPONENTIAL),
    recordable=[*cells.HH_cond_exp.recordable, "m", "h", "n"],
)  # fmt: skip
Izhikevich = _cell(cells.Izhikevich, IZHIKEVICH, standard_receptors(VOLTAGE_STEP))
LIF = _cell(cells.LIF, LEAKY)
AdExp = _cell(cells.AdExp, ADAPTIVE_EXPONENTIAL)
SpikeSourcePoisson = _cell(cells.SpikeSourcePoisson, POISSON)
SpikeSourcePoissonRefractory = _cell(cells.SpikeSourcePoissonRefractory, POISSON_REFRACTORY)
SpikeSourceGamma = _cell(cells.SpikeSourceGamma, GAMMA)
SpikeSourceArray = _cell(cells.SpikeSourceArray, CellText(""))


class PointNeuron(_Cell, cells.PointNeuron):
    """A neuron with one compartment and any number of post-synaptic receptors."""

    def __init__(self, neuron: Any, **post_synaptic_receptors: Any):
        super().__init__(neuron, **post_synaptic_receptors)  # type: ignore[call-arg]  # without PyNN
        self.text = neuron.text
        self.receptors = {name: psr.receptor(name) for name, psr in self.post_synaptic_receptors.items()}

    def get_parameter_names(self) -> list[str]:
        """The names of the parameters, those of receptors with the name of the receptor: 'AMPA.tau_syn'."""
        own = list(self.neuron.get_parameter_names())
        pairs = self.post_synaptic_receptors.items()
        return own + [f"{name}.{key}" for name, psr in pairs for key in psr.default_parameters]

    def has_parameter(self, name: str) -> bool:
        """Whether the neuron or one of its receptors has a parameter of that name."""
        return name in self.get_parameter_names()

    @property
    def units(self) -> dict[str, str]:
        """The units of variables and parameters."""
        units = dict(super().units)
        for name, psr in self.post_synaptic_receptors.items():
            units |= {f"{name}.{key}": unit for key, unit in psr.parameter_units.items()}
        return units
