"""FORCE learning: the readout of a network with feedback learns while the network runs with its own output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.network import Network
from neurosim.network.rebuild import rebuilt
from neurosim.network.values import plain_number
from neurosim.plan.materialize import materialized
from neurosim.run import run


class Forced(NamedTuple):
    """The network with what it learned; the state that it ended in, to go on from: `ns.run(network, ..., start=start)`; and the errors
    before each update, (tick, output)."""

    network: Network
    start: dict[str, np.ndarray]
    errors: np.ndarray


def force_learning(
    net: Network,
    teacher: Any,
    *,
    inputs: Mapping[str, Any] | None = None,
    alpha: float = 1.0,
    forgetting: float = 1.0,
    seed: int = 0,
    engine: str = "auto",
    progress: bool | None = None,
) -> Forced:
    """Teach the synapses from `pool` to `out` of an echo state network by recursive least squares while it runs.

    w = w - e P v, e = w.v - teacher before the update, P = P - P v v'P/(1 + v'P v), with P = 1/alpha at first; what `out` sends, and
    the pool hears, is the network's own w.v all the time, which stays near the teacher from the first ticks on. It runs as a network:
    `models.force.force(net)`, in one `ns.run`.

    Arguments:
        net: with populations `pool` and `out`, joined by synapses `pool_to_out`, and feedback from `out`, such as
            `echo_state(1, 300, 1, radius=1.5, leak=0.1, bias_scale=0.3, feedback_scale=1.0)`. All its activity must not be 0.
        teacher: what `out` is to send, (tick,) or (tick, output).
        inputs: of the driven populations, as long; default: 0.
        alpha: the rate is 1/alpha: too large is slow, too small unstable; from 1 to 100 for targets of size 1.
        forgetting: 1, or a little less, to follow what changes.
        seed, engine, progress: as in `ns.run`. The compiled engine is many times faster here.

    Raises DescriptionError for another network, a teacher of another shape, NaN, and rates that cannot be.

    Source: Sussillo & Abbott 2009, Neuron 63, 544, doi:10.1016/j.neuron.2009.07.018.
    """
    from neurosim.models.force import force

    where = "force_learning"
    for name in ("pool", "out", "pool_to_out"):
        if name not in net:
            raise DescriptionError(
                f"{where}: the network has no {name!r}. Give one such as models.echo_state with outputs and feedback."
            )
    alpha = plain_number(alpha, f"{where}: alpha", "Give a number above 0, such as 1.", low=1e-300)
    forgetting = plain_number(
        forgetting, f"{where}: forgetting", "Give a number above 0, at most 1.", low=1e-300, high=1.0
    )
    wanted = np.asarray(teacher, dtype=float)
    wanted = wanted[:, None] if wanted.ndim == 1 else wanted
    if (
        wanted.ndim != 2
        or wanted.shape[1] != net["out"].size
        or not len(wanted)
        or not np.isfinite(wanted).all()
    ):
        raise DescriptionError(
            f"{where}: teacher of shape {wanted.shape} is not (tick, {net['out'].size}) of finite numbers. Give that."
        )
    drawn = materialized(net, seed)
    silent = {p.name: np.zeros((len(wanted), *p.shape)) for p in net.populations.values() if p.driven}
    given = {**silent, **(inputs or {}), "teacher": wanted}
    learning = force(drawn, alpha=alpha, forgetting=forgetting)
    recording = run(learning, given, record=["out.e"], seed=seed, engine=engine, progress=progress)
    if not np.isfinite(recording.final["synapse/pool_to_out/w"]).all():
        raise DescriptionError(
            f"{where}: the weights ran away with alpha {alpha:g} and forgetting {forgetting:g}. Take alpha larger, forgetting nearer to 1."
        )
    learned = materialized(recording.network, seed, recording.final)["pool_to_out"]
    weight = np.zeros((net["out"].size, net["pool"].size))
    weight[learned.wiring.post, learned.wiring.pre] = learned.weight.number
    start = {
        f"{name}.{p.sends}": recording.final[f"state/{name}/{p.sends}"][0]
        for name, p in net.populations.items()
        if p.sends
    }
    return Forced(rebuilt(drawn, {"pool_to_out": {"weight": weight}}), start, np.asarray(recording["out.e"]))
