"""The cortical microcircuit: a square millimetre of sensory cortex with all its neurons, in four layers.

Source: Potjans & Diesmann 2014, Cereb. Cortex 24, 785, doi:10.1093/cercor/bhs358 (tables 4 and 5). Start
values, rates and the compensation of smaller in-degrees: van Albada, Helias & Diesmann 2015, PLoS Comput.
Biol. 11, e1004490, doi:10.1371/journal.pcbi.1004490, and the implementation for NEST
(pynest/examples/Potjans_2014), with which all numbers agree.
"""

from typing import Any, Literal

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.units import Hz, Quantity, ms, mV, pA, pF

# Population: neurons, background sources of each, mean and standard deviation of v at the start (mV), spikes
# per second at full scale.
POPULATIONS = {
    "L23E": (20683, 1600, -68.28, 5.36, 0.903),
    "L23I": (5834, 1500, -63.16, 4.57, 2.965),
    "L4E": (21915, 2100, -63.33, 4.74, 4.414),
    "L4I": (5479, 1900, -63.45, 4.94, 5.876),
    "L5E": (4850, 2000, -63.11, 4.94, 7.569),
    "L5I": (1065, 1900, -61.66, 4.55, 8.633),
    "L6E": (14395, 2900, -66.72, 5.46, 1.105),
    "L6I": (2948, 2100, -61.43, 4.48, 7.829),
}
# Probability that a pair is joined by at least one synapse: a row per target population, a column per sender,
# in the order above.
CONNECTED = (
    (0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0),
    (0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0),
    (0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0),
    (0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0),
    (0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0),
    (0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0),
    (0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252),
    (0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443),
)
TAU_M, TAU_SYN, C_M = 10.0, 0.5, 250.0  # ms, ms, pF
PSP = 0.15  # the postsynaptic potential of an excitatory synapse, in mV
G = -4.0  # inhibitory weights, relative to excitatory ones
SPREAD = 0.1  # the standard deviation of weights, relative to their mean
BACKGROUND = 8.0  # the rate of each background source, in Hz
DELAY = {"E": 1.5, "I": 0.75}  # the mean in ms, by kind of sender; the standard deviation is half of it
RATES = {name: rate for name, (*_, rate) in POPULATIONS.items()}


def microcircuit(
    scale: float = 1.0,
    *,
    in_degree_scale: float | None = None,
    drive: Literal["poisson", "dc"] = "poisson",
    dt: Quantity = 0.1 * ms,
) -> ns.Network:
    """Eight populations of integrate-and-fire neurons, and a Poisson `background` or a constant current.

    The populations are `L23E` to `L6I`, at full scale 77,169 neurons and 298.9 million synapses. The neurons
    have one exponential synaptic current: dv/dt = (E_L - v)/tau_m + (I_syn + I_e)/C_m. Between two
    populations there are ln(1 - C)/ln(1 - 1/(N_pre N_post)) synapses, each between neurons drawn at random,
    with a weight of 87.8 pA (0.15 mV) +-10 %, times -4 from inhibitory senders and times 2 from L4E to L23E.

    With fewer synapses than in full scale, weights are divided by sqrt(in_degree_scale) and a current I_e is
    added, so that the mean and the variance of the input stay the same. Below a scale of about 0.1,
    correlations and rates do not.

    Two differences from the published code: a delay below 0.1 ms becomes 0.1 ms and is not drawn again (3 to
    4 % of them), and the background, which has no past, arrives without delay.

    Arguments:
        scale: the fraction of the neurons, above 0 and up to 1.
        in_degree_scale: the fraction of the synapses and background sources per neuron, above 0 and up to 1;
            default: `scale`.
        drive: 'poisson', private Poisson sources of 8 Hz for each neuron; or 'dc', their mean as a constant
            current, without a population `background`. With small in-degrees 'dc' falls silent: what then
            replaces the circuit's input is below the threshold.
        dt: the length of a tick.

    Raises DescriptionError for scales outside of these limits, and another drive.

    >>> microcircuit(0.01)["L4E"].size
    219
    """
    kept = scale if in_degree_scale is None else in_degree_scale
    if not (0 < scale <= 1 and 0 < kept <= 1):
        raise ns.DescriptionError(
            f"microcircuit: scale {scale} and in_degree_scale {kept} must lie above 0 and not above 1. "
            "Give 1 for all of it."
        )
    if drive not in ("poisson", "dc"):
        raise ns.DescriptionError(f"microcircuit: drive {drive!r} is neither 'poisson' nor 'dc'.")
    numbers, weights = synapse_numbers(), mean_weights()
    constant = (1 - np.sqrt(kept)) * input_current(drive) + (background_current() if drive == "dc" else 0.0)
    parts = [_population(name, scale, I_e) for name, I_e in zip(POPULATIONS, constant, strict=True)]
    synapses = _background(parts, kept) if drive == "poisson" else []
    for row, post in enumerate(parts):
        for column, pre in enumerate(parts):
            if n := round(numbers[row, column] * scale * kept):
                synapses.append(_synapses(pre, post, n, weights[row, column] / np.sqrt(kept)))
    return ns.Network(*synapses, schedule=ns.Clock(dt))


