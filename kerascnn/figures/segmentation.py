"""From classification to segmentation: FCN, U-Net and FusionNet (lecture map, D13 and D14)."""

from functools import partial
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from kerascnn import plots
from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._drawing import note
from ._material import digit_images, trained
from ._registry import figure
from .depth import described

DIGITS, APART = (4, 0, 7), 56  # digits, and pixels from one to the next
SIDE, STRIDE = 28, 4  # of LeNet-5: side of its input, and step between the windows of its map


def score_map() -> dict[str, Any]:
    """Compute LeNet-5's scores along a strip of digits, with dense layers as convolutions."""
    import keras

    from kerascnn.models import convolutionalize

    model = trained()
    net = convolutionalize(model)
    digits = digit_images(*DIGITS)
    strip = np.zeros((SIDE, SIDE + len(DIGITS) * APART, 1), np.float32)
    places = [SIDE + nth * APART for nth in range(len(DIGITS))]
    for place, digit in zip(places, digits, strict=True):
        strip[:, place : place + SIDE] = digit
    maps = keras.ops.convert_to_numpy(net(strip[None]))[0]
    scores = maps[0]  # (positions, classes)
    alone = keras.ops.convert_to_numpy(model(digits))
    at_digits = scores[[place // STRIDE for place in places]]
    return {
        "strip": strip[..., 0],
        "places": places,
        "scores": scores,
        "difference": float(np.abs(at_digits - alone).max()),
        "shape": maps.shape,
    }


@figure(
    title="Dense layers become convolutions: a larger image gives a map of scores",
    alt="A strip with the digits 4, 0 and 7 above the map of LeNet-5's scores: ten classes for "
    "each window along the strip; the right class is highest where a window holds a digit.",
    rows=("D13",),
    data=score_map,
    photos=("digits",),
)
def fully_convolutional(found: dict) -> Figure:
    """Draw a strip of digits and the scores of each window along it."""
    strip, scores = found["strip"], found["scores"]
    width = strip.shape[1]
    fig, (top, bottom) = plt.subplots(2, 1, sharex=True, height_ratios=(2, 5))
    top.imshow(strip, cmap="gray", extent=(0, width, SIDE, 0), aspect="auto")
    for place in found["places"]:
        top.add_patch(
            Rectangle(
                (place, 0), SIDE, SIDE, fill=False, edgecolor="white",
                linewidth=3, clip_on=False,
            )
        )  # fmt: skip
    top.axis("off")
    first = (SIDE - STRIDE) / 2  # the center of the first window, minus half a step
    extent = (first, first + STRIDE * len(scores), 9.5, -0.5)
    shown = bottom.imshow(scores.T, cmap="viridis", vmin=0, vmax=1, extent=extent, aspect="auto")
    bottom.set_yticks(range(10))
    bottom.set_ylabel(_("class"))
    bottom.set_xlabel(_("middle of the window (pixels)"))
    fig.colorbar(shown, ax=[top, bottom], label=_("score"), shrink=0.7)
    note(
        fig,
        _(
            "LeNet-5, {input} → {output}: scores for every window of {side}×{side} pixels. In a "
            "window with a digit, they equal those of the network with dense layers.",
            input=shape_text((*strip.shape, 1)),
            output=shape_text(found["shape"]),
            side=SIDE,
        ),
    )
    return fig


@figure(
    title="U-Net copies maps to the other side and pastes them beside the up-sampled ones",
    alt="U-Net as a U: 572 by 572 pixels go down through four poolings and come up to a map of 388 "
    "by 388; at each level, cropped maps from the left are concatenated on the right.",
    rows=("D14",),
    diagram=partial(described, "unet"),
)
def unet() -> Figure:
    """Draw U-Net, whose skips are concatenated."""
    return _hourglass(
        "unet",
        _(
            "Without padding, each convolution removes one pixel from each side: {input} → "
            "{output}. Copied maps are cropped to fit."
        ),
    )


@figure(
    title="FusionNet copies maps to the other side and adds them",
    alt="FusionNet as a U: 512 by 512 pixels go down and come up to a map of the same size; at "
    "each level, maps from the left are added on the right, and residual blocks stand between "
    "convolutions.",
    rows=("D14",),
    diagram=partial(described, "fusionnet"),
)
def fusionnet() -> Figure:
    """Draw FusionNet, whose skips are added."""
    return _hourglass(
        "fusionnet",
        _("With padding, maps keep their size, and the sum needs no cropping: {input} → {output}."),
    )


def _hourglass(name: str, words: str) -> Figure:
    description = described(name)
    fig, ax = plt.subplots()
    plots.architecture(description, check=True, ax=ax)
    first, last = description.layers[0], description.layers[-1]
    note(
        fig,
        words.format(input=shape_text(first.output_shape), output=shape_text(last.output_shape)),
        _("{parameters} parameters", parameters=f"{description.trainable_parameters:,}") + ".",
    )
    return fig
