"""What holds for all data that is made here: shapes, cells, boxes."""

import importlib

import numpy as np
import pytest

from kerascnn import datasets
from kerascnn.datasets._synthetic import smooth_noise

SMALL = {"shapes": {"size": 16}, "cells": {"size": 48}, "boxes": {"size": 48}}


def load(name, **options):
    return datasets.load(name, **{**SMALL[name], **options})


def parts(data):
    return data.train, data.validation, data.test


@pytest.fixture(params=SMALL)
def name(request):
    return request.param


def test_images_have_the_range_and_the_number_asked_for(name):
    data = load(name, count=11)
    assert [len(images) for images, _ in parts(data)] == [11, 3, 3]
    for images, labels in parts(data):
        assert len(labels) == len(images)
        assert images.dtype == np.float32
        assert images.min() >= 0
        assert images.max() <= 1
        assert images.std() > 0.02
        assert images.flags.c_contiguous


def test_the_same_seed_gives_the_same_data_and_another_seed_other_data(name):
    first, again, other = load(name, count=6), load(name, count=6), load(name, count=6, seed=1)
    for one, same, different in zip(parts(first), parts(again), parts(other), strict=True):
        np.testing.assert_array_equal(one[0], same[0])
        np.testing.assert_array_equal(one[1], same[1])
        assert not np.array_equal(one[0], different[0])


def test_an_image_does_not_depend_on_how_many_are_made(name):
    block = importlib.import_module(f"kerascnn.datasets.{name}").BLOCK
    many = load(name, count=2 * block + 3)
    for count in (1, block, block + 1):
        few = load(name, count=count)
        for one, other in zip(parts(few), parts(many), strict=True):
            np.testing.assert_array_equal(one[0], other[0][: len(one[0])])
            np.testing.assert_array_equal(one[1], other[1][: len(one[1])])


def test_the_parts_share_no_image(name):
    data = load(name, count=50)
    seen = [{image.tobytes() for image in images} for images, _ in parts(data)]
    assert [len(part) for part in seen] == [50, 10, 10]
    assert len(set.union(*seen)) == 70


def test_noise_is_added_to_the_same_scenes(name):
    clean, noisy = load(name, count=8, noise=0).train, load(name, count=8, noise=0.1).train
    np.testing.assert_array_equal(clean[1], noisy[1])
    inner = (clean[0] > 0.3) & (clean[0] < 0.7)  # where nothing is cut off at 0 or 1
    difference = (noisy[0] - clean[0])[inner]
    assert difference.mean() == pytest.approx(0, abs=0.01)
    assert difference.std() == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "count must be a whole number of at least 1; received 0"),
        ({"count": 2.5}, "count must be a whole number of at least 1; received 2.5"),
        ({"seed": -1}, "seed must be a whole number of at least 0; received -1"),
        ({"size": 7}, "size must be a whole number of at least .*; received 7"),
        ({"noise": -0.1}, "noise must be a number of at least 0; received -0.1"),
        ({"noise": "much"}, "noise must be a number of at least 0; received 'much'"),
        ({"sides": 3}, "an option of '.*' must be one of 'count', 'size', .*; received 'sides'"),
    ],
)
def test_a_wrong_option_is_answered_in_one_line(name, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        load(name, **options)
    assert "\n" not in str(caught.value)


def test_a_directory_is_not_needed_and_does_no_harm(name, tmp_path):
    assert len(load(name, count=1, data_dir=tmp_path).train[0]) == 1


@pytest.mark.parametrize("sigma", [1, 4])
def test_smooth_noise_has_the_strength_and_the_smoothness_asked_for(sigma):
    noise = smooth_noise(np.random.default_rng(0), 100, 128, (0.3, sigma))
    assert noise.dtype == np.float32
    assert noise.mean() == pytest.approx(0, abs=1e-5)
    assert noise.std() == pytest.approx(0.3, rel=0.05)
    # White noise blurred by a Gaussian has the correlation exp(-d²/4σ²) at distance d.
    inner = noise[:, 16:-16, 16:-16]
    near = noise[:, 16:-16, 16 + 2 * sigma : -16 + 2 * sigma or None]
    correlation = (inner * near).mean() / inner.var()
    assert correlation == pytest.approx(np.exp(-1), abs=0.03)


def test_fields_of_several_grains_add_up():
    noise = smooth_noise(np.random.default_rng(0), 200, 32, (0.3, 1), (0.4, 5))
    assert noise.std() == pytest.approx(0.5, rel=0.05)  # sqrt(0.3² + 0.4²)
