"""Trained networks of sets and files, and what they say of a photo."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

import kerascnn as kc
from kerascnn._rescaling import rescaling_layer
from kerascnn.trained import METHODS, Trained, _layers, load
from kerascnn.trained._without_top import without_top

LENET5 = "lenet5"


@pytest.fixture(scope="module")
def lenet5():
    return load(LENET5)


@pytest.fixture(scope="module")
def digits():
    images, labels = kc.datasets.load("digits").test
    return images[:40], labels[:40]


def photo_of(digit, ink=0.15, paper=0.85):
    """A digit (28, 28, 1) as ink on paper, (56, 84, 3) RGB, at the right."""
    large = np.kron(digit[..., 0], np.ones((2, 2)))
    strokes = np.pad(large, ((0, 0), (28, 0)))[..., None].repeat(3, axis=-1)
    return paper + (ink - paper) * strokes


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["modern", "1998"])
def test_digits_on_paper_are_read_as_well_as_mnists(variant, digits, lenet5):
    net = lenet5 if variant == "modern" else load(LENET5, weights="mnist", variant=variant)
    images, labels = digits
    plain = net.model.predict(net.prepared(images), verbose=0).argmax(axis=-1)
    assert (plain == labels).mean() > 0.85
    for colours in ({}, {"ink": 0.95, "paper": 0.05}, {"ink": 0.9, "paper": 0.4}):
        photos = [net.fitted(photo_of(digit, **colours)) for digit in images]
        found = net.model.predict(net.preprocessing(np.stack(photos)), verbose=0).argmax(axis=-1)
        assert (found == plain).mean() > 0.9


def test_what_is_done_to_a_digit_is_said(digits, lenet5):
    assert lenet5.doubts(photo_of(digits[0][0])).startswith("dark ink on bright paper: inverted")
    assert "inverted" not in lenet5.doubts(photo_of(digits[0][0], ink=1, paper=0))
    assert load("resnet20", weights="cifar10").doubts(np.zeros((9, 9, 3))) is None


def test_weights_of_the_users_own_see_the_architectures_size(tmp_path):
    """At which size they were trained is not known; all of a photo would be a guess."""
    file = tmp_path / "a.weights.h5"
    kc.build_resnet20(classes=2).save_weights(file)
    net = load("resnet20", weights=file, classes=2)
    assert net.fitted(np.zeros((100, 120, 3), np.uint8)).shape == (32, 32, 3)
    assert "images are resized to 32x32x3; change it with --option input_shape" in net.note
    other = load("resnet20", weights=file, classes=2, input_shape=(48, 64, 3))
    assert other.fitted(np.zeros((100, 120, 3), np.uint8)).shape == (48, 64, 3)


def small(units=2, activation="softmax", rescaling=False):
    """A small network; nested, as transfer learning has it."""
    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs) if rescaling else inputs
    inner = keras.Input((16, 16, 3))
    maps = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="maps")(inner)
    x = keras.Model(inner, maps, name="inner")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(units, activation=activation)(x), name="small")


@pytest.fixture(scope="module")
def picture():
    return kc.datasets.photo("chelsea")[:120, 100:240]


def test_a_keras_file_is_loaded_with_the_range_that_it_takes(tmp_path, picture):
    for rescaling, mode in ((False, "unit"), (True, "0-255")):
        model = small(rescaling=rescaling)
        model.save(tmp_path / "a.keras")
        net = load(str(tmp_path / "a.keras"), class_names=["cat", "dog"])
        assert (net.preprocessing.name, net.name) == (mode, "a.keras")
        assert ("rescaling" in net.note) == rescaling
        fitted = net.fitted(picture)
        assert fitted.shape == (16, 16, 3)
        expected = model.predict(fitted[None] * (255 if rescaling else 1), verbose=0)[0]
        found = net.explain(picture)
        np.testing.assert_allclose(found.probabilities, expected, 1e-5)
        assert found.label == ("cat", "dog")[expected.argmax()]
        assert found.heatmap.shape == (16, 16)  # of the nested layer
    assert load(None, weights=tmp_path / "a.keras").model.count_params() == model.count_params()
    assert load(tmp_path / "a.keras", preprocessing="0-1").preprocessing.name == "unit"


def test_a_model_of_integers_gets_0_to_255(tmp_path, picture):
    """The same layers on floats are the reference, of the rounded picture."""
    levels, plain = keras.Input((16, 16, 3), dtype="uint8"), small()
    model = keras.Model(levels, plain(keras.ops.cast(levels, "float32")))
    model.save(tmp_path / "a.keras")
    net = load(tmp_path / "a.keras")
    assert (net.preprocessing.name, net.note) == ("0-255", "its input is uint8")
    fitted = net.fitted(picture)
    seen = net.inputs(fitted)
    assert seen.dtype == net.prepared(fitted[None]).dtype == np.uint8
    np.testing.assert_array_equal(seen, np.round(fitted[None] * 255))
    expected = plain.predict(seen.astype("float32"), verbose=0)[0]
    np.testing.assert_allclose(net.explain(picture).probabilities, expected, 1e-5)
    with pytest.raises(ValueError, match="must be '0-255' for a model that takes uint8 images"):
        load(tmp_path / "a.keras", preprocessing="unit").explain(picture)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_one_unit_is_two_classes(activation, picture):
    model = small(1, activation)
    unit = kc.weights.MODES["unit"]
    net = Trained(model=model, name="a", preprocessing=unit, class_names=("no", "yes"))
    second = float(model.predict(net.inputs(net.fitted(picture)), verbose=0)[0, 0])
    second = second if activation else 1 / (1 + np.exp(-second))
    both = {label: net.explain(picture, "saliency", target=label) for label in ("no", "yes")}
    np.testing.assert_allclose(both["no"].probabilities, [1 - second, second], 1e-5)
    assert (both["no"].target, both["yes"].target) == (0, 1)
    cams = [net.explain(picture, "occlusion", target=label).heatmap for label in ("no", "yes")]
    np.testing.assert_allclose(cams[0], -cams[1], atol=1e-5)  # one grows as the other falls


def conv(filters, name, **options):
    return keras.layers.Conv2D(filters, 3, padding="same", name=name, **options)


def classes(maps):
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    return keras.layers.Dense(3, activation="softmax")(pooled)


@pytest.mark.parametrize(
    "end",
    [
        lambda x: conv(3, "scores")(x),
        lambda x: conv(3, "scores", activation="softmax")(x),
        lambda x: [classes(x), classes(conv(2, "beside", activation="relu")(x))],
        lambda x: [classes(x), conv(3, "image")(x)],
        lambda x: classes(keras.layers.Dropout(0.5)(keras.layers.MaxPooling2D()(x))),
        lambda x: classes(conv(2, "coarse", strides=4)(x)),  # 4x4, from which fine maps differ
    ],
    ids=["linear maps", "softmax maps", "auxiliary head", "reconstruction", "pooled", "coarse"],
)
def test_the_layer_explained_is_before_the_scores_and_on_the_way_to_them(end, picture):
    image = keras.Input((16, 16, 3))
    maps = conv(4, "wanted", activation="relu")(conv(4, "early")(image))
    model = keras.Model(image, end(maps))
    net = Trained(model=model, name="a", preprocessing=kc.weights.MODES["unit"])
    fitted = net.fitted(picture)
    assert net.explained_layer(fitted) == "wanted"
    expected = kc.visualize.grad_cam(model, fitted[None], target=1, layer="wanted")
    found = net.explain(picture, target=1).heatmap
    np.testing.assert_allclose(found, expected[0], atol=1e-6)


def test_maps_that_do_not_cover_the_images_are_placed(rng):
    image = keras.Input((40, 40, 3))
    maps = keras.layers.Conv2D(4, 21, activation="relu", name="maps")(image)
    model = keras.Model(image, classes(maps))
    net = Trained(model=model, name="a", preprocessing=kc.weights.MODES["unit"])
    picture = rng.random((40, 40, 3)).astype("float32")
    seen = net.inputs(net.fitted(picture))
    with pytest.warns(UserWarning, match="rows 10 to 30 of 40"):
        expected = kc.visualize.grad_cam(model, seen, target=1, layer="maps")
    heatmap = net.explain(picture, target=1, layer="maps").heatmap  # without the warning
    np.testing.assert_allclose(heatmap[10:30, 10:30], expected[0], rtol=1e-5)
    assert heatmap.shape == (40, 40)
    assert not heatmap[:9].any()


def test_maps_of_small_images_are_fine_enough():
    """VGG16's last maps of 32x32 pixels have 2x2 positions; of photos, it sees every window."""
    photo = kc.datasets.photo("chelsea")
    for any_size, layer in ((False, "block3_conv3"), (True, "block4_conv3")):
        net = load("vgg16", weights="cifar10", any_size=any_size)
        assert net.explained_layer(net.fitted(photo)) == layer


