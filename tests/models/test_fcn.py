"""Fully convolutional nets: Caffe's sizes and crops, bilinear kernels, dense layers as windows."""

import keras
import numpy as np
import pytest

import kerascnn as kc

NARROW = {"width": 1 / 64}
BUILDERS = {32: kc.build_fcn32s, 16: kc.build_fcn16s, 8: kc.build_fcn8s}


@pytest.fixture(scope="module")
def nets():
    """Small nets of three classes, by their stride."""
    keras.utils.set_random_seed(0)
    return {stride: build(**NARROW, classes=3) for stride, build in BUILDERS.items()}


@pytest.fixture(scope="module")
def whole(no_values):
    """FCN-8s as it is."""
    with no_values():
        return kc.build_fcn8s()


def crops(model):
    return {
        layer.name: layer.offset[0] for layer in model.layers if type(layer).__name__ == "CropLike"
    }


def test_crop_offsets_are_those_of_caffe(nets):
    assert crops(nets[32]) == {"score": 19}
    assert crops(nets[16]) == {"score_pool4_crop": 5, "score": 27}
    assert crops(nets[8]) == {
        "score_pool4_crop": 5, "score_pool3_crop": 9, "score": 31,
    }  # fmt: skip


def test_maps_of_a_500x500_image_have_the_sizes_of_caffe(nets):
    d = {r.name: r for r in kc.describe(nets[8], input_shape=(500, 500, 3)).layers}
    expected = {
        "block1_conv1": 698, "block3_pool": 88, "block4_pool": 44, "block5_pool": 22, "fc6": 16,
        "upscore_pool5": 34, "upscore_pool4": 70, "upscore": 568, "score": 500,
    }  # fmt: skip
    assert {name: d[name].output_shape[0] for name in expected} == expected
    d = kc.describe(nets[32], input_shape=(500, 500, 3)).layers
    assert next(r for r in d if r.name == "upscore").output_shape[0] == 544


@pytest.mark.parametrize("stride", BUILDERS)
@pytest.mark.parametrize("size", [(1, 1), (37, 64), (96, 41)])
def test_a_class_for_each_pixel_of_any_image(nets, stride, size):
    maps = np.asarray(nets[stride](np.zeros((2, *size, 3), "float32")))
    assert maps.shape == (2, *size, 3)
    np.testing.assert_allclose(maps.sum(axis=-1), 1, rtol=1e-5)


def test_only_up_sampling_is_not_trained(whole):
    fixed = {layer.name for layer in whole.layers if layer.weights and not layer.trainable}
    assert fixed == {"upscore_pool5", "upscore_pool4", "upscore"}
    full = sum(whole.get_layer(name).count_params() for name in fixed)
    assert full == 4 * 4 * 21 * 21 * 2 + 16 * 16 * 21 * 21 == 127_008


@pytest.mark.parametrize(("kernel", "stride"), [(4, 2), (16, 8), (32, 16), (64, 32)])
def test_up_sampling_is_bilinear(nets, kernel, stride):
    layer = next(
        layer
        for m in nets.values()
        for layer in m.layers
        if isinstance(layer, keras.layers.Conv2DTranspose) and layer.kernel_size[0] == kernel
    )
    assert layer.strides == (stride, stride)
    columns = np.arange(6.0)
    ramp = np.broadcast_to(columns[:, None], (1, 6, 6, 3)).copy()
    up = np.asarray(layer(ramp))[0, kernel : 5 * stride, kernel : 5 * stride]
    # Pixel j of the output lies at (j + 0.5) / stride - 0.5 - (kernel - stride) / 2 / stride.
    places = (np.arange(kernel, 5 * stride) + 0.5 - (kernel - stride) / 2) / stride - 0.5
    np.testing.assert_allclose(up[..., 0], np.broadcast_to(places, up.shape[:2]), atol=1e-4)


