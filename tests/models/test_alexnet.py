"""AlexNet: the order of its layers, groups, dropout and pooling in the three variants."""

from functools import partial

import numpy as np
import pytest

import kerascnn as kc

PARAMETERS = {  # layer by layer; grouped layers of the paper below
    "conv1": 34_944, "conv2": 614_656, "conv3": 885_120, "conv4": 1_327_488, "conv5": 884_992,
    "fc6": 37_752_832, "fc7": 16_781_312, "predictions": 4_097_000,
}  # fmt: skip
GROUPED = {"conv2": 307_456, "conv4": 663_936, "conv5": 442_624}


def names(model):
    return [layer.name for layer in model.layers]


def test_parameters_of_each_layer(no_values):
    with no_values():
        single = {r.name: r for r in kc.describe(kc.build_alexnet()).layers}
        grouped = kc.build_alexnet(False, variant="paper")
    assert {name: single[name].parameters for name in PARAMETERS} == PARAMETERS
    assert np.prod(single["conv1"].output_shape) == 290_400
    assert {n: grouped.get_layer(n).count_params() for n in GROUPED} == GROUPED


def test_parameters_of_each_layer_of_the_small_one(no_values):
    """7·7·3·48 + 48, 5·5·48·64 + 64, three times 3·3·64·64 + 64, 3·3·64·128 + 128, …"""
    with no_values():
        small = kc.build_alexnet(variant="cifar", classes=10)
    counts = {r.name: r.parameters for r in kc.describe(small).layers if r.parameters}
    assert list(counts.values()) == [7104, 76864, 36928, 36928, 36928, 73856, 16512, 1290]


def test_order_of_normalization_and_pooling(no_values):
    variants = ("single_tower", "paper", "torchvision")
    with no_values():
        taught, paper, without = (names(kc.build_alexnet(False, variant=v)) for v in variants)
    assert taught.index("pool1") < taught.index("norm1")
    assert paper.index("norm1") < paper.index("pool1")
    assert not any("norm" in name for name in without)


def test_maps_of_one_half_do_not_see_the_other():
    """conv2 of the paper reads the maps of its own GPU: of 24, at this width, 12."""
    model = kc.build_alexnet(False, variant="paper", input_shape=(67, 67, 3), width=1 / 4)
    conv2 = model.get_layer("conv2")
    x = np.random.default_rng(0).random((1, 7, 7, 24), "float32")
    other = x.copy()
    other[..., 12:] = 0
    before, after = np.asarray(conv2(x)), np.asarray(conv2(other))
    np.testing.assert_array_equal(before[..., :32], after[..., :32])
    assert not np.array_equal(before[..., 32:], after[..., 32:])


def test_grouped_net_trains():
    model = kc.build_alexnet(variant="paper", input_shape=(67, 67, 3), classes=3, width=1 / 16)
    model.compile("sgd", "sparse_categorical_crossentropy")
    images = np.random.default_rng(0).random((4, 67, 67, 3), "float32")
    assert np.isfinite(model.train_on_batch(images, np.array([0, 1, 2, 0])))


def test_dropout_is_after_the_dense_layers_but_before_in_torchvision(no_values):
    with no_values():
        paper, torchvision = (names(kc.build_alexnet(variant=v)) for v in ("paper", "torchvision"))
    assert paper.index("fc6") < paper.index("fc6_dropout") < paper.index("fc7")
    assert torchvision.index("fc6_dropout") < torchvision.index("fc6")


def test_biases_start_at_one_where_the_paper_says():
    for variant in ("single_tower", "paper"):
        model = kc.build_alexnet(variant=variant, input_shape=(67, 67, 3), width=1 / 16)
        ones = {n for n in PARAMETERS if np.all(np.asarray(model.get_layer(n).bias) == 1)}
        assert ones == {"conv2", "conv4", "conv5", "fc6", "fc7"}
    small = kc.build_alexnet(variant="cifar")
    assert not any(np.any(small.get_layer(n).bias) for n in PARAMETERS)


def test_torchvision_takes_other_sizes_with_the_same_weights(no_values):
    sizes = ((224, 224, 3), (256, 300, 3))
    build = partial(kc.build_alexnet, variant="torchvision")
    with no_values():
        first, second = ([w.shape for w in build(input_shape=size).weights] for size in sizes)
    assert first == second


@pytest.mark.parametrize(
    ("variant", "smallest"), [("single_tower", 67), ("torchvision", 63), ("cifar", 15)]
)
def test_smallest_image(variant, smallest, no_values):
    shape = (smallest, smallest, 3)
    with no_values():
        maps = kc.build_alexnet(False, variant=variant, input_shape=shape)
    assert maps.output_shape[1:3] == (1, 1)
    with pytest.raises(ValueError, match=f"at least {smallest}x{smallest}"):
        kc.build_alexnet(variant=variant, input_shape=(smallest - 1, smallest, 3))


@pytest.mark.parametrize("width", [0.05, 0.1, 0.2, 0.3, 0.45])
def test_both_towers_have_whole_maps_at_any_width(width, no_values):
    with no_values():
        net = kc.build_alexnet(variant="paper", width=width)
    assert all(layer.filters % 2 == 0 for layer in net.layers if hasattr(layer, "filters"))
