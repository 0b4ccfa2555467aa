"""An ensemble: the mean of several classifiers."""

from collections.abc import Iterable

import keras

from kerascnn._graph import check_is_model, flatten
from kerascnn._heads import SURE, last_activation, units_of


def ensemble(models: Iterable[keras.Model], *, name: str = "ensemble") -> keras.Model:
    """Average the probabilities of several classifiers.

    Args:
        models: Keras models with equal input shapes and numbers of classes, softmax or linear;
            softmax is applied to linear scores. Or all end in sigmoids. Of several outputs, the
            first is used.
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
    try:
        models = list(models)
    except TypeError:
        raise TypeError(
            f"models must be a list of models; received {getattr(models, 'name', models)!r:.60}."
        ) from None
    if not models:
        raise ValueError("models must contain at least one model; received none.")
    for model in models:
        check_is_model(model, "each of models")
        if not getattr(model, "inputs", None):
            raise ValueError(
                f"models must be built functional or sequential Keras models; "
                f"received {model.name!r}."
            )
        if last_activation(model) not in SURE:
            raise ValueError(
                f"models must end in softmax, sigmoids or linear scores; {model.name!r} ends in "
                f"{last_activation(model)!r}."
            )
        if last_activation(model) == "linear" and units_of(flatten(model)) == 1:
            raise ValueError(
                f"models must not end in one linear unit, which may be a regression or the logit "
                f"of two classes; {model.name!r} does: add a sigmoid to each logit, or average "
                f"regressions with keras.layers.Average."
            )
    ends = [last_activation(model) for model in models]
    if "sigmoid" in ends and len(set(ends)) > 1:
        raise ValueError(
            f"models must all end in sigmoids, or none; received {', '.join(map(repr, ends))}."
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