def test_receptive_field_is_that_of_the_paper(whole, no_values):
    with no_values():
        d = kc.describe(whole, input_shape=(160, 160, 3))
    fc7 = next(r for r in d.layers if r.name == "fc7")
    assert (fc7.receptive_field, fc7.stride_product) == (404, 32)  # Table 1: FCN-VGG16


def check_windows(dense, images, *, size, stride, shape, rtol):
    """The maps (N, h, w, K) have a shape, and hold what a model computes for each window."""
    maps = np.asarray(kc.convolutionalize(dense)(images))
    assert maps.shape == shape
    for i in range(shape[1]):
        for j in range(shape[2]):
            window = images[:, stride * i : stride * i + size, stride * j : stride * j + size]
            np.testing.assert_allclose(maps[:, i, j], dense(window), rtol=rtol, atol=1e-5)


def test_convolutionalized_lenet_sees_every_window():
    dense = kc.build_lenet5(input_shape=(32, 32, 1), classifier_activation=None)
    image = np.random.default_rng(0).random((1, 40, 36, 1), "float32")
    check_windows(dense, image, size=32, stride=4, shape=(1, 3, 2, 10), rtol=1e-4)


def test_padding_that_depends_on_the_size_is_not_taken_for_a_view_of_the_whole_image():
    steps = [L.Conv2D(2, 3, strides=2, padding="same") for _ in range(4)]
    odd = keras.Sequential([keras.Input((15, 15, 1)), *steps, L.Flatten(), L.Dense(3)])
    image = np.random.default_rng(0).random((1, 15, 15, 1), "float32")
    np.testing.assert_allclose(kc.convolutionalize(odd)(image)[:, 0, 0], odd(image), rtol=1e-4)


def test_convolutionalized_alexnet_of_torchvision():
    dense = kc.build_alexnet(
        variant="torchvision", width=1 / 16, classes=5, classifier_activation=None
    )
    net = kc.convolutionalize(dense)
    images = np.random.default_rng(0).random((2, 224, 224, 3), "float32")
    np.testing.assert_allclose(np.asarray(net(images))[:, 0, 0], dense(images), atol=1e-5)
    assert net(np.zeros((1, 320, 288, 3), "float32")).shape == (1, 4, 3, 5)


def test_convolutionalize_copies_the_weights():
    dense = kc.build_lenet5(input_shape=(32, 32, 1))
    net = kc.convolutionalize(dense)
    before = dense.get_weights()
    for w in net.weights:
        w.assign(0 * w)
    for old, new in zip(before, dense.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


L, ops = keras.layers, keras.ops


class Doubled(L.Dense):
    def call(self, inputs, training=None):
        return 2 * super().call(inputs)


def adapted(units=3):
    layer = L.Dense(units)
    layer.build((None, 16))
    layer.enable_lora(2)
    return layer


def small_net(head, before=lambda x: x):
    """A net with random weights: images of 6x6, maps of 2x2x4, and a head on the flattened maps."""
    image = keras.Input((6, 6, 3))
    maps = before(L.Conv2D(4, 3, strides=2, activation="relu")(image))
    model = keras.Model(image, head(L.Flatten(name="flatten")(maps)))
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.1, 1, w.shape) for w in model.get_weights()])
    return model


@pytest.mark.parametrize(
    "head",
    [
        lambda x: L.Dense(3, activation="softmax")(L.ReLU()(L.Dropout(0.5)(x))),
        lambda x: L.Softmax()(L.Dense(3)(L.LayerNormalization()(L.Dense(5)(x)))),
        lambda x: L.Dense(3)(L.BatchNormalization()(L.UnitNormalization()(L.Dense(5)(x)))),
        lambda x: L.Dense(3)(L.Concatenate()([L.Dense(2)(x), L.Dense(5, use_bias=False)(x)])),
        lambda x: (lambda dense: L.Add()([dense(x), dense(x)]))(L.Dense(3)),
        lambda x: ops.tanh(L.Dense(3)(x) / 9),
        lambda x: adapted()(x),
        lambda x: Doubled(3)(L.Dense(5)(x)),
        lambda x: L.Lambda(lambda y: y**2)(L.Dense(3)(x)),
    ],
)
@pytest.mark.parametrize("before", [lambda x: x, lambda x: L.Dense(4)(x)], ids=["", "dense maps"])
def test_each_window_gives_its_own_prediction(head, before):
    images = np.random.default_rng(1).random((2, 10, 8, 3), "float32")
    shape = (2, 3, 2, 3)
    check_windows(small_net(head, before), images, size=6, stride=2, shape=shape, rtol=1e-3)


