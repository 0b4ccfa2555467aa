import numpy as np
import pytest

from kerascnn import datasets
from kerascnn.datasets._drawing import SHAPES, coverage, rgb

# Areas for radius 1, by hand. The star has tips at 1, and edges that pass at cos 72° from the
# centre: ten triangles between a tip, the centre and an inner corner. The cross: two bars of length
# 2·0.96 and width 2·0.28, less the square that they share. The ring: outer radius 1, inner 0.58.
AREAS = {
    "circle": np.pi,
    "square": 2,
    "triangle": 3 * np.sqrt(3) / 4,
    "star": 10 * np.cos(np.radians(72)) * np.sin(np.radians(36)) / np.cos(np.radians(36)) / 2,
    "cross": 2 * (1.92 * 0.56) - 0.56**2,
    "ring": np.pi * (1 - 0.58**2),
}


def drawn(kind, *, radius=20.0, angle=0.0, centre=(32.0, 32.0), size=64):
    kinds = np.array([list(SHAPES).index(kind)])
    [picture] = coverage(kinds, np.array([centre]), np.array([radius]), np.array([angle]), size)
    return picture


@pytest.mark.parametrize("kind", SHAPES)
def test_a_shape_covers_its_area_wherever_and_however_it_lies(kind):
    for angle, centre in ((0, (32, 32)), (0.4, (30.3, 34.8)), (2.5, (33.5, 31.2))):
        picture = drawn(kind, angle=angle, centre=centre)
        assert picture.sum() == pytest.approx(AREAS[kind] * 20**2, rel=0.02)


@pytest.mark.parametrize("kind", SHAPES)
def test_a_shape_reaches_its_circle_and_not_beyond(kind):
    picture = drawn(kind, angle=0.7)
    y, x = np.mgrid[:64, :64] + 0.5 - 32
    distance = np.hypot(y, x)
    assert picture[distance > 21].max() == 0
    assert picture[distance > 18].max() > 0.5


@pytest.mark.parametrize(
    ("kind", "fold"), [("square", 4), ("triangle", 3), ("star", 5), ("cross", 4)]
)
def test_a_turn_by_its_symmetry_leaves_a_shape_as_it_is(kind, fold):
    turned = drawn(kind, angle=0.3 + 2 * np.pi / fold)
    np.testing.assert_allclose(turned, drawn(kind, angle=0.3), atol=1e-3)
    assert np.abs(drawn(kind, angle=0.3 + np.pi / fold) - turned).max() > 0.5


def test_rows_come_first_in_a_place():
    picture = drawn("circle", radius=5, centre=(10, 50))
    rows, columns = np.nonzero(picture)
    assert rows.mean() == pytest.approx(9.5)
    assert columns.mean() == pytest.approx(49.5)


def test_colours_are_those_of_the_colour_circle():
    hue = np.array([0, 1 / 6, 1 / 3, 2 / 3])
    colours = rgb(hue, np.ones(4), np.ones(4))[..., 0, 0]
    np.testing.assert_allclose(colours, [[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]], atol=1e-6)
    np.testing.assert_allclose(rgb(hue[:1], np.zeros(1), np.full(1, 0.3)).ravel(), 0.3)


@pytest.fixture(scope="module")
def flat():
    return datasets.load("shapes", count=300, noise=0, texture=0)


def masks(images):
    """How much of each pixel is not ground; a shape never covers a corner."""
    ground = images[:, :1, :1]
    difference = np.abs(images - ground).sum(axis=-1)
    return difference / difference.max(axis=(1, 2), keepdims=True)


def test_each_class_comes_equally_often(flat):
    images, labels = flat.train
    assert images.shape == (300, 32, 32, 3)
    assert np.bincount(labels).tolist() == [50] * 6
    assert len(set(labels[:12])) > 3  # and in no order


def test_labels_are_the_shapes_that_are_drawn(flat):
    """The part of the circle around a shape that the shape covers tells its class."""
    images, labels = flat.train
    covered = masks(images)
    y, x = np.mgrid[:32, :32]
    mass = covered.sum(axis=(1, 2))
    centre = [(covered * axis).sum(axis=(1, 2)) / mass for axis in (y, x)]
    distance = np.hypot(*(axis - c[:, None, None] for axis, c in zip((y, x), centre, strict=True)))
    radius = (distance * (covered > 0.5)).max(axis=(1, 2)) + 0.5
    filled = mass / radius**2
    for label, area in enumerate(AREAS.values()):
        assert np.median(filled[labels == label]) == pytest.approx(area, rel=0.15)


def test_shapes_lie_within_the_image_at_all_places_and_sizes(flat):
    covered = masks(flat.train[0]) > 0.5
    assert not covered[:, [0, -1]].all(axis=2).any()  # no row at the edge is covered
    sizes = np.sqrt(covered.sum(axis=(1, 2)))
    assert sizes.max() > 2 * sizes.min()
    assert covered.mean(axis=0).min() < 0.1  # the corners …
    assert covered.mean(axis=0).max() > 0.4  # … and the middle


def test_shapes_stand_out_from_the_ground(flat):
    images = flat.train[0]
    assert np.abs(images - images[:, :1, :1]).max(axis=(1, 2, 3)).min() > 0.2


def test_texture_changes_the_surface_and_not_the_scene(flat):
    textured = datasets.load("shapes", count=300, noise=0, texture=0.3)
    np.testing.assert_array_equal(textured.train[1], flat.train[1])
    change = textured.train[0] - flat.train[0]
    assert 0.02 < change.std() < 0.2
    with pytest.raises(ValueError, match="texture must be a number from 0 to 1; received 2"):
        datasets.load("shapes", texture=2)
