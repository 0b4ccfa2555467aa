"""Explanations of a pixel, a region or a box."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerascnn as kc
from kerascnn.visualize import (
    box,
    grad_cam,
    integrated_gradients,
    maximize_activation,
    occlusion,
    pixel,
    region,
    saliency,
)


@pytest.fixture(scope="module")
def model():
    """Convolutions with a softmax for each pixel, three classes."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 9, 2))
    x = layers.Conv2D(5, 3, padding="same", activation="relu", name="maps")(inputs)
    x = layers.Conv2D(3, 3, padding="same")(x)
    return keras.Model(inputs, layers.Activation("softmax")(x))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((2, 8, 9, 2), "float32")


def gradients(model, images, target):
    return saliency(model, images, target, reduce=None)


def test_gradients_of_a_region_are_the_sum_of_those_of_its_pixels(model, images):
    mask = np.zeros((8, 9), int)
    mask[2, 3:6] = mask[7, 8] = 1
    each = [gradients(model, images, pixel(y, x, klass=2)) for y, x in np.argwhere(mask)]
    whole = gradients(model, images, region(mask, klass=2))
    np.testing.assert_allclose(whole, np.sum(each, axis=0), atol=1e-6)
    assert np.abs(whole).max() > 0.01


def test_a_pixel_sees_only_its_receptive_field(model, images):
    seen = gradients(model, images, pixel(4, 4, klass=0)).any(axis=(0, 3))
    assert seen[2:7, 2:7].any()
    seen[2:7, 2:7] = False
    assert not seen.any()


def test_a_region_for_each_image(model, images):
    masks = np.zeros((2, 8, 9), bool)
    masks[0, 1, 1] = masks[1, 6, 6] = True
    both = gradients(model, images, region(masks, klass=1))
    np.testing.assert_allclose(both[0], gradients(model, images[:1], pixel(1, 1, 1))[0], atol=1e-6)
    np.testing.assert_allclose(both[1], gradients(model, images[1:], pixel(6, 6, 1))[0], atol=1e-6)


def test_grad_cam_of_a_region_by_hand(model, images):
    """Seg-Grad-CAM, Eq. 2: the last convolution is linear in the maps."""
    kernel = model.layers[-2].get_weights()[0]  # (3, 3, 5, 3)
    maps = keras.Model(model.inputs, model.get_layer("maps").output).predict(images, verbose=0)
    alpha = kernel[..., 1].sum(axis=(0, 1)) / 72  # of a pixel whose field lies inside
    expected = np.maximum((maps * alpha).sum(axis=-1), 0)
    found = grad_cam(model, images, pixel(4, 4, klass=1), layer="maps")
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


def test_integrated_gradients_and_occlusion_of_a_region(model, images):
    mask = np.zeros((8, 9), bool)
    mask[1:3, 1:3] = True
    result = integrated_gradients(model, images, region(mask, klass=0))
    assert np.abs(result.gap).max() < 0.02
    assert not result.attributions[:, 5:].any()
    drops = occlusion(model, images, region(mask, klass=0), size=2, stride=2)
    assert np.abs(drops[:, :4, :4]).max() > 0
    np.testing.assert_allclose(drops[:, 6:], 0, atol=1e-6)


def test_a_sigmoid_unit_has_two_classes(images):
    inputs = keras.Input((8, 9, 2))
    model = keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(inputs))
    kernel = model.layers[-1].get_weights()[0][0, 0, :, 0]
    positive = gradients(model, images, pixel(2, 3, klass=1))
    np.testing.assert_allclose(positive[:, 2, 3], [kernel, kernel], rtol=1e-5)
    np.testing.assert_allclose(gradients(model, images, pixel(2, 3, klass=0)), -positive)


def test_a_mask_of_the_images_is_cropped_for_maps_without_a_border(images):
    inputs = keras.Input((8, 9, 2))
    model = keras.Model(inputs, layers.Conv2D(2, 3, activation="softmax")(inputs))
    mask = np.zeros((8, 9), bool)
    mask[3, 4] = True  # the output's pixel 2, 3
    np.testing.assert_array_equal(
        gradients(model, images, region(mask, klass=1)),
        gradients(model, images, pixel(2, 3, klass=1)),
    )


