"""Classes by their names, in the language that is set where the names are the toolkit's own."""

import pytest

from kerascnn import _text
from kerascnn._text import class_texts
from kerascnn.datasets import boxes, cells, cifar10, fashion_mnist
from kerascnn.trained._class_number import class_number

NAMES = ["crane", "dog", "crane", "polar bear"]


@pytest.mark.parametrize(
    ("target", "number"), [("Dog", 1), (" polar_bear", 3), ("dog", 1), ("1", 1), ("2", 2)]
)
def test_a_class_by_its_name_or_number(target, number):
    assert class_number(target, NAMES) == number


def test_a_name_of_two_classes_is_refused():
    with pytest.raises(ValueError, match=r"'crane' is the name of 0 and 2\. Pass the number"):
        class_number("crane", NAMES)
    with pytest.raises(ValueError, match="--class must be one of"):
        class_number("²", NAMES, what="--class")
    with pytest.raises(ValueError, match="target must be one of"):
        class_number("4", NAMES)


@pytest.mark.parametrize(
    "names",
    [
        cifar10.CLASS_NAMES,
        fashion_mnist.CLASS_NAMES,
        boxes.CLASS_NAMES,
        cells.CLASS_NAMES["cells"],
        cells.CLASS_NAMES["borders"],
    ],
)
@pytest.mark.parametrize("lang", ["ko", "es"])
def test_names_of_the_toolkits_data_are_translated(names, lang):
    with _text.language(lang):
        translated = class_texts(names)
        assert len(set(translated)) == len(names)
        assert not set(translated) & set(names)
        for number, (name, word) in enumerate(zip(names, translated, strict=True)):
            assert class_number(name, names) == class_number(word, names) == number
    assert class_texts(names) == list(names)


def test_names_of_the_users_own_stay():
    with _text.language("ko"):
        assert class_texts(["dog", "cat"]) == ["dog", "cat"]
        assert class_texts(cifar10.CLASS_NAMES)[3] == "고양이"
