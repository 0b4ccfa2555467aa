"""The figures of detection show what the shipped YOLO finds in scenes that it has not seen."""

import numpy as np
import pytest

import kerascnn as kc
from kerascnn.figures import detection


@pytest.fixture(scope="module")
def grid():
    return detection.gridded()


@pytest.fixture(scope="module")
def found():
    return detection.detected()


def test_one_box_is_kept_for_each_shape(grid):
    truth, kept = grid["truth"], grid["found"]
    assert len(kept) == len(truth) >= 4
    assert len(kept) < grid["strong"]
    average = kc.metrics.average_precision(truth[None], [kept], classes=6)
    assert average[np.unique(truth[:, 0]).astype(int)].min() == 1


def test_the_grid_is_that_of_the_paper(grid):
    paper = kc.models.build("yolov1", width=1 / 64).output_shape[1:]
    assert paper == (7, 7, 5 * detection.BOXES + detection.PAPER) == (7, 7, 30)
    assert grid["grid"].shape == (7, 7, 5 * detection.BOXES + len(grid["names"]))
    assert len(grid["places"]) == len(grid["confidence"]) == 98


def test_scores_are_those_of_the_card(found):
    from kerascnn.cli._verify import networks

    on_card = networks()["yolov1/boxes"].card["scores"]["boxes_test"]["mAP"]
    assert found["average"].mean() == pytest.approx(on_card, abs=5e-3)
    for curve, average in zip(found["curves"], found["average"], strict=True):
        assert average <= curve.recall[-1] + 1e-9  # recall that is never reached counts as 0


def test_one_scene_is_right_and_one_shape_is_missed(found):
    right, wrong = (
        kc.metrics.average_precision(truth[None], [boxes], classes=6)
        for truth, boxes in zip(found["truth"], found["found"], strict=True)
    )
    assert np.nanmin(right) == 1
    assert np.nanmin(wrong) < 1
    assert len(found["found"][1]) == (found["truth"][1][:, 0] >= 0).sum() - 1
