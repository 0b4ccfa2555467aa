"""Theoretical and effective receptive fields (lecture map, B16)."""

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
LAYER = "block5_conv3"
SEEDS = range(2)
PHOTO = "chelsea"


def gradients() -> dict:
    """Return the effective receptive field of block5_conv3's central unit in untrained VGG16s.

    It is the absolute gradient, (SIZE, SIZE), averaged over several networks. Also
    return the theoretical field, ((top, bottom), (left, right)), and the network's description.
    """
    import keras

    from kerascnn import models, visualize
    from kerascnn._describe import describe

    total = np.zeros((SIZE, SIZE))
    image = resized(PHOTO, SIZE, SIZE)[None]
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        model = models.build_vgg16(include_top=False, input_shape=(SIZE, SIZE, 3))
        total += visualize.effective_receptive_field(model, image, LAYER)[0]
    description = describe(model)
    return {
        "gradient": total / total.max(),
        "field": visualize.receptive_field(model, LAYER),
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
    plots.receptive_field(found["records"], layer=LAYER, image=resized(PHOTO, SIZE, SIZE), ax=field)
    field.set_title(_("theoretical"), fontsize="medium")
    gradient, ((top, bottom), (left, right)) = found["gradient"], found["field"]
    effect.imshow(gradient, cmap="inferno", vmin=0, vmax=1)
    effect.add_patch(
        Rectangle(
            (left - 0.5, top - 0.5), right - left, bottom - top, fill=False,
            edgecolor="white", linewidth=2,
        )
    )  # fmt: skip
    effect.set(xlim=(-0.5, SIZE - 0.5), ylim=(SIZE - 0.5, -0.5))
    effect.axis("off")
    effect.set_title(_("effective: |∂ unit / ∂ pixel|"), fontsize="medium")
    half = share_of_middle(gradient, found["field"])
    note(
        fig,
        _(
            "VGG16, {size}×{size} pixels for block5_conv3. {share} % of the gradient falls on the "
            "middle quarter of this field (mean of {count} untrained networks; Luo et al. 2016).",
            size=bottom - top,
            share=f"{100 * half:.0f}",
            count=len(SEEDS),
        ),
    )
    return fig


def share_of_middle(gradient: np.ndarray, field: tuple) -> float:
    """Return the share of the gradient in the central quarter of the field's area."""
    middle = (slice((3 * a + b) // 4, (a + 3 * b) // 4) for a, b in field)
    return float(gradient[tuple(middle)].sum() / gradient.sum())
