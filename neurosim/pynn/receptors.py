"""Post-synaptic receptors as equations, for the standard cells and for `PointNeuron`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pyNN.standardmodels import receptors

from neurosim.pynn.parameters import KeepsParameters


@dataclass(frozen=True)
class Receptor:
    """What a receptor adds to a cell.

    variable: the variable to which an arriving spike adds the weight.
    unit: the unit of weights.
    equations, current: the lines of its variables, and its current; "" for steps of the voltage.
    tau: the parameter that is its time constant; "" if it has none.
    units: units of its variables, as PyNN names them.
    """

    variable: str
    unit: str
    equations: str
    current: str
    tau: str
    units: Mapping[str, str]


Make = Callable[[str, str, str], Receptor]  # from the names of variable, time constant and reversal potential


def _exponential(unit: str, dimension: str, current: str) -> Make:
    def make(x: str, tau: str, reversal: str) -> Receptor:
        name, tau, reversal = (text.replace(".", "_") for text in (x, tau, reversal))
        equations = f"d{name}/dt = -{name}/{tau} : {dimension}"
        return Receptor(name, unit, equations, current.format(x=name, e=reversal), tau, {x: unit})

    return make


def _alpha(unit: str, dimension: str, current: str) -> Make:
    """A response w s/tau exp(1 - s/tau) at a time s after the arrival, whose peak is the weight w."""

    def make(x: str, tau: str, reversal: str) -> Receptor:
        name, tau, reversal = (text.replace(".", "_") for text in (x, tau, reversal))
        equations = (
            f"d{name}/dt = (exp(1)*{name}_rise - {name})/{tau} : {dimension}\n"
            f"d{name}_rise/dt = -{name}_rise/{tau} : {dimension}"
        )
        return Receptor(f"{name}_rise", unit, equations, current.format(x=name, e=reversal), tau, {x: unit})

    return make


def VOLTAGE_STEP(x: str, tau: str, reversal: str) -> Receptor:
    """A receptor whose arrivals make the voltage jump."""
    return Receptor("v", "mV", "", "", "", {})


CURRENT_EXPONENTIAL = _exponential("nA", "amp", "{x}")
CURRENT_ALPHA = _alpha("nA", "amp", "{x}")
CONDUCTANCE_EXPONENTIAL = _exponential("uS", "siemens", "{x}*({e} - v)")
CONDUCTANCE_ALPHA = _alpha("uS", "siemens", "{x}*({e} - v)")


def standard_receptors(make: Make) -> dict[str, Receptor]:
    """The excitatory and inhibitory receptors of a standard cell."""
    letter = "g" if make in (CONDUCTANCE_EXPONENTIAL, CONDUCTANCE_ALPHA) else "i"
    return {
        "excitatory": make(f"{letter}syn_exc", "tau_syn_E", "e_rev_E"),
        "inhibitory": make(f"{letter}syn_inh", "tau_syn_I", "e_rev_I"),
    }


def _response(standard: Any, make: Make, variable: str) -> Any:
    """A receptor of a `PointNeuron`, whose variable and parameters are named after its label."""
    members: dict[str, Any] = {
        "__doc__": standard.__doc__,
        "__module__": __name__,
        "receptor": lambda _, name: make(f"{name}.{variable}", f"{name}.tau_syn", f"{name}.e_syn"),
        "recordable": [variable],
        "parameter_units": {"locations": "", "tau_syn": "ms", "e_syn": "mV"},
    }
    return type(standard.__name__, (KeepsParameters, standard), members)


CurrExpPostSynapticResponse = _response(receptors.CurrExpPostSynapticResponse, CURRENT_EXPONENTIAL, "isyn")
CondExpPostSynapticResponse = _response(
    receptors.CondExpPostSynapticResponse, CONDUCTANCE_EXPONENTIAL, "gsyn"
)
CondAlphaPostSynapticResponse = _response(receptors.CondAlphaPostSynapticResponse, CONDUCTANCE_ALPHA, "gsyn")
AlphaPSR = CondAlphaPostSynapticResponse
ExpPSR = CondExpPostSynapticResponse
