"""What trained filters look like, and what activates them."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import plots, visualize
from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._drawing import note, parts_of
from ._material import COLOR_PHOTOS, GRAY_PHOTOS, crops, digit_images, trained
from ._registry import figure


@figure(
    title="The convolutional filters that LeNet-5 learns",
    alt="The six 5 by 5 filters in the first convolution of LeNet-5, trained on MNIST, and the 16 "
    "filters in the second with their 6 channels, shown as images: red weights excite, blue "
    "weights inhibit.",
    rows=("F1",),
)
def first_layer_filters() -> Figure:
    """Draw the filters of a trained LeNet-5."""
    model = trained()
    fig = plt.figure()
    parts = parts_of(fig, 2, 1, height_ratios=(2, 3))
    for part, layer, columns in zip(parts, ("c1", "c3"), (6, None), strict=True):
        filters = visualize.filters(model, layer)
        plots.filter_grid(filters, columns=columns, ax=part.subplots())
        count, height, width, channels = filters.shape
        part.suptitle(f"{layer}: {count} × {height}×{width}×{channels}", fontsize="medium")
    return fig


@figure(
    title="AlexNet's first layer looks for edges and colours",
    alt="The 48 filters of 7 by 7 pixels in the first convolution of a small AlexNet, trained on "
    "CIFAR-10, as colour images: edges in all directions, stripes and blobs of colour.",
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


@figure(
    title="How each layer responds to an image",
    alt="The activation maps of LeNet-5 for a handwritten 3, layer by layer, strongest maps first, "
    "down to the scores of the ten classes.",
    rows=("F2",),
    photos=("digits",),
)
def activation_maps() -> Figure:
    """Draw all activation maps of one digit, strongest first, down to the class scores."""
    model = trained()
    image = digit_images(3)
    layers = ["c1", "s2", "c3", "s4", "c5", "f6", "predictions"]
    outputs = visualize.activations(model, image, layers)
    fig = plt.figure()
    top, bottom = parts_of(fig, 2, 1, height_ratios=(3, 2))
    first, *maps = top.subplots(1, 5, width_ratios=(2, 2, 2, 3, 3))
    plots.image_grid(image, ax=first)
    first.set_title(_("input"), fontsize="medium")
    for ax, layer, columns in zip(maps, layers, (2, 2, 4, 4), strict=False):
        plots.activation_grid(
            outputs[layer][0], order="strength", columns=columns, colorbar=False, ax=ax
        )
        ax.set_title(f"{layer}: {shape_text(outputs[layer][0].shape)}", fontsize="medium")
    for ax, layer in zip(bottom.subplots(1, 3, width_ratios=(4, 3, 2)), layers[4:], strict=True):
        values = outputs[layer][0].ravel()
        look = plots.layer_style("Conv2D" if layer == "c5" else "Dense")
        ink = plt.rcParams["text.color"]
        ax.bar(range(len(values)), values, color=look.color, edgecolor=ink, linewidth=0.3, width=1)
        ax.set_title(f"{layer}: {len(values)}", fontsize="medium")
        ax.set_xlabel(_("class") if layer == "predictions" else _("unit"), fontsize="small")
        ax.tick_params(labelsize="x-small")
    ax.set_xticks(range(10))
    return fig


PATCHES = 9  # per unit, as in the paper
UNITS = 4  # per layer


@figure(
    title="Which patches excite a unit, and which details in them matter",
    alt="For units in three layers of VGG16, the nine photo patches that excite each unit most, "
    "next to their reconstructions by a deconvnet: edges and colours in the first block, textures "
    "in the second, parts in the third.",
    rows=("F3",),
    photos=(*COLOR_PHOTOS, *GRAY_PHOTOS),
)
def deconvnet_and_patches() -> Figure:
    """Draw the strongest patches of several units next to their deconvnet reconstructions."""
    model = trained("vgg16", "cifar10", include_top=False)
    images = crops(48)
    layers = ("block1_conv2", "block2_conv2", "block3_conv3")
    fig = plt.figure()
    for part, layer in zip(parts_of(fig, len(layers), 1), layers, strict=True):
        every = visualize.top_patches(model, images, layer, count=PATCHES, verbose=False)
        best = np.argsort(-every.activations.mean(axis=1), kind="stable")[:UNITS]
        top = visualize.top_patches(
            model, images, layer, units=np.sort(best), count=PATCHES, verbose=False
        )
        back = visualize.deconvnet(
            model, images[top.images.ravel()], layer, unit=top.units.repeat(PATCHES)
        )
        plots.deconvnet_panel(
            top.patches,
            top.cut(np.reshape(back, (*top.images.shape, *images.shape[1:]))),
            units=list(top.units),
            columns=UNITS,
            legend=False,
            ax=part.subplots(),
        )
        part.supylabel(layer, fontsize="small")
    note(
        fig,
        _(
            "Right: the {count} strongest patches in {images} photo crops; left: their "
            "reconstructions. VGG16, trained on CIFAR-10.",
            count=PATCHES,
            images=len(images),
        ),
    )
    return fig
