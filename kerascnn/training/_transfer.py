"""A network's features for other classes: frozen first, then fine-tuned."""

import keras

from kerascnn._errors import check_number, unknown

from ._objective import SHAPING, head

NORMALIZATION = keras.layers.BatchNormalization


def transfer(
    base: keras.Model, classes: int, *, dropout: float = 0.0, name: str = "transfer"
) -> keras.Model:
    """Put a new classifier on the features of a network.

    The base is frozen. Its batch normalization runs as at inference, with the statistics that it
    was trained with, also when `unfreeze` lets other layers learn.

    Args:
        base: A functional or sequential Keras model that gives maps `(N, h, w, C)` or features
            `(N, D)`. From a classifier its last layer with weights, and what follows, is left out.
        classes: The number of new classes.
        dropout: Rate before the classifier.
        name: Of the new model.

    Returns:
        A `keras.Model`, images `(N, H, W, C)` to probabilities `(N, classes)`. Train it, then
        `unfreeze` some of the base and train it again at a rate that is ten times lower.

    Raises:
        ValueError: A base without features, or an argument out of range.

    >>> import kerascnn as kc
    >>> model = transfer(kc.build_lenet5(weights="mnist"), classes=3)
    >>> [tuple(weight.shape) for weight in model.trainable_weights]
    [(84, 3), (3,)]
    """
    if not isinstance(base, keras.Model) or not getattr(base, "inputs", None):
        raise ValueError(
            f"base must be a built functional or sequential Keras model; "
            f"received {getattr(base, 'name', base)!r:.60}."
        )
    if not isinstance(classes, int) or classes < 1:
        raise ValueError(f"classes must be a whole number from 1 on; received {classes!r}.")
    check_number("dropout", dropout, 0, 1)
    features = keras.Model(base.inputs, _features(base), name=f"{base.name}_features")
    if len(features.output_shape) not in (2, 4):
        raise ValueError(
            f"base must give maps (N, h, w, C) or features (N, D); "
            f"received {features.output_shape}: build it with include_top=False."
        )
    features.trainable = False
    inputs = keras.Input(base.input_shape[1:], name="input")
    x = features(inputs)
    if len(features.output_shape) == 4:
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    activation = "softmax" if classes > 1 else "sigmoid"
    x = keras.layers.Dense(classes, activation=activation, dtype="float32", name="predictions")(x)
    return keras.Model(inputs, x, name=name)


def _features(base):
    """What a base gives before its classifier, if it has one."""
    if head(base) not in ("softmax", "sigmoid") or len(base.outputs[0].shape) != 2:
        return base.outputs[0]
    layer = base.outputs[0]._keras_history.operation
    while isinstance(layer, (*SHAPING, keras.layers.Activation, keras.layers.Softmax)):
        layer = layer.input._keras_history.operation
    if isinstance(layer, keras.Model):
        raise ValueError(
            f"base must not end in a model of its own; received {layer.name!r} at its end: give "
            f"the features, built with include_top=False."
        )
    return layer.input


def unfreeze(model: keras.Model, first: str | None = None) -> keras.Model:
    """Let the base of a `transfer` learn, for fine-tuning, from a layer on.

    Batch normalization stays frozen. The model has to be trained, or compiled, anew.

    Args:
        model: What `transfer` gave.
        first: The name of the base's first layer that learns; `None`: all learn.

    Returns:
        The model.

    Raises:
        ValueError: No such model, or no such layer.

    >>> import kerascnn as kc
    >>> model = transfer(kc.build_lenet5(weights="mnist"), classes=3)
    >>> len(unfreeze(model, "f6").trainable_weights)
    4
    """
    bases = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    if len(bases) != 1:
        raise ValueError(
            f"model must be what transfer gave, with one base; received {len(bases)} bases."
        )
    (base,) = bases
    names = [layer.name for layer in base.layers]
    if first is not None and first not in names:
        raise unknown("first", first, names)
    start = 0 if first is None else names.index(first)
    base.trainable = True
    for i, layer in enumerate(base.layers):
        layer.trainable = i >= start
        for part in layer._flatten_layers():
            if isinstance(part, NORMALIZATION):
                part.trainable = False
    return model
