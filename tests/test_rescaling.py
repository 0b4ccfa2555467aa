"""Models that begin by rescaling 0 … 255, however that is written."""

import warnings

import keras
import numpy as np
import pytest
from keras import applications, layers

from kerascnn import visualize
from kerascnn._graph import flatten
from kerascnn._rescaling import rescaling_layer, rescaling_of, warn_of_levels


class Centered(layers.Layer):
    """A layer that subtracts a mean, which it keeps as a weight."""

    def __init__(self, mean, trainable=False, **options):
        super().__init__(**options)
        start = keras.initializers.Constant(mean)
        self.mean = self.add_weight((3,), start, trainable=trainable)

    def call(self, x):
        return x - self.mean


def less_its_mean(x):
    return x - keras.ops.mean(x, (1, 2, 3), keepdims=True)


class Scale(layers.Layer):
    """A layer of the user's own."""

    def call(self, x):
        return x / 255


def found(*steps, size=(8, 8, 3)):
    """The layer that is found behind an input, before a convolution."""
    inputs = x = keras.Input(size)
    for step in steps:
        x = step(x)
    model = keras.Model(inputs, layers.Conv2D(2, 3, name="conv")(x))
    graph = flatten(model)
    node = rescaling_of(graph, graph.inputs[0])
    return node and node.name


def learnt():
    """A Normalization that has seen pictures of 0 … 255."""
    layer = layers.Normalization(name="own")
    layer.adapt(np.random.default_rng(0).uniform(0, 255, (4, 8, 8, 3)))
    return layer


def seen(mean, deviation, **weights):
    """A BatchNormalization that has seen images with a certain mean and deviation."""
    layer = layers.BatchNormalization(name="own")
    layer.build((None, 8, 8, 3))
    for name, value in {
        "moving_mean": mean,
        "moving_variance": deviation**2,
        **weights,
    }.items():
        getattr(layer, name).assign(np.full(3, value))
    return layer


def augmenting(name):
    """A layer of Keras that newer versions have, or one that does nothing."""
    return getattr(layers, name, layers.Identity)()


@pytest.mark.parametrize(
    "steps",
    [
        [layers.Rescaling(1 / 255, name="own")],
        [layers.RandAugment((0, 255)), layers.Rescaling(1 / 255, name="own")],
        *(
            [augmenting(name), layers.Rescaling(1 / 255, name="own")]
            for name in ("AugMix", "MixUp", "CutMix", "AutoContrast", "Solarization")
        ),
        [layers.AveragePooling2D(2), layers.Rescaling(1 / 255, name="own")],
        [layers.MaxPooling2D(2), layers.Rescaling(1 / 255, name="own")],
        [lambda x: keras.ops.max_pool(x, 2), layers.Rescaling(1 / 255, name="own")],
        [layers.Pipeline([layers.RandomFlip(), layers.Rescaling(1 / 255)], name="own")],
        [layers.Pipeline([layers.RandomFlip()]), layers.Rescaling(1 / 255, name="own")],
        [seen(110, 60)],
        [seen(110, 60, gamma=4, beta=7)],
        [layers.Rescaling(1 / 127.5, -1, name="own")],
        [layers.RandomFlip(), layers.Resizing(8, 8), layers.Rescaling(1 / 255, name="own")],
        [layers.GaussianNoise(0.1), layers.Rescaling(1 / 255, name="own")],
        [learnt()],
        [layers.Normalization(mean=[123.0] * 3, variance=[3400.0] * 3, name="own")],
        [layers.Lambda(lambda x: x / 255, name="own")],
        [Scale(name="own")],
        [Centered(110.0, name="own")],
        [lambda x: keras.ops.expand_dims(x, -1)[..., 0], layers.Rescaling(1 / 255, name="own")],
        [keras.Sequential([layers.Rescaling(1 / 255, name="own")], name="nested")],
        [lambda x: keras.ops.image.resize(x, (12, 12)), layers.Rescaling(1 / 255, name="own")],
        [lambda x: layers.Concatenate()([x, x]), layers.Rescaling(1 / 255, name="own")],
        [lambda x: keras.ops.repeat(x[..., :1], 3, axis=-1), layers.Rescaling(1 / 255, name="own")],
        [keras.ops.image.rgb_to_grayscale, layers.Rescaling(1 / 255, name="own")],
        [lambda x: keras.ops.mean(x, -1, keepdims=True), layers.Rescaling(1 / 255, name="own")],
        [layers.Activation("linear"), layers.Rescaling(1 / 255, name="own")],
        # the data's own statistics behind it do not make it a model of pictures in [0, 1]
        [layers.Rescaling(1 / 255, name="own"), layers.Normalization(mean=0.5, variance=0.1)],
    ],
)
def test_layers_that_rescale(steps):
    assert found(*steps).rpartition("/")[-1] == "own"


