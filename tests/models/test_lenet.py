"""LeNet-5 as in 1998: Table I, the counts of section II.B, the codes and their loss."""

import itertools
from collections import Counter

import keras
import numpy as np
import pytest

import kerascnn as kc
from kerascnn.layers import RBFLoss
from kerascnn.models._digit_codes import DIGIT_CODES
from kerascnn.models.lenet import TABLE_1

LAYERS = {  # output, trainable parameters, connections: section II.B
    "c1": ((28, 28, 6), 156, 122_304),
    "s2": ((14, 14, 6), 12, 5_880),
    "c3": ((10, 10, 16), 1_516, 151_600),
    "s4": ((5, 5, 16), 32, 2_000),
    "c5": ((1, 1, 120), 48_120, 48_120),
    "f6": ((84,), 10_164, 10_164),
    "predictions": ((10,), 0, 840),
}


@pytest.fixture(scope="module")
def lenet():
    keras.utils.set_random_seed(0)
    return kc.build_lenet5(variant="1998")


def connections(layer):
    """Links of a layer, its biases among them, as the paper counts."""
    before, after = tuple(layer.input.shape), tuple(layer.output.shape)
    if hasattr(layer, "connections"):
        return layer.connections([before], after)
    return int(np.prod(after[1:-1])) * layer.count_params()


def test_layers_are_those_of_the_paper(lenet):
    for name, (shape, parameters, links) in LAYERS.items():
        layer = lenet.get_layer(name)
        assert layer.output.shape[1:] == shape
        assert sum(int(np.prod(w.shape)) for w in layer.trainable_weights) == parameters
        assert connections(layer) == links
    assert sum(links for _shape, _parameters, links in LAYERS.values()) == 340_908
    assert lenet.count_params() == 60_000 + 840


def test_table_1_uses_every_map_of_s2_ten_times():
    assert Counter(i for maps in TABLE_1 for i in maps) == dict.fromkeys(range(6), 10)
    assert [len(maps) for maps in TABLE_1] == [3] * 6 + [4] * 9 + [6]
    assert len(set(TABLE_1)) == 16


def test_maps_of_c3_see_what_table_1_says(lenet):
    c3 = lenet.get_layer("c3")
    silent = np.zeros((1, 14, 14, 6), "float32")
    for i in range(6):
        one = silent.copy()
        one[..., i] = 1
        moved = np.any(np.asarray(c3(one)) != np.asarray(c3(silent)), axis=(0, 1, 2))
        assert moved.tolist() == [i in maps for maps in TABLE_1]


def test_codes_are_pictures_of_the_digits():
    assert np.shape(DIGIT_CODES) == (10, 84)
    assert {*np.ravel(DIGIT_CODES)} == {-1, 1}
    pictures = np.reshape(DIGIT_CODES, (10, 12, 7))
    assert pictures[7][0].tolist() == [1, 1, 1, 1, 1, 1, 1]  # the top of a 7
    assert pictures[1][9].tolist() == [-1, 1, 1, 1, 1, 1, 1]  # the foot of a 1
    pairs = itertools.combinations(DIGIT_CODES, 2)
    assert min(np.sum(np.not_equal(*pair)) for pair in pairs) >= 8  # no two codes are near


def test_nearest_code_wins(lenet):
    """A picture of a digit on the 84 units of F6 is that digit."""
    head = keras.Model(lenet.get_layer("f6").output, lenet.output)
    probabilities = np.asarray(head(np.array(DIGIT_CODES, "float32")))
    assert probabilities.argmax(axis=1).tolist() == list(range(10))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


def test_one_step_with_the_paper_loss_brings_it_down():
    scores = kc.build_lenet5(variant="1998", classifier_activation=None)
    scores.compile(keras.optimizers.SGD(1e-3), RBFLoss(), run_eagerly=True)
    images = np.random.default_rng(0).uniform(-0.1, 1.175, (16, 32, 32, 1))
    labels = np.arange(16) % 10
    before = scores.train_on_batch(images, labels)
    scores.reset_metrics()
    assert scores.test_on_batch(images, labels) < before
    np.testing.assert_array_equal(scores.get_layer("predictions").centres, DIGIT_CODES)  # fixed


def test_other_sizes():
    with pytest.raises(ValueError, match="at least 32x32"):
        kc.build_lenet5(variant="1998", input_shape=(28, 28, 1))
    with pytest.raises(ValueError, match="at least 28x28"):
        kc.build_lenet5(input_shape=(27, 28, 1))
    assert kc.build_lenet5(input_shape=(32, 32, 1)).count_params() == 61_706


def test_28_with_padding_sees_what_32_with_a_frame_sees():
    small, large = kc.build_lenet5(), kc.build_lenet5(input_shape=(32, 32, 1))
    large.set_weights(small.get_weights())
    images = np.random.default_rng(0).random((3, 28, 28, 1), "float32")
    framed = np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)])
    np.testing.assert_allclose(small(images), large(framed), rtol=1e-5, atol=1e-6)
