"""`kerascnn explore`: pages of shipped networks and of runs, and refusals in one line."""

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner

import kerascnn as kc
from kerascnn import cli
from kerascnn.cli.explore import DTYPES, spread
from kerascnn.explorer._weights import TYPES


@pytest.fixture
def explore(tmp_path, monkeypatch):
    """Call the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli.main, ["explore", *arguments])


def data_of(path):
    page = path.read_text("utf-8")
    return json.loads(re.findall(r'id="model">(.*?)</script>', page)[0])


def test_a_shipped_network_with_digits_as_samples(explore, tmp_path):
    result = explore("lenet5", "--samples", "12", "--lang", "ko", "--title", "A & B")
    assert result.exit_code == 0, result.output
    assert result.stdout == "lenet5.html\n"
    data = data_of(tmp_path / "lenet5.html")
    assert (data["title"], data["language"]) == ("A & B", "ko")
    assert [sample["class"] for sample in data["samples"]] == [*range(10), 0, 1]
    assert data["inputs"][0]["kind"] == "digit"


def test_the_network_of_1998_gets_its_preprocessing_and_frame(explore, tmp_path):
    result = explore("lenet5", "--option", "variant=1998", "--dtype", "int8", "-o", "a.html")
    assert result.exit_code == 0, result.output
    (one,) = data_of(tmp_path / "a.html")["inputs"]
    assert (one["height"], one["scale"], one["offset"]) == (32, [1.275], [-0.1])


def test_masks_are_not_classes_of_samples(explore, tmp_path):
    """A folder of images and masks, or a data set of them, gives samples without labels."""
    size = "input_shape=128,128,1"
    result = explore("unet", "--option", size, "--data", "cells", "--samples", "1")
    assert result.exit_code == 0, result.output
    (sample,) = data_of(tmp_path / "unet.html")["samples"]
    assert "class" not in sample


def test_a_run_is_replayed(explore, tmp_path):
    model = kc.build_logistic_regression(input_shape=(4, 4, 1), classes=2)
    images = np.repeat([0.0, 1.0], 8).reshape(16, 1, 1, 1) * np.ones((1, 4, 4, 1))
    part = (images, np.repeat([0, 1], 8))
    options = {"epochs": 2, "batch_size": 8, "verbose": 0, "learning_rate": 0.1}
    kc.train(model, (part, part), run_dir=tmp_path / "run", keep_every=1, **options)
    result = explore("--run", "run", "-o", "run.html")
    assert result.exit_code == 0, result.output
    data = data_of(tmp_path / "run.html")
    assert [each["epoch"] for each in data["checkpoints"]] == [0, 1, 2]
    assert len(data["history"]["loss"]) == 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["lenet6"], "NAME must be one of"),
        (["net.kera"], "or an existing .keras file or run directory; received 'net.kera'"),
        ([], "NAME must be an architecture, unless --run"),
        (["lenet5", "-o", "page.svg"], "must end in .html; received 'page.svg'"),
        (["lenet5", "-o", "no/page.html"], "folder must exist"),
        (["lenet5", "--data", "mnits"], "Did you mean 'mnist'"),
        (["lenet5", "--data", "pts"], "or an existing folder of images; received 'pts'"),
        (["lenet5", "--weights", "cifar10"], "weights must be one of 'mnist', or an existing file"),
    ],
)
def test_bad_input_is_one_line(arguments, line, explore, tmp_path):
    result = explore(*arguments)
    assert result.exit_code == 2
    assert line in result.output
    assert result.output.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_samples_are_spread_over_the_classes():
    labels = np.array([0, 0, 0, 1, 1, 2])
    assert spread(labels, 5).tolist() == [0, 3, 5, 1, 4]


def test_the_choices_are_those_of_the_page():
    assert DTYPES == TYPES
