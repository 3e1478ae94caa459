"""PyNN's standard synapse types as text: static, with short-term dynamics, and with STDP."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pyNN.standardmodels import synapses

from neurosim.pynn.parameters import KeepsParameters
from neurosim.pynn.simulator import state


class _Synapse(KeepsParameters):
    """A synapse type with its text, in which TARGET is the variable of the target.

    units: units of the parameters beside weight and delay; 'weight' means that of weights.
    variables: variables of each synapse beside its weight, and their start values.
    """

    model = on_pre = on_post = ""
    units: Mapping[str, str] = MappingProxyType({})
    variables: Mapping[str, float] = MappingProxyType({})

    def _get_minimum_delay(self) -> float:
        return state.dt if state.delays[0] == "auto" else float(state.delays[0])


class StaticSynapse(_Synapse, synapses.StaticSynapse):
    """A synapse of fixed weight and delay."""


class SimpleStochasticSynapse(_Synapse, synapses.SimpleStochasticSynapse):
    """Each spike is transmitted with the probability p."""

    on_pre = "TARGET_post += w*int(rand() < p)"
    units = MappingProxyType({"p": ""})


class TsodyksMarkramSynapse(_Synapse, synapses.TsodyksMarkramSynapse):
    """Short-term depression and facilitation (Tsodyks, Uziel & Markram 2000, J. Neurosci. 20, RC50).

    Of the resources, x are recovered and y active; the rest, z = 1 - x - y, is inactive:
    dx/dt = z/tau_rec, dy/dt = -y/tau_syn, du/dt = -u/tau_facil. A spike raises u by U (1 - u), makes u x
    resources active, and adds the weight times these to the target. tau_syn is that of the receptor. The
    equations are solved exactly from one spike to the next.
    """

    model = "u : 1\nx : 1\ny : 1\nrested : 1\nclosed : 1\ntau_syn : second (constant)"
    on_pre = """
        rested = exp(-(t - lastupdate)/tau_rec)
        closed = exp(-(t - lastupdate)/tau_syn)
        x = 1 - (1 - x - y)*rested - y*(rested*tau_rec - closed*tau_syn)/(tau_rec - tau_syn)
        u = u*exp(-(t - lastupdate)/tau_facil)
        u = u + U*(1 - u)
        y = y*closed + u*x
        TARGET_post += w*u*x
        x = x - u*x
    """
    units = MappingProxyType({"U": "", "tau_rec": "ms", "tau_facil": "ms"})
    variables = MappingProxyType({"u": 0.0, "x": 1.0, "y": 0.0})


class SpikePairRule(KeepsParameters, synapses.SpikePairRule):
    """All pairs of spikes count, by an exponential of the time between them."""

    units = MappingProxyType({"tau_plus": "ms", "tau_minus": "ms", "A_plus": "", "A_minus": ""})


class AdditiveWeightDependence(KeepsParameters, synapses.AdditiveWeightDependence):
    """Changes do not depend on the weight."""

    rise, fall = "w_max", "w_max"


class MultiplicativeWeightDependence(KeepsParameters, synapses.MultiplicativeWeightDependence):
    """Changes are proportional to the distance from the bound that they lead to."""

    rise, fall = "(w_max - w)", "(w - w_min)"


class AdditivePotentiationMultiplicativeDepression(
    KeepsParameters, synapses.AdditivePotentiationMultiplicativeDepression
):
    """Potentiation does not depend on the weight, depression is proportional to it."""

    rise, fall = "w_max", "w"


class GutigWeightDependence(KeepsParameters, synapses.GutigWeightDependence):
    """Changes are powers of the distance from the bound that they lead to (Gutig et al. 2003)."""

    rise = "(w_max - w_min)*((w_max - w)/(w_max - w_min))**mu_plus"
    fall = "(w_max - w_min)*((w - w_min)/(w_max - w_min))**mu_minus"
    units = MappingProxyType({"mu_plus": "", "mu_minus": ""})


class STDPMechanism(_Synapse, synapses.STDPMechanism):
    """Spike-timing dependent plasticity of pairs (Song, Miller & Abbott 2000, Nat. Neurosci. 3, 919).

    The weight rises by A_plus times the trace of arrivals when the target spikes, and falls by A_minus times
    the trace of the target's spikes when a spike arrives, each times what the weight dependence says. The
    part dendritic_delay_fraction of a delay lies behind the synapse, which sees the target later by it.
    """

    model = """dbefore/dt = -before/tau_plus : 1 (event-driven)
               dafter/dt = -after/tau_minus : 1 (event-driven)"""
    variables = MappingProxyType({"before": 0.0, "after": 0.0})

    def __init__(
        self, timing_dependence: Any = None, weight_dependence: Any = None, *rest: Any, **given: Any
    ):
        if not isinstance(timing_dependence, SpikePairRule) or not hasattr(weight_dependence, "rise"):
            raise ValueError(
                "STDPMechanism: it needs a timing and a weight dependence of this backend. Give"
                " timing_dependence=SpikePairRule() and, say, weight_dependence=AdditiveWeightDependence()."
            )
        super().__init__(timing_dependence, weight_dependence, *rest, **given)  # type: ignore[call-arg]
        rise, fall = weight_dependence.rise, weight_dependence.fall
        self.on_pre = f"before += 1\nw = clip(w - A_minus*after*{fall}, w_min, w_max)\nTARGET_post += w"
        self.on_post = f"after += 1\nw = clip(w + A_plus*before*{rise}, w_min, w_max)"
        bounds = {"w_min": "weight", "w_max": "weight"}
        self.units = {**bounds, **SpikePairRule.units, **getattr(weight_dependence, "units", {})}

    def _build_translations(self) -> None:
        """PyNN's hook, which is not needed here: parameters keep their names."""
