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


def test_classes_that_share_a_name(rng):
    """They keep it, as the two cranes of ImageNet do, but it does not say which is meant."""
    model = kc.name_classes(net(), ("crane", "dog", "crane"))
    images, labels = rng.random((3, 6, 6, 1), "float32"), np.arange(3)
    with pytest.raises(ValueError, match=r"one class; 'crane' is the name of 0 and 2\. Pass"):
        kc.visualize.saliency(model, images, "crane")
    np.testing.assert_array_equal(
        kc.visualize.saliency(model, images, "dog"), kc.visualize.saliency(model, images, 1)
    )
    unnamed = keras.models.clone_model(model)
    unnamed.set_weights(model.get_weights())
    by_index = kc.evaluate(unnamed, (images, labels)).confusion
    same = kc.evaluate(model, (images, labels), class_names=("crane", "dog", "crane"))
    np.testing.assert_array_equal(same.confusion, by_index)  # the names tell nothing, and need not
    only_dogs = kc.evaluate(model, (images[:1], labels[:1]), class_names=["dog"])
    assert only_dogs.confusion[1].sum() == 1


@pytest.mark.parametrize(
    ("own", "names", "message"),
    [
        (("crane", "dog", "crane"), ("dog", "crane"), "'crane' for 0 and 2 of the model"),
        (NAMES, ("none", "dent", "dent"), "'dent' for 1 and 2 of the data"),
    ],
)
def test_classes_that_share_a_name_are_not_matched(rng, own, names, message):
    model = kc.name_classes(net(), own)
    images, labels = rng.random((2, 6, 6, 1), "float32"), np.arange(2)
    with pytest.raises(ValueError, match=rf"different names .* {message}: set different .* pass"):
        kc.evaluate(model, (images, labels), class_names=names)
    assert names_of(flatten(model)) == own
    numbered = [f"{name} {index}" for index, name in enumerate(own)]  # as it says
    kc.name_classes(model, numbered)
    assert kc.evaluate(model, (images, labels), class_names=numbered[1:]).confusion[1:].sum() == 2
