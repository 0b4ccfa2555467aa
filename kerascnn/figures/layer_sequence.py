"""A network as a sequence of volumes, with the maps of a real image (lecture map, D1)."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from kerascnn import plots, visualize
from kerascnn._text import class_texts, shape_text
from kerascnn._text import text as _

from ._drawing import note
from ._material import resized, trained
from ._registry import figure

PHOTO, PART = "chelsea", (slice(None), slice(75, 375))
STACK, SHIFT = 4, 0.16  # maps shown, and the offset of each
GAP = 0.5
TOP = 4  # classes shown


def stages() -> dict:
    """Return the maps of a photo in each layer of a small AlexNet trained on CIFAR-10."""
    import keras

    model = trained("alexnet", "cifar10", variant="cifar")
    image = resized(PHOTO, 32, 32, PART)
    conv1 = model.get_layer("conv1")
    linear = keras.ops.conv(image[None], conv1.kernel, conv1.strides, conv1.padding) + conv1.bias
    found = {"conv1": keras.ops.convert_to_numpy(linear)[0]}
    for name in ("conv1", "pool1", "conv2", "pool2", "conv5", "pool5"):
        maps = np.asarray(visualize.activations(model, image[None], name))[0]
        found["ReLU" if name == "conv1" else name] = maps
    scores = keras.ops.convert_to_numpy(model(image[None]))[0]
    return {"image": image, "maps": found, "scores": scores}


@figure(
    title="Each layer turns one volume into another: CONV – ReLU – POOL – … – FC",
    alt="A photo of a cat passes through a small AlexNet: stacks of maps from 32 by 32 by 48 "
    "after the first convolution to 3 by 3 by 64 after the last pooling, then the class scores, "
    "of which cat is the highest.",
    rows=("D1",),
    data=stages,
    photos=(PHOTO,),
)
def layer_sequence(found: dict) -> Figure:
    """Draw the strongest maps of each stage as a stack, and the class scores."""
    from kerascnn.datasets import cifar10

    fig, (ax, scores) = plt.subplots(1, 2, width_ratios=(6, 1))
    x = _stack(ax, 0.0, found["image"][None], "", _("input"), found["image"].shape)
    for name, maps in found["maps"].items():
        strongest = np.argsort(-np.abs(maps).mean(axis=(0, 1)), kind="stable")[:STACK]
        cmap = "RdBu_r" if name == "conv1" else "gray"
        title = _title(name)
        x = _stack(ax, x, np.moveaxis(maps[..., strongest], -1, 0), cmap, title, maps.shape)
    ax.set(xlim=(-0.2, x - GAP + 0.3), ylim=(-1.35, 1.55), aspect="equal")
    ax.axis("off")
    names = class_texts(cifar10.CLASS_NAMES)
    best = np.argsort(-found["scores"])[:TOP]
    scores.barh(range(TOP), found["scores"][best], color=plots.role_color("output"))
    scores.set_yticks(range(TOP), [names[n] for n in best])
    scores.invert_yaxis()
    scores.set(xlim=(0, 1), xticks=[0, 1], box_aspect=1.2)
    scores.spines[["top", "right"]].set_visible(False)
    scores.set_title("FC", fontsize="medium")
    note(
        fig,
        _(
            "The {count} strongest maps of each stage; red: positive, blue: negative. A small "
            "AlexNet trained on CIFAR-10.",
            count=STACK,
        ),
    )
    return fig


def _title(name: str) -> str:
    return {"conv": "CONV", "pool": "POOL"}.get(name.rstrip("0123456789"), name)


def _stack(ax: Axes, x: float, maps: np.ndarray, cmap: str, title: str, shape: tuple) -> float:
    """Draw maps (N, H, W) or (N, H, W, 3) as a stack; return the position of the next stack."""
    side = np.sqrt(shape[0] / 32) * 2
    reach = np.abs(maps).max() or 1.0
    least = -reach if cmap == "RdBu_r" else 0
    behind = len(maps) - 1
    for nth in range(behind, -1, -1):
        left, low = x + nth * SHIFT, -side / 2 + nth * SHIFT
        ax.imshow(
            maps[nth],
            cmap=cmap or None,
            extent=(left, left + side, low, low + side),
            interpolation="nearest",
            zorder=2 - nth / 10,
            vmin=least,
            vmax=reach,
        )
        frame = Rectangle((left, low), side, side, fill=False, linewidth=0.5, edgecolor="gray")
        frame.set_zorder(2 - nth / 10)
        ax.add_patch(frame)
    middle = x + side / 2
    ax.text(middle, side / 2 + behind * SHIFT + 0.12, title, ha="center", fontsize="small")
    ax.text(middle, -side / 2 - 0.12, shape_text(shape), ha="center", va="top", fontsize="x-small")
    return x + max(side + behind * SHIFT, 0.9) + GAP