def test_logits_are_shown_as_probabilities(picture):
    model = small(3, None)
    net = Trained(model=model, name="a", preprocessing=kc.weights.MODES["unit"])
    logits = model.predict(net.inputs(net.fitted(picture)), verbose=0)[0]
    expected = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(net.probabilities(net.inputs(net.fitted(picture))), expected, 1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_one_map(method, lenet5, digits):
    found = lenet5.explain(photo_of(digits[0][0]), method, target="8")
    assert (found.method, found.target, found.label) == (method, 8, "8")
    assert found.heatmap.ndim == 2
    assert np.ptp(found.heatmap) > 0
    assert found.image.shape == (28, 28, 3)
    assert found.probability == found.probabilities[8]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("grad_cma",), {}, "Did you mean 'grad_cam'"),
        (("saliency",), {"layer": "c3"}, "layer must be None for 'saliency'"),
        ((), {"target": "ten"}, "target must be one of '0'"),
        ((), {"target": 10}, "target must be a class from 0 to 9, or its name; received 10"),
        ((), {"layer": "c9"}, "c9"),
    ],
)
def test_wrong_questions_are_one_line(arguments, options, message, lenet5):
    with pytest.raises(ValueError, match=message):
        lenet5.explain(np.zeros((40, 40, 3)), *arguments, **options)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((9, 9)), r"one RGB image \(H, W, 3\); received \(9, 9\)"),
        (np.full((9, 9, 3), 255.0), r"uint8, or float in \[0, 1\]; received float64 255 to 255"),
        (np.full((9, 9, 3), np.nan), "uint8, or float"),
    ],
)
def test_what_is_no_picture_is_refused(picture, message, lenet5):
    with pytest.raises(ValueError, match=message):
        lenet5.explain(picture)


