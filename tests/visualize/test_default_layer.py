"""Which maps are looked at where no layer is named; maps of sequences, volumes and frames."""

import re
import warnings

import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc
from kerascnn import visualize
from kerascnn._graph import flatten
from kerascnn.visualize._engine.layers import select_layer


def default(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return select_layer(flatten(model), None).name


def test_the_maps_before_the_closing_pooling():
    """As the papers and the peers take them; InceptionV3 on 75x75 pixels ends within a branch."""
    narrow = {"width": 1 / 16, "input_shape": (32, 32, 3)}
    assert default(kc.build_vgg16(**narrow)) == "block5_conv3"
    assert default(kc.build_lenet5()) == "c3"
    assert default(kc.build_resnet20()) == "conv4_block3_out"
    inception = keras.applications.InceptionV3(
        weights=None, include_top=False, pooling="avg", input_shape=(75, 75, 3)
    )
    assert default(inception) == "mixed7"
    assert default(kc.build_fcn8s(width=1 / 64)) == "upscore"


def test_a_mask_is_no_feature_map():
    """Keras computes the mask of `Masking` beside the layers that pass it on."""
    inputs = keras.Input((4, 1))
    steps = layers.Dense(3, name="steps")(layers.Masking()(inputs))
    sums = layers.Attention(name="attention")([steps, steps])
    scores = layers.Dense(4, "softmax")(layers.GlobalAveragePooling1D()(sums))
    assert default(keras.Model(inputs, scores)) == "attention"


@pytest.mark.parametrize(
    "pool", [layers.AdaptiveAveragePooling2D, kc.layers.AdaptiveAveragePooling2D]
)
def test_adaptive_pooling_closes_too(pool):
    inputs = keras.Input((9, 9, 1))
    maps = pool((2, 2))(layers.Conv2D(2, 3, name="conv")(inputs))
    assert default(keras.Model(inputs, layers.Dense(2)(layers.Flatten()(maps)))) == "conv"


def test_zeros_around_maps_are_no_features():
    """MobileNetV2 pads before its last strides, behind which images of 32 pixels are 1x1."""
    inputs = keras.Input((8, 8, 1))
    maps = layers.ZeroPadding2D(1)(
        layers.Conv2D(2, 3, strides=4, padding="same", name="maps")(inputs)
    )
    maps = layers.Conv2D(2, 4, activation="relu")(maps)
    assert default(keras.Model(inputs, layers.Dense(2)(layers.Flatten()(maps)))) == "maps"


def test_a_vector_beside_the_images_is_no_way_around():
    images, vector = keras.Input((9, 9, 1)), keras.Input((3,))
    maps = layers.Dropout(0.5)(layers.MaxPooling2D()(layers.Conv2D(2, 3, name="conv")(images)))
    joined = layers.Concatenate()([layers.Flatten()(maps), vector])
    assert default(keras.Model([images, vector], layers.Dense(2)(joined))) == "conv"


@pytest.mark.parametrize("shape", [(81,), (9, 9)])
def test_flattened_images_become_maps(shape):
    inputs = keras.Input(shape)
    maps = layers.Conv2D(2, 3, name="conv")(layers.Reshape((9, 9, 1))(inputs))
    assert default(keras.Model(inputs, layers.Dense(2)(layers.Flatten()(maps)))) == "conv"


@pytest.mark.parametrize(
    "begin",
    [
        layers.Rescaling(1 / 255),
        layers.GaussianNoise(0.1),
        layers.Normalization(mean=0.5, variance=2.0),
        lambda x: x / 255,
        lambda x: keras.ops.pad(x, [[0, 0], [1, 1], [1, 1]]),
    ],
)
def test_images_without_channels_are_prepared_first(begin):
    """What lies before the first convolution is no sequence of feature vectors."""
    inputs = keras.Input((9, 9))
    begun = keras.ops.expand_dims(begin(inputs), -1)
    maps = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3, name="conv")(begun))
    assert default(keras.Model(inputs, layers.Dense(2)(maps))) == "conv"


def test_the_space_of_the_last_convolutions_counts():
    volume = keras.Input((6, 7, 8))
    maps = layers.Conv3D(2, 3, name="conv")(layers.Reshape((6, 7, 8, 1))(2 * volume))
    flat = layers.Flatten()(maps)
    assert default(keras.Model(volume, layers.Dense(2)(flat))) == "conv"
    sequence = keras.Input((12, 3))
    picture = layers.Reshape((10, 4, 1))(layers.Conv1D(4, 3)(sequence))
    flat = layers.Flatten()(layers.Conv2D(2, 3, name="conv2d")(picture))
    assert default(keras.Model(sequence, layers.Dense(2)(flat))) == "conv2d"
    frames = keras.Input((5, 9, 9, 1))
    flat = layers.Flatten()(layers.ConvLSTM2D(2, 3, name="last")(frames / 255))
    assert default(keras.Model(frames, layers.Dense(2)(flat))) == "last"


