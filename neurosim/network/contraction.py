"""Tensor contraction: a wiring whose axes are named."""

from __future__ import annotations

from dataclasses import dataclass

from neurosim.errors import DescriptionError, shown
from neurosim.network.arguments import named_arguments
from neurosim.network.neurons import Population, label
from neurosim.network.pictures import EINSUM, Picture
from neurosim.network.wiring import Shape, Wiring

LONGEST_NOTE = 24  # characters of a line beside a picture
ARROW = "\N{RIGHTWARDS ARROW}"


@named_arguments
@dataclass(frozen=True)
class einsum(Wiring):
    """Tensor contraction of messages with weights along named axes: "t i, i o -> t o".

    letters: the axes of the sender, of the weights and of the target: letters or words, apart by spaces. Axes
        that are missing from the target are summed (or reduced as its port says); axes of the target alone
        are repeated.

    Weights are an array whose axes are the ones named, or another population of that shape, whose messages
    are the weights. Synapses have no text, and all have one delay.

    Raises DescriptionError for letters that cannot be read; synapses raise it for populations whose shapes do
    not fit.

    Source: the summation convention, Einstein 1916, Ann. Phys. 354, 769, doi:10.1002/andp.19163540702, as in
    numpy.einsum.

    >>> import neurosim as ns
    >>> rows, out = ns.Neurons("rows", (5, 3)), ns.Neurons("out", (5, 4), update="v = I")
    >>> ns.einsum("t i, i o -> t o").weight_shape(rows, out)
    (3, 4)
    """

    letters: str
    listed = False
    shares_weights = True

    def __post_init__(self):
        self.operands  # noqa: B018  reading checks it

    @property
    def operands(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """The axes of sender, weights and target."""
        parts = self.letters.replace("->", ",").split(",") if isinstance(self.letters, str) else []
        if (
            len(parts) != 3
            or self.letters.count("->") != 1
            or self.letters.index(",") > self.letters.index("->")
        ):
            raise DescriptionError(
                f"einsum: {shown(self.letters)} does not read."
                " Write 'sender axes, weight axes -> target axes', such as 't i, i o -> t o'."
            )
        sender, weight, target = (tuple(part.split()) for part in parts)
        for axes in (sender, weight, target):
            if not all(axis.isidentifier() for axis in axes) or len(set(axes)) != len(axes):
                raise DescriptionError(
                    f"einsum: {shown(self.letters)}: the axes {shown(' '.join(axes))} are not different"
                    " names, apart by spaces. Write such."
                )
        return sender, weight, target

    def sizes(self, pre: Population, post: Population) -> dict[str, int]:
        """The length of every axis that sender and target fix."""
        sender, _, target = self.operands
        sizes: dict[str, int] = {}
        for axes, population in ((sender, pre), (target, post)):
            if len(axes) != len(population.shape):
                raise DescriptionError(
                    f"einsum: {self.letters!r} gives {label(population)} the axes {' '.join(axes)!r}, but"
                    f" its shape is {population.shape}."
                    " Name one axis per dimension."
                )
            for axis, size in zip(axes, population.shape, strict=True):
                if sizes.setdefault(axis, size) != size:
                    raise DescriptionError(
                        f"einsum: {self.letters!r}: axis {axis!r} is {sizes[axis]} long in {label(pre)} and"
                        f" {size} in {label(post)}. Make them equal."
                    )
        return sizes

    def check(self, pre: Population, post: Population) -> None:
        self.sizes(pre, post)

    def picture(self, pre: Population, post: Population) -> Picture:
        return EINSUM

    def note(self, reduction: str) -> str:
        sender, weight, target = (" ".join(axes) for axes in self.operands)
        line = f"{sender}, {weight} {ARROW} {target}"
        return line if len(line) <= LONGEST_NOTE else f"{sender},\n{weight}\n{ARROW} {target}"

    def weight_shape(self, pre: Population, post: Population) -> Shape:
        sizes = self.sizes(pre, post)
        unknown = [axis for axis in self.operands[1] if axis not in sizes]
        if unknown:
            raise DescriptionError(
                f"einsum: {self.letters!r}: the length of axis {unknown[0]!r} is not fixed."
                " Give the weight as an array."
            )
        return tuple(sizes[axis] for axis in self.operands[1])

    def weight_shapes(self, pre: Population, post: Population, given: Shape) -> list[Shape]:
        # Axes that neither sender nor target fixes are as long as those of the given array.
        axes, sizes = self.operands[1], self.sizes(pre, post)
        lengths = given if len(given) == len(axes) else (1,) * len(axes)
        return [tuple(sizes.get(axis, length) for axis, length in zip(axes, lengths, strict=True))]

    def number_shapes(self, pre: Population, post: Population) -> list[Shape]:
        return []

    def message_shapes(self, pre: Population, post: Population, weight: Population) -> tuple[Shape, Shape]:
        return self.weight_shapes(pre, post, weight.shape)[0], weight.shape
