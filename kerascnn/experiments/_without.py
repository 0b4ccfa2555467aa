"""What experiments share that take layers out of a net."""

import keras


def without(model, kind):
    """Make the same net without the layers of a kind, whose inputs go on; the same weights.

    Args:
        model: A functional `keras.Model`.
        kind: A class of layers that leave the shape as it is.
    """

    def call(layer, *args, **kwargs):
        return args[0] if isinstance(layer, kind) else layer(*args, **kwargs)

    twin = keras.models.clone_model(model, call_function=call)
    for layer in twin.layers:
        if layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    return twin
