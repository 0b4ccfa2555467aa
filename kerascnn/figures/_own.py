"""The user's own network and photo, in place of those that come with the package.

Nothing here imports Keras before a network is needed.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from kerascnn import datasets
from kerascnn._text import text as _

if TYPE_CHECKING:
    import keras

    from kerascnn.trained import Trained

SHIPPED = "VGG16"


@cache
def shipped() -> Trained:
    """Return the VGG16 that comes with the package, for photos of any size."""
    from kerascnn import trained

    return trained.load("vgg16", weights="cifar10")


def photo_for(net: Trained, photo: np.ndarray | None, name: str = "chelsea") -> np.ndarray:
    """Return the user's photo, or one that comes with the package: of what the network knows.

    Returns:
        (H, W, 3) float in [0, 1].
    """
    if photo is not None:
        return photo
    if net.convention == "mnist":
        return 1 - datasets.load("digits").part("test")[0][3].repeat(3, axis=-1)  # ink on paper
    return (datasets.photo(name) / 255).astype(np.float32)


def shown_by(photo: np.ndarray | None, network: Trained | None, default: str) -> tuple[str, ...]:
    """Name the images that a figure shows if it takes the user's, and else those of `photo_for`.

    Args:
        photo, network: the user's; `None` where there is none.
        default: what it shows if there is neither.
    """
    if photo is not None:
        return ()
    if network is None:
        return (default,)
    return ("digits",) if network.convention == "mnist" else ("chelsea",)


def scaled(photo: np.ndarray, longest: int) -> np.ndarray:
    """Bring a photo (H, W, 3) down so that its longer side has at most so many pixels."""
    from skimage.transform import resize

    scale = min(1.0, longest / max(photo.shape[:2]))
    height, width = (max(1, round(side * scale)) for side in photo.shape[:2])
    return resize(photo, (height, width), anti_aliasing=True).astype(np.float32)


def features_of(net: Trained) -> keras.Model:
    """Return a network's layers with maps, for RGB pictures of any size where they allow it.

    Raises:
        ValueError: it sees gray pictures, or has no maps.
    """
    from kerascnn.trained._trained import check_model

    check_model(net.model, net.name, include_top=False)
    return _without_top(net.model)


@cache
def _without_top(model: keras.Model) -> keras.Model:
    from kerascnn.trained._top import without_top

    return without_top(model)


def convolutions(model: keras.Model, count: int) -> list[str]:
    """Return the names of convolutions with maps, spread evenly from the first to the last.

    Raises:
        ValueError: there are fewer.
    """
    import keras

    names = [
        layer.name
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D) and layer.output.shape[1:3] != (1, 1)
    ]
    if len(names) < count:
        raise ValueError(
            f"network must have at least {count} convolutions for this figure; {model.name} has "
            f"{len(names)}."
        )
    return [names[round(place)] for place in np.linspace(0, len(names) - 1, count)]


def classifier_of(net: Trained) -> Trained:
    """Return a network that tells classes.

    Raises:
        ValueError: it has no classes.
    """
    from kerascnn.trained._explain import classes_of

    output = net.model.outputs[0]
    if len(output.shape) not in (2, 4) or classes_of(net.model) is None:
        raise ValueError(
            f"network must tell classes for this figure; {net.name} gives {tuple(output.shape)}."
        )
    return net


def name_of(network: Trained | None) -> str:
    """Return what a network is called in figures."""
    return SHIPPED if network is None else network.name


def by(network: Trained | None) -> str:
    """Say by which network a figure was made, for its note."""
    if network is None:
        return _("VGG16 with a quarter of its filters, trained on CIFAR-10.")
    return _("Network: {network}.", network=network.name)
