"""The numbers of the figures that compare networks: D1, D6, D7, D10 to D12, and B16."""

import numpy as np
import pytest

import kerascnn as kc
from kerascnn.figures import depth, inception, layer_sequence, receptive_field, segmentation


@pytest.mark.slow
def test_depths_and_errors_of_the_winners():
    assert [depth.described(name).depth for _y, name, *_rest in depth.WINNERS] == [8, 19, 22, 152]
    assert [error for *_rest, error in depth.WINNERS] == [16.4, 7.3, 6.7, 3.57]


def test_resnet152_is_deeper_and_cheaper_than_vgg():
    giga = {name: depth.described(name).macs / 1e9 for name in ("resnet152", "vgg16", "vgg19")}
    assert {name: round(macs, 1) for name, macs in giga.items()} == {
        "resnet152": 11.3,
        "vgg16": 15.5,
        "vgg19": 19.6,
    }


def test_the_measured_times_have_the_shape_of_their_settings():
    record = kc.experiments.recorded("forward_time")
    assert record["nets"].tolist() == ["vgg16", "vgg19", "resnet152"]
    assert record["seconds"].shape == (3, record.settings["repeats"] * 1)
    vgg16, vgg19, _resnet = np.median(record["seconds"], axis=1)
    assert 0 < vgg16 < vgg19


def test_memory_is_least_in_alexnet_and_most_in_resnet152():
    memory = {name: depth.described(name).memory_bytes for name in depth.COMPARED}
    assert min(memory, key=memory.get) == "alexnet"
    assert max(memory, key=memory.get) == "resnet152"


def test_reductions_cut_the_module_to_a_third():
    naive, reduced = (inception.module(kind).macs for kind in ("naive", "reduced"))
    assert (round(naive / 1e6), round(reduced / 1e6)) == (854, 271)
    of = {r.name.split("/")[-1]: r.macs for r in inception.module("reduced").layers}
    twice = reduced + of["inception_3x3"]
    assert round(twice / 1e6) == 358  # what lectures print


def test_googlenet_has_nine_modules():
    description = depth.described("googlenet")
    assert description.parameters == 6_998_552
    modules = {r.name.split("_")[1] for r in description.layers if r.name.startswith("inception_")}
    assert len(modules) == 9


@pytest.mark.slow
def test_the_effective_field_lies_in_the_theoretical_one():
    found = receptive_field.gradients()
    rows, columns = (np.flatnonzero(found["gradient"].any(axis=axis)) for axis in (1, 0))
    for (start, stop), seen in zip(found["field"], (rows, columns), strict=True):
        assert stop - start == 196
        assert (seen[0], seen[-1]) == (start, stop - 1)
    # A field of even weight would have a quarter there.
    assert receptive_field.share_of_middle(found["gradient"], found["field"]) > 0.5
    even = np.zeros((224, 224))
    even[10:206, 10:206] = 1
    assert receptive_field.share_of_middle(even, ((10, 206), (10, 206))) == pytest.approx(
        0.25, abs=0.01
    )


def test_the_stages_are_those_of_the_network():
    found = layer_sequence.stages()
    shapes = {name: maps.shape for name, maps in found["maps"].items()}
    assert shapes["conv1"] == shapes["ReLU"] == (32, 32, 48)
    assert shapes["pool5"] == (3, 3, 64)
    np.testing.assert_allclose(
        np.maximum(found["maps"]["conv1"], 0), found["maps"]["ReLU"], atol=1e-5
    )
    assert found["scores"].argmax() == 3  # cat


def test_a_larger_image_gives_a_map_of_the_same_scores():
    found = segmentation.score_map()
    assert found["difference"] < 1e-5
    assert found["scores"].shape == (43, 10)
    at_digits = found["scores"][[place // 4 for place in found["places"]]]
    assert at_digits.argmax(axis=1).tolist() == [4, 0, 7]


def test_unet_gets_smaller_and_fusionnet_does_not():
    sizes = {}
    for name in ("unet", "fusionnet"):
        layers = depth.described(name).layers
        sizes[name] = layers[0].output_shape[0], layers[-1].output_shape[0]
    assert sizes == {"unet": (572, 388), "fusionnet": (512, 512)}


@pytest.mark.slow
def test_forward_time_runs():
    result = kc.experiments.forward_time(nets=("vgg16",), size=32, batch_size=1, repeats=2)
    assert result["seconds"].shape == (1, 2)
    assert np.all(result["seconds"] > 0)
