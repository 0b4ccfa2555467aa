"""`kerascnn gradcam`, `dream` and `style` as a user calls them, on a photo."""

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import kerascnn as kc
from kerascnn import cli
from kerascnn.weights import _official


@pytest.fixture
def kerascnn(tmp_path, monkeypatch):
    """Call the command in a folder with two photos, without network and without a cache."""
    Image.fromarray(kc.datasets.photo("chelsea")).save(tmp_path / "cat.jpg")
    Image.fromarray(kc.datasets.photo("coffee")[::4, ::4]).save(tmp_path / "coffee.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KERASCNN_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "cache"))
    for source in _official.URLS:
        monkeypatch.setitem(_official.URLS, source, "http://127.0.0.1:9/")
    return lambda *arguments: CliRunner().invoke(cli.main, arguments)


def read(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_gradcam_prints_five_classes_and_draws(kerascnn, tmp_path):
    result = kerascnn("gradcam", "cat.jpg", "--model", "vgg16", "--weights", "cifar10")
    assert result.exit_code == 0, result.output
    *classes, path = result.stdout.splitlines()
    assert len(classes) == 5
    names = [line.split()[0] for line in classes]
    shares = [float(line.split()[-1].rstrip("%")) for line in classes]
    assert set(names) < {
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    }  # fmt: skip
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 100.1
    assert path == "cat_gradcam.png"
    assert read(tmp_path / path).std() > 10


def test_gradcam_of_a_class_by_its_name(kerascnn, tmp_path):
    options = ["--model", "vgg16", "--weights", "cifar10"]
    for target, out in (("dog", "dog.png"), ("5", "five.png"), ("ship", "ship.png")):
        assert kerascnn("gradcam", "cat.jpg", *options, "--class", target, "-o", out).exit_code == 0
    np.testing.assert_array_equal(read(tmp_path / "dog.png"), read(tmp_path / "five.png"))
    assert (read(tmp_path / "dog.png") != read(tmp_path / "ship.png")).any()


def test_without_network_a_shipped_network_does_it_and_says_so(kerascnn):
    result = kerascnn("gradcam", "cat.jpg", "--model", "resnet18")
    assert result.exit_code == 0, result.output
    assert "resnet18/imagenet is not at hand" in result.stderr
    assert "vgg16/cifar10, which comes with the package" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_weights_that_are_at_hand_are_taken(kerascnn, tmp_path):
    kc.build_resnet20(classes=3).save_weights(tmp_path / "mine.weights.h5")
    result = kerascnn("gradcam", "cat.jpg", "--model", "resnet20", "--weights", "mine.weights.h5")
    assert result.exit_code == 2
    assert "mine.weights.h5" in result.stderr  # of three classes, and ResNet-20 has ten
    kc.build_resnet20().save_weights(tmp_path / "mine.weights.h5")
    result = kerascnn("gradcam", "cat.jpg", "--model", "resnet20", "--weights", "mine.weights.h5")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("class ")


def test_a_dream_in_the_size_of_the_photo(kerascnn, tmp_path):
    result = kerascnn("dream", "cat.jpg", "--octaves", "2", "--steps", "2", "--size", "120")
    assert result.exit_code == 0, result.output
    assert "vgg16/cifar10, which comes with the package" in result.stderr
    dreamt = read(tmp_path / "cat_dream.png")
    small = Image.open(tmp_path / "cat.jpg").resize((120, 80))
    assert dreamt.shape == (80, 120, 3)
    difference = np.abs(dreamt.astype(float) - np.asarray(small)).mean()
    assert 1 < difference < 60  # changed, and still the photo


def test_a_dream_of_named_layers_and_of_a_guide(kerascnn, tmp_path):
    small = ["--octaves", "1", "--steps", "2", "--size", "64", "--weights", "cifar10"]
    for more in (["-o", "a.png"], ["-o", "b.png", "--guide", "coffee.png"]):
        result = kerascnn("dream", "cat.jpg", "--layers", "block2_conv1", *small, *more)
        assert result.exit_code == 0, result.output
        assert result.stderr.splitlines()[0] == "vgg16/cifar10"
    assert (read(tmp_path / "a.png") != read(tmp_path / "b.png")).any()


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_a_style(kerascnn, tmp_path, optimizer):
    result = kerascnn(
        "style", "cat.jpg", "coffee.png", "--steps", "3", "--size", "64", "--optimizer", optimizer
    )
    assert result.exit_code == 0, result.output
    assert read(tmp_path / "cat_coffee.png").shape == (43, 64, 3)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["gradcam", "dog.jpg"], "'dog.jpg' must be a picture"),
        (["gradcam", "cat.jpg", "--model", "resnet21"], "resnet20"),
        (["gradcam", "cat.jpg", "--model", "lenet5", "--weights", "imagenet"], "weights must be"),
        (["dream", "cat.jpg", "-o", "cat.jpg"], "another file than the input"),
        (
            ["gradcam", "cat.jpg", "--model", "vgg16", "--weights", "cifar10", "--class", "cow"],
            "--class must be one of 'airplane'",
        ),
        (["dream", "cat.jpg", "--weights", "cifar10", "--layers", "conv9"], "conv9"),
        (["dream", "cat.jpg", "--size", "9999"], "9999 is not in the range"),
        (["style", "cat.jpg", "cow.jpg"], "'cow.jpg' must be a picture"),
        (["style", "cat.jpg"], "Missing argument 'STYLE'"),
        (["dream", "cat.jpg", "-o", "none/a.png"], "folder must exist"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(arguments, line, kerascnn, tmp_path):
    before = sorted(tmp_path.iterdir())
    result = kerascnn(*arguments)
    assert result.exit_code == 2
    (error,) = [one for one in result.stderr.splitlines() if one.startswith("Error: ")]
    assert line in error
    assert [path for path in sorted(tmp_path.iterdir()) if path.name != "cache"] == before