@pytest.mark.parametrize(
    ("before", "corner"),
    [
        (lambda x: layers.Cropping2D(((4, 0), (1, 3)))(x), (4, 1)),
        (lambda x: layers.Conv2D(1, (3, 5))(x), (1, 2)),
        (lambda x: x[:, :6, 2:], (0, 2)),
    ],
)
def test_a_mask_is_cropped_where_the_maps_lie(before, corner, images):
    """The border need not be the same on all sides."""
    inputs = keras.Input((8, 9, 2))
    model = keras.Model(inputs, layers.Conv2D(2, 1, activation="softmax")(before(inputs)))
    mask = np.zeros((8, 9), bool)
    mask[5, 4] = True
    there = pixel(5 - corner[0], 4 - corner[1], klass=1)
    np.testing.assert_array_equal(
        gradients(model, images, region(mask, klass=1)), gradients(model, images, there)
    )


def test_a_mask_of_a_unet_without_padding_is_cropped():
    """Its units look at fields of several sizes around the pixels of the middle."""
    model = kc.build_unet(padding="valid", width=1 / 64, input_shape=(188, 188, 1))
    x = np.random.default_rng(0).random((1, 188, 188, 1), "float32")
    mask = np.zeros((188, 188), bool)
    mask[93, 94] = True
    found = saliency(model, x, region(mask, klass=1))
    np.testing.assert_array_equal(found, saliency(model, x, pixel(1, 2, klass=1)))


@pytest.mark.parametrize(
    "before",
    [
        lambda x: layers.Conv2D(3, 3, strides=2, padding="same")(x),
        lambda x: layers.MaxPooling2D(2)(x),
        lambda x: layers.Resizing(6, 7)(x),
    ],
)
def test_a_mask_of_the_images_does_not_fit_maps_of_another_resolution(before):
    inputs = keras.Input((8, 9, 2))
    model = keras.Model(inputs, layers.Conv2D(2, 1, activation="softmax")(before(inputs)))
    size = "x".join(map(str, model.output_shape[1:3]))
    with pytest.raises(ValueError, match=rf"size of the maps, {size}, .* received \(8, 9\)"):
        saliency(model, np.ones((1, 8, 9, 2)), region(np.ones((8, 9)), klass=1))


def test_a_region_in_a_list_belongs_to_its_output(images):
    inputs = keras.Input((8, 9, 2))
    both = [layers.Conv2D(2, 3)(inputs), layers.Cropping2D(((0, 2), (3, 0)))(inputs)]
    mask = np.zeros((8, 9), bool)
    mask[3, 4] = True
    model = keras.Model(inputs, both)
    found = gradients(model, images, [region(mask, klass=1), region(mask, klass=0)])
    places = pixel(2, 3, klass=1), pixel(3, 1, klass=0)
    expected = [gradients(keras.Model(inputs, y), images, p) for y, p in zip(both, places)]  # noqa: B905
    np.testing.assert_allclose(found, sum(expected), rtol=1e-6)


def test_the_box_at_a_place(images):
    """A grid of 1x2 cells with a box each: the right one is at the place."""
    inputs = keras.Input((8, 9, 2))
    x = layers.Dense(14, kernel_initializer="zeros", name="grid")(layers.Flatten()(inputs))
    model = keras.Model(inputs, layers.Reshape((1, 2, 7))(x))
    left, right = [0.5, 0.5, 0.5, 1, 0.9, 0.2, 0.1], [0.5, 0.5, 0.4, 1, 0.5, 0.3, 0.8]
    kernel = np.zeros((144, 14), "float32")
    kernel[0, 11] = 2  # the confidence of the right box
    kernel[5, 13] = 3  # the score of its class 1
    model.get_layer("grid").set_weights([kernel, np.array([*left, *right], "float32")])
    there = (0.75, 0.5, 0.5, 0.8)
    zeros = np.zeros_like(images)
    found = gradients(model, zeros, box(there, klass=1, boxes=1)).reshape(2, -1)
    assert found[0, 0] == pytest.approx(2 * 0.8)
    assert found[0, 5] == pytest.approx(3 * 0.5)
    found = gradients(model, zeros, box(there, boxes=1)).reshape(2, -1)
    assert found[0].nonzero()[0].tolist() == [0]


MOVED = {
    "Permute": lambda x: layers.Permute((3, 1, 2))(x),
    "softmax over axis 1": lambda x: layers.Softmax(axis=1)(layers.Permute((3, 1, 2))(x)),
    "of larger maps": lambda x: layers.Permute((3, 1, 2))(layers.ZeroPadding2D(((0, 2), 0))(x)),
    "between the positions": lambda x: ops.transpose(x, (0, 1, 3, 2)),
}
PLACES = [pixel(2, 5, 1), region(np.eye(8), 1), box((0.5, 0.5, 0.4, 0.4), 1, boxes=1)]


