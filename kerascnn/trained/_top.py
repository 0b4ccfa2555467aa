"""A model without its classifier, for pictures of any size."""

import keras

from kerascnn._graph import number_calls_alike


def without_top(model: keras.Model) -> keras.Model:
    """A model up to its last maps, of any size where its layers allow that.

    Raises:
        ValueError: it has no maps.
    """
    maps = [
        layer.output
        for layer in model.layers
        if isinstance(getattr(layer, "output", None), keras.KerasTensor)
        and len(layer.output.shape) == 4
        and layer.output.shape[1:3] != (1, 1)
    ]
    if not maps:
        raise ValueError(
            f"the model must have layers with maps (N, H, W, C); {model.name} has none."
        )
    below = keras.Model(model.inputs[0], maps[-1], name=model.name)
    try:
        inputs = keras.Input((None, None, model.input_shape[-1]), name="input")
        free = keras.models.clone_model(below, input_tensors=inputs)
    except Exception:  # a layer that needs its size, or a model within it
        return below
    number_calls_alike(free, below)
    free.set_weights(below.get_weights())
    return free
