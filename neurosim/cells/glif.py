"""The generalized integrate-and-fire neurons of the Allen Institute, level by level."""

from __future__ import annotations

from neurosim.cells.ready import Setting, Shape, ready
from neurosim.errors import DescriptionError, shown
from neurosim.network.neurons import Neurons

RESETS = "v = E_L + f_v*(v - E_L) - dv\ntheta_s += dtheta_s"
CURRENTS = "I_1 = f_1*I_1 + dI_1\nI_2 = f_2*I_2 + dI_2"


def glif(name: str, shape: Shape, level: int = 3, **override: Setting) -> Neurons:
    """Generalized leaky integrate-and-fire neurons (GLIF) of level 1 to 5.

    C dv/dt = (E_L - v)/R + I. At v > E_L + theta_inf the neuron spikes, and v = E_L for a refractory period
    (level 1, LIF). What other levels add:
    reset rules (2, 4, 5): v = E_L + f_v (v - E_L) - dv, and the threshold rises by theta_s, which grows by
    dtheta_s at a spike, dtheta_s/dt = -b_s theta_s;
    after-spike currents (3, 4, 5): I_1 + I_2 are added to I, I_j = f_j I_j + dI_j at a spike, dI_j/dt = -k_j
    I_j;
    a threshold that adapts to the voltage (5): theta_v is added, dtheta_v/dt = a_v (v - E_L) - b_v theta_v.

    Port: `I` (amp).

    Constants, which are those of no particular cell of the paper but of their order: C 100 pF, R 200 Mohm,
    E_L -75 mV, theta_inf 25 mV, refractory 3 ms; f_v 0.4, dv 2 mV, dtheta_s 3 mV, b_s 20 Hz; dI_1 -20 pA, k_1
    100 Hz, dI_2 -5 pA, k_2 10 Hz, f_1 and f_2 1; a_v 3 Hz, b_v 20 Hz. Start: v = E_L. Method: exact
    integration.

    Arguments:
        name: the name of the population.
        shape: the number of neurons, or a tuple such as (15, 3, 3).
        level: 1 (LIF), 2 (LIF-R), 3 (LIF-ASC), 4 (LIF-R-ASC) or 5 (LIF-R-ASC-A).
        override: constants (with their units), start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for another level, and for a name in `override` that the cell does not have.

    Source: Teeter et al. 2018, Generalized leaky integrate-and-fire models classify multiple neuron types,
    Nat. Commun. 9, 709, doi:10.1038/s41467-017-02717-4.
    """
    from neurosim.units import Hz, Mohm, ms, mV, pA, pF

    if isinstance(level, bool) or level not in (1, 2, 3, 4, 5):
        raise DescriptionError(
            f"cells.glif {name!r}: level {shown(level)} is not known. Give 1, 2, 3, 4 or 5."
        )
    resets, currents, adapts = level in (2, 4, 5), level >= 3, level == 5
    constants = dict(C=100 * pF, R=200 * Mohm, E_L=-75 * mV, theta_inf=25 * mV, refractory=3 * ms, v="E_L")
    total, theta, more = "I", "theta_inf", ""
    reset = RESETS if resets else "v = E_L"
    if resets:
        theta += " + theta_s"
        more += "dtheta_s/dt = -b_s*theta_s : volt\n"
        constants |= dict(f_v=0.4, dv=2 * mV, dtheta_s=3 * mV, b_s=20 * Hz)
    if currents:
        total += " + I_1 + I_2"
        more += "dI_1/dt = -k_1*I_1 : amp\ndI_2/dt = -k_2*I_2 : amp\n"
        reset += f"\n{CURRENTS}"
        constants |= dict(dI_1=-20 * pA, k_1=100 * Hz, f_1=1.0, dI_2=-5 * pA, k_2=10 * Hz, f_2=1.0)
    if adapts:
        theta += " + theta_v"
        more += "dtheta_v/dt = a_v*(v - E_L) - b_v*theta_v : volt\n"
        constants |= dict(a_v=3 * Hz, b_v=20 * Hz)
    return ready(
        "glif", name, shape, override,
        equations=f"dv/dt = ((E_L - v)/R + {total})/C : volt (unless refractory)\n{more}I : amp",
        threshold=f"v > E_L + {theta}", reset=reset, method="exact", **constants,
    )  # fmt: skip