def test_files_are_read_first(lenet5):
    line = r"must be an array; received the path 'a\.png'\. Read the file first: np\.asarray\(PIL"
    for path in ("a.png", Path("a.png")):
        for method in (lenet5.explain, lenet5.fitted, lenet5.view):
            with pytest.raises(TypeError, match=line):
                method(path)


def test_a_network_is_shown_in_a_line(lenet5):
    assert repr(lenet5) == (
        "<Trained 'lenet5/mnist': images 28x28x1 as in MNIST, preprocessing 'unit', 10 classes>"
    )
    assert repr(replace(lenet5, convention=None, class_names=(), instead="no file")) == (
        "<Trained 'lenet5/mnist': images 28x28x1, preprocessing 'unit'; no file>"
    )
    assert repr(load("resnet20", weights="cifar10")).startswith(
        "<Trained 'resnet20/cifar10': images any size, 3 channels, preprocessing "
    )


def test_sources_that_are_not_there(tmp_path):
    file = tmp_path / "a.keras"
    file.write_bytes(b"none")
    for source, options, error, message in (
        ("vgg61", {}, ValueError, "Did you mean 'vgg16'|vgg16"),
        (str(tmp_path), {}, OSError, "must be a run directory"),
        (
            str(file),
            {},
            ValueError,
            "must contain a complete model.* not a zip archive",
        ),
        (str(tmp_path / "b.keras"), {}, OSError, "it does not exist"),
        (str(file), {"weights": "imagenet"}, ValueError, "contains both layers and weights"),
        (str(file), {"classes": 3}, ValueError, "leave out the other arguments: classes"),
        (None, {"weights": "imagenet"}, ValueError, "source must be an architecture"),
        (LENET5, {"preprocessing": "tortch"}, ValueError, "Did you mean 'torch'"),
        (LENET5, {"class_names": ["a", "b"]}, ValueError, "class_names must be 10 names"),
        (LENET5, {"weights": "cifar10"}, ValueError, "weights must be 'mnist'"),
    ):
        with pytest.raises(error, match=message):
            load(source, **options)


