"""Transfer learning: the features of a network for other classes, frozen or fine-tuned."""

import keras

from kerascnn._checks import check_count, check_number
from kerascnn._errors import unknown, warn
from kerascnn._graph import Graph, Node, check_is_model, flatten
from kerascnn._heads import last_activation, last_before_reshaping, unwrapped

from ._channels import channels_of_output
from ._checks import check_one_input

NORMALIZATION = keras.layers.BatchNormalization
CLASSIFYING = ("softmax", "log_softmax", "sigmoid")  # ends of classifiers


def transfer(
    base: keras.Model, classes: int, *, dropout: float = 0.0, name: str = "transfer"
) -> keras.Model:
    """Add a new classifier to the features of a network.

    The new model shares the layers of the base, so that training after `unfreeze` changes the base
    too. Pass a copy to keep it; `run.best()` returns one at each call.

    The base is frozen. Its batch normalization runs in inference mode, with the statistics of its
    own training, even after `unfreeze` makes other layers trainable.

    Args:
        base: A functional or sequential Keras model that returns maps `(N, h, w, C)`, or
            `(N, C, h, w)` of layers that are "channels_first", or features `(N, D)`. If it is a
            classifier of images or pixels, the layer that computes the class scores, and what
            follows it, is removed. A `Dense` layer without an activation at the end is taken for
            one that computes class scores, with a warning.
        classes: The number of new classes.
        dropout: Dropout rate before the classifier, from 0 to below 1.
        name: Name of the new model.

    Returns:
        A `keras.Model` from images `(N, H, W, C)` to probabilities `(N, classes)`. Train it, then
        `unfreeze` part of the base and train it again at a tenth of the learning rate.

    Raises:
        ValueError: If the base has no features or several inputs, or an argument is out of range.

    >>> import kerascnn as kc
    >>> model = transfer(kc.build_lenet5(weights="mnist"), classes=3)
    >>> [tuple(weight.shape) for weight in model.trainable_weights]
    [(84, 3), (3,)]
    """
    check_is_model(base, "base")
    if not getattr(base, "inputs", None):
        raise ValueError(
            f"base must be a built functional or sequential Keras model; received {base.name!r}."
        )
    check_one_input(base, "build the new classifier with keras.layers", name="base")
    classes = check_count("classes", classes)
    check_number("dropout", dropout, below=1)
    features = keras.Model(base.inputs, _features(base), name=f"{base.name}_features")
    if len(features.output_shape) not in (2, 4):
        raise ValueError(
            f"base must return maps (N, h, w, C) or features (N, D); "
            f"received {features.output_shape}: build it with include_top=False."
        )
    features.trainable = False
    inputs = keras.Input(base.input_shape[1:], name="input")
    x = features(inputs)
    if len(features.output_shape) == 4:
        graph = flatten(features)
        first = channels_of_output(graph, graph.outputs[0])
        data_format = "channels_first" if first else "channels_last"  # of the base, not of Keras
        x = keras.layers.GlobalAveragePooling2D(data_format, name="pool")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    activation = "softmax" if classes > 1 else "sigmoid"
    x = keras.layers.Dense(classes, activation=activation, dtype="float32", name="predictions")(x)
    return keras.Model(inputs, x, name=name)


def _features(base: keras.Model) -> keras.KerasTensor:
    """Return the output of a base without its classifier, if it has one."""
    tensor = base.outputs[0]
    classifies = last_activation(base) in CLASSIFYING and len(tensor.shape) in (2, 4)
    if not classifies and not _ends_in_logits(base):
        return tensor
    found = False
    while not found:
        operation, index, _ = tensor._keras_history
        inputs = operation._inbound_nodes[index].input_tensors
        if not inputs:
            raise ValueError(
                f"base must compute its class scores by a layer with weights; {base.name!r} has "
                "none before its end: pass a base that returns features."
            )
        if isinstance(operation, keras.Model) or len(inputs) != 1:
            what = "a nested model" if len(inputs) == 1 else "several branches"
            raise ValueError(
                f"base must not end in {what}; received {operation.name!r} at its end: pass the "
                f"features, built with include_top=False."
            )
        (tensor,), found = inputs, _makes_scores(operation)
    if not classifies:
        warn(
            f"base ends in a Dense layer without an activation, {base.outputs[0].shape}, which is "
            "taken for class scores and removed. If it computes features, put it into a model of "
            "your own: keras.Sequential([base, keras.layers.Dense(classes, 'softmax')])."
        )
    return tensor


def _ends_in_logits(base: keras.Model) -> bool:
    """Return whether a base returns (N, K) from a dense layer without an activation."""
    graph = flatten(base)
    last, _after = last_before_reshaping(graph, graph.outputs[0])
    dense = isinstance(unwrapped(last.operation), keras.layers.Dense)
    return dense and len(last.shapes[0]) == 2 and last_activation(base) == "linear"


def _makes_scores(operation: keras.Operation) -> bool:
    """Return whether a layer combines units, unlike a normalization or scaling of each."""
    if isinstance(operation, keras.layers.PReLU):
        return False
    return any(len(weight.shape) > 1 for weight in getattr(operation, "weights", ()))


def unfreeze(model: keras.Model, first: str | None = None) -> keras.Model:
    """Make the base of a `transfer` model trainable, starting from a layer, for fine-tuning.

    Batch normalization stays frozen. The model must be trained or compiled again: `train` it at a
    lower learning rate and with another `run_dir`.

    Args:
        model: The result of `transfer`, or any functional or sequential model that contains other
            models; layers outside these are not changed.
        first: The first layer to train, named as for `grad_cam`: "layer" also finds "model/layer",
            at any depth; the name of a nested model means its first layer. If `None`, all layers
            are trained.

    Returns:
        The same model.

    Raises:
        ValueError: If the model contains no model, or there is no such layer in it.

    >>> import kerascnn as kc
    >>> model = transfer(kc.build_lenet5(weights="mnist"), classes=3)
    >>> len(unfreeze(model, "f6").trainable_weights)
    4
    """
    check_is_model(model)
    bases = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    if not bases:
        raise ValueError(
            "model must be a result of transfer, or contain a model; received one without: set "
            "layer.trainable of its layers."
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


def _from(graph: Graph, nodes: list[Node], first: str) -> list[Node]:
    """List the nodes of nested models from a layer on."""
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
            f"first must be a layer of the base; received {first!r}, which is outside of it and "
            f"trainable anyway."
        )
    return nodes[min(starts) :]