def test_windows_are_those_of_the_model_whatever_the_default_of_keras_is():
    model = small_net(L.Dense(3))
    images = np.random.default_rng(1).random((2, 10, 8, 3), "float32")
    expected = kc.models.convolutionalize(model)(images)
    keras.config.set_image_data_format("channels_first")
    try:
        result = kc.models.convolutionalize(model)(images)
    finally:
        keras.config.set_image_data_format("channels_last")
    np.testing.assert_array_equal(result, expected)


def test_two_heads_and_a_sequential_model_are_converted():
    model = small_net(lambda x: [L.Dense(3)(x), L.Dense(2)(x)])
    one = keras.Sequential(model.layers[:4])
    one.layers[-1].trainable = False
    image = np.random.default_rng(1).random((2, 6, 6, 3), "float32")
    for found, expected in zip(kc.convolutionalize(model)(image), model(image), strict=True):
        np.testing.assert_allclose(found[:, 0, 0], expected, rtol=1e-5)
    net = kc.convolutionalize(one)
    np.testing.assert_allclose(net(image)[:, 0, 0], one(image), rtol=1e-5)
    assert not net.layers[-1].trainable


def gated(x):
    pooled = L.GlobalAveragePooling2D(keepdims=True, name="pooled")(x)
    return x * L.Dense(4, activation="sigmoid")(pooled)


def peaks(x):
    return x / ops.max(x, axis=1, keepdims=True)


WHOLE = "gives another result on maps than on vectors"
IMAGE = "computes with the whole image"


@pytest.mark.parametrize(
    ("head", "before", "message"),
    [
        (lambda x: L.Dense(3)(L.UnitNormalization()(x)), None, f"UnitNorm.*{WHOLE}"),
        (lambda x: L.Dense(3)(L.Softmax()(x)), None, rf"\(Softmax\).*{WHOLE}"),
        (
            lambda x: L.Dense(3)(L.LayerNormalization(center=False, scale=False)(x)),
            None,
            f"LayerNorm.*{WHOLE}",
        ),
        (lambda x: L.Dense(3)(L.BatchNormalization()(x)), None, "has weights for each position"),
        (lambda x: Doubled(3)(x), None, r"\(Doubled\).*has weights for each position"),
        (lambda x: L.UnitNormalization(axis=1)(L.Dense(3)(x)), None, f"UnitNorm.*{WHOLE}"),
        (lambda x: L.Softmax(axis=1)(L.Dense(3)(x)), None, f"Softmax.*{WHOLE}"),
        (lambda x: L.Dense(3, activation=peaks)(x), None, rf"\(Dense\).*{WHOLE}"),
        (lambda x: L.GroupNormalization(1)(L.Dense(4)(x)), None, f"GroupNorm.*{WHOLE}"),
        (
            lambda x: L.Dense(3)(L.Concatenate(axis=1)([L.Dense(4)(x), L.Dense(4)(x)])),
            None,
            f"Concat.*{WHOLE}",
        ),
        (lambda x: L.Reshape((3, 1))(L.Dense(3)(x)), None, f"Reshape.*{WHOLE}"),
        (lambda x: L.Dense(3)(L.Concatenate()([x, L.Dense(4)(x)])), None, "joins the flattened"),
        (lambda x: L.Dense(3)(x), gated, f"'pooled' .*{IMAGE}"),
        (lambda x: L.Dense(3)(x), L.GroupNormalization(2), f"GroupNorm.*{IMAGE}"),
        (
            lambda x: L.Dense(3)(x),
            lambda x: L.MultiHeadAttention(2, 4, attention_axes=(1, 2))(x, x),
            f"MultiHead.*{IMAGE}",
        ),
        (lambda x: L.Dense(3)(x), L.CenterCrop(4, 4), "'flatten'.* maps of a fixed size"),
        (lambda x: L.Dense(3)(x), L.Resizing(4, 4), "'flatten'.* maps of a fixed size"),
        (lambda x: L.Dense(3)(x), L.Permute((3, 1, 2)), "'flatten'.*last axis is not channels"),
        (lambda x: L.Dense(3)(x), L.LayerNormalization(axis=(1, 2)), "LayerNorm.* a fixed size"),
        (lambda x: L.Dense(3)(x), L.GlobalAveragePooling2D(), r"receives \(None, 4\)"),
    ],
)
def test_what_does_not_act_on_each_window_is_refused(head, before, message):
    model = small_net(head, before or (lambda x: x))
    with pytest.raises(ValueError, match=message) as error:
        kc.convolutionalize(model)
    assert "\n" not in str(error.value)


