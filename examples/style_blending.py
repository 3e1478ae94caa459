"""A picture is painted again in the style of another one, by a network whose pixels are what it learns.

First a small convolutional net learns to tell from which of the pictures of scikit-image a patch was taken,
whatever its colours. Its features are then fixed, and a picture of noise changes until its features agree
with those of one picture (the content), and their products with those of another one (the style). The less
the content counts beside the style, the more of the style is seen.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import neurosim as ns
from neurosim.learn import Loss, learned, with_learned
from neurosim.models.conv_net import conv_net
from neurosim.models.style_blending import style_blending

PICTURES = (
    "astronaut.png", "brick.png", "camera.png", "cell.png", "chelsea.png", "coffee.png", "coins.png",
    "grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png", "moon.png", "motorcycle_left.png",
    "page.png", "retina.jpg", "rocket.jpg", "text.png",
)  # fmt: skip
PAIR = ("astronaut.png", "ihc.png")  # content, style
CHANNELS = (16, 32, 48)
SIDE = 32  # of the patches
BALANCE, SMOOTH = 1.5, 3e-5


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--content", default=PAIR[0], help="a picture that scikit-image ships")
    parser.add_argument("--style", default=PAIR[1], help="another one")
    parser.add_argument("--side", type=int, default=128, help="of the pictures, in pixels")
    parser.add_argument("--patches", type=int, default=16000, help="to learn the features from")
    parser.add_argument("--updates", type=int, default=500, help="of the pixels")
    parser.add_argument("--balance", type=float, nargs="+", default=[BALANCE, 0.3, 0.05],
                        help="how much content counts beside style; a picture for each")  # fmt: skip
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    features, right = trained(args.patches, args.seed)
    print(f"{right:.1%} of held-out patches are assigned to their picture", flush=True)
    content, style = (picture(name, args.side) for name in (args.content, args.style))
    blends, left = {}, {}
    for balance in args.balance:
        blends[balance], left[balance] = blended(features, content, style, args.updates, args.seed, balance)
        shares = (f"{share:.3f} of the loss of {name}" for name, share in left[balance].items())
        print(f"content counts {balance:g} times as much as style:", ", ".join(shares), "left", flush=True)
    draw(content, style, blends, left, args.figure)
    return left, right


def picture(name, side=None):
    """A picture of scikit-image, (row, column, colour) from 0 to 1: its middle, or all of it at half size."""
    import skimage.data
    from PIL import Image

    image = Image.open(Path(skimage.data.__file__).parent / name).convert("RGB")
    width, height = image.size
    box, size = (0, 0, width, height), (width // 2, height // 2)
    if side:
        edge = min(image.size)
        left, top = (width - edge) // 2, (height - edge) // 2
        box, size = (left, top, left + edge, top + edge), (side, side)
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC, box), dtype=np.float32) / 255


def patches(count, seed):
    """Patches of the pictures, (patch, tick, row, column, colour), turned and with mixed-up colours; and from
    which picture each is."""
    random = np.random.default_rng(seed)
    pictures = [picture(name) for name in PICTURES]
    labels, found = random.integers(len(pictures), size=count), []
    for label in labels:
        image = pictures[label]
        row, column = (random.integers(size - SIDE + 1) for size in image.shape[:2])
        patch = np.rot90(image[row : row + SIDE, column : column + SIDE], random.integers(4))
        patch, mean = patch[..., random.permutation(3)], patch.mean()
        found.append((patch - mean) * random.uniform(0.6, 1.4) + mean * random.uniform(0.7, 1.3))
    return np.array(found)[:, None], labels


def trained(count, seed):
    """The numbers of a network that has learned to assign patches, and its share of right answers."""
    given, labels = patches(count, seed)
    net = conv_net((SIDE, SIDE, 3), CHANNELS, len(PICTURES), padding="same", output="linear", dropout=0.3)
    net, _ = ns.train(
        net, {"image": given}, {"out": labels}, loss="cross_entropy", epochs=1, rate=2e-3,
        schedule="cosine", seed=seed,
    )  # fmt: skip
    held_out, truth = patches(300, seed + 1000)
    out = ns.run(net, {"image": held_out}, record=["out"], engine="arrays", precision="single")["out"]
    return learned(net), float(np.mean(out[:, 0].argmax(axis=1) == truth))


def blended(features, content, style, updates, seed, balance=BALANCE):
    """The picture, and what is left of the losses of content and style, in parts of those of the start."""
    random = np.random.default_rng(seed)
    start = random.random(content.shape)
    net = style_blending(content.shape, CHANNELS, content=2, picture=start, roughness_weight=SMOOTH)
    net = with_learned(net, features, partly=True)
    names = ["content", *(f"style_{k}" for k in range(1, len(CHANNELS) + 1))]
    seen = sent(net, names, {"image": np.stack([content, style, start])[:, None]})
    targets = {name: seen[name][int(name != "content")] for name in names}
    before = {name: np.sum((seen[name][2] - targets[name]) ** 2) for name in names}
    share = {name: (balance if name == "content" else 1 / len(CHANNELS)) / before[name] for name in names}
    losses = {name: weighted(name, share[name]) for name in names} | {"rough": "sent"}
    net, _ = ns.train(
        net, None, {name: target[None] for name, target in targets.items()}, trials=1, ticks=1,
        loss=losses, learns=["image.pixels"], epochs=updates, rate=0.05, schedule="cosine", seed=seed,
    )  # fmt: skip
    after = sent(net, names)
    left = {name: float(np.sum((after[name][0] - targets[name]) ** 2) / before[name]) for name in names}
    styles = [left.pop(name) for name in names[1:]]
    return np.clip(learned(net)["image.pixels"], 0, 1), left | {"style": float(np.mean(styles))}


def weighted(name, weight):
    """The squared error times a weight."""
    return Loss(f"weighted {name}", lambda jax, sent, target: weight * (sent - target) ** 2)


def sent(net, names, inputs=None):
    """What populations send for images, or for the picture itself, each (image, *shape)."""
    ticks = None if inputs else 1
    run = ns.run(net, inputs, record=names, ticks=ticks, engine="arrays", precision="single")
    return {name: run[name][:, 0] if inputs else run[name] for name in names}


def draw(content, style, blends, left, path):
    """The two pictures, and what was made of them."""
    titles = {"content": content, "style": style}
    for balance, blend in blends.items():
        shares = (f"{share:.1%} of the loss of {name}" for name, share in left[balance].items())
        titles["\n".join([f"content counts {balance:g}", *shares])] = blend
    figure, axes = plt.subplots(1, len(titles), figsize=(3.2 * len(titles), 4.4), layout="constrained")
    for axis, (title, image) in zip(axes, titles.items(), strict=True):
        axis.imshow(image, interpolation="lanczos")
        axis.set_title(title, fontsize=10)
        axis.set(xticks=[], yticks=[])
    figure.savefig(path, dpi=110)
    print(f"\nFigure: {path}")


if __name__ == "__main__":
    main()
