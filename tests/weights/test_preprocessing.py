import keras
import numpy as np
import pytest
from keras import ops

import kerascnn as kc

SETS = {
    "caffe": ("vgg16", "imagenet", None),
    "torch": ("resnet50", "imagenet", "v1.5"),
    "signed": ("googlenet", "imagenet", "torchvision"),
    "unit": ("lenet5", "mnist", None),
}


@pytest.fixture(params=SETS)
def mode(request):
    return kc.weights.preprocessing(*SETS[request.param])


@pytest.fixture
def images(rng):
    return rng.random((2, 5, 4, 3), "float32")


def test_every_set_has_its_mode():
    found = {
        (s.architecture, s.variant, s.source): kc.weights.preprocessing(
            s.architecture, s.name, s.variant
        ).name
        for s in kc.weights.available()
    }
    own = {"googlenet": "signed", "1998": "lecun"}
    for (architecture, variant, source), name in found.items():
        expected = {"Keras": "caffe", "torchvision": "torch", "kerascnn": "unit"}[source]
        assert name == own.get(architecture, own.get(variant, expected))


def test_the_lenet5_of_1998_takes_its_own_range():
    """Background -0.1, strokes 1.175: LeCun et al. 1998, section II.B."""
    found = kc.weights.preprocessing("lenet5", "mnist", "1998")
    np.testing.assert_allclose(found(np.array([[[0.0], [1.0]]])).ravel(), [-0.1, 1.175])
    assert kc.weights.preprocessing("lenet5", "mnist").name == "unit"


@pytest.mark.parametrize("name", ["vgg16", "vgg19", "resnet50", "resnet101", "resnet152"])
def test_keras_sets_take_what_keras_applications_takes(name, images):
    module = getattr(keras.applications, name if "vgg" in name else "resnet")
    theirs = module.preprocess_input(255 * images)
    np.testing.assert_allclose(
        kc.weights.preprocessing(name, "imagenet")(images), theirs, atol=1e-4
    )


def test_torchvision_sets_take_what_its_transforms_give(images):
    theirs = (images - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    ours = kc.weights.preprocessing("alexnet", "imagenet")(images)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_googlenet_undoes_the_transform_as_torchvision_does(images):
    x = (images - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    theirs = np.stack(
        [
            x[..., 0] * (0.229 / 0.5) + (0.485 - 0.5) / 0.5,
            x[..., 1] * (0.224 / 0.5) + (0.456 - 0.5) / 0.5,
            x[..., 2] * (0.225 / 0.5) + (0.406 - 0.5) / 0.5,
        ],
        axis=-1,
    )
    ours = kc.weights.preprocessing("googlenet", "imagenet", "torchvision")(images)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_the_inverse_gives_every_grey_level_back(mode):
    levels = np.arange(256, dtype="float32")[:, None, None, None] / 255
    images = np.tile(levels, (1, 1, 1, 3))
    back = mode.inverse(mode(images))
    np.testing.assert_array_equal(np.rint(255 * back), np.rint(255 * images))
    np.testing.assert_allclose(back, images, atol=1e-5)


def test_channels_are_not_confused(mode):
    red = np.zeros((1, 1, 1, 3), "float32")
    red[..., 0] = 1
    low, high = mode.clip_bounds
    channel = 2 if mode.bgr else 0
    expected = np.broadcast_to(low, 3).copy()
    expected[channel] = np.broadcast_to(high, 3)[channel]
    np.testing.assert_allclose(mode(red).ravel(), expected, atol=1e-4)
    np.testing.assert_allclose(mode.inverse(mode(red)), red, atol=1e-6)


def test_the_argument_is_left_as_it_is(mode, images):
    before = images.copy()
    inputs = mode(images)
    kept = inputs.copy()
    mode.inverse(inputs)
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(inputs, kept)


def test_clip_bounds_are_black_and_white(mode):
    low, high = mode.clip_bounds
    for bound, grey in ((low, 0), (high, 1)):
        inputs = mode(np.full((1, 1, 1, 3), grey, "float32")).ravel()
        np.testing.assert_allclose(np.broadcast_to(bound, 3), inputs, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_an_array_gives_an_array_and_a_tensor_a_tensor(mode, images, dtype):
    array = images.astype(dtype)
    tensor = ops.convert_to_tensor(array)
    for function in (mode, mode.inverse):
        of_array, of_tensor = function(array), function(tensor)
        assert isinstance(of_array, np.ndarray)
        assert of_array.dtype == dtype
        assert ops.is_tensor(of_tensor)
        assert keras.backend.standardize_dtype(of_tensor.dtype) == dtype
        tolerance = 0.2 if dtype == "float16" else 1e-4
        np.testing.assert_allclose(of_array, of_tensor, atol=tolerance)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="uses TensorFlow's gradients")
def test_gradients_go_through(mode, images):
    import tensorflow as tf

    x = tf.constant(images)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        there, back = mode(x), mode.inverse(x)
    scale = np.broadcast_to(mode.scale, 3)
    np.testing.assert_allclose(tape.gradient(there, x)[0, 0, 0], scale, rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(back, x)[0, 0, 0], 1 / scale, rtol=1e-6)


def test_it_can_be_a_part_of_a_model(mode, images):
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, mode(inputs))
    np.testing.assert_allclose(model(images), mode(images), atol=1e-4)


def test_one_image_and_lists_are_taken():
    caffe = kc.weights.preprocessing("vgg16", "imagenet")
    assert caffe(np.zeros((4, 5, 3), "float32")).shape == (4, 5, 3)
    assert caffe([[[0.0, 0.5, 1.0]]]).shape == (1, 1, 3)


def test_grey_images_go_into_grey_nets():
    unit = kc.weights.preprocessing("lenet5", "mnist")
    images = np.ones((1, 2, 2, 1), "float32")
    np.testing.assert_array_equal(unit(images), images)


@pytest.mark.parametrize(
    ("images", "kind", "match"),
    [
        (np.zeros((1, 2, 2, 3), "uint8"), TypeError, "received uint8. Divide"),
        ([[[0, 128, 255]]], TypeError, "received int64. Divide"),
        (np.zeros((1, 2, 2, 1), "float32"), ValueError, r"\(N, H, W, 3\); received \(1, 2, 2, 1\)"),
        (np.zeros(3, "float32"), ValueError, r"received \(3,\)"),
    ],
)
def test_other_images_are_refused(images, kind, match):
    caffe = kc.weights.preprocessing("vgg16", "imagenet")
    for function in (caffe, caffe.inverse):
        with pytest.raises(kind, match=match):
            function(images)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("vgg16", "imagent"), "weights of vgg16 must be one of .*'imagenet'; .* Did you mean"),
        (("vgg61", "imagenet"), "architecture must be one of .* received 'vgg61'.*or 'vgg16'"),
        (("resnet50", "imagenet", "v2"), "variant must be one of 'v1', 'v1.5'; received 'v2'"),
        (("vgg16", None), "received None"),
    ],
)
def test_other_sets_are_refused(arguments, match):
    with pytest.raises(ValueError, match=match):
        kc.weights.preprocessing(*arguments)


def test_without_a_variant_it_is_the_first_one():
    assert kc.weights.preprocessing("resnet50", "imagenet").name == "caffe"
    assert kc.weights.preprocessing("resnet50", "imagenet", "v1.5").name == "torch"
    assert kc.weights.preprocessing("alexnet", "imagenet").name == "torch"
