"""The lecturer's own photo and network, in the figures that take them."""

import re

import numpy as np
import pytest
from matplotlib import pyplot as plt

import kerascnn as kc
from kerascnn.figures import _own, explanations

PHOTO = kc.datasets.photo("astronaut")[:240:2, 90:340:2] / 255


@pytest.fixture(scope="module")
def network():
    return kc.trained.load("resnet20", weights="cifar10")


@pytest.fixture
def words(texts):
    """Draw a figure with options; give its words, title and alt text included."""

    def draw(name, **options):
        figure = kc.figures.render(name, **options)
        shown = " ".join(" ".join(text.get_text().split()) for text in texts(figure))
        plt.close(figure)
        return f"{shown} {' '.join(kc.figures.lecture_figure(name).words(**options))}"

    return draw


def test_every_figure_of_section_f_with_a_network_takes_it():
    taking = {name for name in kc.figures.names("F")
              if "network" in kc.figures.lecture_figure(name).options}  # fmt: skip
    rows = {row for name in taking for row in kc.figures.lecture_figure(name).rows}
    assert rows >= {f"F{n}" for n in range(1, 10)}  # F10 is a page of its own
    assert "photo" in kc.figures.lecture_figure("kernels-on-a-photo").options


def test_grad_cam_of_a_photo(words, network):
    shown = words("grad-cam", photo=PHOTO, network=network)
    found = network.explain(PHOTO)
    assert f"{found.label}: {found.probability:.1%}" in shown
    second = np.argsort(-found.probabilities)[1]
    assert f"{network.names[second]}: {found.probabilities[second]:.1%}" in shown
    assert "heatmaps of resnet20/cifar10 for the predicted class" in shown


def test_activations_of_a_photo(words, network):
    shown = words("activation-maps", photo=PHOTO, network=network)
    found = network.explain(PHOTO)
    assert f"{found.probability:.1%}" in shown
    assert "conv1_conv: 64×67×16" in shown  # the shorter side twice that of CIFAR-10


def test_filters_of_a_network(words, network):
    shown = words("first-layer-filters", network=network)
    assert "16 filters: 3×3×3." in shown
    assert "The first filters that resnet20/cifar10 learns" in shown


def test_a_network_of_digits_sees_a_digit(words):
    net = kc.trained.load("lenet5", weights="mnist")
    assert words("grad-cam", network=net).count("8: ") == 1  # the fourth test digit


def test_networks_that_a_figure_cannot_take(network, tmp_path):
    gray = kc.trained.load("lenet5", weights="mnist")
    cases = (
        ("deep-dream", gray, "the model must take RGB images; received lenet5/mnist"),
        ("overfitting", network, "figure 'overfitting' has no option network."),
    )
    for name, net, line in cases:
        with pytest.raises(ValueError, match=re.escape(line)) as error:
            kc.figures.draw(name, out=tmp_path / "new", network=net)
        assert "\n" not in str(error.value)
    with pytest.raises(TypeError, match="network must be a trained network"):
        kc.figures.draw("deep-dream", out=tmp_path / "new", network=network.model)
    assert not (tmp_path / "new").exists()


def test_features_are_taken_once_for_all_figures(network):
    features = _own.features_of(network)
    assert features.input_shape == (None, None, None, 3)
    assert _own.features_of(network) is features


def test_heatmaps_of_colour_pictures_are_as_strong_as_their_strongest_channel():
    colours = np.array([[[1, -3, 2]], [[0, 0, -1]]])
    assert explanations.strengths(colours).tolist() == [[3], [1]]
    assert explanations.strengths(np.array([[-2, 1]])).tolist() == [[2, 1]]


def test_layers_are_spread_over_the_depth(network):
    names = _own.convolutions(network.model, 4)
    assert names[0] == "conv1_conv"
    assert len(set(names)) == 4
    with pytest.raises(ValueError, match="at least 40 convolutions"):
        _own.convolutions(network.model, 40)


def test_without_names_those_are_drawn_that_take_what_is_given(monkeypatch, tmp_path):
    from kerascnn.figures import _runner

    seen = []
    monkeypatch.setattr(_runner, "_draw", lambda one, *_args: seen.append(one) or {})
    kc.figures.draw(out=tmp_path, photo=PHOTO)
    assert {"kernels-on-a-photo", "grad-cam", "zero-padding"} <= {one.name for one in seen}
    assert all("photo" in one.options for one in seen)
