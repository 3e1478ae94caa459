"""Wirings from few neurons to many: convolution and pooling turned round."""

from __future__ import annotations

from dataclasses import dataclass

from neurosim.errors import DescriptionError
from neurosim.network.arguments import named_arguments
from neurosim.network.neurons import Population
from neurosim.network.pictures import CONVOLUTION, POOLING, Picture, sizes_text
from neurosim.network.windows import Windowed, conv, pool, sizes_per_axis


class _Spread(Windowed):
    """What both share: the windows slide over the target."""

    turned = True

    def target_shape(self, shape: tuple[int, ...], channels: int | None = None) -> tuple[int, ...]:
        """The smallest target for a sender of `shape`, with that many `channels` (default: those of the
        sender).

        Its length is (n - 1)*stride + (width - 1)*dilation + 1 - 2*padding along each axis.
        """
        name, axes = type(self).__name__, len(self.kernel)
        if len(shape) not in (axes, axes + 1):
            raise DescriptionError(
                f"{name}: kernel {self.kernel} slides over {axes} axes, not over the shape {shape}."
                " Give a size per spatial axis."
            )
        stride = sizes_per_axis(self.stride or self.kernel, axes, f"{name}: stride")
        dilation = sizes_per_axis(getattr(self, "dilation", 1), axes, f"{name}: dilation")
        if self.padding == "same":
            space = tuple(n * step for n, step in zip(shape, stride, strict=False))
        else:
            before = 0 if self.padding == "valid" else self.padding
            padding = sizes_per_axis(before, axes, f"{name}: padding", least=0)
            parts = zip(shape[:axes], stride, self.kernel, dilation, padding, strict=True)
            space = tuple(
                (n - 1) * step + (width - 1) * spread + 1 - 2 * edge for n, step, width, spread, edge in parts
            )
        return (*space, *shape[axes:]) if channels is None else (*space, channels)


@named_arguments
@dataclass(frozen=True)
class transposed_conv(_Spread, conv):
    """Transposed convolution: each sender spreads over a window of the target, by weights that all senders
    share.

    It leads from the windows of `conv` with these arguments back to the space that they slide over:
    out[r*stride + a*dilation - padding, ..., i] += sum over o of w[o, i, a, b] * in[r, c, o].

    kernel, stride, padding, dilation, groups: those of the convolution; see `conv`. With a stride several
        shapes of the target fit; that of the population counts. `target_shape` is the smallest one.

    Weights have shape (channel of sender, channel of target / groups, *kernel).

    Raises DescriptionError where the convolution of the target would not have the shape of the sender.

    Source: Zeiler et al. 2010, CVPR, doi:10.1109/CVPR.2010.5539957; Dumoulin & Visin 2016, arXiv:1603.07285.

    >>> transposed_conv((4, 4), stride=2, padding=1).target_shape((7, 7, 16), 3)
    (14, 14, 3)
    """

    def picture(self, pre: Population, post: Population) -> Picture:
        return CONVOLUTION.mirrored("transposed_conv", "transposed convolution (shared weights)")

    def note(self, reduction: str) -> str:
        return f"transposed {super().note(reduction)}"


@named_arguments
@dataclass(frozen=True)
class unpool(_Spread, pool):
    """Unpooling: each sender spreads over a window of its own channel in the target, times the weight.

    kernel, stride, padding: those of `pool`, whose windows the senders are. With windows side by side it
        repeats every number (nearest-neighbour upsampling); where windows overlap, the numbers add up at a
        port that sums.

    Raises DescriptionError where pooling the target would not give the shape of the sender.

    >>> unpool((2, 2)).target_shape((4, 4, 3))
    (8, 8, 3)
    """

    def picture(self, pre: Population, post: Population) -> Picture:
        return POOLING.mirrored("unpool", "unpooling")

    def note(self, reduction: str) -> str:
        return f"spread over {sizes_text(self.kernel)}"
