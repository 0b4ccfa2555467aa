"""Residual nets: identities, plain relatives, keras.applications."""

import math

import keras
import numpy as np
import pytest

import kerascnn as kc

IMAGES = np.random.default_rng(0).random((2, 64, 64, 3), "float32")
NARROW = {"width": 1 / 16, "input_shape": (64, 64, 3)}


def silence(model):
    """Set all residual weights to zero: of a block's last batch normalization gamma and beta."""
    for layer in model.layers:
        if layer.name.endswith(("_1_bn", "_2_bn", "_3_bn")):
            layer.gamma.assign(0 * layer.gamma)
            layer.beta.assign(0 * layer.beta)


@pytest.mark.parametrize("build", [kc.build_resnet18, kc.build_resnet50, kc.build_resnet20])
def test_with_zero_residual_weights_a_block_is_the_identity(build):
    model = build(**NARROW)
    silence(model)
    blocks = [layer for layer in model.layers if layer.name.endswith("_add")]
    after = [model.get_layer(block.name.replace("_add", "_out")) for block in blocks]
    probe = keras.Model(
        model.input, [(b.input[0], a.output) for b, a in zip(blocks, after, strict=True)]
    )
    for shortcut, output in probe(IMAGES):  # a shortcut's projection may be negative
        np.testing.assert_array_equal(np.maximum(shortcut, 0), output)


def test_zero_residuals_leave_a_whole_stage_unchanged():
    model = kc.build_resnet20(**NARROW)
    silence(model)
    stem, stage = (model.get_layer(n).output for n in ("conv1_relu", "conv2_block3_out"))
    before, after = keras.Model(model.input, [stem, stage])(IMAGES)
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(("depth", "options"), [(18, {"shortcut": "A"}), (20, {}), (56, {})])
def test_plain_and_residual_nets_have_equal_parameters(depth, options, no_values):
    with no_values():
        residual = kc.models.build(f"resnet{depth}", **options, width=0.25)
        plain = kc.models.build(f"plain{depth}", width=0.25)
    shapes = [[w.shape for w in m.trainable_weights] for m in (residual, plain)]
    assert shapes[0] == shapes[1]
    assert not any("add" in layer.name for layer in plain.layers)
    assert any("add" in layer.name for layer in residual.layers)


@pytest.mark.parametrize(
    ("name", "shortcut", "parameters"),
    [
        ("resnet18", "A", 11_515_688),
        ("resnet18", "C", 12_043_816),
        ("resnet34", "A", 21_623_848),
        ("resnet34", "C", 22_716_840),
        ("resnet20", "B", 272_474),
    ],
)
def test_shortcut_options(name, shortcut, parameters, no_values):
    with no_values():
        model = kc.models.build(name, shortcut=shortcut)
    assert sum(math.prod(w.shape) for w in model.trainable_weights) == parameters


def test_unknown_shortcut():
    with pytest.raises(ValueError, match="shortcut must be one of 'A', 'B', 'C'"):
        kc.build_resnet18(shortcut="D")


@pytest.mark.slow
def test_v1_is_keras_applications(no_values, random_weights, call):
    shape = (32, 32, 3)
    for include_top in (False, True):
        options = {"include_top": include_top, "input_shape": shape, "classes": 7}
        with no_values():
            theirs = keras.applications.ResNet50(weights=None, **options)
            ours = kc.build_resnet50(**options)
        pairs = zip(ours.layers[1:], theirs.layers[1:], strict=True)
        assert all(our.name == their.name for our, their in pairs)
    weights = list(random_weights(theirs))
    images = IMAGES[:, ::2, ::2]
    expected = call(theirs, weights, images)
    np.testing.assert_allclose(call(ours, weights, images), expected, rtol=1e-4, atol=1e-6)


def test_stride_is_where_the_variant_says(no_values):
    for variant, strides in (("v1", (2, 1)), ("v1.5", (1, 2))):
        with no_values():
            model = kc.build_resnet50(variant=variant, width=1 / 16)
        block = [model.get_layer(f"conv3_block1_{i}_conv").strides[0] for i in (1, 2)]
        assert tuple(block) == strides
        assert model.get_layer("conv1_conv").use_bias is (variant == "v1")
        epsilon = 1.001e-5 if variant == "v1" else 1e-5  # Keras's, torchvision's
        assert model.get_layer("conv1_bn").epsilon == epsilon


def test_width_scales_the_filters(no_values):
    with no_values():
        model = kc.build_resnet18(width=0.25, include_top=False)
    assert [model.get_layer(f"conv{i}_block1_out").output.shape[-1] for i in (2, 3, 4, 5)] == [
        16, 32, 64, 128,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="width must be a positive number"):
        kc.build_resnet18(width=0)


def test_depth_is_the_name(no_values):
    """So many layers with weights, shortcuts apart, and a ReLU after each but the last."""
    for name, depth in (("plain20", 20), ("plain56", 56), ("resnet18", 18), ("resnet50", 50)):
        with no_values():
            model = kc.models.build(name)
        straight = [layer for layer in model.layers if "_0_" not in layer.name]
        kinds = (keras.layers.Conv2D, keras.layers.Dense)
        assert sum(isinstance(layer, kinds) for layer in straight) == depth
        assert sum(layer.name.endswith(("_relu", "_out")) for layer in straight) == depth - 1


def test_receptive_field_goes_through_zero_padding_shortcuts(no_values):
    expected = 3 + 6 * 2 + (2 + 5 * 4) + (4 + 5 * 8)  # 3x3 convolutions at strides 1, 2 and 4
    for name in ("resnet20", "plain20"):
        with no_values():
            records = {r.name: r for r in kc.describe(kc.models.build(name)).layers}
        assert records["conv4_block3_out"].receptive_field == expected == 81
        assert records["conv4_block3_out"].stride_product == 4
