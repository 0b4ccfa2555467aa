"""Receptive and projective fields of single units, against gradients and responses."""

import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc
from kerascnn.visualize import effective_receptive_field, projective_field, receptive_field

# A network with shortcuts, one with branches, one with both and transposed convolutions; a layer
# whose fields are smaller than the image, and some of its units.
NETS = {
    "resnet20": (
        lambda: kc.build_resnet20(input_shape=(64, 64, 3), include_top=False),
        "conv3_block3_out",
        [(0, 0), (16, 17), (31, 5)],
    ),
    "googlenet": (
        lambda: kc.build_googlenet(input_shape=(128, 128, 3), include_top=False),
        "inception_3b_output",
        [(0, 0), (7, 8), (15, 3)],
    ),
    "unet": (
        lambda: kc.build_unet(input_shape=(304, 304, 1), padding="same", width=1 / 32),
        "up1_conv2",
        [(0, 0), (151, 160), (152, 303)],
    ),
}


def positive(model):
    """The same network with positive weights, no biases and average pooling: nothing cancels."""

    def averaging(layer):
        config = layer.get_config()
        if isinstance(layer, layers.MaxPooling2D):
            kept = ("name", "pool_size", "strides", "padding")
            return layers.AveragePooling2D(**{key: config[key] for key in kept})
        return type(layer).from_config(config)

    twin = keras.models.clone_model(model, clone_function=averaging)
    for layer in twin.layers:
        if layer.weights and not isinstance(layer, layers.BatchNormalization):
            layer.set_weights(
                [
                    np.full(w.shape, 1 / np.prod(w.shape[:-1]))
                    if len(w.shape) > 1
                    else np.zeros(w.shape)
                    for w in layer.weights
                ]
            )
    return twin


@pytest.fixture(scope="module", params=NETS)
def net(request):
    build, layer, units = NETS[request.param]
    model = positive(build())
    return keras.Model(model.input, model.get_layer(layer).output), layer, units


def inside(field, shape):
    """The pixels of a box that lie in the image."""
    mask = np.zeros(shape, bool)
    (top, bottom), (left, right) = field
    mask[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
    return mask


def test_the_support_of_the_gradient_is_the_box(net):
    model, layer, units = net
    image = np.ones((1, *model.input_shape[1:]), "float32")
    for unit in units:
        effective = effective_receptive_field(model, image, layer, unit)[0]
        theoretical = inside(receptive_field(model, layer, unit), effective.shape)
        assert not theoretical.all()
        np.testing.assert_array_equal(effective > 0, theoretical)


def test_a_pixel_reaches_its_projective_field(net):
    model, layer, _units = net
    height, width = model.input_shape[1:3]
    for pixel in [(0, 0), (height // 2, width // 3)]:
        image = np.zeros((1, *model.input_shape[1:]), "float32")
        image[0, *pixel] = 1
        reached = model.predict(image, verbose=0)[0].any(axis=-1)
        box = inside(projective_field(model, pixel, layer), reached.shape)
        if reached[np.ix_(box.any(axis=1), box.any(axis=0))].all():
            np.testing.assert_array_equal(reached, box)
        else:  # strides skip units within the box
            assert box[reached].all()
            for axis in (0, 1):
                seen, said = np.flatnonzero(reached.any(axis)), np.flatnonzero(box.any(axis))
                assert [seen[0], seen[-1]] == [said[0], said[-1]]


@pytest.fixture(scope="module")
def lenet():
    return kc.build_lenet5()


def test_by_hand(lenet):
    # c1: 5x5 with 2 pixels of padding; s2: 2x2, stride 2; c3: 5x5. Field of c3: 5 + 1 + 4·2 = 14.
    assert receptive_field(lenet, "c1", (0, 27)) == ((-2, 3), (25, 30))
    assert receptive_field(lenet, "c3", (1, 0)) == ((0, 14), (-2, 12))
    assert receptive_field(lenet, "c3", (1, 0), of="s2") == ((1, 6), (0, 5))
    assert receptive_field(lenet, "c3") == receptive_field(lenet, "c3", (5, 5))
    assert projective_field(lenet, (13, 0), "s2") == ((5, 8), (0, 2))
    assert projective_field(lenet, (7, 7), "c3", of="s2") == ((3, 8), (3, 8))
    assert projective_field(lenet, (3, 3), "f6") == ()
    assert receptive_field(lenet, "f6", ()) == ((-2, 30), (-2, 30))  # with the padding of c1


def test_around_a_shortcut_only_paths_through_the_layer_count():
    x = keras.Input((8, 8, 1))
    a = layers.Conv2D(1, 3, padding="same", name="a")(x)
    b = layers.Conv2D(1, 3, padding="same", name="b")(a)
    model = keras.Model(x, layers.Add(name="sum")([x, a, b]))
    assert receptive_field(model, "sum", (4, 4)) == ((2, 7), (2, 7))
    assert receptive_field(model, "sum", (4, 4), of="a") == ((3, 6), (3, 6))
    assert receptive_field(model, "sum", (4, 4), of="b") == ((4, 5), (4, 5))


def test_sequences_and_free_sizes():
    free = keras.Sequential(
        [keras.Input((None, 2)), layers.Conv1D(3, 5, padding="causal", name="c")]
    )
    assert receptive_field(free, "c", 7, input_shape=(20, 2)) == ((3, 8),)
    with pytest.raises(ValueError, match="input_shape must be given"):
        receptive_field(free, "c")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: receptive_field(m, "c3", (10, 0)), "maps of 10x10, up to 9 and 9"),
        (lambda m: receptive_field(m, "c3", (1,)), "must be a position"),
        (lambda m: receptive_field(m, "c3", 1.5), "must be a position .* received 1.5"),
        (lambda m: receptive_field(m, "c1", of="c3"), "must depend on 'c3'; 'c1' does not"),
        (lambda m: receptive_field(m, m.layers[-1], (), of="f6"), "needs positions"),
        (lambda m: receptive_field(m, "c4"), "'c4'"),
        (lambda m: projective_field(m, (28, 0), "c3"), "maps of 28x28"),
        (lambda m: effective_receptive_field(m, np.ones((1, 28, 28, 1)), "c3", (0, 10)), "10x10"),
        (
            lambda m: effective_receptive_field(m, np.ones((1, 28, 28, 1)), "c3", channel=16),
            "channel must be 0 to 15",
        ),
        (
            lambda m: effective_receptive_field(m, np.ones((1, 28, 28, 1)), "c3", channel=True),
            "channel must be a whole number",
        ),
    ],
)
def test_bad_arguments(lenet, call, message):
    with pytest.raises(ValueError, match=message):
        call(lenet)


