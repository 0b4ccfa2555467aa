"""From pictures in [0, 1] to what a model takes: 0 … 255 where its first layers rescale."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras

from kerascnn._errors import unknown, warn
from kerascnn._graph import Graph, Key, Node
from kerascnn._rescaling import rescaling_of

LEVELS = 255.0


@dataclass(frozen=True)
class Levels:
    """From [0, 1] to 0 … 255, for a model that rescales by itself."""

    def __call__(self, pictures: object) -> object:
        """(N, H, W, C) float in [0, 1] to 0 … 255."""
        return LEVELS * pictures


@dataclass(frozen=True)
class OfKeras:
    """A `preprocess_input` of keras.applications, which takes 0 … 255.

    Attributes:
        module: where it is defined.
    """

    module: str

    def __call__(self, pictures: object) -> object:
        """(N, H, W, C) float in [0, 1] to what the model takes."""
        return importlib.import_module(self.module).preprocess_input(LEVELS * pictures)


RESCALING = (keras.layers.Rescaling, keras.layers.Normalization)
RANGES = {"0-1": None, "0-255": Levels()}


def read_preprocessing(
    preprocessing: Callable | str | None, graph: Graph, pictures: Key
) -> Callable | None:
    """Bring `preprocessing` into a function of pictures in [0, 1], or `None`.

    A model that begins with a Rescaling or Normalization of 0 … 255, as EfficientNet, MobileNetV3
    and ConvNeXt do, gets 0 … 255, with a warning that says so.

    Args:
        preprocessing: a function, the name of a range, or `None`.
        graph: the model's graph.
        pictures: the key of the input that takes them.

    Raises:
        TypeError: something else.
        ValueError: another name.
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
            f"the model rescales 0 … 255 itself, by its layer {rescaling.name!r}: pictures in "
            "[0, 1] are multiplied by 255 for it. preprocessing='0-255' says so without this line, "
            "preprocessing='0-1' leaves them as they are."
        )
        return RANGES["0-255"]
    if not callable(preprocessing):
        raise TypeError(
            "preprocessing must be '0-1', '0-255', or a function from RGB images in [0, 1] to the "
            "model's input, as kerascnn.weights.preprocessing gives; "
            f"received {type(preprocessing).__name__}."
        )
    module = getattr(preprocessing, "__module__", "") or ""
    if module.startswith("keras.") and preprocessing.__name__ == "preprocess_input":
        return OfKeras(module)
    return preprocessing


def front(graph: Graph, key: Key) -> Iterator[Node]:
    """The nodes that an input goes through one by one, up to the first that does more than prepare.

    What prepares rescales pixels, or moves, cuts or turns pictures.
    """
    for node in graph.nodes:
        if not node.is_input and key in node.inputs:
            yield node
            if not (isinstance(node.operation, RESCALING) or _keeps_range(node.operation)):
                return
            key = node.outputs[0]


def _keeps_range(layer: keras.Operation) -> bool:
    """Whether the values stay in their range: pictures are moved, cut or turned at most."""
    name = type(layer).__name__
    return name.startswith("Random") or isinstance(
        layer,
        keras.layers.Identity
        | keras.layers.Resizing
        | keras.layers.CenterCrop
        | keras.layers.ZeroPadding2D
        | keras.layers.Cropping2D
        | keras.layers.Permute
        | keras.layers.Dropout,
    )
