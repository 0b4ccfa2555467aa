"""Convert images in [0, 1] to a model's input range: 0 … 255 if its first layers rescale."""

import importlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np
from keras import ops

from kerascnn._errors import unknown, warn
from kerascnn._graph import Graph, Key, Tensor
from kerascnn._rescaling import black_and_white, rescaling_of, wants_levels

LEVELS = 255.0
SMALL = 10.0  # larger than the range of images in [0, 1] that were divided by their deviation


@dataclass(frozen=True)
class Levels:
    """Convert [0, 1] to 0 … 255, for a model that rescales its input."""

    def __call__(self, pictures: Tensor) -> Tensor:
        """Convert images (N, H, W, C) in [0, 1]."""
        return LEVELS * pictures


@dataclass(frozen=True)
class OfKeras:
    """A `preprocess_input` from keras.applications, which takes 0 … 255.

    Attributes:
        module: the module that defines it.
        options: its arguments, by name.
    """

    module: str
    options: tuple[tuple[str, object], ...] = ()

    def __call__(self, pictures: Tensor) -> Tensor:
        """Convert images (N, H, W, C) in [0, 1]."""
        return importlib.import_module(self.module).preprocess_input(
            LEVELS * pictures, **dict(self.options)
        )


RANGES = {"0-1": None, "0-255": Levels()}


def read_preprocessing(
    preprocessing: Callable | str | None, graph: Graph, pictures: Key
) -> Callable | None:
    """Convert `preprocessing` to a function of images in [0, 1], or `None`.

    A model that begins with a Rescaling or Normalization of 0 … 255, such as EfficientNet,
    MobileNetV3 and ConvNeXt, gets 0 … 255, with a warning.

    Args:
        preprocessing: a function, the name of a range, or `None`.
        graph: the model's graph.
        pictures: key of the image input.

    Raises:
        TypeError: If `preprocessing` is of another type.
        ValueError: If it is an unknown name.
    """
    if isinstance(preprocessing, str):
        if preprocessing not in RANGES:
            raise unknown("preprocessing", preprocessing, RANGES)
        return RANGES[preprocessing]
    if preprocessing is None:
        rescaling = rescaling_of(graph, pictures)
        if rescaling is None:
            return None
        warn(
            f"the model rescales 0 … 255 in its layer {rescaling.name!r}, so images in [0, 1] are "
            "multiplied by 255. Set preprocessing='0-255' to silence this warning, or "
            "preprocessing='0-1' to leave the images unchanged."
        )
        return RANGES["0-255"]
    if not callable(preprocessing):
        raise TypeError(
            "preprocessing must be '0-1', '0-255', or a function from RGB images in [0, 1] to the "
            "model's input, such as kerascnn.weights.preprocessing(...); "
            f"received {type(preprocessing).__name__}."
        )
    options = preprocessing.keywords if isinstance(preprocessing, partial) else {}
    function = preprocessing.func if options else preprocessing
    module = getattr(function, "__module__", "") or ""
    if module.startswith("keras.") and getattr(function, "__name__", "") == "preprocess_input":
        preprocessing = OfKeras(module, tuple(options.items()))
    _check_range(preprocessing, graph, pictures)
    return preprocessing


def _check_range(preprocessing: Callable, graph: Graph, pictures: Key) -> None:
    """Warn about a function that does not fit [0, 1] or the model.

    It may take 0 … 255, such as one around `preprocess_input`, or prepare images for a model that
    does this by itself.
    """
    black_white = map(ops.convert_to_tensor, black_and_white(graph, pictures))
    with suppress(Exception):  # raised again where the function is used
        black, white = (np.asarray(preprocessing(x), "float32") for x in black_white)
        rescaling = rescaling_of(graph, pictures)
        if rescaling is not None and 0 < np.abs(white - black).max() < SMALL:
            low, high = min(black.min(), white.min()), max(black.max(), white.max())
            warn(
                f"the model rescales 0 … 255 in its layer {rescaling.name!r}, but preprocessing "
                f"gives values from {low:.4g} to {high:.4g}, so images are nearly black. Set "
                "preprocessing='0-255', or build the model without this layer."
            )
        elif wants_levels(black, white):
            warn(
                "preprocessing seems to take values from 0 to 255, but receives images in [0, 1]: "
                f"black becomes {black.flat[0]:.4g} and white {white.flat[0]:.4g}. Multiply by "
                "255 first, as in lambda x: preprocess(255 * x)."
            )
