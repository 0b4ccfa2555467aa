"""Layers that say themselves what their units see, by a method `receptive_field`."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerascnn as kc
from kerascnn.layers import CropLike

Input = keras.Input


class Saying(layers.Layer):
    """The sum of its inputs' means over windows of 3, which it says of the first."""

    first = 0

    def call(self, inputs):
        averaged = [
            ops.average_pool(x, 3, 1, padding="same") if len(x.shape) == 4 else x[:, None, None]
            for x in inputs
        ]
        return sum(averaged)

    def compute_output_shape(self, shapes):
        return max(shapes, key=len)

    def receptive_field(self, fields):
        return tuple(axis.window(3, before=1) for axis in fields[self.first])


class SayingLast(Saying):
    """The same, where the vector comes first."""

    first = -1


class NotSaying(Saying):
    """It does not know."""

    def receptive_field(self, fields):
        return None


def maps_and_vector(x):
    maps = layers.Conv2D(4, 3, padding="same")(x)
    return maps, layers.Dense(4)(layers.GlobalAveragePooling2D()(maps))


CASES = {
    "one": (lambda x: Saying()([x]), 3),
    "another behind": (lambda x: Saying()([x, layers.AveragePooling2D(3, 1, "same")(x)]), 3),
    # All of the image, with the padding that the unit in a corner sees, and that of all maps.
    "a vector of all": (lambda x: Saying()(maps_and_vector(x)), (12, 11)),
    "a vector of all first": (lambda x: SayingLast()(maps_and_vector(x)[::-1]), (12, 11)),
    "maps of all": (
        lambda x: Saying()([x, layers.GlobalAveragePooling2D(keepdims=True)(x)]), (10, 9),
    ),
    "only maps of all": (
        lambda x: Saying()([layers.GlobalAveragePooling2D(keepdims=True)(x)]), (9, 8),
    ),
    "vectors": (lambda x: Saying()([layers.Flatten()(x)]), (9, 8)),
    # It slides along channels and rows, and its channels are columns.
    "turned": (lambda x: Saying()([ops.transpose(x, (0, 3, 1, 2))]), (3, 8)),
    "an axis of nothing": (lambda x: Saying()([layers.Reshape((1, 9, 32))(x)]), None),
    "not known": (lambda x: NotSaying()([x]), None),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_a_layer_says(name):
    build, field = CASES[name]
    x = Input((9, 8, 4))
    assert kc.describe(keras.Model(x, build(x))).layers[-1].receptive_field == field


class Named(layers.Layer):
    """A layer with attributes of these names that mean something else, as in keras-tcn."""

    receptive_field, macs, connections = 5, 6, "all"

    def call(self, x):
        return x * 2


class Otherwise(Named):
    """Methods of these names that take other arguments."""

    def receptive_field(self):
        return 5

    def macs(self, *, batch):
        return 6

    def connections(self, shape, groups, bias):
        return 7


@pytest.mark.parametrize("layer", [Named, Otherwise])
def test_attributes_of_these_names_that_mean_something_else(layer):
    x = Input((9, 8, 4))
    record = kc.describe(keras.Model(x, layer()(x))).layers[-1]
    assert (record.receptive_field, record.macs, record.connections) == (1, 0, 0)


def test_maps_that_are_turned_against_each_other():
    """Rows of the one lie along columns of the other: the first tells, the other is all seen."""
    x = Input((8, 8, 4))
    model = keras.Model(x, Saying()([x, ops.transpose(x, (0, 2, 1, 3))]))
    assert kc.describe(model).layers[-1].receptive_field == 9  # a pixel of padding beside all 8


def test_other_inputs():
    """Each input of the model is asked about by itself; a reference for size is not seen."""
    maps, vector, other = Input((9, 8, 4)), Input((4,)), Input((5, 5, 4))
    scaled = kc.describe(keras.Model([maps, vector], Saying()([maps, vector])))
    assert scaled.layers[-1].receptive_field == 3
    cropped = keras.Model([maps, other], CropLike(2)([maps, other]))
    assert kc.describe(cropped).layers[-1].receptive_field == 1
    values = np.arange(72.0).reshape(1, 9, 8, 1)
    assert np.array(CropLike(2)([values, np.zeros((1, 5, 5, 1))]))[0, 0, 0, 0] == values[0, 2, 2, 0]
