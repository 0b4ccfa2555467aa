"""What keras.applications repeats in every file: from arguments to inputs, from outputs to a model."""

from dataclasses import dataclass

import keras
from keras import layers

from .. import weights as weight_sets
from .._errors import unknown

POOLING = {"avg": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D}


@dataclass(frozen=True)
class Beginning:
    """The checked arguments of a builder.

    `classifier` is the last dense layer, or `None` with `include_top=False`.
    """

    architecture: str
    inputs: keras.KerasTensor
    sources: list[keras.KerasTensor]
    classifier: layers.Dense | None
    pooling: str | None
    weights: str | None


def start(
    architecture: str,
    *,
    include_top: bool,
    weights: str | None,
    input_tensor: keras.KerasTensor | None,
    input_shape: tuple | None,
    default_shape: tuple[int, int, int],
    min_size: int,
    pooling: str | None,
    classes: int,
    classifier_activation: str | None,
) -> Beginning:
    """Check a builder's arguments, with the rules of keras.applications, and make its inputs."""
    if pooling is not None and pooling not in POOLING:
        raise unknown("pooling", pooling, POOLING)
    if not isinstance(classes, int) or classes < 1:
        raise ValueError(f"classes must be a whole number of at least 1; received {classes!r}.")
    if input_tensor is not None and not keras.backend.is_keras_tensor(input_tensor):
        raise ValueError(
            "input_tensor must be a Keras tensor, as keras.Input() gives; "
            f"received {type(input_tensor).__name__}. Images go into the model that is returned."
        )
    weights = weight_sets.resolve(
        architecture,
        weights,
        include_top=include_top,
        classes=classes,
        classifier_activation=classifier_activation,
    )
    if input_tensor is None:
        shape = _input_shape(input_shape, default_shape, min_size, include_top)
        inputs = keras.Input(shape, name="input")
        sources = [inputs]
    else:
        _input_shape(input_tensor.shape[1:], default_shape, min_size, include_top)
        inputs = input_tensor
        sources = keras.utils.get_source_inputs(input_tensor)
    classifier = None
    if include_top:
        # In float32 under mixed precision too: a softmax in float16 overflows.
        classifier = layers.Dense(
            classes, activation=classifier_activation, dtype="float32", name="predictions"
        )
    return Beginning(architecture, inputs, sources, classifier, pooling, weights)


def finish(beginning: Beginning, outputs: keras.KerasTensor, name: str) -> keras.Model:
    """Pool, make the model and load its weights."""
    if beginning.classifier is None and beginning.pooling:
        outputs = POOLING[beginning.pooling](name=f"{beginning.pooling}_pool")(outputs)
    model = keras.Model(beginning.sources, outputs, name=name)
    if beginning.weights is not None:
        weight_sets.load(model, beginning.weights, architecture=beginning.architecture)
    return model


def _input_shape(
    shape: tuple | None, default: tuple[int, int, int], min_size: int, include_top: bool
) -> tuple:
    """The shape to build with: (H, W, C), with H and W `None` where the net leaves them free."""
    if shape is None:
        return default if include_top else (None, None, default[-1])
    if len(shape) != 3 or not all(n is None or (isinstance(n, int) and n > 0) for n in shape):
        raise ValueError(
            "input_shape must be a tuple of three integers (height, width, channels), "
            f"such as {default}; received {shape}."
        )
    if shape[-1] is None:
        raise ValueError(
            f"input_shape must give the number of channels, as {default} does; received {shape}."
        )
    if include_top and None in shape:
        raise ValueError(
            "input_shape must be static with include_top=True, since the dense layers need to "
            f"know their number of weights; received {shape}. Give numbers, or include_top=False."
        )
    if any(n is not None and n < min_size for n in shape[:2]):
        raise ValueError(
            f"input_shape must be at least {min_size}x{min_size}, so that a feature map is left "
            f"at the end; received {shape}."
        )
    return tuple(shape)
