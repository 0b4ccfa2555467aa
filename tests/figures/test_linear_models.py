"""Linear and logistic regression on patches of 24×24×3 pixels."""

import numpy as np
import pytest
from skimage.filters import gaussian
from skimage.measure import label, regionprops

import kerascnn as kc
from kerascnn.figures import linear_models


@pytest.fixture(scope="module")
def models():
    return linear_models.fits()


def test_a_weight_for_each_pixel_and_one_bias(models):
    for fit in (models.linear, models.logistic):
        assert fit.weights.shape == (24, 24, 3)
        assert fit.weights.size == 1728
        assert isinstance(fit.bias, float)


def test_the_weights_are_those_of_the_penalized_fits(models):
    """Where the derivatives are zero: by hand, for the loss plus the penalty."""
    data, part = models.data, models.data.training
    x, areas = data.patches[part].reshape(part.sum(), -1), data.areas[part]
    large = areas > models.border
    for fit, target, outputs in (
        (models.linear, areas, lambda s: s),
        (models.logistic, large, lambda s: 1 / (1 + np.exp(-s))),
    ):
        w = fit.weights.ravel()
        errors = outputs(x @ w + fit.bias) - target
        slope = x.T @ errors + linear_models.RIDGE * w
        assert np.abs(slope).max() < 1e-2 * np.abs(x.T @ target).max()
        assert abs(errors.sum()) < 1e-2 * target.sum()


def test_quality_is_measured_on_the_other_half(models):
    data, rest = models.data, ~models.data.training
    x, areas = data.patches[rest].reshape(rest.sum(), -1), data.areas[rest]
    predicted = x @ models.linear.weights.ravel() + models.linear.bias
    unexplained = ((areas - predicted) ** 2).sum() / ((areas - areas.mean()) ** 2).sum()
    assert models.linear.quality == pytest.approx(1 - unexplained)
    right = (x @ models.logistic.weights.ravel() + models.logistic.bias > 0) == (
        areas > models.border
    )
    assert models.logistic.quality == pytest.approx(right.mean())
    assert models.linear.quality > 0.9
    assert models.logistic.quality > 0.9


def test_no_pixel_is_in_both_halves(models):
    middle, half = 500, 12
    places = models.data.columns * 1000
    assert (places[models.data.training] + half).max() <= middle
    assert (places[~models.data.training] - half).min() >= middle


def test_areas_are_those_that_scikit_image_measures(models):
    photo = kc.datasets.photo("hubble_deep_field") / 255
    regions = label(gaussian(photo.mean(axis=-1), 1, mode="reflect") > 0.2, connectivity=1)
    found = {
        (region.area, tuple(photo[r - 12 : r + 12, c - 12 : c + 12].ravel()[:9]))
        for region in regionprops(regions)
        for r, c in [np.rint(region.centroid).astype(int)]
    }
    shown = zip(models.data.areas, models.data.patches, strict=True)
    assert all((area, tuple(patch.ravel()[:9])) in found for area, patch in shown)
