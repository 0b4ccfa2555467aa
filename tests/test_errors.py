"""What is meant by a name that is spelled otherwise."""

import pytest

from kerascnn._errors import unknown

NAMES = ["lenet5", "vgg16", "vgg19", "resnet18", "resnet101", "max-pooling", "1998"]


@pytest.mark.parametrize(
    ("received", "meant"),
    [
        ("VGG16", "Did you mean 'vgg16'?"),
        ("LeNet-5", "Did you mean 'lenet5'?"),
        ("ResNet 18", "Did you mean 'resnet18'?"),
        ("Max_Pooling", "Did you mean 'max-pooling'?"),
        (1998, "Did you mean '1998'?"),
        ("vgg61", "Did you mean 'vgg19' or 'vgg16'?"),
    ],
)
def test_capitals_and_hyphens_do_not_hide_what_is_meant(received, meant):
    assert str(unknown("name", received, NAMES)).endswith(meant)


@pytest.mark.parametrize(("received", "meant"), [("kr", "'ko'"), ("kor", "'ko'"), ("sp", "'es'")])
def test_short_names_are_alike_if_they_share_half_of_their_letters(received, meant):
    line = str(unknown("lang", received, ["en", "ko", "es"]))
    assert line.endswith(f"Did you mean {meant}?")


def test_choices_are_listed_if_they_fit_in_a_few_lines():
    few, many = [f"name{i}" for i in range(36)], [f"name{i}" for i in range(200)]
    assert f"{', '.join(map(repr, few))}; received 'x'." in str(unknown("name", "x", few))
    line = str(unknown("name", "x", many))
    assert "'name7', … (200 in all)" in line
    assert "'name8'" not in line


@pytest.mark.parametrize("received", ["", "²", "--", "paint", None])
def test_what_is_like_nothing_gets_no_advice(received):
    assert "Did you mean" not in str(unknown("name", received, ["", *NAMES]))
