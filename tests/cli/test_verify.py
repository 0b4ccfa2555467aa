"""What cards say of the shipped networks, measured anew."""

from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from skimage.filters import threshold_otsu

import kerascnn as kc
from kerascnn import cli
from kerascnn.cli import _verify
from kerascnn.datasets import _packaged
from kerascnn.trained._trained import framed
from kerascnn.weights._shipped import scores_of


@pytest.fixture
def data_dir(tmp_path):
    """A folder with an mnist.npz that holds other digits."""
    images, labels = kc.datasets.load("digits").test
    images, labels = np.round(images[..., 0] * 255).astype("uint8"), labels.astype("uint8")
    np.savez(
        tmp_path / "mnist.npz",
        x_train=images[:12], y_train=labels[:12], x_test=images, y_test=labels,
    )  # fmt: skip
    return tmp_path


@pytest.fixture
def kerascnn():
    return lambda *arguments: CliRunner().invoke(cli.main, ["weights", *map(str, arguments)])


def test_a_network_is_as_good_as_its_card_says_and_no_other_data_will_do(kerascnn, data_dir):
    result = kerascnn("verify", "lenet5/mnist", "--data-dir", data_dir)
    promised = _verify.networks()["lenet5/mnist"].card["accuracy"]
    mnist, digits = result.stdout.splitlines()
    measured = f"{promised['digits_test']:.2%}"
    assert digits.split() == ["lenet5/mnist", "digits", measured, "as", "on", "its", "card"]
    assert mnist.startswith("lenet5/mnist")
    assert mnist.endswith(f"but {promised['mnist_test']:.2%} on its card")
    assert result.exit_code == 1


def test_the_old_lenet5_gets_its_digits_as_in_1998():
    data = kc.datasets.load("digits")
    model = kc.build_lenet5(variant="1998", weights="mnist")
    right = _verify.accuracy(model, "lecun", data)
    assert right > 0.85
    assert _verify.accuracy(model, "unit", data) < right


def test_frames_are_even_and_black():
    image = framed(np.ones((1, 2, 3, 1)), 6)
    assert image.shape == (1, 6, 6, 1)
    np.testing.assert_array_equal(image[0, :, :, 0].any(axis=1), [0, 0, 1, 1, 0, 0])
    np.testing.assert_array_equal(image[0, :, :, 0].any(axis=0), [0, 1, 1, 1, 0, 0])


def test_every_shipped_network_has_a_name_and_all_together_are_small():
    known = _verify.networks()
    for name, shipped in known.items():
        architecture, _, data = name.partition("/")
        assert architecture.partition("-")[0] == shipped.architecture
        assert data == shipped.name
    for most, classify in ((8, True), (4, False)):
        sizes = [
            shipped.path.stat().st_size
            for shipped in known.values()
            if ("accuracy" in shipped.card) == classify
        ]
        assert sum(sizes) <= most * 2**20


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["verify", "vgg16/cifar"], "Did you mean 'vgg16/cifar10'?"),
        (["verify", "lenet5/mnist", "--data-dir", "nowhere"], "data_dir must contain mnist.npz"),
        (["list", "vgg61"], "NAME must be one of"),
    ],
)
def test_bad_input_is_one_line(kerascnn, arguments, line):
    result = kerascnn(*arguments)
    assert result.exit_code == 2
    assert line in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_sets_are_listed(kerascnn):
    result = kerascnn("list", "resnet50")
    assert result.exit_code == 0
    assert result.stdout.count("imagenet") == 2


def test_without_a_command_the_commands_are_named(kerascnn):
    result = kerascnn()
    assert result.exit_code == 0
    assert "verify" in result.stdout


def test_other_pixels_decide_nothing(kerascnn, monkeypatch):
    """Keras's CIFAR-10 has other pixels than the JPEG pictures that the cards are about."""
    images, labels = kc.datasets.load("shapes").test
    few = images[:20, :32, :32], labels[:20] % 10
    data = SimpleNamespace(name="cifar10", part=lambda part: few)
    monkeypatch.delenv("KERASCNN_DATA", raising=False)
    monkeypatch.setattr(kc.datasets, "load", lambda name, data_dir=None: data)
    result = kerascnn("verify", "alexnet/cifar10")
    assert result.exit_code == 0, result.output
    assert "79.46% on its card, for cifar10_jpeg.npz" in result.stdout


# What lectures can count on: per cent of the test images.
LEAST = {
    "lenet5/mnist": 99.0,
    "lenet5-1998/mnist": 98.5,
    "vgg16/cifar10": 88.0,
    "resnet20/cifar10": 88.0,
    "plain20/cifar10": 86.0,
    "alexnet/cifar10": 78.0,
    "unet/cells": 95.0,  # Dice, as of the next one
    "fusionnet/cells": 95.0,
    "unet/nuclei": 90.0,
    "unet/brain_tissue": 90.0,  # mean Dice
    "fcn8s/cells": 85.0,  # Dice
    "yolov1/boxes": 85.0,  # mAP
}