def test_a_model_without_its_top_takes_any_size():
    model = kc.build_vgg16(width=0.0625, input_shape=(32, 32, 3), classes=3)
    below = without_top(model)
    assert below.output_shape == (None, None, None, 32)
    image = np.random.default_rng(0).random((1, 32, 32, 3), "float32")
    maps = keras.Model(model.inputs, model.get_layer("block5_conv3").output)
    np.testing.assert_allclose(below.predict(image, verbose=0), maps.predict(image, verbose=0))
    with pytest.raises(ValueError, match=r"must have layers with maps \(N, H, W, C\)"):
        without_top(keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]))


def test_a_nested_model_without_its_top_takes_any_size():
    layers = keras.layers
    base = keras.Sequential(
        [keras.Input((16, 16, 3)), layers.Conv2D(4, 3, name="a"), layers.Conv2D(5, 3, name="b")],
        name="base",
    )
    inputs = keras.Input((16, 16, 3))
    x = layers.GlobalAveragePooling2D()(base(layers.Rescaling(1 / 255)(inputs)))
    below = without_top(keras.Model(inputs, layers.Dense(1, "sigmoid")(x)))
    assert below.output_shape == (None, None, None, 5)
    images = np.random.default_rng(0).random((1, 16, 16, 3), "float32")
    expected = base.predict(images / 255, verbose=0)
    np.testing.assert_allclose(below.predict(images, verbose=0), expected, atol=1e-6)
    assert _layers.dream_layers(below) == ["base/b"]
    # 1.4² and 1.4 times smaller than 12x9 are 6x5 and 9x6, of which "b" leaves 2x1; then 4x3.
    assert _layers.fitting_octaves(below, (12, 9), ["base/b"]) == 3


def test_the_layer_that_rescales_is_found_only_in_front():
    layers = keras.layers
    front = keras.Sequential([keras.Input((8, 8, 3)), layers.Rescaling(1 / 127.5, offset=-1)])
    assert rescaling_layer(front) == front.layers[0].name
    half = keras.Sequential([keras.Input((8, 8, 3)), layers.Rescaling(2.0, offset=-1)])
    behind = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(1, 3), layers.Rescaling(1 / 255)]
    )
    assert rescaling_layer(half) is rescaling_layer(behind) is None


def test_a_picture_of_which_no_maps_are_left():
    net = kc.trained.load("vgg16", weights="cifar10")
    with pytest.raises(
        ValueError, match=r"too narrow.*its 1x300 pixels to 7x2048.*at most 32 times"
    ):
        net.fitted(np.zeros((300, 1, 3), np.float32))
    assert net.fitted(np.zeros((300, 20, 3), np.float32)).shape == (960, 64, 3)


def test_a_source_that_does_not_exist():
    message = r"source must be one of .*, or an existing run directory or .keras file; received"
    with pytest.raises(ValueError, match=f"{message} 'rnu'"):
        load("rnu")
    with pytest.raises(ValueError, match=f"{message} 'vgg61'. Did you mean 'vgg19'"):
        load("vgg61")
