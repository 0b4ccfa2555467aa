"""Regularizers of generated images: penalties (N,) and a blur, for images (N, H, W, C).

Penalties are means over the pixels, so that weights do not depend on the image size.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from keras import ops

from kerascnn._checks import check_callables, check_choice, check_number
from kerascnn._errors import unknown
from kerascnn._graph import Tensor

GRAY = 0.5  # the middle of [0, 1], the reference of norms

# Three definitions of total variation, from the differences dx and dy between neighbors:
VARIATIONS = {
    "absolute": lambda dx, dy: ops.abs(dx) + ops.abs(dy),  # tf.image.total_variation
    "squared": lambda dx, dy: dx**2 + dy**2,  # Mahendran & Vedaldi 2015, section 3.2, β = 2
    "power": lambda dx, dy: (dx**2 + dy**2 + 1e-12) ** 1.25,  # keras.io's example, β = 2.5
}


def total_variation(pictures: Tensor, variation: str = "squared") -> Tensor:
    """Compute the total variation, by one of `VARIATIONS`, as a mean over the pixels.

    Differences across the border are 0.
    """
    if variation not in VARIATIONS:
        raise unknown("variation", variation, VARIATIONS)
    dy = ops.pad(pictures[:, 1:] - pictures[:, :-1], [(0, 0), (0, 1), (0, 0), (0, 0)])
    dx = ops.pad(pictures[:, :, 1:] - pictures[:, :, :-1], [(0, 0), (0, 0), (0, 1), (0, 0)])
    return ops.mean(VARIATIONS[variation](dx, dy), axis=(1, 2, 3))


def distance_from_gray(pictures: Tensor) -> Tensor:
    """Compute the L2 norm of Simonyan et al. 2013, Eq. 1, ‖I‖², as a mean over the pixels."""
    return ops.mean((pictures - GRAY) ** 2, axis=(1, 2, 3))


def blur(pictures: Tensor, sigma: float) -> Tensor:
    """Convolve with a Gaussian of standard deviation `sigma`, in pixels, repeating the border."""
    radius = math.ceil(3 * sigma)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-(offsets**2) / (2 * sigma**2))
    weights = (weights / weights.sum()).astype("float32")
    for axis in (1, 2):
        n = pictures.shape[axis]
        taps = [ops.take(pictures, np.clip(np.arange(n) + i, 0, n - 1), axis) for i in offsets]
        pictures = sum(w * tap for w, tap in zip(weights, taps, strict=True))
    return pictures


@dataclass(frozen=True)
class Penalties:
    """A weighted sum of penalties, each a mean over the pixels.

    The sum is subtracted from the activation, whose scale depends on the network.

    Attributes:
        l2: weight of the squared distance from gray.
        total_variation: weight of the total variation, the differences of neighboring pixels.
        variation: definition of total variation, "squared", "absolute" or "power".
        more: callables from images (N, H, W, C) in [0, 1] to (N,) or a number, such as
            tf-keras-vis regularizers.

    Raises:
        TypeError, ValueError: If a weight is negative, the variation is unknown, or an item of
            `more` is not callable.

    >>> import numpy as np, kerascnn as kc
    >>> penalties = kc.visualize.Penalties(l2=2.0)
    >>> penalties(np.zeros((1, 4, 4, 3), "float32")).numpy()  # black is 0.5 from gray
    array([0.5], dtype=float32)
    """

    l2: float = 0.0
    total_variation: float = 0.0
    variation: str = "squared"
    more: tuple[Callable, ...] = ()

    def __post_init__(self) -> None:
        check_number("l2", self.l2)
        check_number("total_variation", self.total_variation)
        check_choice("variation", self.variation, VARIATIONS)
        object.__setattr__(self, "more", check_callables("more", self.more))

    def __call__(self, pictures: Tensor) -> Tensor:
        """Compute the penalties, (N,)."""
        penalties = 0 * pictures[:, 0, 0, 0]
        if self.l2:
            penalties = penalties + self.l2 * distance_from_gray(pictures)
        if self.total_variation:
            variation = total_variation(pictures, self.variation)
            penalties = penalties + self.total_variation * variation
        for penalty in self.more:
            penalties = penalties + ops.cast(penalty(pictures), "float32")
        return penalties
