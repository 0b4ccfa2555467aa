import matplotlib.pyplot as plt
import numpy as np
import pytest

from kerascnn import plots
from kerascnn.plots import layer_activations


@pytest.fixture
def layers(rng):
    return {
        "conv": rng.random((1, 6, 6, 12)) * np.arange(12),
        "features/wide": rng.random((4, 8, 3)),
        "dense": rng.normal(size=(1, 300)),
        "scores": np.array([[0.1, 0.7, 0.2]]),
    }


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_maps_are_pictures_and_vectors_are_strips(layers):
    ax = layer_activations(layers, image=np.zeros((6, 6)))
    shapes = [picture.get_array().shape for picture in ax.images]
    assert shapes == [(6, 6), *[(6, 6)] * 8, *[(4, 8)] * 3, (3, 100), (1, 3)]
    np.testing.assert_array_equal(ax.images[-1].get_array()[0], [0.1, 0.7, 0.2])
    assert ax.images[-2].get_array().count() == 300
    assert {"conv\n6×6×12", "wide\n4×8×3", "dense\n300", "scores\n3"} <= set(texts(ax))


def test_the_strongest_maps_come_first_on_the_scale_of_their_layer(layers):
    ax = layer_activations(layers, top=2)
    assert texts(ax)[1:3] == ["11", "10"]
    first, second = ax.images[:2]
    np.testing.assert_array_equal(first.get_array(), layers["conv"][0, ..., 11])
    assert first.get_clim() == second.get_clim() == (0, layers["conv"].max())


def test_the_largest_scores_are_named(layers):
    assert texts(layer_activations(layers))[-1] == "1: 0.70, 2: 0.20, 0: 0.10"
    ax = layer_activations(layers, class_names=["cat", "dog", "owl"])
    assert texts(ax)[-1] == "dog: 0.70, owl: 0.20, cat: 0.10"


def test_words_do_not_cover_each_other(layers):
    with plots.style("slides", lang="ko"):
        figure, ax = plt.subplots()
        layer_activations(layers, image=np.zeros((6, 6)), ax=ax)
        figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    boxes = [box.padded(-0.1 * box.height) for box in boxes]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"conv": np.zeros((2, 4, 4, 3))}, {}, r"'conv'\] must be the outputs for one image; .* 2"),
        ({"conv": np.full((4, 4, 3), np.nan)}, {}, r"'conv'\] must be finite"),
        ({}, {"top": 0}, "top must be 1 or more"),
        ({}, {"class_names": ["cat"]}, r"one for each value of the last layer, \(3,\); received 1"),
    ],
)
def test_bad_input(layers, change, options, message):
    with pytest.raises(ValueError, match=message):
        layer_activations(layers | change, **options)


def test_no_dict():
    with pytest.raises(TypeError, match="activations must be a dict"):
        layer_activations(np.zeros((4, 4, 3)))
    with pytest.raises(ValueError, match="at least one layer"):
        layer_activations({})


def test_one_value_is_that_of_the_second_of_two_classes():
    ax = layer_activations({"score": np.array([[0.9]])}, class_names=["dent", "good"])
    assert ax.texts[-1].get_text() == "good: 0.90"
    plt.close(ax.figure)


def test_the_margins_of_many_layers_are_those_of_few(rng):
    maps = rng.random((1, 4, 4, 3))
    tops = []
    for count in (1, 60):
        ax = layer_activations({f"conv{i}": maps for i in range(count)})
        fig = ax.figure
        tops.append((1 - fig.subplotpars.top) * fig.get_figheight())
        assert fig.get_figheight() > 20 or count == 1
    assert tops[1] == pytest.approx(tops[0])