def square(end):
    """Maps of as many classes as rows and columns, and the end that moves them."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((8, 8, 2))
    maps = layers.Conv2D(8, 3, padding="same")(inputs)
    return keras.Model(inputs, end(maps)), keras.Model(inputs, maps)


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("end", MOVED)
@pytest.mark.parametrize("target", PLACES)
def test_places_need_the_classes_on_the_last_axis(target, end, several, rng):
    """A column was taken for the class, and the class for a row."""
    model, plain = square(MOVED[end])
    images = rng.random((1, 8, 8, 2), "float32")
    with pytest.raises(ValueError, match="does not have the classes on its last axis") as told:
        saliency(model, images, [target] if several else target)
    if end == "of larger maps" and not isinstance(target, type(PLACES[0])):
        return  # the mask is for the maps of the plain model
    advice = str(told.value).partition("for example, ")[2].removesuffix(".")
    found = gradients(
        model, images, eval(advice, {"kerascnn": kc, "keras": keras, "mask": np.eye(8)})
    )
    np.testing.assert_allclose(found, gradients(plain, images, target), atol=1e-6)


@pytest.mark.parametrize(
    "target",
    [
        [pixel(2, 5, 1), pixel(2, 5, 1)],
        [lambda y: y[:, 2, 5, 1], pixel(2, 5, 1)],
        lambda y: y[0][:, 2, 5, 1] + pixel(2, 5, 1)(y[1]),
    ],
)
def test_each_place_needs_the_classes_of_its_output_there(target, rng):
    moved, plain = square(MOVED["Permute"])
    model = keras.Model(plain.inputs, [plain.output, moved(plain.inputs)])
    images = rng.random((1, 8, 8, 2), "float32")
    with pytest.raises(ValueError, match="does not have the classes on its last axis") as told:
        saliency(model, images, target)
    advice = str(told.value).partition("for example, ")[2].removesuffix(".")
    found = gradients(model, images, eval(advice, {"kerascnn": kc, "keras": keras}))
    np.testing.assert_allclose(found, gradients(plain, images, pixel(2, 5, 1)), atol=1e-6)


def test_pictures_of_a_place_need_the_classes_there():
    model, _plain = square(MOVED["Permute"])
    model = keras.Model(image := keras.Input((8, 8, 3)), model(layers.Conv2D(2, 1)(image)))
    with pytest.raises(ValueError, match="does not have the classes on its last axis"):
        maximize_activation(model, target=pixel(2, 5, 1), steps=1)


def test_maps_of_a_unit_on_another_axis_are_moved_as_advised(rng):
    images = rng.random((1, 8, 8, 2), "float32")
    maps = layers.Conv2D(1, 3, activation="sigmoid")(inputs := keras.Input((8, 8, 2)))
    with pytest.raises(ValueError, match=r"pixel\(2, 5, 0\)\(keras.ops.moveaxis\(y, 1, -1\)\)"):
        saliency(keras.Model(inputs, layers.Permute((3, 1, 2))(maps)), images, pixel(2, 5, 0))


@pytest.mark.parametrize("end", [layers.Permute((2, 1, 3)), layers.Reshape((4, 16, 8))])
def test_a_place_is_one_of_the_maps_that_the_model_returns(end, rng):
    model, _plain = square(end)
    images = rng.random((1, 8, 8, 2), "float32")
    found = gradients(model, images, pixel(2, 5, 1))
    np.testing.assert_allclose(found, gradients(model, images, lambda y: y[:, 2, 5, 1]))


@pytest.mark.parametrize("names", [(0, 1), ("mask", "class"), ("class", "mask"), ("mask",)])
@pytest.mark.parametrize("target", PLACES)
def test_a_place_of_several_outputs_is_chosen_as_advised(target, names, rng):
    model, plain = square(lambda x: layers.GlobalAveragePooling2D()(x))
    both = dict(zip(("mask", "class"), (plain.output, model(plain.inputs)), strict=True))
    outputs = [both["class"], both["mask"]] if 0 in names else {name: both[name] for name in names}
    several, images = keras.Model(plain.inputs, outputs), rng.random((1, 8, 8, 2), "float32")
    with pytest.raises(ValueError, match="must be a callable that chooses one of the out") as told:
        saliency(several, images, target)
    advice = str(told.value).partition("Use ")[2].removesuffix(".")
    score = eval(advice, {"kerascnn": kc, "mask": np.eye(8)})
    expected = gradients(plain, images, target)
    np.testing.assert_allclose(gradients(several, images, score), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("outputs", "target", "words"),
    [
        (lambda x, y: [x, y], region(np.eye(7), 1), "mask must have the size of the maps, 8x8"),
        (lambda x, y: {"y": y}, PLACES[1], r"no maps .* received a region for \(1, 8\)\."),
        (lambda x, y: [y, y], PLACES[2], r"no grid .* a box for \(1, 8\) and \(1, 8\): change"),
    ],
)
def test_a_place_that_no_output_has(outputs, target, words, rng):
    model, plain = square(lambda x: layers.GlobalAveragePooling2D()(x))
    several = keras.Model(plain.inputs, outputs(plain.output, model(plain.inputs)))
    with pytest.raises(ValueError, match=words):
        saliency(several, rng.random((1, 8, 8, 2), "float32"), target)


PROBABILITIES = {
    "of maps": (lambda x: layers.UpSampling2D(2)(layers.Softmax()(x)), "from the softmax in", 16),
    "of one unit": (
        lambda x: layers.UpSampling2D(2)(layers.Conv2D(1, 1, activation="sigmoid")(x)),
        "from the sigmoid in",
        16,
    ),
    "of unknown code": (layers.Lambda(lambda x: ops.softmax(x)), "whose function is unknown", 8),
}


@pytest.mark.parametrize("end", PROBABILITIES)
@pytest.mark.parametrize("target", [pixel(2, 5, 1), region])
def test_places_of_probabilities_are_told(target, end, rng):
    end, words, size = PROBABILITIES[end]
    model, plain = square(end)
    target = region(np.eye(size), 1) if target is region else target
    both = keras.Model(plain.inputs, [plain.output, model(plain.inputs)])
    images = rng.random((1, 8, 8, 2), "float32")
    inside = lambda y: target(y[1])  # noqa: E731
    for each, targets in ((model, target), (both, [PLACES[0], target]), (both, inside)):
        with pytest.warns(UserWarning, match=f"{words}.* is used as the score") as told:
            saliency(each, images, targets)
        assert len(told) == 1


@pytest.mark.parametrize(
    "end",
    [
        lambda x: layers.Softmax()(layers.UpSampling2D(2)(x)),
        lambda x: layers.Activation("linear", dtype="float32")(layers.Softmax()(x)),
        lambda x: layers.Conv2D(1, 1, activation="sigmoid")(x),
        lambda x: layers.Average()([layers.Conv2D(2, 1, activation="sigmoid")(x)] * 2),
        lambda x: layers.Conv2D(2, 1)(layers.Softmax()(x)),
        lambda x: layers.Conv2D(2, 1, activation="relu")(x),
    ],
)
@pytest.mark.filterwarnings("error")
def test_places_of_logits_are_not_told(end, rng):
    model, _plain = square(end)
    saliency(model, rng.random((1, 8, 8, 2), "float32"), pixel(2, 5, 1))


@pytest.mark.filterwarnings("error")
def test_boxes_are_of_probabilities(rng):
    """As grids of detectors are, of which only parts pass a sigmoid."""
    model, _plain = square(lambda x: ops.concatenate([x[..., :2], ops.sigmoid(x[..., 2:])], -1))
    saliency(model, rng.random((1, 8, 8, 2), "float32"), PLACES[2])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: region(np.zeros((8, 9)), 1), "received an empty mask"),
        (lambda: region(np.full((8, 9), 255), 1), "mask must be booleans, or 0 and 1"),
        (lambda: region(np.ones(8), 1), "mask must be"),
        (lambda: pixel(-1, 0, 1), "y must be a whole number"),
        (lambda: box((0.5, 0.5, 0, 1)), "with an area"),
        (lambda: box((0.5, 0.5, 1)), "place must be"),
    ],
)
def test_what_is_no_place_is_one_line(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (region(np.ones((5, 9)), 1), r"mask must have the size of the maps, 8x9"),
        (region(np.ones((3, 8, 9)), 1), "one for each of the 2 images"),
        (region(np.ones((8, 9)), 3), "klass must be from 0 to 2"),
        (pixel(8, 0, 1), "y and x must be from 0 to 7 and 8"),
        (box((0.5, 0.5, 1, 1), boxes=2), "returns no grid"),
    ],
)
def test_places_that_the_maps_do_not_have(model, images, target, words):
    with pytest.raises(ValueError, match=words):
        saliency(model, images, target)


def test_classifiers_have_no_regions():
    model = kc.build_lenet5()
    with pytest.raises(ValueError, match="a model that returns no maps"):
        saliency(model, np.zeros((1, 28, 28, 1)), region(np.ones((2, 2)), 1))