def test_positions_in_one_axis_and_images_of_different_sides():
    """After a reshaping, unit i is at row i // 4 and column i % 4."""
    inputs = keras.Input((3, 4, 2))
    rows = layers.Reshape((12, 2), name="rows")(inputs)
    model = keras.Model(inputs, layers.Conv1D(1, 1, name="end")(rows))
    assert receptive_field(model, "end", 7) == ((1, 2), (3, 4))
    assert projective_field(model, (1, 3), "end") == ((7, 8),)


def test_a_shared_layer_must_be_told_by_its_call():
    inputs = keras.Input((9, 9, 1))
    shared = layers.Conv2D(1, 3, name="shared")
    model = keras.Model(inputs, shared(shared(inputs)))
    with pytest.raises(ValueError, match="'shared:0', 'shared:1'"):
        receptive_field(model, "shared")
    assert receptive_field(model, "shared:1", (0, 0)) == ((0, 5), (0, 5))
    assert receptive_field(model, "shared:1", (0, 0), of="shared:0") == ((0, 3), (0, 3))


def test_channels_first_is_refused():
    model = keras.Sequential(
        [keras.Input((2, 9, 9)), layers.Conv2D(3, 3, data_format="channels_first")]
    )
    with pytest.raises(ValueError, match="channels_last"):
        receptive_field(model)


def test_two_inputs_must_be_told_apart():
    a, b = keras.Input((8, 8, 1), name="a"), keras.Input((8, 8, 1), name="b")
    small, large = layers.Conv2D(1, 3, padding="same")(a), layers.Conv2D(1, 5, padding="same")(b)
    model = keras.Model([a, b], layers.Add(name="sum")([small, large]))
    assert receptive_field(model, "sum", (4, 4), of="a") == ((3, 6), (3, 6))
    assert receptive_field(model, "sum", (4, 4), of="b") == ((2, 7), (2, 7))
    with pytest.raises(ValueError, match="of must name one of the inputs, 'a', 'b'"):
        receptive_field(model, "sum", (4, 4))
