"""Training and evaluation use the range in which images were read."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from PIL import Image

from kerascnn.datasets import from_directory
from kerascnn.training import evaluate, train

layers = keras.layers
LEVELS = (0, 255)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("parts")
    for name, level in (("dark", 40), ("light", 200)):
        (path / name).mkdir()
        for i in range(6):
            Image.new("RGB", (8, 8), (level + i,) * 3).save(path / name / f"{i}.png")
    return path


@pytest.fixture
def net():
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(2, "softmax"),
        ]
    )


def read(folder, ends):
    return from_directory(folder, image_size=8, validation=0.4, input_range=ends)


def begin(net, data, **options):
    return train(net, data, epochs=1, batch_size=4, verbose=0, **options)


def test_the_range_of_a_folder_is_passed_on(folder, net, tmp_path):
    """To the checks, which refuse 0 … 255 otherwise, and to the record of the run."""
    data = read(folder, LEVELS)
    run = begin(net, data, run_dir=tmp_path / "run")
    config = json.loads((tmp_path / "run" / "config.json").read_text("utf-8"))
    assert config["input_range"] == [0, 255]
    found = evaluate(net, data, part="validation")
    assert found.loss == pytest.approx(run.history["val_loss"][-1], rel=1e-5)
    assert evaluate(net, data.train).count == 8  # a pair of files and labels
    assert evaluate(net, data.train, input_range=LEVELS).count == 8  # the same range


def test_arrays_that_a_folder_was_read_into(folder, net):
    """As of NIfTI volumes; the data set says how they were read."""
    data = read(folder, LEVELS)
    arrays = replace(data, **{part: (part_of[0][:], part_of[1]) for part, part_of in (
        ("train", data.train), ("validation", data.validation))})  # fmt: skip
    assert evaluate(net, arrays, part="train").count == 8
    with pytest.raises(ValueError, match=r"float in \[0.0, 1.0\]; received float32"):
        evaluate(net, arrays.train)  # nothing says how these were read


@pytest.mark.parametrize("use", [begin, evaluate])
def test_another_range_is_refused(folder, net, use):
    data = read(folder, (0, 1)).train
    line = (
        r"input_range must be \(0.0, 1.0\), in which the images were read; received \(0.0, 255.0\)"
    )
    with pytest.raises(ValueError, match=line):
        use(net, data, input_range=LEVELS)


def test_an_unknown_name_is_refused(net):
    data = np.zeros((4, *net.input_shape[1:]), "float32"), np.zeros(4, int)
    line = r"input_range must be 'auto', None or two numbers, such as \(0, 255\); received 'all'"
    with pytest.raises(ValueError, match=line):
        evaluate(net, data, input_range="all")


def test_one_range_for_all_parts(folder, net):
    data = read(folder, LEVELS).train, read(folder, (0, 1)).validation
    line = r"in one input_range; received \(0.0, 1.0\) and \(0.0, 255.0\)"
    with pytest.raises(ValueError, match=line):
        begin(net, data)


@pytest.mark.parametrize("call", [begin, evaluate])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: (x - x.mean()) / x.std(), r"pass input_range=None for standardized images, or"),
        (lambda x: 255 * x - 120, r"pass input_range=None for standardized images, or"),
        (lambda x: (255 * x).astype("int16") - 120, r"pass input_range=None for standardized"),
        (lambda x: 255 * x, r"convert 0…255 with .* / 255, or pass input_range=\(0, 255\)"),
        (lambda x: 1.5 * x, "pass input_range=.*, or None to leave them unchecked"),
        (lambda x: x > 0.5, r"convert them with images.astype\('float32'\)"),
        (lambda x: x / (x > 0.5), "images must be finite; received"),
    ],
)
def test_what_to_do_with_other_images(rng, net, call, change, message):
    images, labels = rng.random((8, 8, 8, 3), "float32"), np.arange(8) % 2
    with np.errstate(divide="ignore"), pytest.raises(ValueError, match=message):
        call(net, (change(images), labels))