def closed_by(close):
    inputs = keras.Input((9, 10, 1))
    maps = layers.Conv2D(3, 3, activation="relu", name="conv")(inputs)
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(close(maps))))


CLOSING = {
    "permuted": layers.Permute((3, 1, 2)),
    "transposed": lambda x: keras.ops.transpose(x, (0, 3, 1, 2)),
    "moved": lambda x: keras.ops.moveaxis(x, -1, 1),
    "by a function": layers.Lambda(lambda x: keras.ops.transpose(x, (0, 3, 1, 2))),
    "permuted and normalized": lambda x: layers.BatchNormalization(axis=1)(
        layers.Permute((3, 1, 2))(x)
    ),
    "columns as time": layers.Permute((2, 1, 3)),
    "transposed in space": lambda x: keras.ops.swapaxes(x, 1, 2),
    "transposed by a function": layers.Lambda(lambda x: keras.ops.transpose(x, (0, 2, 1, 3))),
    "mirrored": lambda x: keras.ops.flip(x, 2),
    "sliced backwards": lambda x: x[:, ::-1],
    "turned": lambda x: keras.ops.rot90(x, 1, (1, 2)),
    "max_pool": lambda x: keras.ops.max_pool(x, 2, 2),
    "average_pool": lambda x: keras.ops.average_pool(x, 2, 2),
    "pooled and normalized": lambda x: layers.BatchNormalization()(layers.MaxPooling2D()(x)),
    "pooled and rectified": lambda x: layers.Activation("relu")(layers.MaxPooling2D()(x)),
    "GeM": lambda x: keras.ops.average_pool(x**3, 2, 2) ** (1 / 3),
    "GeM of everything": lambda x: layers.GlobalAveragePooling2D()(x**3) ** (1 / 3),
}


@pytest.mark.parametrize("close", CLOSING)
def test_what_closes_the_maps(close):
    """Pooling, also in `keras.ops`, and axes that are permuted as another library flattens them."""
    assert default(closed_by(CLOSING[close])) == "conv"


@pytest.mark.parametrize(
    ("close", "last"),
    [
        (lambda x: layers.ReLU(name="last")(layers.BatchNormalization()(x)), "last"),
        (lambda x: layers.Permute((2, 3, 1), name="back")(layers.Permute((3, 1, 2))(x)), "back"),
        (lambda x: layers.Permute((2, 1, 3), name="back")(layers.Permute((2, 1, 3))(x)), "back"),
        (lambda x: keras.ops.flip(layers.ReLU(name="last")(x), 3), "flip"),  # channels
        (lambda x: layers.Cropping2D(1, name="last")(x), "last"),
        (layers.Lambda(lambda x: 1 - x, name="last"), "last"),  # it falls, but is not mirrored
        (layers.Lambda(lambda x: keras.ops.exp(-x * x), name="last"), "last"),
        (
            lambda x: layers.Reshape((7, 8, 3), name="shuffled")(
                layers.Permute((1, 2, 4, 3))(layers.Reshape((7, 8, 3, 1))(x))
            ),
            "shuffled",
        ),
        (lambda x: layers.AveragePooling2D(2)(x**2), "power"),
    ],
)
def test_what_does_not_close_the_maps(close, last):
    assert default(closed_by(close)).startswith(last)


def test_mixed_positions_keep_their_channels():
    """A dense layer over the positions does not make channels of them."""
    inputs = keras.Input((8, 4))
    steps = layers.Conv1D(5, 3, name="conv")(inputs)
    mixed = layers.Dense(6)(layers.Permute((2, 1))(steps))
    back = layers.Permute((2, 1), name="back")(mixed)
    assert default(keras.Model(inputs, layers.Dense(2)(layers.Flatten()(back)))) == "back"


def test_a_custom_layer_is_no_preparation():
    class Block(layers.Layer):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(2, 3)

        def call(self, x):
            return self.conv(x)

    inputs = keras.Input((9, 9, 1))
    maps = layers.ReLU(name="last")(Block()(layers.Rescaling(2.0)(inputs)))
    scores = layers.Dense(2)(layers.GlobalAveragePooling2D()(maps))
    assert default(keras.Model(inputs, scores)) == "last"