@pytest.mark.parametrize("network", LEAST)
def test_cards_promise_enough(network):
    card = _verify.networks()[network].card
    scores = scores_of(card)[f"{network.split('/')[1]}_test"]
    assert 100 * next(iter(scores.values())) >= LEAST[network]


def test_the_network_is_ahead_of_thresholds_on_scans_of_a_brain():
    scores = scores_of(_verify.networks()["unet/brain_tissue"].card)["brain_tissue_test"]
    assert scores["mean Dice"] >= scores["mean Dice of two thresholds"] + 0.05
    assert scores["mean Dice, clean template"] >= 0.9


def test_every_network_is_promised_to_be_good():
    assert LEAST.keys() == _verify.networks().keys()


def test_networks_of_missing_packages_are_named(kerascnn, monkeypatch):
    """All others are measured; one that is asked for by name is an error."""
    only = {"unet/nuclei": _verify.networks()["unet/nuclei"]}
    monkeypatch.setattr(_verify, "networks", lambda: only)
    monkeypatch.setattr(_packaged, "find_spec", lambda package: None)
    result = kerascnn("verify")
    assert result.exit_code == 0, result.output
    assert "not measured: the data set 'nuclei' is read from the package stardist" in result.stdout
    result = kerascnn("verify", "unet/nuclei")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].endswith('pip install "kerascnn[medical]".')


@pytest.mark.parametrize(
    "network", ["unet/cells", pytest.param("fusionnet/cells", marks=pytest.mark.slow)]
)
def test_cells_are_found_as_the_card_says(network):
    verdicts = list(_verify.verify([network]))
    assert [verdict.measure for verdict in verdicts] == ["Dice", "instance F1"]
    assert all(verdict.holds for verdict in verdicts)
    assert verdicts[1].measured >= 0.90


@pytest.mark.slow
def test_cells_in_three_channels_are_found_as_the_card_says():
    verdicts = list(_verify.verify(["fcn8s/cells"]))
    assert [verdict.measure for verdict in verdicts] == ["Dice", "instance F1", "IoU"]
    assert all(verdict.holds for verdict in verdicts)
    dice, iou = verdicts[0].measured, verdicts[2].measured
    assert iou == pytest.approx(dice / (2 - dice))


@pytest.mark.slow
def test_boxes_are_found_as_the_card_says():
    (verdict,) = _verify.verify(["yolov1/boxes"])
    assert verdict.measure == "mAP"
    assert verdict.holds
    assert verdict.measured >= 0.85


@pytest.mark.frameworks
@pytest.mark.parametrize("network", [name for name in LEAST if "nuclei" in name])
def test_medical_networks_are_as_good_as_their_cards_say_and_better_than_a_threshold(network):
    if find_spec("stardist") is None:
        pytest.skip("the medical extra is not installed")
    verdicts = list(_verify.verify([network]))
    assert all(verdict.holds for verdict in verdicts)
    data = kc.datasets.load("nuclei")
    threshold = threshold_otsu(data.train[0])
    images, labels = data.test
    by_threshold = kc.metrics.dice(labels, images[..., 0] > threshold)[1]
    assert verdicts[0].measured > by_threshold


@pytest.mark.frameworks
@pytest.mark.slow
def test_tissue_is_found_as_the_card_says():
    if find_spec("nilearn") is None:
        pytest.skip("the medical extra is not installed")
    verdicts = list(_verify.verify(["unet/brain_tissue"]))
    assert len(verdicts) == 4
    assert all(verdict.holds for verdict in verdicts)


def test_thresholds_by_hand():
    """Three brightnesses that differ between images; the same thresholds do not suit both."""
    levels = np.array([[0.1, 0.2, 0.4], [0.3, 0.6, 0.9]])
    grains = np.tile(np.linspace(-0.02, 0.02, 20), 3)
    images = (np.repeat(levels, 20, axis=1) + grains)[:, None, :, None]
    expected = np.repeat([0, 1, 2], 20)
    of_each, of_all = _verify.by_thresholds(images[1:], images)
    assert (of_each == expected).mean() > 0.9  # thresholds may cut off the outermost grains
    assert (of_all[1] == expected).mean() > 0.9
    assert (of_all[0] == expected).mean() < 0.7

    black = np.zeros((9, 1, 60, 1))  # does not count
    _, again = _verify.by_thresholds(np.concatenate([images[1:], black]), images)
    np.testing.assert_array_equal(again, of_all)


def test_cards_name_what_changed_the_images():
    """The words and the recipe of a card agree."""
    for shipped in _verify.networks().values():
        card = shipped.card
        assert ("PadCropFlip" in card["data"]) == ("PadCropFlip" in card["recipe"]["augment"])
        assert ("erased" in card["data"]) == ("RandomErasing" in card["recipe"]["augment"])
