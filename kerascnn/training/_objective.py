"""The loss and the accuracy that belong to a model's last activation and to the labels."""

import keras
import numpy as np

HEADS = ("softmax", "sigmoid", "linear")
SHAPING = (  # layers that do not change what an output means
    keras.layers.Flatten,
    keras.layers.Reshape,
    keras.layers.Dropout,
    keras.layers.Identity,
)


def head(model) -> str | None:
    """Name the last activation: 'softmax', 'sigmoid', 'linear', another's name, or `None`.

    >>> head(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "softmax")]))
    'softmax'
    """
    for layer in reversed(model.layers):
        if isinstance(layer, keras.layers.Softmax):
            return "softmax"
        if isinstance(layer, keras.Model):
            return head(layer)
        if not isinstance(layer, SHAPING):
            activation = getattr(layer, "activation", None)
            return getattr(activation, "__name__", None)
    return None


def objective(model, labels, *, image_shape):
    """Choose the loss and the metrics for a model and its labels.

    Args:
        model: A built Keras model with one output, `(N, …, K)`.
        labels: `(N, …)` class indices 0…K-1; for K = 1 0 or 1, or floats for a linear output.
        image_shape: `(H, W, C)`.

    Returns:
        A Keras loss and a list of Keras metrics; accuracy is called `"accuracy"`.

    Raises:
        ValueError: The labels do not go with the output, or the output says nothing about a loss.
    """
    last = head(model)
    output = model.compute_output_spec(keras.KerasTensor((None, *image_shape)))
    if last not in HEADS or not isinstance(output, keras.KerasTensor):
        raise ValueError(
            f"the loss follows from one output with softmax, sigmoid or linear activation; "
            f"received {last or type(model.layers[-1]).__name__!r}: give loss=."
        )
    classes = output.shape[-1]
    logits = last == "linear"
    if classes == 1 and last != "softmax":
        return _binary(labels, logits)
    if last == "sigmoid":
        raise ValueError(
            f"a sigmoid output of {classes} classes has no loss of its own: "
            f"use softmax for classes that exclude each other, or give loss=."
        )
    _check_classes(labels, classes, output.shape)
    return (
        keras.losses.SparseCategoricalCrossentropy(from_logits=logits),
        [keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )


def _binary(labels, logits):
    if logits and np.issubdtype(labels.dtype, np.floating):
        return keras.losses.MeanSquaredError(), []
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(
            f"labels must be 0 or 1 for a model with one output; "
            f"received {labels.min()} to {labels.max()}: give the model one output per class."
        )
    accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0 if logits else 0.5)
    return keras.losses.BinaryCrossentropy(from_logits=logits), [accuracy]


def _check_classes(labels, classes, output_shape):
    if labels.ndim != len(output_shape) - 1 or not np.issubdtype(labels.dtype, np.integer):
        wanted = ", ".join(["N", *(str(size or "…") for size in output_shape[1:-1])])
        raise ValueError(
            f"labels must be class indices ({wanted}) of integer type; received {labels.dtype} "
            f"{labels.shape}: one-hot labels become indices by labels.argmax(axis=-1)."
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"labels must lie in 0…{classes - 1}, the model's {classes} classes; "
            f"received {labels.min()} to {labels.max()}."
        )
