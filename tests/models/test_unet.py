"""U-Net and FusionNet: sizes, crops, summed skips."""

import keras
import numpy as np
import pytest

import kerascnn as kc

NARROW = {"width": 1 / 32}


@pytest.fixture(scope="module")
def whole(no_values):
    """The paper's net."""
    with no_values():
        return kc.build_unet()


def test_crops_are_those_of_figure_1(whole):
    crops = [whole.get_layer(f"up{level}_crop").cropping for level in (4, 3, 2, 1)]
    assert crops == [((c, c), (c, c)) for c in (4, 16, 40, 88)]


def test_sizes_are_those_of_figure_1(whole):
    d = {layer.name: layer.output.shape[1:] for layer in whole.layers}
    assert [d[f"down{i}_conv2"][0] for i in (1, 2, 3, 4)] == [568, 280, 136, 64]
    assert d["bridge_conv2"][0] == 28
    assert [d[f"up{i}_conv2"][0] for i in (4, 3, 2, 1)] == [52, 100, 196, 388]
    assert d["predictions"] == (388, 388, 2)


def test_23_convolutions(whole):
    kinds = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
    convolutions = [layer for layer in whole.layers if isinstance(layer, kinds)]
    assert len(convolutions) == 23
    # All have a ReLU, but the last, which the softmax follows.
    silent = [c.name for c in convolutions if c.activation is not keras.activations.relu]
    assert silent == ["scores"]


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        ({"padding": "same", "input_shape": (64, 64, 1), "classes": 1}, 31_030_593),
        ({"padding": "same", "input_shape": (64, 64, 3), "classes": 1}, 31_031_745),
        ({"padding": "same", "input_shape": (64, 64, 3), "classes": 2}, 31_031_810),
    ],
)
def test_parameters_of_other_inputs(options, parameters, no_values):
    with no_values():
        assert kc.build_unet(**options).count_params() == parameters


@pytest.mark.parametrize("size", [188, 204, 572])
def test_valid_sizes_lose_184_pixels(size, no_values):
    with no_values():
        model = kc.build_unet(input_shape=(size, 188, 1))
    assert model.output_shape == (None, size - 184, 4, 2)


@pytest.mark.parametrize(
    ("padding", "size", "nearest"),
    [
        ("valid", 256, "Nearest to 256: 252 and 268"),
        ("valid", 571, "Nearest to 571: 556 and 572"),
        ("valid", 180, "Nearest to 180: 188"),
        ("valid", 16, "Nearest to 16: 188"),
        ("same", 100, "Nearest to 100: 96 and 112"),
        ("same", 572, "Nearest to 572: 560 and 576"),
        ("same", 9, "Nearest to 9: 16"),
    ],
)
def test_sizes_that_cannot_work_are_refused(padding, size, nearest):
    good = 188 if padding == "valid" else 64
    for shape in ((size, good, 1), (good, size, 1)):
        with pytest.raises(ValueError, match=nearest):
            kc.build_unet(padding=padding, input_shape=shape)


def test_sizes_named_as_nearest_work(no_values):
    for padding, size in (("valid", 252), ("valid", 268), ("same", 96), ("same", 112)):
        with no_values():
            kc.build_unet(padding=padding, input_shape=(size, size, 1))


def test_a_free_size_is_taken_at_run_time():
    for padding, size, out in (("valid", 204, 20), ("same", 32, 32)):
        model = kc.build_unet(**NARROW, padding=padding, input_shape=(None, None, 1))
        assert model(np.zeros((1, size, size, 1), "float32")).shape == (1, out, out, 2)


def test_skip_comes_first_and_is_centred():
    """The first half of what a level joins is the encoder's map, cropped on all sides alike."""
    model = kc.build_unet(**NARROW, input_shape=(188, 188, 1))
    names = ("down1_conv2", "up1_concat")
    probe = keras.Model(model.input, [model.get_layer(n).output for n in names])
    skip, joined = (np.asarray(x) for x in probe(np.random.default_rng(0).random((1, 188, 188, 1))))
    n = skip.shape[-1]
    np.testing.assert_array_equal(joined[..., :n], skip[:, 88:-88, 88:-88])


def test_fusionnet_adds_its_skips(no_values):
    with no_values():
        model = kc.build_fusionnet()
    for level in (1, 2, 3, 4):
        add = model.get_layer(f"up{level}_add")
        assert {t._keras_history[0].name for t in add.input} == {
            f"up{level}_deconv_relu", f"down{level}_conv2_relu",
        }  # fmt: skip
    for level in ("down1", "bridge", "up4"):
        start, branch = model.get_layer(f"{level}_res_add").input
        assert start._keras_history.operation.name == f"{level}_conv1_relu"
        assert branch._keras_history.operation.name == f"{level}_res3_bn"
    kinds = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
    assert sum(isinstance(layer, kinds) for layer in model.layers) == 50


def test_fusionnet_refuses_sizes_that_do_not_halve(no_values):
    with pytest.raises(ValueError, match="Nearest to 100: 96 and 112"):
        kc.build_fusionnet(input_shape=(100, 96, 1))
    with no_values():
        assert kc.build_fusionnet(input_shape=(16, 48, 3)).output_shape == (None, 16, 48, 1)
