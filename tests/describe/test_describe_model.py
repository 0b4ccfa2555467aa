"""The description against numbers of the papers, and against itself."""

import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc


@pytest.fixture(scope="module")
def resnet(no_values):
    with no_values():
        return keras.applications.ResNet50(weights=None)


@pytest.fixture(scope="module")
def described_resnet(resnet):
    return kc.describe(resnet)


@pytest.fixture(scope="module")
def vgg16(no_values):
    """VGG16 without its top, whose input size is free."""
    with no_values():
        return kc.build_vgg16(include_top=False)


@pytest.fixture(scope="module")
def branches():
    """Two branches that meet: one shifted by a valid convolution, one strided alike."""
    inputs = keras.Input((17, 17, 2))
    one = layers.Conv2D(4, 3, strides=2, name="three")(inputs)
    other = layers.Conv2D(4, 1, strides=2, name="one")(layers.Cropping2D(((0, 1), (0, 1)))(inputs))
    return keras.Model(inputs, layers.Add(name="meet")([one, other]), name="branches")


def record(description, name):
    return next(r for r in description.layers if r.name == name)


def test_multiply_adds_by_hand():
    model = keras.Sequential([
        keras.Input((8, 6, 2)),
        layers.Conv2D(5, (3, 1), strides=2, padding="same"),  # 4x3 places, 3·1·2 taps
        layers.Conv2D(4, 2, padding="valid"),  # 3x2 places, 2·2·5 taps
        layers.Flatten(),
        layers.Dense(7),
    ])  # fmt: skip
    macs = 4 * 3 * (3 * 1 * 2) * 5 + 3 * 2 * (2 * 2 * 5) * 4 + (3 * 2 * 4) * 7
    assert kc.describe(model).macs == macs


def test_lenet5():
    """LeCun 1998 with full connections: the numbers of the table, by hand."""
    description = kc.describe(kc.build_lenet5())
    assert [(r.name, r.parameters) for r in description.layers if r.parameters] == [
        ("c1", 156), ("c3", 2_416), ("c5", 48_120), ("f6", 10_164), ("predictions", 850),
    ]  # fmt: skip
    assert description.macs == 28**2 * 6 * 25 + 10**2 * 16 * 150 + 400 * 120 + 120 * 84 + 840
    assert [r.receptive_field for r in description.layers[1:6]] == [5, 6, 14, 16, 32]
    assert [r.stride_product for r in description.layers[1:6]] == [1, 2, 2, 4, 4]
    assert record(description, "f6").receptive_field == 32  # of c5's only place; 28 are the image
    assert record(description, "f6").stride_product is None


@pytest.mark.parametrize(("rows", "columns"), [(24, 24), (25, 30)])
def test_a_dense_layer_sees_what_a_convolution_over_all_positions_sees(rows, columns):
    """Long et al. 2015, section 3.1: dense layers are convolutions whose kernels cover the maps."""
    image = keras.Input((rows, columns, 3))
    maps = keras.layers.Conv2D(4, 5, strides=2, padding="same")(image)
    maps = keras.layers.MaxPooling2D(3, strides=2, padding="same")(maps)
    dense = keras.layers.Dense(5)(keras.layers.Flatten()(maps))
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    covering = keras.layers.Conv2D(5, maps.shape[1:3])(maps)
    fields = [
        kc.describe(keras.Model(image, x)).layers[-1].receptive_field
        for x in (dense, pooled, covering)
    ]
    assert fields[0] == fields[1] == fields[2]


@pytest.mark.parametrize(("name", "pixels"), [("alexnet", 355), ("vgg16", 404), ("googlenet", 907)])
def test_receptive_fields_of_classifiers(name, pixels, no_values):
    """Long et al. 2015, arXiv:1411.4038, Table 1, "rf size"."""
    with no_values():
        model = kc.models.build(name)
    assert kc.describe(model).layers[-1].receptive_field == pixels


def test_lenet5_of_1998():
    """LeCun et al. 1998, section II.B: 340,908 connections, 60,000 trainable parameters."""
    description = kc.describe(kc.build_lenet5(variant="1998"))
    assert description.connections == 340_908
    assert description.trainable_parameters == 60_000
    connections = {r.name: r.connections for r in description.layers if r.connections}
    assert connections == {
        "c1": 122_304, "s2": 5_880, "c3": 151_600, "s4": 2_000, "c5": 48_120, "f6": 10_164,
        "predictions": 840,
    }  # fmt: skip
    fields = [record(description, name).receptive_field for name in ("c1", "s2", "c3", "s4", "c5")]
    assert fields == [5, 6, 14, 16, 32]


