"""A model without its classifier, for images of any size."""

import keras

from kerascnn._calls import has_graph, number_calls_alike, tensors_of
from kerascnn._copies import restore


def without_top(model: keras.Model) -> keras.Model:
    """Cut a model after its last maps, for images of any size if its layers allow it.

    Nested models are kept as a whole.

    Raises:
        ValueError: If it has no maps.
    """
    maps = [t for t in tensors_of(model) if len(t.shape) == 4 and t.shape[1:3] != (1, 1)]
    if not maps:
        raise ValueError(
            f"the model must have layers with maps (N, H, W, C); {model.name} has none."
        )
    below = keras.Model(model.inputs[0], maps[-1], name=model.name)
    try:
        free = _of_any_size(below)
        number_calls_alike(free, below)
        restore(free, below)
    except Exception:  # a layer requires a fixed size, or cannot be copied
        return below
    return free


def _of_any_size(model: keras.Model) -> keras.Model:
    """Clone a model with one image input, and such models in it, for images of any size."""

    def cloned(layer: keras.Layer) -> keras.Layer:
        sees_images = has_graph(layer) and [len(t.shape) for t in layer.inputs] == [4]
        return _of_any_size(layer) if sees_images else layer.from_config(layer.get_config())

    inputs = keras.Input((None, None, model.inputs[0].shape[-1]), name="input")
    return keras.models.clone_model(model, input_tensors=inputs, clone_function=cloned)
