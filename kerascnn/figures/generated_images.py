"""Generated images: activation maximization, DeepDream, style transfer, feature inversion.

Slow computations run once per process, however often their figures are drawn.
"""

from functools import cache
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import plots, visualize
from kerascnn._text import text as _

from ._drawing import note, parts_of
from ._material import photo, trained
from ._registry import figure

DEPTHS = ("block1_conv1", "block2_conv2", "block3_conv3", "block4_conv3")
IN_A_ROW = 10


def features():
    """Return the shipped VGG16 without its dense layers, for images of any size."""
    return trained("vgg16", "cifar10", include_top=False)


@cache
def maximized() -> dict[str, np.ndarray]:
    """Generate ten images for each depth, and one for each class."""
    model, classifier = features(), trained("vgg16", "cifar10")
    still = visualize.Moves(2, 0, 0)  # a unit of 3x3 pixels sees every seam
    made = {
        layer: visualize.maximize_activation(
            model,
            layer=layer,
            units=range(IN_A_ROW),
            size=48,
            steps=64,
            verbose=False,
            moves=still if layer == DEPTHS[0] else visualize.Moves(),
        )
        for layer in DEPTHS
    }
    made["predictions"] = visualize.maximize_activation(
        classifier, target=range(IN_A_ROW), steps=128, verbose=False
    )
    return made


@figure(
    title="Activation maximization: what units respond to most, layer by layer",
    alt="Images generated to excite units of VGG16: plain colours and edges in the first block, "
    "textures in the second and third, patterns in the fourth, and the ten classes of CIFAR-10.",
    rows=("F4",),
)
def maximized_units() -> Figure:
    """Draw the images that excite ten units at each depth, and each class, the most."""
    from kerascnn import weights

    (card,) = (s for s in weights.available("vgg16") if s.name == "cifar10")
    rows = maximized()
    fig = plt.figure()
    for part, (layer, pictures) in zip(parts_of(fig, len(rows), 1), rows.items(), strict=True):
        titles = list(card.class_names) if layer == "predictions" else None
        plots.image_grid(pictures, columns=IN_A_ROW, titles=titles, ax=part.subplots())
        part.supylabel(layer, fontsize="small", rotation=0, ha="left", va="center")
    note(fig, _("VGG16 with a quarter of its filters, trained on CIFAR-10."))
    return fig


DREAM_SIZE = 180, 270  # pixels
DREAMED, OTHERS = "block3_conv3", ("block2_conv2", "block4_conv3")
OCTAVES = 4


@cache
def dreams() -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Return a dream octave by octave, dreams of other layers, and a guide with its dream."""
    model, image = features(), photo("coffee", *DREAM_SIZE)
    guide = photo("immunohistochemistry", 128, 128)
    steps: list[np.ndarray] = []

    def dream(layer: str, **options: Any) -> np.ndarray:
        return visualize.deep_dream(
            model, image[None], layer, octaves=OCTAVES, verbose=False, **options
        )[0]

    growing = dream(DREAMED, callback=lambda step, images, scores: steps.append(images[0]))
    steps_each = len(steps) // OCTAVES
    octaves = [image, steps[steps_each - 1], steps[2 * steps_each - 1], growing]
    return octaves, [dream(layer) for layer in OTHERS], [guide, dream(DREAMED, guide=guide[None])]


@figure(
    title="DeepDream amplifies what a network sees in a photo",
    alt="A photo of a cup of coffee and VGG16's dream of it as it grows over four octaves, then "
    "dreams of a lower and of a higher layer, and one guided by an image of tissue.",
    rows=("F7",),
    photos=("coffee", "immunohistochemistry"),
)
def deep_dream() -> Figure:
    """Draw a dream octave by octave, dreams of other layers, and a guided dream."""
    octaves, of_layers, (guide, guided) = dreams()
    fig = plt.figure()
    top, bottom = parts_of(fig, 2, 1)
    words = [_("photo"), *(_("octave {number}", number=n) for n in (1, 2, OCTAVES))]
    plots.dream_strip(octaves, labels=words, ax=top.subplots())
    plots.dream_strip(
        [*of_layers, guide, guided],
        labels=[*OTHERS, _("guide"), _("guided")],
        ax=bottom.subplots(),
    )
    note(fig, _("Top row: layer {layer}. VGG16, trained on CIFAR-10.", layer=DREAMED))
    return fig


STYLE_SIZE = 160, 208
SHOWN = (5, 15, 40, 100)  # steps of L-BFGS


@cache
def styled() -> tuple[np.ndarray, np.ndarray, dict[int, np.ndarray]]:
    """Return a content photo, a style image, and results by the number of steps."""
    content, style = photo("chelsea", *STYLE_SIZE), photo("immunohistochemistry", *STYLE_SIZE)
    pictures: list[np.ndarray] = []
    visualize.style_transfer(
        features(),
        content[None],
        style[None],
        style_weight=30,
        steps=SHOWN[-1],
        callback=lambda step, picture, losses: pictures.append(picture[0]),
        verbose=False,
    )
    # L-BFGS stops early when it finds no better image.
    steps = sorted({min(step, len(pictures)) for step in SHOWN})
    return content, style, {step: pictures[step - 1] for step in steps}


@figure(
    title="Style transfer: the content of one image in the style of another",
    alt="A photo of a cat, an image of stained tissue, and the cat painted in the tissue's colours "
    "and strokes after 5, 15, 40 and 100 steps.",
    rows=("F8",),
    photos=("chelsea", "immunohistochemistry"),
)
def style_transfer() -> Figure:
    """Draw a cat in the style of stained tissue, after more and more steps."""
    content, style, results = styled()
    fig = plt.figure()
    plots.style_strip(
        content, style, list(results.values()), labels=list(results), columns=3, figure=fig
    )
    note(
        fig,
        _(
            "Gatys et al. 2016, but with VGG16 trained on CIFAR-10 instead of VGG19 trained on "
            "ImageNet."
        ),
    )
    return fig


INVERTED = {  # weight of the total variation: deeper layers keep less and need more smoothing
    "block1_conv2": 1,
    "block2_conv2": 3,
    "block3_conv3": 10,
    "block4_conv3": 30,
    "block5_conv3": 30,
}


@cache
def inverted() -> tuple[np.ndarray, list[np.ndarray]]:
    """Return a photo, and what each block keeps of it."""
    image = photo("astronaut", 96, 96, (slice(0, 250), slice(90, 340)))
    return image, [
        visualize.invert_features(
            features(), image[None], layer, total_variation=smooth, verbose=False
        )[0]
        for layer, smooth in INVERTED.items()
    ]


@figure(
    title="What each layer keeps of an image",
    alt="A photo of an astronaut and images that one layer of VGG16 cannot tell apart from it: "
    "almost the photo itself for the first blocks, while deeper blocks lose its colours, edges "
    "and positions.",
    rows=("F8",),
    photos=("astronaut",),
)
def feature_inversion() -> Figure:
    """Draw the inverted features of each block of VGG16."""
    image, pictures = inverted()
    fig = plt.figure()
    plots.image_grid(
        np.stack([image, *pictures]), titles=[_("photo"), *INVERTED], columns=3, ax=fig.subplots()
    )
    note(
        fig,
        _("Mahendran & Vedaldi 2015; VGG16 with a quarter of its filters, trained on CIFAR-10."),
    )
    return fig
