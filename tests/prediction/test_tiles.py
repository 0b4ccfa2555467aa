"""Tiles against the prediction of the whole image."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kerascnn as kc
from kerascnn import predict_boxes, predict_tiles


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).random((200, 260, 1), "float32")


@pytest.fixture(scope="module")
def same():
    """A small U-Net of two levels: half of its receptive field is 11 pixels."""
    keras.utils.set_random_seed(0)
    conv = {"padding": "same", "activation": "relu", "bias_initializer": "uniform"}
    x = inputs = keras.Input((None, None, 1))
    skip = x = layers.Conv2D(4, 3, **conv)(x)
    x = layers.MaxPooling2D(4)(x)
    x = layers.Conv2D(4, 3, **conv)(x)
    x = layers.Conv2DTranspose(4, 4, 4)(x)
    x = layers.Concatenate()([x, skip])
    return keras.Model(inputs, layers.Conv2D(3, 3, **conv)(x))


@pytest.fixture(scope="module")
def valid():
    keras.utils.set_random_seed(0)
    return kc.build_unet(width=1 / 32, input_shape=(None, None, 1))


def whole(model, image):
    return model.predict_on_batch(image[None])[0]


@pytest.mark.parametrize("options", [{}, {"overlap": 20}, {"batch_size": 3}, {"margin": 13}])
def test_the_result_of_same_padding_is_that_of_the_whole_image(same, image, options):
    found = predict_tiles(same, image, tile=64, **options)
    inner = np.s_[12:-12, 12:-12]
    np.testing.assert_allclose(found[inner], whole(same, image)[inner], atol=1e-5)
    assert found.std() > 0.05


def test_the_border_is_mirrored(same, image):
    """A wide margin makes each border pixel that of the mirrored image."""
    mirrored = np.pad(image, ((16, 16), (16, 16), (0, 0)), mode="reflect")
    expected = whole(same, mirrored)[16:-16, 16:-16]
    np.testing.assert_allclose(predict_tiles(same, image, tile=64), expected, atol=1e-5)


def test_unet_with_valid_padding(valid, image):
    mirrored = np.pad(image, ((92, 92 + 16), (92, 92 + 4), (0, 0)), mode="reflect")  # 400, 448
    mirrored = mirrored[:396, :444]
    expected = whole(valid, mirrored)[:200, :260]
    found = predict_tiles(valid, image, tile=252)  # predicts 68x68, and moves by 64
    assert found.shape == (200, 260, 2)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(found[..., 1]) > 0.01


def test_an_image_of_any_size_that_fits_into_a_tile(same, image):
    """It is padded by its mirror image to a multiple of 4 and cropped."""
    part = image[:50, :67]
    padded = np.pad(part, ((0, 2), (0, 1), (0, 0)), mode="reflect")
    expected = whole(same, padded)[:50, :67]
    np.testing.assert_allclose(predict_tiles(same, part), expected, atol=1e-6)
    np.testing.assert_allclose(predict_tiles(same, part[..., 0]), expected, atol=1e-6)
    assert predict_tiles(same, image[:1, :3]).shape == (1, 3, 3)


def test_only_the_first_output_decides(same, image):
    """The others may see less, or lie on a coarser grid, whatever their order in the graph."""
    early = layers.Conv2D(2, 1)(same.inputs[0])
    coarse = layers.MaxPooling2D(8)(early)
    model = keras.Model(same.inputs, [same.outputs[0], early, coarse])
    expected = predict_tiles(same, image[:100, :120], tile=64)
    np.testing.assert_array_equal(predict_tiles(model, image[:100, :120], tile=64), expected)


def test_a_coarser_output_of_a_network_with_valid_padding(image):
    x = inputs = keras.Input((None, None, 1))
    for _ in range(3):
        x = layers.Conv2D(2, 3, activation="relu")(x)
    model = keras.Model(inputs, [x, layers.MaxPooling2D()(x)])
    mirrored = np.pad(image[:90, :80], ((3, 3), (3, 3), (0, 0)), mode="reflect")
    expected = model.predict_on_batch(mirrored[None])[0][0]
    found = predict_tiles(model, image[:90, :80], tile=40)
    np.testing.assert_allclose(found, expected, atol=1e-6)


class Down(layers.Layer):
    """Means of 8x8 pixels."""

    def call(self, x):
        return keras.ops.average_pool(x, 8, 8)

    def compute_output_shape(self, shape):
        return (None, *(n and n // 8 for n in shape[1:3]), shape[-1])


class Centered(layers.Conv2D):
    """A convolution with kernels of mean 0."""

    def convolution_op(self, x, kernel):
        return super().convolution_op(x, kernel - keras.ops.mean(kernel, (0, 1, 2)))


def test_custom_layers_whose_steps_depend_on_the_size(image):
    """They are measured for tiles; whether the image is cut at multiples of 8 follows from that."""
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, layers.UpSampling2D(8)(Down()(inputs)))
    expected = whole(model, image[:200, :256])
    for tile in (56, 104):  # a quarter of neither is a multiple of 8
        found = predict_tiles(model, image[:200, :256], tile=tile)
        np.testing.assert_allclose(found, expected, atol=1e-6)
    valid = keras.Model(inputs, Centered(2, 3)(inputs))
    mirrored = np.pad(image[:70, :70], ((1, 1), (1, 1), (0, 0)), mode="reflect")
    found = predict_tiles(valid, image[:70, :70], tile=34)
    np.testing.assert_allclose(found, whole(valid, mirrored), atol=1e-6)


def test_a_unet_takes_any_size():
    model = kc.build_unet(width=1 / 64, padding="same", input_shape=(None, None, 1))
    part = np.random.default_rng(1).random((21, 45, 1))
    assert predict_tiles(model, part).shape == (21, 45, 2)


def test_overlapping_results_are_blended():
    """Tiles that return their own mean: the result rises linearly where two of them overlap."""
    inputs = keras.Input((8, 8, 1))
    mean = layers.GlobalAveragePooling2D(keepdims=True)(inputs)
    model = keras.Model(inputs, layers.UpSampling2D(8)(mean))
    image = np.zeros((8, 12, 1))
    image[:, 8:] = 1
    with pytest.warns(UserWarning, match="each tile of 8x8 pixels differs from the whole image"):
        found = predict_tiles(model, image, margin=0, overlap=4)
    assert found.shape == (8, 12, 1)
    np.testing.assert_allclose(found[3, :4], 0)
    np.testing.assert_allclose(found[3, 4:8, 0], 0.5 * np.arange(1, 5) / 5, rtol=1e-5)
    np.testing.assert_allclose(found[3, 8:], 0.5)


def test_only_a_batch_of_tiles_is_seen_at_once(same, image, tmp_path):
    seen = []
    model = keras.Model(same.inputs, same.outputs)
    model.predict_on_batch = lambda batch: seen.append(batch.shape) or same.predict_on_batch(batch)
    path = tmp_path / "image.npy"
    np.save(path, image)
    found = predict_tiles(model, np.load(path, mmap_mode="r"), tile=64, margin=12, batch_size=4)
    expected = predict_tiles(same, image, tile=64, margin=12)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert len(seen) == 9  # 5 by 7 tiles that predict 40x40, four at a time
    assert set(seen) == {(4, 64, 64, 1), (3, 64, 64, 1)}


@pytest.mark.parametrize(
    ("shape", "options", "words"),
    [
        ((60, 60, 3), {}, r"image must be one image \(H, W, 1\) or \(H, W\).*\(60, 60, 3\)"),
        ((1, 60, 60, 1), {}, "image must be one image"),
        ((0, 60, 1), {}, "image must be one image"),
        ((60, 60, 1), {"tile": 50}, "images must have a size.*Use 48x48 or 52x52"),
        ((60, 60, 1), {"tile": 0}, "tile must be"),
        ((90, 90, 1), {"tile": 64, "margin": 32}, "tile must be larger than both margins of 32"),
        ((90, 90, 1), {"tile": 64, "overlap": 60}, "the overlap of 60"),
        ((60, 60, 1), {"margin": -1}, "margin must be"),
        ((60, 60, 1), {"batch_size": 0}, "batch_size must be"),
    ],
)
def test_what_does_not_fit_is_one_line(same, shape, options, words):
    with pytest.raises(ValueError, match=words) as error:
        predict_tiles(same, np.zeros(shape), **options)
    assert "\n" not in str(error.value)


def test_models_that_return_no_map(valid):
    with pytest.raises(ValueError, match="model must return a map"):
        predict_tiles(kc.build_lenet5(), np.zeros((28, 28)))
    grid = kc.build_yolov1(width=1 / 64, input_shape=(128, 128, 3))
    with pytest.raises(ValueError, match="model must return a map"):
        predict_tiles(grid, np.zeros((128, 128, 3)))
    with pytest.raises(ValueError, match="margin must be None for a model whose output lacks 92"):
        predict_tiles(valid, np.zeros((60, 60)), margin=3)
    fixed = kc.build_unet(width=1 / 64, padding="same", input_shape=(32, 32, 1))
    with pytest.raises(ValueError, match="tile must be 32x32 or None"):
        predict_tiles(fixed, np.zeros((60, 60)), tile=64)


def test_nan_and_images_too_dark_for_the_model(same):
    image = np.ones((60, 60))
    inputs = keras.Input((None, None, 1))
    levels = keras.Model(inputs, same(keras.layers.Rescaling(1 / 255)(inputs)))
    with pytest.warns(UserWarning, match=r"rescales 0 … 255 .* the pixels are in \[0, 1\]"):
        predict_tiles(levels, image, tile=64)
    image[50, 50] = np.nan
    with pytest.raises(ValueError, match="image must be finite; received NaN"):
        predict_tiles(same, image, tile=64)


def squeeze_and_excite(x):
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    return x * layers.Dense(4, "sigmoid", name="gate")(gate)


def attention(x):
    return layers.Attention(name="seen")(2 * [layers.Reshape((-1, 4))(x)])


def pyramid(x):
    return layers.Resizing(32, 32)(kc.layers.AdaptiveAveragePooling2D(2, name="seen")(x))


@pytest.mark.parametrize(
    ("inside", "named"),
    [
        (squeeze_and_excite, "global_average_pooling2d"),
        (lambda x: x - keras.ops.mean(x, axis=(1, 2), keepdims=True), "mean"),
        (layers.GroupNormalization(2, name="seen"), "seen"),
        (layers.LayerNormalization(axis=(1, 2, 3), name="seen"), "seen"),
        (lambda x: layers.Reshape((32, 32, 4))(attention(x)), "seen"),
        (lambda x: layers.Concatenate()([x, pyramid(x)]), "seen"),
        (layers.LayerNormalization(), None),
        (layers.BatchNormalization(), None),
        (layers.Conv2D(4, 3, padding="same", activation="softmax"), None),
        (lambda x: layers.Reshape((32, 32, 4))(layers.Softmax()(layers.Reshape((-1, 4))(x))), None),
        (lambda x: layers.UpSampling2D(32)(layers.Conv2D(4, 32, strides=32)(x)), None),
    ],
)
def test_layers_that_see_the_whole_tile_are_named(inside, named, image):
    """Their results differ from those of the whole image, unless it is one tile."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((32, 32, 1))
    x = layers.Conv2D(4, 3, padding="same")(inputs)
    seen = layers.GlobalMaxPooling2D()(x)  # of another output
    model = keras.Model(inputs, [layers.Conv2D(2, 1)(inside(x)), seen])
    one = np.asarray(model(image[None, :32, :32])[0])[0]
    np.testing.assert_allclose(predict_tiles(model, image[:32, :32]), one, atol=1e-5)
    if named is None:
        predict_tiles(model, image[:64, :64])
    else:
        words = rf"the layer '{named}\w*' computes with all .* 32x32 .*: pass a tile as large as"
        with pytest.warns(UserWarning, match=words) as told:
            predict_tiles(model, image[:64, :64])
        assert len(told) == 1


