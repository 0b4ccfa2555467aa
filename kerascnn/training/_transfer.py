"""A network's features for other classes: frozen first, then fine-tuned."""

import keras

from kerascnn._checks import check_count, check_number
from kerascnn._errors import unknown
from kerascnn._graph import flatten

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
    classes = check_count("classes", classes)
    check_number("dropout", dropout, below=1)
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

    Batch normalization stays frozen. The model has to be trained, or compiled, again: `train` it at
    a lower rate and with a `run_dir` of its own.

    Args:
        model: What `transfer` gave, or any functional or sequential model with models in it; layers
            outside of those stay as they are.
        first: The first layer that learns, named as for `grad_cam`: "layer" also finds
            "model/layer", at any depth; the name of a nested model means its first layer. `None`:
            all learn.

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
    if not bases:
        raise ValueError(
            "model must be what transfer gave, or have a model in it, with one base; received 0 "
            "bases: set layer.trainable of its layers."
        )
    graph = flatten(model)
    nodes = [node for node in graph.nodes if "/" in node.name]
    learning = nodes if first is None else _from(graph, nodes, first)
    learning = {id(node.operation) for node in learning}
    for base in bases:
        base.trainable = True
    for layer in {id(node.operation): node.operation for node in nodes}.values():
        if not isinstance(layer, keras.Layer):
            continue
        layer.trainable = id(layer) in learning
        for part in layer._flatten_layers():
            if isinstance(part, NORMALIZATION):
                part.trainable = False
    return model


def _from(graph, nodes, first):
    """The nodes in nested models from a layer on."""
    names = [node.name for node in nodes]
    models = [name for name in graph.models if name == first or name.endswith(f"/{first}")]
    if models:
        within = [name for name in names if name.startswith(f"{models[0]}/")]
        return nodes[names.index(within[0]) :]
    try:
        found = [node.name for node in graph.calls(first)]
    except ValueError:
        short = [name.partition("/")[2] if "/" in first else name.split("/")[-1] for name in names]
        raise unknown("first", first, short) from None
    starts = [names.index(name) for name in found if name in names]
    if not starts:
        raise ValueError(
            f"first must be a layer of the base; received {first!r}, which stands outside of it "
            f"and learns anyway."
        )
    return nodes[min(starts) :]