def test_convolutionalize_wants_dense_layers():
    with pytest.raises(ValueError, match="model must have one Flatten layer"):
        kc.convolutionalize(kc.build_resnet20())
    with pytest.raises(TypeError, match=r"model must be a keras.Model; received str"):
        kc.convolutionalize("vgg16")
    two = [keras.Input((4, 4, 1)), keras.Input((4, 4, 1))]
    with pytest.raises(ValueError, match=r"with one input; received .* with 2\.$"):
        kc.convolutionalize(keras.Model(two, L.Dense(2)(L.Flatten()(L.Add()(two)))))


def test_convolutionalized_vgg16_gives_the_dense_logits():
    dense = kc.build_vgg16(classifier_activation=None, width=1 / 16)
    net = kc.convolutionalize(dense)
    image = np.random.default_rng(0).random((1, 224, 224, 3), "float32")
    expected = np.asarray(dense(image))
    difference = np.abs(np.asarray(net(image))[:, 0, 0] - expected).max()
    assert difference <= 1e-4 * np.abs(expected).max()
    assert net(np.zeros((1, 320, 288, 3), "float32")).shape == (1, 4, 3, 1000)


@pytest.mark.parametrize("stride", BUILDERS)
def test_skips_of_a_small_window_are_aligned(stride):
    """With symmetric kernels, the map of a mirrored image is the mirrored map."""
    net = BUILDERS[stride](
        width=1 / 32, hidden=128, window=1, classes=2, classifier_activation=None
    )
    rng = np.random.default_rng(0)
    for layer in net.layers:
        if layer.trainable and layer.weights:
            kernel, bias = (np.asarray(w) for w in layer.get_weights())
            kernel = rng.random(kernel.shape)
            kernel += kernel[::-1] + kernel[:, ::-1] + kernel[::-1, ::-1]
            layer.set_weights([kernel / kernel.sum(axis=(0, 1, 2)), bias])
    image = rng.random((1, 64, 96, 3), "float32")
    image[:, :20, :30] += 2
    maps = np.asarray(net(image))
    assert maps.shape == (1, 64, 96, 2)
    for axis in (1, 2):
        assert np.abs(np.flip(maps, axis) - maps).max() > 0.02
        np.testing.assert_allclose(net(np.flip(image, axis)), np.flip(maps, axis), atol=1e-4)


def test_a_small_window_needs_no_border():
    net = kc.build_fcn8s(width=1 / 64, hidden=640, window=1, classes=2, input_shape=(64, 64, 3))
    assert net.get_layer("block1_conv1").output.shape[1:3] == (64, 64)
    assert net.get_layer("fc6").output.shape[1:] == (2, 2, 10)
    assert crops(net) == {"upscore_pool5_crop": 1, "upscore_pool4_crop": 1, "score": 4}
    with pytest.raises(ValueError, match=r"window must be one of \(7, 1\); received 3"):
        kc.build_fcn32s(width=1 / 64, window=3)
