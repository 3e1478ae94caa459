"""A recurrent model of visual attention: it looks at a few places of an image, and chooses each of them.

Source: Mnih, Heess, Graves & Kavukcuoglu 2014, Recurrent models of visual attention, NeurIPS 27, 2204,
arXiv:1406.6247. Gradients by chance and reward: Williams 1992, Machine Learning 8, 229,
doi:10.1007/BF00992696.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models.feed_forward import initial

KERNEL = "w = maximum(0, 1 - abs((I + 1)/2*(n - 1) + offset - pixel)/scale)/scale"
PLACE = "mean = tanh(I + bias)\nl = stop(mean + where(training, spread*randn(), 0))"
TEACHER = """r = stop(reward)*where(last, t == n - 1, t > 0)
policy = policy + chance
guessed = guessed + guess
loss = cost*(guess**2 - 2*r*guessed - (r*policy - stop(guess)*chance))"""


def recurrent_attention(
    shape: tuple[int, int, int] = (28, 28, 1), n_classes: int = 10,
    *, n_glimpses: int = 6, size: int = 8, n_scales: int = 3, factor: float = 2.0, n_hidden: int = 128,
    spread: float = 0.15, last: bool = False, cost: float = 0.5,
) -> ns.Network:  # fmt: skip
    """`image` -> `glimpse` at `place` -> `seen` -> `core` -> `out`, and from `core` to the next `place`.

    A glimpse is a stack of patches of size x size pixels around a place (row, column), both from -1 to 1. The
    pixels of patch k are averages (by triangles) over factor^k pixels of the image. seen = relu(W glimpse +
    V place + bias); core = relu(W seen + U core(t - 1) + bias); out = W core + bias, the scores of the
    classes. The next place has the mean tanh(W core(t - 1) + bias); in training it is drawn around it, with
    standard deviation `spread` along both axes.

    How the places are chosen learns from rewards, by REINFORCE: a reward is the probability of the class that
    `label` (one-hot, at every tick, an input for training only) names. `guess`, a function of core(t - 1),
    learns to expect what is still to come, G_t. `teacher` sends a loss with the gradient of `cost` times the
    sum over t of (guess_t - G_t)^2 - (G_t - guess_t) log p(place_t). Train with loss={"out": "cross_entropy",
    "teacher": "sent"}. Weights and biases learn. Clamp `place` to choose the places yourself.

    Arguments:
        shape: (rows, columns, channels) of the image, an input at every tick.
        n_classes: the number of classes.
        n_glimpses: the number of glimpses, one at each tick.
        size, n_scales, factor: the side of a patch, in pixels; how many patches; see above.
        n_hidden: the number of units of `seen`, and of `core`.
        spread: the standard deviation of places in training; 2 is the whole image.
        last: whether there is one reward, after the last glimpse, or one after each but the first.
        cost: the weight of the loss that `teacher` sends, beside that of `out`.

    Raises DescriptionError for fewer than one glimpse, pixel or scale, and for a spread that is not above 0.

    >>> recurrent_attention()["glimpse"].shape  # (scale, row, column, channel)
    (3, 8, 8, 1)
    """
    least = {"n_glimpses": n_glimpses, "size": size, "n_scales": n_scales, "spread": np.ceil(spread)}
    if small := [name for name, number in least.items() if number < 1]:
        remedy = "Give at least 1, and a spread above 0."
        raise ns.DescriptionError(f"recurrent_attention: {' and '.join(small)} too small. {remedy}")
    image, n = ns.Neurons("image", shape), n_hidden
    place = ns.Neurons("place", 2, update=PLACE, sends="l", spread=spread, bias=np.zeros(2), learns="bias")
    seen, core = (cells.unit(name, n, "relu", bias=np.zeros(n), learns="bias") for name in ("seen", "core"))
    out = cells.unit("out", n_classes, "linear", bias=np.zeros(n_classes), learns="bias")
    items, glimpse = glimpses(image, place, size, factor ** np.arange(n_scales))
    pairs = (glimpse, seen), (place, seen), (seen, core), (core, out)
    items += [ns.Synapses(a, b, weight=initial("relu", a.size), learns=True) for a, b in pairs]
    items.append(ns.Synapses(core, core, weight=ns.orthogonal(), delay=1, learns=True))
    items.append(ns.Synapses(core, place, weight=ns.normal(0, 0.1 / np.sqrt(n)), delay=1, learns=True))
    items += rewarded(core, out, place, last=float(last), n=n_glimpses, cost=cost)
    return ns.Network(items, schedule=ns.Layered())


def glimpses(
    image: ns.Neurons, place: ns.Neurons, size: int, scales: np.ndarray
) -> tuple[list[ns.Synapses], ns.Neurons]:
    """The population `glimpse`: patches of the image around a place, and the synapses that fetch them."""
    (rows, columns, channels), n = image.shape, len(scales)
    names = ("by_row", rows), ("by_column", columns)
    by_row, by_column = (_kernel(name, m, size, scales) for name, m in names)
    lines = ns.Neurons("lines", (n, size, columns, channels), update="y = I")
    glimpse = ns.Neurons("glimpse", (n, size, size, channels), update="y = I")
    pick = ns.einsum("axis, axis -> scale pixel n")
    first = ns.einsum("m n channel, scale row m -> scale row n channel")
    second = ns.einsum("scale row n channel, scale column n -> scale row column channel")
    return [
        ns.Synapses(place, by_row, weight=np.array([1.0, 0.0]), wiring=pick),
        ns.Synapses(place, by_column, weight=np.array([0.0, 1.0]), wiring=pick),
        ns.Synapses(image, lines, weight=by_row, wiring=first),
        ns.Synapses(lines, glimpse, weight=by_column, wiring=second),
    ], glimpse


def _kernel(name: str, n: int, size: int, scales: np.ndarray) -> ns.Neurons:
    """How much each of `n` pixels in a line counts for each pixel of each patch, (scale, pixel, n)."""
    scale = np.broadcast_to(scales[:, None, None], (len(scales), size, n))
    offset = scale * (np.arange(size) - (size - 1) / 2)[:, None]
    constants = dict(n=n, scale=scale, offset=offset, pixel=np.arange(n))
    return ns.Neurons(name, scale.shape, update=KERNEL, **constants)


def rewarded(core: ns.Neurons, out: ns.Neurons, place: ns.Neurons, **settings: Any) -> list[ns.Synapses]:
    """The populations that learn from rewards: `reward`, `chance` of the places, `guess`, `teacher`."""
    label = ns.Neurons("label", out.shape, update="y = I")  # nothing arrives: it sends 0 unless it is given
    reward = ns.Neurons("reward", out.shape, ports="I label", update="y = label*softmax(I)")
    text, spread = "y = -((at - mean)/spread)**2/2", place.constants["spread"]
    chance = ns.Neurons("chance", 2, ports="mean at", update=text, spread=spread)
    guess = cells.unit("guess", 1, "linear", bias=np.zeros(1), learns="bias")
    settings |= {"ports": "reward chance guess", "sends": "loss"}
    teacher = ns.Neurons("teacher", 1, update=TEACHER, **settings)
    each = ns.one_to_one()
    return [
        ns.Synapses(out, reward, to="I", wiring=each),
        ns.Synapses(label, reward, to="label", wiring=each),
        ns.Synapses(place.sending("mean"), chance, to="mean", wiring=each),
        ns.Synapses(place, chance, to="at", wiring=each),
        ns.Synapses(core, guess, weight=ns.normal(0, 0.1 / np.sqrt(core.size)), delay=1, learns=True),
        *(ns.Synapses(pre, teacher, to=pre.name) for pre in (reward, chance, guess)),
    ]


def example() -> dict[str, Any]:
    """Two digits at other places of a larger image, seen by an untrained network."""
    from sklearn.datasets import load_digits

    images = np.zeros((2, 3, 12, 12, 1))
    images[0, :, :8, 2:10, 0], images[1, :, 4:, 4:, 0] = load_digits().images[:2, None] / 16.0
    net = recurrent_attention((12, 12, 1), n_glimpses=3, size=4, n_scales=2, n_hidden=8)
    return {"net": net, "inputs": {"image": images}, "record": ["place", "glimpse", "out"], "seed": 1}
