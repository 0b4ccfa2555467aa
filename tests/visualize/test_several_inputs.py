"""Methods that hide or cut out a part of one input, where the model has several."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kerascnn import visualize


@pytest.fixture(scope="module")
def net():
    """Two images and a vector: a sum of what a convolution sees, and of the vector."""
    photo, scan, age = (
        keras.Input((6, 6, 2)),
        keras.Input((8, 6, 1), name="scan"),
        keras.Input((3,)),
    )
    of_photo = layers.Conv2D(3, 3, activation="relu", name="photo_maps")(photo)
    of_scan = layers.Conv2D(2, 3, strides=2, name="scan_maps")(scan)
    pooled = [layers.GlobalAveragePooling2D()(x) for x in (of_photo, of_scan)]
    return keras.Model([photo, scan, age], layers.Dense(2)(layers.Concatenate()([*pooled, age])))


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    return [rng.random((2, *shape), "float32") for shape in ((6, 6, 2), (8, 6, 1), (3,))]


def test_the_names_of_inputs_are_those_in_the_summary(net, arrays):
    names = [layer.name for layer in net.layers if isinstance(layer, layers.InputLayer)]
    by_tensor = [tensor.name for tensor in net.inputs]  # as Keras's own methods take them
    assert names[0] != by_tensor[0]
    expected = visualize.saliency(net, arrays, 1)
    for keys in (names, by_tensor):
        found = visualize.saliency(net, dict(zip(keys, arrays, strict=True)), 1)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)
    covered = [
        visualize.occlusion(net, arrays, 1, input=key) for key in (0, names[0], by_tensor[0])
    ]
    np.testing.assert_array_equal(covered[1:], covered[:1] * 2)
    with pytest.raises(ValueError, match=rf"\['{names[0]}', 'scan', '{names[2]}'\]"):
        visualize.saliency(net, {"photo": arrays[0]}, 1)
    with pytest.raises(ValueError, match=f"0 \\('{names[0]}'\\), 1 \\('scan'\\)"):
        visualize.occlusion(net, arrays, 1, size=2, stride=2)


@pytest.mark.filterwarnings("ignore:When providing `inputs` as a dict")
def test_a_model_that_is_built_with_a_dict_takes_its_keys(arrays):
    x, y = keras.Input((6, 6, 2), name="y"), keras.Input((8, 6, 1), name="x")  # the other way round
    flat = [layers.Dense(2)(layers.Flatten()(each)) for each in (x, y)]
    model = keras.Model({"x": x, "y": y}, layers.Concatenate(name="both")(flat))
    given = {"x": arrays[0], "y": arrays[1]}
    found = visualize.activations(model, given, "both")
    np.testing.assert_allclose(found, np.array(model(given)), rtol=1e-5)
    assert visualize.occlusion(model, given, 0, size=2, stride=2, input="x").shape == (2, 6, 6)


@pytest.fixture(scope="module")
def pair():
    """A dict of two images, whose names are not in alphabetical order."""
    rgb, depth = keras.Input((8, 8, 1), name="rgb"), keras.Input((8, 8, 1), name="depth")
    maps = [layers.Conv2D(2, 3, activation="relu")(x) for x in (rgb, depth)]
    pooled = [layers.GlobalAveragePooling2D()(x) for x in maps]
    scores = layers.Dense(3, name="scores")(layers.Concatenate()(pooled))
    return keras.Model({"rgb": rgb, "depth": depth}, scores)


@pytest.fixture(scope="module")
def photos():
    rng = np.random.default_rng(0)
    return {name: rng.random((2, 8, 8, 1), "float32") for name in ("rgb", "depth")}


def test_a_dict_of_inputs_has_no_order(pair, photos):
    """Keras sorts the names, and takes a list for a dict in this order, or not at all."""
    images = list(photos.values())
    said = r"must be a dict, by the names of the model's inputs, 'depth', 'rgb', .* received a list"
    with pytest.raises(ValueError, match="images " + said):
        visualize.activations(pair, images, "scores")
    with pytest.raises(ValueError, match="baseline " + said):
        visualize.integrated_gradients(pair, photos, 1, baseline=images)
    with pytest.raises(ValueError, match=r"the name of .*, 'depth', 'rgb'; received 0"):
        visualize.occlusion(pair, photos, 1, input=0)
    with pytest.raises(ValueError, match=r"it is one of 'depth', 'rgb'\."):
        visualize.occlusion(pair, photos, 1)


def test_results_for_a_dict_of_inputs_are_a_dict(pair, photos):
    tensors = {name: tf.constant(x) for name, x in photos.items()}
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        score = pair(tensors)[:, 1]
    expected = tape.gradient(score, tensors)
    found = visualize.saliency(pair, photos, 1, reduce=None)
    product = visualize.gradient_times_input(pair, photos, 1).attributions
    for name, gradient in expected.items():
        np.testing.assert_allclose(found[name], gradient, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(product[name], gradient * photos[name], rtol=1e-5, atol=1e-7)
    with pytest.raises(TypeError, match=r"received dict\. Select one: .*\['depth'\]"):
        visualize.metrics.sensitivity_max(pair, photos, visualize.saliency)
    drops = visualize.occlusion(pair, photos, 1, size=8, stride=8, fill=0, input="rgb")
    alone = pair.predict({**photos, "rgb": 0 * photos["rgb"]}, verbose=0)
    np.testing.assert_allclose(drops[:, 0, 0], (score - alone[:, 1]), rtol=1e-4)


def test_a_baseline_for_each_of_a_dict(pair, photos):
    baseline = {"rgb": 1.0, "depth": 0.0}
    found = visualize.integrated_gradients(pair, photos, 1, baseline=baseline, steps=8)
    assert not found.attributions["rgb"][photos["rgb"] == 1].any()
    start = {name: np.full_like(photos[name], value) for name, value in baseline.items()}
    whole = (pair.predict(photos, verbose=0) - pair.predict(start, verbose=0))[:, 1]
    total = sum(x.sum(axis=(1, 2, 3)) for x in found.attributions.values())
    np.testing.assert_allclose(total - found.gap, whole, rtol=1e-4, atol=1e-5)


def test_gradients_of_the_weights_of_a_model_with_a_dict(pair, photos):
    found = visualize.weight_gradients(pair, photos, lambda y: y[:, 1])
    kernel, bias = found[-2:]
    np.testing.assert_allclose(bias, [0, 1, 0])
    before = keras.Model(pair.input, pair.get_layer("scores").input)
    np.testing.assert_allclose(kernel[:, 1], before.predict(photos).mean(axis=0), rtol=1e-5)


def alone(net, arrays, place, image):
    """What the model says of each image with an input changed."""
    return net.predict([*arrays[:place], image, *arrays[place + 1 :]], verbose=0)


@pytest.mark.slow
@pytest.mark.parametrize("place", [0, 1])
def test_the_drop_when_a_part_of_one_input_is_covered(place, net, arrays):
    image = arrays[place]
    found = visualize.occlusion(net, arrays, 1, size=2, stride=2, fill=0.5, input=place)
    expected = np.zeros(image.shape[:3])
    for y in range(0, image.shape[1], 2):
        for x in range(0, image.shape[2], 2):
            covered = image.copy()
            covered[:, y : y + 2, x : x + 2] = 0.5
            drop = net.predict(arrays, verbose=0) - alone(net, arrays, place, covered)
            expected[:, y : y + 2, x : x + 2] = drop[:, 1, None, None]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_maps_are_laid_over_the_input_that_they_see(net, arrays):
    found = visualize.score_cam(net, arrays, 1, "scan_maps", input="scan")
    maps = visualize.activations(net, arrays, "scan_maps")
    rises = []
    for k in range(2):
        up = keras.ops.image.resize(maps[..., k, None], (8, 6), data_format="channels_last")
        up = np.array(up)
        low, high = (f(up, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
        seen = arrays[1] * (up - low) / (high - low)
        both = [alone(net, arrays, 1, x)[:, 1] for x in (seen, 0 * seen)]
        rises.append(both[0] - both[1])
    weights = np.exp(rises) / np.sum(np.exp(rises), axis=0)
    expected = np.maximum(np.einsum("kn,nhwk->nhw", weights, maps), 0)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="layer must see the input 'scan'; 'photo_maps' does not"):
        visualize.score_cam(net, arrays, 1, "photo_maps", input="scan")


def test_the_last_step_of_deletion_shows_nothing_of_one_input(net, arrays):
    heatmaps = np.zeros((2, 8, 6))
    result = visualize.deletion_insertion(
        net, arrays, heatmaps, 0, fill=0.5, steps=2, input="scan", probability=False
    )
    logits = alone(net, arrays, 1, np.full_like(arrays[1], 0.5))[:, 0]
    np.testing.assert_allclose(result.deletion[:, -1], logits, rtol=1e-5)
    whole = net.predict(arrays, verbose=0)[:, 0]
    np.testing.assert_allclose(result.insertion[:, -1], whole, rtol=1e-5)


@pytest.mark.parametrize("kind", ["arrays", "dict", "batches", "labels"])
def test_patches_of_one_input(kind, net, arrays):
    named = dict(zip([x.name for x in net.inputs], arrays, strict=True))
    images = {
        "arrays": arrays,
        "dict": named,
        "batches": [[x[:1] for x in arrays], tuple(x[1:] for x in arrays)],
        "labels": (arrays, np.array([0, 1])),
    }[kind]
    found = visualize.top_patches(net, images, "scan_maps", input="scan", count=1)
    maps = visualize.activations(net, arrays, "scan_maps")
    np.testing.assert_allclose(found.activations[:, 0], maps.max(axis=(0, 1, 2)), rtol=1e-6)
    for unit, (image, (top, left, _, _)) in enumerate(
        zip(found.images[:, 0], found.boxes[:, 0], strict=True)
    ):
        y, x = np.unravel_index(maps[image, :, :, unit].argmax(), maps.shape[1:3])
        assert (top, left) == (2 * y, 2 * x)
        patch = arrays[1][image, top : top + 3, left : left + 3]
        np.testing.assert_array_equal(found.patches[unit, 0], patch)


def test_a_patch_is_what_a_unit_sees_of_that_input():
    """Not of the others, which may be of another size."""
    large, small = keras.Input((12, 12, 1)), keras.Input((6, 6, 1))
    halved = layers.Conv2D(2, 3, strides=2, padding="same")(large)
    joint = layers.Conv2D(2, 3, name="joint")(layers.Concatenate()([halved, small]))
    model = keras.Model([large, small], layers.GlobalAveragePooling2D()(joint))
    rng = np.random.default_rng(0)
    arrays = [rng.random((1, 12, 12, 1), "float32"), rng.random((1, 6, 6, 1), "float32")]
    maps = visualize.activations(model, arrays, "joint")[0]
    for place, (size, stride) in enumerate(((7, 2), (3, 1))):
        found = visualize.top_patches(model, arrays, "joint", input=place, count=1)
        assert found.patches.shape == (2, 1, size, size, 1)
        for unit in range(2):
            y, x = np.unravel_index(maps[..., unit].argmax(), maps.shape[:2])
            assert tuple(found.origins[unit, 0]) == (stride * y, stride * x)


def test_the_choices_are_named(net, arrays):
    methods = (
        visualize.occlusion,
        visualize.score_cam,
        lambda *given, **more: visualize.deletion_insertion(*given, np.zeros((2, 6, 6)), **more),
        lambda *given, **more: visualize.top_patches(*given, "scan_maps", **more),
    )
    for method in methods:
        with pytest.raises(ValueError, match=r"it is one of 0 \('.*'\), 1 \('scan'\)\."):
            method(net, arrays)
        with pytest.raises(ValueError, match=r"takes images, \(N, H, W, C\), 0 or 1; received 2\."):
            method(net, arrays, input=2)
        with pytest.raises(ValueError, match=r"input must be one of .*Did you mean 'scan'"):
            method(net, arrays, input="scann")


def test_one_input_of_images_needs_no_name():
    image, vector = keras.Input((6, 6, 1)), keras.Input((2,))
    scores = layers.Dense(2)(layers.Concatenate()([layers.Flatten()(image), vector]))
    model = keras.Model([vector, image], scores)
    given = [np.ones((1, 2), "float32"), np.ones((1, 6, 6, 1), "float32")]
    assert visualize.occlusion(model, given, 0).shape == (1, 6, 6)


def test_guided_grad_cam_multiplies_what_the_layer_sees(rng):
    """The heatmap of a layer says nothing about an image that the layer does not see."""
    photo, scan = keras.Input((6, 6, 1), name="photo"), keras.Input((6, 6, 1), name="scan")
    maps = [layers.Conv2D(2, 3, activation="relu", name=name)(x) for name, x in
            (("of_photo", photo), ("of_scan", scan))]  # fmt: skip
    both = layers.Conv2D(2, 3, activation="relu", name="of_both")(layers.Concatenate()(maps))
    model = keras.Model([photo, scan], layers.Dense(2)(layers.GlobalAveragePooling2D()(both)))
    x = [rng.random((2, 6, 6, 1), "float32") for _ in range(2)]
    with pytest.raises(ValueError, match="must see the input 'scan'; 'of_photo' does not"):
        visualize.guided_grad_cam(model, x, 1, "of_photo")
    heatmaps = visualize.grad_cam(model, x, 1, "of_both")[..., None]
    enlarged = keras.ops.convert_to_numpy(keras.ops.image.resize(heatmaps, (6, 6)))
    details = visualize.guided_backprop(model, x, 1)
    found = visualize.guided_grad_cam(model, x, 1, "of_both")
    for one, detail in zip(found, details, strict=True):
        np.testing.assert_allclose(one, enlarged * detail, rtol=1e-5)


@pytest.fixture(scope="module")
def mixed():
    """A model of an image, words and flags, and the same without what it makes of the latter two.

    This is one number for each, which has no extent, so that `smooth_grad` adds no noise to it.
    """
    keras.utils.set_random_seed(0)
    image, words, flags = (
        keras.Input((6, 6, 2)), keras.Input((5,), dtype="int32"), keras.Input((4,), dtype="bool")
    )  # fmt: skip
    of_words = layers.GlobalAveragePooling1D()(layers.Embedding(50, 1)(words))
    of_flags = layers.Dense(1)(keras.ops.cast(flags, "float32"))
    numbers = [keras.Input((1,)), keras.Input((1,))]
    maps = layers.Conv2D(3, 3, activation="relu")(image)
    joined = layers.Concatenate()([layers.GlobalAveragePooling2D()(maps), *numbers])
    scores = layers.Dense(2)(layers.Dense(6, activation="tanh")(joined))
    behind = keras.Model([image, *numbers], scores)
    whole = keras.Model([image, words, flags], behind([image, of_words, of_flags]))
    rng = np.random.default_rng(0)
    given = [
        rng.random((2, 6, 6, 2), "float32"), rng.integers(0, 50, (2, 5)), rng.random((2, 4)) > 0.5,
    ]  # fmt: skip
    before = keras.Model([image, words, flags], [of_words, of_flags])
    return whole, given, behind, [given[0], *before.predict(given, verbose=0)]


WITH_KEPT = {
    "saliency": {"reduce": None},
    "smooth_grad": {"samples": 3, "reduce": None},
    "gradient_times_input": {},
    "integrated_gradients": {"steps": 4, "baseline": 0.2},
    "deep_lift": {"baseline": 0.2},
}


@pytest.mark.parametrize("method", WITH_KEPT)
def test_whole_numbers_are_kept(method, mixed):
    """The image gets what it gets beside constants, and what is kept gets 0."""
    whole, given, behind, numbers = mixed
    options = WITH_KEPT[method]
    found = getattr(visualize, method)(whole, given, 1, **options)
    if "baseline" in options:
        same = {**options, "baseline": [0.2, given[1], None]}
        again = getattr(visualize, method)(whole, given, 1, **same)
        np.testing.assert_array_equal(again.attributions[0], found.attributions[0])
        options = {**options, "baseline": [0.2, *numbers[1:]]}
    expected = getattr(visualize, method)(behind, numbers, 1, **options)
    if method not in ("saliency", "smooth_grad"):
        if method != "gradient_times_input":
            np.testing.assert_allclose(found.gap, expected.gap, atol=1e-6)
        found, expected = found.attributions, expected.attributions
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-4, atol=1e-6)
    assert np.abs(found[0]).max() > 0
    for array, kept in zip(given[1:], found[1:], strict=True):
        assert (kept.shape, kept.dtype) == (array.shape, "float32")
        assert not kept.any()


@pytest.mark.parametrize("target", [1, lambda scores: scores[:, 1]])
def test_baselines_of_a_data_set_beside_what_is_kept(target, mixed):
    whole, given, behind, numbers = mixed
    rng = np.random.default_rng(1)
    others = rng.random((3, 6, 6, 2), "float32")
    starts = [others, rng.integers(0, 50, (3, 5)), rng.random((3, 4)) > 0.5]
    found = visualize.expected_gradients(whole, given, target, baselines=starts, samples=8)
    for i in range(2):
        alone = [x[i : i + 1] for x in numbers]
        same = [others, *(np.repeat(x, 3, axis=0) for x in alone[1:])]
        expected = visualize.expected_gradients(behind, alone, target, baselines=same, samples=8)
        np.testing.assert_allclose(
            found.attributions[0][i], expected.attributions[0][0], rtol=1e-4, atol=1e-6
        )
        np.testing.assert_allclose(found.gap[i], expected.gap[0], atol=1e-6)
    assert not any(x.any() for x in found.attributions[1:])


def test_whole_numbers_have_no_path(mixed):
    whole, given, *_behind = mixed
    with pytest.raises(ValueError, match=r"^baseline must be None for input 1, whose whole numb"):
        visualize.integrated_gradients(whole, given, 1, baseline=[0.0, 0, None])
    levels, number = keras.Input((6, 6, 1), dtype="uint8"), keras.Input((1,))
    joined = layers.Concatenate()([layers.Flatten()(layers.Rescaling(1 / 255)(levels)), number])
    model = keras.Model([levels, number], layers.Dense(2)(joined))
    images = [np.ones((1, 6, 6, 1), "uint8"), np.ones((1, 1), "float32")]
    with pytest.raises(TypeError, match=r"which can be blurred .* the input takes uint8"):
        visualize.blur_integrated_gradients(model, images, 1)
    indices = keras.Model(number, layers.Dense(2)(number))
    with pytest.raises(TypeError, match=r"astype\('float32'\) for the indices of words"):
        visualize.saliency(indices, np.ones((1, 1), int), 1)
