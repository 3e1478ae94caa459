"""FORCE learning: the readout of a network with feedback learns while the network runs on its own output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.errors import DescriptionError
from neurosim.models.force import force
from neurosim.network.network import Network
from neurosim.network.rebuild import rebuilt
from neurosim.network.values import plain_number
from neurosim.plan.materialize import materialized
from neurosim.run import run

Floats = NDArray[np.float64]


class Forced(NamedTuple):
    """What FORCE learning gives.

    network: the network with the learned weights.
    start: its state after the last tick, from which `ns.run(network, ..., start=start)` goes on.
    errors: w.v - teacher before each update, shape (tick, output).
    """

    network: Network
    start: dict[str, Floats]
    errors: Floats


def force_learning(
    net: Network,
    teacher: ArrayLike,
    *,
    inputs: Mapping[str, ArrayLike] | None = None,
    alpha: float = 1.0,
    forgetting: float = 1.0,
    seed: int = 0,
    engine: str = "auto",
    progress: bool | None = None,
) -> Forced:
    """Teach the synapses from `pool` to `out` of an echo state network while it runs.

    w = w - e P v and P = P - P v v'P/(1 + v'P v), with the error e = w.v - teacher before the update and P =
    1/alpha at first. `out` sends the network's own w.v all the time, which the pool receives as feedback, and
    which stays near the teacher from the first ticks on. The learning is text of synapses, in the network
    `models.force.force(net)`, and takes one `ns.run`.

    Arguments:
        net: a network with populations `pool` and `out`, synapses `pool_to_out`, and feedback from `out`,
            such as `echo_state(1, 300, 1, radius=1.5, leak=0.1, bias_scale=0.3, feedback_scale=1.0)`. Its
            activity must not be 0 throughout, as it is without biases and inputs.
        teacher: what `out` should send, shape (tick,) or (tick, output).
        inputs: {driven population: array of shape (tick, *shape)}, of as many ticks. None: 0.
        alpha: above 0. The learning rate is 1/alpha: if alpha is too large, learning is slow, if too small,
            unstable. Values from 1 to 100 suit targets of about 1.
        forgetting: above 0, at most 1; each tick counts `forgetting` times as much as the one after it.
        seed, engine, progress: as in `ns.run`. The compiled engine is many times faster than the others here.

    Returns the network with the learned weights, its state, and the errors: see `Forced`.

    Raises DescriptionError for a network without these parts, a teacher of another shape or with NaN,
    parameters out of range, and weights that become infinite.

    Source: Sussillo & Abbott 2009, Neuron 63, 544, doi:10.1016/j.neuron.2009.07.018.
    """
    label = "force_learning"
    for name in ("pool", "out", "pool_to_out"):
        if name not in net:
            raise DescriptionError(
                f"{label}: the network has no {name!r}."
                " Give one such as models.echo_state with outputs and feedback."
            )
    alpha = plain_number(alpha, f"{label}: alpha", "Give a number above 0, such as 1.", low=1e-300)
    remedy = "Give a number above 0, at most 1."
    forgetting = plain_number(forgetting, f"{label}: forgetting", remedy, low=1e-300, high=1.0)
    target = _read_teacher(teacher, net["out"].size, label)
    drawn = materialized(net, seed)
    driven = [population for population in net.populations.values() if population.driven]
    silent: dict[str, Any] = {p.name: np.zeros((len(target), *p.shape)) for p in driven}
    learning = force(drawn, alpha=alpha, forgetting=forgetting)
    all_inputs = {**silent, **(inputs or {}), "teacher": target}
    recording = run(learning, all_inputs, record=["out.e"], seed=seed, engine=engine, progress=progress)
    if not np.isfinite(recording.final["synapse/pool_to_out/w"]).all():
        raise DescriptionError(
            f"{label}: the weights diverged with alpha {alpha:g} and forgetting {forgetting:g}."
            " Give a larger alpha, or forgetting nearer to 1."
        )
    learned = materialized(recording.network, seed, recording.final)["pool_to_out"]
    weight = np.zeros((net["out"].size, net["pool"].size))
    weight[learned.wiring.post, learned.wiring.pre] = learned.weight.number
    start = {
        f"{name}.{population.sends}": np.asarray(recording.final[f"state/{name}/{population.sends}"])[0]
        for name, population in net.populations.items()
        if population.sends
    }
    network = rebuilt(drawn, {"pool_to_out": {"weight": weight}})
    return Forced(network, start, np.asarray(recording["out.e"]))


def _read_teacher(teacher: ArrayLike, outputs: int, label: str) -> Floats:
    """The teacher as (tick, output)."""
    target = np.asarray(teacher, dtype=float)
    target = target[:, None] if target.ndim == 1 else target
    fits = target.ndim == 2 and target.shape[1] == outputs and len(target) > 0
    if not fits or not np.isfinite(target).all():
        raise DescriptionError(
            f"{label}: teacher of shape {target.shape} is not (tick, {outputs}) of finite numbers. Give that."
        )
    return target