def deformable(x):
    """Read each value from as many rows below as the value says (Dai 2017, arXiv:1703.06211)."""
    rows = keras.ops.arange(32)[:, None, None] + keras.ops.cast(9 * x, "int32")
    return keras.ops.take_along_axis(x, keras.ops.clip(rows, 0, 31), axis=1)


def test_a_layer_of_unknown_field_is_named():
    """The margin cannot be chosen for it."""
    inputs = keras.Input((32, 32, 1))
    x = layers.Lambda(deformable, name="deformable")(inputs)
    model = keras.Model(inputs, layers.Conv2D(2, 1)(x))
    predict_tiles(model, np.zeros((32, 32)))
    words = "field of the layer 'deformable' is unknown, so a tile of 32x32 pixels may be too small"
    with pytest.warns(UserWarning, match=words):
        predict_tiles(model, np.zeros((32, 64)))


@pytest.mark.parametrize(("predict", "name"), [(predict_tiles, "image"), (predict_boxes, "images")])
def test_a_data_set_is_no_array(predict, name):
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(11, 1)])
    data = tf.data.Dataset.from_tensor_slices(np.zeros((2, 8, 8, 1), "float32")).batch(2)
    for one in (data, iter(data)):
        words = rf"{name} must be an array; received a \w+: pass the images"
        with pytest.raises(ValueError, match=words):
            predict(model, one)


