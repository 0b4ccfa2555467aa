"""How a convolution combines many maps: the connection weights k_ij (lecture map, F9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import datasets, plots
from kerascnn._picture_reader import as_picture
from kerascnn._text import text as _

from ._drawing import note
from ._material import digit_images
from ._registry import figure
from .backpropagation import power

if TYPE_CHECKING:
    import keras

NAMES = {"relu": "ReLU"}  # names of activations that differ from Keras's
SHOWN = 6  # input maps shown; the others, if any, are summed


@dataclass(frozen=True)
class Parts:
    """The computation of a unit of a convolution for one image, step by step.

    Attributes:
        layer: the layer's name.
        unit: j, the index of the unit.
        activation: the name of f.
        inputs: A_i, (h, w, C).
        kernels: k_ij, (kh, kw, C).
        products: A_i convolved with k_ij, (h', w', C).
        bias: b_j.
        output: A_j as the network computes it, (h', w').
        difference: the largest difference between f of the sum and the output.
    """

    layer: str
    unit: int
    activation: str
    inputs: np.ndarray
    kernels: np.ndarray
    products: np.ndarray
    bias: float
    output: np.ndarray
    difference: float

    @property
    def total(self) -> np.ndarray:
        """Return the sum of all products plus the bias, (h', w')."""
        return self.products.sum(axis=-1) + self.bias


def take_apart(model: keras.Model, image: np.ndarray) -> Parts:
    """Compute the steps of the most active unit of a convolution.

    Args:
        model: any functional or sequential model. The layer is its second Conv2D without groups,
            whose inputs are maps, or the only one.
        image: (H, W, C) float, preprocessed for the model.

    Raises:
        ValueError: If the model has no such convolution.
    """
    import keras

    from kerascnn import visualize
    from kerascnn._graph import flatten

    graph = flatten(model)
    plain = [
        node
        for node in graph.nodes
        if type(node.operation) is keras.layers.Conv2D and node.operation.groups == 1
    ]
    if not plain:
        raise ValueError(
            f"network must have a Conv2D without groups for this figure; {model.name} has none."
        )
    node = plain[:2][-1]
    source, convolution = graph.maker(node.inputs[0]), node.operation
    batch = np.asarray(image, "float32")[None]
    wanted = [node.name] if source.is_input else [source.name, node.name]
    values = visualize.activations(model, batch, wanted)
    inputs, output = values.get(source.name, batch), values[node.name][0]
    unit = int(output.mean(axis=(0, 1)).argmax())
    kernel = np.asarray(convolution.kernel)[..., unit]
    products = keras.ops.depthwise_conv(  # each map with its own kernel, without summing
        inputs, kernel[..., None], convolution.strides, convolution.padding, "channels_last",
        convolution.dilation_rate,
    )  # fmt: skip
    products = keras.ops.convert_to_numpy(products)[0]
    bias = float(convolution.bias[unit]) if convolution.use_bias else 0.0
    mine = convolution.activation(products.sum(axis=-1) + bias)
    difference = float(np.abs(keras.ops.convert_to_numpy(mine) - output[..., unit]).max())
    return Parts(
        node.name, unit, convolution.activation.__name__, inputs[0], kernel, products, bias,
        output[..., unit], difference,
    )  # fmt: skip


def seen(*, photo: np.ndarray | None = None, network: Any = None) -> tuple[np.ndarray, Parts]:
    """Return the image as the network sees it, and the computation of one of its units.

    By default, these are a digit and LeNet-5; for a photo alone, the network is VGG16.
    """
    from kerascnn import trained

    if network is None:
        chosen = ("lenet5", "mnist") if photo is None else ("vgg16", "cifar10")
        network = trained.load(chosen[0], weights=chosen[1])
    if photo is None and network.convention == "mnist":
        digit = digit_images(3)
        return digit[0], take_apart(network.model, network.prepared(digit)[0])
    photo = as_picture(datasets.photo("chelsea")[:, 75:375]) if photo is None else photo
    fitted = network.fitted(photo)
    return network.view(photo), take_apart(network.model, network.inputs(fitted)[0])


def told(photo: np.ndarray | None, network: Any) -> str:
    """Return the alt text."""
    if photo is None and network is None:
        return _(
            "Six maps of LeNet-5 for a handwritten 3, the six kernels that connect them to one "
            "unit of the next convolution, the six convolved maps, and their sum, which with a "
            "bias and a ReLU is the unit's activation map."
        )
    return _(
        "Maps of a network for a picture, the kernels that connect them to one unit of the next "
        "convolution, the convolved maps, and their sum, which with a bias and an activation "
        "function is the unit's activation map."
    )


@figure(
    title="A unit adds up all input maps, each convolved with its own kernel",
    alt=told,
    rows=("F9",),
    data=seen,
    photos=("chelsea", "digits"),
)
def connection_weights(found: tuple[np.ndarray, Parts]) -> Figure:
    """Draw A_j = f(Σ A_i ∗ k_ij + b_j) with the maps and weights of a trained network."""
    picture, parts = found
    strength = np.abs(parts.products).mean(axis=(0, 1))
    shown = np.sort(np.argsort(-strength, kind="stable")[:SHOWN])
    others = np.delete(parts.products, shown, axis=-1)
    fig = plt.figure()
    fig.set_layout_engine("constrained", wspace=0.3)  # space for the signs between the images
    fig.suptitle(r"$A_j = f\left(\sum_i A_i * k_{ij} + b_j\right)$", parse_math=True)
    columns = len(shown) + (others.size > 0)
    axes = fig.subplots(3, columns + 2, height_ratios=(1, 0.8, 1))
    for ax in axes.flat:
        ax.set_axis_off()
    maps: dict[str, Any] = {"cmap": plots.colormap("sequential")}
    signed: dict[str, Any] = {"cmap": plots.colormap("signed")}
    largest = np.abs(parts.products[..., shown]).max(), np.abs(parts.total).max()
    for column, i in zip(axes.T, shown, strict=False):
        _picture(column[0], parts.inputs[..., i], **maps)
        _picture(column[1], parts.kernels[..., i], limit=np.abs(parts.kernels).max(), **signed)
        _picture(column[2], parts.products[..., i], limit=largest[0], **signed)
        column[0].set_title(f"i = {i}", fontsize="small")
    if others.size:
        _picture(axes[2, -3], others.sum(axis=-1), limit=largest[1], **signed)
        axes[2, -3].set_title(_("{count} others", count=others.shape[-1]), fontsize="small")
    for ax, words in zip(axes[:, 0], ("$A_i$", "$k_{ij}$", "$A_i * k_{ij}$"), strict=True):
        _beside(ax, -0.1, words, ha="right", parse_math=True)
    total, output = axes[2, -2:]
    _picture(total, parts.total, limit=largest[1], **signed)
    total.set_title(_("sum + bⱼ"), fontsize="medium")
    _picture(output, parts.output, **maps)
    output.set_title("$A_j$", fontsize="medium", parse_math=True)
    for ax in axes[2, : columns - 1]:
        _beside(ax, 1.15, "+", in_layout=False)
    _beside(axes[2, columns - 1], 1.15, "=", in_layout=False)
    _beside(total, 1.15, "→", in_layout=False)
    words = f"$b_j$ = {parts.bias:.2f}\n$f$ = {NAMES.get(parts.activation, parts.activation)}"
    _beside(axes[1, -2], 1.15, words.replace("-", "−"), parse_math=True, in_layout=False)
    _picture(axes[0, -1], picture, cmap="gray")
    axes[0, -1].set_title(_("input"), fontsize="small")
    note(
        fig,
        _(
            "Layer {layer}, unit {unit}. Largest difference between f of the sum and the "
            "network's own map: {difference}.",
            layer=parts.layer,
            unit=parts.unit,
            difference=power(parts.difference) if parts.difference else "0",
        ),
    )
    return fig


def _picture(ax: Axes, values: np.ndarray, limit: float | None = None, **look: Any) -> None:
    """Draw a map with a frame and without ticks, in the range ±`limit` if given."""
    ends = {} if limit is None else {"vmin": -limit, "vmax": limit}
    ax.imshow(values, **ends, **look)
    ax.set_axis_on()
    ax.set_xticks(())
    ax.set_yticks(())
    ax.spines[:].set_visible(True)


def _beside(ax: Axes, x: float, words: str, ha: str = "center", **options: Any) -> None:
    """Write text beside an image, vertically centered; x is 0 at its left and 1 at its right."""
    ax.text(x, 0.5, words, ha=ha, va="center", transform=ax.transAxes, **options)
