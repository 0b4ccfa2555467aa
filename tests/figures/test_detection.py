"""YOLO's grid finds what its scene holds."""

import numpy as np
import pytest

import kerascnn as kc
from kerascnn.figures import detection


@pytest.fixture(scope="module")
def found():
    return detection.detected()


def test_one_box_is_kept_for_each_shape(found):
    truth, kept = found["truth"], found["found"]
    assert len(kept) == len(truth) >= 4
    assert len(kept) < found["strong"]
    assert (
        kc.metrics.average_precision(truth[None], [kept], classes=6)[
            np.unique(truth[:, 0]).astype(int)
        ].min()
        == 1
    )


def test_the_grid_is_that_of_the_network(found):
    paper = kc.models.build("yolov1", width=1 / 64).output_shape[1:]
    assert paper == (7, 7, 5 * detection.BOXES + detection.PAPER) == (7, 7, 30)
    assert found["grid"].shape == (7, 7, 5 * detection.BOXES + len(found["names"]))
    assert len(found["places"]) == len(found["confidence"]) == 98
