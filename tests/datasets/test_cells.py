import numpy as np
import pytest
from scipy import ndimage
from skimage.filters import threshold_otsu

from kerascnn import datasets
from kerascnn.datasets import cells

COUNT = 24


@pytest.fixture(scope="module")
def clean():
    """Noise-free pictures and, by kind, their masks."""
    data = {
        labels: datasets.load("cells", count=COUNT, noise=0, labels=labels).train
        for labels in ("cells", "borders", "instances")
    }
    images = data["cells"][0]
    for others, _ in data.values():
        np.testing.assert_array_equal(others, images)
    return images[..., 0], {labels: masks for labels, (_, masks) in data.items()}


def test_shapes_types_and_class_names():
    data = datasets.load("cells", count=5)
    assert data.train[0].shape == (5, 128, 128, 1)
    assert data.train[1].shape == (5, 128, 128)
    assert np.issubdtype(data.train[1].dtype, np.integer)
    assert data.class_names == ("background", "cell")
    borders = datasets.load("cells", count=5, size=64, labels="borders")
    assert borders.train[0].shape == (5, 64, 64, 1)
    assert borders.class_names == ("background", "cell", "border")
    with pytest.raises(ValueError, match="labels must be one of 'cells', 'borders', 'instances'; "):
        datasets.load("cells", labels="cell")


def test_the_three_kinds_of_masks_say_the_same(clean):
    _, masks = clean
    np.testing.assert_array_equal(masks["cells"], masks["instances"] > 0)
    np.testing.assert_array_equal(masks["borders"] == 1, masks["cells"] == 1)
    assert set(np.unique(masks["borders"])) == {0, 1, 2}


def test_cells_are_bright_and_masks_are_where_they_are(clean):
    images, masks = clean
    light = ndimage.gaussian_filter(images, (0, 20, 20))  # a guess at the uneven illumination
    overlaps = []
    for image, mask, haze in zip(images, masks["cells"] > 0, light, strict=True):
        assert image[mask].mean() > 2.5 * image[~mask].mean()
        bright = image > (threshold_otsu(image) + haze) / 2
        overlaps.append((bright & mask).sum() / (bright | mask).sum())
    assert min(overlaps) > 0.7  # thresholding alone loses dim cells and merges bright ones
    assert np.median(overlaps) > 0.8


def test_each_connected_part_of_a_mask_is_one_cell(clean):
    for instances in clean[1]["instances"]:
        parts, count = ndimage.label(instances > 0, np.ones((3, 3)))
        assert count == instances.max()
        pairs = np.unique(np.stack([parts, instances]).reshape(2, -1), axis=1)
        assert pairs.shape[1] == count + 1  # with the background


def test_cells_have_the_size_of_cells_and_lie_everywhere(clean):
    instances = clean[1]["instances"]
    inner = [
        (image == number).sum()
        for image in instances
        for number in np.unique(image[image > 0])
        if not np.isin(number, [*image[0], *image[-1], *image[:, 0], *image[:, -1]])
    ]
    # Half of the cells at least are not far from circles with radii of 7 to 12 pixels.
    assert np.pi * 6.5**2 < np.median(inner) < np.pi * 11**2
    assert min(inner) >= 20
    assert max(inner) < np.pi * 16.1**2
    quarters = [(instances[:, y : y + 64, x : x + 64] > 0).mean() for y in (0, 64) for x in (0, 64)]
    assert 0.1 < min(quarters) < max(quarters) < 0.5
    assert len({image.max() for image in instances}) > 5  # few cells or many


def test_many_cells_touch_and_the_border_is_where_they_do(clean):
    _, masks = clean
    touching = total = 0
    for instances, classes in zip(masks["instances"], masks["borders"], strict=True):
        near = set()
        # Two cells whose gap is at most two pixels of border wide
        for axis in (0, 1):
            for step in (2, 3):
                a, b = (
                    np.take(instances, s, axis=axis) for s in (range(step, 128), range(128 - step))
                )
                near.update(a[(a != b) & (a > 0) & (b > 0)], b[(a != b) & (a > 0) & (b > 0)])
        touching += len(near)
        total += instances.max()
        highest = ndimage.maximum_filter(instances, 5)
        lowest = ndimage.minimum_filter(np.where(instances > 0, instances, 1000), 5)
        border = classes == 2
        assert (highest != lowest)[border].mean() > 0.9  # two cells within two pixels
    assert touching > 0.6 * total


def test_pictures_are_darker_where_cells_touch(clean):
    images, masks = clean
    border = masks["borders"] == 2
    beside = ndimage.binary_dilation(border, np.ones((1, 7, 7))) & (masks["borders"] == 1)
    assert images[border].mean() < 0.85 * images[beside].mean()


def test_bright_pixels_are_noisier_as_photons_are_counted(clean):
    clean, _ = clean
    noise = datasets.load("cells", count=COUNT, noise=0.05).train[0][..., 0] - clean
    dark, bright = (clean > 0.05) & (clean < 0.15), (clean > 0.4) & (clean < 0.6)
    assert noise[bright].std() == pytest.approx(0.05, rel=0.1)
    assert noise[bright].var() / noise[dark].var() == pytest.approx(
        clean[bright].mean() / clean[dark].mean(), rel=0.15
    )


def test_illumination_is_uneven(clean):
    images, masks = clean
    far = ~ndimage.binary_dilation(masks["cells"] > 0, np.ones((1, 25, 25)))
    spread = [
        image[dark].std() / image[dark].mean()
        for image, dark in zip(images, far, strict=True)
        if dark.sum() > 2000
    ]
    assert np.median(spread) > 0.05


def test_larger_pictures_have_more_cells_of_the_same_size():
    small = datasets.load("cells", count=4, size=96, labels="instances").train[1]
    large = datasets.load("cells", count=4, size=256, labels="instances").train[1]
    assert large.max() > 3 * small.max()
    sizes = [(image == 1).sum() for image in large]
    assert max(sizes) < np.pi * 16.1**2


@pytest.mark.parametrize("turns", [0, 1])
def test_cells_that_touch_at_a_corner_are_parted(turns):
    """Two squares of 6x6 that share a corner, on either diagonal: the two pixels there are left."""
    image = np.zeros((1, 16, 16), np.int32)
    image[0, 2:8, 2:8], image[0, 8:14, 8:14] = 1, 2
    expected = np.zeros(image.shape, bool)
    expected[0, 7, 7] = expected[0, 8, 8] = True
    image, expected = (np.rot90(x, turns, axes=(1, 2)) for x in (image, expected))
    instances, border = cells._separated(image)
    np.testing.assert_array_equal(border, expected)
    assert instances.max() == 2
