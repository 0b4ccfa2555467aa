"""FCN-32s, FCN-16s and FCN-8s from the shipped VGG16."""

import keras
import numpy as np
import pytest

import kerascnn as kc
from kerascnn.experiments import _fcn_skips as module


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("fcn_skips")


@pytest.fixture(scope="module")
def weights():
    return module.vgg16_weights()


def test_fcn_begins_as_vgg16(weights):
    """Its last hidden maps of an image of 32x32 are the outputs of VGG16's last hidden layer."""
    vgg = kc.build_vgg16(weights="cifar10")
    net = module.net(32, 0.25, weights)
    image = np.random.default_rng(0).random((2, 32, 32, 3), "float32")
    expected, found = (
        np.asarray(keras.Model(model.input, model.get_layer(name).output)(image))
        for model, name in ((vgg, "fc2"), (net, "fc7"))
    )
    assert expected.max() > 0
    np.testing.assert_allclose(found[:, 0, 0], expected, rtol=1e-4, atol=1e-5)


def test_the_weights_of_a_coarser_net_are_passed_on(weights):
    coarse = module.net(32, 0.25, weights)
    coarse.get_layer("score_fr").bias.assign([1, 2])
    fine = module.net(8, 0.25, module.weights_of(coarse))
    np.testing.assert_array_equal(fine.get_layer("score_fr").bias, [1, 2])
    assert not np.asarray(fine.get_layer("score_pool3").kernel).any()  # section 4.3 of the paper
    assert fine.get_layer("upscore").kernel.shape[:2] == (16, 16)


def test_strongest_filters_by_hand():
    one = np.zeros((1, 1, 2, 64))
    one[0, 0, :, 5] = 2, -3
    one[0, 0, 0, 9] = 4
    two = np.zeros((1, 1, 64, 128))
    two[0, 0, 9, [3, 7, 8, 100]] = 1, -5, 2, 3
    two[0, 0, 1, 0] = 100  # a weight of a filter that is not kept
    small = module.strongest(
        {"block1_conv1": [one, np.arange(64.0)], "next": [two, np.arange(128.0)]}, 2 / 64
    )
    kernel, bias = small["block1_conv1"]
    np.testing.assert_array_equal(kernel[0, 0], [[2, 4], [-3, 0]])
    assert bias.tolist() == [5, 9]
    kernel, bias = small["next"]
    np.testing.assert_array_equal(kernel[0, 0], [[0, 0, 0, 0], [1, -5, 2, 3]])
    assert bias.tolist() == [3, 7, 8, 100]


def test_all_filters_are_kept_at_the_full_width(weights):
    for name, arrays in module.strongest(weights, 0.25).items():
        for kept, array in zip(arrays, weights[name], strict=True):
            np.testing.assert_array_equal(kept, array)


@pytest.mark.slow
def test_a_small_run(feigned):
    result = kc.experiments.fcn_skips(images=5, size=48, width=1 / 64, epochs=1, seeds=(0, 0))
    assert result["iou"].shape == (3, 2)
    np.testing.assert_array_equal(result["iou"][:, 1], result["iou"][:, 0])
    assert result["masks"].shape == (3, 48)
    assert {len(row) for row in result["masks"].flat} == {12}


def test_iou_rises_at_each_step_in_every_run(record):
    assert record["nets"].tolist() == ["FCN-32s", "FCN-16s", "FCN-8s"]
    coarse, medium, fine = record["iou"]
    assert (coarse < medium).all()
    assert (medium < fine).all()
    assert record["longer"] < medium.min()  # it is not because of more training
