"""Trained filters, and what activates them."""

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import plots, visualize
from kerascnn._text import class_texts, shape_text
from kerascnn._text import text as _

from ._drawing import note, parts_of
from ._material import COLOR_PHOTOS, GRAY_PHOTOS, crops, digit_images, trained
from ._own import by, convolutions, features_of, name_of, photo_for, shipped, shown_by
from ._registry import figure

MOST = 96  # maximum number of filters shown
SHOWN_LAYERS = 4  # maximum number for a network with many layers
TOPMOST = {2: 4, 4: 16}  # maps shown, by the number of maps per row


def filters_titled(network: Any) -> str:
    """Return the title."""
    if network is None:
        return _("The convolutional filters that LeNet-5 learns")
    return _("The first filters that {network} learns", network=network.name)


def filters_said(network: Any) -> str:
    """Return the alt text."""
    if network is None:
        return _(
            "The six 5 by 5 filters in the first convolution of LeNet-5, trained on MNIST, and the "
            "16 filters in the second with their 6 channels, shown as images: red weights excite, "
            "blue weights inhibit."
        )
    return _("The filters in the first convolution of {network}, as images.", network=network.name)


@figure(
    title=filters_titled,
    alt=filters_said,
    rows=("F1",),
)
def first_layer_filters(*, network: Any = None) -> Figure:
    """Draw the filters of a trained LeNet-5, or the first filters of another network."""
    fig = plt.figure()
    if network is not None:
        filters = visualize.filters(network.model)
        if len(filters) * filters.shape[-1] > MOST:
            filters = filters[: MOST // filters.shape[-1] if filters.shape[-1] != 3 else MOST]
        plots.filter_grid(filters, ax=fig.subplots())
        note(fig, _("{count} filters: {shape}.", count=len(filters),
                    shape=shape_text(filters.shape[1:])))  # fmt: skip
        return fig
    model = trained()
    parts = parts_of(fig, 2, 1, height_ratios=(2, 3))
    for part, layer, columns in zip(parts, ("c1", "c3"), (6, None), strict=True):
        filters = visualize.filters(model, layer)
        plots.filter_grid(filters, columns=columns, ax=part.subplots())
        count, height, width, channels = filters.shape
        part.suptitle(f"{layer}: {count} × {height}×{width}×{channels}", fontsize="medium")
    return fig


@figure(
    title="AlexNet's first layer looks for edges and colors",
    alt="The 48 filters of 7 by 7 pixels in the first convolution of a small AlexNet, trained on "
    "CIFAR-10, as color images: edges in all orientations, stripes and blobs of color.",
    rows=("F1",),
)
def alexnet_filters() -> Figure:
    """Draw the first filters of a trained AlexNet, each scaled to its own range."""
    filters = visualize.filters(trained("alexnet", "cifar10"), "conv1")
    fig, ax = plt.subplots()
    plots.filter_grid(filters, columns=12, ax=ax)
    note(
        fig,
        _(
            "{count} filters of {size}×{size}×3 from a small AlexNet trained on CIFAR-10. The "
            "paper's 96 filters are 11×11×3 (Krizhevsky et al. 2012, Figure 3).",
            count=len(filters),
            size=filters.shape[1],
        ),
    )
    return fig


def activated(
    *, photo: np.ndarray | None = None, network: Any = None
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return an image and its activations in LeNet-5 or in some layers of another network."""
    if photo is None and network is None:
        layers = ["c1", "s2", "c3", "s4", "c5", "f6", "predictions"]
        outputs = visualize.activations(trained(), digit_images(3), layers)
        return digit_images(3)[0], {layer: outputs[layer][0] for layer in layers}
    net = network or shipped()
    fitted = net.fitted(photo_for(net, photo))
    inputs = net.inputs(fitted)
    layers = convolutions(net.model, SHOWN_LAYERS)
    outputs = visualize.activations(net.model, inputs, layers)
    maps = {layer: outputs[layer][0] for layer in layers}
    return fitted, maps | {"predictions": net.probabilities(inputs)}


def activated_said(photo: np.ndarray | None, network: Any) -> str:
    """Return the alt text."""
    if photo is None and network is None:
        return _(
            "The activation maps of LeNet-5 for a handwritten 3, layer by layer, strongest maps "
            "first, down to the scores of the ten classes."
        )
    return _(
        "The activation maps of {network} for a photo, layer by layer, strongest maps first, and "
        "its most probable classes.",
        network=name_of(network),
    )


@figure(
    title="How each layer responds to an image",
    alt=activated_said,
    rows=("F2",),
    photos=lambda photo, network: shown_by(photo, network, "digits"),
    data=activated,
)
def activation_maps(
    found: tuple, *, photo: np.ndarray | None = None, network: Any = None
) -> Figure:
    """Draw the activation maps of one image, strongest first, and the class scores."""
    image, outputs = found
    own = photo is not None or network is not None
    maps = {layer: values for layer, values in outputs.items() if values.ndim == 3}
    spatial = {layer: values for layer, values in maps.items() if values.shape[:2] != (1, 1)}
    vectors = {layer: values.ravel() for layer, values in outputs.items() if layer not in spatial}
    fig = plt.figure()
    top, bottom = parts_of(fig, 2, 1, height_ratios=(3, 2))
    first, *axes = top.subplots(1, 1 + len(spatial), width_ratios=(2, 2, 2, 3, 3))
    plots.image_grid(image[None], ax=first)
    first.set_title(_("input"), fontsize="medium")
    for ax, (layer, values), columns in zip(axes, spatial.items(), (2, 2, 4, 4), strict=True):
        most: dict[str, Any] = {"top": TOPMOST[columns]} if own else {}
        plots.activation_grid(
            values, order="strength", columns=columns, colorbar=False, ax=ax, **most
        )
        name = (
            f"{layer}:\n{shape_text(values.shape)}"
            if own
            else (f"{layer}: {shape_text(values.shape)}")
        )
        ax.set_title(name, fontsize="small" if own else "medium")
    if own:
        draw_classes(outputs["predictions"], network or shipped(), bottom.subplots())
        note(fig, by(network))
        return fig
    for ax, (layer, values) in zip(
        bottom.subplots(1, 3, width_ratios=(4, 3, 2)), vectors.items(), strict=True
    ):
        look = plots.layer_style("Conv2D" if layer == "c5" else "Dense")
        ink = plt.rcParams["text.color"]
        ax.bar(range(len(values)), values, color=look.color, edgecolor=ink, linewidth=0.3, width=1)
        ax.set_title(f"{layer}: {len(values)}", fontsize="medium")
        ax.set_xlabel(_("class") if layer == "predictions" else _("unit"), fontsize="small")
        ax.tick_params(labelsize="x-small")
    ax.set_xticks(range(10))
    return fig


def draw_classes(probabilities: np.ndarray, net: Any, ax: Axes) -> None:
    """Draw the most probable classes of a network as bars."""
    likeliest = np.argsort(-probabilities)[:5][::-1]
    names = class_texts(net.names)
    look = plots.layer_style("Dense")
    bars = ax.barh([names[c] for c in likeliest], 100 * probabilities[likeliest], color=look.color)
    ax.bar_label(bars, [f"{probabilities[c]:.1%}" for c in likeliest], padding=4)
    ax.set_xlim(0, 115)
    ax.set_xlabel(_("probability (%)"))


PATCHES = 9  # per unit, as in the paper
UNITS = 4  # per layer
OWN_SIZE, OWN_IMAGES = 96, 300  # crops for another network, whose receptive fields may be larger


def strongest(*, network: Any = None) -> tuple[dict, int]:
    """Return the strongest patches of units in three layers, with their reconstructions.

    Returns:
        A dict from layer to (patches, reconstructions, units), and the number of images searched.
    """
    if network is None:
        model, images = trained("vgg16", "cifar10", include_top=False), crops(48)
        layers, inputs = ("block1_conv2", "block2_conv2", "block3_conv3"), images
    else:
        model, images = features_of(network), crops(OWN_SIZE)[:OWN_IMAGES]
        layers = convolutions(model, 5)[1:4]
        inputs = network.preprocessing(images)
    found = {}
    for layer in layers:
        every = visualize.top_patches(model, inputs, layer, count=PATCHES, verbose=False)
        best = np.argsort(-every.activations.mean(axis=1), kind="stable")[:UNITS]
        top = visualize.top_patches(
            model, inputs, layer, units=np.sort(best), count=PATCHES, verbose=False
        )
        back = visualize.deconvnet(
            model, inputs[top.images.ravel()], layer, unit=top.units.repeat(PATCHES)
        )
        shape = (*top.images.shape, *images.shape[1:])
        patches = top.cut(images[top.images.ravel()].reshape(shape))
        found[layer] = patches, top.cut(np.reshape(back, shape)), list(top.units)
    return found, len(images)


@figure(
    title="Which patches excite a unit, and which details in them matter",
    alt=lambda network: (
        _(
            "For units in three layers of VGG16, the nine photo patches that excite each unit "
            "most, next to their reconstructions by a deconvnet: edges and colors in the first "
            "block, textures in the second, parts in the third."
        )
        if network is None
        else _(
            "For units in three layers of {network}, the nine photo patches that excite each unit "
            "most, next to their reconstructions by a deconvnet.",
            network=network.name,
        )
    ),
    data=strongest,
    rows=("F3",),
    photos=(*COLOR_PHOTOS, *GRAY_PHOTOS),
)
def deconvnet_and_patches(found: tuple, *, network: Any = None) -> Figure:
    """Draw the strongest patches of several units with their deconvnet reconstructions."""
    by_layer, images = found
    fig = plt.figure()
    parts = parts_of(fig, len(by_layer), 1)
    for part, (layer, (patches, back, units)) in zip(parts, by_layer.items(), strict=True):
        plots.deconvnet_panel(
            patches, back, units=units, columns=UNITS, legend=False, ax=part.subplots()
        )
        name = layer if network is None else layer.replace("_block", "\nblock")
        part.supylabel(name, fontsize="small" if network is None else "x-small")
    note(
        fig,
        _(
            "Right: the {count} strongest patches in {images} photo crops; left: their "
            "reconstructions.",
            count=PATCHES,
            images=images,
        )
        + " "
        + by(network),
    )
    return fig
