"""Classes by their names, where these are known."""

import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc
from kerascnn._class_names import indices_of, names_of, remember
from kerascnn._graph import flatten

NAMES = ("dent", "none", "scratch")


def net(classes=3):
    inputs = keras.Input((6, 6, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3, name="conv")(inputs))
    activation = "softmax" if classes > 1 else "sigmoid"
    return keras.Model(inputs, layers.Dense(classes, activation)(x))


@pytest.fixture(scope="module")
def model():
    return kc.name_classes(net(), NAMES)


def test_a_target_may_be_a_name(model, rng):
    images = rng.random((2, 6, 6, 1), "float32")
    for name, index in (("scratch", 2), (["none", "dent"], [1, 0])):
        np.testing.assert_array_equal(
            kc.visualize.saliency(model, images, target=name),
            kc.visualize.saliency(model, images, target=index),
        )


def test_what_is_no_name_stays(model):
    graph = flatten(model)
    assert indices_of(np.array(["dent", "none"]), graph) == [0, 1]
    for target in (None, 3, [1, 2], len, [len]):
        assert indices_of(target, graph) is target
    with pytest.raises(ValueError, match=r"target must be one of 'dent'.*Did you mean 'scratch'"):
        indices_of("scrach", graph)
    with pytest.raises(TypeError, match=r"unknown; received 'dent'. .*name_classes\(model"):
        indices_of("dent", flatten(net()))


def test_names_fit_the_classes():
    with pytest.raises(ValueError, match=r"class_names must be 3 names, .* received 2"):
        kc.name_classes(net(), NAMES[:2])
    assert names_of(flatten(kc.name_classes(net(1), NAMES[:2]))) == ("dent", "none")


def test_evaluation_and_training_tell_them(rng):
    """Those of data that do not fit the model are not its."""
    images, labels = rng.random((4, 6, 6, 1), "float32"), np.arange(4) % 3
    data = kc.datasets.Dataset("parts", (images, labels), None, (images, labels), NAMES)
    one, other = net(), net()
    assert kc.evaluate(one, data).class_names == names_of(flatten(one)) == NAMES
    run = kc.train(other, data, epochs=1, batch_size=4, verbose=0)
    assert names_of(flatten(other)) == names_of(flatten(run.best())) == NAMES
    remember(other, ["one"])
    assert names_of(flatten(other)) == NAMES