def test_reversed_channels_are_no_unknown_field(recwarn):
    """Those of `preprocess_input` in caffe mode, within the network."""
    x = keras.Input((None, None, 3))
    y = layers.Conv2D(2, 3, padding="same")(keras.applications.vgg16.preprocess_input(x))
    model, pixels = keras.Model(x, y), np.random.default_rng(0).random((70, 64, 3), "float32")
    made = predict_tiles(model, 255 * pixels, tile=32)
    assert not [w for w in recwarn if "unknown" in str(w.message)]
    inner = slice(8, -8)
    np.testing.assert_allclose(
        made[inner, inner], whole(model, 255 * pixels)[inner, inner], rtol=1e-4, atol=1e-3
    )


class Halved(keras.Model):
    """A subclassed model: nothing is known of its inputs, even if it was called."""

    def __init__(self):
        super().__init__()
        self.pool, self.up = layers.MaxPooling2D(2), layers.UpSampling2D(2)

    def call(self, x):
        return self.up(self.pool(x))


@pytest.mark.parametrize("predict", [predict_tiles, predict_boxes])
@pytest.mark.parametrize("kind", [Halved, keras.Sequential])
def test_models_without_a_graph_are_refused_in_one_line(predict, kind):
    model, image = kind(), np.zeros((8, 8, 1), "float32")
    if kind is Halved:
        model(image[None])
    how = (
        r"Use keras\.Model\(inputs, model\.call\(inputs\)\) with"
        if kind is Halved
        else "Call it on"
    )
    with pytest.raises(ValueError, match=how) as error:
        predict(model, image)
    assert "\n" not in str(error.value)


def test_the_advice_for_models_without_a_graph_works(image):
    model, x = Halved(), keras.Input((None, None, 1))
    made = predict_tiles(keras.Model(x, model.call(x)), image, tile=64)
    np.testing.assert_array_equal(made, whole(model, image))
