"""Each layer against a hand computation, and against an operation of TensorFlow if there is one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerascnn.layers import (
    AdaptiveAveragePooling2D,
    Bilinear,
    CCells,
    CropLike,
    LocallyConnected2D,
    MaxPoolWithSwitches2D,
    MaxUnpool2D,
    RBFLoss,
    RBFOutput,
    SCells,
    TableConv2D,
    TrainableSubsampling2D,
    ZeroPaddingShortcut,
    scaled_tanh,
    step,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# Squashing


def test_scaled_tanh_is_1_at_1():
    np.testing.assert_allclose(scaled_tanh(np.array([-1.0, 0.0, 1.0])), [-1, 0, 1], atol=1e-4)
    assert float(scaled_tanh(100.0)) == pytest.approx(1.7159)


def test_step_passes_its_gradient():
    x = tf.constant([-2.0, 0.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = step(x)
    np.testing.assert_array_equal(y, [0, 1, 1])
    np.testing.assert_array_equal(tape.gradient(y, x), [1, 1, 1])


# Sub-sampling


def test_subsampling_adds_up_windows():
    layer = TrainableSubsampling2D(2)
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    layer.build(x.shape)
    layer.set_weights([np.array([0.5]), np.array([1.0])])
    # 0 + 1 + 4 + 5 = 10, ...; half of it and 1
    np.testing.assert_allclose(np.asarray(layer(x))[0, ..., 0], [[6, 10], [22, 26]])
    assert layer.count_params() == 2


def test_subsampling_starts_as_average_pooling(rng):
    x = rng.random((2, 5, 7, 3), "float32")
    expected = keras.layers.AveragePooling2D(2)(x)
    np.testing.assert_allclose(TrainableSubsampling2D(2)(x), expected, rtol=1e-5)


# Tables


def test_table_with_all_links_is_a_convolution(rng):
    x = rng.random((2, 6, 7, 3), "float32")
    ours, conv = TableConv2D([(0, 1, 2)] * 4, 3), keras.layers.Conv2D(4, 3)
    ours.build(x.shape)
    conv.build(x.shape)
    kernel, bias = rng.normal(size=(3, 3, 3, 4)), rng.normal(size=4)
    conv.set_weights([kernel, bias])
    ours.set_weights([kernel.transpose(0, 1, 3, 2).reshape(3, 3, 12), bias])
    np.testing.assert_allclose(ours(x), conv(x), rtol=1e-4, atol=1e-5)


def test_table_sees_only_its_maps():
    layer = TableConv2D([(1,), (0, 2)], 1)
    x = np.array([[[[1.0, 10.0, 100.0]]]])
    layer.build(x.shape)
    layer.set_weights([np.array([[[2.0, 3.0, 4.0]]]), np.array([0.5, 0.0])])
    np.testing.assert_allclose(np.asarray(layer(x))[0, 0, 0], [2 * 10 + 0.5, 3 * 1 + 4 * 100])


@pytest.mark.parametrize("table", [[], [()], [(0, 0)]])
def test_wrong_tables(table):
    with pytest.raises(ValueError, match="table must list"):
        TableConv2D(table, 3)


def test_table_of_maps_that_are_not_there():
    with pytest.raises(ValueError, match="indices of the 2 input maps"):
        TableConv2D([(0, 2)], 3).build((None, 8, 8, 2))


# Radial basis functions


def test_rbf_measures_squared_distances():
    y = np.asarray(RBFOutput([[1, -1], [0, 2]])(np.array([[0.5, 1.0]])))
    np.testing.assert_allclose(y, [[-(0.25 + 4), -(0.25 + 1)]])


def test_rbf_weights_are_fixed():
    layer = RBFOutput([[1, -1], [0, 2], [3, 3]])
    layer.build((None, 2))
    assert layer.trainable_weights == []
    assert layer.count_params() == 6


def test_rbf_loss_by_hand():
    # y = (2, 3), j = 1: E = 2 + log(e^-1 + e^-2 + e^-3)
    expected = 2 + np.log(np.exp(-1) + np.exp(-2) + np.exp(-3))
    assert float(RBFLoss(j=1.0)(np.array([0]), np.array([[-2.0, -3.0]]))) == pytest.approx(expected)


def test_rbf_loss_is_cross_entropy_without_rubbish(rng):
    scores, labels = rng.normal(-5, 2, (8, 10)).astype("float32"), np.arange(8)
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert float(RBFLoss(j=100.0)(labels, scores)) == pytest.approx(
        float(entropy(labels, scores)), rel=1e-5
    )


def test_rbf_loss_leaves_far_classes_alone():
    y = tf.constant([[-1.0, -50.0]])
    with tf.GradientTape() as tape:
        tape.watch(y)
        loss = RBFLoss(j=1.0)(np.array([0]), y)
    assert abs(float(tape.gradient(loss, y)[0, 1])) < 1e-12


def test_rbf_errors():
    with pytest.raises(ValueError, match="codes must be two-dimensional"):
        RBFOutput([1, 2])
    with pytest.raises(ValueError, match=r"codes must have 84 numbers .*; received 2"):
        RBFOutput([[1, 2]]).build((None, 84))
    with pytest.raises(ValueError, match="j must be above 0"):
        RBFLoss(j=0)


def test_rbf_loss_is_saved():
    again = keras.losses.deserialize(keras.losses.serialize(RBFLoss(j=3.0)))
    assert again.j == 3.0


# Shortcut


def test_shortcut_skips_pixels_and_adds_zeros(rng):
    x = rng.random((2, 5, 4, 3), "float32")
    y = np.asarray(ZeroPaddingShortcut(8, 2)(x))
    np.testing.assert_array_equal(y[..., :3], x[:, ::2, ::2])
    np.testing.assert_array_equal(y[..., 3:], 0)
    np.testing.assert_array_equal(ZeroPaddingShortcut(3)(x), x)


def test_shortcut_leaves_no_channel_out():
    with pytest.raises(ValueError, match="filters must be at least 4, the number"):
        ZeroPaddingShortcut(3).build((None, 8, 8, 4))
    with pytest.raises(ValueError, match="strides must be a whole number"):
        ZeroPaddingShortcut(3, 0)


# Adaptive pooling


@pytest.mark.parametrize(("size", "n"), [(14, 4), (6, 6), (7, 3), (3, 5)])
def test_adaptive_windows_are_those_of_pytorch(rng, size, n):
    x = rng.random((1, size, size, 2), "float32")
    y = np.asarray(AdaptiveAveragePooling2D(n)(x))
    edges = [(i * size // n, -(-(i + 1) * size // n)) for i in range(n)]
    for i, (top, bottom) in enumerate(edges):
        for j, (left, right) in enumerate(edges):
            expected = x[0, top:bottom, left:right].mean(axis=(0, 1))
            np.testing.assert_allclose(y[0, i, j], expected, rtol=1e-5)


def test_adaptive_pooling_needs_a_size():
    with pytest.raises(ValueError, match="height and width must be known"):
        AdaptiveAveragePooling2D(4).build((None, None, None, 3))
    with pytest.raises(ValueError, match="output_size must be"):
        AdaptiveAveragePooling2D(0)


# Locally connected


def test_locally_connected_has_the_weights_of_darknets_local_layer():
    layer = LocallyConnected2D(256, 3, padding="same", kernel_initializer="zeros")
    layer.build((None, 7, 7, 1024))
    assert layer.count_params() == 9 * 1024 * 256 * 49 + 12_544 == 115_618_048


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, (2, 1)])
def test_equal_weights_make_a_convolution(rng, padding, strides):
    x = rng.random((2, 6, 7, 3), "float32")
    conv = keras.layers.Conv2D(4, (3, 2), strides, padding)
    ours = LocallyConnected2D(4, (3, 2), strides, padding)
    expected = conv(x)
    ours(x)
    kernel, bias = rng.normal(size=(18, 4)), rng.normal(size=4)
    conv.set_weights([kernel.reshape(3, 2, 3, 4), bias])
    positions = expected.shape[1:3]
    ours.set_weights(
        [np.tile(kernel, np.prod(positions)), np.broadcast_to(bias, (*positions, 4)).copy()]
    )
    np.testing.assert_allclose(ours(x), conv(x), rtol=1e-4, atol=1e-5)


def test_each_position_has_weights_of_its_own():
    layer = LocallyConnected2D(1, 1, use_bias=False)
    x = np.ones((1, 2, 2, 1))
    layer.build(x.shape)
    layer.set_weights([np.array([[1.0, 2.0, 3.0, 4.0]])])
    np.testing.assert_array_equal(np.asarray(layer(x))[0, ..., 0], [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"padding": "full"}, "padding must be one of"),
        ({"filters": 0}, "filters must be"),
        ({"kernel_size": 0}, "kernel_size must be"),
        ({"strides": (1, 2, 3)}, "strides must be"),
    ],
)
def test_wrong_locally_connected(wrong, message):
    with pytest.raises(ValueError, match=message):
        LocallyConnected2D(**{"filters": 2, "kernel_size": 3, **wrong})


def test_locally_connected_needs_a_size():
    with pytest.raises(ValueError, match="height and width must be known"):
        LocallyConnected2D(2, 3).build((None, None, 8, 1))
    with pytest.raises(ValueError, match="kernel_size must fit"):
        LocallyConnected2D(2, 3).build((None, 2, 8, 1))


# Switches


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("pool", "stride"), [(2, 2), (3, 2), (3, 3), (2, 1)])
@pytest.mark.parametrize("size", [(6, 6), (7, 5)])
def test_switches_are_those_of_tensorflow(rng, size, pool, stride, padding):
    x = rng.normal(size=(2, *size, 3)).astype("float32") - 5  # below zero: padding must not win
    maxima, switches = MaxPoolWithSwitches2D(pool, stride, padding)(x)
    expected, places = tf.nn.max_pool_with_argmax(x, pool, stride, padding.upper())
    np.testing.assert_array_equal(maxima, expected)
    np.testing.assert_array_equal(switches, places // 3)


def test_of_equal_maxima_the_first_wins():
    _maxima, switches = MaxPoolWithSwitches2D(2)(np.zeros((1, 4, 4, 1)))
    np.testing.assert_array_equal(np.asarray(switches)[0, ..., 0], [[0, 2], [8, 10]])


def test_unpooling_puts_values_back_in_odd_sizes():
    x = np.zeros((1, 5, 5, 1))
    x[0, 1, 1], x[0, 0, 3], x[0, 4, 4] = 3, 7, 9  # 9 is in no window
    maxima, switches = MaxPoolWithSwitches2D(2)(x)
    back = np.asarray(MaxUnpool2D((5, 5))([maxima, switches]))
    expected = x.copy()
    expected[0, 4, 4] = 0
    np.testing.assert_array_equal(back, expected)


@pytest.mark.parametrize("size", [(6, 6), (7, 5)])
@pytest.mark.parametrize(("pool", "stride", "padding"), [(2, 2, "same"), (3, 2, "valid")])
def test_unpooling_is_the_gradient_of_max_pooling(rng, size, pool, stride, padding):
    x = tf.constant(rng.normal(size=(2, *size, 3)).astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(x)
        pooled = tf.nn.max_pool2d(x, pool, stride, padding.upper())
    signal = rng.normal(size=pooled.shape).astype("float32")
    _maxima, switches = MaxPoolWithSwitches2D(pool, stride, padding)(x)
    back = MaxUnpool2D()([signal, switches, x])
    np.testing.assert_allclose(back, tape.gradient(pooled, x, signal), atol=1e-6)


def test_gradient_of_pooling_with_switches_is_that_of_max_pooling(rng):
    x = tf.constant(rng.normal(size=(2, 7, 6, 3)).astype("float32"))
    gradients = []
    for pool in (lambda x: tf.nn.max_pool2d(x, 3, 2, "SAME"), MaxPoolWithSwitches2D(3, 2, "same")):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = pool(x)
            y = tf.reduce_sum(tf.sin(y[0] if isinstance(y, (tuple, list)) else y))
        gradients.append(tape.gradient(y, x))
    np.testing.assert_allclose(*gradients, atol=1e-6)


def test_switches_of_a_size_that_is_left_open(rng):
    inputs = keras.Input((None, None, 2))
    maxima, switches = MaxPoolWithSwitches2D(3, 2, "same")(inputs)
    model = keras.Model(inputs, MaxUnpool2D()([maxima, switches, inputs]))
    assert model.output_shape == (None, None, None, 2)
    x = rng.random((1, 9, 6, 2), "float32")
    back = model.predict(x, verbose=0)
    assert np.all((back == 0) | (back >= x))  # maxima that windows share add up
    assert np.isin(x.max(axis=(1, 2)).ravel(), x).all()


def test_switch_errors():
    with pytest.raises(ValueError, match="padding must be one of"):
        MaxPoolWithSwitches2D(padding="full")
    with pytest.raises(ValueError, match="pool_size must be"):
        MaxPoolWithSwitches2D(0)
    with pytest.raises(ValueError, match=r"output_size must be the .* unless"):
        MaxUnpool2D()([np.zeros((1, 1, 1, 1)), np.zeros((1, 1, 1, 1))])
    with pytest.raises(ValueError, match="output_size must be the"):
        MaxUnpool2D((3,))


# Bilinear kernels and crops


@pytest.mark.parametrize(
    ("size", "tent"),
    [
        (3, [0.5, 1, 0.5]),
        (4, [0.25, 0.75, 0.75, 0.25]),
        (8, [0.125, 0.375, 0.625, 0.875, 0.875, 0.625, 0.375, 0.125]),
    ],
)
def test_bilinear_kernels_are_tents(size, tent):
    kernel = np.asarray(Bilinear()((size, size, 2, 2)))
    np.testing.assert_allclose(kernel[..., 0, 0], np.outer(tent, tent))
    np.testing.assert_array_equal(kernel[..., 0, 1], 0)


def test_bilinear_up_sampling_is_tensorflows_resize(rng):
    x = rng.random((1, 6, 7, 2), "float32")
    layer = keras.layers.Conv2DTranspose(
        2, 4, 2, "same", use_bias=False, kernel_initializer=Bilinear()
    )
    up, resized = np.asarray(layer(x)), tf.image.resize(x, (12, 14), "bilinear")
    np.testing.assert_allclose(up[:, 1:-1, 1:-1], resized[:, 1:-1, 1:-1], rtol=1e-5)


def test_bilinear_wants_equal_channels():
    with pytest.raises(ValueError, match="as many channels as the input"):
        Bilinear()((4, 4, 2, 3))


def test_crop_takes_a_window(rng):
    x, like = rng.random((2, 8, 9, 3)), np.zeros((2, 4, 5, 1))
    np.testing.assert_allclose(CropLike((2, 3))([x, like]), x[:, 2:6, 3:8], rtol=1e-6)


def test_crop_that_does_not_fit():
    with pytest.raises(ValueError, match="must contain a window"):
        CropLike(6)([keras.Input((8, 8, 1)), keras.Input((4, 4, 1))])
    with pytest.raises(ValueError, match="offset must be"):
        CropLike(-1)


# Neocognitron


def test_s_cell_by_hand():
    # One cell, one input of 2: a = 3, b = 0.5, r = 1: v = 2, so (1 + 6) / (1 + 0.5 · 2) - 1 = 2.5.
    layer = SCells(1, 1, selectivity=1.0)
    x = np.array([[[[2.0]]]])
    layer.build(x.shape)
    layer.set_weights([np.array([[[[3.0]]]]), np.array([0.5])])
    assert float(layer(x)[0, 0, 0, 0]) == pytest.approx(2.5, rel=1e-5)


def test_inhibition_silences_what_fits_badly():
    layer = SCells(2, 1, selectivity=4.0)
    x = np.array([[[[1.0]]]])
    layer.build(x.shape)
    layer.set_weights([np.array([[[[1.0, 0.2]]]]), np.array([0.5, 0.5])])
    fits, fails = np.asarray(layer(x))[0, 0, 0]
    # 2r / (1 + r) = 1.6: 4 · (2 / 1.8 - 1) and 4 · (1.2 / 1.8 - 1), which is below 0.
    assert fits == pytest.approx(4 * (2 / 1.8 - 1), rel=1e-4)
    assert fails == 0


def test_c_cell_by_hand():
    # Planes 3 and 1: v = 2; 4 / 3 - 1 = 1 / 3 and 2 / 3 - 1 < 0; with α = 0.5 (1/3) / (5/6) = 0.4.
    y = np.asarray(CCells(1, saturation=0.5)(np.array([[[[3.0, 1.0]]]])))[0, 0, 0]
    np.testing.assert_allclose(y, [0.4, 0.0], rtol=1e-5)


def test_c_cells_tolerate_a_shift():
    layer, responses = CCells(5), []
    for column in (4, 5):
        x = np.zeros((1, 9, 9, 2), "float32")
        x[0, 4, column, 0] = 10
        responses.append(np.asarray(layer(x))[0, 2, 2, 0])
    assert responses[1] > 0.7 * responses[0] > 0


def test_gradient_is_finite_where_nothing_is_seen():
    layer = SCells(2, 3)
    x = tf.zeros((1, 5, 5, 1))
    layer(x)
    layer.b.assign([1.0, 1.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(layer(x))
    assert np.all(np.isfinite(tape.gradient(y, x)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SCells(0, 3), "planes must be"),
        (lambda: SCells(2, 3, selectivity=0), "selectivity must be above 0"),
        (lambda: SCells(2, 3, padding="full"), "padding must be one of"),
        (lambda: CCells(0), "kernel_size must be"),
        (lambda: CCells(3, saturation=0), "saturation must be above 0"),
        (lambda: TrainableSubsampling2D(0), "pool_size must be"),
        (lambda: TableConv2D([(0,)], 0), "kernel_size must be"),
    ],
)
def test_wrong_numbers(make, message):
    with pytest.raises(ValueError, match=message):
        make()
