import numpy as np
import pytest

from kerascnn.plots import activation_grid

MAPS = np.ones((2, 3, 4)) * [1.0, 8.0, 2.0, 5.0]


def test_strongest_first_each_with_its_unit():
    ax = activation_grid(MAPS, columns=4)
    assert [text.get_text() for text in ax.texts] == ["1", "3", "2", "0"]
    shown = ax.images[0].get_array()
    assert shown[-1, [0, 4, 8, 12]].tolist() == [8, 5, 2, 1]


def test_order_of_units_and_top():
    assert [text.get_text() for text in activation_grid(MAPS, top=2).texts] == ["1", "3"]
    ax = activation_grid(MAPS, order="unit", top=2)
    assert [text.get_text() for text in ax.texts] == ["0", "1"]
    assert len(activation_grid(MAPS, top=99).texts) == 4
    assert not activation_grid(MAPS, numbers=False).texts


def test_one_scale_from_zero_with_a_bar():
    ax = activation_grid(MAPS)
    assert ax.images[0].get_clim() == (0, 8)
    assert ax.images[0].get_cmap().name == "viridis"
    assert ax.child_axes[0].get_ylabel() == "activation"
    assert activation_grid(MAPS - 3).images[0].get_clim() == (-2, 5)


def test_a_dead_layer_is_drawn():
    assert activation_grid(np.zeros((2, 2, 3))).images[0].get_clim() == (0, 1)


def test_maps_stand_upright():
    maps = np.arange(6.0).reshape(2, 3, 1)
    shown = activation_grid(maps, numbers=False).images[0].get_array()
    np.testing.assert_array_equal(shown, maps[..., 0])


@pytest.mark.parametrize(
    ("maps", "options", "message"),
    [
        (np.zeros((1, 2, 2, 3)), {}, r"pass maps\[0\]"),
        (np.full((2, 2, 1), np.nan), {}, "NaN"),
        (MAPS, {"order": "strenght"}, "Did you mean 'strength'"),
        (MAPS, {"top": 0}, "top"),
    ],
)
def test_bad_input(maps, options, message):
    with pytest.raises(ValueError, match=message):
        activation_grid(maps, **options)
