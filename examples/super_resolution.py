"""A recursive network learns to double the resolution of photographs, beside bicubic interpolation.

It learns from small patches of eleven pictures that scikit-image ships, and is tried on four others. A
recursion more is one number more to learn. In a training as short as this one, four recursions are no better
than one (see the benchmark of the same name); in the paper, whose networks learn far longer, more are better.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import neurosim as ns
from neurosim.learn import learned, with_learned
from neurosim.models.recursive_super_resolution import recursive_super_resolution

LEARN = (
    "brick.png", "grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png", "moon.png",
    "motorcycle_left.png", "page.png", "retina.jpg", "rocket.jpg", "text.png",
)  # fmt: skip
HELD_OUT = ("astronaut.png", "camera.png", "coffee.png", "chelsea.png")
SIDE = 24  # of the patches


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recursions", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--patches", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    sharp = {name: picture(name)[:150, :200] for name in HELD_OUT}
    decibels = {"bicubic": [quality(blurred(image), image) for image in sharp.values()]}
    made = {"bicubic": [blurred(image) for image in sharp.values()]}
    examples = patches(args.patches, args.seed)
    for recursions in args.recursions:
        net = trained(recursions, args.channels, examples, args.epochs, args.seed)
        name = f"{recursions} recursion{'s' * (recursions > 1)}"
        made[name] = [enlarged(net, blurred(image), recursions) for image in sharp.values()]
        pairs = zip(made[name], sharp.values(), strict=True)
        decibels[name] = [quality(image, truth) for image, truth in pairs]
    for name, values in decibels.items():
        each = "  ".join(
            f"{Path(file).stem} {value:.2f}" for file, value in zip(HELD_OUT, values, strict=True)
        )
        print(f"{name:14} {np.mean(values):.2f} dB   ({each})")
    draw(sharp, made, decibels, args.figure)
    return {name: float(np.mean(values)) for name, values in decibels.items()}


def picture(name):
    """A picture of scikit-image in grey, from 0 to 1, of half its size, which makes it sharp."""
    import skimage.data
    from PIL import Image

    image = Image.open(Path(skimage.data.__file__).parent / name).convert("L")
    image = image.resize((image.width // 4 * 2, image.height // 4 * 2), Image.Resampling.BOX)
    return np.asarray(image, dtype=np.float32) / 255


def blurred(image):
    """An image after it was halved and enlarged again, both by bicubic interpolation."""
    from PIL import Image

    rows, columns = image.shape
    small = Image.fromarray(image).resize((columns // 2, rows // 2), Image.Resampling.BICUBIC)
    return np.asarray(small.resize((columns, rows), Image.Resampling.BICUBIC))


def patches(count, seed):
    """Pairs of a blurred and a sharp patch, each (patch, tick, row, column, colour), turned at random.

    Patches that bicubic interpolation enlarges well are left out.
    """
    random = np.random.default_rng(seed)
    pairs = [np.stack([blurred(image), image]) for image in map(picture, LEARN)]
    found = []
    while len(found) < count:
        pair = pairs[random.integers(len(pairs))]
        row, column = (random.integers(size - SIDE) for size in pair.shape[1:])
        patch = pair[:, row : row + SIDE, column : column + SIDE]
        if np.mean((patch[0] - patch[1]) ** 2) > 2e-5:
            found.append(np.rot90(patch, random.integers(4), axes=(1, 2)))
    return np.stack(found, axis=1)[:, :, None, :, :, None]


def trained(recursions, channels, examples, epochs, seed):
    """A network that has learned from patches, all guesses of which are compared with the sharp one."""
    given, wanted = examples
    names = ["out", *(f"step_{d}_guess" for d in range(1, recursions + 1))]
    net = recursive_super_resolution((SIDE, SIDE, 1), channels, recursions=recursions)
    return ns.train(
        net, {"image": given}, dict.fromkeys(names, wanted), loss=dict.fromkeys(names, "squared_error"),
        epochs=epochs, batch=16, rate=3e-3, schedule="cosine", seed=seed,
    )[0]  # fmt: skip


def enlarged(net, image, recursions):
    """What a network that has learned from patches makes of a whole image."""
    channels = net["embed_1"].shape[-1]
    whole = recursive_super_resolution((*image.shape, 1), channels, recursions=recursions)
    inputs = {"image": image[None, :, :, None]}
    run = ns.run(
        with_learned(whole, learned(net)), inputs, record=["out"], engine="arrays", precision="single"
    )
    return np.clip(run["out"][0, :, :, 0], 0, 1)


def quality(image, truth):
    """The peak signal-to-noise ratio in decibels, without the four pixels next to the edges."""
    inner = (slice(4, -4), slice(4, -4))
    return float(-10 * np.log10(np.mean((image[inner] - truth[inner]) ** 2)))


def draw(sharp, made, decibels, path):
    """A part of each held-out picture: by bicubic interpolation, by each network, and sharp."""
    columns = {**made, "sharp": list(sharp.values())}
    figure, axes = plt.subplots(
        len(sharp), len(columns), figsize=(2.4 * len(columns), 9.2), layout="constrained", squeeze=False
    )
    for row, places in enumerate(axes):
        for axis, (name, images) in zip(places, columns.items(), strict=True):
            axis.imshow(images[row][40:104, 70:134], cmap="gray", vmin=0, vmax=1)
            value = f"{decibels[name][row]:.2f} dB" if name in decibels else ""
            axis.set(title=f"{name}\n{value}" if row == 0 else value, xticks=[], yticks=[])
    figure.savefig(path, dpi=110)
    print(f"\nFigure: {path}")


if __name__ == "__main__":
    main()