@pytest.mark.parametrize(
    "network", ["mobilenet_v2", "vgg16", "resnet_v2", "densenet"], ids=lambda name: name
)
def test_what_keras_prepares_in_the_graph(network):
    """Three kinds: to [-1, 1], from which means are subtracted, and to [0, 1] first."""
    assert found(getattr(applications, network).preprocess_input) is not None


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [layers.Rescaling(2.0, -1)],
        [layers.Rescaling(255.0), layers.Rescaling(1 / 255)],  # together nothing
        [layers.Normalization(mean=0.5, variance=0.1)],
        [layers.BatchNormalization()],
        [seen(0.5, 0.3, gamma=0.01)],  # weights say nothing of the images
        [layers.Pipeline([layers.RandomFlip(), layers.Rescaling(2.0, -1)])],
        [layers.AveragePooling2D(2)],
        [layers.ZeroPadding2D(2), layers.RandomFlip()],
        [layers.Conv2D(3, 3), layers.Rescaling(1 / 255)],
        [Centered(0.5)],
        [Centered(110.0, trainable=True)],  # a bias that is learned says nothing of the images
        [less_its_mean],
        [lambda x: less_its_mean(x) / (keras.ops.std(x, (1, 2, 3), keepdims=True) + 1e-3)],
        [layers.Lambda(lambda x: x[:, 1:] - x[:, :-1])],  # edges: black and white give none
    ],
)
def test_layers_that_take_0_to_1(steps):
    assert found(*steps) is None


def test_the_mean_of_each_image_is_subtracted_first():
    """Black and white are alike then."""
    assert found(less_its_mean, layers.Rescaling(1 / 255)) is not None


def test_images_that_are_clipped_first():
    assert found(lambda x: keras.ops.clip(x, 0, 255) / 255).startswith("clip")
    assert found(lambda x: keras.ops.clip(x, 0, 1)) is None


def test_frames_may_be_rescaled():
    inputs = keras.Input((4, 8, 8, 3))
    frames = layers.TimeDistributed(layers.Rescaling(1 / 255), name="own")(inputs)
    graph = flatten(keras.Model(inputs, layers.Conv3D(2, 3)(frames)))
    assert rescaling_of(graph, graph.inputs[0]).name == "own"


def test_a_size_may_be_free():
    assert found(layers.Rescaling(1 / 255, name="own"), size=(None, None, 1)) == "own"


def test_networks_of_keras_carry_it():
    model = applications.MobileNetV3Small(weights=None, input_shape=(32, 32, 3), minimalistic=True)
    inputs = keras.Input((32, 32, 3))
    nested = keras.Model(inputs, model(inputs))
    with pytest.warns(UserWarning, match=r"in its layer 'MobileNetV3Small/rescaling.*\(0, 255\)"):
        warn_of_levels(nested, np.full((1, 32, 32, 3), 0.5))


def test_methods_warn_too():
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(2, 3, name="conv")(layers.Rescaling(1 / 255, name="scale")(inputs))
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(x))
    images = np.full((1, 8, 8, 1), 0.5, "float32")
    with pytest.warns(UserWarning, match="in its layer 'scale', but the images are in"):
        visualize.activations(model, images, "conv")
    visualize.activations(model, 255 * images, "conv")  # without a word


def test_a_layer_that_is_changed_is_looked_at_again():
    scale = layers.Rescaling(1.0)
    model = keras.Sequential([keras.Input((8, 8, 3)), scale, layers.Conv2D(2, 3)])
    images = np.ones((1, 8, 8, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_levels(model, images)
    scale.scale = 1 / 255
    with pytest.warns(UserWarning, match="0 … 255"):
        warn_of_levels(model, images)


def test_statistics_that_have_been_learned_are_looked_at_again():
    norm = seen(0.5, 0.3)
    model = keras.Sequential([keras.Input((8, 8, 3)), norm, layers.Conv2D(2, 3)])
    assert rescaling_layer(model) is None
    norm.moving_mean.assign([110.0] * 3)
    assert rescaling_layer(model) == "own"


def test_each_input_of_images_is_looked_at():
    """Numbers beside the images have a scale of their own."""
    left, right, age = (keras.Input(shape) for shape in [(8, 8, 1), (8, 8, 1), (1,)])
    scaled = layers.Rescaling(1 / 255, name="scale")(right)
    old = layers.Normalization(mean=50.0, variance=400.0)(age)
    pooled = [layers.Flatten()(layers.Conv2D(2, 3)(x)) for x in (left, scaled)]
    model = keras.Model([left, right, age], layers.Dense(2)(layers.Concatenate()([*pooled, old])))
    images, ages = np.full((1, 8, 8, 1), 0.5, "float32"), np.ones((1, 1), "float32")
    with pytest.warns(UserWarning, match="in its layer 'scale', but the images are in"):
        visualize.saliency(model, [images, images, ages], 0)
    visualize.saliency(model, [images, 255 * images, ages], 0)  # without a word


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.full((1, 8, 8, 1), 0.5), r"are in \[0, 1\], .* pass 255 \* images, and input_range"),
        (np.linspace(-1, 1, 64), r"are in \[-1, 1\], .* pass 127.5 \* \(images \+ 1\), and input_"),
    ],
)
def test_the_warning_says_what_came_and_what_to_pass(images, words):
    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, layers.Conv2D(2, 3)(layers.Rescaling(1 / 255)(inputs)))
    with pytest.warns(UserWarning, match=words):
        warn_of_levels(model, images.reshape(1, 8, 8, 1).astype("float32"))


def test_nothing_is_said_where_nothing_is_known():
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, layers.Conv2D(2, 3)(layers.Rescaling(1 / 255)(inputs)))

    class Subclassed(keras.Model):
        def call(self, x):
            return x

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_levels(model, np.full((1, 8, 8, 3), 128.0))
        warn_of_levels(model, np.zeros((1, 8, 8, 3)))  # black is black
        warn_of_levels(model, np.linspace(-900, 1, 192).reshape(1, 8, 8, 3))  # Hounsfield units
        warn_of_levels(Subclassed(), np.full((1, 8, 8, 3), 0.5))
