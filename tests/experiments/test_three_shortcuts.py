"""A tag, a ruler and a color cast."""

import numpy as np
import pytest

import kerascnn as kc


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("three_shortcuts")


def test_each_accuracy_has_its_place(feigned):
    result = kc.experiments.three_shortcuts(
        data="shapes", classes=(0, 1), images=8, tests=4, epochs=1, seeds=(3, 3, 4)
    )
    assert result["accuracy"].shape == (3, 2, 4, 3)
    np.testing.assert_array_equal(result["accuracy"][..., 0], result["accuracy"][..., 1])
    nowhere = np.isnan(result["accuracy"]).all(axis=(1, 3))  # shortcut, condition
    np.testing.assert_array_equal(np.argwhere(nowhere), [[2, 2]])  # a color cast elsewhere
    assert np.isnan(result["accuracy"]).sum() == 2 * 3


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"shortcuts": ("tga",)}, "Did you mean 'tag'"),
        ({"reliabilities": (0.4,)}, "reliabilities must be a number from 0.5 to 1; received 0.4"),
        ({"shortcuts": ("color cast",)}, "shortcut must not be 'color cast' unless images"),
        ({"shortcuts": ("tag",), "tag_size": 27}, "tag_size must be from 4 to 26"),
    ],
)
def test_what_cannot_be_planted_is_refused_at_once(arguments, line):
    with pytest.raises(ValueError, match=line):
        kc.experiments.three_shortcuts(data="digits", images=20, tests=8, **arguments)


def test_each_shortcut_is_taken_where_it_decides(record):
    """With it all are right, without it about half, and on the other class hardly any."""
    useless, decisive = np.moveaxis(record["accuracy"].mean(axis=-1), 1, 0)
    with_it, without, _elsewhere, other = decisive.T
    assert np.all(with_it > 0.98)
    assert np.all(without < 0.6)
    assert np.all(other < 0.05)
    with_it, without, _elsewhere, other = useless.T
    assert np.all(np.abs(with_it - without) < 0.1)
    assert np.all(np.abs(with_it - other) < 0.1)
