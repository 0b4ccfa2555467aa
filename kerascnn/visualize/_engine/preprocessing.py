"""Convert images in [0, 1] to a model's input range: 0 … 255 if its first layers rescale."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from kerascnn._errors import unknown, warn
from kerascnn._graph import Graph, Key, Tensor
from kerascnn._rescaling import rescaling_of

LEVELS = 255.0


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
    """

    module: str

    def __call__(self, pictures: Tensor) -> Tensor:
        """Convert images (N, H, W, C) in [0, 1]."""
        return importlib.import_module(self.module).preprocess_input(LEVELS * pictures)


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
        TypeError: if `preprocessing` is of another type.
        ValueError: if it is an unknown name.
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
    module = getattr(preprocessing, "__module__", "") or ""
    if module.startswith("keras.") and preprocessing.__name__ == "preprocess_input":
        return OfKeras(module)
    return preprocessing
