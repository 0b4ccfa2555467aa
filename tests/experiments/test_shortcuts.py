"""Planted shortcuts: what is planted where, and what the record says."""

import numpy as np
import pytest

import kerascnn as kc
from kerascnn.experiments import _clever_hans, _explainers, _planting, _shortcuts

FEW = {"data": "digits", "classes": (1, 7), "images": 20, "tests": 8, "explained": 2, "epochs": 1}
CHEAP = {"methods": ("saliency",)}


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("shortcuts")


@pytest.fixture
def gray():
    """Two images of 8x10 pixels and three channels, all at 0.5."""
    return np.full((2, 8, 10, 3), 0.5, "float32")


# -- what is planted ------------------------------------------------------------------------------


def test_a_tag_by_hand(gray):
    planted, mask = _planting.plant("tag", gray, [True, False], tag_size=4)
    letter = [[0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    for channel in range(3):
        np.testing.assert_array_equal(planted[0, 3:7, 1:5, channel], letter)
    assert mask.sum() == 16
    assert mask[3:7, 1:5].all()
    np.testing.assert_array_equal(planted[0][~mask], 0.5)
    np.testing.assert_array_equal(planted[1], 0.5)
    np.testing.assert_array_equal(gray, 0.5)
    moved, there = _planting.plant("tag", gray, place="elsewhere", tag_size=4)
    np.testing.assert_array_equal(moved[:, 1:5, 5:9, 0], [letter, letter])
    assert there.sum() == 16
    assert there[1:5, 5:9].all()


def test_a_ruler_by_hand(gray):
    planted, mask = _planting.plant("ruler", gray)
    ticks = [0, 1, 1, 1, 0, 1, 1, 1, 0, 1]
    np.testing.assert_array_equal(planted[0, 5:, :, 1], [ticks, ticks, [1] * 10])
    assert mask.sum() == 30
    assert mask[5:].all()
    moved, there = _planting.plant("ruler", gray, place="elsewhere")
    np.testing.assert_array_equal(moved[:, :3], planted[:, 5:])
    assert there[:3].all()


def test_a_color_cast_by_hand(gray):
    planted, mask = _planting.plant("color cast", gray, [False, True])
    np.testing.assert_allclose(planted[1, 3, 4], [0.5, 0.425, 0.3])
    np.testing.assert_array_equal(planted[0], 0.5)
    assert mask.all()


def test_the_reliability_is_exact(rng):
    labels = np.repeat([0, 1], 20)
    for reliability, of_first, of_second in ((0.5, 10, 10), (0.7, 6, 14), (1.0, 0, 20)):
        chosen = _planting.given_away(labels, reliability, rng)
        assert (chosen[:20].sum(), chosen[20:].sum()) == (of_first, of_second)


# -- running --------------------------------------------------------------------------------------


def test_a_network_that_sees_nothing_but_the_tag_in_its_place():
    """Half of the images are of each class: with the tag all are right, without it half."""
    images = np.full((6, 8, 10, 3), 0.25, "float32")

    def model(images):
        second = images[:, 5, 2, 0] == 1  # the foot of the L
        return np.stack([~second, second], axis=1).astype("float32")

    found = _shortcuts.under_conditions(model, "tag", (images, np.array([0, 1] * 3)), 4)
    assert dict(zip(_shortcuts.CONDITIONS, found, strict=True)) == {
        "with": 1,
        "without": 0.5,
        "elsewhere": 0.5,
        "other class": 0,
    }


def test_a_color_cast_is_nowhere_else():
    images = np.full((4, 8, 10, 3), 0.5, "float32")

    def warm(images):
        second = images[:, 0, 0, 2] < 0.4
        return np.stack([~second, second], axis=1).astype("float32")

    found = _shortcuts.under_conditions(warm, "color cast", (images, np.array([0, 1, 0, 1])), 6)
    np.testing.assert_array_equal(found, [1, 0.5, np.nan, 0])


@pytest.mark.slow
def test_a_run_on_other_images(feigned):
    result = kc.experiments.shortcuts(**FEW, **CHEAP, reliabilities=(1.0,), seeds=(3, 3, 4))
    assert result["accuracy"].shape == (4, 1, 3)
    assert result["mass"].shape == result["rank"].shape == (1, 1, 3)
    for key in ("accuracy", "reliance", "mass", "rank"):
        np.testing.assert_array_equal(result[key][..., 0], result[key][..., 1])
    assert np.any(result["mass"][..., 2] != result["mass"][..., 0])
    assert result["area"] == pytest.approx(36 / 28**2)
    assert result["classes"].tolist() == ["1", "7"]


def test_every_method_that_needs_no_other_model_is_asked():
    """The others need attention, or a unit instead of a class."""
    from kerascnn.visualize.metrics._evaluate import _known

    others = {"attention_relevance", "attention_rollout", "randomization_test"}
    known = {name for name in _known() if name not in others | {"deletion_insertion"}}
    assert set(_explainers.METHODS) == known


@pytest.mark.parametrize(
    ("name", "change", "line"),
    [
        (
            "shortcuts",
            {"reliabilities": (0.9, 0.4)},
            r"reliabilities must be a number from 0\.5 to 1; received 0\.4",
        ),
        (
            "shortcuts",
            {"reliabilities": (1.2,)},
            r"reliabilities must be a number from 0\.5 to 1; received 1\.2",
        ),
        ("shortcuts", {"tag_size": 3}, "tag_size must be from 4 to 26"),
        ("shortcuts", {"shortcut": "color cast"}, "shortcut must not be 'color cast' unless"),
        ("shortcuts", {"shortcut": "tags"}, "shortcut must be one of .*Did you mean 'tag'"),
        ("shortcuts", {"classes": (3, 3)}, "classes must be two different classes, from 0 to 9"),
        ("shortcuts", {"images": 10**6}, "images must be from 1 to"),
        ("shortcuts", {"explained": 9}, "explained must be at most 8"),
        ("shortcuts", {"methods": ("attention_rollout",)}, "methods must be one of 'saliency', "),
        ("clever_hans", {"methods": ("attention_rollout",)}, "methods must be one of 'saliency'"),
        ("clever_hans", {"tag_size": 28}, "tag_size must be from 4 to 26, so that it fits into"),
        ("clever_hans", {"classes": (3, 10)}, "classes must be two different classes"),
        ("clever_hans", {"seeds": (1, 1)}, "seeds must be at least two different numbers"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_trains(name, change, line, monkeypatch):
    def train(*_given, **_options):
        raise AssertionError("trained")

    monkeypatch.setattr(kc.training, "train", train)
    given = {"data": "digits", "images": 20, "tests": 8, "explained": 8}
    with pytest.raises(ValueError, match=line) as caught:
        getattr(kc.experiments, name)(**given | change)
    assert "\n" not in str(caught.value)


# -- Clever Hans ----------------------------------------------------------------------------------


def test_maps_are_recorded_from_zero_to_their_maximum():
    heatmap = np.array([[-1.0, 0.0], [1.0, 2.0]])
    assert _clever_hans.levels(heatmap).tolist() == [[0, 0], [50, 99]]
    assert _clever_hans.levels(-np.abs(heatmap)).tolist() == [[0, 0], [0, 0]]


def test_alike_by_hand():
    one = np.array([[[1.0, 2.0, 3.0, 4.0]], [[4.0, 3.0, 2.0, 1.0]]])
    other = np.array([[[-1.0, -2.0, -3.0, -4.0]], [[1.0, 2.0, 3.0, 4.0]]])
    assert _clever_hans.alike(one, other) == pytest.approx(0)  # 1 and −1: signs do not count


@pytest.mark.slow
def test_two_decisions_are_compared():
    few = {name: FEW[name] for name in ("data", "classes", "images", "tests", "explained")}
    result = kc.experiments.clever_hans(
        **few, methods=("saliency", "grad_cam"), epochs=8, seeds=(0, 1)
    )
    assert result["similarity"].shape == (3, 2, 2)
    assert result["pictured"].tolist() == ["saliency", "grad_cam"]
    assert result["map_saliency"].shape == (2, 28, 28)
    assert result["map_grad_cam"].shape == (2, 7, 7)
    assert 0 <= result["compared"] <= 2
    if result["compared"]:
        assert np.all(np.abs(result["similarity"]) <= 1)


# -- the record -----------------------------------------------------------------------------------


def test_the_accuracy_falls_with_the_tag(record):
    accuracy = dict(zip(record["conditions"], record["accuracy"], strict=True))
    assert record["reliabilities"].tolist() == [0.5, 0.7, 0.8, 0.9, 1]
    for at_first in accuracy.values():
        assert np.all(np.abs(at_first[0] - accuracy["without"][0]) < 0.06)  # it means nothing
    assert accuracy["with"][-1].min() > 0.99
    assert np.all(np.abs(accuracy["without"][-1] - 0.5) < 0.05)
    assert accuracy["other class"][-1].max() < 0.01
    assert accuracy["elsewhere"][-1].min() > 0.95  # a convolution finds it anywhere


def test_maps_follow_the_reliance_each_by_its_own_measure(record):
    mass, reliance = record["mass"].mean(axis=-1), record["reliance"].mean(axis=-1)
    assert np.all(np.diff(reliance) > 0)
    assert np.all(np.diff(mass, axis=1) > 0)
    area = record["area"].item()
    assert np.all(mass[:, 0] < 2.1 * area)
    assert np.all(mass[:, -1] > 3 * area)
    last = dict(zip(record["methods"].tolist(), mass[:, -1], strict=True))
    assert last["saliency"] < 0.2 < 0.3 < last["integrated_gradients"] < 0.35
    assert last["occlusion"] > 0.58


def test_products_with_the_image_hardly_notice_random_weights():
    record = kc.experiments.recorded("clever_hans")
    random, decision, seed = record["similarity"].mean(axis=-1)
    names = record["methods"].tolist()
    products = [
        names.index(name)
        for name in (
            "integrated_gradients", "blur_integrated_gradients", "gradient_times_input",
            "deep_lift", "lrp",
        )
    ]  # fmt: skip
    others = [nth for nth in range(len(names)) if nth not in products]
    assert np.min((random / seed)[products]) > 0.75 > np.max((random / seed)[others])
    cam = names.index("grad_cam")
    assert max(random[cam], decision[cam]) < 0.1 < 0.5 < seed[cam]
    assert record["compared"] == record.settings["explained"]
