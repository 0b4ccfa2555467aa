"""What the figures of U-Net's skips say is what was measured, and is so in every run."""

import numpy as np
import pytest

import kerascnn as kc
from kerascnn.figures import skips


@pytest.fixture(scope="module")
def fields():
    return skips.fields()


def test_skips_keep_the_field_small(fields):
    near, far = (skips.share_within(fields["effects"][name], 10) for name in ("with", "without"))
    assert near > 0.5
    assert far < 0.1


def test_without_skips_the_copied_maps_do_not_count():
    """Another last map of the first level, before its pooling, changes nothing but the pooled."""
    model = kc.build_unet(
        padding="same", width=1 / 32, dropout=0.0, input_shape=(32, 32, 1), classes=2
    )
    net = skips.without_skips(model)
    kernel = net.get_layer("up1_conv1").get_weights()[0]
    copied = model.get_layer("down1_conv2").output.shape[-1]
    assert not kernel[:, :, :copied].any()
    np.testing.assert_array_equal(
        kernel[:, :, copied:], model.get_layer("up1_conv1").get_weights()[0][:, :, copied:]
    )
    assert model.get_layer("up1_conv1").get_weights()[0][:, :, :copied].any()


def test_share_within_by_hand():
    effect = np.ones((5, 5))
    assert skips.share_within(effect, 0) == 1 / 25
    assert skips.share_within(effect, 1) == 5 / 25
    assert skips.share_within(effect, 3) == 1
