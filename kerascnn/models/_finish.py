"""The common part of all builders: checking the arguments and finishing the model."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import keras
from keras import layers

from kerascnn import weights as weight_sets
from kerascnn._checks import check_count, is_whole
from kerascnn._errors import unknown

POOLING = {"avg": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D}


class Size(Enum):
    """The heights and widths that a complete model accepts."""

    STATIC = auto()  # one size, fixed by all layers, with or without the top
    FIXED = auto()  # one size, fixed by the dense layers
    FREE = auto()  # any size, since the top pools globally; by default, the paper's
    OPEN = auto()  # any size, since the model is fully convolutional; by default, `None`


@dataclass(frozen=True)
class Beginning:
    """The checked arguments of a builder.

    `classifier` is the last dense layer. With `include_top=False`, `classifier`, `classes` and
    `activation` are `None`.
    """

    architecture: str
    inputs: keras.KerasTensor
    sources: list[keras.KerasTensor]
    classifier: layers.Dense | None
    classes: int | None
    activation: str | Callable | None
    pooling: str | None
    weights: weight_sets.WeightSet | Path | None


def start(
    architecture: str,
    *,
    include_top: bool,
    weights: str | None,
    input_tensor: keras.KerasTensor | None,
    input_shape: tuple | None,
    default_shape: tuple[int, int, int],
    min_size: int,
    size: Size,
    pooling: str | None,
    classes: int,
    classifier_activation: str | Callable | None,
    variant: str | None = None,
) -> Beginning:
    """Check a builder's arguments by the rules of keras.applications and create its inputs."""
    if keras.config.image_data_format() != "channels_last":
        raise ValueError(
            "keras.config.image_data_format() must be 'channels_last', for images (N, H, W, C); "
            "received 'channels_first'. Call keras.config.set_image_data_format('channels_last') "
            "first."
        )
    if pooling is not None and pooling not in POOLING:
        raise unknown("pooling", pooling, POOLING)
    classes = check_count("classes", classes)
    if input_tensor is not None and not keras.backend.is_keras_tensor(input_tensor):
        raise ValueError(
            "input_tensor must be a Keras tensor, such as the result of keras.Input(); "
            f"received {type(input_tensor).__name__}. Pass images to the model that is returned."
        )
    found = weight_sets.resolve(
        architecture,
        weights,
        variant=variant,
        include_top=include_top,
        classes=classes,
        classifier_activation=classifier_activation,
    )
    fixed = size is Size.STATIC or (size is Size.FIXED and include_top)
    if input_tensor is None:
        if input_shape is None and not fixed and (not include_top or size is Size.OPEN):
            input_shape = (None, None, default_shape[-1])
        shape = _input_shape(input_shape or default_shape, default_shape, min_size, fixed)
        inputs = keras.Input(shape, name="input")
        sources = [inputs]
    else:
        _input_shape(input_tensor.shape[1:], default_shape, min_size, fixed)
        inputs = input_tensor
        sources = keras.utils.get_source_inputs(input_tensor)
    classifier = None
    if include_top:
        # Always float32, even under mixed precision: a softmax in float16 overflows.
        classifier = layers.Dense(
            classes, activation=classifier_activation, dtype="float32", name="predictions"
        )
    return Beginning(
        architecture,
        inputs,
        sources,
        classifier,
        classes if include_top else None,
        classifier_activation if include_top else None,
        pooling,
        found,
    )


def finish(
    beginning: Beginning, outputs: keras.KerasTensor | list[keras.KerasTensor], name: str
) -> keras.Model:
    """Pool the outputs, create the model and load its weights."""
    if beginning.classes is None and beginning.pooling:
        outputs = POOLING[beginning.pooling](name=f"{beginning.pooling}_pool")(outputs)
    sources = beginning.sources  # with a list of one tensor, `model(images)` would warn
    inputs = sources[0] if len(sources) == 1 else sources
    model = keras.Model(inputs, outputs, name=name)
    if beginning.weights is not None:
        weight_sets.load(model, beginning.weights, architecture=beginning.architecture)
    return model


def _input_shape(
    shape: tuple, example: tuple[int, int, int], min_size: int, fixed: bool
) -> tuple[int | None, int | None, int]:
    """Return the shape to build with, (H, W, C), where H and W may be `None`."""
    if (
        not isinstance(shape, (tuple, list))
        or len(shape) != 3
        or not all(n is None or is_whole(n, 1) for n in shape)
    ):
        raise ValueError(
            "input_shape must be a tuple of three integers (height, width, channels), "
            f"such as {example}; received {shape}."
        )
    if shape[-1] is None:
        raise ValueError(
            f"input_shape must specify the number of channels, as {example} does; received {shape}."
        )
    if fixed and None in shape:
        raise ValueError(
            f"input_shape must be static, such as {example}, since the number of weights depends "
            f"on it; received {shape}. Pass a height and a width; if only the dense layers need "
            "them, include_top=False works too."
        )
    if any(n is not None and n < min_size for n in shape[:2]):
        raise ValueError(
            f"input_shape must be at least {min_size}x{min_size}, so that the last feature map is "
            f"not empty; received {shape}."
        )
    height, width = (n if n is None else int(n) for n in shape[:2])
    return height, width, int(shape[-1])