def synapse_numbers() -> np.ndarray:
    """The numbers of synapses between populations at full scale, shape (post, pre)."""
    neurons = np.array([n for n, *_ in POPULATIONS.values()], dtype=float)
    return np.log1p(-np.array(CONNECTED)) / np.log1p(-1 / np.outer(neurons, neurons))


def psc_amplitude() -> float:
    """The jump of I_syn, in pA, after which v rises by at most `PSP`."""
    a, b = TAU_M / (TAU_M - TAU_SYN), TAU_SYN / (TAU_M - TAU_SYN)
    ratio = TAU_M / TAU_SYN
    return PSP * C_M * (TAU_M - TAU_SYN) / (TAU_M * TAU_SYN) / (ratio**-b - ratio**-a)


def mean_weights() -> np.ndarray:
    """The mean weights at full scale in pA, shape (post, pre)."""
    weights = psc_amplitude() * np.where(np.arange(8) % 2, G, 1.0) * np.ones((8, 1))
    weights[0, 2] *= 2  # L4E to L23E
    return weights


def input_current(drive: str = "poisson") -> np.ndarray:
    """The mean synaptic current at full scale and the published rates, in pA, shape (population,): of the
    circuit, and of the background if that is 'poisson'."""
    neurons, sources, _, _, rates = np.array(list(POPULATIONS.values())).T
    from_circuit = (mean_weights() * synapse_numbers() / neurons[:, None]) @ rates  # pA/s
    from_background = psc_amplitude() * sources * BACKGROUND if drive == "poisson" else 0.0
    return (from_circuit + from_background) * TAU_SYN * 1e-3


def background_current() -> np.ndarray:
    """The mean synaptic current from the background at full scale, in pA, shape (population,)."""
    sources = np.array([sources for _, sources, *_ in POPULATIONS.values()])
    return psc_amplitude() * sources * BACKGROUND * TAU_SYN * 1e-3


def _population(name: str, scale: float, I_e: float) -> ns.Neurons:
    """One population, with start values of v at full activity and the compensating current `I_e` in pA."""
    size, _, mean, sd, _ = POPULATIONS[name]
    return ns.Neurons(
        name, max(1, round(size * scale)),
        equations="""dv/dt = (E_L - v)/tau_m + (I_syn + I_e)/C_m : volt (unless refractory)
                     dI_syn/dt = -I_syn/tau_syn : amp""",
        threshold="v >= v_threshold", reset="v = v_reset", refractory=2 * ms, method="exact",
        tau_m=TAU_M * ms, tau_syn=TAU_SYN * ms, C_m=C_M * pF,
        E_L=-65 * mV, v_reset=-65 * mV, v_threshold=-50 * mV, I_e=I_e * pA,
        v=ns.normal(mean * mV, sd * mV),
    )  # fmt: skip


def _background(parts: list[ns.Neurons], kept: float) -> list[ns.Synapses]:
    """Private Poisson sources of each neuron, this fraction of their number."""
    source = cells.poisson("background", 1, rate=BACKGROUND * Hz)
    amplitude = psc_amplitude() / np.sqrt(kept) * pA
    return [
        ns.Synapses(
            source,
            post,
            to="I_syn",
            wiring=ns.private(round(POPULATIONS[post.name][1] * kept)),
            weight=amplitude,
        )
        for post in parts
    ]


def _synapses(pre: ns.Neurons, post: ns.Neurons, n: int, weight: float) -> ns.Synapses:
    """`n` synapses between two populations, with the mean weight in pA, whose sign no synapse changes."""
    bound, delay = {"low": 0 * pA} if weight > 0 else {"high": 0 * pA}, DELAY[pre.name[-1]]
    return ns.Synapses(
        pre,
        post,
        to="I_syn",
        wiring=ns.total(n),
        weight=ns.normal(weight * pA, abs(weight) * SPREAD * pA, **bound),
        delay=ns.normal(delay * ms, delay / 2 * ms, low=0.1 * ms),
    )


def example() -> dict[str, Any]:
    """A hundredth of the neurons, a twentieth of their in-degrees, 50 ms."""
    net = microcircuit(0.01, in_degree_scale=0.05)
    return {
        "net": net,
        "duration": 50 * ms,
        "record": {**dict.fromkeys(POPULATIONS, 1), "L5E[:3].v": 10},
        "seed": 1,
    }
