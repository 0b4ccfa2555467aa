"""Theoretical and effective receptive fields (lecture map, B16)."""

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from kerascnn import plots
from kerascnn._text import text as _

from ._drawing import note
from ._material import resized
from ._registry import figure

SIZE = 224
LAYERS = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3")
SEEDS = range(2)
PHOTO = "chelsea"


def gradients() -> dict:
    """Return the effective receptive field of block5_conv3's central unit in untrained VGG16s.

    It is the absolute gradient, (SIZE, SIZE), averaged over several networks and images. Also
    return the theoretical receptive fields of some layers in pixels.
    """
    import keras

    from kerascnn import models, visualize
    from kerascnn._describe import describe

    total = np.zeros((SIZE, SIZE))
    image = resized(PHOTO, SIZE, SIZE)[None]
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        model = models.build_vgg16(include_top=False, input_shape=(SIZE, SIZE, 3))
        total += visualize.effective_receptive_field(model, image, LAYERS[-1])[0]
    description = describe(model)
    records: dict[str, Any] = {r.name: r for r in description.layers}
    return {
        "gradient": total / total.max(),
        "fields": {name: int(records[name].receptive_field) for name in LAYERS},
        "records": description,
    }


@figure(
    title="Receptive fields grow with depth, but the pixels in the middle count most",
    alt="Squares on a photo of a cat, the receptive fields of units in the layers of VGG16, up to "
    "196 pixels for block5_conv3; beside them the gradient of one unit, which is strong in the "
    "middle of its field and fades towards the edge.",
    rows=("B16",),
    data=gradients,
    photos=(PHOTO,),
)
def receptive_field(found: dict) -> Figure:
    """Draw the theoretical fields on a photo, and the effective field from gradients."""
    fig, (field, effect) = plt.subplots(1, 2, width_ratios=(3, 2))
    plots.receptive_field(
        found["records"], layer=LAYERS[-1], image=resized(PHOTO, SIZE, SIZE), ax=field
    )
    field.set_title(_("theoretical"), fontsize="medium")
    size = found["fields"][LAYERS[-1]]
    gradient = found["gradient"]
    effect.imshow(gradient, cmap="inferno", vmin=0, vmax=1)
    centre = _middle(gradient)
    effect.add_patch(
        Rectangle(
            (centre[1] - size / 2, centre[0] - size / 2), size, size, fill=False,
            edgecolor="white", linewidth=2,
        )
    )  # fmt: skip
    effect.set(xlim=(-0.5, SIZE - 0.5), ylim=(SIZE - 0.5, -0.5))
    effect.axis("off")
    effect.set_title(_("effective: |∂ unit / ∂ pixel|"), fontsize="medium")
    half = share_of_middle(gradient, size)
    note(
        fig,
        _(
            "VGG16, {size}×{size} pixels for block5_conv3. {share} % of the gradient falls on the "
            "middle quarter of this field (mean of {count} untrained networks; Luo et al. 2016).",
            size=size,
            share=f"{100 * half:.0f}",
            count=len(SEEDS),
        ),
    )
    return fig


def _middle(gradient: np.ndarray) -> tuple[float, float]:
    """Return the center of all pixels that the unit depends on."""
    rows, columns = (np.flatnonzero(gradient.any(axis=axis)) for axis in (1, 0))
    return (rows[0] + rows[-1]) / 2, (columns[0] + columns[-1]) / 2


def share_of_middle(gradient: np.ndarray, size: int) -> float:
    """Return the share of the gradient in the central quarter of the field's area."""
    row, column = (round(place) for place in _middle(gradient))
    reach = size // 4
    middle = gradient[row - reach : row + reach, column - reach : column + reach]
    return float(middle.sum() / gradient.sum())
