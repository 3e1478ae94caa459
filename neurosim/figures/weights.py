"""The weights of synapses as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import DescriptionError, nearest
from neurosim.figures.axes import need_matplotlib, new_axes, scaled, with_unit
from neurosim.figures.graph.model import part_text
from neurosim.network.network import Network
from neurosim.network.neurons import Part, label
from neurosim.network.values import Value, unit
from neurosim.plan.materialize import weight_matrix
from neurosim.recording.recording import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurosim.network.network import Network
    from neurosim.recording.recording import Recording


def weights(net: Network | Recording, synapses_name: str, *, seed: int = 0, ax: Any = None) -> Axes:
    """Draw the weights of synapses as a matrix: targets downwards, senders to the right, white where there is none (or it is 0). Returns the axes.

    Arguments:
        net: the network; or a Recording, whose weights are drawn as its run left them (in the first trial).
        synapses_name: the name of the synapses, as `print(net)` shows it.
        seed: of the wiring and weights that are drawn at random: the seed that was given to `run`; of a Recording its own.
        ax: axes to draw on; default: a new figure.

    Raises DescriptionError for names that are no synapses, and for weights that another population sends.
    """
    recording = net if isinstance(net, Recording) else None
    net = net if recording is None else recording.network
    if not isinstance(net, Network):
        raise DescriptionError(f"weights: {net!r} is neither a Network nor a Recording. Give one of these.")
    if synapses_name not in net.synapses:
        raise DescriptionError(
            f"weights: there are no synapses {synapses_name!r}. {nearest(synapses_name, net.synapses)}"
        )
    item = net.synapses[synapses_name]
    if item.weight_population is not None:
        raise DescriptionError(
            f"weights: those of {synapses_name!r} are what {label(item.weight_population)!r} sends. Record that and draw its traces."
        )
    need_matplotlib()
    from matplotlib.ticker import MaxNLocator

    matrix = weight_matrix(net, synapses_name, seed if recording is None else recording.seed)
    if recording is not None and item.text:
        learned = recording.matrix(synapses_name)
        matrix = Value(learned[0] if recording.batched else learned, matrix.dim)
    largest = float(np.abs(matrix.number).max(initial=0.0))
    factor, name = scaled(largest, unit(matrix.dim))
    rows, columns = matrix.number.shape
    ax = new_axes(ax, 4.6, float(np.clip(3.6 * rows / columns, 2.0, 6.0)) + 0.6)
    limit = largest / factor or 1.0
    aspect = "equal" if 0.2 <= rows / columns <= 5 else "auto"
    image = ax.imshow(
        np.ma.masked_equal(matrix.number / factor, 0.0), cmap="RdBu_r", vmin=-limit, vmax=limit, aspect=aspect
    )
    for axis, role, end in ((ax.xaxis, "sender", item.pre), (ax.yaxis, "target", item.post)):
        axis.set_label_text(f"{role}: {end.name}" + (f" {part_text(end)}" if isinstance(end, Part) else ""))
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.figure.colorbar(image, ax=ax, label=with_unit("weight", name))
    return ax