def test_vgg16_memory(vgg16):
    """Simonyan & Zisserman 2014: field 196; the memory table sums to 15.2 M values, 61 MB."""
    description = kc.describe(vgg16, input_shape=(224, 224, 3))
    assert record(description, "block5_conv3").receptive_field == 196
    assert record(description, "block5_conv3").stride_product == 16
    assert description.macs == 15_346_630_656
    pools = 112**2 * 64 + 56**2 * 128 + 28**2 * 256 + 14**2 * 512 + 7**2 * 512
    convolutions = 2 * 224**2 * 64 + 2 * 112**2 * 128 + 3 * 56**2 * 256 + 3 * (28**2 + 14**2) * 512
    assert description.activations == 224**2 * 3 + convolutions + pools
    assert description.memory_bytes == 4 * description.activations


def test_values_that_are_passed_on_are_counted_once():
    """15,237,608 for VGG16 with its classifier, in the table as in the figure."""
    inputs = keras.Input((4, 4, 2))
    x = keras.layers.Conv2D(3, 3)(keras.layers.GaussianNoise(0.1)(inputs))
    x = keras.ops.squeeze(keras.layers.Reshape((1, 12))(x), axis=1)
    x = keras.layers.Dense(5)(keras.layers.Dropout(0.5)(x))
    description = kc.describe(keras.Model(inputs, x))
    counts = [32, 0, 12, 0, 0, 0, 5]
    assert [r.activations for r in description.layers] == counts
    assert (description.activations, description.memory_bytes) == (sum(counts), 4 * sum(counts))
    assert f"{sum(counts)} |" in description.to_markdown().splitlines()[-3]


def test_resnet50(resnet, described_resnet):
    """Reference counts of keras.applications; MACs with the paper's stride."""
    description = described_resnet
    assert (description.parameters, description.trainable_parameters) == (25_636_712, 25_583_592)
    assert description.parameters == resnet.count_params()
    assert description.macs == 3_857_973_248
    assert record(description, "conv5_block3_out").receptive_field == 483
    assert record(description, "conv1_conv").receptive_field == 7
    assert record(description, "conv2_block1_add").inputs == (
        "conv2_block1_0_bn", "conv2_block1_3_bn",
    )  # fmt: skip
    assert all(r.aligned for r in description.layers)  # every branch is centred alike


def test_fcn8s(no_values):
    """The scores of FCN-8s: three ways meet, cropped to the middle, aligned on average."""
    with no_values():
        description = kc.describe(kc.build_fcn8s(), input_shape=(320, 320, 3))
    assert all(r.receptive_field for r in description.layers)
    assert record(description, "score").stride_product == 1
    assert description.layers[-1].output_shape == (320, 320, 21)


def test_depth(described_resnet, no_values):
    """He et al. 2015 and Szegedy et al. 2014 count the longest way, by weighted layers."""
    assert described_resnet.depth == 50
    with no_values():
        assert kc.describe(kc.build_googlenet()).depth == 22
        assert kc.describe(kc.build_lenet5()).depth == 5


def test_branches_that_are_not_aligned(branches):
    meeting = record(kc.describe(branches), "meet")
    assert (meeting.receptive_field, meeting.stride_product, meeting.aligned) == (3, 2, False)
    assert "union" in kc.describe(branches).to_markdown()


