import keras
import numpy as np
import pytest

from kerascnn.training._data import Part
from kerascnn.training._pipeline import training_batches, validation_batches

IMAGES = np.arange(10, dtype=np.float32).reshape(10, 1, 1, 1) / 10
LABELS = np.arange(10)
PART = Part(IMAGES, LABELS)


def collected(**options):
    options = {"batch_size": 4, "seed": 0, "epochs": range(2), **options}
    return [
        (images.numpy(), labels.numpy()) for images, labels in training_batches(PART, **options)
    ]


@pytest.fixture(scope="module")
def two_epochs():
    return collected()


def test_each_epoch_has_every_image_once_with_its_label(two_epochs):
    assert [len(labels) for _, labels in two_epochs] == [4, 4, 2, 4, 4, 2]
    for epoch in (two_epochs[:3], two_epochs[3:]):
        labels = np.concatenate([labels for _, labels in epoch])
        assert sorted(labels) == list(range(10))
        for images, labels in epoch:
            np.testing.assert_allclose(images.ravel() * 10, labels, rtol=1e-6)


def order(batches):
    return np.concatenate([labels for _, labels in batches]).tolist()


def test_the_order_follows_from_seed_and_epoch_alone(two_epochs):
    first, second = order(two_epochs)[:10], order(two_epochs)[10:]
    assert first != second
    # batches of another size cut the same order, in a run that begins later
    assert order(collected(epochs=range(1, 2), batch_size=3)) == second
    assert order(collected(epochs=range(1), seed=1)) not in (first, second)


def test_augmentation_follows_from_seed_epoch_and_batch_alone():
    """And leaves the layer's own state alone."""
    noise = keras.layers.GaussianNoise(1.0, seed=5)
    before = noise.seed_generator.state.numpy()
    both = collected(augment=noise)
    np.testing.assert_array_equal(noise.seed_generator.state.numpy(), before)
    later = collected(augment=noise, epochs=range(1, 2))
    for (images, _), (again, _) in zip(both[3:], later, strict=True):
        np.testing.assert_array_equal(images, again)
    changes = [(images - labels[:, None, None, None] / 10).ravel() for images, labels in both]
    for one in range(6):
        for other in range(one):
            assert np.abs(changes[one][:2] - changes[other][:2]).max() > 1e-3


@pytest.mark.parametrize("augment", [lambda images: images * 2, keras.layers.Rescaling(2.0)])
def test_a_function_or_a_layer_without_chance_will_do(augment):
    for images, labels in collected(augment=augment, epochs=range(1)):
        np.testing.assert_allclose(images.ravel() * 5, labels, rtol=1e-6)


def test_validation_comes_in_order_as_often_as_asked():
    batches = validation_batches(PART, batch_size=4)
    assert int(batches.cardinality()) == 3
    for _ in range(2):
        assert order([(None, labels.numpy()) for _, labels in batches]) == list(range(10))
