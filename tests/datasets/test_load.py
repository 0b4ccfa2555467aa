import importlib
import inspect

import numpy as np
import pytest

from kerascnn import datasets


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


def test_digits_are_all_there_once_in_scikit_learns_order(digits):
    from sklearn.datasets import load_digits

    raw = datasets.load("digits", raw=True)
    for data in (digits, raw):
        labels = np.concatenate([data.train[1], data.validation[1], data.test[1]])
        np.testing.assert_array_equal(labels, load_digits().target)
        sizes = [len(part[1]) for part in (data.train, data.validation, data.test)]
        assert sizes == [719, 180, 898]
    images = np.concatenate([raw.train[0], raw.validation[0], raw.test[0]])
    np.testing.assert_array_equal(images[..., 0] * 16, load_digits().images)


def test_the_parts_share_no_image(digits):
    seen = [
        {image.tobytes() for image in images}
        for images, _ in (digits.train, digits.validation, digits.test)
    ]
    assert len(set().union(*seen)) == sum(map(len, seen))


def test_loading_twice_gives_equal_arrays_that_do_not_share_memory(digits):
    again = datasets.load("digits")
    np.testing.assert_array_equal(again.train[0], digits.train[0])
    assert not np.shares_memory(again.train[0], digits.train[0])


def test_images_and_labels_have_the_types_that_every_data_set_has(digits):
    for images, labels in (digits.train, digits.validation, digits.test):
        assert images.dtype == np.float32
        assert images.shape[1:] == (28, 28, 1)
        assert images.min() == 0
        assert images.max() <= 1
        assert np.issubdtype(labels.dtype, np.integer)
        assert set(labels) == set(range(10))
    assert digits.class_names == tuple("0123456789")


def test_a_data_set_cannot_be_changed_by_mistake(digits):
    with pytest.raises(AttributeError):
        digits.train = digits.test


def test_unknown_names_and_options_are_answered_with_the_known_ones():
    with pytest.raises(
        ValueError, match=r"name must be one of 'digits', 'mnist', .*; received 'mnits'.*'mnist'"
    ):
        datasets.load("mnits")
    with pytest.raises(
        ValueError, match="an option of 'digits' must be one of 'raw'; received 'rw"
    ):
        datasets.load("digits", rwa=True)
    with pytest.raises(ValueError, match="'mnist' takes no options besides data_dir"):
        datasets.load("mnist", raw=True)


@pytest.mark.parametrize("name", datasets.names())
def test_each_name_is_a_module_whose_load_takes_data_dir_and_keywords_only(name):
    module = importlib.import_module(f"kerascnn.datasets.{name}")
    parameters = inspect.signature(module.load).parameters
    assert "data_dir" in parameters
    assert {parameter.kind for parameter in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert f'`"{name}"`' in datasets.load.__doc__


def test_a_data_set_of_masks_or_boxes_says_so():
    images, masks, boxes = np.zeros((4, 8, 9, 1)), np.zeros((4, 8, 9), int), np.zeros((4, 3, 5))
    cells = datasets.Dataset("cells", (images, masks), (images[:2], masks[:2]), None, ("a", "b"))
    assert repr(cells) == "<Dataset 'cells': 4 train, 2 validation; 8x9x1, labels 8x9, 2 classes>"
    scenes = datasets.Dataset("scenes", (images, boxes), None, None, ("a",))
    assert repr(scenes) == "<Dataset 'scenes': 4 train; 8x9x1, labels 3x5, 1 classes>"
