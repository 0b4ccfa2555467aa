"""T = pixels · kernels · time of a kernel: by Keras's own layers and by hand."""

import pytest

from kerascnn.figures import computing_time
from kerascnn.figures.architectures import built


@pytest.fixture(scope="module")
def times():
    return computing_time.vgg16_times()


def test_the_product_is_what_the_description_counts(times):
    layers = built("vgg16", include_top=False, input_shape=(224, 224, 3)).layers
    macs = {layer.name: layer.macs for layer in layers if layer.kind == "Conv2D"}
    assert {time.name: time.macs for time in times} == macs
    assert len(times) == 13


def test_four_times_the_kernels_balance_a_quarter_of_the_pixels(times):
    """Within 10 % on the example: in fact equal, 224² · 64 · 64 · 9."""
    second = computing_time.second_convolutions(times)
    assert [time.pixels for time in second] == [50_176, 12_544, 3_136, 784, 196]
    assert [time.kernels for time in second] == [4_096, 16_384, 65_536, 262_144, 262_144]
    assert [time.macs for time in second[:4]] == pytest.approx([1_849_688_064] * 4, rel=0.1)
    assert second[0].macs == 224**2 * 64 * 64 * 9


@pytest.mark.parametrize(("factor", "expected"), [(4, (1, 4, 16, 64)), (2, (1,) * 4)])
def test_four_times_the_maps_do_not(factor, expected):
    """Twice the maps keep the time; four times as many make each layer four times as slow."""
    assert tuple(computing_time.relative_times(factor)) == expected
