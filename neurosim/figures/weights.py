"""The weights of synapses as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import DescriptionError, nearest
from neurosim.figures.axes import need_matplotlib, new_axes, scaled, with_unit
from neurosim.figures.graph.model import part_text
from neurosim.network.network import Network
from neurosim.network.neurons import label
from neurosim.network.part import Part
from neurosim.network.values import Value, unit
from neurosim.plan.materialize import weight_matrix
from neurosim.recording.recording import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def weights(net: Network | Recording, synapses_name: str, *, seed: int = 0, ax: Axes | None = None) -> Axes:
    """Draw the weights of synapses as a matrix (post, pre): white where there is no synapse, or one of
    weight 0.

    net: the network; or a Recording, whose weights are drawn as its run left them (in the first trial).
    synapses_name: the name of the synapses, as `print(net)` shows it.
    seed: of the wiring and weights that are drawn at random, as given to `run`; a Recording has its own.
    ax: axes to draw on; a new figure by default.

    Returns the axes.

    Raises DescriptionError for a name that no synapses have, and for weights that are messages of a
    population.
    """
    recording = net if isinstance(net, Recording) else None
    net = net if recording is None else recording.network
    if not isinstance(net, Network):
        raise DescriptionError(f"weights: {net!r} is neither a Network nor a Recording. Give one of these.")
    if synapses_name not in net.synapses:
        raise DescriptionError(
            f"weights: there are no synapses {synapses_name!r}. {nearest(synapses_name, net.synapses)}"
        )
    synapses = net.synapses[synapses_name]
    if synapses.weight_population is not None:
        sender = label(synapses.weight_population)
        raise DescriptionError(
            f"weights: those of {synapses_name!r} are what {sender!r} sends. Record that and draw its traces."
        )
    need_matplotlib()
    from matplotlib.ticker import MaxNLocator

    matrix = weight_matrix(net, synapses_name, seed if recording is None else recording.seed)
    if recording is not None and synapses.text:
        learned = recording.matrix(synapses_name)
        matrix = Value(learned[0] if recording.batched else learned, matrix.dim)
    largest = float(np.abs(matrix.number).max(initial=0.0))
    factor, unit_name = scaled(largest, unit(matrix.dim))
    limit = largest / factor or 1.0
    rows, columns = matrix.number.shape
    ax = new_axes(ax, 4.6, float(np.clip(3.6 * rows / columns, 2.0, 6.0)) + 0.6)
    aspect = "equal" if 0.2 <= rows / columns <= 5 else "auto"
    numbers = np.ma.masked_equal(matrix.number / factor, 0.0)
    image = ax.imshow(numbers, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect=aspect)
    for axis, role, end in ((ax.xaxis, "sender", synapses.pre), (ax.yaxis, "target", synapses.post)):
        axis.set_label_text(f"{role}: {end.name}" + (f" {part_text(end)}" if isinstance(end, Part) else ""))
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.figure.colorbar(image, ax=ax, label=with_unit("weight", unit_name))
    return ax