class Patches(layers.Layer):
    def call(self, x):
        patches = keras.ops.image.extract_patches(x, size=8)
        return keras.ops.reshape(patches, (keras.ops.shape(x)[0], 4, 192))


class Prepared(keras.Model):
    """Layers that only prepare images, called as one."""

    def __init__(self):
        super().__init__()
        self.flip = layers.RandomFlip("horizontal")
        self.scale = layers.BatchNormalization()

    def call(self, x, training=False):
        return self.scale(self.flip(x, training=training))


class Whole(keras.Model):
    """A network whose maps are not seen from outside."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = layers.Conv2D(2, 3), layers.Dense(2)

    def call(self, x):
        return self.head(layers.Flatten()(self.conv(x)))


FRONTS = {
    "nothing": lambda x: x,
    "Rescaling": layers.Rescaling(1 / 255),
    "Dropout": layers.Dropout(0.5),
    "RandomFlip": layers.RandomFlip("horizontal"),
    "RandomZoom": layers.RandomZoom(0.1),
    "RandomCrop": layers.RandomCrop(16, 16),
    "RandomContrast": layers.RandomContrast(0.1),
    "Resizing": layers.Resizing(16, 16),
    "padded": lambda x: layers.Cropping2D(1)(layers.ZeroPadding2D(1)(x)),
    "pooled": lambda x: layers.UpSampling2D()(layers.MaxPooling2D()(x)),
    "preprocess_input": keras.applications.vgg16.preprocess_input,
    "a mean": lambda x: layers.Average()([x, 2 * x]),
    "a nested model": keras.Sequential(
        [layers.Normalization(mean=0.5, variance=2.0), layers.RandomRotation(0.1)]
    ),
    "a pipeline": layers.Pipeline([layers.Rescaling(2.0), layers.RandomFlip()]),
    "a subclass": Prepared(),
    "a function": layers.Lambda(lambda x: x / 255),
}


@pytest.mark.parametrize("front", FRONTS)
def test_prepared_images_are_no_maps(front):
    """Whatever is in front, the tokens behind it are, and pixels alone are refused."""
    inputs = keras.Input((16, 16, 3))
    images = FRONTS[front](inputs)
    tokens = layers.Dense(4, activation="gelu", name="tokens")(Patches()(images))
    scores = layers.Dense(2)(layers.GlobalAveragePooling1D()(tokens))
    assert default(keras.Model(inputs, scores)) == "tokens"
    for closed in (layers.Dense(2)(layers.Flatten()(images)), Whole()(images)):
        with pytest.raises(ValueError, match="must have a layer with feature maps"):
            default(keras.Model(inputs, closed))


def test_each_of_two_images_ends_before_its_pooling():
    """As the maps of one image do."""
    encoder = keras.Sequential(
        [keras.Input((12, 12, 1)), layers.Conv2D(3, 3, name="conv"), layers.MaxPooling2D()],
        name="encoder",
    )
    both = [keras.Input((12, 12, 1)), keras.Input((12, 12, 1))]
    codes = layers.Concatenate()([layers.Flatten()(encoder(x)) for x in both])
    model = keras.Model(both, layers.Dense(2)(codes))
    with pytest.warns(UserWarning, match="one of 'encoder:0/conv', 'encoder:1/conv'"):
        assert select_layer(flatten(model), None).name == "encoder:1/conv"


def test_maps_inside_a_subclassed_model_are_reached_by_its_call():
    inputs, whole = keras.Input((16, 16, 3)), Whole()
    said = rf"none outside '{whole.name}', .* Build the model from what its call\(inputs\) returns"
    with pytest.raises(ValueError, match=said):
        default(keras.Model(inputs, whole(inputs)))
    assert default(keras.Model(inputs, whole.call(inputs))) == whole.conv.name


def test_what_learns_is_no_preparation():
    inputs = keras.Input((16, 16, 3))
    branches = [
        layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3, name=name)(x))
        for name, x in (("one", inputs), ("other", layers.RandomFlip("horizontal")(inputs)))
    ]
    model = keras.Model(inputs, layers.Dense(2)(layers.Concatenate()(branches)))
    with pytest.warns(UserWarning, match="'one', 'other'"):
        assert select_layer(flatten(model), None).name in ("one", "other")
    fixed = keras.ops.conv(inputs, np.ones((3, 3, 3, 2), "float32"))  # a kernel that stays
    assert default(keras.Model(inputs, layers.Dense(2)(layers.Flatten()(fixed)))).startswith("conv")


def test_maps_with_channels_elsewhere_are_refused(rng):
    model, x = closed_by(layers.Permute((3, 1, 2), name="moved")), rng.random((1, 9, 10, 1))
    expected = visualize.grad_cam(model, x, 1, "conv")
    np.testing.assert_array_equal(visualize.grad_cam(model, x, 1), expected)
    with pytest.raises(ValueError, match=r"'moved' has them on axis 1 .* such as 'conv'"):
        visualize.grad_cam(model, x, 1, "moved")


def test_maps_that_are_transposed_are_refused(rng):
    """As columns that are read as time: their heatmap would lie across the image."""
    columns = layers.Permute((2, 1, 3), name="columns")
    model, x = closed_by(lambda y: layers.ReLU(name="relu")(columns(y))), rng.random((1, 9, 10, 1))
    for name, by in (("columns", ""), ("relu", " by 'columns'")):
        message = f"'{name}' are transposed or mirrored{by}. Choose a layer before, such as 'conv'."
        for method in (visualize.grad_cam, visualize.score_cam, visualize.guided_grad_cam):
            with pytest.raises(ValueError, match=re.escape(message)):
                method(model, x, 1, name)


def test_a_gate_that_is_transposed_moves_no_maps(rng):
    """As in coordinate attention (Hou et al. 2021), where means of rows gate the columns."""

    def gated(x):
        rows, columns = (keras.ops.mean(x, axis, keepdims=True) for axis in (2, 1))
        both = keras.ops.concatenate([rows, layers.Permute((2, 1, 3))(columns)], 1)
        mixed = layers.Conv2D(3, 1)(both)
        gate = layers.Permute((2, 1, 3))(mixed[:, x.shape[1] :])
        return layers.Multiply(name="gated")([gate, x])

    assert default(closed_by(gated)) == "gated"


def test_a_sequence_that_is_returned_backwards_is_refused(rng):
    inputs = keras.Input((9, 2))
    steps = layers.Conv1D(3, 3, name="conv")(inputs)
    steps = layers.LSTM(4, return_sequences=True, go_backwards=True, name="lstm")(steps)
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling1D()(steps)))
    with pytest.raises(ValueError, match=r"'lstm' are transposed or mirrored.*'conv'"):
        visualize.grad_cam(model, rng.random((1, 9, 2)), 1, "lstm")
    assert default(model) == "conv"


def test_images_that_are_transposed_first(rng):
    """All maps lie across the images; they are right, but must not be laid over them."""
    inner = closed_by(layers.ReLU(name="relu"))
    inputs = keras.Input((10, 9, 1))
    model = keras.Model(inputs, inner(layers.Permute((2, 1, 3), name="columns")(inputs)))
    x = rng.random((1, 10, 9, 1)).astype("float32")
    with pytest.warns(UserWarning, match=r"relu' are transposed or mirrored by 'columns'"):
        ours = visualize.grad_cam(model, x, 1)
    expected = visualize.grad_cam(inner, x.transpose(0, 2, 1, 3), 1)
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-7)
    for method in (visualize.score_cam, visualize.guided_grad_cam):
        with pytest.raises(ValueError, match="Explain the model behind 'columns'"):
            method(model, x, 1)


SPACES = {
    "sequence": ((20, 3), layers.Conv1D, layers.GlobalAveragePooling1D),
    "volume": ((5, 7, 6, 2), layers.Conv3D, layers.GlobalAveragePooling3D),
    "frames": (
        (4, 7, 6, 2),
        lambda *options, **more: layers.TimeDistributed(layers.Conv2D(*options, **more)),
        layers.GlobalAveragePooling3D,
    ),
}


@pytest.mark.parametrize("space", SPACES)
def test_grad_cam_in_any_space(space, rng):
    """Selvaraju's equations 1 and 2 on the tape's gradient; the mean is over all positions."""
    import tensorflow as tf

    shape, convolution, pooling = SPACES[space]
    inputs = keras.Input(shape)
    maps = convolution(4, 3, activation="relu")(inputs)
    model = keras.Model(inputs, layers.Dense(3)(pooling()(maps)))
    both, x = keras.Model(inputs, [maps, model.output]), rng.random((2, *shape), "float32")
    with tf.GradientTape() as tape:
        a, scores = both(x)
        score = tf.reduce_sum(scores[:, 1])
    g = tape.gradient(score, a).numpy()
    places = tuple(range(1, g.ndim - 1))
    expected = np.maximum((g.mean(axis=places, keepdims=True) * a.numpy()).sum(axis=-1), 0)
    np.testing.assert_allclose(visualize.grad_cam(model, x, 1), expected, rtol=1e-5, atol=1e-7)
    expected = np.maximum((np.maximum(g, 0) * a.numpy()).sum(axis=-1), 0)
    np.testing.assert_allclose(visualize.layer_cam(model, x, 1), expected, rtol=1e-5, atol=1e-7)
    signed = visualize.saliency(model, x, 1, reduce=None)
    np.testing.assert_array_equal(visualize.saliency(model, x, 1), np.abs(signed).max(axis=-1))
    with pytest.raises(ValueError, match="must take images"):
        visualize.guided_grad_cam(model, x, 1)


ENLARGED = {
    "upsampled": lambda x: layers.Softmax()(layers.UpSampling2D(4, interpolation="bilinear")(x)),
    "upsampled last": lambda x: layers.UpSampling2D(4)(layers.Softmax()(x)),
    "resized": lambda x: keras.ops.image.resize(x, (32, 32)),
    "by a layer": lambda x: layers.Activation("sigmoid")(layers.Resizing(32, 32)(x)),
    "in one row": lambda x: layers.Softmax()(layers.Reshape((1024, 4))(layers.UpSampling2D(4)(x))),
    "scaled": lambda x: layers.Softmax()(x / 2),
    "normalized": lambda x: layers.Softmax()(layers.BatchNormalization()(x)),
}


@pytest.mark.parametrize("end", ENLARGED)
def test_scores_that_are_enlarged_are_no_feature_maps(end):
    """As in DeepLab and SegNet: Grad-CAM of the scores would show the scores."""
    inputs = keras.Input((32, 32, 3))
    maps = layers.Conv2D(8, 3, strides=4, padding="same", activation="relu", name="maps")(inputs)
    scores = layers.Conv2D(4, 1, name="scores")(maps)
    assert default(keras.Model(inputs, ENLARGED[end](scores))) == "maps"


def transformer(embed):
    inputs = keras.Input((16, 16, 3))
    x = layers.Reshape((16, 8))(embed(inputs))
    for i in range(2):
        x = layers.Add(name=f"sum{i}")([x, layers.MultiHeadAttention(2, 4)(x, x)])
    scores = layers.Dense(3)(layers.GlobalAveragePooling1D()(x))
    return keras.Model(inputs, scores)


def test_a_linear_embedding_of_patches_is_no_feature_map(rng):
    """As in ViT (Dosovitskiy et al. 2021), where a convolution cuts and projects the patches."""
    model = transformer(layers.Conv2D(8, 4, strides=4))
    assert default(model) == "sum1"
    with pytest.warns(UserWarning, match=r"of 'sum1', are tokens .* Set reshape"):
        assert visualize.grad_cam(model, rng.random((1, 16, 16, 3)), 1).shape == (1, 16)
    convolutions = [layers.Conv2D(8, 4, strides=4, activation="relu", name="maps")]
    assert default(transformer(keras.Sequential([*convolutions]))).endswith("maps")


def test_methods_that_need_maps_take_the_embedding(rng):
    images = rng.random((1, 16, 16, 3))
    model = transformer(layers.Conv2D(8, 4, strides=4, name="patches"))
    expected = visualize.score_cam(model, images, 1, "patches")
    np.testing.assert_array_equal(visualize.score_cam(model, images, 1), expected)


@pytest.mark.parametrize("features", [True, False])
def test_features_that_are_enlarged_are_no_scores(features):
    """Of a network that returns them, or whose classes are theirs."""
    x = inputs = keras.Input((16, 16, 3))
    for name in ("first", "second"):
        x = layers.Conv2D(4, 3, activation="relu", name=name)(x)
    x = layers.UpSampling2D(2)(x)
    model = keras.Model(inputs, x if features else layers.Softmax()(x))
    assert default(model) == "second"


@pytest.mark.parametrize("name", ["grad_cam", "ablation_cam", "eigen_cam"])
def test_tokens_are_meant_if_they_are_reshaped(name, rng):
    model = transformer(layers.Conv2D(8, 4, strides=4, activation="relu"))
    method, images = getattr(visualize, name), rng.random((1, 16, 16, 3))
    expected = method(model, images, layer="sum1", reshape=(4, 4))
    np.testing.assert_array_equal(method(model, images, reshape=(4, 4)), expected)
    assert expected.shape == (1, 4, 4)
