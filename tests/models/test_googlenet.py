"""GoogLeNet: auxiliary heads, modules alone, Caffe's rounding."""

import keras
import numpy as np
import pytest

import kerascnn as kc
from kerascnn.models._blocks import ceil_max_pool
from kerascnn.models.googlenet import TABLE_1

MODULES = {  # parameters of each module, summed by hand from Table 1
    "3a": 163_696, "3b": 388_736, "4a": 376_176, "4b": 449_160, "4c": 510_104, "4d": 605_376,
    "4e": 868_352, "5a": 1_043_456, "5b": 1_444_080,
}  # fmt: skip
OUTPUTS = {
    "3a": 256, "3b": 480, "4a": 512, "4b": 512, "4c": 512, "4d": 528, "4e": 832, "5a": 832,
    "5b": 1024,
}  # fmt: skip


@pytest.mark.parametrize(
    ("variant", "parameters", "macs"),
    [("paper", 13_378_280, 1_591_044_096), ("torchvision", 13_004_888, None)],
)
def test_with_auxiliary_heads(variant, parameters, macs, no_values, check_diagram):
    with no_values():
        model = kc.build_googlenet(auxiliary=True, variant=variant)
        description = kc.describe(model)
    assert model.output_shape == [(None, 1000)] * 3
    check_diagram(description)
    assert description.trainable_parameters == parameters
    if macs is not None:
        assert description.macs == macs


def test_modules_have_the_parameters_of_table_1(no_values):
    channels = 192
    for name, filters in TABLE_1.items():
        with no_values():
            module = kc.build_inception_module("reduced", (14, 14, channels), filters=filters)
        assert module.count_params() == MODULES[name]
        joined = [t._keras_history.operation.name for t in module.layers[-1].input]
        assert joined == [f"inception_{n}" for n in ("1x1", "3x3", "5x5", "pool_proj")]
        channels = module.output_shape[-1]
        assert channels == OUTPUTS[name]


def test_naive_and_reduced_modules_of_the_lecture():
    naive, reduced = (kc.describe(kc.build_inception_module(k)) for k in ("naive", "reduced"))
    assert naive.layers[-1].output_shape == (28, 28, 672)
    assert reduced.layers[-1].output_shape == (28, 28, 480)
    assert naive.macs == 25_690_112 + 346_816_512 + 481_689_600 == 854_196_224
    assert reduced.macs == 271_351_808  # the lecture's 358M counts the 3x3 branch twice
    naive_3a = kc.build_inception_module("naive", (28, 28, 192), filters=TABLE_1["3a"])
    assert naive_3a.count_params() == 387_296
    assert naive_3a.output_shape[-1] == 416


def test_heads_drop_out_without_changing_the_main_output(shake, no_values, call):
    shape = (80, 80, 3)
    trained = shake(kc.build_googlenet(auxiliary=True, input_shape=shape, classes=5))
    images = np.random.default_rng(0).random((2, *shape), "float32")
    main = trained(images)[0]
    alone = keras.Model(trained.input, trained.outputs[0])
    np.testing.assert_array_equal(alone(images), main)
    with no_values():
        fresh = kc.build_googlenet(input_shape=shape, classes=5)
    weights = [w for layer in fresh.layers for w in trained.get_layer(layer.name).weights]
    np.testing.assert_allclose(call(fresh, weights, images), main, rtol=1e-5, atol=1e-7)


def test_trains_with_the_loss_weights_of_the_paper():
    model = kc.build_googlenet(auxiliary=True, input_shape=(80, 80, 3), classes=4)
    model.compile(
        keras.optimizers.SGD(1e-3),
        ["sparse_categorical_crossentropy"] * 3,
        loss_weights=[1, 0.3, 0.3],
        run_eagerly=True,
    )
    images = np.random.default_rng(0).random((4, 80, 80, 3), "float32")
    labels = np.arange(4)
    logs = model.train_on_batch(images, [labels] * 3, return_dict=True)
    parts = [logs[f"{name}_loss"] for name in model.output_names]
    assert logs["loss"] == pytest.approx(parts[0] + 0.3 * parts[1] + 0.3 * parts[2], rel=1e-4)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"input_shape": (64, 64, 3)}, "at least 80x80 with auxiliary"),
        ({"input_shape": (None, None, 3)}, "static"),
        ({"include_top": False}, "auxiliary must be False with include_top=False"),
    ],
)
def test_auxiliary_heads_need_room(wrong, message, no_values):
    with no_values(), pytest.raises(ValueError, match=message):
        kc.build_googlenet(auxiliary=True, **wrong)


def test_torchvision_has_3x3_windows_in_the_branch_called_5x5(no_values):
    for variant, kernel in (("paper", (5, 5)), ("torchvision", (3, 3))):
        with no_values():
            model = kc.build_googlenet(False, variant=variant)
        layers = {layer.name: layer for layer in model.layers}
        suffix = "_conv" if variant == "torchvision" else ""
        assert layers[f"inception_3a_5x5{suffix}"].kernel_size == kernel


def test_normalizes_as_bvlc_googlenet_does(no_values):
    with no_values():
        model = kc.build_googlenet(False)
    for name in ("pool1_norm1", "conv2_norm2"):
        norm = model.get_layer(name)
        assert (norm.size, norm.k, norm.alpha, norm.beta) == (5, 1, 1e-4, 0.75)
        assert norm.convention == "caffe"


@pytest.mark.parametrize("size", [(12, 12), (13, 13), (12, 13), (7, 10)])
@pytest.mark.parametrize("window", [2, 3])
def test_pools_round_up_as_caffe_does(size, window):
    x = keras.Input((*size, 1))
    model = keras.Model(x, ceil_max_pool(x, window, name="pool"))
    image = np.random.default_rng(0).random((1, *size, 1), "float32")
    h, w = (-(-(n - window) // 2) + 1 for n in size)
    expected = [
        [image[0, 2 * i : 2 * i + window, 2 * j : 2 * j + window].max() for j in range(w)]
        for i in range(h)
    ]
    np.testing.assert_array_equal(np.asarray(model(image))[0, ..., 0], np.array(expected))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "deep"}, "kind must be one of 'naive', 'reduced'"),
        ({"filters": (1, 2, 3)}, "filters must be six numbers"),
        ({"input_shape": (28, 28)}, "input_shape must be"),
    ],
)
def test_wrong_modules(wrong, message):
    with pytest.raises(ValueError, match=message):
        kc.build_inception_module(**wrong)
