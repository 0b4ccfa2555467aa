"""The user's own network and photo in place of those from the package.

Keras is imported only when a network is needed.
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
    """Return the package's VGG16, for photos of any size."""
    from kerascnn import trained

    return trained.load("vgg16", weights="cifar10")


def photo_for(net: Trained, photo: np.ndarray | None, name: str = "chelsea") -> np.ndarray:
    """Return the user's photo, or one from the package that suits the network.

    Returns:
        (H, W, 3) float in [0, 1].
    """
    if photo is not None:
        return photo
    if net.convention == "mnist":
        return 1 - datasets.load("digits").part("test")[0][3].repeat(3, axis=-1)  # black on white
    return (datasets.photo(name) / 255).astype(np.float32)


def shown_by(photo: np.ndarray | None, network: Trained | None, default: str) -> tuple[str, ...]:
    """Return the names of the package's photos that a figure shows if the user gives none.

    Args:
        photo, network: those of the user, or `None`.
        default: the photos shown if there is neither.
    """
    if photo is not None:
        return ()
    if network is None:
        return (default,)
    return ("digits",) if network.convention == "mnist" else ("chelsea",)


def scaled(photo: np.ndarray, longest: int) -> np.ndarray:
    """Reduce a photo (H, W, 3) so that its longer side has at most `most` pixels."""
    from skimage.transform import resize

    scale = min(1.0, longest / max(photo.shape[:2]))
    height, width = (max(1, round(side * scale)) for side in photo.shape[:2])
    return resize(photo, (height, width), anti_aliasing=True).astype(np.float32)


def features_of(net: Trained) -> keras.Model:
    """Return a network's layers with maps, for RGB images of any size if possible.

    Raises:
        ValueError: If the network expects gray images or has no maps.
    """
    from kerascnn.trained._trained import check_model

    check_model(net.model, net.name, include_top=False)
    return _without_top(net.model)


@cache
def _without_top(model: keras.Model) -> keras.Model:
    from kerascnn.trained._without_top import without_top

    return without_top(model)


def convolutions(model: keras.Model, count: int) -> list[str]:
    """Return the names of convolutions with maps, spread evenly from the first to the last.

    Raises:
        ValueError: If there are fewer.
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
    """Return a network after checking that it is a classifier.

    Raises:
        ValueError: If the network is not a classifier.
    """
    from kerascnn.trained._probabilities import classes_of

    output = net.model.outputs[0]
    if len(output.shape) not in (2, 4) or classes_of(net.model) is None:
        raise ValueError(
            f"network must be a classifier for this figure; {net.name} returns "
            f"{tuple(output.shape)}."
        )
    return net


def name_of(network: Trained | None) -> str:
    """Return the name of a network for figures."""
    return SHIPPED if network is None else network.name


def by(network: Trained | None) -> str:
    """Return which network a figure uses, for its note."""
    if network is None:
        return _("VGG16 with a quarter of its filters, trained on CIFAR-10.")
    return _("Network: {network}.", network=network.name)
