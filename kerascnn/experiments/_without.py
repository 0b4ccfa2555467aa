"""Shared by the experiments that remove layers from a network."""

import keras


def without(model, kind):
    """Copy a model, with its weights, without the layers of one class.

    Args:
        model: A functional `keras.Model`.
        kind: A class of layers that do not change the shape of their input.
    """

    def call(layer, *args, **kwargs):
        return args[0] if isinstance(layer, kind) else layer(*args, **kwargs)

    twin = keras.models.clone_model(model, call_function=call)
    for layer in twin.layers:
        if layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    return twin
