"""An ensemble: the mean of several classifiers."""

from collections.abc import Iterable

import keras

from kerascnn._graph import check_is_model
from kerascnn._heads import last_activation


def ensemble(models: Iterable[keras.Model], *, name: str = "ensemble") -> keras.Model:
    """Average the probabilities of several classifiers.

    Args:
        models: Keras models with equal input shapes and numbers of classes, softmax or linear;
            softmax is applied to linear scores. Of several outputs, the first is used.
        name: Name of the new model.

    Returns:
        A `keras.Model` from images `(N, H, W, C)` to probabilities `(N, …, K)`. It shares the
        layers of its members, and so changes when they are trained further.

    Raises:
        ValueError: If there are no models, or their inputs or outputs differ.

    >>> import kerascnn as kc
    >>> both = ensemble([kc.build_lenet5(weights="mnist"), kc.build_lenet5()])
    >>> both.output_shape
    (None, 10)
    """
    models = list(models)
    if not models:
        raise ValueError("models must contain at least one model; received none.")
    for model in models:
        check_is_model(model, "each of models")
        if not getattr(model, "inputs", None):
            raise ValueError(
                f"models must be built functional or sequential Keras models; "
                f"received {model.name!r}."
            )
        if last_activation(model) not in ("softmax", "linear"):
            raise ValueError(
                f"models must end in softmax or linear scores; {model.name!r} ends in "
                f"{last_activation(model)!r}."
            )
    shapes = [(model.input_shape, model.outputs[0].shape) for model in models]
    if any(shape != shapes[0] for shape in shapes):
        raise ValueError(
            f"models must have equal input and output shapes; received "
            f"{' and '.join(f'{a} to {b}' for a, b in dict.fromkeys(shapes))}."
        )
    inputs = keras.Input(models[0].input_shape[1:], name="input")
    members = []
    for i, model in enumerate(models, start=1):
        # The same layers with another name, since two networks of one builder have the same name.
        scores = keras.Model(model.inputs, model.outputs[0], name=f"member{i}")(inputs)
        if last_activation(model) == "linear":
            scores = keras.layers.Softmax(dtype="float32", name=f"softmax{i}")(scores)
        members.append(scores)
    if len(members) == 1:
        return keras.Model(inputs, members[0], name=name)
    average = keras.layers.Average(dtype="float32", name="average")(members)
    return keras.Model(inputs, average, name=name)
