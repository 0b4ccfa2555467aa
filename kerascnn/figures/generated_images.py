"""Generated images: activation maximization, DeepDream, style transfer, feature inversion."""

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import plots, visualize
from kerascnn._text import class_texts
from kerascnn._text import text as _

from ._drawing import note, parts_of
from ._material import resized, trained
from ._own import by, classifier_of, convolutions, features_of, name_of, scaled
from ._registry import figure

DEPTHS = ("block1_conv1", "block2_conv2", "block3_conv3", "block4_conv3")
IN_A_ROW = 10
OWN_IN_A_ROW, OWN_SIZE, OWN_STEPS = 5, 96, 64  # for another network, which may be large


def features(network: Any = None):
    """Return the package's VGG16, or another network, without its dense layers."""
    if network is None:
        return trained("vgg16", "cifar10", include_top=False)
    return features_of(network)


def expected(network: Any) -> Any:
    """Return the preprocessing of a network; `None` stands for the package's VGG16."""
    return None if network is None else network.preprocessing


def maximized(*, network: Any = None) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Generate images for four depths and for classes; also return the names of the classes."""
    if network is not None:
        return maximized_by(network)
    from kerascnn import weights

    model, classifier = features(), trained("vgg16", "cifar10")
    # A unit with a 3x3 receptive field would respond to the seams.
    still: dict[str, Any] = {"moves": visualize.Moves(2, 0, 0)}
    made = {
        layer: visualize.maximize_activation(
            model,
            layer=layer,
            units=range(IN_A_ROW),
            size=48,
            steps=64,
            verbose=False,
            **(still if layer == DEPTHS[0] else {}),
        )
        for layer in DEPTHS
    }
    made["predictions"] = visualize.maximize_activation(
        classifier, target=range(IN_A_ROW), steps=128, verbose=False
    )
    (card,) = (s for s in weights.available("vgg16") if s.name == "cifar10")
    return made, card.class_names


def maximized_by(network: Any) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Generate images that excite units in four convolutions of a network, and its classes."""
    model, net = features(network), classifier_of(network)
    options: dict[str, Any] = {
        "steps": OWN_STEPS,
        "preprocessing": network.preprocessing,
        "verbose": False,
    }
    made = {
        layer: visualize.maximize_activation(
            model, layer=layer, units=range(OWN_IN_A_ROW), size=OWN_SIZE, **options
        )
        for layer in convolutions(model, len(DEPTHS))
    }
    names = net.names[:OWN_IN_A_ROW]
    size = None if None not in net.model.input_shape[1:3] else net.short_side
    made["predictions"] = visualize.maximize_activation(
        net.model, target=range(len(names)), size=size, **options
    )
    return made, names


@figure(
    title="Activation maximization: what units respond to most, layer by layer",
    alt=lambda network: (
        _(
            "Images generated to excite units of VGG16: plain colors and edges in the first "
            "block, textures in the second and third, patterns in the fourth, and the ten classes"
            " of CIFAR-10."
        )
        if network is None
        else _(
            "Images generated to excite units in four layers of {network}, and some of its "
            "classes.",
            network=network.name,
        )
    ),
    rows=("F4",),
    data=maximized,
)
def maximized_units(found: tuple, *, network: Any = None) -> Figure:
    """Draw the images that most excite units at each depth, and classes."""
    rows, names = found
    fig = plt.figure()
    for part, (layer, pictures) in zip(parts_of(fig, len(rows), 1), rows.items(), strict=True):
        plots.image_grid(
            pictures,
            columns=len(pictures),
            titles=class_texts(names) if layer == "predictions" else None,
            ax=part.subplots(),
        )
        part.supylabel(layer, fontsize="small", rotation=0, ha="left", va="center")
    note(fig, by(network))
    return fig


DREAM_SIZE = 180, 270  # pixels
DREAMED, OTHERS = "block3_conv3", ("block2_conv2", "block4_conv3")
OCTAVES = 4


def dreams(
    *, photo: np.ndarray | None = None, network: Any = None
) -> tuple[list[np.ndarray], dict[str, np.ndarray], list[np.ndarray], str]:
    """Return a dream by octave, dreams of other layers, a guide with its dream, and the layer."""
    model = features(network)
    layers = OTHERS[0], DREAMED, OTHERS[1]
    if network is not None:
        layers = convolutions(model, 5)[1:4]
    image = resized("coffee", *DREAM_SIZE) if photo is None else scaled(photo, max(DREAM_SIZE))
    guide = resized("immunohistochemistry", 128, 128)
    steps: list[np.ndarray] = []

    def dream(layer: str, **options: Any) -> np.ndarray:
        return visualize.deep_dream(
            model,
            image[None],
            layer,
            octaves=OCTAVES,
            preprocessing=expected(network),
            verbose=False,
            **options,
        )[0]

    first, dreamed, last = layers
    growing = dream(dreamed, callback=lambda step, images, scores: steps.append(images[0]))
    steps_each = len(steps) // OCTAVES
    octaves = [image, steps[steps_each - 1], steps[2 * steps_each - 1], growing]
    guided = dream(dreamed, guide=guide[None])
    return octaves, {layer: dream(layer) for layer in (first, last)}, [guide, guided], dreamed