def test_receptive_fields_are_measured(branches):
    """Move each pixel and see which outputs move."""
    inputs = keras.Input((24, 20, 1))
    x = layers.ZeroPadding2D(((2, 1), (1, 0)))(inputs)
    x = layers.Conv2D(2, (5, 3), strides=2, kernel_initializer="ones")(x)
    x = layers.AveragePooling2D(2, padding="same")(x)
    x = layers.DepthwiseConv2D(3, padding="same", depthwise_initializer="ones", name="deep")(x)
    x = layers.UpSampling2D(2)(x)
    x = layers.Conv2D(1, 3, kernel_initializer="ones", name="last")(x)
    model = keras.Model(inputs, x)
    description = kc.describe(model)
    pixels = np.eye(24 * 20, dtype="float32").reshape(-1, 24, 20, 1)
    names = ("deep", "last")
    probe = keras.Model(inputs, [model.get_layer(name).output for name in names])
    for name, maps in zip(names, map(np.asarray, probe(pixels)), strict=True):
        middle = maps[:, maps.shape[1] // 2, maps.shape[2] // 2, 0].reshape(24, 20)
        rows, columns = (np.flatnonzero(middle.sum(axis)) for axis in (1, 0))
        sizes = (np.ptp(rows) + 1, np.ptp(columns) + 1)
        field = record(description, name).receptive_field
        field = field if isinstance(field, tuple) else (field, field)
        # After up-sampling the neighbours of a unit may be copies: it sees no more than the field.
        compare = np.equal if name == "deep" else np.less_equal
        assert compare(sizes, field).all(), (name, sizes, field)


@pytest.mark.parametrize(
    ("layer", "shape", "macs", "parameters"),
    [
        (layers.Conv2D(8, 3, groups=2), (6, 6, 4), 4 * 4 * 8 * 9 * 2, 8 * 9 * 2 + 8),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (6, 6, 4), 4 * 4 * 9 * 8, 9 * 8 + 8),
        (layers.SeparableConv2D(5, 3), (6, 6, 4), 4 * 4 * (9 * 4 + 4 * 5), 9 * 4 + 4 * 5 + 5),
        (layers.Conv2DTranspose(8, 2, strides=2), (3, 3, 4), 9 * 4 * 8 * 4, 4 * 8 * 4 + 8),
        (layers.Conv1D(8, 3, padding="same"), (6, 4), 6 * 8 * 12, 12 * 8 + 8),
        (layers.Conv3D(2, 3), (4, 4, 4, 1), 8 * 27 * 2, 27 * 2 + 2),
        (layers.Dense(7), (5, 3), 5 * 21, 28),
        (layers.BatchNormalization(), (4, 4, 3), 0, 12),
        (layers.MaxPooling2D(2), (4, 4, 3), 0, 0),
    ],
)  # fmt: skip
def test_macs_by_hand(layer, shape, macs, parameters):
    description = kc.describe(keras.Sequential([keras.Input(shape), layer]))
    assert (description.macs, description.parameters) == (macs, parameters)


def test_unknown_kinds_are_named_not_guessed():
    mixed = layers.Lambda(lambda x: x @ keras.ops.ones((4, 3)), name="mixed")
    description = kc.describe(keras.Sequential([keras.Input((6, 4)), mixed]))
    assert record(description, "mixed").macs is None
    assert description.macs is None
    assert "mixed" in description.notes[-1]


def test_nested_and_shared_layers_count_once():
    encoder = kc.build_lenet5(include_top=False, input_shape=(28, 28, 1), name="encoder")
    one, other = keras.Input((28, 28, 1)), keras.Input((28, 28, 1))
    model = keras.Model([one, other], layers.Subtract()([encoder(one), encoder(other)]))
    description = kc.describe(model)
    assert description.parameters == model.count_params() == encoder.count_params()
    assert description.macs == 2 * kc.describe(encoder).macs
    assert record(description, "encoder:1/c3").parameters == 0


@pytest.mark.parametrize(
    ("wrapper", "shape", "more"),
    [(layers.TimeDistributed, (3, 8, 8, 1), 0), (layers.SpectralNormalization, (8, 8, 1), 4)],
)
def test_parameters_of_a_layer_that_is_also_wrapped_count_once(wrapper, shape, more):
    """Spectral normalization has a vector of its own, one value for each filter."""
    inner, image, other = layers.Conv2D(4, 3), keras.Input((8, 8, 1)), keras.Input(shape)
    model = keras.Model([image, other], [inner(image), wrapper(inner)(other)])
    assert kc.describe(model).parameters == model.count_params() == 40 + more


def test_memory_follows_the_precision(policy):
    policy("mixed_float16")
    description = kc.describe(kc.build_lenet5())
    assert record(description, "c1").memory_bytes == 2 * 28 * 28 * 6
    assert record(description, "predictions").memory_bytes == 4 * 10  # stays float32


def test_free_sizes(vgg16):
    free = kc.describe(vgg16)
    assert free.parameters == 14_714_688
    assert (free.macs, free.activations) == (None, None)
    assert "input_shape" in free.notes[-1]
    calls = {layer.name: len(layer._inbound_nodes) for layer in vgg16.layers}
    kc.describe(vgg16, input_shape=(64, 96, 3))
    assert {layer.name: len(layer._inbound_nodes) for layer in vgg16.layers} == calls


NO_SHAPES = [
    (-2, 4, 3),
    (8, 8, -3),
    (32.0, 32, 3),
    ("8", "8", 3),
    (True, 8, 3),
    8,
    "8x8x3",
    {"images": (8, 8, 3)},
    [(8, 8, 3), 8],
    [(8, 8, 3.0)],
]


@pytest.mark.parametrize(
    "shape", [(224, 224), (224, 224, 1), [(8, 8, 3), (8, 8, 3)], *NO_SHAPES], ids=str
)
def test_input_shapes_that_do_not_fit(vgg16, shape):
    with pytest.raises(ValueError, match=r"input_shape must fit .*\(None, None, 3\)"):
        kc.describe(vgg16, input_shape=shape)
