"""What is measured of layers without a rule, and when nothing is said."""

import keras
import pytest
from keras import KerasTensor, layers, ops

import kerascnn as kc
from kerascnn._describe.probe import probe

Input = keras.Input


def paired(x):
    """Depth to space along the rows: each channel becomes one."""
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2)), (-1, x.shape[1] * x.shape[3], x.shape[2]))


MEASURED = {
    "pairs": ((12, 6, 2), lambda x: x[:, ::2] + x[:, 1::2]),
    "windows": ((13, 13, 2), lambda x: ops.average_pool(x, 4, 3)),
    "copies": ((8, 6, 2), lambda x: ops.repeat(x, 3, axis=1)),
    "a part, seen by all": ((9, 6, 2), lambda x: ops.max(x[:, 2:5], axis=1)),
    "an axis of size 1": ((7, 1, 2), lambda x: ops.roll(x, 1, axis=1)),
    "an axis of size 1 for all": ((7, 1, 2), lambda x: ops.repeat(ops.roll(x, 1, 1), 4, 2)),
    "means of squares": ((6, 8, 2), layers.Resizing(3, 4, "area")),
    "each step": ((3, 7, 2), layers.TimeDistributed(layers.Lambda(lambda x: ops.roll(x, 1, 1)))),
    "exponents, too large for bright pixels": (
        (9, 4),
        lambda x: ops.exp(x) / ops.sum(ops.exp(x), axis=1, keepdims=True),
    ),
    "gates that bright pixels close": ((9, 4), lambda x: ops.tanh(x + ops.roll(x, 1, 1))),
    "a vector": ((5, 3), lambda x: ops.sum(ops.roll(x, 1, 1), axis=1)),
}


@pytest.mark.parametrize("name", MEASURED)
def test_layers_without_a_rule_are_measured(name, net, check_views):
    shape, function = MEASURED[name]
    layer = function if isinstance(function, layers.Layer) else layers.Lambda(function)
    check_views(net(shape, layer))


def test_a_layer_is_measured_once(net, check_views):
    shifted = layers.Lambda(lambda x: ops.roll(x, 1, 1))
    check_views(net((6, 4), lambda x: shifted(shifted(x))))


def chosen(x):
    """Turned around or not, as the first row is."""
    return ops.where(x[:, :1] > 0, x, x[:, ::-1])


class Stubborn(layers.Layer):
    """It tells nothing but its shape."""

    def call(self, x):
        raise RuntimeError

    def compute_output_spec(self, x):
        return KerasTensor(x.shape, x.dtype)


def shifted(x, rows):
    """Moved up or, if `rows` is negative, down, with zeros behind."""
    before, after = max(-rows, 0), max(rows, 0)
    padded = ops.pad(x, [(0, 0), (before, after), (0, 0), (0, 0)])
    return padded[:, after : after + x.shape[1]]


NOT_TOLD = {
    "images of a batch meet": ((6, 2), lambda x: x / ops.max(x)),
    "not the same twice": ((6, 2), lambda x: x * keras.random.uniform(ops.shape(x))),
    "it depends on the values": ((6, 2), chosen),
    "a gate that bright pixels open": (
        (9, 8, 2),
        lambda x: x + ops.relu(ops.average_pool(x, 5, 1, "same") - 10),
    ),
    "along two axes at once": ((6,), lambda x: x[:, None] * ops.eye(6)),
    "nothing moves": ((6, 2), lambda x: x * 0),
    "it refuses": ((6, 2), Stubborn()),
    # Of large inputs a part is measured, which must tell the whole.
    "only the first": ((300, 300, 3), lambda x: x[:, :20] * 1),
    "from the end": ((300, 300, 3), lambda x: ops.flip(x, 1) + x),
    "the last, which a part has not": ((300, 300, 3), lambda x: x[:, 290:] * 1),
    "from farther than a part is long": ((150, 130, 3), lambda x: x + shifted(x, 30)),
    "to farther than a part is long": ((130, 150, 3), lambda x: x + shifted(x, -30)),
    "rolled by more than a part": ((128, 40, 32), lambda x: ops.roll(x, 32, 1)),
    "a window wider than a part": ((120, 120, 9), lambda x: ops.average_pool(x, 33, 1, "same")),
    "of other axes": ((300, 40, 3), lambda x: ops.mean(x, axis=2) + ops.max(x[:, :1], axis=2)),
    "a model at each step": (
        (3, 6, 2),
        layers.TimeDistributed(
            keras.Sequential([Input((6, 2)), layers.Lambda(lambda x: x / ops.max(x))])
        ),
    ),
    "channels alone": ((24, 24, 4000), lambda x: x * 2),
}


@pytest.mark.parametrize("name", NOT_TOLD)
def test_nothing_is_said_of_what_cannot_be_measured(name, net, unknown):
    shape, function = NOT_TOLD[name]
    layer = function if isinstance(function, layers.Layer) else layers.Lambda(function)
    assert unknown(net(shape, layer))


def field_of(shape, function):
    model = keras.Sequential([Input(shape), layers.Lambda(function)])
    return kc.describe(model).layers[-1].receptive_field


def test_large_inputs_are_measured_in_part():
    """Windows and copies go on alike."""
    assert field_of((300, 300, 3), lambda x: ops.average_pool(x, 3, 2)) == 3
    assert field_of((300, 300, 3), lambda x: ops.repeat(x, 2, axis=2)) == 1
    assert field_of((150, 130, 3), lambda x: x + shifted(x, 4)) == (5, 1)
    assert field_of((150, 130, 3), lambda x: x - ops.mean(x, axis=2, keepdims=True)) == (1, 130)


@pytest.mark.parametrize("function", [lambda x: x * 2, lambda x: x - ops.mean(x, -1, True)])
def test_many_channels_are_measured_in_part(function):
    """As many as are computed with where no weights say how many there are."""
    assert field_of((40, 24, 640), function) == 1


def test_a_sum_of_wide_maps_is_measured():
    class Scaled(layers.Layer):
        def call(self, inputs):
            return inputs[0] + inputs[1] * 0.2

    x = Input((35, 35, 320))
    wide = Scaled()([x, layers.DepthwiseConv2D(3, padding="same")(x)])
    assert kc.describe(keras.Model(x, wide)).layers[-1].receptive_field == 3


def test_what_cannot_be_probed():
    operation = layers.ReLU()
    fill = lambda values: (tuple(values), {})  # noqa: E731
    free, whole = KerasTensor((None, None, 3)), KerasTensor((None, 4), dtype="int32")
    assert probe(operation, [free], fill, (None, None, 3)) is None
    assert probe(operation, [whole], fill, (None, 4)) is None
    assert probe(operation, [], fill, (None, 4)) is None
    assert probe(operation, [KerasTensor((None, 4))], fill, (None, 4)).pointwise


def test_half_precision(policy):
    """Its rounding is not taken for movement."""
    policy("mixed_float16")
    assert field_of((12, 9, 2), lambda x: ops.average_pool(x, 3, 1, padding="same")) == 3


def test_what_is_enlarged_far_is_not_measured(monkeypatch):
    """It would take minutes."""
    from kerascnn._describe import probe as module

    calls = []
    monkeypatch.setattr(module, "_seen", lambda *given: calls.append(given))
    enlarged = layers.Lambda(lambda x: ops.image.resize(x, (400, 400)))
    model = keras.Sequential([Input((64, 64, 32)), enlarged])
    assert kc.describe(model).layers[-1].receptive_field is None
    assert not calls