@figure(
    title="DeepDream amplifies what a network sees in a photo",
    alt=lambda photo, network: (
        _(
            "A photo of a cup of coffee and VGG16's dream of it as it grows over four octaves, "
            "then dreams of a lower and of a higher layer, and one guided by an image of tissue."
        )
        if photo is None and network is None
        else _(
            "A photo and the dream of it by {network} as it grows over four octaves, then dreams "
            "of a lower and of a higher layer, and one guided by an image of tissue.",
            network=name_of(network),
        )
    ),
    rows=("F7",),
    photos=lambda photo: (*(("coffee",) if photo is None else ()), "immunohistochemistry"),
    data=dreams,
)
def deep_dream(found: tuple, *, network: Any = None) -> Figure:
    """Draw a dream by octave, dreams of other layers, and a guided dream."""
    octaves, of_layers, (guide, guided), dreamed = found
    fig = plt.figure()
    top, bottom = parts_of(fig, 2, 1)
    words = [_("photo"), *(_("octave {number}", number=n) for n in (1, 2, OCTAVES))]
    plots.dream_strip(octaves, labels=words, ax=top.subplots())
    plots.dream_strip(
        [*of_layers.values(), guide, guided],
        labels=[*of_layers, _("guide"), _("guided")],
        ax=bottom.subplots(),
    )
    note(fig, _("Top row: layer {layer}.", layer=dreamed) + " " + by(network))
    return fig


STYLE_SIZE = 160, 208
SHOWN = (5, 15, 40, 100)  # steps of L-BFGS


def styled(
    *, photo: np.ndarray | None = None, network: Any = None
) -> tuple[np.ndarray, np.ndarray, dict[int, np.ndarray]]:
    """Return a content photo, a style image, and results by number of steps."""
    model = features(network)
    content = resized("chelsea", *STYLE_SIZE) if photo is None else scaled(photo, max(STYLE_SIZE))
    style = resized("immunohistochemistry", *content.shape[:2])
    options: dict[str, Any] = {"style_weight": 30}
    if network is not None:
        options = style_options(network, model, content, style)
    pictures: list[np.ndarray] = []
    visualize.style_transfer(
        model,
        content[None],
        style[None],
        steps=SHOWN[-1],
        callback=lambda step, picture, losses: pictures.append(picture[0]),
        verbose=False,
        **options,
    )
    # L-BFGS stops early when it finds no better image.
    steps = sorted({min(step, len(pictures)) for step in SHOWN})
    return content, style, {step: pictures[step - 1] for step in steps}


def style_options(network: Any, model: Any, content: np.ndarray, style: np.ndarray) -> dict:
    """Return the layers and weights for the style transfer by a network."""
    from dataclasses import replace

    from kerascnn.trained import _layers

    contents, styles = _layers.content_layers(model), _layers.style_layers(model)
    net = replace(network, model=model)
    return {
        "content_layers": contents,
        "style_layers": styles,
        "style_weight": _layers.style_weight(net, content[None], style[None], contents, styles),
        "preprocessing": network.preprocessing,
    }


@figure(
    title="Style transfer: the content of one image in the style of another",
    alt=lambda photo, network: (
        _(
            "A photo of a cat, an image of stained tissue, and the cat painted in the tissue's "
            "colors and strokes after 5, 15, 40 and 100 steps."
        )
        if photo is None and network is None
        else _(
            "A photo, an image of stained tissue, and the photo painted by {network} in the "
            "tissue's colors and strokes, after more and more steps.",
            network=name_of(network),
        )
    ),
    rows=("F8",),
    photos=lambda photo: (*(("chelsea",) if photo is None else ()), "immunohistochemistry"),
    data=styled,
)
def style_transfer(found: tuple, *, network: Any = None) -> Figure:
    """Draw a photo in the style of stained tissue after increasing numbers of steps."""
    content, style, results = found
    fig = plt.figure()
    plots.style_strip(
        content, style, list(results.values()), labels=list(results), columns=3, figure=fig
    )
    if network is None:
        words = _(
            "Gatys et al. 2016, but with VGG16 trained on CIFAR-10 instead of VGG19 trained on "
            "ImageNet."
        )
    else:
        words = _("Gatys et al. 2016.") + " " + by(network)
    note(fig, words)
    return fig


INVERTED = {  # weight of the total variation: deeper layers keep less and need more smoothing
    "block1_conv2": 1,
    "block2_conv2": 3,
    "block3_conv3": 10,
    "block4_conv3": 30,
    "block5_conv3": 30,
}


def inverted(
    *, photo: np.ndarray | None = None, network: Any = None
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return a photo and its reconstructions from several layers."""
    model = features(network)
    image = resized("astronaut", 96, 96, (slice(0, 250), slice(90, 340)))
    if photo is not None:
        image = scaled(photo, 96)
    layers = INVERTED
    if network is not None:
        names = convolutions(model, len(INVERTED))
        layers = dict(zip(names, INVERTED.values(), strict=True))
    return image, {
        layer: visualize.invert_features(
            model,
            image[None],
            layer,
            total_variation=smooth,
            preprocessing=expected(network),
            verbose=False,
        )[0]
        for layer, smooth in layers.items()
    }


@figure(
    title="What each layer keeps of an image",
    alt=lambda photo, network: (
        _(
            "A photo of an astronaut and images that one layer of VGG16 cannot tell apart from "
            "it: almost the photo itself for the first blocks, while deeper blocks lose its "
            "colors, edges and positions."
        )
        if photo is None and network is None
        else _(
            "A photo and images that one layer of {network} cannot tell apart from it, from the "
            "first layer to the last.",
            network=name_of(network),
        )
    ),
    rows=("F8",),
    photos=("astronaut",),
    data=inverted,
)
def feature_inversion(found: tuple, *, network: Any = None) -> Figure:
    """Draw the inverted features of layers at five depths."""
    image, pictures = found
    fig = plt.figure()
    plots.image_grid(
        np.stack([image, *pictures.values()]),
        titles=[_("photo"), *pictures],
        columns=3,
        ax=fig.subplots(),
    )
    note(fig, _("Mahendran & Vedaldi 2015.") + " " + by(network))
    return fig
